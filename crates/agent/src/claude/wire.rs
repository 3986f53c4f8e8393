//! The lines of Claude Code's `stream-json`, as far as we read them.
//!
//! Every field may be missing and any may be added: the set of lines is open, and a newer version
//! must not break an older reader. What is of another type than expected counts as missing.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What all lines have in common. `type` is not always the first key.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) subtype: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) parent_tool_use_id: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "isReplay")]
    pub(super) is_replay: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) event: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) rate_limit_info: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) request_id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) request: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) response: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) tasks: Option<&'a RawValue>,
}

/// `system` `init`.
#[derive(Deserialize)]
pub(super) struct Init {
    pub(super) session_id: String,
    #[serde(default)]
    pub(super) model: String,
    #[serde(default, rename = "apiKeySource")]
    pub(super) api_key_source: Option<String>,
}

/// `system` `api_retry`.
#[derive(Deserialize)]
pub(super) struct ApiRetry {
    #[serde(default)]
    pub(super) attempt: u32,
    #[serde(default)]
    pub(super) max_retries: u32,
    #[serde(default)]
    pub(super) retry_delay_ms: f64,
    #[serde(default)]
    pub(super) error_status: Option<u16>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// `message` of `assistant` and `user`.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) model: String,
    #[serde(default)]
    pub(super) content: Content,
    #[serde(default)]
    pub(super) usage: Option<Tokens>,
}

/// Text, or blocks.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Blocks(Vec<Value>),
    Other(Value),
}

impl Default for Content {
    fn default() -> Self {
        Self::Blocks(Vec::new())
    }
}

/// One block of content that we understand.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Text {
        text: String,
    },
    Thinking {
        thinking: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(default)]
        content: Value,
        #[serde(default)]
        is_error: Option<bool>,
    },
}

/// Tokens as the Messages API counts them.
#[allow(clippy::struct_field_names, reason = "they are the names of the wire")]
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    pub(super) input_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
}

/// `event` of `stream_event`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum StreamEvent {
    MessageStart {
        message: Message,
    },
    ContentBlockDelta {
        delta: Value,
    },
    MessageDelta {
        #[serde(default)]
        usage: Tokens,
    },
    #[serde(other)]
    Other,
}

/// `rate_limit_info`.
#[derive(Deserialize)]
pub(super) struct RateLimit {
    pub(super) status: String,
    /// Seconds since 1970.
    #[serde(default, rename = "resetsAt")]
    pub(super) resets_at: Option<f64>,
    /// Which period of the plan: `five_hour`, `seven_day`, …
    #[serde(default, rename = "rateLimitType")]
    pub(super) period: Option<String>,
    /// How much of it is used up, from 0 to 1.
    #[serde(default)]
    pub(super) utilization: Option<f64>,
    /// All periods; newer versions name them.
    #[serde(default, rename = "unifiedWindows")]
    pub(super) periods: BTreeMap<String, Period>,
}

/// A period of a plan.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Period {
    #[serde(default)]
    pub(super) utilization: Option<f64>,
    #[serde(default, rename = "resetsAt")]
    pub(super) resets_at: Option<f64>,
}

/// `control_request` from Claude Code to us.
#[derive(Deserialize)]
pub(super) struct Request {
    pub(super) subtype: String,
    #[serde(default)]
    pub(super) tool_name: String,
    #[serde(default)]
    pub(super) input: Value,
    #[serde(default)]
    pub(super) tool_use_id: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) decision_reason: Option<String>,
}

/// `control_response` to a request of ours.
#[allow(clippy::struct_field_names, reason = "they are the names of the wire")]
#[derive(Deserialize)]
pub(super) struct Response {
    pub(super) subtype: String,
    #[serde(default)]
    pub(super) request_id: String,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) response: Option<Initialized>,
}

/// What `initialize` gives.
#[derive(Deserialize)]
pub(super) struct Initialized {
    #[serde(default)]
    pub(super) account: Option<Account>,
}

/// Who pays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) token_source: Option<String>,
    pub(super) api_key_source: Option<String>,
    pub(super) api_provider: Option<String>,
    pub(super) subscription_type: Option<String>,
}

/// One of the things that go on in the background.
#[derive(Deserialize)]
pub(super) struct BackgroundTask {
    #[serde(default)]
    pub(super) task_type: String,
}

/// `result`: the end of a turn.
#[derive(Deserialize)]
pub(super) struct TurnResult {
    #[serde(default)]
    pub(super) subtype: String,
    #[serde(default)]
    pub(super) is_error: bool,
    #[serde(default)]
    pub(super) result: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<Value>,
    #[serde(default)]
    pub(super) api_error_status: Option<u16>,
    #[serde(default)]
    pub(super) terminal_reason: Option<String>,
    #[serde(default)]
    pub(super) total_cost_usd: Option<f64>,
    #[serde(default, rename = "modelUsage")]
    pub(super) model_usage: BTreeMap<String, ModelUsage>,
    /// Since 2.1.2xx; the other numbers go on over resumed sessions.
    #[serde(default)]
    pub(super) model_usage_since_last_result: Option<BTreeMap<String, ModelUsage>>,
}

/// What one model was used for.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelUsage {
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) cache_read_input_tokens: u64,
    pub(super) cache_creation_input_tokens: u64,
    #[serde(rename = "costUSD")]
    pub(super) cost_usd: Option<f64>,
    pub(super) context_window: Option<u64>,
}
