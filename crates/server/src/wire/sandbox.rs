//! What the sandbox refused to agents, and what would open it.

use crew_core::learn::Lesson;
use crew_core::team::Opened;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SandboxLessonQuery {
    /// Only the runs of this role.
    pub role: Option<String>,
}

/// `GET /api/projects/{id}/sandbox`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SandboxLesson {
    /// Position in the journal.
    pub seq: u64,
    /// How many runs were refused something.
    pub runs: u64,
    /// What would have to be opened to be read.
    pub read: Vec<String>,
    /// What would have to be opened to be written.
    pub write: Vec<String>,
    /// What is not proposed.
    pub left_out: Vec<LeftOut>,
    /// The `[sandbox]` of `team.toml` with this in it; null if nothing is to be opened.
    pub snippet: Option<String>,
}

/// A place that is not proposed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Where.
    pub path: String,
    /// Why not.
    pub why: String,
}

impl SandboxLesson {
    pub(crate) fn of(seq: u64, lesson: &Lesson, open: &Opened) -> Self {
        let left_out = lesson.left_out.iter();
        Self {
            seq,
            runs: lesson.runs as u64,
            read: lesson.read.keys().cloned().collect(),
            write: lesson.write.keys().cloned().collect(),
            left_out: left_out
                .map(|(path, why)| LeftOut { path: path.clone(), why: (*why).to_owned() })
                .collect(),
            snippet: (!lesson.is_empty()).then(|| lesson.snippet(open)),
        }
    }
}
