//! All that is in a worktree, as a tree or a commit, without touching its index, HEAD or branch.
//!
//! The work is done on a copy of the index, which keeps what git knows of unchanged files; so a
//! snapshot reads only what changed. The copy keeps the time of the original, because git trusts
//! an entry only if the file is older than the index. What an agent told git to overlook
//! (`--assume-unchanged`) is looked at. A repository inside the worktree is left out; git would
//! record no more of it than an id that leads nowhere.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::io_error;
use crate::name::{crew_reference, split_nul};
use crate::objects::{Expected, NewCommit};
use crate::{CommitId, GitError, Identity, TreeId, Worktree};

impl Worktree {
    /// Saves everything that is not ignored as a commit at `reference`, under `refs/crew/`.
    ///
    /// The first parent is HEAD, the second what the reference held before, so that an earlier
    /// snapshot stays reachable. If nothing changed since, it is returned as it is.
    pub fn snapshot(&self, reference: &str, message: &str) -> Result<CommitId, GitError> {
        crew_reference(reference)?;
        let tree = self.tree(&[])?;
        let head = self.head_commit()?;
        let mut parents = vec![head.clone()];
        for _ in 0..5 {
            parents.truncate(1);
            let before = self.repository().try_resolve(reference)?;
            if let Some(before) = &before {
                let same_tree = self.repository().tree_of(before)? == tree;
                if same_tree && self.repository().parents_of(before)?.first() == Some(&head) {
                    return Ok(before.clone());
                }
                parents.push(before.clone());
            }
            let commit = self.repository().commit_tree(&NewCommit {
                tree: &tree,
                parents: &parents,
                message,
                author: &Identity::crewhouse(),
            })?;
            let expected = before.as_ref().map_or(Expected::Absent, Expected::At);
            if self.repository().move_reference(reference, &commit, expected, "crew: snapshot")? {
                return Ok(commit);
            }
        }
        Err(GitError::BaseMoving { branch: reference.to_owned(), attempts: 5 })
    }

    /// Puts branch, index and files at `commit`, after a snapshot of what was there.
    ///
    /// What the branch and HEAD pointed to stays reachable from the snapshot. Ignored files and
    /// repositories inside the worktree stay. An operation in progress is forgotten.
    pub fn reset_to(&self, commit: &CommitId, save_to: &str) -> Result<CommitId, GitError> {
        crew_reference(save_to)?;
        self.remove_stale_lock()?;
        let saved = self.save_at(save_to, "crew: before a reset", &[])?;
        crate::operation::forget_rebase(self.git_directory())?;
        self.write()
            .args(["symbolic-ref", "-m", "crew: reset", "HEAD"])
            .arg(self.branch_reference()?)
            .run()?;
        self.reset_hard(commit)?;
        self.write().args(["clean", "-fdq"]).run()?;
        Ok(saved)
    }

    /// Moves what HEAD is on, the index and the files to `commit`; heals an index that git cannot
    /// read.
    pub(crate) fn reset_hard(&self, commit: &CommitId) -> Result<(), GitError> {
        let reset = || {
            let call = self.write();
            call.args(["reset", "--hard", "--quiet", commit.as_str(), "--"]).output()
        };
        let output = reset()?;
        if output.success() {
            return Ok(());
        }
        if !self.index_is_broken()? {
            return Err(output.failed());
        }
        self.remove_index()?;
        let output = reset()?;
        if output.success() { Ok(()) } else { Err(output.failed()) }
    }

    /// The tree of everything that is not ignored, and of the given ignored files.
    pub(crate) fn tree(&self, ignored: &[PathBuf]) -> Result<TreeId, GitError> {
        let index = PrivateIndex::new(self)?;
        index.add_all(ignored)?;
        index.write_tree()
    }

    /// The tree of the index as it is; none if it has conflicts or cannot be read.
    pub(crate) fn index_tree(&self) -> Result<Option<TreeId>, GitError> {
        let index = PrivateIndex::new(self)?;
        let output =
            self.objects().env("GIT_INDEX_FILE", &index.path).arg("write-tree").output()?;
        if !output.success() {
            return Ok(None);
        }
        crate::name::text_of(&output.stdout).trim_end().parse().map(Some)
    }

    pub(crate) fn index_is_broken(&self) -> Result<bool, GitError> {
        let output = self.read().args(["ls-files", "--stage", "-z"]).output()?;
        Ok(!output.success())
    }

    pub(crate) fn remove_index(&self) -> Result<(), GitError> {
        let index = self.git_directory().join("index");
        std::fs::remove_file(&index).map_err(io_error(format!("remove {}", index.display())))
    }
}

/// A copy of a worktree's index, removed when dropped.
struct PrivateIndex<'a> {
    worktree: &'a Worktree,
    path: PathBuf,
}

static NEXT_INDEX: AtomicU64 = AtomicU64::new(0);

impl<'a> PrivateIndex<'a> {
    fn new(worktree: &'a Worktree) -> Result<Self, GitError> {
        let number = NEXT_INDEX.fetch_add(1, Ordering::Relaxed);
        let name = format!("crew-index-{}-{number}", std::process::id());
        let index = Self { worktree, path: worktree.git_directory().join(name) };
        let original = worktree.git_directory().join("index");
        let copied = copy_with_time(&original, &index.path).is_ok() && index.is_readable()?;
        if !copied {
            drop(std::fs::remove_file(&index.path));
            worktree
                .objects()
                .env("GIT_INDEX_FILE", &index.path)
                .args(["read-tree", "HEAD"])
                .run()?;
        }
        Ok(index)
    }

    fn is_readable(&self) -> Result<bool, GitError> {
        let call = self.worktree.read().env("GIT_INDEX_FILE", &self.path);
        Ok(call.args(["ls-files", "-z", "--", ":(top,literal)-"]).output()?.success())
    }

    fn add_all(&self, ignored: &[PathBuf]) -> Result<(), GitError> {
        let overlooked = self.overlooked()?;
        if !overlooked.is_empty() {
            self.call()
                .args(["update-index", "--no-assume-unchanged", "-z", "--stdin"])
                .input(overlooked)
                .run()?;
        }
        let mut paths = b".\0".to_vec();
        for nested in self.worktree.untracked_repositories(Some(&self.path))? {
            paths.extend_from_slice(b":(exclude,top,literal)");
            paths.extend_from_slice(nested.as_os_str().as_bytes());
            paths.push(0);
        }
        self.add(&["--all"], paths)?;
        if ignored.is_empty() {
            return Ok(());
        }
        let mut paths = Vec::new();
        for path in ignored {
            paths.extend_from_slice(b":(top,literal)");
            paths.extend_from_slice(path.as_os_str().as_bytes());
            paths.push(0);
        }
        self.add(&["--force"], paths)
    }

    fn add(&self, how: &[&str], paths: Vec<u8>) -> Result<(), GitError> {
        self.call()
            .args(["-c", "advice.addEmbeddedRepo=false", "add", "--sparse"])
            .args(how)
            .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
            .input(paths)
            .run()?;
        Ok(())
    }

    /// The files that git was told not to look at, as `-z` input.
    fn overlooked(&self) -> Result<Vec<u8>, GitError> {
        let listed = self.call().args(["ls-files", "-v", "-z"]).run()?;
        let mut paths = Vec::new();
        for line in split_nul(&listed).filter(|line| line[0].is_ascii_lowercase()) {
            paths.extend_from_slice(line.get(2..).unwrap_or_default());
            paths.push(0);
        }
        Ok(paths)
    }

    fn write_tree(&self) -> Result<TreeId, GitError> {
        self.call().arg("write-tree").text()?.parse()
    }

    fn call(&self) -> crate::run::Call<'_> {
        self.worktree.objects().env("GIT_INDEX_FILE", &self.path)
    }
}

impl Drop for PrivateIndex<'_> {
    fn drop(&mut self) {
        // A copy that stays behind harms nobody; git removes it with the worktree.
        drop(std::fs::remove_file(&self.path));
    }
}

fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    let modified = std::fs::metadata(from)?.modified()?;
    std::fs::copy(from, to)?;
    std::fs::File::options().write(true).open(to)?.set_modified(modified)
}
