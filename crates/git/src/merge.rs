//! Landing an approved commit on a base branch.
//!
//! ```text
//! base moved? ◄──────────────────────────────────────────────────┐
//!   already in? ─► conflict? ─► commit ─► held? ─► gate ─► move the base
//! ```
//!
//! The merge is computed without a working tree. A worktree is made only for the gate, and only
//! when the result is not the tree that was tested. The base moves by compare-and-swap; if someone
//! has it checked out, it moves by `git merge --ff-only` there and in no other way, so that branch
//! and checkout cannot part; if that could touch anything uncommitted, the merge is held.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::listing::Directory;
use crate::merged::EFFECT;
use crate::name::{branch_reference, encode_component, path_of, split_nul};
use crate::objects::{Expected, NewCommit, with_trailers};
use crate::operation::operation_in;
use crate::run::lock;
use crate::{CommitId, GitError, Identity, Worktrees};

const ATTEMPTS: u32 = 5;
const FILES_NAMED_MAX: usize = 5;

/// What the base branch gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// A merge commit, with the approved commit as its second parent.
    NoFastForward,
    /// One commit with all of the work.
    Squash,
}

/// A merge to be made.
pub struct MergeRequest<'a> {
    /// The branch that gets the work.
    pub base_branch: &'a str,
    /// The branch that the work is on; named in messages only.
    pub branch: &'a str,
    /// The commit that was approved; nothing else is merged, wherever the branch is by now.
    pub commit: &'a CommitId,
    /// Message of the commit.
    pub message: &'a str,
    /// Author and committer.
    pub author: &'a Identity,
    /// Merge or squash.
    pub strategy: Strategy,
    /// Names this merge: made once, however often it is asked for.
    pub key: &'a str,
    /// Run with a directory that holds the result, and the commit, when the result is not the tree
    /// of the approved commit. What it says no with comes back as [`MergeOutcome::GateFailed`].
    pub before_update: &'a dyn Fn(&Path, &CommitId) -> Result<(), String>,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeOutcome {
    /// The base branch contains the work.
    Merged {
        /// The commit that brought it; the tip of the base if that cannot be told.
        commit: CommitId,
        /// Whether it did before this call.
        already: bool,
    },
    /// The two sides changed the same places.
    Conflict {
        /// Where.
        files: Vec<String>,
        /// Tip of the base branch.
        ours: CommitId,
        /// The approved commit.
        theirs: CommitId,
    },
    /// There is no such base branch.
    BaseGone,
    /// The gate said no; nothing was changed.
    GateFailed(String),
    /// A checkout of the base branch is in the way; nothing was changed.
    Held {
        /// What the user can do something about.
        why: String,
    },
}

/// Where the base branch is checked out.
struct Checkout {
    path: PathBuf,
    git_directory: Option<PathBuf>,
    directory: Directory,
    on_branch: bool,
}

impl Worktrees {
    /// Merges the approved commit into the base branch. Merges in one repository take turns, so
    /// a gate must not ask for another one.
    pub fn merge(&self, request: &MergeRequest<'_>) -> Result<MergeOutcome, GitError> {
        let _turn = lock(self.repository().merge_turn());
        for _ in 0..ATTEMPTS {
            if let Some(outcome) = self.try_merge(request)? {
                return Ok(outcome);
            }
        }
        Err(GitError::BaseMoving { branch: request.base_branch.to_owned(), attempts: ATTEMPTS })
    }

    /// Moves the base branch forward to a commit that contains it, and in no other way.
    pub fn forward(&self, base_branch: &str, to: &CommitId) -> Result<MergeOutcome, GitError> {
        let _turn = lock(self.repository().merge_turn());
        let repository = self.repository();
        for _ in 0..ATTEMPTS {
            let Some(base) = repository.branch_tip(base_branch)? else {
                return Ok(MergeOutcome::BaseGone);
            };
            if repository.is_ancestor(to, &base)? {
                return Ok(MergeOutcome::Merged { commit: to.clone(), already: true });
            }
            if !repository.is_ancestor(&base, to)? {
                let why = format!("`{base_branch}` has commits that are not in {to}");
                return Ok(MergeOutcome::Held { why });
            }
            let reason = format!("crew: forward to {to}");
            if let Some(outcome) = self.land(base_branch, &reason, &base, to.clone())? {
                return Ok(outcome);
            }
        }
        Err(GitError::BaseMoving { branch: base_branch.to_owned(), attempts: ATTEMPTS })
    }

    /// None if the base moved meanwhile.
    fn try_merge(&self, request: &MergeRequest<'_>) -> Result<Option<MergeOutcome>, GitError> {
        let repository = self.repository();
        let Some(base) = repository.branch_tip(request.base_branch)? else {
            return Ok(Some(MergeOutcome::BaseGone));
        };
        let already = |commit| {
            let already = true;
            Ok(Some(MergeOutcome::Merged { commit, already }))
        };
        if let Some(commit) = repository.find_effect(request.key, request.commit, &base)? {
            return already(commit);
        }
        if repository.is_ancestor(request.commit, &base)? {
            return already(base);
        }
        let merged = repository.merge_tree(&base, request.commit)?;
        if repository.has_content(request.commit, &base, &merged)? {
            return already(base);
        }
        if !merged.conflicts.is_empty() {
            return Ok(Some(MergeOutcome::Conflict {
                files: merged.conflicts,
                ours: base,
                theirs: request.commit.clone(),
            }));
        }
        let parents = match request.strategy {
            Strategy::NoFastForward => vec![base.clone(), request.commit.clone()],
            Strategy::Squash => vec![base.clone()],
        };
        let commit = repository.commit_tree(&NewCommit {
            tree: &merged.tree,
            parents: &parents,
            message: &with_trailers(request.message, &[(EFFECT, request.key)]),
            author: request.author,
        })?;
        if let Some(why) = self.held(request.base_branch, &base, &commit)? {
            return Ok(Some(MergeOutcome::Held { why }));
        }
        if merged.tree != repository.tree_of(request.commit)?
            && let Err(why) = self.run_gate(request, &commit)?
        {
            return Ok(Some(MergeOutcome::GateFailed(why)));
        }
        let reason = format!("crew: merge {}", request.branch);
        self.land(request.base_branch, &reason, &base, commit)
    }

    /// Moves the base from `base` to `commit`; none if it is not at `base` any more.
    fn land(
        &self,
        base_branch: &str,
        reason: &str,
        base: &CommitId,
        commit: CommitId,
    ) -> Result<Option<MergeOutcome>, GitError> {
        let repository = self.repository();
        // Nobody of ours switches a worktree to the base while it moves.
        let turn = lock(repository.layout());
        if let Some(why) = self.held(base_branch, base, &commit)? {
            return Ok(Some(MergeOutcome::Held { why }));
        }
        let moved = match self.checkouts(base_branch)?.first() {
            Some(checkout) => {
                let refusal = self.fast_forward(&checkout.path, &commit)?;
                let now = repository.branch_tip(base_branch)?;
                match refusal {
                    _ if now.as_ref() == Some(&commit) => true,
                    Some(why) if now.as_ref() == Some(base) => {
                        return Ok(Some(MergeOutcome::Held { why }));
                    }
                    Some(_) | None => false,
                }
            }
            None => repository.move_reference(
                &branch_reference(base_branch)?,
                &commit,
                Expected::At(base),
                reason,
            )?,
        };
        drop(turn);
        let already = false;
        Ok(moved.then_some(MergeOutcome::Merged { commit, already }))
    }

    /// Moves a checkout and its branch forward, or says why git does not want to.
    fn fast_forward(&self, checkout: &Path, to: &CommitId) -> Result<Option<String>, GitError> {
        let output = self
            .repository()
            .write(checkout)
            .args(["merge", "--ff-only", "--no-autostash", "--no-overwrite-ignore", "--quiet"])
            .args(["--no-stat", "--no-verify-signatures", "--no-squash", "--", to.as_str()])
            .output();
        match output {
            Ok(output) if output.success() => Ok(None),
            Ok(output) => Ok(Some(output.stderr.trim().to_owned())),
            Err(GitError::Locked { stderr }) => Ok(Some(stderr)),
            Err(other) => Err(other),
        }
    }

    /// Why a checkout of the base keeps it from moving to `commit`, if one does.
    fn held(
        &self,
        base_branch: &str,
        base: &CommitId,
        commit: &CommitId,
    ) -> Result<Option<String>, GitError> {
        let checkouts = self.checkouts(base_branch)?;
        if checkouts.len() > 1 {
            return Ok(Some(format!("`{base_branch}` is checked out more than once")));
        }
        let Some(checkout) = checkouts.first() else {
            return Ok(None);
        };
        let place = checkout.path.display();
        if checkout.directory == Directory::Missing {
            let why = format!("`{base_branch}` is checked out at {place}, which is not there now");
            return Ok(Some(why));
        }
        let operation = checkout.git_directory.as_deref().and_then(operation_in);
        if let Some(operation) = operation {
            let why = format!("a {} is in progress at {place}", operation.name());
            return Ok(Some(why));
        }
        if !checkout.on_branch {
            return Ok(Some(format!("`{base_branch}` is in use at {place}")));
        }
        let files = self.in_the_way(&checkout.path, base, commit)?;
        if files.is_empty() {
            return Ok(None);
        }
        let more = files.len().saturating_sub(FILES_NAMED_MAX);
        let named = files[..files.len() - more].join(", ");
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Ok(Some(format!("uncommitted changes at {place}: {named}{more}")))
    }

    /// Uncommitted files of a checkout that the move would touch.
    fn in_the_way(
        &self,
        checkout: &Path,
        base: &CommitId,
        commit: &CommitId,
    ) -> Result<Vec<String>, GitError> {
        let touched = self
            .repository()
            .read(checkout)
            .args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"])
            .args([base.as_str(), commit.as_str(), "--"])
            .run()?;
        let touched: Vec<PathBuf> = split_nul(&touched).map(path_of).collect();
        let status = self
            .repository()
            .read(checkout)
            .args(["status", "--porcelain=v2", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignore-submodules=none"])
            .run()?;
        let changed = crate::status::parse_status(&status).into_iter();
        let clash = |path: &PathBuf| {
            touched.iter().any(|touched| touched.starts_with(path) || path.starts_with(touched))
        };
        Ok(changed
            .map(|entry| entry.path)
            .filter(clash)
            .map(|path| path.to_string_lossy().into_owned())
            .collect())
    }

    fn checkouts(&self, branch: &str) -> Result<Vec<Checkout>, GitError> {
        let mut checkouts = Vec::new();
        for (position, entry) in self.list()?.into_iter().enumerate() {
            if self.holds(&entry, position, branch)? {
                checkouts.push(Checkout {
                    git_directory: self.git_directory_of(&entry, position)?,
                    on_branch: entry.branch.as_deref() == Some(branch),
                    path: entry.path,
                    directory: entry.directory,
                });
            }
        }
        Ok(checkouts)
    }

    /// Runs the gate on the result, in a worktree made for it.
    fn run_gate(
        &self,
        request: &MergeRequest<'_>,
        commit: &CommitId,
    ) -> Result<Result<(), String>, GitError> {
        let place = self.root().join(".integration").join(encode_component(request.key));
        if place.symlink_metadata().is_ok() {
            // A crash, or a gate that left something running; the guards tell which.
            self.remove(&place)?;
        }
        let repository = self.repository();
        repository
            .write(repository.root())
            .args(["worktree", "add", "--quiet", "--detach", "--force", "--"])
            .arg(&place)
            .arg(commit.as_str())
            .run()?;
        let verdict = (request.before_update)(&place, commit);
        // What cannot be removed now, say because the gate left a process in it, the sweep takes.
        drop(self.remove(&place));
        Ok(verdict)
    }
}
