//! How fast what agents print is read and understood.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use crew_agent::AgentEvent;
use crew_agent::spool::SpoolReader;
use serde::Deserialize;

use crate::report::{Bound, Row, Section, number};

const BYTES: usize = 64 << 20;
const ROUNDS: usize = 3;

/// What a program would read that knows what is coming and nothing else.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "it is read, and not used")]
enum Bare {
    Text { text: String },
    Thinking { text: String },
    ToolCall { id: String, name: String, input: serde_json::Value },
    ToolResult { id: String, ok: bool, output: String },
    Usage { input_tokens: u64, output_tokens: u64 },
}

pub(crate) fn measure() -> anyhow::Result<Section> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("out.ndjson");
    let text = stream();
    fs::write(&path, &text)?;
    let (mut spool, mut bare) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let mut reader = SpoolReader::open(&path, 0)?;
        let mut known = 0;
        loop {
            let lines = reader.next_batch()?;
            if lines.is_empty() {
                break;
            }
            let events = lines.iter().map(|line| AgentEvent::decode(&line.bytes));
            known += events.filter(|event| !matches!(event, AgentEvent::Other(_))).count();
        }
        spool = spool.max(rate(begin));
        let begin = Instant::now();
        let read = fs::read(&path)?;
        let lines = read.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let parsed = lines.filter(|line| serde_json::from_slice::<Bare>(line).is_ok()).count();
        bare = bare.max(rate(begin));
        anyhow::ensure!(known == parsed, "both read the same: {known}, {parsed}");
    }
    let row = Row::new(
        "read from the spool and decoded",
        format!("{} MB/s", number(spool)),
        format!("{} MB/s", number(bare)),
    );
    Ok(Section {
        title: "Intake of a stream",
        how: format!(
            "{} MB of what agents print: words, reasoning, calls of tools with their results. Raw: the file is \
             read at\nonce and each line parsed by `serde_json` into an enum of just these events.",
            BYTES >> 20
        ),
        rows: vec![row.aims("≥ 60 % of raw", 100.0 * spool / bare, Bound::AtLeast(60.0))],
        missed: "The decoder keeps what it does not know, so each event is first read as a tree.",
    })
}

fn rate(begin: Instant) -> f64 {
    BYTES as f64 / 1e6 / begin.elapsed().as_secs_f64()
}

fn stream() -> String {
    let words = "The function reads the whole file before it looks at the first line. ".repeat(3);
    let output = "   Compiling something v0.1.0\\nwarning: unused variable: `x`\\n".repeat(40);
    let mut text = String::with_capacity(BYTES + (1 << 14));
    let mut number = 0;
    while text.len() < BYTES {
        number += 1;
        for _ in 0..6 {
            writeln!(text, r#"{{"type":"text","text":"{words}"}}"#).ok(); // a string takes anything
        }
        writeln!(text, r#"{{"type":"thinking","text":"{words}"}}"#).ok();
        let call = r#""name":"shell","input":{"command":"cargo test","timeout_s":60}"#;
        writeln!(text, r#"{{"type":"tool_call","id":"c{number}",{call}}}"#).ok();
        let result = format!(r#""id":"c{number}","ok":true,"output":"{output}""#);
        writeln!(text, r#"{{"type":"tool_result",{result}}}"#).ok();
        writeln!(text, r#"{{"type":"usage","input_tokens":{number},"output_tokens":80}}"#).ok();
    }
    text
}
