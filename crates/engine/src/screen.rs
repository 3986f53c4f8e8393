//! The one place that all words of agents and programs pass on their way to a record or a reader.
//!
//! Keys are taken out: the values of the environment variables that providers name, and whatever
//! has the shape of a key. What a terminal would obey is shown instead. The spool of an agent stays
//! as it was printed, readable by its owner only; `crew log --raw` shows that.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use crew_core::team::ProviderKind;
use crew_core::{Event, State};
use serde_json::Value;

use crate::neutral::neutral;

/// Stands for a key.
const HIDDEN: &str = "[hidden]";
/// A value that is shorter is no key, and would be found in every other word.
const VALUE_BYTES_MIN: usize = 8;
/// Variables that hold keys, whether a provider names them or not.
const USUAL: [&str; 9] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CODEX_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
];
/// How keys begin, and how many characters follow at least.
const SHAPES: [(&str, usize); 15] = [
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-", 32),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("ghu_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("AIza", 35),
    ("hf_", 30),
    ("npm_", 36),
];

/// Keys that were kept by their names and handed to agents: no variable of ours has them.
static HANDED: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// From now on this is taken out of all words.
pub(crate) fn remember(key: &str) {
    HANDED.write().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
}

/// What has to be taken out at present.
#[derive(Clone, Default)]
pub struct Screen {
    /// The longest first: one may be the beginning of another.
    values: Vec<String>,
}

impl std::fmt::Debug for Screen {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("values", &self.values.len()).finish()
    }
}

impl Screen {
    /// The keys of all providers that are configured, as far as our environment has them.
    pub fn of(state: &State) -> Self {
        let providers = state.projects.values().flat_map(|project| project.team.providers.values());
        let named = providers.flat_map(|provider| match &provider.kind {
            ProviderKind::Native(model) => model.key_env.iter().map(String::as_str).collect(),
            ProviderKind::Claude(program) | ProviderKind::Codex(program) => {
                program.env.iter().chain(&program.key_env).map(String::as_str).collect()
            }
            ProviderKind::Acp(acp) => acp.env.iter().map(String::as_str).collect(),
            ProviderKind::Mailbox => Vec::new(),
        });
        let github = state.projects.values().filter_map(|project| project.team.github.as_ref());
        let named = named.chain(github.filter_map(|policy| policy.token.variable()));
        let names: BTreeSet<&str> = named.chain(USUAL).collect();
        let handed = HANDED.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self::with(names.into_iter().filter_map(|name| std::env::var(name).ok()).chain(handed))
    }

    fn with(values: impl Iterator<Item = String>) -> Self {
        let mut values: Vec<String> =
            values.filter(|value| value.trim().len() >= VALUE_BYTES_MIN).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// A text as it may be shown: without keys, and harmless to a terminal.
    pub fn text(&self, text: &str) -> String {
        neutral(&self.without_keys(text)).into_owned()
    }

    /// Every text in a JSON value as it may be shown, the keys of objects too.
    pub fn value(&self, value: Value) -> Value {
        each_text(value, &|text| self.text(&text))
    }

    /// An event as it may be recorded. Words of agents, programs and scripts lose their keys; the
    /// human's own words are recorded as they are.
    pub(crate) fn event(&self, event: Event) -> Event {
        let from_outside = matches!(
            event,
            Event::Said { .. }
                | Event::Called { .. }
                | Event::Exited { .. }
                | Event::Settled { .. }
                | Event::ResponseFound { .. }
                | Event::Connected { .. }
                | Event::IssueSeen { .. }
                | Event::PullSeen { .. }
        );
        if !from_outside {
            return event;
        }
        let Ok(value) = serde_json::to_value(&event) else { return event };
        let clean = each_text(value.clone(), &|text| match self.without_keys(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        });
        if clean == value {
            return event;
        }
        serde_json::from_value(clean).unwrap_or_else(|error| {
            tracing::error!("BUG: an event without its keys is none: {error}");
            event
        })
    }

    fn without_keys<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for value in &self.values {
            if clean.contains(value.as_str()) {
                clean = Cow::Owned(clean.replace(value.as_str(), HIDDEN));
            }
        }
        match clean {
            Cow::Borrowed(text) => without_shapes(text),
            Cow::Owned(text) => Cow::Owned(without_shapes(&text).into_owned()),
        }
    }
}

fn each_text(value: Value, change: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| each_text(item, change)).collect(),
        Value::Object(members) => {
            let clean = |(key, value): (String, Value)| (change(key), each_text(value, change));
            Value::Object(members.into_iter().map(clean).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// The text without the words that have the shape of a key.
fn without_shapes(text: &str) -> Cow<'_, str> {
    let ends_word = |c: char| !is_of_key(c);
    // By bytes, since texts of megabytes come by here: keys are ASCII, and so are their ends.
    if !text.as_bytes().split(|byte| !is_of_key(char::from(*byte))).any(may_have_shape) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        clean.push_str(if has_shape(word) { HIDDEN } else { word });
        clean.push_str(&piece[word.len()..]);
    }
    Cow::Owned(clean)
}

/// Whether it begins as keys do.
fn may_have_shape(word: &[u8]) -> bool {
    let fits = |(prefix, least): &(&str, usize)| {
        word.len() >= prefix.len() + least && word.starts_with(prefix.as_bytes())
    };
    SHAPES.iter().any(fits)
}

fn has_shape(word: &str) -> bool {
    let fits = |(prefix, least): &(&str, usize)| {
        word.strip_prefix(prefix).is_some_and(|rest| rest.len() >= *least)
    };
    SHAPES.iter().any(fits)
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crew_core::{RunId, Token, Words};
    use proptest::prelude::*;

    fn screen() -> Screen {
        Screen::with(
            ["hunter2hunter2", "hunter2hunter2-long", "short"].map(str::to_owned).into_iter(),
        )
    }

    #[test]
    fn keys_are_taken_out_and_nothing_else() {
        let check = |text: &str, expect: &str| assert_eq!(screen().text(text), expect, "{text:?}");
        check("the key is hunter2hunter2.", "the key is [hidden].");
        check("hunter2hunter2-long", "[hidden]");
        check("short words stay", "short words stay");
        let key = format!("sk-ant-{}", "a1B2".repeat(6));
        check(&format!("X-Api-Key: {key}\x1b[2J"), "X-Api-Key: [hidden]␛[2J");
        check(&format!("é{key}é {key}"), "é[hidden]é [hidden]");
        check(
            "task-ant-is-no-key-however-long-it-may-be-called",
            "task-ant-is-no-key-however-long-it-may-be-called",
        );
        check("sk-learn is a library", "sk-learn is a library");
        check(&"0123456789abcdef".repeat(3), &"0123456789abcdef".repeat(3));
        check(&format!("ghp_{}", "x".repeat(36)), "[hidden]");
        check("AKIAABCDEFGHIJKLMNOP", "[hidden]");
    }

    #[test]
    fn what_agents_say_is_recorded_without_keys_and_what_people_say_as_it_is() {
        let said = |text: &str| Event::Said {
            run: RunId(1),
            token: Token(1),
            offset: 7,
            words: Words::Responds { response: None, text: text.to_owned() },
        };
        assert_eq!(screen().event(said("it is hunter2hunter2")), said("it is [hidden]"));
        assert_eq!(screen().event(said("nothing \u{1b}")), said("nothing \u{1b}"));
        let text = "hunter2hunter2".to_owned();
        let human = Event::Remarked { task: crew_core::TaskId(1), from: "human".into(), text };
        assert_eq!(screen().event(human.clone()), human);
        assert!(!format!("{:?}", screen()).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_text_is_screened(text in "(sk-ant-|sk-|AKIA|[a-zA-Z0-9-]{16,40}|.|\\n){0,12}") {
            let once = screen().text(&text);
            prop_assert_eq!(screen().text(&once), once);
        }
    }
}
