//! `kill -9` at every named point, and at others: the next daemon brings the work to the same end.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::time::Duration;

use crew_engine::CRASH_POINTS;
use support::Lab;

/// A play that meets every effect: it asks, works in parallel, is checked, merged and released.
const PLAY: &str = r#"
[[scene]]
role = "pm"
[[scene.turn]]
say = "I ask."
tools = [{ name = "ask", text = "Shall we?", options = ["yes"] }]
[[scene.turn]]
finish = "DONE: {answer}"
[[scene]]
role = "architect"
[[scene.turn]]
limit_s = 1
finish = "DONE: planned"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "My part."
tools = [{ name = "shell", command = "echo made >> engineer.txt" }]
[[scene.turn]]
finish = "DONE: engineered"
[[scene]]
role = "marketing"
[[scene.turn]]
say = "My part."
tools = [{ name = "shell", command = "echo made >> marketing.txt" }]
[[scene.turn]]
finish = "DONE: marketed"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

fn lab() -> Lab {
    let edits = [
        ("wip = 3", "wip = 3\nmode = \"parallel\"\nroles = [\"engineer\", \"marketing\"]"),
        ("gates = []", "gates = [{ check = \"grep -c made engineer.txt marketing.txt\" }]"),
    ];
    Lab::new(PLAY, &edits)
}

/// Answers and approves whatever waits, until the task has landed.
fn attend(lab: &Lab) {
    lab.wait("the task lands", || {
        lab.crew(&["answer", "a1", "yes"]);
        lab.crew(&["approve", "1"]);
        lab.journal_text().contains("\"result\":\"released\"").then_some(())
    });
}

fn check(lab: &Lab, point: &str) {
    let once = |file: &str| assert_eq!(lab.landed(file), "made\n", "{point}: {file}");
    once("engineer.txt");
    once("marketing.txt");
    assert_eq!(lab.count(|body| body["event"] == "task_added"), 1, "{point}");
    assert_eq!(lab.count(|body| body["result"]["result"] == "merged"), 1, "{point}");
    let merges = lab.git(&["log", "--first-parent", "--format=%s", "main"]);
    assert_eq!(merges.matches("(#1)").count(), 1, "{point}: {merges}");
    assert_eq!(lab.git(&["status", "--porcelain"]), "", "{point}");
    assert_eq!(lab.agents(), Vec::<u32>::new(), "{point}");
}

#[test]
fn a_crash_at_every_named_point_loses_and_doubles_nothing() {
    for point in CRASH_POINTS {
        let lab = lab();
        let trigger = lab.repo().join(".crew/shared/triggers");
        std::fs::create_dir_all(&trigger).unwrap();
        std::fs::write(trigger.join("pm.trigger"), "Make both\n").unwrap();
        let crashing = lab.serve_with(&[("CREWHOUSE_CRASH_AT", point)]);
        let pid = crashing.pid();
        lab.wait(&format!("the crash {point}"), || {
            lab.crew(&["answer", "a1", "yes"]);
            lab.crew(&["approve", "1"]);
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
        drop(crashing);
        let _daemon = lab.up();
        attend(&lab);
        check(&lab, point);
    }
}

#[test]
fn a_daemon_that_is_killed_again_and_again_finishes_the_work() {
    let lab = lab();
    let mut daemon = lab.up();
    lab.ok(&["task", "add", "Make both"]);
    for round in 0..12u64 {
        std::thread::sleep(Duration::from_millis(100 + round * 37 % 300));
        lab.crew(&["answer", "a1", "yes"]);
        lab.crew(&["approve", "1"]);
        daemon.kill();
        daemon = lab.up();
    }
    attend(&lab);
    check(&lab, "again and again");
}
