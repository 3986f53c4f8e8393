//! The shapes of the API. Domain types end here: what is sent is converted into these.
//!
//! Moments are milliseconds since 1970-01-01 UTC, lengths are milliseconds and their names end in
//! `_ms`, money is millionths of a US dollar, ids are numbers. Nothing is formatted. An answer
//! carries the position in the journal that it was computed at as `seq`.

mod ask;
mod check;
mod cost;
mod files;
mod github;
mod journal;
mod machine;
mod project;
mod request;
mod run;
mod sandbox;
mod search;
mod setup;
mod stream;
mod task;
mod team;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ErrorCode;

pub use ask::{Permission, Remembered, RememberedAnswers};
pub use check::{Check, CheckKind, CheckState};
pub use cost::{CostQuery, Costs, Share};
pub use files::{
    CheckTeamFile, EditTeam, FormGates, FormTable, Mistake, Scalar, Side, TeamEdit, TeamFile,
    TeamFileChecked, TeamFiles, TeamForm, WriteTeamFile,
};
pub use github::{
    Github, GithubCalls, GithubPending, PullCheck, PullCheckState, PullReview, PullState,
    PullVerdict, PullView,
};
pub use journal::{Journal, JournalEntry, Note};
pub use machine::{
    AgentAtWork, BackedUp, Health, Heap, Idle, Inbox, InboxItem, InboxKind, Limit, LimitEnds,
    Overlap, Plan, PlanWindow, Pruned, Status, StatusOfProject,
};
pub use project::{DiffText, NewTrashBranch, Project, ProjectAdded, Projects, Trash, TrashItem};
pub use request::{
    Answer, Approve, Backup, EditTask, EventsQuery, FollowQuery, HandOver, IdleQuery, JournalQuery,
    Lift, LogQuery, MoveTask, NewAnchor, NewProject, NewQuestion, NewRemark, NewTask, Nothing,
    OldAnchor, Prune, PruneMode, Push, Reach, Reject, RestoreTrash, RunEventsQuery, TaskQuery,
    TrashQuery,
};
pub use run::{LogLine, Reached, Response, Run, Trouble};
pub use sandbox::{LeftOut, SandboxLesson, SandboxLessonQuery};
pub use search::{Found, FoundKind, SearchQuery, Searched};
pub use setup::{
    Begin, BeginModel, Begun, Directory, Finding, Findings, FoundRepository, Grade, Place,
    PlaceQuery, TeamTemplate, Templates,
};
pub use stream::{Changes, LiveLine, RunMessage, StreamMessage};
pub use task::{
    Anchor, AnchorStanding, Approval, Card, ChangedFile, Conflict, Criterion, Delivery,
    DeliveryWord, Priority, Question, QuestionAsked, Remark, RemarkMade, Task, TaskAdded, TaskDiff,
    TaskStatus, Tasks,
};
pub use team::{
    Allowance, AskRule, Gate, Limits, MergePolicy, Provider, Role, Routine, Rule, Stage, Team,
    TeamAnswer, WorktreePolicy, WorstCase,
};

/// What every error looks like.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: Problem,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// For a program.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The keys of `team.toml` that lead to what has to be changed, if it is about one place there:
    /// `stages.review.back`.
    pub key: Option<String>,
}

/// Proof that something is recorded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Its position in the journal.
    pub seq: u64,
    /// When.
    pub at: u64,
}

/// What was consumed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Tokens read by the model, without those served from its cache.
    pub input_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// All of them.
    pub tokens: u64,
    /// Cost by list price; null is "unknown", which is not zero.
    pub cost_micros: Option<u64>,
}

/// An amount of tokens and money.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Amount {
    /// Tokens of every kind.
    pub tokens: u64,
    /// Money by list price.
    pub cost_micros: u64,
}

/// How many of each.
pub type Counts = BTreeMap<String, u64>;

impl From<crew_core::Usage> for Usage {
    fn from(usage: crew_core::Usage) -> Self {
        let crew_core::Usage { input_tokens, cached_tokens, output_tokens, cost } = usage;
        Self {
            input_tokens,
            cached_tokens,
            output_tokens,
            tokens: usage.tokens(),
            cost_micros: cost.map(|cost| cost.0),
        }
    }
}

impl From<crew_core::team::Amount> for Amount {
    fn from(amount: crew_core::team::Amount) -> Self {
        Self { tokens: amount.tokens, cost_micros: amount.cost.0 }
    }
}
