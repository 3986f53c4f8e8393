//! JSON-RPC 2.0, one message to a line: what the dialects that speak it have in common.
//!
//! Reading is tolerant: `jsonrpc` may be missing, and what stands beside the parts that we know is
//! passed over. What is none of the three kinds of messages is `None`, and for the caller to keep.
//! The parts of a message stay text until somebody wants them, so a long one is read once.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The code for a request that nobody here answers.
pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
/// An id longer than this, in bytes, is not one that we would repeat.
const ID_BYTES_MAX: usize = 256;

/// What one side says to the other.
#[derive(Clone, Debug)]
pub(crate) enum Message<'a> {
    /// Wants an answer with the same id.
    Request {
        /// Names the request.
        id: Id,
        /// What is wanted.
        method: Cow<'a, str>,
        /// With what.
        params: Option<&'a RawValue>,
    },
    /// Wants none.
    Notification {
        /// What is told.
        method: Cow<'a, str>,
        /// With what.
        params: Option<&'a RawValue>,
    },
    /// The answer to a request of the other side.
    Response {
        /// The id of the request.
        id: Id,
        /// What came of it. A result of `null` is none.
        outcome: Result<Option<&'a RawValue>, Failure>,
    },
}

/// The id of a request: it is repeated as it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    /// Most count.
    Number(i64),
    /// We give names.
    Text(String),
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Failure {
    /// What kind, for a program.
    #[serde(default)]
    pub(crate) code: i64,
    /// What happened, for a human.
    #[serde(default)]
    pub(crate) message: String,
    /// What else there is to say, in the dialect's own words.
    #[serde(default)]
    pub(crate) data: Option<Value>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default, borrow)]
    id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow)]
    result: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// Reads one line; `None` when it is no message.
pub(crate) fn read(text: &str) -> Option<Message<'_>> {
    let line: Line<'_> = serde_json::from_str(text).ok()?;
    let id = line.id.map(id);
    match (id, line.method, line.error) {
        (None, Some(method), _) => Some(Message::Notification { method, params: line.params }),
        (Some(id), Some(method), _) => {
            Some(Message::Request { id: id?, method, params: line.params })
        }
        (Some(id), None, None) => Some(Message::Response { id: id?, outcome: Ok(line.result) }),
        (Some(id), None, Some(error)) => {
            Some(Message::Response { id: id?, outcome: Err(failure(error)) })
        }
        (None, None, _) => None,
    }
}

fn id(raw: &RawValue) -> Option<Id> {
    let id: Id = serde_json::from_str(raw.get()).ok()?;
    match &id {
        Id::Text(text) if text.len() > ID_BYTES_MAX => None,
        Id::Text(_) | Id::Number(_) => Some(id),
    }
}

/// An error that is none of the agreed form is still one.
fn failure(raw: &RawValue) -> Failure {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Failure {
        code: 0,
        message: raw.get().chars().take(ID_BYTES_MAX).collect(),
        data: None,
    })
}

/// The line of a request of ours.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// The line that tells something and wants no answer.
pub(crate) fn notification(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
}

/// The line that answers a request.
pub(crate) fn response(id: &Id, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

/// The line that says no to a request.
pub(crate) fn refusal(id: &Id, code: i64, message: &str) -> String {
    let error = json!({"code": code, "message": message});
    json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string()
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Id {
    /// The name, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text),
        }
    }

    /// Whether it is the one that we gave by this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Text(text) if text == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read, in short.
    fn shown(text: &str) -> String {
        let raw = |raw: Option<&RawValue>| raw.map_or("-", RawValue::get).to_owned();
        match read(text) {
            None => "none".to_owned(),
            Some(Message::Request { id, method, params }) => {
                format!("request {id} {method} {}", raw(params))
            }
            Some(Message::Notification { method, params }) => {
                format!("notification {method} {}", raw(params))
            }
            Some(Message::Response { id, outcome: Ok(result) }) => {
                format!("result {id} {}", raw(result))
            }
            Some(Message::Response { id, outcome: Err(failure) }) => {
                format!("error {id} {} {}", failure.code, failure.message)
            }
        }
    }

    #[test]
    fn a_line_is_one_of_three_kinds_of_messages() {
        let check = |text: &str, expect: &str| assert_eq!(shown(text), expect, "{text}");
        check(r#"{"id":0,"method":"may/I","params":{"a":1}}"#, r#"request 0 may/I {"a":1}"#);
        check(r#"{"jsonrpc":"2.0","method":"turn\/done"}"#, "notification turn/done -");
        check(r#"{"id":"prompt","result":{"x":[]},"new":1}"#, r#"result prompt {"x":[]}"#);
        check(r#"{"id":3,"result":null}"#, "result 3 -");
        check(r#"{"id":3,"error":{"code":-32600,"message":"no"}}"#, "error 3 -32600 no");
        check(r#"{"id":3,"error":"odd"}"#, "error 3 0 \"odd\"");
        check(r#"{"id":null,"method":"m"}"#, "notification m -");
    }

    #[test]
    fn what_is_no_message_is_none() {
        let long = format!(r#"{{"id":"{}","method":"m"}}"#, "x".repeat(1_000));
        for text in ["", "null", "7", "{}", "[]", "oops", r#"{"id":{}}"#, r#"{"method":7}"#, &long]
        {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(shown(&request("prompt", "go", &json!({}))), "request prompt go {}");
        assert_eq!(shown(&notification("go", &json!([1]))), "notification go [1]");
        assert_eq!(shown(&response(&Id::Number(7), &json!("x"))), "result 7 \"x\"");
        let refused = refusal(&Id::Text("a".into()), METHOD_NOT_FOUND, "no such thing");
        assert_eq!(shown(&refused), "error a -32601 no such thing");
    }
}
