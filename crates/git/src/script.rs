//! Scripts that the user wants run in a worktree: set-up before the agent, teardown after it.
//!
//! A script leads a process group of its own. When its shell ends, its deadline passes or it prints
//! too much, the whole group is ended: a set-up that leaves a server running would keep the
//! worktree in use. If we are killed meanwhile, it runs on; the mark in its environment, which all
//! that it starts inherits, is there to find and end it by.
//!
//! Of our own environment a script gets what a build needs, by name, and no key.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use serde::{Deserialize, Serialize};

use crate::child::{GRACE, end_group, signal_group};
use crate::error::io_error;
use crate::{GitError, Repository, Worktree};

/// Exported to a script with its mark. The variable that marks an agent, too, so that one search
/// finds both.
const MARKER: &str = "CREWHOUSE_RUN";

/// What a script inherits of our environment.
const INHERITED: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TERM",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "JAVA_HOME",
    "NVM_DIR",
];

/// A script to be run.
#[derive(Clone, Copy)]
pub struct Script<'a> {
    /// Run with `sh -c`, with nothing on stdin.
    pub command: &'a str,
    /// A command that runs another one, which is appended to it: `env -i`, for instance. Empty is none.
    pub through: &'a [String],
    /// What is set besides, or otherwise, in its environment.
    pub environment: &'a BTreeMap<String, String>,
    /// How long it may take.
    pub deadline: Duration,
    /// What it prints is appended here.
    pub log: &'a Path,
    /// How much the log may grow; [`Script::LOG_BYTES_MAX`] is plenty.
    pub log_bytes_max: u64,
    /// Exported as `CREWHOUSE_RUN`; unique to this run of the script.
    pub marker: &'a str,
    /// It is ended as soon as this says so.
    pub cancelled: &'a dyn Fn() -> bool,
}

impl Script<'_> {
    /// 64 MiB: more than anyone reads, less than a disk.
    pub const LOG_BYTES_MAX: u64 = 64 << 20;
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptOutcome {
    /// By itself: the exit status of the shell; 128 plus the number of the signal that ended it.
    Exited(i32),
    /// By the deadline.
    TimedOut,
    /// By whoever called it off.
    Cancelled,
    /// By its log, which grew too long.
    TooMuchOutput,
}

impl Worktree {
    /// Runs a script in the worktree.
    pub fn run_script(&self, script: &Script<'_>) -> Result<ScriptOutcome, GitError> {
        self.repository().run_script_in(self.path(), script)
    }
}

impl Repository {
    /// Runs a script in any directory: that of a merge that is being tried.
    pub fn run_script_in(
        &self,
        directory: &Path,
        script: &Script<'_>,
    ) -> Result<ScriptOutcome, GitError> {
        let open = || File::options().create(true).append(true).open(script.log);
        let attempt = format!("open {}", script.log.display());
        let stdout = open().map_err(io_error(attempt.clone()))?;
        let stderr = open().map_err(io_error(attempt.clone()))?;
        let log = Log::begin(open().map_err(io_error(attempt))?, script.log_bytes_max);
        let log = log.map_err(io_error("read the length of a log"))?;
        let shell = ["sh", "-c", script.command];
        let mut argv = script.through.iter().map(String::as_str).chain(shell);
        let mut command = Command::new(argv.next().unwrap_or("sh"));
        self.git().prepare(&mut command, &INHERITED);
        let mut child = command
            .envs(script.environment)
            .env(MARKER, script.marker)
            .args(argv)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(io_error("start a script"))?;
        end(&mut child, script, &log).map_err(io_error("wait for a script"))
    }
}

/// A log that a script writes itself, so that it can only be watched.
struct Log {
    file: File,
    bytes_max: u64,
}

impl Log {
    fn begin(file: File, growth_max: u64) -> std::io::Result<Self> {
        let bytes_max = file.metadata()?.len().saturating_add(growth_max);
        Ok(Self { file, bytes_max })
    }

    fn is_too_long(&self) -> std::io::Result<bool> {
        Ok(self.file.metadata()?.len() > self.bytes_max)
    }
}

fn end(child: &mut Child, script: &Script<'_>, log: &Log) -> std::io::Result<ScriptOutcome> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let forced = wait(group, script, log)?;
    // Every moment of one that prints too much costs disk.
    let is_flood = forced == Some(ScriptOutcome::TooMuchOutput);
    // The shell is not reaped yet, so the group's number cannot belong to anyone else.
    signal_group(child, if is_flood { Signal::KILL } else { Signal::TERM });
    let status = if forced.is_none() { child.wait()? } else { end_group(child)? };
    end_rest(group);
    let signal = status.signal().map(|signal| 128 + signal);
    Ok(forced.unwrap_or(ScriptOutcome::Exited(status.code().or(signal).unwrap_or(-1))))
}

/// Waits for the shell without reaping it; says why it has to be ended if it still runs.
fn wait(
    shell: Option<Pid>,
    script: &Script<'_>,
    log: &Log,
) -> std::io::Result<Option<ScriptOutcome>> {
    let Some(shell) = shell else {
        return Err(std::io::Error::other("BUG: a process without a number"));
    };
    let end = Instant::now() + script.deadline;
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(shell), peek) {
            Ok(Some(_)) => return Ok(None),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if (script.cancelled)() {
            return Ok(Some(ScriptOutcome::Cancelled));
        }
        if Instant::now() >= end {
            return Ok(Some(ScriptOutcome::TimedOut));
        }
        if log.is_too_long()? {
            return Ok(Some(ScriptOutcome::TooMuchOutput));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends what the shell left in its group and what did not heed the first signal.
fn end_rest(group: Option<Pid>) {
    let Some(group) = group else { return };
    let end = Instant::now() + GRACE;
    while test_kill_process_group(group).is_ok() {
        if Instant::now() >= end {
            // An error says that nobody is left to signal.
            kill_process_group(group, Signal::KILL).ok();
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
