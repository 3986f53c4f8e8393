//! The native agent: a small agent loop over model APIs or a playbook, run as a process.
//!
//! ```text
//!  stdin ── Start, then answers and messages ──▶ ┌───────┐ ──▶ model: playbook or provider
//!                                                │ agent │ ──▶ tools, in the worktree
//!  stdout ◀── events, one JSON line each ─────── └───┬───┘
//!                                                    ▼
//!                                        session file (JSON lines, fsync)
//! ```
//!
//! Invariants: the session file alone says where the conversation stands, so a kill at any moment
//! loses at most the call in flight; no call of the model begins that could go over the budget;
//! every tool stays in the worktree; a key is read from the environment and never printed, stored
//! or handed to a command.

mod agent;
mod clock;
mod compaction;
mod exit;
mod guard;
mod heartbeat;
mod input;
mod model;
mod output;
mod playbook;
mod remote;
mod session;
mod start;
mod tools;

use std::io::{BufRead, Write};
use std::path::Path;

pub(crate) use input::tell;

pub use exit::AgentExit;
pub use playbook::{Script, ScriptError};
pub use start::{AskPolicy, Budget, ModelConfig, Remark, RemoteConfig, Start, ToolName};

/// What the agent finds around it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where the tools work.
    pub worktree: &'a Path,
    /// Looks up an environment variable; asked for nothing but the one that holds the model's key.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// Works until the model finishes or something stops it, and says what that was.
///
/// The first line of `input` is a [`Start`]. Later lines are
/// `{"type":"answer","ask":"<key>","text":"…"}`, `{"type":"message","text":"…"}` (with a number as
/// `remark` if it is to be said that it was taken in) and `{"type":"interrupt"}`. A thread
/// reads them and ends with the input, or with the process. Every event is a line on `output`;
/// while a tool runs or a provider is awaited, there is one at least every
/// [`Start::heartbeat_ms`]. While a human is awaited there is none.
pub fn run_agent(
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
    surroundings: Surroundings<'_>,
) -> AgentExit {
    agent::run(input::Input::new(input), &mut output::Output::new(output), &surroundings)
}
