//! The way of a task through the pipeline.
//!
//! ```text
//! enter ─► Waiting ─► begin ─► Working ─► gates ─► Leaving ─► enter the next stage, or Landing ─► Done
//!            ▲                    │         │
//!            │      Consulting ◄──┤         └─► send_back ─► enter an earlier stage
//!            └── retry ◄── Stuck ◄┘
//! ```

use crate::ask::{Ask, AskState, Asker, CANCEL, TRY_AGAIN};
use crate::effect::Effect;
use crate::protocol::{Claim, Response, Verdict};
use crate::run::{AfterStop, Outcome, Purpose, Run, RunEvent, RunState, TroubleKind};
use crate::state::Draft;
use crate::task::{GateAt, Phase, Progress, Retry};
use crate::team::{Gate, Stage, Team, Work};
use crate::{AskId, Refusal, RoleName, RunId, StageName, TaskId, Token, Usage};

/// What Crewhouse calls itself in remarks.
const ARBITER: &str = "crewhouse";

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
        Work::Queue | Work::End => return open_gates(d, id, None),
        Work::Sequence(roles) => match roles.first() {
            None => return open_gates(d, id, None),
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

fn new_run(
    d: &mut Draft<'_>,
    id: TaskId,
    role: &RoleName,
    purpose: Purpose,
    slot: u32,
) -> Result<RunId, Refusal> {
    let task = d.task(id)?;
    let (project, stage) = (task.project, task.stage.clone());
    let missing = || Refusal::TeamStrands { what: format!("role `{role}`"), who: id.to_string() };
    let provider = d.project(project)?.team.roles.get(role).ok_or_else(missing)?.provider.clone();
    d.change.meta.run.0 += 1;
    let run = Run {
        id: d.change.meta.run,
        project,
        task: id,
        stage,
        role: role.clone(),
        provider,
        purpose,
        slot,
        token: Token(0),
        failures: 0,
        state: RunState::Queued { not_before: d.now },
        session: None,
        response: None,
        trouble: None,
        asks: 0,
        spent: Usage::default(),
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

/// Takes all work on a task back: the human has other plans for it.
pub(super) fn withdraw(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    for run in d.runs_of(id) {
        let state = &d.run(run)?.state;
        if state.is_idle() {
            finish(d, run, Outcome::Cancelled)?;
        } else if state.holds_agent() {
            stop(d, run, AfterStop::Finish { outcome: Outcome::Cancelled })?;
        }
    }
    d.task_mut(id)?.budget_ask = None;
    expire_asks(d, |ask| ask.task == id)
}

fn expire_asks(d: &mut Draft<'_>, which: impl Fn(&Ask) -> bool) -> Result<(), Refusal> {
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
    expire_asks(d, |ask| matches!(&ask.from, Asker::Agent { run, .. } if *run == id))?;
    let run = d.run(id)?.clone();
    remember_response(d, &run)?;
    if outcome == Outcome::Cancelled {
        return Ok(());
    }
    match run.purpose {
        Purpose::Work => work_finished(d, &run),
        Purpose::Consult { .. } => consult_finished(d, &run, outcome),
        Purpose::Verdict => verdict_finished(d, &run, outcome),
        Purpose::Choose => choice_finished(d, &run, outcome),
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

fn work_finished(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let Phase::Working(progress) = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    let runs: Vec<Run> =
        progress.runs.iter().map(|id| d.run(*id).cloned()).collect::<Result<_, _>>()?;
    if !runs.contains(run) || runs.iter().any(|run| !run.is_over()) {
        return Ok(());
    }
    if let Some(failed) = runs.iter().find(|run| run.outcome() != Some(Outcome::Done)) {
        return work_failed(d, failed, progress);
    }
    for run in &runs {
        if let Some(Err(about)) = run.response.as_ref().map(|r| check_response(d, run, r)) {
            return consult(d, run.task, &about, progress);
        }
    }
    complete_step(d, run.task, &runs, progress)
}

fn work_failed(d: &mut Draft<'_>, run: &Run, progress: Progress) -> Result<(), Refusal> {
    let words = run.response.as_ref().map_or_else(String::new, |r| r.summary.clone());
    let trouble = run.trouble.clone();
    match (run.outcome(), trouble) {
        (Some(Outcome::Request), _) => {
            consult(d, run.task, &format!("{} requests: {words}", run.role), progress)
        }
        (_, Some(trouble)) if trouble.kind == TroubleKind::Human => {
            let why = format!("{}: {}", run.role, trouble.message);
            stuck(d, run.task, &why, Retry::Work(progress))
        }
        (outcome, trouble) => {
            let said = trouble.map_or(words, |trouble| trouble.message);
            let how =
                if outcome == Some(Outcome::Stalled) { "did not end in time" } else { "failed" };
            consult(d, run.task, &format!("{} {how}: {said}", run.role), progress)
        }
    }
}

/// Whether a response fits the task and the pipeline; the reason for the PM if it does not.
fn check_response(d: &Draft<'_>, run: &Run, response: &Response) -> Result<(), String> {
    if let Some(issue) = response.issue.filter(|issue| *issue != run.task) {
        return Err(format!("{} worked on {} but responded about {issue}", run.role, run.task));
    }
    let Some(label) = &response.label else {
        return Ok(());
    };
    let allowed = place(d, run.task)
        .is_ok_and(|(team, stage)| label.from == stage.name && team.allows(&stage.name, &label.to));
    if allowed {
        Ok(())
    } else {
        Err(format!(
            "{} asked for `{} --> {}`, which the pipeline does not allow in {}",
            run.role, label.from, label.to, run.stage
        ))
    }
}

/// All agents of this step are done.
fn complete_step(
    d: &mut Draft<'_>,
    id: TaskId,
    runs: &[Run],
    progress: Progress,
) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let wanted = runs.iter().filter_map(|run| run.response.as_ref()?.label.as_ref());
    let wanted: Vec<StageName> = wanted.map(|label| label.to.clone()).collect();
    if stage.back.as_ref().is_some_and(|back| wanted.contains(back)) {
        return go_back(d, id);
    }
    let to = wanted.last().cloned();
    let next_role = match &stage.work {
        Work::Sequence(roles) => roles.get(progress.step as usize + 1).cloned(),
        Work::Queue | Work::Parallel(_) | Work::BestOfN { .. } | Work::End => None,
    };
    if let Some(role) = next_role {
        let step = progress.step + 1;
        let runs = vec![new_run(d, id, &role, Purpose::Work, 0)?];
        d.task_mut(id)?.phase = Phase::Working(Progress { step, runs });
        return Ok(());
    }
    match stage.work.clone() {
        Work::Parallel(_) => combine(d, id, progress.runs),
        Work::BestOfN { .. } => choose(d, id, progress.runs),
        Work::Queue | Work::Sequence(_) | Work::End => open_gates(d, id, to),
    }
}

fn combine(d: &mut Draft<'_>, task: TaskId, runs: Vec<RunId>) -> Result<(), Refusal> {
    let effect = d.effect(Effect::Combine { task, runs: runs.clone() });
    d.task_mut(task)?.phase = Phase::Combining { effect, runs };
    Ok(())
}

fn choose(d: &mut Draft<'_>, id: TaskId, candidates: Vec<RunId>) -> Result<(), Refusal> {
    let Work::BestOfN { judge, .. } = place(d, id)?.1.work.clone() else {
        return Ok(());
    };
    let run = new_run(d, id, &judge, Purpose::Choose, 0)?;
    d.task_mut(id)?.phase = Phase::Choosing { run, candidates };
    Ok(())
}

fn choice_finished(d: &mut Draft<'_>, run: &Run, outcome: Outcome) -> Result<(), Refusal> {
    let Phase::Choosing { run: expected, candidates } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    let pick = run.response.as_ref().and_then(|response| response.pick);
    let chosen = pick.and_then(|n| candidates.get((n as usize).checked_sub(1)?)).copied();
    match (outcome, chosen) {
        (Outcome::Done, Some(chosen)) => combine(d, run.task, vec![chosen]),
        _ => {
            let why = format!("{} chose none of the candidates", run.role);
            stuck(d, run.task, &why, Retry::Choice { candidates })
        }
    }
}

/// The work of the stage is one commit now: its gates are next.
pub(super) fn open_gates(
    d: &mut Draft<'_>,
    id: TaskId,
    to: Option<StageName>,
) -> Result<(), Refusal> {
    let (_, stage) = place(d, id)?;
    let to = to.or_else(|| stage.next.first().cloned());
    let to = to.ok_or_else(|| Refusal::NoStage(stage.name.clone()))?;
    let commit = d.task(id)?.head.clone();
    open_gate(d, id, GateAt { index: 0, commit, to })
}

/// The gate was passed.
pub(super) fn next_gate(d: &mut Draft<'_>, id: TaskId, passed: &GateAt) -> Result<(), Refusal> {
    open_gate(d, id, GateAt { index: passed.index + 1, ..passed.clone() })
}

fn open_gate(d: &mut Draft<'_>, id: TaskId, gate: GateAt) -> Result<(), Refusal> {
    let phase = match place(d, id)?.1.gates.get(gate.index as usize).cloned() {
        None => Phase::Leaving { to: gate.to, commit: gate.commit },
        Some(Gate::Human) => Phase::Approving { gate },
        Some(Gate::Verdict(role)) => {
            Phase::Judging { run: new_run(d, id, &role, Purpose::Verdict, 0)?, gate }
        }
        Some(Gate::Check { command, timeout, .. }) => {
            let commit = gate.commit.clone();
            Phase::Checking {
                effect: d.effect(Effect::Check { task: id, commit, command, timeout }),
                gate,
            }
        }
    };
    d.task_mut(id)?.phase = phase;
    Ok(())
}

fn verdict_finished(d: &mut Draft<'_>, run: &Run, outcome: Outcome) -> Result<(), Refusal> {
    let Phase::Judging { run: expected, gate } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    match run.response.as_ref().and_then(|response| response.verdict) {
        Some(Verdict::Pass) if outcome == Outcome::Done => next_gate(d, run.task, &gate),
        Some(Verdict::Fail) => go_back(d, run.task),
        Some(Verdict::Pass) | None => {
            let why = format!("{} gave no verdict, which is not green", run.role);
            stuck(d, run.task, &why, Retry::Gate(gate))
        }
    }
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

fn go_back(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let stage = place(d, id)?.1;
    let back = stage.back.clone().unwrap_or_else(|| stage.name.clone());
    enter(d, id, &back)
}

/// Asks the PM; the human when the PM was asked too often, or there is none.
fn consult(d: &mut Draft<'_>, id: TaskId, about: &str, progress: Progress) -> Result<(), Refusal> {
    let now = d.now;
    d.task_mut(id)?.remark(now, ARBITER, about);
    let consults = d.task(id)?.consults;
    let team = place(d, id)?.0;
    let pm = team.coordinator().filter(|_| consults < team.limits.consults).cloned();
    let Some(pm) = pm else {
        return stuck(d, id, about, Retry::Work(progress));
    };
    let run = new_run(d, id, &pm, Purpose::Consult { about: about.to_owned() }, 0)?;
    let task = d.task_mut(id)?;
    task.consults += 1;
    task.phase = Phase::Consulting { run, progress };
    Ok(())
}

/// The PM looks at a task that has not moved for a long time.
pub(super) fn consult_about_standstill(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    consult(d, id, "nothing has happened for a long time", Progress::default())
}

fn consult_finished(d: &mut Draft<'_>, run: &Run, outcome: Outcome) -> Result<(), Refusal> {
    let Phase::Consulting { run: expected, progress } = d.task(run.task)?.phase.clone() else {
        return Ok(());
    };
    if expected != run.id {
        return Ok(());
    }
    let response = run.response.clone().filter(|_| outcome != Outcome::Stalled);
    let claim = response.as_ref().map(|response| response.claim);
    let summary = response.as_ref().map_or("", |response| response.summary.as_str());
    match claim {
        Some(Claim::Done) => {
            let to = response.as_ref().and_then(|response| response.label.as_ref());
            route(d, run.task, to.map(|label| &label.to), progress)
        }
        Some(Claim::Request) => ask_human(d, run, summary, progress),
        Some(Claim::Error) | None => {
            let words = run.trouble.as_ref().map_or(summary, |t| t.message.as_str()).to_owned();
            stuck(d, run.task, &format!("{}: {words}", run.role), Retry::Work(progress))
        }
    }
}

/// The PM may send a task anywhere but to the end; without a word about it the work goes on.
fn route(
    d: &mut Draft<'_>,
    id: TaskId,
    to: Option<&StageName>,
    progress: Progress,
) -> Result<(), Refusal> {
    let (team, here) = place(d, id)?;
    match to.map(|name| (name, team.stage(name))) {
        None => redo(d, id, progress),
        Some((name, Some(_))) if *name == here.name => redo(d, id, progress),
        Some((name, Some(stage))) if !stage.is_end() => {
            let name = name.clone();
            enter(d, id, &name)
        }
        Some((name, _)) => {
            let why = format!("the PM sent it to `{name}`, where nobody can send it");
            stuck(d, id, &why, Retry::Work(progress))
        }
    }
}

fn ask_human(d: &mut Draft<'_>, run: &Run, text: &str, progress: Progress) -> Result<(), Refusal> {
    let ask = new_ask(d, run.task, Asker::Request { run: run.id }, text, Vec::new())?;
    d.task_mut(run.task)?.phase = Phase::Asking { ask, progress };
    Ok(())
}

/// The human gave the input that was missing.
pub(super) fn answered(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    match d.task(id)?.phase.clone() {
        Phase::Asking { progress, .. } => redo(d, id, progress),
        _ => Ok(()),
    }
}

/// A bound is reached: only the human can say how it goes on.
pub(super) fn stuck(d: &mut Draft<'_>, id: TaskId, why: &str, retry: Retry) -> Result<(), Refusal> {
    let ask = ask_arbiter(d, id, why)?;
    d.task_mut(id)?.phase = Phase::Stuck { why: why.to_owned(), ask, retry };
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
    let text = text.to_owned();
    let asked_at = d.now;
    let state = AskState::Open;
    d.change.asks.insert(id, Ask { id, project, task, from, text, options, asked_at, state });
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
        Retry::Work(progress) => redo(d, id, progress)?,
        Retry::Gate(gate) => open_gate(d, id, gate)?,
        Retry::Choice { candidates } => choose(d, id, candidates)?,
    }
    Ok(())
}

/// Does the part of the stage's work again that did not succeed.
fn redo(d: &mut Draft<'_>, id: TaskId, progress: Progress) -> Result<(), Refusal> {
    if progress.runs.is_empty() {
        d.task_mut(id)?.phase = Phase::Waiting;
        return Ok(());
    }
    let Progress { step, runs } = progress;
    let all_done = runs.iter().all(|run| succeeded(d, *run));
    let redone = runs
        .into_iter()
        .map(|old| {
            if succeeded(d, old) && !all_done {
                return Ok(old);
            }
            let Run { role, slot, session, .. } = d.run(old)?.clone();
            let new = new_run(d, id, &role, Purpose::Work, slot)?;
            d.run_mut(new)?.session = session;
            Ok(new)
        })
        .collect::<Result<_, Refusal>>()?;
    d.task_mut(id)?.phase = Phase::Working(Progress { step, runs: redone });
    Ok(())
}

fn succeeded(d: &Draft<'_>, run: RunId) -> bool {
    d.run(run).is_ok_and(|run| run.outcome() == Some(Outcome::Done))
}
