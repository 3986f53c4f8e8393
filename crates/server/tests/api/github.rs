//! Connections with GitHub: webhooks, and limits that projects share.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crew_testkit::{Fault, GITHUB_TOKEN, GithubServer};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::harness::{Daemon, HUMAN_TEAM, poll};

const SECRET: &str = "an invented secret, long enough";
const WEBHOOKS: &str = "/api/webhooks/github";

/// A file that is its owner's alone; as `team.toml` names it.
fn kept(daemon: &Daemon, name: &str, text: &str) -> String {
    let file = daemon.dir.path().join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", file.display())
}

/// Adds a project that is connected.
async fn connect(daemon: &Daemon, server: &GithubServer, name: &str, more: &str) {
    let (url, token) = (server.url(), kept(daemon, "github-token", GITHUB_TOKEN));
    let team = format!(
        "{HUMAN_TEAM}\n[github]\nrepository = \"acme/shop\"\ntrusted = [\"boss\"]\napi = \"{url}\"\n\
         token = \"{token}\"\n{more}\n"
    );
    daemon.project(name, &team).await;
}

async fn status(daemon: &Daemon, project: u64) -> Value {
    daemon.get(&format!("/api/projects/{project}/github")).await.json()
}

async fn is_asked(daemon: &Daemon, project: u64) {
    poll("GitHub was asked", async || status(daemon, project).await["asked_at"].as_u64()).await;
}

fn signature(secret: &str, body: &str) -> String {
    let hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    let bytes = hmac.finalize().into_bytes();
    let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("x-hub-signature-256: sha256={digits}")
}

/// What comes through a tunnel, which has another name and no token; the status of the answer.
async fn deliver(daemon: &Daemon, headers: &[&str], body: &str) -> u16 {
    let usual = ["host: hooks.example", "content-type: application/x-www-form-urlencoded"];
    let headers: Vec<String> =
        usual.iter().chain(headers).map(|header| (*header).to_owned()).collect();
    daemon.send("POST", WEBHOOKS, &headers, body).await.status
}

#[tokio::test]
async fn a_webhook_that_github_signed_has_github_asked_and_nothing_else_does() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let daemon = Daemon::start().await;
    let id = "x-github-delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958";
    let body = r#"{"action":"opened","issue":{"number":1,"title":"obey me"}}"#;
    let good = signature(SECRET, body);
    assert_eq!(deliver(&daemon, &[&good, id], body).await, 404, "nobody has a webhook");
    let secret = kept(&daemon, "hook", SECRET);
    connect(&daemon, &server, "shop", &format!("webhook_secret = \"{secret}\"")).await;
    is_asked(&daemon, 1).await;

    let huge = "x".repeat((1 << 20) + 1);
    let of_huge = signature(SECRET, &huge);
    let of_another = signature("another secret, long enough", body);
    let long = format!("x-github-delivery: {}", "x".repeat(101));
    for (what, headers, body, expect) in [
        ("no signature", vec![id], body, 401),
        ("an empty one", vec!["x-hub-signature-256: ", id], body, 401),
        ("that of another secret", vec![of_another.as_str(), id], body, 401),
        ("that of another body", vec![good.as_str(), id], "{}", 401),
        ("an older kind", vec!["x-hub-signature: sha1=00", id], body, 401),
        ("no id", vec![good.as_str()], body, 401),
        ("a long id", vec![good.as_str(), long.as_str()], body, 401),
        ("a huge body", vec![of_huge.as_str(), id], huge.as_str(), 413),
    ] {
        assert_eq!(deliver(&daemon, &headers, body).await, expect, "{what}");
    }
    let token = format!("authorization: Bearer {}", daemon.token);
    let get = [format!("host: {}", daemon.address), token];
    assert_eq!(daemon.send("GET", WEBHOOKS, &get, "").await.status, 405);
    assert_eq!(daemon.send("GET", WEBHOOKS, &get[..1], "").await.status, 401);
    assert_eq!(status(&daemon, 1).await["delivered_at"], Value::Null);

    server.people(|repo| repo.open("boss", "Make it", "text", &["crew"]));
    assert_eq!(deliver(&daemon, &[&good, id], body).await, 204);
    let first = status(&daemon, 1).await["delivered_at"].as_u64().unwrap();
    poll("it became a task", async || {
        let tasks = daemon.get("/api/tasks").await.json();
        (tasks["tasks"][0]["title"] == "Make it").then_some(())
    })
    .await;
    for other in [id, "x-github-delivery: another"] {
        assert_eq!(deliver(&daemon, &[&good, other], body).await, 204, "sent again");
    }
    assert_eq!(status(&daemon, 1).await["delivered_at"], first, "which does nothing");
    daemon.end().await;
}

#[tokio::test]
async fn a_webhook_brings_the_next_question_forward() {
    const PAUSE_MS: u64 = 15_000; // the shortest that there is without one
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let daemon = Daemon::start().await;
    let secret = kept(&daemon, "hook", SECRET);
    connect(&daemon, &server, "shop", &format!("webhook_secret = \"{secret}\"")).await;
    is_asked(&daemon, 1).await;
    let asked_at = async || status(&daemon, 1).await["asked_at"].as_u64().unwrap();
    // A machine that is busy elsewhere for that long says nothing about it.
    for body in ["first", "second", "third"] {
        let before = asked_at().await;
        let (good, id) = (signature(SECRET, body), format!("x-github-delivery: {body}"));
        assert_eq!(deliver(&daemon, &[&good, &id], body).await, 204);
        let next = async || Some(asked_at().await).filter(|asked| *asked > before);
        if poll("GitHub is asked again", next).await - before < PAUSE_MS {
            daemon.end().await;
            return;
        }
    }
    panic!("it is asked no earlier than without webhooks");
}

#[tokio::test]
async fn a_secret_of_a_webhook_that_is_none_is_said_and_all_else_works() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let daemon = Daemon::start().await;
    let short = kept(&daemon, "hook", "short");
    connect(&daemon, &server, "shop", &format!("webhook_secret = \"{short}\"")).await;
    is_asked(&daemon, 1).await;
    let trouble = status(&daemon, 1).await["webhook_trouble"].as_str().unwrap().to_owned();
    assert!(trouble.contains("fewer than 16") && trouble.contains("hint: "), "{trouble}");
    daemon.end().await;
}

#[tokio::test]
async fn a_limit_that_one_project_meets_quietens_all_with_its_token() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let daemon = Daemon::start().await;
    for (project, name) in [(1, "shop"), (2, "other")] {
        connect(&daemon, &server, name, "").await;
        is_asked(&daemon, project).await;
    }
    assert_eq!(status(&daemon, 1).await["shared_with"][0], "other");
    assert_eq!(status(&daemon, 2).await["shared_with"][0], "shop");
    let pace = "You have exceeded a secondary rate limit.";
    server.fault("GET", "/issues", Fault::answer(403, &[("retry-after", "3600")], pace));
    server.sent();
    daemon.ok("/api/projects/1/github/sync", &serde_json::json!({})).await;
    for project in [1, 2] {
        poll("it is said", async || {
            let status = status(&daemon, project).await;
            let is_quiet = status["trouble"].as_str()?.contains("serves nothing for a while");
            (is_quiet && status["calls"]["not_before"].is_u64()).then_some(())
        })
        .await;
    }
    let sent = server.sent();
    let refused = sent.iter().position(|sent| sent.status == 403).unwrap();
    assert_eq!(sent.len(), refused + 1, "nothing is sent after it: {sent:?}");
    assert_eq!(status(&daemon, 1).await["calls"], status(&daemon, 2).await["calls"]);
    daemon.end().await;
}
