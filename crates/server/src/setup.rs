//! What the program brings along for beginning: the same that its commands `init`, `doctor` and
//! `demo` do. The daemon is told how, because the texts belong to the command line.

use std::path::Path;

use crate::wire::{Finding, NewTask};

/// What happened instead, and what to do about it.
#[derive(Clone, Debug)]
pub struct SetupError {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a repository comes under Crewhouse.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Writes the team directory of the repository, where something is missing; says which files.
    pub begin: fn(&Path) -> Result<Vec<String>, SetupError>,
    /// Looks for what could stand in the way, with the data directory and, if there is one, a
    /// repository.
    pub doctor: fn(&Path, Option<&Path>) -> Vec<Finding>,
    /// Makes the demo's repository in a directory that is not there yet, and says its tasks. Their
    /// `depends_on` counts from 1 in this list, their `project` is to be filled in.
    pub demo: fn(&Path) -> Result<Vec<NewTask>, SetupError>,
}
