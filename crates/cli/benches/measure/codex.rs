//! One turn of the real Codex, in Crewhouse and by itself; a question; and the sandbox.

use std::time::Duration;

use crew_testkit::{Reply, Wire};
use serde_json::{Value, json};

use crate::report::Section;
use crate::turn::{Alone, Cli, PAUSE, Turns, memory, question, row, sandbox};

const ROUNDS: usize = 7;

pub(crate) const CODEX: Cli = Cli {
    program: "codex",
    wire: Wire::OpenAiResponses,
    environment: &[("BENCH_KEY", "sk-bench-invented")],
    alone: Alone::Command(&[
        "exec",
        "--json",
        "--dangerously-bypass-approvals-and-sandbox",
        "Make it",
    ]),
    address: None,
    files: |url| {
        let settings = format!(
            "model = \"gpt-5.5\"\nmodel_provider = \"ours\"\ncheck_for_update_on_startup = false\n\
             analytics.enabled = false\nfeatures.plugins = false\n[model_providers.ours]\n\
             name = \"Ours\"\nbase_url = \"{url}\"\nenv_key = \"BENCH_KEY\"\nwire_api = \"responses\"\n"
        );
        vec![(".codex/config.toml", settings)]
    },
    provider: |url| {
        format!(
            "kind = \"codex\"\nmodel = \"gpt-5.5\"\nbase_url = \"{url}\"\nkey_env = \"BENCH_KEY\"\n\
             billing = \"api-key\""
        )
    },
    writes: || {
        let patch = "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\n";
        Reply::tool("apply_patch", Value::from(patch))
    },
    runs: |command| Reply::tool("exec_command", json!({"cmd": command})),
    question: "requestApproval",
};

pub(crate) fn measure() -> anyhow::Result<Section> {
    let program = CODEX.find()?;
    let pause = Duration::ZERO;
    CODEX.by_itself(&program, pause)?; // fills the caches of the disk
    let (mut alone, mut here, mut open) = (Turns::default(), Turns::default(), Turns::default());
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        alone.add(CODEX.by_itself(&program, pause)?);
        here.add(CODEX.in_crewhouse(&program, pause, "")?);
        open.add(CODEX.in_crewhouse(&program, pause, "[sandbox]\nmode = \"off\"\n")?);
        asked.push(CODEX.until_it_is_asked(&program)?);
    }
    let raw = alone.middle(|turn| turn.agent);
    Ok(Section {
        title: "One turn of Codex, a question, and the sandbox",
        how: format!(
            "Asked for a file, Codex writes it and ends: two answers of a model server on loopback, at once. \
             Raw:\n`codex exec` from its start to its end. Memory is the largest sum of all processes, shared pages \
             divided, seen\nevery {} ms. A question: from the line that Codex prints to the record that the \
             inbox shows.\nThe sandbox: the same with `mode = \"off\"`. The median of {ROUNDS} rounds, taken in turns.",
            PAUSE.as_millis()
        ),
        rows: vec![
            row("its process", here.middle(|turn| turn.agent), raw, "ms"),
            row("task to saved commit", here.middle(|turn| turn.whole), raw, "ms"),
            memory(&here, &alone),
            question(asked),
            sandbox(&here, &open),
        ],
        missed: "What is more is a worktree of its own, the sandbox, the question who pays before the prompt is sent, \
                 our\ntools, and a commit: each once for a run, however long it is.",
    })
}
