//! Who may talk to us: checked on every route, before anything else is looked at.
//!
//! The files of the user interface are served to whoever is on this machine: they are the same for
//! everybody, and without the token they can do nothing.
//!
//! A web page that the user visits can send requests to loopback, and a name that it controls can
//! resolve to 127.0.0.1. So the Host must be ours, an Origin must be ours where there is one, and
//! the token is needed in any case. A body must be declared as JSON, which no plain form can do. The one
//! route that is for others, [`WEBHOOKS`], checks a signature itself, and believes nothing else.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::header::{HeaderName, SEC_WEBSOCKET_PROTOCOL, TRANSFER_ENCODING, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ErrorCode};

/// Largest body in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;

/// Where GitHub delivers webhooks: they come by another name, and show a signature and no token.
pub(crate) const WEBHOOKS: &str = "/api/webhooks/github";

/// What our WebSockets speak.
pub(crate) const PROTOCOL: &str = "crew.v1";
/// Before the token, among the protocols that a client of a WebSocket offers.
const TOKEN_PROTOCOL: &str = "crew.token.";

/// What a request must show.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Comparing digests takes the same time wherever the first difference is.
    token_digest: [u8; 32],
}

impl Guard {
    pub(crate) fn new(port: u16, token: &str) -> Arc<Self> {
        let hosts: Vec<String> = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .map(|name| format!("{name}:{port}"))
            .collect();
        let origins = hosts.iter().map(|host| format!("http://{host}")).collect();
        Arc::new(Self { hosts, origins, token_digest: digest(token.as_bytes()) })
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        if request.method() == Method::POST && request.uri().path() == WEBHOOKS {
            return Ok(());
        }
        let headers = request.headers();
        self.check_host(headers, request.uri().authority().map(Authority::as_str))?;
        self.check_origin(headers)?;
        if is_page(request) {
            return Ok(());
        }
        self.check_token(headers)?;
        check_body(headers)
    }

    fn check_host(&self, headers: &HeaderMap, target: Option<&str>) -> Result<(), ApiError> {
        let ours = |host: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        let host = only(headers, &HOST).and_then(|host| host.to_str().ok());
        if host.is_some_and(ours) && target.is_none_or(ours) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "the Host of the request is not this daemon")
            .hint("use the address that `crew up --json` prints"))
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let ours = |origin: &HeaderValue| {
            self.origins.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
        };
        if headers.get_all(ORIGIN).iter().all(ours) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "the request comes from another site"))
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if token(headers).is_some_and(|token| same(&digest(token), &self.token_digest)) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Unauthorized, "the token is missing or wrong")
            .hint("send `Authorization: Bearer` with what is in the file `token` of the home"))
    }
}

/// The token that a request shows.
fn token(headers: &HeaderMap) -> Option<&[u8]> {
    if headers.contains_key(AUTHORIZATION) {
        return only(headers, &AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ");
    }
    // A browser cannot say who it is when it opens a WebSocket, other than by a protocol it offers.
    let offered = only(headers, &SEC_WEBSOCKET_PROTOCOL).filter(|_| headers.contains_key(UPGRADE));
    let mut offered = offered?.to_str().ok()?.split(',');
    offered.find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL)).map(str::as_bytes)
}

/// Whether it asks for a file of the user interface, which holds no data.
fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_api = path == "/api" || path.starts_with("/api/");
    !is_api && (request.method() == Method::GET || request.method() == Method::HEAD)
}

/// Lets a request through, or answers why not.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    guard.check(&request)?;
    Ok(next.run(request).await)
}

/// The value of a header that must be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn check_body(headers: &HeaderMap) -> Result<(), ApiError> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length: u64 = length.unwrap_or(0);
    if length == 0 && !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    if !only(headers, &CONTENT_TYPE).is_some_and(is_json) {
        let message = "the body must be JSON";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message)
            .hint("send `Content-Type: application/json`"));
    }
    if length > BODY_BYTES_MAX as u64 { Err(too_large()) } else { Ok(()) }
}

/// The answer to a body that is too large.
pub(crate) fn too_large() -> ApiError {
    let message = format!("the body has more than {BODY_BYTES_MAX} bytes");
    ApiError::new(ErrorCode::TooLarge, message)
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}
