//! Who answers what agents ask.

use insta::assert_snapshot;

use super::play::{play, play_with};

/// Rules of the PM, who is the first that works.
const RULES: (&str, &str) = (
    "pm = { provider = \"native\" }",
    "pm = { provider = \"native\", asks_expire = \"30m\", rules = [\
        { answer = \"allow\", command = \"make\" },\
        { answer = \"deny\", path = \"src/**\", why = \"Only developers write code.\" },\
        { answer = \"ask\", command = \"make push\" },\
     ] }",
);

/// Who plays all roles is a program of others, that asks.
const PROGRAM: (&str, &str) = (
    "kind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"",
    "kind = \"claude\"\npermissions = \"ask\"",
);

#[test]
fn our_own_agent_may_do_what_no_rule_is_about() {
    let script = "
        add
        started base
        r1 wants a change README.md
        r1 wants b change src/a
        r1 wants c run make push
    ";
    assert_snapshot!(play_with(&[RULES], script), @r"
    #1 in plan: working (needs your answer (a3)), head base, starts 1
    r1 Work of pm on #1/0, start 1: asking
    a1 about #1 from r1 by `a`: answered `allow` by the permissions of its provider
    a2 about #1 from r1 by `b`: answered `deny: rule 2 of the role `pm` does not allow it (deny path src/**). Only developers write code.` by rule 2 of pm (deny path src/**)
    a3 about #1 from r1 by `c`: open
    e2 send a1 `allow` to r1.1
    e3 send a2 `deny: rule 2 of the role `pm` does not allow it (deny path src/**). Only developers write code.` to r1.1
    wakes in 29 min 55 s
    ");
}

#[test]
fn a_rule_answers_at_once_and_the_inbox_never_sees_it() {
    let script = "
        add
        started base
        r1 wants a run make test
        r1 wants b change src/a
        r1 wants a run make test
    ";
    assert_snapshot!(play_with(&[RULES, PROGRAM], script), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    a1 about #1 from r1 by `a`: answered `allow` by rule 1 of pm (allow command make)
    a2 about #1 from r1 by `b`: answered `deny: rule 2 of the role `pm` does not allow it (deny path src/**). Only developers write code.` by rule 2 of pm (deny path src/**)
    e2 send a1 `allow` to r1.1
    e3 send a2 `deny: rule 2 of the role `pm` does not allow it (deny path src/**). Only developers write code.` to r1.1
    e4 send a1 `allow` to r1.1
    wakes in 29 min 55 s
    ");
}

#[test]
fn what_no_rule_is_sure_about_is_asked() {
    let script = "
        add
        started base
        r1 wants a run make push
        r1 wants b run make test && rm -rf .
        r1 wants c change README.md
    ";
    assert_snapshot!(play_with(&[RULES, PROGRAM], script), @r"
    #1 in plan: working (needs your answer (a1)), head base, starts 1
    r1 Work of pm on #1/0, start 1: asking
    a1 about #1 from r1 by `a`: open
    a2 about #1 from r1 by `b`: open
    a3 about #1 from r1 by `c`: open
    wakes in 29 min 55 s
    ");
}

#[test]
fn an_answer_for_always_is_given_again_to_exactly_the_same() {
    let script = "
        add
        started base
        r1 wants a run rm x
        always a1 allow task
        r1 wants b run rm x
        r1 wants c run rm x y
        answer a3 deny
        forget a1
        r1 wants d run rm x
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: working (needs your answer (a4)), head base, starts 1
    r1 Work of pm on #1/0, start 1: asking
    a1 about #1 from r1 by `a`: answered `allow`
    a2 about #1 from r1 by `b`: answered `allow` as a1 was
    a3 about #1 from r1 by `c`: answered `deny`
    a4 about #1 from r1 by `d`: open
    e2 send a1 `allow` to r1.1
    e3 send a2 `allow` to r1.1
    e4 send a3 `deny` to r1.1
    wakes in 29 min 51 s
    ");
}

#[test]
fn what_is_not_exact_is_not_remembered() {
    let script = "
        add
        started base
        r1 asks colour
        always a1 allow role
        forget a1
    ";
    assert_snapshot!(play(script), @r"
    ! always a1 allow role: refused, a1 cannot be answered for always: what it is about is not known exactly
    ! forget a1: refused, no answer to a1 is remembered
    #1 in plan: working (needs your answer (a1)), head base, starts 1
    r1 Work of pm on #1/0, start 1: asking
    a1 about #1 from r1 by `colour`: open
    wakes in 29 min 55 s
    ");
}

#[test]
fn nobody_answered_in_time_is_a_no_once_and_the_human_is_told_so() {
    let script = "
        add
        started base
        r1 wants a run rm x
        wait 1700
        wait 200
        wait 1
        answer a1 allow
    ";
    assert_snapshot!(play_with(&[RULES, PROGRAM], script), @r"
    ! answer a1 allow: refused, a1 was answered with a no, as nobody answered in time
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    a1 about #1 from r1 by `a`: answered `deny: nobody answered within 30 min` as nobody answered in time
    e2 send a1 `deny: nobody answered within 30 min` to r1.1
    wakes in 29 min 57 s
    ");
}

#[test]
fn who_comes_back_after_the_time_finds_the_no() {
    let script = "
        add
        started base
        r1 wants a run rm x
        r1 exits
        wait 2000
        started base
        r1 wants a run rm x
    ";
    assert_snapshot!(play_with(&[RULES, PROGRAM], script), @r"
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: running, failures 1
    a1 about #1 from r1 by `a`: answered `deny: nobody answered within 30 min` as nobody answered in time
    e3 send a1 `deny: nobody answered within 30 min` to r1.2
    wakes in 29 min 58 s
    ");
}
