//! `crew answer`, `crew approve`, `crew reject`: what the human decides.

use crew_core::{AskId, TaskId};
use crew_server::wire::{Answer, Approve, Reach, Receipt, Reject};

use super::text_argument;
use crate::args::Always;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// Answers an ask.
pub(super) async fn answer(
    context: &Context,
    ask: AskId,
    text: String,
    always: Option<Always>,
) -> Result<Exit, CliError> {
    let text = text_argument(text)?;
    let always = always.map(|always| match always {
        Always::Task => Reach::Task,
        Always::Role => Reach::Role,
    });
    let client = context.daemon().await?;
    let path = format!("/api/asks/{}/answer", ask.0);
    let receipt: Receipt = client.post(&path, &Answer { text, always }).await?;
    let done = match always {
        None => format!("{ask} is answered"),
        Some(_) => {
            format!("{ask} is answered, and is not asked again; crew asks forget {ask} ends that")
        }
    };
    context.out.either(&receipt, done)?;
    Ok(Exit::Ok)
}

/// Says yes at a gate.
pub(super) async fn approve(
    context: &Context,
    task: TaskId,
    commit: Option<String>,
) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let path = format!("/api/tasks/{}/approve", task.0);
    let receipt: Receipt = client.post(&path, &Approve { commit }).await?;
    context.out.either(&receipt, format!("{task} is approved"))?;
    Ok(Exit::Ok)
}

/// Says no at a gate.
pub(super) async fn reject(context: &Context, task: TaskId, why: String) -> Result<Exit, CliError> {
    let why = text_argument(why)?;
    let client = context.daemon().await?;
    let path = format!("/api/tasks/{}/reject", task.0);
    let receipt: Receipt = client.post(&path, &Reject { why }).await?;
    context.out.either(&receipt, format!("{task} is sent back"))?;
    Ok(Exit::Ok)
}
