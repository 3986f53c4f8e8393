//! The arguments of `crew provider`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use crew_server::wire::BeginModel;

#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// Show the agents that are installed, and what each can do.
    List,
    /// Try an installed agent: can it ask, keep to a no, be interrupted, go on in a new process?
    ///
    /// It works in a repository that is thrown away, and a model on this machine tells it what to
    /// do. Nobody's account is used. A provider of the kind `native` is no program: its model itself
    /// is asked to do a small task, which may be paid for.
    Test {
        /// A provider of the team, or `claude`, `codex`, `gemini`, `opencode`, `claude-acp`,
        /// `codex-acp`.
        name: String,
        /// Send the key of a model to the server that team.toml names.
        #[arg(long)]
        send_key: bool,
    },
    /// Let one agent try whether a limited provider serves again, before the time that it named.
    ///
    /// Where you have changed the plan, or have paid. If it serves, all who wait for it go on.
    Resume {
        /// The provider, as the team names it.
        name: String,
    },
    /// Show how what an agent printed is understood: its events, and a last line with the verdict.
    Replay {
        /// What printed it.
        provider: Replayed,
        /// What it printed, as `crew log --raw` gives it.
        file: PathBuf,
        /// How its process ended; a negative code is a signal.
        #[arg(long, value_name = "N", allow_hyphen_values = true)]
        exit_code: Option<i32>,
        /// What it printed to its standard error: some say there why they end.
        #[arg(long, value_name = "FILE")]
        stderr: Option<PathBuf>,
    },
}

/// Whose output can be replayed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Replayed {
    /// Claude Code's `stream-json`.
    Claude,
    /// What `codex app-server` or `codex exec --json` printed.
    #[value(aliases = ["codex-app-server", "codex-exec"])]
    Codex,
    /// What any agent printed that speaks ACP.
    #[value(aliases = ["claude-agent-acp", "codex-acp", "gemini-acp", "opencode-acp"])]
    Acp,
    /// What `gemini --output-format stream-json` or `json` printed.
    #[value(alias = "gemini-cli")]
    Gemini,
    /// What `opencode run --format json` printed.
    Opencode,
}

/// Who plays the roles: a name, and a model of it.
pub(super) fn player(text: &str) -> Result<BeginModel, &'static str> {
    let (api, model) = text.split_once('/').map_or((text, None), |(api, model)| (api, Some(model)));
    if api.is_empty() || model == Some("") {
        return Err(
            "it is a name, like `claude`, or a name and a model, like `ollama/qwen3-coder`",
        );
    }
    Ok(BeginModel { api: api.to_owned(), model: model.map(str::to_owned), key_env: None })
}
