//! What is fuzzed: everything that reads what other programs, models or people wrote.
//!
//! Each target takes any bytes, must not panic, and asserts what always holds. The same functions
//! are run by cargo-fuzz here (`cargo +nightly fuzz run <target>`), and by `make test` with the
//! corpus and a fixed number of mutations (`crates/agent/tests/fuzz.rs`). A finding is fixed, and
//! its input is kept in `corpus/<target>`.
//!
//! A decoder of another provider's stream gets its target next to [`claude`].

use std::path::Path;

use crew_agent::desk::{self, Wish};
use crew_agent::mailbox::{Kind, Mailbox, Rules};
use crew_agent::shim::Status;
use crew_agent::spool::{Line, SpoolReader};
use crew_agent::{AgentEvent, Ending, Script, Speaker, Verdict};
use crew_core::call::Call;
use crew_core::protocol::{
    RESPONSE_BYTES_MAX, Response, TITLE_CHARS_MAX, parse_response, parse_trigger,
};
use crew_core::team::{self, Team};
use crew_core::{Millis, Time};
use serde_json::Value;

/// A name, and what is done with any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by name.
pub const TARGETS: [Target; 11] = [
    ("response", response),
    ("trigger", trigger),
    ("team", team),
    ("playbook", playbook),
    ("mailbox", mailbox),
    ("call", call),
    ("event", event),
    ("claude", claude),
    ("codex", codex),
    ("acp", acp),
    ("spool", spool),
];

/// The response protocol.
pub fn response(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse_response(&text) {
        Ok(response) => {
            assert!(text.len() <= RESPONSE_BYTES_MAX);
            assert!(response.summary.len() <= text.len(), "a summary is a part of the text");
            // It is stored as JSON and read again after a crash.
            let json = serde_json::to_string(&response).expect("a response has a JSON form");
            let again: Response = serde_json::from_str(&json).expect("what was written is read");
            assert_eq!(again, response);
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// A trigger.
pub fn trigger(data: &[u8]) {
    if let Ok(trigger) = parse_trigger(&String::from_utf8_lossy(data)) {
        assert!(!trigger.title.trim().is_empty(), "a task has a title: {trigger:?}");
        assert!(trigger.title.chars().count() <= TITLE_CHARS_MAX);
        assert!(!trigger.title.contains('\n'));
    }
}

/// `team.toml`.
pub fn team(data: &[u8]) {
    match team::parse(&String::from_utf8_lossy(data)) {
        Ok(team) => {
            team.worst_case();
            // It is stored as JSON and read again after a crash.
            let json = serde_json::to_string(&team).expect("a team has a JSON form");
            let again: Team = serde_json::from_str(&json).expect("what was written is read");
            assert_eq!(again, team);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "who refuses says why");
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
        }
    }
}

/// A playbook.
pub fn playbook(data: &[u8]) {
    if let Err(problem) = Script::parse(Path::new("play.toml"), &String::from_utf8_lossy(data)) {
        assert!(problem.to_string().starts_with("play.toml:"), "it says where: {problem}");
    }
}

/// A file in the mailbox. What is before the first `\n` is its name.
pub fn mailbox(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let name: String =
        String::from_utf8_lossy(&data[..end]).chars().filter(|c| !"/\0".contains(*c)).collect();
    let directory = tempfile::tempdir().expect("there is room");
    let rules = Rules { settle: Millis(0), empty_patience: Millis(0), ..Rules::default() };
    let mailbox = Mailbox::open(directory.path(), rules).expect("it is opened");
    let file = directory.path().join("responses").join(&name);
    if name.is_empty() || std::fs::write(&file, &data[end..]).is_err() {
        return; // no name of a file
    }
    let scan = mailbox.scan(Time(u64::MAX / 2));
    assert!(scan.troubles.is_empty(), "{:?}", scan.troubles);
    for taken in &scan.taken {
        match taken.kind {
            Kind::Response => response(taken.text.as_bytes()),
            Kind::Trigger => trigger(taken.text.as_bytes()),
        }
        // Found again after a crash, it is the same.
        let pending = mailbox.pending().expect("it is looked at again");
        assert!(pending.taken.contains(taken), "{taken:?} in {pending:?}");
        mailbox.archive(taken).expect("it is put away");
    }
    let seen = scan.taken.len() + scan.rejected.len();
    assert!(
        seen <= 1 && (seen == 1) != file.exists(),
        "{name:?} is taken, set aside, or left alone"
    );
}

/// A call on a desk.
pub fn call(data: &[u8]) {
    match desk::wish(data, "t") {
        Ok(Wish::Board | Wish::Knowledge(_)) => {}
        Ok(Wish::Call(call)) => {
            assert_eq!(call.check(), Ok(()), "what is taken is within its bounds");
            // It is stored as JSON and read again after a crash.
            let json = serde_json::to_string(&call).expect("a call has a JSON form");
            let again: Call = serde_json::from_str(&json).expect("what was written is read");
            assert_eq!(again, call);
        }
        Err(problem) => assert!(problem.contains("\nhint: "), "{problem}"),
    }
    // The same as an MCP client might say it, to nobody.
    let nobody = Err(desk::CallError::NoDesk("there is none".to_owned()));
    desk::mcp::serve(data, std::io::sink(), nobody).expect("it is read to its end");
}

/// A line of the native agent's stream.
pub fn event(data: &[u8]) {
    let event = AgentEvent::decode(data);
    if matches!(event, AgentEvent::Noise(_)) {
        return;
    }
    let line = serde_json::to_vec(&event).expect("an event has a JSON form");
    let again = AgentEvent::decode(&line);
    // What is not understood is kept as JSON has it, where a key that was there twice is one.
    let is_near = matches!(event, AgentEvent::Other(_)) || has_fraction(&event.to_json());
    assert!(again == event || is_near, "{event:?}, {again:?}");
}

/// A fraction is read to within its last digit.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// What Claude Code prints, line by line.
pub fn claude(data: &[u8]) {
    decoder(data, Speaker::Claude, r#"{"type":"assistant","message":{"content":"heard"}}"#);
}

/// What Codex prints, line by line.
pub fn codex(data: &[u8]) {
    let item = r#"{"type":"agent_message","text":"heard"}"#;
    decoder(data, Speaker::Codex, &format!(r#"{{"type":"item.completed","item":{item}}}"#));
}

/// Any lines, and one after all of them that says "heard".
fn decoder(data: &[u8], speaker: Speaker, heard: &str) {
    let ending = Ending { status: Status::Code(0), complaint: String::new() };
    let read = |data: &[u8]| {
        let mut decoder = speaker.decoder();
        let lines = data.split(|byte| *byte == b'\n');
        let events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
        let verdict = decoder.verdict(&ending);
        (events, verdict, decoder.finish(&ending))
    };
    let (events, verdict, last) = read(data);
    let claims = last.iter().filter(|event| matches!(event, AgentEvent::Done { .. })).count();
    assert_eq!(claims == 1, verdict == Verdict::Done, "it claims what the verdict says");
    for event in events.iter().chain(&last) {
        assert!(event.to_json().is_object() || matches!(event, AgentEvent::Other(_)), "{event:?}");
    }
    // A line after all of it is heard whatever was before.
    let more = [data, b"\n", heard.as_bytes()].concat();
    let heard = AgentEvent::Text { text: "heard".to_owned() };
    assert_eq!(read(&more).0.last(), Some(&heard));
}

/// What an agent prints that speaks ACP, line by line.
pub fn acp(data: &[u8]) {
    let ending = Ending { status: Status::Code(0), complaint: String::new() };
    let read = |data: &[u8]| {
        let mut decoder = Speaker::Acp.decoder();
        let lines = data.split(|byte| *byte == b'\n');
        let events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
        let verdict = decoder.verdict(&ending);
        (events, verdict, decoder.finish(&ending))
    };
    let (events, verdict, last) = read(data);
    let claims = last.iter().filter(|event| matches!(event, AgentEvent::Done { .. })).count();
    assert_eq!(claims == 1, verdict == Verdict::Done, "it claims what the verdict says");
    for event in events.iter().chain(&last) {
        assert!(event.to_json().is_object() || matches!(event, AgentEvent::Other(_)), "{event:?}");
    }
    // Words after all of it are heard whatever was before.
    let mut more = data.to_vec();
    more.extend_from_slice(b"\n{\"id\":\"session\",\"result\":{\"sessionId\":\"s\"}}\n");
    more.extend_from_slice(
        b"{\"method\":\"session/update\",\"params\":{\"update\":{\"sessionUpdate\":\
          \"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"heard\"}}}}",
    );
    let heard = AgentEvent::Partial { text: "heard".to_owned() };
    assert_eq!(read(&more).0.last(), Some(&heard));
}

/// The spool. The first byte says in what portions the rest was written.
pub fn spool(data: &[u8]) {
    let Some((step, data)) = data.split_first() else { return };
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("out");
    let bound = 1 + usize::from(*step) * 4;
    std::fs::write(&path, data).expect("there is room");
    let mut whole = SpoolReader::open_bounded(&path, 0, bound).expect("it is opened");
    let whole = rest(&mut whole);
    let last = whole.last().map_or(0, |line| line.end);
    assert!(last <= data.len() as u64);

    let growing = directory.path().join("growing");
    std::fs::write(&growing, b"").expect("there is room");
    let mut reader = SpoolReader::open_bounded(&growing, 0, bound).expect("it is opened");
    let mut lines = Vec::new();
    let mut written = 0;
    while written < data.len() {
        written = (written + 1 + usize::from(*step)).min(data.len());
        std::fs::write(&growing, &data[..written]).expect("there is room");
        lines.extend(reader.next_batch().expect("it is read"));
        // Whoever comes next goes on at the stored offset.
        let at = lines.last().map_or(0, |line: &Line| line.end);
        reader = SpoolReader::open_bounded(&growing, at, bound).expect("it is opened again");
    }
    lines.extend(rest(&mut reader));
    assert_eq!(lines, whole, "lines do not depend on when they were written");
    for line in &lines {
        event(&line.bytes);
    }
}

fn rest(reader: &mut SpoolReader) -> Vec<Line> {
    let mut lines = Vec::new();
    loop {
        let batch = reader.next_batch().expect("it is read");
        if batch.is_empty() {
            lines.extend(reader.finish());
            return lines;
        }
        lines.extend(batch);
    }
}
