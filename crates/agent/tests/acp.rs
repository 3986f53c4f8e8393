//! Agents that speak ACP: what they were recorded to say (`transcripts/acp`, see the README there),
//! and what is said to them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]
#![allow(clippy::needless_pass_by_value, reason = "what is said is written where it is said")]

mod recordings;

use crew_agent::acp::{Decoder, Opening, Resume};
use crew_agent::program::Version;
use crew_agent::{Act, AgentEvent, Speaker, Verdict};
use crew_core::team::Permissions;
use crew_core::{Micros, Usage};
use recordings::{Recordings, ending, kinds, word};
use serde_json::{Value, json};

const ACP: Recordings = Recordings { speaker: Speaker::Acp, name: "acp" };

#[test]
fn every_recording_means_what_it_should() {
    ACP.mean_what_they_should();
}

#[test]
fn every_beginning_of_every_recording_is_understood() {
    ACP.are_understood_from_their_beginning(&["\"stopReason\":\"end_turn\""]);
}

#[test]
fn no_line_is_lost_whatever_stands_before_it() {
    let more: [&[u8]; 6] = [
        b"{\"jsonrpc\":\"2.0\",\"method\":\"session/update\"}",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"update\":7}}",
        b"{\"method\":\"session/update\",\"params\":{\"update\":{\"sessionUpdate\":\"hologram\"}}}",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"_made/up\",\"params\":[]}",
        b"{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"terminal/create\"}",
    ];
    ACP.no_line_is_lost("claude-0.100.0/mode-bypass", &more);
    ACP.no_line_is_lost("opencode-1.18.33/two-sessions-one-process", &more);
}

#[test]
fn texts_calls_changes_and_questions_come_with_what_they_say() {
    let said = ACP.decode(&ACP.read("claude-0.100.0/permission-allow-tools"), &ending(0));
    let text = format!("{:#?}", said.events);
    for words in [
        "I will write the file first.",
        "hello.txt",
        "May it change files? Write hello.txt",
        "+hello from fake",
        "May it run a command? touch",
        "16 hello.txt",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let Some(AgentEvent::Done { text }) = said.events.last() else { panic!("{text}") };
    assert_eq!(text, "Command finished.");
    // What Codex changes was said before it asks; the request does not repeat it.
    let codex = ACP.read("codex-2.6.0/permission-in-mode-read-only");
    let text = format!("{:?}", ACP.decode(&codex, &ending(0)).events);
    assert!(text.contains("May it change files? Edit files") && text.contains("+perm"), "{text}");
}

/// An agent that is talked to.
struct Talk(Decoder);

fn opening() -> Opening {
    Opening {
        tools_of_ours: None,
        ends_with_input: true,
        name: "Agent".into(),
        version_min: Some(Version(1, 2, 0)),
        cwd: "/w".into(),
        prompt: "Do it. (mark)".into(),
        resume: None,
        permissions: Permissions::Edit,
        mode: None,
        model: None,
        sign_in: "sign in".into(),
    }
}

fn resumed() -> Opening {
    let resume = Resume {
        remarks: Vec::new(),
        session: "old".into(),
        mark: "(mark)".into(),
        go_on: "Go on.".into(),
        cost: Some(Micros(20_000)),
    };
    Opening { resume: Some(resume), ..opening() }
}

impl Talk {
    fn new(opening: Opening) -> Self {
        Self(Decoder::new(Some(opening)))
    }

    /// It says this; what that is, and what is said to it.
    fn hears(&mut self, line: &Value) -> (String, Vec<Value>) {
        let events = self.0.line(line.to_string().as_bytes());
        let said = self.0.take_acts().into_iter().map(|act| match act {
            Act::Input { line, .. } => serde_json::from_str(&line).unwrap(),
            Act::CloseInput => json!("close"),
            Act::End => json!("end"),
            Act::Stop => json!("stop"),
        });
        (kinds(&events), said.collect())
    }

    fn result(&mut self, id: &str, result: Value) -> (String, Vec<Value>) {
        self.hears(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
    }

    fn update(&mut self, update: Value) -> (String, Vec<Value>) {
        let params = json!({"sessionId": "s", "update": update});
        self.hears(&json!({"jsonrpc": "2.0", "method": "session/update", "params": params}))
    }

    /// To the point where it is prompted.
    fn prompted(&mut self) -> Value {
        self.result("initialize", initialized(true));
        let (said, mut acts) = self.result("session", json!({"sessionId": "s"}));
        assert_eq!(said, "session");
        acts.remove(0)
    }

    fn says(&mut self, text: &str) {
        let content = json!({"type": "text", "text": text});
        self.update(json!({"sessionUpdate": "agent_message_chunk", "content": content}));
    }

    fn asks(&mut self, id: u32, kind: &str, path: &str) -> (String, Vec<Value>) {
        let call =
            json!({"toolCallId": "c", "kind": kind, "title": "it", "locations": [{"path": path}]});
        let options = json!([
            {"optionId": "ja", "name": "Yes", "kind": "allow_once"},
            {"optionId": "nein", "name": "No", "kind": "reject_once"},
        ]);
        let params = json!({"sessionId": "s", "toolCall": call, "options": options});
        self.hears(&json!({"id": id, "method": "session/request_permission", "params": params}))
    }

    fn verdict(&self) -> Verdict {
        self.0.verdict(&ending(143))
    }
}

fn initialized(load: bool) -> Value {
    json!({"protocolVersion": 1, "agentCapabilities": {"loadSession": load}, "agentInfo": {"version": "1.2.3"}})
}

fn prompt_of(line: &Value) -> &str {
    assert_eq!(line["method"], "session/prompt", "{line}");
    line["params"]["prompt"][0]["text"].as_str().unwrap()
}

#[test]
fn a_conversation_begins_and_ends_with_its_turn() {
    let first: Value = serde_json::from_str(&Decoder::first_input()).unwrap();
    assert_eq!(first["method"], "initialize");
    assert_eq!(first["params"]["clientCapabilities"]["terminal"], false);
    let mut talk = Talk::new(opening());
    let (_, acts) = talk.result("initialize", initialized(true));
    assert_eq!(
        (&acts[0]["method"], &acts[0]["params"]["cwd"]),
        (&json!("session/new"), &json!("/w"))
    );
    let (_, acts) = talk.result("session", json!({"sessionId": "s"}));
    assert_eq!(prompt_of(&acts[0]), "Do it. (mark)");
    talk.says("DONE: ");
    talk.says("it");
    let (said, acts) = talk.result("prompt", json!({"stopReason": "end_turn"}));
    assert_eq!((said.as_str(), acts), ("text", vec![json!("end")]));
    assert_eq!(talk.verdict(), Verdict::Done);
    let last = talk.0.finish(&ending(143));
    assert_eq!(last, [AgentEvent::Done { text: "DONE: it".into() }]);
}

#[test]
fn who_does_not_end_with_its_input_is_told_by_a_signal() {
    let mut talk = Talk::new(Opening { ends_with_input: false, ..opening() });
    talk.prompted();
    let (_, acts) = talk.result("prompt", json!({"stopReason": "end_turn"}));
    assert_eq!(acts, [json!("stop")]);
    assert_eq!(talk.verdict(), Verdict::Done);
}

#[test]
fn a_version_that_is_not_understood_is_told_nothing() {
    let check = |answer: Value, expect: &str| {
        let mut talk = Talk::new(opening());
        let (said, acts) = talk.result("initialize", answer);
        assert_eq!((said.as_str(), acts), ("error:invalid", vec![json!("end")]));
        let Verdict::Failed { message, .. } = talk.verdict() else { panic!() };
        assert!(message.contains(expect) && message.contains("hint: "), "{message}");
    };
    check(json!({"protocolVersion": 2}), "speaks version 2 of ACP");
    let old = json!({"protocolVersion": 1, "agentInfo": {"version": "1.1.9"}});
    check(old, "Agent 1.1.9; 1.2.0 or newer is needed");
}

#[test]
fn mode_and_model_are_set_before_anything_is_told() {
    let opening =
        Opening { mode: Some("careful".into()), model: Some("large".into()), ..opening() };
    let session = json!({
        "sessionId": "s",
        "modes": {"currentModeId": "wild", "availableModes": [{"id": "wild"}, {"id": "careful"}]},
        "models": {"currentModelId": "small", "availableModels": [{"modelId": "large"}]},
    });
    let mut talk = Talk::new(opening.clone());
    talk.result("initialize", initialized(false));
    let (said, acts) = talk.result("session", session.clone());
    assert_eq!((said.as_str(), &acts[0]["method"]), ("session", &json!("session/set_mode")));
    let (_, acts) = talk.result("mode", json!({}));
    assert_eq!(acts[0]["method"], "session/set_model");
    let (_, acts) = talk.result("model", json!({}));
    prompt_of(&acts[0]);

    let mut refused = Talk::new(opening.clone());
    refused.result("initialize", initialized(false));
    refused.result("session", session.clone());
    let no = json!({"id": "mode", "error": {"code": -32602, "message": "no such mode"}});
    assert_eq!(refused.hears(&no).0, "error:invalid");

    let mut missing = Talk::new(Opening { mode: Some("safe".into()), ..opening });
    missing.result("initialize", initialized(false));
    let (said, acts) = missing.result("session", session);
    assert_eq!((said.as_str(), acts), ("error:invalid", vec![json!("end")]));
    let Verdict::Failed { message, .. } = missing.verdict() else { panic!() };
    assert!(message.contains("it has no mode `safe`; it offers wild, careful"), "{message}");
}

#[test]
fn a_conversation_goes_on_and_what_was_said_is_not_said_again() {
    let repeat = |talk: &mut Talk, text: &str| {
        let content = json!({"type": "text", "text": text});
        let said = talk.update(json!({"sessionUpdate": "user_message_chunk", "content": content}));
        assert_eq!(said, (String::new(), vec![]));
        let said = talk.update(json!({"sessionUpdate": "agent_message_chunk", "content": content}));
        assert_eq!(said, (String::new(), vec![]));
    };
    let check = |heard: &str, expect: &str| {
        let mut talk = Talk::new(resumed());
        let (_, acts) = talk.result("initialize", initialized(true));
        assert_eq!(
            (&acts[0]["method"], &acts[0]["params"]["sessionId"]),
            (&json!("session/load"), &json!("old"))
        );
        for piece in heard.split('|') {
            repeat(&mut talk, piece);
        }
        let (_, acts) = talk.result("load", Value::Null);
        assert_eq!(prompt_of(&acts[0]), expect);
        assert_eq!(acts[0]["params"]["sessionId"], "old");
        // What it cost before is not paid again.
        let cost = json!({"amount": 0.05, "currency": "USD"});
        talk.update(json!({"sessionUpdate": "usage_update", "cost": cost}));
        let line = json!({"id": "prompt", "result": {"stopReason": "end_turn"}});
        let events = talk.0.line(line.to_string().as_bytes());
        let usage = Usage { cost: Some(Micros(30_000)), ..Usage::default() };
        assert_eq!(events, [AgentEvent::Usage(usage)]);
    };
    check("Do it. (ma|rk)", "Go on.");
    check("Another task.", "Do it. (mark)");
}

#[test]
fn a_conversation_that_cannot_be_gone_on_with_begins_anew() {
    let mut gone = Talk::new(resumed());
    gone.result("initialize", initialized(true));
    let (_, acts) =
        gone.hears(&json!({"id": "load", "error": {"code": -32603, "message": "not found"}}));
    assert_eq!(acts[0]["method"], "session/new");
    let (_, acts) = gone.result("session", json!({"sessionId": "s"}));
    assert_eq!(prompt_of(&acts[0]), "Do it. (mark)");
    let mut cannot = Talk::new(resumed());
    let (_, acts) = cannot.result("initialize", initialized(false));
    assert_eq!(acts[0]["method"], "session/new");
}

#[test]
fn what_is_clear_is_answered_and_the_rest_is_asked() {
    let mut talk = Talk::new(opening());
    talk.prompted();
    let (said, acts) = talk.asks(0, "edit", "/w/a");
    assert_eq!(said, "call:edit");
    assert_eq!(
        acts,
        [
            json!({"jsonrpc": "2.0", "id": 0, "result": {"outcome": {"outcome": "selected", "optionId": "ja"}}})
        ]
    );
    let (said, acts) = talk.asks(1, "execute", "/w/a");
    assert_eq!((said.as_str(), acts), ("ask:Yes|No", vec![]));
    assert_eq!(word(&talk.verdict()), "asked");
    let (said, acts) = talk.hears(&json!({"id": "f", "method": "fs/read_text_file", "params": {}}));
    assert_eq!(
        (said.as_str(), &acts[0]["error"]["code"]),
        ("other(fs/read_text_file)", &json!(-32601))
    );
}

#[test]
fn who_gives_up_because_of_a_no_is_asked_to_go_on() {
    let check = |reason: &str, expect: &str| {
        let mut talk = Talk::new(Opening { permissions: Permissions::Deny, ..opening() });
        talk.prompted();
        talk.says("I will look.");
        talk.asks(0, "execute", "/w/a");
        let (_, acts) = talk.result("prompt", json!({"stopReason": reason}));
        assert!(prompt_of(&acts[0]).contains("not allowed"), "{acts:?}");
        talk.says("ERROR: I cannot.");
        let (_, acts) = talk.result("prompt-after-no-1", json!({"stopReason": "end_turn"}));
        assert_eq!(acts, [json!("end")]);
        assert_eq!(word(&talk.verdict()), expect);
    };
    check("cancelled", "done");
    check("end_turn", "done");
    // Nobody said no, so nobody was asked for it: it was interrupted.
    let mut talk = Talk::new(opening());
    talk.prompted();
    talk.result("prompt", json!({"stopReason": "cancelled"}));
    assert_eq!(word(&talk.verdict()), "cut");
}

#[test]
fn each_end_of_a_turn_has_its_verdict() {
    let check = |answer: Value, expect: &str| {
        let mut talk = Talk::new(opening());
        talk.prompted();
        let mut line = answer;
        line["id"] = json!("prompt");
        let (_, acts) = talk.hears(&line);
        assert_eq!(acts, [json!("end")], "{line}");
        assert_eq!(word(&talk.verdict()), expect, "{line}");
    };
    let stop = |reason: &str| json!({"result": {"stopReason": reason}});
    let error = |code: i32, message: &str| json!({"error": {"code": code, "message": message}});
    check(stop("end_turn"), "done");
    check(stop("max_tokens"), "failed other");
    check(stop("max_turn_requests"), "failed budget");
    check(stop("refusal"), "failed invalid");
    check(stop("something_new"), "failed other");
    check(error(-32000, "Authentication required"), "failed auth");
    check(error(429, "You have exhausted your daily quota on this model."), "limited ?");
    check(error(-32603, "Internal error"), "failed other");
}

#[test]
fn who_says_that_it_failed_did_not_end_well() {
    let codex = |talk: &mut Talk, meta: Value| {
        talk.update(json!({"sessionUpdate": "session_info_update", "_meta": {"codex": meta}})).0
    };
    let mut talk = Talk::new(opening());
    talk.prompted();
    let info = json!({"responseStreamDisconnected": {"httpStatusCode": 429}});
    let warned = codex(
        &mut talk,
        json!({"error": {"message": "Reconnecting... 1/5", "codexErrorInfo": info, "willRetry": true}}),
    );
    assert_eq!(warned, "retry");
    codex(&mut talk, json!({"threadStatus": {"type": "systemError"}}));
    talk.says("exceeded retry limit, last status: 429 Too Many Requests");
    let (said, _) = talk.result("prompt", json!({"stopReason": "end_turn", "usage": null}));
    assert_eq!(said, "text limit:?");
    assert_eq!(word(&talk.verdict()), "limited ?");
}

#[test]
fn a_line_of_ten_megabytes_is_kept_within_bounds() {
    let mut talk = Talk::new(opening());
    talk.prompted();
    let update = json!({"sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed",
                        "rawOutput": "z".repeat(10 << 20)});
    let params = json!({"sessionId": "s", "update": update});
    let line = json!({"method": "session/update", "params": params}).to_string();
    let events = talk.0.line(line.as_bytes());
    let [AgentEvent::ToolCall { .. }, AgentEvent::ToolResult { output, .. }] = &events[..] else {
        panic!()
    };
    assert!(output.len() < 100_000 && output.contains("10485760 bytes"));
}
