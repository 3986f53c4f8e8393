//! Routines: tasks that come by themselves.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// A task that Crewhouse adds by itself, again and again. There is never more than one of it that is not
/// over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    /// What its tasks are called.
    pub title: String,
    /// What is to be done; Markdown.
    pub body: String,
    /// What it takes for it to come.
    pub when: When,
    /// And at most once in this time.
    pub every: Millis,
}

/// What it takes for a routine's task to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Nothing but the time.
    #[default]
    Time,
    /// Nothing else is open: the team has nothing to do.
    Idle,
    /// Something waits for the human that did not when it came last.
    Trouble,
}

impl When {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Idle => "idle",
            Self::Trouble => "trouble",
        }
    }
}
