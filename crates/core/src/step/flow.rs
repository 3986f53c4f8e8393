//! The way of a task through the pipeline: [`work`], [`candidates`], [`gates`] and [`consult`] are its stations.
//!
//! ```text
//! enter ─► Waiting ─► begin ─► Working ─► gates ─► Leaving ─► enter the next stage, or Landing ─► Done
//!            ▲                    │         │
//!            │      Consulting ◄──┤         └─► send_back ─► enter an earlier stage
//!            └── retry ◄── Stuck ◄┘
//! ```

use super::route::Choice;
use super::{agent, answer, call, candidates, consult, gates, route, work};
use crate::ask::{Ask, AskState, Asker, BEGIN, CANCEL, TRY_AGAIN};
use crate::effect::Effect;
use crate::run::{AfterStop, Hearing, Outcome, Purpose, Run, RunEvent, RunState};
use crate::state::Draft;
use crate::task::{BY_CREWHOUSE, Phase, Progress, Retry, bounded};
use crate::team::{Stage, Team, Work};
use crate::{AskId, Millis, Refusal, RoleName, RunId, StageName, TaskId, Token, Usage};

/// The team of a task's project, and the stage that it is in.
pub(super) fn place<'a>(d: &'a Draft<'_>, task: TaskId) -> Result<(&'a Team, &'a Stage), Refusal> {
    let task = d.task(task)?;
    let team = &d.project(task.project)?.team;
    let stage = team.stage(&task.stage).ok_or_else(|| Refusal::NoStage(task.stage.clone()))?;
    Ok((team, stage))
}

/// Puts a task into a stage. One that comes too often is stuck there.
pub(super) fn enter(d: &mut Draft<'_>, id: TaskId, to: &StageName) -> Result<(), Refusal> {
    let now = d.now;
    let task = d.task_mut(id)?;
    task.stage = to.clone();
    task.entered_at = now;
    task.phase = Phase::Waiting;
    let visits = task.visits.entry(to.clone()).or_default();
    *visits += 1;
    let visits = *visits;
    if visits > 1 {
        *task.setbacks.entry(to.clone()).or_default() += 1;
    }
    if visits > place(d, id)?.1.visits_max {
        let why = format!("it came to {to} {visits} times");
        return stuck(d, id, &why, Retry::Stage);
    }
    Ok(())
}

/// Takes up a task that waits in its stage.
pub(super) fn begin(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let work = stage.work.clone();
    let runs = match &work {
        Work::Queue | Work::End => return gates::open_all(d, id, None),
        Work::Sequence(roles) => match roles.first() {
            None => return gates::open_all(d, id, None),
            Some(role) => vec![new_run(d, id, role, Purpose::Work, 0)?],
        },
        Work::Parallel(_) | Work::BestOfN { .. } => {
            let workers: Vec<RoleName> = stage.workers().into_iter().cloned().collect();
            let slots = workers.iter().zip(1..);
            slots
                .map(|(role, slot)| new_run(d, id, role, Purpose::Work, slot))
                .collect::<Result<_, _>>()?
        }
    };
    d.task_mut(id)?.phase = Phase::Working(Progress { step: 0, runs });
    Ok(())
}

/// Queues an agent for a task.
pub(super) fn new_run(
    d: &mut Draft<'_>,
    id: TaskId,
    role: &RoleName,
    purpose: Purpose,
    slot: u32,
) -> Result<RunId, Refusal> {
    let task = d.task(id)?;
    let (project, stage) = (task.project, task.stage.clone());
    let Choice { provider, why } = route::choose(d, id, role, &purpose)?;
    d.change.meta.run.0 += 1;
    let run = Run {
        id: d.change.meta.run,
        project,
        task: id,
        stage,
        role: role.clone(),
        provider,
        why,
        wish: None,
        wish_after: None,
        takes_over: None,
        purpose,
        slot,
        token: Token(0),
        failures: 0,
        state: RunState::Queued { not_before: d.now },
        session: None,
        response: None,
        trouble: None,
        asks: 0,
        calls: 0,
        comments: 0,
        judges: None,
        reached: Vec::new(),
        hearing: Hearing::default(),
        compactions: 0,
        context: None,
        leaves: None,
        commit: None,
        kept: false,
        spent: Usage::default(),
        worked: Millis(0),
        read_to: 0,
        queued_at: d.now,
    };
    let id = run.id;
    d.change.runs.insert(id, run);
    Ok(id)
}

/// Tells the agent of a run to stop. The one stop that is under way serves all who want it; only
/// what comes afterwards changes.
pub(super) fn stop(d: &mut Draft<'_>, run: RunId, then: AfterStop) -> Result<(), Refusal> {
    let stopping = matches!(d.run(run)?.state, RunState::Stopping { .. });
    d.move_run(run, RunEvent::Stop(then))?;
    if !stopping {
        let token = d.run(run)?.token;
        d.effect(Effect::Stop { run, token });
    }
    Ok(())
}

/// Lets the agent of a run end its turn and go: gently, and by force if that takes too long.
pub(super) fn interrupt(d: &mut Draft<'_>, run: RunId, then: AfterStop) -> Result<(), Refusal> {
    let stopping = matches!(d.run(run)?.state, RunState::Stopping { .. });
    d.move_run(run, RunEvent::Stop(then))?;
    if !stopping {
        let token = d.run(run)?.token;
        d.effect(Effect::Interrupt { run, token });
    }
    Ok(())
}

/// Takes all work on a task back: the human has other plans for it.
pub(super) fn withdraw(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    for run in d.runs_of(id) {
        withdraw_run(d, run)?;
    }
    expire_asks_of(d, id)
}

/// Takes a run back, if it is not over.
pub(super) fn withdraw_run(d: &mut Draft<'_>, run: RunId) -> Result<(), Refusal> {
    let Run { state, token, .. } = d.run(run)?;
    if state.is_idle() && *token == Token(0) {
        finish(d, run, Outcome::Cancelled)
    } else if state.is_idle() {
        agent::save(d, run, Outcome::Cancelled) // an earlier start left something behind
    } else if state.holds_agent() {
        stop(d, run, AfterStop::Finish { outcome: Outcome::Cancelled })
    } else {
        Ok(())
    }
}

/// Nothing is asked about a task any more.
pub(super) fn expire_asks_of(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    d.task_mut(id)?.budget_ask = None;
    expire_asks(d, |ask| ask.task == id)
}

pub(super) fn expire_asks(d: &mut Draft<'_>, which: impl Fn(&Ask) -> bool) -> Result<(), Refusal> {
    let ids: Vec<AskId> = d.open_asks().filter(|ask| which(ask)).map(|ask| ask.id).collect();
    let at = d.now;
    for id in ids {
        d.ask_mut(id)?.state = AskState::Expired { at };
    }
    Ok(())
}

/// A run is over. Its asks go with it, and the task goes on from there.
pub(super) fn finish(d: &mut Draft<'_>, id: RunId, outcome: Outcome) -> Result<(), Refusal> {
    d.move_run(id, RunEvent::Finish(outcome))?;
    expire_asks(d, |ask| ask.from.agent() == Some(id))?;
    let run = d.run(id)?.clone();
    if let Purpose::Answer { question, of, anew } = &run.purpose {
        return answer::finished(d, &run, (question, *of, *anew));
    }
    remember_response(d, &run)?;
    call::put_away_messages(d, &run, outcome)?;
    match outcome {
        Outcome::Cancelled => return Ok(()),
        Outcome::HandedOver => return route::hand_over(d, &run),
        Outcome::Done | Outcome::Request | Outcome::Error | Outcome::Stalled => {}
    }
    match run.purpose {
        Purpose::Work => work::finished(d, &run),
        Purpose::Consult { .. } => consult::finished(d, &run, outcome),
        Purpose::Verdict => gates::verdict_finished(d, &run, outcome),
        Purpose::Choose => candidates::choice_finished(d, &run, outcome),
        Purpose::Answer { .. } => Ok(()), // nothing waits for it
    }
}

/// What a role said in the end is handed to whoever works on the task next.
fn remember_response(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let Some(response) = &run.response else {
        return Ok(());
    };
    let now = d.now;
    let task = d.task_mut(run.task)?;
    task.remark(now, run.role.to_string(), response.summary.clone());
    if response.pr.is_some() {
        task.pr.clone_from(&response.pr);
    }
    Ok(())
}

/// Crewhouse itself says something about a task.
pub(super) fn remark(d: &mut Draft<'_>, id: TaskId, text: &str) -> Result<(), Refusal> {
    let now = d.now;
    d.task_mut(id)?.remark(now, BY_CREWHOUSE, text);
    Ok(())
}

/// Sends a task to the stage before, with the reason.
pub(super) fn send_back(
    d: &mut Draft<'_>,
    id: TaskId,
    from: &str,
    why: &str,
) -> Result<(), Refusal> {
    let now = d.now;
    d.task_mut(id)?.remark(now, from, why);
    go_back(d, id)
}

pub(super) fn go_back(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let stage = place(d, id)?.1;
    let back = stage.back.clone().unwrap_or_else(|| stage.name.clone());
    d.task_mut(id)?.forget_passed();
    enter(d, id, &back)
}

/// A bound is reached: only the human can say how it goes on.
pub(super) fn stuck(d: &mut Draft<'_>, id: TaskId, why: &str, retry: Retry) -> Result<(), Refusal> {
    let ask = ask_arbiter(d, id, why)?;
    d.task_mut(id)?.phase = Phase::Stuck { why: bounded(why), ask, retry };
    Ok(())
}

/// A task that somebody proposes waits for the human before it begins.
pub(super) fn propose(d: &mut Draft<'_>, id: TaskId, why: &str) -> Result<(), Refusal> {
    let ask = new_ask(d, id, Asker::Arbiter, why, vec![BEGIN.into(), CANCEL.into()])?;
    d.task_mut(id)?.phase = Phase::Stuck { why: bounded(why), ask, retry: Retry::Stage };
    Ok(())
}

/// An ask of Crewhouse itself.
pub(super) fn ask_arbiter(d: &mut Draft<'_>, id: TaskId, why: &str) -> Result<AskId, Refusal> {
    new_ask(d, id, Asker::Arbiter, why, vec![TRY_AGAIN.into(), CANCEL.into()])
}

pub(super) fn new_ask(
    d: &mut Draft<'_>,
    task: TaskId,
    from: Asker,
    text: &str,
    options: Vec<String>,
) -> Result<AskId, Refusal> {
    let project = d.task(task)?.project;
    d.change.meta.ask.0 += 1;
    let id = d.change.meta.ask;
    let text = bounded(text);
    let asked_at = d.now;
    let state = AskState::Open;
    let ask = Ask { id, project, task, from, text, options, about: None, asked_at, state };
    d.change.asks.insert(id, ask);
    Ok(id)
}

/// The human says to try again.
pub(super) fn retry(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let Phase::Stuck { retry, .. } = d.task(id)?.phase.clone() else {
        return Ok(());
    };
    let task = d.task_mut(id)?;
    task.consults = 0;
    task.visits.insert(task.stage.clone(), 1);
    match retry {
        Retry::Stage => task.phase = Phase::Waiting,
        Retry::Work(progress) => work::redo(d, id, progress)?,
        Retry::Gate(gate) => gates::open(d, id, gate)?,
        Retry::Choice(sieve) => candidates::sift(d, id, sieve)?,
    }
    Ok(())
}
