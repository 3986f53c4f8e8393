//! What is due. Deadlines are kept as moments, and a moment that is further away than it can ever
//! have been set means that the clock went back: it is due then, so that nothing waits for ever.

use std::collections::BTreeSet;

use super::{asks, budget, consult, dispatch, flow, routine};
use crate::effect::Effect;
use crate::protocol::Claim;
use crate::run::{AfterStop, Outcome, RunState, Trouble, TroubleKind, Wait};
use crate::state::{Draft, State};
use crate::task::{Phase, Progress, Task};
use crate::{Millis, Refusal, RunId, TaskId, Time};

/// An agent that has responded gets so long to exit by itself.
pub const RESPONSE_GRACE: Millis = Millis::seconds(15);
/// Longest pause of a merge that is held.
pub(super) const HELD_MAX: Millis = Millis::minutes(1);
/// An agent that waits for an answer is ended after so long.
const ASK_MAX: Millis = Millis::hours(7 * 24);

/// Whether a deadline that was set at most `longest` ahead has come.
pub(super) fn is_due(deadline: Time, longest: Millis, now: Time) -> bool {
    now >= deadline || deadline > now + longest
}

pub(super) fn tick(d: &mut Draft<'_>) -> Result<(), Refusal> {
    asks::expire(d)?;
    let live: Vec<RunId> = d.live_runs().into_iter().map(|run| run.id).collect();
    for run in live {
        if let Some(overdue) = overdue(d, run)? {
            end_overdue(d, run, &overdue)?;
        }
    }
    for project in d.project_ids() {
        scan(d, project)?;
        routine::tick(d, project)?;
    }
    Ok(())
}

/// Time in which no agent worked counts against none.
pub(super) fn clock_jumped(d: &mut Draft<'_>, by: Millis) -> Result<(), Refusal> {
    let live: Vec<RunId> = d.live_runs().into_iter().map(|run| run.id).collect();
    let now = d.now;
    for id in live {
        if let RunState::Running { since, responded, .. } = &mut d.run_mut(id)?.state {
            *since = (*since + by).min(now);
            *responded = responded.map(|at| (at + by).min(now));
        }
    }
    Ok(())
}

enum Overdue {
    /// It responded and did not exit.
    Exit(Claim),
    /// It works for too long.
    Work,
    /// Agents have worked for as long as they may.
    Budget,
    /// Nobody answers it.
    Answer,
}

fn overdue(d: &Draft<'_>, id: RunId) -> Result<Option<Overdue>, Refusal> {
    let run = d.run(id)?;
    let team = &d.project(run.project)?.team;
    let limit = team.limits.run;
    Ok(match &run.state {
        RunState::Running { responded: Some(at), .. } => run
            .response
            .as_ref()
            .filter(|_| is_due(*at + RESPONSE_GRACE, RESPONSE_GRACE, d.now))
            .map(|response| Overdue::Exit(response.claim)),
        RunState::Running { since, .. } if is_due(*since + limit, limit, d.now) => {
            Some(Overdue::Work)
        }
        RunState::Running { .. } => budget::is_out_of_time(d, id)?.then_some(Overdue::Budget),
        RunState::Waiting(Wait::Asks { open }) => {
            let late =
                |ask| d.ask(ask).is_ok_and(|ask| is_due(ask.asked_at + ASK_MAX, ASK_MAX, d.now));
            open.iter().any(|ask| late(*ask)).then_some(Overdue::Answer)
        }
        // Whoever performs an effect has a deadline of their own; the others wait for no agent.
        RunState::Queued { .. }
        | RunState::Preparing { .. }
        | RunState::Waiting(Wait::Limit { .. } | Wait::Pause)
        | RunState::Stopping { .. }
        | RunState::Saving { .. }
        | RunState::Finished { .. } => None,
    })
}

fn end_overdue(d: &mut Draft<'_>, id: RunId, overdue: &Overdue) -> Result<(), Refusal> {
    let (outcome, message) = match overdue {
        Overdue::Exit(Claim::Done) => (Outcome::Done, None),
        Overdue::Exit(Claim::Request) => (Outcome::Request, None),
        Overdue::Exit(Claim::Error) => (Outcome::Error, None),
        Overdue::Work => (Outcome::Stalled, Some("it worked longer than a run may")),
        Overdue::Answer => (Outcome::Stalled, Some("nobody answered it")),
        // The human is asked; with more time it goes on where it was.
        Overdue::Budget => {
            let not_before = d.now;
            return flow::stop(d, id, AfterStop::Queue { not_before });
        }
    };
    if let Some(message) = message {
        let message = message.to_owned();
        d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Transient, message });
    }
    flow::stop(d, id, AfterStop::Finish { outcome })
}

/// The PM's second clock: it looks for tasks that wait for something that will never come, and for
/// what they left behind.
fn scan(d: &mut Draft<'_>, id: crate::ProjectId) -> Result<(), Refusal> {
    let project = d.project(id)?;
    let every = project.team.limits.scan;
    let of = |task: &&Task| task.project == id;
    let open: Vec<&Task> = d.open_tasks().into_iter().filter(of).collect();
    let keeping: Vec<TaskId> = d.keeping_tasks().into_iter().filter(of).map(|t| t.id).collect();
    if (open.is_empty() && keeping.is_empty()) || !is_due(project.scanned_at + every, every, d.now)
    {
        return Ok(());
    }
    let lost: Vec<_> = open
        .into_iter()
        .filter(|task| task.depends_on.iter().any(|dependency| is_given_up(d, *dependency)))
        .map(|task| task.id)
        .collect();
    d.project_mut(id)?.scanned_at = d.now;
    for task in keeping {
        d.task_mut(task)?.kept = None; // until it fails again
        d.effect(Effect::Release { task });
    }
    lost.into_iter().try_for_each(|task| free(d, task))
}

fn is_given_up(d: &Draft<'_>, task: TaskId) -> bool {
    d.task(task).is_ok_and(|task| task.phase == Phase::Cancelled)
}

/// What a task depends on was given up: it would wait for ever. If it has not begun, the PM decides
/// whether it still makes sense; if it has, it goes on.
fn free(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let depends_on = &d.task(id)?.depends_on;
    let (gone, kept) = depends_on.iter().partition(|dependency| is_given_up(d, **dependency));
    let gone: BTreeSet<TaskId> = gone;
    let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let why = format!("it depended on {}, which was given up", names.join(" and "));
    d.task_mut(id)?.depends_on = kept;
    match d.task(id)?.phase {
        Phase::Waiting => consult::ask_pm(d, id, &why, Progress::default()),
        _ => flow::remark(d, id, &why),
    }
}

/// When something becomes due by itself, if ever; a moment in the past means at once.
pub fn next_wake(state: &State, now: Time) -> Option<Time> {
    let runs = state.live_runs().filter_map(|run| {
        let limits = state.projects.get(&run.project)?.team.limits;
        match &run.state {
            RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. }) => {
                match dispatch::block(state, run, now)? {
                    dispatch::Block::Limit(until) | dispatch::Block::Backoff(until) => Some(until),
                    dispatch::Block::Purse { purse, .. } => {
                        let midnight = Time((now.day() + 1) * 86_400_000);
                        purse.is_daily().then_some(midnight)
                    }
                    dispatch::Block::Stopped
                    | dispatch::Block::Paused
                    | dispatch::Block::Dependency(_)
                    | dispatch::Block::Probe(_)
                    | dispatch::Block::Refused(_)
                    | dispatch::Block::ProjectFull
                    | dispatch::Block::RoleFull
                    | dispatch::Block::ProviderFull
                    | dispatch::Block::TaskBudget
                    | dispatch::Block::Space => None,
                }
            }
            RunState::Running { responded: Some(at), .. } => Some(*at + RESPONSE_GRACE),
            RunState::Running { since, .. } => {
                [Some(*since + limits.run), budget::out_of_time(state, run, now)]
                    .into_iter()
                    .flatten()
                    .min()
            }
            RunState::Waiting(Wait::Asks { open }) => {
                open.iter().filter_map(|ask| Some(state.asks.get(ask)?.asked_at + ASK_MAX)).min()
            }
            RunState::Preparing { .. }
            | RunState::Waiting(Wait::Pause)
            | RunState::Stopping { .. }
            | RunState::Saving { .. }
            | RunState::Finished { .. } => None,
        }
    });
    let role = |id: RunId| {
        let run = state.runs.get(&id)?;
        Some((run, state.projects.get(&run.project)?.team.roles.get(&run.role)?))
    };
    let asks = state.open_asks().filter_map(|ask| Some(asks::expires(ask, role)?.0));
    let draft = Draft::new(state, now);
    let moves =
        |task: &&Task| state.meta.stopped.is_none() && !dispatch::is_held_back(&draft, task);
    let tasks = state.open_tasks().filter(moves).filter_map(|task| match task.phase {
        Phase::Held { until, .. } => Some(until),
        _ => None,
    });
    let scans = state.projects.values().filter_map(|project| {
        let mut tasks = state.open_tasks().chain(state.keeping_tasks());
        tasks
            .find(|task| task.project == project.id)
            .map(|_| project.scanned_at + project.team.limits.scan)
    });
    let routines = state.projects.keys().filter_map(|project| routine::next(&draft, *project));
    runs.chain(asks).chain(tasks).chain(scans).chain(routines).min()
}
