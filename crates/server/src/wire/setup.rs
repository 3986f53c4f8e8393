//! Beginning: a place on the disk, what could stand in the way, a project made of it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Project;

/// `GET /api/setup/place?…`
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// An absolute path; `~` is the home directory, and nothing is, too.
    #[serde(default)]
    pub path: String,
}

/// A directory, as somebody sees it who looks for a repository.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Where it is.
    pub path: String,
    /// The directory above it.
    pub parent: Option<String>,
    /// Directories in it, those that are not hidden.
    pub directories: Vec<Directory>,
    /// The repository that it belongs to.
    pub repository: Option<FoundRepository>,
}

/// A directory in a place.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Directory {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// Whether it is the top of a repository.
    pub is_repository: bool,
}

/// A repository that could become a project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FoundRepository {
    /// Its top level.
    pub root: String,
    /// The branch that is checked out; null if there is none.
    pub branch: Option<String>,
    /// Whether it has a `team.toml`.
    pub has_team: bool,
    /// The project that it is already.
    pub project: Option<u64>,
}

/// `GET /api/setup/doctor?…`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// What was looked at, in this order.
    pub findings: Vec<Finding>,
}

/// Something that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What it is about, in a word.
    pub about: String,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// All is well.
    Ok,
    /// It may become a trouble.
    Warn,
    /// Crewhouse cannot work like this.
    Fail,
}

/// `POST /api/setup/begin`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// A path inside the repository.
    pub path: String,
    /// What to call it; without one, the name of its directory.
    #[serde(default)]
    pub name: Option<String>,
    /// The model of a team that is new; without one, agents say that there is none.
    #[serde(default)]
    pub model: Option<BeginModel>,
    /// The template of a team that is new; without one, six roles.
    #[serde(default)]
    pub team: Option<String>,
}

/// `GET /api/setup/teams`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Templates {
    /// Teams to begin with, the default first.
    pub teams: Vec<TeamTemplate>,
}

/// A team to begin with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamTemplate {
    /// One word.
    pub name: String,
    /// Who works, and how.
    pub what: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Its stages, left to right.
    pub stages: Vec<String>,
}

/// What answers the agents of a new team.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginModel {
    /// A program that is logged in here: `claude`, `codex`, `gemini-cli` or `opencode`; or an API:
    /// `anthropic`, `openai`, `gemini` or `ollama`.
    pub api: String,
    /// Its name; without one, what the provider takes by itself.
    #[serde(default)]
    pub model: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default)]
    pub key_env: Option<String>,
}

/// `POST /api/setup/begin` and `POST /api/setup/demo`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Begun {
    /// Position in the journal.
    pub seq: u64,
    /// The project.
    pub project: Project,
    /// Files that were made, from the top of the repository.
    pub created: Vec<String>,
}

impl Finding {
    /// A finding, without a hint.
    pub fn new(grade: Grade, about: &str, text: impl Into<String>) -> Self {
        Self { grade, about: about.to_owned(), text: text.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
