//! Real agents that speak ACP, pinned in `tests/clients`, in the whole program: each lives the same
//! stories. They talk to a model server of ours on loopback, with an invented key and a home of their
//! own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::{Daemon, Lab, simple_play};

const KEY: &str = "sk-test-invented-7f3a";
/// How agents say that it may be done this once, and that it may not.
const YES: [&str; 3] = ["Yes", "Allow", "Allow once"];
const NO: [&str; 2] = ["No", "Reject"];
/// A command that is not allowed by itself.
const MAKES: &str = "sh -c 'echo more > more.txt'";

/// An agent, and what it needs in order to be tested.
struct Agent {
    /// What it is called in team.toml, with what it needs there.
    provider: fn(url: &str) -> String,
    /// Its command in `tests/clients`.
    program: &'static str,
    /// What it talks to its model by.
    wire: Wire,
    /// Its files below the home of the user.
    home: fn(url: &str) -> Vec<(&'static str, String)>,
    /// The variable with its key.
    key: &'static str,
    /// How its model writes a file, and runs a command.
    writes: fn(path: &str) -> Reply,
    runs: fn(command: &str) -> Reply,
    /// How a limit looks that it tells of; `None`: it tries again by itself, without a word.
    limit: Option<fn() -> Reply>,
    resumes: Resumes,
}

/// Whether a conversation goes on in a new process.
#[derive(PartialEq)]
enum Resumes {
    Always,
    /// Who loads it in the minute in which it began writes over it: it begins anew, with all that it
    /// has to know.
    NotInItsFirstMinute,
}

const GEMINI: Agent = Agent {
    provider: |url| format!("agent = \"gemini\"\nmodel = \"gemini-2.5-pro\"\nbase_url = \"{url}\""),
    program: "gemini",
    wire: Wire::Gemini,
    home: |_| {
        let auth = json!({"security": {"auth": {"selectedType": "gemini-api-key"}}});
        vec![(".gemini/settings.json", auth.to_string())]
    },
    key: "GEMINI_API_KEY",
    writes: |path| Reply::tool("write_file", json!({"file_path": path, "content": "made\n"})),
    runs: |command| {
        Reply::tool("run_shell_command", json!({"command": command, "description": "Run it"}))
    },
    limit: Some(|| {
        let violation = json!({
            "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model_per_day",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel", "quotaValue": "250",
        });
        let kind = "type.googleapis.com/google.rpc.QuotaFailure";
        let error = json!({
            "code": 429, "status": "RESOURCE_EXHAUSTED",
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "details": [{"@type": kind, "violations": [violation]}],
        });
        Reply::status(429).body(&json!({"error": error}).to_string())
    }),
    resumes: Resumes::NotInItsFirstMinute,
};

const OPENCODE: Agent = Agent {
    provider: |_| "agent = \"opencode\"".to_owned(),
    program: "opencode",
    wire: Wire::OpenAi,
    home: |url| {
        let model = json!({
            "name": "Scripted", "cost": {"input": 3, "output": 15},
            "limit": {"context": 128_000, "output": 8192},
        });
        let provider = json!({
            "npm": "@ai-sdk/openai-compatible", "name": "Ours",
            "options": {"baseURL": url, "apiKey": "{env:OURS_API_KEY}"},
            "models": {"scripted": model},
        });
        let config = json!({
            "provider": {"ours": provider}, "model": "ours/scripted", "enabled_providers": ["ours"],
        });
        vec![(".config/opencode/opencode.json", config.to_string())]
    },
    key: "OURS_API_KEY",
    writes: |path| Reply::tool("write", json!({"filePath": path, "content": "made\n"})),
    runs: |command| Reply::tool("bash", json!({"command": command, "description": "Run it"})),
    limit: None,
    resumes: Resumes::Always,
};

const CLAUDE: Agent = Agent {
    provider: |url| {
        let url = url.trim_end_matches("/v1");
        format!("agent = \"claude\"\nmodel = \"sonnet\"\nbase_url = \"{url}\"")
    },
    program: "claude-agent-acp",
    wire: Wire::Anthropic,
    home: |_| Vec::new(),
    key: "ANTHROPIC_API_KEY",
    writes: |path| Reply::tool("Write", json!({"file_path": path, "content": "made\n"})),
    runs: |command| Reply::tool("Bash", json!({"command": command, "description": "Run it"})),
    limit: Some(|| {
        let error = json!({"type": "rate_limit_error", "message": "This would exceed your limit."});
        let body = json!({"type": "error", "error": error});
        Reply::status(429).header("retry-after", "7200").body(&body.to_string())
    }),
    resumes: Resumes::Always,
};

impl Agent {
    fn lab(&self, server: &ModelServer, keys: &str, limits: &str) -> Lab {
        let lab = Lab::new(&simple_play("made.txt"), &[]);
        let url = server.base_url(self.wire);
        let url = url.trim_end_matches("/v1beta");
        for (path, text) in (self.home)(url) {
            let path = lab.dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (key, provider) = (self.key, (self.provider)(url));
        let program = installed(self.program).display().to_string();
        let team = format!(
            r#"
[limits]
backoff_seconds = 0
{limits}

[providers.agent]
kind = "acp"
program = "{program}"
env = ["{key}"]
{provider}
{keys}

[roles.engineer]
provider = "agent"

[[stages]]
name = "todo"
owner = "engineer"
next = ["review"]

[[stages]]
name = "review"
owner = "human"
next = ["done"]
back = "todo"
gates = [{{ human = true }}]

[[stages]]
name = "done"
mode = "end"
"#
        );
        fs::write(lab.repo().join(".crew/team.toml"), team).unwrap();
        lab.git(&["commit", "--quiet", "--all", "--message", "one engineer"]);
        lab
    }

    fn up(&self, lab: &Lab) -> Daemon {
        // IS_SANDBOX: the tests may be run by root, in a container.
        let daemon = lab.serve_with(&[(self.key, KEY), ("IS_SANDBOX", "1")]);
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        daemon
    }

    /// A model that answers by how many results of tools it was told.
    fn model(&self, answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> ModelServer {
        let wire = self.wire;
        let server = ModelServer::answering(move |request| {
            if is_aside(wire, request) {
                return Reply::text("A title");
            }
            let text = asked(wire, request);
            answer(text.matches(result_of(wire)).count(), &text).usage(1000, 0, 100)
        });
        server.unwrap()
    }
}

/// A pinned agent.
fn installed(program: &str) -> PathBuf {
    let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    let program = clients.join("node_modules/.bin").join(program);
    assert!(program.exists(), "there is no {}; hint: `make clients`", program.display());
    clients.canonicalize().unwrap().join("node_modules/.bin").join(program.file_name().unwrap())
}

/// A title, a route: what an agent asks its model besides.
fn is_aside(wire: Wire, request: &Request) -> bool {
    let tools = match wire {
        Wire::Gemini => &request.body["tools"][0]["functionDeclarations"],
        Wire::Anthropic | Wire::OpenAi | Wire::Ollama => &request.body["tools"],
    };
    tools.as_array().is_none_or(Vec::is_empty)
}

/// What the model was asked, as text.
fn asked(wire: Wire, request: &Request) -> String {
    match wire {
        Wire::Gemini => request.body["contents"].to_string(),
        Wire::Anthropic | Wire::OpenAi | Wire::Ollama => request.body["messages"].to_string(),
    }
}

/// What stands in a request for each result of a tool.
fn result_of(wire: Wire) -> &'static str {
    match wire {
        Wire::Gemini => "\"functionResponse\"",
        Wire::Anthropic => "\"tool_result\"",
        Wire::OpenAi | Wire::Ollama => "\"role\":\"tool\"",
    }
}

fn finishes() -> Reply {
    Reply::text("DONE: made it")
}

/// The first thing that waits for the human and says this.
fn waits(lab: &Lab, words: &str) -> Value {
    lab.wait(words, || {
        let items = lab.json(&["inbox"])["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["text"].as_str().is_some_and(|it| it.contains(words)))
    })
}

/// Chooses the first answer of the agent that is one of these.
fn answer(lab: &Lab, item: &Value, names: &[&str]) {
    let options = item["options"].as_array().unwrap();
    let option = options.iter().filter_map(Value::as_str).find(|it| names.contains(it)).unwrap();
    lab.ok(&["answer", &format!("a{}", item["ask"]), option]);
}

fn nobody_is_left(lab: &Lab) {
    lab.wait("no process of an agent is left", || lab.agents().is_empty().then_some(()));
}

/// Works until it is done, and checks what is true after every story.
fn lands(lab: &Lab) {
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    nobody_is_left(lab);
    let log = lab.ok(&["log", "1", "--raw"]);
    assert!(!lab.journal_text().contains(KEY) && !log.contains(KEY), "a key is never written down");
}

/// Processes of agents whose command line has these words.
fn running(lab: &Lab, words: &str) -> Vec<u32> {
    let line = |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let has = |pid: &u32| String::from_utf8_lossy(&line(pid)).replace('\0', " ").contains(words);
    lab.agents().into_iter().filter(has).collect()
}

fn is_called(pid: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim() == name)
}

fn sleeper(lab: &Lab) -> u32 {
    lab.wait("the command runs", || {
        running(lab, "sleep 3600").into_iter().find(|pid| is_called(*pid, "sleep"))
    })
}

fn is_gone(pid: u32) -> bool {
    !PathBuf::from(format!("/proc/{pid}")).exists()
}

/// What each start of run 1 was told to begin with.
fn openings(lab: &Lab) -> Vec<Value> {
    let spec = |token: u32| fs::read(lab.home().join(format!("runs/1.{token}/spec.json"))).ok();
    let dialect = |bytes: Vec<u8>| {
        let spec: Value = serde_json::from_slice(&bytes).unwrap();
        spec["dialect"].clone()
    };
    (1..9).map_while(spec).map(dialect).collect()
}

/// It changes a file unasked, is denied a command, is allowed another, and ends.
fn works_and_asks(agent: &Agent) {
    let (writes, runs) = (agent.writes, agent.runs);
    let server = agent.model(move |results, _| match results {
        0 => writes("made.txt"),
        1 => runs("sh -c 'echo never > never.txt'"),
        2 => runs(MAKES),
        _ => finishes(),
    });
    let lab = agent.lab(&server, "", "");
    let daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it", "--body", "Of iron."]);
    let item = waits(&lab, "echo never > never.txt");
    assert!(item["options"].as_array().unwrap().len() >= 2, "{item}");
    answer(&lab, &item, &NO);
    waits(&lab, "echo more > more.txt");
    // It lives on without the daemon, and the next one finds it waiting.
    daemon.kill();
    let _daemon = agent.up(&lab);
    answer(&lab, &waits(&lab, "echo more > more.txt"), &YES);
    lands(&lab);
    assert_eq!(lab.landed("more.txt"), "more\n");
    assert_eq!(openings(&lab).len(), 1, "one start was enough");
    let first = server.requests();
    let first = first.iter().find(|request| !is_aside(agent.wire, request)).unwrap();
    let first = asked(agent.wire, first);
    assert!(first.contains("Of iron.") && first.contains("How you end"), "it knows all: {first}");
    let spec = fs::read_to_string(lab.home().join("runs/1.1/spec.json")).unwrap();
    let argv: Value = serde_json::from_str(&spec).unwrap();
    assert!(!argv["argv"].to_string().contains("iron"), "nothing of a task is in the arguments");
    let spent = &lab.json(&["task", "show", "1"])["spent"];
    assert!(spent["output_tokens"].as_u64().unwrap() >= 100, "{spent}");
    let log = lab.ok(&["log", "1"]);
    assert!(log.contains("made.txt") && log.contains("DONE: made it"), "{log}");
}

/// It is killed in the middle of a command, and goes on in a new process.
fn goes_on_after_a_kill(agent: &Agent) {
    let (writes, runs) = (agent.writes, agent.runs);
    let is_killed = Arc::new(AtomicBool::new(false));
    let killed = Arc::clone(&is_killed);
    let server = agent.model(move |_, text| match killed.load(Ordering::SeqCst) {
        false => runs("echo started; sleep 3600; echo finished"),
        true if text.contains("made.txt") => finishes(),
        true => writes("made.txt"),
    });
    let lab = agent.lab(&server, "permissions = \"all\"", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let child = sleeper(&lab);
    let pid = fs::read_to_string(lab.home().join("runs/1.1/agent.pid")).unwrap();
    let pid: String = pid.chars().take_while(char::is_ascii_digit).collect();
    is_killed.store(true, Ordering::SeqCst);
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    lands(&lab);
    assert!(is_gone(child), "the command was ended");
    let openings = openings(&lab);
    assert_eq!(openings.len(), 2, "{openings:?}");
    assert!(openings[0]["resume"].is_null() && openings[1]["resume"]["session"].is_string());
    let last = asked(agent.wire, server.requests().last().unwrap());
    assert_eq!(last.matches("## Title").count(), 1, "it is told all of it once: {last}");
    if agent.resumes == Resumes::Always {
        assert!(last.contains("You were interrupted"), "{last}");
    }
}

/// The provider serves nothing for a while.
fn meets_a_limit(agent: &Agent) {
    let writes = agent.writes;
    let passes = AtomicBool::new(false);
    let limit = agent.limit;
    let server = agent.model(move |results, _| match (results, limit) {
        (0, _) => writes("made.txt"),
        (1, Some(limit)) => limit(),
        (_, None) if !passes.swap(true, Ordering::SeqCst) => {
            let body = r#"{"error":{"message":"Rate limit reached","type":"tokens"}}"#;
            Reply::status(429).header("retry-after", "1").body(body)
        }
        _ => finishes(),
    });
    let lab = agent.lab(&server, "", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    if limit.is_some() {
        lab.wait_for("\"words\":\"limited\"");
        nobody_is_left(&lab);
    } else {
        lands(&lab);
    }
}

/// The provider fails once, and the answer after that breaks off.
fn gets_over_failures(agent: &Agent) {
    let writes = agent.writes;
    let (failed, torn) = (AtomicBool::new(false), AtomicBool::new(false));
    let server = agent.model(move |results, _| match results {
        _ if !failed.swap(true, Ordering::SeqCst) => Reply::status(500),
        0 => writes("made.txt"),
        _ if !torn.swap(true, Ordering::SeqCst) => Reply::text("half of an answer").torn(),
        _ => finishes(),
    });
    let lab = agent.lab(&server, "", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
}

/// The provider falls silent.
fn is_given_up_when_silent(agent: &Agent) {
    let server = agent.model(|_, _| Reply::text("I will now think about it").hanging());
    let lab = agent.lab(&server, "", "quiet_minutes = 0.1\nsilent_minutes = 0.15\n");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "nothing was heard");
    nobody_is_left(&lab);
}

/// The task is cancelled while a command runs.
fn is_cancelled_with_its_children(agent: &Agent) {
    let runs = agent.runs;
    let server = agent.model(move |_, _| runs("echo started; sleep 3600; echo finished"));
    let lab = agent.lab(&server, "permissions = \"all\"", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let child = sleeper(&lab);
    lab.ok(&["task", "cancel", "1"]);
    lab.wait("the command is ended", || is_gone(child).then_some(()));
    nobody_is_left(&lab);
}

/// Each agent lives each story.
macro_rules! stories {
    ($($module:ident: $agent:expr;)*) => { $(
        mod $module {
            #[test]
            fn works_and_asks() {
                super::works_and_asks(&$agent);
            }

            #[test]
            fn goes_on_after_a_kill() {
                super::goes_on_after_a_kill(&$agent);
            }

            #[test]
            fn meets_a_limit() {
                super::meets_a_limit(&$agent);
            }

            #[test]
            fn gets_over_failures() {
                super::gets_over_failures(&$agent);
            }

            #[test]
            fn is_given_up_when_silent() {
                super::is_given_up_when_silent(&$agent);
            }

            #[test]
            fn is_cancelled_with_its_children() {
                super::is_cancelled_with_its_children(&$agent);
            }
        }
    )* };
}

stories! {
    gemini: super::GEMINI;
    opencode: super::OPENCODE;
    claude: super::CLAUDE;
}

#[test]
fn a_missing_or_old_agent_is_said_with_what_to_do() {
    let server = ModelServer::start([]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("old");
    let answer = json!({"jsonrpc": "2.0", "id": "initialize", "result": {
        "protocolVersion": 1, "agentInfo": {"name": "gemini-cli", "version": "0.9.0"},
    }});
    fs::write(&old, format!("#!/bin/sh\nread line\necho '{answer}'\nread line\n")).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&old).status().unwrap().success());
    let old = old.display().to_string();
    for (program, words) in [
        ("/nowhere/gemini", "there is no Gemini CLI"),
        (old.as_str(), "this is Gemini CLI 0.9.0; 0.61.0 or newer is needed"),
    ] {
        let lab = GEMINI.lab(&server, "", "");
        let team = lab.repo().join(".crew/team.toml");
        let text = fs::read_to_string(&team).unwrap();
        let pinned = installed("gemini").display().to_string();
        fs::write(&team, text.replace(&pinned, program)).unwrap();
        lab.git(&["commit", "--quiet", "--all", "--message", "another program"]);
        let _daemon = GEMINI.up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        let item = waits(&lab, words);
        assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
        nobody_is_left(&lab);
    }
    assert!(server.requests().is_empty());
}
