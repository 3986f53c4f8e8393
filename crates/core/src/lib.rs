//! The domain of Crewhouse and every decision, as pure functions.
//!
//! This crate performs nothing and knows no time but the one it is handed: no IO, no async, no
//! clock, no randomness, no environment (a crate-local `clippy.toml` holds that).
//!
//! Start with [`step()`]: it takes the present [`State`] and an [`Event`] and gives the [`Change`],
//! in which the [`Effect`]s are that somebody has to perform.

pub mod about;
pub mod ask;
pub mod call;
pub mod command;
pub mod conflict;
mod effect;
mod event;
pub mod github;
mod id;
pub mod judged;
pub mod learn;
mod name;
pub mod note;
pub mod plan;
pub mod project;
pub mod protocol;
pub mod purse;
mod refusal;
pub mod run;
mod state;
pub mod status;
mod step;
pub mod task;
pub mod team;
mod time;
mod usage;

pub use effect::{Effect, SaveAs, due};
pub use event::{Event, Settled, TaskDraft, Words};
pub use id::{AskId, EffectId, ProjectId, RunId, Seq, TaskId, Token};
pub use name::{BadName, ProviderName, RoleName, RoutineName, SecretName, StageName};
pub use refusal::Refusal;
pub use state::{Change, LimitEnd, LimitWindow, Meta, State};
pub use step::{Block, RESPONSE_GRACE, Step, block, next_wake, step};
pub use time::{Millis, Time};
pub use usage::{Micros, Price, Usage};
