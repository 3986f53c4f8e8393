//! OpenAI's Responses API: an answer is a list of items.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::reply::{Block, Reply};
use crate::wire::halves;

/// What a client is asked for that looks for tools itself, in place of a call.
const SEARCH: &str = "tool_search";

/// The tools that a request offers in a namespace, or that were found when they were looked for: each
/// call of them names it.
pub(crate) fn namespaces(request: &Value) -> BTreeMap<String, String> {
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let said = request["input"].as_array().into_iter().flatten();
    let lists = said.map(|item| &item["tools"]).chain([&request["tools"]]);
    let spaces = lists.filter_map(Value::as_array).flatten();
    let tools = spaces.filter(|it| it["type"] == "namespace").flat_map(|space| {
        let tools = space["tools"].as_array().into_iter().flatten();
        tools.filter_map(move |tool| Some((name(tool)?, name(space)?)))
    });
    tools.collect()
}

pub(crate) fn plain(reply: &Reply) -> Value {
    let blocks = reply.blocks.iter().enumerate();
    let items: Vec<Value> = blocks.map(|(index, block)| item(reply, index, block)).collect();
    let status = if reply.is_cut_off { "incomplete" } else { "completed" };
    response(reply, status, &items)
}

/// The pieces of a streamed answer.
pub(crate) fn stream(reply: &Reply) -> Vec<String> {
    let begun = response(reply, "in_progress", &[]);
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (index, block) in reply.blocks.iter().enumerate() {
        let whole = item(reply, index, block);
        let added = empty(&whole);
        events.push(json!({
            "type": "response.output_item.added", "output_index": index, "item": added,
        }));
        let (kind, text) = said(block);
        for delta in halves(&text) {
            events.push(json!({
                "type": format!("response.{kind}.delta"), "item_id": whole["id"],
                "output_index": index, "content_index": 0, "summary_index": 0, "delta": delta,
            }));
        }
        events.push(json!({
            "type": "response.output_item.done", "output_index": index, "item": whole,
        }));
    }
    let whole = plain(reply);
    let end = if reply.is_cut_off { "response.incomplete" } else { "response.completed" };
    events.push(json!({"type": end, "response": whole}));
    let line = |(number, mut event): (usize, Value)| {
        event["sequence_number"] = json!(number);
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
    };
    events.into_iter().enumerate().map(line).collect()
}

fn response(reply: &Reply, status: &str, items: &[Value]) -> Value {
    let input = reply.tokens.input + reply.tokens.cached;
    json!({
        "id": format!("resp_{}", reply.number), "object": "response", "model": "scripted",
        "status": status, "output": items, "error": null, "incomplete_details": null,
        "usage": {
            "input_tokens": input, "output_tokens": reply.tokens.output,
            "total_tokens": input + reply.tokens.output,
            "input_tokens_details": {"cached_tokens": reply.tokens.cached},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    })
}

fn item(reply: &Reply, index: usize, block: &Block) -> Value {
    let id = |kind: &str| format!("{kind}_{}_{index}", reply.number);
    match block {
        Block::Thinking(words) => json!({
            "type": "reasoning", "id": id("rs"), "encrypted_content": null,
            "summary": [{"type": "summary_text", "text": words}],
        }),
        Block::Text(text) => json!({
            "type": "message", "id": id("msg"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }),
        Block::Tool { name, input: Value::String(input) } => json!({
            "type": "custom_tool_call", "id": id("ctc"), "call_id": id("call"),
            "status": "completed", "name": name, "input": input,
        }),
        Block::Tool { name, input } if name == SEARCH => json!({
            "type": "tool_search_call", "id": id("ts"), "call_id": id("call"),
            "status": "completed", "execution": "client", "arguments": input,
        }),
        Block::Tool { name, input } => {
            let mut call = json!({
                "type": "function_call", "id": id("fc"), "call_id": id("call"),
                "status": "completed", "name": name, "arguments": input.to_string(),
            });
            if let Some(space) = reply.namespaces.get(name) {
                call["namespace"] = json!(space);
            }
            call
        }
    }
}

/// An item as it is when it begins.
fn empty(item: &Value) -> Value {
    let mut item = item.clone();
    for (field, nothing) in [
        ("content", json!([])),
        ("summary", json!([])),
        ("input", json!("")),
        ("arguments", json!("")),
    ] {
        if item.get(field).is_some() {
            item[field] = nothing;
        }
    }
    item
}

/// What of a block comes in pieces.
fn said(block: &Block) -> (&'static str, String) {
    match block {
        Block::Thinking(words) => ("reasoning_summary_text", words.clone()),
        Block::Text(text) => ("output_text", text.clone()),
        Block::Tool { input: Value::String(input), .. } => {
            ("custom_tool_call_input", input.clone())
        }
        Block::Tool { input, .. } => ("function_call_arguments", input.to_string()),
    }
}
