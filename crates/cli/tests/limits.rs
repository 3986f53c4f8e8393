//! Providers that serve nothing for now, in the whole program: who waits, who tries, who steps in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a failure here fails the test"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};
use support::{Daemon, Lab, one_engineer, simple_play};

const KEY: &str = "an-invented-key-7f3a";

/// Limits, providers by their address, and who the engineer is; the human approves.
fn lab(limits: &str, providers: &[(&str, &ModelServer)], engineer: &str) -> Lab {
    let mut team = format!("[limits]\nbackoff_seconds = 0\n{limits}\n");
    for (name, server) in providers {
        let url = server.base_url(Wire::Anthropic);
        team.push_str(&format!(
            "[providers.{name}]\nkind = \"native\"\napi = \"anthropic\"\nmodel = \"tiny\"\n\
             base_url = \"{url}/\"\nkey_env = \"CREW_TEST_KEY\"\nagents = 20\n"
        ));
    }
    one_engineer(&format!("{team}\n{engineer}\n"))
}

fn up(lab: &Lab) -> Daemon {
    let daemon = lab.serve_with(&[("CREW_TEST_KEY", KEY)]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

/// A limit so long that the agent does not wait itself.
fn limited(seconds: u32) -> Reply {
    Reply::status(429)
        .header("retry-after", &seconds.to_string())
        .body(r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"#)
}

fn refused() -> Reply {
    Reply::status(401).body(
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
    )
}

/// How all tasks are, as the board says it.
fn statuses(lab: &Lab) -> Vec<Value> {
    let tasks = lab.json(&["task", "list"]);
    tasks["tasks"].as_array().unwrap().iter().map(|task| task["status"].clone()).collect()
}

fn wait_until_all(lab: &Lab, word: &str) -> Vec<Value> {
    lab.wait(word, || Some(statuses(lab)).filter(|all| all.iter().all(|it| it["word"] == word)))
}

#[test]
fn twenty_cards_behind_one_limit_make_one_probe() {
    const LIMITED: usize = 0;
    const HELD: usize = 1;
    const SERVED: usize = 2;
    let mood = Arc::new(AtomicUsize::new(LIMITED));
    let tried = Arc::new(AtomicUsize::new(0));
    let (mood_there, tried_there) = (Arc::clone(&mood), Arc::clone(&tried));
    let server = ModelServer::answering(move |_| {
        if mood_there.load(Ordering::SeqCst) == LIMITED {
            return limited(31);
        }
        tried_there.fetch_add(1, Ordering::SeqCst);
        while mood_there.load(Ordering::SeqCst) == HELD {
            std::thread::sleep(Duration::from_millis(20));
        }
        Reply::text("DONE: there was nothing to do")
    })
    .unwrap();
    let engineer = "[roles.engineer]\nprovider = \"model\"\nagents = 20\n";
    let lab = lab("agents = 3", &[("model", &server)], engineer);
    let _daemon = up(&lab);
    for n in 0..20 {
        lab.ok(&["task", "add", &format!("Look at {n}")]);
    }
    let all = wait_until_all(&lab, "limited");
    mood.store(HELD, Ordering::SeqCst);
    assert_eq!(all.len(), 20);
    for status in all {
        assert!(status["text"].as_str().unwrap().contains("the limit of model"), "{status}");
        assert!(status["until"].is_u64(), "{status}");
    }
    lab.wait("one tries", || (tried.load(Ordering::SeqCst) > 0).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(tried.load(Ordering::SeqCst), 1, "the others wait for what it finds out");
    mood.store(SERVED, Ordering::SeqCst);
    wait_until_all(&lab, "needs_approval");
    assert_eq!(tried.load(Ordering::SeqCst), 20, "each is served once");
}

#[test]
fn a_key_that_is_refused_is_one_thing_to_see_to_however_many_wait() {
    let server = ModelServer::start([refused(), refused()]).unwrap();
    let engineer = "[roles.engineer]\nprovider = \"model\"\nagents = 2\n";
    let lab = lab("agents = 2", &[("model", &server)], engineer);
    let _daemon = up(&lab);
    for n in 0..5 {
        lab.ok(&["task", "add", &format!("Look at {n}")]);
    }
    wait_until_all(&lab, "needs_answer");
    let inbox = lab.json(&["inbox"]);
    let items = inbox["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{inbox}");
    assert!(items[0]["text"].as_str().unwrap().contains("`model` serves nobody"), "{inbox}");
    assert!(server.requests().len() <= 2, "nobody else tries");
    server.then((0..5).map(|_| Reply::text("DONE: there was nothing to do")));
    lab.ok(&["answer", &format!("a{}", items[0]["ask"]), "try again"]);
    wait_until_all(&lab, "needs_approval");
}

#[test]
fn a_task_asks_after_a_limit_if_it_is_told_to() {
    let server = ModelServer::start([limited(3600)]).unwrap();
    let engineer = "[roles.engineer]\nprovider = \"model\"\n";
    let lab = lab("", &[("model", &server)], engineer);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Look at it", "--after-limit", "ask"]);
    let inbox = lab.wait("it is among what waits", || {
        let inbox = lab.json(&["inbox"]);
        (inbox["items"][0]["kind"] == "held").then_some(inbox)
    });
    let text = inbox["items"][0]["text"].as_str().unwrap();
    assert!(text.contains("A limit was met (`model`)"), "{inbox}");
    assert!(lab.ok(&["inbox"]).contains("crew task resume 1"));
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("paused") && shown.contains("only when you say so"), "{shown}");
    server.then([Reply::text("DONE: there was nothing to do")]);
    lab.ok(&["task", "resume", "1"]);
    wait_until_all(&lab, "needs_approval");
    assert_eq!(server.requests().len(), 2, "one agent tried at once");
    lab.ok(&["task", "edit", "1", "--after-limit", "team"]);
    assert!(!lab.ok(&["task", "show", "1"]).contains("only when you say so"));
}

#[test]
fn another_provider_goes_on_with_what_was_left() {
    let writes = Reply::tool("write", json!({"path": "made.txt", "content": "made\n"}));
    let first = ModelServer::start([writes, limited(3600)]).unwrap();
    let second = ModelServer::start([Reply::text("DONE: it was made")]).unwrap();
    let engineer = "[roles.engineer]\nprovider = \"first\"\nfallback = [\"second\"]\n";
    let lab = lab("", &[("first", &first), ("second", &second)], engineer);
    let _daemon = up(&lab);
    let checked = lab.ok(&["team", "check"]);
    assert!(checked.contains("first, then second"), "{checked}");
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let asked = second.requests()[0].body.to_string();
    assert!(asked.contains("You take over"), "{asked}");
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("`first` serves nothing for now; takes over from r1"), "{shown}");
    assert!(lab.ok(&["journal"]).contains("with `second`: first choice of its role"));
    assert_eq!(first.requests().len(), 2, "no turn is played again");
}

#[test]
fn work_that_fails_or_is_labelled_goes_up_a_tier_and_the_next_task_does_not() {
    let cheap = ModelServer::start([
        Reply::text("ERROR: this is beyond me"),
        Reply::text("DONE: that was easy"),
    ])
    .unwrap();
    let expert = ModelServer::start([Reply::text("DONE: there was nothing to do")]).unwrap();
    let pm = ModelServer::start([Reply::text("DONE: let somebody else try")]).unwrap();
    let engineer = r#"
[tiers]
cheap = ["small"]
expert = ["large"]
[[tiers.rules]]
tier = "expert"
labels = ["security"]
[roles.pm]
provider = "pm"
[roles.engineer]
tier = "cheap"

[[stages]]
name = "plan"
owner = "pm"
roles = []
next = ["todo"]
"#;
    let lab = lab("", &[("small", &cheap), ("large", &expert), ("pm", &pm)], engineer);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Hard"]);
    wait_until_all(&lab, "needs_approval");
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("large: tier expert, up from cheap: set back once"), "{shown}");
    lab.ok(&["task", "add", "Easy"]);
    wait_until_all(&lab, "needs_approval");
    assert_eq!((cheap.requests().len(), expert.requests().len()), (2, 1));

    let checked = lab.ok(&["team", "check"]);
    assert!(checked.contains("tasks labelled security are for tier expert"), "{checked}");
    expert.then([Reply::text("DONE: looked at it")]);
    lab.ok(&["task", "add", "Look at the keys", "--label", "Security"]);
    wait_until_all(&lab, "needs_approval");
    let shown = lab.ok(&["task", "show", "3"]);
    assert!(shown.contains("large: tier expert, for tasks labelled `security`"), "{shown}");
}

#[test]
fn nobody_starts_on_a_full_disk_and_all_go_on_when_there_is_space() {
    let full = [("[limits]", "[limits]\nfree_mb = 1000000000000")];
    let lab = Lab::new(&simple_play("made.txt"), &full);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "First"]);
    lab.ok(&["task", "add", "Second"]);
    let inbox = lab.wait("it is asked about", || {
        let inbox = lab.json(&["inbox"]);
        inbox["items"].as_array().filter(|items| !items.is_empty()).cloned()
    });
    assert_eq!(inbox.len(), 1, "one disk is one thing to see to: {inbox:?}");
    let text = inbox[0]["text"].as_str().unwrap();
    assert!(text.contains("MB are free") && text.contains("by itself"), "{text}");
    assert!(lab.agents().is_empty());
    assert_eq!(lab.count(|body| body["result"]["result"] == "started"), 0);
    let team = lab.repo().join(".crew/team.toml");
    let text = std::fs::read_to_string(&team).unwrap();
    std::fs::write(&team, text.replace("free_mb = 1000000000000", "free_mb = 1")).unwrap();
    lab.wait("nothing is asked any more", || {
        lab.json(&["inbox"])["items"].as_array().is_some_and(Vec::is_empty).then_some(())
    });
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(lab.count(|body| body["event"] == "answered"), 0, "it went on by itself");
}
