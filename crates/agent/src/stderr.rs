//! What an agent prints beside what it says: its standard error. That of some is a log.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crew_core::Time;

use crate::acp::overheard;
use crate::dialect::Dialect;
use crate::shim;
use crate::spool;
use crate::until::until;

/// The last lines of a log that may tell of a limit.
const LOG_LINES: usize = 20;
/// The last lines that may say why an agent ended.
const COMPLAINT_LINES: usize = 5;

/// A limit that nobody was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overheard {
    /// Its end, if its words name it.
    pub until: Option<Time>,
    /// Its words.
    pub words: String,
}

/// The limit that the agent of this directory waits out by itself: its log says so, and it has said
/// nothing since.
pub fn overheard(dir: &Path) -> Option<Overheard> {
    let [said, logged] = [shim::OUT, shim::ERR].map(|name| written(&dir.join(name)));
    if logged <= said || !shim::dialect(dir).ok()??.logs() {
        return None;
    }
    let lines = spool::tail(&dir.join(shim::ERR), LOG_LINES).ok()?;
    let (at, words) = overheard::limit(&lines)?;
    let is_newest = said.is_none_or(|said| at > said);
    is_newest.then(|| Overheard { until: until(&words, at), words })
}

/// The last words of an agent that has ended, where they are no part of a log.
pub fn complaint(dir: &Path) -> String {
    let logs = matches!(shim::dialect(dir), Ok(Some(dialect)) if Dialect::logs(&dialect));
    let mut lines = spool::tail(&dir.join(shim::ERR), COMPLAINT_LINES).unwrap_or_default();
    lines.retain(|line| !logs || !overheard::is_logged(line));
    lines.join("\n")
}

/// When a file was last written.
pub(crate) fn written(file: &Path) -> Option<Time> {
    let written: SystemTime = std::fs::metadata(file).and_then(|file| file.modified()).ok()?;
    let since = written.duration_since(UNIX_EPOCH).ok()?;
    Some(Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}
