//! What waits for the human, and the human's answers.

use axum::Json;
use axum::extract::State;
use crew_core::ask::Permission;
use crew_core::{AskId, Event};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::wire::{Answer, Inbox, Nothing, Receipt, Remembered, RememberedAnswers};

/// What waits for the human.
#[utoipa::path(
    get,
    path = "/inbox",
    operation_id = "ask_inbox",
    tag = "ask",
    responses((status = 200, body = Inbox))
)]
pub(super) async fn inbox(State(app): Shared) -> Json<Inbox> {
    Json(
        app.handle.read(|state| Inbox { seq: state.meta.seq.0, items: crate::inbox::inbox(state) }),
    )
}

/// Answers a question.
#[utoipa::path(
    post,
    path = "/asks/{id}/answer",
    operation_id = "ask_answer",
    tag = "ask",
    params(("id" = u64, Path)),
    request_body = Answer,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn answer(
    State(app): Shared,
    Id(ask): Id<AskId>,
    Payload(Answer { text, always }): Payload<Answer>,
) -> Result<Json<Receipt>, ApiError> {
    let event = match always {
        None => Event::Answered { ask, text },
        Some(reach) => {
            let permission = Permission::of(&text).ok_or_else(|| {
                ApiError::invalid(format!("`{text}` cannot be remembered"))
                    .hint("only `allow` and `deny` are answers for always")
            })?;
            Event::AnsweredAlways { ask, permission, reach: reach.into() }
        }
    };
    app.submit(event).await.map(Json)
}

/// Answers that are remembered.
#[utoipa::path(
    get,
    path = "/asks/remembered",
    operation_id = "ask_remembered",
    tag = "ask",
    responses((status = 200, body = RememberedAnswers))
)]
pub(super) async fn remembered(State(app): Shared) -> Json<RememberedAnswers> {
    Json(app.handle.read(|state| {
        let of = |project| move |known| Remembered::from((project, known));
        let projects = state.projects.values();
        let items = projects.flat_map(|it| it.remembered.iter().map(of(it))).collect();
        RememberedAnswers { seq: state.meta.seq.0, items }
    }))
}

/// Takes a remembered answer back.
#[utoipa::path(
    post,
    path = "/asks/{id}/forget",
    operation_id = "ask_forget",
    tag = "ask",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn forget(
    State(app): Shared,
    Id(ask): Id<AskId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Forgotten { ask }).await.map(Json)
}
