//! One running agent: the shim that owns its process, the spool of what it prints, the native
//! agent, and the mailbox.

mod event;
pub mod mailbox;
mod native;
pub mod process;
pub mod sandbox;
pub mod shim;
pub mod spool;

pub use event::{AgentEvent, ErrorClass};
pub use native::{
    AgentExit, AskPolicy, Budget, ModelConfig, Price, RemoteConfig, Script, ScriptError, Start,
    Surroundings, ToolName, run_agent,
};
