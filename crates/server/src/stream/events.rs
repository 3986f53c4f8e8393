//! What changes, as it changes: one message at a time, made when the client can take it.
//!
//! ```text
//!  journal entries ──► wait a moment for more ──► Changes: entries, tasks that show something else,
//!                            │                             status, inbox
//!                            └─ too many ──► Gap: read again
//!  agents' outputs ──► look four times a second ──► Live: lines that are other ones now
//! ```
//! Nothing is queued for a client. A slow one gets fewer and larger messages, a very slow one gaps.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crew_core::{RunId, State, TaskId};
use crew_store::Entry;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use super::Messages;
use crate::app::{App, blocking};
use crate::error::ApiError;
use crate::wire::{Card, Changes, JournalEntry, LiveLine, StreamMessage};
use crate::{inbox, live, status};

/// Least time between two messages about the journal.
const PACE: Duration = Duration::from_millis(50);
/// Between two looks at the outputs of agents.
const LOOK: Duration = Duration::from_millis(250);
/// More entries than this are not told one by one.
const ENTRIES_MAX: u64 = 500;

/// What changes after a position in the journal.
pub(crate) struct EventStream {
    app: Arc<App>,
    announced: Receiver<Arc<Entry>>,
    after: u64,
    /// Announced, and not sent yet; they follow on `after`.
    pending: Vec<Arc<Entry>>,
    /// Whether the database may hold entries that are neither sent nor pending.
    behind: bool,
    /// What each card showed when it was last sent, as a digest.
    sent: HashMap<u64, u64>,
    /// The inbox as it was last sent, as a digest.
    inbox_sent: Option<u64>,
    lines: BTreeMap<RunId, String>,
    sent_at: Instant,
}

enum News {
    Journal,
    Time,
    End,
}

impl EventStream {
    pub(crate) fn new(app: Arc<App>, since: Option<u64>) -> Self {
        // Subscribed before the first read: what is recorded meanwhile is in one or in both.
        let announced = app.handle.subscribe();
        let now = app.handle.now();
        let (seq, sent) = app.handle.read(|state| {
            let seq = state.meta.seq.0;
            // Whoever has read everything at this very position knows what the cards show.
            let known = since.is_none_or(|since| since == seq);
            let cards = state.open_tasks().filter(|_| known);
            let digests = cards.map(|task| shown(&Card::of(state, task, now)));
            (seq, digests.collect())
        });
        let after = since.unwrap_or(seq);
        let sent_at = Instant::now();
        let (pending, lines) = (Vec::new(), BTreeMap::new());
        let behind = after != seq;
        let inbox_sent = None;
        Self { app, announced, after, pending, behind, sent, inbox_sent, lines, sent_at }
    }

    async fn news(&mut self) -> News {
        if self.behind {
            return News::Journal;
        }
        let shutdown = self.app.shutdown.clone();
        let received = tokio::select! {
            () = shutdown.cancelled() => return News::End,
            () = tokio::time::sleep(LOOK) => return News::Time,
            received = self.announced.recv() => received,
        };
        match received {
            Ok(entry) => self.take(entry),
            Err(RecvError::Lagged(_)) => self.behind = true,
            Err(RecvError::Closed) => return News::End,
        }
        News::Journal
    }

    fn take(&mut self, entry: Arc<Entry>) {
        let newest = self.pending.last().map_or(self.after, |entry| entry.seq.0);
        if entry.seq.0 == newest + 1 {
            self.pending.push(entry);
        } else {
            self.behind |= entry.seq.0 > newest;
        }
    }

    /// Waits until it is time for the next message, and takes what came meanwhile.
    async fn coalesce(&mut self) {
        tokio::time::sleep_until(self.sent_at + PACE).await;
        while !self.behind && self.pending.len() as u64 <= ENTRIES_MAX {
            match self.announced.try_recv() {
                Ok(entry) => self.take(entry),
                Err(TryRecvError::Lagged(_)) => self.behind = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }

    /// The entries to tell; `None` if they are too many.
    async fn entries(&mut self) -> Result<Option<Vec<JournalEntry>>, ApiError> {
        let newest = self.app.handle.read(|state| state.meta.seq.0);
        if newest.abs_diff(self.after) > ENTRIES_MAX || newest < self.after {
            return Ok(None);
        }
        if self.behind {
            self.behind = false;
            self.pending.clear();
            let entries = self.app.entries(self.after, ENTRIES_MAX as u32).await?;
            return Ok(Some(entries.iter().map(JournalEntry::from).collect()));
        }
        let pending = std::mem::take(&mut self.pending);
        Ok(Some(pending.iter().map(|entry| JournalEntry::from(entry.as_ref())).collect()))
    }

    async fn changes(&mut self) -> Result<Option<StreamMessage>, ApiError> {
        self.coalesce().await;
        let Some(entries) = self.entries().await? else { return Ok(Some(self.gap())) };
        let Some(last) = entries.last() else { return Ok(None) };
        self.after = last.seq;
        self.look().await?;
        let hour = self.app.hour(None).await?;
        let now = self.app.handle.now();
        let (lines, sent) = (&self.lines, &mut self.sent);
        let (tasks, mut status, inbox) = self.app.handle.read(|state| {
            let tasks = changed(state, now, &entries, sent);
            (tasks, status::of(state, now, hour), inbox::inbox(state))
        });
        for agent in &mut status.agents {
            agent.live = lines.get(&RunId(agent.run)).cloned();
        }
        let digest = digest(&inbox);
        let inbox = (self.inbox_sent.replace(digest) != Some(digest)).then_some(inbox);
        let changes = Changes { seq: self.after, entries, tasks, status, inbox };
        Ok(Some(StreamMessage::Changes(Box::new(changes))))
    }

    fn gap(&mut self) -> StreamMessage {
        self.pending.clear();
        self.sent.clear();
        self.inbox_sent = None;
        self.behind = false;
        self.after = self.app.handle.read(|state| state.meta.seq.0);
        StreamMessage::Gap { seq: self.after }
    }

    /// Reads the newest lines; tells which are other ones now.
    async fn look(&mut self) -> Result<Vec<LiveLine>, ApiError> {
        let home = self.app.handle.home().clone();
        let spools = self.app.handle.read(|state| live::spools(state, &home));
        let newest: BTreeMap<RunId, String> = blocking(move || {
            Ok(spools.iter().filter_map(|spool| Some((spool.run, spool.live()?))).collect())
        })
        .await?;
        let before = std::mem::replace(&mut self.lines, newest);
        let other = self.lines.iter().filter(|(run, line)| before.get(run) != Some(line));
        Ok(other.map(|(run, line)| LiveLine { run: run.0, live: line.clone() }).collect())
    }
}

impl Messages for EventStream {
    type Message = StreamMessage;

    async fn next(&mut self) -> Result<Option<StreamMessage>, ApiError> {
        loop {
            match self.news().await {
                News::End => return Ok(None),
                News::Journal => {
                    if let Some(message) = self.changes().await? {
                        self.sent_at = Instant::now();
                        return Ok(Some(message));
                    }
                }
                News::Time => {
                    let agents = self.look().await?;
                    if !agents.is_empty() {
                        return Ok(Some(StreamMessage::Live { agents }));
                    }
                }
            }
        }
    }

    fn position(message: &StreamMessage) -> Option<u64> {
        match message {
            StreamMessage::Changes(changes) => Some(changes.seq),
            StreamMessage::Gap { seq } => Some(*seq),
            StreamMessage::Live { .. } => None,
        }
    }
}

/// The open tasks, and those that the entries name, where they show something else than before.
fn changed(
    state: &State,
    now: crew_core::Time,
    entries: &[JournalEntry],
    sent: &mut HashMap<u64, u64>,
) -> Vec<Card> {
    let named = entries.iter().flat_map(|entry| &entry.notes).filter_map(crate::wire::Note::task);
    let named = named.filter_map(|id| state.tasks.get(&TaskId(id))).filter(|task| task.is_over());
    let tasks = state.open_tasks().chain(named);
    let cards = tasks.map(|task| Card::of(state, task, now));
    cards
        .filter(|card| {
            let (id, digest) = shown(card);
            sent.insert(id, digest) != Some(digest)
        })
        .collect()
}

fn shown(card: &Card) -> (u64, u64) {
    (card.id, digest(card))
}

fn digest(shown: &impl Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Our own types always serialise; what did not would count as unchanged.
    serde_json::to_vec(shown).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
