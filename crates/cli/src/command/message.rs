//! `crew message`: words for the agent that is at work on a task.

use std::time::{Duration, Instant};

use crew_core::TaskId;
use crew_server::wire::{Delivery, DeliveryWord, NewRemark, RemarkMade, Task};

use super::text_argument;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// So long we look whether it has reached the agent.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Says something, and says whom it has reached.
pub(super) async fn run(context: &Context, task: TaskId, text: String) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let body = NewRemark { text: text_argument(text)? };
    let mut made: RemarkMade = client.post(&format!("/api/tasks/{}/remark", task.0), &body).await?;
    let end = Instant::now() + PATIENCE;
    let is_on_its_way = |made: &RemarkMade| {
        made.remark.delivery.is_some_and(|it| it.word == DeliveryWord::OnItsWay)
    };
    while is_on_its_way(&made) && Instant::now() < end {
        tokio::time::sleep(PAUSE).await;
        let now: Task = client.get(&format!("/api/tasks/{}", task.0)).await?;
        let number = made.remark.number;
        match now.remarks.into_iter().find(|remark| remark.number == number) {
            Some(remark) => made.remark = remark,
            None => break, // so many came after it that it is not kept
        }
    }
    let how = made.remark.delivery.map_or_else(|| "it is recorded".to_owned(), in_words);
    context.out.either(&made, format!("{task}: {how}"))?;
    Ok(Exit::Ok)
}

/// How far a remark has come.
pub(super) fn in_words(delivery: Delivery) -> String {
    let run = delivery.run.map_or_else(|| "the agent".to_owned(), |run| format!("r{run}"));
    match delivery.word {
        DeliveryWord::Heard => format!("{run} knows it"),
        DeliveryWord::OnItsWay => format!("on its way to {run}, which takes it in when it can"),
        DeliveryWord::Next => "waits for whoever works on it next".to_owned(),
    }
}
