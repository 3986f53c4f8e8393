//! Backup and restore, as a user does it: while agents work, and after the disk with the home died.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use std::fs;

use support::{Lab, simple_play};

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

/// What was merged after the backup has the numbers of what is merged after the restore.
#[test]
fn a_home_that_is_put_back_lands_what_is_done_again() {
    let play = PLAY.replace(
        r#"{ name = "write", path = "made.txt", content = "made\n" }"#,
        r#"{ name = "shell", command = "date +%s.%N > made.txt" }"#,
    );
    let lab = Lab::new(&play, &[]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let at_work = || lab.json(&["status"])["agents"].to_string().contains("shell").then_some(());
    lab.wait("the engineer is at work", at_work);
    let backup = lab.dir.path().join("backup");
    let backup = backup.to_str().unwrap();
    lab.ok(&["backup", backup]);
    fs::write(lab.dir.path().join("go"), "").unwrap();
    lab.run();
    let first = lab.landed("made.txt");
    lab.wait("all agents are gone", || lab.agents().is_empty().then_some(()));
    lab.ok(&["down"]);
    drop(daemon);

    let said = lab.json(&["restore", backup]);
    let aside = said["set_aside"].as_str().unwrap();
    assert!(fs::read_dir(aside).unwrap().count() > 0, "nothing was thrown away");
    let _daemon = lab.up();
    lab.run();
    assert_eq!(lab.json(&["task", "show", "1"])["status"]["word"], "done");
    let second = lab.landed("made.txt");
    assert_ne!(first, second, "it was done again");
    assert_eq!(second, lab.git(&["show", "crew/1:made.txt"]), "and all of it has landed");
    let kept = lab.git(&["log", "--format=%H", "main", "--", "made.txt"]);
    assert_eq!(kept.lines().count(), 2, "what had landed before is there, too: {kept}");
    lab.journal();
}

/// What ended long ago is removed; of what is open, nothing is.
#[test]
fn pruning_takes_what_is_over_and_nothing_else() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "First"]);
    lab.run();
    let entries = |name: &str| {
        let list = fs::read_dir(lab.home().join(name)).unwrap();
        let mut names: Vec<String> =
            list.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let (runs, sessions) = (entries("runs"), entries("sessions"));
    assert!(!runs.is_empty() && sessions.iter().any(|name| name.starts_with("1-engineer")));
    lab.ok(&["task", "add", "Second"]);
    lab.wait("somebody works on it", || {
        entries("sessions").iter().any(|name| name.starts_with("2-")).then_some(())
    });
    lab.ok(&["task", "pause", "2"]);
    lab.wait("it is paused", || {
        (lab.json(&["task", "show", "2"])["status"]["word"] == "paused").then_some(())
    });
    let all = (entries("runs"), entries("sessions"));
    let open = |(all, over): (&Vec<String>, &Vec<String>)| -> Vec<String> {
        all.iter().filter(|name| !over.contains(name)).cloned().collect()
    };
    let open = (open((&all.0, &runs)), open((&all.1, &sessions)));
    let young = lab.json(&["prune"]);
    assert_eq!(young["tasks"], 0, "it ended today: {young}");
    let looked = lab.json(&["prune", "--days", "0", "--dry-run"]);
    assert_eq!(
        (&looked["tasks"], looked["logs"]["count"].as_u64()),
        (&1.into(), Some(runs.len() as u64))
    );
    assert!(looked["logs"]["bytes"].as_u64().unwrap() > 1_000, "{looked}");
    assert_eq!((entries("runs"), entries("sessions")), all, "nothing is removed");
    let removed = lab.json(&["prune", "--days", "0"]);
    assert_eq!(removed["logs"]["count"], looked["logs"]["count"]);
    assert_eq!(removed["conversations"]["count"], looked["conversations"]["count"]);
    assert_eq!((entries("runs"), entries("sessions")), open);
    assert_eq!(lab.json(&["prune", "--days", "0"])["logs"]["count"], 0);
    // What was done is still known, and what is open goes on.
    assert_eq!(lab.json(&["task", "show", "1"])["status"]["word"], "done");
    lab.crew(&["log", "1"]);
    lab.ok(&["task", "resume", "2"]);
    lab.wait_for("\"event\":\"task_resumed\"");
    lab.run();
    assert!(entries("runs").iter().all(|name| !runs.contains(name)), "a name is used once");
}
