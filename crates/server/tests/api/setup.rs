//! Beginning without a terminal.

use serde_json::json;

use crate::harness::{Daemon, HUMAN_TEAM, repository};

#[tokio::test]
async fn a_repository_is_found_and_becomes_a_project() {
    let daemon = Daemon::start().await;
    let root = repository(daemon.dir.path(), "shop", HUMAN_TEAM);
    std::fs::remove_dir_all(root.join(".crew")).unwrap();
    let here = daemon.dir.path().display();
    let place = daemon.get(&format!("/api/setup/place?path={here}")).await.json();
    let shop = &place["directories"][0];
    assert_eq!((&shop["name"], &shop["is_repository"]), (&json!("shop"), &json!(true)), "{place}");
    assert_eq!(place["repository"], json!(null));
    let path = shop["path"].as_str().unwrap();
    let place = daemon.get(&format!("/api/setup/place?path={path}")).await.json();
    let expect = json!({"root": root, "branch": "main", "has_team": false, "project": null});
    assert_eq!(place["repository"], expect);

    let model = json!({"api": "ollama", "model": "some-model"});
    let begun = daemon.ok("/api/setup/begin", &json!({"path": path, "model": model})).await;
    assert_eq!(begun["created"], json!([".crew/team.toml"]));
    assert_eq!(begun["project"]["name"], "shop");
    let team = daemon.get("/api/projects/1/team").await.json();
    assert_eq!(team["providers"][0]["api"], "ollama");
    let place = daemon.get(&format!("/api/setup/place?path={path}")).await.json();
    assert_eq!(place["repository"]["project"], 1);
    let again = daemon.post("/api/setup/begin", &json!({"path": path})).await;
    assert_eq!(again.code(), "refused", "{again:?}");

    let other = repository(daemon.dir.path(), "bank", HUMAN_TEAM);
    std::fs::remove_dir_all(other.join(".crew")).unwrap();
    let begin = json!({"path": other, "model": {"api": "claude"}});
    daemon.ok("/api/setup/begin", &begin).await;
    let team = daemon.get("/api/projects/2/team").await.json();
    assert_eq!(team["providers"][0]["kind"], "claude", "{team}");
    assert_eq!(team["roles"][0]["provider"], "claude", "{team}");

    let third = repository(daemon.dir.path(), "farm", HUMAN_TEAM);
    std::fs::remove_dir_all(third.join(".crew")).unwrap();
    let begin = json!({"path": third, "model": {"api": "nobody"}});
    let answer = daemon.post("/api/setup/begin", &begin).await;
    assert_eq!(answer.code(), "refused", "{answer:?}");
    assert!(!third.join(".crew").exists(), "nothing is half done");
    daemon.end().await;
}

#[tokio::test]
async fn a_place_that_is_not_there_is_said() {
    let daemon = Daemon::start().await;
    for path in ["relative", "/does/not/exist", "~nobody"] {
        let answer = daemon.get(&format!("/api/setup/place?path={path}")).await;
        assert_eq!(answer.code(), "invalid", "{path}: {answer:?}");
        assert!(answer.json()["error"]["hint"].is_string(), "{answer:?}");
    }
    let findings = daemon.get("/api/setup/doctor").await.json();
    assert_eq!(findings["findings"][0]["grade"], "ok");
    daemon.end().await;
}

#[tokio::test]
async fn the_demo_is_a_project_with_tasks_each_time_anew() {
    let daemon = Daemon::start().await;
    for n in 1..=2 {
        let begun = daemon.ok("/api/setup/demo", &json!({})).await;
        assert_eq!(begun["project"]["id"], n);
        let tasks = daemon.get(&format!("/api/tasks?project={n}")).await.json();
        let tasks = tasks["tasks"].as_array().unwrap();
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[1]["depends_on"], json!([tasks[0]["id"]]));
    }
    daemon.end().await;
}
