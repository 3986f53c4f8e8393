//! Calls of tools. Agents tell of one in pieces: that there is one, with what, how it goes, what
//! came of it. It is told once when all that it is called with is known, and once when it is over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crew_core::about::About;
use serde_json::{Map, Value, json};

use super::wire::ToolCall;
use crate::desk::Tool;
use crate::desk::mcp::SERVER;
use crate::event::AgentEvent;
use crate::keep::{OUTPUT_CHARS_MAX, shorten};

/// A title is shown up to this length, in characters; what it is made of is shown below it.
const TITLE_CHARS_MAX: usize = 200;
/// Calls that are remembered.
const CALLS_MAX: usize = 256;

/// The calls of a conversation.
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<String, Call>);

/// What is known of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    stage: Stage,
    name: Option<String>,
    title: String,
    kind: String,
    input: Value,
    content: Vec<Value>,
    files: Vec<PathBuf>,
    /// What a command printed, where it comes in pieces.
    printed: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// More may be said about what it is called with.
    #[default]
    New,
    /// It was told.
    Told,
    /// It is over.
    Over,
}

impl Calls {
    /// Takes in news of a call, and gives what is to be told of it now.
    pub(super) fn news(&mut self, news: ToolCall) -> Vec<AgentEvent> {
        let (id, status) = (news.id.clone(), news.status.clone());
        let output = news.raw_output.clone();
        let call = self.take_in(news);
        let mut events = Vec::new();
        match (call.stage, status.as_deref()) {
            (Stage::Over, _) => {}
            (stage, Some(status @ ("completed" | "failed"))) => {
                events.extend((stage == Stage::New).then(|| call.called(&id)));
                let output = shorten(&call.output(&output), OUTPUT_CHARS_MAX);
                events.push(AgentEvent::ToolResult { id, ok: status == "completed", output });
                call.stage = Stage::Over;
            }
            (Stage::New, Some("in_progress")) if call.says_what() => {
                events.push(call.called(&id));
                call.stage = Stage::Told;
            }
            (Stage::New | Stage::Told, _) => {}
        }
        events
    }

    /// Something else goes on: what is known of the calls so far is all that they are called with.
    pub(super) fn settle(&mut self, except: Option<&str>) -> Vec<AgentEvent> {
        let others = self.0.iter_mut().filter(|(id, _)| Some(id.as_str()) != except);
        let new = others.filter(|(_, call)| call.stage == Stage::New && call.says_what());
        let told = new.map(|(id, call)| {
            call.stage = Stage::Told;
            call.called(id)
        });
        told.collect()
    }

    /// The call that a permission is asked for, with all that was said about it before.
    pub(super) fn asked(&mut self, news: ToolCall) -> (Call, Option<AgentEvent>) {
        let id = news.id.clone();
        let call = self.take_in(news);
        let event = (call.stage == Stage::New).then(|| call.called(&id));
        if event.is_some() {
            call.stage = Stage::Told;
        }
        (call.clone(), event)
    }

    fn take_in(&mut self, news: ToolCall) -> &mut Call {
        if self.0.len() >= CALLS_MAX && !self.0.contains_key(&news.id) {
            self.0.retain(|_, call| call.stage != Stage::Over);
        }
        if self.0.len() >= CALLS_MAX {
            self.0.clear();
        }
        let call = self.0.entry(news.id.clone()).or_default();
        call.take_in(news);
        call
    }
}

impl Call {
    fn take_in(&mut self, news: ToolCall) {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let claude = news.meta.pointer("/claudeCode/toolName").and_then(Value::as_str);
        let name = given(news.name).or_else(|| claude.map(str::to_owned));
        self.name = name.or_else(|| self.name.take());
        self.title = given(news.title).unwrap_or_else(|| std::mem::take(&mut self.title));
        self.kind = given(news.kind).unwrap_or_else(|| std::mem::take(&mut self.kind));
        if is_something(&news.raw_input) {
            self.input = news.raw_input;
        }
        if let Some(content) = news.content.filter(|content| !content.is_empty()) {
            self.content = content;
        }
        if let Some(files) = news.locations.filter(|files| !files.is_empty()) {
            self.files = files.into_iter().map(|file| file.path).collect();
        }
        let printed = news.meta.pointer("/terminal_output_delta/data").and_then(Value::as_str);
        if self.printed.len() < OUTPUT_CHARS_MAX {
            self.printed.push_str(printed.unwrap_or_default());
        }
    }

    /// Whether it is known what it is called with.
    fn says_what(&self) -> bool {
        is_something(&self.input) || self.diffs().next().is_some() || !self.files.is_empty()
    }

    fn called(&self, id: &str) -> AgentEvent {
        let (id, name) = (id.to_owned(), self.tool().to_owned());
        AgentEvent::ToolCall { id, name, input: self.shown_input() }
    }

    /// `read`, `edit`, `shell` and so on, or what the agent calls it.
    fn tool(&self) -> &str {
        match (&self.name, self.kind.as_str()) {
            (Some(name), _) => name,
            (None, "execute") => "shell",
            (None, "" | "other") => &self.title,
            (None, kind) => kind,
        }
    }

    /// What it is called with, or all else that says what it will do.
    fn shown_input(&self) -> Value {
        let mut shown = match &self.input {
            Value::Object(fields) if !fields.is_empty() => return Value::Object(fields.clone()),
            Value::Null | Value::Object(_) => Map::new(),
            other => Map::from_iter([("input".to_owned(), other.clone())]),
        };
        shown.insert("title".to_owned(), json!(self.title));
        let changes: Vec<&Value> = self.diffs().collect();
        if !changes.is_empty() {
            shown.insert("changes".to_owned(), json!(changes));
        }
        if !self.files.is_empty() {
            shown.insert("files".to_owned(), json!(self.files));
        }
        Value::Object(shown)
    }

    /// What a human has to know to say yes: what it is called, what with, what it changes.
    pub(super) fn question(&self) -> (String, Value) {
        let what = match self.kind.as_str() {
            "execute" => "run a command".to_owned(),
            "edit" => "change files".to_owned(),
            "delete" => "delete files".to_owned(),
            "move" => "move files".to_owned(),
            "read" => "read files".to_owned(),
            "search" => "search".to_owned(),
            "fetch" => "fetch something from the network".to_owned(),
            _ => format!("use {}", self.tool()),
        };
        let mut details = self.shown_input();
        if let (Value::Object(fields), true) = (&mut details, self.diffs().next().is_some()) {
            fields.insert("changes".to_owned(), json!(self.changes()));
        }
        (format!("May it {what}? {}", shorten(&self.title, TITLE_CHARS_MAX)), details)
    }

    /// What it wants to do, as far as that is said in data: titles are words.
    pub(super) fn about(&self) -> Option<About<String>> {
        let named = |name: &str| self.input.get(name)?.as_str();
        let files = || {
            let changed = self.diffs().filter_map(|diff| diff.get("path")?.as_str());
            let files = self.files.iter().filter_map(|file| file.to_str());
            changed.chain(files).map(str::to_owned).collect::<Vec<_>>()
        };
        let tool = self.tool();
        Some(match self.kind.as_str() {
            "execute" => {
                let place = named("cwd").or(named("workdir")).or(named("directory"));
                About::run(tool, named("command")?, place)
            }
            "edit" | "delete" | "move" => About::change(tool, files()),
            "read" | "search" => About::look(tool, files()),
            _ if is_something(&self.input) => About::other(tool, self.input.to_string()),
            _ => return None,
        })
    }

    /// Whether it is a tool of ours: each agent has its own way to name what a server offers.
    pub(super) fn is_ours(&self) -> bool {
        let is_named = |name: &str| {
            Tool::ALL.into_iter().map(Tool::name).any(|tool| {
                let joined = ["mcp__crew__", "mcp_crew_", "crew_", "crew/", "crew: ", "crew."];
                let is_joined = joined.iter().any(|begin| name.strip_prefix(begin) == Some(tool));
                is_joined || name.starts_with(&format!("{tool} ({SERVER} MCP Server)"))
            })
        };
        matches!(self.kind.as_str(), "" | "other")
            && is_named(self.name.as_ref().unwrap_or(&self.title))
            || self.is_ours_by_codex()
    }

    /// The adapter of Codex shows a tool of a server as it shows a command, but not with one.
    fn is_ours_by_codex(&self) -> bool {
        let Some(input) = self.input.as_object().filter(|input| input.len() == 3) else {
            return false;
        };
        let text = |key: &str| input.get(key).and_then(Value::as_str);
        let tool = text("tool").filter(|tool| Tool::ALL.into_iter().any(|it| it.name() == *tool));
        self.kind == "execute"
            && text("server") == Some(SERVER)
            && input.contains_key("arguments")
            && tool.is_some_and(|tool| self.title == format!("mcp.{SERVER}.{tool}"))
    }

    /// Whether all that it does is to change files below a directory.
    pub(super) fn only_changes_below(&self, directory: &Path) -> bool {
        let changed = self.diffs().filter_map(|diff| diff.get("path")?.as_str().map(Path::new));
        let mut files: Vec<&Path> =
            self.files.iter().map(PathBuf::as_path).chain(changed).collect();
        files.dedup();
        let is_below = |file: &&Path| {
            let has_parents = file.components().any(|part| part == std::path::Component::ParentDir);
            file.starts_with(directory) && !has_parents
        };
        matches!(self.kind.as_str(), "edit" | "delete" | "move")
            && !files.is_empty()
            && files.iter().all(is_below)
    }

    fn diffs(&self) -> impl Iterator<Item = &Value> {
        self.content.iter().filter(|item| item.get("type").is_some_and(|it| it == "diff"))
    }

    /// The changes of files, as text.
    fn changes(&self) -> String {
        self.diffs().map(change).collect::<Vec<_>>().join("\n")
    }

    /// What came of it: the changes of files, and what the tool said.
    fn output(&self, raw: &Value) -> String {
        let texts = self.content.iter().filter_map(|item| item.pointer("/content/text")?.as_str());
        let texts = texts.collect::<Vec<_>>().join("\n");
        let raw_text = |key: &str| raw.get(key).and_then(Value::as_str);
        let named = || ["output", "aggregated_output", "formatted_output", "error"].into_iter();
        let said = match raw {
            Value::String(text) => text.clone(),
            _ if !texts.is_empty() => texts,
            _ if !self.printed.is_empty() => self.printed.clone(),
            _ => named().find_map(raw_text).unwrap_or_default().to_owned(),
        };
        let changes = self.changes();
        let parts = [changes.trim_end(), said.trim_end()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => true,
    }
}

/// One change of a file: its lines that are no more, and those that are new, without what stays at
/// the beginning and the end.
fn change(diff: &Value) -> String {
    let text = |key: &str| diff.get(key).and_then(Value::as_str).unwrap_or_default();
    let (old, new): (Vec<&str>, Vec<&str>) =
        (text("oldText").lines().collect(), text("newText").lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(same..).unwrap_or(&[]), new.get(same..).unwrap_or(&[]));
    let ends = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let mut shown = text("path").to_owned();
    for (sign, lines) in [('-', old), ('+', new)] {
        for line in lines.iter().take(lines.len() - ends) {
            write!(shown, "\n{sign}{line}").ok();
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_by_its_lines() {
        let check = |old: Value, new: &str, expect: &str| {
            let diff = json!({"type": "diff", "path": "a.rs", "oldText": old, "newText": new});
            assert_eq!(change(&diff), expect);
        };
        check(Value::Null, "one\ntwo\n", "a.rs\n+one\n+two");
        check(json!("a\nb\nc\n"), "a\nx\nc\n", "a.rs\n-b\n+x");
        check(json!("a\na\n"), "a\n", "a.rs\n-a");
        check(json!("same"), "same", "a.rs");
    }

    fn call(kind: &str, files: &[&str]) -> Call {
        let files = files.iter().map(PathBuf::from).collect();
        Call { kind: kind.into(), files, ..Call::default() }
    }

    #[test]
    fn only_changes_in_the_worktree_are_changes_in_the_worktree() {
        let check = |kind: &str, files: &[&str], expect: bool| {
            assert_eq!(call(kind, files).only_changes_below(Path::new("/w")), expect, "{files:?}");
        };
        check("edit", &["/w/a"], true);
        check("edit", &["/w/a", "/w/b/c"], true);
        check("edit", &[], false);
        check("edit", &["/w/a", "/x"], false);
        check("edit", &["/w/../x"], false);
        check("edit", &["a"], false);
        check("execute", &["/w/a"], false);
        check("read", &["/w/a"], false);
    }
}
