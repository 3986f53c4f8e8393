//! One small process per launch of an agent, which owns it and outlives the daemon.
//!
//! ```text
//!  daemon ── launch(dir, spec) ─▶ shim ── spawn ─▶ agent ─▶ whatever it starts
//!    │                             │ stdin pipe ──▶ │ stdout, stderr: files, O_APPEND
//!    ├── in.sock: input, stop … ──▶│◀── waitpid ────┤
//!    └── reads out.ndjson          └── exit.json when nothing of it is left
//! ```
//!
//! No byte of output passes through the shim: the agent writes to the files itself, so that even
//! `kill -9` of the shim loses nothing and the agent gets no SIGPIPE.
//!
//! Invariants:
//! * A launch directory starts at most one agent, ever: `pid` is made once, by a hard link, with
//!   its content, and is never removed. Who finds it there goes away.
//! * A launch is over when `exit.json` is there, and then nothing of it runs. If neither it nor
//!   the shim is there, the launch is [`Presence::Lost`], and [`reap_lost`] makes it over.
//! * A secret is never on disk: it goes from the daemon to the agent by environments alone.
//! * An input is on disk before the agent sees it, and reaches it once however often it is sent.
//! * Every wait has an end: an agent that ignores TERM, a client that says nothing, a pipe that
//!   nobody reads.
//!
//! Out of reach on Linux without privileges: a process of another user below the agent (`sudo`)
//! cannot be signalled; it is named in [`ExitRecord::survivors`].

mod client;
mod feed;
mod launch;
mod lost;
mod record;
mod run;
mod socket;
mod spawn;
mod supervise;
mod terminate;
mod times;
mod wire;

pub use client::{Accepted, Presence, ShimError, close_input, look, send_input, status, stop};
pub use launch::{Launched, ShimProgram, launch, tombstone};
pub use lost::reap_lost;
pub(crate) use record::write_durably;
pub use record::{
    AGENT_PID, ERR, EXIT, ExitRecord, IN, Input, InputMode, OUT, PID, SHIM_LOG, SOCKET, SPEC,
    STOPPED, Spec, Status, TIMES, Why, dialect,
};
pub use run::{EXIT_CODE_FAILED, EXIT_CODE_TAKEN, run_shim};
pub use times::Times;
pub use wire::{LiveStatus, Refused};
