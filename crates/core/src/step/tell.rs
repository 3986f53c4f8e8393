//! What people say about a task reaches the agents that are at work on it.
//!
//! ```text
//!  a remark ──► tell ──► brought to the agent ──► it says that it has taken it in
//!                 ▲               │
//!                 └── the next ◄──┘
//! ```
//!
//! One remark after the other, so that a number says how far an agent is. What it did not take in
//! before it ended stands in its next prompt, and so does what came while nobody was at work.

use crate::effect::Effect;
use crate::run::Run;
use crate::state::Draft;
use crate::{Refusal, RunId, TaskId, Token};

/// Somebody said something: whoever is at work on the task is told.
pub(super) fn all(d: &mut Draft<'_>, task: TaskId) -> Result<(), Refusal> {
    d.runs_of(task).into_iter().try_for_each(|run| next(d, run))
}

/// Brings an agent the next remark that it does not know, unless one is on its way.
pub(super) fn next(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let run = d.run(id)?;
    let (token, told) = (run.token, run.hearing.told);
    let is_for_it = |effect: &Effect| matches!(effect, Effect::Tell { run, token: of, .. } if (*run, *of) == (id, token));
    if !listens(d, run)? || d.outbox().any(is_for_it) {
        return Ok(());
    }
    let task = run.task;
    let remarks = &d.task(task)?.remarks;
    if let Some(remark) = remarks.iter().find(|remark| remark.number > told).cloned() {
        d.effect(Effect::Tell { run: id, token, task, remark });
    }
    Ok(())
}

/// A remark was brought to an agent, or the agent is gone.
pub(super) fn settled(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    remark: u64,
) -> Result<(), Refusal> {
    if d.run(id)?.token != token {
        return Err(Refusal::Stale("it was for an earlier start of the run"));
    }
    let hearing = &mut d.run_mut(id)?.hearing;
    hearing.told = hearing.told.max(remark);
    next(d, id)
}

/// An agent has taken a remark in.
pub(super) fn heard(d: &mut Draft<'_>, id: RunId, remark: u64) -> Result<(), Refusal> {
    let most = d.task(d.run(id)?.task)?.remarked;
    let hearing = &mut d.run_mut(id)?.hearing;
    hearing.heard = hearing.heard.max(remark.min(most));
    Ok(())
}

/// An agent has forgotten most of what it was told: it is reminded of what matters, if it can be. Its next
/// prompt has that in any case.
pub(super) fn compacted(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let run = d.run_mut(id)?;
    run.compactions += 1;
    let (token, compaction) = (run.token, run.compactions);
    if listens(d, d.run(id)?)? {
        d.effect(Effect::Remind { run: id, token, compaction });
    }
    Ok(())
}

/// Whether its agent takes in what is said to it now.
fn listens(d: &Draft<'_>, run: &Run) -> Result<bool, Refusal> {
    let provider = d.project(run.project)?.team.providers.get(&run.provider);
    Ok(run.listens() && !run.is_aside() && provider.is_some_and(|provider| provider.kind.hears()))
}
