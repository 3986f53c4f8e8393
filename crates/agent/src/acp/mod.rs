//! Agents that speak ACP, the Agent Client Protocol (<https://agentclientprotocol.com>, version 1):
//! JSON-RPC, one message to a line, both ways.
//!
//! ```text
//!  us ── initialize ──────────▶ agent     is it a version that we understand?
//!  us ── session/load or new ─▶ agent     what was said before is said again, and is not news
//!  us ── mode, model ─────────▶ agent     only where team.toml or the agent's data names one
//!  us ── session/prompt ──────▶ agent ─▶ session/update …   session/request_permission ⇄ an answer
//!  us ◀─ its result ─────────── agent     the turn is over, and with it the process
//! ```
//!
//! We offer no files and no terminals: an agent has its own, in its sandbox. What every agent does
//! the same is in the decoder; what only one does is data, in `known.rs`.
//!
//! Invariant: what a line means depends on the lines before it only. Whoever reads them again gets
//! the same, and says the same: an input has a name, and the shim writes each name once.

mod ask;
mod billing;
mod calls;
mod decoder;
mod find;
mod known;
mod memory;
mod meter;
pub(crate) mod overheard;
mod settings;
mod trouble;
mod turn;
mod wire;

pub use billing::billing_objection;
pub use decoder::Decoder;
pub use find::{find, make_home, places, version};
pub(crate) use known::OPENCODE_NAME;
pub use known::{Home, Known, Own, Written, known};
pub use memory::{Remembered, Talk};

use std::path::PathBuf;

use crew_core::Micros;
use crew_core::team::Permissions;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::desk::mcp::SERVER;
use crate::desk::{DESK, ToolsOfOurs};
use crate::native::Remark;
use crate::program::Version;

/// What is said to an agent when it has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What it is called when something is said about it.
    pub name: String,
    /// The oldest version that we understand, where the agent is known.
    #[serde(default)]
    pub version_min: Option<Version>,
    /// Where it works.
    pub cwd: PathBuf,
    /// The first prompt of a conversation.
    pub prompt: String,
    /// The conversation to go on with, if there is one.
    #[serde(default)]
    pub resume: Option<Resume>,
    /// What it may do without asking the human.
    pub permissions: Permissions,
    /// The mode to work in, if not its own default.
    #[serde(default)]
    pub mode: Option<String>,
    /// The model, if not its own default.
    #[serde(default)]
    pub model: Option<String>,
    /// How somebody signs in.
    pub sign_in: String,
    /// Our tools, which it uses without asking.
    #[serde(default)]
    pub tools_of_ours: Option<ToolsOfOurs>,
    /// Whether it ends when its input does, or has to be told by a signal.
    pub ends_with_input: bool,
}

impl Opening {
    /// The servers of tools that it is given.
    fn servers(&self) -> Vec<Value> {
        let ours = self.tools_of_ours.iter().map(|ours| {
            let env = json!([{"name": DESK, "value": ours.desk}]);
            json!({"name": SERVER, "command": ours.program, "args": ToolsOfOurs::ARGS, "env": env})
        });
        ours.collect()
    }
}

/// A conversation to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Its id.
    pub session: String,
    /// What stands in it if it was told before what to do in this run.
    pub mark: String,
    /// The prompt, if it was.
    pub go_on: String,
    /// What people said since the first prompt. What stands in the conversation is not said again.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// What it has cost so far, if that is known.
    #[serde(default)]
    pub cost: Option<Micros>,
}
