//! `crew log`: what an agent said and did.

use crew_core::{RunId, TaskId};
use crew_server::wire::{LogLine, Task};
use serde_json::Value;

use crate::client::Client;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// How much of a tool's result is shown, in lines.
const RESULT_LINES: usize = 6;

/// Shows the log of a run, or of the newest run of a task.
pub(super) async fn run(
    context: &Context,
    what: &str,
    follow: bool,
    raw: bool,
) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let run = run_of(&client, what).await?;
    let switch = |on: bool| u8::from(on).to_string();
    let query = [("follow", switch(follow)), ("raw", switch(raw))];
    let mut stream = client.stream(&format!("/api/runs/{}/log", run.0), &query).await?;
    if raw {
        while let Some(portion) = stream.next().await? {
            context.out.bytes(&portion)?;
        }
        return Ok(Exit::Ok);
    }
    let mut start = 1;
    while let Some(line) = stream.next_line::<LogLine>().await? {
        if context.out.json {
            context.out.json_line(&line)?;
            continue;
        }
        if line.start != start {
            start = line.start;
            context.out.line(style(Style::Dim, &format!("── start {start} of {run} ──")))?;
        }
        for text in lines(&line.event) {
            context.out.line(text)?;
        }
    }
    Ok(Exit::Ok)
}

async fn run_of(client: &Client, what: &str) -> Result<RunId, CliError> {
    if what.starts_with('r') {
        return what.parse().map_err(|_| not_understood(what));
    }
    let id: TaskId = what.parse().map_err(|_| not_understood(what))?;
    let task: Task = client.get(&format!("/api/tasks/{}", id.0)).await?;
    let newest = task.runs.iter().rev().find(|run| run.starts > 0).or(task.runs.last());
    newest.map(|run| RunId(run.id)).ok_or_else(|| {
        CliError::new(Exit::Refused, format!("no agent has worked on {id} yet"))
            .hint("`crew task show` says what it waits for")
    })
}

fn not_understood(what: &str) -> CliError {
    CliError::new(Exit::Usage, format!("`{what}` is neither a run nor a task"))
        .hint("name a run as r34, or a task by its number")
}

/// One event, for people.
pub(super) fn lines(event: &Value) -> Vec<String> {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "text" => text("text").lines().map(str::to_owned).collect(),
        "done" => {
            let mark = |line: &str| style(Style::Good, line);
            text("text").lines().map(mark).collect()
        }
        "thinking" => dim(&format!("thinking: {}", text::cut(text("text"), 120))),
        "session" => dim(&format!("session {} with {}", text("id"), text("model"))),
        "tool_call" => {
            let input = event.get("input").map(ToString::to_string).unwrap_or_default();
            vec![format!("{} {}", style(Style::Bold, text("name")), text::cut(&input, 160))]
        }
        "tool_result" => result(event, text("output")),
        "ask" => vec![style(Style::Warn, &format!("asks: {}", text("text")))],
        "limit" => vec![style(Style::Warn, &format!("limited: {}", text("message")))],
        "error" => vec![style(Style::Bad, &format!("error: {}", text("message")))],
        "noise" | "notice" => dim(text("text")),
        "retry" => dim(&format!("tries again: {}", text("message"))),
        "compacted" => dim("its conversation was compacted"),
        "took_in" => dim("heard what was said to it"),
        "set_up" => dim(&format!("set-up: {}", text("text"))),
        "usage" | "context" => Vec::new(),
        _ => dim(&event.to_string()),
    }
}

fn result(event: &Value, output: &str) -> Vec<String> {
    let ok = event.get("ok").and_then(Value::as_bool).unwrap_or_default();
    let count = output.lines().count();
    let mut lines: Vec<String> = output
        .lines()
        .take(RESULT_LINES)
        .map(|line| style(if ok { Style::Dim } else { Style::Bad }, &format!("  {line}")))
        .collect();
    if count > RESULT_LINES {
        let more = count - RESULT_LINES;
        lines.push(style(Style::Dim, &format!("  … {more} more lines (--json has them)")));
    }
    lines
}

fn dim(text: &str) -> Vec<String> {
    vec![style(Style::Dim, text)]
}
