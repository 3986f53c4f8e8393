//! An ask: a question or permission request to the human, durable and answered once.

use serde::{Deserialize, Serialize};

use crate::{AskId, ProjectId, ProviderName, RunId, TaskId, Time};

/// A question to the human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Its number.
    pub id: AskId,
    /// The project.
    pub project: ProjectId,
    /// The task.
    pub task: TaskId,
    /// Who asks, and who hears the answer.
    pub from: Asker,
    /// The question.
    pub text: String,
    /// Answers to choose from; empty when any text will do.
    pub options: Vec<String>,
    /// When it was asked.
    pub asked_at: Time,
    /// Whether it still waits.
    pub state: AskState,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Asker {
    /// An agent that is alive and waits.
    Agent {
        /// Its run.
        run: RunId,
        /// The agent's own name for the ask.
        key: String,
    },
    /// The same, by a tool of ours.
    Call {
        /// Its run.
        run: RunId,
        /// The agent's own name for the call.
        call: String,
    },
    /// A role that ended its turn with a request.
    Request {
        /// Its run.
        run: RunId,
    },
    /// Crewhouse itself: a bound is reached.
    Arbiter,
    /// Crewhouse itself: a provider serves nobody until a human sees to it. It is asked once,
    /// however many runs wait; the task is that of one of them.
    Provider {
        /// Which.
        provider: ProviderName,
    },
}

impl Asker {
    /// The run whose agent waits for the answer.
    pub fn agent(&self) -> Option<RunId> {
        match self {
            Self::Agent { run, .. } | Self::Call { run, .. } => Some(*run),
            Self::Request { .. } | Self::Arbiter | Self::Provider { .. } => None,
        }
    }
}

/// Whether an ask still waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AskState {
    /// It waits.
    Open,
    /// The human answered.
    Answered {
        /// When.
        at: Time,
        /// What.
        text: String,
    },
    /// Nobody waits for the answer any more.
    Expired {
        /// Since when.
        at: Time,
    },
}

/// What the human may say to Crewhouse's own asks, besides words of advice.
pub const TRY_AGAIN: &str = "try again";
/// The other answer.
pub const CANCEL: &str = "cancel";
/// What lets a proposed task begin.
pub const BEGIN: &str = "begin";

impl Ask {
    /// Whether it still waits.
    pub fn is_open(&self) -> bool {
        self.state == AskState::Open
    }

    /// Whether words that are none of the options are an answer: advice.
    pub fn takes_advice(&self) -> bool {
        match self.from {
            Asker::Arbiter | Asker::Provider { .. } => true,
            Asker::Agent { .. } | Asker::Call { .. } | Asker::Request { .. } => {
                self.options.is_empty()
            }
        }
    }
}
