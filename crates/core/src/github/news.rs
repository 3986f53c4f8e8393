//! What people did on GitHub, as wishes about a task.

use super::{Changed, Digest, Ending, Link, Policy, Said, Seen, Want, revealed};
use crate::StageName;
use crate::task::Task;
use crate::team::Team;

/// Something that people want, by what they did on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The text is another one.
    Rewrite {
        /// One line.
        title: String,
        /// Markdown, with nothing hidden.
        body: String,
        /// What the board said, if that had been changed too: it is kept as a remark.
        lost: Option<String>,
    },
    /// The label of another stage was set.
    Move(StageName),
    /// Labels that say what it is about were set or taken away.
    Label(Changed),
    /// It is somebody else's, too, or not any more.
    Assign(Changed),
    /// It was closed as something that will not be done.
    Cancel,
    /// It was closed as done, which only a merge makes it.
    Pause,
    /// It was opened again.
    Resume,
    /// It was opened again after it was over.
    Cut,
    /// Somebody trusted said something.
    Remark {
        /// Which comment.
        id: u64,
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// What somebody did cannot be followed; they are told.
    Tell(String),
}

/// What is new in what was seen, and what both sides agree on after it. `None` if what was seen is
/// older than what is known.
pub fn news(team: &Team, policy: &Policy, task: &Task, seen: &Seen) -> Option<(Vec<News>, Link)> {
    let link = task.link.as_deref()?;
    if link.outdates(seen.asked_at) || seen.updated_at < link.known_to || link.is_cut {
        return None;
    }
    let mut link = link.clone();
    seen.updated_at.clone_into(&mut link.known_to);
    let mut news = Vec::new();
    let Some(agreed) = link.agreed.clone() else { return Some((news, link)) };
    let mut now = agreed.clone();
    text_news((task, policy), &link, seen, &mut now, &mut news);
    stage_news((team, policy), task, &mut link, seen, &mut now, &mut news);
    set_news((team, policy), &link, seen, &mut now, &mut news);
    state_news(task, &link, seen, &mut now, &mut news);
    link.agreed = Some(now);
    for comment in seen.comments.iter().filter(|comment| comment.id > link.heard_to) {
        if policy.trusts(&comment.author) {
            let (from, text) = (comment.author.clone(), revealed(&comment.text));
            news.push(News::Remark { id: comment.id, from, text });
        }
    }
    link.heard_to = seen.comments.iter().map(|c| c.id).max().unwrap_or(0).max(link.heard_to);
    Some((news, link))
}

/// Both texts changed: GitHub's counts, and the board's is kept where it can be read.
fn text_news(
    (task, policy): (&Task, &Policy),
    link: &Link,
    seen: &Seen,
    agreed: &mut Said,
    news: &mut Vec<News>,
) {
    let body = Digest::of(&seen.body);
    let is = |said: &Said| (said.title.as_str(), said.body) == (seen.title.as_str(), body);
    if is(agreed) || link.flight.as_ref().is_some_and(is) {
        return;
    }
    let ours = Want::of(task, policy);
    let is_changed_here = link.is_ours
        && (ours.title != agreed.title || Digest::of(&ours.body) != agreed.body)
        && (ours.title != seen.title || Digest::of(&ours.body) != body);
    let lost = is_changed_here.then(|| format!("{}\n\n{}", task.title, task.body));
    seen.title.clone_into(&mut agreed.title);
    agreed.body = body;
    if !link.follows_text {
        let why = "The text was changed by somebody whose words do not count. \
                   It was not taken over.";
        news.push(News::Tell(why.to_owned()));
        return;
    }
    let (title, body) = (revealed(&seen.title), revealed(&seen.body));
    news.push(News::Rewrite { title, body, lost });
}

/// A label that neither side agreed on, nor we are just setting, is somebody's wish.
fn stage_news(
    (team, policy): (&Team, &Policy),
    task: &Task,
    link: &mut Link,
    seen: &Seen,
    agreed: &mut Said,
    news: &mut Vec<News>,
) {
    let shown = policy.shown(team, &seen.labels);
    let ours = Want::of(task, policy).stage;
    let in_flight = link.flight.as_ref().and_then(|said| said.stage.clone());
    let is_known = |stage: &StageName| {
        agreed.stage.as_ref() == Some(stage)
            || in_flight.as_ref() == Some(stage)
            || ours == *stage
            || link.refused.contains(stage)
    };
    let wishes: Vec<StageName> =
        shown.iter().filter(|stage| !is_known(stage)).map(|stage| (*stage).clone()).collect();
    // Where what was agreed on is not shown any more, it is set again, or something else is.
    agreed.stage = agreed.stage.take().filter(|stage| shown.contains(&stage));
    match wishes.as_slice() {
        [] => {}
        [wish] => news.push(News::Move(wish.clone())),
        [..] => {
            let why = "Labels of several stages were set: which one is meant? Set one.";
            news.push(News::Tell(why.to_owned()));
            link.refused.extend(wishes);
        }
    }
}

fn set_news(
    (team, policy): (&Team, &Policy),
    link: &Link,
    seen: &Seen,
    agreed: &mut Said,
    news: &mut Vec<News>,
) {
    let (there, flight) = (seen.said(team, policy), link.flight.as_ref());
    let labels = flight.map(|said| &said.labels);
    let labels = Changed::there(&agreed.labels, labels, &there.labels);
    labels.apply(&mut agreed.labels);
    let assignees = flight.map(|said| &said.assignees);
    let assignees = Changed::there(&agreed.assignees, assignees, &there.assignees);
    assignees.apply(&mut agreed.assignees);
    news.extend((!labels.is_empty()).then_some(News::Label(labels)));
    news.extend((!assignees.is_empty()).then_some(News::Assign(assignees)));
}

fn state_news(task: &Task, link: &Link, seen: &Seen, agreed: &mut Said, news: &mut Vec<News>) {
    let is_open = seen.state == Ending::Open;
    let in_flight = link.flight.as_ref().map(|said| said.is_open);
    if is_open == agreed.is_open || in_flight == Some(is_open) {
        return;
    }
    agreed.is_open = is_open;
    match (seen.state, task.is_over()) {
        (Ending::Open, true) => news.push(News::Cut),
        (Ending::Open, false) => news.push(News::Resume),
        (_, true) => {}
        (Ending::NotPlanned, false) if link.follows_text => news.push(News::Cancel),
        // Its author can close it, whoever that is.
        (Ending::Completed | Ending::NotPlanned, false) => news.push(News::Pause),
    }
}
