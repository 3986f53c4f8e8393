//! `crew diff`: what a task changes.

use crew_core::TaskId;
use crew_server::wire::{ChangedFile, TaskDiff};

use crate::client::Client;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Shows what a task changes, compared with where it began; what landed, if it has.
pub(super) async fn run(context: &Context, task: TaskId, stat: bool) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let diff = of_task(&client, task.0).await?;
    if context.out.json {
        context.out.document(&diff)?;
        return Ok(Exit::Ok);
    }
    if stat || diff.files.is_empty() {
        files(&diff).iter().try_for_each(|line| context.out.line(line))?;
        return Ok(Exit::Ok);
    }
    changes(&diff).iter().try_for_each(|line| context.out.line(line))?;
    Ok(Exit::Ok)
}

pub(super) async fn of_task(client: &Client, task: u64) -> Result<TaskDiff, CliError> {
    client.get(&format!("/api/tasks/{task}/diff")).await
}

/// A line for each file.
pub(super) fn files(diff: &TaskDiff) -> Vec<String> {
    if diff.files.is_empty() {
        return vec!["nothing is changed".to_owned()];
    }
    let count = |sign: &str, lines: Option<u64>| match lines {
        Some(lines) => format!("{sign}{}", text::count(lines)),
        None => "binary".to_owned(),
    };
    let row = |file: &ChangedFile| {
        vec![
            file.kind.clone(),
            style(Style::Good, &count("+", file.added)),
            style(Style::Bad, &count("-", file.removed)),
            file.path.clone(),
        ]
    };
    text::table(&diff.files.iter().map(row).collect::<Vec<_>>())
}

/// The unified diff.
pub(super) fn changes(diff: &TaskDiff) -> Vec<String> {
    let mut lines: Vec<String> = diff.text.lines().map(line).collect();
    if diff.truncated {
        lines.push(style(Style::Dim, "it is longer than this; `git diff` has all of it"));
    }
    lines
}

fn line(line: &str) -> String {
    let is_head = ["diff ", "index ", "--- ", "+++ "].iter().any(|head| line.starts_with(head));
    match line.chars().next() {
        _ if is_head => style(Style::Bold, line),
        Some('+') => style(Style::Good, line),
        Some('-') => style(Style::Bad, line),
        Some('@') => style(Style::Dim, line),
        Some(_) | None => line.to_owned(),
    }
}
