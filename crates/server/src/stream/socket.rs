//! Messages on their way to a client: over a WebSocket, or as server-sent events for `curl`.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, UPGRADE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;
use crate::guard::PROTOCOL;

/// A client that hears nothing for so long is told that we are there.
const ALIVE: Duration = Duration::from_secs(15);
/// A client that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_mins(1);
/// Clients send nothing but the frames of the protocol.
const INBOUND_BYTES_MAX: usize = 4 << 10;

/// A source of messages; `None` is the end.
pub(crate) trait Messages: Send + 'static {
    type Message: Serialize + Send;

    /// The next message. It may be dropped while it waits, and loses nothing by that.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Message>, ApiError>> + Send;

    /// Where to go on after a message, if it says so.
    fn position(message: &Self::Message) -> Option<u64>;
}

/// How the client wants to be told.
pub(crate) enum Channel {
    Socket(Box<WebSocketUpgrade>),
    ServerSent,
}

impl<S: Send + Sync> FromRequestParts<S> for Channel {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(UPGRADE) {
            return Ok(Self::ServerSent);
        }
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        let not_understood =
            |rejection: WebSocketUpgradeRejection| ApiError::invalid(rejection.body_text());
        upgrade.map(|upgrade| Self::Socket(Box::new(upgrade))).map_err(not_understood)
    }
}

impl Channel {
    /// The answer that goes on until there is no more, the client goes, or we do.
    pub(crate) fn answer(self, source: impl Messages) -> Response {
        match self {
            Self::Socket(upgrade) => upgrade
                .protocols([PROTOCOL])
                .max_message_size(INBOUND_BYTES_MAX)
                .on_upgrade(|socket| send_all(socket, source)),
            Self::ServerSent => server_sent(source),
        }
    }
}

async fn send_all(mut socket: WebSocket, mut source: impl Messages) {
    loop {
        let message = tokio::select! {
            next = source.next() => match next {
                Ok(Some(message)) => text(&message).map(Message::text),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!("a stream ended: {error:?}");
                    break;
                }
            },
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            () = tokio::time::sleep(ALIVE) => Some(Message::Ping(Bytes::new())),
        };
        let Some(message) = message else { break };
        match tokio::time::timeout(PATIENCE, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    // Whoever is gone needs no goodbye.
    tokio::time::timeout(PATIENCE, socket.send(Message::Close(None))).await.ok();
}

fn text(message: &impl Serialize) -> Option<String> {
    serde_json::to_string(message)
        .inspect_err(|error| tracing::error!("BUG: a message does not serialise: {error}"))
        .ok()
}

fn server_sent<M: Messages>(source: M) -> Response {
    let portions = futures_util::stream::unfold(source, async |mut source| {
        let portion = match tokio::time::timeout(ALIVE, source.next()).await {
            Err(_) => Ok(Bytes::from_static(b":\n\n")),
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(message))) => Ok(Bytes::from(event::<M>(&message))),
            Ok(Err(error)) => Err(std::io::Error::other(format!("{error:?}"))),
        };
        Some((portion, source))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(portions)).into_response()
}

fn event<M: Messages>(message: &M::Message) -> String {
    let id = M::position(message).map(|seq| format!("id: {seq}\n")).unwrap_or_default();
    format!("{id}data: {}\n\n", text(message).unwrap_or_default())
}
