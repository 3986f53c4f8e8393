//! What was found.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `GET /api/search?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Words; all of them have to be there, the last one may be the beginning of one.
    pub words: String,
    /// Of this project only.
    #[serde(default)]
    pub project: Option<u64>,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `GET /api/search`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Searched {
    /// Position in the journal when this was asked.
    pub seq: u64,
    /// The best first.
    pub found: Vec<Found>,
    /// Whether more is known that was not looked through yet: asked again, there is more.
    pub behind: bool,
}

/// One place where the words are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Of which project.
    pub project: Option<u64>,
    /// Of which task.
    pub task: Option<u64>,
    /// The task's title.
    pub title: Option<String>,
    /// What an agent said: in which run.
    pub run: Option<u64>,
    /// Where in its log, as `at` of a line.
    pub place: Option<String>,
    /// When.
    pub at: u64,
    /// Who: a role, `human` or `crewhouse`.
    pub who: Option<String>,
    /// The words around the first of those that were looked for, without keys.
    pub excerpt: String,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// What a task says.
    Task,
    /// A remark about a task.
    Remark,
    /// Something else in the journal.
    Journal,
    /// What an agent said or did.
    Said,
}
