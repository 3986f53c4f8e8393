//! What is said to an agent in the middle of its turn, as far as its protocol has words for it.
//!
//! Which words these are depends on what the agent said so far, so they are found by reading that.
//! Each is named, and the shim writes each name once.

use std::path::Path;

use crate::dialect::{Decoder, Dialect};
use crate::listen::Listener;
use crate::spool::SpoolError;

/// The name of an interruption as an input.
pub(crate) const INTERRUPT: &str = "interrupt";

/// Something for an agent at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// What a person said about the task.
    Remark {
        /// Its number; the agent says that it has taken it in.
        number: u64,
        /// The words, with our mark in them.
        text: String,
    },
    /// What must not be forgotten, after its conversation was compacted.
    Reminder {
        /// How often it was, in this run.
        compaction: u32,
        /// The words, with [`reminder_mark`] in them.
        text: String,
    },
    /// It is to end its turn, and go.
    Interrupt,
}

/// How an agent is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By this line.
    Line(String),
    /// It has not begun with what it is there for, and can take nothing else before.
    NotYet,
    /// It cannot be told, or not any more.
    None,
}

impl Telling {
    /// The name of the input.
    pub fn id(&self) -> String {
        match self {
            Self::Remark { number, .. } => remark_id(*number),
            Self::Reminder { compaction, .. } => format!("reminder-{compaction}"),
            Self::Interrupt => INTERRUPT.to_owned(),
        }
    }
}

/// How the mark of a remark begins.
const MARK: &str = "(Crewhouse: remark ";

/// What stands at the end of a remark that an agent is told: by it we know it again.
pub fn mark(number: u64, task: &str, home: &str) -> String {
    format!("{MARK}{number} on {task} of {home})")
}

/// What stands at the end of a reminder after so many compactions of the conversation of a run.
pub fn reminder_mark(compaction: u32, run: &str, home: &str) -> String {
    format!("(Crewhouse: reminder {compaction} for {run} of {home})")
}

/// The number of the remark with whose mark a text ends.
pub(crate) fn marked(text: &str) -> Option<u64> {
    let mark = text.get(text.rfind(MARK)? + MARK.len()..)?;
    mark.split(' ').next()?.parse().ok()
}

/// The name of a remark as an input.
pub(crate) fn remark_id(number: u64) -> String {
    format!("remark-{number}")
}

/// The remark that an input of this name brought.
pub(crate) fn remark_of(id: &str) -> Option<u64> {
    id.strip_prefix("remark-")?.parse().ok()
}

/// Finds the words for one start of an agent.
#[derive(Debug)]
pub struct Teller {
    listener: Option<Listener>,
    decoder: Decoder,
}

impl Teller {
    /// Begins with what the agent said first. What the native agent takes does not depend on that.
    pub fn open(dir: &Path, dialect: &Dialect) -> Result<Self, SpoolError> {
        let listener = match dialect {
            Dialect::Native => None,
            Dialect::Claude(_) | Dialect::Codex(_) | Dialect::Acp(_) => {
                Some(Listener::open(dir, dialect, 0)?)
            }
        };
        Ok(Self { listener, decoder: dialect.decoder() })
    }

    /// How the agent is told now, by all that it has said.
    pub fn way(&mut self, telling: &Telling) -> Result<Way, SpoolError> {
        let Some(listener) = &mut self.listener else { return Ok(self.decoder.tell(telling)) };
        while listener.next_batch()?.is_some() {}
        Ok(listener.decoder().tell(telling))
    }
}
