//! Scripts of the project: set-up, checks, teardown. They run as our children, marked, so that the
//! next daemon finds what a killed one left running.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use crew_agent::process::{end_all, marked};
use crew_core::Millis;
use crew_core::project::Project;
use crew_git::{Repository, Script, ScriptOutcome};
use crew_store::Home;

use super::cell::Cell;
use super::{CalledOff, Outside};

/// The end of a script's output that is shown, in bytes.
const OUTPUT_SHOWN: u64 = 8_000;
/// What a killed daemon left running is asked to end, then killed.
const GRACE: Duration = Duration::from_secs(1);
/// It is given up after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A script to be run, by the home that it runs for.
pub(super) struct Job<'a> {
    pub(super) outside: &'a Outside,
    pub(super) project: &'a Project,
    pub(super) command: &'a str,
    pub(super) timeout: Millis,
    /// Its output, from an empty file on.
    pub(super) log: PathBuf,
    pub(super) called_off: &'a CalledOff,
}

/// How a script that was not called off ended.
pub(super) enum Ended {
    /// With code 0.
    Well,
    /// With another code.
    Badly(i32),
    /// It did not come to its end; why not.
    Not(String),
}

impl Job<'_> {
    /// Runs the script in a directory of the repository's work.
    ///
    /// # Errors
    /// When it could not be run, or was called off: then nothing is known.
    pub(super) fn run(&self, repository: &Repository, directory: &Path) -> anyhow::Result<Ended> {
        std::fs::remove_file(&self.log).ok(); // there is none the first time
        if let Some(parent) = self.log.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let cancelled = || self.called_off.is_cancelled();
        let cell = Cell::of_script(self.outside, self.project, repository, directory, &self.log)?;
        let through = cell.as_ref().map(Cell::entry).transpose()?.unwrap_or_default();
        let environment = cell.as_ref().map(Cell::environment).unwrap_or_default();
        let outcome = repository.run_script_in(
            directory,
            &Script {
                command: self.command,
                through: &through,
                environment: &environment,
                deadline: Duration::from_millis(self.timeout.0),
                log: &self.log,
                log_bytes_max: Script::LOG_BYTES_MAX,
                marker: &marker(self.outside.handle.home()),
                cancelled: &cancelled,
            },
        );
        if let Some(cell) = cell {
            cell.clear();
        }
        Ok(match outcome? {
            ScriptOutcome::Exited(0) => Ended::Well,
            ScriptOutcome::Exited(code) => Ended::Badly(code),
            ScriptOutcome::TimedOut => Ended::Not(format!("it took longer than {}", self.timeout)),
            ScriptOutcome::TooMuchOutput => Ended::Not("it printed too much".to_owned()),
            ScriptOutcome::Cancelled => bail!("it was called off"),
        })
    }

    /// The command and the end of its output.
    pub(super) fn output(&self) -> String {
        format!("$ {}\n{}", self.command, tail(&self.log))
    }
}

fn marker(home: &Home) -> String {
    format!("{}#script", home.root().display())
}

/// Ends the scripts that an earlier daemon left running.
pub(super) fn end_leftovers(home: &Home) -> anyhow::Result<()> {
    let marker = marker(home);
    let (ended, survivors) = end_all(|| marked(&marker, &[]), GRACE, PATIENCE)?;
    if ended > 0 {
        tracing::warn!("{ended} processes of scripts of an earlier daemon were ended");
    }
    if !survivors.is_empty() {
        tracing::error!("processes {survivors:?} of an earlier daemon cannot be ended");
    }
    Ok(())
}

fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<(bool, Vec<u8>)> {
        let mut file = File::open(log)?;
        let start = file.metadata()?.len().saturating_sub(OUTPUT_SHOWN);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(OUTPUT_SHOWN).read_to_end(&mut bytes)?;
        Ok((start == 0, bytes))
    };
    match read() {
        Ok((true, bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok((false, bytes)) => format!("(the last part)\n{}", String::from_utf8_lossy(&bytes)),
        Err(error) => format!("(its output cannot be read: {error})"),
    }
}
