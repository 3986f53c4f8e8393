//! The real Claude Code, pinned in `tests/clients`, in the whole program: it talks to a model
//! server of ours on loopback, with an invented key and a home of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::path::PathBuf;

use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::json;
use support::{Daemon, Lab, simple_play};

const KEY: &str = "sk-test-invented-7f3a";

/// The pinned Claude Code.
fn claude() -> PathBuf {
    let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    let program = clients.join("node_modules/.bin/claude");
    assert!(program.exists(), "there is no {}; hint: `make clients`", program.display());
    program.canonicalize().unwrap()
}

/// One engineer, played by Claude Code, and one human.
fn lab(server: &ModelServer, keys: &str) -> Lab {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let url = server.base_url(Wire::Anthropic);
    let team = format!(
        r#"
[limits]
backoff_seconds = 0

[providers.claude]
kind = "claude"
program = "{}"
base_url = "{}"
{keys}

[roles.engineer]
provider = "claude"

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
"#,
        claude().display(),
        url.trim_end_matches("/v1")
    );
    fs::write(lab.repo().join(".crew/team.toml"), team).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "one engineer"]);
    lab
}

const BY_KEY: &str = "env = [\"ANTHROPIC_API_KEY\"]\nbilling = \"api-key\"";

fn up(lab: &Lab) -> Daemon {
    let daemon = lab.serve_with(&[("ANTHROPIC_API_KEY", KEY)]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn writes(path: &str) -> Reply {
    Reply::tool("Write", json!({"file_path": path, "content": "made\n"})).usage(1000, 0, 100)
}

fn finishes() -> Reply {
    Reply::text("DONE: made it").usage(2000, 0, 10)
}

#[test]
fn claude_code_makes_a_change() {
    let server = ModelServer::start([writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    for request in server.requests() {
        println!(
            "{} {}",
            request.path,
            request.body.to_string().chars().take(300).collect::<String>()
        );
    }
    println!("{}", lab.ok(&["log", "1"]));
    println!("{}", lab.ok(&["task", "show", "1"]));
    assert_eq!(lab.landed("made.txt"), "made\n");
}
