//! The simulator: days of work of a team in milliseconds, from a seed.
//!
//! The real [`crew_core::step`] decides, the real [`crew_store`] records; the agents, the worktrees,
//! the human and the clock are simulated, and all of them misbehave: outcomes are lost, delayed,
//! doubled and reordered, the daemon crashes between any two things it does, the disk is full for
//! a while, the clock jumps, the human answers late or twice. After every step the invariants are
//! checked ([`check`]); at the end everybody behaves, and every task must come to its end.
//!
//! A failure prints its [`Scenario`], shrunk to the smallest that still fails.

mod check;
mod human;
mod random;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crew_core::{
    Effect, EffectId, Event, Millis, RunId, Seq, Settled, State, Step, Time, Token, next_wake,
    note, step,
};
use crew_store::{Commit, Entry, Writer};

use random::Random;
use world::World;

/// One simulated run, reproducible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Where all randomness comes from.
    pub seed: u64,
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
    /// Agents and checks fail.
    Failure,
}

/// All of them.
pub const FAULTS: [Fault; 7] = [
    Fault::Crash,
    Fault::Duplicate,
    Fault::Loss,
    Fault::Clock,
    Fault::DiskFull,
    Fault::Meddling,
    Fault::Failure,
];

/// Steps after which a world in which everybody behaves must have come to rest.
const CALM_STEPS_MAX: usize = 20_000;

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {} with {} events of chaos, faults {:?}",
            self.seed, self.chaos, self.faults
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
    for _ in 0..scenario.chaos {
        sim.turn()?;
    }
    sim.calm_down()?;
    for _ in 0..CALM_STEPS_MAX {
        if sim.is_over() {
            check::replay(&sim.writer, &sim.state)?;
            sim.tally.entries = sim.state.meta.seq.0;
            sim.tally.tasks = sim.state.tasks.len() as u64;
            return Ok(sim.tally);
        }
        sim.turn()?;
    }
    Err(sim.explain_standstill())
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

/// The daemon in small: memory that a crash wipes, over a store and a world that it does not.
struct Sim {
    random: Random,
    faults: Vec<Fault>,
    now: Time,
    writer: Writer,
    state: State,
    world: World,
    /// What is on its way to the arbiter.
    inbound: VecDeque<Event>,
    /// Effects that are being performed, and since when.
    performing: BTreeMap<EffectId, Time>,
    /// How far each start's output was read.
    read: BTreeMap<(RunId, Token), usize>,
    human: human::Human,
    full: bool,
    calm: bool,
    tally: Tally,
}

impl Sim {
    fn new(scenario: &Scenario) -> Result<Self, String> {
        let writer = Writer::open(std::path::Path::new(":memory:")).map_err(|e| e.to_string())?;
        let mut sim = Self {
            random: Random::new(scenario.seed),
            faults: scenario.faults.clone(),
            now: Time(1_700_000_000_000),
            writer,
            state: State::default(),
            world: World::default(),
            inbound: VecDeque::new(),
            performing: BTreeMap::new(),
            read: BTreeMap::new(),
            human: human::Human::default(),
            full: false,
            calm: false,
            tally: Tally::default(),
        };
        sim.world.calm = !sim.has(Fault::Failure);
        let team = human::team(&mut sim.random);
        let added = Event::ProjectAdded { name: "sim".into(), root: "/sim".into(), team };
        sim.take(&added)?;
        Ok(sim)
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// One thing happens, somewhere.
    fn turn(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..30 => self.deliver()?,
            30..55 => self.perform(),
            55..75 => self.agent_acts(),
            75..85 => self.human_acts()?,
            85..95 => self.time_passes()?,
            95..98 if self.has(Fault::Crash) => self.crash()?,
            98 if self.has(Fault::Clock) => self.clock_jumps(),
            99 if self.has(Fault::DiskFull) => self.full = !self.full,
            _ => self.read_agents(),
        }
        check::step(&self.state, &self.world, self.now)
    }

    /// Hands the arbiter one of the things that are on their way, not always the oldest.
    fn deliver(&mut self) -> Result<(), String> {
        self.read_agents();
        let ahead = if self.random.chance(20) { self.inbound.len() } else { 1 };
        let at = self.random.below(ahead.max(1));
        // What one agent says stays in order: one reader follows each.
        let agent = self.inbound.get(at).and_then(agent_of);
        let mut of_agent = self.inbound.iter().map(agent_of);
        let first = agent.and_then(|agent| of_agent.position(|other| other == Some(agent)));
        let Some(event) = self.inbound.remove(first.unwrap_or(at)) else { return Ok(()) };
        if self.has(Fault::Duplicate) && self.random.chance(5) {
            self.inbound.push_back(event.clone());
        }
        self.take(&event)
    }

    /// The arbiter's own path: decide, record, then act. Nothing acts before it is recorded.
    fn take(&mut self, event: &Event) -> Result<(), String> {
        let Step { change, dropped } = match step(&self.state, event, self.now) {
            Ok(step) => step,
            Err(_refused) => return Ok(()),
        };
        if matches!(event, Event::Ticked) && change.is_empty() {
            return Ok(());
        }
        let entry = Entry {
            seq: change.meta.seq,
            at: self.now,
            body: event.clone(),
            notes: note::notes(&self.state, &change),
            dropped,
        };
        if self.full {
            // The transaction fails; what was wanted is tried again, or asked for again.
            if !human::is_wish(event) {
                self.inbound.push_front(event.clone());
            }
            return Ok(());
        }
        let commit = Commit { entry, change: change.clone(), key: None };
        self.writer.commit(&[commit]).map_err(|error| error.to_string())?;
        self.human.note(event, &self.state, &mut self.world);
        self.state.apply(change);
        self.performing.retain(|id, _| self.state.outbox.contains_key(id));
        Ok(())
    }

    /// One of the effects in the outbox is performed. A worktree serves one effect at a time, in
    /// the order of the outbox; a stop overtakes.
    fn perform(&mut self) {
        let due: Vec<EffectId> = self
            .state
            .outbox
            .iter()
            .filter(|(id, effect)| {
                !self.performing.contains_key(id) && self.is_first_in_lane(**id, effect)
            })
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = self.random.pick(&due).copied() else {
            return;
        };
        let stopped = self.state.meta.stopped.is_some();
        let Some(effect) = self.state.outbox.get(&id).cloned() else {
            return;
        };
        if stopped && !matches!(effect, Effect::Stop { .. } | Effect::Save { .. }) {
            return;
        }
        self.performing.insert(id, self.now);
        let result = self.world.perform(id, &effect, &self.state, self.now, &mut self.random);
        if self.has(Fault::Loss) && self.random.chance(10) {
            return; // the performer died; it is run again when it is missed
        }
        if let (Effect::Stop { run, token }, Settled::Stopped) = (&effect, &result) {
            // Stopped is reported after everything that the agent said and its exit.
            self.read_to_end(*run, *token);
        }
        self.inbound.push_back(Event::Settled { effect: id, result });
    }

    fn is_first_in_lane(&self, id: EffectId, effect: &Effect) -> bool {
        let Some(lane) = lane(effect, &self.state) else {
            return true;
        };
        self.state
            .outbox
            .range(..id)
            .all(|(_, earlier)| lane_of_slot(earlier, &self.state) != Some(lane))
    }

    fn agent_acts(&mut self) {
        let runs: Vec<RunId> = self.state.live_runs().map(|run| run.id).collect();
        if let Some(run) = self.random.pick(&runs).and_then(|id| self.state.runs.get(id)) {
            self.world.act(run, &self.state, self.now, &mut self.random);
        }
    }

    /// Brings new words and exits on their way.
    fn read_agents(&mut self) {
        let agents: Vec<(RunId, Token)> =
            self.state.live_runs().map(|run| (run.id, run.token)).collect();
        for (run, token) in agents {
            self.read_some(run, token, 2);
        }
    }

    fn read_to_end(&mut self, run: RunId, token: Token) {
        self.read_some(run, token, usize::MAX);
    }

    fn read_some(&mut self, run: RunId, token: Token, most: usize) {
        let Some(process) = self.world.processes.get(&(run, token)) else {
            return;
        };
        let stored = self.state.runs.get(&run).filter(|r| r.token == token);
        let from = stored.map_or(0, |r| r.read_to as usize);
        let read = self.read.entry((run, token)).or_insert(from);
        for _ in 0..most {
            match process.log.get(*read) {
                Some(words) => {
                    *read += 1;
                    let offset = *read as u64;
                    let words = words.clone();
                    self.inbound.push_back(Event::Said { run, token, offset, words });
                }
                None if !process.alive && *read == process.log.len() => {
                    *read += 1; // the exit is reported once
                    self.inbound.push_back(Event::Exited { run, token, how: "exit 1".into() });
                    return;
                }
                None => return,
            }
        }
    }

    fn human_acts(&mut self) -> Result<(), String> {
        let meddles = !self.calm && self.faults.contains(&Fault::Meddling);
        let wish = self.human.wish(&self.state, self.calm, meddles, &mut self.random);
        wish.map_or(Ok(()), |event| self.take(&event))
    }

    fn time_passes(&mut self) -> Result<(), String> {
        let steps = [50, 1_000, 5_000, 20_000, 120_000];
        let mut pass = Millis(*self.random.pick(&steps).unwrap_or(&50));
        if self.calm {
            pass = if self.is_quiet() { self.until_wake() } else { Millis(50) };
        }
        self.now = self.now + pass;
        self.miss_performers();
        self.take(&Event::Ticked)
    }

    /// Whether nothing happens until time passes.
    fn is_quiet(&self) -> bool {
        self.inbound.is_empty()
            && self.state.outbox.keys().all(|id| self.performing.contains_key(id))
            && self.world.processes.values().all(|process| !process.is_busy())
            && !self.state.asks.values().any(crew_core::ask::Ask::is_open)
    }

    fn until_wake(&self) -> Millis {
        let wake = next_wake(&self.state, self.now).map(|wake| wake.since(self.now));
        wake.unwrap_or(Millis::minutes(1)).max(Millis(50)).min(Millis::hours(30))
    }

    /// A performer that is not heard of for a minute is run again.
    fn miss_performers(&mut self) {
        let (now, late) = (self.now, Millis::minutes(1));
        self.performing.retain(|_, since| now.since(*since) < late);
    }

    fn clock_jumps(&mut self) {
        let jump = Millis::minutes(self.random.below(600) as u64);
        self.now = if self.random.chance(50) { self.now + jump } else { self.now - jump };
    }

    /// `kill -9` of the daemon: memory is gone, the store and the world stay.
    fn crash(&mut self) -> Result<(), String> {
        self.tally.crashes += 1;
        self.inbound.clear();
        self.performing.clear();
        self.read.clear();
        let loaded = self.writer.load().map_err(|error| error.to_string())?;
        if loaded != self.state {
            return Err("what was loaded after a crash is not what was there before".into());
        }
        self.state = loaded;
        Ok(())
    }

    /// From here on everybody behaves.
    fn calm_down(&mut self) -> Result<(), String> {
        self.faults.retain(|fault| matches!(fault, Fault::Crash));
        (self.calm, self.world.calm, self.full) = (true, true, false);
        self.crash()?;
        self.faults.clear();
        if self.state.meta.stopped.is_some() {
            self.take(&Event::EmergencyReleased)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.calm && self.state.open_tasks().next().is_none() && self.state.outbox.is_empty()
    }

    fn explain_standstill(&self) -> String {
        let tasks: Vec<String> = self
            .state
            .open_tasks()
            .map(|task| format!("{} in {}: {:?}", task.id, task.stage, task.phase))
            .collect();
        let runs: Vec<String> = self.state.live_runs().map(|run| format!("{run:?}")).collect();
        format!(
            "no end after {CALM_STEPS_MAX} steps of calm\n{}\n{}\noutbox: {:?}",
            tasks.join("\n"),
            runs.join("\n"),
            self.state.outbox
        )
    }
}

/// The worktree that an effect works in: one effect at a time, in order. Stops and answers go
/// straight to the agent.
fn lane(effect: &Effect, state: &State) -> Option<(crew_core::TaskId, u32)> {
    match effect {
        Effect::Stop { .. } | Effect::Send { .. } => None,
        other => lane_of_slot(other, state),
    }
}

fn lane_of_slot(effect: &Effect, state: &State) -> Option<(crew_core::TaskId, u32)> {
    match effect {
        Effect::Start { run, .. } | Effect::Save { run, .. } => {
            state.runs.get(run).map(|run| (run.task, run.slot))
        }
        Effect::Combine { task, .. }
        | Effect::Check { task, .. }
        | Effect::Merge { task, .. }
        | Effect::Release { task } => Some((*task, 0)),
        Effect::Stop { .. } | Effect::Send { .. } => None,
    }
}

/// The agent that an event comes from.
fn agent_of(event: &Event) -> Option<(RunId, Token)> {
    match event {
        Event::Said { run, token, .. } | Event::Exited { run, token, .. } => Some((*run, *token)),
        _ => None,
    }
}

/// The journal's first entries, for a failure's report.
pub fn journal(scenario: &Scenario, most: u32) -> Vec<Entry> {
    let Ok(mut sim) = Sim::new(scenario) else {
        return Vec::new();
    };
    for _ in 0..scenario.chaos {
        if sim.turn().is_err() {
            break;
        }
    }
    sim.writer.entries(Seq(0), most).unwrap_or_default()
}
