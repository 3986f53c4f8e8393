//! The agents that can be tried: how each is pointed at a model of ours, and what it calls its tools.

use std::time::Duration;

use crew_agent::acp;
use crew_agent::claude::CLAUDE;
use crew_agent::codex::CODEX;
use crew_agent::program::Unusable;
use crew_core::team::AcpAgent;
use crew_standin::{Reply, Wire};
use serde_json::{Value, json};

use super::Program;

/// An agent that can be tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    /// What it is called in `crew provider test`.
    pub(crate) name: &'static str,
    /// How it is found.
    pub(crate) origin: Origin,
    /// What it talks to its model by.
    pub(super) wire: Wire,
    /// What names it in team.toml, and its model at this address; without its program.
    pub(super) provider: fn(url: &str) -> String,
    /// Its files below the home of a user, by path and content.
    pub(super) files: fn(url: &str) -> Vec<(&'static str, String)>,
    /// The variable with its key.
    pub(super) key: &'static str,
    /// How its model writes a file, and runs a command.
    pub(super) writes: fn(path: &str) -> Reply,
    pub(super) runs: fn(command: &str) -> Reply,
    /// A conversation so young cannot be gone on with.
    pub(crate) rest: Duration,
}

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Claude,
    Codex,
    Acp(AcpAgent),
}

/// All of them.
pub(crate) const SUBJECTS: [Subject; 6] =
    [CLAUDE_CODE, CODEX_CLI, GEMINI, OPENCODE, CLAUDE_ACP, CODEX_ACP];

/// Whether an agent can be pointed at a model of ours.
pub(crate) fn can_be_tried(origin: Origin) -> bool {
    SUBJECTS.iter().any(|subject| subject.origin == origin)
}

impl Subject {
    /// Its usual command.
    pub(crate) fn command(&self) -> &'static str {
        match self.origin {
            Origin::Claude => CLAUDE.command,
            Origin::Codex => CODEX.command,
            Origin::Acp(agent) => acp::known(agent).program,
        }
    }

    /// Finds it by a path, or a name on the `PATH`.
    pub(crate) fn find(&self, command: &str) -> Result<Program, Unusable> {
        let env = std::env::vars().collect();
        let known = match self.origin {
            Origin::Claude => &CLAUDE,
            Origin::Codex => &CODEX,
            Origin::Acp(agent) => {
                let known = acp::known(agent);
                let path = acp::find(command, Some(known), &env)?;
                let version = acp::version(&path, &env).ok_or_else(|| Unusable {
                    what: format!("{} does not say which version it is", path.display()),
                    hint: format!("does `{command} --version` work? `{}`", known.install),
                })?;
                return Ok(Program { path, version, version_tested: known.version_tested });
            }
        };
        let found = known.find(command, &env)?;
        let (path, version) = (found.program, found.version);
        Ok(Program { path, version, version_tested: known.version_tested })
    }
}

/// A text, as TOML writes it: as JSON does.
pub(super) fn toml(text: &str) -> Value {
    Value::from(text)
}

fn nothing(_: &str) -> Vec<(&'static str, String)> {
    Vec::new()
}

const CLAUDE_CODE: Subject = Subject {
    name: "claude",
    origin: Origin::Claude,
    wire: Wire::Anthropic,
    provider: |url| {
        let url = toml(url.trim_end_matches("/v1"));
        format!(
            "kind = \"claude\"\nmodel = \"sonnet\"\nbase_url = {url}\nbilling = \"api-key\"\nenv = \
             [\"ANTHROPIC_API_KEY\"]"
        )
    },
    files: nothing,
    key: "ANTHROPIC_API_KEY",
    writes: |path| Reply::tool("Write", json!({"file_path": path, "content": "made\n"})),
    runs: |command| Reply::tool("Bash", json!({"command": command, "description": "Run it"})),
    rest: Duration::ZERO,
};

const CODEX_CLI: Subject = Subject {
    name: "codex",
    origin: Origin::Codex,
    wire: Wire::OpenAiResponses,
    provider: |url| {
        let url = toml(url);
        format!(
            "kind = \"codex\"\nmodel = \"gpt-5.5\"\nbase_url = {url}\nbilling = \"api-key\"\nkey_env = \
             \"CREW_TRIAL_KEY\""
        )
    },
    files: nothing,
    key: "CREW_TRIAL_KEY",
    writes: |path| {
        let patch = format!("*** Begin Patch\n*** Add File: {path}\n+made\n*** End Patch\n");
        Reply::tool("apply_patch", Value::from(patch))
    },
    runs: |command| Reply::tool("exec_command", json!({"cmd": command})),
    rest: Duration::ZERO,
};

const GEMINI: Subject = Subject {
    name: "gemini",
    origin: Origin::Acp(AcpAgent::Gemini),
    wire: Wire::Gemini,
    provider: |url| {
        let url = toml(url.trim_end_matches("/v1beta"));
        format!(
            "kind = \"acp\"\nagent = \"gemini\"\nmodel = \"gemini-2.5-pro\"\nbase_url = {url}\nenv = \
             [\"GEMINI_API_KEY\"]"
        )
    },
    files: |_| {
        let auth = json!({"security": {"auth": {"selectedType": "gemini-api-key"}}});
        vec![(".gemini/settings.json", auth.to_string())]
    },
    key: "GEMINI_API_KEY",
    writes: |path| Reply::tool("write_file", json!({"file_path": path, "content": "made\n"})),
    runs: |command| {
        Reply::tool("run_shell_command", json!({"command": command, "description": "Run it"}))
    },
    rest: Duration::from_secs(65),
};

const OPENCODE: Subject = Subject {
    name: "opencode",
    origin: Origin::Acp(AcpAgent::Opencode),
    wire: Wire::OpenAi,
    provider: |_| "kind = \"acp\"\nagent = \"opencode\"\nenv = [\"CREW_TRIAL_KEY\"]".to_owned(),
    files: |url| {
        let model = json!({"name": "Scripted", "limit": {"context": 128_000, "output": 8192}});
        let provider = json!({
            "npm": "@ai-sdk/openai-compatible", "name": "Ours",
            "options": {"baseURL": url, "apiKey": "{env:CREW_TRIAL_KEY}"},
            "models": {"scripted": model},
        });
        let config = json!({
            "provider": {"ours": provider}, "model": "ours/scripted", "enabled_providers": ["ours"],
        });
        vec![(".config/opencode/opencode.json", config.to_string())]
    },
    key: "CREW_TRIAL_KEY",
    writes: |path| Reply::tool("write", json!({"filePath": path, "content": "made\n"})),
    runs: |command| Reply::tool("bash", json!({"command": command, "description": "Run it"})),
    rest: Duration::ZERO,
};

const CLAUDE_ACP: Subject = Subject {
    name: "claude-acp",
    origin: Origin::Acp(AcpAgent::Claude),
    provider: |url| {
        let url = toml(url.trim_end_matches("/v1"));
        format!(
            "kind = \"acp\"\nagent = \"claude\"\nmodel = \"sonnet\"\nbase_url = {url}\nenv = \
             [\"ANTHROPIC_API_KEY\"]"
        )
    },
    ..CLAUDE_CODE
};

const CODEX_ACP: Subject = Subject {
    name: "codex-acp",
    origin: Origin::Acp(AcpAgent::Codex),
    provider: |_| "kind = \"acp\"\nagent = \"codex\"\nenv = [\"CREW_TRIAL_KEY\"]".to_owned(),
    files: |url| {
        let url = toml(url);
        let config = format!(
            r#"model = "gpt-5.5"
model_provider = "ours"
check_for_update_on_startup = false
features.plugins = false

[model_providers.ours]
name = "Ours"
base_url = {url}
env_key = "CREW_TRIAL_KEY"
wire_api = "responses"
"#
        );
        vec![(".codex/config.toml", config)]
    },
    // It asks for what its own sandbox would not let it do, which does not work inside of ours.
    runs: |command| {
        let permissions = "require_escalated";
        let input = json!({"cmd": command, "sandbox_permissions": permissions, "justification": "It is tried"});
        Reply::tool("exec_command", input)
    },
    ..CODEX_CLI
};
