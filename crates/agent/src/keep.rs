//! What is kept of lines that other programs print: their parts, within bounds, and whatever is not
//! understood.

use crew_core::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::AgentEvent;

/// Text that is no event is kept up to this length, in characters.
const NOISE_CHARS_MAX: usize = 4_000;
/// What a tool gave back is kept up to this length, in characters.
pub(crate) const OUTPUT_CHARS_MAX: usize = 32_000;

/// A part of a line, if it is there and what we take it for.
pub(crate) fn part<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// A line that means nothing to us, as it is.
pub(crate) fn unknown(text: &str) -> AgentEvent {
    serde_json::from_str(text).map_or_else(|_| noise(text), AgentEvent::Other)
}

/// A line that is nothing at all, or its beginning.
pub(crate) fn noise(text: &str) -> AgentEvent {
    AgentEvent::Noise(shorten(text, NOISE_CHARS_MAX))
}

/// What was consumed, if anything was.
pub(crate) fn used(usage: Usage) -> Option<AgentEvent> {
    let is_nothing = usage.tokens() == 0 && usage.cost.is_none_or(|cost| cost.0 == 0);
    (!is_nothing).then_some(AgentEvent::Usage(usage))
}

/// The text, or its beginning and how long it was.
pub(crate) fn shorten(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((at, _)) => format!("{} … ({} bytes)", &text[..at], text.len()),
    }
}
