//! What the stand-in for a model says to an agent that is tried, by what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crew_standin::{Reply, Request, Wire};
use serde_json::{Value, json};

use super::subject::Subject;

/// The task in which it works and asks.
pub(super) const WORKS: &str = "Work, and ask before you run a command";
/// The task in which it is interrupted, and goes on.
pub(super) const STOPS: &str = "Stop in the middle, and go on";
/// The file that it makes unasked.
pub(super) const MADE: &str = "made.txt";
/// The file that a command makes which is denied.
pub(super) const DENIED: &str = "denied.txt";
/// The file that a command makes which is allowed.
pub(super) const ALLOWED: &str = "allowed.txt";
/// The file that says that the command runs which is interrupted.
pub(super) const BEGUN: &str = "begun.txt";
/// What it says by a tool of ours.
pub(super) const SAID: &str = "said by a tool of Crewhouse";
/// What stands in a request after tools were looked for.
const SEARCHED: &str = "tool_search_output";
/// What stands in the prompt of an agent whose conversation goes on.
const GOES_ON: &str = "You were interrupted";

/// What the stand-in was asked so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// It was asked at all.
    pub(super) began: AtomicBool,
    /// The agent was interrupted; set by who does that.
    pub(super) interrupted: AtomicBool,
    /// It was asked again after that.
    pub(super) came_back: AtomicBool,
    /// And knew what was said before.
    pub(super) went_on: AtomicBool,
}

/// An answer to each request.
pub(super) fn model(
    subject: Subject,
    seen: &Arc<Seen>,
) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let seen = Arc::clone(seen);
    move |request| answer(&subject, &seen, request).usage(1000, 0, 100)
}

fn answer(subject: &Subject, seen: &Seen, request: &Request) -> Reply {
    if is_aside(subject.wire, request) {
        return Reply::text("A title");
    }
    seen.began.store(true, Ordering::SeqCst);
    let asked = asked(subject.wire, request);
    let results = asked.matches(result_of(subject.wire)).count();
    let is_over = || Reply::text("DONE: tried it");
    if asked.contains(STOPS) {
        if seen.interrupted.load(Ordering::SeqCst) {
            seen.came_back.store(true, Ordering::SeqCst);
            seen.went_on.store(asked.contains(GOES_ON), Ordering::SeqCst);
            return is_over();
        }
        let sleeps = format!("sh -c 'echo begun > {BEGUN}; sleep 3600'");
        return if results == 0 { (subject.runs)(&sleeps) } else { is_over() };
    }
    let makes = |name: &str| (subject.runs)(&format!("sh -c 'echo made > {name}'"));
    match results {
        0 => (subject.writes)(MADE),
        1 => makes(DENIED),
        2 => makes(ALLOWED),
        3 => match tool_of_ours(&request.body) {
            Some(name) => Reply::tool(name, json!({"text": SAID})),
            // Codex offers tools of servers when they are looked for.
            None if subject.wire == Wire::OpenAiResponses && !asked.contains(SEARCHED) => {
                Reply::tool("tool_search", json!({"query": "crew comment"}))
            }
            None => is_over(),
        },
        _ => is_over(),
    }
}

/// A title, a route: what an agent asks its model besides.
fn is_aside(wire: Wire, request: &Request) -> bool {
    let tools = match wire {
        Wire::Gemini => &request.body["tools"][0]["functionDeclarations"],
        Wire::Anthropic | Wire::OpenAi | Wire::OpenAiResponses | Wire::Ollama => {
            &request.body["tools"]
        }
    };
    tools.as_array().is_none_or(Vec::is_empty)
}

/// What was said to the model, as text.
fn asked(wire: Wire, request: &Request) -> String {
    let said = match wire {
        Wire::Gemini => &request.body["contents"],
        Wire::OpenAiResponses => &request.body["input"],
        Wire::Anthropic | Wire::OpenAi | Wire::Ollama => &request.body["messages"],
    };
    said.to_string()
}

/// What stands in a request for each result of a tool.
fn result_of(wire: Wire) -> &'static str {
    match wire {
        Wire::Gemini => "\"functionResponse\"",
        Wire::Anthropic => "\"tool_result\"",
        Wire::OpenAiResponses => "_call_output\"",
        Wire::OpenAi | Wire::Ollama => "\"role\":\"tool\"",
    }
}

/// The name by which an agent offers its model a tool of ours.
fn tool_of_ours(request: &Value) -> Option<&str> {
    const TOOL: &str = "comment";
    let (offered, found) = (names(&request["tools"]), names(&request["input"]));
    offered
        .chain(found)
        .find(|name| *name == TOOL || (name.ends_with(TOOL) && name.contains("crew")))
}

/// All that is called `name`, at any depth.
fn names(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Object(fields) => Box::new(fields.iter().flat_map(|(key, value)| {
            let own = (key == "name").then(|| value.as_str()).flatten();
            own.into_iter().chain(names(value))
        })),
        Value::Array(items) => Box::new(items.iter().flat_map(names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Box::new(std::iter::empty())
        }
    }
}
