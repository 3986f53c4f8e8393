//! The agent's standard input. A thread of its own writes it, because an agent that does not read
//! blocks whoever writes, and nothing may block the shim.

use std::io::{self, Write};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::record::InputMode;
use super::spawn::STACK_BYTES;
use super::wire::Refused;

/// How much may wait for an agent that does not read.
const WAITING_BYTES_MAX: u64 = 16 << 20;

/// The writing end of the agent's standard input.
pub(super) struct Feed {
    lines: Option<Sender<String>>,
    waiting: Arc<AtomicU64>,
}

impl Feed {
    /// Writes `first`, and then what is given, until it is closed or the agent closes it.
    pub(super) fn start(
        stdin: Option<ChildStdin>,
        first: &[String],
        mode: InputMode,
    ) -> io::Result<Self> {
        let Some(stdin) = stdin else {
            return Ok(Self { lines: None, waiting: Arc::default() });
        };
        let waiting = Arc::new(AtomicU64::new(0));
        let (lines, queue) = channel();
        let written = Arc::clone(&waiting);
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || write_all(stdin, &queue, &written))?;
        let mut feed = Self { lines: Some(lines), waiting };
        for line in first {
            if feed.give(line.clone()).is_err() {
                break; // the agent is gone already: its exit will tell
            }
        }
        if mode == InputMode::Close {
            feed.close();
        }
        Ok(feed)
    }

    /// Whether a line could be given now.
    pub(super) fn check(&self) -> Result<(), Refused> {
        match (&self.lines, self.waiting()) {
            (None, _) => Err(Refused::InputClosed),
            (Some(_), waiting) if waiting > WAITING_BYTES_MAX => Err(Refused::Busy),
            (Some(_), _) => Ok(()),
        }
    }

    /// Queues one line.
    pub(super) fn give(&mut self, line: String) -> Result<(), Refused> {
        let length = line.len() as u64;
        let Some(lines) = &self.lines else {
            return Err(Refused::InputClosed);
        };
        self.waiting.fetch_add(length, Ordering::Relaxed);
        if lines.send(line).is_err() {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            self.close();
            return Err(Refused::InputClosed);
        }
        Ok(())
    }

    /// Ends the input once all that waits is written.
    pub(super) fn close(&mut self) {
        self.lines = None;
    }

    /// Bytes that the agent did not take yet.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Ends when the input is closed on either side.
fn write_all(mut stdin: ChildStdin, queue: &Receiver<String>, waiting: &AtomicU64) {
    while let Ok(mut line) = queue.recv() {
        let length = line.len() as u64;
        line.push('\n');
        let written = stdin.write_all(line.as_bytes());
        waiting.fetch_sub(length, Ordering::Relaxed);
        if written.is_err() {
            return;
        }
    }
}
