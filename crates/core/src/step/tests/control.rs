//! What the human says to agents at work, and how they are interrupted and replaced.

use insta::assert_snapshot;

use super::BUILT;
use super::TWO;
use super::play::{play, play_with};

const SECOND: (&str, &str) = (
    "[roles]\n",
    "[providers.second]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"\n[roles]\n",
);

/// The developer is at work.
const AT_WORK: &str = "
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
";

fn at_work(more: &str) -> String {
    play(&format!("{AT_WORK}{more}"))
}

#[test]
fn a_remark_reaches_the_agent_at_work_one_after_the_other() {
    assert_snapshot!(at_work("
        remark 1 of iron
        remark 1 and quickly
    "), @r"
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
      me: of iron (on its way to r2)
      me: and quickly (on its way to r2)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running
    e4 tell r2.1 remark 1: of iron
    wakes in 29 min 52 s
    ");
    assert_snapshot!(at_work("
        remark 1 of iron
        remark 1 and quickly
        told
        r2 takes 1
        told
        r2 takes 2
        r2 takes 99
    "), @r"
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
      me: of iron (r2 knows)
      me: and quickly (r2 knows)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running
    wakes in 29 min 47 s
    ");
}

#[test]
fn a_remark_that_nobody_can_hear_waits() {
    assert_snapshot!(play("
        add
        remark 1 before the start is known
        started base
        r1 says DONE: planned
        remark 1 it has finished
        r1 exits
        saved c1
    "), @r"
    #1 in build: working (dev at work), head c1, starts 2
      me: before the start is known (on its way to r2)
      me: it has finished (on its way to r2)
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: preparing
    e2 tell r1.1 remark 1: before the start is known
    e4 start r2.1
    wakes in 29 min 53 s
    ");
}

#[test]
fn an_agent_that_starts_again_has_all_in_its_prompt() {
    assert_snapshot!(at_work("
        remark 1 of iron
        r2 exits
        remark 1 and quickly
        wait 60
        told
        started base
        remark 1 and well
    "), @r"
    ! told: it was for an earlier start of the run
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      me: of iron (r2 knows)
      me: and quickly (r2 knows)
      me: and well (on its way to r2)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 2: running, failures 1
    e6 tell r2.2 remark 3: and well
    wakes in 28 min 47 s
    ");
}

#[test]
fn who_is_interrupted_goes_on_with_the_next_remark() {
    assert_snapshot!(at_work("
        interrupt 1
        interrupt 1
        r2 fails it was interrupted
        r2 exits
    "), @r"
    ! interrupt 1: refused, it is held back already
    #1 in build: working (interrupted, waits for your word), interrupted, head c1, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: paused, Transient trouble
    e4 interrupt r2.1
    e5 save r2 Checkpoint
    wakes in 29 min 50 s
    ");
    assert_snapshot!(at_work("
        interrupt 1
        r2 exits
        saved c1
        interrupted
        remark 1 of iron
    "), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      me: of iron (on its way to r2)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 2: preparing
    e6 start r2.2
    wakes in 29 min 49 s
    ");
    assert_snapshot!(at_work("
        interrupt 1
        remark 1 of iron
        r2 exits
        interrupted
    "), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      me: of iron (on its way to r2)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 2: preparing
    e5 start r2.2
    wakes in 29 min 50 s
    ");
}

#[test]
fn a_pause_is_a_checkpoint() {
    assert_snapshot!(at_work("
        pause 1
        interrupted
        saved c1
        remark 1 of iron
        interrupt 1
    "), @r"
    ! interrupt 1: refused, it is held back already
    #1 in build: working (paused), paused, head c1, starts 2
      pm: planned
      me: of iron (for who is next)
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: paused
    wakes in 29 min 49 s
    ");
    assert_snapshot!(play("
        add
        unstarted no
        interrupt 1
        pause 1
        resume 1
    "), @r"
    ! interrupt 1: refused, no agent is at work on #1
    #1 in plan: working (pm at work), starts 2
    r1 Work of pm on #1/0, start 2: preparing, failures 1, Transient trouble
    e2 start r1.2
    wakes in 29 min 55 s
    ");
}

#[test]
fn what_finishes_while_it_is_interrupted_is_finished() {
    assert_snapshot!(at_work("
        interrupt 1
        r2 says DONE: built
        r2 exits
        saved c2
    "), @r"
    #1 in build: approving (needs your approval), interrupted, head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    e4 interrupt r2.1
    wakes in 29 min 50 s
    ");
}

#[test]
fn work_is_handed_over_to_another_account() {
    let profile = "[providers.second.profiles.work]\nkey_env = \"WORK\"\n[roles]\n";
    let teams = [SECOND, ("[roles]\n", profile)];
    for (to, with) in [("second/work", ""), ("second/work/a/b", " and a/b"), ("second/large", "")] {
        let played = play_with(&teams, &format!("{AT_WORK}hand 1 {to}\nr2 exits\nsaved c1\n"));
        let provider = if to.contains("work") { "second/work" } else { "second" };
        let line = format!("with {provider}: you handed it over{with}");
        assert!(played.contains(&line), "{line} in {played}");
    }
}

#[test]
fn a_person_is_handed_one_task_after_the_other() {
    let mail = ("[roles]\n", "[providers.mail]\nkind = \"mailbox\"\n[roles]\n");
    let script =
        format!("{TWO} hand 1 mail\n hand 2 mail\n r3 exits\n r4 exits\n saved c3\n saved c4");
    assert_snapshot!(play_with(&[mail], &script), @r"
    #1 in build: working (dev at work), head c3, starts 3
      pm: planned
      crewhouse: You handed the work of dev over from `native` to `mail`
    #2 in build: working (queued: its role is busy), head c4, starts 2
      pm: planned
      crewhouse: You handed the work of dev over from `native` to `mail`
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 1: handed-over
    r4 Work of dev on #2/0, start 1: handed-over
    r5 Work of dev on #1/0, start 1: preparing, with mail: you handed it over, after r3
    r6 Work of dev on #2/0, start 0: queued, with mail: you handed it over, after r4
    e7 interrupt r3.1
    e8 interrupt r4.1
    e11 start r5.1
    wakes in 29 min 42 s
    ");
}

/// The file is the role's, whichever provider it is written for.
#[test]
fn two_mailboxes_of_a_role_are_one_file() {
    let mails =
        "[providers.mail]\nkind = \"mailbox\"\n[providers.post]\nkind = \"mailbox\"\n[roles]\n";
    let script =
        format!("{TWO} hand 1 mail\n hand 2 post\n r3 exits\n r4 exits\n saved c3\n saved c4");
    let played = play_with(&[("[roles]\n", mails)], &script);
    assert!(played.contains("r6 Work of dev on #2/0, start 0: queued, with post"), "{played}");
}

fn with_second(more: &str) -> String {
    play_with(&[SECOND], &format!("{AT_WORK}{more}"))
}

#[test]
fn work_is_handed_over() {
    assert_snapshot!(with_second("
        hand 1 nobody
        hand 1 native
        hand 1 second/large
        r2 exits
        saved c1
    "), @r"
    ! hand 1 nobody: refused, the team has no provider `nobody`
    ! hand 1 native: refused, nobody is at work on #1 who could hand it over to that
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      crewhouse: You handed the work of dev over from `native` to `second`
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: handed-over
    r3 Work of dev on #1/0, start 1: preparing, with second: you handed it over and large, after r2
    e4 interrupt r2.1
    e6 start r3.1
    wakes in 29 min 49 s
    ");
    assert_snapshot!(with_second("
        interrupt 1
        interrupted
        hand 1 second
        saved c1
        saved c1
        started c1
        hand 1 native/small
    "), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      crewhouse: You handed the work of dev over from `native` to `second`
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: handed-over
    r3 Work of dev on #1/0, start 1: stopping Finish { outcome: HandedOver }, with second: you handed it over, after r2
    e8 interrupt r3.1
    wakes in 29 min 47 s
    ");
}

#[test]
fn another_model_of_the_same_provider_goes_on() {
    assert_snapshot!(with_second("
        hand 1 native/small
        r2 exits
        saved c1
    "), @r"
    #1 in build: working (dev at work), head c1, starts 3
      pm: planned
      crewhouse: You let the work of dev go on with `small`
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: handed-over
    r3 Work of dev on #1/0, start 1: preparing, with native: you handed it over and small, after r2
    e4 interrupt r2.1
    e6 start r3.1
    wakes in 29 min 51 s
    ");
}

#[test]
fn only_who_works_hands_over() {
    assert_snapshot!(play_with(&[SECOND], "
        emergency
        add
        hand 1 second
        release
    "), @r"
    ! hand 1 second: refused, nobody is at work on #1 who could hand it over to that
    #1 in plan: working (pm at work), starts 1
    r1 Work of pm on #1/0, start 1: preparing
    e1 start r1.1
    wakes in 29 min 56 s
    ");
    assert_snapshot!(play_with(&[SECOND], &format!("{BUILT}hand 1 second")), @r"
    ! hand 1 second: refused, nobody is at work on #1 who could hand it over to that
    #1 in build: approving (needs your approval), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    wakes in 29 min 50 s
    ");
}

#[test]
fn what_is_pinned_is_told_once_after_each_compaction() {
    assert_snapshot!(at_work("
        pin 1 The API stays as it is.
        r2 compacts
        r2 compacts
        reminded
    "), @r"
    #1 in build: working (dev at work), head c1, starts 2
      Pinned 1 by human: The API stays as it is.
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running
    e5 remind r2.1 of 2
    wakes in 29 min 50 s
    ");
}

#[test]
fn an_agent_that_is_about_to_end_is_not_reminded() {
    assert_snapshot!(at_work("
        r2 says DONE: built
        r2 compacts
    "), @r"
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running responded, Done
    wakes in 14 s
    ");
}

#[test]
fn what_an_agent_wants_to_be_pinned_counts_when_the_pm_or_the_human_says_so() {
    let propose = r#"r2 calls c1 {"tool":"pin","arguments":{"text":"Use iron."}}"#;
    let itself = r#"r2 calls c2 {"tool":"pin","arguments":{"anchor":1}}"#;
    assert_snapshot!(at_work(&format!("{propose}\n{itself}\n promote 1 1\n promote 1 1\n unpin 1 9")), @r"
    ! promote 1 1: refused, it is pinned already
    ! unpin 1 9: refused, #1 has no anchor 9
    #1 in build: working (dev at work), head c1, starts 2
      Pinned 1 by dev: Use iron.
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running
    e4 reply done to `c1` of r2.1: It is proposed for #1 as anchor 1. The human or the PM pins it.
    e5 reply refused to `c2` of r2.1: only the PM and the human pin what was proposed / hint: say what matters as `text`
    wakes in 29 min 49 s
    ");
    let pm = r#"r1 calls c1 {"tool":"pin","arguments":{"text":"The API stays."}}"#;
    let both = r#"r1 calls c2 {"tool":"pin","arguments":{"text":"x","anchor":1}}"#;
    let nothing = r#"r1 calls c3 {"tool":"pin","arguments":{}}"#;
    assert_snapshot!(play(&format!("add\n started base\n {pm}\n {both}\n {nothing}\n unpin 1 1")), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    e2 reply done to `c1` of r1.1: It is pinned to #1 as anchor 1.
    e3 reply refused to `c2` of r1.1: `text` and `anchor` exclude each other / hint: give one of them
    e4 reply refused to `c3` of r1.1: `text` says nothing / hint: give it words
    wakes in 29 min 54 s
    ");
}

#[test]
fn the_human_pins_in_the_place_of_a_proposal_when_there_are_enough() {
    let propose =
        |n: u32| format!(r#"r2 calls c{n} {{"tool":"pin","arguments":{{"text":"Word {n}."}}}}"#);
    let proposals: Vec<String> = (1..=21).map(propose).collect();
    let all = at_work(&format!("{}\n pin 1 Mine.\n pin 1", proposals.join("\n")));
    let anchors = all.lines().filter(|line| line.contains("Proposed") || line.contains("Pinned"));
    let anchors: Vec<&str> = anchors.map(str::trim).collect();
    assert_eq!(anchors.len(), 20, "{all}");
    assert_eq!(
        (anchors[0], anchors[19]),
        ("Proposed 2 by dev: Word 2.", "Pinned 21 by human: Mine.")
    );
    assert!(all.contains("! pin 1: refused, an anchor needs words"), "{all}");
    assert!(all.contains("#1 has as many anchors as a task may have"), "{all}");
}

#[test]
fn a_conversation_that_is_too_full_is_left_behind_at_the_next_start() {
    let ours = "kind = \"native\"\napi = \"playbook\"\nmodel = \"builtin\"";
    let fills = |kind: &str, percent: u32| {
        let script = format!(
            "{AT_WORK}
            r2 session s1
            r2 fills {percent}
            r2 fails
            r2 exits
            wait 60
        "
        );
        let all = play_with(&[(ours, kind)], &script);
        all.lines().find(|line| line.starts_with("r2 ")).unwrap().to_owned()
    };
    let claude = "kind = \"claude\"";
    assert_snapshot!(fills(claude, 79), @r"
    r2 Work of dev on #1/0, start 2: preparing, failures 1, Transient trouble
    ");
    assert_snapshot!(fills(claude, 80), @r"
    r2 Work of dev on #1/0, start 2: preparing, failures 1, Transient trouble, leaves s1 of r2 at 80 %
    ");
    // Our own agent compacts it.
    assert_snapshot!(fills(ours, 80), @r"
    r2 Work of dev on #1/0, start 2: preparing, failures 1, Transient trouble
    ");
}
