//! `shell`: a command in the worktree, whose end is the end of all that it started.
//!
//! The command runs in a process group of its own, and the group is killed when the command ends
//! or its time is up. A process that left the group is found as a descendant, as long as the
//! command lives; what escapes both ends with the agent, at the hands of whoever supervises it.

use std::fs;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::bounds::HeadAndTail;
use super::{Shell, ToolError, Workshop};

const TIMEOUT_S: u64 = 120;
const TIMEOUT_S_MAX: u64 = 3_600;
/// How long the output is awaited after the command has ended.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);
/// How often it is looked whether the command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

type Shared = Arc<Mutex<HeadAndTail>>;

/// Runs a command and gives its output, both streams as one, and how it ended.
pub(super) fn run(workshop: &Workshop, call: &Shell) -> Result<String, ToolError> {
    let timeout = Duration::from_secs(call.timeout_s.unwrap_or(TIMEOUT_S).clamp(1, TIMEOUT_S_MAX));
    let (mut child, pipe) = spawn(workshop, &call.command)
        .map_err(|reason| ToolError::Failed(format!("the command did not start: {reason}")))?;
    let output: Shared = Arc::default();
    let ended = collect(pipe, Arc::clone(&output));
    let is_ended = wait(&child, &ended, timeout);
    kill_tree(&child);
    let status = child
        .wait()
        .map_err(|reason| ToolError::Failed(format!("the command was lost: {reason}")))?;
    // Whoever still holds the pipe does not hold us.
    ended.recv_timeout(OUTPUT_GRACE).unwrap_or_default();
    let text = output.lock().unwrap_or_else(PoisonError::into_inner).text();
    if !is_ended {
        return Err(ToolError::Failed(format!(
            "{text}\n(killed: not done after {} s)\nhint: give a larger timeout_s",
            timeout.as_secs()
        )));
    }
    let report = format!("{text}\n({})", words(status));
    if status.success() { Ok(report) } else { Err(ToolError::Failed(report)) }
}

fn spawn(workshop: &Workshop, command: &str) -> io::Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    let through = workshop.shell_through.iter().map(String::as_str);
    let mut argv = through.chain(["sh", "-c", command]);
    let mut shell = Command::new(argv.next().unwrap_or("sh"));
    shell
        .args(argv)
        .current_dir(&workshop.root)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    if let Some(name) = &workshop.hidden_env {
        shell.env_remove(name);
    }
    Ok((shell.spawn()?, reader))
}

/// Reads in a thread until every writer has gone; the channel closes then.
fn collect(mut pipe: PipeReader, output: Shared) -> Receiver<()> {
    let (open, ended) = channel::<()>();
    thread::spawn(move || {
        let mut buffer = [0; 8_192];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            output.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..count]);
        }
        drop(open);
    });
    ended
}

/// Waits for the end and says whether it came in time. The process is not reaped, so that its
/// number stays its own until the group has been killed.
fn wait(child: &Child, ended: &Receiver<()>, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    while Instant::now() < deadline {
        if has_ended(child) {
            return true;
        }
        if ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
            thread::sleep(LOOK_EVERY);
        }
    }
    has_ended(child)
}

fn has_ended(child: &Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Pid::from_raw(child.id() as i32)
        .is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

/// Kills the group and every descendant. That one of them has gone already is no failure.
fn kill_tree(child: &Child) {
    let Some(leader) = Pid::from_raw(child.id() as i32) else {
        return;
    };
    for pid in descendants(child.id()).into_iter().filter_map(|pid| Pid::from_raw(pid as i32)) {
        kill_process(pid, Signal::KILL).unwrap_or_default();
    }
    kill_process_group(leader, Signal::KILL).unwrap_or_default();
}

/// The processes below this one, from `/proc`; none where there is no such thing.
fn descendants(ancestor: u32) -> Vec<u32> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if let Some(parent) = after_name.split_whitespace().nth(1).and_then(|p| p.parse().ok()) {
            pairs.push((pid, parent));
        }
    }
    let mut found = vec![ancestor];
    let mut index = 0;
    while let Some(parent) = found.get(index).copied() {
        found.extend(pairs.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        index += 1;
    }
    found.split_off(1)
}

fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
