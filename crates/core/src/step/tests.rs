//! Decisions as plays: a script of events, and all that is visible afterwards.

mod play;

use insta::assert_snapshot;
use play::{play, play_with};

/// The PM has planned, the developer has built.
const BUILT: &str = "
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 says DONE: built
    r2 exits
    saved c2
";

#[test]
fn a_task_goes_its_way() {
    assert_snapshot!(play(BUILT), @r"
    #1 in build: approving (needs your approval), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    wakes in 29 min 51 s
    ");
    assert_snapshot!(play(&format!("{BUILT} approve #1 c2 \n merged m1")), @r"
    #1 in done: done (done), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    e6 release #1
    ");
}

#[test]
fn an_approval_counts_for_the_commit_that_was_seen() {
    assert_snapshot!(play(&format!("{BUILT} approve #1 c1")), @r"
    ! approve #1 c1: refused, #1 has changed since that commit
    #1 in build: approving (needs your approval), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    wakes in 29 min 50 s
    ");
}

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

/// Two developers at work, on one task each.
const TWO: &str = "
    add
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 says DONE: planned
    r2 exits
    saved c2
    started base
    started base
";

#[test]
fn one_limit_that_several_meet_is_one_refusal_and_one_probe() {
    let met = format!(
        "{TWO} r3 limited\n r4 limited\n r3 exits\n r4 exits\n stopped\n stopped\n wait 300"
    );
    assert_snapshot!(play(&met), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
    #2 in build: working (queued: r3 tries whether the provider serves again), head c2, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 2: preparing
    r4 Work of dev on #2/0, start 1: limited 6 s ago
    limit of native 6 s ago, guesses 1, probe Some(RunId(3))
    e9 start r3.2
    wakes in 24 min 41 s
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
    #2 in build: working (queued: r3 tries whether the provider serves again), head c2, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 2: running
    r4 Work of dev on #2/0, start 1: limited 4 s ago
    limit of native 4 s ago, guesses 0, probe Some(RunId(3))
    wakes in 29 min 27 s
    ");
}

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
fn a_task_that_goes_elsewhere_takes_along_what_an_earlier_start_left() {
    let script = "add\n started base\n r1 limited 60\n r1 exits\n stopped\n move #1 build";
    assert_snapshot!(play(script), @r"
    #1 in plan: moving (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: saving
    limit of native in 57 s, guesses 0, probe None
    e3 save r1 Snapshot
    wakes in 29 min 54 s
    ");
    assert_snapshot!(play(&format!("{script}\n saved c1")), @r"
    #1 in build: working (limited), head c1, starts 1
    r1 Work of pm on #1/0, start 1: cancelled
    r2 Work of dev on #1/0, start 0: queued
    limit of native in 56 s, guesses 0, probe None
    wakes in 56 s
    ");
}

#[test]
fn a_task_does_not_leave_while_its_work_is_being_combined() {
    let parallel = "owner = \"dev\"\nmode = \"parallel\"\nroles = [\"dev\", \"judge\"]";
    let script = "
        add
        r1 says DONE: planned
        r1 exits
        saved c1
        r2 says DONE: x
        r3 says DONE: x
        r2 exits
        r3 exits
        saved c2
        saved c3
        move #1 plan
    ";
    let team = [("owner = \"dev\"", parallel)];
    assert_snapshot!(play_with(&team, script), @r"
    #1 in build: moving (queued: its turn comes), head c1, starts 3
      pm: planned
      dev: x
      judge: x
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of judge on #1/2, start 1: done, Done
    e1 start r1.1
    e3 start r2.1
    e4 start r3.1
    e7 combine [RunId(2), RunId(3)] of #1
    wakes in 29 min 49 s
    ");
    assert_snapshot!(play_with(&team, &format!("{script} combined c4")), @r"
    #1 in plan: working (pm at work), head c4, starts 4
      pm: planned
      dev: x
      judge: x
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of judge on #1/2, start 1: done, Done
    r4 Work of pm on #1/0, start 1: preparing
    e1 start r1.1
    e3 start r2.1
    e4 start r3.1
    e8 start r4.1
    wakes in 29 min 48 s
    ");
}

#[test]
fn the_base_branch_is_merged_into_every_worktree_before_the_next_work() {
    let script = format!(
        "{BUILT} approve #1\n conflict a.rs\n started base\n r3 says DONE: replanned\n r3 exits
         saved c3"
    );
    assert_snapshot!(play(&script), @r"
    #1 in build: working (dev at work), visit 2, head c3, starts 4
      pm: planned
      dev: built
      crewhouse: it conflicts with the base branch in: a.rs
      pm: replanned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 1: preparing
    e8 start r4.1
    wakes in 29 min 45 s
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
fn landing_leaves_no_question_behind() {
    let script = format!("{BUILT} approve #1\n merged m1\n wait 4000");
    let team = [("mode = \"end\"", "mode = \"end\"\nvisits = 1")];
    assert_snapshot!(play_with(&team, &script), @r"
    #1 in done: done (done), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    e6 release #1
    ");
}

#[test]
fn while_everything_is_stopped_nothing_is_due() {
    let script = format!("{BUILT} approve #1\n held dirty\n emergency\n wait 60");
    assert_snapshot!(play(&script), @r"
    #1 in build: held (stopped), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    everything is stopped
    wakes in 28 min 47 s
    ");
    assert_snapshot!(play(&format!("{script}\n release")), @r"
    #1 in build: landing (merging), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    e6 merge #1 at c2
    wakes in 28 min 46 s
    ");
}

#[test]
fn who_depended_on_what_was_given_up_does_not_wait_for_ever() {
    // #2 has not begun: the PM decides. #3 is at work when it comes to depend on #1: it goes on.
    let script = "
        add
        add 1
        add
        emergency
        cancel #1
        release
        unstarted x
        saved x
        edit #3 1
        wait 1800
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: cancelled (cancelled), head x, starts 1
    #2 in plan: consulting (queued: its role is busy), consults 1
      crewhouse: it depended on #1, which was given up
    #3 in plan: working (pm at work), starts 1
      crewhouse: it depended on #1, which was given up
    r1 Work of pm on #1/0, start 1: cancelled, Transient trouble
    r2 Work of pm on #3/0, start 1: preparing
    r3 Consult of pm on #2/0, start 0: queued
    e2 stop r1.1
    e4 start r2.1
    e5 release #1
    wakes in 30 min
    ");
}

#[test]
fn a_task_that_the_human_moves_is_not_held_to_have_been_there_before() {
    let team = [("owner = \"dev\"", "owner = \"human\"\nvisits = 1")];
    let script = "add\n unstarted x\n move #1 build\n saved x\n move #1 build\n move #1 build";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in build: approving (needs your approval), head x, starts 1
    r1 Work of pm on #1/0, start 1: cancelled, failures 1, Transient trouble
    wakes in 29 min 54 s
    ");
}

#[test]
fn who_waits_for_another_task_takes_no_room_from_it() {
    // Only one may be in build; #2 is put there, and waits for #1.
    let team = [("owner = \"dev\"", "owner = \"dev\"\nwip = 1")];
    let script = "
        add
        add 1
        move #2 build
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
    ";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
    #2 in build: waiting (blocked by #1), after {TaskId(1)}
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: preparing
    e3 start r2.1
    wakes in 29 min 53 s
    ");
}
