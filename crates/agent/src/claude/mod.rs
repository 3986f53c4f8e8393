//! Claude Code: what it is started with, what it says, and how it is answered.
//!
//! It runs under the same shim as every agent and speaks `stream-json` both ways:
//!
//! ```text
//!  us ── initialize ─▶ claude        who would pay? nothing is asked before that is as agreed
//!  us ◀─ account ───── claude
//!  us ── the prompt ─▶ claude ─▶ …   can_use_tool ⇄ the human's answer
//!  us ◀─ result ────── claude        the input is closed; what still runs in the background may
//!  us ◀─ result ────── claude        add a turn, and the last result counts
//! ```
//!
//! Invariant: what a line means depends on the lines before it only. Whoever reads them again gets
//! the same, and says the same: an input has a name, and the shim writes each name once.

mod ask;
mod billing;
mod decoder;
mod find;
mod launch;
mod memory;
mod notices;
mod places;
mod plan;
mod trouble;
mod usage;
mod wire;

pub use decoder::Decoder;
pub use find::{CLAUDE, HOOKS_TOLD_SINCE, is_allowed};
pub use launch::{
    CONFIG_DIR, Conversation, ENVIRONMENT, INHERITED, Launch, SANDBOX, conversation_id,
};
pub use memory::{Remembered, is_kept};
pub use places::places;
pub(crate) use places::{FILES, WRITTEN};
pub(crate) use trouble::named;

use crew_core::team::Payer;
use serde::{Deserialize, Serialize};

/// What is said to Claude Code when it has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Who is to pay.
    pub payer: Payer,
    /// The first prompt. It is sent once it is known who pays.
    pub prompt: String,
}
