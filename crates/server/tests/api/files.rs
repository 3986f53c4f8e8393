//! The files of a team, edited from outside.

use serde_json::{Value, json};

use crate::harness::{Answer, Daemon, HUMAN_TEAM, poll};

async fn put(daemon: &Daemon, body: Value) -> Answer {
    daemon.send("PUT", "/api/projects/1/files", &daemon.headers(), &body.to_string()).await
}

fn on_disk(daemon: &Daemon, name: &str) -> String {
    std::fs::read_to_string(daemon.dir.path().join("shop/.crew").join(name)).unwrap_or_default()
}

#[tokio::test]
async fn a_file_is_written_over_what_was_read_and_over_nothing_else() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let files = daemon.get("/api/projects/1/files").await.json();
    let names: Vec<_> = files["files"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    let expect =
        ["team.toml", "agents/pm/CLAUDE.md", "knowledge/project.toml", "knowledge/goals.toml"];
    assert_eq!(names, expect);
    assert_eq!(files["files"][0]["text"], HUMAN_TEAM);
    assert_eq!(files["files"][1]["version"], Value::Null, "it is not there yet");

    let first = json!({"name": "agents/pm/CLAUDE.md", "text": "You plan.\n"});
    let written = put(&daemon, first.clone()).await;
    assert_eq!(written.status, 200, "{written:?}");
    assert_eq!(on_disk(&daemon, "agents/pm/CLAUDE.md"), "You plan.\n");
    let blind = put(&daemon, first).await;
    assert_eq!((blind.status, blind.code().as_str()), (409, "refused"), "{blind:?}");
    let version = written.json()["version"].clone();
    let next = json!({"name": "agents/pm/CLAUDE.md", "text": "You order.\n", "version": version});
    assert_eq!(put(&daemon, next).await.status, 200);
    assert_eq!(on_disk(&daemon, "agents/pm/CLAUDE.md"), "You order.\n");

    for name in ["../../escape", "agents/../x/CLAUDE.md", "playbook.toml"] {
        let answer = put(&daemon, json!({"name": name, "text": "x"})).await;
        assert!(answer.status == 404 || answer.status == 400, "{name}: {answer:?}");
    }
    daemon.end().await;
}

#[tokio::test]
async fn a_policy_with_mistakes_is_not_written() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    let bad = HUMAN_TEAM.replace("owner = \"human\"", "ovner = \"human\"");
    let check = json!({"name": "team.toml", "text": bad});
    let found = daemon.ok("/api/projects/1/files/check", &check).await;
    assert!(found["mistakes"][0]["what"].as_str().unwrap().contains("ovner"), "{found}");
    assert_eq!(found["mistakes"][0]["hint"], "did you mean `owner`?");
    let line = bad.lines().position(|line| line.starts_with("ovner")).unwrap() + 1;
    assert_eq!(found["mistakes"][0]["line"], line);
    assert_eq!(found["mistakes"][0]["key"], "stages.backlog.ovner");
    assert_eq!(found["team"], Value::Null);
    let goals = json!({"name": "knowledge/goals.toml", "text": "a = 1\nb = "});
    let found = daemon.ok("/api/projects/1/files/check", &goals).await;
    assert_eq!(found["mistakes"][0]["line"], 2);
    let good = json!({"name": "team.toml", "text": HUMAN_TEAM});
    let found = daemon.ok("/api/projects/1/files/check", &good).await;
    assert_eq!((&found["mistakes"], &found["team"]["human_approves"]), (&json!([]), &json!(true)));

    let files = daemon.get("/api/projects/1/files").await.json();
    let version = &files["files"][0]["version"];
    let write = json!({"name": "team.toml", "text": bad, "version": version});
    let refused = put(&daemon, write).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "invalid"));
    assert_eq!(refused.json()["error"]["key"], "stages.backlog.ovner");
    let goals = put(&daemon, json!({"name": "knowledge/goals.toml", "text": "a = "})).await;
    assert_eq!(goals.code(), "invalid");
    assert_eq!(goals.json()["error"]["key"], Value::Null);
    assert_eq!(on_disk(&daemon, "team.toml"), HUMAN_TEAM);
    daemon.end().await;
}

#[tokio::test]
async fn a_stage_with_tasks_in_it_cannot_be_taken_out() {
    let daemon = Daemon::start().await;
    daemon.project("shop", HUMAN_TEAM).await;
    daemon.ok("/api/tasks", &json!({"project": 1, "title": "Sell it"})).await;
    let edit = |edit: Value| json!({"edits": [edit]});
    let rename = edit(json!({"edit": "rename_stage", "stage": "backlog", "to": "later"}));
    let answer = daemon.patch("/api/projects/1/team", &rename).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "refused"), "{answer:?}");
    assert_eq!(on_disk(&daemon, "team.toml"), HUMAN_TEAM);

    let add = json!({"edit": "add_stage", "name": "docs", "owner": "human", "after": "review"});
    let wip = json!({"edit": "set", "key": ["stages", "docs", "wip"], "value": 2});
    let answer = daemon.patch("/api/projects/1/team", &json!({"edits": [add, wip]})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let used = async || {
        let team = daemon.get("/api/projects/1/team").await.json();
        (team["stages"][2]["name"] == "docs" && team["stages"][2]["wip"] == 2).then_some(())
    };
    poll("the new stage is in use", used).await;
    daemon.end().await;
}

#[tokio::test]
async fn a_role_is_added_with_what_it_is_told_and_taken_out_where_nobody_needs_it() {
    let daemon = Daemon::start().await;
    let team = format!("# Ours.\n{HUMAN_TEAM}");
    daemon.project("shop", &team).await;
    let edits =
        async |edits: Value| daemon.patch("/api/projects/1/team", &json!({"edits": edits})).await;
    let plays = json!({"edit": "set", "key": ["roles", "writer", "provider"], "value": "native"});
    let add = json!({"edit": "add_role", "role": "writer", "about": "You write."});
    let refused = edits(json!([add])).await;
    assert_eq!(refused.code(), "invalid", "nobody plays it");
    assert_eq!(refused.json()["error"]["key"], "roles.writer.provider");
    assert_eq!(on_disk(&daemon, "team.toml"), team, "all or none");
    assert_eq!(on_disk(&daemon, "agents/writer/CLAUDE.md"), "");

    let long = json!({"edit": "add_role", "role": "writer", "about": "x".repeat(8_001)});
    let refused = edits(json!([long, plays])).await;
    assert_eq!(refused.code(), "invalid");
    assert_eq!(refused.json()["error"]["key"], "roles.writer.about");
    let taken = edits(json!([{"edit": "add_role", "role": "human"}])).await;
    assert_eq!(taken.json()["error"]["key"], "roles.human");
    let added = edits(json!([add, plays])).await;
    assert_eq!(added.status, 200, "{added:?}");
    assert!(on_disk(&daemon, "team.toml").starts_with("# Ours."));
    assert_eq!(on_disk(&daemon, "agents/writer/CLAUDE.md"), "# writer\n\nYou write.\n");
    let form = daemon.get("/api/projects/1/team/form").await.json();
    assert_eq!(form["roles"][1], json!({"name": "writer", "keys": {"provider": "native"}}));
    assert_eq!(form["stages"][1]["keys"]["back"], "backlog");

    let remove = json!({"edit": "remove_role", "role": "writer"});
    let works = json!({"edit": "add_stage", "name": "docs", "owner": "writer", "after": "backlog"});
    let answer = edits(json!([works])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let needed = edits(json!([remove])).await.json();
    assert_eq!(needed["error"]["message"], "`writer` is needed in docs");
    let earlier = json!({"edit": "move_stage", "stage": "docs", "to": "right"});
    let answer = edits(json!([earlier])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let out = json!({"edit": "remove_stage", "stage": "docs"});
    let answer = edits(json!([out, remove])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(on_disk(&daemon, "team.toml"), team);
    assert_eq!(on_disk(&daemon, "agents/writer/CLAUDE.md"), "# writer\n\nYou write.\n");
    daemon.end().await;
}
