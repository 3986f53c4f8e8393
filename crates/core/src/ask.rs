//! An ask: a question or permission request to the human, durable and answered once.

use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::purse::Purse;
use crate::task::Task;
use crate::{AskId, ProjectId, ProviderName, RoleName, RunId, TaskId, Time};

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
    /// What it is about, where it asks for a permission and says so in data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
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
    /// Crewhouse itself: a purse is empty that a run waits for.
    Purse {
        /// Which, of the project.
        purse: Purse,
    },
    /// Crewhouse itself: there is too little space on a disk. It is asked once, however many runs
    /// wait, and withdrawn when there is enough.
    Disk {
        /// A directory on that disk.
        place: String,
    },
    /// Crewhouse itself: agents of a role were refused something by the sandbox. What, is what it is
    /// about.
    Sandbox {
        /// Which role.
        role: RoleName,
    },
}

impl Asker {
    /// The run whose agent waits for the answer.
    pub fn agent(&self) -> Option<RunId> {
        match self {
            Self::Agent { run, .. } | Self::Call { run, .. } => Some(*run),
            Self::Request { .. }
            | Self::Arbiter
            | Self::Provider { .. }
            | Self::Purse { .. }
            | Self::Disk { .. }
            | Self::Sandbox { .. } => None,
        }
    }
}

/// Whether an ask still waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AskState {
    /// It waits.
    Open,
    /// It is answered.
    Answered {
        /// When.
        at: Time,
        /// What.
        text: String,
        /// By whom.
        #[serde(default)]
        by: AnsweredBy,
    },
    /// Nobody waits for the answer any more.
    Expired {
        /// Since when.
        at: Time,
    },
}

/// Who answered an ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The human.
    #[default]
    Human,
    /// A rule of the team.
    Rule {
        /// Of this role.
        role: RoleName,
        /// Which, from 1.
        number: usize,
        /// What it said then.
        rule: String,
    },
    /// The permissions of the provider, as no rule of its role was about it.
    Permissions,
    /// An answer that the human gave before to exactly the same.
    Remembered {
        /// To this ask.
        ask: AskId,
    },
    /// Nobody, in the time that its role has for it.
    Time,
}

impl std::fmt::Display for AnsweredBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Human => f.write_str("by the human"),
            Self::Rule { role, number, rule } => write!(f, "by rule {number} of {role} ({rule})"),
            Self::Permissions => f.write_str("by the permissions of its provider"),
            Self::Remembered { ask } => write!(f, "as {ask} was"),
            Self::Time => f.write_str("as nobody answered in time"),
        }
    }
}

/// A yes or no to a request for permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

impl Permission {
    /// The answer that it is.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => ALLOW,
            Self::Deny => DENY,
        }
    }

    /// The answer that it is, with a reason for a no.
    pub(crate) fn text(self, refused: impl Fn() -> String) -> String {
        match self {
            Self::Allow => ALLOW.to_owned(),
            Self::Deny => refused(),
        }
    }

    /// The permission that an answer is, if it is one and nothing else.
    pub fn of(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "allow" | "yes" | "y" => Some(Self::Allow),
            "deny" | "no" | "n" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// How far a remembered answer reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The task of the ask, for its role.
    Task,
    /// All tasks of the project, for its role.
    Role,
}

/// An answer that is given again when exactly the same is asked: by the same role, with the same tool,
/// for the same command or files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The ask that it was given to, which names it.
    pub ask: AskId,
    /// Whose asks.
    pub role: RoleName,
    /// In which tasks.
    pub scope: Scope,
    /// What it is about.
    pub about: About,
    /// The answer.
    pub permission: Permission,
    /// Since when.
    pub at: Time,
}

/// Where a remembered answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// In one task.
    Task {
        /// Which.
        task: TaskId,
    },
    /// In all of the project.
    Role,
}

/// What lets an agent do what it asks for.
pub const ALLOW: &str = "allow";
/// What does not.
pub const DENY: &str = "deny";
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

    /// Whether these words are an answer to it, as it is about this task.
    pub fn takes(&self, task: &Task, text: &str) -> bool {
        let is_permission = self.about.is_some() && Permission::of(text).is_some();
        is_permission || self.takes_advice(task) || self.options.iter().any(|option| option == text)
    }

    /// Whether words that are none of the options are an answer: advice.
    pub fn takes_advice(&self, task: &Task) -> bool {
        match self.from {
            // Whoever answers a question about money in words has not said yes.
            Asker::Arbiter => task.budget_ask != Some(self.id),
            Asker::Provider { .. } | Asker::Disk { .. } => true,
            Asker::Agent { .. }
            | Asker::Call { .. }
            | Asker::Request { .. }
            | Asker::Purse { .. }
            | Asker::Sandbox { .. } => self.options.is_empty(),
        }
    }
}
