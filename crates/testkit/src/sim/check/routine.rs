//! Tasks that come by themselves: only from a routine of the team, one at a time, in their time.

use crew_core::Event;
use crew_core::project::Project;
use crew_core::team::When;

use super::super::ledger::Ledger;
use super::Fact;

pub(in super::super) fn check(fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
    if !matches!(fact.event, Event::Ticked) {
        return Ok(());
    }
    let is_new = |id: &&crew_core::TaskId| !fact.before.tasks.contains_key(id);
    for id in fact.change.tasks.keys().filter(is_new) {
        let task = &fact.change.tasks[id];
        let after = fact.change.projects.get(&task.project);
        let name = after.and_then(|project| project.routine_of(*id));
        let name = name.ok_or_else(|| format!("{id} came by itself, from no routine"))?;
        let is_open = |id| fact.before.tasks.get(id).is_some_and(|task| !task.is_over());
        let others = ledger.came.iter().filter(|(other, of)| *other != id && *of == name);
        if let Some((other, _)) = others.into_iter().find(|(other, _)| is_open(*other)) {
            return Err(format!("{id} of the routine {name} came while {other} is open"));
        }
        came(fact, &fact.before.projects[&task.project], name)
            .map_err(|why| format!("{id} of the routine {name} came {why}"))?;
    }
    Ok(())
}

fn came(fact: &Fact<'_>, before: &Project, name: &crew_core::RoutineName) -> Result<(), String> {
    if fact.before.meta.stopped.is_some() {
        return Err("while everything is stopped".to_owned());
    }
    let (Some(routine), Some(last)) = (before.team.routines.get(name), before.routines.get(name))
    else {
        return Err("before it was known".to_owned());
    };
    let (due, was_set_back) = (last.at + routine.every, last.at > fact.now);
    if fact.now < due && !was_set_back {
        return Err(format!("at {:?}, and not before {due:?}", fact.now));
    }
    let others = fact.before.open_tasks().any(|task| before.routine_of(task.id).is_none());
    if routine.when == When::Idle && others {
        return Err("while others are open".to_owned());
    }
    Ok(())
}
