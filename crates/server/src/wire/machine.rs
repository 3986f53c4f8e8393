//! The daemon as a whole: is it well, who works, what waits.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, Counts, Priority, Usage};

/// `GET /api/health`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Of the program.
    pub version: String,
    /// Of the daemon.
    pub pid: u32,
    /// The data directory.
    pub home: String,
    /// Position in the journal.
    pub seq: u64,
    /// The daemon's clock.
    pub now: u64,
    /// When it was started.
    pub started_at: u64,
    /// Since when everything is stopped.
    pub stopped: Option<u64>,
}

/// `GET /api/status`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Position in the journal.
    pub seq: u64,
    /// The daemon's clock.
    pub now: u64,
    /// Since when everything is stopped.
    pub stopped: Option<u64>,
    /// In the order of their numbers.
    pub projects: Vec<StatusOfProject>,
    /// Who works.
    pub agents: Vec<AgentAtWork>,
    /// Providers that serve nothing for now.
    pub limits: Vec<Limit>,
    /// How much of their plans providers say is used up.
    pub plans: Vec<Plan>,
    /// How many things wait for the human.
    pub inbox: u64,
    /// What all projects spent today (UTC).
    pub today: Amount,
    /// What all projects spent within the last hour.
    pub hour: Amount,
    /// Runs that wait for a place.
    pub queued: u64,
}

/// One project at a glance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusOfProject {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// The top level of the repository.
    pub root: String,
    /// Why the newest `team.toml` is not in use.
    pub team_refused: Option<String>,
    /// How many files of its mailbox were set aside and are still there.
    pub mail_set_aside: u64,
    /// How many tasks have which status.
    pub tasks: Counts,
    /// Why its agents, or some of them, may touch more than the sandbox says; null if there is nothing to
    /// say.
    pub unconfined: Option<String>,
    /// Open tasks that change the same files, each pair once.
    pub overlaps: Vec<Overlap>,
    /// What its worktrees take on disk; null until that was measured.
    pub disk_bytes: Option<u64>,
    /// What it spent today (UTC).
    pub today: Amount,
}

/// Two open tasks that change the same files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Overlap {
    /// The older one.
    pub first: u64,
    /// The newer one.
    pub second: u64,
    /// The first of the files.
    pub files: Vec<String>,
    /// How many there are.
    pub files_total: u64,
}

/// One agent at work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentAtWork {
    /// Its run.
    pub run: u64,
    /// The project.
    pub project: u64,
    /// The task.
    pub task: u64,
    /// Who.
    pub role: String,
    /// Where it comes from.
    pub provider: String,
    /// In which stage.
    pub stage: String,
    /// `preparing`, `running`, `asking` or `stopping`.
    pub state: String,
    /// Since when.
    pub since: Option<u64>,
    /// Since when nothing was heard.
    pub quiet_since: Option<u64>,
    /// What the run consumed.
    pub spent: Usage,
    /// The newest thing that it did.
    pub live: Option<String>,
}

/// How much of a plan is used up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Whose provider.
    pub project: u64,
    /// The provider.
    pub provider: String,
    /// Its periods.
    pub windows: Vec<PlanWindow>,
}

/// A period of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanWindow {
    /// Its length, or what the provider calls it.
    pub name: String,
    /// How much of it is used up.
    pub percent: u32,
    /// When all of it is there again; null if that was not said.
    pub resets: Option<u64>,
}

/// A provider serves nothing for now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// Whose limit.
    pub project: u64,
    /// The provider.
    pub provider: String,
    /// When it is tried again, unless it is the human who ends it.
    pub until: u64,
    /// What ends it.
    pub ends: LimitEnds,
    /// The provider's words.
    pub message: String,
}

/// What ends a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitEnds {
    /// Time: nobody tries before.
    Time,
    /// An agent that tries, now or as soon as one wants to start.
    Probe,
    /// The human, who is asked when somebody waits for it.
    Human,
}

/// `GET /api/inbox`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    /// Position in the journal.
    pub seq: u64,
    /// What unblocks most first.
    pub items: Vec<InboxItem>,
}

/// Something that waits for the human.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    /// What is wanted.
    pub kind: InboxKind,
    /// The project.
    pub project: u64,
    /// The task.
    pub task: u64,
    /// The task's title.
    pub title: String,
    /// The task's priority.
    pub priority: Priority,
    /// The task's stage.
    pub stage: String,
    /// The ask to answer; null for an approval, and for what is held.
    pub ask: Option<u64>,
    /// Who asks: a role or `crewhouse`.
    pub from: String,
    /// The run that asks.
    pub run: Option<u64>,
    /// The question.
    pub text: String,
    /// Answers to choose from; empty when any text will do.
    pub options: Vec<String>,
    /// Whether words that are none of these are an answer as well: advice to whoever goes on.
    pub advice: bool,
    /// What an answer for always would be remembered for; null where it cannot be.
    pub about: Option<String>,
    /// When the safe answer is given to it, if nobody answers before.
    pub expires: Option<u64>,
    /// The commit that waits for approval.
    pub commit: Option<String>,
    /// Since when it waits.
    pub since: u64,
    /// How many tasks move on by it: its own, and all that wait for that.
    pub unblocks: u64,
}

/// Kinds of things that wait for the human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboxKind {
    /// A question of an agent or a role.
    Ask,
    /// A yes or no at a gate.
    Approval,
    /// A bound is reached.
    Stuck,
    /// Something is in the way of a merge, or a limit was met and you want to say when it goes on.
    Held,
}

/// `GET /api/idle`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Idle {
    /// Position in the journal.
    pub seq: u64,
    /// Whether nothing can move without the human.
    pub idle: bool,
    /// What moves, where something does.
    pub moves: Option<String>,
    /// Open tasks that wait for the human, for themselves or by those before them.
    pub waiting: u64,
}

/// `POST /api/prune`: what was removed, or would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pruned {
    /// Tasks that it belonged to.
    pub tasks: u64,
    /// What agents printed, by starts.
    pub logs: Heap,
    /// Conversations of agents.
    pub conversations: Heap,
    /// What was saved of worktrees; git gives the space back when it collects garbage, so its bytes are
    /// not counted.
    pub trash: Heap,
}

/// A number of things, and the space that they take.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Heap {
    /// How many.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

impl From<crew_engine::Pruned> for Pruned {
    fn from(pruned: crew_engine::Pruned) -> Self {
        let crew_engine::Pruned { tasks, logs, conversations, trash } = pruned;
        let heap = |crew_engine::Heap { count, bytes }| Heap { count, bytes };
        Self { tasks, logs: heap(logs), conversations: heap(conversations), trash: heap(trash) }
    }
}

/// `POST /api/backup`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackedUp {
    /// Where it is.
    pub target: String,
    /// Position in the journal when it was begun: all up to there is in it.
    pub seq: u64,
}
