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
r1 Work of pm on #1/0, start 1: limited in 1 min, with native: first choice of its role
limit of native in 1 min, guesses 0, probe None
wakes in 1 min
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
