//! Projects, and what was saved in their repositories.

use crew_core::{State, Time, project};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Amount;

/// `GET /api/projects`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Projects {
    /// Position in the journal.
    pub seq: u64,
    /// In the order of their numbers.
    pub projects: Vec<Project>,
}

/// `POST /api/projects`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProjectAdded {
    /// Position in the journal.
    pub seq: u64,
    /// When.
    pub at: u64,
    /// The new project.
    pub project: Project,
}

/// A git repository under Crewhouse.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// The top level of the repository.
    pub root: String,
    /// Why the newest `team.toml` is not in use.
    pub team_refused: Option<String>,
    /// What it spent today (UTC).
    pub today: Amount,
    /// The stages, left to right.
    pub stages: Vec<String>,
}

/// `GET /api/projects/{id}/trash`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Trash {
    /// Newest first.
    pub items: Vec<TrashItem>,
}

/// Something that was saved before it was removed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TrashItem {
    /// The reference that keeps it: its name here.
    pub reference: String,
    /// What it was saved under.
    pub key: String,
    /// When.
    pub at: u64,
    /// The commit that holds it.
    pub commit: String,
    /// How many files differ from the commit that the worktree was on.
    pub files: u64,
    /// The branch that the worktree was for.
    pub branch: String,
}

/// `GET /api/projects/{id}/trash/diff`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DiffText {
    /// A unified diff.
    pub text: String,
    /// Whether it was cut.
    pub truncated: bool,
}

/// `POST /api/projects/{id}/trash/restore`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewTrashBranch {
    /// The branch that was made.
    pub branch: String,
    /// Where it is.
    pub commit: String,
}

impl Project {
    pub(crate) fn of(state: &State, project: &project::Project, now: Time) -> Self {
        Self {
            id: project.id.0,
            name: project.name.clone(),
            root: project.root.clone(),
            team_refused: project.team_refused.clone(),
            today: state.spent_today(project.id, now).into(),
            stages: project.team.stages.iter().map(|stage| stage.name.to_string()).collect(),
        }
    }
}

impl From<crew_git::TrashItem> for TrashItem {
    fn from(item: crew_git::TrashItem) -> Self {
        let crew_git::TrashItem { reference, key, at_unix_ms, commit, files, branch } = item;
        Self { reference, key, at: at_unix_ms, commit: commit.to_string(), files, branch }
    }
}
