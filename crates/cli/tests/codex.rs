//! The real Codex, pinned in `tests/clients`, in the whole program: it talks to a model server of ours
//! on loopback, with an invented key and a home of its own.

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
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::program::{
    RULES, answer, client, engineer_with, is_called, kill, kill_shim, nobody_is_left, old_program,
    ours, played_by, running, starts, waits,
};
use support::{Daemon, Lab};

const KEY: &str = "sk-test-invented-7f3b";
/// An API key pays.
const BY_KEY: &str = "key_env = \"ROUTER_KEY\"\nbilling = \"api-key\"\n";
/// A command that is not allowed by itself.
const MAKES: &str = "sh -c 'echo made > made.txt'";

/// One engineer, played by Codex, and one human.
fn lab(server: &ModelServer) -> Lab {
    lab_with(server, &client("codex"), BY_KEY, "")
}

fn lab_with(server: &ModelServer, program: &str, keys: &str, limits: &str) -> Lab {
    let url = server.base_url(Wire::OpenAiResponses);
    let keys = format!("model = \"gpt-5.5\"\nbase_url = \"{url}\"\n{keys}");
    played_by("codex", program, &keys, limits)
}

fn up(lab: &Lab) -> Daemon {
    let daemon = lab.serve_with(&[("ROUTER_KEY", KEY)]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn writes(path: &str) -> Reply {
    let patch = format!("*** Begin Patch\n*** Add File: {path}\n+made\n*** End Patch\n");
    Reply::tool("apply_patch", Value::from(patch)).usage(1000, 0, 100)
}

/// Asks for a permission first, unless it only looks: changes of files are allowed.
fn runs(command: &str) -> Reply {
    Reply::tool("exec_command", json!({"cmd": command})).usage(1000, 0, 100)
}

fn finishes() -> Reply {
    Reply::text("DONE: made it").usage(1800, 200, 10)
}

/// What the two answers above consume: read, cached, written.
const CONSUMED: (u64, u64, u64) = (2800, 200, 110);

/// What task 1 has consumed.
fn consumed(lab: &Lab) -> (u64, u64, u64) {
    let spent = lab.json(&["task", "show", "1"])["spent"].clone();
    let count = |name: &str| spent[name].as_u64().unwrap();
    (count("input_tokens"), count("cached_tokens"), count("output_tokens"))
}

/// Works until it is done, and checks what is true after every story.
fn lands(lab: &Lab) {
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    nobody_is_left(lab);
    let journal = lab.journal_text();
    let log = lab.ok(&["log", "1", "--raw"]);
    assert!(!journal.contains(KEY) && !log.contains(KEY), "a key is never written down");
}

/// What the model was asked, as text.
fn asked(request: &Request) -> String {
    request.body["input"].to_string()
}

/// Whether the model has heard what came of a tool.
fn is_told(text: &str) -> bool {
    text.contains("call_output")
}

#[test]
fn codex_makes_a_change() {
    let server = ModelServer::start([runs("ls -la"), writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it", "--body", "Of iron."]);
    lands(&lab);
    assert_eq!(consumed(&lab), (3800, 200, 210));
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "nothing else is paid for");
    assert_eq!(requests[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(asked(&requests[0]).contains("How you end"), "it knows its role");
    assert!(asked(&requests[0]).contains("Of iron."));
    assert!(asked(&requests[1]).contains("a.txt"), "who only looks is not asked");
    for start in starts(&lab) {
        let argv = start["argv"].to_string();
        assert!(!argv.contains("iron"), "nothing of a task is in the arguments: {argv}");
    }
    let log = lab.ok(&["log", "1"]);
    assert!(log.contains("made.txt") && log.contains("DONE: made it"), "{log}");
}

#[test]
fn a_permission_is_asked_for_and_given() {
    let server = ModelServer::start([runs(MAKES), finishes()]).unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "May it run this command?");
    assert!(item["text"].as_str().unwrap().contains("> made.txt"), "{item}");
    assert_eq!(item["options"], json!(["allow", "deny"]));
    answer(&lab, &item, "allow");
    lands(&lab);
    assert_eq!(consumed(&lab), CONSUMED);
}

#[test]
fn a_permission_is_denied() {
    let server = ModelServer::start([runs("rm -r ./*"), writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    answer(&lab, &waits(&lab, "rm -r ./*"), "deny");
    lands(&lab);
    assert!(lab.landed("a.txt").contains("two"), "what was denied was not done");
    assert!(asked(&server.requests()[1]).contains("rejected"), "and it hears so");
}

/// Our tools are there, need no permission, and what is wrong with a call reaches the model.
#[test]
fn codex_calls_our_tools() {
    let server = ModelServer::answering(|request| {
        // Codex offers tools of servers when they are looked for.
        let call = |tool: &str, input: Value| match ours(&request.body, tool).as_str() {
            "" => Reply::tool("tool_search", json!({"query": format!("crew {tool}")})),
            name => Reply::tool(name, input),
        };
        let finish = |criteria: Value| {
            let end = json!({
                "claim": "done", "summary": "made it of iron",
                "evidence": ["read made.txt"], "criteria": criteria,
            });
            call("finish", end)
        };
        match asked(request).matches("_call_output\"").count() {
            0 => call("ask", json!({"text": "Of what?", "options": ["iron", "wood"]})),
            1 => writes("made.txt"),
            2 => finish(json!([])),
            3 => finish(json!([{"number": 1, "met": "met", "why": "made.txt is there"}])),
            _ => Reply::text("All done."),
        }
    });
    let server = server.unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it", "--criterion", "it is there"]);
    let item = waits(&lab, "Of what?");
    assert_eq!(item["options"], json!(["iron", "wood"]), "{item}");
    answer(&lab, &item, "iron");
    lands(&lab);
    let requests = server.requests();
    let last = asked(requests.last().unwrap());
    for words in ["iron", "1. it is there", "Taken as done."] {
        assert!(last.contains(words), "{words} in {last}");
    }
    let task = lab.json(&["task", "show", "1"]);
    assert_eq!(task["answers"][0]["why"], "made.txt is there");
    let response = &task["runs"][0]["response"];
    assert_eq!(response["summary"], "made it of iron");
    assert_eq!(response["evidence"], json!(["read made.txt"]));
    assert!(!lab.journal_text().contains("May it"), "our tools need no permission");
}

/// Its own question comes to the inbox, and each answer goes to the question that it is about.
#[test]
fn codex_asks_what_it_wants_to_know() {
    let option = |label: &str| json!({"label": label, "description": "fine"});
    let questions = json!([
        {"id": "stuff", "header": "Stuff", "question": "Of what?", "options": [option("Iron"), option("Wood")]},
        {"id": "size", "header": "Size", "question": "How large?", "options": [option("Big"), option("Small")]},
    ]);
    let question = Reply::tool("request_user_input", json!({"questions": questions}));
    let server = ModelServer::start([question, writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "Of what?");
    assert!(item["text"].as_str().unwrap().contains("How large?"), "{item}");
    answer(&lab, &item, "Wood\nSmall");
    lands(&lab);
    let told = asked(&server.requests()[1]);
    let heard = told.rsplit("call_output").next().unwrap();
    for words in ["stuff", "Wood", "size", "Small"] {
        assert!(heard.contains(words), "{words} in {heard}");
    }
}

#[test]
fn rules_answer_for_the_human() {
    let server = ModelServer::start([
        runs("touch other.txt"),
        writes("secret/a"),
        runs("true && git push"),
        writes("made.txt"),
        finishes(),
    ])
    .unwrap();
    let lab = lab(&server);
    engineer_with(&lab, RULES);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
    let main = lab.git(&["ls-tree", "-r", "--name-only", "main"]);
    assert!(main.contains("other.txt") && !main.contains("secret"), "{main}");
    let journal = lab.ok(&["journal"]);
    for line in [
        "a1 allowed by rule 1 of engineer (allow command touch)",
        "a2 denied by rule 2 of engineer",
        "a3 denied by rule 3 of engineer",
        "a4 allowed by the permissions of its provider",
    ] {
        assert!(journal.contains(line), "{line} in {journal}");
    }
}

#[test]
fn the_daemon_dies_while_the_agent_waits_for_the_human() {
    let server = ModelServer::start([runs(MAKES), finishes()]).unwrap();
    let lab = lab(&server);
    let daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "May it run this command?");
    daemon.kill();
    let _daemon = up(&lab);
    answer(&lab, &waits(&lab, "May it run this command?"), "allow");
    lands(&lab);
    assert_eq!(starts(&lab).len(), 1, "the agent lived on");
    assert_eq!((server.requests().len(), consumed(&lab)), (2, CONSUMED));
}

#[test]
fn the_shim_dies_and_the_conversation_goes_on() {
    let server = ModelServer::answering(|request| {
        let text = asked(request);
        match (text.contains("You were interrupted"), text.contains("*** Begin Patch")) {
            (false, _) => runs(MAKES),
            (true, false) => writes("made.txt"),
            (true, true) => finishes(),
        }
    });
    let server = server.unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "May it run this command?");
    kill_shim(&lab);
    lab.wait("it is started again", || (starts(&lab).len() == 2).then_some(()));
    lands(&lab);
    goes_on(&lab, &server);
}

/// The second start resumed the conversation of the first.
fn goes_on(lab: &Lab, server: &ModelServer) {
    let starts = starts(lab);
    let resumed = &starts[1]["dialect"]["resumed"]["thread"];
    assert!(starts[0]["dialect"]["resumed"].is_null() && resumed.is_string(), "{resumed}");
    let last = asked(server.requests().last().unwrap());
    assert!(last.contains("You were interrupted"), "{last}");
    assert_eq!(last.matches("## Title").count(), 1, "it is told once what to do: {last}");
}

#[test]
fn the_agent_is_killed_and_its_children_end_with_it() {
    let long = runs("echo started; sleep 3600; echo finished");
    let server = ModelServer::start([long, writes("made.txt"), finishes()]).unwrap();
    let keys = format!("{BY_KEY}permissions = \"all\"\n");
    let lab = lab_with(&server, &client("codex"), &keys, "");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let child = lab.wait("the command runs", || {
        running(&lab, "sleep 3600").into_iter().find(|pid| is_called(*pid, "sleep"))
    });
    kill(lab.agents().into_iter().find(|pid| is_called(*pid, "codex")).unwrap());
    lab.wait("it is started again", || (starts(&lab).len() == 2).then_some(()));
    lands(&lab);
    assert!(!PathBuf::from(format!("/proc/{child}")).exists(), "the command was ended");
    goes_on(&lab, &server);
}

#[test]
fn a_task_is_cancelled_and_nothing_of_it_runs_on() {
    let server = ModelServer::start([runs("sleep 3600")]).unwrap();
    let keys = format!("{BY_KEY}permissions = \"all\"\n");
    let lab = lab_with(&server, &client("codex"), &keys, "");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("the command runs", || running(&lab, "sleep 3600").first().copied());
    lab.ok(&["task", "cancel", "1"]);
    nobody_is_left(&lab);
}

/// The limit of a plan, which ends in so many seconds.
fn limit(seconds: u64) -> Reply {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let reset = now + seconds;
    let error = json!({
        "type": "usage_limit_reached", "message": "The usage limit has been reached",
        "plan_type": "plus", "resets_at": reset, "resets_in_seconds": seconds,
    });
    Reply::status(429)
        .header("x-codex-primary-used-percent", "100")
        .header("x-codex-primary-window-minutes", "300")
        .header("x-codex-primary-reset-at", &reset.to_string())
        .header("x-codex-secondary-used-percent", "41")
        .header("x-codex-secondary-window-minutes", "10080")
        .header("x-codex-secondary-reset-at", &(now + 300_000).to_string())
        .body(&json!({"error": error}).to_string())
}

#[test]
fn a_limit_is_waited_out_and_nothing_is_paid_twice() {
    let answers = AtomicUsize::new(0);
    let server = ModelServer::answering(move |_| match answers.fetch_add(1, Ordering::SeqCst) {
        0 => writes("made.txt"),
        1 => limit(8),
        _ => finishes(),
    });
    let server = server.unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait_for("\"words\":\"limited\"");
    lab.wait("the agent has ended", || lab.agents().is_empty().then_some(()));
    lands(&lab);
    assert_eq!(server.requests().len(), 3, "nobody asks before the limit ends");
    assert_eq!(consumed(&lab), CONSUMED, "each answer is paid once");
    goes_on(&lab, &server);
}

/// What the provider does in passing, and nobody needs to know.
fn passes(troubles: Vec<Reply>) {
    let replies = [vec![writes("made.txt")], troubles, vec![finishes()]].concat();
    let server = ModelServer::start(replies).unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
}

#[test]
fn a_short_limit_passes() {
    let body = r#"{"error":{"type":"tokens","code":"rate_limit_exceeded","message":"Slow down"}}"#;
    passes(vec![Reply::status(429).header("retry-after", "1").body(body)]);
}

#[test]
fn an_overloaded_provider_passes() {
    let body =
        r#"{"error":{"message":"Overloaded","type":"server_error","code":"server_is_overloaded"}}"#;
    // Codex gives up at once; then it is started again.
    passes(vec![Reply::status(503).body(body)]);
}

#[test]
fn a_broken_provider_passes() {
    passes(vec![Reply::status(500), Reply::text("half of an answer, then nothing").torn()]);
}

/// A provider in trouble until it is told otherwise; then it has the file made.
fn troubled(trouble: Reply) -> (ModelServer, Arc<AtomicBool>) {
    let is_in_trouble = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_in_trouble);
    let server = ModelServer::answering(move |request| {
        if is_in_trouble.load(Ordering::SeqCst) {
            return trouble.clone();
        }
        if is_told(&asked(request)) { finishes() } else { writes("made.txt") }
    });
    (server.unwrap(), switch)
}

#[test]
fn a_key_that_is_refused_waits_for_the_human() {
    let body = r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#;
    let (server, trouble) = troubled(Reply::status(401).body(body));
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "401");
    nobody_is_left(&lab);
    trouble.store(false, Ordering::SeqCst);
    answer(&lab, &item, "try again");
    lands(&lab);
}

#[test]
fn a_provider_that_falls_silent_is_given_up() {
    let (server, trouble) = troubled(Reply::text("I will now think about it").hanging());
    let limits = "quiet_minutes = 0.1\nsilent_minutes = 0.25\n";
    let lab = lab_with(&server, &client("codex"), BY_KEY, limits);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "nothing was heard");
    nobody_is_left(&lab);
    trouble.store(false, Ordering::SeqCst);
    answer(&lab, &item, "try again");
    lands(&lab);
}

/// Codex without a key or a server of ours: it works as somebody who is signed in.
fn signed_in(server: &ModelServer, auth: Option<&Value>, billing: &str) -> Lab {
    let keys = format!("billing = \"{billing}\"\n");
    let lab = played_by("codex", &client("codex"), &keys, "");
    fs::create_dir_all(lab.dir.path().join(".codex")).unwrap();
    // Were it used, it would be seen here that it is.
    let config = format!("chatgpt_base_url = \"{}\"\n", server.base_url(Wire::OpenAiResponses));
    fs::write(lab.dir.path().join(".codex/config.toml"), config).unwrap();
    if let Some(auth) = auth {
        fs::write(lab.dir.path().join(".codex/auth.json"), auth.to_string()).unwrap();
    }
    lab
}

/// What signing in with a plan leaves, of an invented person.
fn tokens() -> Value {
    // Of user u in account a, with the plan "plus", until 2100; signed by nobody.
    let token = "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFAYi5pbnZhbGlkIiwiZXhwIjo0\
        MTAyNDQ0ODAwLCJodHRwczovL2FwaS5vcGVuYWkuY29tL2F1dGgiOnsiY2hhdGdwdF9wbGFuX3R5cGUi\
        OiJwbHVzIiwiY2hhdGdwdF9hY2NvdW50X2lkIjoiYSIsImNoYXRncHRfdXNlcl9pZCI6InUifX0.c2ln\
        ";
    json!({"id_token": token, "access_token": token, "refresh_token": "r", "account_id": "a"})
}

#[test]
fn nothing_is_asked_when_another_would_pay() {
    let server = ModelServer::start([]).unwrap();
    let stored = json!({"auth_mode": "apikey", "OPENAI_API_KEY": KEY});
    let plan = json!({
        "auth_mode": "chatgpt", "tokens": tokens(), "last_refresh": "2026-11-21T00:00:00Z",
    });
    for (auth, billing, words) in [
        (Some(&stored), "subscription", "an API key (`codex login`) would pay"),
        (Some(&plan), "api-key", "a subscription would pay"),
        (None, "any", "Codex is not signed in"),
    ] {
        let lab = signed_in(&server, auth, billing);
        let _daemon = up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        let item = waits(&lab, words);
        assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
        nobody_is_left(&lab);
    }
    assert!(server.requests().is_empty(), "nothing was spent");
}

#[test]
fn two_work_at_once() {
    let server = ModelServer::answering(|request| {
        let text = asked(request);
        let name = if text.contains("Make the first") { "first.txt" } else { "second.txt" };
        if is_told(&text) { finishes() } else { writes(name) }
    });
    let server = server.unwrap();
    let lab = lab(&server);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make the first"]);
    lab.ok(&["task", "add", "Make the second"]);
    lab.run();
    assert_eq!(
        (lab.landed("first.txt"), lab.landed("second.txt")),
        ("made\n".into(), "made\n".into())
    );
    assert_eq!(server.requests().len(), 4);
    nobody_is_left(&lab);
}

#[test]
fn a_missing_or_old_codex_is_said_with_what_to_do() {
    let server = ModelServer::start([]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let old = old_program(dir.path(), "codex-cli 0.5.1");
    for (program, words) in [
        ("/nowhere/codex", "there is no Codex"),
        (old.as_str(), "is Codex 0.5.1; 0.169.0 or newer is needed"),
    ] {
        let lab = lab_with(&server, program, BY_KEY, "");
        let _daemon = up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        let item = waits(&lab, words);
        assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
        let doctor = lab.crew(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains(words) && said.contains("hint: "), "{said}");
    }
    assert!(server.requests().is_empty());
}
