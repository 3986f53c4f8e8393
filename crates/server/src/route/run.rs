//! Runs, and what their agents said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use crew_core::{Refusal, RunId};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::stream::{self, LogStart, LogStream};
use crate::wire::{LogQuery, Run};

pub(super) async fn show(State(app): Shared, Id(id): Id<RunId>) -> Result<Json<Run>, ApiError> {
    let run = app.handle.read(|state| state.runs.get(&id).map(Run::from));
    Ok(Json(run.ok_or(Refusal::NoRun(id))?))
}

pub(super) async fn log(
    State(app): Shared,
    Id(run): Id<RunId>,
    Params(LogQuery { from, follow, raw }): Params<LogQuery>,
) -> Result<Response, ApiError> {
    if !app.handle.read(|state| state.runs.contains_key(&run)) {
        return Err(Refusal::NoRun(run).into());
    }
    let place: LogStart = from.as_deref().map(str::parse).transpose()?.unwrap_or_default();
    let raw = is_on(raw);
    let app = Arc::clone(&app);
    let source =
        LogStream { app, run, place, follow: is_on(follow), raw, reader: None, set_up: None };
    source.check().await?;
    let content_type = if raw { "application/octet-stream" } else { stream::NDJSON };
    Ok(stream::answer(source, content_type))
}

fn is_on(switch: Option<u8>) -> bool {
    switch.is_some_and(|value| value != 0)
}
