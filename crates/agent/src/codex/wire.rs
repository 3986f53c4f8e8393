//! What Codex says, as far as we read it: the parameters of `app-server`'s messages, and the lines of
//! `codex exec --json`, which call the same things by other names.
//!
//! Every field may be missing and any may be added: the set is open, and a newer version must not
//! break an older reader. What is of another type than expected counts as missing.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What most notifications and requests carry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params<'a> {
    #[serde(default)]
    pub(super) thread_id: Option<String>,
    #[serde(default)]
    pub(super) item_id: Option<String>,
    #[serde(default)]
    pub(super) delta: Option<String>,
    #[serde(default)]
    pub(super) will_retry: Option<bool>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) command: Option<Value>,
    #[serde(default)]
    pub(super) cwd: Option<String>,
    #[serde(default)]
    pub(super) grant_root: Option<String>,
    #[serde(default, borrow)]
    pub(super) request_id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) questions: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) turn: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) token_usage: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) rate_limits: Option<&'a RawValue>,
}

/// The result of `thread/start` and `thread/resume`.
#[derive(Deserialize)]
pub(super) struct Opened {
    pub(super) thread: Thread,
    #[serde(default)]
    pub(super) model: String,
}

/// A conversation.
#[derive(Deserialize)]
pub(super) struct Thread {
    pub(super) id: String,
}

/// The result of `getAuthStatus`, or of `account/read`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountRead {
    #[serde(default)]
    pub(super) auth_method: Option<String>,
    #[serde(default)]
    pub(super) account: Option<Account>,
    #[serde(default)]
    pub(super) requires_openai_auth: bool,
}

/// Who is signed in.
#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

/// A turn, at its end.
#[derive(Default, Deserialize)]
pub(super) struct Turn {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) error: Option<TurnError>,
}

/// Why a turn fails, or is tried again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TurnError {
    pub(super) message: String,
    pub(super) codex_error_info: Option<Value>,
    pub(super) additional_details: Option<String>,
}

/// A part of a turn.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    /// Of reasoning: its words in parts.
    #[serde(default)]
    pub(super) summary: Vec<Value>,
    #[serde(default)]
    pub(super) content: Vec<Value>,
    #[serde(default)]
    pub(super) command: Option<Value>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default, alias = "exitCode")]
    pub(super) exit_code: Option<i64>,
    #[serde(default, alias = "aggregatedOutput")]
    pub(super) aggregated_output: Option<String>,
    #[serde(default)]
    pub(super) changes: Vec<Change>,
    #[serde(default)]
    pub(super) server: Option<String>,
    #[serde(default)]
    pub(super) tool: Option<String>,
    #[serde(default)]
    pub(super) result: Option<Value>,
    #[serde(default)]
    pub(super) error: Option<Value>,
    #[serde(default, alias = "receiverThreadIds")]
    pub(super) receiver_thread_ids: Vec<String>,
    /// Whatever else a tool says about itself.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// A change of one file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub(super) path: String,
    /// A word, or an object with the word as its `type`.
    #[serde(default)]
    pub(super) kind: Value,
    #[serde(default)]
    pub(super) diff: String,
}

/// One question of `item/tool/requestUserInput`.
#[derive(Deserialize)]
pub(super) struct InputQuestion {
    pub(super) id: String,
    #[serde(default)]
    pub(super) question: String,
    #[serde(default)]
    pub(super) options: Option<Vec<InputOption>>,
}

/// An answer to choose.
#[derive(Deserialize)]
pub(super) struct InputOption {
    pub(super) label: String,
    #[serde(default)]
    pub(super) description: String,
}

/// Tokens of a conversation.
#[derive(Deserialize)]
pub(super) struct TokenUsage {
    pub(super) total: Tokens,
    pub(super) last: Tokens,
    #[serde(rename = "modelContextWindow")]
    pub(super) window: Option<u64>,
}

/// Tokens as OpenAI counts them: `input` has the cached ones in it.
#[allow(clippy::struct_field_names, reason = "they are the names of the wire")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    #[serde(alias = "inputTokens")]
    pub(super) input_tokens: u64,
    #[serde(alias = "cachedInputTokens")]
    pub(super) cached_input_tokens: u64,
    #[serde(alias = "outputTokens")]
    pub(super) output_tokens: u64,
}

/// How much of what a plan allows is used up.
#[derive(Deserialize)]
pub(super) struct RateLimits {
    #[serde(default)]
    pub(super) primary: Option<Window>,
    #[serde(default)]
    pub(super) secondary: Option<Window>,
}

/// One period of a plan.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Window {
    #[serde(default)]
    pub(super) used_percent: f64,
    /// Seconds since 1970.
    #[serde(default)]
    pub(super) resets_at: Option<f64>,
    #[serde(default, rename = "windowDurationMins")]
    pub(super) minutes: Option<u64>,
}

/// A line of `codex exec --json`.
#[derive(Deserialize)]
pub(super) struct ExecLine<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) thread_id: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default, borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) usage: Option<&'a RawValue>,
}
