//! One turn of agents that speak ACP: in Crewhouse, and by their own command, or, where they have none, spoken
//! to with nothing around them; and a question.

use std::time::Duration;

use crew_testkit::{Reply, Wire};
use serde_json::json;

use crate::claude::CLAUDE;
use crate::codex::CODEX;
use crate::report::{Row, Section};
use crate::turn::{Alone, Cli, PAUSE, Turns, memory, question, row};

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
    alone: Alone::Command(&[
        "--model",
        "gemini-2.5-pro",
        "--output-format",
        "stream-json",
        "--yolo",
        "--prompt",
        "Make it",
    ]),
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
    alone: Alone::Command(&["run", "--format", "json", "--auto", "Make it"]),
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
    alone: Alone::ByAcp,
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
    alone: Alone::ByAcp,
    provider: |_| "kind = \"acp\"\nagent = \"codex\"\nenv = [\"BENCH_KEY\"]".to_owned(),
    // Its own sandbox cannot run in ours: what it wants it has to ask for.
    runs: |command| {
        let why = json!({"cmd": command, "sandbox_permissions": "require_escalated", "justification": "why"});
        Reply::tool("exec_command", why)
    },
    question: "session/request_permission",
    ..CODEX
};

pub(crate) fn gemini() -> anyhow::Result<Section> {
    let title = "One turn of Gemini CLI, and a question";
    Ok(Section {
        title,
        how: how("Gemini CLI", "`gemini --prompt`"),
        rows: rows(&GEMINI)?,
        missed: MISSED,
    })
}

pub(crate) fn opencode() -> anyhow::Result<Section> {
    let title = "One turn of opencode, and a question";
    Ok(Section {
        title,
        how: how("opencode", "`opencode run`"),
        rows: rows(&OPENCODE)?,
        missed: MISSED,
    })
}

pub(crate) fn claude() -> anyhow::Result<Section> {
    let title = "One turn of Claude Code by ACP, and a question";
    let how = how("`claude-agent-acp`", "spoken to by ACP with nothing around it");
    Ok(Section { title, how, rows: rows(&CLAUDE_ACP)?, missed: MISSED })
}

pub(crate) fn codex() -> anyhow::Result<Section> {
    let title = "One turn of Codex by ACP, and a question";
    let how = how("`codex-acp`", "spoken to by ACP with nothing around it");
    Ok(Section { title, how, rows: rows(&CODEX_ACP)?, missed: MISSED })
}

const MISSED: &str = "By its own command it does not do the same as by ACP. Our tools are one\nmore process beside it.";

fn how(name: &str, raw: &str) -> String {
    format!(
        "Asked for a file, {name} writes it and ends: two answers of a model server on loopback, at once. \
         Raw:\n{raw}, from its start to its end. Memory is the largest sum of all processes, shared pages \
         divided, seen\nevery {} ms. A question: from the line that it prints to the record that the inbox \
         shows. The median of\n{ROUNDS} rounds, taken in turns.",
        PAUSE.as_millis()
    )
}

fn rows(cli: &Cli) -> anyhow::Result<Vec<Row>> {
    let program = cli.find()?;
    let pause = Duration::ZERO;
    cli.by_itself(&program, pause)?; // fills the caches of the disk
    let (mut alone, mut here, mut asked) = (Turns::default(), Turns::default(), Vec::new());
    for _ in 0..ROUNDS {
        alone.add(cli.by_itself(&program, pause)?);
        here.add(cli.in_crewhouse(&program, pause, "")?);
        asked.push(cli.until_it_is_asked(&program)?);
    }
    let raw = alone.middle(|turn| turn.agent);
    Ok(vec![
        row("its process", here.middle(|turn| turn.agent), raw, "ms"),
        row("task to saved commit", here.middle(|turn| turn.whole), raw, "ms"),
        memory(&here, &alone),
        question(asked),
    ])
}
