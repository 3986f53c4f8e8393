//! Tasks go on only by what they have earned, and what agents said is neither lost nor twisted.

use crew_core::protocol::{Claim, Response, Verdict};
use crew_core::run::{AfterStop, Outcome, Purpose, Run, RunState, TroubleKind};
use crew_core::task::{CommitId, Phase, REMARK_CHARS_MAX, Retry, Task};
use crew_core::team::{ProviderKind, Stage, Team};
use crew_core::{Effect, Event, ProjectId, Settled, StageName, State, TaskId, Token, Words};

use super::super::ledger::Ledger;
use super::Fact;

/// Checks every task that the event moved.
pub(super) fn check(fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
    for task in fact.change.tasks.values() {
        let before = fact.before.tasks.get(&task.id);
        let team = fact.team(task.project).ok_or("a task without a project")?;
        if let Some(before) = before.filter(|before| goes_forwards(fact, team, before, task)) {
            earned(fact, ledger, team, &before.stage, task.id, task.head.as_ref())?;
        }
        let was = before.map(|before| &before.phase);
        if matches!(task.phase, Phase::Done { .. })
            && !matches!(was, Some(Phase::Landing { .. } | Phase::Done { .. }))
        {
            return Err(format!("{} is done without having landed", task.id));
        }
        let is_as_before = before.is_some_and(|before| {
            // Somebody may still be asked about it, which costs and is said on the card.
            let Task { kept, remarks, starts, .. } = task.clone();
            Task { kept, remarks, starts, ..before.clone() } == *task
        });
        if matches!(was, Some(Phase::Done { .. } | Phase::Cancelled)) && !is_as_before {
            return Err(format!("{} was over and changes", task.id));
        }
        if task.remarks.iter().any(|r| r.text.chars().count() > REMARK_CHARS_MAX) {
            return Err(format!("{} keeps a remark that is too long", task.id));
        }
    }
    circles(fact)?;
    merges(fact, ledger)?;
    room(fact)?;
    halts(fact)?;
    if let Event::TeamLoaded { project, team } = fact.event
        && strands(fact.before, *project, team)
    {
        return Err("a team was taken that leaves somebody without a place".into());
    }
    Ok(())
}

/// Who comes too often, or asks the PM too often, is brought to the human.
fn circles(fact: &Fact<'_>) -> Result<(), String> {
    for task in fact.change.tasks.values() {
        let team = fact.team(task.project).ok_or("a task without a project")?;
        let before = fact.before.tasks.get(&task.id);
        let visits =
            |task: &Task, stage: &Stage| task.visits.get(&stage.name).copied().unwrap_or(0);
        let Some(stage) = team.stage(&task.stage) else { continue };
        let came = before.is_none_or(|before| visits(before, stage) < visits(task, stage));
        let halted = matches!(task.phase, Phase::Stuck { .. } | Phase::Done { .. });
        if came && visits(task, stage) > stage.visits_max && !halted {
            return Err(format!("{} goes in circles: {:?}", task.id, task.visits));
        }
        if let Some(before) = before.filter(|before| moves_by_itself(fact, before, task))
            && visits(before, stage) >= visits(task, stage)
        {
            return Err(format!("{} came to {} and nobody counts", task.id, stage.name));
        }
        let setbacks = |task: &Task| task.setbacks.get(&stage.name).copied().unwrap_or(0);
        if before.is_some_and(|before| setbacks(before) > setbacks(task)) {
            return Err(format!("{} was set back, and that is forgotten", task.id));
        }
        let asked = before.is_some_and(|before| before.consults < task.consults);
        if asked && task.consults > team.limits.consults {
            return Err(format!("the PM is asked {} times about {}", task.consults, task.id));
        }
    }
    Ok(())
}

/// Whether the task came into another stage, and no human put it there.
fn moves_by_itself(fact: &Fact<'_>, before: &Task, after: &Task) -> bool {
    let by_human = matches!(fact.event, Event::TaskMoved { .. } | Event::Answered { .. })
        || matches!(before.phase, Phase::Moving { .. });
    before.stage != after.stage && !by_human
}

/// Whether the task went on by itself; the PM and the human may send it anywhere.
fn goes_forwards(fact: &Fact<'_>, team: &Team, before: &Task, after: &Task) -> bool {
    let moved = matches!(fact.event, Event::TaskMoved { task, .. } if *task == after.id);
    // What lands was checked when its merge began.
    let sent = moved
        || matches!(
            before.phase,
            Phase::Consulting { .. } | Phase::Moving { .. } | Phase::Landing { .. }
        );
    let Some(stage) = team.stage(&before.stage) else { return false };
    !sent
        && before.stage != after.stage
        && stage.next.contains(&after.stage)
        && stage.back.as_ref() != Some(&after.stage)
}

/// All gates of the stage were passed by exactly this commit.
fn earned(
    fact: &Fact<'_>,
    ledger: &Ledger,
    team: &Team,
    stage: &StageName,
    task: TaskId,
    commit: Option<&CommitId>,
) -> Result<(), String> {
    let gates = team.stage(stage).map_or(&[][..], |stage| &stage.gates);
    match gates.iter().find(|gate| !ledger.has_passed(task, gate, commit)) {
        Some(gate) => {
            Err(format!("{task} leaves {stage} at {commit:?} past {gate:?}: {:?}", fact.event))
        }
        None => Ok(()),
    }
}

/// Only what passed all gates lands, and nothing lands that is held back.
fn merges(fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
    for effect in fact.change.effects.values() {
        let Effect::Merge { task: id, commit } = effect else { continue };
        let task = fact.task(*id).ok_or("what is merged is not there")?;
        let team = fact.team(task.project).ok_or("a task without a project")?;
        let was_held = matches!(
            fact.before.tasks.get(id).map(|task| &task.phase),
            Some(Phase::Held { commit: held, .. }) if held == commit
        );
        if !was_held {
            // What was held passed the gates of the team that it had when its merge began.
            earned(fact, ledger, team, &task.stage, *id, commit.as_ref())?;
        }
        if fact.change.meta.stopped.is_some() || task.is_held() || fact.unmet(task).is_some() {
            return Err(format!("{id} is merged though it is held back"));
        }
    }
    Ok(())
}

/// Who has to stop is told so at once.
fn halts(fact: &Fact<'_>) -> Result<(), String> {
    let told = |run: &&Run| matches!(run.state, RunState::Stopping { .. });
    let goes_on = match fact.event {
        Event::EmergencyStopped => fact.at_work().into_iter().find(|run| !told(run)),
        Event::TaskPaused { task }
        | Event::TaskMoved { task, .. }
        | Event::TaskCancelled { task } => fact
            .at_work()
            .into_iter()
            .filter(|run| run.task == *task && !run.is_aside())
            .find(|run| !told(run) && !is_new(fact, run)),
        Event::Silent { run, token } | Event::Overheard { run, token, .. } => {
            let present = |row: &&Run| row.id == *run && row.token == *token;
            fact.at_work()
                .into_iter()
                .find(|row| present(row) && matches!(row.state, RunState::Running { .. }))
        }
        Event::Said { run, words: Words::Used(_), .. } => {
            let overran = |row: &&Run| {
                let cap = fact.team(row.project).map_or(0, |team| team.budget.run.tokens);
                row.spent.tokens() > cap && !told(row)
            };
            let counted = fact.change.runs.get(run).filter(|row| row.state.holds_agent());
            counted.filter(overran)
        }
        _ => None,
    };
    match goes_on {
        Some(run) => Err(format!("{} goes on after {:?}", run.id, fact.event)),
        None => Ok(()),
    }
}

/// Whether the run was started by the event itself: a task that was moved is taken up elsewhere.
fn is_new(fact: &Fact<'_>, run: &Run) -> bool {
    fact.before.runs.get(&run.id).is_none_or(|before| before.token < run.token)
}

/// Nobody goes forwards into a stage that is full.
fn room(fact: &Fact<'_>) -> Result<(), String> {
    for project in fact.before.projects.keys() {
        let Some(team) = fact.team(*project) else { continue };
        for stage in &team.stages {
            let Some(wip) = stage.wip else { continue };
            let takes_room = |task: &&Task| task.stage == stage.name && fact.unmet(task).is_none();
            let there = fact.open_tasks().into_iter().filter(takes_room).count();
            let comes = |task: &&Task| arrives(fact, task, stage);
            let came: Vec<&Task> = fact.change.tasks.values().filter(comes).collect();
            let by_itself = |task: &&Task| {
                let before = fact.before.tasks.get(&task.id);
                before.is_some_and(|before| goes_forwards(fact, team, before, task))
            };
            if there > wip as usize && !came.is_empty() && came.iter().all(by_itself) {
                return Err(format!("{there} tasks are in {}, where {wip} may be", stage.name));
            }
        }
    }
    Ok(())
}

fn arrives(fact: &Fact<'_>, task: &Task, stage: &Stage) -> bool {
    let was_there = fact.before.tasks.get(&task.id).is_some_and(|old| old.stage == stage.name);
    task.stage == stage.name && !was_there
}

/// Whether a team has no place for a task or a run.
pub(super) fn strands(state: &State, project: ProjectId, team: &Team) -> bool {
    let has = |name: &StageName| team.stage(name).is_some();
    let tasks = state.open_tasks().filter(|task| task.project == project).any(|task| {
        let to = match &task.phase {
            Phase::Checking { gate, .. }
            | Phase::Judging { gate, .. }
            | Phase::Approving { gate }
            | Phase::Stuck { retry: Retry::Gate(gate), .. } => Some(&gate.to),
            Phase::Leaving { to, .. }
            | Phase::Landing { to, .. }
            | Phase::Held { to, .. }
            | Phase::Moving { to } => Some(to),
            _ => None,
        };
        !has(&task.stage) || to.is_some_and(|to| !has(to))
    });
    let runs = state.live_runs().filter(|run| run.project == project).any(|run| !plays(team, run));
    tasks || runs
}

/// A candidate that did not pass the checks is not chosen among, and no failed run is.
pub(super) fn candidates(fact: &Fact<'_>, ledger: &Ledger) -> Result<(), String> {
    for task in fact.change.tasks.values() {
        for run in task.phase.candidates().iter().filter_map(|id| fact.run(*id)) {
            if run.outcome() != Some(Outcome::Done) {
                return Err(format!("{} is chosen among in {}, and made nothing", run.id, task.id));
            }
            if run.commit.as_ref().is_some_and(|commit| ledger.is_out(commit)) {
                return Err(format!("{} is chosen among in {}, and failed", run.id, task.id));
            }
        }
    }
    Ok(())
}

/// Who goes round in circles is ended, and what comes to a check as it was goes round no more.
pub(super) fn rounds(
    fact: &Fact<'_>,
    dropped: Option<&str>,
    ledger: &Ledger,
) -> Result<(), String> {
    if dropped.is_some() {
        return Ok(());
    }
    if let Event::Said { run, words: Words::Repeats { .. }, .. } = fact.event
        && let Some(row) = fact.run(*run)
        && row.response.is_none()
        && !matches!(row.state, RunState::Stopping { .. })
    {
        return Err(format!("{run} goes round in circles, and on"));
    }
    let Event::Settled { effect, result: Settled::Checked { passed: false, .. } } = fact.event
    else {
        return Ok(());
    };
    let Some(Effect::Check { task, slot: 0, commit: Some(commit), .. }) =
        fact.before.outbox.get(effect)
    else {
        return Ok(());
    };
    let is_stuck = fact.task(*task).is_some_and(|task| matches!(task.phase, Phase::Stuck { .. }));
    if ledger.failed_again(*task, commit) && !is_stuck {
        return Err(format!("{task} fails at {} again, and goes round", commit.0));
    }
    Ok(())
}

/// Whether the team has the role of a run, and would let its provider play it.
pub(super) fn plays(team: &Team, run: &Run) -> bool {
    let Some(role) = team.roles.get(&run.role) else { return false };
    if run.wish.is_some() || run.is_aside() {
        return team.providers.contains_key(&run.provider);
    }
    match role.tier {
        Some(_) => team.tiers.lists.values().flatten().any(|provider| *provider == run.provider),
        None => role.provider == run.provider || role.fallback.contains(&run.provider),
    }
}

/// What an agent said in the end counts: the first time, as it was said, from whom it came.
pub(super) fn responses(fact: &Fact<'_>, was_dropped: bool) -> Result<(), String> {
    if is_due(fact) && (was_dropped || !is_kept(fact)) {
        return Err(format!("a response is lost: {:?}", fact.event));
    }
    for run in fact.change.runs.values() {
        let before = fact.before.runs.get(&run.id);
        let said_before = before.and_then(|before| before.response.as_ref());
        if said_before.is_some() && said_before != run.response.as_ref() {
            return Err(format!("{} responds twice", run.id));
        }
        let RunState::Saving { outcome, .. } = run.state else { continue };
        let began = !before.is_some_and(|old| matches!(old.state, RunState::Saving { .. }));
        if began && !is_faithful(fact, before, run, outcome) {
            return Err(format!("{} said {:?} and ends as {outcome:?}", run.id, run.response));
        }
    }
    Ok(())
}

fn is_kept(fact: &Fact<'_>) -> bool {
    let Event::Said { run, words: Words::Responds { response, .. }, .. } = fact.event else {
        return true;
    };
    let is_row = |row: &Run| {
        if is_backed(fact, row, response.as_ref()) {
            return row.response == *response;
        }
        // It is told what is missing, and nothing of it counts.
        let told = row.trouble.as_ref().is_some_and(|it| it.kind == TroubleKind::Protocol);
        row.response.is_none() && told
    };
    fact.change.runs.get(run).is_some_and(is_row)
}

/// Whether it is more than a yes to the work of others, from an agent that can say why.
fn is_backed(fact: &Fact<'_>, run: &Run, response: Option<&Response>) -> bool {
    let Some(response) = response else { return true };
    let team = fact.before.projects.get(&run.project).map(|project| &project.team);
    let by_mail = team
        .and_then(|team| team.providers.get(&run.provider))
        .is_some_and(|provider| provider.kind == ProviderKind::Mailbox);
    run.purpose != Purpose::Verdict
        || response.claim != Claim::Done
        || response.verdict != Some(Verdict::Pass)
        || by_mail
        || !response.evidence.is_empty()
}

fn is_faithful(fact: &Fact<'_>, before: Option<&Run>, run: &Run, outcome: Outcome) -> bool {
    let taken_back = AfterStop::Finish { outcome: Outcome::Cancelled };
    let withdrawn = matches!(before.map(|run| &run.state),
        Some(RunState::Stopping { then, .. }) if *then == taken_back);
    let by_human = matches!(
        fact.event,
        Event::TaskMoved { .. } | Event::TaskCancelled { .. } | Event::Answered { .. }
    ) || *fact.event == Event::Unasked { run: run.id };
    match (&run.response, outcome) {
        (_, Outcome::Cancelled) => withdrawn || by_human,
        _ if withdrawn => false,
        (Some(Response { claim: Claim::Done, .. }), _) => outcome == Outcome::Done,
        (Some(Response { claim: Claim::Request, .. }), _) => outcome == Outcome::Request,
        (Some(Response { claim: Claim::Error, .. }), _) => outcome == Outcome::Error,
        (None, _) => outcome != Outcome::Done && outcome != Outcome::Request,
    }
}

/// Whether the event is a response that somebody waits for.
fn is_due(fact: &Fact<'_>) -> bool {
    match fact.event {
        Event::Said { run, token, offset, words: Words::Responds { response: Some(_), .. } } => {
            fact.before.runs.get(run).is_some_and(|row| {
                row.token == *token
                    && row.state.holds_agent()
                    && row.read_to < *offset
                    && row.response.is_none()
            })
        }
        Event::ResponseFound { role, response, .. } => {
            let fits = |run: &&Run| {
                let is_about = response.issue.is_none_or(|issue| issue == run.task);
                !run.is_aside() && run.role == *role && is_about
            };
            let live: Vec<&Run> = fact.before.live_runs().filter(fits).collect();
            let at_work: Vec<&&Run> = live.iter().filter(|run| run.state.holds_agent()).collect();
            let waits = |run: &&&Run| run.state.is_idle() && run.token > Token(0);
            let waiting = live.iter().filter(waits).count();
            match at_work[..] {
                [run] => run.response.is_none(),
                [] => waiting == 1 && response.issue.is_some(),
                _ => false,
            }
        }
        _ => false,
    }
}
