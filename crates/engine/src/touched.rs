//! What an agent has changed in its worktree so far.

use std::collections::BTreeSet;

use crew_git::Found;

use crate::perform::Outside;
use crate::place::{Place, worktree_name};

/// The files that are others than where the work began, those that are not committed included. `None`
/// where there is no worktree.
pub(crate) fn changed(
    outside: &Outside,
    place: &Place,
) -> anyhow::Result<Option<BTreeSet<String>>> {
    let Place { project, run, .. } = place;
    let worktrees = outside.repositories.of(outside.handle.home(), project)?;
    let Found::Worktree(worktree) = worktrees.find(&worktree_name(run.task, run.slot))? else {
        return Ok(None);
    };
    let base = format!("refs/heads/{}", project.team.merge.base);
    let base = worktrees.repository().resolve(&base)?;
    Ok(Some(worktree.changed_files(&base)?))
}
