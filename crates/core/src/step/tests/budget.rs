//! What roles, days and projects may spend.

use insta::assert_snapshot;

use super::play::play_with;

/// The developer has built, and is to do it again.
const AGAIN: &str = "
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 uses 90
    r2 says DONE: built
    r2 exits
    saved c2
    reject 1 once more
    started base
    r3 says DONE: planned
    r3 exits
    saved c3
";

#[test]
fn the_price_that_the_team_knows_is_what_a_budget_of_money_goes_by() {
    let usd =
        ("day_tokens = 5000", "day_tokens = 5000\nrun_usd = 0.05\ntask_usd = 1.0\nday_usd = 2.0");
    let script = "add \n started base \n r1 uses 90";
    let spends = |changes: &[(&str, &str)]| {
        play_with(changes, script).lines().find(|line| line.starts_with("r1 ")).unwrap().to_owned()
    };
    let model = "model = \"builtin\"";
    let priced = format!("{model}\ninput_usd_per_mtok = 1000.0\noutput_usd_per_mtok = 1000.0");
    let cheap = format!("{model}\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 1000.0");
    let line = spends(&[usd, (model, &priced)]);
    assert!(line.contains("stopping"), "{line}");
    for changes in [&[usd][..], &[usd, (model, &cheap)]] {
        let line = spends(changes);
        assert!(!line.contains("stopping"), "{line}");
    }
}

#[test]
fn words_about_a_budget_that_are_no_yes_allow_nothing() {
    let team = [("task_tokens = 1000", "task_tokens = 1000\ntask_runs = 1")];
    let used_up = "add\n started base\n r1 says DONE: planned\n r1 exits\n saved c1";
    let no = format!("{used_up}\n answer a1 no, leave it");
    assert_snapshot!(play_with(&team, &no), @r"
    ! answer a1 no, leave it: refused, a1 takes one of: try again, cancel
    #1 in build: working (stuck (a1): its budget is used up), head c1, starts 1, budget ask Some(AskId(1))
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 0: queued
    a1 about #1 from crewhouse: open
    wakes in 29 min 54 s
    ");
    let yes = format!("{used_up}\n answer a1 try again");
    assert_snapshot!(play_with(&team, &yes), @r"
    #1 in build: working (dev at work), head c1, starts 2, raised 1
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: preparing
    a1 about #1 from crewhouse: answered `try again`
    e3 start r2.1
    wakes in 29 min 54 s
    ");
}

#[test]
fn a_role_that_has_used_up_its_day_is_asked_about_once_and_goes_on_at_midnight() {
    let dev = "dev = { provider = \"native\", agents = 2 }";
    let less = "dev = { provider = \"native\", agents = 2, budget = { day_tokens = 150 } }";
    let team = [(dev, less)];
    let used_up = format!("{AGAIN} wait 1");
    assert_snapshot!(play_with(&team, &used_up), @r#"
    #1 in build: working (needs your answer (a1)), visit 2, head c3, spent 90, starts 3
      pm: planned
      dev: built
      human: once more
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 0: queued
    a1 about #1 from crewhouse about Role { role: RoleName("dev") }: open
    wakes in 29 min 43 s
    "#);
    assert_snapshot!(play_with(&team, &format!("{used_up}\n answer a1 no")), @r#"
    ! answer a1 no: refused, a1 takes one of: try again
    #1 in build: working (needs your answer (a1)), visit 2, head c3, spent 90, starts 3
      pm: planned
      dev: built
      human: once more
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 0: queued
    a1 about #1 from crewhouse about Role { role: RoleName("dev") }: open
    wakes in 29 min 42 s
    "#);
    assert_snapshot!(play_with(&team, &format!("{used_up}\n answer a1 try again")), @r#"
    #1 in build: working (dev at work), visit 2, head c3, spent 90, starts 4
      pm: planned
      dev: built
      human: once more
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 1: preparing
    a1 about #1 from crewhouse about Role { role: RoleName("dev") }: answered `try again`
    e7 start r4.1
    wakes in 29 min 42 s
    "#);
    assert_snapshot!(play_with(&team, &format!("{used_up}\n wait 43200")), @r#"
    #1 in build: working (dev at work), visit 2, head c3, spent 90, starts 4
      pm: planned
      dev: built
      human: once more
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: done, Done
    r4 Work of dev on #1/0, start 1: preparing
    a1 about #1 from crewhouse about Role { role: RoleName("dev") }: expired
    e7 start r4.1
    wakes in 30 min
    "#);
}

#[test]
fn agents_work_in_a_day_for_as_long_as_they_may() {
    let team = [("[budget]", "[budget]\nday_minutes = 10")];
    let script = "
        add
        add
        started base
        wait 300
    ";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in plan: working (pm at work), head base, starts 1
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 1: running
    r2 Work of pm on #2/0, start 0: queued
    wakes in 4 min 59 s
    ");
    let out_of_time = format!("{script} wait 300\n stopped");
    assert_snapshot!(play_with(&team, &out_of_time), @r"
    #1 in plan: working (needs your answer (a1)), head base, starts 1
    #2 in plan: working (needs your answer (a1))
    r1 Work of pm on #1/0, start 1: queued
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about Day: open
    wakes in 19 min 54 s
    ");
    assert_snapshot!(play_with(&team, &format!("{out_of_time}\n wait 43200")), @r"
    #1 in plan: working (pm at work), head base, starts 2
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 2: preparing
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about Day: expired
    e3 start r1.2
    wakes in 30 min
    ");
}

#[test]
fn a_project_starts_as_many_agents_as_it_may() {
    let team = [("[budget]", "[budget]\nproject_runs = 2")];
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        started base
        r2 says DONE: built
        r2 exits
        saved c2
        reject 1 once more
        wait 43200
    ";
    assert_snapshot!(play_with(&team, script), @r"
    #1 in plan: working (needs your answer (a1)), visit 2, head c2, starts 2
      pm: planned
      dev: built
      human: once more
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 0: queued
    a1 about #1 from crewhouse about Project: open
    wakes in 30 min
    ");
    assert_snapshot!(play_with(&team, &format!("{script}\n answer a1 try again")), @r"
    #1 in plan: working (pm at work), visit 2, head c2, starts 3
      pm: planned
      dev: built
      human: once more
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Work of pm on #1/0, start 1: preparing
    a1 about #1 from crewhouse about Project: answered `try again`
    e5 start r3.1
    wakes in 29 min 59 s
    ");
}
