//! Gemini CLI: `--output-format stream-json`, a line for each event, and `json`, one object over many
//! lines.
//!
//! The exit code is not believed where there is a result: a command that failed is a success to it,
//! a used-up quota is code 173.

use std::collections::BTreeMap;

use crew_core::{Micros, Usage};
use serde::Deserialize;
use serde_json::Value;

use super::Ended;
use crate::dialect::{Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::keep::{OUTPUT_CHARS_MAX, noise, shorten, unknown, used};
use crate::price;
use crate::shim::Status;
use crate::trouble::Trouble;

/// The object of `--output-format json` is at most so long, in bytes.
const OBJECT_BYTES_MAX: usize = 4 << 20;

/// Turns what one process printed into events.
#[derive(Debug, Default)]
pub struct Gemini {
    /// The answer, as far as it was said.
    speaking: String,
    last: String,
    /// An object that is not at its end.
    object: Option<String>,
    ended: Ended,
    has_spoken: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Init {
        session_id: String,
        #[serde(default)]
        model: String,
    },
    Message {
        role: String,
        content: String,
    },
    ToolUse {
        tool_name: String,
        tool_id: String,
        #[serde(default)]
        parameters: Value,
    },
    ToolResult {
        tool_id: String,
        status: String,
        #[serde(default)]
        output: Option<String>,
        #[serde(default)]
        error: Option<Failure>,
    },
    Error {
        #[serde(default)]
        severity: String,
        message: String,
    },
    Result(Outcome),
}

#[derive(Deserialize)]
struct Outcome {
    status: String,
    #[serde(default)]
    error: Option<Failure>,
    #[serde(default)]
    stats: Stats,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    input_tokens: u64,
    output_tokens: u64,
    cached: u64,
    models: BTreeMap<String, Value>,
}

/// What `--output-format json` prints.
#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    session_id: String,
    #[serde(default)]
    response: Option<String>,
    #[serde(default)]
    error: Option<Failure>,
}

impl Gemini {
    /// What a line says. Never fails: what is not understood is kept.
    pub fn line(&mut self, bytes: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        self.has_spoken = true;
        if self.object.is_some() || text == "{" {
            return self.line_of_object(text);
        }
        match serde_json::from_str(text) {
            Ok(line) => self.event(line),
            Err(_) => vec![unknown(text)],
        }
    }

    /// What the end of the process says.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        let rest = self.complete();
        let object = self.object.take().map(|object| noise(&object));
        let last = match (&self.ended, self.verdict(ending)) {
            (Ended::Not, Verdict::Failed { class, message }) => {
                Some(AgentEvent::Error { class, message })
            }
            _ => self.ended.last(ending, self.has_spoken),
        };
        rest.into_iter().chain(object).chain(last).collect()
    }

    /// How the process ended, by what it said, and else by its own exit codes.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        let verdict = self.ended.verdict(ending, self.has_spoken);
        match (&self.ended, &ending.status, verdict) {
            (Ended::Not, Status::Code(code), Verdict::Failed { class, message }) => {
                let class = match code {
                    41 => ErrorClass::Auth,
                    42 | 44 | 52 | 55 => ErrorClass::Invalid,
                    53 => ErrorClass::Budget,
                    _ => class,
                };
                Verdict::Failed { class, message }
            }
            (_, _, verdict) => verdict,
        }
    }

    fn event(&mut self, line: Line) -> Vec<AgentEvent> {
        let piece = matches!(&line, Line::Message { role, .. } if role == "assistant");
        let mut events: Vec<AgentEvent> =
            if piece { Vec::new() } else { self.complete().into_iter().collect() };
        match line {
            Line::Init { session_id: id, model } => events.push(AgentEvent::Session { id, model }),
            Line::Message { content, .. } if piece => {
                self.speaking.push_str(&content);
                events.push(AgentEvent::Partial { text: content });
            }
            Line::Message { .. } => {}
            Line::ToolUse { tool_name: name, tool_id: id, parameters: input } => {
                events.push(AgentEvent::ToolCall { id, name, input });
            }
            Line::ToolResult { tool_id: id, status, output, error } => {
                let output = output.or(error.map(|error| error.message)).unwrap_or_default();
                let output = shorten(&output, OUTPUT_CHARS_MAX);
                events.push(AgentEvent::ToolResult { id, ok: status == "success", output });
            }
            Line::Error { severity, message } if severity == "error" => {
                events.push(AgentEvent::Error { class: ErrorClass::Other, message });
            }
            Line::Error { message, .. } => events.push(noise(&message)),
            Line::Result(outcome) => {
                events.extend(used(usage(&outcome.stats)));
                let words = std::mem::take(&mut self.last);
                let failure =
                    (outcome.status != "success").then(|| outcome.error.unwrap_or_default());
                events.extend(self.end(words, failure));
            }
        }
        events
    }

    fn end(&mut self, words: String, failure: Option<Failure>) -> Option<AgentEvent> {
        let Some(Failure { message }) = failure else {
            self.ended = Ended::Well(words);
            return None;
        };
        let trouble = Trouble::of_words(None, message);
        let event = trouble.event();
        self.ended = Ended::Badly(trouble);
        Some(event)
    }

    /// One object, over many lines.
    fn line_of_object(&mut self, text: &str) -> Vec<AgentEvent> {
        let object = self.object.get_or_insert_default();
        if object.len() + text.len() > OBJECT_BYTES_MAX {
            return vec![noise(text)];
        }
        object.push_str(text);
        object.push('\n');
        let Ok(whole) = serde_json::from_str::<Whole>(object) else { return Vec::new() };
        self.object = None;
        let Whole { session_id: id, response, error } = whole;
        let mut events = vec![AgentEvent::Session { id, model: String::new() }];
        let response = response.unwrap_or_default();
        if !response.is_empty() {
            events.push(AgentEvent::Text { text: response.clone() });
        }
        events.extend(self.end(response, error));
        events
    }

    fn complete(&mut self) -> Option<AgentEvent> {
        let text = std::mem::take(&mut self.speaking);
        if text.is_empty() {
            return None;
        }
        self.last.clone_from(&text);
        Some(AgentEvent::Text { text })
    }
}

fn usage(stats: &Stats) -> Usage {
    let cached_tokens = stats.cached.min(stats.input_tokens);
    let usage = Usage {
        input_tokens: stats.input_tokens - cached_tokens,
        cached_tokens,
        output_tokens: stats.output_tokens,
        cost: None,
    };
    // Several models have several prices, and what each was used for is counted otherwise.
    let mut models = stats.models.keys();
    let price = models.next().filter(|_| stats.models.len() == 1).and_then(|it| price::known(it));
    let cost: Option<Micros> = price.map(|price| price.of(&usage, 0));
    Usage { cost, ..usage }
}
