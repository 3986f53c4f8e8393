//! What is told while it happens, over real WebSockets.

use std::io::Write;
use std::time::Duration;

use crew_core::{RunId, Token};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::{Daemon, HUMAN_TEAM, stopped_after_two_starts};

/// A stream that says nothing for so long has lost something.
const HANGS: Duration = Duration::from_mins(1);

/// A WebSocket, opened as a browser does.
struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(daemon: &Daemon, path: &str) -> Self {
        let mut request = format!("ws://{}{path}", daemon.address).into_client_request().unwrap();
        let offer = format!("crew.v1, crew.token.{}", daemon.token);
        let origin = format!("http://{}", daemon.address);
        request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let (socket, answer) = connect_async(request).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "crew.v1");
        Self(socket)
    }

    /// The next message of ours; none when the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(HANGS, self.0.next()).await.unwrap()? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads on until a position was told of; all messages up to there.
    async fn until(&mut self, seq: u64) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().await.unwrap();
            let at = message["seq"].as_u64().unwrap_or(0);
            messages.push(message);
            if at >= seq {
                return messages;
            }
        }
    }
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    let entries = messages.iter().flat_map(|message| message["entries"].as_array().unwrap());
    entries.map(|entry| entry["seq"].as_u64().unwrap()).collect()
}

async fn add(daemon: &Daemon, title: &str) -> u64 {
    let added = daemon.ok("/api/tasks", &json!({"project": 1, "title": title})).await;
    added["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn changes_are_told_in_order_and_gone_on_with_after_a_break() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    add(&daemon, "first").await;
    let mut socket = Socket::open(&daemon, "/api/events?since=2").await;
    add(&daemon, "second").await;
    let seq = add(&daemon, "third").await;
    let told = socket.until(seq).await;
    assert_eq!(seqs(&told), [3, 4]);
    let tasks: Vec<&Value> = told.iter().flat_map(|it| it["tasks"].as_array().unwrap()).collect();
    assert_eq!(
        tasks.iter().map(|it| &it["id"]).collect::<Vec<_>>(),
        [2, 3],
        "no other has changed"
    );
    let last = told.last().unwrap();
    assert_eq!(last["status"]["projects"][0]["tasks"]["needs_approval"], 3);
    assert_eq!(last["inbox"].as_array().unwrap().len(), 3);
    drop(socket);

    daemon.ok("/api/tasks/1/approve", &json!({})).await;
    let seq = add(&daemon, "fourth").await;
    let mut again = Socket::open(&daemon, "/api/events?since=4").await;
    let told = again.until(seq).await;
    assert_eq!(seqs(&told), [5, 6], "{told:?}");
    let first = told.iter().rev().flat_map(|it| it["tasks"].as_array().unwrap());
    let first = first.filter(|task| task["id"] == 1).collect::<Vec<_>>()[0];
    assert_eq!(first["stage"], "review");
    daemon.end().await;
}

#[tokio::test]
async fn two_clients_are_told_the_same() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let mut one = Socket::open(&daemon, "/api/events?since=1").await;
    let mut other = Socket::open(&daemon, "/api/events?since=0").await;
    let mut last = 0;
    for n in 0..40 {
        last = add(&daemon, &format!("t{n}")).await;
    }
    let (one, other) = (one.until(last).await, other.until(last).await);
    assert_eq!(seqs(&one), (2..=last).collect::<Vec<_>>());
    assert_eq!(seqs(&other), (1..=last).collect::<Vec<_>>());
    let inbox = |told: &[Value]| {
        let last = told.iter().rev().find(|message| message["inbox"].is_array());
        last.map(|message| message["inbox"].clone())
    };
    assert_eq!(inbox(&one), inbox(&other));
    daemon.end().await;
}

#[tokio::test]
async fn much_at_once_is_few_messages_and_too_much_is_a_gap() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    add(&daemon, "one").await;
    let mut socket = Socket::open(&daemon, "/api/events?since=2").await;
    let remark = |n: u32| {
        let text = format!("{n}");
        let task = crew_core::TaskId(1);
        daemon.handle.submit(crew_core::Event::Remarked { task, from: "human".into(), text })
    };
    for result in futures_util::future::join_all((0..200).map(remark)).await {
        result.unwrap();
    }
    let told = socket.until(202).await;
    assert_eq!(seqs(&told), (3..=202).collect::<Vec<_>>());
    assert!(told.len() < 100, "{} messages for 200 entries", told.len());

    for result in futures_util::future::join_all((0..900).map(remark)).await {
        result.unwrap();
    }
    let mut late = Socket::open(&daemon, "/api/events?since=10").await;
    assert_eq!(late.next().await.unwrap(), json!({"type": "gap", "seq": 1_102}));
    let seq = add(&daemon, "two").await;
    assert_eq!(seqs(&late.until(seq).await), [seq], "after a gap it goes on");
    let mut ahead = Socket::open(&daemon, "/api/events?since=99999").await;
    assert_eq!(ahead.next().await.unwrap()["type"], "gap", "of a backup that was brought back");
    daemon.end().await;
}

#[tokio::test]
async fn the_same_is_told_as_server_sent_events() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    add(&daemon, "one").await;
    let stream = daemon.open("GET", "/api/events?since=0", &daemon.headers(), "").await;
    let mut lines = BufReader::new(stream).lines();
    let mut found = Vec::new();
    while found.len() < 2 {
        let line = tokio::time::timeout(HANGS, lines.next_line()).await.unwrap().unwrap().unwrap();
        if line.starts_with("id: ") || line.starts_with("data: ") {
            found.push(line);
        }
    }
    assert_eq!(found[0], "id: 2");
    let data: Value = serde_json::from_str(found[1].trim_start_matches("data: ")).unwrap();
    assert_eq!(seqs(&[data]), [1, 2]);
    daemon.end().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_daemon() {
    let daemon = Daemon::start().await;
    let mut socket = Socket::open(&daemon, "/api/events").await;
    daemon.stop.cancel();
    assert_eq!(socket.next().await, None);
    daemon.end().await;
}

fn write(daemon: &Daemon, start: u32, lines: &[Value]) {
    let dir = daemon.handle.home().run(RunId(1), Token(start));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(crew_agent::shim::OUT);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
}

fn texts(message: &Value) -> Vec<String> {
    let lines = message["lines"].as_array().unwrap();
    lines.iter().map(|line| line["event"]["text"].as_str().unwrap_or_default().into()).collect()
}

#[tokio::test]
async fn what_an_agent_says_is_told_while_it_says_it() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    let say = |text: &str| json!({"type": "text", "text": text});
    write(&daemon, 1, &[say("one"), say("two")]);
    let mut socket = Socket::open(&daemon, "/api/runs/1/events").await;
    let first = socket.next().await.unwrap();
    assert_eq!(texts(&first), ["one", "two"]);
    write(&daemon, 3, &[say("three")]);
    let third = socket.next().await.unwrap();
    assert_eq!(texts(&third), ["three"]);

    let from = first["lines"][0]["at"].as_str().unwrap();
    let mut again = Socket::open(&daemon, &format!("/api/runs/1/events?from={from}")).await;
    assert_eq!(texts(&again.next().await.unwrap()), ["two"]);
    assert_eq!(texts(&again.next().await.unwrap()), ["three"]);

    let long = "x".repeat(2 << 20);
    write(&daemon, 3, &[say(&long), say("after")]);
    let message = socket.next().await.unwrap();
    let line = &message["lines"][0];
    assert_eq!(line["cut"], true);
    assert!(line["event"]["text"].as_str().unwrap().len() < 20_000);
    let from = line["from"].as_str().unwrap();
    let whole = daemon.get(&format!("/api/runs/1/log?lines=1&from={from}")).await;
    assert_eq!(whole.json()["event"]["text"].as_str().unwrap().len(), long.len());

    let mut tail = Socket::open(&daemon, "/api/runs/1/events?last=100").await;
    let message = tail.next().await.unwrap();
    assert_eq!(texts(&message), ["after"], "a line is whole or not there");
    let until = message["lines"][0]["from"].as_str().unwrap();
    let before = daemon.get(&format!("/api/runs/1/log?until={until}")).await;
    assert_eq!(before.body.lines().count(), 4);
    daemon.end().await;
}

#[tokio::test]
async fn what_is_being_written_grows_by_whole_words_until_it_is_there() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    let piece = |text: &str| json!({"type": "partial", "text": text});
    let of_another = |event: Value| json!({"type": "subagent", "call": "c", "event": event});
    let (whole, other) = (json!({"type": "text", "text": "I go home."}), piece("not mine "));
    write(&daemon, 3, &[piece("I go"), piece(" ho"), of_another(other)]);
    let mut socket = Socket::open(&daemon, "/api/runs/1/events").await;
    assert_eq!(texts(&socket.next().await.unwrap()), ["I go"]);
    let aside = of_another(json!({"type": "text", "text": "aside"}));
    write(&daemon, 3, &[piece("me. "), aside, whole.clone()]);
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &Value| line["event"] != whole) {
        lines.extend(socket.next().await.unwrap()["lines"].as_array().unwrap().clone());
    }
    lines.retain(|line| line["event"]["type"] != "partial"); // as much as was read by then
    assert_eq!(texts(&json!({"lines": lines})), ["aside", "I go home."]);
    assert_eq!(lines[0]["event"]["by"], "c");
    let log = daemon.get("/api/runs/1/log").await;
    assert!(!log.body.contains("partial"), "{log:?}");
    daemon.end().await;
}
