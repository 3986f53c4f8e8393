//! Talking to the daemon.

use std::time::Duration;

use crew_server::ErrorCode;
use crew_server::wire::{ErrorBody, Problem};
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{CliError, Exit};

/// How long to wait for an answer that does not wait for anything itself.
const ANSWER_PATIENCE: Duration = Duration::from_mins(2);
/// How long to wait for a connection to this very machine.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Talks to one daemon.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// A query, as pairs.
pub(crate) type Query<'a> = &'a [(&'a str, String)];

impl Client {
    pub(crate) fn new(url: &str, token: &str) -> Result<Self, CliError> {
        // A proxy that the user has set is for the network, not for this machine.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT_PATIENCE);
        let http = http.build().map_err(CliError::failed)?;
        Ok(Self { http, url: url.to_owned(), token: token.to_owned() })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: Query<'_>,
    ) -> Result<T, CliError> {
        let path = with_query(path, query);
        self.answer(self.request(Method::GET, &path).timeout(ANSWER_PATIENCE)).await
    }

    pub(crate) async fn get_within<T: DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<T, CliError> {
        self.answer(self.request(Method::GET, path).timeout(patience)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.answer(self.request(Method::POST, path).timeout(ANSWER_PATIENCE).json(body)).await
    }

    /// As [`Self::post`], for what takes as long as it takes.
    pub(crate) async fn post_patiently<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.answer(self.request(Method::PATCH, path).timeout(ANSWER_PATIENCE).json(body)).await
    }

    /// An answer that goes on.
    pub(crate) async fn stream(&self, path: &str, query: Query<'_>) -> Result<Bytes, CliError> {
        let path = with_query(path, query);
        let response = self.request(Method::GET, &path).send().await;
        let response = checked(response.map_err(|error| unreachable(&error))?).await?;
        let portions = response.bytes_stream().map(|portion| portion.map(Vec::from));
        Ok(Bytes { portions: portions.boxed(), buffer: Vec::new() })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CliError> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let response = checked(response).await?;
        response.json().await.map_err(|error| {
            if error.is_decode() {
                let hint = "is the daemon of another version? `crew down`, then `crew up`";
                CliError::failed(format!("the answer is not understood: {error}")).hint(hint)
            } else {
                unreachable(&error)
            }
        })
    }
}

/// The body of an answer that goes on.
pub(crate) struct Bytes {
    portions: futures_util::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: Vec<u8>,
}

impl Bytes {
    /// The next portion; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, CliError> {
        match self.portions.next().await {
            None => Ok(None),
            Some(Ok(portion)) => Ok(Some(portion)),
            Some(Err(error)) => Err(unreachable(&error)),
        }
    }

    /// The next line, decoded; `None` at the end. Nothing is lost if it is not waited for.
    pub(crate) async fn next_line<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CliError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let decoded = serde_json::from_slice(&line);
                return decoded.map(Some).map_err(|error| {
                    CliError::failed(format!("the stream is not understood: {error}"))
                });
            }
            match self.next().await? {
                Some(portion) => self.buffer.extend(portion),
                None => return Ok(None),
            }
        }
    }
}

async fn checked(response: Response) -> Result<Response, CliError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(ErrorBody { error }) => Err(said(error)),
        Err(_) => Err(CliError::failed(format!("the daemon answered {status}"))),
    }
}

fn said(problem: Problem) -> CliError {
    // The key is in the words.
    let Problem { code, message, hint, key: _ } = problem;
    let exit = match code {
        ErrorCode::NotFound | ErrorCode::Refused => Exit::Refused,
        ErrorCode::Invalid => Exit::Usage,
        ErrorCode::Closing => Exit::NoDaemon,
        ErrorCode::MethodNotAllowed
        | ErrorCode::Unauthorized
        | ErrorCode::Forbidden
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::TooLarge
        | ErrorCode::NotRecorded
        | ErrorCode::Internal => Exit::Failed,
    };
    CliError::Said { exit, message, hint }
}

fn unreachable(error: &reqwest::Error) -> CliError {
    let why = if error.is_timeout() { "it does not answer in time" } else { "it is gone" };
    CliError::new(Exit::NoDaemon, format!("the daemon cannot be reached: {why}"))
        .hint("`crew up` starts it; agents that were at work are still at work")
}

fn with_query(path: &str, query: Query<'_>) -> String {
    let pairs: Vec<String> =
        query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded() {
        let query = [("from", "2:10".to_owned()), ("x", "ä&b".to_owned())];
        assert_eq!(with_query("/a", &query), "/a?from=2%3A10&x=%C3%A4%26b");
        assert_eq!(with_query("/a", &[]), "/a");
    }
}
