//! The life of tasks, from the command line.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::sandbox::Sandbox;

#[test]
fn a_task_is_added_changed_decided_and_given_up() {
    let sandbox = Sandbox::with_project();
    let arguments = [
        "task",
        "add",
        "Sell it",
        "--body",
        "-",
        "--criterion",
        "sold",
        "--criterion",
        "paid",
        "--priority",
        "urgent",
        "--label",
        "good first issue",
        "--json",
    ];
    let added = sandbox.crew_with_input(&arguments, "from a pipe\n").exits(0).json();
    assert_eq!(added["task"]["id"], 1);
    assert_eq!(added["task"]["body"], "from a pipe\n");
    assert_eq!(added["task"]["criteria"], json!(["sold", "paid"]));
    assert_eq!(added["task"]["priority"], "urgent");
    assert_eq!(added["task"]["labels"], json!(["good first issue"]));
    sandbox.crew(&["task", "add", "No", "--label", " "]).fails(3, "a label has 1 to 50 characters");
    sandbox.crew(&["task", "add", "Later", "--after", "#1"]).exits(0);
    sandbox.crew(&["task", "edit", "1", "--title", "Sell more"]).exits(0);
    sandbox.crew(&["task", "remark", "1", "be quick"]).exits(0);
    let shown = sandbox.crew(&["task", "show", "1"]).exits(0);
    for part in [
        "#1 Sell more",
        "needs your approval",
        "from a pipe",
        "labels    good first issue",
        "· paid  (not answered)",
        "be quick",
    ] {
        assert!(shown.out.contains(part), "{part}: {shown:?}");
    }
    let list = sandbox.crew(&["task", "list"]).exits(0);
    let lines: Vec<&str> = list.out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("#1  backlog  needs your approval  Sell more"), "{list:?}");
    assert!(lines[1].contains("blocked by #1"), "{list:?}");

    let inbox = sandbox.crew(&["inbox"]).exits(0);
    assert!(inbox.out.contains("crew approve 1") && inbox.out.contains("2 tasks"), "{inbox:?}");
    sandbox.crew(&["approve", "1", "--commit", "abc"]).fails(3, "has changed");
    sandbox.crew(&["approve", "1"]).exits(0);
    sandbox.crew(&["reject", "1", "not yet"]).exits(0);
    sandbox.crew(&["reject", "1", "still not"]).exits(0);
    let stuck = sandbox.json(&["inbox"])["items"][0].clone();
    assert_eq!(stuck["kind"], "stuck");
    let ask = format!("a{}", stuck["ask"]);
    sandbox.crew(&["answer", &ask, "try again"]).exits(0);
    sandbox.crew(&["answer", &ask, "twice"]).fails(3, "answered");

    sandbox.crew(&["task", "pause", "1"]).exits(0);
    sandbox.crew(&["task", "resume", "1"]).exits(0);
    sandbox.crew(&["task", "move", "1", "review"]).exits(0);
    sandbox.crew(&["task", "move", "1", "nowhere"]).fails(3, "no stage");
    sandbox.crew(&["task", "cancel", "#2"]).exits(0);
    sandbox.crew(&["task", "show", "99"]).fails(3, "no task #99");
    sandbox.crew(&["approve", "2"]).fails(3, "does not wait");
    sandbox.crew(&["log", "1"]).fails(3, "no agent has worked");
    sandbox.crew(&["log", "what"]).fails(2, "neither a run nor a task");
    let all = sandbox.json(&["task", "list", "--all"])["tasks"].as_array().unwrap().len();
    assert_eq!((all, sandbox.json(&["task", "list"])["tasks"].as_array().unwrap().len()), (2, 1));
    let journal = sandbox.crew(&["journal"]).exits(0);
    assert!(journal.out.contains("#1 backlog → review"), "{journal:?}");
}

#[test]
fn text_of_others_cannot_drive_the_terminal() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["task", "add", "a\x1b[2Jb", "--body", "\x1b]0;owned\x07"]).exits(0);
    for arguments in [&["task", "show", "1"][..], &["task", "list"], &["inbox"]] {
        let said = sandbox.crew(arguments).exits(0);
        assert!(said.out.contains("a␛[2Jb"), "{said:?}");
    }
}

#[test]
fn watching_ends_when_only_the_human_can_go_on() {
    let sandbox = Sandbox::with_project();
    let said = sandbox.crew(&["run", "--until-idle"]).exits(0);
    assert!(said.err.contains("nothing is left to do"), "{said:?}");
    sandbox.crew(&["task", "add", "one"]).exits(0);
    let said = sandbox.crew(&["run", "--until-idle"]).exits(10);
    assert!(said.err.contains("crew approve 1") && said.err.contains("1 task waits"), "{said:?}");
    sandbox.crew(&["task", "pause", "1"]).exits(0);
    sandbox.crew(&["run", "--until-idle"]).exits(10);
}

#[test]
fn watching_prints_what_happens_and_approves_if_told_to() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["task", "add", "one"]).exits(0);
    let mut child = sandbox.command(&["run", "--yes"]).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let notes: Vec<String> = lines
        .map(|line| line.split_once(' ').map(|(_, note)| note.to_owned()).unwrap_or_default())
        .take_while(|note| note != "#1 landing")
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(notes.contains(&"#1 backlog → review".to_owned()), "{notes:?}");
    let approvals = sandbox.json(&["journal"])["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == "approved")
        .count();
    assert_eq!(approvals, 2);
}

#[test]
fn what_was_saved_is_listed_shown_and_brought_back() {
    let sandbox = Sandbox::with_project();
    std::fs::write(sandbox.repo.join("lost.txt"), "precious\n").unwrap();
    sandbox.git(&["checkout", "-q", "-b", "work"]);
    sandbox.git(&["add", "lost.txt"]);
    sandbox.git(&["commit", "-q", "-m", "saved\n\nCrew-Branch: crew/1\nCrew-Files: 1"]);
    sandbox.git(&["update-ref", "refs/crew/trash/1/1700000000000", "work"]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["branch", "-q", "-D", "work"]);
    let list = sandbox.crew(&["trash", "list"]).exits(0);
    assert!(list.out.starts_with("1/1700000000000  "), "{list:?}");
    let shown = sandbox.crew(&["trash", "show", "1/1700000000000"]).exits(0);
    assert!(shown.out.contains("+precious"), "{shown:?}");
    sandbox.crew(&["trash", "restore", "1/1700000000000", "--branch", "back"]).exits(0);
    assert_eq!(sandbox.git(&["show", "back:lost.txt"]), "precious");
    sandbox.crew(&["trash", "show", "9/9"]).fails(3, "nothing was saved");
}
