//! What may be spent: on a task, by a role or the project in a day, by the project at all.
//!
//! Each run at work has the rest of its cap reserved; a start reserves before it spends. Time cannot be
//! reserved: who works when it is used up is stopped, and goes on where it was. When a purse is empty
//! and nobody draws on it, the human is asked once; what fills at midnight goes on then by itself.

use super::dispatch::Block;
use super::flow;
use crate::ask::{Ask, Asker, TRY_AGAIN};
use crate::purse::{Purse, Spent};
use crate::run::Run;
use crate::state::{Draft, State};
use crate::task::Task;
use crate::team::{Amount, Budget};
use crate::{AskId, Millis, Refusal, RunId, TaskId, Time};

/// Why a run would spend more than it may, if it would.
pub(super) fn over(d: &Draft<'_>, run: &Run, task: &Task) -> Result<Option<Block>, Refusal> {
    if is_task_over(d, run, task)? {
        return Ok(Some(Block::TaskBudget));
    }
    let team = &d.project(run.project)?.team;
    let spending = d.spending(run.project);
    for purse in Purse::of(run) {
        let reserved = reserved(d, run, |other| purse.pays_for(other))?;
        let spent = spending.of(&purse, d.now);
        let wanted = Spent {
            amount: spent.amount.plus(reserved),
            runs: spent.runs.saturating_add(1),
            time: worked(d, run, &purse),
        };
        if !wanted.fits(team.allowance(&purse), spending.times(&purse, d.now)) {
            let ask = asked(d, run, &purse);
            return Ok(Some(Block::Purse { purse, ask }));
        }
    }
    Ok(None)
}

fn is_task_over(d: &Draft<'_>, run: &Run, task: &Task) -> Result<bool, Refusal> {
    let budget = d.project(run.project)?.team.budget;
    let reserved = reserved(d, run, |other| other.task == run.task)?;
    let times = 1 + task.raised;
    let wanted = Amount::of(d.spent_on(task.id)).plus(reserved);
    Ok(task.starts >= budget.task_runs.saturating_mul(times)
        || d.worked_on(task.id) >= time_of(&budget, task)
        || !wanted.fits(budget.task.times(times)))
}

/// What a run and all that are at work in its project may still spend, of those that count.
fn reserved(d: &Draft<'_>, run: &Run, counts: impl Fn(&Run) -> bool) -> Result<Amount, Refusal> {
    let cap = d.project(run.project)?.team.budget.run;
    let rest = |run: &Run| cap.minus(Amount::of(run.spent));
    let of_project = |other: &&Run| other.project == run.project && other.state.holds_agent();
    let holding = d.live_runs().into_iter().filter(of_project).filter(|other| counts(other));
    Ok(holding.fold(rest(run), |sum, other| sum.plus(rest(other))))
}

/// For how long agents may work on a task.
fn time_of(budget: &Budget, task: &Task) -> Millis {
    Millis(budget.task_time.0.saturating_mul(u64::from(task.raised) + 1))
}

/// For how long agents have worked at the cost of a purse of a run's project, those at work included.
fn worked(d: &Draft<'_>, run: &Run, purse: &Purse) -> Millis {
    let most = if purse.is_daily() { d.now.since_midnight() } else { Millis(u64::MAX) };
    let now = drawing(d, run, purse).filter_map(|other| other.state.working_since());
    let now = now.map(|since| d.now.since(since).min(most));
    now.fold(d.spending(run.project).of(purse, d.now).time, |sum, more| sum + more)
}

/// The live runs of a run's project that a purse pays for.
fn drawing<'a>(d: &'a Draft<'_>, run: &Run, purse: &Purse) -> impl Iterator<Item = &'a Run> {
    let (project, purse) = (run.project, purse.clone());
    let live = d.live_runs().into_iter();
    live.filter(move |other| other.project == project && purse.pays_for(other))
}

/// What is left of the time that agents may work, by each bound of it that holds for a run, and how many
/// are at work.
fn times_left(d: &Draft<'_>, run: &Run) -> Result<Vec<(Millis, u64)>, Refusal> {
    let works = |run: &&Run| run.state.working_since().is_some();
    let team = &d.project(run.project)?.team;
    let allowed = time_of(&team.budget, d.task(run.task)?);
    let left = Millis(allowed.0.saturating_sub(d.worked_on(run.task).0));
    let mut times = vec![(left, d.all_runs_of(run.task).filter(works).count() as u64)];
    for purse in Purse::of(run) {
        let Some(allowed) = team.allowance(&purse).time else { continue };
        let filled = u64::from(d.spending(run.project).times(&purse, d.now));
        let left = allowed.0.saturating_mul(filled).saturating_sub(worked(d, run, &purse).0);
        times.push((Millis(left), drawing(d, run, &purse).filter(works).count() as u64));
    }
    Ok(times)
}

/// Whether agents have worked for as long as they may, and a run at work has to stop.
pub(super) fn is_out_of_time(d: &Draft<'_>, run: RunId) -> Result<bool, Refusal> {
    Ok(times_left(d, d.run(run)?)?.iter().any(|(left, _)| *left == Millis(0)))
}

/// When that will be.
pub(super) fn out_of_time(state: &State, run: &Run, now: Time) -> Option<Time> {
    let times = times_left(&Draft::new(state, now), run).ok()?;
    times.into_iter().map(|(left, n)| now + Millis(left.0.div_ceil(n.max(1)))).min()
}

/// A run starts: that counts, and what was asked about its purses has an answer.
pub(super) fn started(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    d.spend(run, Spent { runs: 1, ..Spent::default() });
    let task = d.task_mut(run.task)?;
    task.starts += 1;
    let asked = task.budget_ask.take();
    let is_of_purse = |ask: &Ask| {
        matches!(&ask.from, Asker::Purse { purse } if purse.pays_for(run))
            && ask.project == run.project
    };
    flow::expire_asks(d, |open| Some(open.id) == asked || is_of_purse(open))
}

/// Whether an agent works on the task: what it does not spend of its cap comes back.
pub(super) fn is_worked_on(d: &Draft<'_>, id: TaskId) -> bool {
    d.live_runs().iter().any(|run| run.task == id && run.state.holds_agent())
}

/// Likewise for a purse.
pub(super) fn is_drawn_on(d: &Draft<'_>, run: &Run, purse: &Purse) -> bool {
    drawing(d, run, purse).any(|other| other.state.holds_agent())
}

/// The one ask about a task's budget; the run keeps its place in the queue.
pub(super) fn ask_for_task(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    if d.task(id)?.budget_ask.is_some() {
        return Ok(());
    }
    let why = format!("{id} has used up its budget; shall it get as much again?");
    let ask = flow::ask_arbiter(d, id, &why)?;
    d.task_mut(id)?.budget_ask = Some(ask);
    Ok(())
}

/// The one ask about a purse that a run waits for.
pub(super) fn ask_for_purse(d: &mut Draft<'_>, run: &Run, purse: &Purse) -> Result<(), Refusal> {
    let name = &d.project(run.project)?.name;
    let why = match purse {
        Purse::Day => format!(
            "{name} has used up its budget of today; shall it get as much again? Otherwise work goes \
             on at midnight UTC."
        ),
        Purse::Role { role } => format!(
            "{role} has used up its budget of today in {name}; shall it get as much again? Otherwise \
             it goes on at midnight UTC."
        ),
        Purse::Project => format!("{name} has used up its budget; shall it get as much again?"),
    };
    let from = Asker::Purse { purse: purse.clone() };
    flow::new_ask(d, run.task, from, &why, vec![TRY_AGAIN.into()]).map(drop)
}

/// The open ask about a purse of a run's project.
fn asked(d: &Draft<'_>, run: &Run, purse: &Purse) -> Option<AskId> {
    let is_it = |ask: &&Ask| {
        ask.project == run.project && matches!(&ask.from, Asker::Purse { purse: of } if of == purse)
    };
    d.open_asks().find(is_it).map(|ask| ask.id)
}

/// The human allows as much again.
pub(super) fn fill(d: &mut Draft<'_>, ask: &Ask, purse: &Purse) {
    let mut spending = d.spending(ask.project);
    spending.fill(purse.clone(), d.now);
    d.change.today.insert(ask.project, spending);
}
