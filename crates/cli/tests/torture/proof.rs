//! What must be so in the end, and the report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::blow::Tally;
use crate::scene::{Scene, checkout};

/// Events of an agent that have to be in the journal, each once.
const RECORDED: [&str; 6] = ["session", "usage", "ask", "limit", "error", "done"];

/// What was counted.
pub(crate) struct Counts {
    tasks: usize,
    entries: usize,
    launches: usize,
    bytes: u64,
    lines: usize,
    recorded: usize,
    merges: usize,
}

pub(crate) fn check(scene: &Scene) -> Counts {
    let mut counts = output(scene);
    nobody_is_left(scene);
    for stranger in &scene.strangers {
        let state = fs::read_to_string(format!("/proc/{}/stat", stranger.id())).unwrap_or_default();
        assert!(state.contains(") S "), "a stranger lives on: {state:?}");
    }
    assert_eq!(checkout(&scene.lab), scene.before, "the user's checkout is untouched");
    counts.merges = base_branch(scene);
    counts.tasks = scene.tasks();
    assert_eq!(counts.merges, counts.tasks, "each task landed once");
    let fsck = scene.lab.git(&["fsck", "--connectivity-only"]);
    assert!(!fsck.contains("missing") && !fsck.contains("broken"), "{fsck}");
    counts
}

/// Each launch has printed its lines in order, none lost and none twice; and what matters of them
/// is in the journal exactly once, at exactly that offset.
fn output(scene: &Scene) -> Counts {
    let journal = scene.lab.journal(); // it has no gap
    let mut said: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for entry in &journal {
        let body = &entry["body"];
        if body["event"] == "said" {
            let start = format!("{}.{}", body["run"], body["token"]);
            said.entry(start).or_default().push(body["offset"].as_u64().unwrap());
        }
    }
    let mut counts = Counts {
        tasks: 0,
        entries: journal.len(),
        launches: 0,
        bytes: 0,
        lines: 0,
        recorded: 0,
        merges: 0,
    };
    let runs = fs::read_dir(scene.lab.home().join("runs")).unwrap();
    for dir in runs.map(|entry| entry.unwrap().path()) {
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(dir.join("out.ndjson")).unwrap_or_default();
        let expected = lines(&name, &bytes, &mut counts);
        let recorded = said.remove(&name).unwrap_or_default();
        assert_eq!(recorded, expected, "{name}: what it said is recorded once, in order");
        assert!(dir.join("exit.json").exists() || bytes.is_empty(), "{name} has an end");
        counts.launches += 1;
        counts.bytes += bytes.len() as u64;
        counts.recorded += recorded.len();
    }
    assert!(said.is_empty(), "nobody said what is in no log: {said:?}");
    counts
}

/// The offsets after the lines that matter. A line that was cut off is the last of its launch.
fn lines(name: &str, bytes: &[u8], counts: &mut Counts) -> Vec<u64> {
    let (mut offset, mut next) = (0, 0_u64);
    let mut matter = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        offset += line.len() as u64;
        let Ok(event) = serde_json::from_slice::<Value>(line) else {
            assert_eq!(offset, bytes.len() as u64, "{name}: only the last line may be cut off");
            continue;
        };
        counts.lines += 1;
        if let Some(number) = event["text"].as_str().and_then(number_of_the_flood) {
            assert!(number == next || number == 0, "{name}: line {number} where {next} belongs");
            next = number + 1;
        }
        if RECORDED.iter().any(|kind| event["type"] == *kind) {
            matter.push(offset);
        }
    }
    matter
}

fn number_of_the_flood(text: &str) -> Option<u64> {
    text.strip_prefix("line ")?.split(' ').next()?.parse().ok()
}

/// No agent, nothing that one has started, no shim.
fn nobody_is_left(scene: &Scene) {
    scene.lab.wait("all agents and shims are gone", || {
        (scene.lab.agents().is_empty() && scene.shims().is_empty()).then_some(())
    });
}

/// Each commit of the base branch has both files of a task or none of them, and a task has one
/// merge.
fn base_branch(scene: &Scene) -> usize {
    let commits = scene.lab.git(&["rev-list", "--first-parent", "main"]);
    for commit in commits.lines() {
        let files = scene.lab.git(&["ls-tree", "--name-only", commit]);
        let halves = |end: &str| -> BTreeSet<&str> {
            files.lines().filter_map(|file| file.strip_suffix(end)).collect()
        };
        assert_eq!(halves("-a.txt"), halves("-b.txt"), "{commit} has half a task");
    }
    let subjects = scene.lab.git(&["log", "--first-parent", "--merges", "--format=%s", "main"]);
    let merges: BTreeSet<&str> = subjects.lines().collect();
    assert_eq!(merges.len(), subjects.lines().count(), "no task landed twice:\n{subjects}");
    merges.len()
}

pub(crate) fn document(report: &str) -> String {
    format!(
        "# Torture\n\nWritten by `make torture`, which strikes the real daemon, its shims, agents, repository and \
         disk at random moments\nwhile tasks flow, and then looks whether everything is as if nothing had \
         happened. `crates/cli/tests/torture` is\nwhat strikes and what is looked at; the clock is set back in \
         the [simulation](simulation.md).\n\n```text\n{}\n```\n",
        report.trim()
    )
}

pub(crate) fn report(seed: u64, elapsed: Duration, tally: &Tally, counts: &Counts) -> String {
    let Counts { tasks, entries, launches, bytes, lines, recorded, merges } = counts;
    let mut text = format!("\nTorture, seed {seed}, {:.0} s\n\nblows\n", elapsed.as_secs_f64());
    for (blow, times) in &tally.struck {
        writeln!(text, "  {times:>6}  {blow:?}").unwrap();
    }
    writeln!(text, "  {:>6}  together\n\nwhat came of it", tally.blows()).unwrap();
    for (count, what) in [
        (*tasks as u64, "tasks, all of them done"),
        (*merges as u64, "merges on the base branch: one for each task, none of them half"),
        (*entries as u64, "entries of the journal, without a gap"),
        (*launches as u64, "starts of agents, all of them over"),
        (*bytes, "bytes that agents printed"),
        (*lines as u64, "whole lines in their logs, each once and in order"),
        (*recorded as u64, "of them recorded, each once, at its offset"),
        (0, "agents, shims or what they started left behind"),
        (0, "strangers killed"),
    ] {
        writeln!(text, "  {count:>6}  {what}").unwrap();
    }
    text + "          the user's checkout is as it was\n"
}
