//! The messages of ACP, as far as we read them.
//!
//! Every field may be missing and any may be added: agents print what the protocol does not know,
//! and leave out what it asks for. What is of another type than expected counts as missing.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A field that counts as missing when it is not what we take it for.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// What came of a request of ours: the fields of all results that we read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome {
    // initialize
    #[serde(deserialize_with = "lenient")]
    pub(super) protocol_version: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) agent_info: Option<AgentInfo>,
    #[serde(deserialize_with = "lenient")]
    pub(super) agent_capabilities: Capabilities,
    // session/new and session/load
    #[serde(deserialize_with = "lenient")]
    pub(super) session_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) modes: Option<Modes>,
    #[serde(deserialize_with = "lenient")]
    pub(super) models: Option<Models>,
    #[serde(deserialize_with = "lenient")]
    pub(super) config_options: Vec<Value>,
    // session/prompt
    #[serde(deserialize_with = "lenient")]
    pub(super) stop_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) usage: Option<Tokens>,
    #[serde(rename = "_meta", deserialize_with = "lenient")]
    pub(super) meta: Value,
}

/// What the agent calls itself.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AgentInfo {
    pub(super) version: String,
}

/// What it can.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Capabilities {
    #[serde(deserialize_with = "lenient")]
    pub(super) load_session: bool,
}

/// Modes to work in.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Modes {
    pub(super) current_mode_id: String,
    pub(super) available_modes: Vec<Mode>,
}

/// One of them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Mode {
    pub(super) id: String,
}

/// Models to work with, as some agents name them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Models {
    pub(super) current_model_id: String,
    pub(super) available_models: Vec<Model>,
}

/// One of them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Model {
    pub(super) model_id: String,
}

/// Something that can be chosen.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ConfigOption {
    pub(super) id: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) category: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) current_value: String,
    /// Choices, or groups of choices.
    pub(super) options: Vec<Choice>,
}

/// One choice, or a group of them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) value: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) options: Vec<Choice>,
}

/// Tokens of a turn.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    #[serde(rename = "input_tokens", alias = "inputTokens", deserialize_with = "lenient")]
    pub(super) input: u64,
    #[serde(rename = "output_tokens", alias = "outputTokens", deserialize_with = "lenient")]
    pub(super) output: u64,
    #[serde(rename = "cached_tokens", alias = "cachedReadTokens", alias = "cachedInputTokens")]
    #[serde(deserialize_with = "lenient")]
    pub(super) cached: u64,
    #[serde(alias = "cachedWriteTokens", alias = "cacheWriteInputTokens")]
    #[serde(deserialize_with = "lenient")]
    pub(super) written_to_cache: u64,
}

/// `_meta.quota`, which says what the models of a turn were.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Quota {
    #[serde(deserialize_with = "lenient")]
    pub(super) token_count: Option<Tokens>,
    #[serde(deserialize_with = "lenient")]
    pub(super) model_usage: Vec<ModelUsage>,
}

/// What one model was used for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelUsage {
    pub(super) model: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) token_count: Tokens,
}

/// `session/update`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notice {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) session_id: Option<String>,
    pub(super) update: Value,
}

/// The fields of all updates that we read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Update {
    #[serde(rename = "sessionUpdate")]
    pub(super) kind: String,
    /// A block of words, or what a tool shows.
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) message_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) entries: Vec<PlanEntry>,
    #[serde(deserialize_with = "lenient")]
    pub(super) cost: Option<Cost>,
    #[serde(rename = "_meta", deserialize_with = "lenient")]
    pub(super) meta: Value,
}

/// One step of a plan.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanEntry {
    pub(super) content: String,
    pub(super) status: String,
}

/// What the conversation has cost so far.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Cost {
    pub(super) amount: f64,
    pub(super) currency: String,
}

/// A call of a tool, or news about one: what is missing is as it was.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolCall {
    #[serde(rename = "toolCallId")]
    pub(super) id: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) title: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Option<Vec<Value>>,
    #[serde(deserialize_with = "lenient")]
    pub(super) locations: Option<Vec<Location>>,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_input: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) raw_output: Value,
    #[serde(rename = "_meta", deserialize_with = "lenient")]
    pub(super) meta: Value,
}

/// A file that a tool works on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location {
    pub(super) path: PathBuf,
}

/// `session/request_permission`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PermissionRequest {
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_call: ToolCall,
    #[serde(deserialize_with = "lenient")]
    pub(super) options: Vec<PermissionOption>,
}

/// An answer that the agent offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PermissionOption {
    pub(super) option_id: String,
    pub(super) name: String,
    pub(super) kind: String,
}
