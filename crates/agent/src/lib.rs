//! One running agent: the shim that owns its process, the spool of what it prints, the native
//! agent, Claude Code, and the mailbox.

pub mod claude;
mod dialect;
mod event;
mod listen;
pub mod mailbox;
mod native;
mod price;
pub mod process;
#[allow(dead_code, reason = "the dialects that speak it come next")]
mod rpc;
pub mod sandbox;
pub mod shim;
pub mod spool;

pub use dialect::{Act, Dialect, Ending, Verdict};
pub use event::{AgentEvent, ErrorClass};
pub use listen::{Heard, Listener, answer};
pub use native::{
    AgentExit, AskPolicy, Budget, ModelConfig, Price, RemoteConfig, Script, ScriptError, Start,
    Surroundings, ToolName, run_agent,
};
