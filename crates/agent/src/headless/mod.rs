//! What Gemini CLI and opencode print when they are run by a script, without a conversation, and what
//! a server of opencode tells.
//!
//! We run neither in this way: both speak ACP, by which they can be asked and answered. Their
//! streams are read for whoever has one, and for reports of bugs.

mod bus;
mod gemini;
mod opencode;

pub use gemini::Gemini;
pub use opencode::Opencode;

use crate::dialect::{Ending, Verdict};
use crate::event::AgentEvent;
use crate::trouble::{Trouble, without_result};

/// How a stream ended, by what it said.
#[derive(Debug, Default)]
enum Ended {
    /// It did not.
    #[default]
    Not,
    /// With these words.
    Well(String),
    /// With this, which was said.
    Badly(Trouble),
}

impl Ended {
    fn verdict(&self, ending: &Ending, has_spoken: bool) -> Verdict {
        match self {
            Self::Well(_) => Verdict::Done,
            Self::Badly(trouble) => trouble.verdict(),
            Self::Not => without_result(ending, has_spoken),
        }
    }

    /// What the end says that was not said yet.
    fn last(&self, ending: &Ending, has_spoken: bool) -> Option<AgentEvent> {
        match (self, self.verdict(ending, has_spoken)) {
            (Self::Well(text), _) => Some(AgentEvent::Done { text: text.clone() }),
            (Self::Not, Verdict::Failed { class, message }) => {
                Some(AgentEvent::Error { class, message })
            }
            (Self::Not, Verdict::Limited { until, message }) => {
                Some(AgentEvent::Limit { until, message })
            }
            (Self::Badly(_), _) | (Self::Not, Verdict::Done | Verdict::Asked | Verdict::Cut) => {
                None
            }
        }
    }
}
