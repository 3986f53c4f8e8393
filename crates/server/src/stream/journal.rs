//! The journal as it grows: first from the database, then as entries are announced. Whoever falls
//! behind is served from the database again, so there is never a gap.

use std::sync::Arc;

use crew_store::Entry;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{Source, push_line};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::JournalEntry;

/// Entries read from the database at a time.
const BATCH: u32 = 500;

/// Entries after a position.
pub(crate) struct JournalStream {
    app: Arc<App>,
    announced: Receiver<Arc<Entry>>,
    after: u64,
    /// Whether the database may hold entries that were not sent.
    behind: bool,
}

impl JournalStream {
    pub(crate) fn new(app: Arc<App>, after: u64) -> Self {
        // Subscribed before the first read: what is recorded meanwhile is in one or in both.
        let announced = app.handle.subscribe();
        Self { app, announced, after, behind: true }
    }

    fn push(&mut self, portion: &mut Vec<u8>, entry: &Entry) -> Result<(), ApiError> {
        self.after = entry.seq.0;
        push_line(portion, &JournalEntry::from(entry))
    }

    async fn read_recorded(&mut self) -> Result<Vec<u8>, ApiError> {
        let entries = self.app.entries(self.after, BATCH).await?;
        self.behind = entries.len() == BATCH as usize;
        let mut portion = Vec::new();
        for entry in &entries {
            self.push(&mut portion, entry)?;
        }
        Ok(portion)
    }

    /// Takes an announced entry; what does not follow on is fetched from the database.
    fn take(&mut self, portion: &mut Vec<u8>, entry: &Entry) -> Result<(), ApiError> {
        if entry.seq.0 == self.after + 1 {
            return self.push(portion, entry);
        }
        self.behind |= entry.seq.0 > self.after;
        Ok(())
    }

    /// The next announced entries; `None` when there will be no more.
    async fn read_announced(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let shutdown = self.app.shutdown.clone();
        let mut portion = Vec::new();
        let first = tokio::select! {
            () = shutdown.cancelled() => return Ok(None),
            first = self.announced.recv() => first,
        };
        match first {
            Ok(entry) => self.take(&mut portion, &entry)?,
            Err(RecvError::Lagged(_)) => self.behind = true,
            Err(RecvError::Closed) => return Ok(None),
        }
        while !self.behind {
            match self.announced.try_recv() {
                Ok(entry) => self.take(&mut portion, &entry)?,
                Err(TryRecvError::Lagged(_)) => self.behind = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Ok(Some(portion))
    }
}

impl Source for JournalStream {
    async fn portion(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        loop {
            let portion = if self.behind {
                self.read_recorded().await?
            } else {
                match self.read_announced().await? {
                    Some(portion) => portion,
                    None => return Ok(None),
                }
            };
            if !portion.is_empty() {
                return Ok(Some(portion));
            }
        }
    }
}
