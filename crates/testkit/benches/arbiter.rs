//! How many durable transitions the arbiter makes in a second, and what of that is the disk.
//!
//! A team takes tasks through the default pipeline; its events are played again in several ways. In
//! the same run, bare SQLite commits the same entries with the same durability (write-ahead log,
//! `synchronous = FULL`): that is the floor, and the ratio to it says what deciding and keeping the
//! present cost on top, on any machine. All of it happens on the disk of the target directory.

#![expect(clippy::print_stdout, reason = "the table is what the bench is for")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use crew_core::note::notes;
use crew_core::protocol::{Claim, Response};
use crew_core::run::{Run, RunState};
use crew_core::task::{CommitId, Phase};
use crew_core::{
    Effect, Event, ProjectId, Settled, State, TaskDraft, Time, Usage, Words, step, team,
};
use crew_store::{Commit, Entry, Journal, Writer};
use rusqlite::Connection;

/// Events of one measurement, unless the environment says otherwise.
const EVENTS: usize = 4_000;
/// What the engine takes together at most, see `arbiter.rs` in `crew-engine`.
const BATCH: usize = 64;
/// Each measurement is made so often; the fastest counts.
const ROUNDS: usize = 7;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Something that takes time, in a directory of its own.
type Measure<'a> = dyn Fn(&Path) -> Outcome<Duration> + 'a;

/// What happened, and when.
type Story = Vec<(Event, Time)>;

fn main() -> Outcome<()> {
    let wanted = std::env::var("CREW_BENCH_EVENTS").ok().and_then(|text| text.parse().ok());
    let story = story(wanted.unwrap_or(EVENTS))?;
    let entries = entries(&story)?;
    let bytes = entries.iter().map(String::len).sum::<usize>() / entries.len().max(1);
    println!("{} events of a team at work, {bytes} bytes each on average\n", story.len());
    println!("{:<44} {:>12} {:>10} {:>14}", "", "per second", "each", "of bare SQLite");

    let row = |what: &str, rate: f64, share: Option<f64>| {
        let share = share.map_or_else(String::new, |share| format!("{share:.0} %"));
        println!("{what:<44} {rate:>12.0} {:>7.1} µs {share:>14}", 1e6 / rate);
    };
    let [in_memory] = fastest(story.len(), [&|_| decide(&story)])?;
    row("decide only (step, in memory)", in_memory, None);
    for batch in [1, BATCH] {
        println!("\n{batch} to a transaction");
        let [floor, recorded, filed] = fastest(
            story.len(),
            [&|at| bare(at, &entries, batch), &|at| arbiter(at, &story, batch, Files::No), &|at| {
                arbiter(at, &story, batch, Files::Yes)
            }],
        )?;
        row("  bare SQLite, one row for each event", floor, None);
        row("  step, event, rows, outbox", recorded, Some(100.0 * recorded / floor));
        row("  the same, and the journal files", filed, Some(100.0 * filed / floor));
    }
    Ok(())
}

/// Events per second of each. They take turns, so that a disk which others use is slow for all.
fn fastest<const N: usize>(events: usize, measures: [&Measure<'_>; N]) -> Outcome<[f64; N]> {
    let mut best = [Duration::MAX; N];
    for _ in 0..ROUNDS {
        for (best, measure) in best.iter_mut().zip(measures) {
            let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
            *best = measure(directory.path())?.min(*best);
        }
    }
    Ok(best.map(|best| events as f64 / best.as_secs_f64()))
}

/// A team at work: agents start, talk, finish; tasks move on until they have landed.
fn story(length: usize) -> Outcome<Story> {
    let team = team::parse(team::DEFAULT_TEAM).map_err(|problems| format!("{problems:?}"))?;
    let mut state = State::default();
    let root = "project".to_owned();
    let mut next = Event::ProjectAdded { name: root.clone(), root, team: Box::new(team) };
    let mut story = Story::new();
    while story.len() < length {
        let now = Time(1_000 * story.len() as u64);
        let step = step(&state, &next, now)?;
        if let Some(reason) = step.dropped {
            return Err(format!("BUG: the story has an event that does nothing: {reason}").into());
        }
        state.apply(step.change);
        story.push((next, now));
        next = what_happens(&state);
    }
    Ok(story)
}

fn what_happens(state: &State) -> Event {
    if let Some((id, effect)) = state.outbox.iter().next() {
        return Event::Settled { effect: *id, result: performed(effect, id.0) };
    }
    let at_work = |run: &&Run| matches!(run.state, RunState::Running { .. });
    if let Some(run) = state.live_runs().find(at_work) {
        return said_next(run);
    }
    for task in state.open_tasks() {
        if let Phase::Approving { gate } = &task.phase {
            return Event::Approved { task: task.id, commit: gate.commit.clone() };
        }
    }
    let title = format!("Task {}", state.meta.task.0 + 1);
    let body = "What it is about, in a few sentences that somebody wrote. ".repeat(4);
    let draft =
        TaskDraft { title, body, criteria: vec!["it works".into()], ..TaskDraft::default() };
    Event::TaskAdded { project: ProjectId(1), draft }
}

fn performed(effect: &Effect, number: u64) -> Settled {
    let commit = || CommitId(format!("{number:040x}"));
    match effect {
        Effect::Start { .. } => Settled::Started { head: commit() },
        Effect::Stop { .. } => Settled::Stopped,
        Effect::Send { .. } => Settled::Sent,
        Effect::Save { .. } => Settled::Saved { head: commit() },
        Effect::Combine { .. } => Settled::Combined { head: commit() },
        Effect::Check { .. } => Settled::Checked { passed: true, output: String::new() },
        Effect::Merge { .. } => Settled::Merged { commit: commit() },
        Effect::Release { .. } => Settled::Released,
    }
}

/// An agent says who it is, uses a few thousand tokens, responds, and exits.
fn said_next(run: &Run) -> Event {
    let usage = Usage { input_tokens: 3_000, output_tokens: 200, ..Usage::default() };
    let words = match run.read_to {
        0 => Words::Session { id: format!("session-{}", run.id) },
        1..5 => Words::Used(usage),
        5 => Words::Responds { response: Some(done()), text: "DONE: as asked".into() },
        _ => return Event::Exited { run: run.id, token: run.token, how: "exit code 0".into() },
    };
    Event::Said { run: run.id, token: run.token, offset: run.read_to + 1, words }
}

fn done() -> Response {
    let summary = "As asked; all tests pass.".to_owned();
    Response {
        claim: Claim::Done,
        summary,
        issue: None,
        label: None,
        pr: None,
        verdict: None,
        pick: None,
    }
}

/// The entries as the journal has them, for the floor.
fn entries(story: &Story) -> Outcome<Vec<String>> {
    let mut state = State::default();
    let mut entries = Vec::new();
    for (event, now) in story {
        let commit = commit_of(&mut state, event, *now)?;
        entries.push(serde_json::to_string(&commit.entry)?);
    }
    Ok(entries)
}

fn commit_of(state: &mut State, event: &Event, now: Time) -> Outcome<Commit> {
    let step = step(state, event, now)?;
    let seq = step.change.meta.seq;
    let notes = notes(state, &step.change);
    let entry = Entry { seq, at: now, body: event.clone(), notes, dropped: step.dropped };
    state.apply(step.change.clone());
    Ok(Commit { entry, change: step.change, key: None })
}

fn decide(story: &Story) -> Outcome<Duration> {
    let mut state = State::default();
    let begin = Instant::now();
    for (event, now) in story {
        let step = step(&state, event, *now)?;
        state.apply(step.change);
    }
    Ok(begin.elapsed())
}

fn bare(directory: &Path, entries: &[String], batch: usize) -> Outcome<Duration> {
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

fn arbiter(directory: &Path, story: &Story, batch: usize, files: Files) -> Outcome<Duration> {
    let mut writer = Writer::open(&directory.join("crewhouse.db"))?;
    let mut journal = Journal::open(directory, &writer)?;
    let mut state = State::default();
    let begin = Instant::now();
    for events in story.chunks(batch) {
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
