//! The invariants, checked after every step.

use crew_core::run::RunState;
use crew_core::status::status;
use crew_core::task::Phase;
use crew_core::team::Amount;
use crew_core::{Seq, State, Time, step as decide};
use crew_store::Writer;

use super::world::World;

/// What must hold at every moment.
pub(super) fn step(state: &State, world: &World, now: Time) -> Result<(), String> {
    if let Some(breach) = world.breaches.first() {
        return Err(breach.clone());
    }
    one_agent_each(state, world)?;
    effects_once(world)?;
    budgets(state, world)?;
    every_task_says_why(state, now)
}

/// No agent lives for a run that does not know of it.
fn one_agent_each(state: &State, world: &World) -> Result<(), String> {
    for ((run, token), _) in world.processes.iter().filter(|(_, process)| process.alive) {
        let Some(row) = state.runs.get(run) else {
            return Err(format!("{run} is not recorded"));
        };
        if row.token != *token || !row.state.holds_agent() {
            return Err(format!(
                "the agent {run}.{token} lives, but the run is {} with token {}",
                row.state.word(),
                row.token
            ));
        }
    }
    Ok(())
}

fn effects_once(world: &World) -> Result<(), String> {
    if let Some((key, _)) = world.delivered.iter().find(|(_, count)| **count > 1) {
        return Err(format!("an answer was delivered twice: {key:?}"));
    }
    match world.landed.iter().find(|(_, (_, count))| *count > 1) {
        Some((task, _)) => Err(format!("{task} landed twice")),
        None => Ok(()),
    }
}

/// What is spent and reserved never exceeds what is allowed, but for what agents overran.
fn budgets(state: &State, world: &World) -> Result<(), String> {
    for task in state.tasks.values() {
        let Some(project) = state.projects.get(&task.project) else {
            continue;
        };
        let budget = project.team.budget;
        let reserved = state
            .live_runs()
            .filter(|run| run.task == task.id && run.state.holds_agent())
            .fold(Amount::default(), |sum, run| sum.plus(budget.run.minus(Amount::of(run.spent))));
        let used = Amount::of(task.spent).plus(reserved).tokens;
        let allowed = budget.task.tokens * u64::from(1 + task.raised) + world.overrun;
        if used > allowed {
            return Err(format!("{} has used {used} tokens of {allowed}", task.id));
        }
        if task.starts > budget.task_runs * (1 + task.raised) {
            return Err(format!("{} was started {} times", task.id, task.starts));
        }
    }
    Ok(())
}

/// A task that is not over waits for something that exists.
fn every_task_says_why(state: &State, now: Time) -> Result<(), String> {
    for task in state.open_tasks() {
        let waits_for_nothing = match &task.phase {
            Phase::Working(progress) => progress
                .runs
                .iter()
                .all(|run| state.runs.get(run).is_none_or(crew_core::run::Run::is_over)),
            Phase::Consulting { run, .. }
            | Phase::Judging { run, .. }
            | Phase::Choosing { run, .. } => {
                state.runs.get(run).is_none_or(crew_core::run::Run::is_over)
            }
            Phase::Checking { effect, .. }
            | Phase::Combining { effect, .. }
            | Phase::Landing { effect, .. } => !state.outbox.contains_key(effect),
            Phase::Asking { ask, .. } | Phase::Stuck { ask, .. } => {
                !state.asks.get(ask).is_some_and(crew_core::ask::Ask::is_open)
            }
            Phase::Waiting
            | Phase::Approving { .. }
            | Phase::Leaving { .. }
            | Phase::Held { .. }
            | Phase::Moving { .. }
            | Phase::Closing
            | Phase::Done { .. }
            | Phase::Cancelled => false,
        };
        if waits_for_nothing {
            return Err(format!("{} waits for nothing: {:?}", task.id, task.phase));
        }
        if status(state, task, now).to_string().is_empty() {
            return Err(format!("{} does not say what it does", task.id));
        }
    }
    for run in state.live_runs() {
        if let RunState::Saving { effect, .. } = run.state
            && !state.outbox.contains_key(&effect)
        {
            return Err(format!("{} is saved by nobody", run.id));
        }
    }
    Ok(())
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
