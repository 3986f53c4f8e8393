//! A project: a git repository under Crewhouse, with its team.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::about::Deed;
use crate::ask::{Permission, Remembered};
use crate::github::Connected;
use crate::task::Task;
use crate::team::{Amount, Opened, Stage, Team, Work};
use crate::{
    AskId, Micros, ProjectId, RoleName, RoutineName, RunId, StageName, TaskId, Time, Usage,
};

/// A git repository under Crewhouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// What people call it: the name of its directory, unless it was named otherwise.
    pub name: String,
    /// The top level of the repository, an absolute path.
    pub root: String,
    /// Its policy: the last good one.
    pub team: Team,
    /// Why the newest `team.toml` is not in use.
    pub team_refused: Option<String>,
    /// When the PM last looked for what fell through the cracks.
    pub scanned_at: Time,
    /// The routines that have come so far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routines: BTreeMap<RoutineName, Came>,
    /// What roles said to each other that was not read yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Answers that are given again, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
    /// Where there is too little space on the disk for another agent to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Shortage>,
    /// What its tasks' issues and pull requests are numbers of, once GitHub was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<Connected>,
}

/// When a routine came last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// When it did, or when it was first seen.
    pub at: Time,
    /// Its task; none where it has not come yet.
    pub task: Option<TaskId>,
    /// The newest ask of that moment: what is asked after it is news.
    pub asks: AskId,
}

/// Too little space on a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// A directory on that disk: the data directory, or the repository.
    pub place: String,
    /// How much was free when it was noticed, in megabytes.
    pub free_mb: u64,
    /// How much has to be.
    pub floor_mb: u64,
}

/// Something that one role said to another. It is read when that role works next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When.
    pub at: Time,
    /// Who said it.
    pub from: RoleName,
    /// At work on which task.
    pub task: TaskId,
    /// To whom.
    pub to: RoleName,
    /// Markdown.
    pub text: String,
    /// The run that reads it; it is gone when that is over.
    pub reader: Option<RunId>,
}

impl Project {
    /// The routine whose newest task this is.
    pub fn routine_of(&self, task: TaskId) -> Option<&RoutineName> {
        let known = self.routines.iter().find(|(_, came)| came.task == Some(task));
        known.map(|(name, _)| name)
    }

    /// Whether this task, of a routine, is over if those at work on it change nothing and send it nowhere:
    /// they are the first, and one after the other.
    pub fn ends_unchanged(&self, task: &Task) -> bool {
        let works = |name: &StageName| {
            self.team.stage(name).is_some_and(|stage| !stage.workers().is_empty())
        };
        let visits = task.visits.iter().filter(|(stage, _)| works(stage));
        let is_first = visits.map(|(_, visits)| visits).sum::<u32>() <= 1;
        let one_by_one = |stage: &Stage| matches!(stage.work, Work::Sequence(_) | Work::Queue);
        let stage = self.team.stage(&task.stage);
        self.routine_of(task.id).is_some()
            && is_first
            && stage.is_some_and(one_by_one)
            && task.consults == 0
    }

    /// What is open to a role in the sandbox: to all, to it, and what the human opened to it when asked.
    pub fn opened_to(&self, role: &RoleName) -> Opened {
        let of_role = self.team.roles.get(role).map(|role| &role.opened);
        let mut open = self.team.sandbox.open.clone().and(of_role.unwrap_or(&Opened::default()));
        for known in self.remembered.iter().filter(|known| known.role == *role) {
            if let (Permission::Allow, Deed::Open { path, access }) =
                (known.permission, &known.about.deed)
            {
                open.open(path.clone(), *access);
            }
        }
        open
    }
}

impl Amount {
    /// What a usage counts against a budget: a price that is not known counts as none, its tokens
    /// count all the same.
    pub fn of(usage: Usage) -> Self {
        Self { tokens: usage.tokens(), cost: usage.cost.unwrap_or_default() }
    }

    /// The sum of two amounts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cost: Micros(self.cost.0.saturating_add(other.cost.0)),
        }
    }

    /// What is left of this after `other`, not below zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: Micros(self.cost.0.saturating_sub(other.cost.0)),
        }
    }

    /// This amount `n` times.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        let n = u64::from(n);
        Self { tokens: self.tokens.saturating_mul(n), cost: Micros(self.cost.0.saturating_mul(n)) }
    }

    /// Whether this fits into `other` in tokens and in money.
    pub fn fits(self, other: Self) -> bool {
        self.tokens <= other.tokens && self.cost <= other.cost
    }
}
