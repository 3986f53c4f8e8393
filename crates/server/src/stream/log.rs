//! What an agent said, over all starts of its run in order, while it says it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crew_agent::spool::{Line, SpoolError, SpoolReader};
use crew_agent::{AgentEvent, shim};
use crew_core::{RunId, Token};
use crew_engine::Screen;
use serde_json::{Value, json};

use super::{Source, push_line};
use crate::app::{App, blocking};
use crate::error::ApiError;
use crate::wire::LogLine;

/// Between two looks at an output that grows.
const PAUSE: Duration = Duration::from_millis(150);

/// A place in the log of a run: which start, and how many bytes of it were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogStart {
    start: u32,
    offset: u64,
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
    pub(crate) reader: Option<SpoolReader>,
}

/// How far the present start is.
enum Standing {
    /// There is a later one, or the agent is gone: no more will be printed.
    Over,
    /// More may come.
    Growing,
}

impl LogStream {
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
        self.app.handle.home().run(self.run, Token(self.place.start)).join(shim::OUT)
    }

    /// The lines that are there now; with those without an end if no more will come.
    async fn lines(&mut self, standing: &Standing) -> Result<Vec<Line>, ApiError> {
        let (path, offset) = (self.path(), self.place.offset);
        let last_words = matches!(standing, Standing::Over);
        let reader = self.reader.take();
        let (reader, lines) = blocking(move || read(reader, &path, offset, last_words)).await?;
        self.reader = reader;
        if let Some(line) = lines.last() {
            self.place.offset = line.end;
        }
        Ok(lines)
    }

    fn render(&self, lines: &[Line]) -> Result<Vec<u8>, ApiError> {
        let mut portion = Vec::new();
        let screen = self.app.handle.screen();
        for line in lines {
            if self.raw {
                portion.extend_from_slice(&line.bytes);
                portion.push(b'\n');
            } else {
                let start = self.place.start;
                let at = format!("{start}:{}", line.end);
                push_line(
                    &mut portion,
                    &LogLine { at, start, event: event(&screen, &line.bytes) },
                )?;
            }
        }
        Ok(portion)
    }

    /// Waits a moment; false when the daemon goes down meanwhile.
    async fn pause(&self) -> bool {
        tokio::select! {
            () = self.app.shutdown.cancelled() => false,
            () = tokio::time::sleep(PAUSE) => true,
        }
    }
}

impl Source for LogStream {
    async fn portion(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        loop {
            // Looked at before the lines: what an agent printed before it ended is then all read.
            let (standing, newest) = self.standing();
            let run_is_over = self.is_run_over();
            let lines = self.lines(&standing).await?;
            if !lines.is_empty() {
                return self.render(&lines).map(Some);
            }
            if self.place.start < newest {
                self.place = LogStart { start: self.place.start + 1, offset: 0 };
                self.reader = None;
            } else if !self.follow || run_is_over || !self.pause().await {
                return Ok(None);
            }
        }
    }
}

type Read = (Option<SpoolReader>, Vec<Line>);

fn read(
    reader: Option<SpoolReader>,
    path: &std::path::Path,
    offset: u64,
    last_words: bool,
) -> Result<Read, ApiError> {
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

/// One line as an event that is safe to show.
fn event(screen: &Screen, line: &[u8]) -> Value {
    let event = match AgentEvent::decode(line) {
        AgentEvent::Noise(text) => json!({"type": "noise", "text": text}),
        event => serde_json::to_value(event).unwrap_or_default(),
    };
    screen.value(event)
}

#[cfg(test)]
mod tests {
    use super::*;

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
