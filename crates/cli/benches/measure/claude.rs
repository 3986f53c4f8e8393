//! One turn of the real Claude Code: in Crewhouse, and by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

use crate::report::{Bound, Row, Section, number, percentile};
use crate::support::{Lab, simple_play};

const ROUNDS: usize = 9;
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
    let (mut alone, mut agent, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        alone.push(by_itself(&program)?);
        let (of_agent, of_whole) = in_crewhouse(&program)?;
        agent.push(of_agent);
        whole.push(of_whole);
    }
    let median = |times: &mut Vec<f64>| {
        times.remove(0); // the first round fills the caches of the disk
        percentile(times, 0.5)
    };
    let (alone, agent, whole) = (median(&mut alone), median(&mut agent), median(&mut whole));
    let milliseconds = |time: f64| format!("{} ms", number(time));
    let over = |time: f64| 100.0 * (time / alone - 1.0);
    let row = |what: &str, time: f64| Row::new(what, milliseconds(time), milliseconds(alone));
    Ok(Section {
        title: "One turn of Claude Code",
        how: format!(
            "Asked for a file, it writes it and ends: two answers of a model server on loopback. Raw: \
             `claude -p` from its start to its end. The median of {ROUNDS} rounds, taken in turns."
        ),
        rows: vec![
            row("from the start of the process to its end, in the sandbox", agent).aims(
                "< 5 % more",
                over(agent),
                Bound::AtMost(5.0),
            ),
            row("from the task to the saved commit", whole).aims(
                "< 5 % more",
                over(whole),
                Bound::AtMost(5.0),
            ),
        ],
        missed: "What is more is a worktree of its own, the sandbox, who pays asked for before the \
                 prompt is sent, and a commit: each once for a run, however long it is. Where the model \
                 answers at once, as here, it is a larger part than with a real one.",
    })
}

fn server() -> anyhow::Result<ModelServer> {
    let input = |path: &str| json!({"file_path": path, "content": "made\n"});
    Ok(ModelServer::start([Reply::tool("Write", input("made.txt")), Reply::text("DONE: made it")])?)
}

fn address(server: &ModelServer) -> String {
    server.base_url(Wire::Anthropic).trim_end_matches("/v1").to_owned()
}

/// Milliseconds.
fn by_itself(program: &PathBuf) -> anyhow::Result<f64> {
    let server = server()?;
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
fn in_crewhouse(program: &Path) -> anyhow::Result<(f64, f64)> {
    let server = server()?;
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let team = format!(
        "[providers.claude]\nkind = \"claude\"\nprogram = \"{}\"\nmodel = \"{MODEL}\"\n\
         base_url = \"{}\"\nenv = [\"ANTHROPIC_API_KEY\"]\nbilling = \"api-key\"\n\
         [roles.engineer]\nprovider = \"claude\"\n\
         [[stages]]\nname = \"todo\"\nowner = \"engineer\"\nnext = [\"review\"]\n\
         [[stages]]\nname = \"review\"\nowner = \"human\"\nnext = [\"done\"]\nback = \"todo\"\n\
         gates = [{{ human = true }}]\n\
         [[stages]]\nname = \"done\"\nmode = \"end\"\n",
        program.display(),
        address(&server)
    );
    fs::write(lab.repo().join(".crew/team.toml"), team)?;
    lab.git(&["commit", "--quiet", "--all", "--message", "one engineer"]);
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
