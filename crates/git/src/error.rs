//! What can go wrong, by what the caller can do about it. Every variant that a person can act on
//! has a hint; the text of git itself is kept where it helps, never parsed by callers.

use std::path::PathBuf;

use crate::CommitId;

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The path is not inside a git repository's working tree.
    #[error("{} is not inside a git repository", path.display())]
    NotARepository {
        /// What was opened.
        path: PathBuf,
    },
    /// The repository has no working tree.
    #[error("{} is a bare repository", path.display())]
    Bare {
        /// What was opened.
        path: PathBuf,
    },
    /// The current branch has no commit yet.
    #[error("{} has no commit yet", root.display())]
    Empty {
        /// Top level of the repository.
        root: PathBuf,
    },
    /// Git refuses the repository because another user owns it.
    #[error("git does not trust {}: another user owns it", path.display())]
    Untrusted {
        /// What was opened.
        path: PathBuf,
    },
    /// The git program was not found.
    #[error("the program `{program}` was not found")]
    GitMissing {
        /// The program as it was looked up.
        program: String,
    },
    /// The git program lacks `merge-tree --write-tree`.
    #[error("git {version} is too old; 2.38 or newer is needed")]
    GitTooOld {
        /// What `git --version` said.
        version: String,
    },
    /// Not a name that a branch, worktree or reference can have.
    #[error("`{name}` is not a valid {what}: {why}")]
    InvalidName {
        /// `branch`, `worktree name`, `reference` or `commit id`.
        what: &'static str,
        /// The offending text.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A revision that resolves to no commit.
    #[error("`{revision}` names no commit")]
    UnknownRevision {
        /// The text that was resolved.
        revision: String,
    },
    /// The branch is checked out in a working tree that is not the one asked for.
    #[error("the branch `{branch}` is checked out at {}", path.display())]
    BranchInUse {
        /// The branch.
        branch: String,
        /// The working tree that has it.
        path: PathBuf,
    },
    /// A branch of that name exists, or one whose name stands in the way (`a` for `a/b`).
    #[error("the branch `{branch}` cannot be created: the name is taken")]
    BranchTaken {
        /// The branch.
        branch: String,
    },
    /// The worktree is in use for another branch.
    #[error("the worktree `{name}` is in use for the branch `{branch}`")]
    Occupied {
        /// Name of the worktree.
        name: String,
        /// The branch that it holds.
        branch: String,
    },
    /// No worktree of that name.
    #[error("there is no worktree `{name}`")]
    NoWorktree {
        /// Name of the worktree.
        name: String,
    },
    /// A live process works inside the directory.
    #[error("process {pid} is working in {}", path.display())]
    InUse {
        /// The process.
        pid: i32,
        /// The worktree.
        path: PathBuf,
    },
    /// A guard refused to delete or take over a directory.
    #[error("refusing to touch {}: {why}", path.display())]
    Refused {
        /// The directory.
        path: PathBuf,
        /// The guard that refused.
        why: String,
    },
    /// A repository inside the worktree holds work that this repository cannot save.
    #[error("{} holds repositories with unsaved work: {}", path.display(), repositories.join(", "))]
    NestedRepository {
        /// The worktree.
        path: PathBuf,
        /// The repositories, relative to it.
        repositories: Vec<String>,
    },
    /// HEAD of the worktree left its branch and does not contain it. Everything is saved.
    #[error("the worktree of `{branch}` strayed: {details}")]
    Strayed {
        /// The branch that the worktree is for.
        branch: String,
        /// Tip of that branch.
        tip: CommitId,
        /// Where HEAD is instead.
        head: CommitId,
        /// The reference under `refs/crew/trash/` that holds the worktree's content.
        saved: String,
        /// In words, what was found.
        details: String,
    },
    /// Files still hold conflict markers.
    #[error("unresolved conflicts in {}", files.join(", "))]
    Unresolved {
        /// The files, relative to the worktree.
        files: Vec<String>,
    },
    /// The worktree has changes that are not committed.
    #[error("the worktree has uncommitted changes: {}", files.join(", "))]
    Dirty {
        /// The files, relative to the worktree.
        files: Vec<String>,
    },
    /// The base branch moved every time the merge was about to land.
    #[error("the branch `{branch}` keeps moving; gave up after {attempts} attempts")]
    BaseMoving {
        /// The base branch.
        branch: String,
        /// How often the merge was tried.
        attempts: u32,
    },
    /// A lock file of git stayed for the whole time that we waited.
    #[error("git's lock did not go away: {stderr}")]
    Locked {
        /// What git said.
        stderr: String,
    },
    /// Git did not finish in time and was stopped.
    #[error("`{command}` was stopped after {seconds} s")]
    Timeout {
        /// The command line.
        command: String,
        /// The deadline.
        seconds: u64,
    },
    /// Git printed more than is read into memory.
    #[error("`{command}` printed more than {bytes_max} bytes")]
    OutputTooLarge {
        /// The command line.
        command: String,
        /// The bound.
        bytes_max: usize,
    },
    /// Git said no, for a reason that has no variant of its own.
    #[error("`{command}` failed{}: {stderr}", code.map_or_else(String::new, |c| format!(" with {c}")))]
    Failed {
        /// The command line.
        command: String,
        /// Exit status; none when a signal ended it.
        code: Option<i32>,
        /// What git wrote, bounded.
        stderr: String,
    },
    /// Git printed something that this crate cannot read.
    #[error("cannot read the output of `{command}`")]
    Unreadable {
        /// The command line.
        command: String,
    },
    /// The operating system said no.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl GitError {
    /// What a person can do about it, if there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotARepository { .. } => "choose a folder inside a repository, or run `git init`",
            Self::Bare { .. } => "clone it, and open the clone",
            Self::Empty { .. } => "make a first commit: `git commit --allow-empty -m start`",
            Self::Untrusted { .. } => "`git config --global --add safe.directory <path>`",
            Self::GitMissing { .. } => "install git, or set PATH so that it is found",
            Self::GitTooOld { .. } => "install a newer git",
            Self::BranchInUse { .. } => "switch that working tree to another branch",
            Self::BranchTaken { .. } => "rename that branch: `git branch -m <old name> <new name>`",
            Self::Occupied { .. } => "release that worktree first",
            Self::InUse { .. } => "stop the process, then try again",
            Self::Refused { .. } => "look at the directory; nothing was changed",
            Self::NestedRepository { .. } => "push its commits or move it away, then try again",
            Self::Strayed { .. } => "the content is saved; reset the worktree or restore the save",
            Self::Unresolved { .. } => "edit the files and remove the conflict markers",
            Self::Dirty { .. } => "commit the worktree first",
            Self::BaseMoving { .. } => "try again when the branch is quiet",
            Self::Locked { .. } => "if no git runs in this repository, remove the lock file",
            Self::Timeout { .. } => "see whether a filter, a prompt or a slow disk holds git up",
            Self::Failed { stderr, .. } if is_of_filter(stderr) => {
                "install the program that the filter runs (`git lfs install` for LFS), or see \
                 `git config --get-regexp filter`"
            }
            Self::InvalidName { .. }
            | Self::UnknownRevision { .. }
            | Self::NoWorktree { .. }
            | Self::OutputTooLarge { .. }
            | Self::Failed { .. }
            | Self::Unreadable { .. }
            | Self::Io { .. } => return None,
        })
    }
}

impl GitError {
    /// Whether the same call may well work later, though nobody does anything about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Locked { .. }
            | Self::Timeout { .. }
            | Self::InUse { .. }
            | Self::BaseMoving { .. } => true,
            Self::Io { source, .. } => passes_by_itself(source),
            // Of all that git can die of, a signal and the state of the disk say nothing about the
            // call.
            Self::Failed { code, stderr, .. } => {
                code.is_none() || DISK_TROUBLES.iter().any(|trouble| stderr.contains(trouble))
            }
            Self::NotARepository { .. }
            | Self::Bare { .. }
            | Self::Empty { .. }
            | Self::Untrusted { .. }
            | Self::GitMissing { .. }
            | Self::GitTooOld { .. }
            | Self::InvalidName { .. }
            | Self::UnknownRevision { .. }
            | Self::BranchInUse { .. }
            | Self::BranchTaken { .. }
            | Self::Occupied { .. }
            | Self::NoWorktree { .. }
            | Self::Refused { .. }
            | Self::NestedRepository { .. }
            | Self::Strayed { .. }
            | Self::Unresolved { .. }
            | Self::Dirty { .. }
            | Self::OutputTooLarge { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

/// Whether a filter of the repository (clean, smudge: LFS, encryption) failed.
fn is_of_filter(stderr: &str) -> bool {
    ["external filter", "clean filter", "smudge filter"].iter().any(|text| stderr.contains(text))
}

/// What git says when the disk does not take anything now.
const DISK_TROUBLES: [&str; 3] =
    ["No space left on device", "Disk quota exceeded", "Read-only file system"];

/// What the operating system is short of now: space, a disk that may be written to, time, memory,
/// processes or open files.
fn passes_by_itself(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    let of_open_files = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::Interrupted
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
            | ErrorKind::ResourceBusy
            | ErrorKind::OutOfMemory
    ) || of_open_files.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Says what was attempted when the operating system refuses.
pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> GitError {
    let what = what.into();
    move |source| GitError::Io { what, source }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let text = String::new;
        let io = |source: Error| io_error("write")(source);
        let failed = |code, stderr: &str| GitError::Failed {
            command: text(),
            code,
            stderr: stderr.to_owned(),
        };
        let id = || "a".repeat(40).parse::<CommitId>().unwrap();
        let table = [
            (GitError::Locked { stderr: text() }, true),
            (GitError::Timeout { command: text(), seconds: 60 }, true),
            (GitError::InUse { pid: 7, path: PathBuf::new() }, true),
            (GitError::BaseMoving { branch: text(), attempts: 5 }, true),
            (io(ErrorKind::StorageFull.into()), true),
            (io(ErrorKind::ReadOnlyFilesystem.into()), true),
            (io(ErrorKind::Interrupted.into()), true),
            (io(Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error())), true),
            (io(ErrorKind::PermissionDenied.into()), false),
            (io(ErrorKind::NotFound.into()), false),
            (failed(None, ""), true),
            (failed(Some(128), "error: unable to write file a: No space left on device"), true),
            (failed(Some(255), "error: failed to delete 'a': Read-only file system"), true),
            (failed(Some(128), "fatal: bad object"), false),
            (GitError::NotARepository { path: PathBuf::new() }, false),
            (GitError::Bare { path: PathBuf::new() }, false),
            (GitError::Empty { root: PathBuf::new() }, false),
            (GitError::Untrusted { path: PathBuf::new() }, false),
            (GitError::GitMissing { program: text() }, false),
            (GitError::GitTooOld { version: text() }, false),
            (GitError::InvalidName { what: "branch", name: text(), why: "" }, false),
            (GitError::UnknownRevision { revision: text() }, false),
            (GitError::BranchInUse { branch: text(), path: PathBuf::new() }, false),
            (GitError::BranchTaken { branch: text() }, false),
            (GitError::Occupied { name: text(), branch: text() }, false),
            (GitError::NoWorktree { name: text() }, false),
            (GitError::Refused { path: PathBuf::new(), why: text() }, false),
            (GitError::NestedRepository { path: PathBuf::new(), repositories: vec![] }, false),
            (
                GitError::Strayed {
                    branch: text(),
                    tip: id(),
                    head: id(),
                    saved: text(),
                    details: text(),
                },
                false,
            ),
            (GitError::Unresolved { files: vec![] }, false),
            (GitError::Dirty { files: vec![] }, false),
            (GitError::OutputTooLarge { command: text(), bytes_max: 1 }, false),
            (GitError::Unreadable { command: text() }, false),
        ];
        for (error, expect) in table {
            assert_eq!(error.is_transient(), expect, "{error:?}");
        }
    }
}
