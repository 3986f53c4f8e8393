//! The model server against a bare socket: whole answers, order of the script, and its end.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crew_standin::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

/// Status and body of a request, the body without the sizes of its chunks.
fn post(base_url: &str, path: &str, body: &Value) -> (String, String) {
    let (host, base) = base_url
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap_or((base_url.trim_start_matches("http://"), ""));
    let path = format!("/{base}{path}").replace("//", "/");
    let body = body.to_string();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "POST {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().to_owned();
    let is_size = |line: &&str| u64::from_str_radix(line.trim(), 16).is_err();
    (status, body.split("\r\n").filter(is_size).collect())
}

#[test]
fn a_whole_answer_has_the_shape_of_its_provider() {
    let reply = Reply::thinking("hm")
        .and_text("hello")
        .and_tool("read", json!({ "path": "a" }))
        .usage(1, 2, 3);
    let check = |wire: Wire, path: &str, places: [(&str, Value); 3]| {
        let server = ModelServer::start([reply.clone()]).unwrap();
        let (status, body) = post(&server.base_url(wire), path, &json!({ "stream": false }));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, "200");
        for (place, expect) in places {
            assert_eq!(body.pointer(place), Some(&expect), "{wire:?} {place} in {body}");
        }
        assert_eq!(server.requests()[0].body, json!({ "stream": false }));
    };
    check(
        Wire::Anthropic,
        "/messages",
        [
            ("/content/1/text", json!("hello")),
            ("/content/2/input/path", json!("a")),
            ("/usage/output_tokens", json!(3)),
        ],
    );
    check(
        Wire::OpenAi,
        "/chat/completions",
        [
            ("/choices/0/message/content", json!("hello")),
            ("/choices/0/message/tool_calls/0/function/arguments", json!(r#"{"path":"a"}"#)),
            ("/usage/prompt_tokens", json!(3)),
        ],
    );
    check(
        Wire::Gemini,
        "/models/m:generateContent",
        [
            ("/candidates/0/content/parts/1/text", json!("hello")),
            ("/candidates/0/content/parts/2/functionCall/name", json!("read")),
            ("/candidates/0/finishReason", json!("STOP")),
        ],
    );
    check(
        Wire::Ollama,
        "/api/chat",
        [
            ("/message/content", json!("hello")),
            ("/message/tool_calls/0/function/name", json!("read")),
            ("/done", json!(true)),
        ],
    );
}

#[test]
fn a_script_is_followed_to_its_end() {
    let server =
        ModelServer::start([Reply::status(529).header("retry-after", "1").body("busy")]).unwrap();
    server.then([Reply::text("well")]);
    let base = server.base_url(Wire::OpenAi);
    let ask = || post(&base, "/chat/completions", &json!({}));
    assert_eq!(ask(), ("529".to_owned(), "busy".to_owned()));
    assert!(ask().1.contains("well"));
    assert_eq!(ask(), ("500".to_owned(), "the script is at its end".to_owned()));
    assert_eq!(post(&base, "/nowhere", &json!({})).0, "404");
    assert_eq!(server.requests().len(), 4);
}
