//! The life of a shim, from taking the launch to writing how it ended.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crew_core::Time;

use super::record::{
    self, AGENT_PID, ERR, EXIT, ExitRecord, OUT, PID, SOCKET, SPEC, STOPPED, Spec, Status, Why,
};
use super::spawn::{self, Agent, Reaper};
use super::supervise::{Event, Supervisor};
use super::{socket, terminate};
use crate::process::ProcessId;

/// The exit code of a shim that found its launch taken by another.
pub const EXIT_CODE_TAKEN: u8 = 75;
/// The exit code of a shim that could not do its work; `shim.log` says why.
pub const EXIT_CODE_FAILED: u8 = 70;

/// How often a full disk is given time before the exit record is given up.
const RECORD_ATTEMPTS: u32 = 60;

/// Everything is relative to the run directory, which the shim makes its working directory: a
/// socket's path may have no more than 108 bytes, and a home may be longer.
const HERE: &str = ".";

/// Runs the launch in `dir` to its end. To be called by a process that does nothing else: it
/// changes its session and working directory, and reaps every child.
pub fn run_shim(dir: &Path) -> ExitCode {
    match run(dir) {
        Ok(Taken::ByUs) => ExitCode::SUCCESS,
        Ok(Taken::ByAnother) => ExitCode::from(EXIT_CODE_TAKEN),
        Err(error) => {
            complain("the shim gives up", &error);
            ExitCode::from(EXIT_CODE_FAILED)
        }
    }
}

enum Taken {
    ByUs,
    ByAnother,
}

fn run(dir: &Path) -> io::Result<Taken> {
    std::env::set_current_dir(dir)?;
    leave_session();
    let own = ProcessId::own()?;
    if !record::create_once(Path::new(HERE), PID, format!("{own}\n").as_bytes())? {
        return Ok(Taken::ByAnother);
    }
    write_exit(&perform())?;
    if let Err(error) = std::fs::remove_file(SOCKET)
        && error.kind() != io::ErrorKind::NotFound
    {
        complain("the socket stays", &error);
    }
    Ok(Taken::ByUs)
}

/// Whatever goes wrong before the agent runs is an end of the launch like any other.
fn perform() -> ExitRecord {
    // After `pid` is made: whoever writes the tombstone looks for `pid` after it.
    if Path::new(STOPPED).exists() {
        return not_started(Why::NeverStarted);
    }
    match prepare() {
        Ok((supervisor, events)) => supervisor.run(&events),
        Err(why) => not_started(why),
    }
}

fn prepare() -> Result<(Supervisor, mpsc::Receiver<Event>), Why> {
    let own_fault = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| Why::SpawnFailed {
            message: format!("{what}: {error}"),
            hint: "look at the run's directory: is its disk full or gone?".into(),
        }
    };
    let spec: Spec = record::read_json(Path::new(SPEC))
        .and_then(|spec| spec.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(own_fault("spec.json cannot be read"))?;
    let (tell, events) = mpsc::channel();
    become_reaper().map_err(own_fault("the shim cannot adopt orphans"))?;
    let term = tell.clone();
    terminate::on_terminate(move || drop(term.send(Event::Terminated)))
        .map_err(own_fault("the shim cannot listen for signals"))?;
    let listener = bind().map_err(own_fault("in.sock cannot be made"))?;
    socket::serve(listener, tell.clone()).map_err(own_fault("in.sock cannot be served"))?;
    let reaper = Reaper::prepare(tell).map_err(own_fault("the shim cannot wait"))?;
    let agent = spawn::spawn(&spec)?;
    reaper.start();
    note_agent(&agent);
    Ok((Supervisor::new(spec, agent, now()), events))
}

fn bind() -> io::Result<UnixListener> {
    let listener = UnixListener::bind(SOCKET)?;
    std::fs::set_permissions(SOCKET, PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// A session of our own, so that no terminal and no group signal of the daemon reaches us. A
/// shim started by hand from a shell may lead a group already, which is as good.
fn leave_session() {
    if let Err(errno) = rustix::process::setsid() {
        complain("stays in its session", &errno);
    }
}

#[cfg(target_os = "linux")]
fn become_reaper() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

#[cfg(not(target_os = "linux"))]
fn become_reaper() -> io::Result<()> {
    Ok(())
}

/// Only a trace for people and for [`super::reap_lost`]: without it all works as well.
fn note_agent(agent: &Agent) {
    let line = format!("{}\n", agent.id);
    if let Err(error) = record::write_durably(Path::new(HERE), AGENT_PID, line.as_bytes()) {
        complain("agent.pid cannot be written", &error);
    }
}

fn not_started(why: Why) -> ExitRecord {
    ExitRecord {
        why,
        status: Status::Unknown,
        started_at: None,
        ended_at: now(),
        out_bytes: record::length(Path::new(OUT)),
        err_bytes: record::length(Path::new(ERR)),
        killed_descendants: 0,
        survivors: Vec::new(),
    }
}

/// The disk may be full, of all moments, because of what the agent wrote: patience helps.
fn write_exit(exit: &ExitRecord) -> io::Result<()> {
    let bytes = serde_json::to_vec(exit)?;
    let mut attempt = 1;
    loop {
        match record::write_durably(Path::new(HERE), EXIT, &bytes) {
            // A directory that was removed does not come back.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Err(error) if attempt < RECORD_ATTEMPTS => {
                complain("exit.json cannot be written yet", &error);
                std::thread::sleep(Duration::from_secs(1));
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// The moment now, by the wall clock.
pub(super) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Says something in `shim.log`, which is our standard error. If that fails, too, nobody is left
/// to be told.
pub(super) fn complain(what: &str, error: &dyn Display) {
    drop(writeln!(io::stderr(), "crew shim: {what}: {error}"));
}
