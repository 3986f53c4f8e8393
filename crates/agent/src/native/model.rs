//! Who answers: a playbook or a provider, behind one small enum.

use std::io;
use std::time::Duration;

use crew_core::{Time, Usage};
use serde_json::Value;

use super::exit::AgentExit;
use super::heartbeat::during;
use super::output::Output;
use super::playbook::Playbook;
use super::remote::Remote;
use super::session::Session;
use crate::{AgentEvent, ErrorClass};

/// A model that can be called.
pub(super) enum Model {
    Playbook(Playbook),
    Remote(Box<Remote>),
}

/// An answer, before it gets its place in the session.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub thinking: String,
    pub text: String,
    pub calls: Vec<NewCall>,
    pub usage: Usage,
    pub cut: bool,
    pub opaque: Vec<Value>,
}

/// A tool call, before it gets its id.
#[derive(Debug)]
pub(super) struct NewCall {
    pub name: String,
    pub input: Value,
    pub signatures: Vec<String>,
}

/// Why the agent ends without a final message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{message}")]
    Limit { until: Option<Time>, message: String },
    #[error("{message}")]
    Auth { message: String },
    #[error("{message}")]
    Unavailable { message: String },
    #[error("{message}")]
    Invalid { message: String },
    /// The request has more tokens than the model takes.
    #[error("{message}")]
    TooLong { message: String },
    #[error("{message}")]
    Budget { message: String },
    #[error("{message}")]
    Stuck { message: String },
    #[error("it was interrupted")]
    Interrupted,
    #[error("the playbook says so")]
    Crash,
    #[error("cannot write: {0}")]
    Io(#[from] io::Error),
}

impl Failure {
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { message: reason.into() }
    }

    /// What is said about it. Nothing, where nothing can be said any more.
    pub(super) fn event(&self) -> Option<AgentEvent> {
        let class = match self {
            Self::Limit { until, message } => {
                return Some(AgentEvent::Limit { until: *until, message: message.clone() });
            }
            Self::Crash | Self::Interrupted => return None,
            Self::Auth { .. } => ErrorClass::Auth,
            Self::Unavailable { .. } => ErrorClass::Unavailable,
            Self::Invalid { .. } | Self::TooLong { .. } => ErrorClass::Invalid,
            Self::Budget { .. } => ErrorClass::Budget,
            Self::Stuck { .. } | Self::Io(_) => ErrorClass::Other,
        };
        Some(AgentEvent::Error { class, message: self.to_string() })
    }

    pub(super) fn exit(&self) -> AgentExit {
        match self {
            Self::Limit { .. } => AgentExit::Limit,
            Self::Auth { .. } => AgentExit::Auth,
            Self::Unavailable { .. } => AgentExit::Unavailable,
            Self::Invalid { .. } | Self::TooLong { .. } => AgentExit::Invalid,
            Self::Budget { .. } => AgentExit::Budget,
            Self::Stuck { .. } => AgentExit::Stuck,
            Self::Interrupted => AgentExit::Interrupted,
            Self::Crash => AgentExit::Crashed,
            Self::Io(_) => AgentExit::Io,
        }
    }
}

impl Model {
    /// What the model is called.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Playbook(_) => "playbook",
            Self::Remote(remote) => remote.name(),
        }
    }

    /// How many tokens it takes at once, as far as that is known.
    pub(super) fn window(&self) -> Option<u64> {
        match self {
            Self::Playbook(_) => None,
            Self::Remote(remote) => remote.window(),
        }
    }

    /// Finds out how many tokens it takes, where that has to be asked before the first call.
    pub(super) fn learn_window(
        &mut self,
        output: &mut Output<'_>,
        heartbeat: Duration,
    ) -> io::Result<()> {
        match self {
            Self::Remote(remote) if remote.is_to_learn_window() => {
                during(output, heartbeat, || remote.learn_window())
            }
            Self::Remote(_) | Self::Playbook(_) => Ok(()),
        }
    }

    /// How many bytes of a conversation that is compacted it has room for, as far as that is known.
    pub(super) fn room(&self) -> Option<usize> {
        match self {
            Self::Playbook(_) => None,
            Self::Remote(remote) => remote.room(),
        }
    }

    /// Whether the next request is nearly all that it takes.
    pub(super) fn is_full(&self, session: &Session) -> bool {
        match self {
            Self::Playbook(_) => false,
            Self::Remote(remote) => remote.is_full(session),
        }
    }

    /// The most tokens that the next call can consume.
    pub(super) fn tokens_of_next_call(&self, session: &Session) -> u64 {
        match self {
            Self::Playbook(playbook) => playbook.tokens_of_next_call(session),
            Self::Remote(remote) => remote.tokens_of_next_call(session),
        }
    }

    /// Asks for the next answer. A playbook that hangs does so in silence, as is its part.
    pub(super) fn call(
        &mut self,
        session: &mut Session,
        output: &mut Output<'_>,
        heartbeat: Duration,
    ) -> Result<Reply, Failure> {
        match self {
            Self::Playbook(playbook) => playbook.play(session, output),
            Self::Remote(remote) => during(output, heartbeat, || remote.call(session))?,
        }
    }
}
