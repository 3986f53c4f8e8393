//! What people did on GitHub becomes what they could have done here; what the board says is published.
//!
//! One change of an issue is under way at a time. What changed meanwhile is published after it, so a
//! daemon that was without a network for a day says in one go what is so then.

use std::collections::BTreeSet;

use super::{flow, human, pull};
use crate::effect::Effect;
use crate::event::{Settled, TaskDraft};
use crate::github::{
    Connected, Door, Link, News, Policy, Publish, Repositories, Seen, There, Want, door, news,
    revealed,
};
use crate::protocol::TITLE_CHARS_MAX;
use crate::state::Draft;
use crate::task::{Task, bounded};
use crate::team::Team;
use crate::{ProjectId, Refusal, TaskId};

/// Longest explanation for people on GitHub, in characters.
const TOLD_CHARS_MAX: usize = 500;

/// A project is connected with these repositories. Numbers of issues and pull requests of others mean
/// something else there: they are forgotten, with all that was to be told about them.
pub(super) fn connected(
    d: &mut Draft<'_>,
    project: ProjectId,
    with: &Repositories,
) -> Result<(), Refusal> {
    let since = d.change.meta.seq.0 + 1;
    let connected = Connected { with: with.clone(), since };
    let Some(before) = d.project_mut(project)?.connected.replace(connected) else { return Ok(()) };
    let before = before.with;
    if before == *with {
        return Err(Refusal::Stale("it was connected with them before"));
    }
    let (issues, code) = (before.issues != with.issues, before.code != with.code);
    let is_its =
        |task: &&Task| task.project == project && (task.link.is_some() || task.pull.is_some());
    let tasks: BTreeSet<TaskId> = d.tasks_backwards().filter(is_its).map(|task| task.id).collect();
    for id in &tasks {
        let task = d.task_mut(*id)?;
        let issue = task.link.take_if(|_| issues).and_then(|link| link.issue);
        let pull = task.pull.take_if(|_| code).and_then(|pull| pull.number);
        let is_open = !task.is_over();
        for (what, number) in [("issue", issue), ("pull request", pull)] {
            if let Some(number) = number.filter(|_| is_open) {
                let text = format!(
                    "Its {what} #{number} is in a repository that the project is not connected with any \
                     more: nothing is told there."
                );
                flow::remark(d, *id, &text)?;
            }
        }
    }
    d.settle_all(|effect| {
        (issues && matches!(effect, Effect::Publish { task, .. } if tasks.contains(task)))
            || (code && matches!(effect, Effect::Pull { task, .. } if tasks.contains(task)))
    });
    Ok(())
}

/// An issue changed.
pub(super) fn seen(d: &mut Draft<'_>, project: ProjectId, seen: &Seen) -> Result<(), Refusal> {
    let team = d.project(project)?.team.clone();
    let Some(policy) = &team.github else {
        return Err(Refusal::Stale("the project is not connected with GitHub"));
    };
    not_before(d, project, seen.asked_at)?;
    match linked(d, project, seen) {
        Some(task) => hear(d, (&team, policy), task, seen),
        None => admit(d, project, (&team, policy), seen),
    }
}

/// What was asked before the project was connected as it is now may be about another repository.
pub(super) fn not_before(d: &Draft<'_>, project: ProjectId, asked_at: u64) -> Result<(), Refusal> {
    match &d.project(project)?.connected {
        Some(connected) if asked_at < connected.since => {
            Err(Refusal::Stale("it was asked of another repository"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The task of an issue: by its number, or, where we opened it and never heard so, by our marker.
fn linked(d: &Draft<'_>, project: ProjectId, seen: &Seen) -> Option<TaskId> {
    let is_its = |task: &&Task| {
        task.project == project
            && task.link.as_ref().is_some_and(|link| {
                !link.is_cut
                    && (link.issue == Some(seen.number)
                        || (link.issue.is_none() && link.is_ours && seen.marked == Some(task.id)))
            })
    };
    d.tasks_backwards().find(is_its).map(|task| task.id)
}

/// An issue becomes a task if somebody trusted wants it.
fn admit(
    d: &mut Draft<'_>,
    project: ProjectId,
    (team, policy): (&Team, &Policy),
    seen: &Seen,
) -> Result<(), Refusal> {
    let follows_text = match door(policy, seen) {
        _ if seen.marked.is_some() => return Err(Refusal::Stale("it is a second one of a task")),
        Door::Author => true,
        Door::Label => false,
        Door::Shut(_) => return Err(Refusal::Stale("nobody trusted made it a task")),
    };
    let (title, body) = readable(&seen.title, &seen.body);
    let said = seen.said(team, policy);
    let (labels, assignees) = (said.labels.clone(), said.assignees.clone());
    let draft = TaskDraft { title, body, labels, assignees, ..TaskDraft::default() };
    let id = human::add_task(d, project, &draft)?;
    d.task_mut(id)?.link = Some(Box::new(Link {
        issue: Some(seen.number),
        follows_text,
        agreed: Some(said),
        known_to: seen.updated_at.clone(),
        heard_to: seen.comments.iter().map(|comment| comment.id).max().unwrap_or(0),
        ..Link::default()
    }));
    Ok(())
}

/// A title and a text that a task may have.
fn readable(title: &str, body: &str) -> (String, String) {
    let title = revealed(title).replace(['\n', '\t'], " ");
    let title: String = title.trim().chars().take(TITLE_CHARS_MAX).collect();
    let title = if title.is_empty() { "(no title)".to_owned() } else { title };
    (title, revealed(body))
}

fn hear(
    d: &mut Draft<'_>,
    (team, policy): (&Team, &Policy),
    id: TaskId,
    seen: &Seen,
) -> Result<(), Refusal> {
    let task = d.task(id)?;
    let (news, mut link) =
        news(team, policy, task, seen).ok_or(Refusal::Stale("something newer is known"))?;
    link.issue = Some(seen.number);
    if news.is_empty()
        && task.link.as_deref().is_some_and(|known| known.is_same_but_for_time(&link))
    {
        return Err(Refusal::Stale("nothing about it is new"));
    }
    if !news.is_empty() {
        (link.told, link.trouble) = (None, None);
    }
    d.task_mut(id)?.link = Some(Box::new(link));
    news.into_iter().try_for_each(|news| follow(d, id, news))
}

/// Does what somebody wants, as if they had done it here; or tells them why not.
fn follow(d: &mut Draft<'_>, id: TaskId, news: News) -> Result<(), Refusal> {
    let now = d.now;
    let followed = match news {
        News::Tell(why) => return tell(d, id, &why),
        News::Cut => {
            link(d, id)?.is_cut = true;
            return Ok(());
        }
        News::Remark { from, text, .. } => {
            let task = d.task_mut(id)?;
            task.remark(now, format!("{from} on GitHub"), text);
            return Ok(());
        }
        News::Rewrite { title, body, lost } => {
            if let Some(lost) = lost {
                let lost = format!("The text was changed on GitHub too. Here it said:\n\n{lost}");
                d.task_mut(id)?.remark(now, "crewhouse", lost);
            }
            let task = d.task(id)?;
            let (title, body) = readable(&title, &body);
            let draft = TaskDraft { title, body, ..TaskDraft::of(task) };
            human::edit_task(d, id, &draft)
        }
        News::Label(changed) => {
            changed.apply(&mut d.task_mut(id)?.labels);
            return Ok(());
        }
        News::Assign(changed) => {
            changed.apply(&mut d.task_mut(id)?.assignees);
            return Ok(());
        }
        News::Move(to) => {
            let moved = human::move_task(d, id, &to);
            // Where it could not be followed, or the task went on from there at once, nobody else would take
            // the label away, and it would be a wish again.
            link(d, id)?.refused.insert(to);
            moved
        }
        News::Cancel => human::cancel(d, id),
        // Merging its pull request there closed it.
        News::Pause if is_merged_there(d.task(id)?) => return Ok(()),
        News::Pause => {
            let why =
                "Its issue was closed as done, and it has not landed. Cancel it, or resume it.";
            d.task_mut(id)?.remark(now, "crewhouse", why);
            human::pause(d, id)
        }
        News::Resume => human::resume(d, id),
    };
    match followed {
        Ok(()) => Ok(()),
        Err(refusal) => tell(d, id, &format!("That was not possible: {refusal}.")),
    }
}

fn is_merged_there(task: &Task) -> bool {
    task.pull.as_ref().is_some_and(|pull| matches!(pull.there, There::Merged { .. }))
}

fn tell(d: &mut Draft<'_>, id: TaskId, why: &str) -> Result<(), Refusal> {
    link(d, id)?.told = Some(why.chars().take(TOLD_CHARS_MAX).collect());
    Ok(())
}

fn link<'a>(d: &'a mut Draft<'_>, id: TaskId) -> Result<&'a mut Link, Refusal> {
    Ok(&mut **d.task_mut(id)?.link.get_or_insert_default())
}

/// Wants GitHub to say what the board says, for all tasks that this step changed.
pub(super) fn publish(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let all: Vec<TaskId> = if d.change.projects.is_empty() {
        d.change.tasks.keys().copied().collect()
    } else {
        let open = d.open_tasks().into_iter().map(|task| task.id); // perhaps it is newly connected
        open.chain(d.change.tasks.keys().copied()).collect()
    };
    all.into_iter().try_for_each(|id| {
        publish_task(d, id)?;
        pull::show(d, id)?;
        pull::above(d, id)?.into_iter().try_for_each(|id| pull::show(d, id))
    })
}

fn publish_task(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let task = d.task(id)?;
    let project = d.project(task.project)?;
    let Some(policy) = &project.team.github else { return Ok(()) };
    let is_routine = project.ends_unchanged(task); // most of them find nothing
    let link = match (&task.link, policy.publish) {
        (Some(link), _) => (**link).clone(),
        (None, Publish::All) if !task.is_over() && !task.is_proposal() && !is_routine => {
            Link { is_ours: true, follows_text: true, ..Link::default() }
        }
        (None, Publish::All | Publish::Linked) => return Ok(()),
    };
    let want = Want::of(task, policy);
    let said = want.said(&link);
    let is_said = link.agreed.as_ref() == Some(&said) && link.refused.is_empty();
    let is_hopeless = link.trouble.as_ref().is_some_and(|(refused, _)| *refused == said);
    if link.flight.is_some() || link.is_cut || is_said || is_hopeless {
        return Ok(());
    }
    d.task_mut(id)?.link = Some(Box::new(Link { flight: Some(said), ..link }));
    d.effect(Effect::Publish { task: id, want: Box::new(want) });
    Ok(())
}

/// Who cannot be assigned there is not assigned here.
fn not_assigned(d: &mut Draft<'_>, id: TaskId, logins: &BTreeSet<String>) -> Result<(), Refusal> {
    if logins.is_empty() {
        return Ok(());
    }
    let (now, names) = (d.now, logins.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    let task = d.task_mut(id)?;
    task.assignees.retain(|name| !logins.contains(&name.to_ascii_lowercase()));
    task.remark(
        now,
        "crewhouse",
        format!("GitHub does not let the issue be {names}'s: not assigned."),
    );
    Ok(())
}

/// What came of a change on GitHub.
pub(super) fn settled(
    d: &mut Draft<'_>,
    id: TaskId,
    want: &Want,
    result: &Settled,
) -> Result<(), Refusal> {
    let agreed_at = d.change.meta.seq.0 + 1;
    let link = link(d, id)?;
    let flight = link.flight.take();
    match result {
        Settled::Published { issue, comment, said, updated_at, unassigned } => {
            (link.issue, link.comment) = (Some(*issue), Some(*comment));
            link.agreed = Some((**said).clone());
            // A later change may be known by now.
            link.known_to = std::mem::take(&mut link.known_to).max(updated_at.clone());
            (link.agreed_at, link.trouble) = (agreed_at, None);
            link.refused.retain(|stage| !want.unwanted.contains(stage));
            not_assigned(d, id, unassigned)
        }
        Settled::NotPublished { why } => {
            let said = flight.unwrap_or_else(|| want.said(link));
            link.trouble = Some((said, bounded(why)));
            Ok(())
        }
        _ => Err(Refusal::Stale("that is no result of a publication")),
    }
}
