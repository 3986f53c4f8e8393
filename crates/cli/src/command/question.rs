//! `crew task ask`: a question to who worked on a task.

use std::time::Duration;

use crew_core::{RunId, TaskId};
use crew_server::wire::{NewQuestion, QuestionAsked, Receipt, Run, Task};

use super::text_argument;
use crate::args::question::Question;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// Between two looks whether there is an answer.
const PAUSE: Duration = Duration::from_millis(300);

/// Asks, and prints the answer. Whoever does not wait for it finds it on the card.
pub(super) async fn run(context: &Context, question: Question) -> Result<Exit, CliError> {
    let Question { task, text, run, role, no_wait } = question;
    let client = context.daemon().await?;
    let text = text_argument(text)?;
    let body =
        NewQuestion { text, run: run.map(|run| run.0), role: role.map(|role| role.to_string()) };
    let asked: QuestionAsked = client.post(&path(task, "/question"), &body).await?;
    if no_wait {
        let text = format!(
            "r{} answers; crew task show {} has it then, and crew task unask r{} takes it back",
            asked.run, task.0, asked.run
        );
        context.out.either(&asked, text)?;
        return Ok(Exit::Ok);
    }
    context.out.note(format!(
        "r{run} answers; Ctrl-C leaves it going on, crew task unask r{run} takes it back",
        run = asked.run
    ));
    let run = loop {
        let run: Run = client.get(&format!("/api/runs/{}", asked.run)).await?;
        if run.over {
            break run;
        }
        tokio::time::sleep(PAUSE).await;
    };
    let card: Task = client.get(&path(task, "")).await?;
    let is_it = |question: &crew_server::wire::Question| question.run == asked.run;
    let remark = card.remarks.into_iter().find(|it| it.question.as_ref().is_some_and(is_it));
    let Some(answer) = remark else {
        let what = format!("the answer of r{} is not on the card any more", asked.run);
        return Err(CliError::new(Exit::Failed, what).hint(format!("crew log r{}", asked.run)));
    };
    if run.response.is_none() {
        let hint = format!("crew log r{} shows how far it came", asked.run);
        return Err(CliError::new(Exit::Failed, answer.text).hint(hint));
    }
    context.out.either(&answer, &answer.text)?;
    Ok(Exit::Ok)
}

/// Takes a question back.
pub(super) async fn unask(context: &Context, run: RunId) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let receipt: Receipt =
        client.post(&format!("/api/runs/{}/unask", run.0), &serde_json::json!({})).await?;
    context.out.either(&receipt, format!("{run} ends, and answers nothing"))?;
    Ok(Exit::Ok)
}

fn path(task: TaskId, what: &str) -> String {
    format!("/api/tasks/{}{what}", task.0)
}
