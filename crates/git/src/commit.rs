//! Committing what an agent left in its worktree, in whatever state it left it.
//!
//! The commit is made by plumbing from a private index, then the branch is moved, then the index
//! is brought in line; so hooks do not run, a broken index does not matter, and a crash between
//! the steps is healed by calling again.

use std::path::{Path, PathBuf};

use crate::name::{path_of, split_nul};
use crate::objects::{Expected, NewCommit, with_trailers};
use crate::operation::{Operation, forget_rebase, merge_heads, operation_in};
use crate::{CommitId, GitError, Head, Identity, TreeId, Worktree};

impl Worktree {
    /// Commits everything that is not ignored to the branch of the worktree. Gives the new tip, or
    /// none if the branch stays where it is.
    ///
    /// * A merge in progress is concluded, unless files hold conflict markers
    ///   ([`GitError::Unresolved`]).
    /// * A rebase in progress is saved under `refs/crew/trash/` and taken back: the branch holds
    ///   what it held before it.
    /// * If the agent left the branch and committed on top of it, the branch follows. If what HEAD
    ///   is on does not contain the branch, all is saved and reported: [`GitError::Strayed`].
    pub fn commit_all(
        &self,
        message: &str,
        author: &Identity,
        trailers: &[(&str, &str)],
    ) -> Result<Option<CommitId>, GitError> {
        self.remove_stale_lock()?;
        if operation_in(self.git_directory()) == Some(Operation::Rebase) {
            self.take_back_rebase()?;
        }
        let unresolved = self.unresolved()?;
        if !unresolved.is_empty() {
            return Err(GitError::Unresolved { files: unresolved });
        }
        let tip = self.tip()?;
        let head = self.head_commit()?;
        let tree = self.tree(&[])?;
        if !self.repository().is_ancestor(&tip, &head)? {
            return self.come_back(&tree, tip, head);
        }
        let mut parents = vec![head.clone()];
        for merged in merge_heads(self.git_directory()) {
            if !self.repository().is_ancestor(&merged, &head)? {
                parents.push(merged);
            }
        }
        let commit = if parents.len() == 1 && self.repository().tree_of(&head)? == tree {
            head
        } else {
            self.repository().commit_tree(&NewCommit {
                tree: &tree,
                parents: &parents,
                message: &with_trailers(message, trailers),
                author,
            })?
        };
        self.land(&commit, &tip)?;
        Ok((commit != tip).then_some(commit))
    }

    /// Moves the branch from `tip` to `commit`, which holds all that is in the worktree, and
    /// brings HEAD and the index in line.
    fn land(&self, commit: &CommitId, tip: &CommitId) -> Result<(), GitError> {
        let reference = self.branch_reference()?;
        let expected = Expected::At(tip);
        if commit != tip
            && !self.repository().move_reference(&reference, commit, expected, "crew: commit")?
        {
            return Err(GitError::BaseMoving { branch: self.branch().to_owned(), attempts: 1 });
        }
        if self.head()? != Head::Branch(self.branch().to_owned()) {
            self.write()
                .args(["symbolic-ref", "-m", "crew: back on the branch", "HEAD", &reference])
                .run()?;
        }
        self.align_index()
    }

    /// Makes the index that of HEAD, and ends what operation there was; the files stay.
    fn align_index(&self) -> Result<(), GitError> {
        let reset = || self.write().args(["reset", "--mixed", "--quiet"]).output();
        let pending = operation_in(self.git_directory()).is_some();
        let staged =
            self.read().args(["diff-index", "--cached", "--quiet", "HEAD", "--"]).output()?;
        if staged.success() && !pending {
            return Ok(());
        }
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

    /// HEAD does not contain the branch: goes back to it if that leaves nothing behind.
    fn come_back(
        &self,
        tree: &TreeId,
        tip: CommitId,
        head: CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        let nothing_changed = self.repository().tree_of(&head)? == *tree;
        if nothing_changed && self.repository().is_ancestor(&head, &tip)? {
            self.write()
                .args(["switch", "--quiet", "--no-guess", "--ignore-other-worktrees"])
                .arg(self.branch())
                .run()?;
            return Ok(None);
        }
        let saved = self.save_to_trash(self.name())?;
        Err(GitError::Strayed {
            branch: self.branch().to_owned(),
            details: match self.head()? {
                Head::Branch(other) => format!("it is on `{other}`, which does not contain it"),
                Head::Detached(_) => {
                    format!("HEAD is detached at {head}, which does not contain it")
                }
            },
            tip,
            head,
            saved: saved.reference,
        })
    }

    /// Saves the state of a rebase, then goes back to the branch as it was before.
    fn take_back_rebase(&self) -> Result<(), GitError> {
        self.save_to_trash(self.name())?;
        let branch = crate::operation::branch_in_operation(self.git_directory());
        forget_rebase(self.git_directory())?;
        if branch.as_deref() != Some(self.branch()) {
            // A rebase of another branch: HEAD is judged like any other HEAD that left ours.
            return Ok(());
        }
        self.write()
            .args(["symbolic-ref", "-m", "crew: rebase taken back", "HEAD"])
            .arg(self.branch_reference()?)
            .run()?;
        let tip = self.tip()?;
        self.reset_hard(&tip)
    }

    /// Files that were in conflict and still hold markers.
    pub(crate) fn unresolved(&self) -> Result<Vec<String>, GitError> {
        let conflicted = self.conflicted()?;
        let marked = conflicted.iter().filter(|path| holds_markers(&self.path().join(path)));
        Ok(marked.map(|p| p.to_string_lossy().into_owned()).collect())
    }

    /// What the merge in progress is not over with: files that nobody has staged as resolved, and
    /// those that were staged with their markers. Nothing if HEAD has the merge already, and only
    /// the traces of it are left.
    pub(crate) fn unmerged(&self) -> Result<Vec<String>, GitError> {
        let head = self.head_commit()?;
        let mut is_in = true;
        for merged in merge_heads(self.git_directory()) {
            is_in &= self.repository().is_ancestor(&merged, &head)?;
        }
        if is_in {
            return Ok(Vec::new());
        }
        let mut files = self.unresolved()?;
        let paths = self.listed("--unmerged")?;
        files.extend(paths.into_iter().map(|path| path.to_string_lossy().into_owned()));
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Files that are in conflict by the index, or were before someone staged them.
    fn conflicted(&self) -> Result<Vec<PathBuf>, GitError> {
        let mut paths = Vec::new();
        for kind in ["--unmerged", "--resolve-undo"] {
            paths.extend(self.listed(kind)?);
        }
        let head = self.head_commit()?;
        for merged in merge_heads(self.git_directory()) {
            let output = self.repository().merge_tree(&head, &merged)?;
            paths.extend(output.conflicts.iter().map(PathBuf::from));
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The paths of `git ls-files` for entries with stages; an index that cannot be read has none.
    fn listed(&self, kind: &str) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.read().args(["ls-files", kind, "-z"]).output()?;
        // `<mode> <object> <stage>\t<path>`
        let lines = split_nul(&listed.stdout).filter(|_| listed.success());
        Ok(lines.filter_map(|l| l.splitn(2, |b| *b == b'\t').nth(1)).map(path_of).collect())
    }
}

/// Whether a file has both the first and the last line of a conflict.
fn holds_markers(path: &Path) -> bool {
    if !path.symlink_metadata().is_ok_and(|m| m.is_file()) {
        return false;
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    let has = |marker: &[u8]| bytes.split(|b| *b == b'\n').any(|line| line.starts_with(marker));
    has(b"<<<<<<< ") && has(b">>>>>>> ")
}
