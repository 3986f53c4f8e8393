//! What the board shows: computed from the facts when it is asked for, never stored, so that it
//! cannot lie.

use std::fmt;

use serde::Serialize;

use crate::protocol::CriterionAnswer;
use crate::purse::Purse;
use crate::run::{Run, RunState, Wait};
use crate::task::{Hold, Phase, Task};
use crate::{AskId, Block, ProviderName, RoleName, RunId, State, TaskId, Time, block};

/// What a task is doing, or why it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// An agent is at work on it.
    Working {
        /// Who.
        role: RoleName,
        /// Which run.
        run: RunId,
    },
    /// An agent is at work, and nothing was heard from it for a while.
    NoSignal {
        /// Who.
        role: RoleName,
        /// Since when.
        since: Time,
    },
    /// It waits for a place, or for its turn.
    Queued {
        /// Why it does not move.
        why: String,
    },
    /// Another task must be done before.
    Blocked {
        /// Which.
        by: TaskId,
    },
    /// A provider serves nothing before `until`.
    Limited {
        /// Which.
        provider: ProviderName,
        /// When it goes on.
        until: Time,
    },
    /// It waits for an answer of the human.
    NeedsAnswer {
        /// To this ask.
        ask: AskId,
    },
    /// It waits for the approval of the human.
    NeedsApproval,
    /// A check of ours runs on it.
    Checking,
    /// It is being merged.
    Merging,
    /// It is approved, and something is in the way of the merge.
    Held {
        /// What.
        why: String,
    },
    /// A bound is reached; the human decides.
    Stuck {
        /// Which.
        why: String,
        /// The ask.
        ask: AskId,
    },
    /// The human holds it back.
    Paused,
    /// Its agents were interrupted, and wait for the human's word.
    Interrupted,
    /// Everything is stopped.
    Stopped,
    /// It landed.
    Done,
    /// It was given up.
    Cancelled,
}

impl Status {
    /// Whether only the human can make it move.
    pub fn needs_human(&self) -> bool {
        match self {
            Self::NeedsAnswer { .. }
            | Self::NeedsApproval
            | Self::Stuck { .. }
            // It is tried again by itself, but what is in the way is the human's.
            | Self::Held { .. }
            | Self::Paused
            | Self::Interrupted
            | Self::Stopped => true,
            Self::Working { .. }
            | Self::NoSignal { .. }
            | Self::Queued { .. }
            | Self::Blocked { .. }
            | Self::Limited { .. }
            | Self::Checking
            | Self::Merging
            | Self::Done
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Working { role, .. } => write!(f, "{role} at work"),
            Self::NoSignal { role, .. } => write!(f, "no signal from {role}"),
            Self::Queued { why } => write!(f, "queued: {why}"),
            Self::Blocked { by } => write!(f, "blocked by {by}"),
            Self::Limited { provider, .. } => write!(f, "waits for the limit of {provider}"),
            Self::NeedsAnswer { ask } => write!(f, "needs your answer ({ask})"),
            Self::NeedsApproval => f.write_str("needs your approval"),
            Self::Checking => f.write_str("checking"),
            Self::Merging => f.write_str("merging"),
            Self::Held { why } => write!(f, "held: {why}"),
            Self::Stuck { why, ask } => write!(f, "stuck ({ask}): {why}"),
            Self::Paused => f.write_str("paused"),
            Self::Interrupted => f.write_str("interrupted, waits for your word"),
            Self::Stopped => f.write_str("stopped"),
            Self::Done => f.write_str("done"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// An acceptance criterion, and the newest answer to it: whoever judges after the author has the last
/// word. None if it was changed since, or nobody answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion<'a> {
    /// What must be true.
    pub text: &'a str,
    /// What was said about it, and in which run.
    pub answer: Option<(&'a Run, &'a CriterionAnswer)>,
}

/// The criteria of a task, in their order.
pub fn criteria<'a>(state: &'a State, task: &'a Task) -> Vec<Criterion<'a>> {
    let answers: Vec<(&Run, &CriterionAnswer)> = works_on(state, task.id)
        .flat_map(|run| {
            let answers = run.response.iter().flat_map(|response| &response.criteria);
            answers.map(move |answer| (run, answer))
        })
        .collect();
    let newest = |text: &str| answers.iter().rev().find(|(_, it)| it.criterion == text).copied();
    task.criteria.iter().map(|text| Criterion { text, answer: newest(text) }).collect()
}

/// Whom a remark of a person has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The agent of this run knows it.
    Heard(RunId),
    /// It is on its way to the agent of this run.
    OnItsWay(RunId),
    /// Nobody yet: whoever works on the task next is told.
    Next,
}

/// How far the remark of this number has come.
pub fn delivery(state: &State, task: TaskId, number: u64) -> Delivery {
    let of_task = |which: &dyn Fn(&Run) -> bool| {
        works_on(state, task).find(|run| which(run)).map(|run| run.id)
    };
    // Who is about to start has it in its prompt.
    let starts = |run: &Run| matches!(run.state, RunState::Preparing { .. });
    let heard = of_task(&|run| run.hearing.heard >= number && !starts(run));
    let on_its_way = || of_task(&|run| starts(run) || (run.listens() && hears(state, run)));
    match heard {
        Some(run) => Delivery::Heard(run),
        None => on_its_way().map_or(Delivery::Next, Delivery::OnItsWay),
    }
}

/// The run whose agent would be told now what is said about a task, if one would.
pub fn listener<'a>(state: &'a State, task: &Task) -> Option<&'a Run> {
    let mut live = state.live_runs().filter(|run| run.task == task.id && !run.is_aside());
    live.find(|run| run.listens() && hears(state, run))
}

/// All runs that ever worked on a task; not those that only answered a question about it.
fn works_on(state: &State, task: TaskId) -> impl Iterator<Item = &Run> {
    state.runs_of(task).filter(|run| !run.is_aside())
}

fn hears(state: &State, run: &Run) -> bool {
    let project = state.projects.get(&run.project);
    let provider = project.and_then(|project| project.team.providers.get(&run.provider));
    provider.is_some_and(|provider| provider.kind.hears())
}

/// The status of a task at `now`.
pub fn status(state: &State, task: &Task, now: Time) -> Status {
    if let Some(ask) = task.budget_ask {
        return Status::Stuck { why: "its budget is used up".into(), ask };
    }
    match &task.phase {
        Phase::Done { .. } => return Status::Done,
        Phase::Cancelled => return Status::Cancelled,
        Phase::Landing { .. } => return Status::Merging,
        Phase::Stuck { why, ask, .. } => {
            return Status::Stuck { why: why.clone(), ask: *ask };
        }
        Phase::Asking { ask, .. } => return Status::NeedsAnswer { ask: *ask },
        Phase::Approving { .. } => return Status::NeedsApproval,
        Phase::Waiting
        | Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Sifting { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Checking { .. }
        | Phase::Judging { .. }
        | Phase::Leaving { .. }
        | Phase::Held { .. }
        | Phase::Moving { .. }
        | Phase::Closing => {}
    }
    if state.meta.stopped.is_some() {
        return Status::Stopped;
    }
    match task.hold {
        Hold::Free => {}
        Hold::Paused | Hold::Limited => return Status::Paused,
        Hold::Interrupted => return Status::Interrupted,
    }
    let is_of = |run: &&Run| run.task == task.id && !run.is_aside();
    let runs: Vec<&Run> = state.live_runs().filter(is_of).collect();
    if let Some(status) = runs.iter().find_map(|run| of_agent(run)) {
        return status;
    }
    if let Some(block) = runs.iter().find_map(|run| Some(of_block(run, &block(state, run, now)?))) {
        return block;
    }
    without_run(state, task)
}

fn of_agent(run: &Run) -> Option<Status> {
    match &run.state {
        RunState::Running { quiet: Some(since), .. } => {
            Some(Status::NoSignal { role: run.role.clone(), since: *since })
        }
        RunState::Waiting(Wait::Asks { open }) => {
            open.first().map(|ask| Status::NeedsAnswer { ask: *ask })
        }
        state if state.holds_agent() || matches!(state, RunState::Saving { .. }) => {
            Some(Status::Working { role: run.role.clone(), run: run.id })
        }
        _ => None,
    }
}

fn of_block(run: &Run, block: &Block) -> Status {
    let queued = |why: &str| Status::Queued { why: why.to_owned() };
    match block {
        Block::Stopped => Status::Stopped,
        Block::Paused => Status::Paused,
        Block::Dependency(by) => Status::Blocked { by: *by },
        Block::Backoff(_) => queued("it failed and is started again in a moment"),
        Block::Limit(until) => Status::Limited { provider: run.provider.clone(), until: *until },
        Block::Probe(probe) => {
            queued(&format!("{probe} tries whether {} serves again", run.provider))
        }
        Block::Refused(Some(ask)) | Block::Purse { ask: Some(ask), .. } => {
            Status::NeedsAnswer { ask: *ask }
        }
        Block::Refused(None) => queued(&format!("{} serves nobody for now", run.provider)),
        Block::ProjectFull => queued("as many agents work as the project allows"),
        Block::RoleFull => queued("its role is busy"),
        Block::ProviderFull => queued("its provider is busy"),
        Block::TaskBudget => queued("its budget is used up"),
        Block::Purse { purse: Purse::Day, ask: None } => queued("the budget of the day is used up"),
        Block::Purse { purse: Purse::Role { role }, ask: None } => {
            queued(&format!("{role} has used up its budget of the day"))
        }
        Block::Purse { purse: Purse::Project, ask: None } => {
            queued("the budget of the project is used up")
        }
        Block::Space => queued("there is too little space on the disk"),
    }
}

fn without_run(state: &State, task: &Task) -> Status {
    let done = |id: &TaskId| {
        state.tasks.get(id).is_some_and(|task| matches!(task.phase, Phase::Done { .. }))
    };
    if let Some(by) = task.depends_on.iter().find(|id| !done(id)) {
        return Status::Blocked { by: *by };
    }
    match &task.phase {
        Phase::Checking { .. } | Phase::Sifting { .. } | Phase::Combining { .. } => {
            Status::Checking
        }
        Phase::Held { why, .. } => Status::Held { why: why.clone() },
        Phase::Leaving { to, .. } => Status::Queued { why: format!("`{to}` is full") },
        _ => Status::Queued { why: "its turn comes".into() },
    }
}
