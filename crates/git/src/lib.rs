//! Repositories, worktrees, snapshots and merges, through the git program.
//!
//! A [`Repository`] is the user's; its checkout is only ever read, but for one thing: a merge into
//! a branch that it has checked out moves it forward, the way `git merge --ff-only` does, and only
//! when that touches nothing of the user's. Work happens in linked worktrees under a root of ours,
//! handed out and taken back by [`Worktrees`]:
//!
//! ```text
//!            acquire                              release
//! .pool/<n> ─────────► <root>/<name>, on a branch ────────► refs/crew/trash/… and .pool/<n>
//!                        │ commit_all, snapshot,
//!                        │ update_from_base, combine
//!                        ▼
//!                      merge ── .integration/<key> for the gate ──► the base branch
//! ```
//!
//! Invariants:
//! * Nothing is lost: whatever is about to be deleted or reset is first saved, untracked files too,
//!   in a commit under `refs/crew/`. An error while looking means that nothing is deleted.
//! * Only a registered, linked worktree under our root is ever deleted, by git itself.
//! * Every operation can be repeated after a crash at any point, and then completes.
//! * A branch and the checkout that has it are never out of step.
//! * No hook of the user runs for what we do.
//!
//! Absent on purpose: fetching, `git stash`, `git worktree prune` (it would also prune
//! the user's worktrees on a drive that is not mounted), and any recursive delete of our own.

mod child;
mod commit;
mod diff;
mod error;
mod fingerprint;
mod guard;
mod include;
mod integrate;
mod listing;
mod loose;
mod merge;
mod merged;
mod name;
mod nested;
mod note;
mod objects;
mod operation;
mod pool;
mod process;
mod push;
mod release;
mod repair;
mod repository;
mod run;
mod script;
mod snapshot;
mod status;
mod trash;
mod worktree;

pub use diff::{Change, ChangeKind, Diff};
pub use error::GitError;
pub use fingerprint::Fingerprint;
pub use include::Include;
pub use integrate::{Combined, Updated};
pub use listing::{Directory, ListedWorktree, Place};
pub use merge::{MergeOutcome, MergeRequest, Strategy};
pub use name::{CommitId, Identity, TreeId};
pub use pool::{Acquired, Found, Worktrees};
pub use push::{Pushed, Remote};
pub use release::{Released, disk_use};
pub use repository::{Head, HooksWarning, Repository};
pub use run::Git;
pub use script::{Script, ScriptOutcome};
pub use status::{FileState, FileStatus, Status};
pub use trash::TrashItem;
pub use worktree::Worktree;
