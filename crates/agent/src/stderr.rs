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
    waited_out(&spool::tail(&dir.join(shim::ERR), LOG_LINES).ok()?, said)
}

/// What these lines of a log say, if it was written after the last word of the agent.
fn waited_out(log: &[String], said: Option<Time>) -> Option<Overheard> {
    let (at, words) = overheard::limit(log)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_waited_out_where_nothing_was_said_since() {
        let line = "timestamp=2026-11-22T08:00:00.000Z level=ERROR message=\"stream error\" small=false \
                    error.error=\"AI_APICallError: Rate limit reached, try again in 90s\"";
        let other = "timestamp=2026-11-22T08:20:00.000Z level=ERROR message=\"something else\"";
        let log = [line, other].map(str::to_owned);
        let met = Time(1_795_334_400_000);
        let until = |said: Option<Time>| waited_out(&log, said).map(|it| it.until);
        let end = Some(Some(Time(met.0 + 90_000)));
        assert_eq!(until(None), end);
        assert_eq!(until(Some(Time(met.0 - 5_000))), end);
        // It went on since: another line of the log says nothing about that.
        assert_eq!(until(Some(Time(met.0 + 60_000))), None);
        assert_eq!(waited_out(&log[1..], None), None);
    }
}
