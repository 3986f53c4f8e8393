//! What was in a worktree when it was taken away, kept where garbage collection does not reach.
//!
//! ```text
//! refs/crew/trash/<key>/<unix ms> ─► commit: tracked + untracked + changed copies of ignored files
//!                                     ├─ parent 1: HEAD
//!                                     └─ others: tip of the branch, the index if it differs, and
//!                                        what a merge or rebase in progress referred to
//! ```

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::diff::diff_text;
use crate::name::{branch_reference, crew_reference, decode_component, encode_component};
use crate::objects::{Expected, NewCommit, with_trailers};
use crate::operation::commits_in_operation;
use crate::{CommitId, Diff, GitError, Identity, Repository, TreeId, Worktree};

pub(crate) const TRASH: &str = "refs/crew/trash/";

/// Something that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrashItem {
    /// `refs/crew/trash/<key>/<unix ms>`; in the key, what is not a letter, digit, dash or
    /// underscore is written as `%` and two digits.
    pub reference: String,
    /// What it was saved under.
    pub key: String,
    /// When, in milliseconds since 1970.
    pub at_unix_ms: u64,
    /// The commit that holds it.
    pub commit: CommitId,
    /// How many files differ from the commit that the worktree was on.
    pub files: u64,
    /// The branch that the worktree was for.
    pub branch: String,
}

impl Worktree {
    /// Saves all that is in the worktree and nowhere else. None if there is no such thing: every
    /// file is committed, and every commit is in a branch other than the worktree's own, or in an
    /// earlier save.
    pub fn trash_save(&self, key: &str) -> Result<Option<TrashItem>, GitError> {
        let content = self.content()?;
        let head = self.head_commit()?;
        if self.repository().tree_of(&head)? == content.tree
            && self.all_kept_elsewhere(&content.parents)?
        {
            return Ok(None);
        }
        self.save(key, &content).map(Some)
    }

    /// Saves all that is in the worktree, kept elsewhere or not.
    pub(crate) fn save_to_trash(&self, key: &str) -> Result<TrashItem, GitError> {
        self.save(key, &self.content()?)
    }

    /// Saves all that is in the worktree at a reference of the caller's; what the reference held
    /// before stays reachable from it.
    pub(crate) fn save_at(
        &self,
        reference: &str,
        message: &str,
        also: &[CommitId],
    ) -> Result<CommitId, GitError> {
        let content = self.content()?;
        let before = self.repository().try_resolve(reference)?;
        let mut parents = content.parents.clone();
        for parent in before.iter().chain(also) {
            if !parents.contains(parent) {
                parents.push(parent.clone());
            }
        }
        let commit = self.repository().commit_tree(&NewCommit {
            tree: &content.tree,
            parents: &parents,
            message,
            author: &Identity::crewhouse(),
        })?;
        let expected = before.as_ref().map_or(Expected::Absent, Expected::At);
        let moved =
            self.repository().move_reference(reference, &commit, expected, "crew: saved")?;
        if moved {
            return Ok(commit);
        }
        Err(GitError::BaseMoving { branch: reference.to_owned(), attempts: 1 })
    }

    fn save(&self, key: &str, content: &Content) -> Result<TrashItem, GitError> {
        let repository = self.repository();
        let items = repository.trash_list()?;
        if let Some(item) = items.into_iter().find(|item| item.key == key)
            && repository.tree_of(&item.commit)? == content.tree
            && repository.parents_of(&item.commit)? == content.parents
        {
            return Ok(item);
        }
        let head = content.parents.first().map(CommitId::as_str);
        let changed = repository
            .read(repository.root())
            .args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"])
            .args(head)
            .args([content.tree.as_str(), "--"])
            .run()?;
        let files = crate::name::split_nul(&changed).count() as u64;
        let commit = repository.commit_tree(&NewCommit {
            tree: &content.tree,
            parents: &content.parents,
            message: &with_trailers(
                &format!("crew: what was in {}", self.name()),
                &[("Crew-Branch", self.branch()), ("Crew-Files", &files.to_string())],
            ),
            author: &Identity::crewhouse(),
        })?;
        repository.record(key, commit, files, self.branch())
    }

    fn content(&self) -> Result<Content, GitError> {
        let tree = self.tree(&self.changed_copies()?)?;
        let head = self.head_commit()?;
        let mut candidates = commits_in_operation(self.git_directory());
        candidates.extend(self.repository().branch_tip(self.branch())?);
        if let Some(index) = self.index_tree()?
            && index != tree
            && index != self.repository().tree_of(&head)?
        {
            candidates.push(self.repository().commit_tree(&NewCommit {
                tree: &index,
                parents: std::slice::from_ref(&head),
                message: "crew: what was staged",
                author: &Identity::crewhouse(),
            })?);
        }
        let mut parents = vec![head];
        for candidate in candidates {
            if !parents.contains(&candidate)
                && self.repository().try_resolve(candidate.as_str())?.is_some()
            {
                parents.push(candidate);
            }
        }
        Ok(Content { tree, parents })
    }

    fn all_kept_elsewhere(&self, commits: &[CommitId]) -> Result<bool, GitError> {
        let own = self.branch_reference()?;
        let repository = self.repository();
        for commit in commits {
            let holders = repository
                .read(repository.root())
                .args(["for-each-ref", "--format=%(refname)", "--contains", commit.as_str()])
                .args(["refs/heads", "refs/remotes", "refs/tags", TRASH])
                .text()?;
            if !holders.lines().any(|holder| holder != own) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Content {
    tree: TreeId,
    /// HEAD first.
    parents: Vec<CommitId>,
}

impl Repository {
    /// Everything that was saved, newest first.
    pub fn trash_list(&self) -> Result<Vec<TrashItem>, GitError> {
        let format = "--format=%(refname)%00%(objectname)%00\
            %(trailers:key=Crew-Files,valueonly,separator=)%00\
            %(trailers:key=Crew-Branch,valueonly,separator=)";
        let text = self.read(self.root()).args(["for-each-ref", format, TRASH]).text()?;
        let mut items: Vec<TrashItem> = text.lines().filter_map(parse_item).collect();
        items.sort_by(|a, b| (b.at_unix_ms, &b.reference).cmp(&(a.at_unix_ms, &a.reference)));
        Ok(items)
    }

    /// What an item holds beyond the commit that its worktree was on: a summary, then the diff.
    pub fn trash_show(&self, item: &TrashItem, bytes_max: usize) -> Result<Diff, GitError> {
        let head = format!("{}^1", item.commit);
        diff_text(self.read(self.root()), &head, item.commit.as_str(), bytes_max)
    }

    /// Creates a branch at a saved commit. Never moves a branch that exists.
    pub fn trash_restore(&self, item: &TrashItem, branch: &str) -> Result<(), GitError> {
        self.create_branch(branch, &item.commit)
    }

    /// Deletes a reference under `refs/crew/`, of a snapshot or a save, if it is still at `at`. What
    /// only it held is then git's to collect. False if it is elsewhere or gone.
    pub fn forget(&self, reference: &str, at: &CommitId) -> Result<bool, GitError> {
        crew_reference(reference)?;
        if self.try_resolve(reference)?.as_ref() != Some(at) {
            return Ok(false);
        }
        self.delete_reference(reference, at).map(|()| true)
    }

    /// Deletes a reference that is at `at`; one that is not is an error.
    pub(crate) fn delete_reference(&self, reference: &str, at: &CommitId) -> Result<(), GitError> {
        let delete = ["update-ref", "--no-deref", "-d", reference, at.as_str()];
        self.write(self.root()).args(delete).run().map(drop)
    }

    /// Creates a branch; fails if there is one of that name.
    pub fn create_branch(&self, branch: &str, at: &CommitId) -> Result<(), GitError> {
        let reference = branch_reference(branch)?;
        let taken = || GitError::BranchTaken { branch: branch.to_owned() };
        match self.move_reference(&reference, at, Expected::Absent, "crew: created") {
            Ok(true) => Ok(()),
            Ok(false) => Err(taken()),
            Err(GitError::Failed { stderr, .. }) if stderr.contains("cannot create") => {
                Err(taken())
            }
            Err(other) => Err(other),
        }
    }

    /// Writes the reference of a save, under the first free millisecond.
    pub(crate) fn record(
        &self,
        key: &str,
        commit: CommitId,
        files: u64,
        branch: &str,
    ) -> Result<TrashItem, GitError> {
        let mut at_unix_ms = unix_ms_now();
        loop {
            let reference = format!("{TRASH}{}/{at_unix_ms}", encode_component(key));
            crew_reference(&reference)?;
            if self.move_reference(&reference, &commit, Expected::Absent, "crew: saved")? {
                return Ok(TrashItem {
                    reference,
                    key: key.to_owned(),
                    at_unix_ms,
                    commit,
                    files,
                    branch: branch.to_owned(),
                });
            }
            at_unix_ms += 1;
        }
    }
}

fn parse_item(line: &str) -> Option<TrashItem> {
    let mut fields = line.split('\0');
    let reference = fields.next()?.to_owned();
    let commit = fields.next()?.parse().ok()?;
    let files = fields.next()?.parse().unwrap_or_default();
    let branch = fields.next()?.to_owned();
    let (key, at) = reference.strip_prefix(TRASH)?.split_once('/')?;
    Some(TrashItem {
        key: decode_component(key),
        at_unix_ms: at.parse().ok()?,
        reference,
        commit,
        files,
        branch,
    })
}

fn unix_ms_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
