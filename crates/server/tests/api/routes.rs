//! What can be asked for and done, and what is refused.

use serde_json::{Value, json};

use crate::harness::{Daemon, HUMAN_TEAM, git, poll, repository, stopped_after_two_starts};

#[tokio::test]
async fn a_daemon_says_how_it_is() {
    let daemon = Daemon::start().await;
    let health = daemon.get("/api/health").await.json();
    assert_eq!(health["pid"], std::process::id());
    assert_eq!(health["seq"], 0);
    assert_eq!(health["stopped"], Value::Null);
    assert!(health["home"].as_str().unwrap().ends_with("/home"));
    let status = daemon.get("/api/status").await.json();
    assert_eq!(status["projects"], json!([]));
    assert_eq!(status["today"], json!({"tokens": 0, "cost_micros": 0}));
    let idle = daemon.get("/api/idle?wait_s=1").await.json();
    assert_eq!(idle, json!({"seq": 0, "idle": true, "moves": null, "waiting": 0}));
    daemon.end().await;
}

#[tokio::test]
async fn a_repository_becomes_a_project_once() {
    let daemon = Daemon::start().await;
    let root = repository(daemon.dir.path(), "shop", HUMAN_TEAM);
    let sub = root.join("src");
    std::fs::create_dir(&sub).unwrap();
    let added = daemon.ok("/api/projects", &json!({"path": sub})).await;
    assert_eq!(added["project"]["name"], "shop");
    assert_eq!(added["project"]["root"], root.to_str().unwrap());
    assert_eq!(added["project"]["stages"], json!(["backlog", "review", "done"]));
    assert_eq!(added["seq"], 1);
    let again = daemon.post("/api/projects", &json!({"path": root})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "refused"), "{again:?}");
    let list = daemon.get("/api/projects").await.json();
    assert_eq!(list["projects"].as_array().unwrap().len(), 1);

    let team = daemon.get("/api/projects/1/team").await.json();
    assert_eq!(team["human_approves"], true);
    assert_eq!(team["worst_case"]["approvals"], 2 + 4);
    assert_eq!(team["stages"][0]["gates"], json!([{"kind": "human"}]));
    assert_eq!(daemon.get("/api/projects/2/team").await.code(), "not_found");
    daemon.end().await;
}

#[tokio::test]
async fn a_place_that_is_no_project_is_refused_with_a_hint() {
    let daemon = Daemon::start().await;
    let bad_team = repository(daemon.dir.path(), "bad", "[[stages]]\nnam = \"x\"\n");
    let no_team = repository(daemon.dir.path(), "none", HUMAN_TEAM);
    std::fs::remove_file(no_team.join(".crew/team.toml")).unwrap();
    let nothing = daemon.dir.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    for (path, code) in [
        (bad_team.to_str().unwrap(), "invalid"),
        (no_team.to_str().unwrap(), "invalid"),
        (nothing.to_str().unwrap(), "refused"),
        ("relative", "invalid"),
        ("/does/not/exist", "refused"),
    ] {
        let answer = daemon.post("/api/projects", &json!({"path": path})).await;
        assert_eq!(answer.code(), code, "{path}: {answer:?}");
        assert!(path == "relative" || answer.json()["error"]["hint"].is_string(), "{answer:?}");
    }
    assert_eq!(daemon.get("/api/health").await.json()["seq"], 0);
    daemon.end().await;
}

#[tokio::test]
async fn a_task_lives() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let new = json!({"project": 1, "title": " Sell it ", "body": "now", "criteria": ["sold"],
        "priority": "high"});
    let added = daemon.ok("/api/tasks", &new).await;
    let task = &added["task"];
    assert_eq!(task["id"], 1);
    assert_eq!(task["title"], "Sell it");
    assert_eq!(task["status"]["word"], "needs_approval");
    assert_eq!(task["status"]["needs_human"], true);
    assert_eq!(task["approval"], json!({"commit": null, "to": "review"}));
    assert!(task["added_at"].as_u64().unwrap() > 1_600_000_000_000, "milliseconds");

    let second = json!({"project": 1, "title": "Later", "depends_on": [1]});
    daemon.ok("/api/tasks", &second).await;
    let edit = daemon.patch("/api/tasks/1", &json!({"title": "Sell more"})).await;
    assert_eq!(edit.status, 200, "{edit:?}");
    let shown = daemon.get("/api/tasks/1").await.json();
    assert_eq!(shown["title"], "Sell more");
    assert_eq!(shown["body"], "now", "what is left out stays");
    assert_eq!(shown["priority"], "high");

    daemon.ok("/api/tasks/1/remark", &json!({"text": "soon"})).await;
    daemon.ok("/api/tasks/1/pause", &json!({})).await;
    daemon.ok("/api/tasks/1/resume", &json!({})).await;
    let shown = daemon.get("/api/tasks/1").await.json();
    assert_eq!(shown["remarks"][0]["from"], "human");
    assert_eq!(shown["remarks"][0]["text"], "soon");

    let list = async |query: &str| -> Vec<u64> {
        let tasks = daemon.get(&format!("/api/tasks{query}")).await.json();
        tasks["tasks"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(list("").await, [1, 2]);
    assert_eq!(list("?project=1&stage=backlog&open=true").await, [1, 2]);
    assert_eq!(list("?stage=review").await, [] as [u64; 0]);
    assert_eq!(list("?project=2").await, [] as [u64; 0]);
    daemon.ok("/api/tasks/2/cancel", &json!({})).await;
    assert_eq!(list("?open=true").await, [1]);
    assert_eq!(list("?open=false").await, [2]);
    daemon.end().await;
}

#[tokio::test]
async fn what_is_not_possible_is_refused_and_changes_nothing() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    daemon.ok("/api/tasks", &json!({"project": 1, "title": "one"})).await;
    let before = daemon.get("/api/health").await.json()["seq"].clone();
    let cases = [
        ("/api/tasks", json!({"project": 9, "title": "x"}), 404, "not_found"),
        ("/api/tasks", json!({"project": 1, "title": ""}), 409, "refused"),
        ("/api/tasks", json!({"project": 1}), 400, "invalid"),
        ("/api/tasks", json!({"project": 1, "title": "x", "priority": "now"}), 400, "invalid"),
        ("/api/tasks", json!({"project": 1, "title": "x", "titel": 1}), 400, "invalid"),
        ("/api/tasks", json!({"project": 1, "title": "x", "depends_on": [7]}), 404, "not_found"),
        ("/api/tasks/7/pause", json!({}), 404, "not_found"),
        ("/api/tasks/x/pause", json!({}), 400, "invalid"),
        ("/api/tasks/1/resume", json!({}), 409, "refused"),
        ("/api/tasks/1/move", json!({"to": "done"}), 409, "refused"),
        ("/api/tasks/1/move", json!({"to": "nowhere"}), 409, "refused"),
        ("/api/tasks/1/move", json!({"to": "No Stage"}), 400, "invalid"),
        ("/api/tasks/1/approve", json!({"commit": "abc"}), 409, "refused"),
        ("/api/tasks/1/reject", json!({}), 400, "invalid"),
        ("/api/asks/1/answer", json!({"text": "x"}), 404, "not_found"),
        ("/api/release", json!({}), 409, "refused"),
        ("/api/backup", json!({"target": "relative"}), 400, "invalid"),
        ("/api/projects/9/trash/restore", json!({"reference": "x"}), 404, "not_found"),
        ("/api/projects/1/trash/restore", json!({"reference": "x"}), 404, "not_found"),
    ];
    for (path, body, status, code) in cases {
        let answer = daemon.post(path, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {body}");
    }
    for path in ["/api/tasks/9", "/api/runs/9", "/api/runs/9/log", "/api/projects/9/trash"] {
        assert_eq!(daemon.get(path).await.code(), "not_found", "{path}");
    }
    let wrong = daemon.send("DELETE", "/api/tasks", &daemon.headers(), "").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "method_not_allowed"));
    assert!(wrong.head.to_lowercase().contains("allow: get,head,post"), "{}", wrong.head);
    for path in ["/api/tasks?pro=1", "/api/tasks?open=maybe", "/api/journal?after=x"] {
        assert_eq!(daemon.get(path).await.code(), "invalid", "{path}");
    }
    let unknown = daemon.post("/api/tasks", &json!({"project": 1, "titel": "x"})).await.json();
    let text = unknown["error"].to_string();
    assert!(text.contains("titel") && text.contains("title") && text.contains("hint"), "{text}");
    assert_eq!(daemon.get("/api/health").await.json()["seq"], before);
    daemon.end().await;
}

#[tokio::test]
async fn the_inbox_has_what_waits_and_what_unblocks_most_comes_first() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let add = async |title: &str, after: &[u64], priority: &str| {
        let new = json!({"project": 1, "title": title, "depends_on": after, "priority": priority});
        daemon.ok("/api/tasks", &new).await;
    };
    add("small", &[], "normal").await;
    add("urgent", &[], "urgent").await;
    add("large", &[], "low").await;
    add("after large", &[3], "normal").await;
    add("after that", &[4], "normal").await;
    let inbox = async || daemon.get("/api/inbox").await.json()["items"].clone();
    let order: Vec<(u64, u64)> = inbox()
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["task"].as_u64().unwrap(), item["unblocks"].as_u64().unwrap()))
        .collect();
    assert_eq!(order, [(3, 3), (2, 1), (1, 1)]);

    // Approved into the next stage, sent back too often, and stuck: then there is an ask.
    daemon.ok("/api/tasks/3/approve", &json!({})).await;
    daemon.ok("/api/tasks/3/reject", &json!({"why": "not yet"})).await;
    daemon.ok("/api/tasks/3/reject", &json!({"why": "still not"})).await;
    let stuck = inbox().await[0].clone();
    assert_eq!((&stuck["kind"], &stuck["from"]), (&json!("stuck"), &json!("crewhouse")));
    assert_eq!(daemon.get("/api/tasks/3").await.json()["status"]["word"], "stuck");
    let path = format!("/api/asks/{}/answer", stuck["ask"]);
    daemon.ok(&path, &json!({"text": "try again"})).await;
    assert_eq!(daemon.post(&path, &json!({"text": "twice"})).await.code(), "refused");
    assert_eq!(inbox().await[0]["kind"], "approval");

    let idle = daemon.get("/api/idle?wait_s=0").await.json();
    assert_eq!(idle["idle"], true, "all of it waits for the human: {idle}");
    assert_eq!(idle["waiting"], 5, "two of them by those before them");
    daemon.end().await;
}

#[tokio::test]
async fn everything_stops_and_goes_on() {
    let daemon = Daemon::start().await;
    let stopped = async || daemon.get("/api/health").await.json()["stopped"].clone();
    daemon.ok("/api/stop", &json!({})).await;
    assert!(stopped().await.is_u64());
    assert_eq!(daemon.post("/api/stop", &json!({})).await.code(), "refused");
    daemon.ok("/api/release", &json!({})).await;
    assert_eq!(stopped().await, Value::Null);
    daemon.end().await;
}

#[tokio::test]
async fn a_run_is_shown_with_its_task() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    let run = daemon.get("/api/runs/1").await.json();
    assert_eq!((&run["role"], &run["state"]), (&json!("pm"), &json!("queued")));
    assert_eq!(run["starts"], 3);
    assert_eq!(run["over"], false);
    let task = daemon.get("/api/tasks/1").await.json();
    assert_eq!(task["runs"][0]["id"], 1);
    assert_eq!(task["status"]["word"], "stopped");
    let status = daemon.get("/api/status").await.json();
    assert_eq!(status["projects"][0]["tasks"], json!({"stopped": 1}));
    assert_eq!(daemon.get("/api/idle").await.json()["idle"], true);
    daemon.end().await;
}

#[tokio::test]
async fn what_was_saved_comes_back_as_a_branch() {
    let daemon = Daemon::start().await;
    let root = daemon.project("shop", HUMAN_TEAM).await;
    std::fs::write(root.join("lost.txt"), "precious\n").unwrap();
    git(&root, &["checkout", "-q", "-b", "work"]);
    git(&root, &["add", "lost.txt"]);
    git(
        &root,
        &["commit", "-q", "-m", "crew: what was in 1\n\nCrew-Branch: crew/1\nCrew-Files: 1"],
    );
    git(&root, &["update-ref", "refs/crew/trash/1/1700000000000", "work"]);
    git(&root, &["checkout", "-q", "main"]);
    git(&root, &["branch", "-q", "-D", "work"]);

    let trash = daemon.get("/api/projects/1/trash").await.json();
    let item = &trash["items"][0];
    assert_eq!(item["reference"], "refs/crew/trash/1/1700000000000");
    assert_eq!((&item["files"], &item["branch"]), (&json!(1), &json!("crew/1")));
    let reference = item["reference"].as_str().unwrap();
    let diff = daemon.get(&format!("/api/projects/1/trash/diff?reference={reference}")).await;
    assert!(diff.json()["text"].as_str().unwrap().contains("+precious"), "{diff:?}");
    let body = json!({"reference": reference});
    let made = daemon.ok("/api/projects/1/trash/restore", &body).await;
    assert_eq!(made["branch"], "restored/1/1700000000000");
    git(&root, &["cat-file", "-e", "restored/1/1700000000000:lost.txt"]);
    let again = daemon.post("/api/projects/1/trash/restore", &body).await;
    assert_eq!(again.code(), "refused", "a branch that exists is not moved: {again:?}");
    daemon.end().await;
}

#[tokio::test]
async fn a_backup_is_made_while_the_daemon_works_and_never_over_another() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let target = daemon.dir.path().join("backup");
    let done = daemon.ok("/api/backup", &json!({"target": target})).await;
    assert_eq!(done["seq"], 1);
    assert!(target.join("crewhouse.db").is_file());
    let again = daemon.post("/api/backup", &json!({"target": target})).await;
    assert_eq!(again.code(), "refused", "{again:?}");
    let inside = daemon.handle.home().root().join("backup");
    let answer = daemon.post("/api/backup", &json!({"target": inside})).await;
    assert_eq!(answer.code(), "refused", "{answer:?}");
    daemon.end().await;
}

#[tokio::test]
async fn two_edits_at_once_do_not_undo_each_other() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    daemon.ok("/api/tasks", &json!({"project": 1, "title": "one"})).await;
    for _ in 0..10 {
        let title = json!({"title": "new title"});
        let body = json!({"body": "new body"});
        let (a, b) = tokio::join!(
            daemon.patch("/api/tasks/1", &title),
            daemon.patch("/api/tasks/1", &body),
        );
        assert_eq!((a.status, b.status), (200, 200));
        let task = daemon.get("/api/tasks/1").await.json();
        assert_eq!((&task["title"], &task["body"]), (&json!("new title"), &json!("new body")));
        let reset = json!({"title": "one", "body": ""});
        assert_eq!(daemon.patch("/api/tasks/1", &reset).await.status, 200);
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_shutdown_is_answered_and_ends_what_waits() {
    let daemon = Daemon::start_after(stopped_after_two_starts).await;
    let mut follower =
        daemon.open("GET", "/api/journal/follow?after=0", &daemon.headers(), "").await;
    let answer = daemon.ok("/api/shutdown", &json!({})).await;
    assert_eq!(answer["pid"], std::process::id());
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut follower, &mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream has an end, not a cut");
    let address = daemon.address;
    daemon.end().await;
    poll("nobody listens any more", async || {
        tokio::net::TcpStream::connect(address).await.err().map(drop)
    })
    .await;
}
