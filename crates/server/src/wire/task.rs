//! Tasks, as the board and the card show them.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::call::Met;
use crew_core::conflict::conflicts;
use crew_core::{State, TaskId, Time, status, task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Check, PullView, Run, Usage};

/// Files that are named where several are the same.
const FILES_MAX: usize = 5;

/// `GET /api/tasks`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tasks {
    /// Position in the journal.
    pub seq: u64,
    /// When this was computed.
    pub now: u64,
    /// In the order of their numbers.
    pub tasks: Vec<Card>,
}

/// `POST /api/tasks`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskAdded {
    /// Position in the journal.
    pub seq: u64,
    /// When.
    pub at: u64,
    /// The new task.
    pub task: Task,
}

/// A task, as the board shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// Its number.
    pub id: u64,
    /// Where it belongs.
    pub project: u64,
    /// One line.
    pub title: String,
    /// Who goes first.
    pub priority: Priority,
    /// Words by which it is found, and by which rules choose who works on it.
    pub labels: Vec<String>,
    /// Whose it is, by their accounts on GitHub.
    pub assignees: Vec<String>,
    /// Tasks that must be done before.
    pub depends_on: Vec<u64>,
    /// Whether you are asked before it goes on after a limit, whatever its team says.
    pub ask_after_limit: bool,
    /// Where it is in the pipeline.
    pub stage: String,
    /// Since when.
    pub entered_at: u64,
    /// What it is doing, or why it is not.
    pub status: TaskStatus,
    /// What goes on in the stage, in one word.
    pub phase: String,
    /// Whether the human holds it back.
    pub paused: bool,
    /// Whether it can still move.
    pub open: bool,
    /// When it was added.
    pub added_at: u64,
    /// What it consumed.
    pub spent: Usage,
    /// Starts of agents for it.
    pub starts: u32,
    /// The newest commit of its branch.
    pub head: Option<String>,
    /// The branch that carries its work.
    pub branch: String,
    /// The pull request, as an agent named it.
    pub pr: Option<String>,
    /// The number of its issue on GitHub.
    pub issue: Option<u64>,
    /// Why GitHub does not say what the board says.
    pub issue_trouble: Option<String>,
    /// Where people see that issue.
    pub issue_url: Option<String>,
    /// The number of its pull request on GitHub.
    pub pull: Option<u64>,
    /// Where people see that pull request.
    pub pull_url: Option<String>,
    /// Why GitHub does not show the task's work.
    pub pull_trouble: Option<String>,
    /// How that pull request is on GitHub: its checks and reviews.
    pub pull_view: Option<PullView>,
    /// Why its worktrees are still there though it is over.
    pub kept: Option<String>,
    /// How many acceptance criteria it has.
    pub criteria_total: u32,
    /// How many of them are met, by the newest answers.
    pub criteria_met: u32,
    /// What has to pass, in the order of the pipeline.
    pub checks: Vec<Check>,
    /// The task that was worked on when an agent proposed this one.
    pub proposed_by: Option<u64>,
    /// The newest thing that an agent at work on it did.
    pub live: Option<String>,
    /// Other open tasks that change the same files.
    pub conflicts: Vec<Conflict>,
}

/// Another task that changes the same files, before either has landed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// Which.
    pub task: u64,
    /// The first of the files.
    pub files: Vec<String>,
    /// How many there are.
    pub files_total: u64,
}

/// What is known about an acceptance criterion.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Criterion {
    /// What must be true.
    pub text: String,
    /// `met` or `not_met`; null if nobody has answered it as it is now.
    pub met: Option<String>,
    /// How that can be seen, or what is missing.
    pub why: Option<String>,
    /// Who said so last.
    pub role: Option<String>,
    /// In which run.
    pub run: Option<u64>,
}

impl From<status::Criterion<'_>> for Criterion {
    fn from(criterion: status::Criterion<'_>) -> Self {
        let (run, answer) = criterion.answer.unzip();
        Self {
            text: criterion.text.to_owned(),
            met: answer.map(|answer| answer.met.word().to_owned()),
            why: answer.map(|answer| answer.why.clone()),
            role: run.map(|run| run.role.to_string()),
            run: run.map(|run| run.id.0),
        }
    }
}

/// A task, as its card opens.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// What the board shows.
    #[serde(flatten)]
    pub card: Card,
    /// Markdown.
    pub body: String,
    /// What must be true for it to be done.
    pub criteria: Vec<String>,
    /// What is known about each of them.
    pub answers: Vec<Criterion>,
    /// How often it entered each stage.
    pub visits: BTreeMap<String, u32>,
    /// What was said about it, oldest first.
    pub remarks: Vec<Remark>,
    /// What must not be forgotten, pinned or proposed, oldest first.
    pub anchors: Vec<Anchor>,
    /// The run whose agent is at work and is told what is said now; null when what is said waits for
    /// whoever works on the task next.
    pub listener: Option<u64>,
    /// What waits for the human's approval.
    pub approval: Option<Approval>,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// What its worktrees take on disk; null until that was measured.
    pub disk_bytes: Option<u64>,
}

/// `GET /api/tasks/{id}/diff`: what the task changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskDiff {
    /// The commit that it is compared with; null if there is nothing to compare.
    pub from: Option<String>,
    /// The commit that it is at, or is on the base branch as; null for a worktree with more in it.
    pub to: Option<String>,
    /// File by file.
    pub files: Vec<ChangedFile>,
    /// A unified diff.
    pub text: String,
    /// Whether it was cut.
    pub truncated: bool,
}

/// A file that a task changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangedFile {
    /// Relative to the repository.
    pub path: String,
    /// `added`, `modified` or `deleted`.
    pub kind: String,
    /// Lines added; null for a binary file.
    pub added: Option<u64>,
    /// Lines removed; null for a binary file.
    pub removed: Option<u64>,
}

/// What waits at a human's gate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// The exact commit; null if the task has none of its own.
    pub commit: Option<String>,
    /// Where the task goes when it is approved and all other gates pass.
    pub to: String,
}

/// Something said about a task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Remark {
    /// When.
    pub at: u64,
    /// A role, `human` or `crewhouse`.
    pub from: String,
    /// Markdown.
    pub text: String,
    /// Counts what people said to whoever works on the task; 0 for all else.
    pub number: u64,
    /// How far it has come; null for what is no message of a person.
    pub delivery: Option<Delivery>,
    /// The question that it answers.
    pub question: Option<Question>,
}

/// What somebody wanted to know about the work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// The run that answers.
    pub run: u64,
    /// What.
    pub text: String,
}

/// Something that agents must not forget in the middle of the work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Anchor {
    /// Its number, in its task.
    pub number: u64,
    /// When it was pinned or proposed.
    pub at: u64,
    /// A role, or `human`.
    pub from: String,
    /// What.
    pub text: String,
    /// Whether agents are told it.
    pub standing: AnchorStanding,
}

/// Whether an anchor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorStanding {
    /// Agents are told it.
    Pinned,
    /// An agent thinks that they should be.
    Proposed,
}

impl From<&task::Anchor> for Anchor {
    fn from(anchor: &task::Anchor) -> Self {
        let task::Anchor { number, at, from, text, standing } = anchor.clone();
        let standing = match standing {
            task::Standing::Pinned => AnchorStanding::Pinned,
            task::Standing::Proposed => AnchorStanding::Proposed,
        };
        Self { number, at: at.0, from, text, standing }
    }
}

/// How far a remark of a person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// How far it is.
    pub word: DeliveryWord,
    /// The run whose agent has it, or is about to get it.
    pub run: Option<u64>,
}

/// How far a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryWord {
    /// An agent knows it.
    Heard,
    /// It is on its way to an agent that is at work.
    OnItsWay,
    /// It waits for whoever works on the task next.
    Next,
}

/// A remark was made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RemarkMade {
    /// Its position in the journal.
    pub seq: u64,
    /// When.
    pub at: u64,
    /// The remark, and whom it has reached by now.
    pub remark: Remark,
}

/// A question was taken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuestionAsked {
    /// Its position in the journal.
    pub seq: u64,
    /// When.
    pub at: u64,
    /// The run that answers: its answer becomes a remark of the task.
    pub run: u64,
}

/// What a task is doing. Fields that a status has nothing to say about are null.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct TaskStatus {
    /// `working`, `no_signal`, `queued`, `blocked`, `limited`, `needs_answer`, `needs_approval`,
    /// `checking`, `merging`, `held`, `stuck`, `paused`, `interrupted`, `stopped`, `done` or `cancelled`.
    pub word: String,
    /// The same for people.
    pub text: String,
    /// Whether only the human can make it move.
    pub needs_human: bool,
    /// Who works.
    pub role: Option<String>,
    /// In which run.
    pub run: Option<u64>,
    /// Which ask waits.
    pub ask: Option<u64>,
    /// Which task must be done before.
    pub by: Option<u64>,
    /// Since when nothing was heard.
    pub since: Option<u64>,
    /// Until when the provider serves nothing.
    pub until: Option<u64>,
    /// What is in the way.
    pub why: Option<String>,
}

/// Who goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Before all others.
    Urgent,
    /// Before the normal ones.
    High,
    /// The default.
    #[default]
    Normal,
    /// When nothing else waits.
    Low,
}

impl Card {
    pub(crate) fn of(state: &State, task: &task::Task, now: Time) -> Self {
        let criteria = status::criteria(state, task);
        let met = criteria.iter().filter_map(|it| it.answer).filter(|(_, it)| it.met == Met::Met);
        Self {
            criteria_total: u32::try_from(criteria.len()).unwrap_or(u32::MAX),
            criteria_met: u32::try_from(met.count()).unwrap_or(u32::MAX),
            checks: Check::all(state, task),
            proposed_by: task.proposed_by.map(|task| task.0),
            id: task.id.0,
            project: task.project.0,
            title: task.title.clone(),
            priority: task.priority.into(),
            labels: task.labels.iter().cloned().collect(),
            assignees: task.assignees.iter().cloned().collect(),
            depends_on: task.depends_on.iter().map(|id| id.0).collect(),
            ask_after_limit: task.ask_after_limit,
            stage: task.stage.to_string(),
            entered_at: task.entered_at.0,
            status: status::status(state, task, now).into(),
            phase: task.phase.word().to_owned(),
            paused: task.is_held(),
            open: !task.is_over(),
            added_at: task.added_at.0,
            spent: state.spent_on(task.id).into(),
            starts: task.starts,
            head: task.head.as_ref().map(ToString::to_string),
            branch: task.branch(),
            pr: task.pr.clone(),
            issue: task.link.as_ref().and_then(|link| link.issue),
            issue_trouble: task
                .link
                .as_ref()
                .and_then(|link| link.trouble.as_ref())
                .map(|(_, why)| why.clone()),
            issue_url: issue_url(state, task),
            pull: task.pull.as_ref().and_then(|pull| pull.number),
            pull_url: task.pull.as_ref().and_then(|pull| pull.url.clone()),
            pull_trouble: task
                .pull
                .as_ref()
                .and_then(|pull| pull.trouble.as_ref())
                .map(|(_, why)| why.clone()),
            pull_view: task.pull.as_deref().and_then(PullView::of),
            kept: task.kept.clone(),
            live: None,
            conflicts: conflicts(state.open_tasks(), task)
                .into_iter()
                .map(Conflict::from)
                .collect(),
        }
    }
}

impl From<(TaskId, BTreeSet<String>)> for Conflict {
    fn from((task, files): (TaskId, BTreeSet<String>)) -> Self {
        let files_total = files.len() as u64;
        Self { task: task.0, files: files.into_iter().take(FILES_MAX).collect(), files_total }
    }
}

fn issue_url(state: &State, task: &task::Task) -> Option<String> {
    let issue = task.link.as_ref()?.issue?;
    Some(state.projects.get(&task.project)?.team.github.as_ref()?.issue_url(issue))
}

impl Task {
    pub(crate) fn of(state: &State, task: &task::Task, now: Time) -> Self {
        Self {
            card: Card::of(state, task, now),
            body: task.body.clone(),
            criteria: task.criteria.clone(),
            answers: status::criteria(state, task).into_iter().map(Criterion::from).collect(),
            visits: task.visits.iter().map(|(stage, n)| (stage.to_string(), *n)).collect(),
            remarks: task.remarks.iter().map(|it| Remark::of(state, task.id, it)).collect(),
            anchors: task.anchors.iter().map(Anchor::from).collect(),
            listener: status::listener(state, task).map(|run| run.id.0),
            approval: Approval::of(task),
            runs: state.runs_of(task.id).map(Run::from).collect(),
            disk_bytes: None,
        }
    }
}

impl From<crew_git::Change> for ChangedFile {
    fn from(change: crew_git::Change) -> Self {
        let crew_git::Change { path, kind, added, removed } = change;
        let kind = match kind {
            crew_git::ChangeKind::Added => "added",
            crew_git::ChangeKind::Modified => "modified",
            crew_git::ChangeKind::Deleted => "deleted",
        };
        Self { path, kind: kind.to_owned(), added, removed }
    }
}

impl Approval {
    pub(crate) fn of(task: &task::Task) -> Option<Self> {
        let task::Phase::Approving { gate } = &task.phase else {
            return None;
        };
        let commit = gate.commit.as_ref().map(ToString::to_string);
        Some(Self { commit, to: gate.to.to_string() })
    }
}

impl Remark {
    pub(crate) fn of(state: &State, id: TaskId, remark: &task::Remark) -> Self {
        let task::Remark { at, from, text, number, question } = remark.clone();
        let question = question.map(|it| Question { run: it.run.0, text: it.text });
        let delivery = (number > 0).then(|| status::delivery(state, id, number).into());
        Self { at: at.0, from, text, number, delivery, question }
    }
}

impl From<status::Delivery> for Delivery {
    fn from(delivery: status::Delivery) -> Self {
        let (word, run) = match delivery {
            status::Delivery::Heard(run) => (DeliveryWord::Heard, Some(run.0)),
            status::Delivery::OnItsWay(run) => (DeliveryWord::OnItsWay, Some(run.0)),
            status::Delivery::Next => (DeliveryWord::Next, None),
        };
        Self { word, run }
    }
}

impl From<status::Status> for TaskStatus {
    fn from(status: status::Status) -> Self {
        use status::Status as S;
        let (text, needs_human) = (status.to_string(), status.needs_human());
        let word = word(&status).to_owned();
        let plain = Self { word, text, needs_human, ..Self::default() };
        match status {
            S::Working { role, run } => {
                Self { role: Some(role.to_string()), run: Some(run.0), ..plain }
            }
            S::NoSignal { role, since } => {
                Self { role: Some(role.to_string()), since: Some(since.0), ..plain }
            }
            S::Queued { why } | S::Held { why } => Self { why: Some(why), ..plain },
            S::Blocked { by } => Self { by: Some(by.0), ..plain },
            S::Limited { until, .. } => Self { until: Some(until.0), ..plain },
            S::NeedsAnswer { ask } => Self { ask: Some(ask.0), ..plain },
            S::Stuck { why, ask } => Self { why: Some(why), ask: Some(ask.0), ..plain },
            S::NeedsApproval
            | S::Checking
            | S::Merging
            | S::Paused
            | S::Interrupted
            | S::Stopped
            | S::Done
            | S::Cancelled => plain,
        }
    }
}

fn word(status: &status::Status) -> &'static str {
    use status::Status as S;
    match status {
        S::Working { .. } => "working",
        S::NoSignal { .. } => "no_signal",
        S::Queued { .. } => "queued",
        S::Blocked { .. } => "blocked",
        S::Limited { .. } => "limited",
        S::NeedsAnswer { .. } => "needs_answer",
        S::NeedsApproval => "needs_approval",
        S::Checking => "checking",
        S::Merging => "merging",
        S::Held { .. } => "held",
        S::Stuck { .. } => "stuck",
        S::Paused => "paused",
        S::Interrupted => "interrupted",
        S::Stopped => "stopped",
        S::Done => "done",
        S::Cancelled => "cancelled",
    }
}

macro_rules! same_priorities {
    ($from:path, $to:path) => {
        impl From<$from> for $to {
            fn from(priority: $from) -> Self {
                use $from as P;
                match priority {
                    P::Urgent => Self::Urgent,
                    P::High => Self::High,
                    P::Normal => Self::Normal,
                    P::Low => Self::Low,
                }
            }
        }
    };
}

same_priorities!(task::Priority, Priority);
same_priorities!(Priority, task::Priority);
