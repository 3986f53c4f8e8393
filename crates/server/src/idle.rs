//! Idle: nothing can move without the human.
//!
//! Something moves when an effect is outstanding, an agent works, or a moment is awaited that
//! comes by itself (a limit, a backoff, a new day's budget). A task
//! that waits for room, or a run that waits for a place, moves only when another does, so it
//! decides nothing.

use crew_core::run::{Run, RunState, Wait};
use crew_core::task::{Phase, Task};
use crew_core::{Block, State, Time, block, status};

use crate::wire::Idle;

/// Whether nothing can move without the human, and what moves otherwise.
pub fn idle(state: &State, now: Time) -> Idle {
    let moves = outstanding(state)
        .or_else(|| state.live_runs().find_map(|run| moving_run(state, run, now)))
        .or_else(|| state.open_tasks().find_map(|task| moving_task(state, task, now)));
    let waiting = state.open_tasks().filter(|task| waits(state, task, now)).count();
    Idle { seq: state.meta.seq.0, idle: moves.is_none(), moves, waiting: waiting as u64 }
}

fn outstanding(state: &State) -> Option<String> {
    let (id, effect) = state.outbox.first_key_value()?;
    Some(format!("{id}: {}", effect.word()))
}

fn moving_run(state: &State, run: &Run, now: Time) -> Option<String> {
    let moves = match &run.state {
        RunState::Preparing { .. }
        | RunState::Running { .. }
        | RunState::Stopping { .. }
        | RunState::Saving { .. } => true,
        RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. }) => {
            starts_by_itself(state, run, now)
        }
        RunState::Waiting(Wait::Asks { .. } | Wait::Pause) | RunState::Finished { .. } => false,
    };
    moves.then(|| format!("{} of {}: {}", run.id, run.task, run.state.word()))
}

fn starts_by_itself(state: &State, run: &Run, now: Time) -> bool {
    match block(state, run, now) {
        None | Some(Block::Backoff(_) | Block::Limit(_) | Block::Probe(_) | Block::DayBudget) => {
            true
        }
        Some(
            Block::Stopped
            | Block::Paused
            | Block::Dependency(_)
            | Block::ProjectFull
            | Block::RoleFull
            | Block::ProviderFull
            | Block::TaskBudget,
        ) => false,
    }
}

fn moving_task(state: &State, task: &Task, now: Time) -> Option<String> {
    let moves = match status::status(state, task, now) {
        status::Status::Checking | status::Status::Merging => true,
        // With a run, the run has decided; without one, its turn comes unless it waits for room.
        status::Status::Queued { .. } => {
            let has_run = state.live_runs().any(|run| run.task == task.id);
            !has_run && !matches!(task.phase, Phase::Leaving { .. })
        }
        status::Status::Working { .. }
        | status::Status::NoSignal { .. }
        | status::Status::Blocked { .. }
        | status::Status::Limited { .. }
        | status::Status::NeedsAnswer { .. }
        | status::Status::NeedsApproval
        | status::Status::Stuck { .. }
        | status::Status::Held { .. }
        | status::Status::Paused
        | status::Status::Stopped
        | status::Status::Done
        | status::Status::Cancelled => false,
    };
    moves.then(|| format!("{}: {}", task.id, task.phase.word()))
}

/// Whether a task waits for the human, or for one that does, or for one that was given up.
fn waits(state: &State, task: &Task, now: Time) -> bool {
    match status::status(state, task, now) {
        status::Status::Blocked { by } => {
            let before = state.tasks.get(&by);
            before.is_none_or(|before| before.is_over() || waits(state, before, now))
        }
        other => other.needs_human(),
    }
}
