//! What Gemini CLI and opencode were recorded to print when they are run by a script.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod recorded;

use crew_agent::{AgentEvent, Speaker};
use recorded::{decode, ending, kinds, word};

#[test]
fn every_recording_of_gemini_means_what_it_should() {
    recorded::check("gemini", Speaker::Gemini);
    recorded::check_beginnings("gemini", Speaker::Gemini, "\"status\":\"success\"");
    recorded::check_junk("gemini", "0.61.0/tools-yolo", Speaker::Gemini, &[]);
}

#[test]
fn every_recording_of_opencode_means_what_it_should() {
    recorded::check("opencode", Speaker::Opencode);
    recorded::check_beginnings("opencode", Speaker::Opencode, "\"reason\":\"stop\"");
    recorded::check_junk("opencode", "1.18.33/concurrent-a", Speaker::Opencode, &[]);
}

#[test]
fn an_object_of_gemini_over_many_lines_is_one_answer() {
    let object = "{\n  \"session_id\": \"s\",\n  \"response\": \"Hello.\",\n  \"stats\": {}\n}\n";
    let said = decode(Speaker::Gemini, object.as_bytes(), &ending(0));
    assert_eq!(
        (kinds(&said.events).as_str(), word(&said.verdict).as_str()),
        ("session text done", "done")
    );
    let error = "{\n  \"error\": {\n    \"message\": \"You have exhausted your daily quota on this model.\"\n  }\n}\n";
    assert_eq!(word(&decode(Speaker::Gemini, error.as_bytes(), &ending(173)).verdict), "limited ?");
    let cut = decode(Speaker::Gemini, &object.as_bytes()[..20], &ending(-9));
    assert!(matches!(cut.events[..], [AgentEvent::Noise(_)]), "{:?}", cut.events);
    assert_eq!(word(&decode(Speaker::Gemini, b"", &ending(41)).verdict), "failed auth");
}
