//! Whether an agent still does anything new, or goes round in circles.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crew_agent::AgentEvent;
use serde_json::Value;

/// Uses of tools that are remembered; then it begins anew.
const KNOWN_MAX: usize = 10_000;
/// A tool's use is named up to this length, in characters.
const WHAT_CHARS_MAX: usize = 200;

/// Agents of an agent whose uses are told apart; then all of theirs begin anew.
const SUBAGENTS_MAX: usize = 100;

/// The uses of tools of one start of an agent, and of each agent that it has started.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    own: Circle,
    /// By the call that started each. Several of them read the same files, and none goes in circles.
    subagents: BTreeMap<String, Circle>,
}

impl Rounds {
    /// Takes in what an agent says. After a use of a tool that was made before with the same result:
    /// how many of these were made in a row, and the last of them.
    pub(crate) fn hear(&mut self, event: &AgentEvent) -> Option<(u32, String)> {
        let AgentEvent::Subagent { call, event } = event else { return self.own.hear(event) };
        if self.subagents.len() >= SUBAGENTS_MAX && !self.subagents.contains_key(call) {
            self.subagents.clear();
        }
        self.subagents.entry(call.clone()).or_default().hear(event)
    }
}

/// The uses of tools of one who uses them.
#[derive(Debug, Default)]
struct Circle {
    /// Calls without a result yet, by their id.
    open: BTreeMap<String, (u64, String)>,
    /// Calls with their results that were seen before.
    known: BTreeSet<u64>,
    /// So many in a row were seen before.
    stale: u32,
}

impl Circle {
    fn hear(&mut self, event: &AgentEvent) -> Option<(u32, String)> {
        match event {
            AgentEvent::ToolCall { id, name, input } => {
                if self.open.len() >= KNOWN_MAX {
                    self.open.clear();
                }
                let call = (digest(&(name, input.to_string())), shown(name, input));
                self.open.insert(id.clone(), call);
                None
            }
            AgentEvent::ToolResult { id, ok, output } => {
                let (call, what) = self.open.remove(id)?;
                if self.known.len() >= KNOWN_MAX {
                    self.known.clear();
                }
                let is_new = self.known.insert(digest(&(call, ok, output)));
                self.stale = if is_new { 0 } else { self.stale + 1 };
                (!is_new).then_some((self.stale, what))
            }
            _ => None,
        }
    }
}

fn digest(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

fn shown(name: &str, input: &Value) -> String {
    let whole = format!("{name} {input}");
    let mut shown: String = whole.chars().take(WHAT_CHARS_MAX).collect();
    if shown.len() < whole.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_done_before_with_the_same_result_is_counted_until_something_is_new() {
        let mut rounds = Rounds::default();
        let mut id = 0;
        let mut uses = |command: &str, output: &str| {
            id += 1;
            let (id, name) = (id.to_string(), "shell".to_owned());
            let input = json!({ "command": command });
            rounds.hear(&AgentEvent::ToolCall { id: id.clone(), name, input });
            let output = output.to_owned();
            let heard = rounds.hear(&AgentEvent::ToolResult { id, ok: true, output });
            heard.map(|(times, _)| times)
        };
        assert_eq!(uses("make", "red"), None);
        assert_eq!(uses("make", "red"), Some(1));
        assert_eq!(uses("ls", "a b"), None, "something new");
        assert_eq!(uses("make", "red"), Some(1));
        assert_eq!(uses("ls", "a b"), Some(2), "two that take turns are a circle too");
        assert_eq!(uses("make", "green"), None, "the same with another result is new");
    }

    #[test]
    fn an_agent_of_an_agent_goes_in_circles_of_its_own() {
        let mut rounds = Rounds::default();
        let mut uses = |who: &str, number: u32| {
            let (id, name) = (format!("{who} {number}"), "read".to_owned());
            let input = json!({ "path": "a.rs" });
            let output = "text".to_owned();
            let within =
                |event| AgentEvent::Subagent { call: who.to_owned(), event: Box::new(event) };
            rounds.hear(&within(AgentEvent::ToolCall { id: id.clone(), name, input }));
            let heard = rounds.hear(&within(AgentEvent::ToolResult { id, ok: true, output }));
            heard.map(|(times, _)| times)
        };
        assert_eq!(uses("one", 1), None);
        assert_eq!(uses("other", 1), None, "what another one did before");
        assert_eq!(uses("one", 2), Some(1));
        assert_eq!(uses("one", 3), Some(2));
        assert_eq!(uses("other", 2), Some(1));
    }
}
