//! What must be true of a directory before it is deleted.
//!
//! [`Deletable`] is the proof: it can only be made by [`Worktrees::prove_deletable`], and the only
//! function that deletes takes it. The deletion itself is `git worktree remove`.

use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::listing::{Directory, Place};
use crate::name::path_of;
use crate::process::check_nobody_in;
use crate::{GitError, Worktrees};

/// A worktree that has passed every guard.
pub(crate) struct Deletable {
    path: PathBuf,
}

impl Worktrees {
    /// Proves that `path` is a registered, linked worktree under our root, reached without a
    /// symlink, and that nobody works in it.
    pub(crate) fn prove_deletable(&self, path: &Path) -> Result<Deletable, GitError> {
        let refuse =
            |why: &str| Err(GitError::Refused { path: path.to_owned(), why: why.to_owned() });
        let repository = self.repository();
        if !path.starts_with(self.root()) || path == self.root() {
            return refuse("it is not under the root of our worktrees");
        }
        if repository.root().starts_with(path) || repository.common_directory().starts_with(path) {
            return refuse("the repository itself is in it");
        }
        let entries = self.list()?;
        let registered = entries.iter().skip(1).find(|entry| entry.path == path);
        let Some(registered) = registered else {
            return refuse("git has no worktree on record there");
        };
        if registered.place == Place::Elsewhere {
            return refuse("it is not where our worktrees are");
        }
        if entries.iter().any(|e| e.path != path && e.path.starts_with(path)) {
            return refuse("another worktree is in it");
        }
        if registered.directory == Directory::Present {
            self.check_directory(path)?;
            check_nobody_in(path)?;
        }
        Ok(Deletable { path: path.to_owned() })
    }

    /// Accepts a directory that is what it seems: no symlink on the way, and its `.git` a file
    /// that leads to the metadata that leads back.
    pub(crate) fn check_directory(&self, path: &Path) -> Result<(), GitError> {
        let refuse =
            |why: &str| Err(GitError::Refused { path: path.to_owned(), why: why.to_owned() });
        let resolved =
            path.canonicalize().map_err(io_error(format!("resolve {}", path.display())))?;
        let is_directory = path.symlink_metadata().is_ok_and(|m| m.is_dir());
        if resolved != path || !is_directory {
            return refuse("a symlink leads to it");
        }
        let link = path.join(".git");
        if !link.symlink_metadata().is_ok_and(|m| m.is_file()) {
            return refuse("its .git is not a file, as that of a linked worktree is");
        }
        let metadata = self.repository().metadata_of(path)?;
        let target = read_link_file(&link).and_then(|target| target.canonicalize().ok());
        let expected = metadata.and_then(|metadata| metadata.canonicalize().ok());
        if target.is_none() || target != expected {
            return refuse("its .git does not lead to its entry in the repository");
        }
        Ok(())
    }

    /// Deletes a worktree, its directory and its entry in the repository.
    pub(crate) fn delete(&self, deletable: &Deletable) -> Result<(), GitError> {
        let repository = self.repository();
        repository
            .write(repository.root())
            .args(["worktree", "remove", "--force", "--force", "--"])
            .arg(&deletable.path)
            .run()?;
        Ok(())
    }
}

/// Where a `.git` file leads.
pub(crate) fn read_link_file(link: &Path) -> Option<PathBuf> {
    let text = std::fs::read(link).ok()?;
    let target = text.strip_prefix(b"gitdir: ")?;
    Some(link.parent()?.join(path_of(target.trim_ascii_end())))
}
