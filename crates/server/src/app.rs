//! What every route can reach.

use std::sync::Arc;

use crew_core::{Event, ProjectId, Time};
use crew_engine::Handle;
use crew_store::{Entry, Reader};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::burn::Burn;
use crate::disk::{Disk, DiskUse};
use crate::error::ApiError;
use crate::search::Search;
use crate::setup::Setup;
use crate::wire::{Amount, Receipt};

/// What every route can reach.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) handle: Handle,
    pub(crate) shutdown: CancellationToken,
    pub(crate) started_at: Time,
    pub(crate) setup: Setup,
    /// Held over a read that a write depends on, so that two edits of a task do not undo each
    /// other.
    pub(crate) edits: Mutex<()>,
    pub(crate) search: Search,
    burn: Mutex<Burn>,
    disk: Disk,
}

/// The state of the router.
pub(crate) type Shared = axum::extract::State<Arc<App>>;

impl App {
    pub(crate) fn new(handle: Handle, setup: Setup, shutdown: CancellationToken) -> Self {
        let started_at = handle.now();
        let (edits, burn, disk) = (Mutex::new(()), Mutex::default(), Disk::default());
        let search = Search::default();
        Self { handle, shutdown, started_at, setup, edits, search, burn, disk }
    }

    /// What the worktrees take on disk, as far as it is known.
    pub(crate) async fn disk_use(&self) -> Option<DiskUse> {
        let projects = self.handle.read(|state| state.projects.keys().copied().collect());
        self.disk.known(self.handle.home(), projects).await
    }

    /// Hands an event to the arbiter.
    pub(crate) async fn submit(&self, event: Event) -> Result<Receipt, ApiError> {
        let receipt = self.handle.submit(event).await?;
        Ok(Receipt { seq: receipt.seq.0, at: receipt.at.0 })
    }

    /// The entry that a receipt is for.
    pub(crate) async fn entry(&self, receipt: &Receipt) -> Result<Entry, ApiError> {
        let after = receipt.seq.saturating_sub(1);
        let entries = self.entries(after, 1).await?;
        entries.into_iter().next().ok_or_else(|| ApiError::broken("the entry is not there"))
    }

    /// What was spent within the last hour, of one project or of all.
    pub(crate) async fn hour(&self, project: Option<ProjectId>) -> Result<Amount, ApiError> {
        let mut burn = self.burn.lock().await;
        let newest = self.handle.read(|state| state.meta.seq);
        let (path, now) = (self.handle.home().database(), self.handle.now().0);
        let mut taken = std::mem::take(&mut *burn);
        *burn = blocking(move || {
            taken.catch_up(&Reader::open(&path)?, newest, now)?;
            Ok(taken)
        })
        .await?;
        Ok(self.handle.read(|state| burn.amount(state, project)))
    }

    /// Entries of the journal after `after`, from the database.
    pub(crate) async fn entries(&self, after: u64, limit: u32) -> Result<Vec<Entry>, ApiError> {
        let path = self.handle.home().database();
        blocking(move || {
            let after = crew_core::Seq(after);
            Ok(Reader::open(&path)?.entries(after, limit)?)
        })
        .await
    }
}

/// Runs what waits for a disk or a program beside the requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ApiError::broken(error)),
    }
}
