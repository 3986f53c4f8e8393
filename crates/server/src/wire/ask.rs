//! Answers that are remembered.

use crew_core::ask;
use crew_core::project::Project;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Reach;

/// `GET /api/asks/remembered`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RememberedAnswers {
    /// Position in the journal.
    pub seq: u64,
    /// By project, oldest first.
    pub items: Vec<Remembered>,
}

/// An answer that is given again when the same role asks for exactly the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Remembered {
    /// The ask that it was given to, which names it.
    pub ask: u64,
    /// The project.
    pub project: u64,
    /// Whose asks.
    pub role: String,
    /// How far it reaches.
    pub reach: Reach,
    /// The task, where it reaches no further.
    pub task: Option<u64>,
    /// What it is about.
    pub about: String,
    /// The answer.
    pub answer: Permission,
    /// Since when.
    pub at: u64,
}

/// A yes or no to a request for permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

impl Permission {
    /// The answer that it is.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => ask::ALLOW,
            Self::Deny => ask::DENY,
        }
    }
}

impl From<(&Project, &ask::Remembered)> for Remembered {
    fn from((project, known): (&Project, &ask::Remembered)) -> Self {
        let (reach, task) = match known.scope {
            ask::Scope::Task { task } => (Reach::Task, Some(task.0)),
            ask::Scope::Role => (Reach::Role, None),
        };
        Self {
            ask: known.ask.0,
            project: project.id.0,
            role: known.role.to_string(),
            reach,
            task,
            about: known.about.to_string(),
            answer: match known.permission {
                ask::Permission::Allow => Permission::Allow,
                ask::Permission::Deny => Permission::Deny,
            },
            at: known.at.0,
        }
    }
}

impl From<Reach> for ask::Reach {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Task => Self::Task,
            Reach::Role => Self::Role,
        }
    }
}
