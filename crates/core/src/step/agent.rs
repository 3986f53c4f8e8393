//! What agents said or did, each time checked against the start that it comes from.

use super::{answer, asks, flow, limit, tell, wall};
use crate::effect::{Effect, SaveAs};
use crate::event::Words;
use crate::protocol::{Claim, Response, Verdict, parse_response};
use crate::purse::Spent;
use crate::run::{
    AfterStop, Context, Outcome, Purpose, Reached, Run, RunEvent, RunState, Trouble, TroubleKind,
    Wait,
};
use crate::state::Draft;
use crate::team::{Amount, BACKOFF_MAX, ProviderKind};
use crate::{Micros, Millis, ProjectId, Refusal, RoleName, RunId, Time, Token, Usage};

/// Places outside of its worktree that are noted of a run.
const REACHED_MAX: usize = 50;
/// Words that follow no protocol are told back up to this, in characters.
const SAID_CHARS_MAX: usize = 2_000;

/// What an agent printed, up to this place in its log.
pub(super) fn spoke(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    offset: u64,
    words: &Words,
) -> Result<(), Refusal> {
    fence(d, id, token)?;
    let run = d.run_mut(id)?;
    if offset <= run.read_to {
        return Err(Refusal::Stale("that was taken in before"));
    }
    run.read_to = offset;
    if matches!(run.state, RunState::Preparing { .. }) {
        started(d, id)?; // its words overtook the news of its start
    }
    said(d, id, words)
}

/// Since when nothing was heard from it, if so.
pub(super) fn quiet(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    since: Option<Time>,
) -> Result<(), Refusal> {
    fence(d, id, token)?;
    d.move_run(id, RunEvent::Quiet(since))
}

pub(super) fn exited(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    how: &str,
) -> Result<(), Refusal> {
    fence(d, id, token)?;
    ended(d, id, how)
}

/// Its agent is alive. What went wrong in an earlier start no longer matters.
pub(super) fn started(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    d.move_run(id, RunEvent::Started)?;
    d.run_mut(id)?.trouble = None;
    tell::next(d, id)
}

/// News from a start that is not the present one changes nothing.
pub(super) fn fence(d: &Draft<'_>, run: RunId, token: Token) -> Result<(), Refusal> {
    let run = d.run(run)?;
    if run.token != token {
        Err(Refusal::Stale("it comes from an earlier start of the run"))
    } else if run.state.holds_agent() {
        Ok(())
    } else {
        Err(Refusal::Stale("the run has no agent any more"))
    }
}

fn said(d: &mut Draft<'_>, id: RunId, words: &Words) -> Result<(), Refusal> {
    match words {
        Words::Session { id: session } => {
            d.run_mut(id)?.session = Some(session.clone());
            Ok(())
        }
        Words::Used(usage) => used(d, id, *usage),
        Words::Asks { key, text, options, about } => {
            let about = about.as_deref();
            asks::asks(d, id, key, asks::Question { text, options, about })
        }
        Words::Limited { until, message } => limit::limited(d, id, *until, message),
        Words::Failed(trouble) if trouble.kind == TroubleKind::Provider => {
            limit::refused(d, id, trouble)
        }
        Words::Failed(trouble) => {
            d.run_mut(id)?.trouble = Some(trouble.clone());
            Ok(())
        }
        Words::Reached(reached) => {
            note_reached(d.run_mut(id)?, reached);
            wall::refused(d, id, reached)
        }
        Words::Repeats { times, what } => repeats(d, id, *times, what),
        Words::Compacted => tell::compacted(d, id),
        Words::Context { used, window } => {
            let run = d.run_mut(id)?;
            let session = run.session.clone();
            run.context = session.map(|session| Context { session, used: *used, window: *window });
            Ok(())
        }
        Words::Plan { windows } => limit::plan(d, id, windows),
        Words::TookIn { remark } => tell::heard(d, id, *remark),
        Words::Responds { response, text } => responds(d, id, response.as_ref(), text),
    }
}

/// The same place is noted once, refused if it ever was.
fn note_reached(run: &mut Run, reached: &Reached) {
    let is_same = |it: &&mut Reached| (&it.place, it.access) == (&reached.place, reached.access);
    let noted = run.reached.len();
    match run.reached.iter_mut().find(is_same) {
        Some(known) => known.denied |= reached.denied,
        None if noted < REACHED_MAX => run.reached.push(reached.clone()),
        None => {}
    }
}

/// Whether the agent has been told to stop: what it still wants does not count, what it used does.
pub(super) fn is_stopping(d: &Draft<'_>, id: RunId) -> Result<bool, Refusal> {
    Ok(matches!(d.run(id)?.state, RunState::Stopping { .. }))
}

fn used(d: &mut Draft<'_>, id: RunId, usage: Usage) -> Result<(), Refusal> {
    limit::serves_again(d, id)?;
    let usage = Usage { cost: usage.cost.or(priced(d, id, &usage)?), ..usage };
    let run = d.run_mut(id)?;
    run.spent += usage;
    let run = run.clone();
    d.spend(&run, Spent { amount: Amount::of(usage), ..Spent::default() });
    let cap = d.project(run.project)?.team.budget.run;
    if !Amount::of(run.spent).fits(cap) && !is_stopping(d, id)? {
        give_up(d, id, "it used up the budget of a run")?;
    }
    Ok(())
}

/// What usage costs whose price is known to nobody but the team.
fn priced(d: &Draft<'_>, id: RunId, usage: &Usage) -> Result<Option<Micros>, Refusal> {
    let run = d.run(id)?;
    let provider = d.project(run.project)?.team.providers.get(&run.provider);
    // The price is that of the provider's model, and another one may have been chosen.
    let price = provider.filter(|_| run.model().is_none()).and_then(|provider| provider.price);
    Ok(price.map(|price| price.of(usage, 0)))
}

/// What brings nothing new costs all the same.
fn repeats(d: &mut Draft<'_>, id: RunId, times: u32, what: &str) -> Result<(), Refusal> {
    if is_stopping(d, id)? || d.run(id)?.response.is_some() {
        return Ok(());
    }
    let why = format!(
        "it went round in circles: {times} uses of tools in a row brought nothing new, the last was {what}"
    );
    give_up(d, id, &why)
}

/// Ends a run for a reason that only a human can remove.
pub(super) fn give_up(d: &mut Draft<'_>, id: RunId, why: &str) -> Result<(), Refusal> {
    d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Human, message: why.to_owned() });
    flow::stop(d, id, AfterStop::Finish { outcome: Outcome::Error })
}

fn responds(
    d: &mut Draft<'_>,
    id: RunId,
    response: Option<&Response>,
    text: &str,
) -> Result<(), Refusal> {
    limit::serves_again(d, id)?;
    if d.run(id)?.response.is_some() {
        return Err(Refusal::Stale("it has responded before"));
    }
    let response = match response {
        None if d.run(id)?.is_aside() => Some(&answer::in_free_words(text)),
        other => other,
    };
    match response {
        None => {
            let problem = parse_response(text).err().map(|problem| format!("{problem}. It said: "));
            let said: String = text.chars().take(SAID_CHARS_MAX).collect();
            let message = format!(
                "its last words follow no protocol (DONE:, REQUEST: or ERROR: at the start of a \
                 line): {}{said}",
                problem.unwrap_or_default()
            );
            d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Protocol, message });
            Ok(())
        }
        Some(response) if let Some(message) = lacks(d, d.run(id)?, response)? => {
            d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Protocol, message });
            Ok(())
        }
        Some(response) => {
            take(d, id, response)?;
            if is_stopping(d, id)? { Ok(()) } else { d.move_run(id, RunEvent::Responded) }
        }
    }
}

/// What an agent has to say besides, before its yes to the work of others can be believed. It is told, and ends
/// again; whoever plays a role by mail is asked about at the gate.
fn lacks(d: &Draft<'_>, run: &Run, response: &Response) -> Result<Option<String>, Refusal> {
    let passes = response.claim == Claim::Done && response.verdict == Some(Verdict::Pass);
    let team = &d.project(run.project)?.team;
    let provider = team.providers.get(&run.provider).map(|provider| &provider.kind);
    if run.purpose != Purpose::Verdict || !passes || provider == Some(&ProviderKind::Mailbox) {
        return Ok(None);
    }
    if response.evidence.is_empty() {
        let hint = "a line EVIDENCE: for each thing that was run or read, and what came of it";
        return Ok(Some(format!("a pass without evidence cannot be believed; hint: {hint}")));
    }
    let criteria = &d.task(run.task)?.criteria;
    let about = response.clone().about(criteria);
    let is_open =
        |criterion: &&String| !about.criteria.iter().any(|it| it.criterion == **criterion);
    Ok(criteria.iter().find(is_open).map(|criterion| {
        format!(
            "it passes, and says nothing about the acceptance criterion `{criterion}`; hint: a line \
             CRITERION: <number> met: <how that can be seen>, or not met: <what is missing>"
        )
    }))
}

/// Keeps what somebody said at the end; what it says about acceptance criteria is about those of now.
fn take(d: &mut Draft<'_>, id: RunId, response: &Response) -> Result<(), Refusal> {
    let criteria = d.task(d.run(id)?.task)?.criteria.clone();
    d.run_mut(id)?.response = Some(response.clone().about(&criteria));
    Ok(())
}

/// A response file counts like last words. Who wrote it may have ended meanwhile, or been stopped:
/// what waits to be started again does not have to be.
pub(super) fn response_found(
    d: &mut Draft<'_>,
    project: ProjectId,
    role: &RoleName,
    response: &Response,
) -> Result<(), Refusal> {
    let run = addressee(d, project, role, response)?;
    if d.run(run)?.state.is_idle() {
        take(d, run, response)?;
        return save(d, run, outcome_of(response.claim));
    }
    if matches!(d.run(run)?.state, RunState::Preparing { .. }) {
        started(d, run)?; // its file overtook the news of its start
    }
    responds(d, run, Some(response), &response.summary)?;
    let provider = &d.run(run)?.provider;
    let mailbox = d.project(project)?.team.providers.get(provider).map(|p| &p.kind);
    if mailbox == Some(&ProviderKind::Mailbox) && !is_stopping(d, run)? {
        return ended(d, run, "it responded"); // there is no process that could exit
    }
    Ok(())
}

/// The one run of the role that is at work on the task which the response names, if it names one.
/// A run that only waits to go on has to be named.
fn addressee(
    d: &Draft<'_>,
    project: ProjectId,
    role: &RoleName,
    response: &Response,
) -> Result<RunId, Refusal> {
    let fits = |run: &&Run| {
        run.project == project
            && !run.is_aside()
            && run.role == *role
            && response.issue.is_none_or(|issue| issue == run.task)
    };
    let waits = |run: &Run| run.state.is_idle() && run.token > Token(0) && response.issue.is_some();
    let fitting: Vec<&Run> = d.live_runs().into_iter().filter(fits).collect();
    let at_work: Vec<&&Run> = fitting.iter().filter(|run| run.state.holds_agent()).collect();
    let waiting: Vec<&&Run> = fitting.iter().filter(|run| waits(run)).collect();
    match (&at_work[..], &waiting[..]) {
        ([run], _) | ([], [run]) => Ok(run.id),
        _ => Err(Refusal::Stale("no run, or more than one, fits this response")),
    }
}

/// Who waits out a limit by itself holds a place, and nobody sees for what it waits.
pub(super) fn overheard(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    until: Option<Time>,
    message: &str,
) -> Result<(), Refusal> {
    fence(d, id, token)?;
    match d.run(id)?.state {
        RunState::Running { responded: None, .. } => limit::limited(d, id, until, message),
        _ => Err(Refusal::Stale("it is not at work")),
    }
}

pub(super) fn silent(d: &mut Draft<'_>, (id, token): (RunId, Token)) -> Result<(), Refusal> {
    fence(d, id, token)?;
    match d.run(id)?.state {
        RunState::Running { .. } => {
            let message = "nothing was heard from it for too long".to_owned();
            d.run_mut(id)?.trouble = Some(Trouble { kind: TroubleKind::Transient, message });
            flow::stop(d, id, AfterStop::Finish { outcome: Outcome::Stalled })
        }
        _ => Err(Refusal::Stale("it is not at work")),
    }
}

/// The agent of a run is gone. What it claimed counts, even if it was told to stop meanwhile;
/// otherwise what was planned for after the stop happens, or the run has failed.
pub(super) fn ended(d: &mut Draft<'_>, id: RunId, how: &str) -> Result<(), Refusal> {
    limit::release_probe(d, id)?;
    let run = d.run(id)?;
    let cancelled = AfterStop::Finish { outcome: Outcome::Cancelled };
    let then = match &run.state {
        RunState::Stopping { then, .. } => Some(then.clone()),
        _ => None,
    };
    if let Some(response) = run.response.clone().filter(|_| then != Some(cancelled)) {
        return save(d, id, outcome_of(response.claim));
    }
    match then {
        Some(AfterStop::Limit { until }) => d.move_run(id, RunEvent::Wait(Wait::Limit { until })),
        Some(AfterStop::Pause) => {
            d.effect(Effect::Save { run: id, how: SaveAs::Checkpoint });
            d.move_run(id, RunEvent::Wait(Wait::Pause))
        }
        Some(AfterStop::Queue { not_before }) => d.move_run(id, RunEvent::Requeue { not_before }),
        Some(AfterStop::Finish { outcome }) => save(d, id, outcome),
        None => failed(d, id, how),
    }
}

fn outcome_of(claim: Claim) -> Outcome {
    match claim {
        Claim::Done => Outcome::Done,
        Claim::Request => Outcome::Request,
        Claim::Error => Outcome::Error,
    }
}

/// An agent that ended unexpectedly is started again with its session, a bounded number of times.
pub(super) fn failed(d: &mut Draft<'_>, id: RunId, how: &str) -> Result<(), Refusal> {
    limit::release_probe(d, id)?;
    let trouble = d.run(id)?.trouble.clone();
    if let Some(trouble) = trouble.filter(|trouble| trouble.kind == TroubleKind::Provider) {
        return limit::refused(d, id, &trouble);
    }
    let limits = d.project(d.run(id)?.project)?.team.limits;
    let now = d.now;
    let run = d.run_mut(id)?;
    let message = how.to_owned();
    let trouble = run.trouble.get_or_insert(Trouble { kind: TroubleKind::Transient, message }).kind;
    run.failures += 1;
    let failures = run.failures;
    if trouble == TroubleKind::Human || failures > limits.retries {
        return save(d, id, Outcome::Error);
    }
    let pause =
        Millis(limits.backoff.0.saturating_mul(1 << (failures - 1).min(16))).min(BACKOFF_MAX);
    let not_before = now + jitter(pause, id, failures);
    d.move_run(id, RunEvent::Requeue { not_before })
}

/// Up to a quarter more, different for each run, so that those who failed together do not come
/// back together. No randomness: a replay must give the same.
fn jitter(pause: Millis, run: RunId, failures: u32) -> Millis {
    let spread = run.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(failures) % 256;
    Millis(pause.0.saturating_add(pause.0 / 4 * spread / 256))
}

/// Has saved what the run left in its worktree; then it is over.
pub(super) fn save(d: &mut Draft<'_>, id: RunId, outcome: Outcome) -> Result<(), Refusal> {
    let how = match (&d.run(id)?.purpose, outcome) {
        (Purpose::Work, Outcome::Done) => SaveAs::Commit,
        (Purpose::Work, _) => SaveAs::Snapshot,
        (Purpose::Consult { .. } | Purpose::Verdict | Purpose::Choose, _) => SaveAs::Discard,
        (Purpose::Answer { .. }, _) => SaveAs::GiveBack,
    };
    let effect = d.effect(Effect::Save { run: id, how });
    d.move_run(id, RunEvent::Save(effect, outcome))
}
