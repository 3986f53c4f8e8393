//! Repositories inside a worktree: submodules, and what an agent cloned or initialised there.
//!
//! Their commits are not in our repository, so we cannot save them. Deleting the worktree is
//! refused while it holds a repository that is not a submodule, or a submodule with something that
//! is nowhere else. No git runs in a repository of an agent's making: its configuration could name
//! programs to run.

use std::path::{Path, PathBuf};

use crate::name::{path_of, split_nul};
use crate::{GitError, Worktree};

impl Worktree {
    /// Refuses if there is a repository in here that is not a submodule, or a submodule with
    /// uncommitted files or with commits that were not pushed.
    pub(crate) fn check_nested_repositories(&self) -> Result<(), GitError> {
        let mut unsaved = self.untracked_repositories(None)?;
        let submodules = self.submodules()?.into_iter();
        unsaved.extend(submodules.filter(|path| self.has_unsaved(path)));
        if unsaved.is_empty() {
            return Ok(());
        }
        Err(GitError::NestedRepository {
            path: self.path().to_owned(),
            repositories: unsaved.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        })
    }

    /// Repositories that are neither tracked nor ignored.
    pub(crate) fn untracked_repositories(
        &self,
        index: Option<&Path>,
    ) -> Result<Vec<PathBuf>, GitError> {
        let mut call = self.read();
        if let Some(index) = index {
            call = call.env("GIT_INDEX_FILE", index);
        }
        let listed = call.args(["ls-files", "--others", "--exclude-standard", "-z"]).run()?;
        let directories = split_nul(&listed).filter_map(|path| path.strip_suffix(b"/"));
        Ok(directories.map(path_of).collect())
    }

    /// Submodules that are checked out here.
    pub(crate) fn submodules(&self) -> Result<Vec<PathBuf>, GitError> {
        let staged = self.read().args(["ls-files", "--stage", "-z"]).run()?;
        let links = split_nul(&staged).filter(|line| line.starts_with(b"160000 "));
        let paths = links.filter_map(|line| line.splitn(2, |b| *b == b'\t').nth(1));
        Ok(paths
            .map(path_of)
            .filter(|path| self.path().join(path).join(".git").symlink_metadata().is_ok())
            .collect())
    }

    /// Unsaved, unless git says otherwise without an error.
    fn has_unsaved(&self, submodule: &Path) -> bool {
        let path = self.path().join(submodule);
        let call = || self.repository().read(&path);
        let status = call().args(["status", "--porcelain", "-z", "--untracked-files=all"]);
        let unpushed = call().args(["rev-list", "--max-count=1", "--all", "HEAD"]);
        let unpushed = unpushed.args(["--not", "--remotes", "--"]);
        let is_empty = |output: Result<Vec<u8>, GitError>| output.is_ok_and(|o| o.is_empty());
        !is_empty(status.run()) || !is_empty(unpushed.run())
    }
}
