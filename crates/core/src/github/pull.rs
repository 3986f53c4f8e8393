//! Pull requests: what GitHub is to show of a task's branch, and what people and checks say to it.
//!
//! ```text
//!  Task ─► Pull ─► PullWant ─► push ─► plan_pull(want, now there) ─► PullAction …
//!  PullSeen ─► pull_news(policy, pull, seen, now) ─► PullNews …     what was said about exactly our commit
//! ```
//!
//! A push makes GitHub run what an agent wrote, with what the repository's own workflows know. So a
//! commit is shown only once its task reached a gate of the human, or when the human says so; and one
//! that changes what GitHub runs only when the human said so about exactly that commit.

mod hear;
mod story;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::text::Digest;
use super::{Marker, PushBase};
use crate::task::{CommitId, Phase, Task};
use crate::team::{MergeStrategy, Team};
use crate::{TaskId, Time};

pub use hear::{
    CheckState, FailedCheck, PullNews, PullSeen, SeenCheck, SeenLine, SeenReview,
    Verdict as ReviewVerdict, pull_news,
};
pub(crate) use story::story;

/// When a task gets a pull request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pulls {
    /// When the human says so: `crew github push`.
    #[default]
    Asked,
    /// Also by itself, when it reaches a gate of the human.
    Review,
}

/// The pull request of a task. A part of the task's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// The newest commit that may be shown.
    pub commit: CommitId,
    /// The commit that the human wants shown, whatever it changes.
    pub allowed: Option<CommitId>,
    /// Its number; none until it was opened.
    pub number: Option<u64>,
    /// Where people see it.
    pub url: Option<String>,
    /// How it is over there, as far as it was heard.
    pub there: There,
    /// What it showed when both sides agreed last.
    pub agreed: Option<Shown>,
    /// The position of the journal since which `agreed` holds.
    pub agreed_at: u64,
    /// The commit that it showed before: GitHub may still say so for a moment.
    pub before: Option<CommitId>,
    /// The text that we wrote last.
    pub body: Option<Digest>,
    /// What a change under way may have made of it by now.
    pub flight: Option<Shown>,
    /// What could not be shown, and why.
    pub trouble: Option<(Shown, String)>,
    /// What was heard of it.
    pub heard: Heard,
    /// Checks of the commit that it shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<SeenCheck>,
    /// What those who count say about that commit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reviews: BTreeMap<String, ReviewVerdict>,
}

/// How a pull request is on GitHub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "there", rename_all = "snake_case")]
pub enum There {
    /// It is open, or was not opened yet.
    #[default]
    Open,
    /// It was closed.
    Closed,
    /// It was merged there.
    Merged {
        /// The commit on GitHub's base branch that contains it.
        commit: CommitId,
    },
}

/// What was taken in of what is said there, so that nothing is heard twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The newest comment.
    pub comment: u64,
    /// Reviews. Their numbers say nothing about their order: one is begun long before it is sent.
    pub reviews: BTreeSet<u64>,
    /// The commit whose failing checks were told.
    pub judged: Option<CommitId>,
    /// Since when checks of a commit fail while others have not ended.
    pub failing: Option<(CommitId, Time)>,
    /// A commit of somebody else on our branch that was told about.
    pub foreign: Option<CommitId>,
}

/// What a pull request shows, as far as it comes from us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The commit of its branch.
    pub commit: CommitId,
    /// One line.
    pub title: String,
    /// Whom it asks for what.
    pub how: ShownAs,
    /// The issue that it closes.
    pub closes: Option<u64>,
    /// The task whose branch it goes to: that one landed here, and GitHub's base does not have it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<TaskId>,
    /// The commit here that GitHub's base branch is to have, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<CommitId>,
}

/// Whom a pull request asks for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownAs {
    /// Nobody: it is being worked on.
    Draft,
    /// Whoever wants to review and merge it.
    Ready,
    /// Nobody any more.
    Closed,
}

/// What GitHub is to show of a task's branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullWant {
    /// Commit, title, state.
    pub shown: Shown,
    /// Markdown, without our marker.
    pub body: String,
    /// The base branch.
    pub base: String,
    /// Whether the commit may change what GitHub runs.
    pub guard: Guard,
}

/// Whether a commit may change what GitHub runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// It may not: the human has to look first.
    Closed,
    /// It may: the human said so about exactly this commit.
    Open,
}

/// A pull request as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPull {
    /// Its number.
    pub number: u64,
    /// One line.
    pub title: String,
    /// Markdown, without our marker.
    pub body: String,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// The branch that it goes to.
    pub base: String,
}

/// One change of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAction {
    /// Opens it.
    Open {
        /// One line.
        title: String,
        /// Markdown with our marker.
        body: String,
        /// The branch that it goes to.
        base: String,
    },
    /// Lets it go to another branch.
    Retarget(u64, String),
    /// Changes its title.
    Title(u64, String),
    /// Changes its text: Markdown with our marker.
    Body(u64, String),
    /// Makes it ask for reviews, or for none.
    Turn(u64, ShownAs),
    /// Closes it.
    Close(u64),
}

impl Pull {
    /// Of a commit that may be shown.
    pub(crate) fn of(commit: CommitId) -> Self {
        Self {
            commit,
            allowed: None,
            number: None,
            url: None,
            there: There::Open,
            agreed: None,
            agreed_at: 0,
            before: None,
            body: None,
            flight: None,
            trouble: None,
            heard: Heard::default(),
            checks: Vec::new(),
            reviews: BTreeMap::new(),
        }
    }
}

impl Shown {
    /// What is to be shown of a task now.
    pub(crate) fn of(task: &Task, pull: &Pull, team: &Team, on: Option<TaskId>) -> Self {
        let is_pushed = team.github.as_ref().is_some_and(|p| p.push_base == PushBase::Landed);
        let landed = match &task.phase {
            Phase::Done { commit } if is_pushed => Some(commit.clone()),
            _ => None,
        };
        let how = match &task.phase {
            // It is not ours to open again.
            _ if pull.there == There::Closed => ShownAs::Closed,
            // It was never seen there, and needs not be any more.
            _ if pull.agreed.is_none() && task.is_over() => ShownAs::Closed,
            Phase::Closing | Phase::Cancelled => ShownAs::Closed,
            // GitHub finds a merge commit by itself, when the base is pushed; a squashed one never.
            Phase::Done { .. } => match team.merge.strategy {
                MergeStrategy::Squash => ShownAs::Closed,
                MergeStrategy::NoFf => ShownAs::Ready,
            },
            Phase::Approving { gate } if gate.commit.as_ref() == Some(&pull.commit) => {
                ShownAs::Ready
            }
            Phase::Leaving { commit, .. }
            | Phase::Landing { commit, .. }
            | Phase::Held { commit, .. }
                if commit.as_ref() == Some(&pull.commit) =>
            {
                ShownAs::Ready
            }
            Phase::Approving { .. }
            | Phase::Leaving { .. }
            | Phase::Landing { .. }
            | Phase::Held { .. }
            | Phase::Waiting
            | Phase::Working(_)
            | Phase::Consulting { .. }
            | Phase::Asking { .. }
            | Phase::Sifting { .. }
            | Phase::Choosing { .. }
            | Phase::Combining { .. }
            | Phase::Checking { .. }
            | Phase::Judging { .. }
            | Phase::Stuck { .. }
            | Phase::Moving { .. } => ShownAs::Draft,
        };
        Self {
            commit: pull.commit.clone(),
            title: super::said_there(task, &task.title, super::TITLE_CHARS_MAX),
            how,
            closes: task.link.as_ref().filter(|link| !link.is_cut).and_then(|link| link.issue),
            on,
            landed,
        }
    }

    /// The branch on GitHub that it goes to.
    fn target(&self, home: &str, base: &str) -> String {
        self.on.map_or_else(|| base.to_owned(), |on| shown_branch(home, on))
    }
}

/// The branch on GitHub that shows a task. The home is in its name: several may work on the same
/// repository, and each counts its tasks from one.
pub fn shown_branch(home: &str, task: TaskId) -> String {
    format!("crew/{home}/{}", task.0)
}

/// Whether GitHub runs a file, or obeys it: workflows and all that they are made of.
pub fn is_run_there(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with(".github/") || matches!(name, "action.yml" | "action.yaml")
}

/// What has to be done to the pull request of a branch that is pushed. One that people closed is left
/// alone, and so are words that people wrote.
pub fn plan_pull(
    pull: &Pull,
    (want, marker): (&PullWant, &Marker),
    found: Option<&FoundPull>,
) -> Vec<PullAction> {
    let body = || marker.under(&want.body);
    let base = want.shown.target(&marker.home, &want.base);
    let Some(found) = found else {
        return match want.shown.how {
            ShownAs::Closed => Vec::new(),
            ShownAs::Draft | ShownAs::Ready => {
                vec![PullAction::Open { title: want.shown.title.clone(), body: body(), base }]
            }
        };
    };
    if !found.is_open {
        return Vec::new();
    }
    let mut actions = Vec::new();
    let known = [pull.agreed.as_ref(), pull.flight.as_ref()].into_iter().flatten();
    let mut ours = known.clone().map(|shown| shown.target(&marker.home, &want.base));
    if found.base != base && ours.any(|ours| ours == found.base) {
        actions.push(PullAction::Retarget(found.number, base));
    }
    let mut known = known;
    let is_our_title = known.any(|shown| shown.title == found.title);
    if found.title != want.shown.title && is_our_title {
        actions.push(PullAction::Title(found.number, want.shown.title.clone()));
    }
    let there = Digest::of(&found.body);
    let is_our_body = pull.body.is_none_or(|ours| ours == there);
    if there != Digest::of(&want.body) && is_our_body {
        actions.push(PullAction::Body(found.number, body()));
    }
    match (want.shown.how, found.is_draft) {
        (ShownAs::Closed, _) => actions.push(PullAction::Close(found.number)),
        (ShownAs::Ready, true) | (ShownAs::Draft, false) => {
            actions.push(PullAction::Turn(found.number, want.shown.how));
        }
        (ShownAs::Ready, false) | (ShownAs::Draft, true) => {}
    }
    actions
}

#[cfg(test)]
mod tests;
