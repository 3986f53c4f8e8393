//! `crew asks`: the answers that are remembered.

use crew_core::AskId;
use crew_server::wire::{Nothing, Receipt, Remembered, RememberedAnswers};

use crate::args::Asks;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Lists them, or takes one back.
pub(super) async fn run(context: &Context, command: Asks) -> Result<Exit, CliError> {
    match command {
        Asks::List => list(context).await,
        Asks::Forget { ask } => forget(context, ask).await,
    }
}

async fn list(context: &Context) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let mut known: RememberedAnswers = client.get("/api/asks/remembered").await?;
    if let Some(project) = context.project_if_any(&client).await? {
        known.items.retain(|item| item.project == project.id);
    }
    if context.out.json {
        context.out.document(&known)?;
        return Ok(Exit::Ok);
    }
    if known.items.is_empty() {
        context.out.line("nothing is remembered")?;
        return Ok(Exit::Ok);
    }
    let head = ["ask", "answer", "to", "in", "about"];
    let mut rows = vec![head.map(|name| style(Style::Bold, name)).to_vec()];
    rows.extend(known.items.iter().map(row));
    for line in text::table(&rows) {
        context.out.line(line)?;
    }
    Ok(Exit::Ok)
}

fn row(known: &Remembered) -> Vec<String> {
    let task = known.task.map_or_else(|| "all tasks".to_owned(), |task| format!("#{task}"));
    vec![
        format!("a{}", known.ask),
        known.answer.word().to_owned(),
        known.role.clone(),
        task,
        text::cut(&known.about, 120),
    ]
}

async fn forget(context: &Context, ask: AskId) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let path = format!("/api/asks/{}/forget", ask.0);
    let receipt: Receipt = client.post(&path, &Nothing {}).await?;
    context.out.either(&receipt, format!("what {ask} was about is asked again"))?;
    Ok(Exit::Ok)
}
