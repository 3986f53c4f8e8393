//! How many durable transitions the arbiter makes in a second, and what of that is the disk.
//!
//! A team takes tasks through the default pipeline; its events are played again in several ways.
//! Bare SQLite commits the same entries with the same durability (write-ahead log,
//! `synchronous = FULL`): that is the floor.

use std::path::Path;
use std::time::{Duration, Instant};

use crew_core::{Event, State, Time, step};
use crew_store::{Entry, Journal, Writer};
use rusqlite::Connection;

use crate::report::{Bound, Row, Section, number};
use crate::story::{Pace, Story, commit_of};

const EVENTS: usize = 4_000;
/// What the engine takes together at most, see `arbiter.rs` in `crew-engine`.
const BATCH: usize = 64;
/// Each measurement is made so often; the fastest counts.
const ROUNDS: usize = 5;

/// Something that takes time, in a directory of its own.
type Measure<'a> = dyn Fn(&Path) -> anyhow::Result<Duration> + 'a;

type Events = Vec<(Event, Time)>;

pub(crate) fn measure() -> anyhow::Result<Section> {
    let (events, entries) = told()?;
    let [in_memory] = fastest(events.len(), [&|_| decide(&events)])?;
    let mut rows = vec![Row::new(
        "decide only (step, in memory)",
        format!("{}/s", number(in_memory)),
        "–".into(),
    )];
    for batch in [1, BATCH] {
        let [floor, recorded, filed] = fastest(
            events.len(),
            [
                &|at| bare(at, &entries, batch),
                &|at| arbiter(at, &events, batch, Files::No),
                &|at| arbiter(at, &events, batch, Files::Yes),
            ],
        )?;
        let row = |what: &str, rate: f64| {
            let what = format!("{what}, {batch} to a transaction");
            let row = Row::new(what, format!("{}/s", number(rate)), format!("{}/s", number(floor)));
            row.aims("≥ 50 % of raw", 100.0 * rate / floor, Bound::AtLeast(50.0))
        };
        rows.push(row("event, rows and outbox", recorded));
        rows.push(row("the same, and the journal files", filed));
    }
    let bytes = entries.iter().map(String::len).sum::<usize>() / entries.len().max(1);
    Ok(Section {
        title: "Durable transitions",
        how: format!(
            "{} events of a team at work, {bytes} bytes each on average, the best of {ROUNDS} rounds. Raw: \
             bare SQLite\ncommits the same entries, one row each, with the same durability \
             (write-ahead log, `synchronous = FULL`).",
            events.len()
        ),
        rows,
        missed: "With one event to a transaction the sync of the disk is nearly all of both. With 64, one \
                 sync is\nshared and the work of the processor shows: bare SQLite inserts one row for \
                 each event, and the arbiter\ndecides, keeps one to five rows of the present, and \
                 writes the journal. A daemon with a hundred agents\nis given about fifty events in \
                 a second, see below.",
    })
}

fn told() -> anyhow::Result<(Events, Vec<String>)> {
    let mut story = Story::new(Pace { events: EVENTS, reports: 4 });
    let (mut events, mut entries) = (Events::new(), Vec::new());
    while let Some((event, now, commit)) = story.next()? {
        entries.push(serde_json::to_string(&commit.entry)?);
        events.push((event, now));
    }
    Ok((events, entries))
}

/// Events per second of each. They take turns, so that a disk which others use is slow for all.
fn fastest<const N: usize>(events: usize, measures: [&Measure<'_>; N]) -> anyhow::Result<[f64; N]> {
    let mut best = [Duration::MAX; N];
    for _ in 0..ROUNDS {
        for (best, measure) in best.iter_mut().zip(measures) {
            let directory = tempfile::tempdir()?;
            *best = measure(directory.path())?.min(*best);
        }
    }
    Ok(best.map(|best| events as f64 / best.as_secs_f64()))
}

fn decide(events: &Events) -> anyhow::Result<Duration> {
    let mut state = State::default();
    let begin = Instant::now();
    for (event, now) in events {
        let step = step(&state, event, *now)?;
        state.apply(step.change);
    }
    Ok(begin.elapsed())
}

fn bare(directory: &Path, entries: &[String], batch: usize) -> anyhow::Result<Duration> {
    let mut connection = Connection::open(directory.join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT) STRICT")?;
    let begin = Instant::now();
    for entries in entries.chunks(batch) {
        let transaction = connection.transaction()?;
        for entry in entries {
            transaction.prepare_cached("INSERT INTO event (body) VALUES (?1)")?.execute([entry])?;
        }
        transaction.commit()?;
    }
    Ok(begin.elapsed())
}

/// Whether the journal files are written as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    Yes,
    No,
}

fn arbiter(
    directory: &Path,
    events: &Events,
    batch: usize,
    files: Files,
) -> anyhow::Result<Duration> {
    let mut writer = Writer::open(&directory.join("crewhouse.db"))?;
    let mut journal = Journal::open(directory, &writer)?;
    let mut state = State::default();
    let begin = Instant::now();
    for events in events.chunks(batch) {
        let mut commits = Vec::new();
        for (event, now) in events {
            commits.push(commit_of(&mut state, event, *now)?);
        }
        writer.commit(&commits)?;
        if files == Files::Yes {
            let entries: Vec<Entry> = commits.into_iter().map(|commit| commit.entry).collect();
            journal.append(&entries, &writer)?;
        }
    }
    let elapsed = begin.elapsed();
    writer.close()?;
    Ok(elapsed)
}
