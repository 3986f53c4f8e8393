//! From one agent's response to the next agent, while others stream.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use rusqlite::Connection;
use serde_json::Value;

use crate::report::{Bound, Row, Section, number, percentile};
use crate::support::Lab;

const STREAMING: usize = 20;
const TASKS: usize = 60;
/// Transactions of one hand-off: what was said, the exit, the commit that was saved together with
/// the decision who goes next.
const COMMITS: usize = 3;
/// Files that are made durable: the session of the agent, what the shim was told, its own and the
/// agent's identity, how it ended.
const FILES: usize = 5;

const TEAM: &str = r#"
[limits]
agents = 100
[budget]
day_tokens = 2_000_000_000
[providers.native]
kind = "native"
api = "playbook"
model = "play.toml"
agents = 100
[providers.files]
kind = "mailbox"
[roles.script]
provider = "files"
[roles.first]
provider = "native"
agents = 50
[roles.second]
provider = "native"
agents = 50
[[stages]]
name = "begin"
owner = "script"
next = ["first"]
[[stages]]
name = "first"
owner = "first"
next = ["second"]
[[stages]]
name = "second"
owner = "second"
next = ["review"]
[[stages]]
name = "review"
owner = "human"
next = ["done"]
back = "second"
gates = [{ human = true }]
[[stages]]
name = "done"
mode = "end"
"#;

const PLAY: &str = r#"
[[scene]]
task = "Stream"
[[scene.turn]]
flood = 100000
flood_pause_ms = 50
finish = "DONE: streamed"
[[scene]]
[[scene.turn]]
finish = "DONE: quick"
"#;

pub(crate) fn measure() -> anyhow::Result<Section> {
    let lab = Lab::new(PLAY, &[]);
    fs::write(lab.repo().join(".crew/team.toml"), TEAM)?;
    let daemon = lab.up();
    for number in 1..=STREAMING {
        lab.ok(&["task", "add", &format!("Stream {number}")]);
    }
    for number in 1..=TASKS {
        lab.ok(&["task", "add", &format!("Quick {number}")]);
    }
    let mut desk =
        Desk { shared: lab.repo().join(".crew/shared"), answered: Vec::new(), next: Vec::new() };
    for _ in 0..STREAMING + TASKS {
        desk.answer(&lab)?;
    }
    lab.wait("all have been at work", || {
        (launches(&lab).len() >= STREAMING + 2 * TASKS).then_some(())
    });
    let git = git_of_a_save()?;
    let mut raw = raw(&lab, git)?;
    let launches = launches(&lab);
    let mut by_file = Vec::new();
    let mut by_agent = Vec::new();
    for (title, answered) in desk.answered.iter().filter(|(title, _)| title.starts_with("Quick")) {
        let started = |role: &str| {
            launches.iter().find(|launch| launch.title == *title && launch.role == role)
        };
        let (Some(first), Some(second)) = (started("first"), started("second")) else { continue };
        by_file.push(between(*answered, first.spawned));
        by_agent.push(between(first.last_word, second.spawned));
    }
    drop(daemon);
    let floor = (percentile(&mut raw, 0.5), percentile(&mut raw, 0.99));
    let mut rows = Vec::new();
    let mut row = |what: &str, values: &mut [f64]| {
        for (name, share, floor) in [("p50", 0.5, floor.0), ("p99", 0.99, floor.1)] {
            let value = percentile(values, share);
            let row = Row::new(
                format!("{what}, {name}"),
                format!("{} ms", number(value)),
                format!("{} ms", number(floor)),
            );
            rows.push(row.aims("≤ 3 × raw", value / floor, Bound::AtMost(3.0)));
        }
    };
    row("an agent's last word to the next agent at work", &mut by_agent);
    row("a response file renamed to the next agent at work", &mut by_file);
    row("a response file renamed to the next trigger file", &mut desk.next);
    Ok(Section {
        title: "A hand-off",
        how: format!(
            "{STREAMING} agents stream, each a line every 50 ms, while {} tasks go from a mailbox role to an agent \
             and from there\nto another. Times are those of the file system. Raw, with the same agents streaming: a \
             file written, synced and\nrenamed; {COMMITS} commits of bare SQLite with `synchronous = FULL`; {FILES} \
             small files made durable, each with its directory;\ngit started {git} times to print its version; the \
             program started twice.",
            by_agent.len()
        ),
        rows,
        missed: "A response file that is not a message of our own program may still be being written: it is taken \
                 when it has not\nchanged for a quarter of a second, which is most of the way by file. An agent's last \
                 word is followed by the\nend of its process, the look at what it left behind, and the commit of its \
                 work by git, whose commands\ndo more than print a version.",
    })
}

/// Whoever plays the first role, with nothing but files.
struct Desk {
    shared: PathBuf,
    /// Title of the task, and when its response was renamed.
    answered: Vec<(String, SystemTime)>,
    /// From a response to the next trigger, in ms.
    next: Vec<f64>,
}

impl Desk {
    fn answer(&mut self, lab: &Lab) -> anyhow::Result<()> {
        let trigger = self.shared.join("triggers/script.trigger");
        let (text, written) = lab.wait("a trigger", || {
            let written = fs::metadata(&trigger).ok()?.modified().ok()?;
            Some((fs::read_to_string(&trigger).ok()?, written))
        });
        if let Some((title, answered)) = self.answered.last()
            && title.starts_with("Quick")
        {
            self.next.push(between(*answered, written));
        }
        fs::remove_file(&trigger)?;
        let titled = |line: &&str| line.contains("Stream ") || line.contains("Quick ");
        let line = text.lines().find(titled).context("a trigger has the title")?;
        let at = line.find("Stream ").or_else(|| line.find("Quick ")).unwrap_or(0);
        std::thread::sleep(Duration::from_millis(300)); // the one before is at work by now
        let aside = self.shared.join("responses/script.tmp");
        fs::write(&aside, "DONE: go on\n")?;
        self.answered.push((line[at..].trim().to_owned(), SystemTime::now()));
        fs::rename(&aside, self.shared.join("responses/script.response"))?;
        Ok(())
    }
}

/// One launch of an agent.
struct Launch {
    title: String,
    role: String,
    spawned: SystemTime,
    last_word: SystemTime,
}

fn launches(lab: &Lab) -> Vec<Launch> {
    let list = fs::read_dir(lab.home().join("runs")).into_iter().flatten().flatten();
    list.filter_map(|entry| launch(&entry.path())).collect()
}

fn launch(dir: &Path) -> Option<Launch> {
    let changed = |name: &str| fs::metadata(dir.join(name)).ok()?.modified().ok();
    let spec: Value = serde_json::from_slice(&fs::read(dir.join("spec.json")).ok()?).ok()?;
    let start: Value = serde_json::from_str(spec["stdin"][0].as_str()?).ok()?;
    Some(Launch {
        title: start["task_title"].as_str()?.to_owned(),
        role: start["role"].as_str()?.to_owned(),
        spawned: changed("agent.pid")?,
        last_word: changed("out.ndjson")?,
    })
}

fn between(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from).unwrap_or_default().as_secs_f64() * 1e3
}

/// How often git is started between a response and the next agent: counted by a git that counts.
fn git_of_a_save() -> anyhow::Result<usize> {
    let lab = Lab::new(PLAY, &[]);
    fs::write(lab.repo().join(".crew/team.toml"), TEAM)?;
    let (bin, count) = (lab.dir.path().join("bin"), lab.dir.path().join("count"));
    fs::create_dir(&bin)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let script =
        format!("#!/bin/sh\necho \"$@\" >> '{}'\nPATH='{path}' exec git \"$@\"\n", count.display());
    fs::write(bin.join("git"), script)?;
    Command::new("chmod").args(["+x", "bin/git"]).current_dir(lab.dir.path()).status()?;
    let daemon = lab.serve_with(&[("PATH", &format!("{}:{path}", bin.display()))]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Quick 1"]);
    let mut desk =
        Desk { shared: lab.repo().join(".crew/shared"), answered: Vec::new(), next: Vec::new() };
    desk.answer(&lab)?;
    let calls = || fs::read_to_string(&count).unwrap_or_default().lines().count();
    lab.wait("the first begins", || (!launches(&lab).is_empty()).then_some(()));
    let before = calls();
    lab.wait("the second begins", || (launches(&lab).len() == 2).then_some(()));
    let counted = calls() - before;
    drop(daemon);
    Ok(counted)
}

/// What a hand-off consists of, done one after the other with nothing in between.
fn raw(lab: &Lab, git: usize) -> anyhow::Result<Vec<f64>> {
    let dir = lab.dir.path().join("raw");
    fs::create_dir(&dir)?;
    let connection = Connection::open(dir.join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT) STRICT")?;
    let body = "x".repeat(600);
    let mut times = Vec::new();
    for _ in 0..TASKS {
        let begin = Instant::now();
        durable(&dir, "response")?;
        for _ in 0..COMMITS {
            connection.execute("INSERT INTO event (body) VALUES (?1)", [&body])?;
        }
        for file in 0..FILES {
            durable(&dir, &format!("file-{file}"))?;
        }
        for _ in 0..git {
            Command::new("git").arg("--version").output()?;
        }
        lab.ok(&["--version"]);
        lab.ok(&["--version"]);
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

fn durable(dir: &Path, name: &str) -> anyhow::Result<()> {
    let aside = dir.join(".aside");
    let mut file = fs::File::create(&aside)?;
    file.write_all(&[b'x'; 400])?;
    file.sync_all()?;
    fs::rename(&aside, dir.join(name))?;
    Ok(fs::File::open(dir)?.sync_all()?)
}
