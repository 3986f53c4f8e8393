//! Best of n.

use insta::assert_snapshot;

use super::play::play_with;

/// Three try, each result is checked, the judge chooses.
const THREE: [(&str, &str); 3] = [
    ("owner = \"dev\"", "owner = \"dev\"\nmode = \"best-of-n\"\nn = 3\njudge = \"judge\""),
    ("agents = 2", "agents = 3"),
    ("gates = [{ human = true }]", "gates = [{ check = \"make test\" }, { human = true }]"),
];

/// The three are at work.
const AT_WORK: &str = "
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    started base
    started base
";

/// All of them made something.
const MADE: &str = "
    r2 says DONE: one
    r3 says DONE: two
    r4 says DONE: three
    r2 exits
    r3 exits
    r4 exits
    saved k1
    saved k2
    saved k3
";

#[test]
fn who_does_not_pass_the_checks_is_not_chosen_among() {
    let script = format!("{AT_WORK}{MADE}");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: sifting (checking), head c1, starts 4
      pm: planned
      dev: one
      dev: two
      dev: three
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    e9 check #1/1 at k1: make test
    wakes in 29 min 43 s
    ");
    let script = format!("{script} passed\n failed 1 failed\n passed\n started base");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: choosing (judge at work), head c1, starts 5
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 2 is out: a check did not pass: / 1 failed
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    r5 Choose of judge on #1/0, start 1: running
    wakes in 29 min 39 s
    ");
    let picked = "r5 says DONE: the last;PICK: 3\n r5 exits\n saved c1";
    assert_snapshot!(play_with(&THREE, &format!("{script}\n {picked}")), @r"
    #1 in build: combining (checking), head c1, starts 5
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 2 is out: a check did not pass: / 1 failed
      judge: the last
      crewhouse: candidate 3 is kept
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    r5 Choose of judge on #1/0, start 1: done, Done
    e14 combine [RunId(4)] of #1
    wakes in 29 min 36 s
    ");
    let out = "r5 says DONE: the second;PICK: 2\n r5 exits\n saved c1";
    assert_snapshot!(play_with(&THREE, &format!("{script}\n {out}")), @r"
    #1 in build: stuck (stuck (a1): judge chose none of the candidates), head c1, starts 5
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 2 is out: a check did not pass: / 1 failed
      judge: the second
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    r5 Choose of judge on #1/0, start 1: done, Done
    a1 about #1 from crewhouse: open
    wakes in 29 min 36 s
    ");
}

#[test]
fn who_failed_spoils_nothing_and_the_last_one_needs_no_judge() {
    let script = format!(
        "{AT_WORK}
        r2 says ERROR: no idea
        r3 needs to be logged in
        r4 says DONE: three
        r2 exits
        r3 exits
        r4 exits
        saved k1
        saved k2
        saved k3
        "
    );
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: combining (checking), head c1, starts 4
      pm: planned
      dev: no idea
      dev: three
      crewhouse: candidate 1 is out: no idea
      crewhouse: candidate 2 is out: to be logged in
      crewhouse: candidate 3 is kept
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: error, Error
    r3 Work of dev on #1/2, start 1: error, failures 1, Human trouble
    r4 Work of dev on #1/3, start 1: done, Done
    e9 combine [RunId(4)] of #1
    wakes in 29 min 43 s
    ");
    let script = format!("{AT_WORK}{MADE} failed\n failed");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: combining (checking), head c1, starts 4
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 1 is out: a check did not pass: / 
      crewhouse: candidate 2 is out: a check did not pass: / 
      crewhouse: candidate 3 is kept
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    e11 combine [RunId(4)] of #1
    wakes in 29 min 41 s
    ");
    let script = format!("{script}\n combined c2\n failed 3 failed");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in plan: working (pm at work), visit 2, head c2, starts 5
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 1 is out: a check did not pass: / 
      crewhouse: candidate 2 is out: a check did not pass: / 
      crewhouse: candidate 3 is kept
      crewhouse: a check did not pass: / 3 failed
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    r5 Work of pm on #1/0, start 1: preparing
    e13 start r5.1
    wakes in 29 min 39 s
    ");
}

/// Two others know their own work best, and it is not what is there.
#[test]
fn who_was_kept_is_asked_about_the_work() {
    let script = format!(
        "{AT_WORK}{MADE} passed
        failed
        passed
        started base
        r5 says DONE: the first;PICK: 1
        r5 exits
        saved c1
        combined c2
        question 1 author Why?"
    );
    let played = play_with(&THREE, &script);
    assert!(played.contains("r6 Answer of dev on #1/1"), "{played}");
}

#[test]
fn where_all_failed_the_pm_is_asked() {
    let script = format!(
        "{AT_WORK}
        r2 says ERROR: no idea
        r3 says ERROR: me neither
        r4 says REQUEST: what is it for?
        r2 exits
        r3 exits
        r4 exits
        saved k1
        saved k2
        saved k3
        "
    );
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: consulting (pm at work), head c1, starts 5, consults 1
      pm: planned
      dev: no idea
      dev: me neither
      dev: what is it for?
      crewhouse: dev failed: no idea
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: error, Error
    r3 Work of dev on #1/2, start 1: error, Error
    r4 Work of dev on #1/3, start 1: request, Request
    r5 Consult of pm on #1/0, start 1: preparing
    e9 start r5.1
    wakes in 29 min 43 s
    ");
}

#[test]
fn a_candidate_whose_check_does_not_end_holds_up_no_other() {
    let script = format!("{AT_WORK}{MADE} unchecked it hangs\n passed\n failed");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: combining (checking), head c1, starts 4
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 1 was not checked: it hangs
      crewhouse: candidate 3 is out: a check did not pass: / 
      crewhouse: candidate 2 is kept
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    e12 combine [RunId(3)] of #1
    wakes in 29 min 40 s
    ");
    let script = format!("{AT_WORK}{MADE} unchecked no make\n failed\n unchecked no make");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: stuck (stuck (a1): no candidate could be checked to the end), head c1, starts 4
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 1 was not checked: no make
      crewhouse: candidate 2 is out: a check did not pass: / 
      crewhouse: candidate 3 was not checked: no make
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    a1 about #1 from crewhouse: open
    wakes in 29 min 40 s
    ");
    let script = format!("{script}\n answer a1 try again");
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: sifting (checking), head c1, starts 4
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 1 was not checked: no make
      crewhouse: candidate 2 is out: a check did not pass: / 
      crewhouse: candidate 3 was not checked: no make
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    a1 about #1 from crewhouse: answered `try again`
    e12 check #1/1 at k1: make test
    wakes in 29 min 39 s
    ");
}

#[test]
fn who_passed_is_not_checked_again_where_the_judge_chose_nobody() {
    let script = format!(
        "{AT_WORK}{MADE} passed
        failed
        passed
        started base
        r5 says DONE: none of them
        r5 exits
        saved c1
        answer a1 try again"
    );
    assert_snapshot!(play_with(&THREE, &script), @r"
    #1 in build: choosing (judge at work), head c1, starts 6
      pm: planned
      dev: one
      dev: two
      dev: three
      crewhouse: candidate 2 is out: a check did not pass: / 
      judge: none of them
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/1, start 1: done, Done
    r3 Work of dev on #1/2, start 1: done, Done
    r4 Work of dev on #1/3, start 1: done, Done
    r5 Choose of judge on #1/0, start 1: done, Done
    r6 Choose of judge on #1/0, start 1: preparing
    a1 about #1 from crewhouse: answered `try again`
    e14 start r6.1
    wakes in 29 min 35 s
    ");
}
