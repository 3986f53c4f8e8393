//! Requests, parsed once: ids, queries and bodies, with errors of our shape.

use std::str::FromStr;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::guard::{BODY_BYTES_MAX, too_large};

/// The one id in the path, with or without its prefix.
pub(crate) struct Id<T>(pub(crate) T);

/// The query; keys that are not known are refused.
pub(crate) struct Params<T>(pub(crate) T);

/// The body; none is `{}`, and keys that are not known are refused.
pub(crate) struct Payload<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(ApiError::invalid)?;
        text.parse().map(Self).map_err(|_| {
            ApiError::invalid(format!("`{text}` is not an id")).hint("an id is a number")
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|error| not_understood(&error.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Payload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|error| {
            // Either it is longer than the bound, or the client went away and reads no answer.
            tracing::debug!("a body was not read: {error}");
            too_large()
        })?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| not_understood(&error.to_string()))
    }
}

fn not_understood(why: &str) -> ApiError {
    let error = ApiError::invalid(format!("the request is not understood: {why}"));
    if why.contains("unknown field") {
        return error.hint("leave that key out, or see whether it is spelt as in the list");
    }
    error
}
