//! What the program brings along for beginning: the same that its commands `init`, `doctor` and
//! `demo` do. The daemon is told how, because the texts belong to the command line.

use std::path::Path;

use crew_core::RoleName;
use crew_core::team;

use crate::error::{ApiError, ErrorCode};
use crate::policy_edit::edited;
use crate::wire::{BeginModel, Finding, NewTask, Scalar, TeamEdit};

/// Programs that play the roles of a new team: how they are chosen, their `kind` and their `agent`.
const PROGRAMS: [(&str, &str, Option<&str>); 4] = [
    ("claude", "claude", None),
    ("codex", "codex", None),
    ("gemini-cli", "acp", Some("gemini")),
    ("opencode", "acp", Some("opencode")),
];
/// APIs that our own agent speaks.
const APIS: [&str; 4] = ["anthropic", "openai", "gemini", "ollama"];

/// What happened instead, and what to do about it.
#[derive(Clone, Debug)]
pub struct SetupError {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Writes what a repository lacks: where, who plays the roles of a new team, the name of its template.
pub type WriteTeam =
    fn(&Path, Option<&BeginModel>, Option<&str>) -> Result<Vec<String>, SetupError>;

/// How a repository comes under Crewhouse.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Writes the team directory of the repository, where something is missing, with who plays the
    /// roles of a new team, and the name of its template; says which files.
    pub begin: WriteTeam,
    /// What a role is told to begin with: by its name and, if it is given, by what it does.
    pub told: fn(&str, Option<&str>) -> String,
    /// Looks for what could stand in the way, with the data directory and, if there is one, a
    /// repository.
    pub doctor: fn(&Path, Option<&Path>) -> Vec<Finding>,
    /// Makes the demo's repository in a directory that is not there yet, and says its tasks. Their
    /// `depends_on` counts from 1 in this list, their `project` is to be filled in.
    pub demo: fn(&Path) -> Result<Vec<NewTask>, SetupError>,
}

/// The text of a `team.toml` whose roles are played by `native`, with somebody else to play them.
///
/// # Errors
/// When there is no such program or API, or the team would not do with it.
pub fn team_with(text: &str, who: &BeginModel) -> Result<String, SetupError> {
    let BeginModel { api, model, key_env } = who;
    let program = PROGRAMS.into_iter().find(|(name, ..)| name == api);
    let edits = match program {
        Some((name, kind, agent)) => {
            let roles = team::parse(text).map(|team| team.roles).unwrap_or_default();
            let plays = |role: &RoleName| set(&["roles", role.as_str(), "provider"], Some(name));
            let mut edits: Vec<TeamEdit> = roles.keys().map(plays).collect();
            edits.push(set(&["providers", name, "kind"], Some(kind)));
            edits.push(set(&["providers", name, "agent"], agent));
            edits.push(set(&["providers", name, "model"], model.as_deref()));
            edits.push(set(&["providers", "native"], None));
            edits
        }
        None if APIS.contains(&api.as_str()) => {
            let native = |key: &str, value| set(&["providers", "native", key], value);
            vec![
                native("api", Some(api)),
                native("model", model.as_deref()),
                native("key_env", key_env.as_deref()),
            ]
        }
        None => return Err(nobody(api)),
    };
    let text = edited(text, &edits)?;
    match team::parse(&text) {
        Ok(_) => Ok(text),
        Err(problems) => Err(SetupError {
            message: problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            hint: Some("an API needs a model, like `ollama/qwen3-coder`".to_owned()),
        }),
    }
}

fn set(key: &[&str], value: Option<&str>) -> TeamEdit {
    let key = key.iter().map(|&part| part.to_owned()).collect();
    TeamEdit::Set { key, value: value.map(|value| Scalar::Text(value.to_owned())) }
}

fn nobody(name: &str) -> SetupError {
    let programs = PROGRAMS.map(|(name, ..)| name).join(", ");
    let hint = format!("programs are {programs}; APIs are {}", APIS.join(", "));
    SetupError { message: format!("nobody is called `{name}`"), hint: Some(hint) }
}

impl From<SetupError> for ApiError {
    fn from(SetupError { message, hint }: SetupError) -> Self {
        let error = Self::new(ErrorCode::Refused, message);
        hint.into_iter().fold(error, Self::hint)
    }
}

impl From<ApiError> for SetupError {
    fn from(error: ApiError) -> Self {
        let (message, hint) = error.into_words();
        Self { message, hint }
    }
}
