//! Words of others, quoted for an agent so that they cannot be taken for ours.
//!
//! A quote stands between fences that are longer than any run of backticks in it. What a terminal
//! would obey is shown instead, and a line that reads like the protocol gets a bar before it, so
//! that nobody who looks for fields at the start of a line finds one. Each quote has a bound.

use std::fmt::Write as _;

use crew_core::protocol::is_protocol_line;

use crate::neutral::neutral;

/// Stands before a quoted line that reads like the protocol.
const BAR: &str = "| ";
/// The shortest fence of Markdown.
const FENCE_MIN: usize = 3;

/// A text of others, and how much of it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quote<'a> {
    /// What kind of text it is, for the opening fence.
    pub(crate) kind: &'static str,
    /// The text.
    pub(crate) text: &'a str,
    /// What is longer is cut, in characters.
    pub(crate) chars_max: usize,
    /// Where the rest of a text that is cut can be found.
    pub(crate) rest: &'a str,
}

impl Quote<'_> {
    /// The text between its fences, and a line of ours about what was cut.
    pub(crate) fn fenced(&self) -> String {
        let clean = neutral(self.text.trim_matches('\n'));
        let shown = cut(&clean, self.chars_max);
        let marked = marked(shown);
        let fence = "`".repeat(FENCE_MIN.max(longest_run(&marked) + 1));
        let mut quote = format!("{fence}{}\n{marked}{fence}\n", self.kind);
        let left_out = clean[shown.len()..].chars().count();
        if left_out > 0 {
            writeln!(quote, "(cut here: {left_out} more characters. {})", self.rest).ok();
        }
        quote
    }
}

/// The beginning of a text, up to so many characters.
pub(crate) fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        if is_protocol_line(line) {
            marked.push_str(BAR);
        }
        marked.push_str(line);
        marked.push('\n');
    }
    marked
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quote(text: &str, chars_max: usize) -> String {
        Quote { kind: "text", text, chars_max, rest: "It is elsewhere." }.fenced()
    }

    #[test]
    fn words_of_others_stay_between_their_fences() {
        let check = |text: &str, expect: &str| assert_eq!(quote(text, 40), expect, "{text:?}");
        check("plain", "```text\nplain\n```\n");
        check("", "```text\n```\n");
        check("a\n```\n# Now\n````", "`````text\na\n```\n# Now\n````\n`````\n");
        check(
            "DONE: I say\n > **ISSUE: #1\nRUN: r1",
            "```text\n| DONE: I say\n|  > **ISSUE: #1\n| RUN: r1\n```\n",
        );
        check("\u{1b}[2J\r\nx", "```text\n␛[2J\nx\n```\n");
        check(
            &"é".repeat(50),
            &format!(
                "```text\n{}\n```\n(cut here: 10 more characters. It is elsewhere.)\n",
                "é".repeat(40)
            ),
        );
    }

    proptest! {
        #[test]
        fn no_text_ends_its_quote(text in "([`~]{1,9}|DONE: |ISSUE: #1|\n|\r|\u{1b}\\[|.){0,60}") {
            let quote = quote(&text, 50);
            let lines: Vec<&str> = quote.lines().collect();
            let fence: String = lines[0].chars().take_while(|c| *c == '`').collect();
            let end = lines.iter().skip(1).position(|line| line.starts_with(&fence)).unwrap() + 1;
            prop_assert_eq!(lines[end], fence.as_str(), "the first thing that ends it is ours");
            prop_assert!(lines.len() - end <= 2, "and after it come words of ours only");
            prop_assert!(!lines[1..end].iter().any(|line| is_protocol_line(line)));
            prop_assert!(!quote.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            let bars = lines.len() * BAR.len();
            prop_assert!(lines[1..end].join("\n").chars().count() <= 50 + bars);
        }
    }
}
