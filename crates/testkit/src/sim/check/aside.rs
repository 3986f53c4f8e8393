//! Who answers a question changes nothing but the card, and answers once.

use crew_core::run::{Run, RunState};
use crew_core::task::{Hold, REMARKS_MAX, Task};
use crew_core::{Effect, Event, RunId, TaskId};

use super::Fact;

/// Checks what the event did to tasks that somebody is asked about.
pub(super) fn check(fact: &Fact<'_>) -> Result<(), String> {
    for task in fact.change.tasks.values() {
        let Some(before) = fact.before.tasks.get(&task.id) else { continue };
        if fact.run_of_event().is_some_and(Run::is_aside) && !stays(before, task) {
            return Err(format!("{} is moved by an answer: {:?}", task.id, fact.event));
        }
        let (answers, ended) =
            (answered(task) as i64 - answered(before) as i64, ended(fact, task.id));
        if task.remarks.len() < REMARKS_MAX && answers != ended {
            return Err(format!("{ended} questions end on {}, with {answers} answers", task.id));
        }
    }
    match fact.change.runs.values().find(|run| run.is_aside() && does_more(fact, run)) {
        Some(run) => Err(format!("{} only answers, and does more", run.id)),
        None => Ok(()),
    }
}

/// Whether the work stands where it stood. That time has passed may let another merge be tried, and a
/// limit that is met holds back whatever waits for the same provider.
fn stays(before: &Task, after: &Task) -> bool {
    let is_held_now = (before.hold, after.hold) == (Hold::Free, Hold::Limited);
    let is_same_work = (&before.stage, &before.head, &before.refused, before.catch_up)
        == (&after.stage, &after.head, &after.refused, after.catch_up);
    let is_same_way = (&before.visits, &before.judged, before.consults)
        == (&after.visits, &after.judged, after.consults);
    is_same_work
        && is_same_way
        && (before.hold == after.hold || is_held_now)
        && before.touched == after.touched
        && before.anchors == after.anchors
}

fn answered(task: &Task) -> usize {
    task.remarks.iter().filter(|remark| remark.question.is_some()).count()
}

/// Questions about a task that have come to their end.
fn ended(fact: &Fact<'_>, task: TaskId) -> i64 {
    let was_over = |run: &Run| fact.before.runs.get(&run.id).is_some_and(Run::is_over);
    let ends = |run: &&Run| run.task == task && run.is_aside() && run.is_over() && !was_over(run);
    fact.change.runs.values().filter(ends).count() as i64
}

/// Whether a run that answers leaves work behind, or waits for a human.
fn does_more(fact: &Fact<'_>, run: &Run) -> bool {
    let saves = |effect: &Effect| matches!(effect, Effect::Save { run: of, how } if *of == run.id && *how != crew_core::SaveAs::GiveBack);
    let asks = matches!(run.state, RunState::Waiting(crew_core::run::Wait::Asks { .. }));
    asks || run.commit.is_some() || run.comments > 0 || fact.change.effects.values().any(saves)
}

impl<'a> Fact<'a> {
    /// The run that an event is about.
    fn run_of_event(&self) -> Option<&'a Run> {
        let id: RunId = match self.event {
            Event::Said { run, .. }
            | Event::Called { run, .. }
            | Event::Touched { run, .. }
            | Event::Quiet { run, .. }
            | Event::Heard { run, .. }
            | Event::Silent { run, .. }
            | Event::Overheard { run, .. }
            | Event::Exited { run, .. } => *run,
            Event::Settled { effect, .. } => match self.before.outbox.get(effect)? {
                Effect::Start { run, .. }
                | Effect::Stop { run, .. }
                | Effect::Save { run, .. }
                | Effect::Send { run, .. }
                | Effect::Reply { run, .. } => *run,
                _ => return None,
            },
            _ => return None,
        };
        self.run(id)
    }
}
