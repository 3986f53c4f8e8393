//! The way of tasks.

use insta::assert_snapshot;

use super::BUILT;
use super::play::{play, play_with};

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
    #1 in build: working (waits for the limit of native), head c1, starts 1
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

#[test]
fn who_only_judges_does_not_bring_the_base_branch_in() {
    let judged = "owner = \"human\"";
    let gates = "gates = [{ verdict = \"judge\" }, { human = true }]";
    let team = [("owner = \"dev\"", judged), ("gates = [{ human = true }]", gates)];
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        started c1
        r2 says DONE: good;VERDICT: pass;EVIDENCE: tests
        r2 exits
        saved c1
        approve #1
        conflict a.rs
        unstarted x
        move #1 build
        saved c1
        started c1
    ";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in build: judging (judge at work), head c1, to catch up, starts 4
      pm: planned
      judge: good
      crewhouse: it conflicts with the base branch in: a.rs
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Verdict of judge on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: cancelled, failures 1, Transient trouble
    r4 Verdict of judge on #1/0, start 1: running
    wakes in 29 min 45 s
    ");
}

#[test]
fn worktrees_that_could_not_be_given_back_are_tried_again() {
    let script = "
        add
        cancel 1
        stopped
        saved c1
        unreleased a terminal stands in it
        wait 1700
    ";
    let kept = play(script);
    assert!(
        kept.contains("#1 in plan: cancelled (cancelled), head c1, starts 1, keeps its worktree"),
        "{kept}"
    );
    assert!(!kept.contains("release"), "{kept}");
    let again = play(&format!("{script}\nwait 200"));
    assert!(again.contains("release #1") && !again.contains("keeps"), "{again}");
    let gone = play(&format!("{script}\nwait 200\nreleased"));
    assert!(!gone.contains("release") && !gone.contains("wakes"), "{gone}");
}
