//! Conversations that become too long for their model.

use crew_agent::{AgentEvent, AgentExit, ErrorClass};
use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};
use crate::wire::kind;

const WINDOW: u64 = 8_192;
/// What a token is, in bytes, where text is dense.
const BYTES_OF_A_TOKEN: usize = 3;

fn model(server: &ModelServer, wire: Wire) -> Value {
    json!({
        "kind": kind(wire), "model": "m1", "base_url": server.base_url(wire), "key_env": "TEST_KEY",
        "max_output_tokens": 1_000, "retries": 0,
    })
}

/// Reads so many files of 5 kB, and finishes.
fn reads(count: usize) -> Vec<Reply> {
    let read = |number| Reply::tool("read", json!({ "path": format!("{number}.txt") }));
    (0..count).map(read).collect()
}

fn finish() -> Reply {
    Reply::tool("finish", json!({ "message": "DONE: fixed" }))
}

fn bench() -> Bench {
    let bench = Bench::new();
    for number in 0..20 {
        bench
            .put(&format!("{number}.txt"), format!("file {number}\n{}", "fn x() {}\n".repeat(500)));
    }
    bench
}

fn compactions(ran: &Ran) -> usize {
    ran.events.iter().filter(|event| **event == AgentEvent::Compacted).count()
}

fn contexts(ran: &Ran) -> Vec<(u64, u64)> {
    let context = |event: &AgentEvent| match event {
        AgentEvent::Context { used, window } => Some((*used, *window)),
        _ => None,
    };
    ran.events.iter().filter_map(context).collect()
}

fn sizes(server: &ModelServer) -> Vec<usize> {
    server.requests().iter().map(|request| request.body.to_string().len()).collect()
}

#[test]
fn no_request_is_longer_than_what_the_model_takes() {
    for wire in Wire::ALL {
        let bench = bench();
        let server = ModelServer::start(reads(20).into_iter().chain([finish()])).unwrap();
        let mut model = model(&server, wire);
        let (window, answer) = (16_384, 4_096);
        model["context_tokens"] = json!(window);
        model["max_output_tokens"] = json!(8_192);
        let ran = bench.run(&bench.start_with(&model, &json!({})), &[]);
        assert_eq!(ran.exit, AgentExit::Done, "{wire:?} {:?}", ran.events);
        let times = compactions(&ran);
        assert!((2..=10).contains(&times), "{wire:?}: {times} for 20 steps");
        let fits = |size: &usize| size / BYTES_OF_A_TOKEN + answer <= window;
        assert!(sizes(&server).iter().all(fits), "{wire:?} {:?}", sizes(&server));

        let last = server.requests().last().unwrap().body.to_string();
        let said = ["do it", "told in short", "file 12", "- you called read", "file 19"];
        let places: Vec<_> = said.iter().map(|part| last.find(part)).collect();
        assert!(places.iter().all(Option::is_some), "{wire:?} {places:?} {last}");
    }
}

#[test]
fn who_refuses_what_is_too_long_is_asked_in_fewer_words() {
    let refusals = [
        (Wire::OpenAi, "This model's maximum context length is 8192 tokens. However, …"),
        (Wire::Anthropic, "prompt is too long: 9000 tokens > 8192 maximum"),
        (
            Wire::Gemini,
            "The input token count exceeds the maximum number of tokens allowed (8192).",
        ),
        (Wire::Ollama, "the request exceeds the available context size (8192 tokens)"),
    ];
    for (wire, words) in refusals {
        let bench = bench();
        let no = Reply::status(400).body(&json!({ "error": { "message": words } }).to_string());
        let script = reads(5).into_iter().chain([no]).chain([finish().usage(2_000, 0, 48)]);
        let server = ModelServer::start(script).unwrap();
        let ran = bench.run(&bench.start_with(&model(&server, wire), &json!({})), &[]);
        assert_eq!(ran.exit, AgentExit::Done, "{wire:?} {:?}", ran.events);
        assert_eq!(compactions(&ran), 1, "{wire:?}");
        assert_eq!(contexts(&ran), [(2_048, WINDOW)], "{wire:?}");
        let sizes = sizes(&server);
        assert!(sizes[6] < WINDOW as usize * 3 && sizes[6] < sizes[5], "{wire:?} {sizes:?}");
    }
}

#[test]
fn a_task_that_is_too_long_by_itself_is_a_failure_that_says_so() {
    let bench = bench();
    let words = "prompt is too long: 9000 tokens > 8192 maximum";
    let no = Reply::status(400).body(&json!({ "error": { "message": words } }).to_string());
    let server = ModelServer::start([no]).unwrap();
    let model = model(&server, Wire::Anthropic);
    let ran = bench.run(&bench.start_with(&model, &json!({})), &[]);
    assert_eq!(ran.exit, AgentExit::Invalid);
    let (class, message) = ran.error();
    assert_eq!(class, ErrorClass::Invalid);
    assert!(message.contains(words) && message.contains("hint: "), "{message}");
    assert_eq!((compactions(&ran), server.requests().len()), (0, 1));
}

/// It drops the beginning of what is longer, says nothing, and counts what is left.
#[test]
fn ollama_is_asked_what_it_has_loaded_the_model_with() {
    let bench = bench();
    let count = |reply: Reply| reply.usage(3_000, 0, 100);
    let script = reads(12).into_iter().map(count).chain([finish()]);
    let server = ModelServer::start(script).unwrap();
    server.set_window(WINDOW);
    let mut start = bench.start_with(&model(&server, Wire::Ollama), &json!({}));
    start["model"]["key_env"] = Value::Null;
    let ran = bench.run(&start, &[]);
    assert_eq!(ran.exit, AgentExit::Done, "{:?}", ran.events);
    assert_eq!(contexts(&ran)[0], (3_100, WINDOW));
    assert!(compactions(&ran) > 0, "{:?}", ran.events);
    let fits = |size: &usize| size / BYTES_OF_A_TOKEN < WINDOW as usize;
    assert!(sizes(&server).iter().all(fits), "{:?}", sizes(&server));
}

#[test]
fn a_conversation_that_is_too_long_already_is_compacted_before_its_next_call() {
    let bench = bench();
    let server = ModelServer::start(reads(8).into_iter().chain([Reply::status(429)])).unwrap();
    let ran = bench.run(&bench.start_with(&model(&server, Wire::OpenAi), &json!({})), &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Limit, 0));
    let local = ModelServer::start([finish()]).unwrap();
    local.set_window(WINDOW);
    let ran = bench.run(&bench.start_with(&model(&local, Wire::Ollama), &json!({})), &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Done, 1), "{:?}", ran.events);
    assert!(sizes(&local)[0] / BYTES_OF_A_TOKEN < WINDOW as usize, "{:?}", sizes(&local));
}

#[test]
fn what_ollama_would_drop_the_beginning_of_is_not_sent() {
    let bench = bench();
    let server = ModelServer::start([finish()]).unwrap();
    server.set_window(256);
    let ran = bench.run(&bench.start_with(&model(&server, Wire::Ollama), &json!({})), &[]);
    assert_eq!((ran.exit, server.requests().len()), (AgentExit::Invalid, 0));
    let (class, message) = ran.error();
    assert_eq!(class, ErrorClass::Invalid);
    assert!(message.contains("takes 256") && message.contains("hint: "), "{message}");
}

fn too_long() -> Reply {
    let words = "This model's maximum context length is 8192 tokens. However, …";
    Reply::status(400).body(&json!({ "error": { "message": words } }).to_string())
}

#[test]
fn what_is_too_long_all_the_same_is_told_in_fewer_words_still() {
    let bench = bench();
    let script = reads(5).into_iter().chain([too_long(), too_long(), finish()]);
    let server = ModelServer::start(script).unwrap();
    let ran = bench.run(&bench.start_with(&model(&server, Wire::OpenAi), &json!({})), &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Done, 2), "{:?}", ran.events);
    let sizes = sizes(&server);
    assert!(sizes[7] < sizes[6] && sizes[6] < sizes[5], "{sizes:?}");
}

#[test]
fn an_answer_that_has_no_place_is_asked_for_shorter_before_anything_is_forgotten() {
    let bench = bench();
    let server = ModelServer::start([too_long(), finish()]).unwrap();
    let mut model = model(&server, Wire::OpenAi);
    model["max_output_tokens"] = json!(8_192);
    let ran = bench.run(&bench.start_with(&model, &json!({})), &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Done, 0), "{:?}", ran.events);
    let answers: Vec<String> =
        server.requests().iter().map(|request| request.body["max_tokens"].to_string()).collect();
    assert_eq!(answers, ["8192", "2048"]);
}

#[test]
fn what_was_compacted_stays_so_when_the_agent_is_started_again() {
    let bench = bench();
    let script = reads(5).into_iter().chain([Reply::status(429)]);
    let server = ModelServer::start(script).unwrap();
    let mut model = model(&server, Wire::OpenAi);
    model["context_tokens"] = json!(WINDOW);
    let start = bench.start_with(&model, &json!({}));
    let ran = bench.run(&start, &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Limit, 2));
    server.then([finish()]);
    let ran = bench.run(&start, &[]);
    assert_eq!((ran.exit, compactions(&ran)), (AgentExit::Done, 0));
    let requests = server.requests();
    assert_eq!(requests[5].body["messages"], requests[6].body["messages"]);
}
