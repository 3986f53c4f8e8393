//! The one idea: `step(state, event, now) → change`, pure.
//!
//! ```text
//!  human.rs     what people want          ┐   flow.rs     the way of a task
//!  policy.rs    a changed team.toml       │     work.rs      its agents
//!  agent.rs     what agents said or did   │     candidates.rs  which of several results
//!  asks.rs      what they ask, who answers├─►   gates.rs     what judges it    ─► dispatch.rs  who goes next
//!  call.rs      what they want of us      │
//!  answer.rs    what is asked of them     │
//!  touched.rs   who changes the same      │
//!  outcome.rs   what came of effects      │     consult.rs   what nobody decided        │
//!  timer.rs     what is due               │     limit.rs  who serves nothing now
//!  github.rs    what people did there     │     tell.rs   what is said to who works
//!  pull.rs      pull requests             │          └──────────── effects ─────────────┘
//!  space.rs     disks that are full       ┘              budget.rs  what may be spent
//! ```
//!
//! Every event ends with the dispatcher, so whatever became possible by it is begun in the same
//! transaction. What people ask for may be refused; news from outside never is: what comes too
//! late, twice or out of turn is recorded with the reason why it changed nothing.

mod agent;
mod answer;
mod asks;
mod budget;
mod call;
mod candidates;
mod consult;
mod dispatch;
mod flow;
mod gates;
mod github;
mod human;
mod limit;
mod outcome;
mod policy;
mod pull;
mod route;
mod routine;
mod space;
mod tell;
#[cfg(test)]
mod tests;
mod timer;
mod touched;
mod wall;
mod work;

use crate::state::{Change, Draft, State};
use crate::{Event, Refusal, Time};

pub use dispatch::{Block, block};
pub use timer::{RESPONSE_GRACE, next_wake};

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rows that change.
    pub change: Change,
    /// Why the event changed nothing by itself, where that is so.
    pub dropped: Option<String>,
}

/// Decides what an event does.
///
/// # Errors
/// When a person asked for something that is not possible. Nothing is recorded then.
pub fn step(state: &State, event: &Event, now: Time) -> Result<Step, Refusal> {
    let mut draft = Draft::new(state, now);
    let dropped = match (handle(&mut draft, event), event.is_news()) {
        (Ok(()), _) => None,
        (Err(refusal), true) => {
            draft = Draft::new(state, now);
            if let Event::Settled { effect, .. } = event {
                draft.settle(*effect);
            }
            Some(refusal.to_string())
        }
        (Err(refusal), false) => return Err(refusal),
    };
    dispatch::dispatch(&mut draft)?;
    github::publish(&mut draft)?;
    touched::forget(&mut draft)?;
    draft.change.meta.seq.0 += 1;
    Ok(Step { change: draft.change, dropped })
}

fn handle(draft: &mut Draft<'_>, event: &Event) -> Result<(), Refusal> {
    match event {
        Event::ProjectAdded { name, root, team } => human::add_project(draft, name, root, team),
        Event::TeamLoaded { project, team } => policy::load(draft, *project, team),
        Event::TeamRefused { project, why } => policy::refuse(draft, *project, why),

        Event::TaskAdded { project, draft: task } => {
            human::add_task(draft, *project, task).map(drop)
        }
        Event::TaskEdited { task, draft: text } => human::edit_task(draft, *task, text),
        Event::TaskMoved { task, to } => human::move_task(draft, *task, to),
        Event::TaskPaused { task } => human::pause(draft, *task),
        Event::TaskInterrupted { task } => human::interrupt(draft, *task),
        Event::TaskHandedOver { task, to } => route::hand_over_to(draft, *task, to),
        Event::Pinned { task, text } => human::pin(draft, *task, text),
        Event::Promoted { task, anchor } => human::open_task(draft, *task)?.promote(*anchor),
        Event::Unpinned { task, anchor } => human::open_task(draft, *task)?.unpin(*anchor),
        Event::Questioned { task, whom, question } => answer::ask(draft, *task, whom, question),
        Event::Unasked { run } => answer::unask(draft, *run),
        Event::TaskResumed { task } => human::resume(draft, *task),
        Event::TaskCancelled { task } => human::cancel(draft, *task),
        Event::Remarked { task, from, text } => human::remark(draft, *task, from, text),

        Event::LimitLifted { project, provider } => limit::lift(draft, *project, provider),
        Event::Answered { ask, text } => asks::answer(draft, *ask, text),
        Event::AnsweredAlways { ask, permission, reach } => {
            asks::answer_always(draft, *ask, *permission, *reach)
        }
        Event::Forgotten { ask } => asks::forget(draft, *ask),
        Event::Approved { task, commit } => human::approve(draft, *task, commit.as_ref()),
        Event::Rejected { task, why } => human::reject(draft, *task, why),
        Event::PullAsked { task, commit } => pull::asked(draft, *task, commit.as_ref()),
        Event::EmergencyStopped => human::stop_everything(draft),
        Event::EmergencyReleased => human::release(draft),

        Event::Said { run, token, offset, words } => {
            agent::spoke(draft, (*run, *token), *offset, words)
        }
        Event::Called { run, token, id, call } => call::called(draft, (*run, *token), id, call),
        Event::Touched { run, token, files } => touched::touched(draft, (*run, *token), files),
        Event::Quiet { run, token, since } => agent::quiet(draft, (*run, *token), Some(*since)),
        Event::Heard { run, token } => agent::quiet(draft, (*run, *token), None),
        Event::Silent { run, token } => agent::silent(draft, (*run, *token)),
        Event::Overheard { run, token, until, message } => {
            agent::overheard(draft, (*run, *token), *until, message)
        }
        Event::Exited { run, token, how } => agent::exited(draft, (*run, *token), how),
        Event::ResponseFound { project, role, response } => {
            agent::response_found(draft, *project, role, response)
        }
        // It is on record for people; whoever wrote it finds the reason next to it.
        Event::MailSetAside { .. } => Ok(()),

        Event::SpaceSeen { project, short } => space::seen(draft, *project, short.as_ref()),
        Event::Connected { project, with } => github::connected(draft, *project, with),
        Event::IssueSeen { project, seen } => github::seen(draft, *project, seen),
        Event::PullSeen { project, seen } => pull::seen(draft, *project, seen),
        Event::Settled { effect, result } => outcome::settled(draft, *effect, result),
        Event::ClockJumped { by } => timer::clock_jumped(draft, *by),
        Event::Ticked => timer::tick(draft),
    }
}

impl Event {
    /// Whether it happened whatever we say: it is recorded even if it changes nothing.
    fn is_news(&self) -> bool {
        match self {
            Self::Said { .. }
            | Self::Called { .. }
            | Self::Touched { .. }
            | Self::SpaceSeen { .. }
            | Self::Connected { .. }
            | Self::IssueSeen { .. }
            | Self::PullSeen { .. }
            | Self::ResponseFound { .. }
            | Self::MailSetAside { .. }
            | Self::Quiet { .. }
            | Self::Heard { .. }
            | Self::Silent { .. }
            | Self::Overheard { .. }
            | Self::Exited { .. }
            | Self::Settled { .. }
            | Self::ClockJumped { .. }
            | Self::Ticked => true,
            Self::ProjectAdded { .. }
            | Self::TeamLoaded { .. }
            | Self::TeamRefused { .. }
            | Self::TaskAdded { .. }
            | Self::TaskEdited { .. }
            | Self::TaskMoved { .. }
            | Self::TaskPaused { .. }
            | Self::TaskInterrupted { .. }
            | Self::TaskHandedOver { .. }
            | Self::Pinned { .. }
            | Self::Promoted { .. }
            | Self::Unpinned { .. }
            | Self::TaskResumed { .. }
            | Self::TaskCancelled { .. }
            | Self::Remarked { .. }
            | Self::Questioned { .. }
            | Self::Unasked { .. }
            | Self::LimitLifted { .. }
            | Self::Answered { .. }
            | Self::AnsweredAlways { .. }
            | Self::Forgotten { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::PullAsked { .. }
            | Self::EmergencyStopped
            | Self::EmergencyReleased => false,
        }
    }
}
