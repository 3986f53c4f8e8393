//! The daemon's side: how a launch stands, and what is asked of it. Everything blocks, for a
//! bounded time.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crew_core::Millis;
use rustix::process::Signal;

use super::record::{self, EXIT, ExitRecord, PID, SOCKET};
use super::wire::{LiveStatus, Refused, Reply, Request};
use crate::process::{ProcessId, Sent};

/// How long a request is tried before the shim counts as not answering.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one answer may take; the shim itself answers or hangs up earlier.
const ANSWER_PATIENCE: Duration = Duration::from_secs(12);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// How a launch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nobody took the launch yet.
    NotStarted,
    /// The shim runs.
    Alive {
        /// The pid of the shim.
        pid: u32,
    },
    /// It is over, and nothing of it runs.
    Ended(ExitRecord),
    /// The shim is gone and did not say how it ended: it was killed, or the machine was. What the
    /// agent started may still run; see [`super::reap_lost`].
    Lost,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk and on its way to the agent.
    Now,
    /// It was before; nothing was written again.
    Already,
}

/// Why a launch could not be made, asked or told.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// There is no shim to talk to: the launch has not begun, is over, or is lost.
    #[error("the agent does not run ({0:?}); hint: start it again to go on")]
    NotRunning(Box<Presence>),
    /// The shim refuses.
    #[error("the agent's shim refuses: {message} ({why:?})")]
    Refused {
        /// For a program.
        why: Refused,
        /// For people.
        message: String,
    },
    /// The shim runs but does not answer.
    #[error("the shim {pid} does not answer: {error}; hint: is the machine overloaded?")]
    Silent {
        /// The pid of the shim.
        pid: u32,
        /// The last failure.
        error: io::Error,
    },
    /// The shim program did not take the launch.
    #[error("the shim did not start: {message}; hint: see {log}")]
    LaunchFailed {
        /// What it said, or how it ended.
        message: String,
        /// Its log.
        log: PathBuf,
    },
    /// Asked to clean up after a shim that is alive and well.
    #[error("the shim {0} runs; hint: stop it instead")]
    StillAlive(u32),
    /// Marked processes that would not go.
    #[error("processes {0:?} cannot be ended; hint: end them by hand, they may be another user's")]
    Unkillable(Vec<u32>),
    /// The run directory cannot be read or written.
    #[error("{path}: {error}; hint: is the disk full, or the directory gone?")]
    Io {
        /// The run directory.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
}

/// Says how the launch in `dir` stands, from what is on disk and in the process table only.
pub fn look(dir: &Path) -> Result<Presence, ShimError> {
    let io = in_dir(dir);
    if let Some(exit) = record::read_json(&dir.join(EXIT)).map_err(&io)? {
        return Ok(Presence::Ended(exit));
    }
    let text = match std::fs::read_to_string(dir.join(PID)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Presence::NotStarted),
        Err(error) => return Err(io(error)),
    };
    // The file is made whole; if it is not, a disk lost it, and with it the shim.
    let shim = text.parse::<ProcessId>().ok();
    if let Some(shim) = shim
        && shim.is_alive().map_err(&io)?
    {
        return Ok(Presence::Alive { pid: shim.pid });
    }
    // It may have ended in between; its record comes before its end.
    let exit = record::read_json(&dir.join(EXIT)).map_err(&io)?;
    Ok(exit.map_or(Presence::Lost, Presence::Ended))
}

/// Gives the agent one line of input. However often it is given with this id, and whoever is
/// killed in between, the agent gets it at most once; when this returns `Ok`, it is on disk and
/// the agent gets it unless it ends first.
pub fn send_input(dir: &Path, id: &str, line: &str) -> Result<Accepted, ShimError> {
    let reply = ask(dir, &Request::Input { id: id.into(), line: line.into() })?;
    Ok(if reply.already { Accepted::Already } else { Accepted::Now })
}

/// Ends the agent's standard input, after all that was accepted.
pub fn close_input(dir: &Path) -> Result<(), ShimError> {
    ask(dir, &Request::CloseInput).map(drop)
}

/// Asks a live launch how it stands.
pub fn status(dir: &Path) -> Result<LiveStatus, ShimError> {
    let reply = ask(dir, &Request::Status)?;
    reply.status.ok_or_else(|| in_dir(dir)(io::Error::other("BUG: a status without a status")))
}

/// Begins to end the launch, and does not wait for it: it is over when [`look`] says so. That it
/// is over already is no error. A shim that does not answer is sent TERM, which means the same.
pub fn stop(dir: &Path, grace: Millis) -> Result<(), ShimError> {
    match ask(dir, &Request::Stop { grace_ms: grace.0 }) {
        Ok(_) => Ok(()),
        Err(ShimError::NotRunning(presence)) if matches!(*presence, Presence::Ended(_)) => Ok(()),
        Err(ShimError::Silent { .. }) => terminate(dir),
        Err(other) => Err(other),
    }
}

fn terminate(dir: &Path) -> Result<(), ShimError> {
    let io = in_dir(dir);
    let text = std::fs::read_to_string(dir.join(PID)).map_err(&io)?;
    let shim: ProcessId = text.parse().map_err(&io)?;
    match shim.signal(Signal::TERM).map_err(&io)? {
        Sent::Delivered | Sent::Gone => Ok(()),
    }
}

/// Makes an error of this directory.
pub(super) fn in_dir(dir: &Path) -> impl Fn(io::Error) -> ShimError {
    let path = dir.to_owned();
    move |error| ShimError::Io { path: path.clone(), error }
}

/// Asks until there is an answer. That is safe for every request: an input is written once by
/// its id, and the others are the same done twice.
fn ask(dir: &Path, request: &Request) -> Result<Reply, ShimError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let error = match ask_once(dir, request) {
            Ok(Reply { refused: Some(why), message, .. }) => {
                return Err(ShimError::Refused { why, message: message.unwrap_or_default() });
            }
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        // The shim may be about to make its socket, be busy with others, or be gone.
        match look(dir)? {
            Presence::Alive { pid } if Instant::now() >= deadline => {
                return Err(ShimError::Silent { pid, error });
            }
            Presence::Alive { .. } => thread::sleep(PAUSE),
            gone => return Err(ShimError::NotRunning(Box::new(gone))),
        }
    }
}

fn ask_once(dir: &Path, request: &Request) -> io::Result<Reply> {
    let mut shim = connect(dir)?;
    shim.set_read_timeout(Some(ANSWER_PATIENCE))?;
    shim.set_write_timeout(Some(ANSWER_PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    if line.len() > super::wire::REQUEST_BYTES_MAX {
        let message = "an input has at most 1 MiB; give the agent a file to read";
        return Ok(Reply::refused(Refused::Invalid, message));
    }
    shim.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(shim).read_until(b'\n', &mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}

/// A socket's path has at most 108 bytes, so the long one is left behind an open directory.
#[cfg(target_os = "linux")]
fn connect(dir: &Path) -> io::Result<UnixStream> {
    use std::os::fd::AsRawFd;
    let dir = std::fs::File::open(dir)?;
    UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()))
}

#[cfg(not(target_os = "linux"))]
fn connect(dir: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(dir.join(SOCKET))
}
