//! What happens to work after an agent ended: it is saved, combined, checked and given back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use crew_core::project::Project;
use crew_core::run::Run;
use crew_core::task::{CommitId, Task};
use crew_core::{Millis, RunId, SaveAs, Settled, TaskId};
use crew_git::{Combined, GitError, ScriptOutcome, Worktree, Worktrees};
use tokio_util::sync::CancellationToken;

use super::prepare::core_commit;
use super::{Outside, blocking};
use crate::place::{self, Place, snapshot_reference};

/// The end of a check's output that is kept, in bytes.
const OUTPUT_KEPT: u64 = 8_000;

/// Saves what an agent left in its worktree.
pub(super) async fn save(
    outside: &Arc<Outside>,
    run: RunId,
    how: SaveAs,
) -> anyhow::Result<Settled> {
    let place = Place::of(&outside.handle, run)?;
    let worktrees = outside.repositories.of(outside.handle.home(), &place.project)?;
    blocking(move || {
        let name = place::worktree_name(place.task.id, place.run.slot);
        let Some(worktree) = worktrees.find(&name)? else {
            return absent(&worktrees, &place);
        };
        match save_in(&worktree, &place, how) {
            Ok(head) => Ok(Settled::Saved { head }),
            Err(error @ (GitError::Strayed { .. } | GitError::Unresolved { .. })) => {
                Ok(Settled::NotSaved { why: with_hint(&error) })
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// A run that never got a worktree left nothing to save.
fn absent(worktrees: &Worktrees, place: &Place) -> anyhow::Result<Settled> {
    let head = place::start_commit(worktrees, &place.project, &place.task)?;
    Ok(Settled::Saved { head: core_commit(&head) })
}

fn with_hint(error: &GitError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}

fn save_in(worktree: &Worktree, place: &Place, how: SaveAs) -> Result<CommitId, GitError> {
    let Place { task, run, .. } = place;
    let reference = snapshot_reference(run);
    worktree
        .snapshot(&reference, &format!("What {} ({}) left on {}", run.id, run.role, task.id))?;
    match how {
        SaveAs::Snapshot => {}
        SaveAs::Commit => {
            let author = place::identity(run.role.as_str());
            let trailers = [("Crew-Task", task.id.to_string()), ("Crew-Run", run.id.to_string())];
            let trailers = trailers.each_ref().map(|(name, value)| (*name, value.as_str()));
            worktree.commit_all(&message(task, run), &author, &trailers)?;
        }
        SaveAs::Discard => {
            let tip = worktree.tip()?;
            if !worktree.status()?.is_clean() {
                worktree.reset_to(&tip, &format!("{reference}-discarded"))?;
            }
        }
    }
    Ok(core_commit(&worktree.tip()?))
}

/// `<title> (<role>)`, and what the role said about it.
fn message(task: &Task, run: &Run) -> String {
    let said = run.response.as_ref().map_or("", |response| response.summary.as_str());
    format!("{} ({})\n\n{said}", task.title, run.role)
}

/// Makes one commit of the work of several runs, on the task's branch.
pub(super) async fn combine(
    outside: &Arc<Outside>,
    task: TaskId,
    runs: &[RunId],
) -> anyhow::Result<Settled> {
    let (project, task, runs) = outside
        .handle
        .read(|state| {
            let task = state.tasks.get(&task)?.clone();
            let project = state.projects.get(&task.project)?.clone();
            let runs: Option<Vec<Run>> =
                runs.iter().map(|run| state.runs.get(run).cloned()).collect();
            Some((project, task, runs?))
        })
        .ok_or_else(|| anyhow!("BUG: {task} is not recorded"))?;
    let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
    blocking(move || {
        let worktree = place::acquire(&worktrees, &project, &task, 0)?;
        let mut commits = Vec::new();
        for run in &runs {
            let branch = place::branch_name(task.id, run.slot);
            let tip = worktrees.repository().branch_tip(&branch)?;
            commits.push(tip.with_context(|| format!("the branch {branch} is gone"))?);
        }
        match worktree.combine(&commits, &place::identity("crew"))? {
            Combined::Done { commit } => Ok(Settled::Combined { head: core_commit(&commit) }),
            Combined::Conflict { files, .. } => {
                let tip = worktree.tip()?;
                let kept = format!("refs/crew/turns/{}/conflict", task.id.0);
                worktree.reset_to(&tip, &kept)?;
                Ok(Settled::NotCombined { why: format!("conflicts in {}", files.join(", ")) })
            }
        }
    })
    .await
}

/// Runs a check of ours in the task's worktree, on exactly `commit`.
pub(super) async fn check(
    outside: &Arc<Outside>,
    task: TaskId,
    commit: Option<&CommitId>,
    command: &str,
    timeout: Millis,
) -> anyhow::Result<Settled> {
    let (project, task) = project_of(outside, task)?;
    let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
    let log = outside.handle.home().runs().join(format!("check-{}.log", task.id.0));
    let (commit, command) = (commit.cloned(), command.to_owned());
    let emergency = outside.emergency();
    blocking(move || {
        let worktree = place::acquire(&worktrees, &project, &task, 0)?;
        make_exact(&worktree, &task, commit.as_ref())?;
        let outcome = run_check(&worktree, &command, timeout, &log, &emergency);
        if !worktree.status()?.is_clean() {
            let kept = format!("refs/crew/turns/{}/check", task.id.0);
            worktree.reset_to(&worktree.tip()?, &kept)?;
        }
        outcome
    })
    .await
}

/// The check sees the commit and nothing else.
fn make_exact(worktree: &Worktree, task: &Task, commit: Option<&CommitId>) -> anyhow::Result<()> {
    let tip = worktree.tip()?;
    if commit.is_some_and(|commit| commit.0 != tip.as_str()) {
        bail!("the branch of {} is at {tip}, not at the commit to be checked", task.id);
    }
    if !worktree.status()?.is_clean() {
        worktree.reset_to(&tip, &format!("refs/crew/turns/{}/before-check", task.id.0))?;
    }
    Ok(())
}

fn run_check(
    worktree: &Worktree,
    command: &str,
    timeout: Millis,
    log: &Path,
    emergency: &CancellationToken,
) -> anyhow::Result<Settled> {
    std::fs::remove_file(log).ok(); // there is none the first time
    let limit = Duration::from_millis(timeout.0);
    let outcome = worktree.run_script(command, limit, log, &|| emergency.is_cancelled())?;
    let output = format!("$ {command}\n{}", tail(log));
    Ok(match outcome {
        ScriptOutcome::Exited(0) => Settled::Checked { passed: true, output },
        // The shell itself says that the command could not be run: nothing was checked.
        ScriptOutcome::Exited(126 | 127) => Settled::NotChecked { why: output },
        ScriptOutcome::Exited(_) => Settled::Checked { passed: false, output },
        ScriptOutcome::TimedOut => {
            Settled::NotChecked { why: format!("it took longer than {timeout}\n{output}") }
        }
        ScriptOutcome::Cancelled => bail!("everything was stopped"),
    })
}

/// The last part of a log.
pub(super) fn tail(log: &Path) -> String {
    let Ok(bytes) = std::fs::read(log) else { return String::new() };
    let start = bytes.len().saturating_sub(OUTPUT_KEPT as usize);
    let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
    if start == 0 { text } else { format!("(the last part)\n{text}") }
}

pub(super) fn project_of(outside: &Outside, task: TaskId) -> anyhow::Result<(Project, Task)> {
    outside
        .handle
        .read(|state| {
            let task = state.tasks.get(&task)?.clone();
            Some((state.projects.get(&task.project)?.clone(), task))
        })
        .ok_or_else(|| anyhow!("BUG: {task} is not recorded"))
}

/// Gives the task's worktrees back. What is in them and nowhere else goes to the trash first.
pub(super) async fn release(outside: &Arc<Outside>, task: TaskId) -> anyhow::Result<Settled> {
    let (project, task) = project_of(outside, task)?;
    let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
    let log = outside.handle.home().runs().join(format!("teardown-{}.log", task.id.0));
    blocking(move || {
        let own = format!("{}-", task.id.0);
        for entry in worktrees.list()? {
            let crew_git::Place::Named(name) = entry.place else { continue };
            if name != task.id.0.to_string() && !name.starts_with(&own) {
                continue;
            }
            if let (Some(command), Some(worktree)) =
                (&project.team.worktree.teardown, worktrees.find(&name)?)
            {
                let limit = Duration::from_millis(project.team.worktree.timeout.0);
                worktree.run_script(command, limit, &log, &|| false)?;
            }
            if let Err(error) = worktrees.release(&name) {
                return Ok(Settled::NotReleased { why: with_hint(&error) });
            }
        }
        Ok(Settled::Released)
    })
    .await
}
