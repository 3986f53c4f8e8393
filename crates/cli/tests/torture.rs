//! Torture: daemon, shims and agents are killed at random moments while tasks flow through the real
//! thing, and in the end everything is as if nothing had happened.
//!
//! `CREW_TORTURE_BLOWS=n` sets how many blows fall, `CREW_TORTURE_SEED=n` where they fall, and
//! `CREW_TORTURE_ALL=1` adds the blows that need longer: who is frozen, a disk that is full or
//! takes nothing, a full queue of the watcher, a pid that was given to somebody else, and a repository that
//! is rewritten by its owner meanwhile. `CREW_TORTURE_REPORT=path` writes what came of it as a document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a failure here fails the test"
)]

#[path = "torture/blow.rs"]
mod blow;
#[path = "torture/proof.rs"]
mod proof;
#[path = "torture/scene.rs"]
mod scene;
mod support;

use std::time::{Duration, Instant};

use blow::{Blow, Tally};
use scene::{Disk, Scene};

/// Blows in an ordinary test.
const BLOWS: u64 = 50;
/// Tasks that are open at the same time.
const OPEN_TASKS: usize = 4;
/// At least one task for so many blows.
const BLOWS_OF_A_TASK: u64 = 8;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_is_killed_every_task_ends_right() {
    let blows = number("CREW_TORTURE_BLOWS").unwrap_or(BLOWS);
    let seed = number("CREW_TORTURE_SEED").unwrap_or(1);
    let (kinds, disk) = match number("CREW_TORTURE_ALL") {
        Some(_) => (Blow::ALL, Disk::Small),
        None => (Blow::KILLS, Disk::Usual),
    };
    println!("CREW_TORTURE_SEED={seed} CREW_TORTURE_BLOWS={blows}");

    let begin = Instant::now();
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut tally = Tally::default();
    let mut scene = Scene::begin(disk);
    while tally.blows() < blows {
        scene.keep_going(OPEN_TASKS);
        std::thread::sleep(Duration::from_millis(random.below(400)));
        let blow = random.pick(kinds);
        tally.note(blow, scene.strike(blow, &mut random));
    }
    while (scene.tasks() as u64) < blows / BLOWS_OF_A_TASK {
        scene.keep_going(OPEN_TASKS);
    }
    scene.finish();
    let counts = proof::check(&scene);
    let report = proof::report(seed, begin.elapsed(), &tally, &counts);
    println!("{report}");
    if let Some(path) = std::env::var_os("CREW_TORTURE_REPORT") {
        std::fs::write(path, proof::document(&report)).unwrap();
    }
}

/// Numbers that are the same for the same seed (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len() as u64) as usize]
    }
}
