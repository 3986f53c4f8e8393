//! Budgets, and a team that changes.

use insta::assert_snapshot;

use super::BUILT;
use super::play::{play, play_with};

#[test]
fn a_budget_that_is_only_reserved_is_waited_for_and_one_that_is_spent_is_asked_for() {
    let parallel = "owner = \"dev\"\nmode = \"parallel\"\nroles = [\"dev\", \"judge\"]";
    let team = [("owner = \"dev\"", parallel), ("task_tokens = 1000", "task_tokens = 150")];
    let script = "
        add
        started base
        r1 uses 10
        r1 says DONE: planned
        r1 exits
        saved c1
        started base
    ";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in build: working (dev at work), head c1, spent 10, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: running
    r3 Work of judge on #1/2, start 0: queued
    wakes in 29 min 53 s
    ");
    let spent = format!("{script} r2 uses 90\n r2 says DONE: x\n r2 exits\n saved c2");
    assert_snapshot!(play_with(&team, &spent), @r"
    #1 in build: working (stuck (a1): its budget is used up), head c1, spent 100, starts 2, budget ask Some(AskId(1))
      pm: planned
      dev: x
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of judge on #1/2, start 0: queued
    a1 about #1 from crewhouse: open
    wakes in 29 min 49 s
    ");
    let raised = format!("{spent}\n team task_tokens = 150 => task_tokens = 900");
    assert_snapshot!(play_with(&team, &raised), @r"
    #1 in build: working (judge at work), head c1, spent 100, starts 3
      pm: planned
      dev: x
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of judge on #1/2, start 1: preparing
    a1 about #1 from crewhouse: expired
    e5 start r3.1
    wakes in 29 min 48 s
    ");
}

#[test]
fn gates_that_change_judge_again_what_waits_behind_them() {
    let human = "gates = [{ human = true }]";
    let check = "gates = [{ check = \"make test\" }, { human = true }]";
    // A gate more before the one that it waits at: the new one comes first.
    let more = format!("{BUILT} team {human} => {check}");
    assert_snapshot!(play(&more), @r"
    #1 in build: checking (checking), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    e5 check #1 at c2: make test
    wakes in 29 min 50 s
    ");
    // A gate less: what is being checked does not slip past the human's approval.
    let less = format!("{BUILT} team {check} => {human}\n passed");
    assert_snapshot!(play_with(&[(human, check)], &less), @r"
    #1 in build: approving (needs your approval), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    wakes in 29 min 49 s
    ");
}

#[test]
fn a_team_without_a_place_for_a_task_on_its_way_is_refused() {
    let ready = "name = \"ready\"\nowner = \"pm\"\nmode = \"queue\"\nnext = [\"done\"]\nwip = 1\n";
    let team = [
        ("next = [\"done\"]\nback", "next = [\"ready\"]\nback"),
        ("[[stages]]\nname = \"done\"", &format!("[[stages]]\n{ready}[[stages]]\nname = \"done\"")),
    ];
    let script = format!("{BUILT} pause #1\n team ready => later\n team build => make");
    assert_snapshot!(play_with(&team, &script), @r"
    ! team ready => later: refused, the new team has no stage `ready`, but #1 needs it
    ! team build => make: refused, the new team has no stage `build`, but #1 needs it
    #1 in build: approving (needs your approval), paused, head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    wakes in 29 min 48 s
    ");
}

#[test]
fn a_role_that_is_gone_does_not_keep_a_stuck_task_stuck() {
    let script = "
        add
        r1 says DONE: planned
        r1 exits
        saved c1
        r2 needs a key
        r2 exits
        saved c2
        team owner = \"dev\" => owner = \"judge\"
        team dev = => maker =
        answer a1 try again
    ";
    assert_snapshot!(play(script), @r"
    #1 in build: working (judge at work), head c2, starts 3
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: error, failures 1, Human trouble
    r3 Work of judge on #1/0, start 1: preparing
    a1 about #1 from crewhouse: answered `try again`
    e1 start r1.1
    e3 start r2.1
    e5 start r3.1
    wakes in 29 min 50 s
    ");
}

#[test]
fn a_team_may_change_while_somebody_works_whom_the_human_chose() {
    let second =
        "[providers.second]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"\n[roles]\n";
    let script = "
        add
        started base
        hand 1 second
        interrupted
        saved c1
        team agents = 3 => agents = 2
        team [providers.second] => [providers.third]
    ";
    assert_snapshot!(play_with(&[("[roles]\n", second)], script), @r"
    ! team [providers.second] => [providers.third]: refused, the new team has no role `pm` with provider `second`, but r2 needs it
    #1 in plan: working (pm at work), head c1, starts 2
      crewhouse: You handed the work of pm over from `native` to `second`
    r1 Work of pm on #1/0, start 1: handed-over
    r2 Work of pm on #1/0, start 1: preparing, with second: you handed it over, after r1
    e4 start r2.1
    wakes in 29 min 53 s
    ");
}
