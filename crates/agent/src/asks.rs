//! Permission requests of other agents, as asks to the human and back.
//!
//! Each request has an id of its own that no restart keeps, so an ask is named by what it asks for
//! and how often that was asked before in this process. A restarted agent that asks for the same
//! again is given the answer that there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crew_core::ask::Permission;
pub(crate) use crew_core::ask::{ALLOW, DENY};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Requests that may wait at once; more are denied unseen.
const OPEN_MAX: usize = 64;
/// What it asks for is shown up to this length, in characters.
const SHOWN_CHARS_MAX: usize = 1_400;

/// The requests that wait for an answer.
#[derive(Debug)]
pub(crate) struct Asks<T> {
    open: BTreeMap<String, T>,
    /// How often each thing was asked for.
    times: BTreeMap<String, u32>,
}

impl<T> Default for Asks<T> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), times: BTreeMap::new() }
    }
}

impl<T> Asks<T> {
    /// Takes a request in and gives its name. `None` when too many wait.
    pub(crate) fn add(&mut self, what: &str, request: T) -> Option<String> {
        if self.open.len() >= OPEN_MAX {
            return None;
        }
        let what = digest(what);
        let times = self.times.entry(what.clone()).or_default();
        *times += 1;
        let key = format!("{what}-{times}");
        self.open.insert(key.clone(), request);
        Some(key)
    }

    /// Nobody waits any more for those of which this is true.
    pub(crate) fn forget(&mut self, is_settled: impl Fn(&T) -> bool) {
        self.open.retain(|_, request| !is_settled(request));
    }

    /// The request by its name, if it waits.
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.open.get(key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

/// What a human said to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    Allow,
    Deny,
    /// No, and what to do instead.
    DenyBecause(&'a str),
    /// No, and not from the human, with the reason.
    Refused(&'a str),
}

impl<'a> Answer<'a> {
    /// Anything but a yes is a no.
    pub(crate) fn of(text: &'a str) -> Self {
        match Permission::of(text) {
            Some(Permission::Allow) => Self::Allow,
            Some(Permission::Deny) => Self::Deny,
            None => match text.strip_prefix(DENY).and_then(|rest| rest.strip_prefix(": ")) {
                Some(why) => Self::Refused(why),
                None => Self::DenyBecause(text.trim()),
            },
        }
    }
}

/// A question of an agent that is no request for permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// What the agent knows it by.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Labels, and what they mean.
    pub(crate) choices: Vec<(String, String)>,
    /// Whether several may be chosen.
    pub(crate) takes_several: bool,
}

/// For the human: the text, and the answers to choose from. Several questions are one ask, answered
/// line by line.
pub(crate) fn put(questions: &[Question]) -> Option<(String, Vec<String>)> {
    match questions {
        [] => None,
        [one] if one.takes_several => {
            let hint = "Choose one or more, with commas between them.";
            Some((format!("{}\n{hint}", one.shown(&one.text)), Vec::new()))
        }
        [one] => {
            let labels = one.choices.iter().map(|(label, _)| label.clone()).collect();
            let explains = one.choices.iter().any(|(_, meaning)| !meaning.is_empty());
            Some((if explains { one.shown(&one.text) } else { one.text.clone() }, labels))
        }
        several => {
            let numbered = several.iter().zip(1..);
            let shown = numbered.map(|(one, n)| one.shown(&format!("{n}. {}", one.text)));
            let hint = format!("Answer with {} lines, one for each.", several.len());
            let parts: Vec<String> = shown.chain([hint]).collect();
            Some((parts.join("\n"), Vec::new()))
        }
    }
}

/// The answer to each question, in their order. A text that has not a line for each is the answer to
/// all of them.
pub(crate) fn answers<'a>(questions: usize, text: &'a str) -> Vec<&'a str> {
    let lines: Vec<&'a str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if questions < 2 || lines.len() != questions {
        return vec![text.trim(); questions];
    }
    lines.into_iter().zip(1..).map(|(line, n)| without_number(line, n)).collect()
}

fn without_number(line: &str, n: usize) -> &str {
    let rest =
        line.strip_prefix(&n.to_string()).and_then(|rest| rest.strip_prefix(['.', ':', ')']));
    rest.map_or(line, str::trim)
}

impl Question {
    fn shown(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (label, meaning) in &self.choices {
            let colon = if meaning.is_empty() { "" } else { ": " };
            write!(shown, "\n- {label}{colon}{meaning}").ok();
        }
        shown
    }
}

/// The options of a request for permission.
pub(crate) fn options() -> Vec<String> {
    vec![ALLOW.to_owned(), DENY.to_owned()]
}

/// A text with a word about what is not shown of it: nobody allows what they did not see.
pub(crate) fn shown(whole: &str) -> String {
    let mut shown: String = whole.chars().take(SHOWN_CHARS_MAX).collect();
    let hidden = whole.chars().count() - shown.chars().count();
    if hidden > 0 {
        write!(shown, "\n… {hidden} more characters, see the log of the run").ok();
    }
    shown
}

/// Arguments of a tool, line by line.
pub(crate) fn fields(input: &Value) -> String {
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    match input {
        Value::Object(fields) => fields.iter().map(field).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

fn digest(what: &str) -> String {
    let bytes = Sha256::digest(what);
    bytes.iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_is_named_by_what_it_asks_for_and_how_often() {
        let mut asks = Asks::default();
        let first = asks.add("ls", 1).unwrap();
        let other = asks.add("rm", 2).unwrap();
        let again = asks.add("ls", 3).unwrap();
        assert!(first.ends_with("-1") && again.ends_with("-2") && first != other);
        assert_eq!(Asks::default().add("ls", 9), Some(first), "a restart asks by the same name");
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let mut asks = Asks::default();
        assert!((0..OPEN_MAX).all(|n| asks.add("ls", n).is_some()));
        assert_eq!(asks.add("ls", OPEN_MAX), None);
        asks.forget(|n| *n < 3);
        assert!(asks.add("ls", OPEN_MAX).is_some());
    }

    #[test]
    fn an_answer_is_yes_or_a_reason_against() {
        let check = |text, expect| assert_eq!(Answer::of(text), expect, "{text:?}");
        check("allow", Answer::Allow);
        check(" Yes\n", Answer::Allow);
        check("deny", Answer::Deny);
        check("use make", Answer::DenyBecause("use make"));
        check("deny: rule 2", Answer::Refused("rule 2"));
    }

    #[test]
    fn several_questions_are_answered_line_by_line() {
        assert_eq!(answers(2, "1. A\n\n2: B "), ["A", "B"]);
        assert_eq!(answers(2, "2\n1"), ["2", "1"]);
        assert_eq!(answers(2, "whatever you like"), ["whatever you like"; 2]);
        assert_eq!(answers(1, "A\nB"), ["A\nB"]);
        let question = |text: &str| Question {
            text: text.into(),
            choices: vec![("A".into(), String::new()), ("B".into(), "better".into())],
            ..Question::default()
        };
        let (text, options) = put(&[question("Which?")]).unwrap();
        assert_eq!((text.as_str(), options.len()), ("Which?\n- A\n- B: better", 2));
        let (text, options) = put(&[question("Which?"), question("And?")]).unwrap();
        assert!(text.starts_with("1. Which?\n- A") && text.contains("2. And?"), "{text}");
        assert!(text.ends_with("2 lines, one for each.") && options.is_empty(), "{text}");
        let several = Question { takes_several: true, ..question("Which?") };
        assert!(put(&[several]).unwrap().1.is_empty());
        assert_eq!(put(&[]), None);
    }

    #[test]
    fn what_is_not_shown_is_said() {
        let text = shown(&"x".repeat(5_000));
        assert!(text.len() < 2_000 && text.contains("more characters"), "{text}");
        assert_eq!(shown("short"), "short");
    }
}
