//! Texts: what we write on GitHub, and how words from there are made plain.

use serde::{Deserialize, Serialize};

use crate::task::{Phase, Task};

/// A text by its content, so that it need not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Digest(u64);

impl From<Digest> for String {
    /// Digits: not every reader of JSON counts that far.
    fn from(digest: Digest) -> Self {
        format!("{:016x}", digest.0)
    }
}

impl From<String> for Digest {
    fn from(text: String) -> Self {
        Self(u64::from_str_radix(&text, 16).unwrap_or_default())
    }
}

impl Digest {
    /// FNV-1a over what is to be seen: editors on the site end lines their own way.
    pub fn of(text: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in text.trim_end().bytes().filter(|byte| *byte != b'\r') {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }
}

/// A text with nothing hidden in it: what a browser would not show becomes visible, so that the
/// human sees all that an agent is told. Line ends become ours.
///
/// Comments of HTML stand in the open, and characters without a width, which can carry words that
/// nobody sees, are written out.
pub fn revealed(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("<!--", "⟨hidden: ").replace("-->", "⟩");
    let plain = text.chars().map(|c| match c {
        '\n' | '\t' => c.to_string(),
        _ if is_invisible(c) => format!("⟨U+{:04X}⟩", u32::from(c)),
        _ => c.to_string(),
    });
    plain.collect()
}

/// Words of agents and strangers, so that GitHub calls nobody and closes nothing because of them: no
/// `@name`, and no `fixes #7`.
pub fn harmless(text: &str) -> String {
    let text = revealed(text);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '@' && !is_of_word(before) && after.starts_with(|c: char| c.is_alphanumeric()) {
            plain.push('\u{FF20}'); // looks like one, and is none
        } else if let Some((keyword, reference)) = closing(rest).filter(|_| !is_of_word(before)) {
            plain.push_str(keyword);
            plain.push_str(" – ");
            (before, rest) = (' ', reference);
            continue;
        } else {
            plain.push(c);
        }
        (before, rest) = (c, after);
    }
    plain
}

/// Whether a text tells GitHub to close an issue, other than the one that it may close: `#7`, or
/// `owner/name#7` where the issues are elsewhere.
pub fn closes_others(text: &str, own: Option<&str>) -> bool {
    let mut before = ' ';
    text.char_indices().any(|(at, c)| {
        let found = closing(&text[at..]).filter(|_| !is_of_word(before));
        before = c;
        found.is_some_and(|(_, reference)| {
            let word = reference.split_whitespace().next().unwrap_or_default();
            own != Some(word.trim_end_matches(['.', ',', ';', ')']))
        })
    })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The word by which a text closes an issue, and what follows from the issue on.
fn closing(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).filter(|end| *end <= 8)?;
    let (word, rest) = text.split_at(end);
    let words =
        ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
    if !words.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return None;
    }
    let reference = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
    let next = reference.split_whitespace().next()?;
    (reference.len() < rest.len() && is_reference(next)).then_some((word, reference))
}

/// `#7`, `GH-7`, `owner/name#7`, or the address of an issue.
fn is_reference(word: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let is_short = word.split_once('#').is_some_and(|(_, rest)| digit(rest));
    let is_old = word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("gh-"));
    is_short || (is_old && digit(&word[3..])) || word.contains("://")
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180E
            | 0x200B..=0x200C | 0x200E..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164
            | 0xFEFF | 0xFFA0 | 0xE0000..=0xE0FFF)
}

/// The comment that we keep up to date: for people a list, for programs the same as JSON. No words
/// of agents are in it, so it can mention nobody and give nothing away.
pub(super) fn story(task: &Task) -> String {
    let phase = match task.phase {
        Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Judging { .. }
        | Phase::Sifting { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Checking { .. } => "at work",
        Phase::Asking { .. } | Phase::Stuck { .. } => "waits for an answer",
        Phase::Approving { .. } => "waits for approval",
        Phase::Landing { .. } | Phase::Held { .. } => "approved",
        Phase::Waiting | Phase::Leaving { .. } | Phase::Moving { .. } => "waits",
        Phase::Closing | Phase::Cancelled => "given up",
        Phase::Done { .. } => "done",
    };
    let phase = if task.is_held() && !task.is_over() { "held back" } else { phase };
    let commit = match &task.phase {
        Phase::Done { commit } => Some(commit),
        _ => task.head.as_ref(),
    };
    let commit = commit.map_or("", |commit| commit.0.as_str());
    let told = task.link.as_ref().and_then(|link| link.told.as_deref());
    let told = told.map_or_else(String::new, |told| format!("\n> {told}\n"));
    let (task, stage) = (task.id.0, &task.stage);
    format!(
        "**Task {task}** is in `{stage}`: {phase}.\n\n\
         To move it, set the label of another stage.\n{told}\n\
         <details><summary>for programs</summary>\n\n```json\n\
         {{\"task\":{task},\"stage\":\"{stage}\",\"state\":\"{phase}\",\"commit\":\"{commit}\"}}\n\
         ```\n</details>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_agents_call_nobody_and_close_nothing() {
        let check = |text: &str, expect: &str| assert_eq!(harmless(text), expect);
        check("ask @bob, or @acme/team; `@carol`", "ask ＠bob, or ＠acme/team; `＠carol`");
        check("me@example.com @ home", "me@example.com @ home");
        check("Fixes #7 and closes: GH-8.", "Fixes – #7 and closes – GH-8.");
        check("RESOLVED\n acme/shop#9", "RESOLVED – acme/shop#9");
        check("fix https://github.com/a/b/issues/1", "fix – https://github.com/a/b/issues/1");
        check("see #7, it prefixes #8, fix it", "see #7, it prefixes #8, fix it");
        check("<!-- crew:h1/7 -->", "⟨hidden:  crew:h1/7 ⟩");
        for text in ["@bob fixes #7", "closes\t#1\n@x", "é fixé #1 ＠"] {
            let once = harmless(text);
            assert_eq!(harmless(&once), once, "once is enough");
            assert!(!closes_others(&once, None), "{once}");
        }
    }

    #[test]
    fn only_its_own_issue_may_be_closed() {
        assert!(!closes_others("Closes #7. See #8.", Some("#7")));
        assert!(closes_others("Closes #8", Some("#7")));
        assert!(closes_others("Closes #7, fixes other/place#7", Some("#7")));
        assert!(!closes_others("Closes other/place#7", Some("other/place#7")));
        assert!(closes_others("Closes #7", Some("other/place#7")));
        assert!(closes_others("Closes #7", None));
    }
}
