//! What the board and GitHub tell each other: every decision about it, pure.
//!
//! ```text
//!  Task ─► Want ─► plan(want, link, now there) ─► Action …      what GitHub is to say   (plan.rs)
//!  Seen ─► news(team, task, seen)              ─► News …        what people did there   (news.rs)
//! ```
//!
//! Both directions compare three things: what the board says, what GitHub says, and the [`Said`] that
//! both agreed on last. Where only one side differs from it, that side has changed. What a change under
//! way may have written by now counts as agreed, so that our own words are never taken for those of
//! people. `docs/github.md` has the rules for when both sides changed.

mod news;
mod plan;
mod pull;
mod sets;
mod source;
mod text;
mod trust;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::task::{Phase, Task};
use crate::team::Team;
use crate::{StageName, TaskId};

pub use news::{News, news};
pub use plan::{Action, Comment, Found, Issue, Marker, plan, said_by};
pub(crate) use pull::story as pull_story;
pub use pull::{
    CheckState, FailedCheck, FoundPull, Guard, Heard, Pull, PullAction, PullNews, PullSeen,
    PullWant, Pulls, ReviewVerdict, SeenCheck, SeenLine, SeenReview, Shown, ShownAs, There,
    is_run_there, plan_pull, pull_news, shown_branch,
};
pub use sets::Changed;
pub use source::{App, BadKeep, Keep, TokenSource};
pub use text::{Digest, closes_others, harmless, revealed};
pub use trust::{Door, Shut, door};

/// Longest title, in characters, that GitHub takes.
const TITLE_CHARS_MAX: usize = 256;
/// Longest body, in characters; GitHub takes 65,536, and we add a line.
const BODY_CHARS_MAX: usize = 60_000;

/// Longest label that GitHub takes, in characters.
const LABEL_CHARS_MAX: usize = 50;
/// Longest name of an account.
const LOGIN_CHARS_MAX: usize = 100;

/// How a project is connected: the table `[github]` of `team.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `owner/name`: where the code is, and its pull requests.
    pub repository: String,
    /// `owner/name` of the repository whose issues are tasks, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issues: Option<String>,
    /// The address of the API, where it is not github.com.
    pub api: Option<String>,
    /// Where the token comes from.
    #[serde(default)]
    pub token: TokenSource,
    /// Where the secret is kept with which GitHub signs that something is new; none: it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<Keep>,
    /// Whose issues, labels and comments count. In small letters: GitHub's names have no case.
    pub trusted: BTreeSet<String>,
    /// The label that makes an issue a task.
    pub intake: String,
    /// What the label of a stage begins with.
    pub prefix: String,
    /// Which tasks become issues.
    pub publish: Publish,
    /// When a task gets a pull request.
    #[serde(default)]
    pub pull_requests: Pulls,
    /// Whether the base branch is pushed.
    #[serde(default)]
    pub push_base: PushBase,
}

/// Whether the base branch is pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushBase {
    /// You push it.
    #[default]
    Never,
    /// It is brought there, forwards only, when a task has landed.
    Landed,
}

/// Which tasks GitHub is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publish {
    /// Those that came from an issue.
    #[default]
    Linked,
    /// All: a task that was added here becomes an issue.
    All,
}

impl Policy {
    /// The label of a stage.
    pub fn label(&self, stage: &StageName) -> String {
        format!("{}{stage}", self.prefix)
    }

    /// Labels that say what an issue is about, not where it is in the pipeline. In small letters, as far as
    /// a task may have them.
    pub(crate) fn labels_of_its_own(&self, labels: &BTreeSet<String>) -> BTreeSet<String> {
        let ours = |label: &String| *label == self.intake || label.starts_with(&self.prefix);
        let labels =
            labels.iter().filter(|label| is_label(label)).map(|label| label.to_lowercase());
        labels.filter(|label| !ours(label)).collect()
    }

    /// The stages whose labels are among these.
    fn shown<'a>(&self, team: &'a Team, labels: &BTreeSet<String>) -> Vec<&'a StageName> {
        let names = team.stages.iter().map(|stage| &stage.name);
        names.filter(|name| labels.contains(&self.label(name))).collect()
    }

    /// Where people see an issue.
    pub fn issue_url(&self, issue: u64) -> String {
        let site = self.api.as_deref().unwrap_or("https://github.com");
        let site = site.trim_end_matches('/').trim_end_matches("/api/v3");
        format!("{site}/{}/issues/{issue}", self.issues_repository())
    }

    /// `owner/name` of the repository whose issues are tasks.
    pub fn issues_repository(&self) -> &str {
        self.issues.as_deref().unwrap_or(&self.repository)
    }

    /// How texts of the code's repository name an issue: `#7`, or `owner/name#7`.
    pub fn reference(&self, issue: u64) -> String {
        format!("{}#{issue}", self.issues.as_deref().unwrap_or_default())
    }

    /// Whether somebody's words and labels count.
    pub fn trusts(&self, login: &str) -> bool {
        self.trusted.contains(&login.to_ascii_lowercase())
    }
}

/// What is known about the issue of a task. A part of the task's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number; none until it was opened.
    pub issue: Option<u64>,
    /// Whether we opened it. We change no text that somebody else wrote.
    pub is_ours: bool,
    /// Whether the author's later edits are taken over: the text of others was taken once, when
    /// somebody trusted looked at it.
    pub follows_text: bool,
    /// The comment that we keep up to date.
    pub comment: Option<u64>,
    /// What both sides said when they last agreed.
    pub agreed: Option<Said>,
    /// What a change under way may have written by now.
    pub flight: Option<Said>,
    /// The newest change of the issue that is known, as GitHub writes moments.
    pub known_to: String,
    /// The position of the journal since which `agreed` holds.
    pub agreed_at: u64,
    /// The newest comment that was taken in.
    pub heard_to: u64,
    /// Labels of stages that people set there: they are taken away, unless the board is there by then.
    pub refused: BTreeSet<StageName>,
    /// What people on GitHub are to be told about what they asked for.
    pub told: Option<String>,
    /// What GitHub would not say, and why.
    pub trouble: Option<(Said, String)>,
    /// Somebody opened the issue again after the task was over: it is not ours to close.
    pub is_cut: bool,
}

/// The repositories that a project is connected with, by what stays when they are renamed: the server and the
/// number that it gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repositories {
    /// Where branches and pull requests are.
    pub code: String,
    /// Where issues are.
    pub issues: String,
}

/// With what a project is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// With these.
    pub with: Repositories,
    /// The position of the journal since which that is so.
    pub since: u64,
}

impl Link {
    /// Whether what was asked at that position of the journal is older than what is agreed on. It
    /// may hold a wish all the same, so it has to be asked again.
    pub fn outdates(&self, asked_at: u64) -> bool {
        asked_at < self.agreed_at && !self.is_cut
    }

    /// Whether nothing is different but how far GitHub was read.
    pub(crate) fn is_same_but_for_time(&self, other: &Self) -> bool {
        *other == Self { known_to: other.known_to.clone(), ..self.clone() }
    }
}

/// What a side says about a task: what people can change on either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// One line.
    pub title: String,
    /// The text.
    pub body: Digest,
    /// The stage; none where GitHub shows no label for one.
    pub stage: Option<StageName>,
    /// Whether it is open.
    pub is_open: bool,
    /// What our comment says.
    pub story: Digest,
    /// Labels that say what it is about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assignees: BTreeSet<String>,
}

/// What GitHub is to say about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The stage.
    pub stage: StageName,
    /// Whether it is open, or how it ended.
    pub state: Ending,
    /// Our comment, without its marker.
    pub story: String,
    /// Stages whose labels people set, and which are taken away unless it is there.
    pub unwanted: BTreeSet<StageName>,
    /// Labels that say what it is about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assignees: BTreeSet<String>,
}

/// Whether an issue is open, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It is open.
    Open,
    /// Closed: it was done.
    Completed,
    /// Closed: it will not be done.
    NotPlanned,
}

/// What was seen of an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// The task that our own marker names, where we opened it.
    pub marked: Option<TaskId>,
    /// Who opened it.
    pub author: String,
    /// One line.
    pub title: String,
    /// Markdown, without our marker.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Whose it is.
    #[serde(default)]
    pub assignees: BTreeSet<String>,
    /// Who set the label that makes it a task, if that was asked.
    pub labelled_by: Option<String>,
    /// Whether it is open, or how it ended.
    pub state: Ending,
    /// Comments that were not taken in, oldest first; none of ours.
    pub comments: Vec<SeenComment>,
    /// When it changed last, as GitHub writes moments.
    pub updated_at: String,
    /// The position of the journal when GitHub was asked.
    pub asked_at: u64,
}

/// A comment of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenComment {
    /// Its number; later ones are larger.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Markdown.
    pub text: String,
}

impl Want {
    /// What GitHub is to say about a task now.
    pub fn of(task: &Task, policy: &Policy) -> Self {
        let agreed = task.link.as_ref().and_then(|link| link.agreed.as_ref());
        let state = match task.phase {
            Phase::Done { .. } => Ending::Completed,
            Phase::Cancelled => Ending::NotPlanned,
            // Somebody closed it: we open nothing again.
            _ if agreed.is_some_and(|said| !said.is_open) => Ending::Completed,
            _ => Ending::Open,
        };
        let stage = match &task.phase {
            Phase::Moving { to } => to,
            _ => &task.stage,
        };
        Self {
            title: said_there(task, &task.title, TITLE_CHARS_MAX),
            body: said_there(task, &task.body, BODY_CHARS_MAX),
            stage: stage.clone(),
            state,
            story: text::story(task),
            unwanted: task.link.as_ref().map(|link| link.refused.clone()).unwrap_or_default(),
            labels: policy.labels_of_its_own(&task.labels),
            assignees: logins(&task.assignees),
        }
    }

    /// The same in short, with the text that was agreed on where it is not ours to change.
    pub fn said(&self, link: &Link) -> Said {
        let (title, body) = match &link.agreed {
            Some(agreed) if !link.is_ours => (agreed.title.clone(), agreed.body),
            Some(_) | None => (self.title.clone(), Digest::of(&self.body)),
        };
        Said {
            title,
            body,
            stage: Some(self.stage.clone()),
            is_open: self.state == Ending::Open,
            story: Digest::of(&self.story),
            labels: self.labels.clone(),
            assignees: self.assignees.clone(),
        }
    }
}

/// GitHub's bounds, so that a label of an issue is one of its task.
pub(crate) fn is_label(label: &str) -> bool {
    let len = label.chars().count();
    label.trim() == label
        && (1..=LABEL_CHARS_MAX).contains(&len)
        && !label.contains(char::is_control)
}

/// Whether it can be an account's name: `alice`, `robot[bot]`, `alice_acme`.
pub(crate) fn is_login(login: &str) -> bool {
    let is_of_login = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '[' | ']');
    (1..=LOGIN_CHARS_MAX).contains(&login.len()) && login.chars().all(is_of_login)
}

/// Names of accounts in small letters: they have no case.
fn logins(names: &BTreeSet<String>) -> BTreeSet<String> {
    let logins = names.iter().filter(|name| is_login(name));
    logins.map(|name| name.to_ascii_lowercase()).collect()
}

/// A text of a task as it is written on GitHub: words of agents and strangers can do nothing there.
fn said_there(task: &Task, text: &str, chars_max: usize) -> String {
    let is_of_others = task.proposed_by.is_some()
        || task.link.as_ref().is_some_and(|link| !link.is_ours && !link.follows_text);
    let text = if is_of_others { harmless(text) } else { text.to_owned() };
    text.chars().take(chars_max).collect()
}

impl Seen {
    /// What an issue says that somebody else opened, with the labels of stages it has.
    pub fn said(&self, team: &Team, policy: &Policy) -> Said {
        let shown = policy.shown(team, &self.labels);
        Said {
            title: self.title.clone(),
            body: Digest::of(&self.body),
            stage: shown.first().map(|stage| (*stage).clone()),
            is_open: self.state == Ending::Open,
            story: Digest::default(),
            labels: policy.labels_of_its_own(&self.labels),
            assignees: logins(&self.assignees),
        }
    }
}

#[cfg(test)]
mod tests;
