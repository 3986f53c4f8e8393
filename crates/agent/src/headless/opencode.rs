//! opencode: `run --format json`, and the bus of `serve`. There is no last event: a step that ends with
//! `stop` was the last.

use crew_core::{Micros, Millis, Time, Usage};
use serde::Deserialize;
use serde_json::Value;

use super::Ended;
use super::bus::{Bus, Heard};
use crate::dialect::{Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::keep::{OUTPUT_CHARS_MAX, shorten, unknown, used};
use crate::shim::Status;
use crate::trouble::Trouble;

/// Turns what one process printed into events.
#[derive(Debug, Default)]
pub struct Opencode {
    session: Option<String>,
    last: String,
    /// Whether the last step wanted to go on.
    goes_on: bool,
    ended: Ended,
    has_spoken: bool,
    bus: Bus,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    /// Milliseconds since 1970.
    #[serde(default)]
    timestamp: u64,
    #[serde(default, rename = "sessionID")]
    session: String,
    #[serde(default)]
    part: Part,
    #[serde(default)]
    error: Failure,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    text: String,
    tool: String,
    #[serde(rename = "callID")]
    call: String,
    state: State,
    reason: String,
    tokens: Tokens,
    cost: f64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    status: String,
    input: Value,
    output: Option<String>,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tokens {
    input: u64,
    output: u64,
    reasoning: u64,
    cache: Cache,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cache {
    read: u64,
    write: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    name: String,
    data: FailureData,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FailureData {
    message: String,
    status_code: Option<u16>,
    response_headers: Value,
}

impl Opencode {
    /// What a line says. Never fails: what is not understood is kept.
    pub fn line(&mut self, bytes: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        self.has_spoken = true;
        let lines = match self.bus.hear(text) {
            None => {
                let line = serde_json::from_str(text);
                return line.map_or_else(|_| vec![unknown(text)], |line| self.said(line, text));
            }
            Some(Heard::Lines(lines)) => lines,
            Some(Heard::Answer(lines)) => {
                self.begins();
                lines
            }
            Some(Heard::Turn) => {
                self.begins();
                Vec::new()
            }
            Some(Heard::Retry { message }) => {
                return vec![AgentEvent::Retry { wait: Millis(0), message }];
            }
            Some(Heard::Nothing) => Vec::new(),
        };
        let lines = lines.into_iter().map(serde_json::from_value);
        lines
            .flat_map(|line| line.map_or_else(|_| vec![unknown(text)], |it| self.said(it, text)))
            .collect()
    }

    /// Another turn: how the one before ended says nothing of it.
    fn begins(&mut self) {
        (self.goes_on, self.ended) = (false, Ended::Not);
    }

    fn said(&mut self, line: Line, text: &str) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        if !line.session.is_empty() && self.session.as_ref() != Some(&line.session) {
            self.session = Some(line.session.clone());
            events.push(AgentEvent::Session { id: line.session.clone(), model: String::new() });
        }
        match line.kind.as_str() {
            "step_start" => {}
            "text" => {
                self.last.clone_from(&line.part.text);
                events.push(AgentEvent::Text { text: line.part.text });
            }
            "reasoning" => events.push(AgentEvent::Thinking { text: line.part.text }),
            "tool_use" => events.extend(tool(line.part)),
            "step_finish" => events.extend(self.step(&line.part)),
            "error" => events.push(self.fail(&line)),
            _ => events.push(unknown(text)),
        }
        events
    }

    /// What the end of the process says.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        match (&self.ended, self.verdict(ending)) {
            (Ended::Not, Verdict::Failed { class, message }) => {
                vec![AgentEvent::Error { class, message }]
            }
            _ => self.ended.last(ending, self.has_spoken).into_iter().collect(),
        }
    }

    /// How the process ended, by what it said. One that was told no ends in the middle with code 0.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        match (&self.ended, &ending.status) {
            (Ended::Not, Status::Code(0)) if self.goes_on => Verdict::Failed {
                class: ErrorClass::Other,
                message: "it ended after a tool, without a last word".to_owned(),
            },
            _ => self.ended.verdict(ending, self.has_spoken),
        }
    }

    fn step(&mut self, part: &Part) -> Vec<AgentEvent> {
        let mut events: Vec<AgentEvent> = used(usage(part)).into_iter().collect();
        self.goes_on = part.reason == "tool-calls";
        let class = match part.reason.as_str() {
            "stop" => {
                self.ended = Ended::Well(self.last.clone());
                return events;
            }
            "tool-calls" => {
                self.ended = Ended::Not;
                return events;
            }
            "content-filter" => ErrorClass::Invalid,
            _ => ErrorClass::Other,
        };
        let message = format!("a step ended for the reason `{}`", part.reason);
        let trouble = Trouble::Failure { class, message };
        events.push(trouble.event());
        self.ended = Ended::Badly(trouble);
        events
    }

    fn fail(&mut self, line: &Line) -> AgentEvent {
        let Failure { name, data } = &line.error;
        let message = if data.message.is_empty() { name.clone() } else { data.message.clone() };
        let wait = data.response_headers.get("retry-after").and_then(Value::as_str);
        let wait = wait.and_then(|seconds| seconds.trim().parse::<u64>().ok());
        let until = wait.map(|seconds| Time(line.timestamp.saturating_add(seconds * 1_000)));
        let trouble = match data.status_code {
            Some(status) => Trouble::of_status(status, until, message),
            None => Trouble::of_words(until, message),
        };
        let event = trouble.event();
        self.ended = Ended::Badly(trouble);
        event
    }
}

/// A tool is told of when it is over.
fn tool(part: Part) -> [AgentEvent; 2] {
    let State { status, input, output, error } = part.state;
    let output = shorten(&output.or(error).unwrap_or_default(), OUTPUT_CHARS_MAX);
    let call = AgentEvent::ToolCall { id: part.call.clone(), name: part.tool, input };
    [call, AgentEvent::ToolResult { id: part.call, ok: status == "completed", output }]
}

/// What a step consumed. No price is none, not zero.
fn usage(part: &Part) -> Usage {
    let Tokens { input, output, reasoning, cache } = &part.tokens;
    let cost = (part.cost > 0.0).then(|| Micros((part.cost * 1e6).round() as u64));
    Usage {
        input_tokens: input.saturating_add(cache.write),
        cached_tokens: cache.read,
        output_tokens: output.saturating_add(*reasoning),
        cost,
    }
}
