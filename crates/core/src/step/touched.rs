//! What agents have changed so far, and who changes the same: both are told, once, while it is early.

use std::collections::BTreeSet;

use super::{agent, flow, tell};
use crate::conflict::conflicts;
use crate::state::Draft;
use crate::task::{BY_CREWHOUSE, Phase};
use crate::team::Work;
use crate::{Refusal, RunId, TaskId, Token};

/// Files of a worktree that are remembered.
const FILES_MAX: usize = 2_000;
/// Files that a remark names.
const NAMED_MAX: usize = 3;
/// Other tasks that a task is told of one by one; the card shows all. Where each of a hundred changes the
/// same file, everybody would be told of everybody.
const TOLD_MAX: usize = 5;

/// A run has changed these files, and no others.
pub(super) fn touched(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    files: &BTreeSet<String>,
) -> Result<(), Refusal> {
    agent::fence(d, id, token)?;
    let run = d.run(id)?;
    if run.is_aside() {
        return Err(Refusal::Stale("who answers a question changes nothing"));
    }
    let (task, slot) = (run.task, run.slot);
    let before = conflicts(d.open_tasks(), d.task(task)?);
    let beside = files_beside(d, task, slot)?;
    if d.task(task)?.touched.get(&slot).is_none_or(|known| known.is_disjoint(&beside)) {
        warn_of_each_other(d, task, files.intersection(&beside))?;
    }
    let files = files.iter().take(FILES_MAX).cloned().collect();
    d.task_mut(task)?.touched.insert(slot, files);
    let after = conflicts(d.open_tasks(), d.task(task)?);
    let fresh = after.iter().filter(|(other, _)| !before.contains_key(other));
    for (told, (other, files)) in (before.len()..).zip(fresh) {
        warn(d, task, (*other, files), told)?;
        let told = conflicts(d.open_tasks(), d.task(*other)?).len().saturating_sub(1);
        warn(d, *other, (task, files), told)?;
    }
    Ok(())
}

/// What others change who work on the same task at the same time, to be merged with this. Of
/// candidates one is kept: they are in nobody's way.
fn files_beside(d: &Draft<'_>, id: TaskId, slot: u32) -> Result<BTreeSet<String>, Refusal> {
    let task = d.task(id)?;
    let (Phase::Working(progress), Work::Parallel(_)) = (&task.phase, &flow::place(d, id)?.1.work)
    else {
        return Ok(BTreeSet::new());
    };
    let slots = progress.runs.iter().filter_map(|run| Some(d.run(*run).ok()?.slot));
    let others = slots.filter(|other| *other != slot).filter_map(|other| task.touched.get(&other));
    Ok(others.flatten().cloned().collect())
}

/// They are told at once: each has a worktree of its own, and sees nothing of the others. Once for two,
/// as what more they share is told when it does not fit together.
fn warn_of_each_other<'a>(
    d: &mut Draft<'_>,
    task: TaskId,
    files: impl Iterator<Item = &'a String>,
) -> Result<(), Refusal> {
    let mut named: Vec<&str> = files.take(NAMED_MAX + 1).map(String::as_str).collect();
    if named.is_empty() {
        return Ok(());
    }
    if named.len() > NAMED_MAX {
        named[NAMED_MAX] = "…";
    }
    let what = named.join(", ");
    let text = format!(
        "Several who work on this task at the same time change {what}; it will be brought together, so change no more of it than you must."
    );
    let now = d.now;
    d.task_mut(task)?.say(now, BY_CREWHOUSE, text);
    tell::all(d, task)
}

/// Whoever works on the task next reads it too. It was `told` of so many others before.
fn warn(
    d: &mut Draft<'_>,
    task: TaskId,
    (other, files): (TaskId, &BTreeSet<String>),
    told: usize,
) -> Result<(), Refusal> {
    if told > TOLD_MAX {
        return Ok(());
    }
    let mut named: Vec<&str> = files.iter().take(NAMED_MAX).map(String::as_str).collect();
    if files.len() > NAMED_MAX {
        named.push("…");
    }
    let what = named.join(", ");
    let text = if told == TOLD_MAX {
        format!("{other} changes {what} as well, and is not the last: the card shows them all.")
    } else {
        format!("{other} changes {what} as well; whoever lands second brings both together.")
    };
    flow::remark(d, task, &text)
}

/// What is over is in nobody's way.
pub(super) fn forget(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let over = d.change.tasks.values().filter(|task| task.is_over() && !task.touched.is_empty());
    let over: Vec<TaskId> = over.map(|task| task.id).collect();
    over.into_iter().try_for_each(|id| {
        d.task_mut(id)?.touched.clear();
        Ok(())
    })
}
