//! One turn of the real Codex, in Crewhouse and by itself, in time and memory; how soon a question
//! is in the inbox; and what the sandbox costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};

use crate::report::{Bound, Row, Section, number, percentile};
use crate::support::{Lab, one_engineer};

const ROUNDS: usize = 7;
const MODEL: &str = "gpt-5.5";
const KEY: (&str, &str) = ("BENCH_KEY", "sk-bench-invented");
/// Between two looks at what a program takes.
const PAUSE: Duration = Duration::from_millis(20);

/// One turn.
struct Turn {
    /// Of the agent's process, in milliseconds.
    agent: f64,
    /// From the task to its saved commit.
    whole: f64,
    /// The most that the agent and all around it took, in MiB.
    memory: f64,
}

pub(crate) fn measure() -> anyhow::Result<Section> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    let program = clients.join("node_modules/.bin/codex");
    let program = program.canonicalize().context("there is no Codex; hint: `make clients`")?;
    by_itself(&program)?; // fills the caches of the disk
    let (mut alone, mut here, mut open, mut asked) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        alone.push(by_itself(&program)?);
        here.push(in_crewhouse(&program, "")?);
        open.push(in_crewhouse(&program, "[sandbox]\nmode = \"off\"\n")?);
        asked.push(until_it_is_asked(&program)?);
    }
    let middle = |turns: &[Turn], of: fn(&Turn) -> f64| {
        percentile(&mut turns.iter().map(of).collect::<Vec<f64>>(), 0.5)
    };
    let agent = |turn: &Turn| turn.agent;
    let whole = |turn: &Turn| turn.whole;
    let memory = |turn: &Turn| turn.memory;
    let row = |what: &str, here: f64, raw: f64, unit: &str| {
        let shown = |value: f64| format!("{} {unit}", number(value));
        Row::new(what, shown(here), shown(raw))
    };
    let (raw, raw_memory) = (middle(&alone, agent), middle(&alone, memory));
    let more = middle(&here, memory) - raw_memory;
    let sandbox = middle(&here, agent) - middle(&open, agent);
    let ask = percentile(&mut asked, 0.5);
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
            row("its process", middle(&here, agent), raw, "ms"),
            row("task to saved commit", middle(&here, whole), raw, "ms"),
            row("memory of agent and shim", middle(&here, memory), raw_memory, "MiB").aims(
                "< 40 MiB more",
                more,
                Bound::AtMost(40.0),
            ),
            Row::new("a question is in the inbox after", format!("{} ms", number(ask)), "–".into())
                .aims("< 100 ms", ask, Bound::AtMost(100.0)),
            row(
                "its process, with and without the sandbox",
                middle(&here, agent),
                middle(&open, agent),
                "ms",
            )
            .aims("< 50 ms more", sandbox, Bound::AtMost(50.0)),
        ],
        missed: "What is more is a worktree of its own, the sandbox, the question who pays before the prompt is sent, \
                 our\ntools, and a commit: each once for a run, however long it is.",
    })
}

fn server(first: Reply) -> anyhow::Result<ModelServer> {
    Ok(ModelServer::start([first, Reply::text("DONE: made it")])?)
}

fn writes() -> Reply {
    let patch = "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\n";
    Reply::tool("apply_patch", Value::from(patch))
}

fn by_itself(program: &Path) -> anyhow::Result<Turn> {
    let server = server(writes())?;
    let directory = tempfile::tempdir()?;
    let home = directory.path().join("home");
    let work = directory.path().join("work");
    fs::create_dir_all(&home)?;
    ensure!(
        Command::new("git").args(["init", "--quiet"]).arg(&work).status()?.success(),
        "git init"
    );
    let settings = format!(
        "model = \"{MODEL}\"\nmodel_provider = \"ours\"\ncheck_for_update_on_startup = false\n\
         analytics.enabled = false\nfeatures.plugins = false\n[model_providers.ours]\nname = \"Ours\"\n\
         base_url = \"{}\"\nenv_key = \"{}\"\nwire_api = \"responses\"\n",
        server.base_url(Wire::OpenAiResponses),
        KEY.0
    );
    fs::write(home.join("config.toml"), settings)?;
    let mut command = Command::new(program);
    command.args(["exec", "--json", "--dangerously-bypass-approvals-and-sandbox", "Make it"]);
    command.env_clear().envs([KEY]).env("HOME", directory.path()).env("CODEX_HOME", &home);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir(&work).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let pid = child.id();
    let (status, memory) = watched(move || Some(pid), || child.wait());
    let status = status?;
    let time = begin.elapsed().as_secs_f64() * 1e3;
    ensure!(status.success(), "codex: {status}");
    ensure!(work.join("made.txt").exists(), "it made nothing");
    Ok(Turn { agent: time, whole: time, memory })
}

fn lab(program: &Path, server: &ModelServer, more: &str) -> Lab {
    one_engineer(&format!(
        "{more}[providers.codex]\nkind = \"codex\"\nprogram = \"{}\"\nmodel = \"{MODEL}\"\n\
         base_url = \"{}\"\nkey_env = \"{}\"\nbilling = \"api-key\"\n\
         [roles.engineer]\nprovider = \"codex\"\n",
        program.display(),
        server.base_url(Wire::OpenAiResponses),
        KEY.0
    ))
}

fn in_crewhouse(program: &Path, more: &str) -> anyhow::Result<Turn> {
    let server = server(writes())?;
    let lab = lab(program, &server, more);
    let daemon = lab.serve_with(&[KEY]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let saved = |entry: &Value| entry["body"]["result"]["result"] == "saved";
    let shim = lab.home().join("runs/1.1/pid");
    let (journal, memory) = watched(
        move || fs::read_to_string(&shim).ok()?.split_whitespace().next()?.parse().ok(),
        || {
            lab.wait("its work is saved", || {
                let journal = lab.journal();
                journal.iter().any(saved).then_some(journal)
            })
        },
    );
    drop(daemon);
    let at = |which: &dyn Fn(&Value) -> bool| -> anyhow::Result<f64> {
        let entry = journal.iter().find(|entry| which(entry)).context("an entry is missing")?;
        entry["at"].as_f64().context("an entry without a moment")
    };
    let event = |name: &'static str| move |entry: &Value| entry["body"]["event"] == name;
    let started = |entry: &Value| entry["body"]["result"]["result"] == "started";
    let (added, exited) = (at(&event("task_added"))?, at(&event("exited"))?);
    Ok(Turn { agent: exited - at(&started)?, whole: at(&saved)? - added, memory })
}

/// Milliseconds from the question in what Codex prints to the ask in the journal.
fn until_it_is_asked(program: &Path) -> anyhow::Result<f64> {
    let command = json!({"cmd": "sh -c 'echo made > made.txt'"});
    let server = server(Reply::tool("exec_command", command))?;
    let lab = lab(program, &server, "");
    let daemon = lab.serve_with(&[KEY]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let out = lab.home().join("runs/1.1/out.ndjson");
    let printed = printed(&out)?;
    let asks = |entry: &Value| entry["body"]["words"]["words"] == "asks";
    let at = lab.wait("it is asked", || lab.journal().iter().find(|it| asks(it))?["at"].as_f64());
    lab.ok(&["task", "cancel", "1"]);
    drop(daemon);
    Ok((at - printed).max(0.0))
}

/// When the question was printed, in milliseconds since 1970.
fn printed(out: &PathBuf) -> anyhow::Result<f64> {
    let end = Instant::now() + Duration::from_mins(2);
    while Instant::now() < end {
        let text = fs::read_to_string(out).unwrap_or_default();
        if text.contains("requestApproval") {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            return Ok(now.as_secs_f64() * 1e3);
        }
        thread::sleep(Duration::from_millis(1));
    }
    anyhow::bail!("it asks nothing")
}

/// The most memory that a process and all below it took while something was done, in MiB.
fn watched<T>(root: impl Fn() -> Option<u32> + Sync, work: impl FnOnce() -> T) -> (T, f64) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0.0_f64;
            while !is_over.load(Ordering::Relaxed) {
                most = most.max(root().map_or(0.0, below));
                thread::sleep(PAUSE);
            }
            most
        });
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        (done, watcher.join().unwrap_or(f64::NAN))
    })
}

/// What a process and all below it take, in MiB; shared pages are divided.
fn below(root: u32) -> f64 {
    let list = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = list.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: BTreeMap<u32, u32> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let is_below = |pid: u32| {
        let mut at = Some(pid);
        while at.is_some_and(|pid| pid != root && pid > 1) {
            at = at.and_then(|pid| parents.get(&pid).copied());
        }
        at == Some(root)
    };
    parents.keys().filter(|pid| is_below(**pid)).map(|pid| share(*pid)).sum()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn share(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
