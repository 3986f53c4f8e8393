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
use crate::{GitError, Worktree};

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptOutcome {
    /// Exit status of the shell; 128 plus the number of the signal that ended it.
    pub exit: i32,
    /// Whether the deadline ended it.
    pub timed_out: bool,
}

impl Worktree {
    /// Runs `command` with `sh -c` in the worktree, with nothing on stdin; appends what it prints
    /// to `log`.
    pub fn run_script(
        &self,
        command: &str,
        deadline: Duration,
        log: &Path,
    ) -> Result<ScriptOutcome, GitError> {
        let open = || File::options().create(true).append(true).open(log);
        let attempt = format!("open {}", log.display());
        let stdout = open().map_err(io_error(attempt.clone()))?;
        let stderr = open().map_err(io_error(attempt))?;
        let mut shell = Command::new("sh");
        self.repository().git().prepare(&mut shell);
        let mut child = shell
            .args(["-c", command])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(io_error("start a script"))?;
        end(&mut child, deadline).map_err(io_error("wait for a script"))
    }
}

fn end(child: &mut Child, deadline: Duration) -> std::io::Result<ScriptOutcome> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let ended = ends_before(group, Instant::now() + deadline)?;
    // The shell is not reaped yet, so the group's number cannot belong to anyone else.
    signal_group(child, Signal::TERM);
    let status = if ended { child.wait()? } else { end_group(child)? };
    end_rest(group);
    let signal = status.signal().map(|signal| 128 + signal);
    Ok(ScriptOutcome { exit: status.code().or(signal).unwrap_or(-1), timed_out: !ended })
}

/// Waits for the shell without reaping it; false if it still runs at `end`.
fn ends_before(shell: Option<Pid>, end: Instant) -> std::io::Result<bool> {
    let Some(shell) = shell else {
        return Err(std::io::Error::other("BUG: a process without a number"));
    };
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(shell), peek) {
            Ok(Some(_)) => return Ok(true),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if Instant::now() >= end {
            return Ok(false);
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
