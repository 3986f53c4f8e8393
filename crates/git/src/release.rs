//! Taking worktrees back: everything in them is saved, then they are cleaned for the next task, or
//! deleted.
//!
//! The steps are: guard, save, clean and detach, unlock, move to the pool (or delete). After a
//! crash between any two of them `release` is called again, finds a worktree that is registered at
//! the same path and holds nothing, and goes on.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::listing::{Directory, ListedWorktree, Place};
use crate::name::branch_reference;
use crate::objects::NewCommit;
use crate::operation::operation_in;
use crate::process::check_nobody_in;
use crate::run::lock;
use crate::{GitError, Identity, TrashItem, Worktree, Worktrees};

/// What became of a worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Released {
    /// It waits in the pool for the next task.
    Pooled {
        /// What was in it and nowhere else, if anything was.
        saved: Option<TrashItem>,
    },
    /// It was deleted.
    Removed {
        /// What was in it and nowhere else, if anything was.
        saved: Option<TrashItem>,
    },
    /// There was none.
    Absent,
}

impl Worktrees {
    /// Saves what is in the worktree and takes it back. The branch stays.
    pub fn release(&self, name: &str) -> Result<Released, GitError> {
        let path = self.path_of(name)?;
        let turn = lock(self.repository().layout());
        let entries = self.list()?;
        let released = match entries.iter().skip(1).find(|entry| entry.path == path) {
            Some(entry) if entry.directory == Directory::Missing => self.forget(name, entry),
            Some(entry) => self.take_back(name, entry, &entries),
            None if path.symlink_metadata().is_err() => Ok(Released::Absent),
            None => self.release_pruned(name, &path),
        };
        drop(turn);
        released
    }

    /// The same for a worktree that was only looked at: its branch goes too, unless somebody has made
    /// commits on it.
    pub fn dismiss(&self, name: &str, branch: &str) -> Result<Released, GitError> {
        let released = self.release(name)?;
        let (repository, note) = (self.repository(), self.branch_note(branch)?);
        let Some(start) = repository.try_resolve(&note)? else { return Ok(released) };
        match repository.branch_tip(branch)? {
            Some(tip) if tip != start => return Ok(released),
            Some(_) => repository.delete_reference(&branch_reference(branch)?, &start)?,
            None => {}
        }
        repository.delete_reference(&note, &start)?;
        Ok(released)
    }

    /// Removes what a crash left: worktrees of merges that were being tried, members of the pool
    /// beyond its size, and partial copies. To be called when no merge is going on. Gives how many
    /// worktrees were removed.
    pub fn sweep(&self) -> Result<usize, GitError> {
        let turn = lock(self.repository().layout());
        let mut kept = 0;
        let mut removed = 0;
        for entry in self.list()? {
            let pooled = entry.place == Place::Pool;
            if pooled && entry.directory == Directory::Present && kept < self.pool_max() {
                kept += 1;
            } else if pooled || entry.place == Place::Temporary {
                // One that is in use, or is not what it seems, stays for the next sweep.
                removed += usize::from(self.remove(&entry.path).is_ok());
            }
        }
        for entry in std::fs::read_dir(self.scratch()).into_iter().flatten().flatten() {
            if entry.path().symlink_metadata().is_ok_and(|m| m.is_file()) {
                drop(std::fs::remove_file(entry.path()));
            }
        }
        drop(turn);
        Ok(removed)
    }

    /// [`disk_use`] of a worktree's directory; what it shares with the repository not counted.
    pub fn disk_use(&self, name: &str) -> Result<u64, GitError> {
        let path = self.path_of(name)?;
        if !path.symlink_metadata().is_ok_and(|m| m.is_dir()) {
            return Err(GitError::NoWorktree { name: name.to_owned() });
        }
        Ok(disk_use(&path))
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<(), GitError> {
        let deletable = self.prove_deletable(path)?;
        self.delete(&deletable)
    }

    fn take_back(
        &self,
        name: &str,
        entry: &ListedWorktree,
        entries: &[ListedWorktree],
    ) -> Result<Released, GitError> {
        if entry.path.join(".git").symlink_metadata().is_err() {
            self.restore_directory(&entry.path)?;
        }
        self.check_directory(&entry.path)?;
        check_nobody_in(&entry.path)?;
        let worktree = self.worktree_of(name, entry)?;
        worktree.remove_stale_lock()?;
        worktree.check_nested_repositories()?;
        let saved = worktree.trash_save(name)?;
        let has_submodules = !worktree.submodules()?.is_empty();
        worktree.clean_out()?;
        let pooled = entries.iter().filter(|e| e.place == Place::Pool).count();
        let fit = pooled < self.pool_max() && !has_submodules && worktree.is_plain();
        if fit && self.move_to_pool(&worktree)? {
            return Ok(Released::Pooled { saved });
        }
        self.remove(&entry.path)?;
        Ok(Released::Removed { saved })
    }

    fn worktree_of(&self, name: &str, entry: &ListedWorktree) -> Result<Worktree, GitError> {
        let branch = entry.handed_out.as_ref().or(entry.branch.as_ref());
        Ok(Worktree::new(
            self.repository(),
            name,
            branch.map_or("crew-detached", String::as_str),
            entry.path.clone(),
            self.metadata(&entry.path)?,
        ))
    }

    /// False if git does not move it; then it is not for the pool.
    fn move_to_pool(&self, worktree: &Worktree) -> Result<bool, GitError> {
        worktree.unlock()?;
        let pool = self.root().join(".pool");
        let free = (1..).map(|n| pool.join(n.to_string()));
        let taken: Vec<_> = self.list()?.into_iter().map(|entry| entry.path).collect();
        let mut free = free.filter(|p| !taken.contains(p) && p.symlink_metadata().is_err());
        let Some(place) = free.next() else {
            return Ok(false);
        };
        let output = self
            .repository()
            .write(self.repository().root())
            .args(["worktree", "move", "--"])
            .args([worktree.path(), &place])
            .output()?;
        Ok(output.success())
    }

    /// Its directory is gone, so only its entry is left: saves what that holds, and removes it.
    fn forget(&self, name: &str, entry: &ListedWorktree) -> Result<Released, GitError> {
        let worktree = self.worktree_of(name, entry)?;
        let saved = self.save_entry(&worktree, entry)?;
        self.remove(&entry.path)?;
        Ok(Released::Removed { saved })
    }

    /// Saves HEAD and the index of a worktree without a directory.
    fn save_entry(
        &self,
        worktree: &Worktree,
        entry: &ListedWorktree,
    ) -> Result<Option<TrashItem>, GitError> {
        let repository = self.repository();
        let Some(head) = &entry.commit else {
            return Ok(None);
        };
        let index = worktree.git_directory().join("index");
        let written = repository
            .objects(repository.root())
            .env("GIT_INDEX_FILE", &index)
            .arg("write-tree")
            .output()?;
        let head_tree = repository.tree_of(head)?;
        let tree = if written.success() && index.exists() {
            crate::name::text_of(&written.stdout).trim_end().parse()?
        } else {
            head_tree.clone()
        };
        let reachable = repository
            .read(repository.root())
            .args(["for-each-ref", "--count=1", "--contains", head.as_str()])
            .args(["refs/heads", "refs/remotes", "refs/tags", crate::trash::TRASH])
            .text()?;
        if tree == head_tree && !reachable.is_empty() {
            return Ok(None);
        }
        let commit = repository.commit_tree(&NewCommit {
            tree: &tree,
            parents: std::slice::from_ref(head),
            message: &crate::objects::with_trailers(
                &format!("crew: what was staged in {}, whose directory was gone", worktree.name()),
                &[("Crew-Branch", worktree.branch())],
            ),
            author: &Identity::crewhouse(),
        })?;
        let saved = repository.record(worktree.name(), commit, 0, worktree.branch())?;
        Ok(Some(saved))
    }

    /// A directory without an entry: registers it again if it was ours, then takes it back.
    fn release_pruned(&self, name: &str, path: &Path) -> Result<Released, GitError> {
        if !self.adopt_detached(path)? {
            // What is there is an empty directory.
            std::fs::remove_dir(path).ok();
            return Ok(Released::Absent);
        }
        let entries = self.list()?;
        let entry = entries.iter().find(|entry| entry.path == path);
        let entry = entry.ok_or_else(|| GitError::NoWorktree { name: name.to_owned() })?;
        self.take_back(name, entry, &entries)
    }
}

/// Bytes on disk of all that is in a directory. No link is followed.
pub fn disk_use(directory: &Path) -> u64 {
    let mut bytes = 0;
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        // What vanishes while we look is not counted.
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.path().symlink_metadata() else {
                continue;
            };
            bytes += metadata.blocks() * 512;
            if metadata.is_dir() {
                directories.push(entry.path());
            }
        }
    }
    bytes
}

impl Worktree {
    /// Empties a worktree that was saved: no operation, no change, no ignored file, no branch.
    fn clean_out(&self) -> Result<(), GitError> {
        self.forget_set_up()?;
        crate::operation::forget_rebase(self.git_directory())?;
        let head = self.head_commit()?;
        self.reset_hard(&head)?;
        self.write().args(["clean", "-ffdxq"]).run()?;
        self.write().args(["switch", "--quiet", "--detach", "--force"]).output()?;
        self.forget_included()
    }

    /// Whether nothing of a task sticks to it: no operation, configuration or sparse set of files.
    fn is_plain(&self) -> bool {
        let own =
            ["config.worktree", "info/sparse-checkout", "modules", "BISECT_LOG", "BISECT_START"];
        let left = own.iter().any(|file| self.git_directory().join(file).exists());
        let detached = matches!(self.head(), Ok(crate::Head::Detached(_)));
        let clean = self.status_entries().is_ok_and(|entries| entries.is_empty());
        !left && detached && clean && operation_in(self.git_directory()).is_none()
    }
}
