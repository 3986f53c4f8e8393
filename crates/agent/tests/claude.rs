//! What Claude Code was recorded to say (`transcripts/claude`, see the README there), and what was
//! made of it by hand and by chance, decoded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crew_agent::claude::{Decoder, Opening};
use crew_agent::shim::Status;
use crew_agent::{Act, AgentEvent, Ending, Verdict};
use crew_core::Usage;
use crew_core::team::Payer;
use serde_json::{Value, json};

fn transcripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/claude")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(transcripts().join(name).with_extension("ndjson")).unwrap()
}

/// All that a process said, and how it ended.
struct Said {
    events: Vec<AgentEvent>,
    verdict: Verdict,
}

fn decode(bytes: &[u8], ending: &Ending) -> Said {
    let mut decoder = Decoder::new(None);
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
    let verdict = decoder.verdict(ending);
    events.extend(decoder.finish(ending));
    Said { events, verdict }
}

fn ending(code: i32) -> Ending {
    let status = if code < 0 { Status::Signal(-code) } else { Status::Code(code) };
    Ending { status, complaint: String::new() }
}

fn kind(event: &AgentEvent) -> String {
    match event {
        AgentEvent::Session { .. } => "session".into(),
        AgentEvent::Text { .. } => "text".into(),
        AgentEvent::Thinking { .. } => "thinking".into(),
        AgentEvent::Partial { .. } => "partial".into(),
        AgentEvent::ToolCall { name, .. } => format!("call:{name}"),
        AgentEvent::ToolResult { ok, .. } => format!("result:{ok}"),
        AgentEvent::Ask { options, .. } => format!("ask:{}", options.join("|")),
        AgentEvent::Usage(_) => "usage".into(),
        AgentEvent::Limit { until, .. } => {
            format!("limit:{}", until.map_or("?".into(), |until| until.0.to_string()))
        }
        AgentEvent::Error { class, .. } => format!("error:{}", class.word()),
        AgentEvent::Retry { .. } => "retry".into(),
        AgentEvent::Subagent { event, .. } => format!("sub({})", kind(event)),
        AgentEvent::Heartbeat => "heartbeat".into(),
        AgentEvent::Done { .. } => "done".into(),
        AgentEvent::Other(value) => {
            let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            format!("other({} {})", word("type"), word("subtype"))
        }
        AgentEvent::Noise(_) => "noise".into(),
    }
}

/// `text text text` is `text*3`.
fn kinds(events: &[AgentEvent]) -> String {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for event in events {
        let kind = kind(event);
        match groups.last_mut() {
            Some((last, times)) if *last == kind => *times += 1,
            _ => groups.push((kind, 1)),
        }
    }
    let word = |(kind, times): (String, usize)| {
        if times == 1 { kind } else { format!("{kind}*{times}") }
    };
    groups.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

fn used(events: &[AgentEvent]) -> String {
    let each = events.iter().filter_map(|event| match event {
        AgentEvent::Usage(usage) => Some(*usage),
        _ => None,
    });
    let sum: Usage = each.sum();
    let cost = sum.cost.map_or("?".into(), |cost| cost.0.to_string());
    format!(
        "{} in, {} cached, {} out, {cost} µ$",
        sum.input_tokens, sum.cached_tokens, sum.output_tokens
    )
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done => "done".into(),
        Verdict::Failed { class, .. } => format!("failed {}", class.word()),
        Verdict::Limited { until, .. } => {
            format!("limited {}", until.map_or("?".into(), |until| until.0.to_string()))
        }
        Verdict::Asked => "asked".into(),
        Verdict::Cut => "cut".into(),
    }
}

/// The recordings, and what each of them means: five lines in `expect.txt`.
#[test]
fn every_recording_means_what_it_should() {
    let path = transcripts().join("expect.txt");
    let expect = fs::read_to_string(&path).unwrap();
    let mut got = String::new();
    let mut seen = 0;
    for block in expect.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let mut lines = block.trim().lines();
        let (name, code) = lines.next().unwrap().rsplit_once(' ').unwrap();
        let mut ending = ending(code.parse().unwrap());
        let complaint = transcripts().join(name).with_extension("stderr");
        ending.complaint = fs::read_to_string(complaint).unwrap_or_default();
        let said = decode(&read(name), &ending);
        writeln!(got, "{name} {code}\n  {}", kinds(&said.events)).unwrap();
        writeln!(got, "  {}\n  {}\n", used(&said.events), word(&said.verdict)).unwrap();
        seen += 1;
    }
    if std::env::var_os("CREW_UPDATE").is_some() {
        fs::write(&path, got.trim_end().to_owned() + "\n").unwrap();
        return;
    }
    for (got, expect) in got.split("\n\n").zip(expect.split("\n\n")) {
        assert_eq!(got.trim(), expect.trim());
    }
    let recorded = fs::read_dir(transcripts()).unwrap().flat_map(|dir| {
        fs::read_dir(dir.unwrap().path()).into_iter().flatten().map(|file| file.unwrap().path())
    });
    let recorded = recorded.filter(|file| file.extension().is_some_and(|end| end == "ndjson"));
    assert_eq!(recorded.count(), seen, "each recording has its expectation");
}

#[test]
fn texts_calls_and_questions_come_with_what_they_say() {
    let said = decode(&read("2.1.329/permission-stdio-allow"), &ending(0));
    let text = format!("{:?}", said.events);
    for words in ["I will write the file first.", "hello.txt", "May it use Write?"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let Some(AgentEvent::Done { text }) = said.events.last() else { panic!("{text}") };
    assert_eq!(text, "Done: wrote hello.txt and checked it.");
}

#[test]
fn every_beginning_of_every_recording_is_understood() {
    let expect = fs::read_to_string(transcripts().join("expect.txt")).unwrap();
    for block in expect.split("\n\n") {
        let (name, _) = block.trim().lines().next().unwrap().rsplit_once(' ').unwrap();
        let bytes = read(name);
        // Every cut near the end or the beginning of a line, and many others.
        let cuts = (0..bytes.len()).filter(|at| {
            let near = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b'\n');
            at % 97 == 0 || near(*at) || near(at.saturating_sub(1)) || near(at + 1)
        });
        for cut in cuts {
            let said = decode(&bytes[..cut], &ending(-9));
            if let Verdict::Done = said.verdict {
                let text = String::from_utf8_lossy(&bytes[..cut]);
                assert!(text.contains("\"subtype\":\"success\""), "{name} to {cut} is not done");
            }
        }
    }
}

/// What is put between the lines of a recording changes nothing of what the others say.
#[test]
fn no_line_is_lost_whatever_stands_before_it() {
    let bytes = read("2.1.329/tools-bypass");
    let clean = decode(&bytes, &ending(0));
    let long_text = format!("{{\"type\":\"assistant\",\"x\":\"{}", "y".repeat(10 << 20));
    let deep = "[".repeat(100_000);
    let junk: [&[u8]; 12] = [
        b"",
        b"   \t",
        b"\r",
        b"not json at all",
        b"\xff\xfe\x00 broken",
        b"{\"type\":\"assistant\"",
        b"{\"type\":\"assistant\",\"message\":7}",
        b"{\"type\":7}",
        b"null",
        b"{\"type\":\"from_the_future\",\"message\":{\"content\":[]}}",
        long_text.as_bytes(),
        deep.as_bytes(),
    ];
    for junk in junk {
        let mut dirty = junk.to_vec();
        dirty.push(b'\n');
        for line in bytes.split(|byte| *byte == b'\n') {
            dirty.extend_from_slice(line);
            dirty.extend_from_slice(b"\r\n");
            if junk.len() < 1_000 {
                dirty.extend_from_slice(junk);
                dirty.push(b'\n');
            }
        }
        let said = decode(&dirty, &ending(0));
        let ours = |events: &[AgentEvent]| -> Vec<AgentEvent> {
            let is_junk =
                |event: &AgentEvent| matches!(event, AgentEvent::Noise(_) | AgentEvent::Other(_));
            events.iter().filter(|event| !is_junk(event)).cloned().collect()
        };
        let shown = String::from_utf8_lossy(&junk[..junk.len().min(40)]).into_owned();
        assert_eq!(ours(&said.events), ours(&clean.events), "{shown}");
        assert_eq!(said.verdict, clean.verdict, "{shown}");
        let kept = format!("{:?}", said.events).len();
        assert!(kept < 3 << 20, "{shown}: {kept} bytes are kept");
    }
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
