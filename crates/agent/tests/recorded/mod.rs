//! Recordings of what agents printed, decoded: what each of them means stands in an `expect.txt`.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crew_agent::shim::Status;
use crew_agent::{AgentEvent, Ending, Speaker, Verdict};
use crew_core::Usage;

/// Where the recordings of a program are.
pub(crate) fn transcripts(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(of)
}

pub(crate) fn read(of: &str, name: &str) -> Vec<u8> {
    fs::read(transcripts(of).join(format!("{name}.ndjson"))).unwrap()
}

/// All that a process said, and how it ended.
pub(crate) struct Said {
    pub(crate) events: Vec<AgentEvent>,
    pub(crate) verdict: Verdict,
}

pub(crate) fn decode(speaker: Speaker, bytes: &[u8], ending: &Ending) -> Said {
    let mut decoder = speaker.decoder();
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
    let verdict = decoder.verdict(ending);
    events.extend(decoder.finish(ending));
    Said { events, verdict }
}

pub(crate) fn ending(code: i32) -> Ending {
    let status = if code < 0 { Status::Signal(-code) } else { Status::Code(code) };
    Ending { status, complaint: String::new() }
}

fn kind(event: &AgentEvent) -> String {
    match event {
        AgentEvent::Session { .. } => "session".into(),
        AgentEvent::Text { .. } => "text".into(),
        AgentEvent::Thinking { .. } => "thinking".into(),
        AgentEvent::Partial { .. } => "partial".into(),
        AgentEvent::ToolCall { name, .. } => format!("call:{}", name.replace(' ', "_")),
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
            format!("other({}{}{})", word("type"), word("method"), word("sessionUpdate"))
        }
        AgentEvent::Noise(_) => "noise".into(),
    }
}

/// `text text text` is `text*3`.
pub(crate) fn kinds(events: &[AgentEvent]) -> String {
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

pub(crate) fn word(verdict: &Verdict) -> String {
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

/// Each recording, by its name, and how its process ended.
fn recordings(of: &str) -> Vec<(String, i32)> {
    let expect = fs::read_to_string(transcripts(of).join("expect.txt")).unwrap();
    let blocks = expect.split("\n\n").filter(|block| !block.trim().is_empty());
    let first = blocks.map(|block| block.trim().lines().next().unwrap().rsplit_once(' ').unwrap());
    first.map(|(name, code)| (name.to_owned(), code.parse().unwrap())).collect()
}

/// Every recording means what its `expect.txt` says, and each has its expectation.
pub(crate) fn check(of: &str, speaker: Speaker) {
    let path = transcripts(of).join("expect.txt");
    let expect = fs::read_to_string(&path).unwrap();
    let mut got = String::new();
    let all = recordings(of);
    for (name, code) in &all {
        let mut ending = ending(*code);
        let complaint = transcripts(of).join(format!("{name}.stderr"));
        ending.complaint = fs::read_to_string(complaint).unwrap_or_default();
        let said = decode(speaker, &read(of, name), &ending);
        writeln!(got, "{name} {code}\n  {}", kinds(&said.events)).unwrap();
        writeln!(got, "  {}\n  {}\n", used(&said.events), word(&said.verdict)).unwrap();
    }
    if std::env::var_os("CREW_UPDATE").is_some() {
        fs::write(&path, got.trim_end().to_owned() + "\n").unwrap();
        return;
    }
    for (got, expect) in got.split("\n\n").zip(expect.split("\n\n")) {
        assert_eq!(got.trim(), expect.trim());
    }
    let recorded = fs::read_dir(transcripts(of)).unwrap().flat_map(|dir| {
        fs::read_dir(dir.unwrap().path()).into_iter().flatten().map(|file| file.unwrap().path())
    });
    let recorded = recorded.filter(|file| file.extension().is_some_and(|end| end == "ndjson"));
    assert_eq!(recorded.count(), all.len(), "each recording has its expectation");
}

/// Whatever is cut off, `is_end` stands in what was done.
pub(crate) fn check_beginnings(of: &str, speaker: Speaker, is_end: &str) {
    for (name, _) in recordings(of) {
        let bytes = read(of, &name);
        // Every cut near the end or the beginning of a line, and many others.
        let cuts = (0..bytes.len()).filter(|at| {
            let near = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b'\n');
            at % 997 == 0 || near(*at) || near(at.saturating_sub(1)) || near(at + 1)
        });
        for cut in cuts {
            let said = decode(speaker, &bytes[..cut], &ending(-9));
            if let Verdict::Done = said.verdict {
                let text = String::from_utf8_lossy(&bytes[..cut]);
                assert!(text.contains(is_end), "{name} to {cut} is not done");
            }
        }
    }
}

/// What is put between the lines of a recording changes nothing of what the others say.
pub(crate) fn check_junk(of: &str, name: &str, speaker: Speaker, more: &[&[u8]]) {
    let bytes = read(of, name);
    let clean = decode(speaker, &bytes, &ending(0));
    let long_text = format!("{{\"type\":\"text\",\"x\":\"{}", "y".repeat(10 << 20));
    let deep = "[".repeat(100_000);
    let junk: [&[u8]; 9] = [
        b"",
        b"   \t",
        b"\r",
        b"not json at all",
        b"\xff\xfe\x00 broken",
        b"null",
        b"{\"type\":\"from_the_future\",\"message\":{\"content\":[]}}",
        long_text.as_bytes(),
        deep.as_bytes(),
    ];
    for junk in junk.iter().chain(more) {
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
        let said = decode(speaker, &dirty, &ending(0));
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
