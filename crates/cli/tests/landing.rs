//! How work lands: conflicts, held merges, and the user's checkout, which is only ever moved
//! forward, and only when it is clean.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use support::Lab;

/// Whoever lands second has the conflict.
const CONFLICT: &str = r#"
[[scene]]
role = "engineer"
visit = 2
[[scene.turn]]
say = "The conflict is in my hands."
tools = [{ name = "shell", command = "grep -q '<<<<<<<' a.txt && printf 'one\nTWO 2\nthree\n' > a.txt" }]
[[scene.turn]]
finish = "DONE: both"

[[scene]]
role = "engineer"
task = "Upper"
[[scene.turn]]
say = "Upper case."
tools = [{ name = "edit", path = "a.txt", old = "two", new = "TWO" }]
[[scene.turn]]
finish = "DONE: upper"

[[scene]]
role = "engineer"
task = "Number"
[[scene.turn]]
say = "A number."
tools = [{ name = "edit", path = "a.txt", old = "two", new = "2" }]
[[scene.turn]]
finish = "DONE: number"

[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

#[test]
fn a_conflict_goes_back_to_the_engineer_with_the_conflict_in_hand() {
    let lab = Lab::new(CONFLICT, &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Upper case the word"]);
    lab.ok(&["task", "add", "Number instead of the word"]);
    lab.run();
    assert_eq!(lab.landed("a.txt"), "one\nTWO 2\nthree\n");
    assert_eq!(lab.count(|body| body["result"]["result"] == "conflicted"), 1);
}

#[test]
fn a_dirty_checkout_holds_the_merge_and_keeps_its_dirt() {
    let lab = Lab::new(&support::simple_play("a.txt"), &[]);
    let daemon = lab.up();
    fs::write(lab.repo().join("a.txt"), "the user's own\n").unwrap();
    fs::write(lab.repo().join("untracked.txt"), "mine\n").unwrap();
    let before = lab.git(&["rev-parse", "main"]);
    lab.ok(&["task", "add", "Overwrite it"]);
    lab.wait("the approval", || lab.ok(&["inbox"]).contains("#1").then_some(()));
    lab.wait_for("\"phase\":\"approving\"");
    lab.ok(&["approve", "1"]);
    lab.wait_for("merge_held");
    assert_eq!(lab.git(&["rev-parse", "main"]), before);
    assert_eq!(fs::read_to_string(lab.repo().join("a.txt")).unwrap(), "the user's own\n");
    assert!(lab.ok(&["status"]).contains("held"), "{}", lab.ok(&["status"]));
    daemon.kill();
    let _daemon = lab.up();
    let waits = lab.crew(&["run", "--until-idle"]);
    assert_eq!(waits.status.code(), Some(10), "the human has to clear the way");
    lab.git(&["checkout", "--quiet", "--", "a.txt"]);
    lab.wait_for("\"result\":\"merged\"");
    assert_eq!(fs::read_to_string(lab.repo().join("a.txt")).unwrap(), "made\n");
    assert_eq!(fs::read_to_string(lab.repo().join("untracked.txt")).unwrap(), "mine\n");
}

#[test]
fn a_squash_lands_once() {
    let lab = Lab::new(&support::simple_play("made.txt"), &[("\"no-ff\"", "\"squash\"")]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Squash it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let merges = lab.git(&["log", "--merges", "--format=%h", "main"]);
    assert_eq!(merges, "", "one commit, no merge");
}
