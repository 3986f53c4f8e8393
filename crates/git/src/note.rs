//! What we note in the git directory of a worktree, where neither `git clean` nor an agent that
//! empties its directory reaches. The notes move with the worktree and go with it.
//!
//! A note is whole or absent, whatever is killed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::error::io_error;
use crate::{CommitId, GitError, Worktree};

/// The branch that the worktree is handed out for. It says what our lock says, and stays when an
/// agent unlocks its worktree.
const HANDED_OUT: &str = "crew-handed-out";
/// What the worktree was set up by.
const SET_UP: &str = "crew-set-up";
/// There while the directory is being made anew: until it is gone, the directory is not whole.
const RESTORING: &str = "crew-restoring";
/// The commit that is being merged into the worktree by us.
const BRINGING_IN: &str = "crew-bringing-in";

/// The branch that the worktree with this git directory is handed out for, as far as is noted.
pub(crate) fn handed_out(git_directory: &Path) -> Option<String> {
    read(git_directory, HANDED_OUT).filter(|branch| !branch.is_empty())
}

/// Whether the directory of the worktree with this git directory was never made whole again.
pub(crate) fn is_being_restored(git_directory: &Path) -> bool {
    git_directory.join(RESTORING).symlink_metadata().is_ok()
}

/// To be called before the directory is made anew.
pub(crate) fn note_restoring(git_directory: &Path) -> Result<(), GitError> {
    write(git_directory, RESTORING, "")
}

/// To be called once it is whole.
pub(crate) fn forget_restoring(git_directory: &Path) -> Result<(), GitError> {
    remove(git_directory, RESTORING)
}

impl Worktree {
    /// The commit that we were merging when git was last ended, if it did not come to its end.
    pub(crate) fn noted_merge(&self) -> Option<CommitId> {
        read(self.git_directory(), BRINGING_IN)?.parse().ok()
    }

    pub(crate) fn note_merge(&self, theirs: &CommitId) -> Result<(), GitError> {
        write(self.git_directory(), BRINGING_IN, theirs.as_str())
    }

    pub(crate) fn forget_merge(&self) -> Result<(), GitError> {
        remove(self.git_directory(), BRINGING_IN)
    }

    /// Whether the worktree was set up by what this text identifies, and nothing has cleaned it
    /// since. A note that cannot be read is none: a set-up can be repeated.
    pub fn is_set_up(&self, hash: &str) -> bool {
        read(self.git_directory(), SET_UP).as_deref() == Some(hash)
    }

    /// Notes that the worktree was set up; to be called once the set-up has succeeded. The note
    /// survives a power cut, and is gone when the worktree is made anew or handed out anew.
    pub fn mark_set_up(&self, hash: &str) -> Result<(), GitError> {
        write(self.git_directory(), SET_UP, hash)
    }

    /// To be called before what the set-up made is removed.
    pub(crate) fn forget_set_up(&self) -> Result<(), GitError> {
        remove(self.git_directory(), SET_UP)
    }

    pub(crate) fn note_handed_out(&self) -> Result<(), GitError> {
        write(self.git_directory(), HANDED_OUT, self.branch())
    }

    pub(crate) fn forget_handed_out(&self) -> Result<(), GitError> {
        remove(self.git_directory(), HANDED_OUT)
    }
}

fn read(git_directory: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(git_directory.join(name)).ok()
}

fn write(git_directory: &Path, name: &str, text: &str) -> Result<(), GitError> {
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(git_directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(git_directory.join(name))?;
        File::open(git_directory)?.sync_all()
    };
    write().map_err(io_error(format!("write {}", git_directory.join(name).display())))
}

fn remove(git_directory: &Path, name: &str) -> Result<(), GitError> {
    let path = git_directory.join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(io_error(format!("remove {}", path.display()))),
    }
}
