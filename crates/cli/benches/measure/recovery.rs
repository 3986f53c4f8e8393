//! How long a new daemon needs until it answers, with much behind it.

use std::fs;
use std::time::{Duration, Instant};

use crew_core::{Seq, Time};
use crew_store::{Home, Journal, Writer};
use rusqlite::Connection;

use crate::report::{Bound, Row, Section, number};
use crate::story::{Pace, Story};
use crate::support::{Lab, simple_play};

const EVENTS: usize = 100_000;
/// With so many reports of usage in each run, that many events are about 200 runs.
const REPORTS: u64 = 490;
const BATCH: usize = 256;
const ROUNDS: usize = 5;
/// What each of the runs has printed.
const OUTPUT_BYTES: usize = 100_000;

pub(crate) fn measure() -> anyhow::Result<Section> {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let (events, runs) = work(&lab)?;
    let (mut here, mut raw) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let daemon = lab.serve();
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        here = here.min(begin.elapsed());
        daemon.kill();
        let begin = Instant::now();
        lab.ok(&["--version"]);
        lab.ok(&["--version"]);
        read_all(&lab)?;
        raw = raw.min(begin.elapsed());
    }
    let milliseconds = |time: Duration| format!("{} ms", number(time.as_secs_f64() * 1e3));
    let row = Row::new(
        "from the start of the program to its answer",
        milliseconds(here),
        milliseconds(raw),
    );
    Ok(Section {
        title: "Recovery",
        how: format!(
            "A home with {} events in the journal and {runs} runs, each with its directory; the daemon was killed \
             and is\nstarted, and `crew status` gets an answer. Raw: the program is started twice to print its \
             version, and SQLite\nreads all rows of the present. The best of {ROUNDS} rounds.",
            number(events as f64)
        ),
        rows: vec![row.aims("< 1 s", here.as_secs_f64(), Bound::AtMost(1.0))],
        missed: "All rows of the present are read; the journal is not replayed.",
    })
}

/// Goes on with the lab's project until all tasks are done, and leaves what runs leave.
fn work(lab: &Lab) -> anyhow::Result<(u64, usize)> {
    let home = Home::open(&lab.home())?;
    let mut writer = Writer::open(&home.database())?;
    let mut journal = Journal::open(&home.journal(), &writer)?;
    let mut story = Story::of(writer.load()?, Pace { events: EVENTS, reports: REPORTS });
    let mut commits = Vec::new();
    loop {
        let next = story.next()?;
        let is_over = next.is_none();
        commits.extend(next.map(|(_, _, commit)| commit));
        if commits.len() >= BATCH || is_over {
            writer.commit(&commits)?;
            let entries: Vec<_> = commits.drain(..).map(|commit| commit.entry).collect();
            journal.append(&entries, &writer)?;
        }
        if is_over {
            break;
        }
    }
    for run in story.state.runs.values() {
        let dir = home.run(run.id, run.token);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("pid"), "999999999 1 none\n")?;
        fs::write(dir.join("out.ndjson"), "{}\n".repeat(OUTPUT_BYTES / 3))?;
        let exit = crew_agent::shim::ExitRecord {
            why: crew_agent::shim::Why::Exited,
            status: crew_agent::shim::Status::Code(0),
            started_at: Some(Time(1)),
            ended_at: Time(2),
            out_bytes: OUTPUT_BYTES as u64,
            err_bytes: 0,
            killed_descendants: 0,
            survivors: Vec::new(),
        };
        fs::write(dir.join("exit.json"), serde_json::to_vec(&exit)?)?;
    }
    let Seq(events) = story.state.meta.seq;
    let runs = story.state.runs.len();
    writer.close()?;
    Ok((events, runs))
}

fn read_all(lab: &Lab) -> anyhow::Result<()> {
    let connection = Connection::open(lab.home().join("crewhouse.db"))?;
    for table in ["meta", "project", "task", "run", "ask", "outbox"] {
        let mut query = connection.prepare(&format!("SELECT body FROM {table}"))?;
        let bodies = query.query_map([], |row| row.get::<_, String>(0))?;
        for body in bodies {
            serde_json::from_str::<serde_json::Value>(&body?)?;
        }
    }
    Ok(())
}
