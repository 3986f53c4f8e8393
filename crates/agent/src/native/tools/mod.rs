//! What a model can do: read, write, edit, search, run a command, ask, finish, and call Crewhouse.
//!
//! Invariants: every path ends inside the worktree, symlinks followed; nothing writes into `.git`;
//! everything that goes back to the model is bounded; a failed tool is a result for the model to
//! read, never the end of the agent. These checks keep an honest model from mistakes. What keeps
//! a hostile one in is the sandbox around the process.

mod bounds;
mod files;
mod path;
mod search;
mod shell;

use std::path::{Path, PathBuf};

use crew_core::about::About;
use crew_core::call::{Answer, Finish, Met};
use crew_core::protocol::{Claim, Verdict};
use serde::Deserialize;
use serde_json::{Value, json};

use super::start::{Start, ToolName};
use crate::desk::Tool;

pub(super) use files::remove_leftover;

/// Why a tool did not do what was asked, in words for the model.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolError {
    /// The arguments are not those of the tool.
    #[error("{0}")]
    Arguments(String),
    /// The path may not be used.
    #[error("{path}: {reason}")]
    Path { path: String, reason: String },
    /// The tool ran and failed.
    #[error("{0}")]
    Failed(String),
}

/// The place where tools work, and what they may not see.
pub(super) struct Workshop {
    /// The worktree, canonical.
    root: PathBuf,
    /// An environment variable that commands do not inherit: the one with the model's key.
    hidden_env: Option<String>,
    /// What commands are run through; empty is nothing.
    shell_through: Vec<String>,
    /// Patterns of files that a search leaves out.
    closed: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    path: String,
    #[serde(default)]
    offset: Option<usize>,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    path: String,
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    path: String,
    old: String,
    new: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    pattern: String,
    #[serde(default)]
    glob: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shell {
    command: String,
    #[serde(default)]
    timeout_s: Option<u64>,
}

/// The arguments of `ask`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    pub(super) text: String,
    #[serde(default)]
    pub(super) options: Vec<String>,
}

/// The arguments of `finish` in the text protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastWords {
    message: String,
}

/// How a run is finished.
#[derive(Debug)]
pub(super) enum End {
    /// By words in the text protocol.
    Words(String),
    /// Typed.
    Typed(Box<Finish>),
}

impl End {
    /// What a call of `finish` says.
    pub(super) fn parse(input: &Value) -> Result<Self, ToolError> {
        if input.get("message").is_some() {
            let LastWords { message } = arguments(ToolName::Finish, input)?;
            return Ok(Self::Words(message));
        }
        arguments(ToolName::Finish, input).map(|finish| Self::Typed(Box::new(finish)))
    }

    /// The same in the text protocol, as far as that goes.
    pub(super) fn text(&self, stage: &str) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Typed(finish) => as_text(finish, stage),
        }
    }
}

fn as_text(finish: &Finish, stage: &str) -> String {
    let keyword = match finish.claim {
        Claim::Done => "DONE",
        Claim::Request => "REQUEST",
        Claim::Error => "ERROR",
    };
    let verdict = finish.verdict.map(|verdict| match verdict {
        Verdict::Pass => "VERDICT: pass".to_owned(),
        Verdict::Fail => "VERDICT: fail".to_owned(),
    });
    let lines = [
        Some(format!("{keyword}: {}", finish.summary)),
        verdict,
        finish.pick.map(|pick| format!("PICK: {pick}")),
        finish.to.as_ref().map(|to| format!("LABEL-UPDATED: {stage} --> {to}")),
        finish.pr.as_ref().map(|pr| format!("PR: {pr}")),
    ];
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let evidence = finish.evidence.iter().map(|it| format!("EVIDENCE: {}", line(it)));
    let criteria = finish.criteria.iter().map(|Answer { number, met, why }| {
        let met = match met {
            Met::Met => "met",
            Met::NotMet => "not met",
        };
        format!("CRITERION: {number} {met}: {}", line(why))
    });
    lines.into_iter().flatten().chain(evidence).chain(criteria).collect::<Vec<_>>().join("\n")
}

/// A call whose arguments are those of its tool.
#[derive(Debug)]
pub(super) enum ToolCall {
    Read(Read),
    Write(Write),
    Edit(Edit),
    Search(Search),
    Shell(Shell),
    Ask(Ask),
    Finish,
    /// For the desk, with its arguments.
    Desk(Tool, Value),
}

impl ToolCall {
    /// Checks the arguments of a call.
    pub(super) fn parse(tool: ToolName, input: &Value) -> Result<Self, ToolError> {
        Ok(match tool {
            ToolName::Read => Self::Read(arguments(tool, input)?),
            ToolName::Write => Self::Write(arguments(tool, input)?),
            ToolName::Edit => Self::Edit(arguments(tool, input)?),
            ToolName::Search => Self::Search(arguments(tool, input)?),
            ToolName::Shell => Self::Shell(arguments(tool, input)?),
            ToolName::Ask => Self::Ask(arguments(tool, input)?),
            ToolName::Finish => End::parse(input).map(|_| Self::Finish)?,
            ToolName::Comment => Self::desk(Tool::Comment, input)?,
            ToolName::Pin => Self::desk(Tool::Pin, input)?,
            ToolName::Subtask => Self::desk(Tool::Subtask, input)?,
            ToolName::Message => Self::desk(Tool::Message, input)?,
            ToolName::Board => Self::desk(Tool::Board, input)?,
            ToolName::Knowledge => Self::desk(Tool::Knowledge, input)?,
        })
    }

    /// What it does to files, or runs; `None` for what is only said.
    pub(super) fn about(&self) -> Option<About<String>> {
        Some(match self {
            Self::Read(Read { path, .. }) => About::look("read", vec![path.clone()]),
            Self::Write(Write { path, .. }) => About::change("write", vec![path.clone()]),
            Self::Edit(Edit { path, .. }) => About::change("edit", vec![path.clone()]),
            Self::Search(_) => About::look("search", vec![".".to_owned()]),
            Self::Shell(Shell { command, .. }) => About::run("shell", command, None),
            Self::Ask(_) | Self::Finish | Self::Desk(..) => return None,
        })
    }

    fn desk(tool: Tool, input: &Value) -> Result<Self, ToolError> {
        tool.wish(input).map_err(ToolError::Arguments)?;
        Ok(Self::Desk(tool, input.clone()))
    }
}

fn arguments<T: for<'a> Deserialize<'a>>(tool: ToolName, input: &Value) -> Result<T, ToolError> {
    T::deserialize(input).map_err(|reason| {
        ToolError::Arguments(format!(
            "wrong arguments for `{}`: {reason}\nhint: its arguments are {}",
            tool.as_str(),
            schema(tool)["properties"]
        ))
    })
}

impl Workshop {
    /// A workshop in this worktree.
    pub(super) fn new(
        worktree: &Path,
        hidden_env: Option<String>,
        start: &Start,
    ) -> std::io::Result<Self> {
        let (shell_through, closed) = (start.shell_through.clone(), start.closed.clone());
        Ok(Self { root: worktree.canonicalize()?, hidden_env, shell_through, closed })
    }

    /// Runs a tool of the work itself: not what is between the model and the human or Crewhouse.
    pub(super) fn run(&self, call: &ToolCall) -> Result<String, ToolError> {
        match call {
            ToolCall::Read(call) => files::read(&self.root, call),
            ToolCall::Write(call) => files::write(&self.root, call),
            ToolCall::Edit(call) => files::edit(&self.root, call),
            ToolCall::Search(call) => search::search(&self.root, &self.closed, call),
            ToolCall::Shell(call) => shell::run(self, call),
            ToolCall::Ask(_) => Err(ToolError::Failed("BUG: `ask` was run as a tool".to_owned())),
            ToolCall::Finish => Err(ToolError::Failed("BUG: `finish` was run".to_owned())),
            ToolCall::Desk(..) => Err(ToolError::Failed("BUG: a call was run".to_owned())),
        }
    }

    /// Removes what an interrupted write may have left next to its file.
    pub(super) fn sweep(&self, input: &Value) {
        if let Some(path) = input["path"].as_str() {
            remove_leftover(&self.root, path);
        }
    }
}

/// What a tool does, for the model.
pub(super) fn description(tool: ToolName) -> &'static str {
    match tool {
        ToolName::Read => {
            "Read a text file. Lines are numbered from 1; `offset` is the first line to show and \
             `limit` the number of lines."
        }
        ToolName::Write => {
            "Write a whole file, and create it and its directories if they are not there."
        }
        ToolName::Edit => {
            "Replace one passage of a file. `old` must occur exactly once, with its exact \
             whitespace; give enough of the lines around it."
        }
        ToolName::Search => {
            "Search all files that git does not ignore for a regular expression. `glob` narrows \
             the files, as in `*.rs` or `src/**`."
        }
        ToolName::Shell => {
            "Run a command with `sh -c` in the worktree, without input. Everything that it started \
             ends with it. The default timeout is 120 seconds."
        }
        ToolName::Ask => {
            "Ask the human a question that you cannot decide yourself, and wait for the answer. \
             `options` are answers to choose from."
        }
        ToolName::Finish => Tool::Finish.description(),
        ToolName::Comment => Tool::Comment.description(),
        ToolName::Pin => Tool::Pin.description(),
        ToolName::Subtask => Tool::Subtask.description(),
        ToolName::Message => Tool::Message.description(),
        ToolName::Board => Tool::Board.description(),
        ToolName::Knowledge => Tool::Knowledge.description(),
    }
}

/// The arguments of a tool, as a JSON schema.
pub(super) fn schema(tool: ToolName) -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 1 });
    let (properties, required) = match tool {
        ToolName::Read => {
            (json!({ "path": text, "offset": number, "limit": number }), json!(["path"]))
        }
        ToolName::Write => (json!({ "path": text, "content": text }), json!(["path", "content"])),
        ToolName::Edit => {
            (json!({ "path": text, "old": text, "new": text }), json!(["path", "old", "new"]))
        }
        ToolName::Search => (json!({ "pattern": text, "glob": text }), json!(["pattern"])),
        ToolName::Shell => (json!({ "command": text, "timeout_s": number }), json!(["command"])),
        ToolName::Ask => (
            json!({ "text": text, "options": { "type": "array", "items": text } }),
            json!(["text"]),
        ),
        ToolName::Finish => return Tool::Finish.schema(),
        ToolName::Comment => return Tool::Comment.schema(),
        ToolName::Pin => return Tool::Pin.schema(),
        ToolName::Subtask => return Tool::Subtask.schema(),
        ToolName::Message => return Tool::Message.schema(),
        ToolName::Board => return Tool::Board.schema(),
        ToolName::Knowledge => return Tool::Knowledge.schema(),
    };
    json!({ "type": "object", "properties": properties, "required": required })
}
