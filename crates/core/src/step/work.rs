//! The work of a stage: its agents end, and what they made becomes one commit or a question.

use super::flow::{self, place};
use super::{candidates, consult, gates};
use crate::effect::Effect;
use crate::judged::Sieve;
use crate::protocol::{Response, Verdict};
use crate::run::{Outcome, Purpose, Run, TroubleKind};
use crate::state::Draft;
use crate::task::{Phase, Progress, Retry};
use crate::team::Work;
use crate::{Refusal, RunId, StageName, TaskId};

/// A run that worked is over; the stage goes on when the last of them is.
pub(super) fn finished(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let Phase::Working(progress) = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    let runs: Vec<Run> =
        progress.runs.iter().map(|id| d.run(*id).cloned()).collect::<Result<_, _>>()?;
    if !runs.contains(run) || runs.iter().any(|run| !run.is_over()) {
        return Ok(());
    }
    if let Some(fit) = candidates::fit(d, &runs)? {
        return candidates::sift(d, run.task, Sieve { left: fit, ..Sieve::default() });
    }
    if let Some(run) = runs.iter().find(|run| run.outcome() != Some(Outcome::Done)) {
        return failed(d, run, progress);
    }
    for run in &runs {
        if let Some(Err(about)) = run.response.as_ref().map(|r| check_response(d, run, r)) {
            return consult::ask_pm(d, run.task, &about, progress);
        }
    }
    complete_step(d, run.task, &runs, progress)
}

fn failed(d: &mut Draft<'_>, run: &Run, progress: Progress) -> Result<(), Refusal> {
    let words = run.response.as_ref().map_or_else(String::new, |r| r.summary.clone());
    let trouble = run.trouble.clone();
    match (run.outcome(), trouble) {
        (Some(Outcome::Request), _) => {
            consult::ask_pm(d, run.task, &format!("{} requests: {words}", run.role), progress)
        }
        (_, Some(trouble)) if trouble.kind == TroubleKind::Human => {
            let why = format!("{}: {}", run.role, trouble.message);
            flow::stuck(d, run.task, &why, Retry::Work(progress))
        }
        (outcome, trouble) => {
            let said = trouble.map_or(words, |trouble| trouble.message);
            let how =
                if outcome == Some(Outcome::Stalled) { "did not end in time" } else { "failed" };
            consult::ask_pm(d, run.task, &format!("{} {how}: {said}", run.role), progress)
        }
    }
}

/// Whether a response fits the task and the pipeline; the reason for the PM if it does not.
pub(super) fn check_response(d: &Draft<'_>, run: &Run, response: &Response) -> Result<(), String> {
    if let Some(issue) = response.issue.filter(|issue| *issue != run.task) {
        return Err(format!("{} worked on {} but responded about {issue}", run.role, run.task));
    }
    if let Some(answer) = response.answers.first() {
        return Err(format!(
            "{} answered criterion {} twice, or there is none of that number",
            run.role, answer.number
        ));
    }
    let Some(label) = &response.label else {
        return Ok(());
    };
    let allowed = place(d, run.task)
        .is_ok_and(|(team, stage)| label.from == stage.name && team.allows(&stage.name, &label.to));
    if allowed {
        Ok(())
    } else {
        Err(format!(
            "{} asked for `{} --> {}`, which the pipeline does not allow in {}",
            run.role, label.from, label.to, run.stage
        ))
    }
}

/// All agents of this step are done.
fn complete_step(
    d: &mut Draft<'_>,
    id: TaskId,
    runs: &[Run],
    progress: Progress,
) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let wanted = runs.iter().filter_map(|run| run.response.as_ref()?.label.as_ref());
    let wanted: Vec<StageName> = wanted.map(|label| label.to.clone()).collect();
    let failed = runs.iter().any(|run| {
        run.response.as_ref().is_some_and(|response| response.verdict == Some(Verdict::Fail))
    });
    if failed || stage.back.as_ref().is_some_and(|back| wanted.contains(back)) {
        return flow::go_back(d, id);
    }
    let to = wanted.last().cloned();
    let next_role = match &stage.work {
        Work::Sequence(roles) if runs.iter().all(|run| run.slot == 0) => {
            roles.get(progress.step as usize + 1).cloned()
        }
        Work::Sequence(_) | Work::Queue | Work::Parallel(_) | Work::BestOfN { .. } | Work::End => {
            None
        }
    };
    if let Some(role) = next_role {
        let step = progress.step + 1;
        let runs = vec![flow::new_run(d, id, &role, Purpose::Work, 0)?];
        d.task_mut(id)?.phase = Phase::Working(Progress { step, runs });
        return Ok(());
    }
    if runs.iter().all(|run| run.slot == 0) {
        return match to {
            None if found_nothing(d, id)? => gates::open_end(d, id),
            to => gates::open_all(d, id, to),
        };
    }
    // By now `team.toml` may say that one agent works here. What several made still becomes one.
    combine(d, id, progress.runs)
}

/// Whether it is a routine whose first workers changed nothing: there is nothing for the others.
fn found_nothing(d: &Draft<'_>, id: TaskId) -> Result<bool, Refusal> {
    let task = d.task(id)?;
    let has_changed = |run: &Run| run.task == id && run.commit.is_some();
    let ends = d.project(task.project)?.ends_unchanged(task);
    Ok(ends && !d.runs_backwards().any(has_changed))
}

/// The work of the task goes on with what these made.
pub(super) fn combine(d: &mut Draft<'_>, task: TaskId, runs: Vec<RunId>) -> Result<(), Refusal> {
    let mut slots = vec![0];
    for id in &runs {
        let run = d.run_mut(*id)?;
        run.kept = true;
        slots.push(run.slot);
    }
    d.task_mut(task)?.touched.retain(|slot, _| slots.contains(slot));
    let effect = d.effect(Effect::Combine { task, runs: runs.clone() });
    d.task_mut(task)?.phase = Phase::Combining { effect, runs };
    Ok(())
}

/// Does the part of the stage's work again that did not succeed; all of it if the team has changed
/// so much that this part has nobody to do it.
pub(super) fn redo(d: &mut Draft<'_>, id: TaskId, progress: Progress) -> Result<(), Refusal> {
    if progress.runs.is_empty() || !has_all_roles(d, id, &progress)? {
        d.task_mut(id)?.phase = Phase::Waiting;
        return Ok(());
    }
    let Progress { step, runs } = progress;
    let all_done = runs.iter().all(|run| succeeded(d, *run));
    let redone = runs
        .into_iter()
        .map(|old| {
            if succeeded(d, old) && !all_done {
                return Ok(old);
            }
            let Run { role, slot, session, provider, .. } = d.run(old)?.clone();
            let new = flow::new_run(d, id, &role, Purpose::Work, slot)?;
            let row = d.run_mut(new)?;
            row.session = session.filter(|_| row.provider == provider);
            Ok(new)
        })
        .collect::<Result<_, Refusal>>()?;
    d.task_mut(id)?.phase = Phase::Working(Progress { step, runs: redone });
    Ok(())
}

fn has_all_roles(d: &Draft<'_>, id: TaskId, progress: &Progress) -> Result<bool, Refusal> {
    let (team, _) = place(d, id)?;
    let known = |run: &RunId| d.run(*run).is_ok_and(|run| team.roles.contains_key(&run.role));
    Ok(progress.runs.iter().all(known))
}

fn succeeded(d: &Draft<'_>, run: RunId) -> bool {
    d.run(run).is_ok_and(|run| run.outcome() == Some(Outcome::Done))
}
