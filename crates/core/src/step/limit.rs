//! Providers that serve nothing for now.
//!
//! ```text
//!  a run hears "not before T" ──► closed until T ──► one run tries ──► served: open for all
//!                                     ▲                   │
//!                                     └── refused again ──┘
//!  a run hears "not you" ───────► closed until the human says so ──► one run tries ──► …
//! ```
//!
//! What one run hears holds for all runs of the account, in all projects. Those at work go on: they
//! find out by themselves. Those that are not wait, and of them one tries.

use super::{flow, timer};
use crate::ask::{Ask, Asker, TRY_AGAIN};
use crate::plan::{Plan, PlanWindow};
use crate::run::{AfterStop, Run, RunEvent, RunState, Trouble, Wait};
use crate::state::{Draft, LimitEnd, LimitWindow};
use crate::task::{Hold, bounded};
use crate::team::{Account, AfterLimit, Hours, Team};
use crate::{AskId, Millis, ProjectId, ProviderName, Refusal, RunId, TaskId, Time};

/// A provider that does not say until when is asked again after this; it doubles each time.
const GUESS: Millis = Millis::minutes(5);
/// Longest guess.
const GUESS_MAX: Millis = Millis::hours(1);
/// Longest limit that is believed.
const LONGEST: Millis = Millis::hours(8 * 24);
/// A limit that ends within this is waited out, even where another could step in.
const PATIENCE: Millis = Millis::minutes(2);
/// Most that is waited longer than the provider said.
const SPREAD_MAX: Millis = Millis::seconds(30);

/// Why a provider does not serve a run.
pub(super) enum Closed {
    /// Not before that moment.
    Until(Time),
    /// Another run tries.
    Probed(RunId),
    /// Not before the human has seen to it.
    Refused(Option<AskId>),
}

/// The account of a run's provider.
pub(super) fn account(d: &Draft<'_>, run: &Run) -> Result<Account, Refusal> {
    d.account(run.project, &run.provider)
}

/// Why the provider of a run does not serve it now, if it does not.
pub(super) fn closed(d: &Draft<'_>, run: &Run) -> Result<Option<Closed>, Refusal> {
    let (account, quiet) = (account(d, run)?, d.project(run.project)?.team.limits.quiet_hours);
    Ok(d.limit(&account).and_then(|window| match (window.ends, window.probe) {
        (LimitEnd::Human { ask }, _) => Some(Closed::Refused(ask)),
        (LimitEnd::Time, Some(probe)) if probe != run.id => Some(Closed::Probed(probe)),
        (LimitEnd::Time, _) => opens(window, quiet, d.now).map(Closed::Until),
    }))
}

/// When it is tried whether a limit is over; `None` is now. Not in the quiet hours, unless the human says so.
fn opens(window: &LimitWindow, quiet: Option<Hours>, now: Time) -> Option<Time> {
    let is_over = timer::is_due(window.until, LONGEST, now);
    let soonest = if is_over { now } else { window.until };
    let woken = quiet.filter(|_| !window.lifted).and_then(|hours| hours.end(soonest));
    woken.or((!is_over).then_some(soonest))
}

/// Until when a provider is closed for so long that another is to step in; `None` if it is not.
pub(super) fn shut(d: &Draft<'_>, team: &Team, account: &Account) -> Option<Time> {
    let window = d.limit(account)?;
    match window.ends {
        LimitEnd::Human { .. } => Some(Time(u64::MAX)),
        LimitEnd::Time => {
            opens(window, team.limits.quiet_hours, d.now).filter(|until| *until > d.now + PATIENCE)
        }
    }
}

/// A run starts: if its provider is closed, it is the one that tries.
pub(super) fn probe(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let account = account(d, run)?;
    if let Some(window) = d.limit(&account).cloned() {
        d.set_limit(account, Some(LimitWindow { probe: Some(run.id), ..window }));
    }
    Ok(())
}

/// The provider says how much of a plan is used up. Where that is as much as the team wants to use, no run
/// begins there until there is more again; who is at work goes on.
pub(super) fn plan(d: &mut Draft<'_>, id: RunId, windows: &[PlanWindow]) -> Result<(), Refusal> {
    let run = d.run(id)?;
    let limits = d.project(run.project)?.team.limits;
    let (account, most) = (account(d, run)?, limits.plan_percent);
    let (at, now) = (d.now, d.now);
    d.set_plan(account.clone(), Plan { at, windows: windows.to_vec() });
    let is_full =
        |window: &&PlanWindow| most > 0 && window.percent >= u32::from(most) && window.holds(now);
    let Some((until, full)) = windows
        .iter()
        .filter(is_full)
        .filter_map(|window| Some((window.resets?, window)))
        .max_by_key(|(until, _)| *until)
        .filter(|_| d.limit(&account).is_none())
    else {
        return Ok(());
    };
    let until = until.min(now + LONGEST);
    let until = until + spread(until.since(now), &account);
    let message = format!(
        "{} % of its {} are used up, and `plan_percent` is {most}",
        full.percent, full.name
    );
    let ends = match limits.after_limit {
        AfterLimit::GoOn => LimitEnd::Time,
        AfterLimit::Ask => LimitEnd::Human { ask: None },
    };
    let window = LimitWindow { ends, until, guesses: 0, lifted: false, probe: None, message };
    d.set_limit(account, Some(window));
    Ok(())
}

/// The provider has served this run: whoever waited for it may go on.
pub(super) fn serves_again(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let account = account(d, d.run(id)?)?;
    if d.limit(&account).is_some_and(|window| window.probe == Some(id)) {
        d.set_limit(account, None);
    }
    Ok(())
}

/// A probe that ended without having been served proves nothing: the next one tries.
pub(super) fn release_probe(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let account = account(d, d.run(id)?)?;
    if let Some(window) = d.limit(&account).filter(|window| window.probe == Some(id)).cloned() {
        d.set_limit(account, Some(LimitWindow { probe: None, ..window }));
    }
    Ok(())
}

/// The provider serves nothing before a moment. The run waits, and so does every other run of the
/// provider that is not at work yet.
pub(super) fn limited(
    d: &mut Draft<'_>,
    id: RunId,
    until: Option<Time>,
    message: &str,
) -> Result<(), Refusal> {
    let account = account(d, d.run(id)?)?;
    let known = d.limit(&account).cloned();
    let probe = known.as_ref().and_then(|window| window.probe);
    let guesses = known.as_ref().map_or(0, |window| window.guesses);
    let soonest = d.now + Millis::seconds(1);
    let spread =
        |until: Time| until.max(soonest) + spread(until.max(soonest).since(d.now), &account);
    let (until, guesses) = match (until, &known) {
        (Some(until), _) => (spread(until.min(d.now + LONGEST)), 0),
        // It was at work when another met the limit: the same refusal once more, not a new one.
        (None, Some(window)) if probe != Some(id) => (window.until.max(soonest), guesses),
        (None, _) => (spread(d.now + guess(guesses)), guesses + 1),
    };
    let ends = known.as_ref().map_or(LimitEnd::Time, |window| window.ends);
    let ends = match (ends, d.project(d.run(id)?.project)?.team.limits.after_limit) {
        (LimitEnd::Time, AfterLimit::Ask) => LimitEnd::Human { ask: None },
        (ends, AfterLimit::GoOn | AfterLimit::Ask) => ends,
    };
    let until = known.map_or(until, |window| window.until.max(until)).min(d.now + LONGEST);
    // Whoever tries meanwhile goes on trying; if that is this one, it has its answer.
    let probe = probe.filter(|probe| *probe != id);
    let message = message.to_owned();
    d.set_limit(account, Some(LimitWindow { ends, until, guesses, lifted: false, probe, message }));
    wait(d, id, until)
}

/// The provider serves nobody until a human has seen to it. That is no failure of the run, and one
/// thing to see to, however many runs hear it.
pub(super) fn refused(d: &mut Draft<'_>, id: RunId, trouble: &Trouble) -> Result<(), Refusal> {
    let account = account(d, d.run(id)?)?;
    d.run_mut(id)?.trouble = Some(trouble.clone());
    let ends = match d.limit(&account).map(|window| window.ends) {
        Some(ends @ LimitEnd::Human { .. }) => ends,
        Some(LimitEnd::Time) | None => LimitEnd::Human { ask: None },
    };
    let (until, message) = (d.now, bounded(&trouble.message));
    let window = LimitWindow { ends, until, guesses: 0, lifted: false, probe: None, message };
    d.set_limit(account, Some(window));
    wait(d, id, until)
}

/// A run whose provider is closed has no agent until that is over.
fn wait(d: &mut Draft<'_>, id: RunId, until: Time) -> Result<(), Refusal> {
    match d.run(id)?.state {
        RunState::Stopping { .. } => Ok(()),
        // Nothing was started.
        RunState::Preparing { .. } => d.move_run(id, RunEvent::Wait(Wait::Limit { until })),
        RunState::Queued { .. }
        | RunState::Running { .. }
        | RunState::Waiting(_)
        | RunState::Saving { .. }
        | RunState::Finished { .. } => flow::stop(d, id, AfterStop::Limit { until }),
    }
}

/// Asks the human about a provider that a run waits for, unless that was asked.
pub(super) fn ask(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let account = account(d, run)?;
    let Some(window) = d.limit(&account).cloned() else { return Ok(()) };
    let LimitEnd::Human { ask } = window.ends else { return Ok(()) };
    if ask.is_some_and(|ask| d.ask(ask).is_ok_and(Ask::is_open)) {
        return Ok(());
    }
    let from = Asker::Provider { provider: run.provider.clone() };
    let text =
        format!("`{}` serves nobody until you have seen to it: {}", run.provider, window.message);
    let ask = flow::new_ask(d, run.task, from, &text, vec![TRY_AGAIN.into()])?;
    let ends = LimitEnd::Human { ask: Some(ask) };
    d.set_limit(account, Some(LimitWindow { ends, ..window }));
    Ok(())
}

/// The human has seen to it: one run tries, in the quiet hours too.
pub(super) fn seen_to(
    d: &mut Draft<'_>,
    ask: &Ask,
    provider: &ProviderName,
) -> Result<(), Refusal> {
    let account = d.account(ask.project, provider)?;
    let asked = LimitEnd::Human { ask: Some(ask.id) };
    if let Some(window) = d.limit(&account).filter(|window| window.ends == asked).cloned() {
        let (ends, until) = (LimitEnd::Time, d.now);
        d.set_limit(
            account,
            Some(LimitWindow { ends, until, probe: None, lifted: true, ..window }),
        );
    }
    Ok(())
}

/// The human knows better than the provider did when it serves again: one run tries now.
pub(super) fn lift(
    d: &mut Draft<'_>,
    project: ProjectId,
    provider: &ProviderName,
) -> Result<(), Refusal> {
    if !d.project(project)?.team.providers.contains_key(provider) {
        return Err(Refusal::NoProvider(provider.clone()));
    }
    let account = d.account(project, provider)?;
    let known = d.limit(&account).cloned();
    let window = known.ok_or_else(|| Refusal::NotLimited(provider.clone()))?;
    if let LimitEnd::Human { ask: Some(ask) } = window.ends {
        flow::expire_asks(d, |open| open.id == ask)?;
    }
    let (ends, until) = (LimitEnd::Time, d.now);
    d.set_limit(account, Some(LimitWindow { ends, until, lifted: true, ..window }));
    Ok(())
}

/// A run waits for the end of a limit: its task is held back, if the human wants to say when it goes on.
pub(super) fn hold(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let (account, team) = (account(d, run)?, &d.project(run.project)?.team);
    if d.task(run.task)?.ask_after_limit && shut(d, team, &account).is_some() {
        d.task_mut(run.task)?.hold = Hold::Limited;
    }
    Ok(())
}

/// The human lets a task go on that was held back: one run tries each provider that it waits for.
pub(super) fn lift_of(d: &mut Draft<'_>, task: TaskId) -> Result<(), Refusal> {
    for run in d.runs_of(task) {
        let run = d.run(run)?.clone();
        let is_idle = run.state.is_idle() && !run.is_aside();
        if is_idle && matches!(closed(d, &run)?, Some(Closed::Until(_))) {
            lift(d, run.project, &run.provider)?;
        }
    }
    Ok(())
}

/// A provider is not what it was: what its account said before no longer holds.
pub(super) fn forget(d: &mut Draft<'_>, account: Account) -> Result<(), Refusal> {
    if let Some(LimitEnd::Human { ask: Some(ask) }) = d.limit(&account).map(|window| window.ends) {
        flow::expire_asks(d, |open| open.id == ask)?;
    }
    d.set_limit(account, None);
    Ok(())
}

fn guess(times: u32) -> Millis {
    Millis(GUESS.0 << times.min(8)).min(GUESS_MAX)
}

/// A tenth more at most, different for each account: no randomness, a replay must give the same.
fn spread(wait: Millis, account: &Account) -> Millis {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    let hash = account.as_str().bytes().fold(0xCBF2_9CE4_8422_2325_u64, mix);
    let most = Millis(wait.0 / 10).min(SPREAD_MAX);
    Millis(most.0 * (hash % 256) / 256)
}
