//! The simulator: days of work of a team in milliseconds, from a seed.
//!
//! The real [`crew_core::step`] decides, the real [`crew_store`] records; the agents, the worktrees,
//! the mailbox, the human and the clock are simulated (`world`, `agent`, `human`, `team`),
//! and all of them misbehave: outcomes are lost, delayed, doubled and reordered, agents hang or go
//! on talking, the daemon crashes between any two things it does (`daemon`), the disk is full for
//! a while, the clock jumps, the human answers late or twice and edits the team. With every step
//! that is recorded the invariants are checked (`check`, against a `ledger` of its own). Before
//! anything goes wrong, everybody behaves for a while, so that tasks are anywhere; at the end
//! everybody behaves again, and every task must come to its end.
//!
//! A failure prints its [`Scenario`], shrunk to the smallest that still fails.

mod agent;
mod check;
mod daemon;
mod human;
mod ledger;
mod random;
mod team;
mod world;

use std::fmt;

use crew_core::Seq;
use crew_store::Entry;

use daemon::Sim;

/// One simulated run, reproducible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Things that happen before anything goes wrong: tasks are anywhere then.
    pub calm: usize,
    /// Things that happen before everybody behaves.
    pub chaos: usize,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// Kinds of misfortune that can be switched off one by one when a failure is shrunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The daemon crashes.
    Crash,
    /// Outcomes are delivered twice.
    Duplicate,
    /// Outcomes are lost; the performer is run again after a while.
    Loss,
    /// The clock jumps.
    Clock,
    /// The disk is full for a while.
    DiskFull,
    /// The human cancels, moves, pauses, stops everything.
    Meddling,
    /// The human edits the team.
    Policy,
    /// Files of strangers lie in the mailbox.
    Strays,
    /// Agents and checks fail.
    Failure,
}

/// All of them.
pub const FAULTS: [Fault; 9] = [
    Fault::Crash,
    Fault::Duplicate,
    Fault::Loss,
    Fault::Clock,
    Fault::DiskFull,
    Fault::Meddling,
    Fault::Policy,
    Fault::Strays,
    Fault::Failure,
];

/// Steps after which a world in which everybody behaves must have come to rest.
const CALM_STEPS_MAX: usize = 10_000;

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, calm, chaos, faults } = self;
        write!(
            f,
            "seed {seed} with {chaos} events of chaos after {calm} of calm, faults {faults:?}"
        )
    }
}

/// What a run did, for the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Entries of the journal.
    pub entries: u64,
    /// Crashes of the daemon.
    pub crashes: u64,
    /// Tasks that came to their end.
    pub tasks: u64,
}

/// Runs one scenario.
///
/// # Errors
/// What was breached, first.
pub fn run(scenario: &Scenario) -> Result<Tally, String> {
    let mut sim = Sim::new(scenario)?;
    play(&mut sim, scenario)?;
    Ok(sim.tally())
}

fn play(sim: &mut Sim, scenario: &Scenario) -> Result<(), String> {
    sim.go_well(scenario.calm)?;
    for _ in 0..scenario.chaos {
        sim.turn()?;
    }
    sim.calm_down()?;
    for _ in 0..CALM_STEPS_MAX {
        if sim.is_over() {
            return sim.finale();
        }
        sim.calm_turn()?;
    }
    Err(sim.explain_standstill(&format!("no end after {CALM_STEPS_MAX} steps of calm")))
}

/// Makes a failing scenario as small as it gets while it still fails.
pub fn shrink(mut scenario: Scenario) -> Scenario {
    let fails = |candidate: &Scenario| run(candidate).is_err();
    for fault in FAULTS {
        let mut fewer = scenario.clone();
        fewer.faults.retain(|f| *f != fault);
        if fails(&fewer) {
            scenario = fewer;
        }
    }
    let (mut good, mut bad) = (0, scenario.chaos);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if fails(&Scenario { chaos: middle, ..scenario.clone() }) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    Scenario { chaos: bad, ..scenario }
}

/// The journal of a scenario up to its end or its failure, at most `most` entries.
pub fn journal(scenario: &Scenario, most: u32) -> Vec<Entry> {
    let Ok(mut sim) = Sim::new(scenario) else {
        return Vec::new();
    };
    play(&mut sim, scenario).ok(); // the caller knows how it ends
    sim.entries(Seq(0), most)
}
