//! Effects: what the arbiter wants done in the outside world.
//!
//! They are written to the outbox in the transaction of the event that caused them, and performed
//! until a [`crate::Event::Settled`] with their id is recorded. After a crash all that are left
//! are performed again: whoever performs one makes sure that twice is the same as once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::call::Reply;
use crate::github::{PullWant, Want};
use crate::run::Run;
use crate::state::State;
use crate::task::{CommitId, Remark};
use crate::{AskId, EffectId, Millis, RunId, TaskId, Token};

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Make the worktree ready and start the agent.
    Start {
        /// The run.
        run: RunId,
        /// The fencing token of this start.
        token: Token,
    },
    /// End the agent and all that it started; settled when nothing is left.
    Stop {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
    },
    /// Let an agent end its turn and go; one that does not, in time, is ended with all that it
    /// started. Settled when nothing is left.
    Interrupt {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
    },
    /// Bring an answer to an agent.
    Send {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// The ask; each is delivered once to each start.
        ask: AskId,
        /// The agent's own name for the ask.
        key: String,
        /// The answer.
        text: String,
    },
    /// Bring to an agent at work what a person said about its task.
    Tell {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// The task.
        task: TaskId,
        /// The remark; each is brought once to each start, by its number.
        remark: Remark,
    },
    /// Tell an agent whose conversation was compacted what must not be forgotten.
    Remind {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// The how manieth compaction of the run; each is followed by one reminder.
        compaction: u32,
    },
    /// Tell an agent what came of a call.
    Reply {
        /// The run.
        run: RunId,
        /// Which start of it.
        token: Token,
        /// The agent's own name for the call.
        call: String,
        /// What it is told.
        reply: Reply,
    },
    /// Save what an agent left in its worktree.
    Save {
        /// The run.
        run: RunId,
        /// As what.
        how: SaveAs,
    },
    /// Make one commit of the work of several runs, in this order, on the task's branch.
    Combine {
        /// The task.
        task: TaskId,
        /// The runs.
        runs: Vec<RunId>,
    },
    /// Run a command in a worktree of the task on exactly this commit.
    Check {
        /// The task.
        task: TaskId,
        /// Which of its worktrees: 0 is its own, candidates have others.
        #[serde(default)]
        slot: u32,
        /// The commit; none is the base branch.
        commit: Option<CommitId>,
        /// The shell command.
        command: String,
        /// How long it may take.
        timeout: Millis,
    },
    /// Merge the approved commit into the base branch.
    Merge {
        /// The task.
        task: TaskId,
        /// The commit; with none there is nothing to merge.
        commit: Option<CommitId>,
    },
    /// Save all that is in the task's worktrees and give them back.
    Release {
        /// The task.
        task: TaskId,
    },
    /// Let GitHub say this about a task.
    Publish {
        /// The task.
        task: TaskId,
        /// What it is to say.
        want: Box<Want>,
    },
    /// Let GitHub show the task's work: push its branch, keep its pull request up to date.
    Pull {
        /// The task.
        task: TaskId,
        /// What it is to show.
        want: Box<PullWant>,
    },
}

/// How the state of a worktree is saved after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveAs {
    /// As a commit of the role on the task's branch.
    Commit,
    /// As a snapshot beside the branch; the worktree stays as it is for whoever goes on.
    Snapshot,
    /// As a snapshot beside the branch, in the middle of the work: the run goes on from there.
    Checkpoint,
    /// As a snapshot; then the worktree goes back to the commit of the branch, because who judges
    /// does not change what is judged.
    Discard,
    /// Not at all: the run was aside. Its worktree is given back, and what is in it after all goes to the
    /// trash.
    GiveBack,
}

/// A worktree that effects work in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    /// Of a task, by its slot.
    Task(TaskId, u32),
    /// Of a run that is aside.
    Aside(RunId),
}

impl Spot {
    fn of(run: &Run) -> Self {
        if run.is_aside() { Self::Aside(run.id) } else { Self::Task(run.task, run.slot) }
    }

    fn is_of(self, id: TaskId) -> bool {
        match self {
            Self::Task(task, _) => task == id,
            Self::Aside(_) => false,
        }
    }
}

impl Effect {
    /// The worktree that it works in. Those of one worktree are performed one after the other. A stop,
    /// an answer or a word goes to the agent, not to the worktree.
    fn worktree(&self, state: &State) -> Option<Spot> {
        match self {
            Self::Start { run, .. } | Self::Save { run, .. } => state.runs.get(run).map(Spot::of),
            Self::Check { task, slot, .. } => Some(Spot::Task(*task, *slot)),
            Self::Combine { task, .. } | Self::Merge { task, .. } | Self::Release { task } => {
                Some(Spot::Task(*task, 0))
            }
            Self::Stop { .. }
            | Self::Interrupt { .. }
            | Self::Send { .. }
            | Self::Tell { .. }
            | Self::Remind { .. }
            | Self::Reply { .. }
            | Self::Publish { .. }
            | Self::Pull { .. } => None,
        }
    }

    /// Whether it only ends agents, saves their work, or gives worktrees back: after the emergency
    /// stop nothing else is performed.
    fn is_calming(&self) -> bool {
        match self {
            Self::Stop { .. }
            | Self::Interrupt { .. }
            | Self::Save { .. }
            | Self::Release { .. } => true,
            Self::Start { .. }
            | Self::Send { .. }
            | Self::Tell { .. }
            | Self::Remind { .. }
            | Self::Reply { .. }
            | Self::Combine { .. }
            | Self::Check { .. }
            | Self::Merge { .. }
            | Self::Publish { .. }
            | Self::Pull { .. } => false,
        }
    }

    /// One word for the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Stop { .. } => "stop",
            Self::Interrupt { .. } => "interrupt",
            Self::Send { .. } => "send",
            Self::Tell { .. } => "tell",
            Self::Remind { .. } => "remind",
            Self::Reply { .. } => "reply",
            Self::Save { .. } => "save",
            Self::Combine { .. } => "combine",
            Self::Check { .. } => "check",
            Self::Merge { .. } => "merge",
            Self::Release { .. } => "release",
            Self::Publish { .. } => "publish",
            Self::Pull { .. } => "pull",
        }
    }
}

/// The effects of the outbox that may be performed now, in its order: a worktree serves one at a
/// time. Those that are being performed are among them.
pub fn due(state: &State) -> Vec<EffectId> {
    let stopped = state.meta.stopped.is_some();
    let mut worktrees = BTreeSet::new();
    let mut due = Vec::new();
    for (id, effect) in &state.outbox {
        if let Effect::Release { task } = effect
            && worktrees.iter().any(|busy: &Spot| busy.is_of(*task))
        {
            continue; // it takes all worktrees of the task
        }
        if effect.worktree(state).is_some_and(|worktree| !worktrees.insert(worktree)) {
            continue; // an earlier effect needs the worktree
        }
        if !stopped || effect.is_calming() {
            due.push(*id);
        }
    }
    due
}
