//! What clients send. Keys that are not known are refused.

use std::collections::BTreeSet;

use crew_core::{TaskDraft, TaskId};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Priority;

/// A body without content.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// `POST /api/projects`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// A path inside the repository.
    pub path: String,
    /// What to call it; without one, the name of its directory.
    #[serde(default)]
    pub name: Option<String>,
}

/// `POST /api/tasks`
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The project.
    pub project: u64,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: String,
    /// What must be true for it to be done.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// Who goes first.
    #[serde(default)]
    pub priority: Priority,
    /// Words by which it is found, and by which rules choose who works on it.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// Whose it is, by their accounts on GitHub.
    #[serde(default)]
    pub assignees: BTreeSet<String>,
    /// Tasks that must be done before.
    #[serde(default)]
    pub depends_on: Vec<u64>,
    /// Whether you are asked before it goes on after a limit, whatever its team says.
    #[serde(default)]
    pub ask_after_limit: bool,
}

impl NewTask {
    /// What it says, with its dependencies as `find` knows them.
    pub(crate) fn draft(self, find: impl Fn(u64) -> Option<TaskId>) -> TaskDraft {
        TaskDraft {
            title: self.title,
            body: self.body,
            criteria: self.criteria,
            priority: self.priority.into(),
            labels: self.labels,
            assignees: self.assignees,
            depends_on: self.depends_on.into_iter().filter_map(find).collect(),
            ask_after_limit: self.ask_after_limit,
        }
    }
}

/// `PATCH /api/tasks/{id}`: what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTask {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What must be true for it to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<Vec<String>>,
    /// Who goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Words by which it is found, and by which rules choose who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<String>>,
    /// Whose it is, by their accounts on GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignees: Option<BTreeSet<String>>,
    /// Tasks that must be done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<u64>>,
    /// Whether you are asked before it goes on after a limit, whatever its team says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_after_limit: Option<bool>,
}

/// `POST /api/tasks/{id}/move`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveTask {
    /// The stage.
    pub to: String,
}

/// `POST /api/tasks/{id}/pin`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnchor {
    /// What must not be forgotten, in at most 500 characters.
    pub text: String,
}

/// `POST /api/tasks/{id}/promote` and `POST /api/tasks/{id}/unpin`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OldAnchor {
    /// Its number, in its task.
    pub anchor: u64,
}

/// `POST /api/projects/{id}/lift`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// The provider, as the team names it.
    pub provider: String,
}

/// `POST /api/tasks/{id}/handover`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The provider, as the team names it.
    pub provider: String,
    /// The model, if not the provider's own.
    #[serde(default)]
    pub model: Option<String>,
}

/// `POST /api/tasks/{id}/question`. Without a run and a role, who did the work last is asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuestion {
    /// What you want to know.
    pub text: String,
    /// The run whose agent is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The role whose agent is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// `POST /api/tasks/{id}/remark`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRemark {
    /// Markdown.
    pub text: String,
}

/// `POST /api/tasks/{id}/approve`
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The commit that was looked at: refused if another waits by now.
    #[serde(default)]
    pub commit: Option<String>,
}

/// `POST /api/tasks/{id}/push`
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The commit that was looked at: refused if another one is there by now.
    #[serde(default)]
    pub commit: Option<String>,
}

/// `POST /api/tasks/{id}/reject`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// What is to be changed.
    pub why: String,
}

/// `POST /api/asks/{id}/answer`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The answer.
    pub text: String,
    /// Whether it is remembered for exactly the same; then it is `allow` or `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always: Option<Reach>,
}

/// How far a remembered answer reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The task of the ask, for its role.
    Task,
    /// All tasks of the project, for its role.
    Role,
}

/// `POST /api/backup`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// A directory that does not exist yet, by its absolute path.
    pub target: String,
}

/// `POST /api/prune`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// Only what belongs to tasks that ended at least so many days ago.
    pub days: u32,
    /// Whether it is removed, or only looked at.
    pub mode: PruneMode,
}

/// What is done with what is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PruneMode {
    /// It is counted.
    Look,
    /// It is removed.
    Remove,
}

/// `POST /api/projects/{id}/trash/restore`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreTrash {
    /// The item.
    pub reference: String,
    /// The branch to make; without one, `restored/…`.
    #[serde(default)]
    pub branch: Option<String>,
}

/// `GET /api/tasks?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TaskQuery {
    /// Of this project.
    #[serde(default)]
    pub project: Option<u64>,
    /// In this stage.
    #[serde(default)]
    pub stage: Option<String>,
    /// Only those that are not over, or only those that are.
    #[serde(default)]
    pub open: Option<bool>,
}

/// `GET /api/journal?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JournalQuery {
    /// Entries after this position.
    #[serde(default)]
    pub after: u64,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `GET /api/journal/follow?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FollowQuery {
    /// Entries after this position; without one, from now on.
    #[serde(default)]
    pub after: Option<u64>,
}

/// `GET /api/runs/{id}/log?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Goes on after this place, as a line had it in `at`: `<start>:<offset>`.
    #[serde(default)]
    pub from: Option<String>,
    /// `1`: goes on while the run lives.
    #[serde(default)]
    pub follow: Option<u8>,
    /// `1`: the bytes as the agent printed them.
    #[serde(default)]
    pub raw: Option<u8>,
    /// Ends after so many lines.
    #[serde(default)]
    pub lines: Option<u64>,
    /// Ends at this place.
    #[serde(default)]
    pub until: Option<String>,
    /// With `until`, and without `from`: begins about so many bytes before it, in the same start.
    #[serde(default)]
    pub last: Option<u64>,
    /// `1`: long texts are shortened, which `cut` says.
    #[serde(default)]
    pub short: Option<u8>,
}

/// `GET /api/events?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// What happened after this position; without one, from now on.
    #[serde(default)]
    pub since: Option<u64>,
}

/// `GET /api/runs/{id}/events?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RunEventsQuery {
    /// Goes on after this place, as a line had it in `at`: `<start>:<offset>`.
    #[serde(default)]
    pub from: Option<String>,
    /// Without `from`: begins about so many bytes before the end of what is there.
    #[serde(default)]
    pub last: Option<u64>,
}

/// `GET /api/idle?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct IdleQuery {
    /// How long to wait for it, in seconds.
    #[serde(default)]
    pub wait_s: u64,
}

/// `GET /api/projects/{id}/trash/diff?…`
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrashQuery {
    /// The item.
    pub reference: String,
}
