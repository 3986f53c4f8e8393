//! What the server says, once.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::http;
use crate::wire::Wire;

/// One reply: an answer of the model, or a failure.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub(crate) blocks: Vec<Block>,
    pub(crate) tokens: Tokens,
    pub(crate) is_cut_off: bool,
    /// How many requests there were before, this one included: ids are made of it.
    pub(crate) number: usize,
    /// In which namespace the request offers a tool, where that is to be named.
    pub(crate) namespaces: BTreeMap<String, String>,
    refusal: Option<Refusal>,
    manner: Manner,
    pause: Duration,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Thinking(String),
    Text(String),
    Tool { name: String, input: Value },
}

/// What the answer is said to have consumed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
}

/// A response that is no answer.
#[derive(Clone, Debug)]
struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// How the answer is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    #[default]
    Whole,
    /// Half of it, then the connection breaks.
    Torn,
    /// Half of it, then the response ends as if that were all.
    Short,
    /// Half of it, then nothing until the server stops.
    Hanging,
    /// Nothing but the end of the connection.
    HangUp,
}

impl Reply {
    /// An answer of these words.
    pub fn text(text: &str) -> Self {
        Self::default().and_text(text)
    }

    /// An answer that calls a tool.
    pub fn tool(name: &str, input: Value) -> Self {
        Self::default().and_tool(name, input)
    }

    /// An answer that begins with reasoning.
    pub fn thinking(words: &str) -> Self {
        let blocks = vec![Block::Thinking(words.to_owned())];
        Self { blocks, ..Self::default() }
    }

    /// A failure with this status.
    pub fn status(status: u16) -> Self {
        let refusal = Refusal { status, headers: Vec::new(), body: String::new() };
        Self { refusal: Some(refusal), ..Self::default() }
    }

    /// Closes the connection without a word.
    pub fn hang_up() -> Self {
        Self { manner: Manner::HangUp, ..Self::default() }
    }

    /// Adds words.
    #[must_use]
    pub fn and_text(mut self, text: &str) -> Self {
        self.blocks.push(Block::Text(text.to_owned()));
        self
    }

    /// Adds a tool call.
    #[must_use]
    pub fn and_tool(mut self, name: &str, input: Value) -> Self {
        self.blocks.push(Block::Tool { name: name.to_owned(), input });
        self
    }

    /// Says what was consumed; `input` does not include `cached`.
    #[must_use]
    pub fn usage(self, input: u64, cached: u64, output: u64) -> Self {
        Self { tokens: Tokens { input, cached, output }, ..self }
    }

    /// Says that the answer reached the output limit.
    #[must_use]
    pub fn cut_off(self) -> Self {
        Self { is_cut_off: true, ..self }
    }

    /// Adds a header to a failure.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(refusal) = &mut self.refusal {
            refusal.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Gives a failure its body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        if let Some(refusal) = &mut self.refusal {
            body.clone_into(&mut refusal.body);
        }
        self
    }

    /// Breaks the connection in the middle of the answer.
    #[must_use]
    pub fn torn(self) -> Self {
        Self { manner: Manner::Torn, ..self }
    }

    /// Ends the response in the middle of the answer, without any sign of it.
    #[must_use]
    pub fn short(self) -> Self {
        Self { manner: Manner::Short, ..self }
    }

    /// Falls silent in the middle of the answer.
    #[must_use]
    pub fn hanging(self) -> Self {
        Self { manner: Manner::Hanging, ..self }
    }

    /// Pauses between two pieces of a streamed answer.
    #[must_use]
    pub fn slow(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    pub(crate) fn send(
        &self,
        stream: &mut TcpStream,
        wire: Wire,
        is_streamed: bool,
        is_stopped: &AtomicBool,
    ) -> io::Result<()> {
        if let Some(refusal) = &self.refusal {
            return http::send(stream, refusal.status, &refusal.headers, &refusal.body);
        }
        if self.manner == Manner::HangUp {
            return Ok(());
        }
        let pieces = if is_streamed { wire.stream(self) } else { halves(&wire.plain(self)) };
        let content_type = if is_streamed { wire.content_type() } else { "application/json" };
        let sent = if self.manner == Manner::Whole { pieces.len() } else { pieces.len() / 2 };
        http::begin(stream, content_type)?;
        for piece in &pieces[..sent] {
            http::chunk(stream, piece)?;
            thread::sleep(self.pause);
        }
        match self.manner {
            Manner::Whole | Manner::Short => http::end(stream),
            Manner::Torn | Manner::HangUp => Ok(()),
            Manner::Hanging => {
                while !is_stopped.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(10));
                }
                Ok(())
            }
        }
    }
}

fn halves(body: &Value) -> Vec<String> {
    let mut first = body.to_string();
    let middle = (0..=first.len() / 2).rev().find(|at| first.is_char_boundary(*at)).unwrap_or(0);
    let second = first.split_off(middle);
    vec![first, second]
}
