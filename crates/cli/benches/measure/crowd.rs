//! A hundred agents that stream: what the daemon does meanwhile, and what each shim costs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::machine::{Used, own, resident, used};
use crate::report::{Bound, Row, Section, number, percentile};
use crate::support::Lab;

const AGENTS: usize = 100;
/// Each prints an event so often.
const PAUSE_MS: u64 = 50;
/// Events of one turn.
const EVENTS_OF_A_TURN: u64 = 60;
const WINDOW: Duration = Duration::from_secs(30);

pub(crate) fn measure() -> anyhow::Result<Section> {
    let lab = crowd();
    let daemon = lab.up();
    for number in 1..=AGENTS {
        lab.ok(&["task", "add", &format!("Stream {number}")]);
    }
    lab.wait("all agents stream", || (streaming(&lab).len() == AGENTS).then_some(()));
    std::thread::sleep(Duration::from_secs(2)); // what was begun comes to its end

    let runs = streaming(&lab);
    let before = Snapshot::of(daemon.pid(), &runs);
    let mut memory = vec![resident(daemon.pid())];
    for _ in 0..3 {
        std::thread::sleep(WINDOW / 3);
        memory.push(resident(daemon.pid()));
    }
    let after = Snapshot::of(daemon.pid(), &runs);
    let shims: Vec<u32> = runs.iter().filter_map(|dir| pid_in(&dir.join("pid"))).collect();
    let mean =
        |of: fn(u32) -> f64| shims.iter().map(|pid| of(*pid)).sum::<f64>() / shims.len() as f64;
    let (shim_own, shim_resident) = (mean(own), mean(resident));
    let late = lateness(&lab, &runs)?;
    let restart = restart(&lab, daemon);
    stop(&lab);
    let raw_cpu_seconds = raw_cpu(&runs, before.payload, after.payload)?;
    let seen =
        Seen { before, after, memory, shim_own, shim_resident, late, restart, raw_cpu_seconds };
    Ok(seen.section())
}

fn crowd() -> Lab {
    let pm = "[roles.pm]\nprovider = \"native\"";
    let many_pms = format!("{pm}\nagents = 100");
    Lab::new(
        &play(),
        &[
            ("agents = 4 ", "agents = 100"),
            ("model = \"play.toml\"", "model = \"play.toml\"\nagents = 100"),
            (pm, &many_pms),
            ("day_usd = 100.00", "day_usd = 1000.00"), // what a hundred runs may spend is reserved
        ],
    )
}

/// What was observed.
struct Seen {
    before: Snapshot,
    after: Snapshot,
    /// Resident memory of the daemon from the beginning to the end, in MiB.
    memory: Vec<f64>,
    shim_own: f64,
    shim_resident: f64,
    /// From each report of usage to the journal, in ms.
    late: Vec<f64>,
    restart: Duration,
    raw_cpu_seconds: f64,
}

impl Seen {
    fn section(mut self) -> Section {
        let seconds = (self.after.at - self.before.at).as_secs_f64();
        let events =
            (self.after.payload - self.before.payload) as f64 / self.before.bytes_of_an_event;
        Section {
            title: "A hundred agents at work",
            how: format!(
                "{AGENTS} agents, each printing an event every {PAUSE_MS} ms: {} events in a second, observed \
                 for {} s; the\ndaemon records what each has used after every {EVENTS_OF_A_TURN} events. An \
                 event is on disk as soon as it is printed, since the\nagent writes to the file itself; what is \
                 measured is the time from there until it is durable in the journal\n({} reports of usage, by \
                 the clock in the stream and in the journal). Raw: the same bytes are read from the\nsame files \
                 at once and parsed by `serde_json`.",
                number(events / seconds),
                number(seconds),
                self.late.len(),
            ),
            rows: self.daemon(seconds).into_iter().chain(self.disk_and_shims()).collect(),
            missed: "Agents that print lines of a hundred bytes are the worst case for what is written: each \
                     report of usage is a\ntransaction, and a page of the log of SQLite is 4 kB however little \
                     is in it. What real agents print between two\nreports is a hundred times as much.",
        }
    }

    fn daemon(&mut self, seconds: f64) -> Vec<Row> {
        let cpu =
            100.0 * (self.after.daemon.cpu_seconds - self.before.daemon.cpu_seconds) / seconds;
        let raw = 100.0 * self.raw_cpu_seconds / seconds;
        let (p50, p99) = (percentile(&mut self.late, 0.5), percentile(&mut self.late, 0.99));
        let growth = self.memory[3] - self.memory[0];
        let memory = format!("{} MiB, {} MiB", number(self.memory[3]), number(growth));
        let restart = self.restart.as_secs_f64();
        vec![
            Row::new("the daemon, of one core", percent(cpu), percent(raw)),
            Row::new("event to journal, p50", format!("{} ms", number(p50)), "–".into()),
            Row::new("event to journal, p99", format!("{} ms", number(p99)), "–".into()).aims(
                "≤ 100 ms",
                p99,
                Bound::AtMost(100.0),
            ),
            Row::new("the daemon's resident memory, and its growth", memory, "–".into()).aims(
                "flat: growth ≤ 2 MiB",
                growth,
                Bound::AtMost(2.0),
            ),
            Row::new(
                "killed, and started again with all of them at work: until it answers",
                format!("{} ms", number(restart * 1e3)),
                "–".into(),
            )
            .aims("< 1 s", restart, Bound::AtMost(1.0)),
        ]
    }

    fn disk_and_shims(&self) -> Vec<Row> {
        let payload = (self.after.payload - self.before.payload) as f64;
        let written = (self.after.written - self.before.written) as f64;
        vec![
            Row::new(
                "bytes written by daemon, shims and agents",
                format!("{} kB", number(written / 1e3)),
                format!("{} kB printed", number(payload / 1e3)),
            )
            .aims("≤ 1.5 × raw", written / payload, Bound::AtMost(1.5)),
            Row::new(
                "memory that one more shim takes",
                format!("{} MiB", number(self.shim_own)),
                "–".into(),
            )
            .aims("< 3 MiB", self.shim_own, Bound::AtMost(3.0)),
            Row::new(
                "resident memory of a shim, shared pages counted",
                format!("{} MiB", number(self.shim_resident)),
                "–".into(),
            ),
        ]
    }
}

fn percent(value: f64) -> String {
    format!("{} %", number(value))
}

/// Each turn is a stretch of text and then a report of usage.
fn play() -> String {
    let mut play = String::from("[[scene]]\n");
    for turn in 0..190 {
        let flood = format!("flood = {EVENTS_OF_A_TURN}\nflood_pause_ms = {PAUSE_MS}");
        // The same call again and again would be a circle, which ends the agent.
        let call = format!("name = \"write\", path = \"turn.txt\", content = \"{turn}\"");
        let tool = format!("tools = [{{ {call} }}]\nusage = {{ input = 10, output = 1 }}");
        writeln!(play, "[[scene.turn]]\n{flood}\n{tool}").ok(); // a string takes anything
    }
    play + "[[scene.turn]]\nfinish = \"DONE: streamed\"\n"
}

/// Directories of runs that have printed something.
fn streaming(lab: &Lab) -> Vec<PathBuf> {
    let list = fs::read_dir(lab.home().join("runs")).into_iter().flatten().flatten();
    list.map(|entry| entry.path()).filter(|dir| length(&dir.join("out.ndjson")) > 500).collect()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The pid in a file of a run.
fn pid_in(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

struct Snapshot {
    at: Instant,
    daemon: Used,
    written: u64,
    payload: u64,
    bytes_of_an_event: f64,
}

impl Snapshot {
    fn of(daemon: u32, runs: &[PathBuf]) -> Self {
        let processes = runs.iter().flat_map(|dir| [dir.join("pid"), dir.join("agent.pid")]);
        let others: u64 =
            processes.filter_map(|path| pid_in(&path)).map(|pid| used(pid).written).sum();
        let payload: u64 = runs.iter().map(|dir| length(&dir.join("out.ndjson"))).sum();
        let text: Vec<String> =
            runs.iter().filter_map(|dir| fs::read_to_string(dir.join("out.ndjson")).ok()).collect();
        let lines: usize = text.iter().map(|text| text.lines().count()).sum();
        let daemon = used(daemon);
        Self {
            at: Instant::now(),
            daemon,
            written: others + daemon.written,
            payload,
            bytes_of_an_event: payload as f64 / lines.max(1) as f64,
        }
    }
}

/// From the moment at which an agent reported its usage to the journal's, in ms. The text right
/// before it in the stream has its own moment in it.
fn lateness(lab: &Lab, runs: &[PathBuf]) -> anyhow::Result<Vec<f64>> {
    let mut said: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for entry in lab.journal() {
        let body = &entry["body"];
        if body["words"]["words"] == "used" {
            let (run, offset) = (&body["run"], body["offset"].as_u64());
            let at = entry["at"].as_u64().context("an entry has its time")?;
            said.insert((run.to_string(), offset.context("words have an offset")?), at);
        }
    }
    let mut late = Vec::new();
    for dir in runs {
        let name = dir.file_name().context("a run has a name")?.to_string_lossy().into_owned();
        let run = name.split('.').next().unwrap_or_default().to_owned();
        let (mut offset, mut printed) = (0, None);
        for line in fs::read_to_string(dir.join("out.ndjson"))?.lines() {
            offset += line.len() as u64 + 1;
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            if let Some((_, at)) = event["text"].as_str().and_then(|text| text.rsplit_once(", at "))
            {
                printed = at.parse::<u64>().ok();
            }
            if let (Some(printed), Some(at)) = (printed, said.get(&(run.clone(), offset))) {
                late.push(at.saturating_sub(printed) as f64);
            }
        }
    }
    Ok(late)
}

/// The time of the processor for the same bytes, read and parsed at once.
fn raw_cpu(runs: &[PathBuf], from: u64, to: u64) -> anyhow::Result<f64> {
    let me = std::process::id();
    let before = used(me).cpu_seconds;
    let rounds = 10; // the ticks that the kernel counts are coarse
    let mut bytes = 0_u64;
    for _ in 0..rounds {
        for dir in runs {
            let text = fs::read(dir.join("out.ndjson"))?;
            bytes += text.len() as u64;
            let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.filter(|line| serde_json::from_slice::<Value>(line).is_err()).for_each(drop);
        }
    }
    let each = (used(me).cpu_seconds - before) / bytes.max(1) as f64;
    Ok(each * (to - from) as f64)
}

fn restart(lab: &Lab, daemon: crate::support::Daemon) -> Duration {
    daemon.kill();
    let begin = Instant::now();
    let daemon = lab.up();
    let elapsed = begin.elapsed();
    daemon.kill();
    elapsed
}

/// Ends all agents of the lab, and waits for their shims.
fn stop(lab: &Lab) {
    lab.wait("the agents are gone", || {
        let agents = lab.agents();
        for pid in &agents {
            let pid = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok(); // it may be gone
            }
        }
        agents.is_empty().then_some(())
    });
}
