//! The native agent with a model behind it, over the wire, in the whole program: what a provider
//! does to people, and what becomes of the task.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::json;
use support::program::{RULES, engineer_with, waits};
use support::{Daemon, Lab, one_engineer};

const KEY: &str = "an-invented-key-7f3a";

/// One engineer and one human; the model is ours.
fn lab(server: &ModelServer, wire: Wire, api: &str) -> Lab {
    one_engineer(&format!(
        r#"
[limits]
backoff_seconds = 0

[providers.model]
kind = "native"
api = "{api}"
model = "tiny"
base_url = "{}/"
key_env = "CREW_TEST_KEY"
input_usd_per_mtok = 1.00
output_usd_per_mtok = 10.00

[roles.engineer]
provider = "model"
"#,
        server.base_url(wire)
    ))
}

fn up(lab: &Lab) -> Daemon {
    let daemon = lab.serve_with(&[("CREW_TEST_KEY", KEY)]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn writes() -> Reply {
    Reply::tool("write", json!({"path": "made.txt", "content": "made\n"})).usage(1000, 0, 100)
}

fn finishes() -> Reply {
    Reply::text("DONE: made it").usage(2000, 0, 10)
}

/// What task 1 has cost, in micro-dollars: 1 for an input token and 10 for an output token.
fn cost(lab: &Lab) -> u64 {
    lab.json(&["task", "show", "1"])["spent"]["cost_micros"].as_u64().unwrap()
}

#[test]
fn a_model_of_every_provider_makes_a_change() {
    for (wire, api) in [
        (Wire::Anthropic, "anthropic"),
        (Wire::OpenAi, "openai"),
        (Wire::Gemini, "gemini"),
        (Wire::Ollama, "ollama"),
    ] {
        let server = ModelServer::start([writes(), finishes()]).unwrap();
        let lab = lab(&server, wire, api);
        let _daemon = up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        lab.run();
        assert_eq!(lab.landed("made.txt"), "made\n", "{api}");
        assert_eq!(cost(&lab), 3000 + 1100, "{api}");
        let written = format!("{}{}", lab.journal_text(), lab.ok(&["log", "1", "--raw"]));
        assert!(!written.contains(KEY), "{api}: a key is never written down");
    }
}

#[test]
fn a_role_may_go_on_with_one_conversation_from_task_to_task() {
    let server = ModelServer::start([writes(), finishes()]).unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    let text = text.replace("provider = \"model\"\n", "provider = \"model\"\nsession = \"role\"\n");
    fs::write(&team, text).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "one conversation"]);
    let daemon = up(&lab);
    lab.ok(&["task", "add", "Make the first thing"]);
    lab.run();
    daemon.kill();
    let _daemon = up(&lab);
    let second = Reply::tool("write", json!({"path": "second.txt", "content": "made\n"}));
    server.then([second, Reply::text("DONE: made it too")]);
    lab.ok(&["task", "add", "Make the second thing"]);
    lab.run();
    assert_eq!(lab.landed("second.txt"), "made\n");
    let asked = server.requests().last().unwrap().body.to_string();
    assert!(asked.contains("Make the first thing"), "it remembers: {asked}");
    assert!(asked.contains("Make the second thing"), "{asked}");
}

#[test]
fn a_limit_with_a_reset_is_waited_out_and_nothing_is_paid_twice() {
    let limited = Reply::status(429)
        .header("retry-after", "31") // what is shorter is waited out by the agent itself
        .body(r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"#);
    let server = ModelServer::start([writes(), limited, finishes()]).unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait_for("\"words\":\"limited\"");
    daemon.kill();
    let _daemon = up(&lab);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(cost(&lab), 3000 + 1100, "each answer is paid once");
    let asked = server.requests().last().unwrap().body.to_string();
    assert!(asked.contains("made.txt"), "the session was resumed: {asked}");
}

#[test]
fn a_key_that_is_refused_waits_for_the_human_and_costs_nothing() {
    let refusal = Reply::status(401).body(
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
    );
    let server = ModelServer::start([refusal]).unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let inbox = lab.wait("the human is asked", || {
        let inbox = lab.json(&["inbox"]);
        inbox["items"].get(0).cloned()
    });
    let text = inbox["text"].as_str().unwrap();
    assert!(text.contains("401") || text.contains("key"), "{text}");
    assert_eq!(server.requests().len(), 1, "a refused key is not tried again by itself");
    server.then([writes(), finishes()]);
    lab.ok(&["answer", &format!("a{}", inbox["ask"]), "try again"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

#[test]
fn a_provider_that_fails_in_passing_is_asked_again() {
    let overloaded = Reply::status(529);
    let server = ModelServer::start([
        Reply::status(500),
        overloaded,
        writes(),
        Reply::text("half of it").torn(),
        finishes(),
    ])
    .unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

#[test]
fn a_daemon_without_the_key_says_which_variable_is_missing() {
    let server = ModelServer::start([]).unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let inbox = lab.wait("the human is asked", || {
        let inbox = lab.ok(&["inbox"]);
        inbox.contains("CREW_TEST_KEY").then_some(inbox)
    });
    assert!(inbox.contains("try again"), "{inbox}");
    assert!(server.requests().is_empty());
}

/// Our own agent asks its role's rules, as the programs of others do.
#[test]
fn rules_answer_for_the_human_and_leave_the_rest_to_them() {
    let shell = |command: &str| Reply::tool("shell", json!({ "command": command }));
    let secret = Reply::tool("write", json!({"path": "secret/a", "content": "x"}));
    let server = ModelServer::start([
        shell("touch other.txt"),
        secret,
        shell("true && git push"),
        shell("echo yes > asked.txt"),
        shell("echo no > refused.txt"),
        writes(),
        finishes(),
    ])
    .unwrap();
    let lab = lab(&server, Wire::Anthropic, "anthropic");
    let more = "    { answer = \"ask\", command = \"echo\" },\n]";
    engineer_with(&lab, &RULES.replace(']', more));
    let mut daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "May it use shell?");
    assert_eq!(item["ask"], 4, "three were answered by rules: {item}");
    assert_eq!(item["about"], "shell: `echo yes > asked.txt`");
    // Whoever starts it again asks the same, and is told what is answered now.
    daemon.kill();
    daemon = up(&lab);
    lab.ok(&["answer", "a4", "allow"]);
    waits(&lab, "refused.txt");
    lab.ok(&["answer", "a5", "deny"]);
    lab.run();
    let main = lab.git(&["ls-tree", "-r", "--name-only", "main"]);
    let landed = |file: &str| main.lines().any(|line| line == file);
    assert!(landed("other.txt") && landed("asked.txt") && landed("made.txt"), "{main}");
    assert!(!landed("secret/a") && !landed("refused.txt"), "{main}");
    let said = |nth: usize| server.requests()[nth].body["messages"].to_string();
    assert!(said(2).contains("Nobody writes there."), "{}", said(2));
    assert!(said(3).contains("deny command git push"), "{}", said(3));
    assert!(said(5).contains("the human said no"), "{}", said(5));
    drop(daemon);
}
