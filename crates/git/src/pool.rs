//! Handing out worktrees.
//!
//! The note that it is handed out, which names its branch, is the commit point: it is written last,
//! so a worktree without it has never been worked in since we made or cleaned it. The lock that
//! follows says the same to git, so that nobody prunes it; an agent can remove a lock. Called again
//! after a crash, `acquire` finds how far it had come and completes it:
//!
//! ```text
//! pool member ─ switch to the branch ─ move ─┐
//! worktree add ──────────────────────────────┴─ copy ignored files ─ note ─ lock
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::io_error;
use crate::listing::{Directory, ListedWorktree, Place, lock_reason};
use crate::name::{branch_reference, check_worktree_name, crew_reference};
use crate::note::is_being_restored;
use crate::objects::Expected;
use crate::operation::branch_in_operation;
use crate::run::lock;
use crate::{CommitId, GitError, Include, Repository, Worktree};

const POOL_MAX: usize = 4;
/// Whose branches they are, unless [`Worktrees::with_owner`] says so.
const OWNER: &str = "crew";
/// Where we note which branches we made: `<this><owner>/<branch>`.
const BRANCHES: &str = "refs/crew/branches/";

/// The worktrees of one repository under one root.
#[derive(Clone, Debug)]
pub struct Worktrees {
    repository: Repository,
    root: Arc<PathBuf>,
    owner: String,
    pool_max: usize,
}

/// A worktree that was handed out.
#[derive(Clone, Debug)]
pub struct Acquired {
    /// The worktree, on its branch and locked.
    pub worktree: Worktree,
    /// The ignored files that were copied into it now, relative to it.
    pub copied: Vec<PathBuf>,
}

/// What is at the place of a worktree.
#[derive(Clone, Debug)]
pub enum Found {
    /// The worktree, though someone may have unlocked it.
    Worktree(Worktree),
    /// Git has it on record, and its directory is gone, or not whole again. [`Worktrees::acquire`] makes it anew.
    Missing,
    /// Its directory is there, and git's record of it is gone. [`Worktrees::acquire`] makes a new
    /// record and leaves the files.
    Pruned,
    /// None: there never was one, or it was taken back.
    Absent,
}

impl Worktrees {
    /// The worktrees under `root`, which is created if need be.
    pub fn new(repository: &Repository, root: &Path) -> Result<Self, GitError> {
        let attempt = || format!("create {}", root.display());
        std::fs::create_dir_all(root).map_err(io_error(attempt()))?;
        let root = root.canonicalize().map_err(io_error(attempt()))?;
        for directory in [".pool", ".integration", ".partial"] {
            let path = root.join(directory);
            std::fs::create_dir_all(&path).map_err(io_error(attempt()))?;
            if !path.symlink_metadata().is_ok_and(|m| m.is_dir()) {
                let why = "a symlink leads to it".to_owned();
                return Err(GitError::Refused { path, why });
            }
        }
        Ok(Self {
            repository: repository.clone(),
            root: Arc::new(root),
            owner: OWNER.to_owned(),
            pool_max: POOL_MAX,
        })
    }

    /// Keeps up to this many free worktrees for the next task; 4 unless this is called.
    #[must_use]
    pub fn with_pool_max(mut self, pool_max: usize) -> Self {
        self.pool_max = pool_max;
        self
    }

    /// Takes only branches for ours that were made under this name: letters and digits.
    #[must_use]
    pub fn with_owner(mut self, owner: &str) -> Self {
        owner.clone_into(&mut self.owner);
        self
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The directory that they are in, canonical.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn pool_max(&self) -> usize {
        self.pool_max
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join(".partial")
    }

    pub(crate) fn path_of(&self, name: &str) -> Result<PathBuf, GitError> {
        check_worktree_name(name)?;
        Ok(self.root.join(name))
    }

    /// The worktree under this name. Refuses if something else is there.
    ///
    /// One that was being handed out or taken back when we crashed is found on the branch that it
    /// is on, and is none if it is on no branch; there is no work in either.
    pub fn find(&self, name: &str) -> Result<Found, GitError> {
        let path = self.path_of(name)?;
        let Some(entry) = self.list()?.into_iter().find(|entry| entry.path == path) else {
            return Ok(if self.is_pruned(&path)? { Found::Pruned } else { Found::Absent });
        };
        if entry.directory == Directory::Missing {
            return Ok(Found::Missing);
        }
        let Some(branch) = entry.handed_out.or(entry.branch) else {
            return Ok(Found::Absent);
        };
        let metadata = self.metadata(&path)?;
        if is_being_restored(&metadata) {
            return Ok(Found::Missing);
        }
        Ok(Found::Worktree(Worktree::new(&self.repository, name, &branch, path, metadata)))
    }

    /// Hands out the worktree `<root>/<name>` on `branch`, which is created at `start` if it does
    /// not exist. A branch of that name that we did not make is refused.
    ///
    /// If it is handed out already, it is given again with all the work in it; if its directory is
    /// gone, it is made anew at the same path, with what was staged.
    pub fn acquire(
        &self,
        name: &str,
        branch: &str,
        start: &CommitId,
        include: &Include,
    ) -> Result<Acquired, GitError> {
        let path = self.path_of(name)?;
        branch_reference(branch)?;
        let turn = lock(self.repository.layout());
        let mut entries = self.list()?;
        if self.owns(branch)? && self.take_over_moved(&path, branch, &entries)? {
            entries = self.list()?;
        }
        let registered = entries.iter().find(|entry| entry.path == path);
        self.check_free(name, branch, &entries)?;
        self.claim(branch, start, registered.is_some() || self.is_pruned(&path)?)?;
        self.remove_stand_ins(branch, &entries)?;
        let handed_out = match registered {
            Some(entry) => {
                self.restore_directory(&path)?;
                entry.handed_out.is_some()
            }
            None if self.adopt(&path, branch)? => true,
            None => {
                self.make(&path, branch, start, &entries)?;
                false
            }
        };
        let metadata = self.metadata(&path)?;
        let worktree = Worktree::new(&self.repository, name, branch, path, metadata);
        if !handed_out {
            worktree.prepare(start)?;
        }
        let copied = worktree.copy_included(include, &self.scratch())?;
        worktree.lock()?;
        drop(turn);
        Ok(Acquired { worktree, copied })
    }

    pub(crate) fn metadata(&self, path: &Path) -> Result<PathBuf, GitError> {
        let metadata = self.repository.metadata_of(path)?;
        metadata.ok_or_else(|| GitError::Refused {
            path: path.to_owned(),
            why: "git has no worktree on record there".to_owned(),
        })
    }

    /// Refuses if the branch is somewhere else, or the worktree is for another branch.
    fn check_free(
        &self,
        name: &str,
        branch: &str,
        entries: &[ListedWorktree],
    ) -> Result<(), GitError> {
        let named = Place::Named(name.to_owned());
        for (position, entry) in entries.iter().enumerate() {
            if position > 0 && entry.place == named {
                match &entry.handed_out {
                    Some(other) if other != branch => {
                        return Err(GitError::Occupied {
                            name: name.to_owned(),
                            branch: other.clone(),
                        });
                    }
                    Some(_) | None => continue,
                }
            }
            let ours = matches!(entry.place, Place::Pool | Place::Temporary);
            if !ours && self.holds(entry, position, branch)? {
                return Err(GitError::BranchInUse {
                    branch: branch.to_owned(),
                    path: entry.path.clone(),
                });
            }
        }
        Ok(())
    }

    /// Whether a working tree is on a branch, or will come back to it.
    pub(crate) fn holds(
        &self,
        entry: &ListedWorktree,
        position: usize,
        branch: &str,
    ) -> Result<bool, GitError> {
        if entry.branch.as_deref() == Some(branch) {
            return Ok(true);
        }
        let metadata = self.git_directory_of(entry, position)?;
        let pending = metadata.and_then(|metadata| branch_in_operation(&metadata));
        Ok(pending.as_deref() == Some(branch))
    }

    /// The git directory of a listed worktree; the first one is the main one.
    pub(crate) fn git_directory_of(
        &self,
        entry: &ListedWorktree,
        position: usize,
    ) -> Result<Option<PathBuf>, GitError> {
        if position == 0 {
            return Ok(Some(self.repository.common_directory().to_owned()));
        }
        self.repository.metadata_of(&entry.path)
    }

    /// Notes that the branch is ours, before it is made. One that is there and that we did not make
    /// is somebody else's work, which ours must not get mixed with.
    fn claim(&self, branch: &str, start: &CommitId, has_worktree: bool) -> Result<(), GitError> {
        if self.owns(branch)? {
            return Ok(());
        }
        if !has_worktree && self.repository.branch_exists(branch)? {
            return Err(GitError::BranchTaken { branch: branch.to_owned() });
        }
        let (note, reason) = (self.branch_note(branch)?, "crew: a branch of ours");
        self.repository.move_reference(&note, start, Expected::Absent, reason).map(drop)
    }

    pub(crate) fn owns(&self, branch: &str) -> Result<bool, GitError> {
        Ok(self.repository.try_resolve(&self.branch_note(branch)?)?.is_some())
    }

    pub(crate) fn branch_note(&self, branch: &str) -> Result<String, GitError> {
        let note = format!("{BRANCHES}{}/{branch}", self.owner);
        crew_reference(&note).map(|()| note)
    }

    /// Makes the worktree, from the pool if something is free there.
    fn make(
        &self,
        path: &Path,
        branch: &str,
        start: &CommitId,
        entries: &[ListedWorktree],
    ) -> Result<(), GitError> {
        let free = |entry: &&ListedWorktree| {
            entry.place == Place::Pool
                && entry.lock.is_none()
                && entry.directory == Directory::Present
        };
        // One that already is on the branch was on its way out when we crashed.
        let on_branch = entries.iter().find(|e| free(e) && e.branch.as_deref() == Some(branch));
        let detached = entries.iter().filter(|e| free(e) && e.branch.is_none());
        for member in on_branch.into_iter().chain(detached) {
            match self.take_from_pool(&member.path, path, branch, start) {
                Ok(()) => return Ok(()),
                Err(error @ (GitError::BranchTaken { .. } | GitError::BranchInUse { .. })) => {
                    return Err(error);
                }
                // A member that does not work is passed over; the sweep removes it.
                Err(_) => self.detach(&member.path)?,
            }
        }
        self.add(path, branch, start)
    }

    fn add(&self, path: &Path, branch: &str, start: &CommitId) -> Result<(), GitError> {
        let exists = self.repository.branch_exists(branch)?;
        let call = self.repository.write(self.repository.root());
        let call = call.args(["worktree", "add", "--quiet"]);
        let call = if exists {
            call.arg("--").arg(path).arg(branch)
        } else {
            call.args(["--no-track", "-b", branch, "--"]).arg(path).arg(start.as_str())
        };
        let output = call.output()?;
        if output.success() {
            return Ok(());
        }
        Err(branch_error(branch, path, output))
    }

    fn take_from_pool(
        &self,
        member: &Path,
        path: &Path,
        branch: &str,
        start: &CommitId,
    ) -> Result<(), GitError> {
        self.check_directory(member)?;
        let metadata = self.metadata(member)?;
        let worktree = Worktree::new(&self.repository, "pool", branch, member.to_owned(), metadata);
        worktree.switch_to_branch(start)?;
        worktree.forget_included()?;
        self.repository
            .write(self.repository.root())
            .args(["worktree", "move", "--"])
            .args([member, path])
            .run()?;
        Ok(())
    }

    /// Takes a member of the pool off its branch, so that the branch is free.
    fn detach(&self, member: &Path) -> Result<(), GitError> {
        let metadata = self.metadata(member)?;
        let worktree = Worktree::new(&self.repository, "pool", "", member.to_owned(), metadata);
        worktree.write().args(["switch", "--quiet", "--detach", "--force"]).run()?;
        Ok(())
    }
}

impl Worktree {
    /// Brings a worktree that nobody has worked in onto its branch. If it holds something after
    /// all, that is saved first.
    fn prepare(&self, start: &CommitId) -> Result<(), GitError> {
        self.remove_stale_lock()?;
        if !self.index_is_broken()? && !self.status_entries()?.is_empty() {
            self.check_nested_repositories()?;
            self.trash_save(self.name())?;
        }
        self.unlock()?;
        self.switch_to_branch(start)
    }

    /// Cleans everything away, ignored files too, and switches to the branch.
    fn switch_to_branch(&self, start: &CommitId) -> Result<(), GitError> {
        self.forget_set_up()?;
        let head = self.head_commit()?;
        crate::operation::forget_rebase(self.git_directory())?;
        self.reset_hard(&head)?;
        self.write().args(["clean", "-ffdxq"]).run()?;
        let switch = ["switch", "--quiet", "--no-guess", "--discard-changes"];
        let call = self.write().args(switch);
        let call = if self.repository().branch_exists(self.branch())? {
            call.arg(self.branch())
        } else {
            call.args(["--no-track", "--create", self.branch(), start.as_str()])
        };
        let output = call.output()?;
        if output.success() {
            return Ok(());
        }
        Err(branch_error(self.branch(), self.path(), output))
    }

    /// Notes that it is handed out, and locks it.
    fn lock(&self) -> Result<(), GitError> {
        self.note_handed_out()?;
        let output = self
            .repository()
            .write(self.repository().root())
            .args(["worktree", "lock", "--reason", &lock_reason(self.branch()), "--"])
            .arg(self.path())
            .output()?;
        if output.success() || output.stderr.contains("is already locked") {
            return Ok(());
        }
        Err(output.failed())
    }

    /// It is not handed out any more.
    pub(crate) fn unlock(&self) -> Result<(), GitError> {
        self.forget_handed_out()?;
        let output = self
            .repository()
            .write(self.repository().root())
            .args(["worktree", "unlock", "--"])
            .arg(self.path())
            .output()?;
        if output.success() || output.stderr.contains("is not locked") {
            return Ok(());
        }
        Err(output.failed())
    }
}

/// What it means when git does not put a worktree onto a branch.
fn branch_error(branch: &str, path: &Path, output: crate::run::Output) -> GitError {
    let says = |text: &str| output.stderr.contains(text);
    if says("already used by worktree") || says("already checked out at") {
        return GitError::BranchInUse { branch: branch.to_owned(), path: path.to_owned() };
    }
    if says("already exists") && says("branch") || says("cannot create") {
        return GitError::BranchTaken { branch: branch.to_owned() };
    }
    output.failed()
}
