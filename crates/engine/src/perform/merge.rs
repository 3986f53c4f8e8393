//! Landing: the approved commit comes onto the base branch.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use crew_core::task::{CommitId, Task};
use crew_core::team::MergeStrategy;
use crew_core::{EffectId, Settled, TaskId};
use crew_git::{MergeOutcome, MergeRequest, Repository, ScriptOutcome, Strategy, Worktrees};
use tokio_util::sync::CancellationToken;

use super::prepare::core_commit;
use super::work::{project_of, tail};
use super::{Outside, blocking};
use crate::place;

/// A check of a merge may take so long.
const CHECK_TIMEOUT: Duration = Duration::from_mins(15);

/// What is run on the merged tree.
struct Check<'a> {
    command: &'a str,
    log: &'a Path,
    emergency: &'a CancellationToken,
}

/// Merges the approved commit; merged before is merged.
pub(super) async fn merge(
    outside: &Arc<Outside>,
    id: EffectId,
    task: TaskId,
    commit: Option<&CommitId>,
) -> anyhow::Result<Settled> {
    let (project, task) = project_of(outside, task)?;
    let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
    let commit = commit.cloned();
    let log = outside.handle.home().runs().join(format!("merge-{}.log", task.id.0));
    let emergency = outside.emergency();
    blocking(move || {
        let policy = &project.team.merge;
        let Some(commit) = commit else { return nothing_to_merge(&worktrees, &policy.base) };
        let commit = worktrees.repository().resolve(&commit.0)?;
        let gate = |dir: &Path, _: &crew_git::CommitId| match &policy.check {
            Some(command) => {
                let check = Check { command, log: &log, emergency: &emergency };
                check_merged(worktrees.repository(), dir, &check)
            }
            None => Ok(()),
        };
        let outcome = worktrees.merge(&MergeRequest {
            base_branch: &policy.base,
            branch: &task.branch(),
            commit: &commit,
            message: &message(&task),
            author: &place::identity("crew"),
            strategy: match policy.strategy {
                MergeStrategy::NoFf => Strategy::NoFastForward,
                MergeStrategy::Squash => Strategy::Squash,
            },
            key: &format!("{}-{id}", task.id.0),
            before_update: &gate,
        })?;
        if emergency.is_cancelled() && matches!(outcome, MergeOutcome::GateFailed(_)) {
            bail!("everything was stopped"); // the check said nothing about the change
        }
        Ok(settled(outcome, &policy.base))
    })
    .await
}

/// A task that made no commit has landed by definition: there is nothing that base lacks.
fn nothing_to_merge(worktrees: &Worktrees, base: &str) -> anyhow::Result<Settled> {
    let tip = worktrees.repository().resolve(&format!("refs/heads/{base}"))?;
    Ok(Settled::Merged { commit: core_commit(&tip) })
}

fn settled(outcome: MergeOutcome, base: &str) -> Settled {
    match outcome {
        MergeOutcome::Merged { commit, .. } => Settled::Merged { commit: core_commit(&commit) },
        MergeOutcome::Conflict { files, .. } => Settled::Conflicted { files },
        MergeOutcome::GateFailed(output) => Settled::MergeCheckFailed { output },
        MergeOutcome::Held { why } => Settled::MergeHeld { why },
        MergeOutcome::BaseGone => {
            Settled::MergeHeld { why: format!("there is no branch `{base}` to merge into") }
        }
    }
}

fn message(task: &Task) -> String {
    format!(
        "{} ({})\n\nMerged by Crewhouse after approval.\n\nCrew-Task: {}",
        task.title, task.id, task.id
    )
}

/// Runs the project's check on the merged tree, in the integration worktree.
fn check_merged(repository: &Repository, dir: &Path, check: &Check<'_>) -> Result<(), String> {
    let Check { command, log, emergency } = check;
    std::fs::remove_file(log).ok(); // there is none the first time
    let called_off = || emergency.is_cancelled();
    let outcome = repository.run_script_in(dir, command, CHECK_TIMEOUT, log, &called_off);
    let how = match outcome {
        Ok(ScriptOutcome::Exited(0)) => return Ok(()),
        Ok(ScriptOutcome::Exited(code)) => format!("it failed with code {code}"),
        Ok(ScriptOutcome::TimedOut) => "it took too long".to_owned(),
        Ok(ScriptOutcome::Cancelled) => "it was called off".to_owned(),
        Err(error) => format!("it could not be run: {error}"),
    };
    Err(format!("$ {command}\n{}\n{how}", tail(log)))
}
