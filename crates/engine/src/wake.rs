//! Being woken when an agent says something: a hint, so nobody polls what is quiet.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

type Waiting = Arc<Mutex<HashMap<PathBuf, Arc<Notify>>>>;

/// Watches run directories. Losing an event costs at most one interval of polling.
pub(crate) struct Wakes {
    watcher: Mutex<Option<RecommendedWatcher>>,
    waiting: Waiting,
}

impl std::fmt::Debug for Wakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wakes").finish_non_exhaustive()
    }
}

impl Wakes {
    pub(crate) fn new() -> Self {
        let waiting = Waiting::default();
        let shared = Arc::clone(&waiting);
        let watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
                Ok(event) if event.need_rescan() || matters(event.kind) => {
                    wake(&shared, &event.paths);
                }
                Ok(_) => {}
                Err(_) => wake(&shared, &[]),
            });
        if let Err(error) = &watcher {
            tracing::warn!("run directories are polled, they cannot be watched: {error}");
        }
        Self { watcher: Mutex::new(watcher.ok()), waiting }
    }

    /// What is told when something changes in one of `dirs`, until [`Self::forget`].
    pub(crate) fn watch(&self, dirs: &[PathBuf]) -> Arc<Notify> {
        let told = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(dirs.iter().map(|dir| (dir.clone(), Arc::clone(&told))));
        drop(waiting);
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watcher) = watcher.as_mut() else { return told };
        for dir in dirs {
            if let Err(error) = watcher.watch(dir, RecursiveMode::NonRecursive) {
                tracing::debug!("{} is polled: {error}", dir.display());
            }
        }
        told
    }

    pub(crate) fn forget(&self, dirs: &[PathBuf]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|dir, _| !dirs.contains(dir));
        drop(waiting);
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watcher) = watcher.as_mut() else { return };
        for dir in dirs {
            watcher.unwatch(dir).ok(); // it may be gone already
        }
    }
}

/// Looking does not: who is woken looks, and would wake itself for ever.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

/// An event without a path, or an error, may concern everybody.
fn wake(waiting: &Waiting, paths: &[PathBuf]) {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    if paths.is_empty() {
        waiting.values().for_each(|told| told.notify_one());
    }
    let dirs = paths.iter().filter_map(|path| path.parent());
    dirs.filter_map(|dir| waiting.get(dir)).for_each(|told| told.notify_one());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn looking_wakes_nobody_and_writing_does() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out");
        std::fs::write(&file, "a").unwrap();
        let wakes = Wakes::new();
        let told = wakes.watch(&[dir.path().to_owned()]);
        for _ in 0..20 {
            std::fs::read(&file).unwrap();
        }
        let woken = tokio::time::timeout(Duration::from_millis(300), told.notified()).await;
        assert!(woken.is_err(), "reading wakes nobody");
        std::fs::write(&file, "b").unwrap();
        tokio::time::timeout(Duration::from_secs(20), told.notified()).await.unwrap();
    }
}
