//! "Ask the one who did it": questions to agents whose work is over, and to those at work; with our own
//! agent, and with the real Claude Code and Codex of `tests/clients`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::program::{answer, client, nobody_is_left, played_by, waits};
use support::{Daemon, Lab, one_engineer};

/// An engineer of our own, who has to ask before it is done, and tries more than it may when it is asked.
fn lab(first: &str) -> Lab {
    let lab = one_engineer(
        "[providers.native]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"play.toml\"\n\
         [limits]\nbackoff_seconds = 0\n[roles.engineer]\nprovider = \"native\"\n",
    );
    let play = format!(
        r#"
[[scene]]
stage = "todo"
{first}
[[scene.turn]]
say = "I write it."
tools = [{{ name = "write", path = "made.txt", content = "made\n" }}]
[[scene.turn]]
finish = "DONE: made it"

[[scene]]
stage = "answer"
[[scene.turn]]
hang_s = 2
say = "I try what I may not."
tools = [
    {{ name = "write", path = "made.txt", content = "evil\n" }},
    {{ name = "shell", command = "echo evil > evil.txt" }},
    {{ name = "comment", text = "evil" }},
]
[[scene.turn]]
say = "A queue is fair."
"#
    );
    fs::write(lab.repo().join(".crew/play.toml"), play).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "what is played"]);
    lab
}

fn remarks(lab: &Lab) -> Vec<Value> {
    lab.json(&["task", "show", "1"])["remarks"].as_array().unwrap().clone()
}

/// The answers on the card.
fn answers(lab: &Lab) -> Vec<Value> {
    remarks(lab).into_iter().filter(|remark| !remark["question"].is_null()).collect()
}

/// All that a question could change and must not.
fn work(lab: &Lab) -> (String, Value, Value) {
    let worktrees = lab.git(&["worktree", "list"]);
    assert!(!worktrees.contains("ask-"), "its own worktree was given back: {worktrees}");
    let card = lab.json(&["task", "show", "1"]);
    let references = lab.git(&["for-each-ref", "refs/heads"]);
    (references, card["stage"].clone(), card["status"].clone())
}

fn conversation(lab: &Lab, name: &str) -> PathBuf {
    lab.home().join("sessions").join(name)
}

#[test]
fn who_made_it_answers_when_the_task_is_done_and_changes_nothing() {
    let lab = lab("");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let before = work(&lab);
    let said = fs::read(conversation(&lab, "1-engineer-0.jsonl")).unwrap();

    assert_eq!(lab.ok(&["task", "ask", "1", "Why a queue?"]), "A queue is fair.\n");
    let [answer] = &answers(&lab)[..] else { panic!("{:?}", remarks(&lab)) };
    assert_eq!(
        (&answer["from"], &answer["text"]),
        (&"engineer".into(), &"A queue is fair.".into())
    );
    assert_eq!(answer["question"], json!({"run": 2, "text": "Why a queue?"}));
    assert!(lab.ok(&["task", "show", "1"]).contains("[Why a queue?]"));

    let copy = fs::read(conversation(&lab, "r2.jsonl")).unwrap();
    assert!(copy.starts_with(&said), "it goes on with a copy");
    assert_eq!(fs::read(conversation(&lab, "1-engineer-0.jsonl")).unwrap(), said);
    assert_eq!(work(&lab), before);
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert!(!lab.ok(&["trash", "list"]).contains("evil"), "nothing was there to be saved");
    let run = &lab.json(&["task", "show", "1"])["runs"][1];
    assert_eq!((&run["purpose"], &run["about"]), (&"answer".into(), &"Why a queue?".into()));
    nobody_is_left(&lab);
}

#[test]
fn who_is_at_work_is_asked_without_being_disturbed() {
    let lab = lab("[[scene.turn]]\nask = { text = \"Of iron?\" }");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "Of iron?");
    let before = work(&lab);
    assert_eq!(
        lab.ok(&["task", "ask", "1", "Why a queue?", "--role", "engineer"]),
        "A queue is fair.\n"
    );
    assert_eq!(work(&lab), before);
    answer(&lab, &item, "yes");
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let card = lab.json(&["task", "show", "1"]);
    assert_eq!(card["runs"][0]["starts"], 1, "it worked on, as if nobody had asked");
}

#[test]
fn a_daemon_that_dies_in_the_middle_costs_no_answer_and_gives_none_twice() {
    let lab = lab("");
    let daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let said = lab.ok(&["task", "ask", "1", "Why a queue?", "--no-wait"]);
    assert!(said.contains("r2 answers"), "{said}");
    lab.wait("it is asked", || lab.home().join("runs/2.1/agent.pid").exists().then_some(()));
    daemon.kill();
    let _daemon = lab.up();
    lab.wait("there is an answer", || (!answers(&lab).is_empty()).then_some(()));
    assert_eq!(answers(&lab).len(), 1);
    assert_eq!(lab.json(&["task", "show", "1"])["runs"][1]["starts"], 1, "it went on meanwhile");
    nobody_is_left(&lab);
}

#[test]
fn a_question_is_taken_back_and_who_answered_is_gone() {
    let lab = lab("");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let before = work(&lab);
    lab.ok(&["task", "ask", "1", "Why a queue?", "--no-wait"]);
    lab.wait("it is asked", || lab.home().join("runs/2.1/agent.pid").exists().then_some(()));
    lab.ok(&["task", "unask", "r2"]);
    lab.wait("it is over", || (!answers(&lab).is_empty()).then_some(()));
    let [answer] = &answers(&lab)[..] else { panic!("{:?}", remarks(&lab)) };
    assert_eq!(answer["text"], "r2 gave no answer: the question was taken back");
    assert_eq!(work(&lab), before);
    nobody_is_left(&lab);
    lab.fails(&["task", "unask", "r2"], 3, "r2 answers no question now");
    lab.fails(&["task", "unask", "r1"], 3, "r1 answers no question now");
}

#[test]
fn where_the_conversation_is_gone_another_answers_and_says_so() {
    let lab = lab("");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    fs::remove_file(conversation(&lab, "1-engineer-0.jsonl")).unwrap();
    let said = lab.ok(&["task", "ask", "1", "Why a queue?", "--run", "r1"]);
    assert!(said.starts_with("(The conversation of r1 is not to be had."), "{said}");
    assert!(said.ends_with("A queue is fair.\n"), "{said}");
    let told = fs::read_to_string(conversation(&lab, "r2.jsonl")).unwrap();
    for words in ["You did not do it", "Hand-off brief", "made.txt", "Why a queue?"] {
        assert!(told.contains(words), "it is told {words:?}: {told}");
    }
}

#[test]
fn whom_nobody_can_ask() {
    let lab = lab("");
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let nobody = "no agent that could be asked has worked on #1";
    lab.fails(&["task", "ask", "1", "Why?", "--run", "r9"], 3, "r9 has done nothing on #1");
    lab.fails(&["task", "ask", "1", "Why?", "--role", "cook"], 3, nobody);
    lab.fails(&["task", "ask", "1", " "], 3, "a question needs words");
    lab.fails(&["task", "ask", "7", "Why?"], 3, "there is no task #7");
}

const ASKED: &str = "# A question about task #1";

/// What Claude Code says: it asks for a permission, works, ends; and when it is asked, tries more than it
/// may, and answers once it `may`.
fn model(may: &Arc<AtomicBool>) -> ModelServer {
    let may = Arc::clone(may);
    let server = ModelServer::answering(move |request| {
        let text = request.body["messages"].to_string();
        let (work, question) = text.split_once(ASKED).unwrap_or((&text, ""));
        let done = |text: &str| text.matches("\"tool_result\"").count();
        let write =
            |path: &str| Reply::tool("Write", json!({"file_path": path, "content": "made\n"}));
        let run = |command: &str| {
            Reply::tool("Bash", json!({"command": command, "description": "Run it"}))
        };
        if question.is_empty() {
            return match done(work) {
                0 => run("sh -c 'echo asked > asked.txt'"),
                1 => write("made.txt"),
                _ => Reply::text("DONE: made it"),
            };
        }
        match done(question) {
            0 => write("evil.txt"),
            1 => run("echo evil > evil.txt"),
            _ => {
                let end = Instant::now() + Duration::from_mins(5); // a test that failed waits for nobody
                while !may.load(Ordering::SeqCst) && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Reply::text("DONE: A queue is fair.")
            }
        }
    });
    server.unwrap()
}

fn claude(server: &ModelServer) -> Lab {
    let url = server.base_url(Wire::Anthropic);
    let url = url.trim_end_matches("/v1");
    let keys = format!(
        "model = \"claude-sonnet-5-5\"\nbase_url = \"{url}\"\nenv = [\"ANTHROPIC_API_KEY\"]\n\
         billing = \"api-key\"\n"
    );
    played_by("claude", &client("claude"), &keys, "")
}

fn up(lab: &Lab) -> Daemon {
    // IS_SANDBOX: the tests may be run by root, in a container.
    let env = [("ANTHROPIC_API_KEY", "sk-test-invented-7f3a"), ("IS_SANDBOX", "1")];
    let daemon = lab.serve_with(&env);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn allow(lab: &Lab) {
    answer(lab, &waits(lab, "asked.txt"), "allow");
}

/// The requests about the question.
fn questions(server: &ModelServer) -> Vec<Request> {
    let is_one = |request: &Request| request.body["messages"].to_string().contains(ASKED);
    server.requests().into_iter().filter(is_one).collect()
}

#[test]
fn claude_code_answers_in_its_conversation_when_the_task_is_done() {
    let server = model(&Arc::new(AtomicBool::new(true)));
    let lab = claude(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    allow(&lab);
    lab.run();
    let before = work(&lab);
    for n in 1..=2 {
        assert_eq!(lab.ok(&["task", "ask", "1", "Why a queue?"]), "A queue is fair.\n");
        assert_eq!(answers(&lab).len(), n);
        assert_eq!(work(&lab), before, "nothing was changed");
    }
    let questions = questions(&server);
    let (first, last) = (&questions[0], questions.last().unwrap());
    let said = |request: &Request| request.body["messages"].to_string();
    assert!(said(first).contains("made.txt"), "it remembers: {}", said(first));
    assert!(
        !said(last).contains("A queue is fair."),
        "it was not asked before, in what it remembers"
    );
    let tools = first.body["tools"].to_string();
    assert!(tools.contains("\"Read\"") && tools.contains("mcp__crew__finish"), "{tools}");
    // Its model is shown the tools of before, too, as a conversation that goes on has them. None works.
    let denied = said(last).split_once(ASKED).unwrap().1.matches("\"is_error\":true").count();
    assert_eq!(denied, 2, "it may neither write nor run anything: {}", said(last));
    nobody_is_left(&lab);
}

#[test]
fn claude_code_is_asked_while_it_works() {
    let server = model(&Arc::new(AtomicBool::new(true)));
    let lab = claude(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "asked.txt");
    assert_eq!(lab.ok(&["task", "ask", "1", "Why a queue?"]), "A queue is fair.\n");
    allow(&lab);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let files = lab.git(&["ls-tree", "--name-only", "main"]);
    assert!(files.contains("asked.txt") && !files.contains("evil.txt"), "{files}");
    assert_eq!(lab.json(&["task", "show", "1"])["runs"][0]["starts"], 1);
    nobody_is_left(&lab);
}

#[test]
fn claude_code_goes_on_with_its_answer_when_the_daemon_dies() {
    let may = Arc::new(AtomicBool::new(false));
    let server = model(&may);
    let lab = claude(&server);
    let daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    allow(&lab);
    lab.run();
    lab.ok(&["task", "ask", "1", "Why a queue?", "--no-wait"]);
    lab.wait("it thinks about it", || (questions(&server).len() > 1).then_some(()));
    daemon.kill();
    let daemon = up(&lab);
    may.store(true, Ordering::SeqCst);
    lab.wait("there is an answer", || (!answers(&lab).is_empty()).then_some(()));
    let card = lab.json(&["task", "show", "1"]);
    assert_eq!((card["runs"][1]["starts"].as_u64(), answers(&lab).len()), (Some(1), 1));
    drop(daemon);
    nobody_is_left(&lab);
}

/// What Codex says: it works and ends; and when it is asked, tries more than it may.
fn codex() -> (Lab, ModelServer) {
    let patch = |path: &str| {
        let patch = format!("*** Begin Patch\n*** Add File: {path}\n+made\n*** End Patch\n");
        Reply::tool("apply_patch", Value::from(patch))
    };
    let server = ModelServer::answering(move |request| {
        let text = request.body["input"].to_string();
        let done = |text: &str| text.matches("_call_output\"").count();
        match text.split_once(ASKED) {
            None if done(&text) == 0 => patch("made.txt"),
            None => Reply::text("DONE: made it"),
            Some((_, question)) => match done(question) {
                0 => patch("evil.txt"),
                1 => Reply::tool("exec_command", json!({ "cmd": "echo evil > evil.txt" })),
                _ => Reply::text("DONE: A queue is fair."),
            },
        }
    });
    let server = server.unwrap();
    let url = server.base_url(Wire::OpenAiResponses);
    let keys = format!(
        "model = \"gpt-5.5\"\nbase_url = \"{url}\"\nkey_env = \"ROUTER_KEY\"\nbilling = \"api-key\"\n"
    );
    (played_by("codex", &client("codex"), &keys, ""), server)
}

#[test]
fn codex_answers_in_its_conversation_when_the_task_is_done() {
    let (lab, server) = codex();
    let _daemon = lab.serve_with(&[("ROUTER_KEY", "sk-test-invented-7f3b")]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let before = work(&lab);
    for n in 1..=2 {
        assert_eq!(lab.ok(&["task", "ask", "1", "Why a queue?"]), "A queue is fair.\n");
        assert_eq!(answers(&lab).len(), n);
        assert_eq!(work(&lab), before, "nothing was changed");
    }
    assert_eq!(lab.landed("made.txt"), "made\n");
    let said: Vec<String> =
        server.requests().iter().map(|request| request.body["input"].to_string()).collect();
    let questions: Vec<&String> = said.iter().filter(|said| said.contains(ASKED)).collect();
    assert!(questions[0].contains("made.txt"), "it remembers: {}", questions[0]);
    let last = questions.last().unwrap();
    assert!(!last.contains("A queue is fair."), "it was not asked before, in what it remembers");
    nobody_is_left(&lab);
}
