//! The journal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::Params;
use crate::stream::{self, JournalStream};
use crate::wire::{FollowQuery, Journal, JournalEntry, JournalQuery};

/// Entries of an answer, unless the client wants less or more.
const LIMIT: u32 = 200;
/// Most entries of an answer.
const LIMIT_MAX: u32 = 1_000;

/// Entries of the journal.
#[utoipa::path(
    get,
    path = "/journal",
    operation_id = "journal_list",
    tag = "journal",
    params(JournalQuery),
    responses((status = 200, body = Journal))
)]
pub(super) async fn list(
    State(app): Shared,
    Params(JournalQuery { after, limit }): Params<JournalQuery>,
) -> Result<Json<Journal>, ApiError> {
    let seq = app.handle.read(|state| state.meta.seq.0);
    let entries = app.entries(after, limit.unwrap_or(LIMIT).min(LIMIT_MAX)).await?;
    Ok(Json(Journal { seq, entries: entries.iter().map(JournalEntry::from).collect() }))
}

/// The journal as it grows: lines of JSON.
#[utoipa::path(
    get,
    path = "/journal/follow",
    operation_id = "journal_follow",
    tag = "journal",
    params(FollowQuery),
    responses((status = 200, body = JournalEntry, content_type = "application/x-ndjson"))
)]
pub(super) async fn follow(
    State(app): Shared,
    Params(FollowQuery { after }): Params<FollowQuery>,
) -> Response {
    let after = after.unwrap_or_else(|| app.handle.read(|state| state.meta.seq.0));
    stream::answer(JournalStream::new(Arc::clone(&app), after), stream::NDJSON)
}
