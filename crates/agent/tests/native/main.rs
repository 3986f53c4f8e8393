//! The native agent from the outside: lines in, lines out, files in a worktree.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod asides;
mod bench;
mod playbook;
mod process;
mod resume;
mod tools;
mod wire;
