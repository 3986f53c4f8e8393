//! Being told that it is worth looking into the mailbox.
//!
//! A watch is a hint and nothing else: the system drops events when many come at once, and knows
//! nothing of a directory that was removed and made again. Scan from time to time anyway, and
//! watch anew when [`Watch::start`] failed.
//!
//! It sees one thing that a scan cannot: whether a file was renamed into place. Such a file is whole,
//! and needs no time to settle. See [`Arrivals`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};

use super::{Mailbox, MailboxError, Part};

/// More names than this are not remembered: those files settle like others.
const ARRIVALS_MAX: usize = 1_000;

/// How a file came into place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// By a rename: nobody writes to it any more.
    Whole,
    /// Nobody saw it, or it is written in place.
    Unknown,
}

/// Files whose newest change was that they were renamed into place. Losing one costs a quarter of a
/// second.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Arrivals {
    /// How the file came into place; it is told once.
    pub(super) fn take(&self, path: &Path) -> Arrival {
        if self.names().remove(path) { Arrival::Whole } else { Arrival::Unknown }
    }

    fn note(&self, event: &notify::Event) {
        let mut names = self.names();
        if event.need_rescan() {
            names.clear(); // what happened meanwhile is not known
        }
        match event.kind {
            EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => {
                let arrived = event.paths.last().filter(|_| names.len() < ARRIVALS_MAX);
                names.extend(arrived.cloned());
            }
            EventKind::Access(_) => {}
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => names.retain(|name| !event.paths.contains(name)),
        }
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls back until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Calls `wake`, in a thread of its own, whenever something may have come into the mailbox,
    /// and when the watching itself fails. It must return soon.
    pub fn start(
        mailbox: &Mailbox,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, MailboxError> {
        let shared_dir = mailbox.root();
        let arrivals = mailbox.arrivals.clone();
        let on_event = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.need_rescan() || matters(event.kind) => {
                arrivals.note(&event); // before anybody looks
                wake();
            }
            Ok(_) => {}
            Err(_) => wake(),
        };
        let failed = |error: &notify::Error| MailboxError::Watch {
            path: shared_dir.to_owned(),
            message: error.to_string(),
        };
        let mut watcher = recommended_watcher(on_event).map_err(|error| failed(&error))?;
        for part in [Part::Triggers, Part::Responses] {
            let path = shared_dir.join(part.directory());
            watcher.watch(&path, RecursiveMode::NonRecursive).map_err(|error| failed(&error))?;
        }
        Ok(Self { _watcher: watcher })
    }
}

/// Reading does not: a scan reads, and would wake itself for ever.
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
