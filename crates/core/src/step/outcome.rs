//! What came of effects. Each is settled once; what comes again is dropped.

use super::{agent, answer, candidates, flow, gates, github, limit, pull, tell};
use crate::effect::{Effect, SaveAs};
use crate::event::Settled;
use crate::judged::GateResult;
use crate::run::{Outcome, Purpose, Run, RunEvent, RunState, Trouble, TroubleKind};
use crate::state::Draft;
use crate::task::{CommitId, GateAt, Phase, Retry, bounded};
use crate::{EffectId, Millis, Refusal, RunId, StageName, TaskId, Token};

/// How long a merge that cannot be done now waits before it is tried again.
const HELD_PAUSE: Millis = Millis::seconds(20);

pub(super) fn settled(d: &mut Draft<'_>, id: EffectId, result: &Settled) -> Result<(), Refusal> {
    let effect = d.settle(id).ok_or(Refusal::Stale("that effect was settled before"))?;
    match effect {
        Effect::Start { run, token } => start_settled(d, run, token, result),
        Effect::Stop { run, token } | Effect::Interrupt { run, token } => {
            stop_settled(d, run, token)
        }
        Effect::Send { .. } | Effect::Remind { .. } | Effect::Reply { .. } => Ok(()),
        Effect::Tell { run, token, remark, .. } => tell::settled(d, (run, token), remark.number),
        Effect::Release { task } => release_settled(d, task, result),
        Effect::Save { run, how: SaveAs::Checkpoint } => checkpoint_settled(d, run, result),
        Effect::Save { run, .. } => save_settled(d, id, run, result),
        Effect::Combine { task, .. } => combine_settled(d, id, task, result),
        Effect::Check { task, .. } => check_settled(d, id, task, result),
        Effect::Merge { task, .. } => merge_settled(d, id, task, result),
        Effect::Publish { task, want } => github::settled(d, task, &want, result),
        Effect::Pull { task, want } => pull::settled(d, task, &want, result),
    }
}

/// What could not be given back is tried again when the PM looks for what fell through the cracks.
fn release_settled(d: &mut Draft<'_>, id: TaskId, result: &Settled) -> Result<(), Refusal> {
    match result {
        Settled::Released => Ok(()),
        Settled::NotReleased { why } => {
            d.task_mut(id)?.kept = Some(bounded(why));
            Ok(())
        }
        _ => Err(Refusal::Stale("that is no result of giving worktrees back")),
    }
}

fn start_settled(
    d: &mut Draft<'_>,
    id: RunId,
    token: Token,
    result: &Settled,
) -> Result<(), Refusal> {
    let run = d.run(id)?;
    if run.token != token {
        return Err(Refusal::Stale("it comes from an earlier start of the run"));
    }
    if !run.state.holds_agent() {
        return Err(Refusal::Stale("the run has no agent any more"));
    }
    let preparing = matches!(run.state, RunState::Preparing { .. });
    match result {
        Settled::StartedAnew => {
            answer::note_anew(d, id)?;
            if preparing { agent::started(d, id) } else { Ok(()) }
        }
        Settled::Started { head } => {
            note_worktree(d, id, head)?;
            if preparing { agent::started(d, id) } else { Ok(()) }
        }
        Settled::NotStarted { trouble } => {
            d.run_mut(id)?.trouble = Some(trouble.clone());
            if preparing { agent::failed(d, id, "") } else { agent::ended(d, id, "") }
        }
        // Nobody has failed: it waits in the queue, where one sees for what.
        Settled::NoSpace if preparing => {
            limit::release_probe(d, id)?;
            let not_before = d.now;
            d.move_run(id, RunEvent::Requeue { not_before })
        }
        Settled::NoSpace => agent::ended(d, id, ""),
        _ => Err(Refusal::Stale("that is no result of a start")),
    }
}

/// A worktree is ready. If the base branch had to be merged into it, that is done when all who work
/// on the task have got theirs.
fn note_worktree(d: &mut Draft<'_>, id: RunId, head: &CommitId) -> Result<(), Refusal> {
    let Run { task, slot, ref purpose, .. } = *d.run(id)?;
    if d.run(id)?.is_aside() {
        return Ok(());
    }
    let works = *purpose == Purpose::Work;
    if slot == 0 {
        d.task_mut(task)?.head.get_or_insert_with(|| head.clone());
    }
    let awaits_one = |run: &RunId| {
        let state = d.run(*run).map(|run| &run.state);
        *run != id && matches!(state, Ok(RunState::Queued { .. } | RunState::Preparing { .. }))
    };
    if works && !d.runs_of(task).iter().any(awaits_one) {
        d.task_mut(task)?.catch_up = false;
    }
    Ok(())
}

/// The agent is certainly gone. Its exit was reported before, unless it never started.
fn stop_settled(d: &mut Draft<'_>, id: RunId, token: Token) -> Result<(), Refusal> {
    let run = d.run(id)?;
    if run.token == token && matches!(run.state, RunState::Stopping { .. }) {
        agent::ended(d, id, "it was stopped")
    } else {
        Ok(())
    }
}

fn save_settled(
    d: &mut Draft<'_>,
    effect: EffectId,
    id: RunId,
    result: &Settled,
) -> Result<(), Refusal> {
    let run = d.run(id)?;
    let (task, slot) = (run.task, run.slot);
    let RunState::Saving { effect: expected, outcome } = run.state else {
        return Err(Refusal::Stale("the run is not being saved"));
    };
    if expected != effect {
        return Err(Refusal::Stale("the run is being saved by another effect"));
    }
    let (is_aside, works) = (run.is_aside(), run.purpose == Purpose::Work);
    match result {
        // A worktree that could not be given back is nobody's work.
        Settled::Released | Settled::NotSaved { .. } if is_aside => flow::finish(d, id, outcome),
        Settled::Saved { head } => {
            if works && (slot > 0 || d.task(task)?.head.as_ref() != Some(head)) {
                d.run_mut(id)?.commit = Some(head.clone());
            }
            if slot == 0 {
                d.task_mut(task)?.head = Some(head.clone());
            }
            flow::finish(d, id, outcome)
        }
        Settled::NotSaved { why } => {
            let message = format!("its work could not be saved and stays where it is: {why}");
            d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Human, message });
            let outcome = if outcome == Outcome::Cancelled { outcome } else { Outcome::Error };
            flow::finish(d, id, outcome)
        }
        _ => Err(Refusal::Stale("that is no result of saving")),
    }
}

/// The worktree stays as it is, saved or not: whoever goes on finds all in it.
fn checkpoint_settled(d: &mut Draft<'_>, id: RunId, result: &Settled) -> Result<(), Refusal> {
    match result {
        Settled::NotSaved { why } => {
            let task = d.run(id)?.task;
            flow::remark(d, task, &format!("What {id} left is in its worktree only: {why}"))
        }
        _ => Ok(()),
    }
}

fn combine_settled(
    d: &mut Draft<'_>,
    effect: EffectId,
    id: TaskId,
    result: &Settled,
) -> Result<(), Refusal> {
    if let Settled::Combined { head } = result {
        d.task_mut(id)?.head = Some(head.clone()); // the branch is there, whatever the task does now
    }
    match d.task(id)?.phase {
        Phase::Combining { effect: expected, .. } if expected == effect => {}
        Phase::Moving { .. } | Phase::Closing => return Ok(()), // it waited for nothing but the end
        _ => return Err(Refusal::Stale("the task went elsewhere")),
    }
    match result {
        Settled::Combined { .. } => gates::open_all(d, id, None),
        Settled::NotCombined { why } => {
            let why = format!("what several agents did does not fit together: {why}");
            flow::stuck(d, id, &why, Retry::Stage)
        }
        _ => Err(Refusal::Stale("that is no result of combining")),
    }
}

fn check_settled(
    d: &mut Draft<'_>,
    effect: EffectId,
    id: TaskId,
    result: &Settled,
) -> Result<(), Refusal> {
    let gate = match d.task(id)?.phase.clone() {
        Phase::Checking { effect: expected, gate } if expected == effect => gate,
        Phase::Sifting { effect: expected, sieve } if expected == effect => {
            return candidates::check_settled(d, id, sieve, result);
        }
        _ => return Err(Refusal::Stale("the task went elsewhere")),
    };
    match result {
        Settled::Checked { passed: true, .. } => gates::next(d, id, &gate),
        Settled::Checked { passed: false, output } => {
            flow::remark(d, id, &format!("a check did not pass:\n{output}"))?;
            gates::refuse(d, id, &gate)
        }
        Settled::NotChecked { why } => not_checked(d, id, gate, why),
        _ => Err(Refusal::Stale("that is no result of a check")),
    }
}

/// A check that did not run is not green, and not the agent's fault either.
fn not_checked(d: &mut Draft<'_>, id: TaskId, gate: GateAt, why: &str) -> Result<(), Refusal> {
    gates::note(d, id, &gate, GateResult::NotRun)?;
    flow::stuck(d, id, &format!("a check did not run: {why}"), Retry::Gate(gate))
}

fn merge_settled(
    d: &mut Draft<'_>,
    effect: EffectId,
    id: TaskId,
    result: &Settled,
) -> Result<(), Refusal> {
    let Phase::Landing { effect: expected, commit, to } = d.task(id)?.phase.clone() else {
        return Err(Refusal::Stale("the task went elsewhere"));
    };
    if expected != effect {
        return Err(Refusal::Stale("the task went elsewhere"));
    }
    gates::note_merge(d, id, commit.as_ref(), result)?;
    match result {
        Settled::Merged { commit } => landed(d, id, commit.clone(), &to),
        Settled::Conflicted { files } => {
            let why = format!("it conflicts with the base branch in: {}", files.join(", "));
            d.task_mut(id)?.catch_up = true;
            flow::send_back(d, id, "crewhouse", &why)
        }
        Settled::MergeCheckFailed { output } => {
            let why = format!("merged with the base branch, it does not pass:\n{output}");
            d.task_mut(id)?.catch_up = true;
            flow::send_back(d, id, "crewhouse", &why)
        }
        Settled::MergeHeld { why } => {
            let until = d.now + HELD_PAUSE;
            d.task_mut(id)?.phase = Phase::Held { why: why.clone(), until, commit, to };
            Ok(())
        }
        _ => Err(Refusal::Stale("that is no result of a merge")),
    }
}

fn landed(d: &mut Draft<'_>, id: TaskId, commit: CommitId, to: &StageName) -> Result<(), Refusal> {
    flow::enter(d, id, to)?;
    flow::expire_asks_of(d, id)?;
    d.task_mut(id)?.phase = Phase::Done { commit };
    d.effect(Effect::Release { task: id });
    Ok(())
}
