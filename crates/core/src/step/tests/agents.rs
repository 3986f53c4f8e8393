//! What agents said or did.

use insta::assert_snapshot;

use super::TWO;
use super::play::play;

#[test]
fn what_comes_twice_late_or_from_an_earlier_start_changes_nothing() {
    let script = "
        add
        started base
        r1 uses 7
        r1 again
        r1 exits
        r1 exits
        twice
        wait 20
        r1 stale
    ";
    assert_snapshot!(play(script), @r"
    ! r1 again: that was taken in before
    ! r1 exits: the run has no agent any more
    ! twice: that effect was settled before
    ! r1 stale: it comes from an earlier start of the run
    #1 in plan: working (pm at work), head base, spent 7, starts 2
    r1 Work of pm on #1/0, start 2: preparing, failures 1, Transient trouble
    e2 start r1.2
    wakes in 29 min 31 s
    ");
}

#[test]
fn a_question_survives_the_agent_and_is_answered_when_it_is_asked_again() {
    let script = "
        add
        started base
        r1 asks colour
        r1 exits
        answer a1 red
        wait 20
        started base
        r1 asks colour
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: running, failures 1
    a1 about #1 from r1 by `colour`: answered `red`
    e3 send a1 `red` to r1.2
    wakes in 29 min 32 s
    ");
}

#[test]
fn who_has_responded_asks_nothing_any_more() {
    assert_snapshot!(play("add\n started base\n r1 says DONE: planned\n r1 asks more"), @r"
    ! r1 asks more: it has responded, and needs no answer any more
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running responded, Done
    wakes in 14 s
    ");
}

#[test]
fn a_response_file_may_overtake_the_news_of_the_start() {
    assert_snapshot!(play("add\n file pm DONE: planned"), @r"
    #1 in plan: working (pm at work), starts 1
    r1 Work of pm on #1/0, start 1: running responded, Done
    e1 start r1.1
    wakes in 15 s
    ");
}

#[test]
fn a_response_file_that_comes_after_the_exit_spares_another_start() {
    assert_snapshot!(play("add\n started base\n r1 exits\n file pm DONE: planned;ISSUE: #1"), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: saving, failures 1, Done, Transient trouble
    e2 save r1 Commit
    wakes in 29 min 56 s
    ");
}

#[test]
fn a_response_file_for_another_task_or_role_changes_nothing() {
    let script = "
        add
        started base
        file pm DONE: x;ISSUE: #7
        file dev DONE: x;ISSUE: #1
        r1 exits
        file pm DONE: of whom?
    ";
    assert_snapshot!(play(script), @r"
    ! file pm DONE: x;ISSUE: #7: no run, or more than one, fits this response
    ! file dev DONE: x;ISSUE: #1: no run, or more than one, fits this response
    ! file pm DONE: of whom?: no run, or more than one, fits this response
    #1 in plan: working (queued: it failed and is started again in a moment), head base, starts 1
    r1 Work of pm on #1/0, start 1: queued in 9 s, failures 1, Transient trouble
    wakes in 9 s
    ");
}

#[test]
fn last_words_that_follow_no_protocol_are_told_to_the_next_start() {
    assert_snapshot!(play("add\n started base\n r1 says all good\n r1 exits"), @r"
    #1 in plan: working (queued: it failed and is started again in a moment), head base, starts 1
    r1 Work of pm on #1/0, start 1: queued in 10 s, failures 1, Protocol trouble
    wakes in 10 s
    ");
}

#[test]
fn what_a_start_says_about_its_failure_is_not_forgotten_when_the_start_is_settled_late() {
    assert_snapshot!(play("add\n r1 needs a key\n started base\n r1 exits"), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: saving, failures 1, Human trouble
    e2 save r1 Snapshot
    wakes in 29 min 56 s
    ");
}

#[test]
fn one_limit_that_several_meet_is_one_refusal_and_one_probe() {
    let met = format!(
        "{TWO} r3 limited\n r4 limited\n r3 exits\n r4 exits\n stopped\n stopped\n wait 310"
    );
    assert_snapshot!(play(&met), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
    #2 in build: working (queued: r3 tries whether native serves again), head c2, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 2: preparing
    r4 Work of dev on #2/0, start 1: limited 12 s ago
    limit of native 12 s ago, guesses 1, probe Some(RunId(3))
    e9 start r3.2
    wakes in 24 min 31 s
    ");
}

#[test]
fn who_tries_whether_the_provider_serves_again_is_not_joined_by_another() {
    // r3 meets the limit, waits and tries again; r4 was at work all the time and meets it late.
    let script = format!(
        "{TWO} r3 limited 10\n r3 exits\n stopped\n wait 10\n started base\n r4 limited 1\n r4 exits
         stopped\n wait 2"
    );
    assert_snapshot!(play(&script), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
    #2 in build: working (queued: r3 tries whether native serves again), head c2, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 2: running
    r4 Work of dev on #2/0, start 1: limited 3 s ago
    limit of native 3 s ago, guesses 0, probe Some(RunId(3))
    wakes in 29 min 27 s
    ");
}

#[test]
fn time_in_which_the_machine_slept_counts_against_no_agent() {
    let worked = play("add\nstarted base\nwait 3000\nwait 700");
    assert!(worked.contains("r1 Work of pm on #1/0, start 1: stopping"), "{worked}");
    let slept = play("add\nstarted base\nwait 3000\nsleep 600\nwait 100");
    assert!(slept.contains("r1 Work of pm on #1/0, start 1: running"), "{slept}");
}
