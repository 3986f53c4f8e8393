//! An answer that is still being written, as one text that grows.

use crew_engine::Screen;
use serde_json::{Value, json};

use crate::wire::LogLine;

/// A text longer than this is seen when it is complete.
const BYTES_MAX: usize = 32 << 10;

/// What an agent has written of an answer so far.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    text: String,
}

impl Writing {
    /// Turns the pieces of an answer among these lines into what is written by then. An answer that is
    /// complete takes the place of its pieces.
    pub(super) fn fold(&mut self, lines: Vec<LogLine>, screen: &Screen) -> Vec<LogLine> {
        let mut folded = Vec::with_capacity(lines.len());
        let mut newest = None;
        for line in lines {
            match kind(&line) {
                "partial" => {
                    self.write(line.event["text"].as_str().unwrap_or_default());
                    newest = Some(line);
                    continue;
                }
                "heartbeat" => {}
                _ if line.event.get("by").is_some() => {} // somebody else
                "text" => {
                    newest = None;
                    self.text.clear();
                }
                _ => {
                    folded.extend(newest.take().and_then(|piece| self.shown(piece, screen)));
                    self.text.clear();
                }
            }
            folded.push(line);
        }
        folded.extend(newest.and_then(|piece| self.shown(piece, screen)));
        folded
    }

    fn write(&mut self, piece: &str) {
        if self.text.len() + piece.len() <= BYTES_MAX {
            self.text.push_str(piece);
        }
    }

    /// Whole words only: a key is known as one when all of it is there.
    fn shown(&self, piece: LogLine, screen: &Screen) -> Option<LogLine> {
        let end = self.text.rfind(char::is_whitespace)?;
        let event = json!({"type": "partial", "text": screen.text(&self.text[..end])});
        Some(LogLine { event, ..piece })
    }
}

fn kind(line: &LogLine) -> &str {
    line.event.get("type").and_then(Value::as_str).unwrap_or_default()
}
