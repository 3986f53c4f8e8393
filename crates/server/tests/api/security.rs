//! Who is let in: the whole matrix, as data.

use serde_json::json;

use crate::harness::Daemon;

/// One request: what is wrong with it, its headers (`{port}`, `{token}`), its body, the answer.
type Case = (&'static str, &'static [&'static str], &'static str, u16, &'static str);

const HOST: &str = "host: 127.0.0.1:{port}";
const KEY: &str = "authorization: Bearer {token}";
const JSON: &str = "content-type: application/json";

/// To `POST /api/stop`, which changes something.
const WRITES: &[Case] = &[
    ("nothing", &[HOST, KEY, JSON], "{}", 200, ""),
    ("a body is not needed", &[HOST, KEY], "", 409, "refused"),
    ("no host", &[KEY, JSON], "{}", 403, "forbidden"),
    (
        "a host that resolves to us",
        &["host: evil.example:{port}", KEY, JSON],
        "{}",
        403,
        "forbidden",
    ),
    ("the host of another port", &["host: 127.0.0.1:1", KEY, JSON], "{}", 403, "forbidden"),
    ("a host without a port", &["host: 127.0.0.1", KEY, JSON], "{}", 403, "forbidden"),
    ("two hosts", &[HOST, "host: evil.example", KEY, JSON], "{}", 403, "forbidden"),
    (
        "the host is a prefix",
        &["host: 127.0.0.1:{port}.evil.example", KEY, JSON],
        "{}",
        403,
        "forbidden",
    ),
    ("no token", &[HOST, JSON], "{}", 401, "unauthorized"),
    ("a wrong token", &[HOST, "authorization: Bearer 0123", JSON], "{}", 401, "unauthorized"),
    ("an empty token", &[HOST, "authorization: Bearer ", JSON], "{}", 401, "unauthorized"),
    (
        "more than the token",
        &[HOST, "authorization: Bearer {token}0", JSON],
        "{}",
        401,
        "unauthorized",
    ),
    ("another scheme", &[HOST, "authorization: Basic {token}", JSON], "{}", 401, "unauthorized"),
    ("two tokens", &[HOST, KEY, "authorization: Bearer x", JSON], "{}", 401, "unauthorized"),
    ("a token in a cookie", &[HOST, "cookie: token={token}", JSON], "{}", 401, "unauthorized"),
    ("another site", &[HOST, KEY, "origin: https://evil.example", JSON], "{}", 403, "forbidden"),
    (
        "another port's site",
        &[HOST, KEY, "origin: http://127.0.0.1:1", JSON],
        "{}",
        403,
        "forbidden",
    ),
    ("no site at all", &[HOST, KEY, "origin: null", JSON], "{}", 403, "forbidden"),
    (
        "our site by another scheme",
        &[HOST, KEY, "origin: https://127.0.0.1:{port}", JSON],
        "{}",
        403,
        "forbidden",
    ),
    (
        "our site without a token",
        &[HOST, "origin: http://127.0.0.1:{port}", JSON],
        "{}",
        401,
        "unauthorized",
    ),
    (
        "a form",
        &[HOST, KEY, "content-type: application/x-www-form-urlencoded"],
        "a=b",
        415,
        "unsupported_media_type",
    ),
    ("plain text", &[HOST, KEY, "content-type: text/plain"], "{}", 415, "unsupported_media_type"),
    ("no type", &[HOST, KEY], "{}", 415, "unsupported_media_type"),
    (
        "text that mentions JSON",
        &[HOST, KEY, "content-type: text/plain; application/json"],
        "{}",
        415,
        "unsupported_media_type",
    ),
    (
        "chunks of no type",
        &[HOST, KEY, "transfer-encoding: chunked"],
        "2\r\n{}\r\n0\r\n\r\n",
        415,
        "unsupported_media_type",
    ),
    ("a key that is not known", &[HOST, KEY, JSON], "{\"force\":true}", 400, "invalid"),
    ("no JSON", &[HOST, KEY, JSON], "{", 400, "invalid"),
    ("more than JSON", &[HOST, KEY, JSON], "{} {}", 400, "invalid"),
    (
        "our site, once more",
        &[HOST, KEY, "origin: http://localhost:{port}", JSON],
        "{}",
        409,
        "refused",
    ),
    (
        "by name",
        &["host: localhost:{port}", KEY, "content-type: application/json; charset=utf-8"],
        "{}",
        409,
        "refused",
    ),
    ("by the other address", &["host: [::1]:{port}", KEY, JSON], "{}", 409, "refused"),
];

#[tokio::test]
async fn only_who_has_the_token_and_comes_from_here_is_let_in() {
    let daemon = Daemon::start().await;
    for (what, headers, body, status, code) in WRITES {
        let headers: Vec<String> = headers.iter().map(|text| filled(&daemon, text)).collect();
        let answer = daemon.send("POST", "/api/stop", &headers, body).await;
        assert_eq!(answer.status, *status, "{what}: {answer:?}");
        if *status != 200 {
            assert_eq!(answer.code(), *code, "{what}: {answer:?}");
            let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
            assert!(!message.is_empty() && !message.contains(&daemon.token), "{what}: {answer:?}");
        }
        let head = answer.head.to_ascii_lowercase();
        assert!(!head.contains("access-control"), "there is no CORS: {head}");
    }
    daemon.end().await;
}

/// Values of one header, and whether each is let in.
type Values = [(Option<&'static str>, bool)];

const HOSTS: &Values = &[
    (Some("host: 127.0.0.1:{port}"), true),
    (Some("host: localhost:{port}"), true),
    (Some("host: rebound.example:{port}"), false),
    (None, false),
];
const ORIGINS: &Values = &[
    (None, true),
    (Some("origin: http://127.0.0.1:{port}"), true),
    (Some("origin: http://rebound.example:{port}"), false),
    (Some("origin: null"), false),
];
const TOKENS: &Values = &[
    (Some("authorization: Bearer {token}"), true),
    (Some("authorization: Bearer 0123456789abcdef"), false),
    (Some("authorization: {token}"), false),
    (None, false),
];
const TYPES: &Values = &[
    (Some("content-type: application/json"), true),
    (Some("content-type: text/plain"), false),
    (Some("content-type: multipart/form-data; boundary=x"), false),
    (None, false),
];
/// What reads, what streams, and what changes something.
const ROUTES: &[(&str, &str)] =
    &[("GET", "/api/status"), ("GET", "/api/journal/follow"), ("POST", "/api/release")];

#[tokio::test]
async fn every_header_has_to_be_right_whatever_the_others_are() {
    let daemon = Daemon::start().await;
    let mut count = 0;
    for (host, our_host) in HOSTS {
        for (origin, our_origin) in ORIGINS {
            for (token, right) in TOKENS {
                for (kind, json) in TYPES {
                    let headers = [host, origin, token, kind].into_iter().flatten();
                    let headers: Vec<String> =
                        headers.map(|header| filled(&daemon, header)).collect();
                    for (method, path) in ROUTES {
                        let has_body = *method == "POST";
                        let status = match (*our_host && *our_origin, *right, *json || !has_body) {
                            (false, _, _) => 403,
                            (true, false, _) => 401,
                            (true, true, false) => 415,
                            (true, true, true) if path.ends_with("follow") => continue, // no end
                            (true, true, true) if has_body => 409, // nothing is stopped
                            (true, true, true) => 200,
                        };
                        let body = if has_body { "{}" } else { "" };
                        let answer = daemon.send(method, path, &headers, body).await;
                        assert_eq!(answer.status, status, "{method} {path} {headers:?}");
                        count += 1;
                    }
                }
            }
        }
    }
    assert!(count > 700, "{count} requests");
    daemon.end().await;
}

fn filled(daemon: &Daemon, text: &str) -> String {
    text.replace("{port}", &daemon.address.port().to_string()).replace("{token}", &daemon.token)
}

#[tokio::test]
async fn every_route_is_behind_the_guard_and_so_is_what_is_no_route() {
    let daemon = Daemon::start().await;
    let paths = [
        "/api",
        "/api/health",
        "/api/status",
        "/api/idle",
        "/api/projects",
        "/api/tasks",
        "/api/tasks/1",
        "/api/inbox",
        "/api/runs/1",
        "/api/runs/1/log",
        "/api/journal",
        "/api/journal/follow",
        "/api/events",
        "/api/runs/1/events",
        "/api/costs",
        "/api/tasks/1/diff",
        "/api/openapi.json",
        "/api/projects/1/team",
        "/api/projects/1/trash",
        "/api/projects/1/trash/diff",
        "/api/nothing",
        "/api/stop",
        "/api/shutdown",
    ];
    let host = format!("host: {}", daemon.address);
    for path in paths {
        for method in ["GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
            let answer = daemon.send(method, path, std::slice::from_ref(&host), "").await;
            assert_eq!(answer.status, 401, "{method} {path}: {answer:?}");
        }
        let elsewhere = ["host: evil.example".to_owned()];
        let answer = daemon.send("GET", path, &elsewhere, "").await;
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
    let target = format!("http://evil.example:{}/api/health", daemon.address.port());
    let answer = daemon.send("GET", &target, &daemon.headers(), "").await;
    assert_eq!(answer.status, 403, "the target of a proxied request: {answer:?}");
    let (nowhere, not_so) = ((404, "not_found"), (405, "method_not_allowed"));
    let wrong = [("DELETE", "/api/tasks"), ("GET", "/api/stop"), ("GET", "/api/nothing")];
    for ((method, path), expected) in wrong.into_iter().zip([not_so, not_so, nowhere]) {
        let answer = daemon.send(method, path, &daemon.headers(), "").await;
        assert_eq!((answer.status, answer.code().as_str()), expected, "{method} {path}");
    }
    assert!(daemon.handle.read(|state| state.meta.stopped.is_none()), "nothing has happened");
    daemon.end().await;
}

#[tokio::test]
async fn a_body_has_a_bound_however_it_is_sent() {
    let daemon = Daemon::start().await;
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = daemon.send("POST", "/api/asks/1/answer", &daemon.headers(), &large).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    let mut headers = daemon.headers();
    headers.push("transfer-encoding: chunked".to_owned());
    let chunked = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let answer = daemon.send("POST", "/api/asks/1/answer", &headers, &chunked).await;
    assert!(answer.status == 413 || answer.status == 0, "refused or cut off: {answer:?}");
    let answer = daemon.post("/api/asks/1/answer", &json!({"text": "x".repeat(200_000)})).await;
    assert_eq!(answer.code(), "refused", "the arbiter has bounds of its own: {answer:?}");
    daemon.end().await;
}

#[tokio::test]
async fn nothing_listens_but_on_loopback() {
    let daemon = Daemon::start().await;
    let wide = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let refused =
        crew_server::serve(daemon.handle.clone(), wide, "t".into(), crate::harness::SETUP, stop)
            .await;
    assert!(refused.is_err());
    assert!(daemon.address.ip().is_loopback());
    daemon.end().await;
}

/// One opening of a WebSocket: what is wrong with it, its headers, the answer.
type Opening = (&'static str, &'static [&'static str], u16);

const SITE: &str = "origin: http://127.0.0.1:{port}";
const OFFER: &str = "sec-websocket-protocol: crew.v1, crew.token.{token}";

const OPENINGS: &[Opening] = &[
    ("our page", &[HOST, SITE, OFFER], 101),
    ("a program with the header", &[HOST, KEY], 101),
    ("a program with the protocol", &[HOST, OFFER], 101),
    ("no token", &[HOST, SITE], 401),
    ("a wrong token", &[HOST, SITE, "sec-websocket-protocol: crew.v1, crew.token.0123"], 401),
    ("an empty token", &[HOST, SITE, "sec-websocket-protocol: crew.v1, crew.token."], 401),
    ("the token in the address only", &[HOST, SITE, "x-path: ?token={token}"], 401),
    (
        "a wrong header is not made good by the protocol",
        &[HOST, SITE, "authorization: Bearer x", OFFER],
        401,
    ),
    ("another site", &[HOST, "origin: https://evil.example", OFFER], 403),
    ("no site at all", &[HOST, "origin: null", OFFER], 403),
    ("another port's site", &[HOST, "origin: http://127.0.0.1:1", OFFER], 403),
    ("another host", &["host: evil.example:{port}", SITE, OFFER], 403),
    ("no host", &[SITE, OFFER], 403),
];

#[tokio::test]
async fn a_websocket_is_opened_only_for_who_has_the_token_and_comes_from_here() {
    let daemon = Daemon::start().await;
    for path in ["/api/events", "/api/runs/1/events"] {
        for (what, headers, status) in OPENINGS {
            let mut headers: Vec<String> =
                headers.iter().map(|text| filled(&daemon, text)).collect();
            let upgrade =
                ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
            headers.extend(upgrade.map(str::to_owned));
            headers.push("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==".to_owned());
            let head = daemon.head("GET", path, &headers).await;
            let is_no_run = *status == 101 && path.contains("runs");
            let status = if is_no_run { 404 } else { *status };
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}, {what}: {head}");
            assert!(!head.contains(&daemon.token), "the token is not sent back: {head}");
        }
    }
    let plain = [filled(&daemon, HOST), filled(&daemon, OFFER)];
    let answer = daemon.send("GET", "/api/health", &plain, "").await;
    assert_eq!(answer.status, 401, "a protocol is of an upgrade: {answer:?}");
    daemon.end().await;
}
