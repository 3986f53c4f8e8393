//! Scripts in a worktree.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crew_git::{Script, ScriptOutcome};
use fixture::{Fixture, read};

static NONE: BTreeMap<String, String> = BTreeMap::new();

const LONG: Duration = Duration::from_mins(1);

fn script<'a>(command: &'a str, log: &'a Path) -> Script<'a> {
    Script {
        through: &[],
        environment: &NONE,
        command,
        deadline: LONG,
        log,
        log_bytes_max: Script::LOG_BYTES_MAX,
        marker: "test-mark",
        cancelled: &|| false,
    }
}

#[test]
fn a_script_runs_in_the_worktree_and_its_output_is_appended() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let run = |command: &str| worktree.run_script(&script(command, &log)).unwrap();
    assert_eq!(run("cat a.txt; echo oops >&2; exit 3"), ScriptOutcome::Exited(3));
    assert_eq!(read(&log), "one\ntwo\nthree\noops\n");
    assert_eq!(run("cat; pwd"), ScriptOutcome::Exited(0));
    assert!(read(&log).ends_with(&format!("oops\n{}\n", worktree.path().display())));
    assert_eq!(run("kill -9 $$"), ScriptOutcome::Exited(128 + 9));
}

#[test]
fn a_deadline_ends_the_whole_group() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let begun = Instant::now();
    let deadline = Duration::from_millis(200);
    let script = Script { deadline, ..script("sleep 300 & sleep 300", &log) };
    let outcome = worktree.run_script(&script).unwrap();
    assert_eq!(outcome, ScriptOutcome::TimedOut);
    assert!(begun.elapsed() < LONG);
    // Nobody is left inside, so the worktree can be taken back.
    fixture.worktrees.release("t").unwrap();
}

#[test]
fn what_a_script_leaves_running_is_ended() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let outcome = worktree.run_script(&script("sleep 300 & echo ready", &log)).unwrap();
    assert_eq!(outcome, ScriptOutcome::Exited(0));
    assert_eq!(read(&log), "ready\n");
    fixture.worktrees.release("t").unwrap();
    let worktree = fixture.acquire("t");
    let stubborn = "trap '' TERM; while :; do sleep 1; done";
    let deadline = Duration::from_millis(200);
    let stubborn = Script { deadline, ..script(stubborn, &log) };
    let outcome = worktree.run_script(&stubborn).unwrap();
    assert_eq!(outcome, ScriptOutcome::TimedOut);
    fixture.worktrees.release("t").unwrap();
}

#[test]
fn a_script_that_is_called_off_ends() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let called_off = || log.exists();
    let outcome = worktree
        .run_script(&Script { cancelled: &called_off, ..script("sleep 300", &log) })
        .unwrap();
    assert_eq!(outcome, ScriptOutcome::Cancelled);
    fixture.worktrees.release("t").unwrap();
}

#[test]
fn a_script_gets_what_a_build_needs_and_its_mark_and_no_more() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the tests are run by cargo");
    assert_eq!(worktree.run_script(&script("env", &log)).unwrap(), ScriptOutcome::Exited(0));
    let text = read(&log);
    let home = fixture.path().join("home");
    for line in ["CREWHOUSE_RUN=test-mark", &format!("HOME={}", home.display())] {
        assert!(text.lines().any(|l| l == line), "{line} is not in {text}");
    }
    assert!(text.lines().any(|line| line.starts_with("PATH=")), "{text}");
    assert!(!text.contains("CARGO_MANIFEST_DIR"), "{text}");
}

#[test]
fn a_script_that_prints_too_much_is_ended() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    std::fs::write(&log, "x".repeat(200_000)).unwrap();
    let small = |command| Script { log_bytes_max: 100_000, ..script(command, &log) };
    // What was in the log before does not count.
    let outcome = worktree.run_script(&small("echo fits; sleep 0.1")).unwrap();
    assert_eq!(outcome, ScriptOutcome::Exited(0));
    let begun = Instant::now();
    let flood = "trap '' TERM; while :; do echo 0123456789012345678901234567890123456789; done";
    let outcome = worktree.run_script(&small(flood)).unwrap();
    assert_eq!(outcome, ScriptOutcome::TooMuchOutput);
    assert!(begun.elapsed() < LONG);
    fixture.worktrees.release("t").unwrap();
}
