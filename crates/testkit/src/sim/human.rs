//! The human: adds work, answers, approves, changes their mind, comes late and twice.

use crew_core::about::About;
use crew_core::ask::{ALLOW, Ask, Asker, CANCEL, DENY, Permission, Reach, TRY_AGAIN};
use crew_core::run::{Run, Whom, Wish};
use crew_core::task::{CommitId, Phase, Priority, Task};
use crew_core::{AskId, Event, ProjectId, ProviderName, State, TaskDraft, TaskId};

use super::random::Random;
use super::team;

/// Most tasks that are added in one run.
const TASKS_MAX: usize = 5;
/// Wishes that the human may have again.
const HABITS: usize = 12;
/// Longer than what a task keeps of a remark.
const LONG_REMARK: usize = 9_000;

/// What the human remembers.
#[derive(Debug, Default)]
pub(super) struct Human {
    /// Tasks whose adding was acknowledged: none of them may ever be missing.
    pub(super) acknowledged: Vec<TaskId>,
    past: Vec<Event>,
    /// How many tasks they add.
    tasks_max: usize,
    /// How often they send back what waits for their approval, in percent.
    pickiness: usize,
    /// How often they change the team, in percent.
    tinkering: usize,
}

/// What the human may do besides their duty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Licence {
    /// Cancels, moves, pauses, stops everything.
    pub(super) meddles: bool,
    /// Edits the team.
    pub(super) edits_team: bool,
}

impl Human {
    pub(super) fn new(random: &mut Random) -> Self {
        let pickiness = if random.chance(30) { 70 } else { 20 };
        let tinkering = if random.chance(20) { 25 } else { 6 };
        Self { tasks_max: 1 + random.below(TASKS_MAX), pickiness, tinkering, ..Self::default() }
    }

    /// What the human wants next, if anything.
    pub(super) fn wish(
        &mut self,
        state: &State,
        licence: Licence,
        random: &mut Random,
    ) -> Option<Event> {
        if random.chance(10) {
            return random.pick(&self.past).cloned(); // clicked twice, or in a window of yesterday
        }
        let wish = if state.tasks.len() < self.tasks_max && random.chance(30) {
            Some(add(state, random))
        } else if random.chance(8) {
            talk(state, random)
        } else if licence.edits_team && random.chance(self.tinkering) {
            let project = state.projects.get(&ProjectId(1))?;
            // Who is to approve sees what is missing before it.
            let approves = |task: &Task| matches!(task.phase, Phase::Approving { .. });
            let team = if state.open_tasks().any(approves) && random.chance(50) {
                team::with_other_gates(&project.team)
            } else {
                team::edited(&project.team, random)
            };
            Some(Event::TeamLoaded { project: project.id, team })
        } else if licence.meddles && random.chance(12) {
            meddle(state, random)
        } else {
            attend(state, self.pickiness, random)
        };
        if let Some(wish) = wish.iter().find(|wish| !matches!(wish, Event::TaskAdded { .. })) {
            self.past.truncate(HABITS - 1);
            self.past.insert(0, wish.clone());
        }
        wish
    }

    pub(super) fn note(&mut self, event: &Event, before: &State) {
        if let Event::TaskAdded { .. } = event {
            self.acknowledged.push(TaskId(before.meta.task.0 + 1));
        }
    }
}

/// A task more.
pub(super) fn add(state: &State, random: &mut Random) -> Event {
    Event::TaskAdded { project: ProjectId(1), draft: draft(state, random) }
}

fn draft(state: &State, random: &mut Random) -> TaskDraft {
    let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
    let depends_on = if random.chance(30) { random.pick(&tasks).copied() } else { None };
    let priorities = [Priority::Urgent, Priority::Normal, Priority::Low];
    TaskDraft {
        title: "do it".into(),
        priority: *random.pick(&priorities).unwrap_or(&Priority::Normal),
        depends_on: depends_on.into_iter().collect(),
        ask_after_limit: random.chance(20),
        ..TaskDraft::default()
    }
}

/// Says something about a task, whoever is at work on it.
fn talk(state: &State, random: &mut Random) -> Option<Event> {
    if random.chance(40) {
        return question(state, random);
    }
    let tasks: Vec<TaskId> = state.open_tasks().map(|task| task.id).collect();
    let task = *random.pick(&tasks)?;
    let text = if random.chance(10) { "x".repeat(LONG_REMARK) } else { "hurry".into() };
    Some(Event::Remarked { task, from: "human".into(), text })
}

/// Asks who worked on a task about it, also long afterwards.
fn question(state: &State, random: &mut Random) -> Option<Event> {
    let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
    let task = *random.pick(&tasks)?;
    let runs: Vec<&Run> = state.runs_of(task).collect();
    let answers = state.live_runs().find(|run| run.is_aside());
    if let Some(run) = answers.filter(|_| random.chance(30)) {
        return Some(Event::Unasked { run: run.id });
    }
    let whom = match (random.below(3), random.pick(&runs)) {
        (0, Some(run)) => Whom::Run { run: run.id },
        (1, Some(run)) => Whom::Role { role: run.role.clone() },
        _ => Whom::Author,
    };
    Some(Event::Questioned { task, whom, question: "why?".into() })
}

fn meddle(state: &State, random: &mut Random) -> Option<Event> {
    if state.meta.stopped.is_some() {
        return Some(Event::EmergencyReleased);
    }
    let tasks: Vec<TaskId> = state.open_tasks().map(|task| task.id).collect();
    let task = *random.pick(&tasks)?;
    let checked = |task: &&Task| matches!(task.phase, Phase::Checking { .. });
    if let Some(task) = state.open_tasks().find(checked).filter(|_| random.chance(40)) {
        let stages = &state.projects.get(&ProjectId(1))?.team.stages;
        let judged: Vec<_> = stages.iter().filter(|stage| !stage.gates.is_empty()).collect();
        let to = random.pick(&judged)?.name.clone();
        return Some(Event::TaskMoved { task: task.id, to }); // impatient
    }
    Some(match random.below(12) {
        0 => Event::EmergencyStopped,
        1 => Event::TaskCancelled { task },
        2 | 3 => {
            let stages = &state.projects.get(&ProjectId(1))?.team.stages;
            Event::TaskMoved { task, to: random.pick(stages)?.name.clone() }
        }
        4 | 5 => Event::TaskEdited { task, draft: draft(state, random) },
        6 | 7 => Event::TaskInterrupted { task },
        8 | 9 => {
            let providers = &state.projects.get(&ProjectId(1))?.team.providers;
            let providers: Vec<&ProviderName> = providers.keys().collect();
            let model = random.chance(30).then(|| "large".to_owned());
            let to = Wish { provider: (*random.pick(&providers)?).clone(), model };
            Event::TaskHandedOver { task, to }
        }
        _ => Event::TaskPaused { task },
    })
}

/// Looks at what waits for a person, and deals with it somehow.
fn attend(state: &State, pickiness: usize, random: &mut Random) -> Option<Event> {
    let asks: Vec<&Ask> = state.open_asks().collect();
    if let Some(ask) = random.pick(&asks)
        && random.chance(60)
    {
        if ask.about.as_ref().is_some_and(About::is_exact) && random.chance(40) {
            let permission = *random.pick(&[Permission::Allow, Permission::Deny])?;
            let reach = *random.pick(&[Reach::Task, Reach::Role])?;
            return Some(Event::AnsweredAlways { ask: ask.id, permission, reach });
        }
        let text = match ask.from {
            Asker::Arbiter if random.chance(15) => CANCEL,
            Asker::Arbiter | Asker::Purse { .. } if random.chance(80) => TRY_AGAIN,
            Asker::Sandbox { .. } if random.chance(70) => ALLOW,
            Asker::Sandbox { .. } => DENY,
            Asker::Arbiter
            | Asker::Provider { .. }
            | Asker::Purse { .. }
            | Asker::Disk { .. }
            | Asker::Agent { .. }
            | Asker::Call { .. }
            | Asker::Request { .. } => "do it like that",
        };
        return Some(Event::Answered { ask: ask.id, text: text.into() });
    }
    if !state.limits.is_empty() && random.chance(5) {
        let providers = state.projects.get(&ProjectId(1))?.team.providers.keys();
        let limited: Vec<&ProviderName> =
            providers.filter(|it| state.limit(ProjectId(1), it).is_some()).collect();
        let provider = (*random.pick(&limited)?).clone();
        return Some(Event::LimitLifted { project: ProjectId(1), provider });
    }
    let known: Vec<AskId> =
        state.projects.values().flat_map(|it| &it.remembered).map(|known| known.ask).collect();
    if let Some(ask) = random.pick(&known)
        && random.chance(5)
    {
        return Some(Event::Forgotten { ask: *ask });
    }
    let tasks: Vec<&Task> = state.open_tasks().collect();
    let task = *random.pick(&tasks)?;
    if task.is_held() {
        return Some(Event::TaskResumed { task: task.id });
    }
    let Phase::Approving { gate } = &task.phase else { return None };
    if random.chance(pickiness) {
        return Some(Event::Rejected { task: task.id, why: "not yet".into() });
    }
    Some(match random.below(8) {
        0 => Event::Approved { task: task.id, commit: Some(CommitId("seen last week".into())) },
        1 | 2 => Event::Approved { task: task.id, commit: None },
        _ => Event::Approved { task: task.id, commit: gate.commit.clone() },
    })
}

/// What waits for a person, dealt with as it should be.
pub(super) fn duty(state: &State) -> Option<Event> {
    if let Some(ask) = state.open_asks().next() {
        let text = match ask.from {
            Asker::Arbiter | Asker::Purse { .. } => TRY_AGAIN,
            Asker::Sandbox { .. } => ALLOW,
            Asker::Provider { .. }
            | Asker::Disk { .. }
            | Asker::Agent { .. }
            | Asker::Call { .. }
            | Asker::Request { .. } => "yes",
        };
        return Some(Event::Answered { ask: ask.id, text: text.into() });
    }
    state.open_tasks().find_map(|task| match &task.phase {
        Phase::Closing => None,
        _ if task.is_held() => Some(Event::TaskResumed { task: task.id }),
        Phase::Approving { gate } => {
            Some(Event::Approved { task: task.id, commit: gate.commit.clone() })
        }
        _ => None,
    })
}
