//! Which provider a run is for, and what becomes of it while that one serves nothing.
//!
//! A run that has not begun goes to the first of its route that serves. One that has begun keeps its
//! provider: its conversation is there. If that provider is closed for long and another serves, the
//! run ends, what it left in the worktree is saved, and a new run goes on from there with a brief. No
//! turn is ever played again, so nothing that was done outside is done twice.

use std::collections::BTreeSet;

use super::dispatch::is_held_back;
use super::limit;
use super::{agent, flow, human};
use crate::run::{AfterStop, Outcome, Purpose, Run, RunEvent, RunState, Wait, Wish};
use crate::state::Draft;
use crate::team::{Role, Route, Team};
use crate::{ProviderName, Refusal, RoleName, RunId, TaskId, Time, Token};

/// Why the human's own choice is one.
const BY_HUMAN: &str = "you handed it over";

/// Where an agent is to come from.
pub(super) struct Choice {
    pub(super) provider: ProviderName,
    pub(super) why: Option<String>,
}

/// The first provider of the route that serves; while none does, the one that serves again first.
pub(super) fn choose(
    d: &Draft<'_>,
    id: TaskId,
    name: &RoleName,
    purpose: &Purpose,
) -> Result<Choice, Refusal> {
    let task = d.task(id)?;
    let team = &d.project(task.project)?.team;
    let missing = || Refusal::TeamStrands { what: format!("role `{name}`"), who: id.to_string() };
    let role = team.roles.get(name).ok_or_else(missing)?;
    let setbacks = if role.tier.is_some() { setbacks(d, id, name, purpose)? } else { 0 };
    let route = team.route(name, task, setbacks).ok_or_else(missing)?;
    let route = match purpose {
        Purpose::Work | Purpose::Consult { .. } | Purpose::Answer { .. } => route,
        Purpose::Verdict | Purpose::Choose => independent(d, team, id, route),
    };
    let shut =
        |provider: &ProviderName| limit::shut(d, team, &team.account(task.project, provider));
    let serves = route.providers.iter().position(|provider| shut(provider).is_none());
    let soonest = || {
        let shut = route.providers.iter().map(|provider| shut(provider).unwrap_or(Time(0)));
        shut.enumerate().min_by_key(|(_, until)| *until).map_or(0, |(at, _)| at)
    };
    let at = serves.unwrap_or_else(soonest);
    let why = match (route.why, at) {
        (Some(why), 0) => Some(why),
        (Some(why), _) => {
            let before: Vec<String> =
                route.providers[..at].iter().map(|provider| format!("`{provider}`")).collect();
            Some(format!("{why}; {} serves nothing for now", before.join(" and ")))
        }
        (None, _) => None,
    };
    Ok(Choice { provider: route.providers[at].clone(), why })
}

/// A judge has other blind spots than the author: who is of another family than all that worked on
/// the task comes before the others.
fn independent<'a>(d: &Draft<'_>, team: &Team, id: TaskId, route: Route<'a>) -> Route<'a> {
    let authors: BTreeSet<&str> = d
        .all_runs_of(id)
        .filter(|run| run.purpose == Purpose::Work && run.token > Token(0))
        .map(|run| team.family(&run.provider))
        .collect();
    let Route { providers, why } = route;
    let (others, same): (Vec<_>, Vec<_>) =
        providers.iter().partition(|provider| !authors.contains(team.family(provider)));
    let why = why.map(|why| match (others.first(), providers.first()) {
        (Some(judge), Some(first)) if judge != first => {
            format!("{why}; `{judge}` is of another family than who did the work")
        }
        (Some(_) | None, Some(_) | None) => why,
    });
    Route { providers: others.into_iter().chain(same).collect(), why }
}

/// How often the work of a stage had to be done again: it was sent back, or a run failed.
fn setbacks(d: &Draft<'_>, id: TaskId, role: &RoleName, purpose: &Purpose) -> Result<u32, Refusal> {
    if *purpose != Purpose::Work {
        return Ok(0);
    }
    let task = d.task(id)?;
    let again = task.setbacks.get(&task.stage).copied().unwrap_or(0);
    let failed = d.all_runs_of(id).filter(|run| {
        run.stage == task.stage
            && run.role == *role
            && run.purpose == Purpose::Work
            && matches!(run.outcome(), Some(Outcome::Error | Outcome::Stalled))
    });
    Ok(again.saturating_add(u32::try_from(failed.count()).unwrap_or(u32::MAX)))
}

/// A run that waits for a place is looked at again: by now another provider may be the one for it.
pub(super) fn reroute(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let run = d.run(id)?;
    let team = &d.project(run.project)?.team;
    let is_bound = run.is_aside() || run.is_wished_for(); // who answers has its conversation there
    if is_bound || is_held_back(d, d.task(run.task)?) || !has_choice(team, run) {
        return Ok(());
    }
    let Choice { provider, why } = choose(d, run.task, &run.role, &run.purpose)?;
    let is_same = run.provider == provider && run.why == why;
    let shut = |provider: &ProviderName| limit::shut(d, team, &team.account(run.project, provider));
    let serves = shut(&provider).is_none();
    let is_shut = shut(&run.provider).is_some();
    if run.token == Token(0) && !is_same {
        let run = d.run_mut(id)?;
        (run.provider, run.why) = (provider, why);
    } else if run.token > Token(0) && serves && is_shut {
        agent::save(d, id, Outcome::HandedOver)?;
    }
    Ok(())
}

fn has_choice(team: &Team, run: &Run) -> bool {
    let chooses = |role: &Role| role.tier.is_some() || !role.fallback.is_empty();
    team.roles.get(&run.role).is_some_and(|role| chooses(role) || role.provider != run.provider)
}

/// The human wants what is being done on a task to go on with another provider or model. Whoever is at
/// work ends its turn first, and what it left is saved.
pub(super) fn hand_over_to(d: &mut Draft<'_>, id: TaskId, to: &Wish) -> Result<(), Refusal> {
    let project = human::open_task(d, id)?.project;
    let to = &meant(&d.project(project)?.team, to);
    if !d.project(project)?.team.providers.contains_key(&to.provider) {
        return Err(Refusal::NoProvider(to.provider.clone()));
    }
    let mut any = false;
    for run in d.runs_of(id) {
        any |= hand_over_run(d, run, to)?;
    }
    if !any {
        return Err(Refusal::NothingToHandOver(id));
    }
    if d.task(id)?.is_held() { human::resume(d, id) } else { Ok(()) }
}

/// A profile is a provider of its own: what reads like a model of a provider may be one of them.
fn meant(team: &Team, to: &Wish) -> Wish {
    let model = to.model.as_deref().unwrap_or_default();
    let (profile, model) =
        model.split_once('/').map_or((model, None), |(profile, model)| (profile, Some(model)));
    match format!("{}/{profile}", to.provider).parse() {
        Ok(provider) if team.providers.contains_key(&provider) => {
            Wish { provider, model: model.map(str::to_owned) }
        }
        Ok(_) | Err(_) => to.clone(),
    }
}

/// Tells whether there is anything to hand over.
fn hand_over_run(d: &mut Draft<'_>, id: RunId, to: &Wish) -> Result<bool, Refusal> {
    let run = d.run(id)?;
    let then = AfterStop::Finish { outcome: Outcome::HandedOver };
    if run.provider == to.provider && run.model() == to.model.as_deref() {
        return Ok(false);
    }
    let (is_fresh, is_idle) = (run.token == Token(0), run.state.is_idle());
    match run.state.clone() {
        RunState::Finished { .. }
        | RunState::Saving { .. }
        | RunState::Stopping { then: AfterStop::Finish { .. }, .. } => return Ok(false),
        RunState::Stopping { .. } => d.move_run(id, RunEvent::Stop(then))?,
        RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. } | Wait::Pause) => {}
        RunState::Preparing { .. }
        | RunState::Running { .. }
        | RunState::Waiting(Wait::Asks { .. }) => flow::interrupt(d, id, then)?,
    }
    let run = d.run_mut(id)?;
    if is_idle && is_fresh {
        (run.provider, run.why) = (to.provider.clone(), Some(BY_HUMAN.to_owned()));
        run.wish = Some(to.clone());
        return Ok(true);
    }
    run.wish_after = Some(to.clone());
    if is_idle {
        agent::save(d, id, Outcome::HandedOver)?;
    }
    Ok(true)
}

/// What a run left is saved: another goes on in its place.
pub(super) fn hand_over(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let mut phase = d.task(run.task)?.phase.clone();
    if !phase.runs_mut().into_iter().any(|waited_for| *waited_for == run.id) {
        return Ok(()); // the human has other plans
    }
    let new = flow::new_run(d, run.task, &run.role, run.purpose.clone(), run.slot)?;
    let is_there = |wish: &&Wish| {
        let project = d.project(run.project);
        project.is_ok_and(|project| project.team.providers.contains_key(&wish.provider))
    };
    let wish = run.wish_after.as_ref().or(run.wish.as_ref()).filter(is_there).cloned();
    let row = d.run_mut(new)?;
    row.takes_over = Some(run.id);
    row.queued_at = run.queued_at; // it has waited long enough
    row.judges.clone_from(&run.judges);
    if let Some(wish) = &wish {
        (row.provider, row.why) = (wish.provider.clone(), Some(BY_HUMAN.to_owned()));
        row.wish = Some(wish.clone());
    }
    let provider = row.provider.clone();
    for waited_for in phase.runs_mut() {
        if *waited_for == run.id {
            *waited_for = new;
        }
    }
    d.task_mut(run.task)?.phase = phase;
    let Run { role, provider: before, .. } = run;
    let text = match wish {
        Some(Wish { model, .. }) if provider == *before => {
            let model = model.as_ref().map_or("its usual model".to_owned(), |it| format!("`{it}`"));
            format!("You let the work of {role} go on with {model}")
        }
        Some(_) => format!("You handed the work of {role} over from `{before}` to `{provider}`"),
        None => {
            format!(
                "`{before}` serves nothing for now: the work of {role} goes on with `{provider}`"
            )
        }
    };
    flow::remark(d, run.task, &text)
}
