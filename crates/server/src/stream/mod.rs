//! Answers that go on: lines of JSON, until there is no more, the client goes, or we do.

mod events;
mod journal;
mod log;
mod shorten;
mod socket;
mod writing;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(crate) use events::EventStream;
pub(crate) use journal::JournalStream;
pub(crate) use log::{
    Bound, LogStart, LogStream, RunStream, output, place_before, place_before_end, said_after,
};
pub(crate) use socket::{Channel, Messages};
pub(crate) use writing::Writing;

use crate::error::ApiError;

/// A source of portions of a body; `None` is the end.
pub(crate) trait Source: Send + 'static {
    fn portion(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, ApiError>> + Send;
}

/// The answer that a source makes. An error after the first byte can only cut it off.
pub(crate) fn answer(source: impl Source, content_type: &'static str) -> Response {
    let portions =
        futures_util::stream::unfold(source, async |mut source| match source.portion().await {
            Ok(None) => None,
            Ok(Some(portion)) => Some((Ok(Bytes::from(portion)), source)),
            Err(error) => Some((Err(std::io::Error::other(format!("{error:?}"))), source)),
        });
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(portions)).into_response()
}

/// The content type of lines of JSON.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// Appends a line of JSON.
pub(crate) fn push_line(portion: &mut Vec<u8>, line: &impl Serialize) -> Result<(), ApiError> {
    serde_json::to_writer(&mut *portion, line).map_err(ApiError::broken)?;
    portion.push(b'\n');
    Ok(())
}
