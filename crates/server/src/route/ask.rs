//! What waits for the human, and the human's answers.

use axum::Json;
use axum::extract::State;
use crew_core::{AskId, Event};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::wire::{Answer, Inbox, Receipt};

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
    Payload(Answer { text }): Payload<Answer>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Answered { ask, text }).await.map(Json)
}
