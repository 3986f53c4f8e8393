//! What is told while it happens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Card, InboxItem, JournalEntry, LogLine, Status};

/// A message of `GET /api/events`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamMessage {
    /// Something changed.
    Changes(Box<Changes>),
    /// So much happened since the last message that it is not told: read again what you show.
    Gap {
        /// The next message tells what happened after this position.
        seq: u64,
    },
    /// Agents did something that is not in the journal.
    Live {
        /// Those of which the line is another one now.
        agents: Vec<LiveLine>,
    },
}

/// What changed since the last message, as it is now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// Position in the journal; `since` for whoever goes on after this message.
    pub seq: u64,
    /// What happened, in order, without gaps.
    pub entries: Vec<JournalEntry>,
    /// The tasks that are new or show something else now. Their `live` is in `status`.
    pub tasks: Vec<Card>,
    /// The whole of it.
    pub status: Status,
    /// All that waits for the human; null if that is the same as in the message before.
    pub inbox: Option<Vec<InboxItem>>,
}

/// The newest thing that an agent did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LiveLine {
    /// Its run.
    pub run: u64,
    /// In one line.
    pub live: String,
}

/// A message of `GET /api/runs/{id}/events`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunMessage {
    /// The agent said something.
    Lines {
        /// In order. `at` of the last one is `from` for whoever goes on after it.
        lines: Vec<LogLine>,
    },
    /// The run is over, and all that it said was sent.
    End {},
}
