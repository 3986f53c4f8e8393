//! The native agent from the outside: lines in, lines out, files in a worktree.

mod bench;
mod playbook;
mod resume;
mod tools;
