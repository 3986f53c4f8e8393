//! One turn of the real Claude Code: in Crewhouse, and by itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

use crate::report::{Bound, Row, Section, number, percentile};
use crate::support::one_engineer;

const ROUNDS: usize = 7;
const MODEL: &str = "claude-sonnet-5-5";
const ENVIRONMENT: [(&str, &str); 6] = [
    ("ANTHROPIC_API_KEY", "sk-bench-invented"),
    ("IS_SANDBOX", "1"), // it may be measured by root, in a container
    ("DISABLE_TELEMETRY", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
];

pub(crate) fn measure() -> anyhow::Result<Section> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    let program = clients.join("node_modules/.bin/claude");
    let program =
        program.canonicalize().context("there is no Claude Code; hint: `make clients`")?;
    by_itself(&program, Duration::ZERO)?; // fills the caches of the disk
    let mut rows = Vec::new();
    for (model, pause) in [("a model that answers at once", 0), ("one that takes its time", 400)] {
        let pause = Duration::from_millis(pause);
        let (mut alone, mut agent, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.push(by_itself(&program, pause)?);
            let (of_agent, of_whole) = in_crewhouse(&program, pause)?;
            agent.push(of_agent);
            whole.push(of_whole);
        }
        let alone = percentile(&mut alone, 0.5);
        for (what, times) in [("its process", &mut agent), ("task to saved commit", &mut whole)] {
            let time = percentile(times, 0.5);
            let milliseconds = |time: f64| format!("{} ms", number(time));
            let row = Row::new(format!("{model}: {what}"), milliseconds(time), milliseconds(alone));
            let over = 100.0 * (time / alone - 1.0);
            rows.push(row.aims("< 5 % more", over, Bound::AtMost(5.0)));
        }
    }
    Ok(Section {
        title: "One turn of Claude Code",
        how: format!(
            "Asked for a file, it writes it and ends: two answers of a model server on loopback, which sends \
             them at\nonce or in pieces. Its process runs in the sandbox; a task also takes a worktree and a \
             commit. Raw:\n`claude -p` from its start to its end. The median of {ROUNDS} rounds, taken in turns."
        ),
        rows,
        missed: "What is more is a worktree of its own, the sandbox, the question who pays before the prompt \
                 is sent, and a\ncommit: each once for a run, however long it is.",
    })
}

fn server(pause: Duration) -> anyhow::Result<ModelServer> {
    let write = Reply::tool("Write", json!({"file_path": "made.txt", "content": "made\n"}));
    let replies = [write, Reply::text("DONE: made it")];
    Ok(ModelServer::start(replies.map(|reply| reply.slow(pause)))?)
}

fn address(server: &ModelServer) -> String {
    server.base_url(Wire::Anthropic).trim_end_matches("/v1").to_owned()
}

/// Milliseconds.
fn by_itself(program: &Path, pause: Duration) -> anyhow::Result<f64> {
    let server = server(pause)?;
    let directory = tempfile::tempdir()?;
    let mut git = Command::new("git");
    git.args(["init", "--quiet"]).arg(directory.path());
    ensure!(git.status()?.success(), "git init");
    let mut command = Command::new(program);
    command.env_clear().envs(ENVIRONMENT).env("HOME", directory.path());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("ANTHROPIC_BASE_URL", address(&server));
    command.args(["-p", "Make it", "--model", MODEL, "--permission-mode", "acceptEdits"]);
    command.args(["--output-format", "stream-json", "--verbose"]);
    command.current_dir(directory.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let begin = Instant::now();
    let status = command.status()?;
    let time = begin.elapsed().as_secs_f64() * 1e3;
    ensure!(status.success(), "claude: {status}");
    ensure!(directory.path().join("made.txt").exists(), "it made nothing");
    Ok(time)
}

/// Milliseconds: of the agent, and of all of it.
fn in_crewhouse(program: &Path, pause: Duration) -> anyhow::Result<(f64, f64)> {
    let server = server(pause)?;
    let lab = one_engineer(&format!(
        "[providers.claude]\nkind = \"claude\"\nprogram = \"{}\"\nmodel = \"{MODEL}\"\n\
         base_url = \"{}\"\nenv = [\"ANTHROPIC_API_KEY\"]\nbilling = \"api-key\"\n\
         [roles.engineer]\nprovider = \"claude\"\n",
        program.display(),
        address(&server)
    ));
    let daemon = lab.serve_with(&ENVIRONMENT);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let saved = |entry: &Value| entry["body"]["result"]["result"] == "saved";
    let journal = lab.wait("its work is saved", || {
        let journal = lab.journal();
        journal.iter().any(saved).then_some(journal)
    });
    drop(daemon);
    let at = |which: &dyn Fn(&Value) -> bool| -> anyhow::Result<f64> {
        let entry = journal.iter().find(|entry| which(entry)).context("an entry is missing")?;
        entry["at"].as_f64().context("an entry without a moment")
    };
    let event = |name: &'static str| move |entry: &Value| entry["body"]["event"] == name;
    let started = |entry: &Value| entry["body"]["result"]["result"] == "started";
    let (added, exited) = (at(&event("task_added"))?, at(&event("exited"))?);
    Ok((exited - at(&started)?, at(&saved)? - added))
}
