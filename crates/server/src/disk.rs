//! How much disk the worktrees take: measured beside the requests, and not more often than is cheap.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crew_core::{ProjectId, TaskId};
use crew_store::Home;

/// A measurement is not repeated before this, and not before ten times as long as it took.
const PAUSE_MIN: Duration = Duration::from_secs(2);
/// How long an answer waits for a measurement; with large worktrees the next answer has it.
const PATIENCE: Duration = Duration::from_millis(200);

/// Bytes on disk, by project and the name of a worktree.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiskUse(BTreeMap<(ProjectId, String), u64>);

impl DiskUse {
    /// All worktrees of a project, and those that are kept for reuse.
    pub(crate) fn of_project(&self, project: ProjectId) -> u64 {
        self.sum(|(of, _)| *of == project)
    }

    /// The worktrees of a task: its own, and those of candidates.
    pub(crate) fn of_task(&self, project: ProjectId, task: TaskId) -> u64 {
        let is_of = |name: &str| name.split('-').next() == Some(task.0.to_string().as_str());
        self.sum(|(of, name)| *of == project && is_of(name))
    }

    fn sum(&self, wanted: impl Fn(&(ProjectId, String)) -> bool) -> u64 {
        self.0.iter().filter(|(key, _)| wanted(key)).map(|(_, bytes)| bytes).sum()
    }
}

/// The newest measurement.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    latest: Arc<Mutex<Latest>>,
}

#[derive(Debug, Default)]
struct Latest {
    known: Option<DiskUse>,
    under_way: bool,
    not_before: Option<Instant>,
}

impl Disk {
    /// What is known now; none before the first measurement is done.
    pub(crate) async fn known(&self, home: &Home, projects: Vec<ProjectId>) -> Option<DiskUse> {
        if self.begin() {
            let (latest, home) = (Arc::clone(&self.latest), home.clone());
            // Reads only; when the daemon ends, it ends with the runtime.
            let measuring = tokio::task::spawn_blocking(move || {
                let begun = Instant::now();
                let measured = measure(&home, &projects);
                let pause = (begun.elapsed() * 10).max(PAUSE_MIN);
                let not_before = Some(Instant::now() + pause);
                let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                *latest = Latest { known: Some(measured), under_way: false, not_before };
            });
            tokio::time::timeout(PATIENCE, measuring).await.ok(); // it goes on by itself
        }
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).known.clone()
    }

    /// Whether the caller is to measure.
    fn begin(&self) -> bool {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = latest.not_before.is_none_or(|at| at <= Instant::now());
        let begins = is_due && !latest.under_way;
        latest.under_way |= begins;
        begins
    }
}

fn measure(home: &Home, projects: &[ProjectId]) -> DiskUse {
    let mut measured = BTreeMap::new();
    for project in projects {
        for (name, path) in directories(&home.worktrees(*project)) {
            measured.insert((*project, name), crew_git::disk_use(&path));
        }
    }
    DiskUse(measured)
}

fn directories(root: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    entries.map(|e| (e.file_name().to_string_lossy().into_owned(), e.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_its_worktree_and_those_of_its_candidates() {
        let name = |project, name: &str| (ProjectId(project), name.to_owned());
        let sizes = [(1, "1", 1), (1, "1-2", 10), (1, "12", 100), (1, ".pool", 1_000), (2, "1", 7)];
        let disk = DiskUse(sizes.into_iter().map(|(p, n, bytes)| (name(p, n), bytes)).collect());
        assert_eq!(disk.of_task(ProjectId(1), TaskId(1)), 11);
        assert_eq!(disk.of_task(ProjectId(1), TaskId(12)), 100);
        assert_eq!(disk.of_project(ProjectId(1)), 1_111);
    }
}
