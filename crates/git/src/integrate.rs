//! Bringing other work into the branch of a worktree: the base branch, or what others did.
//!
//! A conflict is left in the worktree, markers and all, for the agent to resolve; the merge is
//! concluded by [`Worktree::commit_all`]. Asked for again, after a crash for instance, such a merge
//! is found: it is still a conflict while anything is unmerged, and else it is concluded.

use serde::{Deserialize, Serialize};

use crate::operation::merge_heads;
use crate::run::Output;
use crate::{CommitId, GitError, Identity, Worktree};

/// What came of bringing the base branch in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Updated {
    /// The branch now contains it.
    Updated {
        /// The new tip.
        commit: CommitId,
    },
    /// The branch contained it already.
    UpToDate,
    /// The merge waits in the worktree.
    Conflict {
        /// Files in conflict.
        files: Vec<String>,
    },
}

/// What came of combining several commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Combined {
    /// The branch contains all of them.
    Done {
        /// The tip.
        commit: CommitId,
    },
    /// The merge of one waits in the worktree; those before it are in, those after are not. Once
    /// it is committed, the call is repeated with the same commits.
    Conflict {
        /// The one.
        commit: CommitId,
        /// Files in conflict.
        files: Vec<String>,
    },
}

impl Worktree {
    /// Merges the base branch into the branch of the worktree. Refuses if there are uncommitted
    /// changes, unless they are of this very merge, or of one with an earlier tip of the base.
    pub fn update_from_base(
        &self,
        base_branch: &str,
        author: &Identity,
    ) -> Result<Updated, GitError> {
        let base = self.repository().branch_tip(base_branch)?;
        let base =
            base.ok_or_else(|| GitError::UnknownRevision { revision: base_branch.to_owned() })?;
        let message = format!("Merge branch '{base_branch}' into {}", self.branch());
        self.bring_in(&base, &message, author)
    }

    /// Merges commits into the branch of the worktree, in this order.
    pub fn combine(&self, commits: &[CommitId], author: &Identity) -> Result<Combined, GitError> {
        for commit in commits {
            let message = format!("Merge commit '{commit}' into {}", self.branch());
            match self.bring_in(commit, &message, author)? {
                Updated::Updated { .. } | Updated::UpToDate => {}
                Updated::Conflict { files } => {
                    return Ok(Combined::Conflict { commit: commit.clone(), files });
                }
            }
        }
        Ok(Combined::Done { commit: self.head_commit()? })
    }

    fn bring_in(
        &self,
        theirs: &CommitId,
        message: &str,
        author: &Identity,
    ) -> Result<Updated, GitError> {
        self.remove_stale_lock()?;
        self.take_back_cut_off_merge()?;
        let mut concluded = None;
        if self.is_bringing_in(theirs)? {
            let files = self.unmerged()?;
            if !files.is_empty() {
                return Ok(Updated::Conflict { files });
            }
            concluded = self.commit_all(message, author, &[])?;
        }
        let head = self.head_commit()?;
        if self.repository().is_ancestor(theirs, &head)? {
            return Ok(concluded.map_or(Updated::UpToDate, |commit| Updated::Updated { commit }));
        }
        self.check_ready()?;
        self.note_merge(theirs)?;
        let output = self.run_merge(theirs, message, author)?;
        if output.success() {
            self.forget_merge()?;
            let commit = self.head_commit()?;
            return Ok(Updated::Updated { commit });
        }
        if merge_heads(self.git_directory()).is_empty() {
            return Err(output.failed()); // what it left is taken back by the next try
        }
        self.forget_merge()?;
        let files = self.repository().merge_tree(&head, theirs)?.conflicts;
        Ok(Updated::Conflict { files })
    }

    fn run_merge(
        &self,
        theirs: &CommitId,
        message: &str,
        author: &Identity,
    ) -> Result<Output, GitError> {
        let (name, email) = (author.header_name(), author.header_email());
        self.write()
            .args(["-c", "merge.autoStash=false", "-c", "rerere.enabled=false", "merge", "--quiet"])
            .args(["--ff", "--commit", "--no-edit", "--no-verify", "--no-gpg-sign", "--no-stat"])
            .args(["--no-verify-signatures", "--no-overwrite-ignore", "-m", message])
            .args(["--", theirs.as_str()])
            .env("GIT_AUTHOR_NAME", &name)
            .env("GIT_AUTHOR_EMAIL", &email)
            .env("GIT_COMMITTER_NAME", &name)
            .env("GIT_COMMITTER_EMAIL", &email)
            .output()
    }

    /// A git that was killed in our merge before it wrote `MERGE_HEAD` leaves changed files that
    /// look like somebody's work, and to commit them would take the merge for work on the branch.
    /// They are saved and taken back, so that the merge begins anew.
    fn take_back_cut_off_merge(&self) -> Result<(), GitError> {
        let Some(theirs) = self.noted_merge() else { return Ok(()) };
        let head = self.head_commit()?;
        let is_told = !merge_heads(self.git_directory()).is_empty();
        if !is_told && !self.repository().is_ancestor(&theirs, &head)? {
            self.trash_save(self.name())?;
            self.reset_hard(&head)?;
            self.write().args(["clean", "-fdq"]).run()?;
        }
        self.forget_merge()
    }

    /// Whether the merge in progress, if there is one, brings in nothing but what this one would.
    fn is_bringing_in(&self, theirs: &CommitId) -> Result<bool, GitError> {
        let heads = merge_heads(self.git_directory());
        for head in &heads {
            if !self.repository().is_ancestor(head, theirs)? {
                return Ok(false);
            }
        }
        Ok(!heads.is_empty())
    }

    /// Refuses unless the worktree is clean, on its branch, and in the middle of nothing.
    fn check_ready(&self) -> Result<(), GitError> {
        let mut files: Vec<String> = self
            .status_entries()?
            .into_iter()
            .map(|entry| entry.path.to_string_lossy().into_owned())
            .collect();
        if let Some(operation) = crate::operation::operation_in(self.git_directory()) {
            files.push(format!("a {} in progress", operation.name()));
        }
        if self.head()? != crate::Head::Branch(self.branch().to_owned()) {
            files.push("HEAD is not on the branch".to_owned());
        }
        if files.is_empty() {
            return Ok(());
        }
        Err(GitError::Dirty { files })
    }
}
