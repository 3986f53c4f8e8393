//! After a shim was killed: its agents are found by their mark, ended, and the launch is over.

use std::path::Path;
use std::time::Duration;

use crew_core::{Millis, Time};

use super::client::{Presence, ShimError, in_dir, look};
use super::record::{self, AGENT_PID, ERR, EXIT, ExitRecord, OUT, Status, Why};
use crate::process::{self, ProcessId};

/// How long processes are sent KILL before they are given up.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// Ends all that is left of a lost launch (TERM, `grace`, KILL) and writes its record, so that it
/// is over. Returns how many processes were ended. A launch that is over already is left as it is.
///
/// What is left is what carries the mark in its environment, what can still write to the agent's
/// output, the agent's main process, and what is below these. Only a process that cleaned its
/// environment *and* redirected its output *and* left its parent is not found.
pub fn reap_lost(dir: &Path, marker: &str, grace: Millis, now: Time) -> Result<usize, ShimError> {
    let io = in_dir(dir);
    match look(dir)? {
        Presence::Lost => {}
        Presence::Ended(_) => return Ok(0),
        Presence::Alive { pid } => return Err(ShimError::StillAlive(pid)),
        Presence::NotStarted => return Err(ShimError::NotRunning(Box::new(Presence::NotStarted))),
    }
    let agent = agent_of(dir);
    let find = || left_of(dir, marker, agent.as_ref());
    let grace = Duration::from_millis(grace.0);
    let (ended, survivors) = process::end_all(find, grace, KILL_PATIENCE).map_err(&io)?;
    if !survivors.is_empty() {
        return Err(ShimError::Unkillable(survivors.iter().map(|id| id.pid).collect()));
    }
    let exit = ExitRecord {
        why: Why::ShimLost,
        status: Status::Unknown,
        started_at: None,
        ended_at: now,
        out_bytes: record::length(&dir.join(OUT)),
        err_bytes: record::length(&dir.join(ERR)),
        killed_descendants: u32::try_from(ended).unwrap_or(u32::MAX),
        survivors: Vec::new(),
    };
    let bytes = serde_json::to_vec(&exit).map_err(|error| io(error.into()))?;
    record::write_durably(dir, EXIT, &bytes).map_err(&io)?;
    Ok(ended)
}

fn agent_of(dir: &Path) -> Option<ProcessId> {
    std::fs::read_to_string(dir.join(AGENT_PID)).ok()?.parse().ok()
}

fn left_of(dir: &Path, marker: &str, agent: Option<&ProcessId>) -> std::io::Result<Vec<ProcessId>> {
    let mut found = process::marked(marker, &[&dir.join(OUT), &dir.join(ERR)])?;
    if let Some(agent) = agent
        && agent.is_alive()?
    {
        found.push(agent.clone());
        found.extend(process::descendants(&[agent.pid])?);
    }
    Ok(found)
}
