//! Questions to who worked on a task.

use axum::Json;
use axum::extract::State;
use crew_core::run::{Run, Whom};
use crew_core::{Event, RunId, TaskId};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::wire::{NewQuestion, QuestionAsked, Receipt};

/// Takes a question back: the agent that answers it ends.
#[utoipa::path(
    post,
    path = "/runs/{id}/unask",
    operation_id = "run_unask",
    tag = "run",
    params(("id" = u64, Path)),
    responses((status = 200, body = Receipt))
)]
pub(super) async fn unask(
    State(app): Shared,
    Id(run): Id<RunId>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Unasked { run }).await.map(Json)
}

/// Asks who worked on a task about it, in a copy of its conversation. The task may be over.
#[utoipa::path(
    post,
    path = "/tasks/{id}/question",
    operation_id = "task_question",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = NewQuestion,
    responses((status = 200, body = QuestionAsked))
)]
pub(super) async fn ask(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(NewQuestion { text, run, role }): Payload<NewQuestion>,
) -> Result<Json<QuestionAsked>, ApiError> {
    let whom = match (run, role) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("either a run or a role is asked")),
        (Some(run), None) => Whom::Run { run: RunId(run) },
        (None, Some(role)) => Whom::Role { role: role.parse().map_err(ApiError::invalid)? },
        (None, None) => Whom::Author,
    };
    let event = Event::Questioned { task, whom, question: text };
    let Receipt { seq, at } = app.submit(event).await?;
    let is_it = |run: &&Run| run.is_aside() && run.queued_at.0 == at;
    let run = app.handle.read(|state| state.runs_of(task).filter(is_it).last().map(|run| run.id));
    let run = run.ok_or_else(|| ApiError::broken("BUG: a question was taken by no run"))?;
    Ok(Json(QuestionAsked { seq, at, run: run.0 }))
}
