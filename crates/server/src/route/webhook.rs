//! Where GitHub delivers webhooks, through a tunnel that somebody put before this daemon.
//!
//! It is the one route that asks for no token: a signature takes its place. What is delivered is not
//! read, so it has no shape, and stands in no description of the API.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use crew_engine::Delivered;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::Shared;
use crate::error::{ApiError, ErrorCode};
use crate::guard::{BODY_BYTES_MAX, too_large};

/// Longest id of a delivery; GitHub's have 36 characters.
const ID_BYTES_MAX: usize = 100;
/// How long a delivery may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Deliveries that arrive at the same time; others wait.
static ARRIVING: Semaphore = Semaphore::const_new(4);

/// Has GitHub asked what is new, if GitHub says that something is.
pub(super) async fn deliver(
    State(app): Shared,
    request: Request<Body>,
) -> Result<StatusCode, ApiError> {
    let answer = |delivery| match delivery {
        Delivered::Off => Err(ApiError::new(ErrorCode::NotFound, "no project has a webhook")
            .hint("github.webhook_secret in team.toml says where its secret is kept")),
        Delivered::NotSigned => Err(ApiError::new(
            ErrorCode::Unauthorized,
            "the signature is missing, or that of another secret",
        )
        .hint("give the secret of github.webhook_secret to the webhook on GitHub")),
        Delivered::Again | Delivered::Taken => Ok(StatusCode::NO_CONTENT),
    };
    if !app.handle.takes_webhooks() {
        return answer(Delivered::Off);
    }
    let headers = request.headers();
    let signature = text(headers, "x-hub-signature-256").to_owned();
    let id = text(headers, "x-github-delivery").to_owned();
    if signature.is_empty() || id.is_empty() || id.len() > ID_BYTES_MAX {
        return answer(Delivered::NotSigned);
    }
    let body = timeout(PATIENCE, arrive(request)).await;
    let body = body.map_err(|_| ApiError::invalid("the delivery did not arrive in time"))??;
    answer(app.handle.webhook((&signature, &id), &body))
}

async fn arrive(request: Request<Body>) -> Result<axum::body::Bytes, ApiError> {
    let _place = ARRIVING.acquire().await.map_err(ApiError::broken)?;
    to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| too_large())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
