//! OpenAI's Codex: what it is started with, what it says, and how it is answered.
//!
//! It runs under the same shim as every agent, and speaks JSON-RPC (`codex app-server`):
//!
//! ```text
//!  us ── initialize, getAuthStatus ▶ codex    who would pay? nothing is asked before that is as agreed
//!  us ── thread/start or resume ───▶ codex    the conversation, with the role's instructions
//!  us ── turn/start ───────────────▶ codex    the prompt
//!  us ◀─ items, requestApproval ──── codex    what the team allows is answered here, the rest is asked
//!  us ◀─ turn/completed ──────────── codex    its input is closed once no agent of its own works
//! ```
//!
//! Invariant: what a line means depends on the lines before it only. Whoever reads them again gets
//! the same, and says the same: an input has a name, and the shim writes each name once.

mod approvals;
mod billing;
mod decoder;
mod harmless;
mod items;
mod launch;
mod memory;
mod trouble;
mod usage;
mod wire;

pub use billing::Means;
pub use decoder::Decoder;
pub use launch::{CODEX, HOME, Launch, places};
pub use memory::Remembered;

use std::path::PathBuf;

use crew_core::team::{Payer, Permissions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use approvals::{Ruling, Wish};

/// What is said to Codex when it has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Who is to pay.
    pub payer: Payer,
    /// With what.
    pub means: Means,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// Beginnings of commands that it may run without asking besides.
    pub allow: Vec<String>,
    /// Where it works.
    pub worktree: PathBuf,
    /// How its conversation is opened: the parameters of `thread/start`.
    pub thread: Value,
    /// The first prompt of a conversation that begins. It is sent once it is known who pays.
    pub prompt: String,
    /// The conversation that goes on, if one does.
    pub resumed: Option<Resumed>,
}

/// A conversation that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Its id.
    pub thread: String,
    /// The prompt that it goes on with.
    pub prompt: String,
}

impl Opening {
    fn ruling(&self, wish: &Wish<'_>) -> Ruling {
        wish.ruling(self.permissions, &self.allow, &self.worktree)
    }

    /// The parameters of `thread/resume`.
    fn resumed_thread(&self, thread: &str) -> Value {
        let mut params = self.thread.clone();
        if let Some(fields) = params.as_object_mut() {
            fields.insert("threadId".to_owned(), Value::from(thread));
        }
        params
    }

    /// What is said in this conversation.
    fn prompt_for(&self, thread: &str) -> &str {
        let resumed = self.resumed.as_ref().filter(|resumed| resumed.thread == thread);
        resumed.map_or(&self.prompt, |resumed| &resumed.prompt)
    }
}
