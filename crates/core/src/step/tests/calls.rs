//! What agents want of us while they work.

use insta::assert_snapshot;

use super::BUILT;
use super::play::{Play, play, play_with};
use crate::call::{Call, Comment, Proposal, SUBTASKS_MAX};
use crate::run::TroubleKind;
use crate::{Effect, Event, RunId, Token};

/// The developer's work is judged by another role.
const JUDGED: (&str, &str) = ("gates = [{ human = true }]", "gates = [{ verdict = \"judge\" }]");

/// The developer works, on a task with two criteria.
const WITH_CRITERIA: &str = "
    want it works; it is fast
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
";

fn finish(run: &str, rest: &str) -> String {
    format!("{run} calls f {{\"tool\":\"finish\",\"arguments\":{{{rest}}}}}\n")
}

fn of_built(more: &str) -> String {
    let built: Vec<&str> = BUILT.lines().collect();
    format!("{}\n{more}", built.join("\n"))
}

#[test]
fn who_finishes_answers_each_criterion() {
    let answers = |numbers: &[(u32, &str)]| {
        let all = numbers
            .iter()
            .map(|(n, met)| format!("{{\"number\":{n},\"met\":\"{met}\",\"why\":\"seen\"}}"));
        let all: Vec<String> = all.collect();
        format!("\"claim\":\"done\",\"summary\":\"built\",\"criteria\":[{}]", all.join(","))
    };
    let script = [
        WITH_CRITERIA.to_owned(),
        finish("r2", &answers(&[])),
        finish("r2", &answers(&[(2, "met")])),
        finish("r2", &answers(&[(1, "met"), (1, "met")])),
        finish("r2", &answers(&[(1, "met"), (3, "met")])),
        finish("r2", "\"claim\":\"done\",\"summary\":\" \""),
        finish("r2", "\"claim\":\"done\",\"summary\":\"b\",\"to\":\"done-or-not\""),
        finish("r2", &answers(&[(2, "not_met"), (1, "met")])),
        finish("r2", &answers(&[(1, "met"), (2, "met")])),
        "r2 says DONE: changed my mind\nr2 exits".to_owned(),
    ];
    assert_snapshot!(play(&script.join("\n")), @r"
    ! r2 says DONE: changed my mind: it has responded before
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: saving, Done
    e4 reply refused to `f` of r2.1: these acceptance criteria are not answered: / 1. it works / 2. it is fast / hint: `criteria` has for each its `number`, `met` (`met` or `not_met`), and `why`
    e5 reply refused to `f` of r2.1: these acceptance criteria are not answered: / 1. it works / hint: `criteria` has for each its `number`, `met` (`met` or `not_met`), and `why`
    e6 reply refused to `f` of r2.1: criterion 1 is answered twice / hint: choose
    e7 reply refused to `f` of r2.1: there is no criterion 3 / hint: the task has 2, counted from 1
    e8 reply refused to `f` of r2.1: `summary` says nothing / hint: give it words
    e9 reply refused to `f` of r2.1: the pipeline does not lead from build to `done-or-not` / hint: `to` is one of done, plan, or left out
    e10 reply done to `f` of r2.1: Taken as done. End your turn now; nothing else is needed.
    e11 reply refused to `f` of r2.1: this run has finished before / hint: end your turn
    e12 save r2 Commit
    wakes in 29 min 44 s
    ");
}

#[test]
fn a_verdict_has_evidence_and_fits_its_answers() {
    let script = [
        of_built(""),
        "started c2".to_owned(),
        finish("r3", "\"claim\":\"done\",\"summary\":\"good\""),
        finish("r3", "\"claim\":\"done\",\"summary\":\"good\",\"verdict\":\"pass\""),
        finish(
            "r3",
            "\"claim\":\"done\",\"summary\":\"good\",\"verdict\":\"pass\",\"evidence\":[\"ran it\"]",
        ),
        "r3 exits\nsaved c2".to_owned(),
    ];
    assert_snapshot!(play_with(&[JUDGED], &script.join("\n")), @r"
    #1 in build: landing (merging), head c2, starts 3
      pm: planned
      dev: built
      judge: good
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Verdict of judge on #1/0, start 1: done, Done
    e6 reply refused to `f` of r3.1: you are asked for a verdict, and give none / hint: `verdict` is `pass` or `fail`
    e7 reply refused to `f` of r3.1: a verdict without evidence cannot be believed / hint: `evidence` lists what you ran or read, and what came of it
    e8 reply done to `f` of r3.1: Taken as done. End your turn now; nothing else is needed.
    e10 merge #1 at c2
    wakes in 29 min 45 s
    ");
}

#[test]
fn a_pass_over_a_criterion_that_is_not_met_is_none() {
    let unmet = "\"claim\":\"done\",\"summary\":\"good\",\"verdict\":\"pass\",\"evidence\":[\"ran it\"],\
                 \"criteria\":[{\"number\":1,\"met\":\"met\",\"why\":\"seen\"},\
                 {\"number\":2,\"met\":\"not_met\",\"why\":\"slow\"}]";
    let built = "\"claim\":\"done\",\"summary\":\"built\",\
                 \"criteria\":[{\"number\":1,\"met\":\"met\",\"why\":\"seen\"},\
                 {\"number\":2,\"met\":\"met\",\"why\":\"seen\"}]";
    let script = [
        WITH_CRITERIA.to_owned(),
        finish("r2", built),
        "replied\nr2 exits\nsaved c2\nstarted c2".to_owned(),
        finish("r3", unmet),
        finish("r3", &unmet.replace("pass", "fail")),
        "r3 exits\nsaved c2".to_owned(),
    ];
    assert_snapshot!(play_with(&[JUDGED], &script.join("\n")), @r"
    #1 in plan: working (pm at work), visit 2, head c2, starts 4
      pm: planned
      dev: built
      judge: good
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Verdict of judge on #1/0, start 1: done, Done
    r4 Work of pm on #1/0, start 1: preparing
    e7 reply refused to `f` of r3.1: the verdict is `pass`, but criterion 2 is not met / hint: then it is `fail`
    e8 reply done to `f` of r3.1: Taken as done. End your turn now; nothing else is needed.
    e10 start r4.1
    wakes in 29 min 45 s
    ");
}

/// Who has no tools says the same in lines.
#[test]
fn criteria_are_answered_in_words_as_well() {
    let built = format!(
        "{WITH_CRITERIA}
         r2 says DONE: built;CRITERION: 1 met: seen;EVIDENCE: ran it
         r2 exits
         saved c2
         started c2"
    );
    let judged = |words: &str| {
        let mut play = Play::new(&[JUDGED]);
        play.run(&format!("{built}\nr3 says {words}\nr3 exits\nsaved c2"));
        play.print()
    };
    let mut play = Play::new(&[JUDGED]);
    play.run(&built);
    let said = play.state.runs[&RunId(2)].response.clone().unwrap();
    assert_eq!(
        (said.evidence[0].as_str(), said.criteria[0].criterion.as_str()),
        ("ran it", "it works")
    );
    let passes =
        judged("DONE: good;VERDICT: pass;EVIDENCE: tests;CRITERION: 1 met;CRITERION: 2 met");
    assert!(passes.contains("landing"), "{passes}");
    let unmet = judged(
        "DONE: good;VERDICT: pass;EVIDENCE: tests;CRITERION: 1 met;CRITERION: 2 not met: it is slow",
    );
    assert!(unmet.contains("said that it passes, and that a criterion is not met"), "{unmet}");

    let mut play = Play::new(&[JUDGED]);
    play.run(&built.replace("CRITERION: 1", "CRITERION: 7").replace("\n         started c2", ""));
    assert!(
        play.print().contains("answered criterion 7 twice, or there is none"),
        "{}",
        play.print()
    );
}

#[test]
fn a_pass_in_words_without_what_backs_it_is_to_be_said_again() {
    let check = |words: &str, expect: &str| {
        let mut play = Play::new(&[JUDGED]);
        play.run(&format!(
            "{WITH_CRITERIA}
             r2 says DONE: built
             r2 exits
             saved c2
             started c2
             r3 says {words}
             r3 exits"
        ));
        let trouble = play.state.runs[&RunId(3)].trouble.clone().unwrap();
        assert_eq!(trouble.kind, TroubleKind::Protocol);
        assert!(trouble.message.contains(expect), "{}", trouble.message);
        assert!(play.print().contains("is started again in a moment"), "{}", play.print());
    };
    check("DONE: good;VERDICT: pass", "a pass without evidence");
    check("DONE: good;VERDICT: pass;EVIDENCE: ran it;CRITERION: 1 met", "criterion `it is fast`");
}

/// The judge's run is another than the author's, with a conversation of its own, and it judges the
/// commit that the gate names.
#[test]
fn the_author_never_judges_and_a_verdict_is_about_one_commit() {
    let mut play = Play::new(&[JUDGED]);
    play.run(&of_built("r2 says nothing"));
    let (author, judge) = (&play.state.runs[&RunId(2)], &play.state.runs[&RunId(3)]);
    assert_ne!(author.role, judge.role);
    assert_eq!(judge.session, None, "it begins a conversation of its own");
    assert_eq!(judge.judges.as_ref().map(|commit| commit.0.as_str()), Some("c2"));
    play.run(
        "started c2
         r3 says DONE: good;VERDICT: pass;EVIDENCE: tests
         r3 exits
         saved other",
    );
    assert!(play.print().contains("the commit changed while judge judged it"), "{}", play.print());
}

#[test]
fn what_is_no_verdict_or_no_check_is_not_green() {
    let check = ("gates = [{ human = true }]", "gates = [{ check = \"make test\" }]");
    let checked = play_with(&[check], &of_built("unchecked the machine was full"));
    assert!(checked.contains("#1 in build: stuck"), "{checked}");
    for end in [
        "r3 says DONE: fine\nr3 exits",
        "r3 says REQUEST: what?;VERDICT: pass;EVIDENCE: tests\nr3 exits",
        "r3 needs a key\nr3 exits",
    ] {
        let script = of_built(&format!("started c2\n{end}\nsaved c2"));
        let judged = play_with(&[JUDGED], &script);
        assert!(judged.contains("#1 in build: stuck"), "{end}: {judged}");
    }
}

#[test]
fn who_works_and_sees_that_it_is_bad_sends_it_back() {
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        started base
        r2 says DONE: it cannot work like this;VERDICT: fail
        r2 exits
        saved c2
    ";
    assert!(play(script).contains("#1 in plan"), "{}", play(script));
}

#[test]
fn a_question_by_a_tool_waits_and_is_answered_once_for_all_who_ask_it() {
    let ask = "r1 calls ask-1 {\"tool\":\"ask\",\"arguments\":{\"text\":\"red?\"}}";
    let script = format!(
        "add
         started base
         {ask}
         r1 exits
         answer a1 yes
         wait 20
         started base
         {ask}
         replied
         r1 calls ask-2 {{\"tool\":\"ask\",\"arguments\":{{\"text\":\"blue?\",\"options\":[\"a\",\"b\"]}}}}
         answer a2 c
         answer a2 a"
    );
    assert_snapshot!(play(&script), @r"
    ! answer a2 c: refused, a2 takes one of: a, b
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 2: running, failures 1
    a1 about #1 from r1 by the call `ask-1`: answered `yes`
    a2 about #1 from r1 by the call `ask-2`: answered `a`
    e4 reply done to `ask-2` of r1.2: a
    wakes in 29 min 28 s
    ");
}

#[test]
fn a_proposed_task_begins_when_the_human_says_so() {
    let propose = "r1 calls s {\"tool\":\"subtask\",\"arguments\":{\"title\":\"clean up\"}}";
    let script = format!("add\nstarted base\n{propose}");
    assert_snapshot!(play(&script), @r"
    #1 in plan: working (pm at work), head base, starts 1
    #2 in plan: stuck (stuck (a1): pm proposes this, at work on #1. Shall it begin?)
    r1 Work of pm on #1/0, start 1: running
    a1 about #2 from crewhouse: open
    e2 reply done to `s` of r1.1: #2 is proposed. It begins when the human says so; do not wait for it.
    wakes in 29 min 57 s
    ");
    let begun = play(&format!("{script}\nanswer a1 begin"));
    assert!(begun.contains("#2 in plan: working"), "{begun}");
    let given_up = play(&format!("{script}\nanswer a1 cancel"));
    assert!(given_up.contains("#2 in plan: cancelled"), "{given_up}");
}

#[test]
fn proposals_and_comments_have_bounds() {
    let mut play = Play::new(&[]);
    play.run("add\nstarted base");
    let mut replies = |id: usize, call: Call| {
        let event = Event::Called {
            run: RunId(1),
            token: Token(1),
            id: id.to_string(),
            call: Box::new(call),
        };
        play.give(&event);
        play.state.outbox.values().any(|effect| {
            matches!(effect, Effect::Reply { call, reply, .. } if *call == id.to_string() && reply.ok)
        })
    };
    let proposal = |n: usize| {
        Call::Subtask(Proposal { title: format!("t{n}"), body: String::new(), criteria: vec![] })
    };
    let taken = (0..20).filter(|n| replies(*n, proposal(*n))).count();
    assert_eq!(taken, SUBTASKS_MAX);
    let comment = Call::Comment(Comment { text: "hm".into() });
    let taken = (100..500).filter(|n| replies(*n, comment.clone())).count();
    assert_eq!(taken, crate::call::COMMENTS_MAX as usize);
    let calls = play.state.runs[&RunId(1)].calls;
    assert!(calls > crate::call::CALLS_MAX, "{calls} were counted");
}

#[test]
fn a_message_is_read_once_by_the_role_that_it_is_for() {
    let write = |to: &str| {
        format!(
            "r2 calls m-{to} {{\"tool\":\"message\",\"arguments\":{{\"to\":\"{to}\",\"text\":\"hi\"}}}}\n"
        )
    };
    let script = [
        "add\nstarted base\nr1 says DONE: planned\nr1 exits\nsaved c1\nstarted base".to_owned(),
        write("judge"),
        write("dev"),
        write("pm"),
        "r2 calls m {\"tool\":\"message\",\"arguments\":{\"text\":\"again\"}}".to_owned(),
    ];
    let allowed = (
        "dev = { provider = \"native\", agents = 2 }",
        "dev = { provider = \"native\", agents = 2, messages = [\"judge\"] }",
    );
    let mut play = Play::new(&[allowed]);
    play.run(&script.join("\n"));
    assert_snapshot!(play.print(), @r"
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
      dev: To judge: hi
      dev: To pm: hi
      dev: To pm: again
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: running
    e4 reply done to `m-judge` of r2.1: judge reads it when it works next; do not wait for it.
    e5 reply refused to `m-dev` of r2.1: dev may not write to that role / hint: `to` is one of judge, pm
    e6 reply done to `m-pm` of r2.1: pm reads it when it works next; do not wait for it.
    e7 reply done to `m` of r2.1: pm reads it when it works next; do not wait for it.
    wakes in 29 min 50 s
    ");
    let unread = |play: &Play| {
        let messages = &play.state.projects[&crate::ProjectId(1)].messages;
        messages.iter().map(|it| (it.to.to_string(), it.reader)).collect::<Vec<_>>()
    };
    let waiting = ["judge", "pm", "pm"].map(|to| (to.to_owned(), None));
    assert_eq!(unread(&play), waiting);
    play.run("add\nstarted base"); // the PM's next run reads
    let read = Some(RunId(3));
    let reading = [("judge", None), ("pm", read), ("pm", read)];
    assert_eq!(unread(&play), reading.map(|(to, reader)| (to.to_owned(), reader)));
    play.run("r3 exits\nwait 20\nstarted base"); // and reads them again if it has to
    assert_eq!(unread(&play).len(), 3);
    play.run("r3 says DONE: read\nr3 exits\nsaved base");
    assert_eq!(unread(&play), [("judge".to_owned(), None)]);
    let refused = play_with(&[], &script.join("\n"));
    assert!(
        refused.contains("dev may not write to that role / hint: `to` is one of pm"),
        "{refused}"
    );
}

#[test]
fn a_call_from_an_earlier_start_or_after_the_end_changes_nothing() {
    let comment = "{\"tool\":\"comment\",\"arguments\":{\"text\":\"late\"}}";
    let script = format!("{}\nr2 calls c {comment}", of_built(""));
    let late = play(&script);
    assert!(late.contains("the run has no agent any more"), "{late}");
    let mut play = Play::new(&[]);
    play.run("add\nstarted base\nr1 exits\nwait 20\nstarted base");
    let call = Box::new(Call::Comment(Comment { text: "late".into() }));
    let event = Event::Called { run: RunId(1), token: Token(1), id: "c".into(), call };
    let why = play.give(&event).unwrap();
    assert!(why.contains("an earlier start"), "{why}");
}
