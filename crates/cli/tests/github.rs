//! The whole program with a GitHub that has bad days.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::time::Duration;

use crew_engine::GITHUB_CRASH_POINTS;
use crew_testkit::{Fault, GITHUB_TOKEN, GithubServer};
use support::{Daemon, Lab, simple_play};

const TOKEN: (&str, &str) = ("CREW_TEST_TOKEN", GITHUB_TOKEN);

/// A project that is connected with a repository of `boss`.
fn connected(more: &[&str]) -> (Lab, GithubServer) {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let url = server.url();
    let connect =
        ["github", "connect", "acme/shop", "--api", &url, "--token-from", "env:CREW_TEST_TOKEN"];
    lab.ok_with(&[TOKEN], &[&connect, more].concat());
    lab.git(&["commit", "--quiet", "--all", "--message", "connected"]);
    (lab, server)
}

fn up(lab: &Lab, env: &[(&str, &str)]) -> Daemon {
    let daemon = lab.serve_with(&[&[TOKEN], env].concat());
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

fn labels(server: &GithubServer, issue: u64) -> Vec<String> {
    server.people(|repo| repo.labels_of(issue))
}

fn has_label(server: &GithubServer, issue: u64, label: &str) -> Option<()> {
    labels(server, issue).iter().any(|known| known == label).then_some(())
}

#[test]
fn an_issue_becomes_a_task_and_its_labels_follow_the_board_to_the_end() {
    let (lab, server) = connected(&[]);
    let _daemon = up(&lab, &[]);
    // A form sets the label in the name of whoever fills it in.
    server.people(|repo| repo.open("mallory", "Make it", "now <!-- secretly -->", &["crew"]));
    wait(&lab, "the label is asked about", || {
        server.sent().iter().any(|sent| sent.path.contains("/issues/1/events")).then_some(())
    });
    assert_eq!(lab.json(&["task", "list"])["tasks"].as_array().unwrap().len(), 0);

    server.people(|repo| repo.label("boss", 1, "crew"));
    wait(&lab, "it waits for approval", || has_label(&server, 1, "crew: needs-review"));
    assert_eq!(labels(&server, 1), ["crew", "crew: needs-review"]);
    let task = &lab.json(&["task", "show", "1"]);
    assert!(task.to_string().contains("⟨hidden:  secretly ⟩"), "{task}");
    assert_eq!(task["issue"], 1);

    lab.ok(&["approve", "1"]);
    let closed = || server.people(|repo| (repo.issues[&1]["state"] == "closed").then_some(()));
    wait(&lab, "it is closed", closed);
    assert_eq!(server.people(|repo| repo.issues[&1]["state_reason"].clone()), "completed");
    let comments = server.people(|repo| repo.comments_of(1));
    assert_eq!(comments.len(), 1, "one comment, kept up to date: {comments:?}");
    assert!(comments[0]["body"].as_str().unwrap().contains("`done`: done"), "{comments:?}");
    let pinned = server.people(|repo| repo.issues[&1]["pinned_comment"]["id"].clone());
    assert_eq!(pinned, comments[0]["id"], "it stands above what people say");
    let journal = lab.journal_text();
    assert!(!journal.contains(GITHUB_TOKEN), "the token is nowhere");
    assert!(!fs::read_to_string(lab.dir.path().join("log")).unwrap().contains(GITHUB_TOKEN));
}

#[test]
fn a_task_becomes_one_issue_whatever_is_lost_on_the_way() {
    let (lab, server) = connected(&["--publish-all"]);
    server.people(|repo| repo.labels.remove("crew: done")); // somebody tidied up
    let daemon = up(&lab, &[]);
    server.fault("POST", "/shop/labels", Fault::Lost);
    server.fault("POST", "/shop/issues", Fault::answer(502, &[], "Bad Gateway"));
    server.fault("POST", "/shop/issues", Fault::Lost);
    server.fault("POST", "/issues/1/comments", Fault::Cut);
    lab.ok(&["task", "add", "Write it"]);
    lab.ok(&["task", "pause", "1"]);
    let says = |words: &str| {
        let comments = server.people(|repo| repo.comments_of(1));
        let is_one =
            |comment: &serde_json::Value| comment["body"].as_str().unwrap().contains(words);
        comments.iter().any(is_one).then_some(())
    };
    wait(&lab, "it is held back", || says("held back").filter(|()| server.faults_left() == 0));
    server.people(|repo| {
        assert_eq!(repo.issues.len(), 1);
        assert_eq!(repo.comments_of(1).len(), 1);
    });

    // While GitHub cannot be reached, work goes on; then all of it is told.
    daemon.kill();
    let without_token = lab.serve();
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "edit", "1", "--title", "Write it well"]);
    let status = wait(&lab, "the status says why", || {
        let status = lab.json(&["github", "status"]);
        status["trouble"].is_string().then_some(status)
    });
    assert!(status["trouble"].as_str().unwrap().contains("CREW_TEST_TOKEN"), "{status}");
    assert_eq!(status["pending"][0]["task"], 1, "{status}");
    drop(without_token);
    let _daemon = up(&lab, &[]);
    wait(&lab, "the title is told", || {
        server.people(|repo| (repo.issues[&1]["title"] == "Write it well").then_some(()))
    });
    assert!(lab.ok(&["github", "status"]).contains("acme/shop as boss"));
}

#[test]
fn a_daemon_that_dies_while_it_publishes_creates_nothing_twice() {
    for point in GITHUB_CRASH_POINTS {
        let (lab, server) = connected(&["--publish-all"]);
        let daemon = lab.serve_with(&[TOKEN, ("CREWHOUSE_CRASH_AT", point)]);
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        lab.crew(&["task", "add", "Write it"]); // it may die before it answers
        assert!(!daemon.wait().success(), "{point}");
        let _daemon = up(&lab, &[]);
        wait(&lab, "it waits for approval", || has_label(&server, 1, "crew: needs-review"));
        server.people(|repo| {
            assert_eq!(repo.issues.len(), 1, "{point}");
            assert_eq!(repo.comments_of(1).len(), 1, "{point}");
        });
    }
}

#[test]
fn a_label_moves_the_card_and_an_impossible_one_is_explained() {
    let (lab, server) = connected(&["--publish-all"]);
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || has_label(&server, 1, "crew: needs-review"));
    // It is seen by a question that was asked before something else was agreed on.
    server.fault("GET", "/shop/issues?", Fault::Late(Duration::from_secs(2)));
    wait(&lab, "it is asked", || (server.faults_left() == 0).then_some(()));
    lab.ok(&["task", "edit", "1", "--title", "Write it well"]);
    lab.wait("the title is told", || {
        server.people(|repo| (repo.issues[&1]["title"] == "Write it well").then_some(()))
    });
    server.people(|repo| repo.label("boss", 1, "crew: done"));
    wait(&lab, "it is taken back", || {
        let comments = server.people(|repo| repo.comments_of(1));
        let text = comments[0]["body"].as_str().unwrap().to_owned();
        let is_gone = has_label(&server, 1, "crew: done").is_none();
        (is_gone && text.contains("by being merged")).then_some(())
    });
    let moves = |entry: &serde_json::Value| entry["event"] == "issue_seen";
    let before = lab.count(moves);
    server.people(|repo| repo.label("boss", 1, "crew: backlog"));
    wait(&lab, "it was moved", || (lab.count(moves) > before).then_some(()));
    wait(&lab, "it waits for approval again", || has_label(&server, 1, "crew: needs-review"));
    assert_eq!(labels(&server, 1), ["crew: needs-review"]);
}

#[test]
fn connecting_looks_first_and_disconnecting_leaves_no_trace() {
    let (lab, server) = connected(&[]);
    let team = lab.repo().join(".crew/team.toml");
    assert!(fs::read_to_string(&team).unwrap().contains("trusted = [\"boss\"]"));
    let labels = server.people(|repo| repo.labels.keys().cloned().collect::<Vec<_>>());
    for label in ["crew", "crew: backlog", "crew: needs-review", "crew: done"] {
        assert!(labels.iter().any(|known| known == label), "{label} is not among {labels:?}");
    }
    lab.fails(&["github", "connect", "acme/shop", "--api", &server.url()], 3, "already");
    lab.ok(&["github", "disconnect"]);
    assert!(!fs::read_to_string(&team).unwrap().contains("[github]"));
    lab.fails(&["github", "disconnect"], 3, "no table");
    server.people(|repo| repo.labels.clear());
    server.fault("POST", "/shop/labels", Fault::answer(403, &[], "Resource not accessible"));
    let url = server.url();
    let connect =
        ["github", "connect", "acme/shop", "--api", &url, "--token-from", "env:CREW_TEST_TOKEN"];
    let refused = lab.crew_with(&[TOKEN], &connect);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("does not allow it") && said.contains("hint: "), "{said}");
    assert!(!fs::read_to_string(&team).unwrap().contains("[github]"), "nothing is half done");
    let unset =
        ["github", "connect", "acme/shop", "--api", &server.url(), "--token-from", "env:NONE"];
    lab.fails(&unset, 1, "NONE is not set");
}

#[test]
fn another_repository_is_not_taken_for_the_one_before() {
    let (lab, server) = connected(&["--publish-all"]);
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || has_label(&server, 1, "crew: needs-review"));

    let other = GithubServer::start("acme/new", "boss").unwrap();
    other.people(|repo| {
        repo.id = 2000;
        repo.open("mallory", "Mine", "text", &["bug"])
    });
    let theirs = || other.people(|repo| (repo.labels_of(1), repo.issues[&1]["title"].clone()));
    let file = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("acme/shop", "acme/new").replace(&server.url(), &other.url());
    fs::write(&file, text).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "moved"]);
    wait(&lab, "it is told there", || has_label(&other, 2, "crew: needs-review"));
    assert_eq!(theirs(), (vec!["bug".to_owned()], "Mine".into()));
    let task = lab.json(&["task", "show", "1"]);
    assert_eq!(task["issue"], 2);
    assert!(task["remarks"].to_string().contains("not connected with any more"), "{task}");
    lab.ok(&["approve", "1"]);
    let closed = || other.people(|repo| (repo.issues[&2]["state"] == "closed").then_some(()));
    wait(&lab, "it is closed", closed);
    assert_eq!(theirs(), (vec!["bug".to_owned()], "Mine".into()));
    server.people(|repo| assert_eq!(repo.issues[&1]["state"], "open", "nothing is told here"));
}

#[test]
fn a_daemon_that_starts_again_asks_only_whether_something_is_new() {
    let (lab, server) = connected(&["--publish-all"]);
    let daemon = up(&lab, &[]);
    server.people(|repo| {
        for at in 0..150 {
            repo.open("mallory", &format!("Issue {at}"), "text", &[]);
        }
    });
    lab.ok(&["task", "add", "Write it"]);
    let label = "crew: needs-review";
    wait(&lab, "it waits for approval", || has_label(&server, 151, label));
    server.sent();
    wait(&lab, "all of it is known", || {
        let answers: Vec<u16> = server.sent().iter().map(|sent| sent.status).collect();
        (answers.contains(&304) && answers.iter().all(|status| *status == 304)).then_some(())
    });
    daemon.kill();
    server.sent();

    let _daemon = up(&lab, &[]);
    let asked = std::cell::RefCell::new(Vec::new());
    wait(&lab, "it is asked again", || {
        asked.borrow_mut().extend(server.sent());
        (asked.borrow().iter().filter(|sent| sent.status == 304).count() > 2).then_some(())
    });
    for sent in asked.take() {
        let is_known = sent.status == 304
            || (sent.method == "GET"
                && ["/user", "/repos/acme/shop"].contains(&sent.path.as_str()));
        assert!(is_known, "{sent:?}");
    }
    // What happens afterwards is heard.
    server.people(|repo| repo.open("boss", "One more", "text", &["crew"]));
    wait(&lab, "it becomes a task", || has_label(&server, 152, label));
}

#[test]
fn our_comment_is_pinned_once_and_not_over_one_of_people() {
    let (lab, server) = connected(&[]);
    let pinned =
        |issue: u64| server.people(|repo| repo.issues[&issue]["pinned_comment"]["id"].as_u64());
    let theirs = server.people(|repo| {
        repo.open("boss", "Make it", "text", &["crew"]);
        repo.open("boss", "Make that", "text", &["crew"]);
        let theirs = repo.comment("boss", 2, "Read this first.");
        repo.pin(theirs);
        theirs
    });
    let _daemon = up(&lab, &[]);
    let is_told =
        || (lab.json(&["github", "status"])["pending"] == serde_json::json!([])).then_some(());
    for issue in [1, 2] {
        wait(&lab, "it waits for approval", || has_label(&server, issue, "crew: needs-review"));
    }
    wait(&lab, "all of it is told", is_told);
    assert!(pinned(1).is_some());
    assert_eq!(pinned(2), Some(theirs));

    server.people(|repo| drop(repo.issues.get_mut(&1).unwrap()["pinned_comment"].take()));
    lab.ok(&["approve", "1"]);
    let closed = || server.people(|repo| (repo.issues[&1]["state"] == "closed").then_some(()));
    wait(&lab, "it is closed", closed);
    wait(&lab, "all of it is told", is_told);
    assert_eq!(pinned(1), None, "it stays down");
}

#[test]
fn labels_and_assignees_are_the_same_here_and_there() {
    let (lab, server) = connected(&["--publish-all"]);
    let _daemon = up(&lab, &[]);
    let assignees = ["--assignee", "Alice", "--assignee", "mallory"];
    lab.ok(&[&["task", "add", "Write it", "--label", "docs"], &assignees[..]].concat());
    wait(&lab, "it waits for approval", || has_label(&server, 1, "crew: needs-review"));
    wait(&lab, "the rest is told", || {
        let is_told = |repo: &mut crew_testkit::Repo| repo.assignees_of(1) == ["alice"];
        server.people(is_told).then_some(()).and(has_label(&server, 1, "docs"))
    });
    let task = || lab.json(&["task", "show", "1"]);
    wait(&lab, "who cannot be assigned is not", || {
        (task()["assignees"] == serde_json::json!(["Alice"])).then_some(())
    });
    server.people(|repo| {
        repo.assign(1, &["bob".to_owned()], true);
        repo.unlabel("boss", 1, "docs");
        repo.label("boss", 1, "Urgent");
    });
    wait(&lab, "it is here, too", || {
        let task = task();
        let is_here = task["labels"] == serde_json::json!(["urgent"])
            && task["assignees"] == serde_json::json!(["Alice", "bob"]);
        is_here.then_some(())
    });
    lab.ok(&["task", "edit", "1", "--assignee", "bob"]);
    wait(&lab, "it is not Alice's any more", || {
        server.people(|repo| repo.assignees_of(1) == ["bob"]).then_some(())
    });
}
