//! Which words of tasks, entries of the journal and lines of logs can be found.

use crew_core::task::Task;
use crew_core::{Event, RunId, State, TaskId, Time};
use crew_engine::Screen;
use crew_store::{Document, DocumentKind, Entry};
use serde_json::Value;

use super::Speaker;
use crate::wire::JournalEntry;

/// Of one text so many characters can be found.
const CHARS_MAX: usize = 8_000;
/// The keys of what people, programs and agents say, in entries of the journal.
const SAID: [&str; 9] =
    ["text", "why", "message", "summary", "output", "evidence", "how", "what", "files"];
/// The keys of what a tool is used on.
const ON_WHAT: [&str; 8] =
    ["path", "file_path", "command", "pattern", "query", "url", "description", "prompt"];

/// What a task says.
pub(super) fn of_task(task: &Task, screen: &Screen) -> Document {
    let text = std::iter::once(task.body.as_str()).chain(task.criteria.iter().map(String::as_str));
    Document {
        kind: DocumentKind::Task,
        project: Some(task.project),
        task: Some(task.id),
        run: None,
        place: None,
        at: task.added_at,
        who: None,
        title: screen.text(&task.title),
        text: bounded(&screen.text(text.collect::<Vec<_>>().join("\n").trim())),
    }
}

/// What an entry of the journal says. What agents said is in their logs, and what tasks say is
/// found as it is now.
pub(super) fn of_entry(entry: &Entry, state: &State, screen: &Screen) -> Option<Document> {
    let is_elsewhere = matches!(
        entry.body,
        Event::Said { .. }
            | Event::TaskAdded { .. }
            | Event::TaskEdited { .. }
            | Event::TeamLoaded { .. }
            | Event::ProjectAdded { .. }
    );
    if is_elsewhere {
        return None;
    }
    let entry = JournalEntry::from(entry);
    let mut words = Vec::new();
    gather(&entry.body, &mut words);
    let text = words.join("\n");
    if text.trim().is_empty() {
        return None;
    }
    let number = |key: &str| entry.body.get(key).and_then(Value::as_u64);
    let run = number("run").and_then(|run| state.runs.get(&RunId(run)));
    let noted = entry.notes.iter().find_map(crate::wire::Note::task);
    let task = number("task").or(run.map(|run| run.task.0)).or(noted).map(TaskId);
    let project = task.and_then(|task| state.tasks.get(&task)).map(|task| task.project);
    let from = entry.body.get("from").and_then(Value::as_str).map(str::to_owned);
    let by_hand = matches!(entry.event.as_str(), "answered" | "rejected" | "approved");
    let is_remark = matches!(entry.event.as_str(), "remarked" | "called");
    Some(Document {
        kind: if is_remark { DocumentKind::Remark } else { DocumentKind::Journal },
        project,
        task,
        run: run.map(|run| run.id),
        place: None,
        at: Time(entry.at),
        who: from.or(run.map(|run| run.role.to_string())).or(by_hand.then(|| "human".to_owned())),
        title: String::new(),
        text: bounded(&screen.text(&text)),
    })
}

/// The texts under the keys of what is said.
fn gather(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if SAID.contains(&key.as_str()) {
                    texts(value, words);
                } else {
                    gather(value, words);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn texts(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, words)),
        Value::Object(_) => gather(value, words),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What an agent said, or what it used a tool on. What tools gave back is too much.
pub(super) fn of_event(
    speaker: &Speaker,
    place: String,
    event: &Value,
    screen: &Screen,
) -> Option<Document> {
    let text = match event["type"].as_str()? {
        "text" | "thinking" | "done" | "ask" => event["text"].as_str()?.to_owned(),
        "error" | "limit" => event["message"].as_str()?.to_owned(),
        "tool_call" => used(event)?,
        _ => return None,
    };
    if text.trim().is_empty() {
        return None;
    }
    Some(Document {
        kind: DocumentKind::Said,
        project: Some(speaker.project),
        task: Some(speaker.task),
        run: Some(speaker.run),
        place: Some(place),
        at: speaker.at,
        who: Some(speaker.role.to_string()),
        title: String::new(),
        text: bounded(&screen.text(&text)),
    })
}

fn used(event: &Value) -> Option<String> {
    let on = ON_WHAT.iter().filter_map(|key| event["input"][key].as_str());
    let words: Vec<&str> = event["name"].as_str().into_iter().chain(on).collect();
    (words.len() > 1).then(|| words.join(" "))
}

fn bounded(text: &str) -> String {
    text.chars().take(CHARS_MAX).collect()
}
