//! What is said over the socket of a shim: one line of JSON each way, then it closes.

use serde::{Deserialize, Serialize};

/// Longest request, its newline included.
pub(crate) const REQUEST_BYTES_MAX: usize = 1 << 20;
/// Longest id of an input.
pub(crate) const ID_BYTES_MAX: usize = 256;

/// A request to a shim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Write one line to the agent, exactly once by id.
    Input { id: String, line: String },
    /// End the agent's standard input.
    CloseInput,
    /// End the agent.
    Stop { grace_ms: u64 },
    /// Say how it stands.
    Status,
}

/// A shim's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) ok: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) already: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<LiveStatus>,
}

/// Why a shim does not do what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The agent's input has ended; nothing will reach it any more.
    InputClosed,
    /// The agent does not read, and enough is waiting for it; the same again later may work.
    Busy,
    /// The request itself is wrong, and always will be.
    Invalid,
    /// The shim could not write the input down; the agent did not get it.
    Disk,
}

/// How a live launch stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveStatus {
    /// The pid of the agent's main process; `None` when it has ended and others are being ended.
    pub agent_pid: Option<u32>,
    /// Whether the agent is being ended.
    pub ending: bool,
    /// Length of `out.ndjson`.
    pub out_bytes: u64,
    /// Length of `err.log`.
    pub err_bytes: u64,
    /// Bytes of input that the agent has not read yet.
    pub input_bytes_waiting: u64,
}

impl Reply {
    pub(crate) fn done() -> Self {
        Self { ok: true, ..Self::default() }
    }

    pub(crate) fn already() -> Self {
        Self { ok: true, already: true, ..Self::default() }
    }

    pub(crate) fn status(status: LiveStatus) -> Self {
        Self { ok: true, status: Some(status), ..Self::default() }
    }

    pub(crate) fn refused(why: Refused, message: impl Into<String>) -> Self {
        Self { refused: Some(why), message: Some(message.into()), ..Self::default() }
    }
}
