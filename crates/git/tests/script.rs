//! Scripts in a worktree.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use std::time::{Duration, Instant};

use crew_git::ScriptOutcome;
use fixture::{Fixture, read};

const LONG: Duration = Duration::from_mins(1);
const NEVER: &dyn Fn() -> bool = &|| false;

#[test]
fn a_script_runs_in_the_worktree_and_its_output_is_appended() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let run = |command: &str| worktree.run_script(command, LONG, &log, NEVER).unwrap();
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
    let outcome = worktree
        .run_script("sleep 300 & sleep 300", Duration::from_millis(200), &log, NEVER)
        .unwrap();
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
    let outcome = worktree.run_script("sleep 300 & echo ready", LONG, &log, NEVER).unwrap();
    assert_eq!(outcome, ScriptOutcome::Exited(0));
    assert_eq!(read(&log), "ready\n");
    fixture.worktrees.release("t").unwrap();
    let worktree = fixture.acquire("t");
    let stubborn = "trap '' TERM; while :; do sleep 1; done";
    let outcome = worktree.run_script(stubborn, Duration::from_millis(200), &log, NEVER).unwrap();
    assert_eq!(outcome, ScriptOutcome::TimedOut);
    fixture.worktrees.release("t").unwrap();
}

#[test]
fn a_script_that_is_called_off_ends() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let log = fixture.path().join("setup.log");
    let called_off = || log.exists();
    let outcome = worktree.run_script("sleep 300", LONG, &log, &called_off).unwrap();
    assert_eq!(outcome, ScriptOutcome::Cancelled);
    fixture.worktrees.release("t").unwrap();
}
