//! What has to be done on GitHub, so that it says what the board says.
//!
//! The plan looks at what is there now. What was done already, by an attempt whose answer was lost
//! or whose daemon died, is found and not done again.

use std::collections::BTreeSet;
use std::fmt;

use super::{Changed, Digest, Ending, Link, Policy, Said, Want};
use crate::TaskId;
use crate::team::Team;

/// Names a task of one home in texts of ours. It counts only in what our own account wrote: anybody
/// can copy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The home; several people may have one for the same repository.
    pub home: String,
    /// The task.
    pub task: TaskId,
}

impl Marker {
    const OPENING: &str = "<!-- crew:";

    /// A text with the marker under it.
    pub fn under(&self, text: &str) -> String {
        format!("{}\n\n{self}", text.trim_end())
    }

    /// Reads the marker of `home` off the last line; gives it with the text above.
    pub fn read(home: &str, text: &str) -> Option<(Self, String)> {
        let text = text.trim_end();
        let at = text.rfind(Self::OPENING)?;
        let inside = text[at + Self::OPENING.len()..].strip_suffix(" -->")?;
        let (name, task) = inside.split_once('/')?;
        let task = TaskId(task.parse().ok()?);
        let above = text[..at].trim_end().replace("\r\n", "\n");
        (name == home).then(|| (Self { home: home.to_owned(), task }, above))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{} -->", Self::OPENING, self.home, self.task.0)
    }
}

/// What is there now of what a task needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The issue of the link, or those that carry our marker, lowest number first.
    pub issues: Vec<Issue>,
    /// Comments on the first of them that carry our marker, oldest first.
    pub comments: Vec<Comment>,
}

/// An issue as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// One line.
    pub title: String,
    /// Markdown, without our marker.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Whose it is.
    pub assignees: BTreeSet<String>,
    /// Whether it is open, or how it ended.
    pub state: Ending,
}

/// A comment of ours as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Markdown, without our marker.
    pub body: String,
}

/// One change on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens the issue.
    OpenIssue {
        /// One line.
        title: String,
        /// Markdown with our marker.
        body: String,
        /// Its labels.
        labels: Vec<String>,
    },
    /// Changes the text of the issue.
    EditText {
        /// Its number.
        issue: u64,
        /// One line.
        title: String,
        /// Markdown with our marker.
        body: String,
    },
    /// Opens or closes the issue.
    SetState {
        /// Its number.
        issue: u64,
        /// What it is to be.
        state: Ending,
    },
    /// Sets a label; the others stay.
    AddLabel {
        /// The issue.
        issue: u64,
        /// The label.
        label: String,
    },
    /// Takes a label away; the others stay.
    RemoveLabel {
        /// The issue.
        issue: u64,
        /// The label.
        label: String,
    },
    /// Makes it somebody's, too.
    Assign {
        /// The issue.
        issue: u64,
        /// Whose.
        login: String,
    },
    /// Makes it not somebody's any more.
    Unassign {
        /// The issue.
        issue: u64,
        /// Whose.
        login: String,
    },
    /// Writes our comment.
    WriteComment {
        /// The issue.
        issue: u64,
        /// Markdown with our marker.
        body: String,
    },
    /// Changes our comment.
    EditComment {
        /// Its number.
        id: u64,
        /// Markdown with our marker.
        body: String,
    },
}

/// What has to be done. After an issue was opened, the rest is planned anew on what is there then.
///
/// Labels are set and taken one by one. Of those that say a stage, only what was agreed on is taken
/// away: one that somebody sets meanwhile stays, and is seen as their wish.
pub fn plan(
    team: &Team,
    policy: &Policy,
    link: &Link,
    (want, marker): (&Want, &Marker),
    found: &Found,
) -> Vec<Action> {
    let Some((issue, duplicates)) = found.issues.split_first() else {
        let stage = policy.label(&want.stage);
        let labels = std::iter::once(stage).chain(want.labels.iter().cloned()).collect();
        let (title, body) = (want.title.clone(), marker.under(&want.body));
        return vec![Action::OpenIssue { title, body, labels }];
    };
    let number = issue.number;
    let mut actions = Vec::new();
    let is_as_wanted =
        issue.title == want.title && Digest::of(&issue.body) == Digest::of(&want.body);
    if link.is_ours && !is_as_wanted && !is_text_of_people(link, issue) {
        let (title, body) = (want.title.clone(), marker.under(&want.body));
        actions.push(Action::EditText { issue: number, title, body });
    }
    let wanted = policy.label(&want.stage);
    if !issue.labels.contains(&wanted) {
        actions.push(Action::AddLabel { issue: number, label: wanted.clone() });
    }
    for label in outdated(team, policy, link, want, issue) {
        actions.push(Action::RemoveLabel { issue: number, label });
    }
    set_actions(policy, link, want, issue, &mut actions);
    comment_actions(want, marker, found, number, &mut actions);
    if want.state != Ending::Open && issue.state == Ending::Open && !is_reopened(link) {
        actions.push(Action::SetState { issue: number, state: want.state });
    }
    // An answer was lost and the issue was opened twice: the first one counts.
    for double in duplicates.iter().filter(|double| double.state == Ending::Open) {
        actions.push(Action::SetState { issue: double.number, state: Ending::NotPlanned });
    }
    actions
}

/// What GitHub says once all of a plan is done, as far as it comes from us. A text that somebody
/// changed meanwhile is not agreed on: it is seen, and decided about, later.
pub fn said_by(link: &Link, want: &Want, found: &Found) -> Said {
    let mut said = want.said(link);
    let text_of_people = found.issues.first().is_some_and(|issue| is_text_of_people(link, issue));
    if let Some(agreed) = link.agreed.as_ref().filter(|_| text_of_people) {
        agreed.title.clone_into(&mut said.title);
        said.body = agreed.body;
    }
    if let Some(agreed) = link.agreed.as_ref().filter(|_| is_reopened(link)) {
        said.is_open = agreed.is_open;
    }
    said
}

/// Whether the text there is neither what was agreed on nor what we are just writing.
fn is_text_of_people(link: &Link, issue: &Issue) -> bool {
    let text = (issue.title.as_str(), Digest::of(&issue.body));
    let known = [link.agreed.as_ref(), link.flight.as_ref()];
    link.agreed.is_some()
        && !known.into_iter().flatten().any(|said| (said.title.as_str(), said.body) == text)
}

/// Whether an issue that is open was closed when both sides agreed last.
fn is_reopened(link: &Link) -> bool {
    link.agreed.as_ref().is_some_and(|said| !said.is_open)
}

/// Labels of stages that the board has left, or would not follow.
fn outdated(team: &Team, policy: &Policy, link: &Link, want: &Want, issue: &Issue) -> Vec<String> {
    let known = |said: &Option<Said>| said.as_ref().and_then(|said| said.stage.clone());
    let mut left = want.unwanted.clone();
    left.extend(known(&link.agreed).into_iter().chain(known(&link.flight)));
    let shown = policy.shown(team, &issue.labels).into_iter();
    let outdated = shown.filter(|stage| **stage != want.stage && left.contains(*stage));
    outdated.map(|stage| policy.label(stage)).collect()
}

/// Labels and assignees that changed here.
fn set_actions(
    policy: &Policy,
    link: &Link,
    want: &Want,
    found: &Issue,
    actions: &mut Vec<Action>,
) {
    let (issue, agreed) = (found.number, link.agreed.as_ref());
    let known: Vec<_> = [agreed, link.flight.as_ref()].into_iter().flatten().collect();
    let Changed { added, gone } = Changed::ours(
        &known.iter().map(|said| &said.labels).collect::<Vec<_>>(),
        agreed.map(|said| &said.labels),
        &want.labels,
        &policy.labels_of_its_own(&found.labels),
    );
    actions.extend(added.into_iter().map(|label| Action::AddLabel { issue, label }));
    actions.extend(gone.into_iter().map(|label| Action::RemoveLabel { issue, label }));
    let Changed { added, gone } = Changed::ours(
        &known.iter().map(|said| &said.assignees).collect::<Vec<_>>(),
        agreed.map(|said| &said.assignees),
        &want.assignees,
        &super::logins(&found.assignees),
    );
    actions.extend(added.into_iter().map(|login| Action::Assign { issue, login }));
    actions.extend(gone.into_iter().map(|login| Action::Unassign { issue, login }));
}

fn comment_actions(
    want: &Want,
    marker: &Marker,
    found: &Found,
    issue: u64,
    actions: &mut Vec<Action>,
) {
    let body = marker.under(&want.story);
    match found.comments.first() {
        None => actions.push(Action::WriteComment { issue, body }),
        Some(comment) if Digest::of(&comment.body) != Digest::of(&want.story) => {
            actions.push(Action::EditComment { id: comment.id, body });
        }
        Some(_) => {}
    }
}
