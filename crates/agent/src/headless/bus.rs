//! What `opencode serve` says on its bus (`GET /event`), as the lines that `opencode run` prints.
//!
//! The bus tells of each change of a message, so a part comes again and again until it is whole. Only
//! then is it a line. What people said comes on the bus as well, and is left out.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

/// How many messages of people are remembered.
const MESSAGES_MAX: usize = 1_000;

/// What is known of the messages on a bus.
#[derive(Debug, Default)]
pub(super) struct Bus {
    of_people: BTreeSet<String>,
}

/// What a line of the bus comes to.
pub(super) enum Heard {
    /// Lines of `opencode run`.
    Lines(Vec<Value>),
    /// The answer to what somebody said: a turn, in lines of `opencode run`.
    Answer(Vec<Value>),
    /// It tries again by itself.
    Retry { message: String },
    /// Somebody said something: a turn begins.
    Turn,
    /// Nothing that matters.
    Nothing,
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    properties: Value,
}

impl Bus {
    /// What a line says, if it is one of the bus: as it comes, or as somebody kept it with a time.
    pub(super) fn hear(&mut self, text: &str) -> Option<Heard> {
        let text = text.strip_prefix("data:").unwrap_or(text).trim();
        let mut value: Value = serde_json::from_str(text).ok()?;
        for kept in ["event", "resp"] {
            if let Some(kept) = value.get_mut(kept) {
                value = kept.take();
            }
        }
        if let Some(answer) = answer(&value) {
            return Some(answer);
        }
        let Said { kind, properties } = serde_json::from_value(value).ok()?;
        Some(match kind.as_str() {
            "message.updated" => self.message(&properties["info"]),
            "message.part.updated" => self.part(&properties),
            "session.error" => Heard::Lines(vec![error(&properties)]),
            "session.status" => retry(&properties["status"]),
            _ => Heard::Nothing,
        })
    }

    fn message(&mut self, info: &Value) -> Heard {
        let id = info["id"].as_str().unwrap_or_default();
        if info["role"] != "user" || !self.of_people.insert(id.to_owned()) {
            return Heard::Nothing;
        }
        if self.of_people.len() > MESSAGES_MAX {
            self.of_people.pop_first(); // their names grow with time
        }
        Heard::Turn
    }

    fn part(&self, properties: &Value) -> Heard {
        let part = &properties["part"];
        let is_of_people = part["messageID"].as_str().is_some_and(|id| self.of_people.contains(id));
        let time = properties["time"].as_u64().unwrap_or_default();
        Heard::Lines(line(part, time).filter(|_| !is_of_people).into_iter().collect())
    }
}

/// A part that is whole.
fn line(part: &Value, time: u64) -> Option<Value> {
    let is_whole = part["time"]["end"].is_number();
    let kind = match part["type"].as_str()? {
        "text" if is_whole => "text",
        "reasoning" if is_whole => "reasoning",
        "tool" if ["completed", "error"].iter().any(|it| part["state"]["status"] == *it) => {
            "tool_use"
        }
        "step-finish" => "step_finish",
        _ => return None,
    };
    Some(json!({"type": kind, "timestamp": time, "sessionID": part["sessionID"], "part": part}))
}

fn error(of: &Value) -> Value {
    json!({"type": "error", "sessionID": of["sessionID"], "error": of["error"]})
}

/// What the server answers to a message: all parts at once.
fn answer(value: &Value) -> Option<Heard> {
    let (info, parts) = (value.get("info")?, value.get("parts")?.as_array()?);
    let failed = info.get("error").map(|_| error(info));
    Some(Heard::Answer(parts.iter().filter_map(|part| line(part, 0)).chain(failed).collect()))
}

fn retry(status: &Value) -> Heard {
    if status["type"] != "retry" {
        return Heard::Nothing;
    }
    let message = status["message"].as_str().unwrap_or_default().to_owned();
    Heard::Retry { message }
}
