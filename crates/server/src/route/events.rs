//! What changes, while it changes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::Shared;
use crate::extract::Params;
use crate::stream::{Channel, EventStream};
use crate::wire::{EventsQuery, StreamMessage};

/// What changes: a WebSocket of JSON messages, or server-sent events without an upgrade.
///
/// The token of a WebSocket may come as a protocol: `crew.v1, crew.token.<token>`.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events_follow",
    tag = "events",
    params(EventsQuery),
    responses((status = 200, body = StreamMessage, content_type = "text/event-stream"))
)]
pub(super) async fn follow(
    State(app): Shared,
    Params(EventsQuery { since }): Params<EventsQuery>,
    headers: HeaderMap,
    channel: Channel,
) -> Response {
    // What a client of server-sent events says when it comes back.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    channel.answer(EventStream::new(Arc::clone(&app), last.or(since)))
}
