//! Agents call Crewhouse: from a shell, over MCP, and from our own agent; and who may not.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use crew_engine::CALL_CRASH_POINTS;
use serde_json::{Value, json};
use support::{Daemon, Lab, show};

/// The engineer's part; everybody else says that it is fine.
fn play(turns: &str) -> String {
    format!(
        "[[scene]]\nrole = \"engineer\"\n{turns}\n[[scene]]\n[[scene.turn]]\nfinish = \"DONE: fine\"\n"
    )
}

/// The PM hangs, so that its run is there to be called for.
const HANGS: &str = "
[[scene]]
role = \"pm\"
[[scene.turn]]
hang_s = 600
finish = \"DONE: never\"
[[scene]]
[[scene.turn]]
hang_s = 600
finish = \"DONE: never\"
";

/// A lab with an agent of run 1 that does nothing by itself.
fn hanging() -> (Lab, Daemon) {
    let lab = Lab::new(HANGS, &[]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Plan it", "--criterion", "it is planned"]);
    lab.wait("the agent is at work", || desk(&lab, "1.1").join("token").exists().then_some(()));
    lab.wait_for("\"result\":\"started\"");
    (lab, daemon)
}

fn desk(lab: &Lab, start: &str) -> PathBuf {
    lab.home().join("runs").join(start).join("desk")
}

/// `crew agent …`, as somebody at this desk.
fn calls(lab: &Lab, start: &str, arguments: &[&str]) -> Output {
    let desk = desk(lab, start).display().to_string();
    lab.crew_with(&[("CREWHOUSE_DESK", &desk)], &[&["agent"], arguments].concat())
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", show(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{}", show(output));
    assert!(said.contains(words) && said.contains("hint: "), "{words:?} in {said}");
}

/// Puts a file on a desk, as a call that nobody checked.
fn drop_call(lab: &Lab, start: &str, id: &str, bytes: &[u8]) {
    let calls = desk(lab, start).join("calls");
    fs::write(calls.join(format!(".{id}.tmp")), bytes).unwrap();
    fs::rename(calls.join(format!(".{id}.tmp")), calls.join(format!("{id}.call"))).unwrap();
}

/// What a call that was dropped is told.
fn reply(lab: &Lab, start: &str, id: &str) -> Value {
    let path = desk(lab, start).join(format!("answers/{id}.json"));
    lab.wait(&format!("an answer to {id}"), || serde_json::from_slice(&fs::read(&path).ok()?).ok())
}

fn comment(token: &str, text: &str) -> Vec<u8> {
    let call = json!({"token": token, "tool": "comment", "arguments": {"text": text}});
    call.to_string().into_bytes()
}

#[test]
fn an_agent_calls_from_its_shell() {
    let turns = r#"
[[scene.turn]]
tools = [{ name = "shell", command = """
echo made > made.txt
"$CREW" agent board > "$TMPDIR/board" || exit 1
grep -q 'it is made of iron' "$TMPDIR/board" || exit 2
"$CREW" agent comment 'half done' || exit 3
"$CREW" agent subtask 'clean up' --criterion 'it is clean' || exit 4
"$CREW" agent message 'the iron is heavy' || exit 5
"$CREW" agent finish done 'made it' --met '1: saw it' 2> "$TMPDIR/said" && exit 6
grep -q '2. it is heavy' "$TMPDIR/said" || exit 7
"$CREW" agent finish done 'made it' --evidence 'cat made.txt: made' \
    --met '1: saw it' --not-met '2: it is light' || exit 8
echo all of it > calls.txt
""" }]
[[scene.turn]]
finish = "DONE: these words come too late"
"#;
    let lab = Lab::new(&play(turns), &[]);
    let _daemon = lab.up();
    let criteria = ["--criterion", "it is made of iron", "--criterion", "it is heavy"];
    lab.ok(&[&["task", "add", "Make it"], &criteria[..]].concat());
    let item = lab.wait("the proposal", || {
        let inbox = lab.json(&["inbox"]);
        let items = inbox["items"].as_array()?.clone();
        items.into_iter().find(|item| item["title"] == "clean up")
    });
    assert_eq!(item["options"], json!(["begin", "cancel"]));
    assert!(item["text"].as_str().unwrap().contains("engineer proposes this, at work on #1"));
    lab.ok(&["answer", &format!("a{}", item["ask"]), "cancel"]);
    lab.run();
    assert_eq!(lab.landed("calls.txt"), "all of it\n", "{}", lab.ok(&["log", "1", "--raw"]));
    let task = lab.json(&["task", "show", "1"]);
    let answers = json!([
        {"text": "it is made of iron", "met": "met", "why": "saw it"},
        {"text": "it is heavy", "met": "not_met", "why": "it is light"},
    ]);
    for (is, expect) in task["answers"].as_array().unwrap().iter().zip(answers.as_array().unwrap())
    {
        for key in ["text", "met", "why"] {
            assert_eq!(is[key], expect[key], "{is}");
        }
        assert_eq!(is["role"], "engineer");
    }
    assert_eq!((&task["criteria_met"], &task["criteria_total"]), (&json!(1), &json!(2)));
    let said: Vec<&str> =
        task["remarks"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    for words in ["half done", "To pm: the iron is heavy", "made it"] {
        assert_eq!(said.iter().filter(|it| **it == words).count(), 1, "{words}: {said:?}");
    }
    assert!(!said.contains(&"these words come too late"), "{said:?}");
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("not met, engineer: it is light"), "{shown}");
    assert_eq!(lab.count(|body| body["call"]["tool"] == "finish"), 2);
}

/// Our own agent has the same as tools of its own; a finish that is not whole goes back to the model.
#[test]
fn our_own_agent_finishes_typed() {
    let turns = r#"
[[scene.turn]]
tools = [
    { name = "write", path = "made.txt", content = "made\n" },
    { name = "comment", text = "by a tool" },
]
[[scene.turn]]
tools = [{ name = "finish", claim = "done", summary = "too early" }]
[[scene.turn]]
tools = [{ name = "finish", claim = "done", summary = "answered", criteria = [
    { number = 1, met = "met", why = "it is there" },
] }]
[[scene.turn]]
finish = "DONE: never said"
"#;
    let lab = Lab::new(&play(turns), &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it", "--criterion", "it is made"]);
    lab.run();
    let log = lab.ok(&["log", "1", "--raw"]);
    assert_eq!(lab.landed("made.txt"), "made\n", "{log}");
    let task = lab.json(&["task", "show", "1"]);
    assert_eq!(task["answers"][0]["why"], "it is there");
    let said = task["remarks"].to_string();
    assert!(said.contains("by a tool") && said.contains("answered"), "{said}");
    assert!(!said.contains("too early") && !said.contains("never said"), "{said}");
}

/// Who may call, and for whom.
#[test]
fn a_token_opens_its_own_task_while_its_run_lives_and_nothing_else() {
    let (lab, _daemon) = hanging();
    let own = fs::read_to_string(desk(&lab, "1.1").join("token")).unwrap();
    assert_eq!(own.len(), 64);

    // Nobody's desk.
    refused(&lab.crew(&["agent", "comment", "x"]), 3, "CREWHOUSE_DESK is not set");
    refused(&calls(&lab, "7.7", &["comment", "x"]), 3, "there is no run to call for");

    // Its own, and only as itself.
    done(&calls(&lab, "1.1", &["comment", "by who may"]));
    let human = fs::read_to_string(lab.home().join("token")).unwrap().trim().to_owned();
    for (id, token) in [("human", human.as_str()), ("none", ""), ("guess", &"0".repeat(64))] {
        drop_call(&lab, "1.1", id, &comment(token, "by who may not"));
        let reply = reply(&lab, "1.1", id);
        assert_eq!(reply["ok"], false, "{id}: {reply}");
        assert!(reply["text"].as_str().unwrap().contains("its token is not the one"), "{reply}");
    }

    // A call names no task and no run: there is no word for it.
    let call = json!({"token": own, "tool": "comment", "arguments": {"text": "x", "task": 2}});
    drop_call(&lab, "1.1", "elsewhere", call.to_string().as_bytes());
    let text = reply(&lab, "1.1", "elsewhere")["text"].as_str().unwrap().to_owned();
    assert!(text.contains("unknown field `task`") && text.contains("hint:"), "{text}");

    // The API knows no such token.
    assert_eq!(status_of(&lab, &human), 200);
    assert_eq!(status_of(&lab, &own), 401);

    // The run ends, the next one begins: the old token opens neither.
    let finish = ["finish", "done", "planned", "--met", "1: here"];
    done(&calls(&lab, "1.1", &finish));
    refused(&calls(&lab, "1.1", &finish), 3, "finished before");
    lab.wait("the next run", || desk(&lab, "2.1").join("token").exists().then_some(()));
    lab.wait("the desk is closed", || desk(&lab, "1.1").join("closed").exists().then_some(()));
    refused(&calls(&lab, "1.1", &["comment", "x"]), 3, "this run is over");
    drop_call(&lab, "1.1", "late", &comment(&own, "by who is gone"));
    drop_call(&lab, "2.1", "stale", &comment(&own, "by who is gone"));
    assert_eq!(reply(&lab, "2.1", "stale")["ok"], false);
    done(&calls(&lab, "2.1", &["comment", "by the next"]));
    let journal = lab.journal_text();
    assert!(journal.contains("by who may") && journal.contains("by the next"));
    assert!(!journal.contains("by who may not") && !journal.contains("by who is gone"));
    assert!(!journal.contains(&own), "a token is never written down");
}

/// In the sandbox an agent reaches no desk but its own, and cannot answer itself.
#[cfg(target_os = "linux")]
#[test]
fn an_agent_in_the_sandbox_reaches_no_other_desk() {
    use crew_agent::sandbox::{Support, support};
    if let Support::Nothing { why } = support() {
        println!("not tested: {why}");
        return;
    }
    let turns = r#"
[[scene.turn]]
tools = [{ name = "shell", command = """
other="$CREWHOUSE_DESK/../../1.1/desk"
try() { if sh -c "$2" >/dev/null 2>&1; then echo "$1" >> got; fi; }
export other
try 'the token of another' 'cat "$other/token"'
try 'the desk of another' 'echo x > "$other/calls/x.call"'
try 'an answer of its own' 'echo x > "$CREWHOUSE_DESK/answers/x.json"'
try 'its token' 'echo x > "$CREWHOUSE_DESK/token"'
echo tried > tried
""" }]
[[scene.turn]]
finish = "DONE: tried"
"#;
    let lab = Lab::new(&play(turns), &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Try it"]);
    lab.run();
    assert_eq!(lab.landed("tried"), "tried\n");
    assert!(!lab.try_git(&["show", "main:got"]), "{}", lab.git(&["show", "main:got"]));
}

#[test]
fn whatever_is_put_on_a_desk_the_daemon_goes_on() {
    let (lab, _daemon) = hanging();
    let own = fs::read_to_string(desk(&lab, "1.1").join("token")).unwrap();
    let at = desk(&lab, "1.1").join("calls");
    let secret = lab.dir.path().join("secret");
    fs::write(&secret, comment(&own, "through a link")).unwrap();
    std::os::unix::fs::symlink(&secret, at.join("link.call")).unwrap();
    fs::create_dir(at.join("directory.call")).unwrap();
    let fifo = at.join("fifo.call");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    drop_call(&lab, "1.1", "garbage", b"\xff\x00{{{");
    drop_call(&lab, "1.1", "large", &vec![b'x'; 300 << 10]);
    drop_call(&lab, "1.1", "deep", "[".repeat(100_000).as_bytes());
    let call = json!({"token": own, "tool": "rm", "arguments": {}});
    drop_call(&lab, "1.1", "unknown", call.to_string().as_bytes());
    drop_call(&lab, "1.1", "empty", &comment(&own, " "));
    drop_call(&lab, "1.1", "long", &comment(&own, &"x".repeat(9_000)));
    let all = ["link", "directory", "fifo", "garbage", "large", "deep", "unknown", "empty", "long"];
    for id in all {
        let reply = reply(&lab, "1.1", id);
        assert_eq!(reply["ok"], false, "{id}: {reply}");
    }
    fs::write(at.join("../calls/Not A Name.call"), comment(&own, "by a bad name")).unwrap();
    done(&calls(&lab, "1.1", &["comment", "still here: sk-ant-aaaaaaaaaaaaaaaaaaaaaaaa"]));
    let journal = lab.journal_text();
    assert!(journal.contains("still here: [hidden]"), "keys are taken out");
    assert!(!journal.contains("through a link") && !journal.contains("by a bad name"));
    assert_eq!(lab.count(|body| body["event"] == "called"), 1);
}

#[test]
fn a_call_waits_for_the_daemon_and_is_taken_in_once() {
    let (lab, daemon) = hanging();
    daemon.kill();
    let mut child = agent(&lab, "1.1", &["comment", "while you were away"]).spawn().unwrap();
    let calls = desk(&lab, "1.1").join("calls");
    lab.wait("the call waits", || {
        let names =
            fs::read_dir(&calls).ok()?.filter_map(|it| it.ok()?.file_name().into_string().ok());
        names.into_iter().find(|name| !name.starts_with('.'))
    });
    let _daemon = lab.up();
    assert!(child.wait().unwrap().success());
    assert_eq!(lab.count(|body| body["call"]["tool"] == "comment"), 1);
}

#[test]
fn a_crash_while_a_call_is_taken_in_loses_and_doubles_nothing() {
    for point in CALL_CRASH_POINTS {
        let (lab, daemon) = hanging();
        daemon.kill();
        let crashing = lab.serve_with(&[("CREWHOUSE_CRASH_AT", point)]);
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        let mut child = agent(&lab, "1.1", &["comment", "once"]).spawn().unwrap();
        assert!(!crashing.wait().success(), "{point}");
        let _daemon = lab.up();
        assert!(child.wait().unwrap().success(), "{point}");
        assert_eq!(lab.count(|body| body["call"]["tool"] == "comment"), 1, "{point}");
        let task = lab.json(&["task", "show", "1"]);
        assert_eq!(task["remarks"].as_array().unwrap().len(), 1, "{point}: {task}");
    }
}

#[test]
fn a_question_waits_for_the_human_and_is_asked_once() {
    let (lab, daemon) = hanging();
    let ask = ["ask", "iron or wood?", "--option", "iron", "--option", "wood", "--wait", "1"];
    refused(&calls(&lab, "1.1", &ask), 10, "nobody has answered yet");
    refused(&calls(&lab, "1.1", &ask), 10, "nobody has answered yet");
    let items = lab.json(&["inbox"])["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["options"], json!(["iron", "wood"]));
    daemon.kill();
    let _daemon = lab.up();
    lab.ok(&["answer", "a1", "wood"]);
    assert_eq!(done(&calls(&lab, "1.1", &ask)).trim(), "wood");
    assert_eq!(lab.count(|body| body["event"] == "answered"), 1);
}

fn agent(lab: &Lab, start: &str, arguments: &[&str]) -> Command {
    let mut command = lab.program(env!("CARGO_BIN_EXE_crew"));
    command.env("CREWHOUSE_DESK", desk(lab, start)).arg("agent").args(arguments);
    command
}

/// An MCP client in a few lines.
struct Mcp {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Mcp {
    fn start(lab: &Lab) -> Self {
        let mut command = agent(lab, "1.1", &["mcp"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn send(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.send(
            &json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string(),
        );
        let answer = self.next();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
        answer
    }
}

#[test]
fn an_mcp_client_calls_with_a_handshake_and_without() {
    let (lab, _daemon) = hanging();
    let mut mcp = Mcp::start(&lab);
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let answer = mcp.ask("initialize", &hello);
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["result"]["serverInfo"]["name"], "crew");
    let newer = mcp.ask("initialize", &json!({"protocolVersion": "2999-01-01"}));
    assert_eq!(newer["result"]["protocolVersion"], "2025-11-25");
    mcp.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let tools = mcp.ask("tools/list", &json!({}))["result"]["tools"].clone();
    let names: Vec<&str> =
        tools.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let ours = ["finish", "ask", "comment", "pin", "subtask", "message", "board", "knowledge"];
    assert_eq!(names, ours);
    let said =
        mcp.ask("tools/call", &json!({"name": "comment", "arguments": {"text": "over MCP"}}));
    assert_eq!(said["result"]["isError"], false, "{said}");
    let board = mcp.ask("tools/call", &json!({"name": "board"}));
    assert!(board["result"]["content"][0]["text"].as_str().unwrap().contains("it is planned"));
    let known = json!({"name": "knowledge", "arguments": {"words": "nobody said"}});
    let known = mcp.ask("tools/call", &known);
    assert!(known["result"]["content"][0]["text"].as_str().unwrap().contains(r#""tasks":[]"#));
    let unmet = json!({"name": "finish", "arguments": {"claim": "done", "summary": "x"}});
    let told = mcp.ask("tools/call", &unmet);
    assert_eq!(told["result"]["isError"], true);
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().contains("1. it is planned"));

    // Without a handshake each request names its version.
    let meta = |version: &str| json!({"io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {}});
    let found = mcp.ask("server/discover", &json!({"_meta": meta("2026-07-28")}));
    assert_eq!(found["result"]["supportedVersions"], json!(["2026-07-28"]));
    let tools = mcp.ask("tools/list", &json!({"_meta": meta("2026-07-28")}));
    assert_eq!(tools["result"]["resultType"], "complete");
    let wrong = mcp.ask("tools/list", &json!({"_meta": meta("2031-01-01")}));
    assert_eq!(wrong["error"]["code"], -32022, "{wrong}");

    // What is no request is said, and the next one is served.
    mcp.send("{{{");
    assert_eq!(mcp.next()["error"]["code"], -32700);
    mcp.send(&"x".repeat(400 << 10));
    assert_eq!(mcp.next()["error"]["code"], -32600);
    assert_eq!(mcp.ask("resources/list", &json!({}))["error"]["code"], -32601);
    assert_eq!(mcp.ask("tools/call", &json!({"name": "rm"}))["error"]["code"], -32602);

    // A question waits while other requests are served.
    let ask = json!({"jsonrpc": "2.0", "id": "q", "method": "tools/call", "params": {"name": "ask", "arguments": {"text": "shall I?"}}});
    mcp.send(&ask.to_string());
    lab.wait_for("shall I?");
    assert!(mcp.ask("ping", &json!({}))["result"].is_object());
    lab.wait("the answer is taken", || {
        lab.crew(&["answer", "a1", "do"]).status.success().then_some(())
    });
    let answer = mcp.next();
    assert_eq!(
        (&answer["id"], &answer["result"]["content"][0]["text"]),
        (&json!("q"), &json!("do"))
    );

    let Mcp { mut child, input, .. } = mcp;
    drop(input);
    assert!(child.wait().unwrap().success(), "it ends with its input");
}

/// How the API answers who has this token.
fn status_of(lab: &Lab, token: &str) -> u16 {
    let address = lab.ok(&["open", "--print"]);
    let host =
        address.trim().strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    let request = format!(
        "GET /api/tasks HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// What must not be forgotten: the PM and the human pin it, and each prompt has it.
#[test]
fn what_is_pinned_is_on_the_card_until_it_is_not() {
    let (lab, _daemon) = hanging();
    let said = done(&calls(&lab, "1.1", &["pin", "Iron rusts."]));
    assert!(said.contains("pinned to #1 as anchor 1"), "{said}");
    refused(&calls(&lab, "1.1", &["pin", "--anchor", "7"]), 3, "#1 has no anchor 7");
    refused(&calls(&lab, "1.1", &["pin", &"x".repeat(501)]), 2, "at most 500");
    lab.ok(&["task", "pin", "1", "The public API stays."]);
    lab.fails(&["task", "pin", "1", " "], 3, "an anchor needs words");
    lab.fails(&["task", "promote", "1", "9"], 3, "#1 has no anchor 9");
    let anchors = lab.json(&["task", "show", "1"])["anchors"].clone();
    let seen = |at: usize| {
        let anchor = &anchors[at];
        (anchor["number"].clone(), anchor["from"].clone(), anchor["standing"].clone())
    };
    assert_eq!(seen(0), (json!(1), json!("pm"), json!("pinned")));
    assert_eq!(seen(1), (json!(2), json!("human"), json!("pinned")));
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("2. The public API stays. (human)"), "{shown}");
    lab.ok(&["task", "unpin", "1", "2"]);
    assert_eq!(lab.json(&["task", "show", "1"])["anchors"].as_array().unwrap().len(), 1);
}
