//! One turn of agents that speak ACP: in Crewhouse, spoken to with nothing around them, and, where they have
//! one, by their own command; and a question.

use std::time::Duration;

use crew_testkit::{Reply, Wire};
use serde_json::json;

use crate::claude::CLAUDE;
use crate::codex::CODEX;
use crate::report::{Row, Section};
use crate::turn::{Cli, PAUSE, Turns, memory, question, row};

/// They take seconds to start.
const ROUNDS: usize = 3;

const GEMINI: Cli = Cli {
    program: "gemini",
    wire: Wire::Gemini,
    environment: &[
        ("GEMINI_API_KEY", "sk-bench-invented"),
        ("GEMINI_TELEMETRY_ENABLED", "false"),
        ("GEMINI_CLI_TRUST_WORKSPACE", "true"),
        ("GEMINI_CLI_NO_RELAUNCH", "true"),
    ],
    alone: &[
        "--model",
        "gemini-2.5-pro",
        "--output-format",
        "stream-json",
        "--yolo",
        "--prompt",
        "Make it",
    ],
    by_acp: &["--acp"],
    address: Some("GOOGLE_GEMINI_BASE_URL"),
    files: |_| {
        let auth = json!({"security": {"auth": {"selectedType": "gemini-api-key"}}});
        vec![(".gemini/settings.json", auth.to_string())]
    },
    provider: |url| {
        format!(
            "kind = \"acp\"\nagent = \"gemini\"\nmodel = \"gemini-2.5-pro\"\nbase_url = \"{url}\"\n\
             env = [\"GEMINI_API_KEY\"]"
        )
    },
    writes: || Reply::tool("write_file", json!({"file_path": "made.txt", "content": "made\n"})),
    runs: |command| {
        Reply::tool("run_shell_command", json!({"command": command, "description": "Run it"}))
    },
    question: "session/request_permission",
};

const OPENCODE: Cli = Cli {
    program: "opencode",
    wire: Wire::OpenAi,
    environment: &[
        ("BENCH_KEY", "sk-bench-invented"),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("npm_config_registry", "http://127.0.0.1:9/"),
    ],
    alone: &["run", "--format", "json", "--auto", "Make it"],
    by_acp: &["acp"],
    address: None,
    files: |url| {
        let model = json!({"name": "Scripted", "limit": {"context": 128_000, "output": 8192}});
        let provider = json!({
            "npm": "@ai-sdk/openai-compatible", "name": "Ours",
            "options": {"baseURL": url, "apiKey": "{env:BENCH_KEY}"},
            "models": {"scripted": model},
        });
        let config = json!({
            "provider": {"ours": provider}, "model": "ours/scripted", "enabled_providers": ["ours"],
        });
        vec![(".config/opencode/opencode.json", config.to_string())]
    },
    provider: |_| "kind = \"acp\"\nagent = \"opencode\"\nenv = [\"BENCH_KEY\"]".to_owned(),
    writes: || Reply::tool("write", json!({"filePath": "made.txt", "content": "made\n"})),
    runs: |command| Reply::tool("bash", json!({"command": command, "description": "Run it"})),
    question: "session/request_permission",
};

const CLAUDE_ACP: Cli = Cli {
    program: "claude-agent-acp",
    alone: &[],
    provider: |url| {
        format!(
            "kind = \"acp\"\nagent = \"claude\"\nmodel = \"sonnet\"\nbase_url = \"{url}\"\n\
             env = [\"ANTHROPIC_API_KEY\"]"
        )
    },
    question: "session/request_permission",
    ..CLAUDE
};

const CODEX_ACP: Cli = Cli {
    program: "codex-acp",
    alone: &[],
    provider: |_| "kind = \"acp\"\nagent = \"codex\"\nenv = [\"BENCH_KEY\"]".to_owned(),
    runs: |command| {
        let permissions = "require_escalated";
        let input = json!({
            "cmd": command, "sandbox_permissions": permissions, "justification": "It is measured",
        });
        Reply::tool("exec_command", input)
    },
    question: "session/request_permission",
    ..CODEX
};

pub(crate) fn gemini() -> anyhow::Result<Section> {
    section("One turn of Gemini CLI, and a question", "Gemini CLI", &GEMINI)
}

pub(crate) fn opencode() -> anyhow::Result<Section> {
    section("One turn of opencode, and a question", "opencode", &OPENCODE)
}

pub(crate) fn claude() -> anyhow::Result<Section> {
    section("One turn of Claude Code by ACP, and a question", "`claude-agent-acp`", &CLAUDE_ACP)
}

pub(crate) fn codex() -> anyhow::Result<Section> {
    section("One turn of Codex by ACP, and a question", "`codex-acp`", &CODEX_ACP)
}

fn section(title: &'static str, name: &str, cli: &Cli) -> anyhow::Result<Section> {
    let how = format!(
        "Asked for a file, {name} writes it and ends: two answers of a model server on loopback, at once. \
         Raw:\nspoken to by ACP with nothing around it, from its start to its answer. Memory is the largest sum of \
         all processes,\nshared pages divided, seen every {} ms. A question: from the line that it prints to the \
         record that the inbox\nshows. The median of {ROUNDS} rounds, taken in turns.",
        PAUSE.as_millis()
    );
    Ok(Section { title, how, rows: rows(cli)?, missed: MISSED })
}

const MISSED: &str = "What is more is a worktree of its own, the sandbox, our tools (a process more beside it), and a \
                      commit: each\nonce for a run, however long it is.";

fn rows(cli: &Cli) -> anyhow::Result<Vec<Row>> {
    let program = cli.find()?;
    let pause = Duration::ZERO;
    cli.by_acp(&program, pause)?; // fills the caches of the disk
    let (mut bare, mut alone, mut here) = (Turns::default(), Turns::default(), Turns::default());
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        bare.add(cli.by_acp(&program, pause)?);
        here.add(cli.in_crewhouse(&program, pause, "")?);
        asked.push(cli.until_it_is_asked(&program)?);
        if !cli.alone.is_empty() {
            alone.add(cli.by_itself(&program, pause)?);
        }
    }
    let raw = bare.middle(|turn| turn.agent);
    let mut rows = vec![
        row("its process", here.middle(|turn| turn.agent), raw, "ms"),
        row("task to saved commit", here.middle(|turn| turn.whole), raw, "ms"),
        memory(&here, &bare),
        question(asked),
    ];
    if !cli.alone.is_empty() {
        let alone = alone.middle(|turn| turn.agent);
        rows.push(row("the same by its own command, as for a script", alone, raw, "ms"));
    }
    Ok(rows)
}
