//! The native agent from the outside: lines in, lines out, files in a worktree.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod bench;
mod compaction;
mod playbook;
mod process;
mod resume;
mod told;
mod tools;
mod wire;
