//! Every provider over a real socket: answers, tools, usage, and everything that goes wrong.

use std::time::Duration;

use crew_agent::{AgentEvent, AgentExit, ErrorClass};
use crew_core::{Micros, Usage};
use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

pub(crate) fn kind(wire: Wire) -> &'static str {
    match wire {
        Wire::Anthropic => "anthropic",
        Wire::OpenAi | Wire::OpenAiResponses => "openai",
        Wire::Gemini => "gemini",
        Wire::Ollama => "ollama",
    }
}

fn model(server: &ModelServer, wire: Wire) -> Value {
    json!({
        "kind": kind(wire), "model": "m1", "base_url": server.base_url(wire),
        "key_env": "TEST_KEY",
        "idle_timeout_s": 5, "retries": 2, "backoff_ms": 1,
    })
}

fn run(bench: &Bench, server: &ModelServer, wire: Wire) -> Ran {
    let ran = bench.run(&bench.start_with(&model(server, wire), &json!({})), &[]);
    let text = String::from_utf8_lossy(&ran.bytes).into_owned();
    assert!(!text.contains("sk-very-secret"), "{text}");
    ran
}

fn finish() -> Reply {
    Reply::tool("finish", json!({ "message": "DONE: fixed" }))
}

#[test]
fn each_provider_reads_writes_and_finishes() {
    for wire in Wire::ALL {
        let bench = Bench::new();
        bench.put("a.txt", "alpha");
        let server = ModelServer::start([
            Reply::thinking("I should look – first.")
                .and_text("Looking at both.")
                .and_tool("read", json!({ "path": "a.txt" }))
                .and_tool("write", json!({ "path": "b.txt", "content": "ß\n" }))
                .usage(100, 20, 30),
            finish().usage(7, 0, 3),
        ])
        .unwrap();
        let ran = run(&bench, &server, wire);
        assert_eq!(ran.exit, AgentExit::Done, "{wire:?} {:?}", ran.events);
        assert_eq!(ran.done(), "DONE: fixed");
        assert_eq!(bench.get("b.txt"), "ß\n");
        let said = |event: AgentEvent| {
            assert!(ran.events.contains(&event), "{wire:?} lacks {event:?} in {:?}", ran.events);
        };
        said(AgentEvent::Session { id: "s1".into(), model: "m1".into() });
        said(AgentEvent::Thinking { text: "I should look – first.".into() });
        said(AgentEvent::Text { text: "Looking at both.".into() });
        said(AgentEvent::Usage(Usage {
            input_tokens: 100,
            cached_tokens: 20,
            output_tokens: 30,
            cost: (wire == Wire::Ollama).then_some(Micros(0)),
        }));
        assert_eq!(ran.results()[0], (true, "1\talpha\n".to_owned()));

        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        let sent = requests[1].body.to_string();
        for part in ["be good", "do it", "Looking at both.", "1\\talpha\\n", "wrote 3 bytes"] {
            assert!(sent.contains(part), "{wire:?} lacks {part}: {sent}");
        }
        for tool in ["read", "write", "edit", "search", "shell", "ask", "finish"] {
            assert!(sent.contains(&format!(r#""name":"{tool}""#)), "{wire:?} lacks {tool}");
        }
        check_key(wire, &requests[0]);
    }
}

fn check_key(wire: Wire, request: &crew_testkit::Request) {
    let (name, value) = match wire {
        Wire::Anthropic => ("x-api-key", Some("sk-very-secret")),
        Wire::OpenAi | Wire::OpenAiResponses => ("authorization", Some("Bearer sk-very-secret")),
        Wire::Gemini => ("x-goog-api-key", Some("sk-very-secret")),
        Wire::Ollama => ("authorization", None),
    };
    assert_eq!(request.header(name), value, "{wire:?}");
    assert!(!request.path.contains("sk-very-secret"));
}

#[test]
fn signed_thinking_goes_back_as_it_came_and_the_end_is_cached() {
    let bench = Bench::new();
    let look = Reply::thinking("hm").and_tool("shell", json!({ "command": "true" }));
    let server = ModelServer::start([look, finish()]).unwrap();
    assert_eq!(run(&bench, &server, Wire::Anthropic).exit, AgentExit::Done);
    let messages = &server.requests()[1].body["messages"];
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": "sig-0" });
    assert_eq!(messages[1]["content"][0], thinking, "{messages}");
    assert_eq!(messages[1]["content"][1]["id"], messages[2]["content"][0]["tool_use_id"]);
    assert_eq!(messages[2]["content"][0]["cache_control"], json!({ "type": "ephemeral" }));
}

#[test]
fn an_answer_without_a_call_is_final_unless_it_was_cut_off() {
    for wire in Wire::ALL {
        let bench = Bench::new();
        let server =
            ModelServer::start([Reply::text("half").cut_off(), Reply::text("DONE: y")]).unwrap();
        assert_eq!(run(&bench, &server, wire).done(), "DONE: y", "{wire:?}");
        assert!(server.requests()[1].body.to_string().contains("was cut off"));
    }
}

#[test]
fn nonsense_of_a_model_is_answered_not_obeyed() {
    for wire in Wire::ALL {
        let bench = Bench::new();
        let server = ModelServer::start([
            Reply::tool("launch", json!({ "what": "rockets" }))
                .and_tool("read", json!({ "pth": 1 })),
            Reply::tool("write", json!({ "path": "../x", "content": "" })),
            finish(),
        ])
        .unwrap();
        let ran = run(&bench, &server, wire);
        assert_eq!(ran.exit, AgentExit::Done, "{wire:?} {:?}", ran.events);
        let parts = ["no tool `launch`", "unknown field `pth`", "outside of the worktree"];
        for (part, (ok, output)) in parts.iter().zip(ran.results()) {
            assert!(!ok && output.contains(part), "{wire:?} {output}");
        }
    }
}

/// What the server does, how the agent ends, and after how many requests.
fn failures() -> Vec<(&'static str, Vec<Reply>, AgentExit, usize)> {
    use AgentExit::{Auth, Done, Invalid, Limit, Unavailable};
    let no = Reply::status;
    let soon = no(429).header("retry-after-ms", "5");
    let busy = no(429).body(r#"{"error":{"message":"Rate limit reached","type":"tokens"}}"#);
    let money = no(400).body(r#"{"error":{"message":"Your credit balance is too low"}}"#);
    let echo = no(401).body(r#"{"error":{"message":"bad key sk-very-secret"}}"#);
    let elsewhere = no(302).header("location", "http://127.0.0.1:1/");
    vec![
        ("401", vec![echo], Auth, 1),
        ("403", vec![no(403)], Auth, 1),
        ("400", vec![no(400).body("prompt is too long")], Invalid, 1),
        ("404", vec![no(404)], Invalid, 1),
        ("redirect", vec![elsewhere], Invalid, 1),
        ("529", vec![no(529); 3], Unavailable, 3),
        ("500 then well", vec![no(500), finish()], Done, 2),
        ("hang up", vec![Reply::hang_up(); 3], Unavailable, 3),
        ("torn", vec![finish().torn(); 3], Unavailable, 3),
        ("short", vec![finish().short(); 3], Unavailable, 3),
        ("short then well", vec![finish().short(), finish()], Done, 2),
        ("slow", vec![finish().slow(Duration::from_millis(20))], Done, 1),
        ("429", vec![busy], Limit, 1),
        ("money", vec![money], Limit, 1),
        ("429, soon over", vec![soon.clone(), finish()], Done, 2),
        ("429, soon over, again and again", vec![soon; 3], Limit, 3),
        ("429, long", vec![no(429).header("retry-after", "7200")], Limit, 1),
    ]
}

#[test]
fn each_failure_has_its_event_and_its_exit() {
    for wire in Wire::ALL {
        for (name, script, exit, requests) in &failures() {
            let bench = Bench::new();
            let server = ModelServer::start(script.clone()).unwrap();
            let ran = run(&bench, &server, wire);
            assert_eq!(ran.exit, *exit, "{wire:?} {name}: {:?}", ran.events);
            assert_eq!(server.requests().len(), *requests, "{wire:?} {name}");
            check_last_event(&ran, name);
        }
    }
}

fn check_last_event(ran: &Ran, name: &str) {
    let has_end = name == "429, long" || name.ends_with("again and again");
    match (ran.exit, ran.events.last().unwrap()) {
        (AgentExit::Done, AgentEvent::Done { .. })
        | (AgentExit::Auth, AgentEvent::Error { class: ErrorClass::Auth, .. })
        | (AgentExit::Invalid, AgentEvent::Error { class: ErrorClass::Invalid, .. })
        | (AgentExit::Unavailable, AgentEvent::Error { class: ErrorClass::Unavailable, .. }) => {}
        (AgentExit::Limit, AgentEvent::Limit { until, .. }) => {
            assert_eq!(until.is_some(), has_end, "{name}");
        }
        (exit, event) => panic!("{name}: {exit:?} after {event:?}"),
    }
}

#[test]
fn silence_is_noticed() {
    for wire in [Wire::Anthropic, Wire::Ollama] {
        let bench = Bench::new();
        let server = ModelServer::start([finish().hanging(), finish()]).unwrap();
        let mut config = model(&server, wire);
        config["idle_timeout_s"] = json!(1);
        let ran = bench.run(&bench.start_with(&config, &json!({})), &[]);
        assert_eq!(ran.exit, AgentExit::Done, "{wire:?} {:?}", ran.events);
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn nobody_listens_and_no_key() {
    let bench = Bench::new();
    let mut config = model(&ModelServer::start([]).unwrap(), Wire::OpenAi);
    let ran = bench.run(&bench.start_with(&config.clone(), &json!({})), &[]);
    assert_eq!(ran.exit, AgentExit::Unavailable, "{:?}", ran.events);
    config["key_env"] = json!("NO_SUCH_KEY");
    let ran = bench.run(&bench.start_with(&config, &json!({})), &[]);
    assert_eq!(ran.exit, AgentExit::Auth);
    assert!(ran.error().1.contains("hint: set NO_SUCH_KEY"));
}

#[test]
fn a_limit_is_resumed_where_it_struck() {
    let bench = Bench::new();
    let server = ModelServer::start([
        Reply::tool("shell", json!({ "command": "echo once >> log" })),
        Reply::status(429),
    ])
    .unwrap();
    assert_eq!(run(&bench, &server, Wire::OpenAi).exit, AgentExit::Limit);
    server.then([finish()]);
    assert_eq!(run(&bench, &server, Wire::OpenAi).exit, AgentExit::Done);
    assert_eq!(bench.get("log"), "once\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_price_turns_usage_into_money_and_a_budget_stops_before_the_call() {
    let bench = Bench::new();
    let server = ModelServer::start([finish().usage(1_000, 100, 10)]).unwrap();
    let mut config = model(&server, Wire::Anthropic);
    config["price"] = json!({ "input": 3_000_000, "cached": 300_000, "output": 15_000_000 });
    config["max_output_tokens"] = json!(1_000);
    let mut start = bench.start_with(&config, &json!({ "budget": { "tokens": 999, "turns": 5 } }));
    let ran = bench.run(&start, &[]);
    assert_eq!(ran.exit, AgentExit::Budget);
    assert_eq!(server.requests().len(), 0);

    start["budget"] = json!({ "tokens": 2_000, "turns": 5 });
    let ran = bench.run(&start, &[]);
    assert_eq!(ran.exit, AgentExit::Done);
    let is_priced = |event: &AgentEvent| {
        matches!(event, AgentEvent::Usage(Usage { cost: Some(Micros(3_180)), .. }))
    };
    assert!(ran.events.iter().any(is_priced), "{:?}", ran.events);
}

#[test]
fn a_command_does_not_see_the_key() {
    let bench = Bench::new();
    let command = json!({ "command": "test -n \"$HOME\" && test -z \"$TEST_KEY\"" });
    let server = ModelServer::start([Reply::tool("shell", command), finish()]).unwrap();
    let ran = run(&bench, &server, Wire::OpenAi);
    assert_eq!(ran.results()[0], (true, "\n(exit code 0)".to_owned()));
}

#[test]
fn a_name_that_ends_like_an_effort_is_sent_whole() {
    let bench = Bench::new();
    let server = ModelServer::start([finish()]).unwrap();
    let mut config = model(&server, Wire::OpenAi);
    config["model"] = json!("qwen-max");
    let ran = bench.run(&bench.start_with(&config, &json!({})), &[]);
    assert_eq!(ran.exit, AgentExit::Done, "{:?}", ran.events);
    let sent = &server.requests()[0].body;
    assert_eq!((&sent["model"], &sent["reasoning_effort"]), (&json!("qwen-max"), &Value::Null));
}

/// What it said kept to no protocol: it is over for the agent, and whoever started it says why it
/// is not over for them.
#[test]
fn a_note_after_a_useless_end_is_a_message_that_the_model_answers() {
    for wire in Wire::ALL {
        let bench = Bench::new();
        let server = ModelServer::start([Reply::text("I think that is all.")]).unwrap();
        let start = |prompt: &str| {
            bench.start_with(&model(&server, wire), &json!({ "run": "r1", "prompt": prompt }))
        };
        assert_eq!(bench.run(&start("do it"), &[]).done(), "I think that is all.");
        assert_eq!(bench.run(&start("do it"), &[]).done(), "I think that is all.");
        assert_eq!(server.requests().len(), 1, "{wire:?}: the same start asks nobody again");
        server.then([finish()]);
        let noted = "do it\n\nNote: begin with DONE:, REQUEST: or ERROR:";
        assert_eq!(bench.run(&start(noted), &[]).done(), "DONE: fixed");
        let sent = server.requests()[1].body.to_string();
        let parts = [r#""do it""#, "I think that is all.", "begin with DONE:"];
        let places: Vec<_> = parts.iter().map(|part| sent.find(part)).collect();
        assert!(places.iter().all(Option::is_some), "{wire:?} {sent}");
        assert!(places.is_sorted(), "{wire:?} {sent}");
    }
}

#[test]
fn a_provider_that_is_awaited_has_a_heartbeat() {
    let bench = Bench::new();
    let server = ModelServer::start([finish().hanging(), finish()]).unwrap();
    let mut config = model(&server, Wire::Anthropic);
    config["idle_timeout_s"] = json!(1);
    let ran = bench.run(&bench.start_with(&config, &json!({ "heartbeat_ms": 200 })), &[]);
    assert_eq!(ran.exit, AgentExit::Done, "{:?}", ran.events);
    let beats = ran.events.iter().filter(|event| **event == AgentEvent::Heartbeat).count();
    assert!((2..=8).contains(&beats), "{:?}", ran.events);
}
