//! What an agent has changed in its worktree so far.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crew_git::Found;
use tokio::sync::{Mutex, MutexGuard};

use crate::perform::Outside;
use crate::place::{Place, worktree_name};

/// After a look nobody looks for this many times as long as it took.
const REST: u32 = 20;

/// Who looks, while agents work: one at a time, with a rest after each look. However many agents there
/// are, and however large their repository is, looking takes a twentieth of a core.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Option<Instant>>);

/// A look that may be made now.
pub(crate) struct Look<'a> {
    rests_until: MutexGuard<'a, Option<Instant>>,
    began: Instant,
}

impl Looks {
    /// None while somebody else looks, or all rest.
    pub(crate) fn begin(&self) -> Option<Look<'_>> {
        let rests_until = self.0.try_lock().ok()?;
        let began = Instant::now();
        // Not `then_some`: a look that may not be made would be dropped, and end the rest.
        rests_until.is_none_or(|until| until <= began).then(|| Look { rests_until, began })
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let rest = self.began.elapsed().checked_mul(REST).unwrap_or(Duration::MAX);
        *self.rests_until = Instant::now().checked_add(rest);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_at_a_time_and_then_all_rest() {
        let looks = Looks::default();
        let look = looks.begin().expect("nobody looked yet");
        assert!(looks.begin().is_none(), "another one looks");
        drop(look);
        *looks.0.try_lock().expect("nobody looks") = Some(Instant::now() + Duration::from_hours(1));
        assert!(looks.begin().is_none(), "all rest");
        assert!(looks.begin().is_none(), "asking does not end the rest");
        let rests_until = looks.0.try_lock().expect("nobody looks").expect("there is a rest");
        assert!(rests_until > Instant::now() + Duration::from_mins(30), "nor shorten it");
        *looks.0.try_lock().expect("nobody looks") = Some(Instant::now());
        assert!(looks.begin().is_some(), "they have rested");
    }
}
