//! What an event changed, for people: the journal's and the feed's lines.
//!
//! Notes are read off a change, so none can be forgotten and none can lie.

use serde::{Deserialize, Serialize};

use crate::ask::{AnsweredBy, AskState, Permission};
use crate::{AskId, Change, ProjectId, RoleName, RunId, StageName, State, TaskId};

/// One visible consequence of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A task came to a stage.
    Stage {
        /// The task.
        task: TaskId,
        /// Where it was; none for a new task.
        from: Option<StageName>,
        /// Where it is.
        to: StageName,
    },
    /// Something else goes on with a task in its stage.
    Phase {
        /// The task.
        task: TaskId,
        /// What.
        phase: String,
    },
    /// A run changed.
    Run {
        /// The run.
        run: RunId,
        /// Its task.
        task: TaskId,
        /// Its role.
        role: RoleName,
        /// What it is now.
        state: String,
        /// Which provider its agent is to come from, and why, where that was just chosen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// An ask opened or closed.
    Ask {
        /// The ask.
        ask: AskId,
        /// Its task.
        task: TaskId,
        /// `open`, `answered` or `expired`.
        state: String,
        /// By whom it was answered, where that was not the human.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A project came, or its team changed.
    Project {
        /// The project.
        project: ProjectId,
    },
}

/// The visible consequences of a change to `before`.
pub fn notes(before: &State, change: &Change) -> Vec<Note> {
    let mut notes = Vec::new();
    for (id, project) in &change.projects {
        if before.projects.get(id).is_none_or(|old| old.team != project.team) {
            notes.push(Note::Project { project: *id });
        }
    }
    for (id, task) in &change.tasks {
        let old = before.tasks.get(id);
        if old.is_none_or(|old| old.stage != task.stage) {
            let from = old.map(|old| old.stage.clone());
            notes.push(Note::Stage { task: *id, from, to: task.stage.clone() });
        }
        if old.is_some_and(|old| old.phase.word() != task.phase.word()) {
            notes.push(Note::Phase { task: *id, phase: task.phase.word().to_owned() });
        }
    }
    for (id, run) in &change.runs {
        let old = before.runs.get(id);
        let why = run.why.as_ref().filter(|_| {
            old.is_none_or(|old| (&old.provider, &old.why) != (&run.provider, &run.why))
        });
        if why.is_some() || old.is_none_or(|old| old.state.word() != run.state.word()) {
            let why = why.map(|why| format!("`{}`: {why}", run.provider));
            let (role, state) = (run.role.clone(), run.state.word().to_owned());
            notes.push(Note::Run { run: *id, task: run.task, role, state, why });
        }
    }
    for (id, ask) in &change.asks {
        if before.asks.get(id).is_none_or(|old| old.state != ask.state) {
            let (state, why) = match &ask.state {
                AskState::Open => ("open", None),
                AskState::Answered { by: AnsweredBy::Human, .. } => ("answered", None),
                AskState::Answered { text, by, .. } => {
                    let is_allowed = Permission::of(text) == Some(Permission::Allow);
                    let word = if is_allowed { "allowed" } else { "denied" };
                    ("answered", Some(format!("{word} {by}")))
                }
                AskState::Expired { .. } => ("expired", None),
            };
            notes.push(Note::Ask { ask: *id, task: ask.task, state: state.to_owned(), why });
        }
    }
    notes
}
