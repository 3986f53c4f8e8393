//! Files of the team directory: `team.toml`, read at first and again whenever it changes, and what
//! roles are told.
//!
//! They lie in the user's checkout, where anything can be in their place: only a plain file of a
//! size that makes sense is read, so that no pipe and no device keeps us waiting.

use std::fs::File;
use std::io::{self, Read};
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
    read_team_file(&path(root))
}

/// Reads and proves a policy, wherever it is.
///
/// # Errors
/// All the mistakes that were found, at least one.
pub fn read_team_file(path: &Path) -> Result<Team, Vec<Problem>> {
    let text = read_text(path).map_err(|error| {
        let what = format!("{TEAM_FILE} cannot be read: {error}");
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "`crew init` makes one",
            io::ErrorKind::InvalidData => "save it as UTF-8 text",
            _ => "put a plain file there; `crew init` makes one where none is",
        };
        vec![Problem::new(what, hint)]
    })?;
    team::parse(&text)
}

/// The text of a plain file that is not too large.
///
/// # Errors
/// What is no such file, or not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 from byte {at} on"))
    })
}

/// Where the policy of the repository at `root` is.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(TEAM_DIRECTORY).join(TEAM_FILE)
}
