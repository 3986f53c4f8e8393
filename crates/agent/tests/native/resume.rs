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
