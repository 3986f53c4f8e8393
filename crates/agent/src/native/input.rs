//! What arrives on standard input while the agent works.
//!
//! A thread of its own reads the lines, so that a call of the model never waits for a human and a
//! human never waits for a call. The channel is bounded: when the agent does not take lines, the
//! writer of the pipe waits. The end of the input means that nothing more will come, not that the
//! agent should stop.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use serde::Deserialize;
use serde_json::json;

use crate::tell::{Telling, Way};

/// Lines that wait to be taken.
const QUEUE_LINES: usize = 256;
/// The longest line that is read whole, in bytes.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// A line after the first.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Answer { ask: String, text: String },
    Message(Message),
    Interrupt,
}

/// What a person says while the agent works.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// The number of the remark, if whoever said it wants to hear that it was taken in.
    #[serde(default)]
    pub(super) remark: Option<u64>,
    pub(super) text: String,
}

/// How it is told something while it works.
pub(crate) fn tell(telling: &Telling) -> Way {
    let line = match telling {
        Telling::Remark { number, text } => {
            json!({"type": "message", "remark": number, "text": text})
        }
        Telling::Reminder { text, .. } => json!({"type": "message", "text": text}),
        Telling::Interrupt => json!({"type": "interrupt"}),
    };
    Way::Line(line.to_string())
}

/// The lines that have arrived, sorted by what they are for.
pub(super) struct Input {
    lines: Receiver<String>,
    answers: BTreeMap<String, String>,
    messages: VecDeque<Message>,
    is_interrupted: bool,
    not_understood: Vec<String>,
}

impl Input {
    /// Starts to read.
    pub(super) fn new(source: impl BufRead + Send + 'static) -> Self {
        let (sender, lines) = sync_channel(QUEUE_LINES);
        thread::spawn(move || read_lines(source, &sender));
        Self {
            lines,
            answers: BTreeMap::new(),
            messages: VecDeque::new(),
            is_interrupted: false,
            not_understood: Vec::new(),
        }
    }

    /// The next line as it is, for the first one. `None` at the end.
    pub(super) fn first_line(&mut self) -> Option<String> {
        self.lines.recv().ok()
    }

    /// Whether it is to end its turn and go.
    pub(super) fn is_interrupted(&mut self) -> bool {
        self.sort_waiting();
        self.is_interrupted
    }

    /// Waits for the answer to an ask. `None` when none will come any more.
    pub(super) fn answer(&mut self, ask: &str) -> Option<String> {
        loop {
            if let Some(text) = self.answers.remove(ask) {
                return Some(text);
            }
            if self.is_interrupted {
                return None;
            }
            match self.lines.recv() {
                Ok(line) => self.sort(&line),
                Err(_) => return None,
            }
        }
    }

    /// Adds a message to those that have come.
    pub(super) fn add(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    /// The messages that have come so far, oldest first.
    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        self.sort_waiting();
        self.messages.drain(..).collect()
    }

    /// Lines that were no input, each with the reason.
    pub(super) fn take_not_understood(&mut self) -> Vec<String> {
        std::mem::take(&mut self.not_understood)
    }

    fn sort_waiting(&mut self) {
        loop {
            match self.lines.try_recv() {
                Ok(line) => self.sort(&line),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn sort(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Line::Answer { ask, text }) => {
                self.answers.insert(ask, text);
            }
            Ok(Line::Message(message)) => self.messages.push_back(message),
            Ok(Line::Interrupt) => self.is_interrupted = true,
            Err(reason) => {
                self.not_understood.push(format!("a line of input was ignored: {reason}"));
            }
        }
    }
}

fn read_lines(mut source: impl BufRead, lines: &SyncSender<String>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let is_blank = text.trim().is_empty();
                if !is_blank && lines.send(text.into_owned()).is_err() {
                    return;
                }
            }
        }
    }
}
