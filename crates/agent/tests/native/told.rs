//! What is said to the agent while it works.

use std::fs;

use crew_agent::{AgentEvent, AgentExit};
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

const WORK: &str = r#"
[[scene]]
[[scene.turn]]
tools = [{ name = "write", path = "a.txt", content = "one\n" }]
[[scene.turn]]
ask = { text = "Go on?" }
[[scene.turn]]
finish = "DONE: {answer}"
"#;
const MARK: &str = "(Crewhouse: remark 7 on #1 of h)";

fn took_in(ran: &Ran) -> Vec<u64> {
    let remark = |event: &AgentEvent| match event {
        AgentEvent::TookIn { remark } => Some(*remark),
        _ => None,
    };
    ran.events.iter().filter_map(remark).collect()
}

/// How often the remark stands in the conversation.
fn times(bench: &Bench) -> usize {
    fs::read_to_string(bench.session()).unwrap().matches(MARK).count()
}

fn answer(key: &str) -> Value {
    json!({"type": "answer", "ask": key, "text": "yes"})
}

#[test]
fn a_remark_is_taken_in_once_and_it_says_so() {
    let bench = Bench::new();
    let text = format!("of iron\n\n{MARK}");
    let remark = json!({"type": "message", "remark": 7, "text": text});
    let start = |changes: &Value| bench.start(WORK, changes);
    // Its input ends while it asks: the rest is a restart.
    let ran = bench.run(&start(&json!({})), &[remark]);
    assert_eq!((took_in(&ran), times(&bench)), (vec![7], 1));
    fs::remove_file(bench.session()).unwrap();
    let later = json!({"remarks": [{"mark": MARK, "text": text}]});
    let answers: Vec<Value> = (1..9).map(|place| answer(&format!("c{place}-0"))).collect();
    let ran = bench.run(&start(&later), &answers);
    assert_eq!((ran.done(), times(&bench)), ("DONE: yes", 1), "{:?}", ran.events);
    let again = bench.run(&start(&later), &[]);
    assert_eq!((again.done(), times(&bench)), ("DONE: yes", 1), "it is not said twice");
}

#[test]
fn an_agent_that_is_interrupted_goes_and_is_asked_to_go_on() {
    let bench = Bench::new();
    let start = bench.start(WORK, &json!({}));
    let ran = bench.run(&start, &[json!({"type": "interrupt"})]);
    assert_eq!(ran.exit, AgentExit::Interrupted, "at the latest while it waits for an answer");
    assert!(!ran.events.iter().any(|event| matches!(event, AgentEvent::Error { .. })));
    let answers: Vec<Value> = (1..9).map(|place| answer(&format!("c{place}-0"))).collect();
    let go_on = bench.run(&start, &answers);
    assert_eq!(go_on.done(), "DONE: yes", "{:?}", go_on.events);
}
