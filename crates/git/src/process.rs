//! Live processes, as far as `/proc` shows them: who works in a directory, and whether a lock file
//! of git has an owner. Where there is no `/proc`, nobody is seen.

use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::{GitError, Worktree};

/// Refuses if a live process has its current directory in `path`.
pub(crate) fn check_nobody_in(path: &Path) -> Result<(), GitError> {
    match processes().find(|process| process.directory.starts_with(path)) {
        Some(process) => Err(GitError::InUse { pid: process.pid, path: path.to_owned() }),
        None => Ok(()),
    }
}

impl Worktree {
    /// Removes the `index.lock` that a killed git left behind. It has no owner if no git works in
    /// this worktree; git always changes to the top level first.
    pub(crate) fn remove_stale_lock(&self) -> Result<(), GitError> {
        let lock = self.git_directory().join("index.lock");
        if lock.symlink_metadata().is_err() || !Path::new("/proc/self/cwd").exists() {
            return Ok(());
        }
        let owned = processes().any(|process| {
            process.is_git
                && (process.directory.starts_with(self.path())
                    || process.directory.starts_with(self.git_directory()))
        });
        if owned {
            return Ok(());
        }
        match std::fs::remove_file(&lock) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(io_error(format!("remove {}", lock.display()))),
        }
    }
}

struct Process {
    pid: i32,
    directory: PathBuf,
    is_git: bool,
}

/// All processes whose current directory we may see.
fn processes() -> impl Iterator<Item = Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let directory = std::fs::read_link(entry.path().join("cwd")).ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        Some(Process { pid, directory, is_git: name.starts_with("git") })
    })
}
