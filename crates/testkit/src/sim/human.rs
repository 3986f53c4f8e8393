//! The human: adds work, answers, approves, changes their mind, comes late and twice.

use crew_core::ask::{CANCEL, TRY_AGAIN};
use crew_core::status::{Status, status};
use crew_core::task::{Phase, Priority};
use crew_core::team::{self, Gate, Team, Work};
use crew_core::{Event, Millis, ProjectId, State, TaskDraft, TaskId, Time};

use super::random::Random;
use super::world::World;

/// Tasks that are added in one run.
const TASKS_MAX: usize = 5;

/// What the human remembers.
#[derive(Debug, Default)]
pub(super) struct Human {
    /// Tasks whose adding was acknowledged: none of them may ever be missing.
    pub(super) acknowledged: Vec<TaskId>,
    last: Option<Event>,
}

impl Human {
    /// What the human wants next, if anything.
    pub(super) fn wish(
        &mut self,
        state: &State,
        calm: bool,
        meddles: bool,
        random: &mut Random,
    ) -> Option<Event> {
        if !calm && random.chance(10) && self.last.is_some() {
            return self.last.clone(); // clicked twice
        }
        let wish = if state.tasks.len() < TASKS_MAX && !calm && random.chance(30) {
            Some(add(state, random))
        } else if meddles && random.chance(12) {
            meddle(state, random)
        } else {
            attend(state, calm, random)
        };
        self.last.clone_from(&wish);
        wish
    }

    /// What was acknowledged to the human.
    pub(super) fn note(&mut self, event: &Event, before: &State, world: &mut World) {
        match event {
            Event::TaskAdded { .. } => {
                self.acknowledged.push(TaskId(before.meta.task.0 + 1));
            }
            Event::Approved { task, .. } => {
                if let Some(Phase::Approving { gate }) = before.tasks.get(task).map(|t| &t.phase) {
                    world.approved.insert((*task, gate.commit.clone()));
                }
            }
            _ => {}
        }
    }
}

/// Whether an event is a wish: it is asked for again when it could not be recorded.
pub(super) fn is_wish(event: &Event) -> bool {
    !matches!(
        event,
        Event::Said { .. }
            | Event::Exited { .. }
            | Event::Settled { .. }
            | Event::ResponseFound { .. }
    )
}

fn add(state: &State, random: &mut Random) -> Event {
    let tasks: Vec<TaskId> = state.open_tasks().map(|task| task.id).collect();
    let depends_on = if random.chance(30) { random.pick(&tasks).copied() } else { None };
    let priorities = [Priority::Urgent, Priority::Normal, Priority::Low];
    let draft = TaskDraft {
        title: "do it".into(),
        priority: *random.pick(&priorities).unwrap_or(&Priority::Normal),
        depends_on: depends_on.into_iter().collect(),
        ..TaskDraft::default()
    };
    Event::TaskAdded { project: ProjectId(1), draft }
}

fn meddle(state: &State, random: &mut Random) -> Option<Event> {
    if state.meta.stopped.is_some() {
        return Some(Event::EmergencyReleased);
    }
    let tasks: Vec<TaskId> = state.open_tasks().map(|task| task.id).collect();
    let task = *random.pick(&tasks)?;
    Some(match random.below(8) {
        0 => Event::EmergencyStopped,
        1 => Event::TaskCancelled { task },
        2 | 3 => {
            let stages = &state.projects.get(&ProjectId(1))?.team.stages;
            Event::TaskMoved { task, to: random.pick(stages)?.name.clone() }
        }
        4 => Event::Remarked { task, from: "human".into(), text: "hurry".into() },
        _ => Event::TaskPaused { task },
    })
}

/// Looks at what waits for a person.
fn attend(state: &State, calm: bool, random: &mut Random) -> Option<Event> {
    let tasks: Vec<TaskId> = state.open_tasks().map(|task| task.id).collect();
    let id = *random.pick(&tasks)?;
    let task = state.tasks.get(&id)?;
    if task.paused {
        return Some(Event::TaskResumed { task: id });
    }
    match status(state, task, Time(0)) {
        Status::NeedsApproval if calm || random.chance(70) => {
            Some(Event::Approved { task: id, commit: None })
        }
        Status::NeedsApproval => Some(Event::Rejected { task: id, why: "not yet".into() }),
        Status::NeedsAnswer { ask } => Some(Event::Answered { ask, text: "yes".into() }),
        Status::Stuck { ask, .. } => {
            let again = calm || random.chance(80);
            Some(Event::Answered { ask, text: if again { TRY_AGAIN } else { CANCEL }.into() })
        }
        // A task whose dependency was given up waits until the PM or the human frees it.
        Status::Blocked { by } if calm && state.tasks.get(&by)?.phase == Phase::Cancelled => {
            Some(Event::TaskCancelled { task: id })
        }
        _ => None,
    }
}

/// The default team, made harder: small budgets, other modes, more gates.
pub(super) fn team(random: &mut Random) -> Box<Team> {
    let mut team = match team::parse(team::DEFAULT_TEAM) {
        Ok(team) => team,
        Err(problems) => unreachable!("BUG: the default team has {problems:?}"),
    };
    team.limits.run = Millis::minutes(20);
    team.limits.agents = 1 + random.below(4) as u32;
    team.budget.run.tokens = 400;
    team.budget.task.tokens = 4_000;
    team.budget.day.tokens = 20_000;
    team.budget.task_runs = 12 + random.below(30) as u32;
    let check = Gate::Check {
        name: "test".into(),
        command: "make test".into(),
        timeout: Millis::minutes(1),
    };
    let Some(stage) = team.stages.iter_mut().find(|stage| stage.name.as_str() == "in-progress")
    else {
        return Box::new(team);
    };
    let role = |name: &str| name.parse().ok();
    if let (Some(engineer), Some(architect), Some(tester)) =
        (role("engineer"), role("architect"), role("tester"))
    {
        stage.work = match random.below(4) {
            0 => Work::BestOfN { role: engineer, n: 2, judge: architect },
            1 => Work::Parallel(vec![engineer, tester]),
            2 => Work::Sequence(vec![engineer.clone(), tester]),
            _ => Work::Sequence(vec![engineer]),
        };
    }
    if random.chance(50) {
        stage.gates.push(check);
    }
    if random.chance(40)
        && let Some(pm) = role("pm")
    {
        stage.gates.push(Gate::Verdict(pm));
    }
    Box::new(team)
}
