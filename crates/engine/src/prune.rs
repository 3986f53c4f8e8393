//! What belongs to tasks that ended long ago does not take space for ever: what their agents printed,
//! their conversations, and what was saved of their worktrees.
//!
//! Conversations go by themselves, after the days that the team keeps them; the rest only when
//! somebody says so. Nothing of a task that is open is ever touched, and nothing that is not ours by its
//! name. The journal keeps what was done; the branches keep the work.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use crew_agent::shim::{self, Presence};
use crew_core::project::Project;
use crew_core::run::{Purpose, Run, RunState};
use crew_core::task::Task;
use crew_core::team::SessionScope;
use crew_core::{Effect, Millis, ProjectId, State, TaskId, Time, Token};
use crew_git::{Repository, disk_use};
use crew_store::Home;

use crate::Handle;
use crate::perform::{Outside, blocking};
use crate::place::{session_file, worktree_name, worktree_of};

/// Between two looks at what is old enough.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruning {
    /// To be told what would be removed.
    Look,
    /// To remove it.
    Remove,
}

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Tasks that it belonged to.
    pub tasks: u64,
    /// What agents printed, by starts.
    pub logs: Heap,
    /// Conversations.
    pub conversations: Heap,
    /// What was saved of worktrees. Git gives their space back when it collects garbage, so no bytes
    /// are counted.
    pub trash: Heap,
}

/// A number of things, and the space that they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// How many.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A task that ended long ago, and all its runs.
struct Old {
    project: Project,
    task: TaskId,
    runs: Vec<Run>,
}

/// Removes conversations that are older than the team keeps them, until the daemon ends.
pub(crate) async fn attend(outside: Arc<Outside>) {
    loop {
        let handle = outside.handle.clone();
        let pruned = blocking(move || {
            let now = handle.now();
            let keep = |project: &Project| match project.team.limits.keep_days {
                0 => None,
                days => Some(now - Millis::hours(24 * u64::from(days))),
            };
            conversations(&handle, &handle.read(|state| old(state, keep)), Pruning::Remove)
        });
        if let Err(error) = pruned.await {
            tracing::warn!("old conversations stay for now: {error:#}");
        }
        tokio::select! {
            () = outside.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Removes, or only looks at, all that belongs to tasks that ended before a moment. What cannot be
/// removed stays, and is an error at the end.
pub fn prune(handle: &Handle, before: Time, pruning: Pruning) -> anyhow::Result<Pruned> {
    let old = handle.read(|state| old(state, |_| Some(before)));
    Ok(Pruned {
        tasks: old.len() as u64,
        logs: logs(handle.home(), &old, pruning)?,
        conversations: conversations(handle, &old, pruning)?,
        trash: trash(&old, before, pruning)?,
    })
}

/// The tasks that ended before the moment that holds for their project.
fn old(state: &State, before: impl Fn(&Project) -> Option<Time>) -> Vec<Old> {
    let busy: BTreeSet<TaskId> =
        state.outbox.values().filter_map(|effect| task_of(state, effect)).collect();
    let is_old = |task: &&Task| {
        let project = state.projects.get(&task.project);
        let before = project.and_then(&before);
        task.is_over()
            && task.kept.is_none()
            && !busy.contains(&task.id)
            && before.is_some_and(|before| ended_at(state, task) < before)
    };
    let old = state.tasks.values().filter(is_old).filter_map(|task| {
        let project = state.projects.get(&task.project)?.clone();
        let runs = state.runs_of(task.id).cloned().collect();
        Some(Old { project, task: task.id, runs })
    });
    old.collect()
}

/// The task whose worktrees or runs an effect is about.
fn task_of(state: &State, effect: &Effect) -> Option<TaskId> {
    match effect {
        Effect::Start { run, .. }
        | Effect::Stop { run, .. }
        | Effect::Interrupt { run, .. }
        | Effect::Send { run, .. }
        | Effect::Remind { run, .. }
        | Effect::Reply { run, .. }
        | Effect::Save { run, .. } => state.runs.get(run).map(|run| run.task),
        Effect::Tell { task, .. }
        | Effect::Combine { task, .. }
        | Effect::Check { task, .. }
        | Effect::Merge { task, .. }
        | Effect::Release { task }
        | Effect::Publish { task, .. }
        | Effect::Pull { task, .. } => Some(*task),
    }
}

/// When the last of it happened; a run that is not over is now.
fn ended_at(state: &State, task: &Task) -> Time {
    let of_run = |run: &Run| match run.state {
        RunState::Finished { at, .. } => at,
        _ => Time(u64::MAX),
    };
    state.runs_of(task.id).map(of_run).fold(task.entered_at, Time::max)
}

fn logs(home: &Home, old: &[Old], pruning: Pruning) -> anyhow::Result<Heap> {
    let mut heap = Heap::default();
    for run in old.iter().flat_map(|old| &old.runs) {
        for token in 1..=run.token.0 {
            let dir = home.run(run.id, Token(token));
            let is_over = matches!(shim::look(&dir)?, Presence::Ended(_) | Presence::NotStarted);
            if is_over {
                heap.take(&dir, pruning)?;
            }
        }
    }
    Ok(heap)
}

/// A conversation of a role over all of its tasks is of no single one, and stays.
fn conversations(handle: &Handle, old: &[Old], pruning: Pruning) -> anyhow::Result<Heap> {
    let home = handle.home();
    let mut stems: BTreeSet<PathBuf> = BTreeSet::new();
    for Old { project, runs, .. } in old {
        let is_shared = |run: &&Run| {
            let role = project.team.roles.get(&run.role);
            matches!(run.purpose, Purpose::Work | Purpose::Consult { .. })
                && role.is_some_and(|role| role.session == SessionScope::Role)
        };
        let own = runs.iter().filter(|run| !is_shared(run));
        stems.extend(own.map(|run| session_file(home, project, run).with_extension("")));
    }
    let mut heap = Heap::default();
    let list = fs::read_dir(home.sessions()).context("listing the conversations")?;
    for path in list.filter_map(|entry| Some(entry.ok()?.path())) {
        if stems.contains(&stem(&path)) {
            heap.take(&path, pruning)?;
        }
    }
    Ok(heap)
}

/// The path without all of its endings.
fn stem(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    path.with_file_name(name.split('.').next().unwrap_or_default())
}

fn trash(old: &[Old], before: Time, pruning: Pruning) -> anyhow::Result<Heap> {
    let mut heap = Heap::default();
    let projects: BTreeSet<ProjectId> = old.iter().map(|old| old.project.id).collect();
    for id in projects {
        let of_project: Vec<&Old> = old.iter().filter(|old| old.project.id == id).collect();
        let Some(first) = of_project.first() else { continue };
        let repository = Repository::open(Path::new(&first.project.root))?;
        let names: BTreeSet<String> = of_project.iter().flat_map(|old| old.names()).collect();
        let items = repository.trash_list()?;
        let items = items
            .into_iter()
            .filter(|item| names.contains(&item.key) && item.at_unix_ms < before.0);
        for item in items {
            let is_gone = match pruning {
                Pruning::Look => true,
                Pruning::Remove => repository.forget(&item.reference, &item.commit)?,
            };
            heap.count += u64::from(is_gone);
        }
    }
    Ok(heap)
}

impl Old {
    /// The names of its worktrees.
    fn names(&self) -> BTreeSet<String> {
        let slots = self.runs.iter().map(|run| run.slot).chain([0]);
        let aside = self.runs.iter().filter(|run| run.is_aside()).map(worktree_of);
        slots.map(|slot| worktree_name(self.task, slot)).chain(aside).collect()
    }
}

impl Heap {
    /// Counts a file or a directory of ours, and removes it. Links are removed, not followed.
    fn take(&mut self, path: &Path, pruning: Pruning) -> anyhow::Result<()> {
        let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
        let bytes = if metadata.is_dir() { disk_use(path) } else { metadata.len() };
        if pruning == Pruning::Remove {
            let removed =
                if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.with_context(|| format!("removing {}", path.display()))?;
        }
        self.count += 1;
        self.bytes += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_known_by_its_name_up_to_the_first_dot() {
        let check = |name: &str, expect: &str| {
            assert_eq!(stem(&Path::new("/s").join(name)), Path::new("/s").join(expect));
        };
        check("12-engineer-0.jsonl", "12-engineer-0");
        check("12-engineer-0.claude.json", "12-engineer-0");
        check("12-engineer-0.codex", "12-engineer-0");
        check("r7.jsonl", "r7");
    }

    #[test]
    fn what_a_link_leads_to_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (precious, heap_dir) = (dir.path().join("auth.json"), dir.path().join("home"));
        fs::write(&precious, "mine").unwrap();
        fs::create_dir(&heap_dir).unwrap();
        std::os::unix::fs::symlink(&precious, heap_dir.join("auth.json")).unwrap();
        std::os::unix::fs::symlink(dir.path(), heap_dir.join("up")).unwrap();
        fs::write(heap_dir.join("rollout"), "long ago").unwrap();
        let mut heap = Heap::default();
        heap.take(&heap_dir, Pruning::Look).unwrap();
        assert!(heap_dir.exists() && heap.count == 1 && heap.bytes > 0);
        heap.take(&heap_dir, Pruning::Remove).unwrap();
        assert!(!heap_dir.exists());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
    }
}
