//! What the gates said, as the dots of a card.

use super::BUILT;
use super::play::Play;
use crate::TaskId;
use crate::judged::{GateResult, Standing, marks};

/// The marks of the first task, each as `gate@stage` with a sign for how it stands.
fn check(play: &Play, expect: &str) {
    let task = &play.state.tasks[&TaskId(1)];
    let team = &play.state.projects[&task.project].team;
    let marks = marks(team, task);
    let shown = marks.iter().map(|mark| {
        let sign = match mark.standing {
            Standing::Ahead => '·',
            Standing::Running => '~',
            Standing::Waits => '?',
            Standing::Judged(GateResult::Passed) => '+',
            Standing::Judged(GateResult::Failed) => '-',
            Standing::Judged(GateResult::NotRun) => '!',
        };
        format!("{}{sign}@{}", mark.gate.map_or("merge", |gate| gate.label()), mark.stage)
    });
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expect);
}

const GATES: (&str, &str) = (
    "gates = [{ human = true }]",
    "gates = [{ check = \"make test\" }, { verdict = \"judge\" }, { human = true }]",
);

#[test]
fn each_gate_shows_what_it_said_last() {
    let mut play = Play::new(&[GATES]);
    play.run("add");
    check(&play, "make test·@build judge·@build human·@build");
    let built = BUILT.trim().strip_prefix("add").unwrap();
    play.run(built);
    check(&play, "make test~@build judge·@build human·@build");
    play.run("failed it broke");
    check(&play, "make test-@build judge·@build human·@build");
    play.run("started c2\n r3 says DONE: planned\n r3 exits\n saved c3");
    play.run("started c3\n r4 says DONE: built\n r4 exits\n saved c4\n passed fine");
    check(&play, "make test+@build judge~@build human·@build");
    play.run("started c4\n r5 says DONE: good;VERDICT: pass;EVIDENCE: tests\n r5 exits\n saved c4");
    check(&play, "make test+@build judge+@build human?@build");
    play.run("reject #1 not like this");
    // What passed is judged again, and what failed is remembered until then.
    check(&play, "make test·@build judge·@build human-@build");
}

#[test]
fn a_merge_that_did_not_succeed_is_a_mark_until_one_does() {
    let mut play = Play::new(&[]);
    play.run(&format!("{BUILT} approve #1 c2 \n conflict a.txt"));
    check(&play, "human·@build merge-@build");
    let state = &play.state.tasks[&TaskId(1)].judged;
    assert_eq!(state[0].commit.as_ref().map(|it| it.0.as_str()), Some("c2"));
}

#[test]
fn what_did_not_run_is_not_green() {
    let mut play = Play::new(&[GATES]);
    play.run(&format!("{BUILT} unchecked no such program"));
    check(&play, "make test!@build judge·@build human·@build");
}
