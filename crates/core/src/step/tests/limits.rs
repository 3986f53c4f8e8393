//! What bounds the work: providers that serve nothing, who steps in, and circles.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::BUILT;
use super::play::{Play, play_with};
use crate::{Event, ProjectId, TaskDraft};

const SECOND: (&str, &str) = (
    "[roles]\n",
    "[providers.second]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"\n[roles]\n",
);
const PM: &str = "pm = { provider = \"native\" }";
const DEV: &str = "dev = { provider = \"native\", agents = 2 }";

/// Another steps in for the PM's provider.
fn with_fallback(script: &str) -> String {
    let pm = (PM, "pm = { provider = \"native\", fallback = [\"second\"] }");
    play_with(&[SECOND, pm], script)
}

/// Developers are cheap to begin with.
fn with_tiers(script: &str) -> String {
    let tiers = "[tiers]\ncheap = [\"native\"]\nexpert = [\"second\", \"native\"]\n[roles]\n";
    let second = SECOND.1.replace("[roles]\n", tiers);
    play_with(&[(SECOND.0, &second), (DEV, "dev = { tier = \"cheap\" }")], script)
}

#[test]
fn the_human_knows_that_a_provider_serves_again() {
    let limited = "
        add
        add
        started base
        r1 limited 86400
        r1 exits
        stopped
    ";
    let script = format!("{limited} lift native");
    assert_snapshot!(play_with(&[], &script), @r"
    #1 in plan: working (pm at work), head base, starts 2
    #2 in plan: working (queued: r1 tries whether native serves again)
    r1 Work of pm on #1/0, start 2: preparing
    r2 Work of pm on #2/0, start 0: queued
    limit of native in 0 ms, guesses 0, probe Some(RunId(1))
    e3 start r1.2
    wakes in 29 min 53 s
    ");
    let served = format!("{script}\n started base\n r1 uses 3");
    assert_snapshot!(play_with(&[], &served), @r"
    #1 in plan: working (pm at work), head base, spent 3, starts 2
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 2: running
    r2 Work of pm on #2/0, start 0: queued
    wakes in 29 min 51 s
    ");
    let refused = format!("{script}\n started base\n r1 limited 600\n r1 exits\n stopped");
    assert_snapshot!(play_with(&[], &refused), @r"
    #1 in plan: working (waits for the limit of native), head base, starts 2
    #2 in plan: working (waits for the limit of native)
    r1 Work of pm on #1/0, start 2: limited in 10 min 1 s
    r2 Work of pm on #2/0, start 0: queued
    limit of native in 10 min 1 s, guesses 0, probe None
    wakes in 10 min 1 s
    ");
    // The quiet hours are for what nobody asked for.
    let quiet = [("[limits]", "[limits]\nquiet_hours = \"10:00-20:00\"")];
    let waits = "r1 Work of pm on #1/0, start 1: limited";
    assert!(play_with(&quiet, &format!("{limited} wait 86500")).contains(waits));
    let tries = "r1 Work of pm on #1/0, start 2: preparing";
    assert!(play_with(&quiet, &script).contains(tries));
    let refused = "add\n lift native\n lift nobody\n unserved no key\n lift native";
    assert_snapshot!(play_with(&[], refused), @r"
    ! lift native: refused, `native` is not limited
    ! lift nobody: refused, the team has no provider `nobody`
    #1 in plan: working (pm at work), starts 2
    r1 Work of pm on #1/0, start 2: preparing, Provider trouble
    a1 about #1 from crewhouse about `native`: expired
    limit of native in 0 ms, guesses 0, probe Some(RunId(1))
    e2 start r1.2
    wakes in 29 min 55 s
    ");
}

#[test]
fn who_waits_out_a_limit_by_itself_waits_without_an_agent() {
    let script = "add\n started base\n r1 overheard\n r1 overheard";
    assert_snapshot!(play_with(&[], script), @r"
    ! r1 overheard: it is not at work
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: stopping Limit { until: (1728043506984) }
    limit of native in 5 min 2 s, guesses 1, probe None
    e2 stop r1.1
    wakes in 29 min 56 s
    ");
    let responded = "add\n started base\n r1 says DONE: planned\n r1 overheard 60";
    assert_snapshot!(play_with(&[], responded), @r"
    ! r1 overheard 60: it is not at work
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running responded, Done
    wakes in 14 s
    ");
}

#[test]
fn a_provider_that_refuses_several_is_one_thing_to_see_to() {
    let script = "
        add
        add
        unserved no key
    ";
    assert_snapshot!(play_with(&[], script), @r"
    #1 in plan: working (needs your answer (a1)), starts 1
    #2 in plan: working (needs your answer (a1))
    r1 Work of pm on #1/0, start 1: limited in 0 ms, Provider trouble
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about `native`: open
    limit of native in 0 ms, guesses 0, probe None, for you to see to
    wakes in 29 min 57 s
    ");
    let seen_to = "
        answer a1 try again
        started base
        r1 refused no key
        stopped
        answer a2 I have signed in
        started base
        r1 uses 1
    ";
    assert_snapshot!(play_with(&[], &format!("{script}{seen_to}")), @r"
    #1 in plan: working (pm at work), head base, spent 1, starts 3
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 3: running
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about `native`: answered `try again`
    a2 about #2 from crewhouse about `native`: answered `I have signed in`
    wakes in 29 min 50 s
    ");
}

/// Both projects are served by one account.
fn with_account(script: &str) -> String {
    let model = "api = \"playbook\"\nmodel = \"builtin\"";
    play_with(&[(model, "api = \"ollama\"\nmodel = \"m\"")], script)
}

#[test]
fn a_limit_of_one_account_is_found_out_once_in_all_projects() {
    let script = "
        project q
        add
        add p2
        started base
        started base
        r1 limited 600
        stopped
        wait 599
        add p2
        wait 60
    ";
    assert_snapshot!(with_account(script), @r"
    #1 in plan: working (pm at work), head base, starts 2
    #2 in plan: working (pm at work), head base, starts 1
    #3 in plan: working (queued: r1 tries whether native serves again)
    r1 Work of pm on #1/0, start 2: preparing
    r2 Work of pm on #2/0, start 1: running
    r3 Work of pm on #3/0, start 0: queued
    limit of native api=ollama model=m 40 s ago, guesses 0, probe Some(RunId(1))
    e4 start r1.2
    wakes in 18 min 51 s
    ");
    let served = "
        started base
        r1 uses 1
    ";
    assert_snapshot!(with_account(&format!("{script}{served}")), @r"
    #1 in plan: working (pm at work), head base, spent 1, starts 2
    #2 in plan: working (pm at work), head base, starts 1
    #3 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 2: running
    r2 Work of pm on #2/0, start 1: running
    r3 Work of pm on #3/0, start 0: queued
    wakes in 18 min 49 s
    ");
}

#[test]
fn a_refusal_of_one_account_is_one_thing_to_see_to_in_all_projects() {
    let script = "
        project q
        add
        add p2
        started base
        started base
        r1 refused signed out
        r2 refused signed out
        stopped
        stopped
    ";
    assert_snapshot!(with_account(script), @r"
    #1 in plan: working (needs your answer (a1)), head base, starts 1
    #2 in plan: working (needs your answer (a1)), head base, starts 1
    r1 Work of pm on #1/0, start 1: limited 3 s ago, Provider trouble
    r2 Work of pm on #2/0, start 1: limited 2 s ago, Provider trouble
    a1 about #1 from crewhouse about `native`: open
    limit of native api=ollama model=m 2 s ago, guesses 0, probe None, for you to see to
    wakes in 29 min 51 s
    ");
    let seen_to = "answer a1 signed in\n started base\n r1 uses 1";
    assert_snapshot!(with_account(&format!("{script}{seen_to}")), @r"
    #1 in plan: working (pm at work), head base, spent 1, starts 2
    #2 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: running
    r2 Work of pm on #2/0, start 2: preparing, Provider trouble
    a1 about #1 from crewhouse about `native`: answered `signed in`
    e6 start r2.2
    wakes in 29 min 48 s
    ");
}

#[test]
fn nobody_tries_in_the_quiet_hours() {
    // It is noon.
    let quiet = [("agents = 3", "agents = 3\nquiet_hours = \"12:02-13:00\"")];
    let script = "add\n started base\n r1 limited 60\n stopped\n wait 120";
    assert_snapshot!(play_with(&quiet, script), @r"
    #1 in plan: working (waits for the limit of native), head base, starts 1
    r1 Work of pm on #1/0, start 1: limited 1 min 1 s ago
    limit of native 1 min 1 s ago, guesses 0, probe None
    wakes in 27 min 55 s
    ");
    assert_snapshot!(play_with(&quiet, &format!("{script}\n wait 3480")), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: preparing
    limit of native 59 min 2 s ago, guesses 0, probe Some(RunId(1))
    e3 start r1.2
    wakes in 30 min
    ");
}

#[test]
fn whoever_is_told_to_try_again_does_so_in_the_quiet_hours_too() {
    let ask = [("agents = 3", "agents = 3\nafter_limit = \"ask\"\nquiet_hours = \"12:01-13:00\"")];
    let script = "add\n started base\n r1 limited 60\n stopped\n wait 120\n answer a1 try again";
    assert_snapshot!(play_with(&ask, script), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: preparing
    a1 about #1 from crewhouse about `native`: answered `try again`
    limit of native in 0 ms, guesses 0, probe Some(RunId(1))
    e3 start r1.2
    wakes in 27 min 54 s
    ");
}

#[test]
fn who_does_not_want_it_is_asked_before_it_goes_on() {
    let ask = [("agents = 3", "agents = 3\nafter_limit = \"ask\"")];
    let script = "add\n started base\n r1 limited 60\n stopped\n wait 120";
    assert_snapshot!(play_with(&ask, script), @r"
    #1 in plan: working (needs your answer (a1)), head base, starts 1
    r1 Work of pm on #1/0, start 1: limited 1 min 1 s ago
    a1 about #1 from crewhouse about `native`: open
    limit of native 1 min 1 s ago, guesses 0, probe None, for you to see to
    wakes in 27 min 55 s
    ");
    assert_snapshot!(play_with(&ask, &format!("{script}\n answer a1 try again")), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: preparing
    a1 about #1 from crewhouse about `native`: answered `try again`
    limit of native in 0 ms, guesses 0, probe Some(RunId(1))
    e3 start r1.2
    wakes in 27 min 54 s
    ");
}

#[test]
fn a_task_that_is_to_ask_after_a_limit_is_held_until_the_human_lets_it_go_on() {
    let limited = "asking\n add\n started base\n r1 limited 7200\n r1 exits\n stopped\n wait 9000";
    assert_snapshot!(play_with(&[], limited), @r"
    #1 in plan: working (paused), limited, head base, starts 1
    #2 in plan: working (pm at work), starts 1
    r1 Work of pm on #1/0, start 1: limited 29 min 59 s ago
    r2 Work of pm on #2/0, start 1: preparing
    limit of native 29 min 59 s ago, guesses 0, probe Some(RunId(2))
    e3 start r2.1
    wakes in 30 min
    ");
    let resumed = "asking\n started base\n r1 limited 7200\n r1 exits\n stopped\n resume 1";
    assert_snapshot!(play_with(&[], resumed), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: preparing
    limit of native in 0 ms, guesses 0, probe Some(RunId(1))
    e3 start r1.2
    wakes in 29 min 54 s
    ");
    let again = format!("{resumed}\n started base\n r1 limited 7200\n r1 exits\n stopped");
    let again = play_with(&[], &again);
    assert!(again.contains("#1 in plan: working (paused), limited"), "{again}");
    let short = play_with(&[], &limited.replace("7200", "60").replace("wait 9000", "wait 10"));
    assert!(short.contains("waits for the limit of native"), "it is waited out: {short}");
    // Whoever steps in needs nobody's word.
    let steps_in = with_fallback(&limited.replace("wait 9000", "saved base"));
    assert!(steps_in.contains("with second"), "{steps_in}");
    assert!(!steps_in.contains("paused"), "{steps_in}");
}

#[test]
fn agents_work_on_a_task_for_as_long_as_they_may() {
    let budget = [("[budget]", "[budget]\ntask_minutes = 30")];
    let script = "
        add
        started base
        wait 1200
        r1 asks which
        sleep 60
        answer a1 this
        wait 500
    ";
    assert_snapshot!(play_with(&budget, script), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    a1 about #1 from r1 by `which`: answered `this`
    e2 send a1 `this` to r1.1
    wakes in 1 min 37 s
    ");
    let out_of_time = "wait 100\n stopped";
    assert_snapshot!(play_with(&budget, &format!("{script}{out_of_time}")), @r"
    #1 in plan: working (stuck (a2): its budget is used up), head base, starts 1, budget ask Some(AskId(2))
    r1 Work of pm on #1/0, start 1: queued
    a1 about #1 from r1 by `which`: answered `this`
    a2 about #1 from crewhouse: open
    e2 send a1 `this` to r1.1
    wakes in 28 min 18 s
    ");
    let raised = "answer a2 try again\n started base\n wait 600";
    assert_snapshot!(play_with(&budget, &format!("{script}{out_of_time}\n{raised}")), @r"
    #1 in plan: working (pm at work), head base, starts 2, raised 1
    r1 Work of pm on #1/0, start 2: running
    a1 about #1 from r1 by `which`: answered `this`
    a2 about #1 from crewhouse: answered `try again`
    e2 send a1 `this` to r1.1
    wakes in 18 min 15 s
    ");
}

#[test]
fn a_refusal_is_asked_about_as_long_as_somebody_waits() {
    let script = "
        add
        add
        unserved no key
        cancel 1
    ";
    assert_snapshot!(play_with(&[], script), @r"
    #1 in plan: closing (pm at work), starts 1
    #2 in plan: working (needs your answer (a2))
    r1 Work of pm on #1/0, start 1: saving, Provider trouble
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about `native`: expired
    a2 about #2 from crewhouse about `native`: open
    limit of native 1 s ago, guesses 0, probe None, for you to see to
    e2 save r1 Snapshot
    wakes in 29 min 56 s
    ");
}

#[test]
fn a_provider_that_is_another_now_is_tried() {
    let other = "team model = \"builtin\" => model = \"other.toml\"";
    assert_snapshot!(play_with(&[], &format!("add\n unserved no key\n {other}")), @r"
    #1 in plan: working (pm at work), starts 2
    r1 Work of pm on #1/0, start 2: preparing, Provider trouble
    a1 about #1 from crewhouse about `native`: expired
    e2 start r1.2
    wakes in 29 min 57 s
    ");
}

#[test]
fn a_long_limit_is_no_reason_to_wait_where_another_steps_in() {
    let script = "
        add
        add
        started base
        r1 limited 7200
        stopped
        saved base
        r2 exits
        wait 20
    ";
    assert_snapshot!(with_fallback(script), @r"
    #1 in plan: working (pm at work), head base, starts 2
      crewhouse: `native` serves nothing for now: the work of pm goes on with `second`
    #2 in plan: working (queued: its role is busy), starts 1
    r1 Work of pm on #1/0, start 1: handed-over, with native: first choice of its role
    r2 Work of pm on #2/0, start 1: queued, failures 1, Transient trouble, with second: first choice of its role; `native` serves nothing for now
    r3 Work of pm on #1/0, start 1: preparing, with second: first choice of its role; `native` serves nothing for now, after r1
    limit of native in 1 h 59 min, guesses 0, probe None
    e4 start r2.1
    e5 start r3.1
    wakes in 29 min 32 s
    ");
}

#[test]
fn a_short_limit_is_waited_out() {
    assert_snapshot!(with_fallback("add\n started base\n r1 limited 60\n stopped"), @r"
    #1 in plan: working (waits for the limit of native), head base, starts 1
    r1 Work of pm on #1/0, start 1: limited in 59 s, with native: first choice of its role
    limit of native in 59 s, guesses 0, probe None
    wakes in 59 s
");
}

#[test]
fn what_the_human_wants_comes_before_a_hand_over() {
    let play =
        with_fallback("add\n started base\n r1 limited 7200\n stopped\n cancel 1\n saved base");
    assert_snapshot!(play, @r"
#1 in plan: cancelled (cancelled), head base, starts 1
r1 Work of pm on #1/0, start 1: handed-over, with native: first choice of its role
limit of native in 2 h, guesses 0, probe None
e4 release #1
");
}

#[test]
fn what_is_set_back_goes_up_a_tier() {
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        started base
        r2 says ERROR: too hard
        r2 exits
        saved c1
        started base
        r3 says DONE: go on
        r3 exits
        saved c1
    ";
    assert_snapshot!(with_tiers(script), @r"
        #1 in build: working (dev at work), head c1, starts 4, consults 1
          pm: planned
          dev: too hard
          crewhouse: dev failed: too hard
          pm: go on
        r1 Work of pm on #1/0, start 1: done, Done
        r2 Work of dev on #1/0, start 1: error, Error, with native: tier cheap
        r3 Consult of pm on #1/0, start 1: done, Done
        r4 Work of dev on #1/0, start 1: preparing, with second: tier expert, up from cheap: set back once in this stage
        e7 start r4.1
        wakes in 29 min 47 s
        ");
}

#[test]
fn what_was_hard_stays_hard_when_the_human_says_to_try_again() {
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        move 1 build
    ";
    let by_human = with_tiers(script);
    assert!(by_human.contains("with native: tier cheap"), "no setback: {by_human}");
    let built = "
        started c1
        r2 says DONE: built
        r2 exits
        saved c2
    ";
    let script = script.replace("move 1 build", built);
    let round = |n: u32| {
        format!(
            "reject 1 no
            started c2
            r{n} says DONE: planned
            r{n} exits
            saved c2{n}
            started c2{n}
            r{} says DONE: built
            r{0} exits
            saved c3{n}\n",
            n + 1
        )
    };
    let stuck = format!("{script}{}{}{}", round(3), round(5), round(7));
    let again = "
        reject 1 no
        answer a1 try again
        started c2
        r9 says DONE: planned
        r9 exits
        saved c4
        answer a2 try again
    ";
    let again = with_tiers(&format!("{stuck}{again}"));
    let why = "start 1: preparing, with second: tier expert, up from cheap: set back 4 times in this stage";
    assert!(again.contains(&format!("r10 Work of dev on #1/0, {why}")), "{again}");
}

#[test]
fn who_goes_round_in_circles_is_ended_and_asked_about_once() {
    assert_snapshot!(play_with(&[], "add\n started base\n r1 circles ls\n stopped\n saved base"), @r"
    #1 in plan: stuck (stuck (a1): pm: it went round in circles: 20 uses of tools in a row brought nothing new, the last was ls), head base, starts 1
    r1 Work of pm on #1/0, start 1: error, Human trouble
    a1 about #1 from crewhouse: open
    wakes in 29 min 55 s
    ");
}

#[test]
fn what_comes_to_a_gate_as_it_was_goes_round_no_more() {
    let script = format!(
        "{BUILT}
        failed red
        started base
        r3 says DONE: planned anew
        r3 exits
        saved c2
        started base
        r4 says DONE: nothing to change
        r4 exits
        saved c2
        failed red
    "
    );
    let check = [("gates = [{ human = true }]", "gates = [{ check = \"make\" }]")];
    assert_snapshot!(play_with(&check, &script), @r"
    #1 in plan: stuck (stuck (a1): it came to build as it was, and did not pass again), visit 3, head c2, starts 4
      pm: planned
      dev: built
      crewhouse: a check did not pass: / red
      pm: planned anew
      dev: nothing to change
      crewhouse: a check did not pass: / red
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 1: done, Done
    a1 about #1 from crewhouse: open
    wakes in 29 min 41 s
    ");
}

#[test]
fn who_judges_is_of_another_family_where_there_is_one() {
    let judged = ("gates = [{ human = true }]", "gates = [{ verdict = \"pm\" }]");
    let pm = (PM, "pm = { provider = \"native\", fallback = [\"second\"] }");
    let play = play_with(&[SECOND, pm, judged], BUILT);
    assert!(play.contains("r3 Verdict of pm"), "{play}");
    assert!(play.contains("`second` is of another family than who did the work"), "{play}");
}

#[test]
fn what_was_changed_and_how_often_it_came_back_chooses_the_tier() {
    let rules = "[[tiers.rules]]\ntier = \"expert\"\nfiles = [\"src/bill/**\"]\n\n\
        [[tiers.rules]]\ntier = \"expert\"\nsent_back = 1\n\n\
        [[stages]]\nname = \"plan\"";
    let tiers = "[providers.second]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"\n\
        [tiers]\ncheap = [\"native\"]\nexpert = [\"second\"]\nescalate_after = 0\n[roles]\n";
    let judged = ("gates = [{ human = true }]", "gates = [{ verdict = \"judge\" }]");
    let judge = ("judge = { provider = \"native\" }", "judge = { tier = \"cheap\" }");
    let rules = ("[[stages]]\nname = \"plan\"", rules);
    let team = [("[roles]\n", tiers), judge, rules, judged];
    let judged_by = |script: &str| {
        let mut play = Play::new(&team);
        play.run(script);
        let mut runs = play.state.runs.values().filter(|run| run.role.as_str() == "judge");
        runs.next_back().and_then(|run| run.why.clone()).unwrap()
    };
    assert_eq!(judged_by(BUILT), "tier cheap");
    let changed = |file: &str| BUILT.replace("r2 says", &format!("r2 touches {file}\nr2 says"));
    assert_eq!(judged_by(&changed("src/main.rs")), "tier cheap");
    let bill = judged_by(&changed("src/bill/sum.rs"));
    assert_eq!(bill, "tier expert, for tasks that change `src/bill/**`");
    let back = "
        started c2
        r3 says DONE: no;VERDICT: fail
        r3 exits
        saved c2
        started c2
        r4 says DONE: planned again
        r4 exits
        saved c3
        started c3
        r5 says DONE: built again
        r5 exits
        saved c4
    ";
    let again = judged_by(&format!("{BUILT}{back}"));
    assert_eq!(again, "tier expert, for tasks that came back once or more");
}

/// So that nobody works on the dear side of a plan, and some of it is left for the human.
#[test]
fn where_a_plan_is_as_full_as_it_may_become_no_run_begins() {
    let team = [("agents = 3", "agents = 3\nplan_percent = 90")];
    let script = "add\n add\n started base\n r1 plan 89 7200\n r1 plan 95 7200\n r1 uses 3";
    let played = play_with(&team, script);
    assert_snapshot!(played, @r"
    #1 in plan: working (pm at work), head base, spent 3, starts 1
    #2 in plan: working (waits for the limit of native)
    r1 Work of pm on #1/0, start 1: running
    r2 Work of pm on #2/0, start 0: queued
    limit of native in 2 h, guesses 0, probe None
    wakes in 29 min 54 s
    ");
    assert!(!play_with(&[], script).contains("limit of native"), "all of it is used");
    let script = format!("{script}\n r1 says DONE: planned\n r1 exits\n saved c1\n wait 8000");
    assert_snapshot!(play_with(&team, &script), @r"
    #1 in build: working (queued: r2 tries whether native serves again), head c1, spent 3, starts 1
      pm: planned
    #2 in plan: working (pm at work), starts 1
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: preparing
    r3 Work of dev on #1/0, start 0: queued
    limit of native 13 min 21 s ago, guesses 0, probe Some(RunId(2))
    e3 start r2.1
    wakes in 30 min
    ");
}

#[test]
fn another_tier_steps_in_where_the_role_says_so() {
    let play = |dev: &str, more: &str| {
        let tiers = "[tiers]\ncheap = [\"second\"]\nexpert = [\"native\"]\n[roles]\n";
        let second = SECOND.1.replace("[roles]\n", tiers);
        let planned =
            "add\n started base\n r1 says DONE: planned\n r1 exits\n saved c1\n started c1";
        let limited = format!("{planned}\n r2 limited 7200\n r2 exits\n stopped\n {more}");
        play_with(&[(SECOND.0, &second), (DEV, dev)], &limited)
    };
    let waits = play("dev = { tier = \"cheap\" }", "");
    assert!(waits.contains("waits for the limit of second"), "{waits}");
    let steps_in = play("dev = { tier = \"cheap\", fallback = [\"tier:expert\"] }", "saved c2");
    let why = "with native: tier cheap; `second` serves nothing for now, after r2";
    assert!(steps_in.contains(why), "{steps_in}");
}

#[test]
fn the_first_rule_that_fits_chooses_the_tier() {
    let rules = "[[tiers.rules]]\ntier = \"expert\"\ncriteria = 2\n\n\
        [[tiers.rules]]\ntier = \"expert\"\nlabels = [\"Security\"]\nwords = [\"crates/vault\"]\n\n\
        [[stages]]\nname = \"plan\"";
    let rules = ("[[stages]]\nname = \"plan\"", rules);
    let tiers = "[providers.second]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"\n\
        [tiers]\ncheap = [\"native\"]\nexpert = [\"second\"]\n[roles]\n";
    let team = [("[roles]\n", tiers), (PM, "pm = { tier = \"cheap\" }"), rules];
    let mut play = Play::new(&team);
    let labels = |label: &str| BTreeSet::from([label.to_owned()]);
    let plain = TaskDraft { title: "t".into(), ..TaskDraft::default() };
    let large = TaskDraft { criteria: vec!["a".into(), "b".into()], ..plain.clone() };
    let labelled = TaskDraft { labels: labels("security"), ..plain.clone() };
    let body = "see Crates/Vault/key.rs".to_owned();
    let both = TaskDraft { body, ..labelled.clone() };
    let why = [plain, large, labelled, both].map(|draft| {
        let project = ProjectId(1);
        assert_eq!(play.give(&Event::TaskAdded { project, draft }), None);
        play.state.runs.values().last().and_then(|run| run.why.clone())
    });
    assert_eq!(
        why.map(Option::unwrap_or_default),
        [
            "tier cheap",
            "tier expert, for tasks with 2 criteria or more",
            "tier cheap",
            "tier expert, for tasks labelled `Security` and that speak of `crates/vault`",
        ]
    );
}
