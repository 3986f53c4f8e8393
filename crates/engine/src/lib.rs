//! The loop: store, core and the outside worlds.
//!
//! ```text
//!  people (server, CLI) ─┐
//!  agents   follow.rs ───┤                    ┌─► journal files, subscribers
//!  their calls desk.rs ──┤                    │
//!  mailbox  mailbox.rs ──┤                    │
//!  GitHub   github/ ─────┼─► arbiter.rs ──────┤
//!  team.toml, timers ────┤   one thread:      └─► the outbox ─► perform/ ─► git, shims, files, GitHub
//!  what came of effects ─┘   decide, record                       │
//!          ▲                                                      │
//!          └──────────────────── Event::Settled ──────────────────┘
//! ```
//!
//! The arbiter is the only writer: it takes events off one bounded queue, asks
//! [`crew_core::step`], and makes the outcome durable before anybody hears of it. Everything else
//! is a task of the [`Engine`] with a way to cancel it; what a task was doing when the daemon was
//! killed is found again in the outbox and in the run directories.

mod anchors;
mod arbiter;
mod brief;
mod clock;
mod crash;
mod desk;
mod engine;
mod follow;
mod github;
mod handle;
mod knowledge;
mod mailbox;
mod neutral;
mod perform;
mod place;
mod prompt;
mod prune;
mod question;
mod quote;
mod reached;
mod remark;
mod rounds;
mod screen;
mod site;
mod skills;
mod space;
mod teamfile;
mod touched;
mod wake;
mod words;

pub use clock::Clock;
pub use crash::{
    CALL_CRASH_POINTS, CONTROL_CRASH_POINTS, CRASH_POINTS, GITHUB_CRASH_POINTS, PULL_CRASH_POINTS,
};
pub use engine::{Engine, Options};
pub use github::{Delivered, GithubReport, github_credential, make_github_labels};
pub use handle::{Failure, Handle, Receipt};
pub use neutral::{neutral, neutral_json};
pub use prune::{Heap, Pruned, Pruning, prune};
pub use screen::Screen;
pub use teamfile::{TEAM_DIRECTORY, TEAM_FILE, read_team, read_team_file, read_text};
