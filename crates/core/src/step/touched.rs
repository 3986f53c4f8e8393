//! What agents have changed so far, and who changes the same: both are told, once, while it is early.

use std::collections::BTreeSet;

use super::{agent, flow};
use crate::conflict::conflicts;
use crate::state::Draft;
use crate::{Refusal, RunId, TaskId, Token};

/// Files of a worktree that are remembered.
const FILES_MAX: usize = 2_000;
/// Files that a remark names.
const NAMED_MAX: usize = 3;

/// A run has changed these files, and no others.
pub(super) fn touched(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    files: &BTreeSet<String>,
) -> Result<(), Refusal> {
    agent::fence(d, id, token)?;
    let run = d.run(id)?;
    let (task, slot) = (run.task, run.slot);
    let before = conflicts(d.open_tasks(), d.task(task)?);
    let files = files.iter().take(FILES_MAX).cloned().collect();
    d.task_mut(task)?.touched.insert(slot, files);
    let after = conflicts(d.open_tasks(), d.task(task)?);
    for other in before.keys() {
        d.task_mut(*other)?; // its card shows something else now
    }
    for (other, files) in &after {
        d.task_mut(*other)?;
        if !before.contains_key(other) {
            warn(d, task, *other, files)?;
            warn(d, *other, task, files)?;
        }
    }
    Ok(())
}

/// Whoever works on the task next reads it too.
fn warn(
    d: &mut Draft<'_>,
    task: TaskId,
    other: TaskId,
    files: &BTreeSet<String>,
) -> Result<(), Refusal> {
    let mut named: Vec<&str> = files.iter().take(NAMED_MAX).map(String::as_str).collect();
    if files.len() > NAMED_MAX {
        named.push("…");
    }
    let what = named.join(", ");
    let text =
        format!("{other} changes {what} as well; whoever lands second brings both together.");
    flow::remark(d, task, &text)
}

/// What is over is in nobody's way.
pub(super) fn forget(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let over = d.change.tasks.values().filter(|task| task.is_over() && !task.touched.is_empty());
    let over: Vec<TaskId> = over.map(|task| task.id).collect();
    for id in over {
        let task = d.task(id)?;
        let mine: BTreeSet<&String> = task.touched.values().flatten().collect();
        let shares = |other: &&&crate::task::Task| {
            other.touched.values().flatten().any(|file| mine.contains(file))
        };
        let others: Vec<TaskId> =
            d.open_tasks().iter().filter(shares).map(|other| other.id).collect();
        d.task_mut(id)?.touched.clear();
        for other in others {
            d.task_mut(other)?; // its card shows something else now
        }
    }
    Ok(())
}
