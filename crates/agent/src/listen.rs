//! What an agent said, event by event, from a spool that still grows.
//!
//! Each event comes with a place. Whoever stores it together with what the event meant goes on
//! after it: nothing is skipped, nothing heard twice. A place within a line is one of several
//! events of that line, and one behind the end of the file is what the end itself says.

use std::path::{Path, PathBuf};

use crew_core::Time;

use crate::dialect::{Act, Decoder, Dialect, Ending};
use crate::event::AgentEvent;
use crate::shim::OUT;
use crate::spool::{Line, SpoolError, SpoolReader};
use crate::stderr::written;
use crate::until::until;

/// One event, and the place after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What was said.
    pub event: AgentEvent,
    /// Grows from event to event.
    pub place: u64,
}

/// Reads the spool of one launch.
#[derive(Debug)]
pub struct Listener {
    out: PathBuf,
    spool: SpoolReader,
    decoder: Decoder,
    /// What is up to here was heard before.
    heard: u64,
}

impl Listener {
    /// Begins after a place.
    pub fn open(dir: &Path, dialect: &Dialect, place: u64) -> Result<Self, SpoolError> {
        let decoder = dialect.decoder();
        let out = dir.join(OUT);
        let spool = SpoolReader::open(&out, decoder.begins(place))?;
        Ok(Self { out, spool, decoder, heard: place })
    }

    /// What was said since; `None` when there is no more now. It may be nothing that is new.
    pub fn next_batch(&mut self) -> Result<Option<Vec<Heard>>, SpoolError> {
        let lines = self.spool.next_batch()?;
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(lines.iter().flat_map(|line| self.take(line)).collect()))
    }

    /// What the end says: to be called once, when the agent has ended and there is no more.
    pub fn finish(&mut self, ending: &Ending) -> Vec<Heard> {
        let last = self.spool.finish();
        let mut heard: Vec<Heard> = last.iter().flat_map(|line| self.take(line)).collect();
        let events = self.decoder.finish(ending);
        let end = self.spool.offset();
        heard.extend(self.new_ones(events, end));
        heard
    }

    /// What is to be done because of all that was read so far, what was heard before included.
    pub fn take_acts(&mut self) -> Vec<Act> {
        self.decoder.take_acts()
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    fn take(&mut self, line: &Line) -> Vec<Heard> {
        let events = self.decoder.line(&line.bytes);
        // The last event of a line has its end as its place, those before it the bytes before: a
        // line has more bytes than events.
        let first = line.end.saturating_sub(events.len() as u64);
        self.new_ones(events, first)
    }

    fn new_ones(&mut self, events: Vec<AgentEvent>, before: u64) -> Vec<Heard> {
        let heard = (before + 1..).zip(events).map(|(place, event)| Heard { event, place });
        let new = heard.filter(|heard| heard.place > self.heard);
        let dated = |heard: Heard| Heard { event: dated(heard.event, &self.out), ..heard };
        let new: Vec<Heard> = new.map(dated).collect();
        self.heard = new.last().map_or(self.heard, |last| last.place);
        new
    }
}

/// What an agent printed to this file, with the end of a limit that stands in its words.
pub fn dated(event: AgentEvent, file: &Path) -> AgentEvent {
    match event {
        AgentEvent::Limit { until: None, message } => {
            AgentEvent::Limit { until: end_of_limit(&message, file), message }
        }
        event => event,
    }
}

/// The end of a limit that stands in its words only. They were said when the file was last written: "at
/// five" means the same to a daemon that reads it at six.
pub fn end_of_limit(message: &str, file: &Path) -> Option<Time> {
    until(message, written(file)?)
}

/// The line that brings an agent an answer; `None` when it does not wait for one. What it waits for
/// is in what it said.
pub fn answer(
    dir: &Path,
    dialect: &Dialect,
    key: &str,
    text: &str,
) -> Result<Option<String>, SpoolError> {
    let decoder = match dialect {
        Dialect::Native => dialect.decoder(),
        Dialect::Claude(_) | Dialect::Codex(_) | Dialect::Acp(_) => {
            let mut listener = Listener::open(dir, dialect, 0)?;
            while listener.next_batch()?.is_some() {}
            listener.decoder
        }
    };
    Ok(decoder.answer(key, text))
}
