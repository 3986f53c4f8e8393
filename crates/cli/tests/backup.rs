//! Backup and restore, as a user does it: while agents work, and after the disk with the home died.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use std::fs;

use support::Lab;

/// The engineer waits in the middle of its work, until the file `go` is in the directory of the lab.
const PLAY: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "I begin."
tools = [{ name = "shell", command = "echo begun > begun.txt; while ! test -e \"$HOME/go\"; do sleep 0.05; done" }]
[[scene.turn]]
say = "I go on."
tools = [{ name = "write", path = "made.txt", content = "made\n" }]
[[scene.turn]]
finish = "DONE: wrote made.txt"
[[scene]]
[[scene.turn]]
finish = "DONE: looked at it"
"#;

#[test]
fn a_backup_in_the_middle_of_work_goes_on_in_another_home() {
    let lab = Lab::new(PLAY, &[]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.ok(&["task", "add", "Make it again"]);
    let begun = || {
        let live = lab.json(&["status"])["agents"].to_string();
        live.contains("shell").then_some(())
    };
    lab.wait("the engineer is at work", begun);
    let backup = lab.dir.path().join("back up");
    let backup = backup.to_str().unwrap();
    let seq = lab.json(&["backup", backup])["seq"].as_u64().unwrap() as usize;
    let before = lab.journal();
    lab.fails(&["backup", backup], 3, "exists already");
    lab.fails(&["restore", backup], 3, "another Crewhouse works on");

    lab.ok(&["down"]);
    drop(daemon);
    assert!(!lab.agents().is_empty(), "agents stay at work");
    lab.fails(&["restore", backup], 3, "an agent is at work");
    lab.use_home("other");
    lab.fails(&["restore", backup], 3, "an agent is at work");
    assert!(!lab.home().exists(), "nothing was made");
    lab.fails(&["restore", lab.repo().to_str().unwrap()], 3, "is not a backup");

    lab.use_home("home");
    let daemon = lab.up();
    lab.ok(&["estop"]);
    lab.wait("all agents are gone", || lab.agents().is_empty().then_some(()));
    lab.ok(&["down"]);
    drop(daemon);
    // The disk with the home dies, and the worktrees with it.
    fs::rename(lab.home(), lab.dir.path().join("dead")).unwrap();

    lab.use_home("other");
    let said = lab.json(&["restore", backup]);
    assert!(said["set_aside"].is_null(), "{said}");
    fs::write(lab.dir.path().join("go"), "").unwrap();
    let _daemon = lab.up();
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(lab.json(&["task", "show", "2"])["status"]["word"], "done");
    let after = lab.journal();
    assert_eq!(after[..seq], before[..seq], "what was recorded is recorded");
    assert!(lab.agents().is_empty());
    lab.git(&["fsck", "--no-dangling"]);
}
