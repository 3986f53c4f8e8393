//! One turn of an agent that is a program of others, in Crewhouse and by itself, in time and memory; how
//! soon a question is in the inbox; and what the sandbox costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, ensure};
use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::Value;

use crate::bare;
use crate::machine::{parent, shared};
use crate::report::{Bound, Row, number, percentile};
use crate::support::{Daemon, Lab, one_engineer};

/// Between two looks at what a program takes.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// A program, how it is told to make a file, and how a role is played by it.
pub(crate) struct Cli {
    /// Its command in `tests/clients`.
    pub(crate) program: &'static str,
    pub(crate) wire: Wire,
    /// Its variables, wherever it works.
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// How it works by itself, and the variable for where its model is.
    pub(crate) alone: Alone,
    pub(crate) address: Option<&'static str>,
    /// Its files below the home of a user.
    pub(crate) files: fn(url: &str) -> Vec<(&'static str, String)>,
    /// What team.toml says of it, but for its program.
    pub(crate) provider: fn(url: &str) -> String,
    /// How its model writes a file, and runs a command that is asked about.
    pub(crate) writes: fn() -> Reply,
    pub(crate) runs: fn(command: &str) -> Reply,
    /// What stands in the line by which it asks.
    pub(crate) question: &'static str,
}

/// How a program does one turn with nothing around it.
pub(crate) enum Alone {
    /// By its own command, with these arguments.
    Command(&'static [&'static str]),
    /// It has none: it is spoken to by ACP.
    ByAcp,
}

/// One turn.
pub(crate) struct Turn {
    /// Of the agent's process, in milliseconds.
    pub(crate) agent: f64,
    /// From the task to its saved commit.
    pub(crate) whole: f64,
    /// The most that the agent and all around it took, in MiB.
    memory: f64,
}

/// Turns that were taken one after the other.
#[derive(Default)]
pub(crate) struct Turns(Vec<Turn>);

impl Turns {
    pub(crate) fn add(&mut self, turn: Turn) {
        self.0.push(turn);
    }

    pub(crate) fn middle(&self, of: fn(&Turn) -> f64) -> f64 {
        percentile(&mut self.0.iter().map(of).collect::<Vec<f64>>(), 0.5)
    }
}

/// A number here, and beside it the raw one.
pub(crate) fn row(what: impl Into<String>, here: f64, raw: f64, unit: &str) -> Row {
    let shown = |value: f64| format!("{} {unit}", number(value));
    Row::new(what, shown(here), shown(raw))
}

/// What an agent takes here, and what by itself.
pub(crate) fn memory(here: &Turns, alone: &Turns) -> Row {
    let of = |turn: &Turn| turn.memory;
    let (here, raw) = (here.middle(of), alone.middle(of));
    let row = row("memory of agent and shim", here, raw, "MiB");
    row.aims("< 40 MiB more", here - raw, Bound::AtMost(40.0))
}

/// How soon what it asks is in the inbox.
pub(crate) fn question(mut asked: Vec<f64>) -> Row {
    let ask = percentile(&mut asked, 0.5);
    let row =
        Row::new("a question is in the inbox after", format!("{} ms", number(ask)), "–".into());
    row.aims("< 100 ms", ask, Bound::AtMost(100.0))
}

/// The same turn with the sandbox and without it.
pub(crate) fn sandbox(here: &Turns, open: &Turns) -> Row {
    let of = |turn: &Turn| turn.agent;
    let (here, open) = (here.middle(of), open.middle(of));
    let row = row("its process, with and without the sandbox", here, open, "ms");
    row.aims("< 50 ms more", here - open, Bound::AtMost(50.0))
}

impl Cli {
    /// The pinned program.
    pub(crate) fn find(&self) -> anyhow::Result<PathBuf> {
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
        let program = clients.join("node_modules/.bin").join(self.program);
        let missing = || format!("there is no {}; hint: `make clients`", self.program);
        program.canonicalize().with_context(missing)
    }

    /// A model that has one thing done, and then ends, with a pause between two pieces of an answer.
    fn server(&self, first: Reply, pause: Duration) -> anyhow::Result<ModelServer> {
        let wire = self.wire;
        let first = first.slow(pause);
        let server = ModelServer::answering(move |request| match is_told(wire, request) {
            None => Reply::text("A title"),
            Some(false) => first.clone(),
            Some(true) => Reply::text("DONE: made it").slow(pause),
        });
        Ok(server?)
    }

    /// Where its model is, as it is configured.
    fn url(&self, server: &ModelServer) -> String {
        let url = server.base_url(self.wire);
        match self.wire {
            Wire::Anthropic => url.trim_end_matches("/v1").to_owned(),
            Wire::Gemini => url.trim_end_matches("/v1beta").to_owned(),
            Wire::OpenAi | Wire::OpenAiResponses | Wire::Ollama => url,
        }
    }

    /// Writes what it looks for in the home of its user.
    fn furnish(&self, home: &Path, url: &str) -> anyhow::Result<()> {
        for (path, text) in (self.files)(url) {
            let path = home.join(path);
            fs::create_dir_all(path.parent().context("a file has a directory")?)?;
            fs::write(path, text)?;
        }
        Ok(())
    }

    pub(crate) fn by_itself(&self, program: &Path, pause: Duration) -> anyhow::Result<Turn> {
        self.outside(program, pause, |mut command| {
            let Alone::Command(arguments) = self.alone else { return spoken_to(command) };
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
            let mut child = command.spawn()?;
            let pid = child.id();
            let (status, memory) = watched(move || Some(pid), || child.wait());
            let status = status?;
            ensure!(status.success(), "{}: {status}", self.program);
            Ok(memory)
        })
    }

    /// One turn outside of Crewhouse; `run` gives what it took of memory.
    fn outside(
        &self,
        program: &Path,
        pause: Duration,
        run: impl FnOnce(Command) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Turn> {
        let server = self.server((self.writes)(), pause)?;
        let url = self.url(&server);
        let directory = tempfile::tempdir()?;
        let work = directory.path().join("work");
        self.furnish(directory.path(), &url)?;
        let mut git = Command::new("git");
        ensure!(git.args(["init", "--quiet"]).arg(&work).status()?.success(), "git init");
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().copied());
        command.envs(self.address.map(|name| (name, url))).env("HOME", directory.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(&work).stderr(Stdio::null());
        let begin = Instant::now();
        let memory = run(command)?;
        let time = begin.elapsed().as_secs_f64() * 1e3;
        ensure!(work.join("made.txt").exists(), "it made nothing");
        Ok(Turn { agent: time, whole: time, memory })
    }

    /// One engineer, played by it, with a task.
    fn lab(&self, program: &Path, url: &str, more: &str) -> anyhow::Result<(Lab, Daemon)> {
        let lab = one_engineer(&format!(
            "{more}[providers.measured]\nprogram = \"{}\"\n{}\n[roles.engineer]\nprovider = \"measured\"\n",
            program.display(),
            (self.provider)(url)
        ));
        self.furnish(lab.dir.path(), url)?;
        let daemon = lab.serve_with(self.environment);
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        lab.ok(&["task", "add", "Make it"]);
        Ok((lab, daemon))
    }

    pub(crate) fn in_crewhouse(
        &self,
        program: &Path,
        pause: Duration,
        more: &str,
    ) -> anyhow::Result<Turn> {
        let server = self.server((self.writes)(), pause)?;
        let (lab, daemon) = self.lab(program, &self.url(&server), more)?;
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

    /// Milliseconds from the question in what it prints to the ask in the journal.
    pub(crate) fn until_it_is_asked(&self, program: &Path) -> anyhow::Result<f64> {
        let server = self.server((self.runs)("sh -c 'echo made > made.txt'"), Duration::ZERO)?;
        let (lab, daemon) = self.lab(program, &self.url(&server), "")?;
        let printed = printed(&lab.home().join("runs/1.1/out.ndjson"), self.question)?;
        let asks = |entry: &Value| entry["body"]["words"]["words"] == "asks";
        let at =
            lab.wait("it is asked", || lab.journal().iter().find(|it| asks(it))?["at"].as_f64());
        lab.ok(&["task", "cancel", "1"]);
        lab.wait("it is ended", || lab.agents().is_empty().then_some(()));
        drop(daemon);
        Ok((at - printed).max(0.0))
    }
}

/// By ACP, with nothing around it.
fn spoken_to(mut command: Command) -> anyhow::Result<f64> {
    let work = command.get_current_dir().context("it works somewhere")?.to_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let pid = child.id();
    let (done, memory) = watched(move || Some(pid), || bare::prompt(child, &work, "Make it"));
    done.map(|()| memory)
}

/// Whether the model has heard what came of a tool; `None` for what it is asked besides.
fn is_told(wire: Wire, request: &Request) -> Option<bool> {
    let body = &request.body;
    let (said, result, tools) = match wire {
        Wire::Gemini => {
            let tools = &body["tools"][0]["functionDeclarations"];
            (&body["contents"], "\"functionResponse\"", tools)
        }
        Wire::Anthropic => (&body["messages"], "\"tool_result\"", &body["tools"]),
        Wire::OpenAiResponses => (&body["input"], "_call_output\"", &body["tools"]),
        Wire::OpenAi | Wire::Ollama => (&body["messages"], "\"role\":\"tool\"", &body["tools"]),
    };
    let is_aside = tools.as_array().is_none_or(Vec::is_empty);
    (!is_aside).then(|| said.to_string().contains(result))
}

/// When the question was printed, in milliseconds since 1970.
fn printed(out: &Path, question: &str) -> anyhow::Result<f64> {
    let end = Instant::now() + Duration::from_mins(2);
    while Instant::now() < end {
        let text = fs::read_to_string(out).unwrap_or_default();
        if text.contains(question) {
            // The daemon may have seen it before us.
            let written = fs::metadata(out)?.modified()?.duration_since(UNIX_EPOCH)?;
            return Ok(written.as_secs_f64() * 1e3);
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

/// What a process and all below it take, in MiB.
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
    parents.keys().filter(|pid| is_below(**pid)).map(|pid| shared(*pid)).sum()
}
