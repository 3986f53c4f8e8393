//! What the agent is told before it begins: the first line on its standard input.
//!
//! All of it is data that arrives on a pipe. Nothing of a task ever becomes an argument of a
//! program, where other users of the machine could read it and a shell could run it.

use std::path::PathBuf;

use crew_core::Price;
use serde::{Deserialize, Serialize};

/// The first line: who works, on what, with which model, and within which bounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The file that keeps the conversation; created when it does not exist.
    pub session: PathBuf,
    /// The role's instructions and what the team knows.
    #[serde(default)]
    pub system: String,
    /// Names the run, whatever it takes: with this name again it is a restart of the same run, with
    /// another it is a new one, even if it asks for the same in the same words. A restart goes on;
    /// a new run begins with its prompt, a budget of its own, and no open ask of an earlier one.
    #[serde(default)]
    pub run: String,
    /// What is asked now. Empty to go on with an interrupted conversation. Other words than before
    /// in a restart of the same run reach the model as a message of their own.
    #[serde(default)]
    pub prompt: String,
    /// What people said since the prompt was written. What the conversation knows is not said again.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// Who answers.
    pub model: ModelConfig,
    /// The tools that the role may use; `finish` is always there.
    #[serde(default = "ToolName::all")]
    pub tools: Vec<ToolName>,
    /// `engineer`, `tester`, …
    #[serde(default)]
    pub role: String,
    /// The stage of the pipeline that the task is in.
    #[serde(default)]
    pub stage: String,
    /// The task in a few words.
    #[serde(default)]
    pub task_title: String,
    /// How often the task has been at this stage, this time included; from 1.
    #[serde(default = "one")]
    pub visit: u32,
    /// What the whole run may consume, restarts included, before the agent stops by itself: give
    /// every restart the full budget, not what is left. What was consumed is in the session.
    #[serde(default)]
    pub budget: Budget,
    /// Whether a human will answer.
    #[serde(default)]
    pub ask_policy: AskPolicy,
    /// Whether it asks before each use of a tool that does something: its role has rules about that.
    #[serde(default)]
    pub asks_permission: bool,
    /// Patterns of files that a search leaves out: rules of its role keep it from them.
    #[serde(default)]
    pub closed: Vec<String>,
    /// Where the agent calls Crewhouse by, if it can.
    #[serde(default)]
    pub desk: Option<PathBuf>,
    /// A command that runs the commands of the tool `shell`, which are appended to it: the entry of a
    /// sandbox inside the agent's own, so that they cannot look into the agent, which knows the key.
    #[serde(default)]
    pub shell_through: Vec<String>,
    /// While a tool runs or a provider is awaited, a heartbeat is printed this often, in
    /// milliseconds.
    #[serde(default = "default_heartbeat_ms")]
    pub heartbeat_ms: u64,
}

impl Start {
    /// What [`Start::heartbeat_ms`] is where it is not given.
    pub const HEARTBEAT_MS: u64 = 20_000;
}

/// What a person said about the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Stands in the words, and tells them from all others.
    pub mark: String,
    /// The words.
    pub text: String,
}

/// What one run may consume, from its first prompt on and restarts included. Where the run has no
/// name, what one prompt may.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens of all kinds; `None` for no bound.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Calls of the model.
    #[serde(default = "default_turns")]
    pub turns: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { tokens: None, turns: default_turns() }
    }
}

/// What becomes of a question to the human.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskPolicy {
    /// The agent waits until the answer arrives.
    #[default]
    Wait,
    /// Nobody is there: the model is told so at once and decides by itself.
    Refuse,
}

/// A tool of the native agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    /// Lines of a file.
    Read,
    /// A whole file.
    Write,
    /// One passage of a file.
    Edit,
    /// Lines that match, in all files.
    Search,
    /// A command.
    Shell,
    /// A question to the human.
    Ask,
    /// The end of the run.
    Finish,
    /// Words about the task.
    Comment,
    /// What must not be forgotten.
    Pin,
    /// Another task.
    Subtask,
    /// Words to a role.
    Message,
    /// A look at the board.
    Board,
    /// What earlier tasks say.
    Knowledge,
}

impl ToolName {
    /// The tools for the work itself, in the order in which models are shown them.
    pub fn all() -> Vec<Self> {
        use ToolName::{Ask, Edit, Finish, Read, Search, Shell, Write};
        vec![Read, Write, Edit, Search, Shell, Ask, Finish]
    }

    /// The tools that need a desk; models are shown them after the others.
    pub fn of_desk() -> Vec<Self> {
        use ToolName::{Board, Comment, Knowledge, Message, Pin, Subtask};
        vec![Comment, Pin, Subtask, Message, Board, Knowledge]
    }

    /// The name that models call it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::Search => "search",
            Self::Shell => "shell",
            Self::Ask => "ask",
            Self::Finish => "finish",
            Self::Comment => "comment",
            Self::Pin => "pin",
            Self::Subtask => "subtask",
            Self::Message => "message",
            Self::Board => "board",
            Self::Knowledge => "knowledge",
        }
    }

    /// The tool of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let mut every = Self::all().into_iter().chain(Self::of_desk());
        every.find(|tool| tool.as_str() == name)
    }
}

/// Who answers, as configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelConfig {
    /// A file of scripted turns: no key, no network.
    Playbook {
        /// The file, absolute or relative to the worktree.
        path: PathBuf,
    },
    /// Anthropic's Messages API.
    Anthropic(RemoteConfig),
    /// OpenAI's Chat Completions API, and all that speak it.
    Openai(RemoteConfig),
    /// Google's Gemini API.
    Gemini(RemoteConfig),
    /// A model on this machine, served by Ollama.
    Ollama(RemoteConfig),
}

impl ModelConfig {
    /// The environment variable that holds the key: the one that is named, or the provider's
    /// usual one where nobody else serves the model.
    pub fn key_env(&self) -> Option<&str> {
        let (remote, usual) = match self {
            Self::Playbook { .. } => return None,
            Self::Anthropic(remote) => (remote, Some("ANTHROPIC_API_KEY")),
            Self::Openai(remote) => (remote, Some("OPENAI_API_KEY")),
            Self::Gemini(remote) => (remote, Some("GEMINI_API_KEY")),
            Self::Ollama(remote) => (remote, None),
        };
        let usual = usual.filter(|_| remote.base_url.is_none());
        remote.key_env.as_deref().or(usual)
    }
}

/// A model behind HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoteConfig {
    /// The provider's name of the model.
    pub model: String,
    /// Where the API is, without the name of the call, as in `https://api.anthropic.com/v1`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The environment variable that holds the key. Only its name is ever written down.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The longest answer, in tokens.
    #[serde(default = "default_max_output_tokens")]
    pub max_output_tokens: u32,
    /// How many tokens the model takes at once. Where it is not given, it is what the provider says;
    /// some say it only when there are too many.
    #[serde(default)]
    pub context_tokens: Option<u64>,
    /// How long the provider may be silent, in seconds.
    #[serde(default = "default_idle_timeout_s")]
    pub idle_timeout_s: u64,
    /// How often a call that failed for the provider's reasons is tried again.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// The first pause between two tries, in milliseconds; it doubles with each.
    #[serde(default = "default_backoff_ms")]
    pub backoff_ms: u64,
    /// How much the model should think: `low`, `medium`, `high`, or a number of tokens.
    #[serde(default)]
    pub effort: Option<String>,
    /// What the model costs, where the built-in list is wrong or silent.
    #[serde(default)]
    pub price: Option<Price>,
}

impl RemoteConfig {
    /// A model by its name, everything else as usual.
    pub fn named(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            base_url: None,
            key_env: None,
            max_output_tokens: default_max_output_tokens(),
            context_tokens: None,
            idle_timeout_s: default_idle_timeout_s(),
            retries: default_retries(),
            backoff_ms: default_backoff_ms(),
            effort: None,
            price: None,
        }
    }
}

fn one() -> u32 {
    1
}

fn default_heartbeat_ms() -> u64 {
    Start::HEARTBEAT_MS
}

fn default_turns() -> u32 {
    100
}

fn default_max_output_tokens() -> u32 {
    8_192
}

fn default_idle_timeout_s() -> u64 {
    300
}

fn default_retries() -> u32 {
    4
}

fn default_backoff_ms() -> u64 {
    1_000
}
