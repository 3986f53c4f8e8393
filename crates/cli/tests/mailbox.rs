//! Any program can take part, by files alone.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use support::{Lab, simple_play};

#[test]
fn a_script_plays_a_role() {
    let role = (
        "[roles.architect]\nprovider = \"native\"",
        "[providers.files]\nkind = \"mailbox\"\n\n[roles.architect]\nprovider = \"files\"",
    );
    let lab = Lab::new(&simple_play("made.txt"), &[role]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Plan it"]);
    let shared = lab.repo().join(".crew/shared");
    let trigger = shared.join("triggers/architect.trigger");
    let text = lab.wait("the trigger", || fs::read_to_string(&trigger).ok());
    assert!(text.contains("Plan it") && text.contains("ISSUE: #1"), "{text}");
    daemon.kill();
    let _daemon = lab.up();
    fs::remove_file(&trigger).unwrap();
    let refused = lab.crew(&["respond", "architect", "I use one file"]);
    assert_eq!(refused.status.code(), Some(1), "{}", support::show(&refused));
    let response =
        "DONE: use one file\nISSUE: #1\nLABEL-UPDATED: needs-architecture --> ready-for-dev\n";
    lab.ok(&["respond", "architect", response]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert!(lab.journal_text().contains("use one file"));
}

#[test]
fn a_script_gets_its_trigger_once_though_the_daemon_crashes_meanwhile() {
    let role = (
        "[roles.pm]\nprovider = \"native\"",
        "[providers.files]\nkind = \"mailbox\"\n\n[roles.pm]\nprovider = \"files\"",
    );
    let lab = Lab::new(&simple_play("made.txt"), &[role]);
    let daemon = lab.up();
    lab.ok(&["estop"]);
    lab.ok(&["task", "add", "Plan it"]);
    daemon.kill();
    // The file is there, and the daemon ends before that is recorded.
    let daemon = lab.serve_with(&[("CREWHOUSE_CRASH_AT", "after-start")]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.crew(&["estop", "--release"]);
    assert!(!daemon.wait().success());
    let trigger = lab.repo().join(".crew/shared/triggers/pm.trigger");
    fs::remove_file(&trigger).unwrap(); // the script has it
    let _daemon = lab.up();
    lab.wait_for("\"result\":\"started\"");
    assert!(!trigger.exists(), "it does not come again");
    lab.ok(&["respond", "pm", "DONE: build it\nLABEL-UPDATED: backlog --> ready-for-dev\n"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

#[test]
fn a_dropped_file_becomes_one_task_and_a_bad_one_is_set_aside() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    let shared = lab.repo().join(".crew/shared");
    lab.wait("the mailbox", || shared.join("triggers").is_dir().then_some(()));
    fs::write(shared.join("triggers/pm.trigger"), "Add a changelog\n\nPlease.\n").unwrap();
    fs::write(shared.join("responses/pm.response"), "I think it is fine\n").unwrap();
    fs::write(shared.join("triggers/pm.binary.trigger"), b"\0\xff\xfe").unwrap();
    lab.wait_for("Add a changelog");
    let rejected = lab.wait("both are set aside", || {
        let list = fs::read_dir(shared.join("rejected")).ok()?;
        let reasons: Vec<String> = list
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "reason"))
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect();
        (reasons.len() == 2).then_some(reasons)
    });
    assert!(rejected.iter().any(|reason| reason.contains("DONE:")), "{rejected:?}");
    lab.wait("both are on record", || {
        (lab.count(|body| body["event"] == "mail_set_aside") == 2).then_some(())
    });
    assert!(lab.ok(&["status"]).contains("2 set aside from the mailbox"));
    lab.run();
    assert_eq!(lab.count(|body| body["event"] == "task_added"), 1);
    assert_eq!(lab.landed("made.txt"), "made\n");
}
