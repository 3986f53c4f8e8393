//! One turn of the real Claude Code: in Crewhouse, and by itself; a question; and the sandbox.

use std::time::Duration;

use crew_testkit::{Reply, Wire};
use serde_json::json;

use crate::report::{Bound, Section};
use crate::turn::{Alone, Cli, PAUSE, Turns, memory, question, row, sandbox};

const ROUNDS: usize = 7;

pub(crate) const CLAUDE: Cli = Cli {
    program: "claude",
    wire: Wire::Anthropic,
    environment: &[
        ("ANTHROPIC_API_KEY", "sk-bench-invented"),
        ("IS_SANDBOX", "1"), // it may be measured by root, in a container
        ("DISABLE_TELEMETRY", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ],
    alone: Alone::Command(&[
        "-p",
        "Make it",
        "--model",
        "claude-sonnet-5-5",
        "--permission-mode",
        "acceptEdits",
        "--output-format",
        "stream-json",
        "--verbose",
    ]),
    address: Some("ANTHROPIC_BASE_URL"),
    files: |_| Vec::new(),
    provider: |url| {
        format!(
            "kind = \"claude\"\nmodel = \"claude-sonnet-5-5\"\nbase_url = \"{url}\"\n\
             env = [\"ANTHROPIC_API_KEY\"]\nbilling = \"api-key\""
        )
    },
    writes: || Reply::tool("Write", json!({"file_path": "made.txt", "content": "made\n"})),
    runs: |command| Reply::tool("Bash", json!({"command": command, "description": "Run it"})),
    question: "can_use_tool",
};

pub(crate) fn measure() -> anyhow::Result<Section> {
    let program = CLAUDE.find()?;
    CLAUDE.by_itself(&program, Duration::ZERO)?; // fills the caches of the disk
    let mut rows = Vec::new();
    let (mut at_once, mut open, mut asked) = (None, Turns::default(), Vec::new());
    for (model, pause) in [("a model that answers at once", 0), ("one that takes its time", 400)] {
        let pause = Duration::from_millis(pause);
        let (mut alone, mut here) = (Turns::default(), Turns::default());
        for _ in 0..ROUNDS {
            alone.add(CLAUDE.by_itself(&program, pause)?);
            here.add(CLAUDE.in_crewhouse(&program, pause, "")?);
            if pause.is_zero() {
                let off = "[sandbox]\nmode = \"off\"\n";
                open.add(CLAUDE.in_crewhouse(&program, pause, off)?);
                asked.push(CLAUDE.until_it_is_asked(&program)?);
            }
        }
        let raw = alone.middle(|turn| turn.agent);
        let (agent, whole) = (here.middle(|turn| turn.agent), here.middle(|turn| turn.whole));
        for (what, time) in [("its process", agent), ("task to saved commit", whole)] {
            let over = 100.0 * (time / raw - 1.0);
            let row = row(format!("{model}: {what}"), time, raw, "ms");
            rows.push(row.aims("< 5 % more", over, Bound::AtMost(5.0)));
        }
        at_once.get_or_insert((here, alone));
    }
    if let Some((here, alone)) = &at_once {
        rows.extend([memory(here, alone), question(asked), sandbox(here, &open)]);
    }
    Ok(Section {
        title: "One turn of Claude Code, a question, and the sandbox",
        how: format!(
            "Asked for a file, it writes it and ends: two answers of a model server on loopback, which sends \
             them at\nonce or in pieces. Its process runs in the sandbox; a task also takes a worktree and a \
             commit. Raw:\n`claude -p` from its start to its end. Memory is the largest sum of all processes, shared \
             pages divided, seen\nevery {} ms; it, the question and the sandbox are measured where the model answers at \
             once. The median of\n{ROUNDS} rounds, taken in turns.",
            PAUSE.as_millis()
        ),
        rows,
        missed: "What is more is a worktree of its own, the sandbox, the question who pays before the prompt \
                 is sent, and a\ncommit: each once for a run, however long it is.",
    })
}
