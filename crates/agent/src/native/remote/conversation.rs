//! The session as a request: every line that the model should see, in the shape that the provider
//! wants.

use std::borrow::Cow;

use genai::adapter::AdapterKind;
use genai::chat::{
    CacheControl, ChatMessage, ChatRequest, ContentPart, MessageContent, Tool, ToolCall,
    ToolResponse,
};
use serde_json::{Value, json};

use super::super::session::{Assistant, Record};
use super::super::start::ToolName;
use super::super::tools::{description, schema};

/// A request with these messages.
pub(super) fn request(
    kind: AdapterKind,
    system: &str,
    allowed: &[ToolName],
    mut messages: Vec<ChatMessage>,
) -> ChatRequest {
    if kind == AdapterKind::Anthropic
        && let Some(last) = messages.pop()
    {
        // Everything up to here is read from the cache by the next call, at a tenth of the price.
        messages.push(last.with_options(CacheControl::Ephemeral));
    }
    let is_there = |tool: &ToolName| *tool == ToolName::Finish || allowed.contains(tool);
    let every = ToolName::all().into_iter().chain(ToolName::of_desk());
    let tools = every.filter(is_there).map(|tool| {
        Tool::new(tool.as_str()).with_description(description(tool)).with_schema(schema(tool))
    });
    let request = ChatRequest::from_messages(messages).with_tools(tools);
    if system.is_empty() { request } else { request.with_system(system) }
}

/// What is sent of these records.
pub(super) fn messages(
    kind: AdapterKind,
    model: &str,
    records: &[Cow<'_, Record>],
) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    let mut results: Vec<ToolResponse> = Vec::new();
    let mut names: Vec<(&str, &str)> = Vec::new();
    for record in records {
        let record = record.as_ref();
        if !matches!(record, Record::Result(_) | Record::Compacted { .. } | Record::Mark { .. }) {
            take_results(kind, &mut results, &mut messages);
        }
        match record {
            Record::Prompt { text, .. } | Record::Message { text } => {
                messages.push(ChatMessage::user(text.as_str()));
            }
            Record::Assistant(answer) => {
                names.extend(answer.calls.iter().map(|c| (c.id.as_str(), c.name.as_str())));
                messages.push(assistant(model, answer));
            }
            Record::Result(result) => {
                let name = names.iter().rev().find(|(id, _)| *id == result.call);
                let name = name.map_or("unknown", |(_, name)| name);
                let output = ToolResponse::new(&result.call, &result.output);
                results.push(output.with_fn_name(name));
            }
            Record::Compacted { .. } | Record::Mark { .. } => {}
        }
    }
    take_results(kind, &mut results, &mut messages);
    messages
}

/// The results of one answer belong into one message, except where only one fits.
fn take_results(
    kind: AdapterKind,
    results: &mut Vec<ToolResponse>,
    messages: &mut Vec<ChatMessage>,
) {
    let results = std::mem::take(results);
    match kind {
        AdapterKind::Ollama => messages.extend(results.into_iter().map(ChatMessage::from)),
        _ if results.is_empty() => {}
        _ => messages.push(ChatMessage::from(results)),
    }
}

fn assistant(model: &str, answer: &Assistant) -> ChatMessage {
    let mut parts = Vec::new();
    let is_same_model = answer.model == model;
    if is_same_model {
        let opaque = answer.opaque.iter();
        parts.extend(opaque.filter_map(|part| serde_json::from_value(part.clone()).ok()));
    }
    if !answer.text.is_empty() || (answer.calls.is_empty() && parts.is_empty()) {
        // An empty answer is not accepted back.
        let text = if answer.text.is_empty() { "(no words)" } else { &answer.text };
        parts.push(ContentPart::Text(text.to_owned()));
    }
    for call in &answer.calls {
        let signatures = Some(call.signatures.clone());
        parts.push(ContentPart::ToolCall(ToolCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            fn_arguments: arguments(&call.input),
            thought_signatures: signatures.filter(|s| is_same_model && !s.is_empty()),
        }));
    }
    ChatMessage::assistant(MessageContent::from_parts(parts))
}

/// Providers take nothing back but objects, whatever the model wrote.
fn arguments(input: &Value) -> Value {
    if input.is_object() { input.clone() } else { json!({ "not_an_object": input }) }
}

/// The parts of an answer that the provider wants back unchanged.
pub(super) fn opaque(content: &MessageContent) -> Vec<Value> {
    let is_opaque = |part: &&ContentPart| {
        matches!(
            part,
            ContentPart::ThoughtSignature(_)
                | ContentPart::ReasoningContent(_)
                | ContentPart::Custom(_)
        )
    };
    let parts = content.parts().iter().filter(is_opaque);
    parts.filter_map(|part| serde_json::to_value(part).ok()).collect()
}
