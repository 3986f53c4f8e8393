//! The parts of a turn, as events: words, and calls of tools with what came of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::wire::{Change, Item};
use crate::event::AgentEvent;
use crate::keep::{OUTPUT_CHARS_MAX, shorten};

/// Calls that may be open at once; those of more are forgotten.
const OPEN_MAX: usize = 1_024;

/// The calls that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Items {
    open: BTreeSet<String>,
}

/// What an item is.
enum Kind {
    /// Words of the answer.
    Answer,
    Reasoning,
    /// Something that went wrong, and does not end anything.
    Warning,
    /// The conversation was compacted.
    Compaction,
    /// What we said ourselves, or nobody needs to know.
    Nothing,
    /// The use of a tool of this name.
    Tool(String),
}

impl Items {
    /// An item begins. Words come in pieces, and whole at their end.
    pub(super) fn started(&mut self, item: &Item) -> Vec<AgentEvent> {
        match kind(item) {
            Kind::Answer | Kind::Reasoning | Kind::Warning | Kind::Compaction | Kind::Nothing => {
                Vec::new()
            }
            Kind::Tool(name) => vec![self.call(item, name)],
        }
    }

    /// An item is complete.
    pub(super) fn completed(&mut self, item: &Item) -> Vec<AgentEvent> {
        match kind(item) {
            Kind::Nothing => Vec::new(),
            Kind::Compaction => vec![AgentEvent::Compacted],
            Kind::Answer => vec![AgentEvent::Text { text: words(item) }],
            Kind::Reasoning => {
                let text = words(item);
                (!text.is_empty()).then_some(AgentEvent::Thinking { text }).into_iter().collect()
            }
            Kind::Warning => {
                let message = item.message.clone().unwrap_or_default();
                vec![AgentEvent::Other(json!({"type": "warning", "message": message}))]
            }
            Kind::Tool(name) => {
                let begun = (!self.open.contains(&item.id)).then(|| self.call(item, name));
                self.open.remove(&item.id);
                begun.into_iter().chain([result(item)]).collect()
            }
        }
    }

    fn call(&mut self, item: &Item, name: String) -> AgentEvent {
        if self.open.len() >= OPEN_MAX {
            self.open.clear();
        }
        self.open.insert(item.id.clone());
        AgentEvent::ToolCall { id: item.id.clone(), name, input: input(item) }
    }
}

fn kind(item: &Item) -> Kind {
    match item.kind.as_str() {
        "agentMessage" | "agent_message" => Kind::Answer,
        "reasoning" | "plan" => Kind::Reasoning,
        "error" => Kind::Warning,
        "userMessage" | "hookPrompt" | "subAgentActivity" | "" => Kind::Nothing,
        "contextCompaction" => Kind::Compaction,
        "commandExecution" | "command_execution" => Kind::Tool("shell".to_owned()),
        "fileChange" | "file_change" => Kind::Tool("edit".to_owned()),
        other => Kind::Tool(match (&item.server, &item.tool) {
            (Some(server), Some(tool)) => format!("{server}.{tool}"),
            (None, Some(tool)) => tool.clone(),
            (Some(_) | None, None) => other.to_owned(),
        }),
    }
}

/// The words of a message, or of reasoning in parts.
pub(super) fn words(item: &Item) -> String {
    let part = |part: &Value| match part {
        Value::String(text) => Some(text.clone()),
        other => Some(other.get("text")?.as_str()?.to_owned()),
    };
    if let Some(text) = &item.text {
        return text.clone();
    }
    let parts = if item.summary.is_empty() { &item.content } else { &item.summary };
    parts.iter().filter_map(part).collect::<Vec<_>>().join("\n\n")
}

fn input(item: &Item) -> Value {
    if let Some(command) = &item.command {
        return json!({"command": command});
    }
    if !item.changes.is_empty() {
        let changes = item.changes.iter().map(|change| {
            let diff = shorten(&change.diff, OUTPUT_CHARS_MAX);
            json!({"path": change.path, "kind": change_kind(change), "diff": diff})
        });
        return json!({"changes": changes.collect::<Vec<_>>()});
    }
    let told = item.rest.iter().filter(|(name, value)| !value.is_null() && !name.ends_with("AtMs"));
    Value::Object(told.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// What is done to a file: `add`, `update` or `delete`.
pub(super) fn change_kind(change: &Change) -> &str {
    let word = change.kind.as_str().or_else(|| change.kind.get("type")?.as_str());
    word.unwrap_or("change")
}

fn result(item: &Item) -> AgentEvent {
    let status = item.status.as_deref().unwrap_or("completed");
    let is_well = matches!(status, "completed" | "success");
    let ok = is_well && item.exit_code.is_none_or(|code| code == 0) && item.error.is_none();
    AgentEvent::ToolResult { id: item.id.clone(), ok, output: output(item, status) }
}

fn output(item: &Item, status: &str) -> String {
    let told = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = item.aggregated_output.clone();
    let text = text.or_else(|| item.error.as_ref().map(told));
    let text = text.or_else(|| item.result.as_ref().map(told));
    let text = text.or_else(|| (status != "completed").then(|| status.to_owned()));
    shorten(&text.unwrap_or_default(), OUTPUT_CHARS_MAX)
}
