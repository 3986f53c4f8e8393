//! One worktree that was handed out: a directory of its own, on a branch of its own.
//!
//! Every call names the git directory and the working tree, so that it does not matter what an
//! agent did to the `.git` file: another repository in its place, with a configuration that runs
//! programs, is never looked at.

use std::path::{Path, PathBuf};

use crate::name::branch_reference;
use crate::repository::{head_of, try_resolve};
use crate::run::Call;
use crate::{CommitId, GitError, Head, Repository, loose};

/// A worktree that is in use.
#[derive(Clone, Debug)]
pub struct Worktree {
    repository: Repository,
    name: String,
    branch: String,
    path: PathBuf,
    git_directory: PathBuf,
}

impl Worktree {
    pub(crate) fn new(
        repository: &Repository,
        name: &str,
        branch: &str,
        path: PathBuf,
        git_directory: PathBuf,
    ) -> Self {
        Self {
            repository: repository.clone(),
            name: name.to_owned(),
            branch: branch.to_owned(),
            path,
            git_directory,
        }
    }

    /// The name under which it was acquired.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The branch that it was handed out for.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its part of the repository, `<common>/worktrees/<id>`.
    pub fn git_directory(&self) -> &Path {
        &self.git_directory
    }

    /// The repository that it belongs to.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Where HEAD of the worktree is; its branch, unless the agent went elsewhere.
    pub fn head(&self) -> Result<Head, GitError> {
        match loose::branch(&self.git_directory) {
            Some(name) => Ok(Head::on(&name)),
            None => head_of(|| self.read()),
        }
    }

    /// The commit that HEAD of the worktree is on.
    pub fn head_commit(&self) -> Result<CommitId, GitError> {
        let at = loose::head(&self.git_directory, self.repository.common_directory());
        self.repository
            .known_or(at, || try_resolve(self.read(), "HEAD"))?
            .ok_or_else(|| GitError::UnknownRevision { revision: "HEAD".to_owned() })
    }

    /// Tip of the branch that the worktree was handed out for.
    pub fn tip(&self) -> Result<CommitId, GitError> {
        self.repository.resolve(&self.branch_reference()?)
    }

    /// Whether it is on its branch, which is at this commit, and holds nothing else. Who works in it may
    /// have gone to another branch, and left everything clean there.
    pub fn is_exactly(&self, commit: &CommitId) -> Result<bool, GitError> {
        Ok(self.head()? == Head::Branch(self.branch.clone())
            && self.tip()? == *commit
            && self.status()?.is_clean())
    }

    pub(crate) fn branch_reference(&self) -> Result<String, GitError> {
        branch_reference(&self.branch)
    }

    pub(crate) fn read(&self) -> Call<'_> {
        self.here(self.repository.read(&self.path))
    }

    pub(crate) fn objects(&self) -> Call<'_> {
        self.here(self.repository.objects(&self.path))
    }

    pub(crate) fn write(&self) -> Call<'_> {
        self.here(self.repository.write(&self.path))
    }

    /// Where everything is, is told to git: what lies in the worktree and in its git directory can be
    /// written by an agent, and a configuration elsewhere names programs to run.
    fn here<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.env("GIT_DIR", &self.git_directory)
            .env("GIT_WORK_TREE", &self.path)
            .env("GIT_COMMON_DIR", self.repository.common_directory())
    }
}
