//! Best of n: which of several results is kept.
//!
//! Who failed is out, then who does not pass the checks of the stage; among those that are left a judge
//! chooses. Where one is left, nobody has to.

use super::flow::{self, place};
use super::work;
use crate::effect::Effect;
use crate::event::Settled;
use crate::judged::Sieve;
use crate::protocol::Verdict;
use crate::run::{Outcome, Purpose, Run};
use crate::state::Draft;
use crate::task::{Phase, Retry};
use crate::team::{Gate, Work};
use crate::{Refusal, RunId, TaskId};

/// Those of a best-of-n that made something to choose among; none if these are no candidates, or
/// if all of them failed.
pub(super) fn fit(d: &mut Draft<'_>, runs: &[Run]) -> Result<Option<Vec<RunId>>, Refusal> {
    let Some(task) = runs.first().map(|run| run.task) else { return Ok(None) };
    let is_best_of_n = matches!(place(d, task)?.1.work, Work::BestOfN { .. });
    if !is_best_of_n || runs.iter().any(|run| run.slot == 0) {
        return Ok(None);
    }
    let (mut fit, mut out) = (Vec::new(), Vec::new());
    for run in runs {
        match unfit(d, run)? {
            None => fit.push(run.id),
            Some(why) => out.push(format!("candidate {} is out: {why}", run.slot)),
        }
    }
    if fit.is_empty() {
        return Ok(None);
    }
    for why in out {
        flow::remark(d, task, &why)?;
    }
    Ok(Some(fit))
}

/// Why a run made nothing to choose.
fn unfit(d: &Draft<'_>, run: &Run) -> Result<Option<String>, Refusal> {
    let Some(response) = run.response.as_ref().filter(|_| run.outcome() == Some(Outcome::Done))
    else {
        let said = run.response.as_ref().map(|response| response.summary.clone());
        let trouble = run.trouble.as_ref().map(|trouble| trouble.message.clone());
        return Ok(Some(trouble.or(said).unwrap_or_else(|| "it made nothing".to_owned())));
    };
    if let Err(why) = work::check_response(d, run, response) {
        return Ok(Some(why));
    }
    let back = &place(d, run.task)?.1.back;
    let wanted = response.label.as_ref().map(|label| &label.to);
    let goes_back = back.as_ref().is_some_and(|back| wanted == Some(back));
    Ok((goes_back || response.verdict == Some(Verdict::Fail)).then(|| response.summary.clone()))
}

/// Lets the checks of the stage decide which candidates there is to choose among. Where one is left,
/// that is the one already.
pub(super) fn sift(d: &mut Draft<'_>, id: TaskId, mut sieve: Sieve) -> Result<(), Refusal> {
    let gates = place(d, id)?.1.gates.clone();
    while let Some(run) = sieve.left.first().copied().filter(|_| !is_decided(&sieve)) {
        let behind = gates.iter().zip(0_u32..).skip(sieve.gate as usize);
        let mut checks = behind.filter_map(|(gate, index)| match gate {
            Gate::Check { command, timeout, .. } => Some((command.clone(), *timeout, index)),
            Gate::Verdict(_) | Gate::Human => None,
        });
        if let Some((command, timeout, index)) = checks.next() {
            let Run { slot, commit, .. } = d.run(run)?.clone();
            let effect = d.effect(Effect::Check { task: id, slot, commit, command, timeout });
            sieve.gate = index;
            d.task_mut(id)?.phase = Phase::Sifting { effect, sieve };
            return Ok(());
        }
        sieve.left.remove(0);
        sieve.passed.push(run);
        sieve.gate = 0;
    }
    choose(d, id, sieve)
}

/// Whether the one that is left is the only one: the gates will check it.
fn is_decided(sieve: &Sieve) -> bool {
    sieve.passed.is_empty() && sieve.unchecked.is_empty() && sieve.left.len() == 1
}

/// A candidate was checked.
pub(super) fn check_settled(
    d: &mut Draft<'_>,
    id: TaskId,
    mut sieve: Sieve,
    result: &Settled,
) -> Result<(), Refusal> {
    match result {
        Settled::Checked { passed: true, .. } => sieve.gate += 1,
        Settled::Checked { passed: false, output } => {
            let run = sieve.left.remove(0);
            let slot = d.run(run)?.slot;
            let why = format!("candidate {slot} is out: a check did not pass:\n{output}");
            flow::remark(d, id, &why)?;
            sieve.gate = 0;
        }
        // It may be the candidate's fault, or nobody's: the others go on without it.
        Settled::NotChecked { why } => {
            let run = sieve.left.remove(0);
            let slot = d.run(run)?.slot;
            flow::remark(d, id, &format!("candidate {slot} was not checked: {why}"))?;
            sieve.unchecked.push(run);
            sieve.gate = 0;
        }
        _ => return Err(Refusal::Stale("that is no result of a check")),
    }
    sift(d, id, sieve)
}

/// The judge chooses, where there is a choice. A stage that has no judge any more begins again.
fn choose(d: &mut Draft<'_>, id: TaskId, sieve: Sieve) -> Result<(), Refusal> {
    let Sieve { passed: mut candidates, left, unchecked, .. } = sieve;
    candidates.extend(left);
    if candidates.is_empty() {
        let sieve = Sieve { left: unchecked, ..Sieve::default() };
        let why = "no candidate could be checked to the end";
        return flow::stuck(d, id, why, Retry::Choice(sieve));
    }
    if let [only] = *candidates {
        return keep(d, id, only);
    }
    let Work::BestOfN { judge, .. } = place(d, id)?.1.work.clone() else {
        d.task_mut(id)?.phase = Phase::Waiting;
        return Ok(());
    };
    let run = flow::new_run(d, id, &judge, Purpose::Choose, 0)?;
    d.task_mut(id)?.phase = Phase::Choosing { run, candidates };
    Ok(())
}

/// The judge is done. What is no clear choice is none.
pub(super) fn choice_finished(
    d: &mut Draft<'_>,
    run: &Run,
    outcome: Outcome,
) -> Result<(), Refusal> {
    let Phase::Choosing { run: expected, candidates } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    let pick = run.response.as_ref().and_then(|response| response.pick);
    let is_pick = |id: &&RunId| d.run(**id).is_ok_and(|run| Some(run.slot) == pick);
    match candidates.iter().find(is_pick) {
        Some(chosen) if outcome == Outcome::Done => keep(d, run.task, *chosen),
        Some(_) | None => {
            let why = format!("{} chose none of the candidates", run.role);
            let sieve = Sieve { passed: candidates, ..Sieve::default() };
            flow::stuck(d, run.task, &why, Retry::Choice(sieve))
        }
    }
}

/// The work of the task goes on with what one candidate made.
fn keep(d: &mut Draft<'_>, id: TaskId, chosen: RunId) -> Result<(), Refusal> {
    let slot = d.run(chosen)?.slot;
    flow::remark(d, id, &format!("candidate {slot} is kept"))?;
    work::combine(d, id, vec![chosen])
}
