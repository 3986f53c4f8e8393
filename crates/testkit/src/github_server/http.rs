//! Answers, as GitHub's API gives them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use serde_json::{Value, json};

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let mut hash = DefaultHasher::new();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        body.hash(&mut hash);
        let etag = format!("W/\"{:016x}\"", hash.finish());
        let content = ("content-type".to_owned(), "application/json; charset=utf-8".to_owned());
        Self { status, headers: vec![("etag".into(), etag), content], body: body.into_bytes() }
    }

    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    pub(super) fn with(mut self, headers: &[(String, String)]) -> Self {
        self.headers.extend_from_slice(headers);
        self
    }

    pub(super) fn etag(&self) -> &str {
        self.headers.first().map_or("", |(_, etag)| etag)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = if matches!(self.status, 204 | 304) { &[] } else { self.body.as_slice() };
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "HTTP/1.1 {} Scripted\r\n{}content-length: {}\r\nconnection: close\r\n\r\n",
            self.status,
            headers.concat(),
            body.len()
        );
        [head.as_bytes(), body].concat()
    }
}
