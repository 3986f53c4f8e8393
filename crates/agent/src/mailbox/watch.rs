//! Being told that it is worth looking into the mailbox.
//!
//! A watch is a hint and nothing else: the system drops events when many come at once, and knows
//! nothing of a directory that was removed and made again. Scan from time to time anyway, and
//! watch anew when [`Watch::start`] failed.

use std::path::Path;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};

use super::{MailboxError, Part};

/// Calls back until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Calls `wake`, in a thread of its own, whenever something may have come into `shared_dir`,
    /// and when the watching itself fails. It must return soon.
    pub fn start(
        shared_dir: &Path,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, MailboxError> {
        let on_event = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.need_rescan() || matters(event.kind) => wake(),
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
