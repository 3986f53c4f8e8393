//! The domain of Crewhouse and every decision, as pure functions.
//!
//! This crate performs nothing and knows no time but the one it is handed: no IO, no async, no
//! clock, no randomness, no environment (a crate-local `clippy.toml` holds that).

mod id;
mod name;
pub mod protocol;
pub mod team;
mod time;
mod usage;

pub use id::{AskId, EffectId, ProjectId, RunId, Seq, TaskId, Token};
pub use name::{BadName, ProviderName, RoleName, StageName};
pub use time::{Millis, Time};
pub use usage::{Micros, Usage};
