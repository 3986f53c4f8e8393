//! The agent's standard output: one event per line, each flushed before anything else is done.

use std::io::{self, Write};

use crate::AgentEvent;

/// Where events go.
pub(super) struct Output<'a> {
    sink: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    pub(super) fn new(sink: &'a mut dyn Write) -> Self {
        Self { sink }
    }

    /// Prints one event as a line.
    pub(super) fn emit(&mut self, event: &AgentEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.raw(&line)
    }

    /// Prints bytes that need not be an event; playbooks use it to test readers.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.sink.flush()
    }
}
