//! What Codex was recorded to say (`transcripts/codex`, see the README there), and what was made of it
//! by hand and by chance, decoded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

mod recordings;

use crew_agent::codex::{Decoder, Means, Opening, Resumed};
use crew_agent::{Act, AgentEvent, Speaker, Verdict};
use crew_core::team::{Payer, Permissions};
use recordings::{Recordings, ending, kinds, word};
use serde_json::{Value, json};

const CODEX: Recordings = Recordings { speaker: Speaker::Codex, name: "codex" };

#[test]
fn every_recording_means_what_it_should() {
    CODEX.mean_what_they_should();
}

#[test]
fn texts_calls_and_questions_come_with_what_they_say() {
    let said = CODEX.decode(&CODEX.read("app-server-0.169.0/permission-approve"), &ending(0));
    let text = format!("{:?}", said.events);
    for words in [
        "I will write the file first.",
        "hello from fake",
        "May it change these files?",
        "May it run this command?",
        "cat hello.txt && wc -c hello.txt",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let Some(AgentEvent::Done { text }) = said.events.last() else { panic!("{text}") };
    assert_eq!(text, "Command finished.");
}

#[test]
fn every_beginning_of_every_recording_is_understood() {
    CODEX.are_understood_from_their_beginning(&[
        "\"status\":\"completed\",\"error\":null",
        "\"type\":\"turn.completed\"",
    ]);
}

#[test]
fn no_line_is_lost_whatever_stands_before_it() {
    let broken: [&[u8]; 5] = [
        b"{\"method\":\"turn/completed\"",
        b"{\"method\":\"turn/completed\",\"params\":7}",
        b"{\"method\":\"item/completed\",\"params\":{\"item\":[]}}",
        b"{\"id\":[],\"result\":{}}",
        b"{\"method\":\"from/theFuture\",\"params\":{\"threadId\":\"x\"}}",
    ];
    CODEX.no_line_is_lost("app-server-0.169.0/text-and-tools", &broken);
    CODEX.no_line_is_lost("exec-0.169.0/tools-bypass", &broken);
}

#[test]
fn a_line_of_ten_megabytes_is_kept_within_bounds() {
    let output = "z".repeat(10 << 20);
    let item = json!({"type": "commandExecution", "id": "t", "status": "completed",
                      "command": "cat", "aggregatedOutput": output, "exitCode": 0});
    let line = json!({"method": "item/completed", "params": {"threadId": "a", "item": item}});
    let events = Decoder::new(None).line(line.to_string().as_bytes());
    let [_, AgentEvent::ToolResult { id, output, .. }] = &events[..] else { panic!() };
    assert_eq!(id, "t");
    assert!(output.len() < 100_000 && output.contains("10485760 bytes"));
}

fn opening(payer: Payer) -> Opening {
    Opening {
        payer,
        means: Means::SignedIn,
        permissions: Permissions::Edit,
        allow: vec!["make".to_owned()],
        worktree: "/w".into(),
        thread: json!({"cwd": "/w", "sandbox": "danger-full-access"}),
        prompt: "Do it.".to_owned(),
        resumed: None,
    }
}

fn tell(decoder: &mut Decoder, line: &Value) -> (String, Vec<Act>) {
    let events = decoder.line(line.to_string().as_bytes());
    (kinds(&events), decoder.take_acts())
}

/// The names of what is said, and the methods.
fn said(acts: &[Act]) -> String {
    let word = |act: &Act| match act {
        Act::Input { id, line } => {
            let line: Value = serde_json::from_str(line).unwrap();
            let what = line["method"].as_str().or(line["result"]["decision"].as_str());
            format!("{id}={}", what.unwrap_or("no"))
        }
        Act::End => "end".to_owned(),
        Act::CloseInput => "close".to_owned(),
        Act::Stop => "stop".to_owned(),
    };
    acts.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn account(kind: &str) -> Value {
    json!({"id": "account", "result": {"authMethod": kind, "requiresOpenaiAuth": true}})
}

/// A decoder whose conversation is `t`, with a turn under way.
fn at_work(opening: Opening) -> Decoder {
    let mut decoder = Decoder::new(Some(opening));
    tell(&mut decoder, &json!({"id": "initialize", "result": {}}));
    tell(&mut decoder, &account("chatgpt"));
    let thread = json!({"thread": {"id": "t"}, "model": "m"});
    tell(&mut decoder, &json!({"id": "start", "result": thread}));
    turn(&mut decoder, "t", "started", &json!({"id": "turn", "status": "inProgress"}));
    decoder
}

fn turn(decoder: &mut Decoder, thread: &str, what: &str, turn: &Value) -> (String, Vec<Act>) {
    let params = json!({"threadId": thread, "turn": turn});
    tell(decoder, &json!({"method": format!("turn/{what}"), "params": params}))
}

fn wish(decoder: &mut Decoder, id: u32, what: &str, params: &Value) -> (String, String) {
    let line =
        json!({"id": id, "method": format!("item/{what}/requestApproval"), "params": params});
    let (events, acts) = tell(decoder, &line);
    (events, said(&acts))
}

#[test]
fn nothing_is_asked_before_it_is_known_who_pays() {
    let begin = |payer: Payer| {
        let mut decoder = Decoder::new(Some(opening(payer)));
        let (_, acts) = tell(&mut decoder, &json!({"id": "initialize", "result": {}}));
        assert_eq!(said(&acts), "initialized=initialized account=getAuthStatus");
        decoder
    };
    let (events, acts) = tell(&mut begin(Payer::Subscription), &account("apikey"));
    assert_eq!((events.as_str(), said(&acts).as_str()), ("error:billing", "stop"));

    let failure = json!({"id": "account", "error": {"code": -32601, "message": "unknown"}});
    let nobody = json!({"account": null, "requiresOpenaiAuth": true});
    let nobody = json!({"id": "account-again", "result": nobody});
    let mut newer = begin(Payer::Any);
    assert_eq!(said(&tell(&mut newer, &failure).1), "account-again=account/read");
    let (events, acts) = tell(&mut newer, &nobody);
    assert_eq!((events.as_str(), said(&acts).as_str()), ("error:auth", "stop"));

    let mut agreed = begin(Payer::Subscription);
    let (events, acts) = tell(&mut agreed, &account("chatgpt"));
    assert_eq!((events.as_str(), said(&acts).as_str()), ("", "start=thread/start"));
    // Read again after a restart of the daemon, it says the same; the shim writes it once.
    assert_eq!(tell(&mut begin(Payer::Subscription), &account("chatgpt")).1, acts);
    let thread = json!({"thread": {"id": "t"}, "model": "m"});
    let (events, acts) = tell(&mut agreed, &json!({"id": "start", "result": thread}));
    assert_eq!((events.as_str(), said(&acts).as_str()), ("session", "prompt=turn/start"));
}

#[test]
fn a_conversation_that_is_gone_begins_anew_with_all_there_is_to_know() {
    let resumed = Resumed { thread: "old".to_owned(), prompt: "Go on.".to_owned() };
    let begin = || {
        let resumed = Some(resumed.clone());
        let mut decoder = Decoder::new(Some(Opening { resumed, ..opening(Payer::Subscription) }));
        let (_, acts) = tell(&mut decoder, &account("chatgpt"));
        assert_eq!(said(&acts), "resume=thread/resume");
        decoder
    };
    let prompt = |acts: &[Act]| {
        let [Act::Input { line, .. }] = acts else { panic!("{acts:?}") };
        let line: Value = serde_json::from_str(line).unwrap();
        line["params"]["input"][0]["text"].clone()
    };
    let open = |id: &str, thread: &str| json!({"id": id, "result": {"thread": {"id": thread}, "model": "m"}});
    assert_eq!(prompt(&tell(&mut begin(), &open("resume", "old")).1), "Go on.");

    let mut gone = begin();
    let failure = json!({"id": "resume", "error": {"code": -32600, "message": "no rollout"}});
    assert_eq!(said(&tell(&mut gone, &failure).1), "start=thread/start");
    assert_eq!(prompt(&tell(&mut gone, &open("start", "new")).1), "Do it.");
}

#[test]
fn what_the_team_allows_is_answered_and_the_rest_is_asked() {
    let mut decoder = at_work(opening(Payer::Subscription));
    let command = |command: &str| json!({"threadId": "t", "itemId": "c", "command": command});
    let mut ask = |id: u32, text: &str| wish(&mut decoder, id, "commandExecution", &command(text));
    assert_eq!(ask(0, "/bin/bash -lc 'ls -la'"), (String::new(), "ruled-0=accept".into()));
    assert_eq!(ask(1, "/bin/bash -lc 'make test'"), (String::new(), "ruled-1=accept".into()));
    assert_eq!(ask(2, "/bin/bash -lc 'rm a'"), ("ask:allow|deny".into(), String::new()));
    assert_eq!(decoder.verdict(&ending(-9)), Verdict::Asked);

    let change = json!({"path": "/w/a", "kind": {"type": "add"}, "diff": "x"});
    let item = json!({"type": "fileChange", "id": "f", "changes": [change]});
    let started = json!({"method": "item/started", "params": {"threadId": "t", "item": item}});
    assert_eq!(tell(&mut decoder, &started).0, "call:edit");
    let files = json!({"threadId": "t", "itemId": "f"});
    let (asked, ruled) = wish(&mut decoder, 3, "fileChange", &files);
    assert_eq!((asked.as_str(), ruled.as_str()), ("", "ruled-3=accept"));

    let (asked, ruled) = wish(&mut decoder, 4, "permissions", &files);
    assert_eq!(
        (asked.as_str(), ruled.as_str()),
        ("other(item/permissions/requestApproval)", "no-4=no")
    );
}

#[test]
fn an_agent_of_its_own_keeps_the_input_open() {
    let mut decoder = at_work(opening(Payer::Subscription));
    let completed = json!({"id": "turn", "status": "completed"});
    turn(&mut decoder, "child", "started", &json!({"id": "other"}));
    assert_eq!(turn(&mut decoder, "t", "completed", &completed).1, vec![]);
    assert_eq!(turn(&mut decoder, "child", "completed", &completed).1, vec![Act::CloseInput]);
    assert_eq!(decoder.verdict(&ending(0)), Verdict::Done);
}

#[test]
fn a_provider_that_does_not_know_us_is_not_asked_for_ever() {
    let mut decoder = at_work(opening(Payer::Subscription));
    let info = json!({"responseStreamDisconnected": {"httpStatusCode": 401}});
    let error = json!({"message": "Reconnecting... 1/5", "codexErrorInfo": info});
    let params = json!({"threadId": "t", "error": error, "willRetry": true});
    let retry = json!({"method": "error", "params": params});
    assert_eq!(tell(&mut decoder, &retry), ("retry".into(), vec![]));
    assert_eq!(tell(&mut decoder, &retry), ("retry".into(), vec![]));
    assert_eq!(tell(&mut decoder, &retry), ("error:auth".into(), vec![Act::Stop]));
    assert_eq!(word(&decoder.verdict(&ending(143))), "failed auth");
}

#[test]
fn what_an_earlier_process_consumed_is_no_news() {
    let usage = |thread: &str, total: u64, last: u64| {
        let tokens = |n: u64| json!({"inputTokens": n, "outputTokens": 0});
        let usage = json!({"total": tokens(total), "last": tokens(last)});
        let params = json!({"threadId": thread, "tokenUsage": usage});
        json!({"method": "thread/tokenUsage/updated", "params": params})
    };
    let mut decoder = Decoder::new(None);
    assert_eq!(tell(&mut decoder, &usage("t", 900, 100)).0, "");
    turn(&mut decoder, "t", "started", &json!({"id": "turn"}));
    let events = decoder.line(usage("t", 950, 50).to_string().as_bytes());
    let [AgentEvent::Usage(used)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(used.input_tokens, 50);
}
