//! Making worktrees whole that someone else broke: the directory is gone, its `.git` file is, or
//! git's entry for it is. The files in a directory that is there are never changed.

use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::guard::read_link_file;
use crate::listing::{Directory, ListedWorktree, Place};
use crate::note::{forget_restoring, is_being_restored, note_restoring};
use crate::{GitError, Worktree, Worktrees};

impl Worktrees {
    /// Makes a registered worktree whole whose directory or `.git` file is gone or broken. One that
    /// a crash left half restored is restored from the beginning: nobody has worked in it since.
    pub(crate) fn restore_directory(&self, path: &Path) -> Result<(), GitError> {
        let metadata = self.metadata(path)?;
        let gone = path.symlink_metadata().is_err() || is_being_restored(&metadata);
        if !gone && self.check_directory(path).is_ok() {
            return Ok(());
        }
        self.restore_from(path, metadata, gone)
    }

    /// Takes over the entry of a worktree of ours whose directory is gone from another root: the
    /// home was restored elsewhere. What was staged in it is staged again.
    pub(crate) fn take_over_moved(
        &self,
        path: &Path,
        branch: &str,
        entries: &[ListedWorktree],
    ) -> Result<bool, GitError> {
        let moved = entries.iter().skip(1).find(|entry| {
            let is_elsewhere = entry.place == Place::Elsewhere;
            let was_ours = entry.handed_out.as_deref() == Some(branch);
            is_elsewhere && was_ours && entry.directory == Directory::Missing
        });
        let Some(moved) = moved else { return Ok(false) };
        if path.symlink_metadata().is_ok() {
            return Ok(false);
        }
        let metadata = self.metadata(&moved.path)?;
        self.restore_from(path, metadata, true).map(|()| true)
    }

    fn restore_from(&self, path: &Path, metadata: PathBuf, gone: bool) -> Result<(), GitError> {
        let worktree = Worktree::new(self.repository(), "", "", path.to_owned(), metadata);
        let metadata = worktree.git_directory();
        if gone {
            worktree.forget_set_up()?;
            note_restoring(metadata)?;
        }
        let attempt = || format!("create {}", path.display());
        std::fs::create_dir_all(path).map_err(io_error(attempt()))?;
        let link = path.join(".git");
        if link.symlink_metadata().is_err() {
            let text = [b"gitdir: ", metadata.as_os_str().as_encoded_bytes(), b"\n"].concat();
            std::fs::write(&link, text).map_err(io_error(attempt()))?;
        }
        self.repository()
            .write(self.repository().root())
            .args(["worktree", "repair", "--"])
            .arg(path)
            .run()?;
        self.check_directory(path)?;
        if gone {
            worktree.remove_stale_lock()?;
            worktree.write().args(["checkout-index", "--all", "--force", "--quiet"]).run()?;
            forget_restoring(metadata)?;
        }
        Ok(())
    }

    /// Takes over a directory that was a worktree of this repository before its entry was pruned:
    /// gives it a new entry, and leaves its files. False if there is nothing at `path`.
    pub(crate) fn adopt(&self, path: &Path, branch: &str) -> Result<bool, GitError> {
        if !self.is_pruned(path)? {
            return Ok(false);
        }
        if !self.repository().branch_exists(branch)? {
            return Err(GitError::Refused {
                path: path.to_owned(),
                why: "it was a worktree, and the branch that it was for is gone".to_owned(),
            });
        }
        self.register(path, &[branch]).map(|()| true)
    }

    /// [`Self::adopt`], on no branch.
    pub(crate) fn adopt_detached(&self, path: &Path) -> Result<bool, GitError> {
        if !self.is_pruned(path)? {
            return Ok(false);
        }
        self.register(path, &["HEAD", "--detach"]).map(|()| true)
    }

    /// Whether a worktree of ours is at `path` that git has no entry of. An error if something
    /// else is there.
    pub(crate) fn is_pruned(&self, path: &Path) -> Result<bool, GitError> {
        if path.symlink_metadata().is_err() {
            return Ok(false);
        }
        let refuse =
            |why: &str| Err(GitError::Refused { path: path.to_owned(), why: why.to_owned() });
        if path.canonicalize().ok().as_deref() != Some(path) || !path.is_dir() {
            return refuse("something else is there");
        }
        let link = path.join(".git");
        let is_file = link.symlink_metadata().is_ok_and(|m| m.is_file());
        let ours = self.repository().common_directory().join("worktrees");
        let was_ours = is_file
            && read_link_file(&link).is_some_and(|target| target.parent() == Some(ours.as_path()));
        if !was_ours {
            let mut entries =
                std::fs::read_dir(path).map_err(io_error(format!("list {}", path.display())))?;
            if entries.next().is_none() {
                return Ok(false);
            }
            return refuse("files are there that no worktree of this repository left");
        }
        Ok(true)
    }

    /// Makes an entry for a directory: adds an empty worktree elsewhere, and moves its link here.
    fn register(&self, path: &Path, head: &[&str]) -> Result<(), GitError> {
        let link = path.join(".git");
        let stand_in = tempfile::tempdir_in(self.scratch())
            .map_err(io_error("create a temporary directory"))?;
        let stand_in = stand_in.keep();
        self.repository()
            .write(self.repository().root())
            .args(["worktree", "add", "--quiet", "--no-checkout"])
            .arg(&stand_in)
            .args(head)
            .run()?;
        let adopted = std::fs::rename(stand_in.join(".git"), &link)
            .and_then(|()| std::fs::remove_dir(&stand_in));
        adopted.map_err(io_error(format!("take over {}", path.display())))?;
        self.repository()
            .write(self.repository().root())
            .args(["worktree", "repair", "--"])
            .arg(path)
            .run()?;
        let metadata = self.metadata(path)?;
        let worktree = Worktree::new(self.repository(), "", "", path.to_owned(), metadata);
        worktree.write().args(["reset", "--mixed", "--quiet"]).run()?;
        Ok(())
    }

    /// Frees the branch from a stand-in of [`Self::adopt`] that a crash left.
    pub(crate) fn remove_stand_ins(
        &self,
        branch: &str,
        entries: &[ListedWorktree],
    ) -> Result<(), GitError> {
        let left = |e: &&ListedWorktree| {
            e.place == Place::Temporary && e.branch.as_deref() == Some(branch)
        };
        for entry in entries.iter().filter(left) {
            // It is empty if the link was moved out of it already; otherwise it stays.
            std::fs::remove_dir(&entry.path).ok();
            self.remove(&entry.path)?;
        }
        Ok(())
    }
}
