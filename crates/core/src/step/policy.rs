//! A changed `team.toml` over work that is under way.
//!
//! A team that leaves a task or an agent without a place is refused, and the last good one stays:
//! nothing that is decided later may find a stage or a role gone.

use super::{gates, limit, wall};
use crate::state::Draft;
use crate::task::{GateAt, Phase, Retry, Task};
use crate::team::{Account, Team};
use crate::{ProjectId, Refusal, StageName, TaskId};

pub(super) fn load(d: &mut Draft<'_>, id: ProjectId, team: &Team) -> Result<(), Refusal> {
    let open: Vec<&Task> = d.open_tasks().into_iter().filter(|task| task.project == id).collect();
    for task in &open {
        keeps_place(team, task)?;
    }
    keeps_agents(d, id, team)?;
    let old = &d.project(id)?.team;
    let gates_of = |team: &Team, task: &Task| team.stage(&task.stage).map(|s| s.gates.clone());
    let judged_by_others: Vec<TaskId> = open
        .into_iter()
        .filter(|task| gates_of(old, task) != gates_of(team, task))
        .map(|task| task.id)
        .collect();
    let same = |(name, provider)| team.providers.get(name) == Some(provider);
    let changed = old.providers.iter().filter(|provider| !same(*provider));
    let changed: Vec<Account> = changed.map(|(name, _)| old.account(id, name)).collect();
    changed.into_iter().try_for_each(|account| limit::forget(d, account))?;
    let project = d.project_mut(id)?;
    project.team = team.clone();
    project.team_refused = None;
    project.messages.retain(|message| team.roles.contains_key(&message.to));
    wall::forget(d, id)?;
    judged_by_others.into_iter().try_for_each(|task| gates::judge_again(d, task))
}

/// The file was changed, and makes no team: the last good one stays.
pub(super) fn refuse(d: &mut Draft<'_>, id: ProjectId, why: &str) -> Result<(), Refusal> {
    d.project_mut(id)?.team_refused = Some(why.to_owned());
    Ok(())
}

/// The stage that a task is in, and the one that it is bound for, are there; and it is not in the
/// end, which is reached by landing only.
fn keeps_place(team: &Team, task: &Task) -> Result<(), Refusal> {
    let strands = |stage: &StageName| Refusal::TeamStrands {
        what: format!("stage `{stage}`"),
        who: task.id.to_string(),
    };
    let works = |name: &StageName| team.stage(name).is_some_and(|stage| !stage.is_end());
    if !works(&task.stage) {
        return Err(strands(&task.stage));
    }
    match &task.phase {
        Phase::Moving { to } if !works(to) => Err(strands(to)),
        phase => match bound_for(phase) {
            Some(to) if team.stage(to).is_none() => Err(strands(to)),
            Some(_) | None => Ok(()),
        },
    }
}

/// The stage that a task goes to when what it waits for comes.
fn bound_for(phase: &Phase) -> Option<&StageName> {
    match phase {
        Phase::Checking { gate: GateAt { to, .. }, .. }
        | Phase::Judging { gate: GateAt { to, .. }, .. }
        | Phase::Approving { gate: GateAt { to, .. } }
        | Phase::Stuck { retry: Retry::Gate(GateAt { to, .. }), .. }
        | Phase::Leaving { to, .. }
        | Phase::Landing { to, .. }
        | Phase::Held { to, .. }
        | Phase::Moving { to } => Some(to),
        Phase::Waiting
        | Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Asking { .. }
        | Phase::Sifting { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Stuck { .. }
        | Phase::Closing
        | Phase::Done { .. }
        | Phase::Cancelled => None,
    }
}

/// Every run that is not over keeps its role and its provider.
fn keeps_agents(d: &Draft<'_>, id: ProjectId, team: &Team) -> Result<(), Refusal> {
    for run in d.live_runs().into_iter().filter(|run| run.project == id) {
        let plays = |role| team.players(role).contains(&&run.provider);
        let is_wanted =
            (run.wish.is_some() || run.is_aside()) && team.providers.contains_key(&run.provider);
        if !team.roles.get(&run.role).is_some_and(|role| is_wanted || plays(role)) {
            let what = format!("role `{}` with provider `{}`", run.role, run.provider);
            return Err(Refusal::TeamStrands { what, who: run.id.to_string() });
        }
    }
    Ok(())
}
