//! The gates of a stage: each judges the same commit, one after the other.

use super::flow::{self, place};
use crate::call::Met;
use crate::effect::Effect;
use crate::event::Settled;
use crate::judged::{GateResult, Judged, MERGE};
use crate::protocol::Verdict;
use crate::run::{Outcome, Purpose, Run};
use crate::state::Draft;
use crate::task::{CommitId, GateAt, Phase, Retry};
use crate::team::Gate;
use crate::{Refusal, StageName, TaskId};

/// The work of the stage is one commit now: its gates are next.
pub(super) fn open_all(
    d: &mut Draft<'_>,
    id: TaskId,
    to: Option<StageName>,
) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let to = to.or_else(|| stage.next.first().cloned());
    let to = to.ok_or_else(|| Refusal::NoStage(stage.name.clone()))?;
    let commit = d.task(id)?.head.clone();
    open(d, id, GateAt { index: 0, commit, to })
}

/// The task has nothing to land: behind the gates of its stage is the end. Whatever may be on its branch
/// all the same is not what anybody has judged.
pub(super) fn open_end(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let end = place(d, id)?.0.stages.last().map(|end| end.name.clone());
    let to = end.ok_or(Refusal::Stale("the team has no stages"))?;
    open(d, id, GateAt { index: 0, commit: None, to })
}

/// The gate was passed.
pub(super) fn next(d: &mut Draft<'_>, id: TaskId, passed: &GateAt) -> Result<(), Refusal> {
    note(d, id, passed, GateResult::Passed)?;
    open(d, id, passed.following())
}

/// Asks what the gate asks for; behind the last gate the task leaves.
pub(super) fn open(d: &mut Draft<'_>, id: TaskId, gate: GateAt) -> Result<(), Refusal> {
    let gate = gate.opened();
    let phase = match place(d, id)?.1.gates.get(gate.index as usize).cloned() {
        None => Phase::Leaving { to: gate.to, commit: gate.commit },
        Some(Gate::Human) => Phase::Approving { gate },
        Some(Gate::Verdict(role)) => {
            let run = flow::new_run(d, id, &role, Purpose::Verdict, 0)?;
            d.run_mut(run)?.judges.clone_from(&gate.commit);
            Phase::Judging { run, gate }
        }
        Some(Gate::Check { command, timeout, .. }) => {
            let commit = gate.commit.clone();
            let check = Effect::Check { task: id, slot: 0, commit, command, timeout };
            Phase::Checking { effect: d.effect(check), gate }
        }
    };
    d.task_mut(id)?.phase = phase;
    Ok(())
}

/// A judge's run is over. What is no clear verdict is not green.
pub(super) fn verdict_finished(
    d: &mut Draft<'_>,
    run: &Run,
    outcome: Outcome,
) -> Result<(), Refusal> {
    let Phase::Judging { run: expected, gate } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    if gate.commit.is_some() && d.task(run.task)?.head != gate.commit {
        let why = format!("the commit changed while {} judged it, which is not green", run.role);
        return flow::stuck(d, run.task, &why, Retry::Gate(gate));
    }
    let verdict = run.response.as_ref().and_then(|response| response.verdict);
    let mut judged = run.response.iter().flat_map(|response| &response.criteria);
    let unclear = run.response.as_ref().is_some_and(|response| !response.answers.is_empty());
    let all_are_met = !unclear && judged.all(|answer| answer.met == Met::Met);
    let is_backed = run.response.as_ref().is_some_and(|response| !response.evidence.is_empty());
    match verdict {
        Some(Verdict::Pass) if outcome == Outcome::Done && all_are_met && is_backed => {
            next(d, run.task, &gate)
        }
        Some(Verdict::Fail) => refuse(d, run.task, &gate),
        Some(Verdict::Pass) | None => {
            note(d, run.task, &gate, GateResult::NotRun)?;
            let why = match (verdict, all_are_met) {
                (Some(_), false) => {
                    "said that it passes, and that a criterion is not met, or one that there is not"
                }
                (Some(_), true) if !is_backed => "said that it passes, and gave no evidence",
                _ => "gave no verdict",
            };
            let why = format!("{} {why}, which is not green", run.role);
            flow::stuck(d, run.task, &why, Retry::Gate(gate))
        }
    }
}

/// The commit does not pass: back to where it is worked on. If that left it as it was, going round
/// once more changes nothing.
pub(super) fn refuse(d: &mut Draft<'_>, id: TaskId, gate: &GateAt) -> Result<(), Refusal> {
    note(d, id, gate, GateResult::Failed)?;
    let task = d.task_mut(id)?;
    let is_same = gate.commit.is_some() && task.refused == gate.commit;
    task.refused.clone_from(&gate.commit);
    let from = task.stage.clone();
    flow::go_back(d, id)?;
    if is_same && d.task(id)?.phase == Phase::Waiting {
        let why = format!("it came to {from} as it was, and did not pass again");
        return flow::stuck(d, id, &why, Retry::Stage);
    }
    Ok(())
}

/// Notes what a gate said. One that is not there any more said nothing.
pub(super) fn note(
    d: &mut Draft<'_>,
    id: TaskId,
    at: &GateAt,
    result: GateResult,
) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let Some(gate) = stage.gates.get(at.index as usize) else { return Ok(()) };
    let (stage, gate) = (stage.name.clone(), gate.label().to_owned());
    let now = d.now;
    let task = d.task_mut(id)?;
    let run = if let Phase::Judging { run, .. } = task.phase { Some(run) } else { None };
    task.note(Judged { stage, gate, result, commit: at.commit.clone(), at: now, run });
    Ok(())
}

/// Notes that a commit did not get to the base branch.
pub(super) fn note_merge(
    d: &mut Draft<'_>,
    id: TaskId,
    commit: Option<&CommitId>,
    settled: &Settled,
) -> Result<(), Refusal> {
    let now = d.now;
    let task = d.task_mut(id)?;
    if let Settled::Conflicted { .. } | Settled::MergeCheckFailed { .. } = settled {
        let (stage, gate) = (task.stage.clone(), MERGE.to_owned());
        let (result, commit) = (GateResult::Failed, commit.cloned());
        task.note(Judged { stage, gate, result, commit, at: now, run: None });
    } else {
        task.judged.retain(|judged| judged.gate != MERGE);
    }
    Ok(())
}

/// The gates of the stage are other ones now: what passed the old ones is judged by all of the new.
/// What waits for a check or a judge gets that result first.
pub(super) fn judge_again(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    match d.task(id)?.phase.clone() {
        Phase::Checking { effect, gate } => {
            d.task_mut(id)?.phase = Phase::Checking { effect, gate: gate.restarted() };
            Ok(())
        }
        Phase::Judging { run, gate } => {
            d.task_mut(id)?.phase = Phase::Judging { run, gate: gate.restarted() };
            Ok(())
        }
        Phase::Stuck { why, ask, retry: Retry::Gate(gate) } => {
            let retry = Retry::Gate(gate.restarted());
            d.task_mut(id)?.phase = Phase::Stuck { why, ask, retry };
            Ok(())
        }
        Phase::Approving { gate } => open(d, id, gate.restarted()),
        Phase::Leaving { to, commit } | Phase::Held { to, commit, .. } => {
            open(d, id, GateAt { index: 0, commit, to })
        }
        Phase::Waiting
        | Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Asking { .. }
        | Phase::Sifting { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Landing { .. }
        | Phase::Stuck { .. }
        | Phase::Moving { .. }
        | Phase::Closing
        | Phase::Done { .. }
        | Phase::Cancelled => Ok(()),
    }
}
