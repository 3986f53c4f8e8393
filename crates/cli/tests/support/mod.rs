//! A laboratory: a repository, a home, and the real `crew` program, everything of it temporary.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::pedantic,
    reason = "a failure here fails the test"
)]

pub mod program;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Nothing that is waited for takes this long on any machine that works.
const PATIENCE: Duration = Duration::from_mins(2);

/// A repository with a team, and a home.
pub struct Lab {
    pub dir: TempDir,
    home: RefCell<String>,
}

/// A daemon in the foreground; it is killed when dropped.
pub struct Daemon {
    child: Child,
}

impl Lab {
    /// A repository whose native agents play `playbook`. Each edit replaces a text of the default
    /// team.
    pub fn new(playbook: &str, edits: &[(&str, &str)]) -> Self {
        Self::new_in(tempfile::tempdir().unwrap(), playbook, edits)
    }

    /// Like [`Self::new`], with everything in `dir`.
    pub fn new_in(dir: TempDir, playbook: &str, edits: &[(&str, &str)]) -> Self {
        let lab = Self::empty_in(dir);
        lab.make_project(playbook, edits);
        lab
    }

    /// A repository with one commit, and no team.
    pub fn empty() -> Self {
        Self::empty_in(tempfile::tempdir().unwrap())
    }

    fn empty_in(dir: TempDir) -> Self {
        let lab = Self { dir, home: RefCell::new("home".to_owned()) };
        fs::create_dir_all(lab.repo()).unwrap();
        lab.git(&["init", "--quiet", "--initial-branch", "main"]);
        fs::write(lab.repo().join("a.txt"), "one\ntwo\nthree\n").unwrap();
        lab.git(&["add", "--all"]);
        lab.git(&["commit", "--quiet", "--message", "init"]);
        lab
    }

    fn make_project(&self, playbook: &str, edits: &[(&str, &str)]) {
        let lab = self;
        lab.ok(&["init"]);
        let team = lab.repo().join(".crew/team.toml");
        let mut text = fs::read_to_string(&team).unwrap();
        let basics = [
            ("model = \"builtin\"", "model = \"play.toml\""),
            ("retries = 2 ", "retries = 2\nbackoff_seconds = 0 "),
        ];
        for (from, to) in basics.iter().chain(edits) {
            assert!(text.contains(from), "the team has {from:?}");
            text = text.replacen(from, to, 1);
        }
        fs::write(&team, text).unwrap();
        fs::write(lab.repo().join(".crew/play.toml"), playbook).unwrap();
        lab.git(&["add", "--all"]);
        lab.git(&["commit", "--quiet", "--message", "the crew"]);
        lab.ok(&["down"]); // `init` started a daemon; each test starts its own
    }

    pub fn repo(&self) -> PathBuf {
        self.dir.path().join("repo with 'quotes' and ünïcode")
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join(&*self.home.borrow())
    }

    /// From now on everything is done with another home, of this name.
    pub fn use_home(&self, name: &str) {
        name.clone_into(&mut self.home.borrow_mut());
    }

    /// Runs `crew`, which must fail with a code, words and a hint; its standard error.
    pub fn fails(&self, arguments: &[&str], code: i32, words: &str) -> String {
        check_failure(&self.crew(arguments), arguments, code, words)
    }

    /// A program in the laboratory: with its home and nothing of the environment of the test.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.repo()).stdin(Stdio::null());
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.dir.path())
            .env("CREWHOUSE_HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "User")
            .env("GIT_AUTHOR_EMAIL", "user@example.invalid")
            .env("GIT_COMMITTER_NAME", "User")
            .env("GIT_COMMITTER_EMAIL", "user@example.invalid");
        command
    }

    pub fn crew(&self, arguments: &[&str]) -> Output {
        self.program(env!("CARGO_BIN_EXE_crew")).args(arguments).output().unwrap()
    }

    /// Like [`Self::crew`], with more in the environment.
    pub fn crew_with(&self, env: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = self.program(env!("CARGO_BIN_EXE_crew"));
        command.envs(env.iter().copied()).args(arguments).output().unwrap()
    }

    /// Like [`Self::ok`], with more in the environment.
    pub fn ok_with(&self, env: &[(&str, &str)], arguments: &[&str]) -> String {
        let mut command = self.program(env!("CARGO_BIN_EXE_crew"));
        let output = command.envs(env.iter().copied()).args(arguments).output().unwrap();
        assert!(output.status.success(), "crew {arguments:?}: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `crew`, which must succeed; its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.crew(arguments);
        assert!(output.status.success(), "crew {arguments:?}: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Like [`Self::fails`], in another directory.
    pub fn fails_in(&self, directory: &Path, arguments: &[&str], code: i32, words: &str) {
        let mut command = self.program(env!("CARGO_BIN_EXE_crew"));
        let output = command.args(arguments).current_dir(directory).output().unwrap();
        check_failure(&output, arguments, code, words);
    }

    /// Like [`Self::ok`], in another directory.
    pub fn ok_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let mut command = self.program(env!("CARGO_BIN_EXE_crew"));
        let output = command.args(arguments).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "crew {arguments:?}: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Like [`Self::ok`] with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[&["--json"], arguments].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Works until nothing moves without a human, approving everything.
    pub fn run(&self) {
        let output = self.crew(&["run", "--until-idle", "--yes"]);
        assert!(output.status.success(), "{}\n{}", show(&output), self.journal_text());
    }

    /// Starts the daemon in the foreground.
    pub fn serve(&self) -> Daemon {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, env: &[(&str, &str)]) -> Daemon {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("log"));
        let log = log.unwrap();
        let mut command = self.program(env!("CARGO_BIN_EXE_crew"));
        command.arg("serve").envs(env.iter().copied());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Daemon { child: command.spawn().unwrap() }
    }

    /// A daemon that answers.
    pub fn up(&self) -> Daemon {
        let daemon = self.serve();
        self.wait("the daemon answers", || self.crew(&["status"]).status.success().then_some(()));
        daemon
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.program("git").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Like [`Self::git`], where it may fail.
    pub fn try_git(&self, arguments: &[&str]) -> bool {
        self.program("git").args(arguments).output().unwrap().status.success()
    }

    /// The journal as its files have it, which is without gaps.
    pub fn journal(&self) -> Vec<Value> {
        let lines = self.journal_text();
        let entries: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (at, entry) in (1u64..).zip(&entries) {
            assert_eq!(entry["seq"], at, "the journal has no gap and no double");
        }
        entries
    }

    pub fn journal_text(&self) -> String {
        let list = fs::read_dir(self.home().join("journal")).unwrap();
        let mut files: Vec<PathBuf> = list.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// How often the journal has an entry of that kind, dropped ones not counted.
    pub fn count(&self, which: impl Fn(&Value) -> bool) -> usize {
        self.journal().iter().filter(|e| e["dropped"].is_null() && which(&e["body"])).count()
    }

    /// Waits until `look` finds something.
    pub fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            if Instant::now() > end {
                let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
                panic!("waited in vain until {what}\n{}\n{log}", self.journal_text());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the journal's text has `needle`.
    pub fn wait_for(&self, needle: &str) {
        self.wait(needle, || self.journal_text().contains(needle).then_some(()));
    }

    /// Processes of agents of this laboratory, by the mark in their environment.
    pub fn agents(&self) -> Vec<u32> {
        let mark = format!("CREWHOUSE_RUN={}#", self.home().canonicalize().unwrap().display());
        let list = fs::read_dir("/proc").unwrap();
        list.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| is_marked(*pid, &mark))
            .collect()
    }

    /// What `refs/heads/main` has in a file.
    pub fn landed(&self, file: &str) -> String {
        self.git(&["show", &format!("main:{file}")])
    }
}

impl Drop for Lab {
    /// No daemon and no agent outlives its laboratory, whatever the test did.
    fn drop(&mut self) {
        self.crew(&["down"]);
        if self.home().exists() {
            for pid in self.agents() {
                Command::new("kill").args(["-9", &pid.to_string()]).status().ok();
            }
        }
    }
}

fn is_marked(pid: u32, mark: &str) -> bool {
    let environment = fs::read(Path::new("/proc").join(pid.to_string()).join("environ"));
    environment.is_ok_and(|bytes| {
        bytes.split(|byte| *byte == 0).any(|pair| pair.starts_with(mark.as_bytes()))
    })
}

impl Daemon {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn check_failure(output: &Output, arguments: &[&str], code: i32, words: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "crew {arguments:?}: {}", show(output));
    assert!(said.contains(words), "crew {arguments:?} says {words:?}: {said}");
    assert!(said.contains("hint: "), "crew {arguments:?} says what to do: {said}");
    said
}

/// For agents of tests that reach outside of their worktree.
pub const NO_SANDBOX: (&str, &str) = ("[worktree]", "[sandbox]\nmode = \"off\"\n\n[worktree]");

pub fn show(output: &Output) -> String {
    format!(
        "{}\nstdout: {}\nstderr: {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What an engineer makes and a human approves.
const TWO_STAGES: &str = r#"
[[stages]]
name = "todo"
owner = "engineer"
next = ["review"]

[[stages]]
name = "review"
owner = "human"
next = ["done"]
back = "todo"
gates = [{ human = true }]

[[stages]]
name = "done"
mode = "end"
"#;

/// A repository with one engineer and one human; `team` says who the engineer is.
pub fn one_engineer(team: &str) -> Lab {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    fs::write(lab.repo().join(".crew/team.toml"), format!("{team}{TWO_STAGES}")).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "one engineer"]);
    lab
}

/// Every role says that it is done, and the engineer writes `file` first.
pub fn simple_play(file: &str) -> String {
    format!(
        r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "I write it."
tools = [{{ name = "write", path = "{file}", content = "made\n" }}]
usage = {{ input = 100, output = 10, cost_micros = 2000 }}
[[scene.turn]]
finish = "DONE: wrote {file}"

[[scene]]
[[scene.turn]]
say = "Fine."
finish = "DONE: looked at it"
"#
    )
}
