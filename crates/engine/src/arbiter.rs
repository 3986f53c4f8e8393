//! The arbiter's thread: decide, record, tell. Nothing is told before it is recorded.
//!
//! It takes what waits in the queue together, up to [`BATCH_MAX`], into one transaction. If that
//! fails, nothing of it has happened: the state is read again from the database, people are told,
//! and whoever reports news tries again.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crew_core::note::notes;
use crew_core::{Event, State, Step, next_wake, step};
use crew_store::{Commit, Entry, Journal, StoreError, Writer};
use tokio::runtime::Handle as Runtime;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use crate::Clock;
use crate::crash::crash_point;
use crate::handle::{Failure, Inbound, Receipt};

/// Most events of one transaction.
const BATCH_MAX: usize = 64;
/// Longest sleep: a clock that was set is noticed within this.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// Shortest sleep before something that is due is tried again.
const SLEEP_MIN: Duration = Duration::from_millis(20);

/// The arbiter: the only writer.
pub(crate) struct Arbiter {
    pub(crate) writer: Writer,
    pub(crate) journal: Journal,
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) inbox: mpsc::Receiver<Inbound>,
    pub(crate) entries: broadcast::Sender<Arc<Entry>>,
    /// Told whenever the outbox may have changed.
    pub(crate) outbox: Arc<Notify>,
    pub(crate) clock: Clock,
}

type Answer = (oneshot::Sender<Result<Receipt, Failure>>, Result<Receipt, Failure>);

impl Arbiter {
    /// Works until all senders are gone, then closes the database.
    pub(crate) fn run(mut self, runtime: &Runtime) {
        while let Some(batch) = self.next_batch(runtime) {
            self.take(batch);
        }
        if let Err(error) = self.writer.close() {
            tracing::error!("closing the database failed: {error}");
        }
    }

    /// What waits; an empty batch when something is due. `None` when everybody has gone.
    fn next_batch(&mut self, runtime: &Runtime) -> Option<Vec<Inbound>> {
        let sleep = self.sleep();
        let first =
            runtime.block_on(async { tokio::time::timeout(sleep, self.inbox.recv()).await });
        let mut batch = match first {
            Err(_elapsed) => return Some(Vec::new()),
            Ok(None) => return None,
            Ok(Some(inbound)) => vec![inbound],
        };
        while batch.len() < BATCH_MAX {
            let Ok(inbound) = self.inbox.try_recv() else { break };
            batch.push(inbound);
        }
        Some(batch)
    }

    fn sleep(&self) -> Duration {
        let now = self.clock.now();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match next_wake(&state, now) {
            Some(wake) => Duration::from_millis(wake.since(now).0).clamp(SLEEP_MIN, SLEEP_MAX),
            None => SLEEP_MAX,
        }
    }

    /// Decides about a batch and a tick, records them together, and answers.
    fn take(&mut self, batch: Vec<Inbound>) {
        let shared = Arc::clone(&self.state);
        let mut state = shared.write().unwrap_or_else(PoisonError::into_inner);
        let mut commits = Vec::new();
        let mut answers: Vec<Answer> = Vec::new();
        for Inbound { event, key, reply } in batch {
            let answer = self.decide(&mut state, &mut commits, event, key);
            answers.push((reply, answer));
        }
        if let Err(failure) = self.decide(&mut state, &mut commits, Event::Ticked, None) {
            tracing::error!("BUG: a tick was refused: {failure}");
        }
        if let Err(error) = self.record(&commits) {
            self.forget(&mut state, &mut answers, &error);
            commits.clear();
        }
        drop(state);
        self.tell(commits, answers);
    }

    fn decide(
        &self,
        state: &mut State,
        commits: &mut Vec<Commit>,
        event: Event,
        key: Option<String>,
    ) -> Result<Receipt, Failure> {
        let at = self.clock.now();
        if let Some(key) = &key
            && let Some(seq) = self.taken_before(commits, key)?
        {
            return Ok(Receipt { seq, at });
        }
        let Step { change, dropped } = step(state, &event, at)?;
        if event == Event::Ticked && change.is_empty() {
            return Ok(Receipt { seq: state.meta.seq, at });
        }
        let seq = change.meta.seq;
        let entry = Entry { seq, at, body: event, notes: notes(state, &change), dropped };
        state.apply(change.clone());
        commits.push(Commit { entry, change, key });
        Ok(Receipt { seq, at })
    }

    fn taken_before(
        &self,
        commits: &[Commit],
        key: &str,
    ) -> Result<Option<crew_core::Seq>, Failure> {
        let in_batch = commits.iter().find(|commit| commit.key.as_deref() == Some(key));
        if let Some(commit) = in_batch {
            return Ok(Some(commit.entry.seq));
        }
        self.writer.was_taken(key).map_err(|error| Failure::NotRecorded(error.to_string()))
    }

    fn record(&mut self, commits: &[Commit]) -> Result<(), StoreError> {
        if commits.is_empty() {
            return Ok(());
        }
        crash_point("before", "commit");
        self.writer.commit(commits)?;
        crash_point("after", "commit");
        Ok(())
    }

    /// Nothing of the batch has happened.
    fn forget(&self, state: &mut State, answers: &mut [Answer], error: &StoreError) {
        tracing::error!("{error}");
        match self.writer.load() {
            Ok(loaded) => *state = loaded,
            Err(error) => tracing::error!("the state could not be read again: {error}"),
        }
        for (_, answer) in answers {
            if answer.is_ok() {
                *answer = Err(Failure::NotRecorded(error.to_string()));
            }
        }
    }

    fn tell(&mut self, commits: Vec<Commit>, answers: Vec<Answer>) {
        let recorded: Vec<Entry> = commits.into_iter().map(|commit| commit.entry).collect();
        for (reply, answer) in answers {
            reply.send(answer).ok(); // who asked may have gone
        }
        if recorded.is_empty() {
            return;
        }
        self.outbox.notify_one();
        // A journal that cannot be written now is made whole by a later entry, or on start.
        if let Err(error) = self.journal.append(&recorded, &self.writer) {
            tracing::warn!("the journal file lags behind: {error}");
        }
        crash_point("after", "journal");
        for entry in recorded {
            self.entries.send(Arc::new(entry)).ok(); // nobody may be listening
        }
    }
}
