//! What agents were recorded to say (`transcripts`, see the README there), decoded.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crew_agent::shim::Status;
use crew_agent::{AgentEvent, Ending, Speaker, Verdict};
use crew_core::Usage;

/// The recordings of one program.
#[derive(Clone, Copy)]
pub struct Recordings {
    pub speaker: Speaker,
    /// Their directory.
    pub name: &'static str,
}

/// All that a process said, and how it ended.
pub struct Said {
    pub events: Vec<AgentEvent>,
    pub verdict: Verdict,
}

pub fn ending(code: i32) -> Ending {
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
        AgentEvent::Notice { .. } => "notice".into(),
        AgentEvent::Heartbeat => "heartbeat".into(),
        AgentEvent::Compacted => "compacted".into(),
        AgentEvent::Context { used, window } => format!("context:{used}/{window}"),
        AgentEvent::Plan { windows } => {
            let all =
                windows.iter().map(|it| format!("{}:{}%", it.name.replace(' ', ""), it.percent));
            format!("plan:{}", all.collect::<Vec<_>>().join("|"))
        }
        AgentEvent::TookIn { remark } => format!("took-in:{remark}"),
        AgentEvent::Done { .. } => "done".into(),
        AgentEvent::Other(value) => {
            let names = ["type", "subtype", "method", "sessionUpdate"];
            let words: Vec<&str> = names.iter().filter_map(|name| value[*name].as_str()).collect();
            format!("other({})", words.join(" "))
        }
        AgentEvent::Noise(_) => "noise".into(),
    }
}

/// `text text text` is `text*3`.
pub fn kinds(events: &[AgentEvent]) -> String {
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

pub fn word(verdict: &Verdict) -> String {
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

impl Recordings {
    fn dir(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(self.name)
    }

    pub fn read(self, name: &str) -> Vec<u8> {
        fs::read(self.file(name, "ndjson")).unwrap()
    }

    /// Versions have dots, and are no endings.
    fn file(self, name: &str, ending: &str) -> PathBuf {
        self.dir().join(format!("{name}.{ending}"))
    }

    pub fn decode(self, bytes: &[u8], ending: &Ending) -> Said {
        let mut decoder = self.speaker.decoder();
        let lines = bytes.split(|byte| *byte == b'\n');
        let mut events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
        let verdict = decoder.verdict(ending);
        events.extend(decoder.finish(ending));
        Said { events, verdict }
    }

    /// Their names and exit codes.
    fn list(self) -> Vec<(String, i32)> {
        let expect = fs::read_to_string(self.dir().join("expect.txt")).unwrap();
        let blocks = expect.split("\n\n").filter(|block| !block.trim().is_empty());
        let heads = blocks.map(|block| {
            let (name, code) = block.trim().lines().next().unwrap().rsplit_once(' ').unwrap();
            (name.to_owned(), code.parse().unwrap())
        });
        heads.collect()
    }

    /// The recordings, and what each of them means: five lines in `expect.txt`.
    pub fn mean_what_they_should(self) {
        let path = self.dir().join("expect.txt");
        let list = self.list();
        let mut got = String::new();
        for (name, code) in &list {
            let mut ending = ending(*code);
            ending.complaint = fs::read_to_string(self.file(name, "stderr")).unwrap_or_default();
            let said = self.decode(&self.read(name), &ending);
            writeln!(got, "{name} {code}\n  {}", kinds(&said.events)).unwrap();
            writeln!(got, "  {}\n  {}\n", used(&said.events), word(&said.verdict)).unwrap();
        }
        if std::env::var_os("CREW_UPDATE").is_some() {
            fs::write(&path, got.trim_end().to_owned() + "\n").unwrap();
            return;
        }
        let expect = fs::read_to_string(&path).unwrap();
        for (got, expect) in got.split("\n\n").zip(expect.split("\n\n")) {
            assert_eq!(got.trim(), expect.trim());
        }
        let recorded = fs::read_dir(self.dir()).unwrap().flat_map(|dir| {
            let files = fs::read_dir(dir.unwrap().path()).into_iter().flatten();
            files.map(|file| file.unwrap().path())
        });
        let recorded = recorded.filter(|file| file.extension().is_some_and(|end| end == "ndjson"));
        assert_eq!(recorded.count(), list.len(), "each recording has its expectation");
    }

    /// Whatever is cut off, nothing is done that was not said to be: these words say it.
    pub fn are_understood_from_their_beginning(self, done: &[&str]) {
        for (name, _) in self.list() {
            let bytes = self.read(&name);
            // Every cut near the end or the beginning of a line, and many others.
            let cuts = (0..bytes.len()).filter(|at| {
                let near = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b'\n');
                at % 97 == 0 || near(*at) || near(at.saturating_sub(1)) || near(at + 1)
            });
            for cut in cuts {
                let said = self.decode(&bytes[..cut], &ending(-9));
                if let Verdict::Done = said.verdict {
                    let text = String::from_utf8_lossy(&bytes[..cut]);
                    let is_said = done.iter().any(|done| text.contains(done));
                    assert!(is_said, "{name} to {cut} is not done");
                }
            }
        }
    }

    /// What is put between the lines of a recording changes nothing of what the others say.
    pub fn no_line_is_lost(self, name: &str, junk_of_it: &[&[u8]]) {
        let bytes = self.read(name);
        let clean = self.decode(&bytes, &ending(0));
        let long_text = format!("{{\"type\":\"assistant\",\"x\":\"{}", "y".repeat(10 << 20));
        let deep = "[".repeat(100_000);
        let junk: [&[u8]; 10] = [
            b"",
            b"   \t",
            b"\r",
            b"not json at all",
            b"\xff\xfe\x00 broken",
            b"{\"type\":7}",
            b"null",
            b"{\"type\":\"from_the_future\",\"message\":{\"content\":[]}}",
            long_text.as_bytes(),
            deep.as_bytes(),
        ];
        for junk in junk.iter().chain(junk_of_it) {
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
            let said = self.decode(&dirty, &ending(0));
            let ours = |events: &[AgentEvent]| -> Vec<AgentEvent> {
                let is_junk = |event: &AgentEvent| {
                    matches!(event, AgentEvent::Noise(_) | AgentEvent::Other(_))
                };
                events.iter().filter(|event| !is_junk(event)).cloned().collect()
            };
            let shown = String::from_utf8_lossy(&junk[..junk.len().min(40)]).into_owned();
            assert_eq!(ours(&said.events), ours(&clean.events), "{shown}");
            assert_eq!(said.verdict, clean.verdict, "{shown}");
            let kept = format!("{:?}", said.events).len();
            assert!(kept < 3 << 20, "{shown}: {kept} bytes are kept");
        }
    }
}
