//! The agent as a process of its own that is killed for good, again and again.
//!
//! The process is this test program, which runs [`child`] and nothing else.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crew_agent::{AgentEvent, AgentExit, Surroundings, run_agent};
use serde_json::{Value, json};

use crate::bench::Bench;

const WORKTREE: &str = "NATIVE_AGENT_TEST_WORKTREE";

const WORK: &str = r#"
[[scene]]
[[scene.turn]]
tools = [
  { name = "write", path = "a.txt", content = "a" },
  { name = "write", path = "b.txt", content = "b" },
]
[[scene.turn]]
ask = { text = "Go on?" }
[[scene.turn]]
tools = [{ name = "shell", command = "cat a.txt b.txt > c.txt" }]
[[scene.turn]]
finish = "DONE: {answer}"
"#;

#[test]
fn a_process_that_is_killed_after_each_event_gets_its_work_done() {
    let bench = Bench::new();
    let start = bench.start(WORK, &json!({}));
    for kill_after in 1..40 {
        let mut agent = spawn(&bench, &start);
        let mut lines = BufReader::new(agent.stdout.take().unwrap());
        let is_done = follow(&mut agent, &mut lines, kill_after);
        agent.kill().unwrap();
        agent.wait().unwrap();
        if is_done {
            assert_eq!(bench.get("c.txt"), "ab");
            assert!(kill_after > 5, "it was killed at least a few times");
            return;
        }
    }
    panic!("it never got done");
}

/// Reads so many events, answers asks, and says whether the last one is the end.
fn follow(agent: &mut Child, lines: &mut BufReader<ChildStdout>, events: usize) -> bool {
    let mut seen = 0;
    let mut line = String::new();
    while seen < events {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended by itself");
        match AgentEvent::decode(line.trim_end().as_bytes()) {
            // The words of the test harness.
            AgentEvent::Noise(_) => continue,
            AgentEvent::Ask { key, .. } => {
                let answer = json!({ "type": "answer", "ask": key, "text": "yes" });
                writeln!(agent.stdin.as_ref().unwrap(), "{answer}").unwrap();
            }
            AgentEvent::Done { text } => {
                assert_eq!(text, "DONE: yes");
                return true;
            }
            AgentEvent::Error { message, .. } => panic!("{message}"),
            _ => {}
        }
        seen += 1;
    }
    false
}

fn spawn(bench: &Bench, start: &Value) -> Child {
    let mut agent = Command::new(env::current_exe().unwrap())
        .args(["--exact", "process::child", "--nocapture"])
        .env(WORKTREE, bench.worktree())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(agent.stdin.as_mut().unwrap(), "{start}").unwrap();
    agent
}

/// The process that the other tests start; by itself it does nothing.
#[test]
fn child() {
    let Ok(worktree) = env::var(WORKTREE) else {
        return;
    };
    // The harness does not end the line that it prints before a test.
    println!();
    let surroundings = Surroundings { worktree: Path::new(&worktree), env: &|_| None };
    let exit = run_agent(BufReader::new(io::stdin()), &mut io::stdout(), surroundings);
    assert_eq!(exit, AgentExit::Done);
}
