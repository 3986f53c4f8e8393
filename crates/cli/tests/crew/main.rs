//! The program as people and scripts use it: the real binary, on real repositories, with a home
//! of its own and nothing of ours in its environment.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::panic, reason = "likewise")]

mod daemon;
mod init;
mod sandbox;
mod surface;
mod task;
