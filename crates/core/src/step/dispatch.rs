//! Who goes next: a decision about all tasks and runs at once, made after every event.
//!
//! First by priority, then by age. What holds a run back is a [`Block`], the same that the board
//! shows.

use super::limit::{self, Closed};
use super::{answer, budget, call, flow, route, space, timer};
use crate::effect::Effect;
use crate::purse::Purse;
use crate::run::{Hearing, Left, Purpose, Run, RunEvent, RunState, Wait};
use crate::state::{Draft, State};
use crate::task::{CommitId, Phase, Priority, Task};
use crate::team::{BACKOFF_MAX, ProviderKind, SessionScope};
use crate::{AskId, Refusal, RunId, StageName, TaskId, Time, Token};

/// Why a run is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Everything is stopped.
    Stopped,
    /// The human holds the task back.
    Paused,
    /// Another task must be done before.
    Dependency(TaskId),
    /// It failed and is started again later.
    Backoff(Time),
    /// The provider serves nothing before that moment.
    Limit(Time),
    /// Another run tries first whether the provider serves again.
    Probe(RunId),
    /// The provider serves nobody before the human has seen to it; the ask about it.
    Refused(Option<AskId>),
    /// As many agents work as the project allows.
    ProjectFull,
    /// As many agents of the role work as the team allows.
    RoleFull,
    /// As many agents of the provider work as the team allows.
    ProviderFull,
    /// What the task may spend is spent or reserved.
    TaskBudget,
    /// What a purse has is spent or reserved; the ask about it.
    Purse {
        /// Which.
        purse: Purse,
        /// The open ask, if there is one.
        ask: Option<AskId>,
    },
    /// There is too little space on the disk.
    Space,
}

/// Why a run that waits for a place is not started at `now`; `None` if nothing holds it back.
pub fn block(state: &State, run: &Run, now: Time) -> Option<Block> {
    blocked(&Draft::new(state, now), run).ok().flatten()
}

/// Begins everything that can begin.
pub(super) fn dispatch(d: &mut Draft<'_>) -> Result<(), Refusal> {
    if d.change.meta.stopped.is_some() {
        return Ok(());
    }
    // Each round moves a task at least one phase on; visits are bounded, so this ends.
    while move_tasks(d)? {}
    start_runs(d)
}

fn in_turn(d: &Draft<'_>) -> Vec<TaskId> {
    let mut tasks: Vec<&Task> = d.open_tasks();
    tasks.sort_by_key(|task| (task.priority, task.entered_at, task.id));
    tasks.into_iter().map(|task| task.id).collect()
}

/// Moves the tasks that wait for nothing but their turn; tells whether one did.
fn move_tasks(d: &mut Draft<'_>) -> Result<bool, Refusal> {
    let mut moved = false;
    for id in in_turn(d) {
        let task = d.task(id)?;
        let held = is_held_back(d, task);
        moved |= match task.phase.clone() {
            Phase::Waiting if !held => flow::begin(d, id).map(|()| true)?,
            Phase::Leaving { to, commit } if !held => leave(d, id, &to, commit)?,
            Phase::Held { until, .. }
                if timer::is_due(until, timer::HELD_MAX, d.now) && !held && at_rest(d, id) =>
            {
                land_again(d, id).map(|()| true)?
            }
            Phase::Moving { to } if at_rest(d, id) => {
                let task = d.task_mut(id)?;
                task.visits.clear(); // the human knows where it was, and wants it there now
                task.consults = 0;
                flow::enter(d, id, &to).map(|()| true)?
            }
            Phase::Closing if at_rest(d, id) => {
                d.task_mut(id)?.phase = Phase::Cancelled;
                d.effect(Effect::Release { task: id });
                true
            }
            Phase::Waiting
            | Phase::Working(_)
            | Phase::Consulting { .. }
            | Phase::Asking { .. }
            | Phase::Sifting { .. }
            | Phase::Choosing { .. }
            | Phase::Combining { .. }
            | Phase::Checking { .. }
            | Phase::Judging { .. }
            | Phase::Approving { .. }
            | Phase::Leaving { .. }
            | Phase::Landing { .. }
            | Phase::Held { .. }
            | Phase::Stuck { .. }
            | Phase::Moving { .. }
            | Phase::Closing
            | Phase::Done { .. }
            | Phase::Cancelled => false,
        };
    }
    Ok(moved)
}

/// Whether the human or another task holds a task back.
pub(super) fn is_held_back(d: &Draft<'_>, task: &Task) -> bool {
    task.is_held() || unmet_dependency(d, task).is_some()
}

/// Whether nobody works in the task's worktrees, so that it can go elsewhere.
fn at_rest(d: &Draft<'_>, id: TaskId) -> bool {
    let combines = |effect: &Effect| matches!(effect, Effect::Combine { task, .. } if *task == id);
    d.runs_of(id).is_empty() && !d.outbox().any(combines)
}

/// The first dependency that is not done.
fn unmet_dependency(d: &Draft<'_>, task: &Task) -> Option<TaskId> {
    let done = |id: &TaskId| d.task(*id).is_ok_and(|t| matches!(t.phase, Phase::Done { .. }));
    task.depends_on.iter().copied().find(|id| !done(id))
}

fn leave(
    d: &mut Draft<'_>,
    id: TaskId,
    to: &StageName,
    commit: Option<CommitId>,
) -> Result<bool, Refusal> {
    let project = d.task(id)?.project;
    let team = &d.project(project)?.team;
    let stage = team.stage(to).ok_or_else(|| Refusal::NoStage(to.clone()))?;
    if stage.is_end() {
        let effect = d.effect(Effect::Merge { task: id, commit: commit.clone() });
        d.task_mut(id)?.phase = Phase::Landing { effect, commit, to: to.clone() };
        return Ok(true);
    }
    // Who waits there for another task takes no room: the other may have to come through here.
    let here = |task: &&&Task| {
        task.project == project
            && task.stage == *to
            && task.id != id
            && unmet_dependency(d, task).is_none()
    };
    let full =
        stage.wip.is_some_and(|wip| d.open_tasks().iter().filter(here).count() >= wip as usize);
    if !full {
        flow::enter(d, id, to)?;
    }
    Ok(!full)
}

fn land_again(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let Phase::Held { commit, to, .. } = d.task(id)?.phase.clone() else {
        return Ok(());
    };
    let effect = d.effect(Effect::Merge { task: id, commit: commit.clone() });
    d.task_mut(id)?.phase = Phase::Landing { effect, commit, to };
    Ok(())
}

fn start_runs(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let mut waiting: Vec<&Run> = d.live_runs();
    waiting.retain(|run| waits_for_a_place(&run.state));
    let priority = |run: &Run| d.task(run.task).map_or(Priority::default(), |task| task.priority);
    waiting.sort_by_key(|run| (priority(run), run.queued_at, run.id));
    let waiting: Vec<RunId> = waiting.into_iter().map(|run| run.id).collect();
    for id in waiting {
        route::reroute(d, id)?;
        let run = d.run(id)?.clone();
        if !waits_for_a_place(&run.state) {
            continue; // it is handed over
        }
        if run.is_aside() && answer::is_played_by_mail(d, &run)? {
            answer::give_up(d, &run, "its role is played through the mailbox by now")?;
            continue;
        }
        match blocked(d, &run)? {
            None => start(d, &run)?,
            Some(Block::TaskBudget) if run.is_aside() && !budget::is_worked_on(d, run.task) => {
                answer::give_up(d, &run, "the budget of the task is used up")?;
            }
            Some(Block::TaskBudget) if !budget::is_worked_on(d, run.task) => {
                budget::ask_for_task(d, run.task)?;
            }
            Some(Block::Purse { purse, ask: None }) if !budget::is_drawn_on(d, &run, &purse) => {
                budget::ask_for_purse(d, &run, &purse)?;
            }
            Some(Block::Refused(_)) => limit::ask(d, &run)?,
            Some(Block::Limit(_)) if !run.is_aside() => limit::hold(d, &run)?,
            Some(Block::Space) => space::ask(d, &run)?,
            Some(_) => {}
        }
    }
    Ok(())
}

fn waits_for_a_place(state: &RunState) -> bool {
    matches!(state, RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. }))
}

fn start(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    d.move_run(run.id, RunEvent::Dispatched)?;
    d.run_mut(run.id)?.leaves = too_full(d, run)?;
    let told = d.task(run.task)?.remarked;
    let row = d.run_mut(run.id)?;
    let briefed = if row.token == Token(0) { told } else { row.hearing.briefed };
    row.hearing = Hearing { briefed, told, heard: told };
    row.token.0 += 1;
    row.read_to = 0;
    let token = row.token;
    budget::started(d, run)?;
    d.effect(Effect::Start { run: run.id, token });
    if !run.is_aside() {
        call::hand_out_messages(d, run)?;
    }
    limit::probe(d, run)
}

/// The conversation that a run would go on with, if it is too full for that. Our own agent goes on with
/// any: it compacts what is too long.
fn too_full(d: &Draft<'_>, run: &Run) -> Result<Option<Left>, Refusal> {
    let team = &d.project(run.project)?.team;
    let kind = team.providers.get(&run.provider).map(|provider| &provider.kind);
    if matches!(kind, Some(ProviderKind::Native(_))) {
        return Ok(None);
    }
    let most = u64::from(team.limits.context_percent);
    let scope = team.roles.get(&run.role).map_or(SessionScope::Task, |role| role.session);
    let is_its = |other: &&Run| {
        other.session.is_some()
            && !other.is_aside()
            && (other.project, &other.role, &other.provider)
                == (run.project, &run.role, &run.provider)
            && match scope {
                SessionScope::Role => true,
                SessionScope::Task => (other.task, other.slot) == (run.task, run.slot),
            }
    };
    let shares = matches!(run.purpose, Purpose::Work | Purpose::Consult { .. }) && most > 0;
    let last = match (shares, scope) {
        (false, _) => None,
        (true, SessionScope::Task) => d.all_runs_of(run.task).filter(is_its).last(),
        (true, SessionScope::Role) => d.runs_backwards().find(is_its),
    };
    Ok(last.and_then(|last| {
        let context = last.context.as_ref()?;
        let is_full = last.session.as_ref() == Some(&context.session) && context.percent() >= most;
        let (session, percent) = (context.session.clone(), context.percent());
        is_full.then_some(Left { run: last.id, session, percent })
    }))
}

fn blocked(d: &Draft<'_>, run: &Run) -> Result<Option<Block>, Refusal> {
    let task = d.task(run.task)?;
    if d.change.meta.stopped.is_some() {
        return Ok(Some(Block::Stopped));
    }
    if task.is_held() && !run.is_aside() {
        return Ok(Some(Block::Paused));
    }
    if let Some(dependency) = unmet_dependency(d, task).filter(|_| !run.is_aside()) {
        return Ok(Some(Block::Dependency(dependency)));
    }
    if let RunState::Queued { not_before } = run.state
        && !timer::is_due(not_before, BACKOFF_MAX + BACKOFF_MAX, d.now)
    {
        return Ok(Some(Block::Backoff(not_before)));
    }
    if d.project(run.project)?.short.is_some() {
        return Ok(Some(Block::Space));
    }
    if let Some(closed) = limit::closed(d, run)? {
        return Ok(Some(match closed {
            Closed::Until(until) => Block::Limit(until),
            Closed::Probed(run) => Block::Probe(run),
            Closed::Refused(ask) => Block::Refused(ask),
        }));
    }
    if let Some(block) = full(d, run)? {
        return Ok(Some(block));
    }
    budget::over(d, run, task)
}

fn full(d: &Draft<'_>, run: &Run) -> Result<Option<Block>, Refusal> {
    let team = &d.project(run.project)?.team;
    let at_work: Vec<&Run> = d
        .live_runs()
        .into_iter()
        .filter(|other| other.project == run.project && other.state.holds_agent())
        .collect();
    let count = |which: &dyn Fn(&Run) -> bool| at_work.iter().filter(|r| which(r)).count() as u32;
    let role_max = team.roles.get(&run.role).map_or(1, |role| role.agents);
    let provider = team.providers.get(&run.provider);
    let provider_max = provider.map_or(1, |provider| provider.agents);
    // A mailbox role is a script or a person, not an agent on this machine, and has one trigger file.
    let is_agent = |run: &Run| {
        let provider = team.providers.get(&run.provider);
        provider.is_none_or(|provider| provider.kind != ProviderKind::Mailbox)
    };
    let shares_trigger = |other: &Run| other.role == run.role && !is_agent(other);
    let is_agent = is_agent(run);
    Ok(if !is_agent && count(&shares_trigger) >= 1 {
        Some(Block::RoleFull)
    } else if is_agent && count(&|_| true) >= team.limits.agents {
        Some(Block::ProjectFull)
    } else if !run.is_aside() && count(&|o| o.role == run.role && !o.is_aside()) >= role_max {
        Some(Block::RoleFull)
    } else if count(&|other| other.provider == run.provider) >= provider_max {
        Some(Block::ProviderFull)
    } else {
        None
    })
}
