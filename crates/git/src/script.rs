//! Scripts that the user wants run in a worktree: set-up before the agent, teardown after it.
//!
//! A script leads a process group of its own. When its shell ends, or its deadline passes, the
//! whole group is ended: a set-up that leaves a server running would keep the worktree in use.

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

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptOutcome {
    /// By itself: the exit status of the shell; 128 plus the number of the signal that ended it.
    Exited(i32),
    /// By the deadline.
    TimedOut,
    /// By whoever called it off.
    Cancelled,
}

impl Worktree {
    /// Runs `command` with `sh -c` in the worktree, with nothing on stdin; appends what it prints
    /// to `log`. It is ended as soon as `cancelled` says so.
    pub fn run_script(
        &self,
        command: &str,
        deadline: Duration,
        log: &Path,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ScriptOutcome, GitError> {
        self.repository().run_script_in(self.path(), command, deadline, log, cancelled)
    }
}

impl Repository {
    /// Like [`Worktree::run_script`], in any directory: that of a merge that is being tried.
    pub fn run_script_in(
        &self,
        directory: &Path,
        command: &str,
        deadline: Duration,
        log: &Path,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ScriptOutcome, GitError> {
        let open = || File::options().create(true).append(true).open(log);
        let attempt = format!("open {}", log.display());
        let stdout = open().map_err(io_error(attempt.clone()))?;
        let stderr = open().map_err(io_error(attempt))?;
        let mut shell = Command::new("sh");
        self.git().prepare(&mut shell);
        let mut child = shell
            .args(["-c", command])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(io_error("start a script"))?;
        end(&mut child, deadline, cancelled).map_err(io_error("wait for a script"))
    }
}

fn end(
    child: &mut Child,
    deadline: Duration,
    cancelled: &dyn Fn() -> bool,
) -> std::io::Result<ScriptOutcome> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let forced = wait(group, Instant::now() + deadline, cancelled)?;
    // The shell is not reaped yet, so the group's number cannot belong to anyone else.
    signal_group(child, Signal::TERM);
    let status = if forced.is_none() { child.wait()? } else { end_group(child)? };
    end_rest(group);
    let signal = status.signal().map(|signal| 128 + signal);
    Ok(forced.unwrap_or(ScriptOutcome::Exited(status.code().or(signal).unwrap_or(-1))))
}

/// Waits for the shell without reaping it; says why it has to be ended if it still runs.
fn wait(
    shell: Option<Pid>,
    end: Instant,
    cancelled: &dyn Fn() -> bool,
) -> std::io::Result<Option<ScriptOutcome>> {
    let Some(shell) = shell else {
        return Err(std::io::Error::other("BUG: a process without a number"));
    };
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(shell), peek) {
            Ok(Some(_)) => return Ok(None),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if cancelled() {
            return Ok(Some(ScriptOutcome::Cancelled));
        }
        if Instant::now() >= end {
            return Ok(Some(ScriptOutcome::TimedOut));
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
