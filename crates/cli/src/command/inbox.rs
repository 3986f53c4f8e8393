//! `crew inbox`: what waits for the human.

use crew_server::wire::{Inbox, InboxItem, InboxKind};

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Shows what waits, what unblocks most first.
pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let mut inbox: Inbox = client.get("/api/inbox").await?;
    if let Some(project) = context.project_if_any(&client).await? {
        inbox.items.retain(|item| item.project == project.id);
    }
    if context.out.json {
        context.out.document(&inbox)?;
    } else if inbox.items.is_empty() {
        context.out.line("nothing waits for you")?;
    }
    if !context.out.json {
        for line in inbox.items.iter().flat_map(lines) {
            context.out.line(line)?;
        }
    }
    Ok(Exit::Ok)
}

/// What an item says, and what to type.
pub(super) fn lines(item: &InboxItem) -> Vec<String> {
    about(item).into_iter().chain([how(item)]).collect()
}

/// What an item says.
pub(super) fn about(item: &InboxItem) -> Vec<String> {
    let task = item.task;
    let kind = match item.kind {
        InboxKind::Ask => format!("{} asks", item.from),
        InboxKind::Approval => "approval".to_owned(),
        InboxKind::Stuck => "stuck".to_owned(),
        InboxKind::Held => "held".to_owned(),
    };
    let title = text::cut(&item.title, 80);
    let head = format!("{} {kind} · {title} · {}", style(Style::Bold, &id(item)), item.stage);
    let mut lines = vec![head];
    lines.extend(item.text.lines().map(|line| format!("    {line}")));
    let options = item.options.iter().zip(1..);
    lines.extend(options.map(|(option, number)| format!("    {number}  {option}")));
    if let Some(about) = &item.about {
        lines.push(format!("    --always task|role remembers {}", text::cut(about, 200)));
    }
    if let Some(expires) = item.expires {
        lines.push(format!("    denied by itself {}", text::date(expires)));
    }
    if let Some(commit) = &item.commit {
        lines.push(format!("    commit {commit} on crew/{task}"));
    }
    if item.unblocks > 1 {
        lines.push(format!("    {} tasks can go on then", item.unblocks));
    }
    lines
}

/// What to type.
fn how(item: &InboxItem) -> String {
    let how = match (item.ask, item.kind) {
        (Some(ask), _) => format!("crew answer a{ask} …"),
        (None, InboxKind::Held) => {
            format!("crew task show {0}, or crew task resume {0}", item.task)
        }
        (None, _) => {
            format!("crew diff {0}, then crew approve {0}, or crew reject {0} …", item.task)
        }
    };
    style(Style::Dim, &format!("    {how}"))
}

fn id(item: &InboxItem) -> String {
    match item.ask {
        Some(ask) => format!("a{ask} (#{})", item.task),
        None => format!("#{}", item.task),
    }
}
