//! The whole program with a GitHub that others wrote, and a real repository behind it. Each request that
//! we send is held against GitHub's own description of its API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use crew_testkit::{EMULATED_REPOSITORY, Emulated, GITHUB_TOKEN, MALLORYS_TOKEN};
use serde_json::{Value, json};
use support::{Daemon, Lab, simple_play};

const TOKEN: (&str, &str) = ("CREW_TEST_TOKEN", GITHUB_TOKEN);

/// A project whose repository is there, too.
fn connected() -> (Lab, Emulated) {
    let emulated = Emulated::start().unwrap();
    let emulated = emulated.expect("the stand-ins of others are not installed: `make stand-ins`");
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let url = emulated.url();
    let connect = [
        "github",
        "connect",
        EMULATED_REPOSITORY,
        "--api",
        &url,
        "--token-from",
        "env:CREW_TEST_TOKEN",
    ];
    lab.ok_with(&[TOKEN], &connect);
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, format!("{text}pull_requests = \"review\"\n")).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "connected"]);
    let bare = lab.dir.path().join("there.git");
    lab.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    emulated.with_origin(bare);
    (lab, emulated)
}

fn up(lab: &Lab) -> Daemon {
    let daemon = lab.serve_with(&[TOKEN]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

/// Has GitHub asked until `look` finds something.
fn wait<T>(lab: &Lab, what: &str, look: impl Fn() -> Option<T>) -> T {
    lab.wait(what, || {
        lab.crew(&["github", "sync"]);
        look()
    })
}

fn get(emulated: &Emulated, path: &str) -> Value {
    emulated.people(GITHUB_TOKEN, "GET", path, &Value::Null).unwrap()
}

fn labels(emulated: &Emulated, issue: u64) -> Vec<String> {
    let labels = get(emulated, &format!("/issues/{issue}"))["labels"].clone();
    let names = labels.as_array().into_iter().flatten().filter_map(|label| label["name"].as_str());
    names.map(str::to_owned).collect()
}

fn has_label(emulated: &Emulated, issue: u64, label: &str) -> Option<()> {
    labels(emulated, issue).iter().any(|known| known == label).then_some(())
}

fn pulls(emulated: &Emulated) -> Vec<Value> {
    get(emulated, "/pulls?state=all").as_array().cloned().unwrap_or_default()
}

#[test]
fn an_issue_becomes_a_pull_request_and_lands_with_each_request_as_github_describes_it() {
    let (lab, emulated) = connected();
    let boss = |method: &str, path: &str, body: &Value| {
        emulated.people(GITHUB_TOKEN, method, path, body).unwrap()
    };
    // A stranger's issue stays outside, until somebody who counts sets the label.
    let strange = json!({ "title": "Mine", "body": "now" });
    let issue = emulated.people(MALLORYS_TOKEN, "POST", "/issues", &strange).unwrap();
    assert_eq!(issue["number"], 1, "{issue}");
    let mut daemon = up(&lab);
    boss("POST", "/issues/1/labels", &json!({ "labels": ["crew"] }));
    wait(&lab, "it waits for approval", || has_label(&emulated, 1, "crew: needs-review"));
    let pull = wait(&lab, "its pull request is there", || pulls(&emulated).pop());
    assert!(pull["body"].as_str().unwrap().contains("Closes #1"), "{pull}");
    assert_eq!(pull["draft"], false);

    // A review sends it back; a daemon that dies meanwhile makes nothing twice.
    daemon.kill();
    daemon = up(&lab);
    let task = || lab.json(&["task", "show", "1"]);
    let number = pull["number"].as_u64().unwrap();
    let review = json!({
        "event": "COMMENT", "body": "Not yet.", "commit_id": task()["head"],
        "comments": [{ "path": "made.txt", "position": 1, "body": "say it twice" }],
    });
    boss("POST", &format!("/pulls/{number}/reviews"), &review);
    wait(&lab, "it is worked on again", || (task()["visits"]["in-progress"] == 2).then_some(()));
    let said = task()["remarks"].to_string();
    assert!(said.contains("Not yet.") && said.contains("say it twice"), "{said}");
    wait(&lab, "it waits again", || has_label(&emulated, 1, "crew: needs-review"));

    // A label moves the card, and both sides end up with the same one.
    boss("POST", "/issues/1/labels", &json!({ "labels": ["crew: in-progress"] }));
    wait(&lab, "it was moved", || (task()["visits"]["needs-review"] != 2).then_some(()));
    wait(&lab, "it waits again", || {
        let all = labels(&emulated, 1);
        (all == ["crew", "crew: needs-review"] && task()["stage"] == "needs-review").then_some(())
    });
    lab.ok(&["approve", "1"]);
    wait(&lab, "it is closed", || {
        let issue = get(&emulated, "/issues/1");
        (issue["state"] == "closed" && issue["state_reason"] == "completed").then_some(())
    });
    wait(&lab, "GitHub says what the board says", || {
        (lab.json(&["github", "status"])["pending"] == json!([])).then_some(())
    });
    drop(daemon);
    assert_eq!(pulls(&emulated).len(), 1, "it was opened once");
    let ours = get(&emulated, "/issues/1/comments");
    assert_eq!(ours.as_array().unwrap().len(), 1, "one comment, kept up to date: {ours}");

    let asked = emulated.asked();
    let breaches: Vec<_> = asked.iter().filter(|asked| asked.breach.is_some()).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
    let changes = asked.iter().filter(|asked| asked.method != "GET").count();
    assert!(asked.len() > 20 && changes > 8, "{} requests, {changes} changes", asked.len());
}
