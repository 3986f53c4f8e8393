//! Nothing starts that may not: checked against the rules, counted anew.

use crew_core::purse::Purse;
use crew_core::run::{Outcome, Purpose, Run, RunState, Wait, Wish};
use crew_core::task::Hold;
use crew_core::team::{Account, Amount, ProviderKind, Team};
use crew_core::{Effect, Event, LimitEnd, LimitWindow, Millis, ProviderName};
use crew_core::{RunId, Time, Token, Words};

use super::super::ledger::Ledger;
use super::Fact;

/// Longer than any pause that is ever made: a deadline beyond it was set by another clock.
const LONGEST_PAUSE: Millis = Millis::minutes(20);
/// A limit that ends sooner is waited out, whoever could step in.
const LONGEST_PATIENCE: Millis = Millis::minutes(2);
/// Longer than any limit that is believed.
const LONGEST_LIMIT: Millis = Millis::hours(8 * 24);

/// Checks everything that the event had started.
pub(super) fn check(fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
    for effect in fact.change.effects.values() {
        let Effect::Start { run, token } = effect else { continue };
        let row = fact.run(*run).ok_or_else(|| format!("{run} starts and is not there"))?;
        start(fact, ledger, row, *token).map_err(|why| format!("{run}.{token} starts {why}"))?;
    }
    Ok(())
}

fn start(fact: &Fact<'_>, ledger: &Ledger, run: &Run, token: Token) -> Result<(), String> {
    let fail = |is: bool, why: &str| if is { Err(why.to_owned()) } else { Ok(()) };
    let task = fact.task(run.task).ok_or("without a task")?;
    let team = fact.team(run.project).ok_or("without a team")?;
    fail(fact.change.meta.stopped.is_some(), "while everything is stopped")?;
    fail(fact.is_short(run.project), "though there is too little space")?;
    if !run.is_aside() {
        // Another of the task's runs may meet its limit in the step in which this one may start.
        let was_free = fact.before.tasks.get(&task.id).is_none_or(|task| task.hold == Hold::Free);
        let goes_on = matches!(fact.event, Event::TaskResumed { task: it } if *it == task.id);
        let is_held = task.is_held() && !((was_free || goes_on) && task.hold == Hold::Limited);
        fail(is_held, "while its task is paused")?;
        fail(task.is_over(), "though its task is over")?;
        fail(fact.unmet(task).is_some(), "before what it depends on")?;
    }
    fail(run.response.is_some(), "though it has responded")?;
    fail(run.token != token || run.read_to != 0, "with a used token")?;
    if let Some(before) = fact.before.runs.get(&run.id) {
        fail(before.token >= token, "with a token that is not newer")?;
        fail(!may_start(&before.state, fact.now), "though it does not wait for that")?;
    }
    let failures = ledger.failures.get(&run.id).copied().unwrap_or(0);
    fail(failures > ledger.retries_max, "after too many failures")?;
    let same_place = |other: &&Run| {
        let shares = !other.is_aside() && !run.is_aside();
        let is_there = other.task == run.task && other.slot == run.slot;
        other.id != run.id && shares && is_there && busy(other)
    };
    let others = fact.before.live_runs().filter_map(|known| fact.run(known.id));
    fail(others.chain(fact.change.runs.values()).any(|o| same_place(&o)), "where another works")?;
    limits(fact, run)?;
    player(fact, team, run)?;
    crowd(fact, team, run)?;
    budget(fact, ledger, team, run)
}

/// A provider that served a run is limited no more.
pub(super) fn served(fact: &Fact<'_>, dropped: Option<&str>) -> Result<(), String> {
    let Event::Said { run, words, .. } = fact.event else { return Ok(()) };
    let serves = match words {
        Words::Used(_) | Words::Asks { .. } | Words::Responds { .. } => dropped.is_none(),
        Words::Session { .. }
        | Words::TookIn { .. }
        | Words::Compacted
        | Words::Context { .. }
        | Words::Plan { .. }
        | Words::Limited { .. }
        | Words::Repeats { .. }
        | Words::Reached(_)
        | Words::Failed(_) => false,
    };
    let tried = |run: &Run| {
        let window = fact.before.limits.get(&account(fact, run));
        window.is_some_and(|window| window.probe == Some(run.id))
    };
    let Some(row) = fact.before.runs.get(run).filter(|row| serves && tried(row)) else {
        return Ok(());
    };
    match fact.change.limits.get(&account(fact, row)) {
        Some(None) => Ok(()),
        Some(Some(_)) | None => Err(format!("{run} is served, and the limit stays")),
    }
}

fn may_start(before: &RunState, now: Time) -> bool {
    match before {
        RunState::Queued { not_before } => is_due(*not_before, LONGEST_PAUSE, now),
        // It may have been put back into the queue by the same event.
        RunState::Preparing { .. }
        | RunState::Running { .. }
        | RunState::Waiting(Wait::Asks { .. } | Wait::Limit { .. } | Wait::Pause)
        | RunState::Stopping { .. } => true,
        RunState::Saving { .. } | RunState::Finished { .. } => false,
    }
}

fn is_due(deadline: Time, longest: Millis, now: Time) -> bool {
    now >= deadline || deadline > now + longest
}

fn busy(run: &Run) -> bool {
    run.state.holds_agent() || matches!(run.state, RunState::Saving { .. })
}

/// The account of a run.
fn account(fact: &Fact<'_>, run: &Run) -> Account {
    let of = |team: &Team| team.account(run.project, &run.provider);
    fact.team(run.project).map_or_else(|| Account::from_stored(String::new()), of)
}

/// While a provider serves nothing, one tries and nobody else.
fn limits(fact: &Fact<'_>, run: &Run) -> Result<(), String> {
    let key = account(fact, run);
    let at_work = |id: RunId| fact.run(id).is_some_and(|run| run.state.holds_agent());
    let before = fact.before.limits.get(&key);
    let after = match fact.change.limits.get(&key) {
        Some(changed) => changed.as_ref(),
        None => before,
    };
    let Some(window) = after else { return Ok(()) };
    if window.ends != LimitEnd::Time {
        return Err("on a provider that serves nobody before the human has seen to it".into());
    }
    if window.probe != Some(run.id) {
        return Err(format!("on a limited provider, where {:?} tries", window.probe));
    }
    if !is_due(window.until, LONGEST_LIMIT, fact.now) {
        return Err("before the limit is over".into());
    }
    match before.and_then(|window| window.probe) {
        Some(probe) if probe != run.id && at_work(probe) => {
            Err(format!("while {probe} tries whether the provider serves again"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Who plays a role may play it; and who begins for others does so because they serve nothing.
fn player(fact: &Fact<'_>, team: &Team, run: &Run) -> Result<(), String> {
    if run.wish.is_some() {
        return Ok(()); // the human chose
    }
    if !super::way::plays(team, run) {
        return Err(format!("with {}, who does not play its role", run.provider));
    }
    let role = team.roles.get(&run.role).filter(|role| role.tier.is_none());
    let chain: Vec<&ProviderName> =
        role.into_iter().flat_map(crew_core::team::Role::chain).collect();
    if run.is_aside() {
        return Ok(()); // its conversation is there and nowhere else
    }
    let rank = |provider: &ProviderName| {
        let at = chain.iter().position(|other| *other == provider);
        (is_kindred(fact, team, run, provider), at)
    };
    let mut before = chain.iter().filter(|other| rank(other) < rank(&run.provider));
    let serves = |provider: &&&ProviderName| !is_shut(fact, &team.account(run.project, provider));
    match before.find(serves) {
        Some(first) if run.token == Token(1) => {
            Err(format!("with {}, though {first} serves", run.provider))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a judge would be of the family of somebody who did the work.
fn is_kindred(fact: &Fact<'_>, team: &Team, judge: &Run, provider: &ProviderName) -> bool {
    let judges = matches!(judge.purpose, Purpose::Verdict | Purpose::Choose);
    let ids = fact.before.runs.keys().chain(fact.change.runs.keys());
    let mut authors = ids.filter_map(|id| fact.run(*id)).filter(|run| {
        run.task == judge.task && run.purpose == Purpose::Work && run.token > Token(0)
    });
    judges && authors.any(|author| team.family(&author.provider) == team.family(provider))
}

/// Whether a provider serves nothing for so long that another is to step in, before or afterwards.
fn is_shut(fact: &Fact<'_>, key: &Account) -> bool {
    let shut = |window: &LimitWindow| {
        window.ends != LimitEnd::Time || window.until > fact.now + LONGEST_PATIENCE
    };
    let after = match fact.change.limits.get(key) {
        Some(changed) => changed.as_ref(),
        None => fact.before.limits.get(key),
    };
    after.is_some_and(shut) || fact.before.limits.get(key).is_some_and(shut)
}

/// A limit lasts as long as the provider said, and a run is handed over for no other reason.
pub(super) fn closed(fact: &Fact<'_>, dropped: Option<&str>) -> Result<(), String> {
    for run in fact.change.runs.values() {
        let RunState::Saving { outcome: Outcome::HandedOver, .. } = run.state else { continue };
        let before = fact.before.runs.get(&run.id).map(|run| run.state.word());
        let is_wanted = run.is_wished_for();
        if before != Some("saving") && !is_wanted && !is_shut(fact, &account(fact, run)) {
            return Err(format!("{} is handed over, though {} serves", run.id, run.provider));
        }
    }
    for run in fact.change.runs.values().filter(|run| !fact.before.runs.contains_key(&run.id)) {
        let Some(before) = run.takes_over.and_then(|id| fact.run(id)) else { continue };
        if before.outcome() != Some(Outcome::HandedOver) {
            return Err(format!("{} takes over from {}, which goes on", run.id, before.id));
        }
        let is_there = |wish: &&Wish| {
            fact.team(run.project).is_some_and(|team| team.providers.contains_key(&wish.provider))
        };
        let wish = before.wish_after.as_ref().or(before.wish.as_ref()).filter(is_there);
        if wish.is_some_and(|wish| run.provider != wish.provider || run.model() != wish.model()) {
            return Err(format!("{} takes over with {}, not {wish:?}", run.id, run.provider));
        }
        let others = fact.before.runs.values().filter(|other| other.takes_over == run.takes_over);
        if others.count() > 0 {
            return Err(format!("{} is handed over twice", before.id));
        }
    }
    let Event::Said { run, words: Words::Limited { until: Some(until), .. }, .. } = fact.event
    else {
        return Ok(());
    };
    let Some(row) = fact.run(*run).filter(|_| dropped.is_none()) else { return Ok(()) };
    let key = account(fact, row);
    let window = match fact.change.limits.get(&key) {
        Some(changed) => changed.as_ref(),
        None => fact.before.limits.get(&key),
    };
    let promised = (*until).min(fact.now + LONGEST_LIMIT);
    match window {
        Some(window) if window.until >= promised => Ok(()),
        window => Err(format!("{} serves nothing before {until:?}, not {window:?}", row.provider)),
    }
}

/// No more at once than the project, the role and the provider allow.
fn crowd(fact: &Fact<'_>, team: &Team, run: &Run) -> Result<(), String> {
    let is_agent = |run: &Run| {
        team.providers.get(&run.provider).is_none_or(|p| p.kind != ProviderKind::Mailbox)
    };
    let at_work = fact.at_work();
    let count = |which: &dyn Fn(&Run) -> bool| at_work.iter().filter(|r| which(r)).count() as u32;
    let of_role = team.roles.get(&run.role).map_or(0, |role| role.agents);
    let of_provider = team.providers.get(&run.provider).map_or(0, |provider| provider.agents);
    if is_agent(run) && count(&is_agent) > team.limits.agents {
        return Err(format!("as one more than {} agents", team.limits.agents));
    }
    if !run.is_aside() && count(&|other| other.role == run.role && !other.is_aside()) > of_role {
        return Err(format!("as one more than {of_role} of its role"));
    }
    if count(&|other| other.provider == run.provider) > of_provider {
        return Err(format!("as one more than {of_provider} of its provider"));
    }
    Ok(())
}

/// What is spent and what all at work may still spend fits into what is allowed.
fn budget(fact: &Fact<'_>, ledger: &Ledger, team: &Team, run: &Run) -> Result<(), String> {
    let task = fact.task(run.task).ok_or("without a task")?;
    let cap = team.budget.run;
    let at_work = fact.at_work();
    let reserved = |which: &dyn Fn(&Run) -> bool| -> u64 {
        let rest = |run: &&&Run| cap.minus(Amount::of(run.spent)).tokens;
        at_work.iter().filter(|r| which(r)).map(|run| rest(&run)).sum()
    };
    let times = 1 + task.raised;
    if task.starts > team.budget.task_runs * times {
        return Err(format!("as number {} of its task", task.starts));
    }
    let worked = fact.before.runs_of(run.task).map(|run| run.worked_until(fact.now).0).sum();
    if Millis(worked) >= Millis(team.budget.task_time.0 * u64::from(times)) && !ledger.clock_was_set
    {
        return Err(format!("though agents have worked for {} on its task", Millis(worked)));
    }
    let for_task =
        fact.before.spent_on(run.task).tokens() + reserved(&|other| other.task == run.task);
    if for_task > team.budget.task.tokens * u64::from(times) {
        return Err(format!("though its task would need {for_task} tokens"));
    }
    let spent_today = ledger.days.get(&fact.now.day()).copied().unwrap_or(0);
    let for_day = spent_today + reserved(&|other| other.project == run.project);
    let times = |purse: &Purse| u64::from(ledger.times(purse, fact.now.day()));
    if ledger.clock_was_set {
        return Ok(());
    }
    if for_day > team.budget.day.tokens * times(&Purse::Day) {
        return Err(format!("though the day would need {for_day} tokens"));
    }
    purses(fact, ledger, team, run)
}

/// The same for what a role may spend, and for how often and how long may be worked.
fn purses(fact: &Fact<'_>, ledger: &Ledger, team: &Team, run: &Run) -> Result<(), String> {
    let day = fact.now.day();
    for purse in [Purse::Day, Purse::Role { role: run.role.clone() }] {
        let allowed = team.allowance(&purse);
        let times = ledger.times(&purse, day);
        let role = match &purse {
            Purse::Role { role } => Some(role.clone()),
            Purse::Day | Purse::Project => None,
        };
        let starts = ledger.starts.get(&(day, role.clone())).copied().unwrap_or(0);
        if allowed.runs.is_some_and(|most| starts > most * times) {
            return Err(format!("as number {starts} of {purse:?}"));
        }
        let pays = |other: &&Run| role.as_ref().is_none_or(|role| *role == other.role);
        let runs = fact.before.runs.values().filter(|it| it.project == run.project).filter(pays);
        let today = fact.now.since_midnight();
        let now = runs.filter_map(|other| other.state.working_since());
        let now: u64 = now.map(|since| fact.now.since(since).min(today).0).sum();
        let known = fact.before.today.get(&run.project);
        let worked = now + known.map_or(0, |known| known.of(&purse, fact.now).time.0);
        if allowed.time.is_some_and(|most| worked >= most.0 * u64::from(times)) {
            return Err(format!("though agents have worked for {} of {purse:?}", Millis(worked)));
        }
        let Some(role) = role else { continue };
        let spent = ledger.days_of_roles.get(&(day, role.clone())).copied().unwrap_or(0);
        let rest = |other: &&Run| team.budget.run.minus(Amount::of(other.spent)).tokens;
        let at_work = fact.at_work();
        let reserved: u64 = at_work.iter().filter(|it| it.role == role).map(rest).sum();
        if allowed.tokens.is_some_and(|most| spent + reserved > most * u64::from(times)) {
            return Err(format!("though {role} would need {} tokens today", spent + reserved));
        }
    }
    Ok(())
}
