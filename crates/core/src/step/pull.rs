//! Pull requests: which commit GitHub shows of a task, and what comes of what is said there.

use std::collections::BTreeMap;

use super::{flow, github, human};
use crate::effect::Effect;
use crate::event::Settled;
use crate::github::{
    Guard, Pull, PullNews, PullSeen, PullWant, Pulls, PushBase, Shown, ShownAs, There, pull_news,
    pull_story,
};
use crate::state::Draft;
use crate::task::{CommitId, Hold, Phase, Task, bounded};
use crate::{ProjectId, Refusal, TaskId};

/// The human wants a task's work to be seen.
pub(super) fn asked(
    d: &mut Draft<'_>,
    id: TaskId,
    commit: Option<&CommitId>,
) -> Result<(), Refusal> {
    let task = d.task(id)?;
    if d.project(task.project)?.team.github.is_none() {
        return Err(Refusal::NotConnected);
    }
    let how = match task.phase {
        Phase::Done { .. } => Some("done"),
        Phase::Cancelled | Phase::Closing => Some("cancelled"),
        _ => None,
    };
    if let Some(how) = how {
        return Err(Refusal::TaskOver { task: id, how });
    }
    if task.pull.as_ref().is_some_and(|pull| pull.there != There::Open) {
        return Err(Refusal::PullClosed(id));
    }
    let shown = waiting(&task.phase).or(task.head.as_ref()).cloned();
    let shown = shown.ok_or(Refusal::NothingToShow(id))?;
    if commit.is_some_and(|commit| *commit != shown) {
        return Err(Refusal::CommitChanged(id));
    }
    let task = d.task_mut(id)?;
    let pull = task.pull.get_or_insert_with(|| Box::new(Pull::of(shown.clone())));
    pull.allowed = Some(shown.clone());
    (pull.commit, pull.trouble) = (shown, None);
    Ok(())
}

/// The commit that waits at a gate of the human.
fn waiting(phase: &Phase) -> Option<&CommitId> {
    match phase {
        Phase::Approving { gate } => gate.commit.as_ref(),
        _ => None,
    }
}

/// Wants GitHub to show what may be seen of a task, if it does not.
pub(super) fn show(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let task = d.task(id)?;
    let team = &d.project(task.project)?.team;
    let Some(policy) = &team.github else { return Ok(()) };
    let is_by_itself = policy.pull_requests == Pulls::Review;
    let waiting = waiting(&task.phase).filter(|_| is_by_itself).cloned();
    let landed = match &task.phase {
        Phase::Done { commit } if policy.push_base == PushBase::Landed => Some(commit.clone()),
        _ => None,
    };
    let known = task.pull.as_deref().cloned();
    let new = waiting.clone().or_else(|| landed.clone()).map(Pull::of);
    let Some(mut pull) = known.or(new) else { return Ok(()) };
    if let Some(commit) = waiting {
        pull.commit = commit;
    }
    let beneath = beneath(d, task)?;
    let shown = Shown::of(task, &pull, team, beneath.map(|(task, _)| task));
    let is_shown = pull.agreed.as_ref() == Some(&shown);
    let is_hopeless = pull.trouble.as_ref().is_some_and(|(refused, _)| *refused == shown);
    let is_silent = pull.agreed.is_none() && (shown.how == ShownAs::Closed || task.is_over());
    let is_needless = landed.is_none() && (pull.there != There::Open || is_silent);
    let is_merged = matches!(pull.there, There::Merged { .. });
    if is_merged || pull.flight.is_some() || is_shown || is_hopeless || is_needless {
        return Ok(());
    }
    let is_allowed = pull.allowed.as_ref() == Some(&pull.commit);
    let mut task = task.clone();
    pull.flight = Some(shown.clone());
    task.pull = Some(Box::new(pull));
    let want = PullWant {
        body: pull_story(&task, team, &d.all_runs_of(id).collect::<Vec<_>>(), (&shown, beneath)),
        base: team.merge.base.clone(),
        guard: if is_allowed { Guard::Open } else { Guard::Closed },
        shown,
    };
    d.task_mut(id)?.pull = task.pull;
    d.effect(Effect::Pull { task: id, want: Box::new(want) });
    Ok(())
}

/// The task whose work this one contains and GitHub's base does not, with its pull request there.
fn beneath(d: &Draft<'_>, task: &Task) -> Result<Option<(TaskId, u64)>, Refusal> {
    let mut newest = None;
    for id in &task.depends_on {
        let below = d.task(*id)?;
        let Some(pull) = below.pull.as_ref().filter(|pull| pull.there == There::Open) else {
            continue;
        };
        if let (Phase::Done { .. }, Some(number), Some(_)) =
            (&below.phase, pull.number, &pull.agreed)
        {
            newest = newest.max(Some((below.entered_at, (*id, number))));
        }
    }
    Ok(newest.map(|(_, below)| below))
}

/// Pull requests that go to the branch of one that changed.
pub(super) fn above(d: &Draft<'_>, id: TaskId) -> Result<Vec<TaskId>, Refusal> {
    let task = d.task(id)?;
    if task.pull.is_none() || !task.is_over() {
        return Ok(Vec::new());
    }
    let is_on = |task: &&Task| task.pull.is_some() && task.depends_on.contains(&id);
    Ok(d.open_tasks().into_iter().filter(is_on).map(|task| task.id).collect())
}

/// What came of showing it.
pub(super) fn settled(
    d: &mut Draft<'_>,
    id: TaskId,
    want: &PullWant,
    result: &Settled,
) -> Result<(), Refusal> {
    let agreed_at = d.change.meta.seq.0 + 1;
    let pull = d.task_mut(id)?.pull.as_deref_mut();
    let pull = pull.ok_or(Refusal::Stale("the task has no pull request"))?;
    pull.flight = None;
    match result {
        Settled::Pulled { number, url, body } => {
            (pull.number, pull.url) = (number.or(pull.number), url.clone().or(pull.url.take()));
            if let Some(before) = pull.agreed.replace(want.shown.clone())
                && before.commit != want.shown.commit
            {
                pull.before = Some(before.commit);
                (pull.checks, pull.reviews) = (Vec::new(), BTreeMap::new());
            }
            (pull.body, pull.agreed_at, pull.trouble) = (Some(*body), agreed_at, None);
            if want.shown.how == ShownAs::Closed {
                pull.there = There::Closed;
            }
            Ok(())
        }
        Settled::NotPulled { why } => {
            pull.trouble = Some((want.shown.clone(), bounded(why)));
            Ok(())
        }
        _ => Err(Refusal::Stale("that is no result of a pull request")),
    }
}

/// A pull request changed.
pub(super) fn seen(d: &mut Draft<'_>, project: ProjectId, seen: &PullSeen) -> Result<(), Refusal> {
    let policy = d.project(project)?.team.github.clone().ok_or(Refusal::NotConnected)?;
    github::not_before(d, project, seen.asked_at)?;
    let is_its = |task: &&crate::task::Task| {
        task.project == project
            && task.pull.as_ref().is_some_and(|pull| pull.number == Some(seen.number))
    };
    let task = d.tasks_backwards().find(is_its).ok_or(Refusal::Stale("it is of no task"))?;
    let id = task.id;
    let pull = task.pull.as_deref().ok_or(Refusal::NothingToShow(id))?;
    if seen.asked_at < pull.agreed_at {
        return Err(Refusal::Stale("something newer is known"));
    }
    let (news, known) = pull_news(&policy, pull, seen, d.now);
    if news.is_empty() && known == *pull {
        return Err(Refusal::Stale("nothing about it is new"));
    }
    d.task_mut(id)?.pull = Some(Box::new(known));
    if d.task(id)?.is_over() {
        return Ok(());
    }
    news.into_iter().try_for_each(|news| follow(d, id, news))
}

fn follow(d: &mut Draft<'_>, id: TaskId, news: PullNews) -> Result<(), Refusal> {
    let now = d.now;
    match news {
        PullNews::Remark { from, text } => {
            d.task_mut(id)?.remark(now, from, text);
            Ok(())
        }
        PullNews::SendBack { from, why } => {
            let task = d.task(id)?;
            let shown = task.pull.as_ref().map(|pull| &pull.commit);
            if shown.is_some() && waiting(&task.phase) == shown {
                return flow::send_back(d, id, &from, &why);
            }
            // Whoever works on it now, or next, is told.
            d.task_mut(id)?.remark(now, from, why);
            Ok(())
        }
        PullNews::Closed => {
            flow::remark(d, id, "Its pull request was closed. Cancel it, or resume it.")?;
            unless_so(human::pause(d, id))
        }
        PullNews::Reopened => unless_so(human::resume(d, id)),
        PullNews::Merged => land(d, id),
    }
}

/// What people want there may be so here already.
fn unless_so(result: Result<(), Refusal>) -> Result<(), Refusal> {
    match result {
        Err(Refusal::Already(_) | Refusal::TaskOver { .. }) => Ok(()),
        result => result,
    }
}

/// It was merged on GitHub. It is done when the base branch here has it, too.
fn land(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let task = d.task(id)?;
    if matches!(task.phase, Phase::Landing { .. } | Phase::Closing) {
        return flow::remark(d, id, "Its pull request was merged on GitHub.");
    }
    let commit = task.pull.as_ref().map(|pull| pull.commit.clone());
    let end = d.project(task.project)?.team.stages.iter().find(|stage| stage.is_end());
    let to = end.map(|stage| stage.name.clone()).ok_or(Refusal::Stale("there is no end"))?;
    flow::withdraw(d, id)?;
    let until = d.now;
    let why = "it was merged on GitHub, and is fetched from there".to_owned();
    let task = d.task_mut(id)?;
    task.hold = Hold::Free;
    task.phase = Phase::Held { why, until, commit, to };
    Ok(())
}
