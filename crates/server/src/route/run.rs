//! Runs, and what their agents said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use crew_core::{Refusal, RunId};

use crate::app::{App, Shared, blocking};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::stream::{self, Bound, Channel, LogStart, LogStream, RunStream, Writing};
use crate::wire::{LogLine, LogQuery, Run, RunEventsQuery, RunMessage};

/// A run.
#[utoipa::path(
    get,
    path = "/runs/{id}",
    operation_id = "run_show",
    tag = "run",
    params(("id" = u64, Path)),
    responses((status = 200, body = Run))
)]
pub(super) async fn show(State(app): Shared, Id(id): Id<RunId>) -> Result<Json<Run>, ApiError> {
    let run = app.handle.read(|state| state.runs.get(&id).map(Run::from));
    Ok(Json(run.ok_or(Refusal::NoRun(id))?))
}

/// What the agent of a run said: lines of JSON.
#[utoipa::path(
    get,
    path = "/runs/{id}/log",
    operation_id = "run_log",
    tag = "run",
    params(("id" = u64, Path), LogQuery),
    responses((status = 200, body = LogLine, content_type = "application/x-ndjson"))
)]
pub(super) async fn log(
    State(app): Shared,
    Id(run): Id<RunId>,
    Params(query): Params<LogQuery>,
) -> Result<Response, ApiError> {
    let LogQuery { from, follow, raw, lines, until, last, short } = query;
    exists(&app, run)?;
    let until = self::place(until.as_deref())?;
    let place = match (place(from.as_deref())?, until, last) {
        (Some(from), _, _) => from,
        (None, Some(until), Some(last)) => {
            let path = stream::output(&app, run, until.start());
            blocking(move || Ok(stream::place_before(&path, until, last))).await?
        }
        (None, _, _) => LogStart::default(),
    };
    let raw = is_on(raw);
    let source = LogStream {
        follow: is_on(follow),
        raw,
        short: is_on(short),
        bound: Bound { lines_left: lines, until },
        ..LogStream::new(Arc::clone(&app), run, place)
    };
    source.check().await?;
    let content_type = if raw { "application/octet-stream" } else { stream::NDJSON };
    Ok(stream::answer(source, content_type))
}

/// What the agent of a run says: a WebSocket of JSON messages, or server-sent events.
///
/// Long texts are shortened, which `cut` says; `GET /api/runs/{id}/log?lines=1&from=…` has the whole.
#[utoipa::path(
    get,
    path = "/runs/{id}/events",
    operation_id = "run_events",
    tag = "run",
    params(("id" = u64, Path), RunEventsQuery),
    responses((status = 200, body = RunMessage, content_type = "text/event-stream"))
)]
pub(super) async fn events(
    State(app): Shared,
    Id(run): Id<RunId>,
    Params(RunEventsQuery { from, last }): Params<RunEventsQuery>,
    channel: Channel,
) -> Result<Response, ApiError> {
    let newest = exists(&app, run)?;
    let place = match (place(from.as_deref())?, last) {
        (Some(place), _) => place,
        (None, Some(last)) => {
            let path = stream::output(&app, run, newest);
            blocking(move || Ok(stream::place_before_end(&path, newest, last))).await?
        }
        (None, None) => LogStart::default(),
    };
    let log =
        LogStream { follow: true, short: true, ..LogStream::new(Arc::clone(&app), run, place) };
    log.check().await?;
    Ok(channel.answer(RunStream { log, writing: Writing::default(), ended: false }))
}

/// The newest start of a run that there is.
fn exists(app: &App, run: RunId) -> Result<u32, ApiError> {
    let newest = app.handle.read(|state| state.runs.get(&run).map(|run| run.token.0));
    Ok(newest.ok_or(Refusal::NoRun(run))?.max(1))
}

fn place(text: Option<&str>) -> Result<Option<LogStart>, ApiError> {
    text.map(str::parse).transpose()
}

fn is_on(switch: Option<u8>) -> bool {
    switch.is_some_and(|value| value != 0)
}
