//! `.crew/team.toml` on disk: read at first, and again whenever it changes.

use std::path::{Path, PathBuf};

use crew_core::team::{self, Problem, Team};

/// The team directory of a repository.
pub const TEAM_DIRECTORY: &str = ".crew";
/// The policy, in the team directory.
pub const TEAM_FILE: &str = "team.toml";
/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads and proves the policy of the repository at `root`.
///
/// # Errors
/// All the mistakes that were found, at least one.
pub fn read_team(root: &Path) -> Result<Team, Vec<Problem>> {
    let path = path(root);
    let problem = |what: String, hint: &str| vec![Problem { what, hint: Some(hint.to_owned()) }];
    let shown = format!("{TEAM_DIRECTORY}/{TEAM_FILE}");
    match path.metadata() {
        Ok(file) if file.len() > FILE_BYTES_MAX => {
            return Err(problem(format!("{shown} is larger than 1 MiB"), "it is no team file"));
        }
        _ => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|error| {
        problem(format!("{shown} cannot be read: {error}"), "`crew init` makes one")
    })?;
    team::parse(&text)
}

/// Where the policy of the repository at `root` is.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(TEAM_DIRECTORY).join(TEAM_FILE)
}
