//! One running agent: the shim that owns its process, the spool of what it prints, the native
//! agent, Claude Code, Codex, agents that speak ACP, the desk that agents call us by, and the mailbox.

pub mod acp;

mod asks;
pub mod claude;
pub mod codex;
pub mod desk;
mod dialect;
mod event;
pub mod headless;
mod keep;
mod listen;
pub mod mailbox;
pub mod manifest;
mod native;
mod payer;
mod price;
pub mod process;
pub mod program;
mod rpc;
pub mod sandbox;
pub mod shim;
pub mod spool;
mod stderr;
mod tell;
mod trouble;
mod until;
mod words;

pub use dialect::{Act, Decoder, Dialect, Ending, Speaker, Verdict};
pub use event::{AgentEvent, ErrorClass};
pub use listen::{Heard, Listener, answer, dated, end_of_limit};
pub use native::{
    AgentExit, AskPolicy, Budget, ModelConfig, Remark, RemoteConfig, Script, ScriptError, Start,
    Surroundings, ToolName, run_agent,
};
pub use stderr::{Overheard, complaint, overheard};
pub use tell::{Teller, Telling, Way, mark, reminder_mark};
