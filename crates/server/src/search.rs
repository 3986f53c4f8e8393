//! Searching: what is new is read into the index when somebody asks, and not before.
//!
//! ```text
//!  the present ─► what tasks say ─┐
//!  journal ─────► remarks, news ──┼─► words without keys ─► store::SearchIndex ─► the best, with excerpts
//!  spools ──────► what agents said┘
//! ```
//!
//! A question reads on for [`PATIENCE`] at most, and says whether there is more: a home that nobody
//! searches pays nothing, and no answer takes long. One question is dealt with at a time.

mod excerpt;
mod words;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crew_core::task::Task;
use crew_core::{ProjectId, RoleName, RunId, Seq, State, TaskId, Time, Token};
use crew_engine::{Handle, Screen};
use crew_store::{Document, DocumentKind, Entry, Progress, ReadTo, Reader, SearchIndex};

use crate::error::ApiError;
use crate::stream::{LogStart, said_after};
use crate::wire::{Found, FoundKind};

/// So long a question reads what is new before it is answered.
const PATIENCE: Duration = Duration::from_millis(400);
/// Entries of the journal read at a time.
const ENTRIES: u32 = 500;

/// The index, opened by the first question.
pub(crate) type Search = Arc<Mutex<Option<Reading>>>;

/// The index, and how far everything was read into it.
#[derive(Debug)]
pub(crate) struct Reading {
    index: SearchIndex,
    progress: Progress,
}

/// Whose words a log holds.
#[derive(Clone, Debug)]
struct Speaker {
    run: RunId,
    project: ProjectId,
    task: TaskId,
    role: RoleName,
    /// The newest start.
    start: u32,
    at: Time,
}

/// A question.
pub(crate) struct Question {
    pub(crate) words: String,
    pub(crate) project: Option<ProjectId>,
    pub(crate) limit: u32,
}

/// Reads on and looks. Says also whether there is more to read.
pub(crate) fn search(
    search: &Search,
    handle: &Handle,
    question: &Question,
) -> Result<(Vec<Found>, bool), ApiError> {
    let mut guard = search.lock().unwrap_or_else(PoisonError::into_inner);
    // Taken out: what fails half-way is opened anew by the next question.
    let mut reading = match guard.take() {
        Some(reading) => reading,
        None => Reading::open(handle)?,
    };
    let is_whole = reading.read_on(handle, Instant::now() + PATIENCE)?;
    let found = reading.index.find(&question.words, question.project, question.limit)?;
    *guard = Some(reading);
    drop(guard);
    let screen = handle.screen();
    let found = handle.read(|state| {
        let title = |task: TaskId| state.tasks.get(&task).map(|task| task.title.clone());
        let show = |it: Document| shown(it, &question.words, &screen, title);
        found.into_iter().map(show).collect()
    });
    Ok((found, !is_whole))
}

fn shown(
    document: Document,
    words: &str,
    screen: &Screen,
    title_of: impl Fn(TaskId) -> Option<String>,
) -> Found {
    let Document { kind, project, task, run, place, at, who, title, text } = document;
    let kind = match kind {
        DocumentKind::Task => FoundKind::Task,
        DocumentKind::Remark => FoundKind::Remark,
        DocumentKind::Journal => FoundKind::Journal,
        DocumentKind::Said => FoundKind::Said,
    };
    // A key that became known later must not be shown either.
    let text = screen.text(if text.is_empty() { &title } else { &text });
    Found {
        kind,
        project: project.map(|it| it.0),
        task: task.map(|it| it.0),
        title: task.and_then(title_of).map(|title| screen.text(&title)),
        run: run.map(|it| it.0),
        place,
        at: at.0,
        who,
        excerpt: excerpt::excerpt(&text, words),
    }
}

impl Reading {
    fn open(handle: &Handle) -> Result<Self, ApiError> {
        let path = handle.home().search();
        let index = SearchIndex::open(&path)?;
        let progress = index.progress()?;
        let reading = Self { index, progress };
        if reading.is_of_this_journal(handle)? {
            return Ok(reading);
        }
        drop(reading);
        Ok(Self { index: SearchIndex::anew(&path)?, progress: Progress::default() })
    }

    /// Whether what was read last is what the journal says there: another database may have been
    /// put in its place.
    fn is_of_this_journal(&self, handle: &Handle) -> Result<bool, ApiError> {
        let Some((seq, at)) = self.progress.journal else { return Ok(true) };
        let reader = Reader::open(&handle.home().database())?;
        let entry = reader.entries(Seq(seq.0.saturating_sub(1)), 1)?;
        Ok(entry.first().is_some_and(|entry| (entry.seq, entry.at) == (seq, at)))
    }

    /// Reads what is new until the deadline; true when nothing is left.
    fn read_on(&mut self, handle: &Handle, deadline: Instant) -> Result<bool, ApiError> {
        let screen = handle.screen();
        self.read_tasks(handle, &screen)?;
        Ok(self.read_journal(handle, &screen, deadline)?
            && self.read_logs(handle, &screen, deadline)?)
    }

    fn read_tasks(&mut self, handle: &Handle, screen: &Screen) -> Result<(), ApiError> {
        let newest = handle.read(|state| state.meta.seq);
        if self.progress.journal.is_some_and(|(seq, _)| seq >= newest) {
            return Ok(());
        }
        let known = &self.progress.tasks;
        let changed: Vec<(ReadTo, Document)> = handle.read(|state| {
            let tasks = state.tasks.values().map(|task| (digest(task), task));
            let changed = tasks.filter(|(digest, task)| known.get(&task.id) != Some(digest));
            let read = |(digest, task): (u64, &Task)| {
                (ReadTo::Task { task: task.id, digest }, words::of_task(task, screen))
            };
            changed.map(read).collect()
        });
        let (read, documents): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
        self.add(&documents, &read)
    }

    fn read_journal(
        &mut self,
        handle: &Handle,
        screen: &Screen,
        deadline: Instant,
    ) -> Result<bool, ApiError> {
        let reader = Reader::open(&handle.home().database())?;
        loop {
            let after = self.progress.journal.map_or(Seq(0), |(seq, _)| seq);
            let entries = reader.entries(after, ENTRIES)?;
            let Some(Entry { seq, at, .. }) = entries.last() else { return Ok(true) };
            let to = ReadTo::Journal { seq: *seq, at: *at };
            let documents: Vec<Document> = handle.read(|state| {
                entries.iter().filter_map(|entry| words::of_entry(entry, state, screen)).collect()
            });
            self.add(&documents, &[to])?;
            if Instant::now() > deadline {
                return Ok(false);
            }
        }
    }

    /// The newest runs first: they are what one looks for.
    fn read_logs(
        &mut self,
        handle: &Handle,
        screen: &Screen,
        deadline: Instant,
    ) -> Result<bool, ApiError> {
        for speaker in handle.read(speakers) {
            for start in (1..=speaker.start).rev() {
                if !self.read_log(handle, &speaker, start, screen, deadline)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn read_log(
        &mut self,
        handle: &Handle,
        speaker: &Speaker,
        start: u32,
        screen: &Screen,
        deadline: Instant,
    ) -> Result<bool, ApiError> {
        let run = speaker.run;
        let directory = handle.home().run(run, Token(start));
        loop {
            let from = self.progress.logs.get(&(run, start)).copied().unwrap_or(0);
            let (said, bytes) = match said_after(&directory, LogStart::at(start, from)) {
                Ok(Some(said)) => said,
                Ok(None) => return Ok(true),
                // One log that cannot be read hides no other.
                Err(error) => {
                    tracing::debug!("the log of {run} is not searched: {error:?}");
                    return Ok(true);
                }
            };
            let document = |(place, event)| words::of_event(speaker, place, &event, screen);
            let documents: Vec<Document> = said.into_iter().filter_map(document).collect();
            self.add(&documents, &[ReadTo::Log { run, start, bytes }])?;
            if Instant::now() > deadline {
                return Ok(false);
            }
        }
    }

    fn add(&mut self, documents: &[Document], read: &[ReadTo]) -> Result<(), ApiError> {
        if read.is_empty() {
            return Ok(());
        }
        self.index.add(documents, read)?;
        let Progress { journal, logs, tasks } = &mut self.progress;
        for to in read {
            match *to {
                ReadTo::Journal { seq, at } => *journal = Some((seq, at)),
                ReadTo::Log { run, start, bytes } => drop(logs.insert((run, start), bytes)),
                ReadTo::Task { task, digest } => drop(tasks.insert(task, digest)),
            }
        }
        Ok(())
    }
}

fn speakers(state: &State) -> Vec<Speaker> {
    let started = state.runs.values().rev().filter(|run| run.token > Token(0));
    let speaker = |run: &crew_core::run::Run| Speaker {
        run: run.id,
        project: run.project,
        task: run.task,
        role: run.role.clone(),
        start: run.token.0,
        at: run.queued_at,
    };
    started.map(speaker).collect()
}

/// Of all that is found of a task.
fn digest(task: &Task) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&task.title, &task.body, &task.criteria).hash(&mut hasher);
    hasher.finish()
}
