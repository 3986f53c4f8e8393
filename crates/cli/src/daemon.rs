//! Finding the daemon, and starting it.
//!
//! A running daemon says how to reach it in `<home>/daemon.json`. The file may be left over from
//! one that was killed, so it is believed only if its process lives and answers for this home.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crew_agent::process::ProcessId;
use crew_agent::spool;
use crew_server::wire::Health;
use crew_store::Home;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// How long a daemon may take to start: it may have years of history to read.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long a daemon may take to say that it is well.
const HEALTH_PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);
/// The log begins anew when it is larger than this.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// What `daemon.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DaemonFile {
    /// Where the API is.
    pub(crate) url: String,
    /// The daemon's process.
    pub(crate) pid: u32,
    /// The data directory.
    pub(crate) home: String,
    /// Of the program.
    pub(crate) version: String,
    /// When it was started, in milliseconds since 1970.
    pub(crate) started_at: u64,
}

/// A daemon that answers.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) file: DaemonFile,
    pub(crate) client: Client,
}

impl DaemonFile {
    /// Says how to reach us.
    pub(crate) fn write(&self, home: &Home) -> Result<(), CliError> {
        let path = home.daemon_file();
        let temporary = path.with_extension("json.new");
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file =
                options.create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().attempt(format!("writing {}", path.display()))
    }
}

/// What the file says, if there is one and its process lives.
pub(crate) fn recorded(home: &Path) -> Option<DaemonFile> {
    let text = fs::read(home.join("daemon.json")).ok()?;
    let file: DaemonFile = serde_json::from_slice(&text).ok()?;
    ProcessId::of(file.pid).ok().flatten().map(|_| file)
}

/// The daemon of a home, if it runs and answers.
pub(crate) async fn find(home: &Path) -> Result<Option<Daemon>, CliError> {
    let Some(file) = recorded(home) else { return Ok(None) };
    let Ok(token) = fs::read_to_string(home.join("token")) else { return Ok(None) };
    let client = Client::new(&file.url, token.trim())?;
    // Whoever else has that pid or that port by now does not know our token.
    match client.get_within::<Health>("/api/health", HEALTH_PATIENCE).await {
        Ok(health) if health.pid == file.pid => Ok(Some(Daemon { file, client })),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The daemon of a home, started if it does not run.
pub(crate) async fn ensure(context: &Context, port: Option<u16>) -> Result<Daemon, CliError> {
    match find(&context.home_path()?).await? {
        Some(daemon) => Ok(daemon),
        None => start(&context.home()?, port).await,
    }
}

async fn start(home: &Home, port: Option<u16>) -> Result<Daemon, CliError> {
    let deadline = Instant::now() + START_PATIENCE;
    let mut child = spawn(home, port)?;
    while Instant::now() < deadline {
        // In this order: whoever ended may have been beaten by another, who is there now.
        let ended = child.try_wait().attempt("waiting for the daemon")?;
        if let Some(daemon) = find(home.root()).await? {
            return Ok(daemon);
        }
        match ended {
            // Another has the home, and is either coming up or going down.
            Some(status) if status.code() == Some(i32::from(Exit::Refused as u8)) => {
                tokio::time::sleep(PAUSE * 10).await;
                child = spawn(home, port)?;
            }
            Some(_) => return Err(not_started(home, "it ended at once")),
            None => tokio::time::sleep(PAUSE).await,
        }
    }
    child.kill().ok(); // it may just have ended
    Err(not_started(home, "it takes too long"))
}

fn spawn(home: &Home, port: Option<u16>) -> Result<Child, CliError> {
    let program = std::env::current_exe().attempt("finding this program")?;
    let log = log(home)?;
    let mut command = Command::new(program);
    command.arg("--home").arg(home.root()).args(["serve", "--detached"]);
    if let Some(port) = port {
        command.arg("--port").arg(port.to_string());
    }
    // Its directory is the home, so that it holds no other one.
    command.current_dir(home.root()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().attempt("starting the daemon")
}

fn log(home: &Home) -> Result<File, CliError> {
    let path = home.daemon_log();
    if fs::metadata(&path).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
        fs::rename(&path, path.with_extension("log.old")).attempt("turning the log over")?;
    }
    let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    open.attempt(format!("opening {}", path.display()))
}

fn not_started(home: &Home, why: &str) -> CliError {
    let log = home.daemon_log();
    let said = spool::tail(&log, 5).unwrap_or_default().join("\n");
    let message = format!("the daemon did not start: {why}\n{said}");
    CliError::new(Exit::NoDaemon, message.trim_end()).hint(format!("see {}", log.display()))
}

/// Waits until a process is gone.
pub(crate) async fn gone(pid: u32, patience: Duration) -> Result<bool, CliError> {
    let deadline = Instant::now() + patience;
    while let Some(process) = ProcessId::of(pid).attempt("looking at processes")? {
        if process.pid != pid || Instant::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}
