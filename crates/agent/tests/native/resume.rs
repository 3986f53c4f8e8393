//! A kill at any moment: the session file is cut at every line and within lines, and the next run
//! must still bring the work to its end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crew_agent::{AgentEvent, AgentExit};
use serde_json::{Value, json};

use crate::bench::Bench;

const WORK: &str = r#"
[[scene]]
[[scene.turn]]
say = "begin"
tools = [
  { name = "write", path = "a.txt", content = "one\n" },
  { name = "edit", path = "list.txt", old = "end", new = "middle\nend" },
]
[[scene.turn]]
ask = { text = "Go on?" }
[[scene.turn]]
tools = [{ name = "shell", command = "cp a.txt b.txt" }, { name = "read", path = "b.txt" }]
[[scene.turn]]
finish = "DONE: {answer}"
"#;

/// The key of the only ask, when nothing before it had to be repeated.
const ASK: &str = "c4-0";

fn answer(ask: &str) -> Value {
    json!({ "type": "answer", "ask": ask, "text": "yes" })
}

fn check_work(bench: &Bench, context: &str) {
    assert_eq!(bench.get("a.txt"), "one\n", "{context}");
    assert_eq!(bench.get("b.txt"), "one\n", "{context}");
    assert_eq!(bench.get("list.txt"), "middle\nend\n", "{context}");
    let mut names: Vec<_> = fs::read_dir(bench.worktree())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.txt", "b.txt", "list.txt"], "{context}");
}

#[test]
fn a_kill_at_any_line_of_the_session_loses_nothing() {
    let bench = Bench::new();
    bench.put("list.txt", "end\n");
    let whole = bench.run(&bench.start(WORK, &json!({})), &[answer(ASK)]);
    assert_eq!((whole.done(), whole.asks()), ("DONE: yes", vec![ASK.to_owned()]));
    check_work(&bench, "without a kill");
    let session = fs::read(bench.session()).unwrap();

    let ends = session.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let cuts: Vec<usize> = ends.flat_map(|end| [end - 20, end - 1, end]).collect();
    assert_eq!(cuts.len(), 30, "ten lines, each cut in it, before its end and after it");
    for cut in cuts {
        // The tools had run as far as the lines tell, or one call further.
        for is_effect_lost in [true, false] {
            let context = format!("cut at {cut}, effect lost: {is_effect_lost}");
            let bench = Bench::new();
            bench.put("list.txt", "end\n");
            replay_effects(&bench, &session[..cut], is_effect_lost);
            fs::create_dir_all(bench.session().parent().unwrap()).unwrap();
            fs::write(bench.session(), &session[..cut]).unwrap();
            let start = bench.start(WORK, &json!({}));
            // A call that is repeated takes two places before the ask.
            let answers: Vec<_> = (4..9).map(|place| answer(&format!("c{place}-0"))).collect();
            let mut ran = bench.run(&start, &answers);
            assert_eq!(ran.done(), "DONE: yes", "{context}: {:?}", ran.events);
            check_work(&bench, &context);
            ran = bench.run(&start, &[]);
            assert_eq!(ran.done(), "DONE: yes", "{context}: a finished run is not done again");
            assert_eq!(ran.events.len(), 2, "{context}");
        }
    }
}

/// Does what the calls in these lines did.
fn replay_effects(bench: &Bench, session: &[u8], is_last_lost: bool) {
    let text = String::from_utf8_lossy(session);
    let lines: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let has_result = |id: &Value| lines.iter().any(|line| line["call"] == *id);
    for call in lines.iter().filter_map(|line| line["calls"].as_array()).flatten() {
        if !has_result(&call["id"]) && is_last_lost {
            return;
        }
        match call["name"].as_str().unwrap() {
            "write" => bench.put("a.txt", "one\n"),
            "edit" => bench.put("list.txt", "middle\nend\n"),
            "shell" => bench.put("b.txt", "one\n"),
            _ => {}
        }
        if !has_result(&call["id"]) {
            if ["write", "edit"].iter().any(|name| call["name"] == *name) {
                bench.put(".crew-write.tmp", "half a fi");
            }
            return;
        }
    }
}

#[test]
fn an_ask_that_was_open_is_asked_again_with_its_key() {
    let bench = Bench::new();
    bench.put("list.txt", "end\n");
    bench.run(&bench.start(WORK, &json!({})), &[answer(ASK)]);
    let session = fs::read_to_string(bench.session()).unwrap();
    let asked = session.find(r#""name":"ask""#).unwrap();
    let end = asked + session[asked..].find('\n').unwrap() + 1;
    for prompt in ["do it", "go on, you were interrupted"] {
        fs::write(bench.session(), &session[..end]).unwrap();
        let start = bench.start(WORK, &json!({ "prompt": prompt }));
        let ran = bench.run(&start, &[answer(ASK)]);
        assert_eq!(ran.asks()[0], ASK);
        assert_eq!(ran.results()[0], (true, "yes".to_owned()));
    }
}

#[test]
fn a_finished_session_goes_on_with_a_new_prompt_or_visit() {
    let script = r#"
        [[scene]]
        visit = 1
        [[scene.turn]]
        finish = "DONE: first"
        [[scene]]
        [[scene.turn]]
        say = "DONE: again {visit}"
    "#;
    let bench = Bench::new();
    assert_eq!(bench.play(script).done(), "DONE: first");
    let again = bench.start(script, &json!({ "visit": 2 }));
    assert_eq!(bench.run(&again, &[]).done(), "DONE: again 2");
    let other = bench.start(script, &json!({ "visit": 2, "prompt": "more" }));
    assert_eq!(bench.run(&other, &[]).done(), "DONE: again 2");
    let empty = bench.start(script, &json!({ "visit": 2, "prompt": "" }));
    let ran = bench.run(&empty, &[]);
    assert_eq!((ran.done(), ran.events.len()), ("DONE: again 2", 2));
    let session = fs::read_to_string(bench.session()).unwrap();
    assert_eq!(session.matches(r#""kind":"prompt""#).count(), 3);
}

#[test]
fn a_session_that_is_broken_in_the_middle_is_refused_and_kept() {
    let bench = Bench::new();
    let script = "[[scene]]\n[[scene.turn]]\nfinish = 'DONE: x'\n";
    bench.play(script);
    let broken = format!("garbage\n{}", fs::read_to_string(bench.session()).unwrap());
    fs::write(bench.session(), &broken).unwrap();
    let ran = bench.play(script);
    assert_eq!(ran.exit, AgentExit::Invalid);
    assert!(ran.error().1.contains("line 1 of the session file"), "{:?}", ran.error());
    assert_eq!(fs::read_to_string(bench.session()).unwrap(), broken);
}

#[test]
fn a_session_file_that_cannot_be_written_ends_the_run() {
    let bench = Bench::new();
    let start = bench
        .start("[[scene]]\n[[scene.turn]]\nsay = 'x'\n", &json!({ "session": bench.worktree() }));
    let ran = bench.run(&start, &[]);
    assert_eq!(ran.exit, AgentExit::Invalid);
    assert!(matches!(ran.events[..], [AgentEvent::Error { .. }]));
    assert!(fs::metadata(bench.worktree()).unwrap().permissions().mode() > 0);
}

/// A script that calls a command again and again.
fn endless(command: &str) -> String {
    let turn = format!(
        "[[scene.turn]]\ntools = [{{ name = 'shell', command = '{command}' }}]\n\
         usage = {{ input = 90, output = 10 }}\n"
    );
    format!("[[scene]]\n{}[[scene.turn]]\nfinish = 'DONE: x'\n", turn.repeat(20))
}

fn prompts(bench: &Bench) -> usize {
    fs::read_to_string(bench.session()).unwrap().matches(r#""kind":"prompt""#).count()
}

#[test]
fn a_new_run_is_a_new_prompt_with_a_budget_of_its_own() {
    let bench = Bench::new();
    let start = |run: &str| {
        let budget = json!({ "turns": 3, "tokens": 1_000 });
        bench.start(&endless("date +%s%N"), &json!({ "run": run, "budget": budget }))
    };
    for (run, turns, prompts_then) in [("r1", 3, 1), ("r1", 0, 1), ("r2", 3, 2), ("r2", 0, 2)] {
        let ran = bench.run(&start(run), &[]);
        assert_eq!((ran.exit, ran.results().len()), (AgentExit::Budget, turns), "{run}");
        assert_eq!(prompts(&bench), prompts_then, "{run}");
    }
}

#[test]
fn a_restart_with_a_note_asks_again_within_the_budget_of_the_run() {
    let bench = Bench::new();
    let start = |prompt: &str, turns: u32| {
        let changes = json!({ "run": "r1", "prompt": prompt, "budget": { "turns": turns } });
        bench.start(&endless("date +%s%N"), &changes)
    };
    let ran = bench.run(&start("do it", 2), &[]);
    assert_eq!((ran.exit, ran.results().len()), (AgentExit::Budget, 2));
    let ran = bench.run(&start("do it\n\nNote: hurry", 3), &[]);
    assert_eq!((ran.exit, ran.results().len()), (AgentExit::Budget, 1), "two turns were used");
    assert_eq!(prompts(&bench), 2);
}

#[test]
fn a_circle_that_a_note_breaks_is_none() {
    let bench = Bench::new();
    let script = endless("true");
    let start = |prompt: &str| bench.start(&script, &json!({ "run": "r1", "prompt": prompt }));
    let circle = |prompt: &str| {
        let ran = bench.run(&start(prompt), &[]);
        assert_eq!(ran.exit, AgentExit::Stuck);
        ran.results().len()
    };
    assert_eq!(circle("do it"), 5);
    assert_eq!(circle("do it"), 0, "a restart alone breaks no circle");
    assert_eq!(circle("do it\n\nNote: try something else"), 5);
}

#[test]
fn an_ask_belongs_to_its_run() {
    let bench = Bench::new();
    bench.put("list.txt", "end\n");
    let start = |run: &str| bench.start(WORK, &json!({ "run": run }));
    bench.run(&start("r1"), &[answer(ASK)]);
    let session = fs::read_to_string(bench.session()).unwrap();
    let asked = session.find(r#""name":"ask""#).unwrap();
    let end = asked + session[asked..].find('\n').unwrap() + 1;
    fs::write(bench.session(), &session[..end]).unwrap();
    let ran = bench.run(&start("r1"), &[answer(ASK)]);
    assert_eq!((ran.asks(), ran.done()), (vec![ASK.to_owned()], "DONE: yes"));

    fs::write(bench.session(), &session[..end]).unwrap();
    let ran = bench.run(&start("r2"), &[]);
    assert!(!ran.asks().contains(&ASK.to_owned()), "{:?}", ran.asks());
    let written = fs::read_to_string(bench.session()).unwrap();
    assert!(written.contains("the run that asked is over"), "{written}");
}
