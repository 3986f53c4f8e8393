//! A request that panics is a bug of ours, and the only one that suffers from it.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::error::ApiError;

/// Answers 500 where a request panics.
pub(crate) async fn contain(request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => ApiError::broken(format!("BUG: `{what}` panicked")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_next_request_is_served() {
        async fn bad() -> &'static str {
            panic!("on purpose")
        }
        let router = Router::new().route("/bad", get(bad)).route("/good", get(|| async { "fine" }));
        let router = router.layer(axum::middleware::from_fn(contain));
        let listener = crate::bind(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        let ask = async |path: &str| {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = ask("/bad").await;
        assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("internal"), "{answer}");
        assert!(ask("/good").await.starts_with("HTTP/1.1 200"));
        server.abort();
    }
}
