//! Starting the agent, and waiting for it and for all that it leaves behind.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::process::{WaitOptions, wait};

use super::feed::Feed;
use super::record::{self, ERR, InputMode, OUT, Spec, Status, Why};
use super::run::complain;
use super::supervise::Event;
use crate::process::{MARKER, ProcessId};

/// Threads of the shim do little; the default of 2 MiB each would be all its memory.
pub(super) const STACK_BYTES: usize = 256 * 1024;

/// The agent's main process.
pub(super) struct Agent {
    pub(super) id: ProcessId,
    pub(super) feed: Feed,
}

/// Starts the agent; a failure is a way for the launch to end.
pub(super) fn spawn(spec: &Spec) -> Result<Agent, Why> {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return Err(failed("argv is empty", "give the program to run"));
    };
    if !spec.cwd.is_absolute() || !spec.cwd.is_dir() {
        let message = format!("the working directory {} is not there", spec.cwd.display());
        return Err(failed(message, "was the task's worktree removed? retry to make it anew"));
    }
    let secrets = secrets(spec)?;
    start(spec, program, arguments, secrets).map_err(|error| explain(spec, program, &error))
}

/// The secret variables, from our own environment: the launch put them there.
fn secrets(spec: &Spec) -> Result<Vec<(&str, OsString)>, Why> {
    let value_of = |name: &str| {
        std::env::var_os(name).ok_or_else(|| {
            let message = format!("the secret variable {name} was not handed to the shim");
            failed(message, "retry: the launch was made by hand, or in part")
        })
    };
    spec.secret_env.iter().map(|name| Ok((name.as_str(), value_of(name)?))).collect()
}

fn start(
    spec: &Spec,
    program: &str,
    arguments: &[String],
    secrets: Vec<(&str, OsString)>,
) -> io::Result<Agent> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&spec.cwd)
        .env_clear()
        .envs(&spec.env)
        .envs(secrets)
        .env(MARKER, &spec.marker)
        .stdin(input_of(spec))
        .stdout(record::append_private(Path::new(OUT))?)
        .stderr(record::append_private(Path::new(ERR))?)
        // A group of its own: agents and shells say `kill 0`, which must not mean us.
        .process_group(0)
        .spawn()?;
    let feed = Feed::start(child.stdin.take(), &spec.stdin, spec.input);
    match (ProcessId::of_unreaped(child.id()), feed) {
        (Ok(id), Ok(feed)) => Ok(Agent { id, feed }),
        (Err(error), _) | (_, Err(error)) => {
            // What cannot be supervised must not run.
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

/// An input that is never written to is no pipe at all: some agents wait for its end.
fn input_of(spec: &Spec) -> Stdio {
    match spec.input {
        InputMode::Close if spec.stdin.is_empty() => Stdio::null(),
        InputMode::Close | InputMode::KeepOpen => Stdio::piped(),
    }
}

/// A thread that waits for children as soon as it is told that there is one. It is made before
/// the agent, so that an agent without it cannot be.
pub(super) struct Reaper(Sender<()>);

impl Reaper {
    pub(super) fn prepare(tell: Sender<Event>) -> io::Result<Self> {
        let (start, started) = channel();
        let wait_for_start = move || {
            if started.recv().is_ok() {
                reap(&tell);
            }
        };
        thread::Builder::new().stack_size(STACK_BYTES).spawn(wait_for_start)?;
        Ok(Self(start))
    }

    pub(super) fn start(self) {
        if self.0.send(()).is_err() {
            complain("cannot wait", &"BUG: the reaper is gone");
        }
    }
}

/// Reaps every child, adopted orphans included, until there is none: then none of what the agent
/// started is left either, for whatever lost its parent became our child.
fn reap(tell: &Sender<Event>) {
    loop {
        let event = match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => Event::Reaped {
                pid: pid.as_raw_nonzero().get().cast_unsigned(),
                status: match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Status::Code(code),
                    (None, Some(signal)) => Status::Signal(signal),
                    (None, None) => continue, // stopped or continued, not ended
                },
            },
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(_) => Event::AllGone, // ECHILD
        };
        let last = matches!(event, Event::AllGone);
        if tell.send(event).is_err() || last {
            return;
        }
    }
}

/// Says what a failed start means in words that someone can act on.
fn explain(spec: &Spec, program: &str, error: &io::Error) -> Why {
    let path = spec.env.get("PATH").map_or("(not set)", String::as_str);
    match error.kind() {
        io::ErrorKind::NotFound if program.contains('/') => failed(
            format!("there is no program {program}"),
            "install it, or correct the agent's command; for a script, is its #! line right?",
        ),
        io::ErrorKind::NotFound => failed(
            format!("the program `{program}` is not on the PATH {path}"),
            "install it, or give its full path as the agent's command",
        ),
        io::ErrorKind::PermissionDenied => failed(
            format!("the program `{program}` may not be executed"),
            "is it executable (chmod +x), and on a disk that is not mounted noexec?",
        ),
        io::ErrorKind::ArgumentListTooLong => failed(
            format!("the arguments or the environment of `{program}` are too long"),
            "give the prompt on standard input instead of as an argument",
        ),
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => failed(
            format!("`{program}` is no program that this machine can run"),
            "is it built for this machine? a script needs a #! line",
        ),
        _ => failed(format!("`{program}` cannot be started: {error}"), "try the command by hand"),
    }
}

fn failed(message: impl Into<String>, hint: &str) -> Why {
    Why::SpawnFailed { message: message.into(), hint: hint.into() }
}
