//! The invariants, checked with every step that is recorded.
//!
//! ```text
//! step     what an event did: starts, moves, merges, responses   (check/start.rs, way.rs, asks.rs)
//! present  what must hold at every moment                        (check/present.rs)
//! world    what would show outside
//! end      what must hold when everything has come to rest
//! ```

mod aside;
mod asks;
mod present;
mod routine;
mod start;
mod way;

use crew_core::ask::Asker;
use crew_core::run::{Run, RunState, Wait};
use crew_core::task::{Phase, Task};
use crew_core::team::Team;
use crew_core::{
    AskId, Change, Effect, Event, ProjectId, Refusal, RunId, Seq, State, TaskId, Time, Token,
    Words, next_wake, step as decide,
};
use crew_store::Writer;

use super::agent::Process;
use super::ledger::Ledger;
use super::world::World;

pub(super) use present::present;

/// An event, and what the arbiter made of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact<'a> {
    pub(super) before: &'a State,
    pub(super) event: &'a Event,
    pub(super) change: &'a Change,
    pub(super) now: Time,
}

impl<'a> Fact<'a> {
    /// A run as it is afterwards.
    fn run(&self, id: RunId) -> Option<&'a Run> {
        self.change.runs.get(&id).or_else(|| self.before.runs.get(&id))
    }

    /// A task as it is afterwards.
    fn task(&self, id: TaskId) -> Option<&'a Task> {
        self.change.tasks.get(&id).or_else(|| self.before.tasks.get(&id))
    }

    /// The team as it is afterwards.
    fn team(&self, id: ProjectId) -> Option<&'a Team> {
        let changed = self.change.projects.get(&id);
        changed.or_else(|| self.before.projects.get(&id)).map(|project| &project.team)
    }

    /// Whether there is too little space on the disk afterwards.
    fn is_short(&self, id: ProjectId) -> bool {
        let changed = self.change.projects.get(&id);
        let project = changed.or_else(|| self.before.projects.get(&id));
        project.is_some_and(|project| project.short.is_some())
    }

    /// Runs that hold an agent afterwards.
    fn at_work(&self) -> Vec<&'a Run> {
        let known = self.before.live_runs().filter(|run| !self.change.runs.contains_key(&run.id));
        known.chain(self.change.runs.values()).filter(|run| run.state.holds_agent()).collect()
    }

    /// Tasks that are not over afterwards.
    fn open_tasks(&self) -> Vec<&'a Task> {
        let known = self.before.open_tasks().filter(|t| !self.change.tasks.contains_key(&t.id));
        known.chain(self.change.tasks.values()).filter(|task| !task.is_over()).collect()
    }

    /// The first dependency of a task that has not landed.
    fn unmet(&self, task: &Task) -> Option<TaskId> {
        let landed = |id: &TaskId| {
            self.task(*id).is_some_and(|task| matches!(task.phase, Phase::Done { .. }))
        };
        task.depends_on.iter().copied().find(|id| !landed(id))
    }
}

/// What an event did.
pub(super) fn step(fact: &Fact<'_>, dropped: Option<&str>, ledger: &Ledger) -> Result<(), String> {
    start::check(fact, ledger)?;
    start::served(fact, dropped)?;
    start::closed(fact, dropped)?;
    way::check(fact, ledger)?;
    asks::check(fact)?;
    way::candidates(fact, ledger)?;
    way::rounds(fact, dropped, ledger)?;
    way::responses(fact, dropped.is_some())?;
    routine::check(fact, ledger)?;
    aside::check(fact)
}

/// News is never refused, and a team only for a reason.
pub(super) fn refusal(state: &State, event: &Event, refusal: &Refusal) -> Result<(), String> {
    match event {
        Event::Said { .. }
        | Event::Called { .. }
        | Event::Touched { .. }
        | Event::ResponseFound { .. }
        | Event::Quiet { .. }
        | Event::Heard { .. }
        | Event::MailSetAside { .. }
        | Event::SpaceSeen { .. }
        | Event::Connected { .. }
        | Event::IssueSeen { .. }
        | Event::PullSeen { .. }
        | Event::ClockJumped { .. }
        | Event::Silent { .. }
        | Event::Overheard { .. }
        | Event::Exited { .. }
        | Event::Settled { .. }
        | Event::Ticked => Err(format!("news was refused: {refusal}, {event:?}")),
        Event::TeamLoaded { project, team } if !way::strands(state, *project, team) => {
            Err(format!("a team that strands nobody was refused: {refusal}"))
        }
        Event::ProjectAdded { .. }
        | Event::TeamLoaded { .. }
        | Event::TeamRefused { .. }
        | Event::TaskAdded { .. }
        | Event::TaskEdited { .. }
        | Event::TaskMoved { .. }
        | Event::TaskPaused { .. }
        | Event::TaskInterrupted { .. }
        | Event::TaskHandedOver { .. }
        | Event::Questioned { .. }
        | Event::Unasked { .. }
        | Event::LimitLifted { .. }
        | Event::Pinned { .. }
        | Event::Promoted { .. }
        | Event::Unpinned { .. }
        | Event::TaskResumed { .. }
        | Event::TaskCancelled { .. }
        | Event::PullAsked { .. }
        | Event::Remarked { .. }
        | Event::Answered { .. }
        | Event::AnsweredAlways { .. }
        | Event::Forgotten { .. }
        | Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::EmergencyStopped
        | Event::EmergencyReleased => Ok(()),
    }
}

/// When nothing is due, the next thing that is due is ahead: otherwise the arbiter never sleeps.
pub(super) fn sleep(state: &State, now: Time) -> Result<(), String> {
    match next_wake(state, now) {
        Some(wake) if wake <= now => Err(format!("nothing is due, but {wake:?} is said to be")),
        Some(_) | None => Ok(()),
    }
}

/// What would show outside.
pub(super) fn world(state: &State, world: &World) -> Result<(), String> {
    if let Some(breach) = world.breaches.first() {
        return Err(breach.clone());
    }
    for start in &world.alive {
        let process = &world.processes[start];
        knows_its_agent(state, *start)?;
        is_listened_to(state, *start, process)?;
        is_known_to_hear(state, *start, process)?;
    }
    match world.landed.iter().find(|(_, (_, count))| *count > 1) {
        Some((task, _)) => Err(format!("{task} landed twice")),
        None => Ok(()),
    }
}

/// No agent lives for a run that does not know of it.
fn knows_its_agent(state: &State, (run, token): (RunId, Token)) -> Result<(), String> {
    let Some(row) = state.runs.get(&run) else {
        return Err(format!("{run} is not recorded"));
    };
    if row.token == token && row.state.holds_agent() {
        return Ok(());
    }
    let (word, present) = (row.state.word(), row.token);
    Err(format!("the agent {run}.{token} lives, but the run is {word} with token {present}"))
}

/// Who waits for an answer gets one: its ask is open, or the answer is on its way; unless it has
/// nothing to wait for any more.
fn is_listened_to(
    state: &State,
    (run, token): (RunId, Token),
    process: &Process,
) -> Result<(), String> {
    let Some(key) = &process.waits_for else { return Ok(()) };
    let row = &state.runs[&run];
    let heard = row.read_to == process.log.len() as u64;
    if !heard || row.response.is_some() || matches!(row.state, RunState::Stopping { .. }) {
        return Ok(());
    }
    let asker = Asker::Agent { run, key: key.clone() };
    let ask = state.asks.values().find(|ask| ask.from == asker).map(|ask| ask.id);
    let listens = |ask: &AskId| match &row.state {
        RunState::Waiting(Wait::Asks { open }) => open.contains(ask) && state.asks[ask].is_open(),
        _ => false,
    };
    let on_its_way = |id: &AskId| {
        state.outbox.values().any(|effect| {
            matches!(effect, Effect::Send { run: r, token: t, ask, .. }
                if (*r, *t, ask) == (run, token, id))
        })
    };
    match ask {
        Some(ask) if listens(&ask) || on_its_way(&ask) => Ok(()),
        ask => Err(format!("{run}.{token} waits for an answer to {ask:?} that never comes")),
    }
}

/// What an agent says that it has taken in is known.
fn is_known_to_hear(
    state: &State,
    (run, _): (RunId, Token),
    process: &Process,
) -> Result<(), String> {
    let row = &state.runs[&run];
    let said = process.log.iter().take(row.read_to as usize).filter_map(|words| match words {
        Words::TookIn { remark } => Some(*remark),
        _ => None,
    });
    match said.max() {
        Some(remark) if remark > row.hearing.heard => {
            Err(format!("{run} knows remark {remark}, and that is not known"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The journal, replayed from nothing, gives the present; so does the database.
pub(super) fn replay(writer: &Writer, state: &State) -> Result<(), String> {
    let mut replayed = State::default();
    let entries = writer.entries(Seq(0), u32::MAX).map_err(|error| error.to_string())?;
    for (at, entry) in (1..).zip(&entries) {
        if entry.seq != Seq(at) {
            return Err(format!("the journal has {} where {at} belongs", entry.seq));
        }
        let step = decide(&replayed, &entry.body, entry.at)
            .map_err(|error| format!("{} does not replay: {error}", entry.seq))?;
        replayed.apply(step.change);
    }
    if replayed != *state {
        return Err("the journal replays to another state".into());
    }
    let loaded = writer.load().map_err(|error| error.to_string())?;
    if loaded == *state { Ok(()) } else { Err("the rows are another state".into()) }
}

/// Everything has come to rest: nothing is missing, nothing is left behind.
pub(super) fn end(
    state: &State,
    world: &World,
    ledger: &Ledger,
    acknowledged: &[TaskId],
) -> Result<(), String> {
    let fail = |is: bool, what: String| if is { Err(what) } else { Ok(()) };
    let proposed = state.tasks.values().filter(|task| task.proposed_by.is_some()).count();
    let wanted = acknowledged.len() + proposed + ledger.came.len();
    fail(state.tasks.len() != wanted, "tasks were invented".into())?;
    for id in acknowledged.iter().chain(ledger.came.keys()) {
        let task = state.tasks.get(id).ok_or_else(|| format!("{id} is missing"))?;
        fail(!task.is_over(), format!("{id} is not over"))?;
        fail(!world.released.contains(id), format!("{id} keeps its worktrees"))?;
        let landed = world.landed.get(id).map(|(commit, _)| commit);
        let done = match &task.phase {
            Phase::Done { commit } => Some(commit),
            _ => None,
        };
        fail(landed != done, format!("{id} landed as {landed:?} and is {done:?}"))?;
    }
    fail(state.live_runs().next().is_some(), "a run goes on without a task".into())?;
    fail(state.open_asks().next().is_some(), "an ask waits for nobody".into())?;
    fail(!world.alive.is_empty(), format!("agents were left alive: {:?}", world.alive))?;
    for run in state.runs.values() {
        let said = ledger.spent.get(&run.id).copied().unwrap_or(0);
        let spent = run.spent.tokens();
        fail(said != spent, format!("{} said that it used {said}, not {spent}", run.id))?;
        let reported = world.processes.range((run.id, Token(0))..=(run.id, Token(u32::MAX)));
        let reported: u64 = reported.map(|(_, process)| process.reported()).sum();
        fail(reported != spent, format!("{} reported {reported}, not {spent}", run.id))?;
    }
    for task in state.tasks.values() {
        let runs = state.runs.values().filter(|run| run.task == task.id);
        let spent: u64 = runs.map(|run| run.spent.tokens()).sum();
        fail(
            spent != state.spent_on(task.id).tokens(),
            format!("{} forgot what it spent", task.id),
        )?;
    }
    Ok(())
}
