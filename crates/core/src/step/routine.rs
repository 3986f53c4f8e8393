//! Routines: tasks that come by themselves. One comes when it is due and nothing of it is open.

use std::collections::BTreeMap;

use super::timer::is_due;
use super::{flow, human};
use crate::event::TaskDraft;
use crate::project::{Came, Project};
use crate::state::Draft;
use crate::team::{Routine, When};
use crate::{Millis, ProjectId, Refusal, RoutineName, TaskId, Time};

/// When a routine came that the team has no more is known for so long.
const KEPT: Millis = Millis::hours(30 * 24);

/// Adds the tasks that are due. A routine that is new comes when its time is over for the first time.
pub(super) fn tick(d: &mut Draft<'_>, id: ProjectId) -> Result<(), Refusal> {
    let Project { team, routines, .. } = d.project(id)?;
    let known: BTreeMap<RoutineName, Routine> = team.routines.clone();
    // One that is gone from the team may come back: a branch without it was checked out.
    let is_forgotten = |(name, came): &(&RoutineName, &Came)| {
        !known.contains_key(*name) && !is_open(d, came) && is_due(came.at + KEPT, KEPT, d.now)
    };
    let forgotten: Vec<_> = routines.iter().filter(is_forgotten).map(|it| it.0.clone()).collect();
    if !forgotten.is_empty() {
        d.project_mut(id)?.routines.retain(|name, _| !forgotten.contains(name));
    }
    for (name, routine) in known {
        let due = due(d, id, &name, &routine);
        if !due.is_some_and(|due| is_due(due, routine.every, d.now)) {
            continue;
        }
        let is_new = !d.project(id)?.routines.contains_key(&name);
        let at = d.now;
        // One that is refused is not tried again at once: its time begins anew.
        let task = if is_new { None } else { add(d, id, &name, &routine).ok() };
        let asks = d.change.meta.ask;
        d.project_mut(id)?.routines.insert(name, Came { at, task, asks });
    }
    Ok(())
}

/// When the next one is to be looked at, as things are now; `None`: not before something happens.
pub(super) fn next(d: &Draft<'_>, id: ProjectId) -> Option<Time> {
    let project = d.project(id).ok()?;
    project.team.routines.iter().filter_map(|(name, routine)| due(d, id, name, routine)).min()
}

fn add(
    d: &mut Draft<'_>,
    id: ProjectId,
    name: &RoutineName,
    routine: &Routine,
) -> Result<TaskId, Refusal> {
    let Routine { title, body, .. } = routine.clone();
    let task = human::add_task(d, id, &TaskDraft { title, body, ..TaskDraft::default() })?;
    flow::remark(d, task, &format!("it comes by the routine `{name}`"))?;
    Ok(task)
}

fn due(d: &Draft<'_>, id: ProjectId, name: &RoutineName, routine: &Routine) -> Option<Time> {
    if d.change.meta.stopped.is_some() {
        return None;
    }
    let Some(came) = d.project(id).ok()?.routines.get(name) else { return Some(d.now) };
    (!is_open(d, came) && is_wanted(d, id, came, routine.when)).then_some(came.at + routine.every)
}

fn is_open(d: &Draft<'_>, came: &Came) -> bool {
    came.task.is_some_and(|task| d.task(task).is_ok_and(|task| !task.is_over()))
}

fn is_wanted(d: &Draft<'_>, id: ProjectId, came: &Came, when: When) -> bool {
    let is_of_routine = |task: TaskId| d.project(id).is_ok_and(|it| it.routine_of(task).is_some());
    match when {
        When::Time => true,
        When::Idle => {
            !d.open_tasks().iter().any(|task| task.project == id && !is_of_routine(task.id))
        }
        // What is proposed is no trouble, and perhaps its own work.
        When::Trouble => d.open_asks().any(|ask| {
            let is_proposed = d.task(ask.task).is_ok_and(|task| task.proposed_by.is_some());
            ask.project == id && ask.id > came.asks && !is_of_routine(ask.task) && !is_proposed
        }),
    }
}
