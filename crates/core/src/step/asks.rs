//! What agents ask: who answers it, the answer, and what becomes of one that nobody answers.
//!
//! ```text
//! asks ─► asked before? ─► the answer that there is
//!      ─► decide: deny of a rule, a remembered answer, a rule, the permissions ─► answered at once
//!      ─► the human: answer, or the time is over ─► answered
//! ```
//!
//! Whoever answers, the ask is a row that is answered once and says by whom. What the human did not
//! have to answer never was in the inbox.

use super::agent::{give_up, is_stopping};
use super::timer::is_due;
use super::{answer, flow, human, limit};
use crate::about::{About, Deed, Place};
use crate::ask::{AnsweredBy, Ask, AskState, Asker, DENY, Permission, Reach, Remembered, Scope};
use crate::call::Reply;
use crate::effect::Effect;
use crate::run::{Run, RunEvent, RunState, Wait};
use crate::state::Draft;
use crate::team::{Permissions, Role, RuleAnswer, judge};
use crate::{AskId, Millis, ProjectId, Refusal, RunId, Time};

/// Answers that a project remembers; the oldest go first.
const REMEMBERED_MAX: usize = 500;
/// Where agents keep what they themselves obey: changed only where somebody says so.
const OWN: [&str; 7] = [".git", ".claude", ".codex", ".gemini", ".opencode", ".crew", ".mcp.json"];

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    pub(super) options: &'a [String],
    pub(super) about: Option<&'a About>,
}

/// What becomes of a question.
pub(super) enum Put {
    /// The run waits for the answer.
    Open,
    /// It is answered.
    Answered {
        /// By this ask.
        ask: AskId,
        /// With these words.
        text: String,
    },
    /// The run asked as often as it may.
    TooMany,
}

/// An agent asks by its own means.
pub(super) fn asks(
    d: &mut Draft<'_>,
    id: RunId,
    key: &str,
    question: Question<'_>,
) -> Result<(), Refusal> {
    limit::serves_again(d, id)?;
    if is_stopping(d, id)? {
        return Ok(()); // it asks again by the same key when it goes on
    }
    let run = d.run(id)?;
    if run.response.is_some() {
        return Err(Refusal::Stale("it has responded, and needs no answer any more"));
    }
    let from = Asker::Agent { run: id, key: key.to_owned() };
    match put(d, id, from, question)? {
        Put::Open => Ok(()),
        Put::Answered { ask, text } => {
            let token = d.run(id)?.token;
            d.effect(Effect::Send { run: id, token, ask, key: key.to_owned(), text });
            Ok(())
        }
        Put::TooMany => give_up(d, id, "it asked too many questions"),
    }
}

/// Lets a run wait for an answer, unless there is one. The same question once more is no new one.
pub(super) fn put(
    d: &mut Draft<'_>,
    id: RunId,
    from: Asker,
    question: Question<'_>,
) -> Result<Put, Refusal> {
    if let Some(known) = d.ask_from(&from).cloned() {
        return match known.state {
            AskState::Open => d.move_run(id, RunEvent::Asked(known.id)).map(|()| Put::Open),
            AskState::Answered { text, .. } => Ok(Put::Answered { ask: known.id, text }),
            AskState::Expired { .. } => Err(Refusal::Stale("that ask was withdrawn")),
        };
    }
    let decided = match question.about {
        Some(about) => decide(d, id, about)?,
        None if d.run(id)?.is_aside() => {
            Some((answer::NOT_ASIDE.to_owned(), AnsweredBy::Permissions))
        }
        None => None,
    };
    if let Some((text, by)) = decided {
        let ask = new(d, id, from, question)?;
        let at = d.now;
        d.ask_mut(ask)?.state = AskState::Answered { at, text: text.clone(), by };
        return Ok(Put::Answered { ask, text });
    }
    let run = d.run(id)?;
    if run.asks >= d.project(run.project)?.team.limits.asks {
        return Ok(Put::TooMany);
    }
    d.run_mut(id)?.asks += 1;
    let ask = new(d, id, from, question)?;
    d.move_run(id, RunEvent::Asked(ask)).map(|()| Put::Open)
}

fn new(
    d: &mut Draft<'_>,
    id: RunId,
    from: Asker,
    question: Question<'_>,
) -> Result<AskId, Refusal> {
    let task = d.run(id)?.task;
    let ask = flow::new_ask(d, task, from, question.text, question.options.to_vec())?;
    d.ask_mut(ask)?.about = question.about.cloned();
    Ok(ask)
}

/// The answer that needs no human, if there is one, and who gives it.
fn decide(
    d: &Draft<'_>,
    id: RunId,
    about: &About,
) -> Result<Option<(String, AnsweredBy)>, Refusal> {
    let run = d.run(id)?;
    if run.is_aside() {
        return Ok(Some((refuse(answer::NOT_ASIDE), AnsweredBy::Permissions)));
    }
    let project = d.project(run.project)?;
    let Some(role) = project.team.roles.get(&run.role) else { return Ok(None) };
    let ruled = judge(&role.rules, about);
    if let Some((RuleAnswer::Deny, n)) = ruled {
        return Ok(Some(by_rule(run, role, n, Permission::Deny)));
    }
    if let Some(known) = remembered(&project.remembered, run, about) {
        let by = AnsweredBy::Remembered { ask: known.ask };
        let refused = || refuse("the human has said no to exactly this before");
        return Ok(Some((known.permission.text(refused), by)));
    }
    Ok(match ruled {
        Some((RuleAnswer::Allow, n)) => Some(by_rule(run, role, n, Permission::Allow)),
        Some((RuleAnswer::Ask | RuleAnswer::Deny, _)) => None,
        None if role.rules.is_empty() => None, // its program has asked its permissions already
        None => project.team.permissions(&run.provider).and_then(|it| permitted(it, about)),
    })
}

fn by_rule(run: &Run, role: &Role, n: usize, permission: Permission) -> (String, AnsweredBy) {
    let rule = n.checked_sub(1).and_then(|at| role.rules.get(at));
    let what = rule.map(ToString::to_string).unwrap_or_default();
    let refused = || {
        let why = rule.and_then(|rule| rule.why.as_deref()).map(|why| format!(" {why}"));
        let why = why.unwrap_or_default();
        refuse(&format!("rule {n} of the role `{}` does not allow it ({what}).{why}", run.role))
    };
    (permission.text(refused), AnsweredBy::Rule { role: run.role.clone(), number: n, rule: what })
}

/// A no with a reason; who hears it takes only a yes for a yes.
fn refuse(why: &str) -> String {
    format!("{DENY}: {why}")
}

fn permitted(permissions: Permissions, about: &About) -> Option<(String, AnsweredBy)> {
    let permission = match permissions {
        Permissions::All => Permission::Allow,
        Permissions::Edit if only_edits(about) => Permission::Allow,
        Permissions::Edit | Permissions::Ask => return None,
        Permissions::Deny => Permission::Deny,
    };
    let refused = || refuse("`permissions` of its provider does not allow it");
    Some((permission.text(refused), AnsweredBy::Permissions))
}

/// Whether it changes files of the worktree, and none that agents obey.
fn only_edits(about: &About) -> bool {
    let is_own = |file: &Place| match file {
        Place::Worktree { path } => path.split('/').any(|part| OWN.contains(&part)),
        Place::Home { .. } | Place::Elsewhere { .. } => true,
    };
    match &about.deed {
        Deed::Change { files } => !files.is_empty() && !files.iter().any(is_own),
        Deed::Run { .. } | Deed::Look { .. } | Deed::Use { .. } | Deed::Open { .. } => false,
    }
}

fn remembered<'a>(all: &'a [Remembered], run: &Run, about: &About) -> Option<&'a Remembered> {
    let fits = |known: &&Remembered| {
        let is_in_reach = match known.scope {
            Scope::Task { task } => task == run.task,
            Scope::Role => true,
        };
        is_in_reach && known.role == run.role && known.about == *about
    };
    all.iter().rev().find(fits)
}

/// The human answers.
pub(super) fn answer(d: &mut Draft<'_>, id: AskId, text: &str) -> Result<(), Refusal> {
    human::check_text("the answer", text)?;
    let ask = d.ask(id)?;
    check_open(ask)?;
    if !ask.takes(d.task(ask.task)?, text) {
        return Err(Refusal::NotAnOption { ask: id, options: ask.options.join(", ") });
    }
    close(d, id, text, AnsweredBy::Human)
}

/// The human answers, and the answer is given again whenever exactly the same is asked.
pub(super) fn answer_always(
    d: &mut Draft<'_>,
    id: AskId,
    permission: Permission,
    reach: Reach,
) -> Result<(), Refusal> {
    let ask = d.ask(id)?.clone();
    check_open(&ask)?;
    let about = ask.about.clone().filter(About::is_exact).ok_or(Refusal::NotRemembered(id))?;
    let run = ask.from.agent().ok_or(Refusal::NotRemembered(id))?;
    let role = d.run(run)?.role.clone();
    let scope = match reach {
        Reach::Task => Scope::Task { task: ask.task },
        Reach::Role => Scope::Role,
    };
    let known = Remembered { ask: id, role, scope, about, permission, at: d.now };
    remember(d, ask.project, known)?;
    close(d, id, permission.word(), AnsweredBy::Human)
}

/// What is about tasks that are over goes.
pub(super) fn remember(
    d: &mut Draft<'_>,
    project: ProjectId,
    known: Remembered,
) -> Result<(), Refusal> {
    let is_over = |known: &Remembered| match known.scope {
        Scope::Task { task } => d.task(task).is_ok_and(crate::task::Task::is_over),
        Scope::Role => false,
    };
    let all = &d.project(project)?.remembered;
    let mut kept: Vec<Remembered> = all.iter().filter(|it| !is_over(it)).cloned().collect();
    kept.push(known);
    let surplus = kept.len().saturating_sub(REMEMBERED_MAX);
    d.project_mut(project)?.remembered = kept.split_off(surplus);
    Ok(())
}

/// The human takes a remembered answer back. What it was given to stays as it is.
pub(super) fn forget(d: &mut Draft<'_>, id: AskId) -> Result<(), Refusal> {
    let project = d.ask(id)?.project;
    let all = &d.project(project)?.remembered;
    if !all.iter().any(|known| known.ask == id) {
        return Err(Refusal::NotKnown(id));
    }
    d.project_mut(project)?.remembered.retain(|known| known.ask != id);
    Ok(())
}

fn check_open(ask: &Ask) -> Result<(), Refusal> {
    let how = match &ask.state {
        AskState::Open => return Ok(()),
        AskState::Answered { by: AnsweredBy::Time, .. } => {
            "answered with a no, as nobody answered in time"
        }
        AskState::Answered { .. } => "answered",
        AskState::Expired { .. } => "withdrawn",
    };
    Err(Refusal::AskClosed { ask: ask.id, how })
}

/// Answers an open ask, and tells who waits for it.
fn close(d: &mut Draft<'_>, id: AskId, text: &str, by: AnsweredBy) -> Result<(), Refusal> {
    let at = d.now;
    let ask = d.ask_mut(id)?;
    ask.state = AskState::Answered { at, text: text.to_owned(), by };
    let ask = ask.clone();
    match &ask.from {
        Asker::Agent { run, key } if listens(d, *run, id)? => {
            let (run, token) = (*run, d.run(*run)?.token);
            d.move_run(run, RunEvent::Answered(id))?;
            d.effect(Effect::Send { run, token, ask: id, key: key.clone(), text: text.to_owned() });
            Ok(())
        }
        Asker::Call { run, call } if listens(d, *run, id)? => {
            let (run, token) = (*run, d.run(*run)?.token);
            d.move_run(run, RunEvent::Answered(id))?;
            let (call, reply) = (call.clone(), Reply::done(text));
            d.effect(Effect::Reply { run, token, call, reply });
            Ok(())
        }
        // It gets the answer when it asks again.
        Asker::Agent { .. } | Asker::Call { .. } => Ok(()),
        Asker::Request { .. }
        | Asker::Arbiter
        | Asker::Provider { .. }
        | Asker::Purse { .. }
        | Asker::Disk { .. }
        | Asker::Sandbox { .. } => human::answered(d, &ask, text),
    }
}

/// Whether the agent is there and waits for the answer.
fn listens(d: &Draft<'_>, run: RunId, ask: AskId) -> Result<bool, Refusal> {
    Ok(match &d.run(run)?.state {
        RunState::Waiting(Wait::Asks { open }) => open.contains(&ask),
        _ => false,
    })
}

/// When an ask is answered by itself, if ever: asks of agents only, by the time of their role.
pub(super) fn expires<'a>(
    ask: &Ask,
    run: impl Fn(RunId) -> Option<(&'a Run, &'a Role)>,
) -> Option<(Time, Millis)> {
    let (_, role) = run(ask.from.agent()?)?;
    let wait = role.asks_expire?;
    Some((ask.asked_at + wait, wait))
}

/// Gives the safe answer to what nobody answered in time.
pub(super) fn expire(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let now = d.now;
    let role = |id: RunId| {
        let run = d.run(id).ok()?;
        Some((run, d.project(run.project).ok()?.team.roles.get(&run.role)?))
    };
    let due = d.open_asks().filter_map(|ask| {
        let (at, wait) = expires(ask, role)?;
        is_due(at, wait, now).then_some((ask.id, wait))
    });
    let due: Vec<(AskId, Millis)> = due.collect();
    due.into_iter().try_for_each(|(id, wait)| {
        let text = match d.ask(id)?.about {
            Some(_) => refuse(&format!("nobody answered within {wait}")),
            None => format!(
                "Nobody answered within {wait}. Take the way that can be undone, or end with a request."
            ),
        };
        close(d, id, &text, AnsweredBy::Time)
    })
}
