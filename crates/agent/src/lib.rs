//! One running agent: the shim that owns its process, the spool of what it prints, the native
//! agent, Claude Code, the desk that agents call us by, and the mailbox.

pub mod claude;
pub mod desk;
mod dialect;
mod event;
mod listen;
pub mod mailbox;
mod native;
mod price;
pub mod process;
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
