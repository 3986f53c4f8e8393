//! Long texts of a live stream, shortened to what can be looked at: the head and the tail.

use serde_json::Value;

use crate::wire::LogLine;

/// A longer text is shortened.
const TEXT_BYTES_MAX: usize = 12 << 10;
/// What stays of its end.
const TAIL_BYTES: usize = 3 << 10;

/// The line with its long texts shortened, and whether there were any.
pub(super) fn shorten(mut line: LogLine) -> LogLine {
    line.cut = shorten_value(&mut line.event);
    line
}

fn shorten_value(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.len() > TEXT_BYTES_MAX => {
            *text = shortened(text);
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |cut, item| shorten_value(item) | cut),
        Value::Object(members) => {
            members.values_mut().fold(false, |cut, member| shorten_value(member) | cut)
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn shortened(text: &str) -> String {
    let head = text.floor_char_boundary(TEXT_BYTES_MAX - TAIL_BYTES);
    let tail = text.ceil_char_boundary(text.len() - TAIL_BYTES);
    let (head, middle, tail) = (&text[..head], &text[head..tail], &text[tail..]);
    format!("{head}\n[… {} lines, {} bytes …]\n{tail}", middle.lines().count(), middle.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_head_and_tail() {
        let text = format!("begin {} end", "ü\n".repeat(50_000));
        let mut event = serde_json::json!({"type": "tool_result", "deep": [{"output": text}]});
        assert!(shorten_value(&mut event));
        let short = event["deep"][0]["output"].as_str().unwrap_or_default();
        assert!(short.starts_with("begin ü") && short.ends_with(" end"), "{short}");
        assert!(short.len() < TEXT_BYTES_MAX + 100 && short.contains("lines, "), "{short}");
        assert!(!shorten_value(&mut serde_json::json!({"type": "text", "text": "short"})));
    }
}
