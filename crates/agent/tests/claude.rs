//! What Claude Code was recorded to say (`transcripts/claude`, see the README there), and what was
//! made of it by hand and by chance, decoded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

mod recordings;

use crew_agent::claude::{Decoder, Opening};
use crew_agent::{Act, AgentEvent, Speaker};
use crew_core::team::Payer;
use recordings::{Recordings, ending, kinds, word};
use serde_json::{Value, json};

const CLAUDE: Recordings = Recordings { speaker: Speaker::Claude, name: "claude" };

#[test]
fn every_recording_means_what_it_should() {
    CLAUDE.mean_what_they_should();
}

#[test]
fn texts_calls_and_questions_come_with_what_they_say() {
    let said = CLAUDE.decode(&CLAUDE.read("2.1.329/permission-stdio-allow"), &ending(0));
    let text = format!("{:?}", said.events);
    for words in ["I will write the file first.", "hello.txt", "May it use Write?"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let Some(AgentEvent::Done { text }) = said.events.last() else { panic!("{text}") };
    assert_eq!(text, "Done: wrote hello.txt and checked it.");
}

#[test]
fn every_beginning_of_every_recording_is_understood() {
    CLAUDE.are_understood_from_their_beginning(&["\"subtype\":\"success\""]);
}

#[test]
fn no_line_is_lost_whatever_stands_before_it() {
    let broken: [&[u8]; 2] =
        [b"{\"type\":\"assistant\"", b"{\"type\":\"assistant\",\"message\":7}"];
    CLAUDE.no_line_is_lost("2.1.329/tools-bypass", &broken);
}

#[test]
fn a_line_of_ten_megabytes_is_kept_within_bounds() {
    let output = "z".repeat(10 << 20);
    let block = json!({"type": "tool_result", "tool_use_id": "t", "content": output});
    let line = json!({"type": "user", "message": {"role": "user", "content": [block]}});
    let events = Decoder::new(None).line(line.to_string().as_bytes());
    let [AgentEvent::ToolResult { id, output, .. }] = &events[..] else { panic!() };
    assert_eq!(id, "t");
    assert!(output.len() < 100_000 && output.contains("10485760 bytes"));
}

fn opening(payer: Payer) -> Decoder {
    Decoder::new(Some(Opening { payer, prompt: "Do it.".into() }))
}

fn tell(decoder: &mut Decoder, line: &Value) -> (String, Vec<Act>) {
    let events = decoder.line(line.to_string().as_bytes());
    (kinds(&events), decoder.take_acts())
}

fn initialized(account: &Value) -> Value {
    let response = json!({"account": account});
    let response = json!({"subtype": "success", "request_id": "initialize", "response": response});
    json!({"type": "control_response", "response": response})
}

#[test]
fn nothing_is_asked_before_it_is_known_who_pays() {
    let key = json!({"tokenSource": "none", "apiKeySource": "ANTHROPIC_API_KEY"});
    let (said, acts) = tell(&mut opening(Payer::Subscription), &initialized(&key));
    assert_eq!((said.as_str(), acts), ("error:billing", vec![Act::Stop]));

    let mut agreed = opening(Payer::ApiKey);
    let (said, acts) = tell(&mut agreed, &initialized(&key));
    assert_eq!(said, "");
    let [Act::Input { id, line }] = &acts[..] else { panic!("{acts:?}") };
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((id.as_str(), &line["message"]["content"]), ("prompt", &json!("Do it.")));
    // Read again after a restart of the daemon, it says the same; the shim writes it once.
    assert_eq!(tell(&mut opening(Payer::ApiKey), &initialized(&key)).1, acts);

    let nobody = json!({"tokenSource": "none"});
    let (said, acts) = tell(&mut opening(Payer::Any), &initialized(&nobody));
    assert_eq!((said.as_str(), acts), ("error:auth", vec![Act::Stop]));
}

#[test]
fn a_provider_that_does_not_know_us_is_not_asked_for_ever() {
    let mut decoder = opening(Payer::Any);
    let retry = |attempt: u32| {
        json!({"type": "system", "subtype": "api_retry", "attempt": attempt, "max_retries": 10,
               "retry_delay_ms": 500.5, "error_status": 401, "error": "authentication_failed"})
    };
    assert_eq!(tell(&mut decoder, &retry(1)), ("retry".into(), vec![]));
    assert_eq!(tell(&mut decoder, &retry(2)), ("retry".into(), vec![]));
    assert_eq!(tell(&mut decoder, &retry(3)), ("error:auth".into(), vec![Act::Stop]));
    assert_eq!(word(&decoder.verdict(&ending(143))), "failed auth");
}

#[test]
fn an_agent_in_the_background_keeps_the_input_open() {
    let mut decoder = opening(Payer::Any);
    let running = |kind: &str| {
        json!({"type": "system", "subtype": "background_tasks_changed",
               "tasks": [{"task_type": kind}]})
    };
    let result = json!({"type": "result", "subtype": "success", "result": "fine"});
    tell(&mut decoder, &running("local_agent"));
    assert_eq!(tell(&mut decoder, &result).1, vec![]);
    tell(&mut decoder, &running("local_bash"));
    assert_eq!(tell(&mut decoder, &result).1, vec![Act::CloseInput]);
}
