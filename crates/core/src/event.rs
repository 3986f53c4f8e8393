//! Everything that can happen: the closed set of events that the journal records.
//!
//! An event carries all that `step` needs to decide, so that a replay decides the same.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::ask::{Permission, Reach};
use crate::call::Call;
use crate::github::{Digest, PullSeen, Repositories, Said, Seen};
use crate::plan::PlanWindow;
use crate::project::Shortage;
use crate::protocol::Response;
use crate::run::{Reached, Trouble, Whom, Wish};
use crate::task::{CommitId, Priority, Task};
use crate::team::Team;
use crate::{
    AskId, EffectId, Millis, ProjectId, ProviderName, RoleName, RunId, StageName, TaskId, Time,
    Token, Usage,
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A repository came under Crewhouse.
    ProjectAdded {
        /// What people call it.
        name: String,
        /// Its top level.
        root: String,
        /// Its policy.
        team: Box<Team>,
    },
    /// A good `team.toml` was read.
    TeamLoaded {
        /// The project.
        project: ProjectId,
        /// The policy.
        team: Box<Team>,
    },
    /// A `team.toml` with mistakes was read; the last good one stays.
    TeamRefused {
        /// The project.
        project: ProjectId,
        /// The mistakes.
        why: String,
    },
    /// Somebody wants something done.
    TaskAdded {
        /// The project.
        project: ProjectId,
        /// What.
        draft: TaskDraft,
    },
    /// The human changed a task.
    TaskEdited {
        /// The task.
        task: TaskId,
        /// What it says now.
        draft: TaskDraft,
    },
    /// The human put a task elsewhere.
    TaskMoved {
        /// The task.
        task: TaskId,
        /// The stage.
        to: StageName,
    },
    /// The human holds a task back.
    TaskPaused {
        /// The task.
        task: TaskId,
    },
    /// The human interrupts the agents of a task, to say something else to them.
    TaskInterrupted {
        /// The task.
        task: TaskId,
    },
    /// The human lets a task go on.
    TaskResumed {
        /// The task.
        task: TaskId,
    },
    /// The human wants the work that is being done on a task to go on with another provider.
    TaskHandedOver {
        /// The task.
        task: TaskId,
        /// The provider, and perhaps a model.
        to: Wish,
    },
    /// The human pins what must not be forgotten in the middle of the work.
    Pinned {
        /// The task.
        task: TaskId,
        /// What.
        text: String,
    },
    /// The human pins what an agent proposed.
    Promoted {
        /// The task.
        task: TaskId,
        /// The number of the anchor.
        anchor: u64,
    },
    /// It may be forgotten after all.
    Unpinned {
        /// The task.
        task: TaskId,
        /// The number of the anchor.
        anchor: u64,
    },
    /// The human gives a task up.
    TaskCancelled {
        /// The task.
        task: TaskId,
    },
    /// Somebody said something about a task: the human, a script through the mailbox.
    Remarked {
        /// The task.
        task: TaskId,
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// The human asks who worked on a task about it; the task may be over.
    Questioned {
        /// The task.
        task: TaskId,
        /// Who is asked.
        #[serde(flatten)]
        whom: Whom,
        /// What.
        question: String,
    },
    /// The human needs the answer to a question no more.
    Unasked {
        /// The run that answers it.
        run: RunId,
    },
    /// The human says that a provider serves again, before the time that it named.
    LimitLifted {
        /// The project.
        project: ProjectId,
        /// The provider.
        provider: ProviderName,
    },
    /// The human answered an ask.
    Answered {
        /// The ask.
        ask: AskId,
        /// The answer.
        text: String,
    },
    /// The human answered an ask, and the answer is remembered for exactly the same.
    AnsweredAlways {
        /// The ask.
        ask: AskId,
        /// Whether it may.
        permission: Permission,
        /// For how much.
        reach: Reach,
    },
    /// The human took a remembered answer back.
    Forgotten {
        /// The ask that it was given to.
        ask: AskId,
    },
    /// The human approved what waits at a gate.
    Approved {
        /// The task.
        task: TaskId,
        /// The commit that was looked at.
        commit: Option<CommitId>,
    },
    /// The human sent it back.
    Rejected {
        /// The task.
        task: TaskId,
        /// Why.
        why: String,
    },
    /// The human wants a task's work to be seen on GitHub, whatever it changes.
    PullAsked {
        /// The task.
        task: TaskId,
        /// The commit that was looked at.
        commit: Option<CommitId>,
    },
    /// Everything stops, and stays stopped.
    EmergencyStopped,
    /// Work may go on.
    EmergencyReleased,
    /// The clock went ahead without us: the machine slept, or the clock was set. No agent worked
    /// meanwhile.
    ClockJumped {
        /// How far.
        by: Millis,
    },
    /// Time passed; something may be due.
    Ticked,
    /// An agent's output was taken in up to `offset`.
    Said {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// End of what was taken in, in bytes.
        offset: u64,
        /// What it said.
        words: Words,
    },
    /// An agent used a tool of ours.
    Called {
        /// The run whose desk the call was put on.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// The agent's own name for the call.
        id: String,
        /// What it wants.
        call: Box<Call>,
    },
    /// What a run has changed in its worktree is something else now.
    Touched {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// All files that are others than on the base branch.
        files: BTreeSet<String>,
    },
    /// A response file was found for a role.
    ResponseFound {
        /// The project.
        project: ProjectId,
        /// The role.
        role: RoleName,
        /// What it says.
        response: Response,
    },
    /// A file in the mailbox can be no message and was set aside.
    MailSetAside {
        /// Whose mailbox.
        project: ProjectId,
        /// What it is called in `rejected/`.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The space on the disks of a project was looked at, and it is otherwise than before.
    SpaceSeen {
        /// The project.
        project: ProjectId,
        /// Where there is too little; `None` is nowhere.
        short: Option<Shortage>,
    },
    /// A project is connected with other repositories on GitHub than before.
    Connected {
        /// The project.
        project: ProjectId,
        /// With which.
        with: Repositories,
    },
    /// Something about an issue on GitHub is new.
    IssueSeen {
        /// Whose repository.
        project: ProjectId,
        /// The issue as it was seen.
        seen: Box<Seen>,
    },
    /// Something about a pull request on GitHub is new.
    PullSeen {
        /// Whose repository.
        project: ProjectId,
        /// The pull request as it was seen.
        seen: Box<PullSeen>,
    },
    /// Nothing was heard from an agent for a while.
    Quiet {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// Since when.
        since: Time,
    },
    /// A quiet agent was heard again.
    Heard {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
    },
    /// Nothing was heard from an agent for too long.
    Silent {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
    },
    /// An agent is waiting out a limit by itself, which only its log says.
    Overheard {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// When the limit ends, if the words say so.
        until: Option<Time>,
        /// The words.
        message: String,
    },
    /// An agent's process is gone, and all its output has been taken in.
    Exited {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// How it ended, for a human.
        how: String,
    },
    /// An effect was performed, or could not be.
    Settled {
        /// The effect.
        effect: EffectId,
        /// What came of it.
        result: Settled,
    },
}

/// What a task says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDraft {
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: String,
    /// What must be true for the task to be done.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// Who goes first.
    #[serde(default)]
    pub priority: Priority,
    /// Words by which it is found, and by which rules choose who works on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whose it is, by their accounts on GitHub.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assignees: BTreeSet<String>,
    /// Tasks that must be done before.
    #[serde(default)]
    pub depends_on: BTreeSet<TaskId>,
    /// Whether the human is asked before it goes on after a limit, whatever its team says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask_after_limit: bool,
}

impl TaskDraft {
    /// What a task says now.
    pub fn of(task: &Task) -> Self {
        Self {
            title: task.title.clone(),
            body: task.body.clone(),
            criteria: task.criteria.clone(),
            priority: task.priority,
            labels: task.labels.clone(),
            assignees: task.assignees.clone(),
            depends_on: task.depends_on.clone(),
            ask_after_limit: task.ask_after_limit,
        }
    }
}

/// What an agent said that matters to the arbiter. Text and tools do not: they stay in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "words", rename_all = "snake_case")]
pub enum Words {
    /// The conversation can be resumed by this id.
    Session {
        /// The provider's id.
        id: String,
    },
    /// It asks the human and waits.
    Asks {
        /// Its own name for the ask.
        key: String,
        /// The question.
        text: String,
        /// Answers to choose from.
        options: Vec<String>,
        /// What it is about, where that can be judged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Box<About>>,
    },
    /// It consumed this since it last said so.
    Used(Usage),
    /// The provider serves nothing before `until`.
    Limited {
        /// When to try again, if the provider said so.
        until: Option<Time>,
        /// The provider's words.
        message: String,
    },
    /// Something failed.
    Failed(Trouble),
    /// It reached for something outside of its worktree.
    Reached(Reached),
    /// It goes round in circles: so many uses of tools in a row were all made before, with the same
    /// results.
    Repeats {
        /// How many.
        times: u32,
        /// The last of them.
        what: String,
    },
    /// It has taken in what a person said about its task while it works.
    TookIn {
        /// The number of the remark.
        remark: u64,
    },
    /// Its conversation was compacted: it has forgotten most of what it was told.
    Compacted,
    /// Its conversation has so many tokens of those that its model takes.
    Context {
        /// It has.
        used: u64,
        /// The model takes.
        window: u64,
    },
    /// Its provider says how much of the plan is used up.
    Plan {
        /// The periods of the plan.
        windows: Vec<PlanWindow>,
    },
    /// It claims something; `None` when its last words follow no protocol.
    Responds {
        /// The claim.
        response: Option<Response>,
        /// Its last words as they were, shortened.
        text: String,
    },
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Settled {
    /// An agent was started.
    Started {
        /// The commit that its worktree was at.
        head: CommitId,
    },
    /// An agent was started, and the conversation that it was to go on with is not to be had.
    StartedAnew,
    /// No agent was started, and none ever will be for this token.
    NotStarted {
        /// What went wrong.
        trouble: Trouble,
    },
    /// No agent was started, and none ever will be for this token: there is too little space.
    NoSpace,
    /// The agent is certainly gone.
    Stopped,
    /// The words were brought to the agent, or the agent is gone.
    Sent,
    /// What was in the worktree is safe.
    Saved {
        /// The commit that the worktree is at now.
        head: CommitId,
    },
    /// It could not be saved; the worktree was left as it is.
    NotSaved {
        /// What went wrong.
        why: String,
    },
    /// Work from several worktrees is one commit now.
    Combined {
        /// That commit.
        head: CommitId,
    },
    /// Work from several worktrees does not fit together.
    NotCombined {
        /// What is in the way.
        why: String,
    },
    /// The command ran to its end on that commit.
    Checked {
        /// Whether it passed.
        passed: bool,
        /// The end of its output.
        output: String,
    },
    /// The command did not run to its end, which is not green.
    NotChecked {
        /// What went wrong.
        why: String,
    },
    /// The change is on the base branch.
    Merged {
        /// The commit there that contains it.
        commit: CommitId,
    },
    /// The change conflicts with the base branch.
    Conflicted {
        /// The files.
        files: Vec<String>,
    },
    /// The merged tree does not pass its check.
    MergeCheckFailed {
        /// The end of its output.
        output: String,
    },
    /// The change cannot be merged now.
    MergeHeld {
        /// What is in the way.
        why: String,
    },
    /// GitHub says what it should.
    Published {
        /// The issue.
        issue: u64,
        /// Our comment on it.
        comment: u64,
        /// What it says now as far as it comes from us.
        said: Box<Said>,
        /// When it changed last, as GitHub writes moments.
        updated_at: String,
        /// Whose it cannot be there, though they are assigned here.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        unassigned: BTreeSet<String>,
    },
    /// GitHub will not say that.
    NotPublished {
        /// Why.
        why: String,
    },
    /// The pull request shows what it should.
    Pulled {
        /// Its number; none if there is nothing to show.
        number: Option<u64>,
        /// Where people see it.
        url: Option<String>,
        /// The text that we wrote.
        body: Digest,
    },
    /// GitHub does not show that.
    NotPulled {
        /// Why.
        why: String,
    },
    /// The task's worktrees were given back; everything in them is saved.
    Released,
    /// They could not be given back and stay.
    NotReleased {
        /// What went wrong.
        why: String,
    },
}
