//! Answers that go on.

use std::io::Write;
use std::time::Duration;

use crew_core::{RunId, Token};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;

use crate::harness::{Daemon, HUMAN_TEAM, stopped_after_two_starts};

/// A stream that says nothing for so long has lost something.
const HANGS: Duration = Duration::from_mins(1);

/// Lines of JSON of an answer that goes on. The sizes of chunks and the head are no JSON objects.
struct Stream(Lines<BufReader<TcpStream>>);

impl Stream {
    async fn open(daemon: &Daemon, path: &str) -> Self {
        let stream = daemon.open("GET", path, &daemon.headers(), "").await;
        Self(BufReader::new(stream).lines())
    }

    async fn next(&mut self) -> Option<Value> {
        let mut line = async || tokio::time::timeout(HANGS, self.0.next_line()).await;
        while let Some(line) = line().await.unwrap().unwrap() {
            if line.starts_with('{') {
                return Some(serde_json::from_str(&line).unwrap());
            }
        }
        None
    }
}

#[tokio::test]
async fn the_journal_is_paged_and_followed_without_gap_or_repetition() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    for n in 0..30 {
        daemon.ok("/api/tasks", &json!({"project": 1, "title": format!("t{n}")})).await;
    }
    let nothing = daemon.get(&format!("/api/journal?after={}", u64::MAX)).await.json();
    assert_eq!(nothing["entries"], json!([]));
    let page = daemon.get("/api/journal?after=3&limit=4").await.json();
    let seqs: Vec<u64> =
        page["entries"].as_array().unwrap().iter().map(|it| it["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [4, 5, 6, 7]);
    assert_eq!(page["entries"][0]["event"], "task_added");
    assert_eq!(page["entries"][0]["notes"][0]["note"], "stage");

    let mut from_start = Stream::open(&daemon, "/api/journal/follow?after=0").await;
    let mut from_here = Stream::open(&daemon, "/api/journal/follow?after=31").await;
    assert_eq!(from_start.next().await.unwrap()["seq"], 1);
    let writes = async {
        for n in 0..60 {
            daemon.ok("/api/tasks", &json!({"project": 1, "title": format!("u{n}")})).await;
        }
    };
    let reads = async {
        for seq in 2..=91 {
            assert_eq!(from_start.next().await.unwrap()["seq"], seq);
        }
        for seq in 32..=91 {
            assert_eq!(from_here.next().await.unwrap()["seq"], seq);
        }
    };
    tokio::join!(writes, reads);
    daemon.end().await;
}

#[tokio::test]
async fn a_follower_that_fell_far_behind_is_served_from_the_database() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    daemon.ok("/api/tasks", &json!({"project": 1, "title": "one"})).await;
    // It is not read from until more has happened than is kept for followers.
    let mut stream = Stream::open(&daemon, "/api/journal/follow?after=0").await;
    let total = 5_000;
    let submits = (0..total).map(|n| {
        let text = format!("{n} {}", "x".repeat(8_000));
        let event =
            crew_core::Event::Remarked { task: crew_core::TaskId(1), from: "human".into(), text };
        daemon.handle.submit(event)
    });
    for result in futures_util::future::join_all(submits).await {
        result.unwrap();
    }
    for seq in 1..=total + 2 {
        assert_eq!(stream.next().await.unwrap()["seq"], seq);
    }
    daemon.end().await;
}

fn write(daemon: &Daemon, start: u32, bytes: &[u8]) {
    let dir = daemon.handle.home().run(RunId(1), Token(start));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(crew_agent::shim::OUT);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_log_is_all_starts_in_order_and_harmless() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    write(
        &daemon,
        1,
        b"{\"type\":\"text\",\"text\":\"one\\u001b[2J\"}\nnoise \x1b]0;x\x07\n{\"type\":\"te",
    );
    write(&daemon, 3, b"{\"type\":\"hologram\",\"deep\":{\"a\":\"\\u009b\"}}\n");
    let log = daemon.get("/api/runs/1/log").await;
    let lines: Vec<Value> =
        log.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expect = [
        (1, json!({"type": "text", "text": "one␛[2J"})),
        (1, json!({"type": "noise", "text": "noise ␛]0;x␇"})),
        (1, json!({"type": "noise", "text": "{\"type\":\"te"})),
        (3, json!({"type": "hologram", "deep": {"a": "\u{fffd}"}})),
    ];
    assert_eq!(lines.len(), expect.len(), "{log:?}");
    for (line, (start, event)) in lines.iter().zip(&expect) {
        assert_eq!((&line["start"], &line["event"]), (&json!(start), event));
    }
    assert!(!log.body.contains('\u{1b}'));

    for (at, line) in lines.iter().enumerate() {
        let from = line["at"].as_str().unwrap();
        let rest = daemon.get(&format!("/api/runs/1/log?from={from}")).await;
        assert_eq!(rest.body.lines().count(), lines.len() - at - 1, "after {from}");
    }
    let raw = daemon.get("/api/runs/1/log?raw=1").await;
    assert!(raw.body.contains("noise \u{1b}]0;x\u{7}\n"), "{raw:?}");
    for from in ["x", "0:0", "1:99999"] {
        let answer = daemon.get(&format!("/api/runs/1/log?from={from}")).await;
        assert_eq!(answer.code(), "invalid", "{from}: {answer:?}");
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_line_of_a_log_says_when_it_was_printed_if_that_is_known() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    write(&daemon, 1, b"{\"type\":\"text\",\"text\":\"a\"}\n{\"type\":\"text\",\"text\":\"b\"}\n");
    write(&daemon, 2, b"{\"type\":\"text\",\"text\":\"c\"}\n");
    let times = daemon.handle.home().run(RunId(1), Token(1)).join(crew_agent::shim::TIMES);
    std::fs::write(times, "[1700000000000,27]\n").unwrap();
    let log = daemon.get("/api/runs/1/log").await;
    let lines = log.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let times: Vec<Option<u64>> = lines.map(|line| line["time"].as_u64()).collect();
    // The agents are gone: what nobody noted was not printed just now.
    assert_eq!(times, [Some(1_700_000_000_000), None, None]);
    daemon.end().await;
}

#[tokio::test]
async fn a_log_is_followed_until_the_daemon_goes() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    write(&daemon, 1, b"{\"type\":\"text\",\"text\":\"a\"}\n");
    let mut stream = Stream::open(&daemon, "/api/runs/1/log?follow=1").await;
    assert_eq!(stream.next().await.unwrap()["event"]["text"], "a");
    write(&daemon, 3, b"{\"type\":\"text\",\"text\":\"b\"}\n");
    assert_eq!(stream.next().await.unwrap()["event"]["text"], "b");
    write(&daemon, 3, b"{\"type\":\"text\",\"text\":\"c\"}\n");
    assert_eq!(stream.next().await.unwrap()["at"], "3:54");
    daemon.stop.cancel();
    assert_eq!(stream.next().await, None);
    daemon.end().await;
}
