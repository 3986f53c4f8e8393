//! What Gemini CLI and opencode were recorded to print when they are run by a script.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod recordings;

use crew_agent::{AgentEvent, Speaker};
use recordings::{Recordings, ending, kinds, word};

const GEMINI: Recordings = Recordings { speaker: Speaker::Gemini, name: "gemini" };
const OPENCODE: Recordings = Recordings { speaker: Speaker::Opencode, name: "opencode" };
const SERVE: Recordings = Recordings { speaker: Speaker::Opencode, name: "opencode-serve" };

#[test]
fn every_recording_of_gemini_means_what_it_should() {
    GEMINI.mean_what_they_should();
    GEMINI.are_understood_from_their_beginning(&["\"status\":\"success\""]);
    GEMINI.no_line_is_lost("0.61.0/tools-yolo", &[]);
}

#[test]
fn every_recording_of_opencode_means_what_it_should() {
    OPENCODE.mean_what_they_should();
    OPENCODE.are_understood_from_their_beginning(&["\"reason\":\"stop\""]);
    OPENCODE.no_line_is_lost("1.18.33/concurrent-a", &[]);
}

/// Its bus tells of every change, of what people said, and of all turns in one stream.
#[test]
fn what_a_server_of_opencode_tells_means_the_same_as_what_it_prints() {
    SERVE.mean_what_they_should();
    let line = |event: &str| format!("data: {event}\n\n");
    let finish = r#"{"type":"message.part.updated","properties":{"part":{"type":"step-finish","sessionID":"s","reason":"stop"}}}"#;
    let said = SERVE.decode(line(finish).as_bytes(), &ending(-9));
    assert_eq!(word(&said.verdict), "done", "as it comes from the server");
    let asked = r#"{"type":"message.updated","properties":{"info":{"role":"user","id":"m1"}}}"#;
    let said = SERVE.decode((line(finish) + &line(asked)).as_bytes(), &ending(-9));
    assert_eq!(word(&said.verdict), "cut", "the next turn was not over");
}

#[test]
fn an_object_of_gemini_over_many_lines_is_one_answer() {
    let object = "{\n  \"session_id\": \"s\",\n  \"response\": \"Hello.\",\n  \"stats\": {}\n}\n";
    let said = GEMINI.decode(object.as_bytes(), &ending(0));
    assert_eq!(
        (kinds(&said.events).as_str(), word(&said.verdict).as_str()),
        ("session text done", "done")
    );
    let error = "{\n  \"error\": {\n    \"message\": \"You have exhausted your daily quota on this model.\"\n  }\n}\n";
    assert_eq!(word(&GEMINI.decode(error.as_bytes(), &ending(173)).verdict), "limited ?");
    let cut = GEMINI.decode(&object.as_bytes()[..20], &ending(-9));
    assert!(matches!(cut.events[..], [AgentEvent::Noise(_)]), "{:?}", cut.events);
    assert_eq!(word(&GEMINI.decode(b"", &ending(41)).verdict), "failed auth");
}
