//! What an agent said, over all starts of its run in order, while it says it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crew_agent::spool::{Line, SpoolError, SpoolReader};
use crew_agent::{AgentEvent, Decoder, shim};
use crew_core::{RunId, Time, Token};
use crew_engine::Screen;
use serde_json::{Value, json};

use super::shorten::shorten;
use super::writing::Writing;
use super::{Messages, Source, push_line};
use crate::app::{App, blocking};
use crate::error::ApiError;
use crate::wire::{LogLine, RunMessage};

/// Between two looks at an output that grows: who looks on sees each word within a few frames.
const PAUSE_MIN: Duration = Duration::from_millis(4);
/// Between two looks at one that has not grown for long.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// A look comes late by no more than this part of the time in which nothing was said.
const LATE: u32 = 8;

/// Where a start has the output of the set-up of its worktree.
const SET_UP: &str = "setup.log";
/// Raw bytes sent at a time.
const RAW_BYTES: u64 = 256 << 10;

/// A place in the log of a run: which start, and how many bytes of it were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogStart {
    start: u32,
    offset: u64,
}

impl LogStart {
    /// A place that is known to be the end of a line.
    pub(crate) fn at(start: u32, offset: u64) -> Self {
        Self { start, offset }
    }

    /// Which start of its run.
    pub(crate) fn start(self) -> u32 {
        self.start
    }
}

impl Default for LogStart {
    fn default() -> Self {
        Self { start: 1, offset: 0 }
    }
}

impl FromStr for LogStart {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        let parse = || {
            let (start, offset) = text.split_once(':')?;
            Some(Self { start: start.parse().ok()?, offset: offset.parse().ok()? })
        };
        parse().filter(|place| place.start > 0).ok_or_else(|| {
            ApiError::invalid(format!("`{text}` is no place in a log"))
                .hint("use the `at` of a line that you have, or leave it out")
        })
    }
}

/// The log of a run from a place on.
pub(crate) struct LogStream {
    pub(crate) app: Arc<App>,
    pub(crate) run: RunId,
    pub(crate) place: LogStart,
    /// Whether to wait for more while the run lives.
    pub(crate) follow: bool,
    /// Whether to pass on the bytes as they are.
    pub(crate) raw: bool,
    /// Whether long texts are shortened, which the lines say.
    pub(crate) short: bool,
    pub(crate) reader: Option<SpoolReader>,
    /// What understands the start that is being read, from where it is read on.
    pub(crate) decoder: Option<Decoder>,
    /// When the start that is being read printed what.
    pub(crate) times: shim::Times,
    /// The output of the set-up, which comes before the agent's first word.
    pub(crate) set_up: Option<SpoolReader>,
    /// Where it ends, before the log does.
    pub(crate) bound: Bound,
    /// How long nothing was said.
    pub(crate) quiet: Duration,
}

/// Where a reader of the log wants it to end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bound {
    pub(crate) lines_left: Option<u64>,
    pub(crate) until: Option<LogStart>,
}

/// Where a start of a run prints to.
pub(crate) fn output(app: &App, run: RunId, start: u32) -> PathBuf {
    app.handle.home().run(run, Token(start)).join(shim::OUT)
}

/// How far the present start is.
enum Standing {
    /// There is a later one, or the agent is gone: no more will be printed.
    Over,
    /// More may come.
    Growing,
}

impl LogStream {
    /// All of the log from a place on that is there now.
    pub(crate) fn new(app: Arc<App>, run: RunId, place: LogStart) -> Self {
        let (reader, decoder, set_up) = (None, None, None);
        let (bound, quiet) = (Bound::default(), Duration::ZERO);
        let (follow, raw, short) = (false, false, false);
        let times = shim::Times::default();
        Self { app, run, place, follow, raw, short, reader, decoder, times, set_up, bound, quiet }
    }

    /// That the log can be read from the place: said before the answer begins.
    pub(crate) async fn check(&self) -> Result<(), ApiError> {
        let (path, offset) = (self.path(), self.place.offset);
        blocking(move || match SpoolReader::open(&path, offset) {
            Ok(_) | Err(SpoolError::Missing { .. }) => Ok(()),
            Err(error) => Err(unreadable(&error)),
        })
        .await
    }

    fn standing(&self) -> (Standing, u32) {
        self.app.handle.read(|state| {
            let Some(run) = state.runs.get(&self.run) else {
                return (Standing::Over, 0);
            };
            let over = self.place.start < run.token.0 || !run.state.holds_agent();
            (if over { Standing::Over } else { Standing::Growing }, run.token.0)
        })
    }

    fn is_run_over(&self) -> bool {
        let run_is_over = |run: &crew_core::run::Run| run.is_over();
        self.app.handle.read(|state| state.runs.get(&self.run).is_none_or(run_is_over))
    }

    fn path(&self) -> PathBuf {
        output(&self.app, self.run, self.place.start)
    }

    /// The lines that are there now; with those without an end if no more will come.
    async fn lines(&mut self, standing: &Standing) -> Result<Vec<Line>, ApiError> {
        let (path, offset) = (self.path(), self.place.offset);
        let last_words = matches!(standing, Standing::Over);
        let reader = self.reader.take();
        if reader.is_none() {
            self.decoder = None;
            self.times = shim::Times::default();
        }
        let mut times = std::mem::take(&mut self.times);
        let read = move || {
            let (reader, lines) = read(reader, &path, offset, last_words)?;
            if let Some(launch) = path.parent().filter(|_| !lines.is_empty()) {
                // Without them it is only not known when something was said.
                drop(times.read_on(launch));
            }
            Ok((reader, lines, times))
        };
        let (reader, lines, times) = blocking(read).await?;
        (self.reader, self.times) = (reader, times);
        if let Some(line) = lines.last() {
            self.place.offset = line.end;
            self.quiet = Duration::ZERO;
        }
        Ok(lines)
    }

    async fn decoder(&mut self, offset: u64) -> Result<&mut Decoder, ApiError> {
        let known = self.decoder.take();
        let decoder = if let Some(decoder) = known {
            decoder
        } else {
            let dir = self.app.handle.home().run(self.run, Token(self.place.start));
            let read = move || shim::dialect(&dir).map_err(ApiError::broken);
            blocking(read).await?.unwrap_or_default().listener(offset)
        };
        Ok(self.decoder.insert(decoder))
    }

    /// What the set-up printed and was not sent. One that is run again begins its file anew.
    async fn lines_of_set_up(&mut self, standing: &Standing) -> Result<Vec<Placed>, ApiError> {
        let path = self.path().with_file_name(SET_UP);
        let is_over = matches!(standing, Standing::Over) || self.path().exists();
        let reader = self.set_up.take();
        let read = blocking(move || Ok(read(reader, &path, 0, is_over).ok())).await?;
        let Some((reader, lines)) = read else { return Ok(Vec::new()) };
        self.set_up = reader;
        let from = self.place;
        let place =
            |line| Placed { from, line: Line { end: 0, ..line }, time: None, by: By::SetUp };
        Ok(lines.into_iter().map(place).collect())
    }

    fn render(&self, lines: &[Placed]) -> Result<Vec<u8>, ApiError> {
        let mut portion = Vec::new();
        let screen = self.app.handle.screen();
        let lines = lines.iter().flat_map(|placed| placed.wire(&screen));
        // All of what was being written follows.
        for line in lines.filter(|line| line.event["type"] != "partial") {
            push_line(&mut portion, &if self.short { shorten(line) } else { line })?;
        }
        Ok(portion)
    }

    /// The next bytes as they were printed, from one start or the next.
    async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        loop {
            let (_, newest) = self.standing();
            let run_is_over = self.is_run_over();
            let (path, offset) = (self.path(), self.place.offset);
            let bytes = blocking(move || read_raw(&path, offset)).await?;
            if !bytes.is_empty() {
                self.place.offset += bytes.len() as u64;
                return Ok(Some(bytes));
            }
            if !self.goes_on(newest, run_is_over).await {
                return Ok(None);
            }
        }
    }

    /// The next lines, from one start or the next; `None` when there will be no more.
    async fn next_lines(&mut self) -> Result<Option<Vec<Placed>>, ApiError> {
        loop {
            // Looked at before the lines: what an agent printed before it ended is then all read.
            let (standing, newest) = self.standing();
            let run_is_over = self.is_run_over();
            let from = self.place;
            if from.offset == 0 {
                let lines = self.lines_of_set_up(&standing).await?;
                if !lines.is_empty() {
                    return Ok(self.bound.cut(lines));
                }
            }
            let lines = self.lines(&standing).await?;
            if !lines.is_empty() {
                let mut placed = place_all(from, lines, self.decoder(from.offset).await?);
                self.say_times(&mut placed, &standing);
                return Ok(self.bound.cut(placed));
            }
            if !self.goes_on(newest, run_is_over).await {
                return Ok(None);
            }
        }
    }

    /// Says when each line was printed. What was not noted yet was printed just now.
    fn say_times(&self, placed: &mut [Placed], standing: &Standing) {
        let now = matches!(standing, Standing::Growing).then(|| self.app.handle.now());
        for placed in placed {
            placed.time = self.times.at(placed.line.end).or(now);
        }
    }

    /// Goes to the next start, or waits for more of this one; false when there will be no more.
    async fn goes_on(&mut self, newest: u32, run_is_over: bool) -> bool {
        if self.place.start < newest {
            self.place = LogStart { start: self.place.start + 1, offset: 0 };
            (self.reader, self.set_up) = (None, None);
            return true;
        }
        self.follow && !run_is_over && self.pause().await
    }

    /// Waits a moment; false when the daemon goes down meanwhile.
    async fn pause(&mut self) -> bool {
        let pause = (self.quiet / LATE).clamp(PAUSE_MIN, PAUSE_MAX);
        self.quiet += pause;
        tokio::select! {
            () = self.app.shutdown.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

impl Source for LogStream {
    async fn portion(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        if self.raw {
            return self.next_bytes().await;
        }
        match self.next_lines().await? {
            Some(lines) => self.render(&lines).map(Some),
            None => Ok(None),
        }
    }
}

/// What an agent says, as messages: long texts shortened, and an end.
pub(crate) struct RunStream {
    pub(crate) log: LogStream,
    pub(crate) writing: Writing,
    pub(crate) ended: bool,
}

impl Messages for RunStream {
    type Message = RunMessage;

    async fn next(&mut self) -> Result<Option<RunMessage>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(lines) = self.log.next_lines().await? {
            let screen = self.log.app.handle.screen();
            let lines = lines.iter().flat_map(|placed| placed.wire(&screen)).map(shorten).collect();
            let lines = self.writing.fold(lines, &screen);
            return Ok(Some(RunMessage::Lines { lines }));
        }
        self.ended = true;
        // We may be going down while the run goes on.
        Ok(self.log.is_run_over().then_some(RunMessage::End {}))
    }

    fn position(_: &RunMessage) -> Option<u64> {
        None
    }
}

/// A line, with the place before it.
struct Placed {
    from: LogStart,
    line: Line,
    /// When it was printed, as far as that is known.
    time: Option<Time>,
    by: By,
}

/// Who printed a line.
enum By {
    /// It says this.
    Agent(Vec<AgentEvent>),
    SetUp,
}

impl Placed {
    /// What the line says, event by event. Each has a place of its own, and the last one has the
    /// place after the line: a line has more bytes than events.
    fn wire(&self, screen: &Screen) -> Vec<LogLine> {
        let LogStart { start, offset } = self.from;
        let line = |(at, event)| LogLine {
            at,
            start,
            from: format!("{start}:{offset}"),
            time: self.time.map(|time| time.0),
            cut: false,
            event: screen.value(event),
        };
        self.events().into_iter().map(line).collect()
    }

    /// What the line says, with the places, and with the keys that may be in it.
    fn events(&self) -> Vec<(String, Value)> {
        let events: Vec<Value> = match &self.by {
            By::Agent(events) => events.iter().cloned().filter_map(shown).collect(),
            By::SetUp => {
                let text = String::from_utf8_lossy(&self.line.bytes);
                vec![json!({"type": "set_up", "text": text})]
            }
        };
        let before = self.line.end.saturating_sub(events.len() as u64);
        let place = |n: u64| format!("{}:{n}", self.from.start);
        (before + 1..).zip(events).map(|(n, event)| (place(n), event)).collect()
    }
}

fn place_all(from: LogStart, lines: Vec<Line>, decoder: &mut Decoder) -> Vec<Placed> {
    let mut offset = from.offset;
    let place = |line: Line| {
        let by = By::Agent(decoder.line(&line.bytes));
        let placed = Placed { from: LogStart { offset, ..from }, line, time: None, by };
        offset = placed.line.end;
        placed
    };
    lines.into_iter().map(place).collect()
}

/// What was said, each with its name, and where that ends.
pub(crate) type SaidUpTo = (Vec<(String, Value)>, u64);

/// What a start said after a place, about a MiB of it, and where that ends; `None` if there is no
/// more. Keys are still in it.
pub(crate) fn said_after(directory: &Path, place: LogStart) -> Result<Option<SaidUpTo>, ApiError> {
    let (_, lines) = read(None, &directory.join(shim::OUT), place.offset, false)?;
    let Some(end) = lines.last().map(|line| line.end) else { return Ok(None) };
    let dialect = shim::dialect(directory).map_err(ApiError::broken)?.unwrap_or_default();
    let placed = place_all(place, lines, &mut dialect.listener(place.offset));
    Ok(Some((placed.iter().flat_map(Placed::events).collect(), end)))
}

impl Bound {
    /// What of the lines is before the end; none of them is the end.
    fn cut(&mut self, mut lines: Vec<Placed>) -> Option<Vec<Placed>> {
        if let Some(left) = &mut self.lines_left {
            lines.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left = left.saturating_sub(lines.len() as u64);
        }
        if let Some(LogStart { start, offset }) = self.until {
            lines.retain(|placed| (placed.from.start, placed.from.offset) < (start, offset));
        }
        (!lines.is_empty()).then_some(lines)
    }
}

/// The place of the first whole line among the last bytes of a start's output.
pub(crate) fn place_before_end(path: &Path, start: u32, last: u64) -> LogStart {
    let end = std::fs::metadata(path).map_or(0, |known| known.len());
    place_before(path, LogStart { start, offset: end }, last)
}

/// The place of the first whole line among the bytes before a place: more of them where they are
/// all of one line.
pub(crate) fn place_before(path: &Path, end: LogStart, mut last: u64) -> LogStart {
    let mut place = || -> std::io::Result<u64> {
        let mut file = File::open(path)?;
        loop {
            let begin = end.offset.saturating_sub(last);
            if begin == 0 {
                return Ok(0);
            }
            file.seek(SeekFrom::Start(begin))?;
            let mut skipped = Vec::new();
            BufReader::new(&file).take(last).read_until(b'\n', &mut skipped)?;
            let offset = begin + skipped.len() as u64;
            if offset < end.offset {
                return Ok(offset);
            }
            last = last.saturating_mul(4).max(1);
        }
    };
    // Without an output there is nothing to skip.
    LogStart { offset: place().unwrap_or(0), ..end }
}

/// The next bytes of a file; none if it is not there.
fn read_raw(path: &Path, offset: u64) -> Result<Vec<u8>, ApiError> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(RAW_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(ApiError::broken),
    }
}

type Portion = (Option<SpoolReader>, Vec<Line>);

fn read(
    reader: Option<SpoolReader>,
    path: &Path,
    offset: u64,
    last_words: bool,
) -> Result<Portion, ApiError> {
    let reader = match reader {
        Some(reader) => Ok(reader),
        None => SpoolReader::open(path, offset),
    };
    let mut reader = match reader {
        Ok(reader) => reader,
        // Not started yet, or never.
        Err(SpoolError::Missing { .. }) => return Ok((None, Vec::new())),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut lines = reader.next_batch().map_err(|error| unreadable(&error))?;
    if lines.is_empty() && last_words {
        lines.extend(reader.finish());
    }
    Ok((Some(reader), lines))
}

fn unreadable(error: &SpoolError) -> ApiError {
    match error {
        SpoolError::Shrank { .. } => ApiError::invalid(error),
        SpoolError::Missing { .. } | SpoolError::Replaced { .. } | SpoolError::Io { .. } => {
            ApiError::broken(error)
        }
    }
}

/// An event as it is shown; `None` if it is not.
fn shown(event: AgentEvent) -> Option<Value> {
    Some(match event {
        AgentEvent::Retry { message, .. } => {
            json!({"type": "noise", "text": format!("tries again: {message}")})
        }
        AgentEvent::Subagent { event, .. } if matches!(*event, AgentEvent::Partial { .. }) => {
            return None; // all of it follows
        }
        AgentEvent::Subagent { call, event } => {
            let mut event = shown(*event)?;
            event["by"] = Value::from(call);
            return Some(event);
        }
        event @ (AgentEvent::Session { .. }
        | AgentEvent::Partial { .. }
        | AgentEvent::Text { .. }
        | AgentEvent::Thinking { .. }
        | AgentEvent::ToolCall { .. }
        | AgentEvent::ToolResult { .. }
        | AgentEvent::Usage(_)
        | AgentEvent::Ask { .. }
        | AgentEvent::Limit { .. }
        | AgentEvent::Error { .. }
        | AgentEvent::Done { .. }
        | AgentEvent::TookIn { .. }
        | AgentEvent::Compacted
        | AgentEvent::Context { .. }
        | AgentEvent::Plan { .. }
        | AgentEvent::Notice { .. }
        | AgentEvent::Heartbeat
        | AgentEvent::Other(_)
        | AgentEvent::Noise(_)) => event.to_json(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_with_a_whole_line_and_is_never_empty() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (head, long) = ("first\n".repeat(500), "x".repeat(899));
        std::fs::write(file.path(), format!("{head}{long}\nlast\n")).unwrap();
        let check = |last: u64, expect: u64| {
            let place = place_before_end(file.path(), 2, last);
            assert_eq!((place.start, place.offset), (2, expect), "the last {last}");
        };
        check(10_000, 0);
        check(100, 3_900);
        check(6, 3_900);
        let end = LogStart { start: 2, offset: 3_900 };
        assert_eq!(
            place_before(file.path(), end, 300).offset,
            2_706,
            "one line is larger than that"
        );
        assert_eq!(place_before_end(Path::new("/does/not/exist"), 1, 9).offset, 0);
    }

    #[test]
    fn a_place_is_a_start_and_an_offset() {
        let check = |text: &str, expect: Option<(u32, u64)>| {
            let place = text.parse::<LogStart>().ok().map(|place| (place.start, place.offset));
            assert_eq!(place, expect, "{text:?}");
        };
        check("2:100", Some((2, 100)));
        check("0:1", None);
        check("100", None);
        check("a:b", None);
    }
}
