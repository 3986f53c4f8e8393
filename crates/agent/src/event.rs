//! What an agent says while it works: one typed stream for every provider.
//!
//! The native agent prints exactly these as lines of JSON. Providers with a format of their own
//! are decoded into them. The set is open: a line whose `type` is not known is kept as
//! [`AgentEvent::Other`], and a line that is no JSON at all as [`AgentEvent::Noise`], so that
//! nothing an agent prints can stop the reading of what comes after it.

use crew_core::about::About;
use crew_core::plan::PlanWindow;
use crew_core::{Millis, Time, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One thing that an agent said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The conversation has this id and can be resumed by it.
    Session {
        /// The provider's id of the conversation.
        id: String,
        /// The model that answers.
        model: String,
    },
    /// Words of the answer.
    Text {
        /// Markdown.
        text: String,
    },
    /// Words of the model's reasoning.
    Thinking {
        /// Markdown.
        text: String,
    },
    /// Words of an answer that is still being written; all of it follows as [`AgentEvent::Text`].
    Partial {
        /// Markdown.
        text: String,
    },
    /// The agent uses a tool.
    ToolCall {
        /// Joins call and result.
        id: String,
        /// `read`, `write`, `edit`, `search`, `shell`, or what the provider calls it.
        name: String,
        /// The tool's arguments.
        input: Value,
    },
    /// What the tool gave back.
    ToolResult {
        /// The call that it belongs to.
        id: String,
        /// Whether the tool did what was asked.
        ok: bool,
        /// What the model is shown, already bounded.
        output: String,
    },
    /// The agent needs an answer from a human and waits for it on its standard input.
    Ask {
        /// Names the ask within its session; the same ask made again has the same key.
        key: String,
        /// What is asked, for a human to read.
        text: String,
        /// Answers to choose from; empty when any text will do.
        #[serde(default)]
        options: Vec<String>,
        /// What it wants to do, where it asks for that and says so in data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Box<About<String>>>,
    },
    /// What was consumed since the last such event.
    Usage(Usage),
    /// How full the model's context is with the conversation, at the end of a turn.
    Context {
        /// So many tokens it has.
        used: u64,
        /// So many the model takes.
        window: u64,
    },
    /// How much of a plan is used up; said when it has changed.
    Plan {
        /// Its periods.
        windows: Vec<PlanWindow>,
    },
    /// The provider serves nothing before `until`.
    Limit {
        /// When to try again; `None` when the provider did not say.
        until: Option<Time>,
        /// The provider's words.
        message: String,
    },
    /// Something failed. The agent may go on after it.
    Error {
        /// What kind, for a program.
        class: ErrorClass,
        /// What happened, for a human.
        message: String,
    },
    /// The provider did not answer; the agent tries again by itself.
    Retry {
        /// After how long.
        wait: Millis,
        /// What happened, for a human.
        message: String,
    },
    /// Something that an agent said which the agent itself has started.
    Subagent {
        /// The call of the tool that started it.
        call: String,
        /// What it said.
        event: Box<AgentEvent>,
    },
    /// The agent has taken in what a person said about its task while it works.
    TookIn {
        /// The number of the remark.
        remark: u64,
    },
    /// The conversation was compacted: most of what was said in it is forgotten.
    Compacted,
    /// Its program did something beside the conversation, in words for a human: a hook of the user, or
    /// something in the background.
    Notice {
        /// What.
        text: String,
    },
    /// The agent works, and has nothing to say meanwhile.
    Heartbeat,
    /// The agent's final message: what it claims to have done, in the response protocol.
    Done {
        /// The message.
        text: String,
    },
    /// A line that is not JSON.
    #[serde(skip)]
    Noise(String),
    /// An event of a type that this version does not know.
    #[serde(untagged)]
    Other(Value),
}

/// Kinds of failure, by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The provider does not accept who we are; a human must sign in.
    Auth,
    /// Somebody else would pay than was agreed, or the provider wants to be paid first.
    Billing,
    /// The provider is down or overloaded; the same again later may work.
    Unavailable,
    /// The request cannot work: unknown model, prompt too long, bad configuration.
    Invalid,
    /// The agent used up what it was given.
    Budget,
    /// Anything else.
    #[serde(other)]
    Other,
}

impl ErrorClass {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::Unavailable => "unavailable",
            Self::Invalid => "invalid",
            Self::Budget => "budget",
            Self::Other => "other",
        }
    }
}

impl AgentEvent {
    /// Reads one line of the stream. Never fails: what is not understood is kept as it is.
    pub fn decode(line: &[u8]) -> Self {
        match serde_json::from_slice(line) {
            Ok(event) => event,
            Err(_) => Self::Noise(String::from_utf8_lossy(line).into_owned()),
        }
    }

    /// The event as it is shown: an object with a `type`, `noise` for what is no event.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Noise(text) => json!({"type": "noise", "text": text}),
            event => serde_json::to_value(event).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_decodes_to_what_it_says() {
        let check = |line: &str, expect: AgentEvent| {
            assert_eq!(AgentEvent::decode(line.as_bytes()), expect, "{line}");
        };
        check(r#"{"type":"text","text":"hi"}"#, AgentEvent::Text { text: "hi".into() });
        check(
            r#"{"type":"limit","until":1000,"message":"later"}"#,
            AgentEvent::Limit { until: Some(Time(1000)), message: "later".into() },
        );
        check(r#"{"type":"heartbeat"}"#, AgentEvent::Heartbeat);
        check(
            r#"{"type":"usage","input_tokens":3}"#,
            AgentEvent::Usage(Usage { input_tokens: 3, ..Usage::default() }),
        );
        check(
            r#"{"type":"error","class":"brand_new","message":"m"}"#,
            AgentEvent::Error { class: ErrorClass::Other, message: "m".into() },
        );
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let line = r#"{"type":"hologram","depth":3}"#;
        assert_eq!(
            AgentEvent::decode(line.as_bytes()),
            AgentEvent::Other(serde_json::json!({"type":"hologram","depth":3}))
        );
        assert_eq!(AgentEvent::decode(b"oops \xff"), AgentEvent::Noise("oops \u{fffd}".into()));
    }
}
