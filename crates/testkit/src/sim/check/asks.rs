//! Who answers what is asked: each ask once, by whom it is due, and none that needs no human comes to
//! the inbox.

use crew_core::ask::{AnsweredBy, Ask, AskState, Permission, Scope};
use crew_core::project::Project;
use crew_core::run::Run;
use crew_core::team::{RuleAnswer, judge};
use crew_core::{Event, Time};

use super::Fact;

pub(super) fn check(fact: &Fact<'_>) -> Result<(), String> {
    for ask in fact.change.asks.values() {
        match fact.before.asks.get(&ask.id) {
            None => asked(fact, ask)?,
            Some(before) if before.is_open() => closed(fact, ask)?,
            Some(before) if before.state == ask.state => {}
            Some(_) => return Err(format!("{} is answered twice", ask.id)),
        }
    }
    if matches!(fact.event, Event::Ticked) { in_time(fact) } else { Ok(()) }
}

/// The run that asks, and its project as it was.
fn place<'a>(fact: &Fact<'a>, ask: &Ask) -> Option<(&'a Run, &'a Project)> {
    let run = fact.run(ask.from.agent()?)?;
    Some((run, fact.before.projects.get(&run.project)?))
}

fn asked(fact: &Fact<'_>, ask: &Ask) -> Result<(), String> {
    let Some(((run, project), about)) = place(fact, ask).zip(ask.about.as_ref()) else {
        return Ok(());
    };
    let rules = project.team.roles.get(&run.role).map_or(&[][..], |role| &role.rules);
    let ruled = judge(rules, about);
    let knows = |ask| {
        project.remembered.iter().any(|known| {
            let is_here =
                known.scope == Scope::Role || known.scope == Scope::Task { task: run.task };
            ask == known.ask && is_here && known.role == run.role && known.about == *about
        })
    };
    let is_known = project.remembered.iter().any(|known| knows(known.ask));
    let is_right = match (&ask.state, ruled) {
        // Who answers a question gets no other answer than no.
        (AskState::Answered { text, by: AnsweredBy::Permissions, .. }, _) if run.is_aside() => {
            Permission::of(text) != Some(Permission::Allow)
        }
        (_, _) if run.is_aside() => false,
        (AskState::Open, Some((RuleAnswer::Allow | RuleAnswer::Deny, _))) => false,
        (AskState::Open, _) => !is_known,
        (
            AskState::Answered { text, by: AnsweredBy::Rule { number, .. }, .. },
            Some((answer, n)),
        ) => {
            let is_allowed = Permission::of(text) == Some(Permission::Allow);
            *number == n && is_allowed == (answer == RuleAnswer::Allow)
        }
        (AskState::Answered { by: AnsweredBy::Remembered { ask }, .. }, ruled) => {
            knows(*ask) && ruled.is_none_or(|(answer, _)| answer != RuleAnswer::Deny)
        }
        (AskState::Answered { by: AnsweredBy::Permissions, .. }, ruled) => ruled.is_none(),
        (AskState::Answered { .. } | AskState::Expired { .. }, _) => false,
    };
    if is_right { Ok(()) } else { Err(format!("{ruled:?} became {ask:?}")) }
}

fn closed(fact: &Fact<'_>, ask: &Ask) -> Result<(), String> {
    let is_right = match (&ask.state, fact.event) {
        (AskState::Open | AskState::Expired { .. }, _) => true,
        (AskState::Answered { by: AnsweredBy::Human, .. }, Event::Answered { ask: id, .. })
        | (
            AskState::Answered { by: AnsweredBy::Human, .. },
            Event::AnsweredAlways { ask: id, .. },
        ) => *id == ask.id,
        (AskState::Answered { by: AnsweredBy::Time, .. }, Event::Ticked) => is_over(fact, ask),
        (AskState::Answered { .. }, _) => false,
    };
    if is_right { Ok(()) } else { Err(format!("{:?} answers {ask:?}", fact.event)) }
}

fn is_over(fact: &Fact<'_>, ask: &Ask) -> bool {
    let over = |(run, project): (&Run, &Project)| {
        let wait = project.team.roles.get(&run.role)?.asks_expire?;
        let end = Time(ask.asked_at.0 + wait.0);
        Some(fact.now >= end || end.0 > fact.now.0 + wait.0)
    };
    place(fact, ask).and_then(over).unwrap_or(false)
}

/// After a tick nothing waits that has waited long enough.
fn in_time(fact: &Fact<'_>) -> Result<(), String> {
    let mut open = fact.before.open_asks().filter(|ask| !fact.change.asks.contains_key(&ask.id));
    match open.find(|ask| is_over(fact, ask)) {
        Some(ask) => Err(format!("{} waits for too long", ask.id)),
        None => Ok(()),
    }
}
