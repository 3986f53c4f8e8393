//! The domain of Crewhouse and every decision, as pure functions.
//!
//! This crate performs nothing and knows no time but the one it is handed: no IO, no async, no
//! clock, no randomness, no environment (a crate-local `clippy.toml` holds that).

mod id;
mod time;
mod usage;

pub use id::{AskId, EffectId, ProjectId, RunId, Seq, TaskId, Token};
pub use time::{Millis, Time};
pub use usage::{Micros, Usage};
