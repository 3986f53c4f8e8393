//! What must hold at every moment.

use std::collections::BTreeSet;

use crew_core::about::Deed;
use crew_core::ask::{Ask, Asker};
use crew_core::project::Project;
use crew_core::run::{Run, RunState, Wait};
use crew_core::status::status;
use crew_core::task::{Phase, Task};
use crew_core::{Block, Effect, LimitEnd, Millis, State, Time, block};

use super::super::ledger::Ledger;

/// A limit that ends sooner is waited out.
const LONGEST_PATIENCE: Millis = Millis::minutes(2);

/// Everything that waits, waits for something that exists, and all bounds hold.
pub(in crate::sim) fn present(state: &State, ledger: &Ledger, now: Time) -> Result<(), String> {
    for task in state.open_tasks() {
        if waits_for_nothing(state, task) {
            return Err(format!("{} waits for nothing: {:?}", task.id, task.phase));
        }
        if status(state, task, now).to_string().is_empty() {
            return Err(format!("{} does not say what it does", task.id));
        }
        if task.consults > ledger.consults_max {
            return Err(format!("the PM was asked {} times about {}", task.consults, task.id));
        }
        if task.visits.values().any(|visits| *visits > ledger.visits_max + 1) {
            return Err(format!("{} goes in circles: {:?}", task.id, task.visits));
        }
    }
    if let Some(task) = state.tasks.values().find(|it| it.is_over() && !it.touched.is_empty()) {
        return Err(format!("{} is over, and in the way of others", task.id));
    }
    for run in state.live_runs() {
        if let RunState::Saving { effect, .. } = run.state
            && !state.outbox.contains_key(&effect)
        {
            return Err(format!("{} is saved by nobody", run.id));
        }
        if let Some(remark) = untold(state, run) {
            return Err(format!("nobody tells {} remark {remark}", run.id));
        }
        if run.failures > ledger.retries_max + 1 || run.asks > ledger.asks_max {
            return Err(format!("{} goes on and on: {run:?}", run.id));
        }
    }
    if let Some(run) = state.live_runs().find(|run| goes_on_by_itself(state, run, now)) {
        return Err(format!("{} goes on after its limit, and nobody asks", run.id));
    }
    for ask in state.open_asks() {
        if !is_awaited(state, ask) {
            return Err(format!("nobody waits for the answer to {}", ask.id));
        }
    }
    let mut about = BTreeSet::new();
    for ask in state.open_asks().filter(|ask| {
        matches!(
            ask.from,
            Asker::Provider { .. }
                | Asker::Purse { .. }
                | Asker::Disk { .. }
                | Asker::Sandbox { .. }
        )
    }) {
        if !about.insert(format!("{:?}", (ask.project, &ask.from, &ask.about))) {
            return Err(format!("{} is asked again", ask.id));
        }
    }
    for project in state.projects.values() {
        let said = ledger.days.get(&now.day()).copied().unwrap_or(0);
        let known = state.spent_today(project.id, now).tokens;
        if known != said && !ledger.clock_was_set {
            return Err(format!("{known} tokens are known of the {said} of today"));
        }
    }
    Ok(())
}

/// A run that waits for the end of a long limit, though its task is to wait for the human then.
fn goes_on_by_itself(state: &State, run: &Run, now: Time) -> bool {
    let asks = state.tasks.get(&run.task).is_some_and(|task| task.ask_after_limit);
    let is_idle =
        matches!(run.state, RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. }));
    let waits = |until: Time| until > now + LONGEST_PATIENCE;
    asks && is_idle
        && !run.is_aside()
        && matches!(block(state, run, now), Some(Block::Limit(until)) if waits(until))
}

/// A remark that an agent at work does not know, and that is not on its way to it.
fn untold(state: &State, run: &Run) -> Option<u64> {
    let project = state.projects.get(&run.project)?;
    let hears = project.team.providers.get(&run.provider)?.kind.hears();
    let is_told = state.outbox.values().any(
        |effect| matches!(effect, Effect::Tell { run: r, token, .. } if (*r, *token) == (run.id, run.token)),
    );
    if !run.listens() || !hears || is_told || run.is_aside() {
        return None;
    }
    let remarks = state.tasks.get(&run.task)?.remarks.iter().map(|remark| remark.number);
    remarks.filter(|number| *number > run.hearing.told).min()
}

fn waits_for_nothing(state: &State, task: &Task) -> bool {
    let is_over = |run| state.runs.get(run).is_none_or(Run::is_over);
    match &task.phase {
        Phase::Working(progress) => progress.runs.iter().all(is_over),
        Phase::Consulting { run, .. }
        | Phase::Judging { run, .. }
        | Phase::Choosing { run, .. } => is_over(run),
        Phase::Checking { effect, .. }
        | Phase::Sifting { effect, .. }
        | Phase::Combining { effect, .. }
        | Phase::Landing { effect, .. } => !state.outbox.contains_key(effect),
        Phase::Asking { ask, .. } | Phase::Stuck { ask, .. } => {
            !state.asks.get(ask).is_some_and(Ask::is_open)
        }
        Phase::Waiting
        | Phase::Approving { .. }
        | Phase::Leaving { .. }
        | Phase::Held { .. }
        | Phase::Moving { .. }
        | Phase::Closing
        | Phase::Done { .. }
        | Phase::Cancelled => false,
    }
}

/// Whether an answer would reach somebody.
fn is_awaited(state: &State, ask: &Ask) -> bool {
    let Some(task) = state.tasks.get(&ask.task) else { return false };
    match &ask.from {
        Asker::Agent { run, .. } | Asker::Call { run, .. } => {
            state.runs.get(run).is_some_and(|run| !run.is_over())
        }
        Asker::Request { .. } => {
            matches!(&task.phase, Phase::Asking { ask: a, .. } if *a == ask.id)
        }
        Asker::Arbiter => {
            let stuck = matches!(&task.phase, Phase::Stuck { ask: a, .. } if *a == ask.id);
            stuck || task.budget_ask == Some(ask.id)
        }
        Asker::Sandbox { role } => match ask.about.as_ref().map(|about| &about.deed) {
            Some(Deed::Open { path, access }) => {
                let project = state.projects.get(&ask.project);
                let is_shut = |it: &Project| !it.opened_to(role).covers(path, *access);
                !task.is_over() && project.is_some_and(is_shut)
            }
            _ => false,
        },
        Asker::Purse { .. } => !task.is_over() || state.live_runs().any(|run| run.task == task.id),
        Asker::Disk { place } => {
            let is_short = |project: &Project| {
                project.short.as_ref().is_some_and(|short| short.place == *place)
            };
            state.projects.values().any(is_short)
        }
        Asker::Provider { provider } => {
            let window = state.limit(ask.project, provider);
            window.is_some_and(|window| window.ends == LimitEnd::Human { ask: Some(ask.id) })
        }
    }
}
