//! The team, simulated: thousands of runs with everything that can go wrong, from seeds.
//!
//! `CREW_SIM_SEED=n` runs one seed and prints its journal; `CREW_SIM_RUNS=n` sets how many.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failure here fails the test")]

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crew_testkit::sim::{self, FAULTS, Scenario};

/// Runs in an ordinary test.
const RUNS: u64 = 20_000;
/// Seeds count from here.
const FIRST_SEED: u64 = 1;

/// Each seed leaves some kinds of misfortune out: what one hides, another shows.
fn scenario(seed: u64) -> Scenario {
    let bits = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(20);
    let kept = |at: &usize| seed.is_multiple_of(4) || bits >> (2 * at) & 3 != 0;
    let faults = (0..FAULTS.len()).filter(kept).map(|at| FAULTS[at]).collect();
    let calm = [0, 0, 80, 200, 350][(seed / 7 % 5) as usize];
    Scenario { seed, calm, chaos: 100 + (seed % 7 * 80) as usize, faults }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_team_survives_whatever_happens() {
    if let Some(seed) = number("CREW_SIM_SEED") {
        println!("{}", story(seed));
        assert_eq!(breach(seed), None);
        return;
    }
    let runs = number("CREW_SIM_RUNS").unwrap_or(RUNS);
    let next = AtomicU64::new(FIRST_SEED);
    let totals = [const { AtomicU64::new(0) }; 3];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= FIRST_SEED + runs {
                        break;
                    }
                    let tally = sim::run(&scenario(seed)).unwrap_or_else(|_| {
                        next.store(u64::MAX / 2, Ordering::Relaxed); // nobody begins another
                        let breach = breach(seed).unwrap_or_default();
                        panic!(
                            "{breach}\nCREW_SIM_SEED={seed} cargo test -p crew-testkit tells all"
                        )
                    });
                    totals[0].fetch_add(tally.entries, Ordering::Relaxed);
                    totals[1].fetch_add(tally.crashes, Ordering::Relaxed);
                    totals[2].fetch_add(tally.tasks, Ordering::Relaxed);
                }
            });
        }
    });
    let [entries, crashes, tasks] = totals.map(AtomicU64::into_inner);
    // Not by `println!`, which is kept back where a test passes: people are to see it.
    writeln!(
        std::io::stderr(),
        "simulation: {runs} runs, seeds {FIRST_SEED} to {}, {tasks} tasks, {entries} journal \
         entries, {crashes} crashes: every invariant held",
        FIRST_SEED + runs - 1
    )
    .unwrap();
}

/// The smallest scenario of a seed that fails, and how.
fn breach(seed: u64) -> Option<String> {
    sim::run(&scenario(seed)).err()?;
    let small = sim::shrink(scenario(seed));
    let why = sim::run(&small).err()?;
    Some(format!("{small}\n{why}"))
}

/// The journal of the smallest scenario of a seed that fails; of the whole if none does.
fn story(seed: u64) -> String {
    let whole = scenario(seed);
    let told = if sim::run(&whole).is_err() { sim::shrink(whole) } else { whole };
    let entries = sim::journal(&told, u32::MAX).into_iter();
    let lines = entries.map(|entry| {
        format!("{} {:?} {:?} {:?}\n", entry.seq, entry.body, entry.notes, entry.dropped)
    });
    lines.collect()
}
