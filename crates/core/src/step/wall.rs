//! What the sandbox refused becomes a question: is it to be opened?
//!
//! ```text
//!  refused ─► asked, once for a role ─► deny  ─► remembered: not asked again
//!                                    └► allow ─► remembered: open to the role from its next start on
//!                                                who was refused it goes on in a new process
//! ```
//!
//! A sandbox cannot be opened around a process that is in it. Nobody is asked about secrets or what
//! belongs to the system ([`to_open`]), and the agent waits for nothing: it finds another way, or ends with
//! a request.

use super::agent::is_stopping;
use super::{asks, flow, tell};
use crate::about::{About, Deed};
use crate::ask::{ALLOW, Ask, Asker, DENY, Permission, Remembered, Scope};
use crate::learn::to_open;
use crate::run::{Access, AfterStop, Reached, Run, RunState, Wait};
use crate::state::Draft;
use crate::task::{BY_CREWHOUSE, Phase};
use crate::team::{Role, RuleAnswer, SandboxMode, judge};
use crate::{ProjectId, Refusal, RoleName, RunId};

/// Questions of this kind that a project has at most at the same time: who tries everything would fill
/// the inbox.
const OPEN_MAX: usize = 5;

/// An agent reached for something. If that was refused, the human is asked, unless it was asked before.
pub(super) fn refused(d: &mut Draft<'_>, id: RunId, reached: &Reached) -> Result<(), Refusal> {
    let run = d.run(id)?;
    let (role, task, project) = (run.role.clone(), run.task, run.project);
    // What it still says when it is wanted no more is nobody's concern.
    if is_stopping(d, id)? || d.task(task)?.phase == Phase::Closing || d.task(task)?.is_over() {
        return Ok(());
    }
    let Some(about) = wanted(d, run, reached)? else { return Ok(()) };
    let is_known = |known: &Remembered| known.role == role && known.about == about;
    if d.project(project)?.remembered.iter().any(is_known) {
        return Ok(());
    }
    let from = Asker::Sandbox { role: role.clone() };
    let is_of_wall = |ask: &&Ask| matches!(ask.from, Asker::Sandbox { .. });
    let open = d.open_asks().filter(|ask| ask.project == project).filter(is_of_wall);
    let open: Vec<&Ask> = open.collect();
    let is_asked = open.iter().any(|ask| ask.from == from && ask.about.as_ref() == Some(&about));
    if is_asked || open.len() >= OPEN_MAX {
        return Ok(());
    }
    let text = format!(
        "The sandbox kept {role} from {}. Is it to be open to this role from now on?",
        match (reached.access, &about.deed) {
            (Access::Write, Deed::Open { path, .. }) =>
                format!("writing `{}`, which is in `{path}`", reached.place),
            _ => format!("reading `{}`", reached.place),
        }
    );
    let ask = flow::new_ask(d, task, from, &text, vec![ALLOW.into(), DENY.into()])?;
    d.ask_mut(ask)?.about = Some(about);
    Ok(())
}

/// What would have to be opened, if anything.
fn wanted(d: &Draft<'_>, run: &Run, reached: &Reached) -> Result<Option<About>, Refusal> {
    let project = d.project(run.project)?;
    let policy = &project.team.sandbox;
    let is_meant = |role: &Role| !role.unconfined && !is_denied(role, reached);
    let is_held = project.team.roles.get(&run.role).is_some_and(is_meant);
    if !reached.denied
        || !is_held
        || !policy.ask
        || policy.mode == SandboxMode::Off
        || run.is_aside()
    {
        return Ok(None);
    }
    let open = project.opened_to(&run.role);
    let path = to_open(&open, &reached.place, reached.access);
    Ok(path.map(|path| About::open(path, reached.access)))
}

/// Whether a rule of the role has said no.
fn is_denied(role: &Role, reached: &Reached) -> bool {
    let files = vec![reached.place.clone()];
    let (kind, deed) = match reached.access {
        Access::Read => ("read", Deed::Look { files }),
        Access::Write => ("edit", Deed::Change { files }),
    };
    let ruled = judge(&role.rules, &About { tool: kind.to_owned(), deed });
    matches!(ruled, Some((RuleAnswer::Deny, _)))
}

/// The human said whether it is to be open.
pub(super) fn answered(
    d: &mut Draft<'_>,
    ask: &Ask,
    role: &RoleName,
    text: &str,
) -> Result<(), Refusal> {
    let (Some(about), Some(permission)) = (ask.about.clone(), Permission::of(text)) else {
        return Ok(());
    };
    let waited: Vec<RunId> = match permission {
        Permission::Allow => kept_from(d, ask.project, role, &about)?,
        Permission::Deny => Vec::new(),
    };
    let text = match &about.deed {
        Deed::Open { path, access: Access::Read } => format!("You may read `{path}` now."),
        Deed::Open { path, access: Access::Write } => format!("You may write in `{path}` now."),
        Deed::Run { .. } | Deed::Change { .. } | Deed::Look { .. } | Deed::Use { .. } => {
            return Ok(());
        }
    };
    let (role, at) = (role.clone(), d.now);
    let known = Remembered { ask: ask.id, role, scope: Scope::Role, about, permission, at };
    asks::remember(d, ask.project, known)?;
    forget(d, ask.project)?;
    for id in waited {
        let task = d.run(id)?.task;
        d.task_mut(task)?.say(at, BY_CREWHOUSE, &text);
        flow::interrupt(d, id, AfterStop::Queue { not_before: at })?;
        tell::all(d, task)?;
    }
    Ok(())
}

/// What is open by now, or is held no more, is not asked about.
pub(super) fn forget(d: &mut Draft<'_>, id: ProjectId) -> Result<(), Refusal> {
    let project = d.project(id)?.clone();
    let is_settled = |ask: &Ask| match (&ask.from, ask.about.as_ref().map(|about| &about.deed)) {
        (Asker::Sandbox { role }, Some(Deed::Open { path, access })) => {
            let is_held = project.team.roles.get(role).is_some_and(|role| !role.unconfined);
            !is_held || project.opened_to(role).covers(path, *access)
        }
        _ => false,
    };
    flow::expire_asks(d, |ask| ask.project == id && is_settled(ask))
}

/// Who was refused it and is at work: a process cannot be let out.
fn kept_from(
    d: &Draft<'_>,
    project: ProjectId,
    role: &RoleName,
    about: &About,
) -> Result<Vec<RunId>, Refusal> {
    let mut all = Vec::new();
    for run in d.live_runs() {
        let is_at_work = matches!(
            run.state,
            RunState::Running { responded: None, .. } | RunState::Waiting(Wait::Asks { .. })
        );
        if run.project != project || run.role != *role || !is_at_work {
            continue;
        }
        let mut wants = false;
        for reached in &run.reached {
            wants |= wanted(d, run, reached)?.as_ref() == Some(about);
        }
        if wants {
            all.push(run.id);
        }
    }
    Ok(all)
}
