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
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::program::{
    client, is_called, kill, nobody_is_left, ours, plan_limit, played_by, running, soon, starts,
    waits,
};
use support::{Daemon, Lab};

const KEY: &str = "sk-test-invented-7f3a";
/// How agents say that it may be done this once, and that it may not.
const YES: [&str; 4] = ["Yes", "Allow", "Allow once", "Yes, proceed"];
const NO: [&str; 3] = ["No", "Reject", "No, and tell Codex what to do differently"];
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
    /// How it runs one that somebody is to be asked about, where that is another matter.
    asks: Option<fn(command: &str) -> Reply>,
    /// How a limit looks that it does not wait out by itself.
    limit: fn() -> Reply,
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
    asks: None,
    limit: || {
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
    },
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
    asks: None,
    limit: || {
        let error = json!({"message": "You have hit your usage limit.", "type": "usage_limit"});
        Reply::status(429).header("retry-after", "7200").body(&json!({"error": error}).to_string())
    },
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
    asks: None,
    limit: || {
        let error = json!({"type": "rate_limit_error", "message": "This would exceed your limit."});
        let body = json!({"type": "error", "error": error});
        Reply::status(429).header("retry-after", "7200").body(&body.to_string())
    },
    resumes: Resumes::Always,
};

const CODEX: Agent = Agent {
    provider: |_| "agent = \"codex\"".to_owned(),
    program: "codex-acp",
    wire: Wire::OpenAiResponses,
    home: |url| {
        let config = format!(
            r#"model = "gpt-5.5"
model_provider = "ours"
check_for_update_on_startup = false

[model_providers.ours]
name = "Ours"
base_url = "{url}"
env_key = "OURS_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1

[features]
plugins = false

[analytics]
enabled = false
"#
        );
        vec![(".codex/config.toml", config)]
    },
    key: "OURS_API_KEY",
    writes: |path| {
        let patch = format!("*** Begin Patch\n*** Add File: {path}\n+made\n*** End Patch\n");
        Reply::tool("apply_patch", Value::from(patch))
    },
    runs: |command| Reply::tool("exec_command", json!({"cmd": command})),
    asks: Some(|command| {
        let why = "Its own sandbox does not work in ours";
        let permissions = "require_escalated";
        Reply::tool(
            "exec_command",
            json!({"cmd": command, "sandbox_permissions": permissions, "justification": why}),
        )
    }),
    limit: || {
        let error = json!({
            "type": "usage_limit_reached", "message": "The usage limit has been reached",
            "plan_type": "plus", "resets_in_seconds": 7200,
        });
        Reply::status(429).body(&json!({"error": error}).to_string())
    },
    resumes: Resumes::Always,
};

impl Agent {
    fn lab(&self, server: &ModelServer, keys: &str, limits: &str) -> Lab {
        self.lab_with(server, &client(self.program), keys, limits)
    }

    fn lab_with(&self, server: &ModelServer, program: &str, keys: &str, limits: &str) -> Lab {
        let url = server.base_url(self.wire);
        let url = url.trim_end_matches("/v1beta");
        let (key, provider) = (self.key, (self.provider)(url));
        let keys = format!("env = [\"{key}\"]\n{provider}\n{keys}");
        let lab = played_by("acp", program, &keys, limits);
        for (path, text) in (self.home)(url) {
            let path = lab.dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
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

/// A title, a route: what an agent asks its model besides.
fn is_aside(wire: Wire, request: &Request) -> bool {
    let tools = match wire {
        Wire::Gemini => &request.body["tools"][0]["functionDeclarations"],
        Wire::Anthropic | Wire::OpenAi | Wire::OpenAiResponses | Wire::Ollama => {
            &request.body["tools"]
        }
    };
    tools.as_array().is_none_or(Vec::is_empty)
}

/// What the model was asked, as text.
fn asked(wire: Wire, request: &Request) -> String {
    match wire {
        Wire::Gemini => request.body["contents"].to_string(),
        Wire::OpenAiResponses => request.body["input"].to_string(),
        Wire::Anthropic | Wire::OpenAi | Wire::Ollama => request.body["messages"].to_string(),
    }
}

/// What stands in a request for each result of a tool.
fn result_of(wire: Wire) -> &'static str {
    match wire {
        Wire::Gemini => "\"functionResponse\"",
        Wire::Anthropic => "\"tool_result\"",
        Wire::OpenAiResponses => "_call_output\"",
        Wire::OpenAi | Wire::Ollama => "\"role\":\"tool\"",
    }
}

fn finishes() -> Reply {
    Reply::text("DONE: made it")
}

/// Chooses the first answer of the agent that is one of these.
fn answer(lab: &Lab, item: &Value, names: &[&str]) {
    let options = item["options"].as_array().unwrap();
    let option = options.iter().filter_map(Value::as_str).find(|it| names.contains(it)).unwrap();
    lab.ok(&["answer", &format!("a{}", item["ask"]), option]);
}

/// Works until it is done, and checks what is true after every story.
fn lands(lab: &Lab) {
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    nobody_is_left(lab);
    let log = lab.ok(&["log", "1", "--raw"]);
    assert!(!lab.journal_text().contains(KEY) && !log.contains(KEY), "a key is never written down");
}

fn sleeper(lab: &Lab) -> u32 {
    lab.wait("the command runs", || {
        running(lab, "sleep 3600").into_iter().find(|pid| is_called(*pid, "sleep"))
    })
}

fn is_gone(pid: u32) -> bool {
    !PathBuf::from(format!("/proc/{pid}")).exists()
}

/// It changes a file unasked, is denied a command, is allowed another, and ends.
fn works_and_asks(agent: &Agent) {
    let (writes, asks) = (agent.writes, agent.asks.unwrap_or(agent.runs));
    let server = agent.model(move |results, _| match results {
        0 => writes("made.txt"),
        1 => asks("sh -c 'echo never > never.txt'"),
        2 => asks(MAKES),
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
    assert_eq!(starts(&lab).len(), 1, "one start was enough");
    let first = server.requests();
    let first = first.iter().find(|request| !is_aside(agent.wire, request)).unwrap();
    let first = asked(agent.wire, first);
    assert!(first.contains("Of iron.") && first.contains("How you end"), "it knows all: {first}");
    let argv = starts(&lab)[0]["argv"].to_string();
    assert!(!argv.contains("iron"), "nothing of a task is in the arguments: {argv}");
    let spent = &lab.json(&["task", "show", "1"])["spent"];
    assert!(spent["output_tokens"].as_u64().unwrap() >= 100, "{spent}");
    let log = lab.ok(&["log", "1"]);
    assert!(log.contains("made.txt") && log.contains("DONE: made it"), "{log}");
}

/// It uses our tools, and nobody is asked whether it may.
fn calls_our_tools(agent: &Agent) {
    let (writes, wire) = (agent.writes, agent.wire);
    let server = ModelServer::answering(move |request| {
        if is_aside(wire, request) {
            return Reply::text("A title");
        }
        let call = |tool: &str, input: Value| match ours(&request.body, tool).as_str() {
            // Codex offers tools of servers when they are looked for.
            "" => Reply::tool("tool_search", json!({"query": format!("crew {tool}")})),
            name => Reply::tool(name, input),
        };
        let reply = match asked(wire, request).matches(result_of(wire)).count() {
            0 => call("comment", json!({"text": "half done"})),
            1 => writes("made.txt"),
            2 => {
                let evidence = "cat made.txt: made";
                call(
                    "finish",
                    json!({"claim": "done", "summary": "made it", "evidence": [evidence]}),
                )
            }
            _ => Reply::text("that was all"),
        };
        reply.usage(1000, 0, 100)
    });
    let server = server.unwrap();
    let lab = agent.lab(&server, "", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
    let remarks = lab.json(&["task", "show", "1"])["remarks"].to_string();
    for words in ["half done", "made it"] {
        assert!(remarks.contains(words), "{words:?} in {remarks}");
    }
    assert!(!lab.journal_text().contains("\"words\":\"asks\""), "nobody was asked");
    assert_eq!(starts(&lab).len(), 1, "one start was enough");
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
    kill(pid.parse().unwrap());
    lands(&lab);
    assert!(is_gone(child), "the command was ended");
    let starts = starts(&lab);
    assert_eq!(starts.len(), 2, "{starts:?}");
    let resumed = |start: usize| starts[start]["dialect"]["resume"]["session"].is_string();
    assert!(!resumed(0) && resumed(1), "{starts:?}");
    let last = asked(agent.wire, server.requests().last().unwrap());
    assert_eq!(last.matches("## Title").count(), 1, "it is told all of it once: {last}");
    if agent.resumes == Resumes::Always {
        assert!(last.contains("You were interrupted"), "{last}");
    }
}

/// The provider serves nothing for a while; then the human knows that it does, and it goes on.
fn meets_a_limit(agent: &Agent) {
    let (writes, limit) = (agent.writes, agent.limit);
    let is_limited = Arc::new(AtomicBool::new(true));
    let limited = Arc::clone(&is_limited);
    let server = agent.model(move |results, _| match results {
        0 => writes("made.txt"),
        1 if limited.load(Ordering::SeqCst) => limit(),
        _ => finishes(),
    });
    let lab = agent.lab(&server, "", "quiet_minutes = 0.1\n");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("it is limited", || {
        let status = lab.json(&["task", "show", "1"])["status"]["word"].clone();
        (status == "limited").then_some(())
    });
    nobody_is_left(&lab);
    is_limited.store(false, Ordering::SeqCst);
    lab.ok(&["provider", "resume", "acp"]);
    lands(&lab);
    let starts = starts(&lab);
    let resumed = starts[1]["dialect"]["resume"]["session"].is_string();
    assert!(starts.len() == 2 && resumed, "{starts:?}");
}

/// It says until when, and goes on then, in the same conversation and without anybody's word.
fn waits_until_a_limit_is_over(agent: &Agent, limit: fn(seconds: u64) -> Reply) {
    let writes = agent.writes;
    let is_limited = AtomicBool::new(true);
    let server = agent.model(move |results, _| match results {
        0 => writes("made.txt"),
        1 if is_limited.swap(false, Ordering::SeqCst) => limit(5),
        _ => finishes(),
    });
    let lab = agent.lab(&server, "", "");
    let _daemon = agent.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("it is limited", || {
        let status = lab.json(&["task", "show", "1"])["status"].clone();
        (status["word"] == "limited").then_some(())
    });
    nobody_is_left(&lab);
    assert!(!lab.journal_text().contains("\"until\":null"), "it says until when");
    lands(&lab);
    let starts = starts(&lab);
    let resumed = starts[1]["dialect"]["resume"]["session"].is_string();
    assert!(starts.len() == 2 && resumed, "{starts:?}");
}

#[test]
fn codex_waits_until_a_limit_is_over() {
    waits_until_a_limit_is_over(&CODEX, |seconds| {
        let error = json!({
            "type": "usage_limit_reached", "message": "The usage limit has been reached",
            "plan_type": "plus", "resets_at": soon(seconds),
        });
        Reply::status(429).body(&json!({"error": error}).to_string())
    });
}

#[test]
fn claude_waits_until_a_limit_is_over() {
    let by_plan = Agent { key: "CLAUDE_CODE_OAUTH_TOKEN", ..CLAUDE };
    waits_until_a_limit_is_over(&by_plan, plan_limit);
}

/// A limit of a second, which it waits out by itself.
#[test]
fn opencode_waits_out_a_short_limit() {
    let (writes, passes) = (OPENCODE.writes, AtomicBool::new(false));
    let server = OPENCODE.model(move |results, _| match results {
        0 => writes("made.txt"),
        _ if !passes.swap(true, Ordering::SeqCst) => {
            let body = r#"{"error":{"message":"Rate limit reached","type":"tokens"}}"#;
            Reply::status(429).header("retry-after", "1").body(body)
        }
        _ => finishes(),
    });
    let lab = OPENCODE.lab(&server, "", "");
    let _daemon = OPENCODE.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
    assert_eq!(starts(&lab).len(), 1, "one start was enough");
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
    codex: super::CODEX;
}

#[test]
fn gemini_calls_our_tools() {
    calls_our_tools(&GEMINI);
}

#[test]
fn opencode_calls_our_tools() {
    calls_our_tools(&OPENCODE);
}

#[test]
fn claude_calls_our_tools() {
    calls_our_tools(&CLAUDE);
}

#[test]
fn codex_calls_our_tools() {
    calls_our_tools(&CODEX);
}

/// It keeps a key of its own, which nobody said may pay.
#[test]
fn nobody_pays_who_was_not_asked() {
    let server = CODEX.model(|results, _| match results {
        0 => (CODEX.writes)("made.txt"),
        _ => finishes(),
    });
    let lab = CODEX.lab(&server, "", "");
    let home = lab.dir.path().join(".codex");
    fs::write(home.join("auth.json"), json!({"OPENAI_API_KEY": KEY, "tokens": null}).to_string())
        .unwrap();
    let change = |file: PathBuf, from: &str, to: &str| {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    };
    let team = || lab.repo().join(".crew/team.toml");
    change(team(), "env = [\"OURS_API_KEY\"]\n", "");
    change(home.join("config.toml"), "env_key = \"OURS_API_KEY\"\n", "");
    let _daemon = CODEX.up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "an API key (`codex login`) would pay for this");
    assert!(item["text"].as_str().unwrap().contains("`acp` serves nobody"), "{item}");
    assert!(server.requests().is_empty(), "nothing was asked");
    change(team(), "agent = \"codex\"", "agent = \"codex\"\nbilling = \"api-key\"");
    lab.wait("it is tried as it is now", || (!server.requests().is_empty()).then_some(()));
    lands(&lab);
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
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
    let old = old.display().to_string();
    for (program, words) in [
        ("/nowhere/gemini", "there is no Gemini CLI"),
        (old.as_str(), "this is Gemini CLI 0.9.0; 0.61.0 or newer is needed"),
    ] {
        let lab = GEMINI.lab_with(&server, program, "", "");
        let _daemon = GEMINI.up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        let item = waits(&lab, words);
        assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
        nobody_is_left(&lab);
    }
    assert!(server.requests().is_empty());
}
