//! Beginning a launch, or calling it off. Both can be repeated at will: after a crash the daemon
//! performs again what it may have performed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Presence, ShimError, in_dir, look};
use super::record::{self, PID, SHIM_LOG, SPEC, STOPPED, Spec};
use crate::process::{MARKER, ProcessId};
use crate::spool;

/// How long a shim may take to take its launch, on a machine that is busy with agents.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// The program that runs a shim: called with `arguments` and the run directory.
#[derive(Clone, Debug)]
pub struct ShimProgram {
    /// Its full path.
    pub path: PathBuf,
    /// What comes before the directory, `shim` for instance.
    pub arguments: Vec<OsString>,
}

/// What [`launch`] did.
#[derive(Debug)]
pub enum Launched {
    /// This call started the shim. It is our child and must be waited for by whoever gets this;
    /// dropping the handle leaves a zombie, not a problem, until the daemon ends.
    Now(Child),
    /// The launch was made before, by this daemon or an earlier one; nothing was started.
    Already(Presence),
}

/// Makes the launch in `dir`, which is created if it is not there. However often and however
/// concurrently it is called, one agent is started at most.
///
/// `secrets` are variables of the agent's environment whose values must not be on disk: only
/// their names are written, and one that is in `spec.env` as well is taken out of it. Whoever may
/// read the environment of the agent, which is the same user, may read them in the shim's.
pub fn launch(
    dir: &Path,
    spec: &Spec,
    shim: &ShimProgram,
    secrets: &BTreeMap<String, String>,
) -> Result<Launched, ShimError> {
    let io = in_dir(dir);
    let dir = &std::path::absolute(dir).map_err(&io)?;
    make_dir(dir).map_err(&io)?;
    match look(dir)? {
        Presence::NotStarted => {}
        made => return Ok(Launched::Already(made)),
    }
    let mut spec = spec.clone();
    spec.env.retain(|name, _| !secrets.contains_key(name));
    spec.secret_env = secrets.keys().cloned().collect();
    let spec = serde_json::to_vec_pretty(&spec).map_err(|error| io(error.into()))?;
    record::write_durably(dir, SPEC, &spec).map_err(&io)?;
    let child = start(dir, shim, secrets)?;
    wait_until_taken(dir, child)
}

/// Calls a launch off: if its agent was not started by now, it never will be. The answer says
/// how the launch stands after that; if it is alive, it has to be stopped as well.
pub fn tombstone(dir: &Path) -> Result<Presence, ShimError> {
    let io = in_dir(dir);
    make_dir(dir).map_err(&io)?;
    record::create_once(dir, STOPPED, b"called off\n").map_err(&io)?;
    // After the tombstone is there: the shim makes `pid` first and looks for the tombstone then,
    // so one of the two sees the other.
    look(dir)
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// The shim gets nothing of ours but its directory and the secrets: no terminal, no pipe, no other
/// environment, no open file. Only the mark is handed on, for a daemon that itself runs below an
/// agent.
fn start(
    dir: &Path,
    shim: &ShimProgram,
    secrets: &BTreeMap<String, String>,
) -> Result<Child, ShimError> {
    let io = in_dir(dir);
    let log = record::append_private(&dir.join(SHIM_LOG)).map_err(&io)?;
    let mut command = Command::new(&shim.path);
    command.args(&shim.arguments).arg(dir).env_clear().envs(secrets).env_remove(MARKER);
    if let Some(outer) = std::env::var_os(MARKER) {
        command.env(MARKER, outer);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(|error| failed(dir, format!("{}: {error}", shim.path.display())))
}

fn wait_until_taken(dir: &Path, mut child: Child) -> Result<Launched, ShimError> {
    let io = in_dir(dir);
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        // In this order: who ended may have taken the launch before.
        let ended = child.try_wait().map_err(&io)?;
        let presence = look(dir)?;
        match (presence, ended) {
            (Presence::NotStarted, None) if Instant::now() < deadline => thread::sleep(PAUSE),
            (Presence::NotStarted, None) => {
                child.kill().map_err(&io)?;
                child.wait().map_err(&io)?;
                return Err(failed(dir, "it took no launch in 20 s and was ended".into()));
            }
            (Presence::NotStarted, Some(status)) => {
                return Err(failed(dir, format!("it ended with {status}")));
            }
            (_, _) if taker(dir).map_err(&io)? == Some(child.id()) => {
                return Ok(Launched::Now(child));
            }
            (presence, _) => {
                // Another was faster, and ours goes away by itself, having done nothing.
                child.wait().map_err(&io)?;
                return Ok(Launched::Already(presence));
            }
        }
    }
}

fn taker(dir: &Path) -> io::Result<Option<u32>> {
    let text = std::fs::read_to_string(dir.join(PID))?;
    Ok(text.parse::<ProcessId>().ok().map(|id| id.pid))
}

fn failed(dir: &Path, message: String) -> ShimError {
    let log = dir.join(SHIM_LOG);
    let said = spool::tail(&log, 3).unwrap_or_default().join(" / ");
    let message = if said.is_empty() { message } else { format!("{message}, saying: {said}") };
    ShimError::LaunchFailed { message, log }
}
