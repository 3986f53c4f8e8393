//! The REST API on loopback: what the CLI, the browser and the desktop window talk to.
//!
//! ```text
//!  request ─► panic.rs ─► guard.rs ─► route/… ─► Handle::submit ─► receipt
//!                         Host, Origin,   │
//!                         token, JSON     └────► Handle::read ──► wire/… (converted, never domain types)
//! ```
//!
//! Invariants:
//! * Everything under `/api` needs the token, and everything a Host of ours and, where there is
//!   one, an Origin of ours; what has a body is JSON. There is no CORS, and nothing listens but on
//!   127.0.0.1. The files of the user interface hold no data, so they need no token.
//! * Every write goes through the [`crew_engine::Handle`] and answers with its receipt's position.
//! * What is shown is computed when it is asked for; nothing here keeps a copy of the state.
//! * A request that panics answers 500, and the daemon goes on.

mod app;
mod burn;
mod disk;
mod error;
mod extract;
mod files;
mod guard;
pub mod idle;
mod inbox;
mod live;
mod panic;
mod policy_edit;
mod route;
mod search;
mod serve;
mod setup;
mod site;
mod status;
mod stream;
pub mod wire;

pub use error::ErrorCode;
pub use route::openapi_document;
pub use serve::{bind, serve};
pub use setup::{Setup, SetupError, WriteTeam, team_with};
