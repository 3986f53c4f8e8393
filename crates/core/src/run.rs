//! A run: one attempt of one agent at one stage of one task.
//!
//! ```text
//! Queued ─► Preparing ─► Running ◄─► Waiting(asks)
//!   ▲           │           │            │
//!   │           └───────────┴────────────┴──► Stopping ──► Waiting(limit | pause), Queued, Saving
//!   └──── Waiting(limit | pause) ◄───────────────┘
//!                                Saving ─► Finished
//! ```
//!
//! A run that waits and was started before may come to `Saving` too: its response was found late, or
//! the human has other plans and what it left must not be lost.
//!
//! A process exists in `Preparing`, `Running`, `Waiting(asks)` and `Stopping`, and in no other
//! state; that is what [`RunState::holds_agent`] says and what the slots of the dispatcher count.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::about::Place;
use crate::protocol::Response;
use crate::task::CommitId;
use crate::{AskId, EffectId, ProjectId, ProviderName, RoleName, RunId, StageName, TaskId};
use crate::{Millis, Time, Token, Usage};

/// One attempt of one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The project.
    pub project: ProjectId,
    /// The task.
    pub task: TaskId,
    /// The stage that the task was in.
    pub stage: StageName,
    /// Who works.
    pub role: RoleName,
    /// Where the agent comes from.
    pub provider: ProviderName,
    /// Why from there, where there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What the human wants its work to be done with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// What the human wants the work of the run to be done with that takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish_after: Option<Wish>,
    /// The run whose work it takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_over: Option<RunId>,
    /// What for.
    pub purpose: Purpose,
    /// Which of the task's worktrees: 0 is the task's own, candidates have others.
    pub slot: u32,
    /// How often it was started: the fencing token.
    pub token: Token,
    /// Unexpected ends so far.
    pub failures: u32,
    /// Where it is.
    pub state: RunState,
    /// The provider's id of the conversation.
    pub session: Option<String>,
    /// The first valid response; later ones do not change it.
    pub response: Option<Response>,
    /// The last thing that went wrong in the present start.
    pub trouble: Option<Trouble>,
    /// Questions asked so far.
    pub asks: u32,
    /// Calls of our tools so far.
    #[serde(default)]
    pub calls: u32,
    /// Comments and messages among them.
    #[serde(default)]
    pub comments: u32,
    /// The exact commit that it is to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judges: Option<CommitId>,
    /// What it reached for outside of its worktree, as far as its tools say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// How far it knows what people said about its task.
    #[serde(default)]
    pub hearing: Hearing,
    /// How often its conversation was compacted.
    #[serde(default)]
    pub compactions: u32,
    /// How full its conversation is, as far as its agent said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The conversation that is too full to be gone on with: it begins another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Left>,
    /// The commit of its own that it left, if its work has changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// Whether the work of the task goes on with that, where it was made beside the task's own worktree.
    #[serde(default)]
    pub kept: bool,
    /// What it consumed.
    pub spent: Usage,
    /// For how long its agents worked, the present one not included.
    #[serde(default)]
    pub worked: Millis,
    /// How many bytes of the present start's output have been taken in.
    pub read_to: u64,
    /// When it was created.
    pub queued_at: Time,
}

/// A place outside of its worktree that an agent reached for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Where.
    pub place: Place,
    /// What for.
    pub access: Access,
    /// Whether the system refused it.
    pub denied: bool,
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It is looked at.
    Read,
    /// It is made, changed or removed.
    Write,
}

/// How full a conversation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The provider's id of the conversation.
    pub session: String,
    /// So many tokens it has.
    pub used: u64,
    /// So many its model takes.
    pub window: u64,
}

impl Context {
    /// How full it is, in percent.
    pub fn percent(&self) -> u64 {
        self.used.saturating_mul(100) / self.window.max(1)
    }
}

/// A conversation that is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The run that had it last.
    pub run: RunId,
    /// The provider's id of it.
    pub session: String,
    /// How full it is.
    pub percent: u64,
}

/// A provider, and perhaps a model, that the human chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Where the agent is to come from.
    pub provider: ProviderName,
    /// The model, if not the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Wish {
    /// The model, if not the provider's own.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

/// How far a run knows what people said about its task, by the numbers of their remarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    /// Its first prompt has all up to this one.
    pub briefed: u64,
    /// All up to this one was brought to its agent.
    pub told: u64,
    /// All up to this one has its agent taken in.
    pub heard: u64,
}

/// What a run is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// To do the work of the stage.
    Work,
    /// To decide, as PM, what the pipeline does not.
    Consult {
        /// What happened.
        about: String,
    },
    /// To judge the work of others.
    Verdict,
    /// To choose the best of several candidates.
    Choose,
    /// To answer a question about what was done before, in the conversation of who did it. It changes
    /// nothing, and the task does not wait for it.
    Answer {
        /// What is asked.
        question: String,
        /// The run whose conversation knows.
        of: RunId,
        /// That conversation is not to be had: another one answers, from what is on record.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    },
}

/// Who is asked about what was done on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "whom", rename_all = "snake_case")]
pub enum Whom {
    /// Who did the work last.
    Author,
    /// Who worked last in this role.
    Role {
        /// The role.
        role: RoleName,
    },
    /// The agent of this run.
    Run {
        /// The run.
        run: RunId,
    },
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a place.
    Queued {
        /// Not before this moment: a pause after a failure.
        not_before: Time,
    },
    /// Its worktree is made ready and its agent started.
    Preparing {
        /// Since when.
        since: Time,
    },
    /// Its agent works.
    Running {
        /// Since when.
        since: Time,
        /// Since when nothing was heard, if that is long enough to be shown.
        quiet: Option<Time>,
        /// When it responded; it is given a moment to exit by itself.
        responded: Option<Time>,
    },
    /// Not working, by itself going on when what it waits for comes.
    Waiting(Wait),
    /// Its agent was told to stop.
    Stopping {
        /// Since when.
        since: Time,
        /// What comes when it has.
        then: AfterStop,
    },
    /// Its agent has ended; what it left in the worktree is being saved.
    Saving {
        /// The effect that saves.
        effect: EffectId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Over.
    Finished {
        /// When.
        at: Time,
        /// How.
        outcome: Outcome,
    },
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Wait {
    /// Answers of the human. The agent is alive and listens.
    Asks {
        /// The open ones, at least one.
        open: BTreeSet<AskId>,
    },
    /// The provider serves nothing before `until`. No agent is alive.
    Limit {
        /// When it goes on.
        until: Time,
    },
    /// The human holds the task back. No agent is alive.
    Pause,
}

/// What comes after a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum AfterStop {
    /// It waits for the provider.
    Limit {
        /// Until then.
        until: Time,
    },
    /// It waits for the human to resume the task.
    Pause,
    /// It goes back into the queue.
    Queue {
        /// Not before this moment.
        not_before: Time,
    },
    /// It has responded, or failed for good: its work is saved.
    Finish {
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The agent claims to be done.
    Done,
    /// The agent needs a decision.
    Request,
    /// It cannot be done, or failed too often.
    Error,
    /// It did not end in time.
    Stalled,
    /// The human took it back.
    Cancelled,
    /// Its provider serves nothing for long, or the human chose another: that one goes on with what it
    /// left.
    HandedOver,
}

/// A failure that an agent reported, or that was seen from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What can be done about it.
    pub kind: TroubleKind,
    /// What happened, for a human.
    pub message: String,
}

/// Failures by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// Trying again may help.
    Transient,
    /// Its last words could not be read; told so, it may say them right.
    Protocol,
    /// Only a human can help: correct the configuration, allow more budget.
    Human,
    /// The provider serves nobody until a human sees to it: to sign in, a key, a bill, a program
    /// that is missing.
    Provider,
}

/// What moves a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    /// It got a place.
    Dispatched,
    /// Its agent is alive.
    Started,
    /// Nothing was heard for a while, or again something.
    Quiet(Option<Time>),
    /// It asked the human.
    Asked(AskId),
    /// An ask was answered or withdrawn.
    Answered(AskId),
    /// It responded.
    Responded,
    /// Its agent is told to stop.
    Stop(AfterStop),
    /// Its agent is gone, and it is to go on later.
    Requeue {
        /// Not before this moment.
        not_before: Time,
    },
    /// Its agent is gone after a stop for a wait.
    Wait(Wait),
    /// It has no agent any more, and what it left is saved by this effect.
    Save(EffectId, Outcome),
    /// All is saved, or there was nothing to save.
    Finish(Outcome),
}

/// An event that a run in this state cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a run that is {state} cannot take {event:?}")]
pub struct IllegalTransition {
    /// The state's word.
    pub state: &'static str,
    /// The event.
    pub event: RunEvent,
}

impl RunState {
    /// The state after `event` at `now`.
    pub fn next(&self, event: RunEvent, now: Time) -> Result<Self, IllegalTransition> {
        use RunEvent as E;
        use RunState as S;
        Ok(match (self, event) {
            (S::Queued { .. } | S::Waiting(Wait::Limit { .. }), E::Dispatched) => {
                S::Preparing { since: now }
            }
            (S::Preparing { .. }, E::Started) => {
                S::Running { since: now, quiet: None, responded: None }
            }
            (S::Running { since, responded, .. }, E::Quiet(quiet)) => {
                S::Running { since: *since, quiet, responded: *responded }
            }
            (S::Running { since, quiet, .. }, E::Responded) => {
                S::Running { since: *since, quiet: *quiet, responded: Some(now) }
            }
            (S::Waiting(Wait::Asks { .. }), E::Responded) => {
                S::Running { since: now, quiet: None, responded: Some(now) }
            }
            (S::Running { .. }, E::Asked(ask)) => {
                S::Waiting(Wait::Asks { open: BTreeSet::from([ask]) })
            }
            (S::Waiting(Wait::Asks { open }), E::Asked(ask)) => {
                S::Waiting(Wait::Asks { open: open.iter().copied().chain([ask]).collect() })
            }
            (S::Waiting(Wait::Asks { open }), E::Answered(ask)) => {
                let open: BTreeSet<AskId> = open.iter().copied().filter(|a| *a != ask).collect();
                if open.is_empty() {
                    S::Running { since: now, quiet: None, responded: None }
                } else {
                    S::Waiting(Wait::Asks { open })
                }
            }
            (state, E::Stop(then)) if state.holds_agent() => S::Stopping { since: now, then },
            (state, E::Requeue { not_before }) if state.holds_agent() => S::Queued { not_before },
            (S::Waiting(Wait::Pause), E::Requeue { not_before }) => S::Queued { not_before },
            (S::Queued { .. } | S::Waiting(Wait::Limit { .. }), E::Wait(Wait::Pause)) => {
                S::Waiting(Wait::Pause)
            }
            (S::Stopping { .. }, E::Wait(wait @ (Wait::Limit { .. } | Wait::Pause)))
            | (S::Preparing { .. }, E::Wait(wait @ Wait::Limit { .. })) => S::Waiting(wait),
            (state, E::Save(effect, outcome)) if state.holds_agent() || state.is_idle() => {
                S::Saving { effect, outcome }
            }
            (S::Saving { .. }, E::Finish(outcome)) => S::Finished { at: now, outcome },
            (state, E::Finish(outcome)) if state.is_idle() => S::Finished { at: now, outcome },
            (state, event) => {
                return Err(IllegalTransition { state: state.word(), event });
            }
        })
    }

    /// Since when its agent works, if it does: not while it waits for the human.
    pub fn working_since(&self) -> Option<Time> {
        match self {
            Self::Running { since, .. } => Some(*since),
            Self::Queued { .. }
            | Self::Preparing { .. }
            | Self::Waiting(_)
            | Self::Stopping { .. }
            | Self::Saving { .. }
            | Self::Finished { .. } => None,
        }
    }

    /// Whether a process may exist in this state.
    pub fn holds_agent(&self) -> bool {
        match self {
            Self::Preparing { .. }
            | Self::Running { .. }
            | Self::Waiting(Wait::Asks { .. })
            | Self::Stopping { .. } => true,
            Self::Queued { .. }
            | Self::Waiting(Wait::Limit { .. } | Wait::Pause)
            | Self::Saving { .. }
            | Self::Finished { .. } => false,
        }
    }

    /// Whether it has no process and nothing is being done for it: it may be ended at once.
    pub fn is_idle(&self) -> bool {
        matches!(self, Self::Queued { .. } | Self::Waiting(Wait::Limit { .. } | Wait::Pause))
    }

    /// One word for the journal and the card.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Preparing { .. } => "preparing",
            Self::Running { .. } => "running",
            Self::Waiting(Wait::Asks { .. }) => "asking",
            Self::Waiting(Wait::Limit { .. }) => "limited",
            Self::Waiting(Wait::Pause) => "paused",
            Self::Stopping { .. } => "stopping",
            Self::Saving { .. } => "saving",
            Self::Finished { outcome, .. } => outcome.word(),
        }
    }
}

impl Outcome {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Request => "request",
            Self::Error => "error",
            Self::Stalled => "stalled",
            Self::Cancelled => "cancelled",
            Self::HandedOver => "handed-over",
        }
    }
}

impl Run {
    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.state {
            RunState::Finished { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// For how long its agents have worked, the present one included.
    pub fn worked_until(&self, now: Time) -> Millis {
        let since = self.state.working_since();
        Millis(self.worked.0.saturating_add(since.map_or(0, |since| now.since(since).0)))
    }

    /// Whether it answers a question aside: it works in a worktree of its own, and its task neither waits
    /// for it nor holds it back.
    pub fn is_aside(&self) -> bool {
        match self.purpose {
            Purpose::Answer { .. } => true,
            Purpose::Work | Purpose::Consult { .. } | Purpose::Verdict | Purpose::Choose => false,
        }
    }

    /// The model that the human chose for it.
    pub fn model(&self) -> Option<&str> {
        self.wish.as_ref().and_then(Wish::model)
    }

    /// Whether the human has said who does its work, or goes on with it.
    pub fn is_wished_for(&self) -> bool {
        self.wish.is_some() || self.wish_after.is_some()
    }

    /// Whether its agent is at work, or about to be.
    pub fn is_at_work(&self) -> bool {
        match self.state {
            RunState::Preparing { .. }
            | RunState::Running { .. }
            | RunState::Waiting(Wait::Asks { .. }) => true,
            RunState::Queued { .. }
            | RunState::Waiting(Wait::Limit { .. } | Wait::Pause)
            | RunState::Stopping { .. }
            | RunState::Saving { .. }
            | RunState::Finished { .. } => false,
        }
    }

    /// Whether its agent is at work, and not about to end.
    pub fn listens(&self) -> bool {
        let works = match self.state {
            RunState::Running { responded, .. } => responded.is_none(),
            RunState::Waiting(Wait::Asks { .. }) => true,
            RunState::Queued { .. }
            | RunState::Preparing { .. }
            | RunState::Waiting(Wait::Limit { .. } | Wait::Pause)
            | RunState::Stopping { .. }
            | RunState::Saving { .. }
            | RunState::Finished { .. } => false,
        };
        works && self.response.is_none()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.outcome().is_some()
    }
}

#[cfg(test)]
mod tests;
