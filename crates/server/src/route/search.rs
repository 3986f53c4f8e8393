//! Searching over tasks, remarks, the journal and what agents said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use crew_core::ProjectId;

use crate::app::{Shared, blocking};
use crate::error::ApiError;
use crate::extract::Params;
use crate::search::{Question, search};
use crate::wire::{SearchQuery, Searched};

/// Places of an answer, unless the client wants less or more.
const LIMIT: u32 = 20;
/// Most places of an answer.
const LIMIT_MAX: u32 = 100;
/// Longest question, in characters.
const WORDS_CHARS_MAX: usize = 500;

/// Where words are: in tasks, remarks, the journal, and what agents said.
///
/// What is new is read when somebody asks; `behind` says that there is more, to be had by asking again.
#[utoipa::path(
    get,
    path = "/search",
    operation_id = "search",
    tag = "search",
    params(SearchQuery),
    responses((status = 200, body = Searched))
)]
pub(super) async fn find(
    State(app): Shared,
    Params(SearchQuery { words, project, limit }): Params<SearchQuery>,
) -> Result<Json<Searched>, ApiError> {
    if words.chars().count() > WORDS_CHARS_MAX {
        let message = format!("the question is longer than {WORDS_CHARS_MAX} characters");
        return Err(ApiError::invalid(message).hint("a few words are enough"));
    }
    let question = Question {
        words,
        project: project.map(ProjectId),
        limit: limit.unwrap_or(LIMIT).min(LIMIT_MAX),
    };
    let seq = app.handle.read(|state| state.meta.seq.0);
    let app = Arc::clone(&app);
    let (found, behind) = blocking(move || search(&app.search, &app.handle, &question)).await?;
    Ok(Json(Searched { seq, found, behind }))
}
