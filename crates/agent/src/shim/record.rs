//! The files of one launch: what it is to run, who runs it, and how it ended.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crew_core::{Millis, Time};
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// What to run ([`Spec`]), written by the daemon.
pub const SPEC: &str = "spec.json";
/// Who took the launch: the identity of the shim. Made exactly once.
pub const PID: &str = "pid";
/// The identity of the agent's main process.
pub const AGENT_PID: &str = "agent.pid";
/// All that the agent printed, as it printed it.
pub const OUT: &str = "out.ndjson";
/// How long that was at which moment.
pub const TIMES: &str = "times.ndjson";
/// All that the agent printed on its standard error.
pub const ERR: &str = "err.log";
/// The inputs that were accepted ([`Input`]), before the agent saw them.
pub const IN: &str = "in.ndjson";
/// The socket of the shim.
pub const SOCKET: &str = "in.sock";
/// How it ended ([`ExitRecord`]); there once and for all.
pub const EXIT: &str = "exit.json";
/// A launch that finds this file does not start its agent.
pub const STOPPED: &str = "stopped";
/// What the shim itself has to complain about.
pub const SHIM_LOG: &str = "shim.log";

/// What a shim is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The program, searched on the `PATH` of `env`, and its arguments.
    pub argv: Vec<String>,
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// The environment, but for the secrets: nothing is inherited. It is written to disk.
    pub env: BTreeMap<String, String>,
    /// The names of the variables that are secret, filled in by [`super::launch`]. Their values
    /// reach the agent through the environment of the shim and are never written down.
    #[serde(default)]
    pub secret_env: Vec<String>,
    /// Exported as `CREWHOUSE_RUN`; unique to this launch.
    pub marker: String,
    /// Written to the agent's standard input at once, each followed by a newline.
    #[serde(default)]
    pub stdin: Vec<String>,
    /// What becomes of the standard input after that.
    pub input: InputMode,
    /// How long the agent may take to end when it is asked to.
    pub grace: Millis,
    /// When the shim ends the agent by itself, with or without a daemon.
    #[serde(default)]
    pub deadline: Option<Time>,
    /// How much the agent may print, both streams together.
    pub output_bytes_max: u64,
    /// How what it prints is to be read. The shim does not read it.
    #[serde(default)]
    pub dialect: Dialect,
}

/// What becomes of the agent's standard input after the first lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputMode {
    /// It stays open for answers. Some agents never begin, or never end, with an open input.
    KeepOpen,
    /// It ends.
    Close,
}

/// One accepted input, as `in.ndjson` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Names the input: the same id is never written twice.
    pub id: String,
    /// One line, without its newline.
    pub line: String,
}

/// How a launch ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Why it ended.
    pub why: Why,
    /// How the agent's main process ended.
    pub status: Status,
    /// When the agent was started.
    pub started_at: Option<Time>,
    /// When nothing of it was left.
    pub ended_at: Time,
    /// Length of `out.ndjson`.
    pub out_bytes: u64,
    /// Length of `err.log`.
    pub err_bytes: u64,
    /// How many processes outlived the agent's main process and had to be ended.
    pub killed_descendants: u32,
    /// Pids that no signal could end (the kernel holds them, or they are another user's).
    #[serde(default)]
    pub survivors: Vec<u32>,
}

/// Why a launch ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// The agent ended by itself.
    Exited,
    /// It was asked to stop, over the socket or by a signal to the shim.
    Stopped,
    /// Its time was over.
    Deadline,
    /// It printed more than it may.
    OutputLimit,
    /// The launch was called off before the agent was started.
    NeverStarted,
    /// The agent could not be started.
    SpawnFailed {
        /// What failed.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The shim was killed; the agent's processes were found by their mark and ended.
    ShimLost,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It never ran, or nobody was there to see.
    Unknown,
}

/// What the agent of a launch speaks; `None` when there is no launch yet.
pub fn dialect(dir: &Path) -> io::Result<Option<Dialect>> {
    Ok(read_json::<Spec>(&dir.join(SPEC))?.map(|spec| spec.dialect))
}

/// Writes `bytes` so that after a crash `dir/name` is either whole or as it was before.
pub(crate) fn write_durably(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temp = dir.join(temp_name(name));
    let mut file = create_private(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temp, dir.join(name))?;
    sync_dir(dir)
}

/// Makes `dir/name` with this content, unless it exists: then the answer is `false`. At no
/// moment is it there with only a part of its content.
pub(crate) fn create_once(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<bool> {
    let temp = dir.join(temp_name(name));
    let mut file = create_private(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let made = match fs::hard_link(&temp, dir.join(name)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    };
    fs::remove_file(&temp)?;
    sync_dir(dir)?;
    made
}

/// Reads a file of JSON; `None` when there is none.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file to append to, readable by its owner only.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// The length of a file; 0 when there is none.
pub(crate) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Unique among the threads that write here now; a leftover of a crash is written over.
fn temp_name(name: &str) -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!(".{name}.{}.{number}.tmp", std::process::id())
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
