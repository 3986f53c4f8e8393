//! A home, a repository, and the program; whatever daemon was started is ended with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crew_agent::process::ProcessId;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// A pipeline in which nothing moves without a human, so that no agent is ever started.
pub(crate) const HUMAN_TEAM: &str = r#"
[merge]
base = "main"

[providers.native]
kind = "native"
api = "playbook"
model = "builtin"

[roles.pm]
provider = "native"

[[stages]]
name = "backlog"
owner = "human"
gates = [{ human = true }]
next = ["review"]
back = "backlog"
visits = 2

[[stages]]
name = "review"
owner = "human"
gates = [{ human = true }]
next = ["done"]
back = "backlog"

[[stages]]
name = "done"
mode = "end"
"#;

pub(crate) struct Sandbox {
    pub(crate) dir: TempDir,
    pub(crate) home: PathBuf,
    pub(crate) repo: PathBuf,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// That it ended so, with nothing that belongs on a terminal only, and no panic.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.contains("panicked") && !self.out.contains('\x1b'), "{self:?}");
        self
    }

    /// That it failed with this in the message, and a hint.
    pub(crate) fn fails(self, code: i32, message: &str) -> Self {
        let said = self.exits(code);
        assert!(said.err.contains("error: ") && said.err.contains(message), "{said:?}");
        assert!(said.err.contains("\nhint: "), "an error has a hint: {said:?}");
        said
    }
}

impl Sandbox {
    /// A repository with one commit on `main`.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (home, repo) = (root.join("home"), root.join("repo"));
        std::fs::create_dir(&repo).unwrap();
        let sandbox = Self { dir, home, repo };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", "start"]);
        sandbox
    }

    /// The same, under Crewhouse with a team that needs no agents.
    pub(crate) fn with_project() -> Self {
        let sandbox = Self::new();
        std::fs::create_dir(sandbox.repo.join(".crew")).unwrap();
        std::fs::write(sandbox.repo.join(".crew/team.toml"), HUMAN_TEAM).unwrap();
        sandbox.crew(&["init"]).exits(0);
        sandbox
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crew"));
        command.args(arguments).current_dir(&self.repo).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path()).env("CREWHOUSE_HOME", &self.home);
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn crew(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    pub(crate) fn crew_in(&self, directory: &Path, arguments: &[&str]) -> Said {
        said(self.command(arguments).current_dir(directory))
    }

    pub(crate) fn crew_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        of_output(&child.wait_with_output().unwrap())
    }

    /// What a command with `--json` says, which must go well.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        self.crew(&arguments).exits(0).json()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.repo, arguments)
    }

    /// The daemon that has the home, whatever daemon.json says.
    pub(crate) fn daemon(&self) -> Option<ProcessId> {
        let pid = std::fs::read_to_string(self.home.join("lock")).ok()?.trim().parse().ok()?;
        let process = ProcessId::of(pid).ok()??;
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = self.home.display().to_string();
        String::from_utf8_lossy(&arguments).contains(&ours).then_some(process)
    }

    /// `kill -9`.
    pub(crate) fn kill_daemon(&self) {
        let Some(process) = self.daemon() else { return };
        process.signal(Signal::KILL).unwrap();
        poll("the daemon is dead", || (!process.is_alive().unwrap()).then_some(()));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.kill_daemon();
    }
}

fn said(command: &mut Command) -> Said {
    let child = command.spawn().unwrap();
    end_if_it_hangs(child.id());
    of_output(&child.wait_with_output().unwrap())
}

/// A command that hangs is a failure that should be seen, not waited for.
fn end_if_it_hangs(pid: u32) {
    let Some(process) = ProcessId::of(pid).unwrap() else { return };
    std::thread::spawn(move || {
        for _ in 0..1_200 {
            std::thread::sleep(Duration::from_millis(100));
            if !process.is_alive().unwrap_or(false) {
                return;
            }
        }
        drop(process.signal(Signal::KILL));
    });
}

fn of_output(output: &std::process::Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@localhost"])
        .args(arguments)
        .current_dir(root)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Waits for something that must come about.
pub(crate) fn poll<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3_000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never happened: {what}")
}
