//! Questions to those who did the work: they answer aside, and their task does not know of it.

use insta::assert_snapshot;

use super::play::{play, play_with};

/// The task has landed.
const DONE: &str = "
    add
    started base
    r1 session s1
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 session s2
    r2 says DONE: built
    r2 exits
    saved c2
    approve 1
    merged m1
    released
";

fn after(start: &str, script: &str) -> String {
    play(&format!("{start}\n{script}"))
}

#[test]
fn who_made_it_answers_when_the_task_is_done() {
    let script = "
        question 1 author Why a queue?
        started c2
        r3 says DONE: It had to be fair.
        r3 exits
        back
    ";
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 3
      pm: planned
      dev: built
      dev, asked `Why a queue?`: It had to be fair.
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 1: done, Done
    ");
}

#[test]
fn words_in_no_form_are_an_answer_too_and_say_nothing_about_the_task() {
    let script = "
        question 1 r1 What was the plan?
        started c2
        r3 says To make it.
        r3 exits
        back
        question 1 pm And now?
        started c2
        r4 says DONE: throw it away;LABEL-UPDATED: done --> plan;VERDICT: fail
        r4 exits
        back
    ";
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 4
      pm: planned
      dev: built
      pm, asked `What was the plan?`: To make it.
      pm, asked `And now?`: throw it away
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of pm on #1/0, start 1: done, Done
    r4 Answer of pm on #1/0, start 1: done, Done
    ");
}

#[test]
fn a_question_is_taken_back() {
    let script = "
        question 1 author Why a queue?
        started c2
        unask r2
        unask r3
        unask r3
        r3 exits
        back
        unask r3
    ";
    assert_snapshot!(after(DONE, script), @r"
    ! unask r2: refused, r2 answers no question now
    ! unask r3: refused, r3 answers no question now
    #1 in done: done (done), head c2, starts 3
      pm: planned
      dev: built
      crewhouse, asked `Why a queue?`: r3 gave no answer: the question was taken back
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 1: cancelled
    e8 stop r3.1
    ");
}

#[test]
fn a_question_that_was_taken_back_is_not_answered_by_who_had_the_answer_already() {
    let script = "
        question 1 author Why a queue?
        started c2
        unask r3
        r3 says DONE: It had to be fair.
        r3 exits
        back
    ";
    let all = after(DONE, script);
    let answers: Vec<&str> = all.lines().filter(|line| line.contains("asked `")).collect();
    let expect = "crewhouse, asked `Why a queue?`: r3 gave no answer: the question was taken back";
    assert_eq!(answers.iter().map(|line| line.trim()).collect::<Vec<_>>(), [expect]);
}

/// The conversation is gone: whoever answers did not do it, and the card says so.
#[test]
fn an_answer_from_the_record_says_that_it_is_one() {
    let script = "
        question 1 author Why a queue?
        anew
        r3 says It seems to be fair.
        r3 exits
        back
    ";
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 3
      pm: planned
      dev: built
      dev, asked `Why a queue?`: (The conversation of r2 is not to be had. Who answers here did not do it, and knows what is on record.) /  / It seems to be fair.
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 1: done, Done
    ");
}

/// Neither is waited for, told, held back or taken back with its task; nor is the task with it.
#[test]
fn a_question_disturbs_nobody_at_work() {
    let script = "
        add
        started base
        r1 session s1
        question 1 author Is it hard?
        started base
        remark 1 be quick
        pause 1
        interrupted
        saved c1
        resume 1
        started c1
        cancel 1
        stopped
        saved c1
        released
        r2 says DONE: not at all
        r2 exits
        back
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: cancelled (cancelled), head c1, starts 3
      me: be quick (r1 knows)
      pm, asked `Is it hard?`: not at all
    r1 Work of pm on #1/0, start 2: cancelled
    r2 Answer of pm on #1/0, start 1: done, Done
    e3 tell r1.1 remark 1: be quick
    ");
}

#[test]
fn it_answers_while_its_task_is_paused_and_its_role_is_busy() {
    let script = "
        add
        started base
        r1 session s1
        pause 1
        interrupted
        question 1 author Is it hard?
        add
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: working (paused), paused, head base, starts 2
    #2 in plan: working (pm at work), starts 1
    r1 Work of pm on #1/0, start 1: paused
    r2 Answer of pm on #1/0, start 1: preparing
    r3 Work of pm on #2/0, start 1: preparing
    e3 save r1 Checkpoint
    e4 start r2.1
    e5 start r3.1
    wakes in 29 min 53 s
    ");
}

/// It fails, meets a limit, is stopped with everything: and goes on, like any run.
#[test]
fn a_question_is_asked_again_until_there_is_an_answer() {
    let script = "
        question 1 author Why a queue?
        started c2
        r3 exits
        wait 20
        started c2
        r3 limited 100
        stopped
        wait 200
        started c2
        emergency
        stopped
        release
        started c2
        r3 says DONE: It had to be fair.
        r3 exits
        back
    ";
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 6
      pm: planned
      dev: built
      dev, asked `Why a queue?`: It had to be fair.
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 4: done, failures 1, Done
    ");
}

#[test]
fn what_cannot_be_answered_says_why() {
    let script = "
        question 1 author Why a queue?
        started c2
        r3 needs a key
        r3 exits
        unsaved it is in use
        question 1 author And now?
        unstarted no program
        wait 60
        unstarted no program
        wait 60
        unstarted no program
        back
    ";
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 6
      pm: planned
      dev: built
      crewhouse, asked `Why a queue?`: r3 gave no answer: a key
      crewhouse, asked `And now?`: r4 gave no answer: no program
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 1: error, failures 1, Human trouble
    r4 Answer of dev on #1/0, start 3: error, failures 3, Transient trouble
    ");
}

#[test]
fn who_is_asked_asks_for_nothing_and_calls_for_nothing() {
    let script = r#"
        question 1 author Why a queue?
        started c2
        r3 asks colour
        r3 wants k1 run make
        r3 calls c1 {"tool": "comment", "arguments": {"text": "by the way"}}
        r3 calls c2 {"tool": "finish", "arguments": {"claim": "done", "summary": "It had to be fair.", "to": "plan"}}
        r3 calls c3 {"tool": "finish", "arguments": {"claim": "done", "summary": "It had to be fair."}}
        r3 exits
        back
    "#;
    assert_snapshot!(after(DONE, script), @r"
    #1 in done: done (done), head c2, starts 3
      pm: planned
      dev: built
      dev, asked `Why a queue?`: It had to be fair.
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 1: done, Done
    a1 about #1 from r3 by `colour`: answered `you are only asked a question, and change nothing and ask nobody
    hint: look at what is there, and end with your answer` by the permissions of its provider
    a2 about #1 from r3 by `k1`: answered `deny: you are only asked a question, and change nothing and ask nobody
    hint: look at what is there, and end with your answer` by the permissions of its provider
    e8 send a1 `you are only asked a question, and change nothing and ask nobody
    hint: look at what is there, and end with your answer` to r3.1
    e9 send a2 `deny: you are only asked a question, and change nothing and ask nobody
    hint: look at what is there, and end with your answer` to r3.1
    e10 reply refused to `c1` of r3.1: you are only asked a question, and change nothing and ask nobody / hint: look at what is there, and end with your answer
    e11 reply refused to `c2` of r3.1: who answers a question does not move the task / hint: leave `to` out
    e12 reply done to `c3` of r3.1: Taken as done. End your turn now; nothing else is needed.
    ");
}

#[test]
fn it_costs_the_task_and_an_empty_purse_is_said() {
    let script = "
        question 1 author Why a queue?
        question 1 author And why a list?
    ";
    let small = [("task_tokens = 1000", "task_tokens = 1000\ntask_runs = 2")];
    assert_snapshot!(play_with(&small, &format!("{DONE}\n{script}")), @r"
    #1 in done: done (done), head c2, starts 2
      pm: planned
      dev: built
      crewhouse, asked `Why a queue?`: r3 gave no answer: the budget of the task is used up
      crewhouse, asked `And why a list?`: r4 gave no answer: the budget of the task is used up
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    r3 Answer of dev on #1/0, start 0: error, Human trouble
    r4 Answer of dev on #1/0, start 0: error, Human trouble
    ");
}

#[test]
fn not_everybody_can_be_asked() {
    let script = "
        add
        question 1 author Why?
        question 7 author Why?
        question 1 r9 Why?
        question 1 judge Why?
        started base
        question 1 author
    ";
    assert_snapshot!(play(script), @r"
    ! question 7 author Why?: refused, there is no task #7
    ! question 1 r9 Why?: refused, r9 has done nothing on #1
    ! question 1 judge Why?: refused, no agent that could be asked has worked on #1
    ! question 1 author: refused, a question needs words
    #1 in plan: working (pm at work), head base, starts 2
    r1 Work of pm on #1/0, start 1: running
    r2 Answer of pm on #1/0, start 1: preparing
    e2 start r2.1
    wakes in 29 min 53 s
    ");
    let dev = "dev = { provider = \"native\", agents = 2 }";
    let gone = format!(
        "team owner = \"dev\" => owner = \"pm\"\n\
         team {dev} => other = {{ provider = \"native\" }}\n\
         question 1 author Why?"
    );
    assert_snapshot!(after(DONE, &gone), @r"
    ! question 1 author Why?: refused, the team has no role `dev`
    #1 in done: done (done), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    ");
    let mail = [
        ("[roles]", "[providers.mail]\nkind = \"mailbox\"\n[roles]"),
        (dev, "dev = { provider = \"mail\" }"),
    ];
    let script = DONE.replace("r2 says DONE: built\n    r2 exits", "file dev DONE: built");
    assert_snapshot!(play_with(&mail, &format!("{script}\nquestion 1 author Why?")), @r"
    ! question 1 author Why?: refused, `dev` is played through the mailbox: there is no conversation to ask
    #1 in done: done (done), head c2, starts 2
      pm: planned
      dev: built
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of dev on #1/0, start 1: done, Done
    ");
}
