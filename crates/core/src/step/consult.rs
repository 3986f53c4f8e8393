//! What the pipeline does not decide: a turn of the PM, and after that the human.

use super::flow::{self, place};
use super::work;
use crate::ask::Asker;
use crate::protocol::Claim;
use crate::run::{Outcome, Purpose, Run};
use crate::state::Draft;
use crate::task::{Phase, Progress, Retry, bounded};
use crate::{Refusal, StageName, TaskId};

/// Asks the PM; the human when the PM was asked too often, or there is none.
pub(super) fn ask_pm(
    d: &mut Draft<'_>,
    id: TaskId,
    about: &str,
    progress: Progress,
) -> Result<(), Refusal> {
    let about = &bounded(about);
    flow::remark(d, id, about)?;
    let consults = d.task(id)?.consults;
    let team = place(d, id)?.0;
    let pm = team.coordinator().filter(|_| consults < team.limits.consults).cloned();
    let Some(pm) = pm else {
        return flow::stuck(d, id, about, Retry::Work(progress));
    };
    let run = flow::new_run(d, id, &pm, Purpose::Consult { about: about.to_owned() }, 0)?;
    let task = d.task_mut(id)?;
    task.consults += 1;
    task.phase = Phase::Consulting { run, progress };
    Ok(())
}

/// The PM has decided, or could not.
pub(super) fn finished(d: &mut Draft<'_>, run: &Run, outcome: Outcome) -> Result<(), Refusal> {
    let Phase::Consulting { run: expected, progress } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    let response = run.response.clone().filter(|_| outcome != Outcome::Stalled);
    let claim = response.as_ref().map(|response| response.claim);
    let summary = response.as_ref().map_or("", |response| response.summary.as_str());
    match claim {
        Some(Claim::Done) => {
            let to = response.as_ref().and_then(|response| response.label.as_ref());
            route(d, run.task, to.map(|label| &label.to), progress)
        }
        Some(Claim::Request) => ask_human(d, run, summary, progress),
        Some(Claim::Error) | None => {
            let words = run.trouble.as_ref().map_or(summary, |t| t.message.as_str()).to_owned();
            flow::stuck(d, run.task, &format!("{}: {words}", run.role), Retry::Work(progress))
        }
    }
}

/// The PM may send a task anywhere but to the end; without a word about it the work goes on.
fn route(
    d: &mut Draft<'_>,
    id: TaskId,
    to: Option<&StageName>,
    progress: Progress,
) -> Result<(), Refusal> {
    let (team, here) = place(d, id)?;
    match to.map(|name| (name, team.stage(name))) {
        None => work::redo(d, id, progress),
        Some((name, Some(_))) if *name == here.name => work::redo(d, id, progress),
        Some((name, Some(stage))) if !stage.is_end() => {
            let name = name.clone();
            flow::enter(d, id, &name)
        }
        Some((name, _)) => {
            let why = format!("the PM sent it to `{name}`, where nobody can send it");
            flow::stuck(d, id, &why, Retry::Work(progress))
        }
    }
}

fn ask_human(d: &mut Draft<'_>, run: &Run, text: &str, progress: Progress) -> Result<(), Refusal> {
    let ask = flow::new_ask(d, run.task, Asker::Request { run: run.id }, text, Vec::new())?;
    d.task_mut(run.task)?.phase = Phase::Asking { ask, progress };
    Ok(())
}

/// The human gave the input that was missing.
pub(super) fn answered(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    match d.task(id)?.phase.clone() {
        Phase::Asking { progress, .. } => work::redo(d, id, progress),
        _ => Ok(()),
    }
}
