//! How what an agent prints is to be read, and how it is talked to.
//!
//! A dialect is chosen at the launch and stays in its `spec.json`: whoever reads the spool later
//! needs nothing else, whatever `team.toml` says by then.

use crew_core::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::event::{AgentEvent, ErrorClass};
use crate::shim::Status;
use crate::tell::{Telling, Way};
use crate::trouble::without_result;
use crate::{acp, claude, codex, headless, native};

/// What an agent speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Dialect {
    /// The native agent: each line is one [`AgentEvent`].
    #[default]
    Native,
    /// Claude Code's `stream-json`.
    Claude(claude::Opening),
    /// JSON-RPC, as Codex's `app-server` has it.
    Codex(Box<codex::Opening>),
    /// JSON-RPC, as the Agent Client Protocol has it.
    Acp(Box<acp::Opening>),
}

/// Something to be done because of what an agent said. Doing it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Give it this line, once by the id.
    Input {
        /// Names the input.
        id: String,
        /// One line.
        line: String,
    },
    /// End its input: it has nothing more to do.
    CloseInput,
    /// Likewise, and end it if it does not go by itself.
    End,
    /// End it: nothing good can come of it any more.
    Stop,
}

/// How a process ended, as far as that matters to what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its exit code, or the signal.
    pub status: Status,
    /// The end of its standard error.
    pub complaint: String,
}

/// How a start of an agent ended, by what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It came to the end of its work.
    Done,
    /// It did not.
    Failed {
        /// Why, for a program.
        class: ErrorClass,
        /// Why, for a human.
        message: String,
    },
    /// The provider serves nothing for now.
    Limited {
        /// Until then, if the provider said so.
        until: Option<Time>,
        /// The provider's words.
        message: String,
    },
    /// It waits for an answer.
    Asked,
    /// It was ended in the middle of its work.
    Cut,
}

/// Whose output is read, where nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Claude Code.
    Claude,
    /// Codex: `app-server`, or `exec --json`.
    Codex,
    /// Any agent that speaks ACP.
    Acp,
    /// Gemini CLI: `--output-format stream-json` or `json`.
    Gemini,
    /// opencode: `run --format json`.
    Opencode,
}

/// Turns lines into events.
#[derive(Debug)]
pub enum Decoder {
    /// Each line by itself.
    Native,
    /// By what was said before.
    Claude(Box<claude::Decoder>),
    /// Likewise.
    Codex(Box<codex::Decoder>),
    /// Likewise.
    Acp(Box<acp::Decoder>),
    /// Likewise; nobody answers.
    Gemini(Box<headless::Gemini>),
    /// Likewise.
    Opencode(Box<headless::Opencode>),
}

impl Speaker {
    /// A decoder that only listens.
    pub fn decoder(self) -> Decoder {
        match self {
            Self::Claude => Decoder::Claude(Box::new(claude::Decoder::new(None))),
            Self::Codex => Decoder::Codex(Box::new(codex::Decoder::new(None))),
            Self::Acp => Decoder::Acp(Box::new(acp::Decoder::new(None))),
            Self::Gemini => Decoder::Gemini(Box::default()),
            Self::Opencode => Decoder::Opencode(Box::default()),
        }
    }
}

impl Dialect {
    /// Whether its standard error is a log, which says what it says nowhere else.
    pub(crate) fn logs(&self) -> bool {
        match self {
            Self::Acp(opening) => opening.name == acp::OPENCODE_NAME,
            Self::Native | Self::Claude(_) | Self::Codex(_) => false,
        }
    }

    pub(crate) fn decoder(&self) -> Decoder {
        match self {
            Self::Native => Decoder::Native,
            Self::Claude(opening) => {
                Decoder::Claude(Box::new(claude::Decoder::new(Some(opening.clone()))))
            }
            Self::Codex(opening) => {
                Decoder::Codex(Box::new(codex::Decoder::new(Some((**opening).clone()))))
            }
            Self::Acp(opening) => {
                Decoder::Acp(Box::new(acp::Decoder::new(Some((**opening).clone()))))
            }
        }
    }

    /// A decoder that only listens, from an offset on. In the middle it says what lines say as well
    /// as that can be known.
    pub fn listener(&self, offset: u64) -> Decoder {
        match self {
            Self::Native => Decoder::Native,
            Self::Claude(_) => Speaker::Claude.decoder(),
            Self::Codex(_) => Speaker::Codex.decoder(),
            Self::Acp(_) if offset == 0 => Speaker::Acp.decoder(),
            Self::Acp(_) => Decoder::Acp(Box::new(acp::Decoder::in_the_middle())),
        }
    }
}

impl Decoder {
    /// Where to begin to read in order to understand what comes after an offset.
    pub(crate) fn begins(&self, offset: u64) -> u64 {
        match self {
            Self::Native => offset,
            Self::Claude(_)
            | Self::Codex(_)
            | Self::Acp(_)
            | Self::Gemini(_)
            | Self::Opencode(_) => 0,
        }
    }

    /// What a line says. Never fails: what is not understood is kept.
    pub fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Native => vec![AgentEvent::decode(line)],
            Self::Claude(decoder) => decoder.line(line),
            Self::Codex(decoder) => decoder.line(line),
            Self::Acp(decoder) => decoder.line(line),
            Self::Gemini(decoder) => decoder.line(line),
            Self::Opencode(decoder) => decoder.line(line),
        }
    }

    /// What the end of the process says.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        match self {
            Self::Native => Vec::new(),
            Self::Claude(decoder) => decoder.finish(ending),
            Self::Codex(decoder) => decoder.finish(ending),
            Self::Acp(decoder) => decoder.finish(ending),
            Self::Gemini(decoder) => decoder.finish(ending),
            Self::Opencode(decoder) => decoder.finish(ending),
        }
    }

    /// How the process ended, by what it said; the native agent says that by its exit code.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        match self {
            Self::Native => without_result(ending, true),
            Self::Claude(decoder) => decoder.verdict(ending),
            Self::Codex(decoder) => decoder.verdict(ending),
            Self::Acp(decoder) => decoder.verdict(ending),
            Self::Gemini(decoder) => decoder.verdict(ending),
            Self::Opencode(decoder) => decoder.verdict(ending),
        }
    }

    pub(crate) fn take_acts(&mut self) -> Vec<Act> {
        match self {
            Self::Native | Self::Gemini(_) | Self::Opencode(_) => Vec::new(),
            Self::Claude(decoder) => decoder.take_acts(),
            Self::Codex(decoder) => decoder.take_acts(),
            Self::Acp(decoder) => decoder.take_acts(),
        }
    }

    /// How it is told something in the middle of its turn.
    pub(crate) fn tell(&self, telling: &Telling) -> Way {
        match self {
            Self::Native => native::tell(telling),
            Self::Claude(decoder) => decoder.tell(telling),
            Self::Codex(decoder) => decoder.tell(telling),
            Self::Acp(decoder) => decoder.tell(telling),
            Self::Gemini(_) | Self::Opencode(_) => Way::None,
        }
    }

    /// The line that brings it an answer; `None` when it does not wait for one.
    pub(crate) fn answer(&self, key: &str, text: &str) -> Option<String> {
        match self {
            Self::Native => Some(json!({"type": "answer", "ask": key, "text": text}).to_string()),
            Self::Claude(decoder) => decoder.answer(key, text),
            Self::Codex(decoder) => decoder.answer(key, text),
            Self::Acp(decoder) => decoder.answer(key, text),
            Self::Gemini(_) | Self::Opencode(_) => None,
        }
    }
}
