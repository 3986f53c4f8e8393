//! Landing: the approved commit comes onto the base branch.

use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use crew_core::github::{There, harmless};
use crew_core::project::Project;
use crew_core::task::{CommitId, Task};
use crew_core::team::MergeStrategy;
use crew_core::{EffectId, Millis, Settled, TaskId};
use crew_git::{MergeOutcome, MergeRequest, Repository, Strategy, Worktrees};

use super::prepare::core_commit;
use super::script::{Ended, Job};
use super::work::project_of;
use super::{Outside, blocking};
use crate::{github, place};

/// A check of a merge may take so long.
const CHECK_TIMEOUT: Millis = Millis::minutes(15);

/// Merges the approved commit; merged before is merged.
pub(super) async fn merge(
    outside: &Arc<Outside>,
    id: EffectId,
    task: TaskId,
    commit: Option<&CommitId>,
) -> anyhow::Result<Settled> {
    let (project, task) = project_of(outside, task)?;
    // What was made after that was merged there is on no base yet.
    let merged = task.pull.as_ref().filter(|pull| commit == Some(&pull.commit));
    if let Some(There::Merged { commit }) = merged.map(|pull| &pull.there) {
        return fetch_merged(outside, &project, task.id, commit.clone()).await;
    }
    let commit = commit.cloned();
    let log = outside.handle.home().runs().join(format!("merge-{}.log", task.id.0));
    let _turn = outside.script_turn().await?;
    let (outside, called_off) = (Arc::clone(outside), outside.called_off());
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let policy = &project.team.merge;
        let Some(commit) = commit else { return nothing_to_merge(&worktrees, &policy.base) };
        let commit = worktrees.repository().resolve(&commit.0)?;
        let gate = |dir: &Path, _: &crew_git::CommitId| match &policy.check {
            Some(command) => {
                let (outside, project, log) = (&outside, &project, log.clone());
                let (timeout, called_off) = (CHECK_TIMEOUT, &called_off);
                let job = Job { outside, project, command, timeout, log, called_off };
                check_merged(worktrees.repository(), dir, &job)
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
            key: &key(task.id, id, &commit),
            before_update: &gate,
        })?;
        if called_off.is_cancelled() && matches!(outcome, MergeOutcome::GateFailed(_)) {
            bail!("it was called off"); // the check said nothing about the change
        }
        Ok(settled(outcome, &policy.base))
    })
    .await
}

/// It was merged on GitHub: the base branch moves forward to what is there.
async fn fetch_merged(
    outside: &Arc<Outside>,
    project: &Project,
    task: TaskId,
    commit: CommitId,
) -> anyhow::Result<Settled> {
    let remote = github::origin(outside, task).await?;
    let (outside, project) = (Arc::clone(outside), project.clone());
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let (repository, base) = (worktrees.repository(), &project.team.merge.base);
        // Not an error of git: the network may be back in a minute.
        let tip = repository.fetch_branch(base, &remote).map_err(|e| anyhow!("fetching: {e}"))?;
        let landed = repository.resolve(&commit.0);
        let is_there = match &landed {
            Ok(landed) => repository.is_ancestor(landed, &tip)?,
            Err(_) => false,
        };
        if !is_there {
            let why = format!("it was merged on GitHub, and `{base}` there does not have it");
            return Ok(Settled::MergeHeld { why });
        }
        Ok(match worktrees.forward(base, &tip)? {
            MergeOutcome::Merged { .. } => Settled::Merged { commit },
            MergeOutcome::Held { why } => Settled::MergeHeld {
                why: format!("it was merged on GitHub, and cannot be brought here: {why}"),
            },
            outcome => settled(outcome, base),
        })
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

/// Names the merge of this commit by this effect. Without the commit, a home that was restored could
/// take what another one has merged since for its own: it counts on from an earlier number.
fn key(task: TaskId, effect: EffectId, commit: &crew_git::CommitId) -> String {
    format!("{}-{effect}-{commit}", task.0)
}

fn message(task: &Task) -> String {
    format!(
        "{} ({})\n\nMerged by Crewhouse after approval.\n\nCrew-Task: {}",
        harmless(&task.title),
        task.id,
        task.id
    )
}

/// Runs the project's check on the merged tree, in the integration worktree.
fn check_merged(repository: &Repository, dir: &Path, job: &Job<'_>) -> Result<(), String> {
    let how = match job.run(repository, dir) {
        Ok(Ended::Well) => return Ok(()),
        Ok(Ended::Badly(code)) => format!("it failed with code {code}"),
        Ok(Ended::Not(why)) => why,
        Err(error) => format!("it could not be run: {error:#}"),
    };
    Err(format!("{}\n{how}", job.output()))
}
