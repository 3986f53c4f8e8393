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
use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::clock::Watch;
use crate::crash::crash_point;
use crate::handle::{Delivery, Failure, Inbound, Receipt};

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
    /// What the next event is decided on: ahead of what is shared while a transaction is under way.
    pub(crate) present: State,
    /// What everybody else sees: changed only after a transaction.
    pub(crate) shared: Arc<RwLock<State>>,
    /// The daemon ends.
    pub(crate) closing: CancellationToken,
    pub(crate) inbox: mpsc::Receiver<Inbound>,
    pub(crate) entries: broadcast::Sender<Arc<Entry>>,
    /// Told whenever the outbox may have changed.
    pub(crate) outbox: Arc<Notify>,
    pub(crate) clock: Clock,
    /// Whether the machine slept.
    pub(crate) watch: Watch,
}

type Answer = (oneshot::Sender<Result<Receipt, Failure>>, Result<Receipt, Failure>);

impl Arbiter {
    /// Works until the daemon ends, takes what is in the queue by then, and closes the database.
    pub(crate) fn run(mut self, runtime: &Runtime) {
        while let Some(batch) = self.next_batch(runtime) {
            self.take(batch);
        }
        if let Err(error) = self.writer.close() {
            tracing::error!("closing the database failed: {error}");
        }
    }

    /// What waits; an empty batch when something is due. `None` when the daemon ends.
    fn next_batch(&mut self, runtime: &Runtime) -> Option<Vec<Inbound>> {
        let sleep = self.sleep();
        let (inbox, closing) = (&mut self.inbox, &self.closing);
        let first = runtime.block_on(async {
            tokio::select! {
                biased;
                first = inbox.recv() => Some(first),
                () = closing.cancelled() => {
                    inbox.close();
                    None
                }
                () = tokio::time::sleep(sleep) => None,
            }
        });
        let mut batch = match first {
            Some(Some(inbound)) => vec![inbound],
            Some(None) => return None,
            None => Vec::new(),
        };
        while batch.len() < BATCH_MAX {
            let Ok(inbound) = self.inbox.try_recv() else { break };
            batch.push(inbound);
        }
        if batch.is_empty() && self.closing.is_cancelled() { None } else { Some(batch) }
    }

    fn sleep(&self) -> Duration {
        let now = self.clock.now();
        match next_wake(&self.present, now) {
            Some(wake) => Duration::from_millis(wake.since(now).0).clamp(SLEEP_MIN, SLEEP_MAX),
            None => SLEEP_MAX,
        }
    }

    /// Decides about a batch and a tick, records them together, and answers.
    fn take(&mut self, batch: Vec<Inbound>) {
        let mut commits = Vec::new();
        let mut answers: Vec<Answer> = Vec::new();
        if let Some(by) = self.watch.jump(self.clock.now()) {
            tracing::info!("the clock went ahead by {by}");
            self.news(&mut commits, Event::ClockJumped { by });
        }
        let mut hints = Vec::new();
        for inbound in batch {
            match inbound {
                Inbound::Event(delivery) => {
                    let Delivery { event, key, reply } = *delivery;
                    let answer = self.decide(&mut commits, event, key);
                    answers.push((reply, answer));
                }
                Inbound::Hint { key, body } => hints.push((key, body)),
            }
        }
        self.news(&mut commits, Event::Ticked);
        match self.record(&commits) {
            Ok(()) => {
                self.share(&commits);
                self.keep(&hints);
            }
            Err(error) => {
                self.forget(&mut answers, &error);
                commits.clear();
            }
        }
        self.tell(commits, answers);
    }

    /// What nobody waits to hear the outcome of.
    fn news(&mut self, commits: &mut Vec<Commit>, event: Event) {
        if let Err(failure) = self.decide(commits, event, None) {
            tracing::error!("BUG: news was refused: {failure}");
        }
    }

    fn decide(
        &mut self,
        commits: &mut Vec<Commit>,
        event: Event,
        key: Option<String>,
    ) -> Result<Receipt, Failure> {
        let at = self.clock.now();
        if let Some(key) = &key
            && let Some(seq) = self.taken_before(commits, key)?
        {
            return Ok(Receipt { seq, at, dropped: None });
        }
        let Step { change, dropped } = step(&self.present, &event, at)?;
        if event == Event::Ticked && change.is_empty() {
            return Ok(Receipt { seq: self.present.meta.seq, at, dropped: None });
        }
        let seq = change.meta.seq;
        let notes = notes(&self.present, &change);
        let entry = Entry { seq, at, body: event, notes, dropped: dropped.clone() };
        self.present.apply(change.clone());
        commits.push(Commit { entry, change, key });
        Ok(Receipt { seq, at, dropped })
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

    fn share(&self, commits: &[Commit]) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        for commit in commits {
            shared.apply(commit.change.clone());
        }
    }

    /// After the events of the batch: what a hint stands for is recorded.
    fn keep(&mut self, hints: &[(String, String)]) {
        for (key, body) in hints {
            if let Err(error) = self.writer.keep_hint(key, body) {
                tracing::warn!("{key} is asked about again after a restart: {error}");
            }
        }
    }

    /// Nothing of the batch has happened.
    fn forget(&mut self, answers: &mut [Answer], error: &StoreError) {
        tracing::error!("{error}");
        match self.writer.load() {
            Ok(loaded) => self.present = loaded,
            Err(error) => {
                // Going on with what was never written would make it true. The next daemon reads
                // what was.
                tracing::error!("the state cannot be read again, the daemon ends: {error}");
                std::process::abort();
            }
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
