//! The daemon in small: memory that a crash wipes, over a store and a world that it does not.
//!
//! Each part has its counterpart in the engine: the arbiter ([`Sim::take`]), the conductor of the
//! outbox ([`Sim::perform`]), the followers of the agents ([`Sim::read_agents`],
//! [`Sim::check_health`]) and the mailbox ([`Sim::scan_mailbox`]). What the engine promises is kept
//! here: a follower hands over one agent's words in order, each until it is recorded; an exit comes
//! after the last word; a stop is settled after the exit was taken in; a worktree serves one effect
//! at a time, in the order of the outbox.

mod follow;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crew_core::project::Shortage;
use crew_core::{
    Effect, EffectId, Event, Millis, ProjectId, Refusal, RunId, Seq, Settled, State, Step, Time,
    Token, next_wake, note, step,
};
use crew_store::{Commit, Entry, Writer};

use super::human::{self, Human, Licence};
use super::ledger::Ledger;
use super::random::Random;
use super::world::World;
use super::{Fault, Scenario, Tally, agent, check, team};

/// Before a performer that is not heard of is run again.
const MISSED_AFTER: Millis = Millis::minutes(1);

type Start = (RunId, Token);

/// The daemon in small.
pub(super) struct Sim {
    random: Random,
    faults: Vec<Fault>,
    now: Time,
    writer: Writer,
    state: State,
    world: World,
    ledger: Ledger,
    human: Human,
    tally: Tally,
    full: bool,
    calm: bool,
    /// Calls that agents made.
    calls: u64,
    // What follows is memory, which a crash wipes.
    /// What is on its way to the arbiter.
    inbound: VecDeque<Event>,
    /// Effects that are being performed, and since when.
    performing: BTreeMap<EffectId, Time>,
    /// Stops that wait until the agent's exit is taken in.
    stops: BTreeMap<EffectId, Start>,
    /// Agents whose exit was taken in.
    exited: BTreeSet<Start>,
    /// How far each start's output was read.
    read: BTreeMap<Start, usize>,
    /// Agents that were reported quiet.
    flagged: BTreeSet<Start>,
}

/// Something that can be done.
type Act = fn(&mut Sim) -> Result<(), String>;

/// What became of an event that was handed to the arbiter.
enum Taken {
    Recorded,
    Refused(Refusal),
    NotRecorded,
}

impl Sim {
    pub(super) fn new(scenario: &Scenario) -> Result<Self, String> {
        let writer = Writer::in_memory().map_err(|e| e.to_string())?;
        let mut sim = Self {
            random: Random::new(scenario.seed),
            faults: scenario.faults.clone(),
            now: Time(1_700_000_000_000),
            writer,
            state: State::default(),
            world: World::default(),
            ledger: Ledger::default(),
            human: Human::default(),
            tally: Tally::default(),
            full: false,
            calm: false,
            calls: 0,
            inbound: VecDeque::new(),
            performing: BTreeMap::new(),
            stops: BTreeMap::new(),
            exited: BTreeSet::new(),
            read: BTreeMap::new(),
            flagged: BTreeSet::new(),
        };
        sim.world.temper = agent::Temper::new(&mut sim.random);
        sim.human = Human::new(&mut sim.random);
        sim.world.calm = !sim.has(Fault::Failure);
        let team = team::new(&mut sim.random);
        sim.take(&Event::ProjectAdded { name: "sim".into(), root: "/sim".into(), team }, None)?;
        Ok(sim)
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// One thing happens, somewhere.
    pub(super) fn turn(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..30 => self.deliver()?,
            30..50 => self.perform(),
            50..68 => self.world.act(&self.state, self.now, &mut self.random),
            68..71 => self.scan_mailbox()?,
            71..82 => self.human_acts()?,
            82..92 => self.time_passes()?,
            92..95 if self.has(Fault::Crash) => self.crash()?,
            95 if self.has(Fault::Clock) => self.clock_jumps(),
            96 if self.has(Fault::DiskFull) && self.random.chance(30) => {
                let is_short = self.random.chance(50);
                self.see_space(is_short)?;
            }
            96 if self.has(Fault::DiskFull) => self.full = !self.full,
            97 if self.has(Fault::Strays) => self.stray_file(),
            98 => self.agent_calls()?,
            _ => self.read_agents(),
        }
        check::world(&self.state, &self.world)
    }

    /// Hands the arbiter one of the things that are on their way, not always the oldest.
    fn deliver(&mut self) -> Result<(), String> {
        self.read_agents();
        let ahead = if self.random.chance(20) { self.inbound.len() } else { 1 };
        let at = self.random.below(ahead.max(1));
        // What one agent says stays in order: one follower has it recorded, word by word.
        let agent = self.inbound.get(at).and_then(agent_of);
        let mut of_agent = self.inbound.iter().map(agent_of);
        let first = agent.and_then(|agent| of_agent.position(|other| other == Some(agent)));
        let Some(event) = self.inbound.remove(first.unwrap_or(at)) else { return Ok(()) };
        if self.has(Fault::Duplicate) && self.random.chance(5) {
            self.inbound.push_back(event.clone());
        }
        match self.take(&event, None)? {
            Taken::Recorded => self.note_exit(&event),
            Taken::NotRecorded => self.inbound.push_front(event),
            Taken::Refused(refusal) => return Err(format!("news was refused: {refusal}")),
        }
        Ok(())
    }

    /// Whoever waits for an agent's exit goes on when that is recorded.
    fn note_exit(&mut self, event: &Event) {
        let Event::Exited { run, token, .. } = event else { return };
        self.exited.insert((*run, *token));
        let waiting = self.stops.iter().filter(|(_, start)| **start == (*run, *token));
        for effect in waiting.map(|(effect, _)| *effect).collect::<Vec<_>>() {
            self.stops.remove(&effect);
            self.inbound.push_back(Event::Settled { effect, result: Settled::Stopped });
        }
    }

    /// The arbiter's own path: decide, record, then act. Nothing acts before it is recorded.
    fn take(&mut self, event: &Event, key: Option<String>) -> Result<Taken, String> {
        if let Some(key) = &key
            && self.writer.was_taken(key).map_err(|error| error.to_string())?.is_some()
        {
            return Ok(Taken::Recorded);
        }
        let Step { change, dropped } = match step(&self.state, event, self.now) {
            Ok(step) => step,
            Err(refusal) => {
                check::refusal(&self.state, event, &refusal)?;
                return Ok(Taken::Refused(refusal));
            }
        };
        if matches!(event, Event::Ticked) && change.is_empty() {
            return check::sleep(&self.state, self.now).map(|()| Taken::Recorded);
        }
        if self.full {
            return Ok(Taken::NotRecorded); // the transaction fails as a whole
        }
        let entry = Entry {
            seq: change.meta.seq,
            at: self.now,
            body: event.clone(),
            notes: note::notes(&self.state, &change),
            dropped: dropped.clone(),
        };
        let commit = [Commit { entry, change, key }];
        self.writer.commit(&commit).map_err(|error| error.to_string())?;
        let [Commit { change, key, .. }] = commit;
        key.map_or(Ok(()), |key| self.ledger.note_delivery(&key))?;
        let fact = check::Fact { before: &self.state, event, change: &change, now: self.now };
        self.ledger.note(&fact, dropped.as_deref());
        self.ledger.note_tells(&fact)?;
        check::step(&fact, dropped.as_deref(), &self.ledger)?;
        self.human.note(event, &self.state);
        if dropped.is_none() {
            self.world.note(event, &self.state);
        }
        self.state.apply(change);
        self.performing.retain(|id, _| self.state.outbox.contains_key(id));
        check::present(&self.state, &self.ledger, self.now)?;
        check::world(&self.state, &self.world)?;
        Ok(Taken::Recorded)
    }

    /// Effects that may begin.
    fn due(&self) -> Vec<EffectId> {
        let mut due = crew_core::due(&self.state);
        due.retain(|id| !self.performing.contains_key(id));
        due
    }

    fn perform(&mut self) {
        let due = self.due();
        if let Some(id) = self.random.pick(&due).copied() {
            self.perform_one(id);
        }
    }

    fn perform_one(&mut self, id: EffectId) {
        let Some(effect) = self.state.outbox.get(&id).cloned() else { return };
        self.performing.insert(id, self.now);
        let result = self.world.perform(id, &effect, &self.state, self.now, &mut self.random);
        if self.has(Fault::Loss) && self.random.chance(10) {
            return; // the performer died; it is run again when it is missed
        }
        match effect {
            Effect::Stop { run, token } | Effect::Interrupt { run, token }
                if self.world.processes.contains_key(&(run, token))
                    && !self.exited.contains(&(run, token)) =>
            {
                self.stops.insert(id, (run, token)); // its follower comes to the exit first
            }
            _ => self.inbound.push_back(Event::Settled { effect: id, result }),
        }
    }

    /// A file is put away only after the event that it became is recorded.
    fn scan_mailbox(&mut self) -> Result<(), String> {
        let Some((key, (role, response))) = self.world.files.first_key_value() else {
            return Ok(());
        };
        let (key, role, response) = (key.clone(), role.clone(), response.clone());
        let project = crew_core::ProjectId(1);
        let event = Event::ResponseFound { project, role, response };
        let taken = self.take(&event, Some(key.clone()))?;
        if matches!(taken, Taken::Recorded) && (self.calm || self.random.chance(80)) {
            self.world.files.remove(&key); // otherwise a crash came between
        }
        Ok(())
    }

    /// Somebody drops a response of a role, or about a task, that has nothing to do with it.
    fn stray_file(&mut self) {
        let Some(project) = self.state.projects.values().next() else { return };
        let roles: Vec<_> = project.team.roles.keys().cloned().collect();
        let runs: Vec<_> = self.state.runs.values().collect();
        let Some(run) = self.random.pick(&runs).copied().cloned() else { return };
        let Some(role) = self.random.pick(&roles).cloned() else { return };
        if role != run.role {
            let response = agent::respond(&run, &self.state, false, &mut self.random);
            self.world.write_file(role, response);
        }
    }

    /// An agent uses a tool of ours; what it put on its desk may be found twice.
    fn agent_calls(&mut self) -> Result<(), String> {
        let alive: Vec<Start> = self.world.alive.iter().copied().collect();
        let Some((run, token)) = self.random.pick(&alive).copied() else { return Ok(()) };
        if self.random.chance(30) {
            return self.agent_touches(run, token);
        }
        self.calls += 1;
        let id = format!("c{}", self.calls);
        let call = Box::new(agent::call(&mut self.random));
        let key = format!("call {run}.{token} {id}");
        let event = Event::Called { run, token, id, call };
        while matches!(self.take(&event, Some(key.clone()))?, Taken::Recorded) {
            if self.random.chance(70) {
                break; // otherwise a crash came before it was put away
            }
        }
        Ok(())
    }

    /// It is seen that an agent has changed some files.
    fn agent_touches(&mut self, run: RunId, token: Token) -> Result<(), String> {
        let files = ["a", "b", "c"].map(str::to_owned).into_iter();
        let files = files.filter(|_| self.random.chance(50)).collect();
        self.take(&Event::Touched { run, token, files }, None).map(drop)
    }

    fn human_acts(&mut self) -> Result<(), String> {
        let (meddles, edits_team) = (self.has(Fault::Meddling), self.has(Fault::Policy));
        let licence = Licence { meddles, edits_team };
        match self.human.wish(&self.state, licence, &mut self.random) {
            Some(wish) => self.take(&wish, None).map(drop), // refused is refused
            None => Ok(()),
        }
    }

    fn time_passes(&mut self) -> Result<(), String> {
        let steps = [50, 1_000, 5_000, 5_000, 20_000, 20_000, 120_000, 700_000];
        let length = self.random.pick(&steps).copied().unwrap_or(50);
        self.pass(Millis(length))
    }

    fn pass(&mut self, length: Millis) -> Result<(), String> {
        self.now = self.now + length;
        let now = self.now;
        // Whose outcome is on its way is not missed: one effect has one performer at a time.
        let on_its_way = |id: &EffectId| {
            self.stops.contains_key(id)
                || self
                    .inbound
                    .iter()
                    .any(|event| matches!(event, Event::Settled { effect, .. } if effect == id))
        };
        self.performing.retain(|id, since| on_its_way(id) || now.since(*since) < MISSED_AFTER);
        self.take(&Event::Ticked, None)?;
        self.check_health()
    }

    fn clock_jumps(&mut self) {
        self.ledger.clock_was_set = true;
        let jump = Millis::minutes(self.random.below(600) as u64);
        if self.random.chance(50) {
            self.now = self.now - jump;
            return;
        }
        self.now = self.now + jump;
        if self.random.chance(50) {
            self.inbound.push_back(Event::ClockJumped { by: jump }); // the machine slept
        }
    }

    /// `kill -9` of the daemon: memory is gone, the store and the world stay.
    fn crash(&mut self) -> Result<(), String> {
        self.tally.crashes += 1;
        self.inbound.clear();
        self.performing.clear();
        self.stops.clear();
        self.exited.clear();
        self.read.clear();
        self.flagged.clear();
        let loaded = self.writer.load().map_err(|error| error.to_string())?;
        if loaded != self.state {
            return Err("what was loaded after a crash is not what was there before".into());
        }
        self.state = loaded;
        Ok(())
    }

    /// Everybody behaves for a while.
    pub(super) fn go_well(&mut self, turns: usize) -> Result<(), String> {
        if turns == 0 {
            return Ok(());
        }
        for _ in 0..=self.random.below(3) {
            let task = human::add(&self.state, &mut self.random);
            self.take(&task, None)?;
        }
        let faults = std::mem::take(&mut self.faults);
        (self.calm, self.world.calm) = (true, true);
        for _ in 0..turns {
            if self.is_over() {
                break;
            }
            self.calm_turn()?;
        }
        self.faults = faults;
        (self.calm, self.world.calm) = (false, !self.has(Fault::Failure));
        Ok(())
    }

    /// From here on everybody behaves.
    pub(super) fn calm_down(&mut self) -> Result<(), String> {
        (self.calm, self.world.calm, self.full) = (true, true, false);
        self.crash()?;
        self.faults.clear();
        if self.state.meta.stopped.is_some() {
            self.take(&Event::EmergencyReleased, None)?;
        }
        let project = ProjectId(1);
        let team = self.state.projects.get(&project).map(|project| team::at_rest(&project.team));
        if let Some(team) = team {
            self.take(&Event::TeamLoaded { project, team }, None)?;
        }
        self.see_space(false)
    }

    /// The free space is looked at.
    fn see_space(&mut self, is_short: bool) -> Result<(), String> {
        let place = "/sim".to_owned();
        let short = is_short.then_some(Shortage { place, free_mb: 7, floor_mb: 500 });
        self.take(&Event::SpaceSeen { project: ProjectId(1), short }, None).map(drop)
    }

    /// One of the things that can be done is done; time passes when there is none.
    pub(super) fn calm_turn(&mut self) -> Result<(), String> {
        self.read_agents();
        let due = self.due();
        let duty = human::duty(&self.state);
        let busy = self.world.processes.values().any(agent::Process::is_busy);
        let mut can: Vec<Act> = Vec::new();
        let mut add = |is: bool, act| is.then(|| can.push(act));
        add(!self.inbound.is_empty(), Self::deliver);
        add(!due.is_empty(), |sim| {
            sim.perform();
            Ok(())
        });
        add(busy || !self.world.triggers.is_empty(), |sim| {
            sim.world.act(&sim.state, sim.now, &mut sim.random);
            Ok(())
        });
        add(!self.world.files.is_empty(), Self::scan_mailbox);
        add(duty.is_some(), Self::do_duty);
        match self.random.pick(&can) {
            Some(act) => act(self)?,
            None => self.sleep()?,
        }
        check::world(&self.state, &self.world)
    }

    fn do_duty(&mut self) -> Result<(), String> {
        let Some(duty) = human::duty(&self.state) else { return Ok(()) };
        match self.take(&duty, None)? {
            Taken::Recorded | Taken::NotRecorded => Ok(()),
            Taken::Refused(why) => {
                Err(format!("{duty:?} is all that helps, and is refused: {why}"))
            }
        }
    }

    /// Until something is due by itself.
    fn sleep(&mut self) -> Result<(), String> {
        let silence = self.world.alive.iter().filter_map(|start| {
            let (heard, _, silent) = self.watched(*start)?;
            Some(heard + silent)
        });
        let wake = next_wake(&self.state, self.now).into_iter().chain(silence).min();
        let Some(wake) = wake else {
            return Err(self.explain_standstill("nothing is due, and nobody can do anything"));
        };
        self.pass(wake.since(self.now).max(Millis(20)))
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.open_tasks().next().is_none()
            && self.state.live_runs().next().is_none()
            && self.state.keeping_tasks().next().is_none()
            && self.state.outbox.is_empty()
            && self.inbound.is_empty()
            && self.stops.is_empty()
    }

    pub(super) fn finale(&mut self) -> Result<(), String> {
        check::replay(&self.writer, &self.state)?;
        check::end(&self.state, &self.world, &self.ledger, &self.human.acknowledged)
    }

    pub(super) fn tally(&self) -> Tally {
        let (entries, tasks) = (self.state.meta.seq.0, self.state.tasks.len() as u64);
        Tally { entries, tasks, ..self.tally }
    }

    pub(super) fn entries(&self, after: Seq, most: u32) -> Vec<Entry> {
        self.writer.entries(after, most).unwrap_or_default()
    }

    pub(super) fn explain_standstill(&self, what: &str) -> String {
        let State { outbox, limits, .. } = &self.state;
        let tasks = self.state.open_tasks().map(|task| {
            format!(
                "{} in {}: {:?}, depends on {:?}",
                task.id, task.stage, task.phase, task.depends_on
            )
        });
        let tasks: Vec<String> = tasks.collect();
        let runs: Vec<String> = self.state.live_runs().map(|run| format!("{run:?}")).collect();
        let asks: Vec<String> = self.state.open_asks().map(|ask| format!("{ask:?}")).collect();
        format!(
            "{what} at {:?}\n{}\n{}\n{}\nlimits: {limits:?}\noutbox: {outbox:?}\nalive: {:?}",
            self.now,
            tasks.join("\n"),
            runs.join("\n"),
            asks.join("\n"),
            self.world.alive
        )
    }
}

/// The agent that an event comes from.
fn agent_of(event: &Event) -> Option<Start> {
    match event {
        Event::Said { run, token, .. }
        | Event::Called { run, token, .. }
        | Event::Exited { run, token, .. } => Some((*run, *token)),
        _ => None,
    }
}
