//! Talking to the daemon: the wire that everybody uses, and the little of it that is needed here.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::de::DeserializeOwned;

use crate::daemon::Address;
use crate::wire::{Inbox, Message, Status};

/// How long an answer may take that does not go on.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// A daemon says every 15 seconds that it is there.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A message with more than this is not read: the counts are in small ones.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Why a talk ended; whoever talks starts anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("the daemon cannot be reached: {0}")]
    Gone(#[from] reqwest::Error),
    #[error("the daemon says nothing any more")]
    Silent,
    #[error("the daemon speaks another language: {0}")]
    Strange(#[from] serde_json::Error),
    #[error("a message of the daemon has more than {MESSAGE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the stream has ended")]
    Ended,
}

/// Talks to one daemon.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Address,
}

impl Client {
    pub(crate) fn new(address: &Address) -> Result<Self, Lost> {
        // A proxy that the user has set is for the network, not for this machine.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(5));
        Ok(Self { http: http.build()?, address: address.clone() })
    }

    pub(crate) async fn status(&self) -> Result<Status, Lost> {
        self.get("/api/status").await
    }

    pub(crate) async fn inbox(&self) -> Result<Inbox, Lost> {
        self.get("/api/inbox").await
    }

    /// Stops everything, or lets it go on: `/api/stop`, `/api/release`.
    pub(crate) async fn tell(&self, path: &str) -> Result<(), Lost> {
        let request = self.http.post(self.url(path)).bearer_auth(&self.address.token);
        let request = request.timeout(ANSWER_PATIENCE).json(&serde_json::json!({}));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// What changes after a position in the journal.
    pub(crate) async fn events(&self, since: u64) -> Result<Events, Lost> {
        let url = self.url(&format!("/api/events?since={since}"));
        let answer = self.http.get(url).bearer_auth(&self.address.token).send();
        let answer =
            tokio::time::timeout(ANSWER_PATIENCE, answer).await.map_err(|_| Lost::Silent)?;
        let portions = answer?.error_for_status()?.bytes_stream();
        let portions = portions.map(|portion| portion.map(Vec::from)).boxed();
        Ok(Events { portions, buffer: Buffer::default() })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Lost> {
        let request = self.http.get(self.url(path)).bearer_auth(&self.address.token);
        let answer = request.timeout(ANSWER_PATIENCE).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address.origin)
    }
}

/// Server-sent events, one after the other.
pub(crate) struct Events {
    portions: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: Buffer,
}

impl Events {
    /// The next message. Nothing is lost if it is not waited for.
    pub(crate) async fn next(&mut self) -> Result<Message, Lost> {
        loop {
            if let Some(message) = self.buffer.message()? {
                return Ok(message);
            }
            let portion = tokio::time::timeout(SILENCE_MAX, self.portions.next()).await;
            match portion.map_err(|_| Lost::Silent)? {
                Some(portion) => self.buffer.bytes.extend(portion?),
                None => return Err(Lost::Ended),
            }
        }
    }
}

/// What has arrived and is not read yet.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    /// Up to here there is no end of a message.
    searched: usize,
}

impl Buffer {
    /// The next whole message.
    fn message(&mut self) -> Result<Option<Message>, Lost> {
        while let Some(at) = self.end() {
            let event: Vec<u8> = self.bytes.drain(..at + 2).collect();
            self.searched = 0;
            let mut lines = event.split(|byte| *byte == b'\n');
            if let Some(data) = lines.find_map(|line| line.strip_prefix(b"data: ")) {
                return Ok(Some(serde_json::from_slice(data)?));
            }
        }
        if self.bytes.len() > MESSAGE_BYTES_MAX { Err(Lost::TooLarge) } else { Ok(None) }
    }

    fn end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(1);
        self.searched = self.bytes.len();
        self.bytes[from..].windows(2).position(|two| two == b"\n\n").map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_portions_of_any_size() {
        let text = b":\n\nid: 3\ndata: {\"type\":\"gap\",\"seq\":3}\n\n:\n\ndata: {\"type\":\"live\",\"agents\":[]}\n\n";
        for size in 1..text.len() {
            let mut buffer = Buffer::default();
            let mut read = Vec::new();
            for portion in text.chunks(size) {
                buffer.bytes.extend(portion);
                while let Some(message) = buffer.message().unwrap() {
                    read.push(message);
                }
            }
            assert!(matches!(read[..], [Message::Gap {}, Message::Live {}]), "{size}: {read:?}");
            assert!(buffer.bytes.is_empty());
        }
    }

    #[test]
    fn what_is_strange_or_endless_ends_the_talk() {
        let buffer = |bytes: Vec<u8>| Buffer { bytes, searched: 0 };
        assert!(matches!(buffer(b"data: {\n\n".to_vec()).message(), Err(Lost::Strange(_))));
        assert!(matches!(buffer(vec![b'x'; MESSAGE_BYTES_MAX + 1]).message(), Err(Lost::TooLarge)));
    }
}
