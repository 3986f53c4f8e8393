//! GitHub over HTTPS: issues, labels, comments, pull requests.
//!
//! ```text
//!  api.rs     what is asked for ──► client.rs  one request ──► limit.rs  whether it may be sent
//!  wire.rs    what is answered ◄──             one answer  ◄──           and when the next may
//! ```
//!
//! It decides nothing: what the board and GitHub tell each other is decided in `crew_core::github`.
//! Nothing is ever sent a second time here. A request whose answer was lost may have had its effect,
//! so whoever repeats one looks first. The exception is a redirect, which says that nothing was done.
//!
//! Every answer is bounded in size and time, and is parsed once, as a whole: what comes out of this
//! crate is complete. A tag for the next conditional request is only ever handed out together with
//! the value that it stands for.

mod address;
mod api;
mod app;
mod client;
mod error;
mod limit;
mod token;
mod wire;

pub use address::Address;
pub use app::App;
pub use client::{Budgets, Client, Credential, Listing, Origin, Tag};
pub use error::{Error, Limited};
pub use limit::Calls;
pub use token::{Token, secret_file};
pub use wire::{
    Account, Branch, Check, CheckApp, CheckOutput, Comment, Issue, Label, LabelEvent, NewPull,
    Present, Pull, Repository, Review, Status,
};
