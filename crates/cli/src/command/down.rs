//! `crew down`: the end of the daemon, not of the agents.

use std::time::Duration;

use crew_agent::process::ProcessId;
use crew_server::wire::{Health, Nothing, Status};
use rustix::process::Signal;
use serde_json::json;

use crate::context::Context;
use crate::daemon::{self, Daemon};
use crate::error::{Attempt, CliError, Exit};

/// How long the daemon may take to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks the daemon to end, and waits until it has.
pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let home = context.home_path()?;
    let (pid, agents) = if let Some(daemon) = daemon::find(&home).await? {
        ask(&daemon).await?
    } else if let Some(file) = daemon::recorded(&home) {
        (signal(file.pid, &file.home, &home)?, None)
    } else {
        let answer = json!({"running": false, "ended": null});
        context.out.either(&answer, "the daemon does not run")?;
        return Ok(Exit::Ok);
    };
    if !daemon::gone(pid, PATIENCE).await? {
        return Err(CliError::failed(format!("the daemon (pid {pid}) does not end"))
            .hint(format!("see {}", home.join("daemon.log").display())));
    }
    let text = match agents {
        Some(0) | None => "the daemon has ended".to_owned(),
        Some(1) => "the daemon has ended; 1 agent stays at work".to_owned(),
        Some(n) => format!("the daemon has ended; {n} agents stay at work"),
    };
    context.out.either(&json!({"running": false, "ended": pid, "agents": agents}), text)?;
    Ok(Exit::Ok)
}

/// Ends a daemon, saying nothing about it.
pub(crate) async fn end(context: &Context) -> Result<(), CliError> {
    if let Some(daemon) = daemon::find(&context.home_path()?).await? {
        let (pid, _) = ask(&daemon).await?;
        daemon::gone(pid, PATIENCE).await?;
    }
    Ok(())
}

async fn ask(daemon: &Daemon) -> Result<(u32, Option<usize>), CliError> {
    let status: Status = daemon.client.get("/api/status").await?;
    let health: Health = daemon.client.post("/api/shutdown", &Nothing {}).await?;
    Ok((health.pid, Some(status.agents.len())))
}

/// A daemon that does not answer, but runs our program for this home, is told by a signal.
fn signal(pid: u32, of: &str, home: &std::path::Path) -> Result<u32, CliError> {
    let process = ProcessId::of(pid).attempt("looking at processes")?;
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let ours = arguments.split(|byte| *byte == 0).any(|argument| argument == b"serve")
        && home.canonicalize().is_ok_and(|home| home.display().to_string() == of);
    match process {
        Some(process) if ours => {
            process.signal(Signal::TERM).attempt("ending the daemon")?;
            Ok(pid)
        }
        Some(_) | None => Err(CliError::new(Exit::NoDaemon, "the daemon does not answer")
            .hint(format!("daemon.json names process {pid}, which is another program"))),
    }
}
