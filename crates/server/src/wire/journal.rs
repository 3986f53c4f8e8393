//! The journal: what happened, and what came of it.

use crew_core::note;
use crew_store::Entry;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// `GET /api/journal`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Journal {
    /// Position in the journal when this was read.
    pub seq: u64,
    /// In order, without gaps.
    pub entries: Vec<JournalEntry>,
}

/// One entry. The journal files hold the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    /// Its position, from 1, without gaps.
    pub seq: u64,
    /// When it was recorded.
    pub at: u64,
    /// What happened, in one word: `task_added`, `approved`, `said`, …
    pub event: String,
    /// All of it, as the journal file has it.
    #[schema(value_type = Object)]
    pub body: Value,
    /// What came of it.
    pub notes: Vec<Note>,
    /// Why it changed nothing by itself, where that is so.
    pub dropped: Option<String>,
}

/// One visible consequence of an event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A task came to a stage.
    Stage {
        /// The task.
        task: u64,
        /// Where it was; null for a new task.
        from: Option<String>,
        /// Where it is.
        to: String,
    },
    /// Something else goes on with a task in its stage.
    Phase {
        /// The task.
        task: u64,
        /// What.
        phase: String,
    },
    /// A run changed.
    Run {
        /// The run.
        run: u64,
        /// Its task.
        task: u64,
        /// Its role.
        role: String,
        /// What it is now.
        state: String,
        /// Which provider its agent is to come from, and why, where that was just chosen.
        why: Option<String>,
    },
    /// An ask opened or closed.
    Ask {
        /// The ask.
        ask: u64,
        /// Its task.
        task: u64,
        /// `open`, `answered` or `expired`.
        state: String,
        /// By whom it was answered, where that was not the human.
        why: Option<String>,
    },
    /// A project came, or its team changed.
    Project {
        /// The project.
        project: u64,
    },
}

impl Note {
    /// The task that it is about.
    pub fn task(&self) -> Option<u64> {
        match self {
            Self::Stage { task, .. }
            | Self::Phase { task, .. }
            | Self::Run { task, .. }
            | Self::Ask { task, .. } => Some(*task),
            Self::Project { .. } => None,
        }
    }
}

impl From<&Entry> for JournalEntry {
    fn from(entry: &Entry) -> Self {
        // Our own types always serialise; an entry is shown even if one does not.
        let body = serde_json::to_value(&entry.body).unwrap_or_default();
        let event = body.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            seq: entry.seq.0,
            at: entry.at.0,
            event,
            body,
            notes: entry.notes.iter().map(Note::from).collect(),
            dropped: entry.dropped.clone(),
        }
    }
}

impl From<&note::Note> for Note {
    fn from(note: &note::Note) -> Self {
        match note {
            note::Note::Stage { task, from, to } => Self::Stage {
                task: task.0,
                from: from.as_ref().map(ToString::to_string),
                to: to.to_string(),
            },
            note::Note::Phase { task, phase } => Self::Phase { task: task.0, phase: phase.clone() },
            note::Note::Run { run, task, role, state, why } => Self::Run {
                run: run.0,
                task: task.0,
                role: role.to_string(),
                state: state.clone(),
                why: why.clone(),
            },
            note::Note::Ask { ask, task, state, why } => {
                Self::Ask { ask: ask.0, task: task.0, state: state.clone(), why: why.clone() }
            }
            note::Note::Project { project } => Self::Project { project: project.0 },
        }
    }
}
