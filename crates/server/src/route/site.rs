//! The files of the user interface.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::no_such_route;
use crate::site;

static POLICY: LazyLock<String> = LazyLock::new(site::policy);

/// A file, or the application for a place in it.
pub(super) async fn page(request: Request) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let is_read = method == Method::GET || method == Method::HEAD;
    let Some(file) = site::file(uri.path()).filter(|_| is_read) else {
        return no_such_route(method, uri).await.into_response();
    };
    // The names of these files change with what is in them.
    let is_immutable = file.path.starts_with("/_app/immutable/");
    let keep = if is_immutable { "max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (CONTENT_TYPE, file.content_type),
        (CACHE_CONTROL, keep),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, file.bytes).into_response()
}
