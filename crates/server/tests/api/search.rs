//! Searching over everything that was said.

use std::io::Write;

use crew_core::{RunId, Token};
use serde_json::{Value, json};

use crate::harness::{Daemon, HUMAN_TEAM, stopped_after_two_starts};

/// What is found, when all was looked through.
async fn found(daemon: &Daemon, words: &str) -> Vec<Value> {
    loop {
        let answer = daemon.get(&format!("/api/search?words={words}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let searched = answer.json();
        if searched["behind"] == false {
            return searched["found"].as_array().unwrap().clone();
        }
    }
}

async fn kinds(daemon: &Daemon, words: &str) -> Vec<String> {
    let found = found(daemon, words).await;
    found.iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn tasks_and_remarks_are_found_as_they_are_now() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let task = json!({"project": 1, "title": "Round the amounts", "body": "a **needle** here"});
    daemon.ok("/api/tasks", &task).await;
    assert_eq!(kinds(&daemon, "needle").await, ["task"]);
    daemon.ok("/api/tasks/1/remark", &json!({"text": "no needle\u{1b}[2J, a pin"})).await;
    let both = found(&daemon, "needle").await;
    assert_eq!(both.len(), 2, "{both:?}");
    let pin = &found(&daemon, "pin").await[0];
    assert_eq!(
        (&pin["kind"], &pin["task"], &pin["who"]),
        (&json!("remark"), &json!(1), &json!("human"))
    );
    assert_eq!(pin["title"], "Round the amounts");
    assert_eq!(pin["excerpt"], "no needle␛[2J, a pin", "harmless to a terminal");

    let edit = daemon.patch("/api/tasks/1", &json!({"body": "a thread"})).await;
    assert_eq!(edit.status, 200, "{edit:?}");
    assert_eq!(kinds(&daemon, "thread").await, ["task"]);
    assert_eq!(kinds(&daemon, "needle").await, ["remark"]);
    assert_eq!(kinds(&daemon, "%22%29%20AND%20%2A").await, [""; 0], "no operator, no error");
    let long = daemon.get(&format!("/api/search?words={}", "x".repeat(600))).await;
    assert_eq!(long.status, 400, "{long:?}");
    // Somebody takes the index away while the daemon is down, and it is made anew.
    let search = daemon.dir.path().join("home/search.db");
    assert!(search.exists(), "{}", search.display());
    daemon.end().await;
}

#[tokio::test]
async fn what_agents_said_is_found_where_it_was_said_and_without_keys() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    let home = daemon.handle.home();
    let key = format!("sk-ant-{}", "a1B2".repeat(8));
    let said = |start: u32, lines: &str| {
        let directory = home.run(RunId(1), Token(start));
        std::fs::create_dir_all(&directory).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.create(true).append(true).open(directory.join("out.ndjson")).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    };
    let text = |text: &str| format!("{}\n", json!({"type": "text", "text": text}));
    said(1, &(text("the first haystack") + &text(&format!("a needle and {key} in it"))));
    let call = json!({"type": "tool_call", "id": "1", "name": "shell", "input": {"command": "make needle"}});
    let result = json!({"type": "tool_result", "id": "1", "ok": true, "output": "much output"});
    said(2, &format!("{call}\n{result}\n"));
    let needles = found(&daemon, "needle").await;
    let places: Vec<&str> = needles.iter().map(|it| it["place"].as_str().unwrap()).collect();
    let first = needles.iter().find(|it| it["place"].as_str().unwrap().starts_with("1:")).unwrap();
    assert_eq!(
        (needles.len(), &first["run"], &first["kind"]),
        (2, &json!(1), &json!("said")),
        "{places:?}"
    );
    assert_eq!(first["excerpt"], "a needle and [hidden] in it");
    let place = first["place"].as_str().unwrap();
    // The place is one of the log: the line that ends there says it.
    let log = daemon.get(&format!("/api/runs/1/log?until={place}")).await;
    assert!(log.body.contains("a needle and [hidden] in it"), "{log:?}");
    assert!(log.body.contains(&format!("\"at\":\"{place}\"")), "{log:?}");
    assert!(found(&daemon, "output").await.is_empty(), "what tools gave back is too much");
    assert!(found(&daemon, "sk-ant").await.is_empty());
    said(2, &text("a late needle"));
    assert_eq!(found(&daemon, "needle").await.len(), 3, "what is new is read when it is asked for");
    let index = std::fs::read(home.search()).unwrap();
    let wal = std::fs::read(home.search().with_extension("db-wal")).unwrap_or_default();
    for bytes in [index, wal] {
        assert!(!bytes.windows(key.len()).any(|it| it == key.as_bytes()), "no key is in the index");
    }
    daemon.end().await;
}

#[tokio::test]
async fn providers_and_gates_are_read_and_written_as_forms() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let form = daemon.get("/api/projects/1/team/form").await.json();
    let provider = &form["providers"][0];
    assert_eq!(provider["keys"]["kind"], "native", "{form}");
    let stage = form["gates"].as_array().unwrap().iter().find(|it| it["gates"] != json!([]));
    let stage = stage.unwrap()["stage"].as_str().unwrap();
    let gates = json!([{"check": "make test", "timeout_minutes": 3}, {"human": true}]);
    let edit = json!({"edits": [{"edit": "set_gates", "stage": stage, "gates": gates}]});
    let saved = daemon.patch("/api/projects/1/team", &edit).await;
    assert_eq!(saved.status, 200, "{saved:?}");
    let form = daemon.get("/api/projects/1/team/form").await.json();
    assert!(form["gates"].as_array().unwrap().iter().any(|it| it["gates"] == gates), "{form}");

    let name = provider["name"].as_str().unwrap();
    let set = |key: &str, value: Value| json!({"edits": [{"edit": "set", "key": ["providers", name, key], "value": value}]});
    let bad = daemon.patch("/api/projects/1/team", &set("agnets", json!(3))).await;
    assert_eq!(bad.status, 400, "{bad:?}");
    assert!(bad.body.contains("did you mean `agents`?"), "as good as `crew team check`: {bad:?}");
    let good = daemon.patch("/api/projects/1/team", &set("agents", json!(3))).await;
    assert_eq!(good.status, 200, "{good:?}");
    daemon.end().await;
}
