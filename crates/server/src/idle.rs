//! Idle: nothing can move without the human.
//!
//! Something moves when an effect on a task is outstanding, an agent works, or a moment is awaited that
//! comes by itself (a limit, a backoff, a new day's budget). A task
//! that waits for room, or a run that waits for a place, moves only when another does, so it
//! decides nothing.

use crew_core::run::{Run, RunState, Wait};
use crew_core::task::{Phase, Task};
use crew_core::{Block, Effect, State, Time, block, status};

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
    // What GitHub is told moves no task, and may wait for a network for days.
    let moves = |effect: &Effect| !matches!(effect, Effect::Publish { .. } | Effect::Pull { .. });
    let (id, effect) = state.outbox.iter().find(|(_, effect)| moves(effect))?;
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
        None | Some(Block::Backoff(_) | Block::Limit(_) | Block::Probe(_)) => true,
        Some(Block::Purse { purse, .. }) => purse.is_daily(),
        Some(
            Block::Stopped
            | Block::Paused
            | Block::Dependency(_)
            | Block::ProjectFull
            | Block::RoleFull
            | Block::ProviderFull
            | Block::TaskBudget
            | Block::Refused(_)
            | Block::Space,
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
        | status::Status::Interrupted
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

#[cfg(test)]
mod tests {
    use super::*;
    use crew_core::task::CommitId;
    use crew_core::{
        Event, ProjectId, RunId, Settled, TaskDraft, TaskId, Token, Words, step, team,
    };

    const NOW: Time = Time(1_000_000);

    /// A project with the default team, and a task that the PM works on.
    fn at_work() -> State {
        let team = Box::new(team::parse(team::DEFAULT_TEAM).unwrap());
        let mut state = State::default();
        let project = Event::ProjectAdded { name: "p".into(), root: "/p".into(), team };
        happens(&mut state, &project, NOW);
        add(&mut state, &[]);
        settle(&mut state, &Settled::Started { head: CommitId("0".repeat(40)) });
        state
    }

    fn add(state: &mut State, after: &[u64]) {
        let depends_on = after.iter().map(|id| TaskId(*id)).collect();
        let draft = TaskDraft { title: "t".into(), depends_on, ..TaskDraft::default() };
        happens(state, &Event::TaskAdded { project: ProjectId(1), draft }, NOW);
    }

    fn happens(state: &mut State, event: &Event, now: Time) {
        let step = step(state, event, now).unwrap();
        assert_eq!(step.dropped, None, "{event:?}");
        state.apply(step.change);
    }

    fn settle(state: &mut State, result: &Settled) {
        let effects: Vec<_> = state.outbox.keys().copied().collect();
        for effect in effects {
            happens(state, &Event::Settled { effect, result: result.clone() }, NOW);
        }
    }

    fn says(state: &mut State, words: Words) {
        let event = Event::Said { run: RunId(1), token: Token(1), offset: 1, words };
        happens(state, &event, NOW);
    }

    fn check(what: &str, state: &State, idle: bool, waiting: u64) {
        let found = super::idle(state, NOW);
        assert_eq!((found.idle, found.waiting), (idle, waiting), "{what}: {found:?}");
        assert_eq!(found.moves.is_none(), idle, "{what}: {found:?}");
    }

    #[test]
    fn nothing_to_do_is_idle_and_an_agent_at_work_is_not() {
        check("nothing", &State::default(), true, 0);
        check("at work", &at_work(), false, 0);
    }

    #[test]
    fn a_question_to_the_human_is_idle_and_so_is_what_comes_after_it() {
        let mut state = at_work();
        add(&mut state, &[1]);
        add(&mut state, &[2]);
        let (key, text, options) = ("k".into(), "which?".into(), Vec::new());
        says(&mut state, Words::Asks { key, text, options, about: None });
        check("asked", &state, true, 3);
        add(&mut state, &[]);
        check("the only PM is taken until the answer", &state, true, 3);
    }

    #[test]
    fn a_limit_is_not_idle() {
        let mut state = at_work();
        let until = Some(NOW + crew_core::Millis::hours(1));
        says(&mut state, Words::Limited { until, message: "later".into() });
        settle(&mut state, &Settled::Stopped);
        check("limited", &state, false, 0);
    }

    #[test]
    fn a_backoff_is_not_idle() {
        let mut state = at_work();
        let how = "killed".into();
        happens(&mut state, &Event::Exited { run: RunId(1), token: Token(1), how }, NOW);
        settle(&mut state, &Settled::Saved { head: CommitId("0".repeat(40)) });
        check("backoff", &state, false, 0);
    }

    #[test]
    fn paused_and_stopped_are_idle_once_the_agent_is_gone() {
        for hold in [Event::TaskPaused { task: TaskId(1) }, Event::EmergencyStopped] {
            let mut state = at_work();
            happens(&mut state, &hold, NOW);
            check("its agent ends", &state, false, 1);
            settle(&mut state, &Settled::Stopped);
            settle(&mut state, &Settled::Saved { head: CommitId("0".repeat(40)) });
            check("held back, and what was done is saved", &state, true, 1);
        }
    }
}
