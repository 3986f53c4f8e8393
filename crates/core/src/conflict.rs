//! Agents in each other's way: tasks of a project that change the same files, and neither has landed.

use std::collections::{BTreeMap, BTreeSet};

use crate::TaskId;
use crate::task::Task;

/// The other tasks that have changed files of this one, and which. `open` are those that are not over.
pub fn conflicts<'a>(
    open: impl IntoIterator<Item = &'a Task>,
    task: &Task,
) -> BTreeMap<TaskId, BTreeSet<String>> {
    let mine: BTreeSet<&String> = task.touched.values().flatten().collect();
    if mine.is_empty() || task.is_over() {
        return BTreeMap::new();
    }
    let is_other = |other: &&Task| other.id != task.id && other.project == task.project;
    let shared = |other: &Task| -> BTreeSet<String> {
        other.touched.values().flatten().filter(|file| mine.contains(file)).cloned().collect()
    };
    let others = open.into_iter().filter(is_other).map(|other| (other.id, shared(other)));
    others.filter(|(_, files)| !files.is_empty()).collect()
}
