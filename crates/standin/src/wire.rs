//! The wire formats of the providers, from their public API documentation: what one answer looks
//! like, whole and in pieces.

use serde_json::{Value, json};

use crate::loopback::Request;
use crate::reply::{Block, Reply};
use crate::responses;

/// A provider's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's Chat Completions API.
    OpenAi,
    /// OpenAI's Responses API. A tool whose input is a text is called as a custom one.
    OpenAiResponses,
    /// Google's Gemini API.
    Gemini,
    /// Ollama's chat API.
    Ollama,
}

impl Wire {
    /// Every wire format that our own agent speaks.
    pub const ALL: [Self; 4] = [Self::Anthropic, Self::OpenAi, Self::Gemini, Self::Ollama];

    pub(crate) fn base_path(self) -> &'static str {
        match self {
            Self::Anthropic | Self::OpenAi | Self::OpenAiResponses => "/v1",
            Self::Gemini => "/v1beta",
            Self::Ollama => "",
        }
    }

    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        match path {
            "/v1/messages" => Some(Self::Anthropic),
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/responses" => Some(Self::OpenAiResponses),
            "/api/chat" => Some(Self::Ollama),
            _ if path.starts_with("/v1beta/models/") => Some(Self::Gemini),
            _ => None,
        }
    }

    pub(crate) fn is_streamed(self, request: &Request) -> bool {
        match self {
            Self::Gemini => request.path.contains(":streamGenerateContent"),
            Self::Anthropic | Self::OpenAi | Self::OpenAiResponses => {
                request.body["stream"] == true
            }
            Self::Ollama => request.body["stream"] != false,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Anthropic | Self::OpenAi | Self::OpenAiResponses | Self::Gemini => {
                "text/event-stream"
            }
            Self::Ollama => "application/x-ndjson",
        }
    }

    /// The pieces of a streamed answer.
    pub(crate) fn stream(self, reply: &Reply) -> Vec<String> {
        match self {
            Self::Anthropic => anthropic_stream(reply),
            Self::OpenAi => openai_stream(reply),
            Self::OpenAiResponses => responses::stream(reply),
            Self::Gemini => gemini_stream(reply),
            Self::Ollama => ollama_stream(reply),
        }
    }

    /// A whole answer.
    pub(crate) fn plain(self, reply: &Reply) -> Value {
        match self {
            Self::Anthropic => anthropic_plain(reply),
            Self::OpenAi => openai_plain(reply),
            Self::OpenAiResponses => responses::plain(reply),
            Self::Gemini => {
                let parts: Vec<_> = reply.blocks.iter().map(gemini_part).collect();
                gemini_response(reply, &parts, Some(gemini_finish(reply)))
            }
            Self::Ollama => ollama_plain(reply),
        }
    }
}

fn has_tools(reply: &Reply) -> bool {
    reply.blocks.iter().any(|block| matches!(block, Block::Tool { .. }))
}

fn joined(reply: &Reply, pick: impl Fn(&Block) -> Option<&str>) -> String {
    reply.blocks.iter().filter_map(pick).collect()
}

fn text_of(block: &Block) -> Option<&str> {
    if let Block::Text(text) = block { Some(text) } else { None }
}

fn thinking_of(block: &Block) -> Option<&str> {
    if let Block::Thinking(words) = block { Some(words) } else { None }
}

/// Two halves, so that readers must put answers together.
pub(crate) fn halves(text: &str) -> [&str; 2] {
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.split_at(middle).into()
}

// --- Anthropic ---

fn anthropic_stop(reply: &Reply) -> &'static str {
    match (reply.is_cut_off, has_tools(reply)) {
        (true, _) => "max_tokens",
        (false, true) => "tool_use",
        (false, false) => "end_turn",
    }
}

fn anthropic_block(number: usize, index: usize, block: &Block) -> Value {
    match block {
        Block::Thinking(words) => {
            json!({ "type": "thinking", "thinking": words, "signature": format!("sig-{index}") })
        }
        Block::Text(text) => json!({ "type": "text", "text": text }),
        Block::Tool { name, input } => {
            let id = format!("toolu_{number}_{index}");
            json!({ "type": "tool_use", "id": id, "name": name, "input": input })
        }
    }
}

fn anthropic_plain(reply: &Reply) -> Value {
    let blocks = reply.blocks.iter().enumerate();
    json!({
        "id": format!("msg_{}", reply.number), "type": "message", "role": "assistant",
        "model": "scripted",
        "content": blocks
            .map(|(index, block)| anthropic_block(reply.number, index, block))
            .collect::<Vec<_>>(),
        "stop_reason": anthropic_stop(reply), "stop_sequence": null,
        "usage": {
            "input_tokens": reply.tokens.input, "output_tokens": reply.tokens.output,
            "cache_read_input_tokens": reply.tokens.cached, "cache_creation_input_tokens": 0,
        },
    })
}

fn anthropic_stream(reply: &Reply) -> Vec<String> {
    let event = |value: Value| {
        let name = value["type"].as_str().unwrap_or_default().to_owned();
        format!("event: {name}\ndata: {value}\n\n")
    };
    let mut message = anthropic_plain(reply);
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["usage"]["output_tokens"] = json!(1);
    let mut pieces = vec![event(json!({ "type": "message_start", "message": message }))];
    pieces.push(event(json!({ "type": "ping" })));
    for (index, block) in reply.blocks.iter().enumerate() {
        let (empty, deltas) = anthropic_deltas(reply.number, index, block);
        let start =
            json!({ "type": "content_block_start", "index": index, "content_block": empty });
        pieces.push(event(start));
        for delta in deltas {
            let delta = json!({ "type": "content_block_delta", "index": index, "delta": delta });
            pieces.push(event(delta));
        }
        pieces.push(event(json!({ "type": "content_block_stop", "index": index })));
    }
    let delta = json!({ "stop_reason": anthropic_stop(reply), "stop_sequence": null });
    let usage = json!({ "output_tokens": reply.tokens.output });
    pieces.push(event(json!({ "type": "message_delta", "delta": delta, "usage": usage })));
    pieces.push(event(json!({ "type": "message_stop" })));
    pieces
}

/// How a block begins, and how it goes on.
fn anthropic_deltas(number: usize, index: usize, block: &Block) -> (Value, Vec<Value>) {
    let mut empty = anthropic_block(number, index, block);
    let deltas = match block {
        Block::Thinking(words) => {
            empty["thinking"] = json!("");
            empty["signature"] = json!("");
            let words = halves(words).map(|w| json!({ "type": "thinking_delta", "thinking": w }));
            let signature = format!("sig-{index}");
            let signature = json!({ "type": "signature_delta", "signature": signature });
            words.into_iter().chain([signature]).collect()
        }
        Block::Text(text) => {
            empty["text"] = json!("");
            halves(text).map(|text| json!({ "type": "text_delta", "text": text })).into()
        }
        Block::Tool { input, .. } => {
            empty["input"] = json!({});
            let input = input.to_string();
            halves(&input).map(|p| json!({ "type": "input_json_delta", "partial_json": p })).into()
        }
    };
    (empty, deltas)
}

// --- OpenAI ---

fn openai_finish(reply: &Reply) -> &'static str {
    match (reply.is_cut_off, has_tools(reply)) {
        (true, _) => "length",
        (false, true) => "tool_calls",
        (false, false) => "stop",
    }
}

fn openai_usage(reply: &Reply) -> Value {
    let prompt = reply.tokens.input + reply.tokens.cached;
    json!({
        "prompt_tokens": prompt, "completion_tokens": reply.tokens.output,
        "total_tokens": prompt + reply.tokens.output,
        "prompt_tokens_details": { "cached_tokens": reply.tokens.cached },
    })
}

fn openai_calls(reply: &Reply) -> Vec<Value> {
    let tools = reply.blocks.iter().filter_map(|block| match block {
        Block::Tool { name, input } => Some((name, input.to_string())),
        Block::Thinking(_) | Block::Text(_) => None,
    });
    let call = |(index, (name, arguments)): (usize, (&String, String))| {
        let function = json!({ "name": name, "arguments": arguments });
        json!({ "index": index, "id": format!("call_{index}"), "type": "function", "function": function })
    };
    tools.enumerate().map(call).collect()
}

fn openai_plain(reply: &Reply) -> Value {
    let mut message = json!({ "role": "assistant", "content": joined(reply, text_of) });
    let thinking = joined(reply, thinking_of);
    if !thinking.is_empty() {
        message["reasoning_content"] = json!(thinking);
    }
    if has_tools(reply) {
        message["tool_calls"] = json!(openai_calls(reply));
    }
    let choice = json!({ "index": 0, "message": message, "finish_reason": openai_finish(reply) });
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "scripted",
        "choices": [choice], "usage": openai_usage(reply),
    })
}

fn openai_stream(reply: &Reply) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "scripted",
            "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
    };
    let mut pieces = vec![delta(json!({ "role": "assistant", "content": "" }), Value::Null)];
    for words in halves(&joined(reply, thinking_of)) {
        pieces.push(delta(json!({ "reasoning_content": words }), Value::Null));
    }
    for text in halves(&joined(reply, text_of)) {
        pieces.push(delta(json!({ "content": text }), Value::Null));
    }
    for call in openai_calls(reply) {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default().to_owned();
        let [first, second] = halves(&arguments);
        let mut begin = call.clone();
        begin["function"]["arguments"] = json!(first);
        pieces.push(delta(json!({ "tool_calls": [begin] }), Value::Null));
        let rest = json!({ "index": call["index"], "function": { "arguments": second } });
        pieces.push(delta(json!({ "tool_calls": [rest] }), Value::Null));
    }
    pieces.push(delta(json!({}), json!(openai_finish(reply))));
    pieces.push(chunk(json!([]), openai_usage(reply)));
    pieces.push("data: [DONE]\n\n".to_owned());
    pieces
}

// --- Gemini ---

fn gemini_finish(reply: &Reply) -> &'static str {
    if reply.is_cut_off { "MAX_TOKENS" } else { "STOP" }
}

fn gemini_part(block: &Block) -> Value {
    match block {
        Block::Thinking(words) => json!({ "text": words, "thought": true }),
        Block::Text(text) => json!({ "text": text }),
        Block::Tool { name, input } => {
            let call = json!({ "name": name, "args": input });
            json!({ "functionCall": call, "thoughtSignature": "sig-gemini" })
        }
    }
}

fn gemini_response(reply: &Reply, parts: &[Value], finish: Option<&str>) -> Value {
    let prompt = reply.tokens.input + reply.tokens.cached;
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    json!({
        "candidates": [candidate], "modelVersion": "scripted",
        "usageMetadata": {
            "promptTokenCount": prompt, "cachedContentTokenCount": reply.tokens.cached,
            "candidatesTokenCount": reply.tokens.output,
            "totalTokenCount": prompt + reply.tokens.output,
        },
    })
}

fn gemini_stream(reply: &Reply) -> Vec<String> {
    let mut pieces = Vec::new();
    for block in &reply.blocks {
        let response = gemini_response(reply, &[gemini_part(block)], None);
        pieces.push(format!("data: {response}\r\n\r\n"));
    }
    let last = gemini_response(reply, &[json!({ "text": "" })], Some(gemini_finish(reply)));
    pieces.push(format!("data: {last}\r\n\r\n"));
    pieces
}

// --- Ollama ---

fn ollama_message(blocks: &[Block]) -> Value {
    let mut message = json!({ "role": "assistant", "content": "" });
    let mut calls = Vec::new();
    for block in blocks {
        match block {
            Block::Thinking(words) => message["thinking"] = json!(words),
            Block::Text(text) => message["content"] = json!(text),
            Block::Tool { name, input } => {
                calls.push(json!({ "function": { "name": name, "arguments": input } }));
            }
        }
    }
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    message
}

fn ollama_line(reply: &Reply, message: &Value, is_last: bool) -> Value {
    let mut line = json!({ "model": "scripted", "message": message, "done": is_last });
    if is_last {
        line["done_reason"] = json!(if reply.is_cut_off { "length" } else { "stop" });
        line["prompt_eval_count"] = json!(reply.tokens.input + reply.tokens.cached);
        line["prompt_eval_cached_count"] = json!(reply.tokens.cached);
        line["eval_count"] = json!(reply.tokens.output);
    }
    line
}

fn ollama_plain(reply: &Reply) -> Value {
    ollama_line(reply, &ollama_message(&reply.blocks), true)
}

fn ollama_stream(reply: &Reply) -> Vec<String> {
    let mut lines = Vec::new();
    for block in &reply.blocks {
        lines.push(ollama_line(reply, &ollama_message(std::slice::from_ref(block)), false));
    }
    lines.push(ollama_line(reply, &ollama_message(&[]), true));
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}
