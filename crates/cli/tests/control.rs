//! Live control: a message to an agent at work, an interruption, a hand-over in the middle of the work;
//! with the real Claude Code and Codex of `tests/clients`, and with our own agent.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crew_engine::CONTROL_CRASH_POINTS;
use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::program::{client, is_called, nobody_is_left, played_by, running, starts};
use support::{Daemon, Lab};

const KEYS: [(&str, &str); 3] = [
    ("ANTHROPIC_API_KEY", "sk-test-invented-7f3a"),
    ("ROUTER_KEY", "sk-test-invented-7f3b"),
    // The tests may be run by root, in a container.
    ("IS_SANDBOX", "1"),
];
/// Our own agent, beside the engineer's.
const OURS: &str = "
[providers.ours]
kind = \"native\"
api = \"playbook\"
model = \"play.toml\"
";

/// A program of others, and how its model talks.
#[derive(Clone, Copy, PartialEq)]
enum Played {
    Claude,
    Codex,
}
use Played::{Claude, Codex};

impl Played {
    fn name(self) -> &'static str {
        match self {
            Claude => "claude",
            Codex => "codex",
        }
    }

    /// One engineer, played by it.
    fn lab(self, server: &ModelServer) -> Lab {
        let keys = match self {
            Claude => {
                let url = server.base_url(Wire::Anthropic);
                let url = url.trim_end_matches("/v1");
                format!(
                    "model = \"claude-sonnet-5-5\"\nbase_url = \"{url}\"\n\
                     env = [\"ANTHROPIC_API_KEY\"]"
                )
            }
            Codex => {
                let url = server.base_url(Wire::OpenAiResponses);
                format!("model = \"gpt-5.5\"\nbase_url = \"{url}\"\nkey_env = \"ROUTER_KEY\"")
            }
        };
        let keys = format!("{keys}\nbilling = \"api-key\"\npermissions = \"all\"\n{OURS}");
        played_by(self.name(), &client(self.name()), &keys, "")
    }

    fn runs(self, command: &str) -> Reply {
        match self {
            Claude => Reply::tool("Bash", json!({"command": command, "description": "Run it"})),
            Codex => Reply::tool("exec_command", json!({"cmd": command})),
        }
    }

    /// What the model was asked, as text.
    fn asked(self, request: &Request) -> String {
        match self {
            Claude => request.body["messages"].to_string(),
            Codex => request.body["input"].to_string(),
        }
    }

    /// Whether the model has heard what came of a tool.
    fn has_result(self, text: &str) -> bool {
        match self {
            Claude => text.contains("tool_result"),
            Codex => text.contains("function_call_output"),
        }
    }
}

fn up(lab: &Lab) -> Daemon {
    up_with(lab, &[])
}

fn up_with(lab: &Lab, more: &[(&str, &str)]) -> Daemon {
    let daemon = lab.serve_with(&[&KEYS, more].concat());
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn task(lab: &Lab) -> Value {
    lab.json(&["task", "show", "1"])
}

/// How far the remark of this number has come.
fn delivery(lab: &Lab, number: u64) -> Value {
    let remarks = task(lab)["remarks"].as_array().unwrap().clone();
    let remark = remarks.into_iter().find(|remark| remark["number"] == number);
    remark.map_or(Value::Null, |remark| remark["delivery"].clone())
}

fn is_heard(lab: &Lab, number: u64) {
    lab.wait("the agent knows it", || (delivery(lab, number)["word"] == "heard").then_some(()));
}

/// Approves what waits until it has landed.
fn lands(lab: &Lab) {
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    nobody_is_left(lab);
}

/// What holds a model back.
#[derive(Default)]
struct Gate {
    is_asked: AtomicBool,
    is_open: AtomicBool,
}

impl Gate {
    /// The model is asked for the first time.
    fn waits(&self, lab: &Lab) {
        lab.wait("the model is asked", || self.is_asked.load(Ordering::SeqCst).then_some(()));
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

/// A model that holds its first answer back until it is let go.
fn held(played: Played) -> (ModelServer, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let inner = Arc::clone(&gate);
    let server = ModelServer::answering(move |request| {
        if played.has_result(&played.asked(request)) {
            return Reply::text("DONE: made it");
        }
        inner.is_asked.store(true, Ordering::SeqCst);
        while !inner.is_open.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        played.runs("echo made > made.txt")
    });
    (server.unwrap(), gate)
}

fn is_told_while_it_works(played: Played) {
    let (server, gate) = held(played);
    let lab = played.lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    gate.waits(&lab);
    assert_eq!(task(&lab)["listener"], 1);
    let said = lab.ok(&["message", "1", "Make it of iron."]);
    assert!(said.contains("r1"), "{said}");
    gate.open();
    is_heard(&lab, 1);
    lands(&lab);
    let requests = server.requests();
    // Codex may come to the end of its answer first, and goes on with the same turn.
    assert!(requests.len() <= if played == Codex { 3 } else { 2 }, "it is no turn of its own");
    assert!(!played.asked(&requests[0]).contains("of iron"));
    assert_eq!(played.asked(requests.last().unwrap()).matches("of iron").count(), 1);
    assert_eq!(starts(&lab).len(), 1, "the agent was not disturbed");
    // It has ended: what is said now is for the next.
    assert_eq!(delivery(&lab, 1), json!({"word": "heard", "run": 1}));
}

#[test]
fn claude_code_is_told_while_it_works() {
    is_told_while_it_works(Claude);
}

#[test]
fn codex_is_told_while_it_works() {
    is_told_while_it_works(Codex);
}

#[test]
fn a_crash_neither_loses_nor_doubles_what_is_said() {
    for point in CONTROL_CRASH_POINTS.iter().filter(|point| point.ends_with("tell")) {
        let (server, gate) = held(Claude);
        let lab = Claude.lab(&server);
        let crashing = up_with(&lab, &[("CREWHOUSE_CRASH_AT", point)]);
        lab.ok(&["task", "add", "Make it"]);
        gate.waits(&lab);
        lab.crew(&["message", "1", "Make it of iron."]); // the daemon crashes meanwhile
        crashing.wait();
        let _daemon = up(&lab);
        gate.open();
        is_heard(&lab, 1);
        lands(&lab);
        let last = Claude.asked(server.requests().last().unwrap());
        assert_eq!(last.matches("of iron").count(), 1, "{point}: {last}");
    }
}

/// The model runs a command that never ends, until it is told something else.
fn stubborn(played: Played) -> ModelServer {
    let server = ModelServer::answering(move |request| {
        let text = played.asked(request);
        match (text.contains("made.txt instead"), text.contains("echo made")) {
            (false, _) => played.runs("echo started; sleep 3600; echo finished"),
            (true, false) => played.runs("echo made > made.txt"),
            (true, true) => Reply::text("DONE: made it"),
        }
    });
    server.unwrap()
}

fn is_interrupted(played: Played) {
    let server = stubborn(played);
    let lab = played.lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let sleeps = || running(&lab, "sleep 3600").into_iter().find(|pid| is_called(*pid, "sleep"));
    lab.wait("the command runs", sleeps);
    let said = lab.ok(&["task", "interrupt", "1"]);
    assert!(said.contains("crew message 1"), "{said}");
    nobody_is_left(&lab);
    lab.wait("its run waits", || (task(&lab)["runs"][0]["state"] == "paused").then_some(()));
    assert_eq!(task(&lab)["status"]["word"], "interrupted");
    let again = lab.crew(&["task", "interrupt", "1"]);
    assert_eq!(again.status.code(), Some(3), "{}", support::show(&again));
    lab.ok(&["message", "1", "Write made.txt instead."]);
    lands(&lab);
    assert_eq!(starts(&lab).len(), 2);
    assert_eq!(task(&lab)["runs"].as_array().unwrap().len(), 1, "it is the same run");
    let last = played.asked(server.requests().last().unwrap());
    assert_eq!(last.matches("made.txt instead").count(), 1, "{last}");
    assert_eq!(last.matches("## Title").count(), 1, "it is the same conversation: {last}");
    let why = &lab.json(&["task", "show", "1"])["runs"][0]["trouble"];
    assert!(why.is_null(), "an interruption is no failure: {why}");
}

#[test]
fn claude_code_is_interrupted_and_goes_on_with_the_next_message() {
    is_interrupted(Claude);
}

#[test]
fn codex_is_interrupted_and_goes_on_with_the_next_message() {
    is_interrupted(Codex);
}

#[test]
fn claude_code_hands_over_to_our_own_agent() {
    let server = ModelServer::answering(|request| {
        if Claude.has_result(&Claude.asked(request)) {
            let wait = "echo started; sleep 3600; echo finished";
            return Reply::text("Now I wait.")
                .and_tool("Bash", json!({"command": wait, "description": "Wait"}));
        }
        Reply::tool("Bash", json!({"command": "echo half > half.txt", "description": "Begin"}))
    });
    let server = server.unwrap();
    let lab = Claude.lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("the command runs", || running(&lab, "sleep 3600").first().copied());
    lab.fails(&["task", "handover", "1", "--to", "nobody"], 3, "no provider `nobody`");
    lab.ok(&["task", "handover", "1", "--to", "ours"]);
    lands(&lab);
    assert_eq!(lab.landed("half.txt"), "half\n", "what was begun is not lost");
    let runs = task(&lab)["runs"].clone();
    assert_eq!((&runs[0]["state"], &runs[1]["provider"]), (&json!("handed-over"), &json!("ours")));
    assert_eq!(runs[1]["takes_over"], 1);
    let session = std::fs::read_dir(lab.home().join("sessions")).unwrap().flatten();
    let session =
        session.map(|entry| entry.path()).find(|path| path.ends_with("1-engineer-0.jsonl"));
    let session = std::fs::read_to_string(session.unwrap()).unwrap();
    for words in ["Hand-off brief", "echo half > half.txt", "half.txt +1 -0", "Now I wait."] {
        assert!(session.contains(words), "{words} in {session}");
    }
}

/// Another model of the same provider goes on in the same conversation.
fn changes_its_model(played: Played, model: &'static str) {
    let server = ModelServer::answering(move |request| {
        let text = played.asked(request);
        match (request.body["model"] == model, text.contains("echo made")) {
            (false, _) => played.runs("echo begun > begun.txt; sleep 3600"),
            (true, false) => played.runs("echo made > made.txt"),
            (true, true) => Reply::text("DONE: made it"),
        }
    });
    let server = server.unwrap();
    let lab = played.lab(&server);
    let _daemon = up(&lab);
    lab.fails(&["task", "model", "1", model], 3, "there is no task");
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("the command runs", || running(&lab, "sleep 3600").first().copied());
    lab.ok(&["task", "model", "1", model]);
    lands(&lab);
    assert_eq!(lab.landed("begun.txt"), "begun\n", "what was begun is not lost");
    let last = server.requests().pop().unwrap();
    let heard = played.asked(&last);
    assert!(heard.contains("echo begun"), "it is the same conversation: {heard}");
    let task = task(&lab);
    assert_eq!(
        (&task["runs"][1]["provider"], &task["runs"][1]["takes_over"]),
        (&json!(played.name()), &json!(1))
    );
    assert!(task["remarks"].to_string().contains(&format!("go on with `{model}`")), "{task}");
    lab.fails(&["task", "model", "1", model], 3, "nobody is at work on #1");
}

#[test]
fn claude_code_changes_its_model() {
    changes_its_model(Claude, "claude-opus-5-5");
}

#[test]
fn codex_changes_its_model() {
    changes_its_model(Codex, "gpt-5");
}

/// Our own agent asks, and writes what it is told meanwhile is there.
const ASKS: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
ask = { text = "Shall I?" }
[[scene.turn]]
tools = [{ name = "write", path = "made.txt", content = "made\n" }]
[[scene.turn]]
finish = "DONE: wrote it"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

/// One engineer, played by our own agent.
fn ours() -> Lab {
    let lab = support::one_engineer(&format!("{OURS}\n[roles.engineer]\nprovider = \"ours\"\n"));
    std::fs::write(lab.repo().join(".crew/play.toml"), ASKS).unwrap();
    lab
}

fn asks(lab: &Lab) -> Value {
    support::program::waits(lab, "Shall I?")
}

#[test]
fn our_own_agent_is_told_between_two_calls_whatever_crashes() {
    for point in ["never"].iter().chain(&CONTROL_CRASH_POINTS[..2]) {
        let lab = ours();
        let daemon = up_with(&lab, &[("CREWHOUSE_CRASH_AT", point)]);
        lab.ok(&["task", "add", "Make it"]);
        asks(&lab);
        lab.crew(&["message", "1", "Make it of iron."]);
        let _daemon = if *point == "never" {
            daemon
        } else {
            daemon.wait();
            up(&lab)
        };
        support::program::answer(&lab, &asks(&lab), "yes");
        is_heard(&lab, 1);
        lands(&lab);
        let session = lab.home().join("sessions/1-engineer-0.jsonl");
        let session = std::fs::read_to_string(session).unwrap();
        assert_eq!(session.matches("of iron").count(), 1, "{point}: {session}");
    }
}

#[test]
fn our_own_agent_is_interrupted_whatever_crashes() {
    for point in ["never"].iter().chain(&CONTROL_CRASH_POINTS[2..]) {
        let lab = ours();
        let daemon = up_with(&lab, &[("CREWHOUSE_CRASH_AT", point)]);
        lab.ok(&["task", "add", "Make it"]);
        asks(&lab);
        lab.crew(&["task", "interrupt", "1"]);
        let _daemon = if *point == "never" {
            daemon
        } else {
            daemon.wait();
            up(&lab)
        };
        nobody_is_left(&lab);
        lab.wait("its run waits", || (task(&lab)["runs"][0]["state"] == "paused").then_some(()));
        assert_eq!(task(&lab)["listener"], Value::Null, "nobody hears anything now");
        let kept = lab.git(&["for-each-ref", "refs/crew/turns/1/"]);
        assert!(kept.contains("refs/crew/turns/1/r1"), "a checkpoint is kept: {kept}");
        lab.ok(&["message", "1", "Make it of iron."]);
        support::program::answer(&lab, &asks(&lab), "yes");
        lands(&lab);
        let session = lab.home().join("sessions/1-engineer-0.jsonl");
        let session = std::fs::read_to_string(session).unwrap();
        assert_eq!(session.matches("of iron").count(), 1, "{point}: {session}");
        assert_eq!(delivery(&lab, 1), json!({"word": "heard", "run": 1}));
    }
}
