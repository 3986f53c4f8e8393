//! What happens to work after an agent ended: it is saved, combined, checked and given back.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use crew_agent::shim;
use crew_core::github::harmless;
use crew_core::project::Project;
use crew_core::run::Run;
use crew_core::task::{CommitId, Task};
use crew_core::{Millis, RunId, SaveAs, Settled, TaskId, Token};
use crew_git::{Combined, Found, Repository, Worktree, Worktrees};
use crew_store::Home;

use super::cell::clear_after;
use super::prepare::{core_commit, set_up};
use super::script::{Ended, Job};
use super::{CalledOff, Outside, blocking};
use crate::place::{self, Place, snapshot_reference};

/// Saves what an agent left in its worktree.
pub(super) async fn save(
    outside: &Arc<Outside>,
    run: RunId,
    how: SaveAs,
) -> anyhow::Result<Settled> {
    let place = Place::of(&outside.handle, run)?;
    let outside = Arc::clone(outside);
    blocking(move || {
        let home = outside.handle.home();
        clear_after(home, &place.run);
        let worktrees = outside.repositories.of(home, &place.project)?;
        if how == SaveAs::GiveBack {
            worktrees.dismiss(&place::worktree_of(&place.run), &place::branch_of(&place.run))?;
            return Ok(Settled::Released);
        }
        let name = place::worktree_name(place.task.id, place.run.slot);
        let worktree = match worktrees.find(&name)? {
            Found::Worktree(worktree) => worktree,
            // Git has forgotten it, its files are there: it is put on record again.
            Found::Pruned => {
                place::acquire(&worktrees, &place.project, &place.task, place.run.slot)?
            }
            Found::Missing | Found::Absent => return absent(home, &worktrees, &place, how),
        };
        Ok(Settled::Saved { head: save_in(&worktree, &place, how)? })
    })
    .await
}

/// A run whose agent never lived left nothing to save. If one did, its work must be somewhere: in
/// the repository, if it was saved and the home is older than that because it was restored.
fn absent(
    home: &Home,
    worktrees: &Worktrees,
    place: &Place,
    how: SaveAs,
) -> anyhow::Result<Settled> {
    let Place { project, task, run, .. } = place;
    let starts = (1..=run.token.0).map(|token| home.run(run.id, Token(token)));
    if starts.into_iter().any(|dir| dir.join(shim::AGENT_PID).exists()) {
        if let Some(head) = saved_before(worktrees.repository(), place, how)? {
            return Ok(Settled::Saved { head: core_commit(&head) });
        }
        let name = place::worktree_name(task.id, run.slot);
        let path = worktrees.root().join(name);
        bail!("the worktree {} is gone, or not ours any more", path.display());
    }
    let head = place::start_commit(worktrees, project, task)?;
    Ok(Settled::Saved { head: core_commit(&head) })
}

/// The tip of the branch, if all that this start left is saved.
fn saved_before(
    repository: &Repository,
    Place { task, run, .. }: &Place,
    how: SaveAs,
) -> anyhow::Result<Option<crew_git::CommitId>> {
    let tip = repository.branch_tip(&place::branch_name(task.id, run.slot))?;
    let snapshot = repository.try_resolve(&snapshot_reference(run))?;
    let (Some(tip), Some(snapshot)) = (tip, snapshot) else { return Ok(None) };
    let is_of_this_start = repository.subject_of(&snapshot)? == left_by(task, run);
    let is_whole = match how {
        SaveAs::Commit => repository.tree_of(&snapshot)? == repository.tree_of(&tip)?,
        SaveAs::Snapshot | SaveAs::Checkpoint | SaveAs::Discard | SaveAs::GiveBack => true,
    };
    Ok((is_of_this_start && is_whole).then_some(tip))
}

/// What the snapshot of what a start left is called.
fn left_by(task: &Task, run: &Run) -> String {
    format!("What {}.{} ({}) left on {}", run.id, run.token, run.role, task.id)
}

fn save_in(worktree: &Worktree, place: &Place, how: SaveAs) -> anyhow::Result<CommitId> {
    let Place { task, run, .. } = place;
    let reference = snapshot_reference(run);
    worktree.snapshot(&reference, &left_by(task, run))?;
    match how {
        SaveAs::Snapshot | SaveAs::Checkpoint | SaveAs::GiveBack => {}
        SaveAs::Commit => {
            let author = place::identity(run.role.as_str());
            let trailers = [("Crew-Task", task.id.to_string()), ("Crew-Run", run.id.to_string())];
            let trailers = trailers.each_ref().map(|(name, value)| (*name, value.as_str()));
            worktree.commit_all(&message(task, run), &author, &trailers)?;
        }
        SaveAs::Discard => {
            let tip = worktree.tip()?;
            if !worktree.is_exactly(&tip)? {
                worktree.reset_to(&tip, &format!("{reference}-discarded"))?;
            }
        }
    }
    Ok(core_commit(&worktree.tip()?))
}

/// `<title> (<role>)`, and what the role said about it. GitHub reads messages too: these call nobody
/// there and close nothing.
fn message(task: &Task, run: &Run) -> String {
    let said = run.response.as_ref().map_or("", |response| response.summary.as_str());
    harmless(&format!("{} ({})\n\n{said}", task.title, run.role))
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
    let outside = Arc::clone(outside);
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
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
    (task, slot): (TaskId, u32),
    commit: Option<&CommitId>,
    command: &str,
    timeout: Millis,
) -> anyhow::Result<Settled> {
    let (project, task) = project_of(outside, task)?;
    let name = place::worktree_name(task.id, slot);
    let log = outside.handle.home().runs().join(format!("check-{name}.log"));
    let (commit, command) = (commit.cloned(), command.to_owned());
    let _turn = outside.script_turn().await?;
    let (outside, called_off) = (Arc::clone(outside), outside.called_off());
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let worktree = place::acquire(&worktrees, &project, &task, slot)?;
        let setup_log = outside.handle.home().runs().join(format!("setup-{name}.log"));
        if let Some(why) = set_up(&outside, &project, &worktree, setup_log, &called_off)? {
            return Ok(Settled::NotChecked { why });
        }
        make_exact(&worktree, &name, commit.as_ref())?;
        let (command, called_off) = (&command, &called_off);
        let job = Job { outside: &outside, project: &project, command, timeout, log, called_off };
        let outcome = run_check(&worktree, &job);
        let tip = worktree.tip()?;
        if !worktree.is_exactly(&tip)? {
            worktree.reset_to(&tip, &format!("refs/crew/turns/{name}/check"))?;
        }
        outcome
    })
    .await
}

/// The check sees the commit and nothing else.
fn make_exact(worktree: &Worktree, name: &str, commit: Option<&CommitId>) -> anyhow::Result<()> {
    let tip = worktree.tip()?;
    if commit.is_some_and(|commit| commit.0 != tip.as_str()) {
        bail!("the branch of {name} is at {tip}, not at the commit to be checked");
    }
    if !worktree.is_exactly(&tip)? {
        worktree.reset_to(&tip, &format!("refs/crew/turns/{name}/before-check"))?;
    }
    Ok(())
}

fn run_check(worktree: &Worktree, job: &Job<'_>) -> anyhow::Result<Settled> {
    let ended = job.run(worktree.repository(), worktree.path())?;
    let output = job.output();
    Ok(match ended {
        Ended::Well => Settled::Checked { passed: true, output },
        // The shell itself says that the command could not be run: nothing was checked.
        Ended::Badly(126 | 127) => Settled::NotChecked { why: output },
        Ended::Badly(_) => Settled::Checked { passed: false, output },
        Ended::Not(why) => Settled::NotChecked { why: format!("{why}\n{output}") },
    })
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
    let log = outside.handle.home().runs().join(format!("teardown-{}.log", task.id.0));
    let (outside, called_off) = (Arc::clone(outside), outside.called_off());
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let mut kept = Vec::new();
        for name in worktrees_of(&worktrees, task.id)? {
            tear_down(&outside, &worktrees, &project, (&name, &log), &called_off)?;
            if let Err(error) = worktrees.release(&name) {
                kept.push(error);
            }
        }
        // One that is in use (a terminal stands in it) does not keep the others.
        match kept.into_iter().next() {
            None => Ok(Settled::Released),
            Some(error) => Err(error.into()),
        }
    })
    .await
}

fn worktrees_of(worktrees: &Worktrees, task: TaskId) -> anyhow::Result<Vec<String>> {
    let candidates = format!("{}-", task.0);
    let names = worktrees.list()?.into_iter().filter_map(|entry| match entry.place {
        crew_git::Place::Named(name) => Some(name),
        _ => None,
    });
    Ok(names.filter(|name| *name == task.0.to_string() || name.starts_with(&candidates)).collect())
}

/// Runs the project's teardown script. However it ends, the worktree is given back.
fn tear_down(
    outside: &Outside,
    worktrees: &Worktrees,
    project: &Project,
    (name, log): (&str, &Path),
    called_off: &CalledOff,
) -> anyhow::Result<()> {
    let policy = &project.team.worktree;
    let (Some(command), Found::Worktree(worktree)) = (&policy.teardown, worktrees.find(name)?)
    else {
        return Ok(());
    };
    let (log, timeout) = (log.to_owned(), policy.timeout);
    let job = Job { outside, project, command, timeout, log, called_off };
    job.run(worktrees.repository(), worktree.path())?;
    Ok(())
}
