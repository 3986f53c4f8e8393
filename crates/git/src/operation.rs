//! Operations that a working tree can be in the middle of, read from its git directory.

use std::path::{Path, PathBuf};

use crate::error::io_error;
use crate::{CommitId, GitError};

/// Something that was started in a working tree and not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Merge,
    Rebase,
    CherryPick,
    Revert,
    Bisect,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }
}

/// What each operation leaves in the git directory while it is going on. A file or a directory.
const TRACES: [(&str, Operation); 7] = [
    ("rebase-merge", Operation::Rebase),
    ("rebase-apply", Operation::Rebase),
    ("MERGE_HEAD", Operation::Merge),
    ("CHERRY_PICK_HEAD", Operation::CherryPick),
    ("REVERT_HEAD", Operation::Revert),
    ("sequencer", Operation::CherryPick),
    ("BISECT_LOG", Operation::Bisect),
];

/// What is going on in the working tree with this git directory.
pub(crate) fn operation_in(git_directory: &Path) -> Option<Operation> {
    let found =
        TRACES.iter().find(|(trace, _)| git_directory.join(trace).symlink_metadata().is_ok());
    found.map(|(_, operation)| *operation)
}

/// The branch that an operation has taken off its working tree and will move, or come back to.
pub(crate) fn branch_in_operation(git_directory: &Path) -> Option<String> {
    let read = |file: &str| read_line(&git_directory.join(file));
    let rebased = read("rebase-merge/head-name").or_else(|| read("rebase-apply/head-name"));
    match rebased {
        Some(name) => name.strip_prefix("refs/heads/").map(str::to_owned),
        None => read("BISECT_START"),
    }
}

/// The commits that a merge in progress brings in.
pub(crate) fn merge_heads(git_directory: &Path) -> Vec<CommitId> {
    let text = std::fs::read_to_string(git_directory.join("MERGE_HEAD")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Commits that only the state of an operation refers to: what a rebase set aside, and where the
/// branch was when it began.
pub(crate) fn commits_in_operation(git_directory: &Path) -> Vec<CommitId> {
    let files = ["autostash", "orig-head"];
    let directories = ["rebase-merge", "rebase-apply"];
    let paths = directories
        .iter()
        .flat_map(|directory| files.map(|file| git_directory.join(directory).join(file)));
    let pending = paths.chain([git_directory.join("MERGE_AUTOSTASH")]);
    let mut commits: Vec<CommitId> =
        pending.filter_map(|path| read_line(&path)?.parse().ok()).collect();
    commits.extend(merge_heads(git_directory));
    commits
}

/// Forgets a rebase: removes its state and nothing else. HEAD, index and files stay as they are.
/// Unlike `git rebase --quit` this puts nothing on the stash, which all worktrees share.
pub(crate) fn forget_rebase(git_directory: &Path) -> Result<(), GitError> {
    for directory in ["rebase-merge", "rebase-apply"] {
        let path: PathBuf = git_directory.join(directory);
        if path.symlink_metadata().is_ok_and(|m| m.is_dir()) {
            std::fs::remove_dir_all(&path)
                .map_err(io_error(format!("remove {}", path.display())))?;
        }
    }
    Ok(())
}

fn read_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
