//! One turn: the words of an answer, put together again from the pieces that they come in.

use crate::event::AgentEvent;

/// What is being said in a turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    speaking: Option<Speech>,
    /// The last words of the answer that are complete.
    last: String,
    /// Whether a permission was asked for since.
    pub(super) waits_for_leave: bool,
}

#[derive(Debug)]
struct Speech {
    kind: Kind,
    message: Option<String>,
    text: String,
}

/// What words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the answer.
    Answer,
    /// Of the reasoning.
    Thought,
}

impl Turn {
    /// A piece of words. Those of another message, or of another kind, complete what was before.
    pub(super) fn words(
        &mut self,
        kind: Kind,
        message: Option<String>,
        text: &str,
    ) -> Vec<AgentEvent> {
        let goes_on = |speech: &Speech| speech.kind == kind && speech.message == message;
        let complete =
            if self.speaking.as_ref().is_some_and(goes_on) { None } else { self.complete() };
        let speech =
            self.speaking.get_or_insert_with(|| Speech { kind, message, text: String::new() });
        speech.text.push_str(text);
        let is_shown = kind == Kind::Answer && !text.is_empty();
        let partial = is_shown.then(|| AgentEvent::Partial { text: text.to_owned() });
        complete.into_iter().chain(partial).collect()
    }

    /// Something else goes on, or the turn is over: the words are complete.
    pub(super) fn complete(&mut self) -> Option<AgentEvent> {
        let speech = self.speaking.take().filter(|speech| !speech.text.trim().is_empty())?;
        Some(match speech.kind {
            Kind::Thought => AgentEvent::Thinking { text: speech.text },
            Kind::Answer => {
                self.last.clone_from(&speech.text);
                self.waits_for_leave = false;
                AgentEvent::Text { text: speech.text }
            }
        })
    }

    /// The last words of the answer.
    pub(super) fn last_words(&self) -> &str {
        &self.last
    }
}
