//! All that is known, and how it changes.
//!
//! [`State`] is the present; nothing outside [`crate::step`] changes it. A step works on a
//! [`Draft`]: it reads the state through it and copies what it changes. What comes out is a
//! [`Change`], exactly the rows that the store writes in the transaction of the event. A step that
//! is refused, or whose transaction fails, has changed nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ask::{Ask, Asker};
use crate::effect::Effect;
use crate::plan::Plan;
use crate::project::Project;
use crate::purse::{Purse, Spending, Spent};
use crate::refusal::Refusal;
use crate::run::{Run, RunEvent};
use crate::task::Task;
use crate::team::{Account, Amount};
use crate::{AskId, EffectId, Millis, ProjectId, ProviderName, RunId, Seq, TaskId, Time, Usage};

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Counters and switches.
    pub meta: Meta,
    /// Repositories under Crewhouse.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Every task.
    pub tasks: BTreeMap<TaskId, Task>,
    /// Every run.
    pub runs: BTreeMap<RunId, Run>,
    /// Every ask.
    pub asks: BTreeMap<AskId, Ask>,
    /// Accounts that serve nothing for now.
    pub limits: BTreeMap<Account, LimitWindow>,
    /// What accounts said last about their plans.
    pub plans: BTreeMap<Account, Plan>,
    /// What each project spent. A row of its own, since it moves with every report of usage and
    /// a project with its team is large.
    pub today: BTreeMap<ProjectId, Spending>,
    /// Effects that have not been settled.
    pub outbox: BTreeMap<EffectId, Effect>,
    /// Tasks that are not over: an index, so that a step does not look at years of history.
    open: BTreeSet<TaskId>,
    /// Tasks whose worktrees could not be given back: likewise.
    keeping: BTreeSet<TaskId>,
    /// Runs that are not over: likewise.
    live: BTreeSet<RunId>,
    /// Asks that still wait: likewise.
    waiting: BTreeSet<AskId>,
    /// Every ask of an agent, by its run.
    asked: BTreeSet<(RunId, AskId)>,
    /// Every run, by its task.
    worked: BTreeSet<(TaskId, RunId)>,
}

/// Counters and switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The newest entry of the journal.
    pub seq: Seq,
    /// The newest project.
    pub project: ProjectId,
    /// The newest task.
    pub task: TaskId,
    /// The newest run.
    pub run: RunId,
    /// The newest ask.
    pub ask: AskId,
    /// The newest effect.
    pub effect: EffectId,
    /// Since when everything is stopped.
    pub stopped: Option<Time>,
}

/// An account serves nothing for now, in no project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWindow {
    /// What ends it.
    #[serde(default)]
    pub ends: LimitEnd,
    /// When it is tried again: a little after the moment that the provider named, so that not all
    /// the world comes at once.
    pub until: Time,
    /// Refusals in a row without a time from the provider.
    pub guesses: u32,
    /// Whether the human wants it to be tried now, whatever the hour.
    #[serde(default)]
    pub lifted: bool,
    /// The one run that tries whether the provider serves again.
    pub probe: Option<RunId>,
    /// The provider's words.
    pub message: String,
}

/// What ends a time in which a provider serves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum LimitEnd {
    /// Time.
    #[default]
    Time,
    /// The human, who is asked as soon as a run waits for it.
    Human {
        /// The newest ask about it.
        ask: Option<AskId>,
    },
}

/// The rows that a step changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Counters and switches after the step.
    pub meta: Meta,
    /// Projects as they are now.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Tasks as they are now.
    pub tasks: BTreeMap<TaskId, Task>,
    /// Runs as they are now.
    pub runs: BTreeMap<RunId, Run>,
    /// Asks as they are now.
    pub asks: BTreeMap<AskId, Ask>,
    /// Limits as they are now; `None` is over.
    pub limits: BTreeMap<Account, Option<LimitWindow>>,
    /// Plans as they are now.
    pub plans: BTreeMap<Account, Plan>,
    /// What projects spent, as it is now.
    pub today: BTreeMap<ProjectId, Spending>,
    /// New effects.
    pub effects: BTreeMap<EffectId, Effect>,
    /// Effects that are settled.
    pub settled: BTreeSet<EffectId>,
}

impl Change {
    /// Whether nothing changed but counters.
    pub fn is_empty(&self) -> bool {
        let Self { meta: _, projects, tasks, runs, asks, limits, plans, today, effects, settled } =
            self;
        projects.is_empty()
            && tasks.is_empty()
            && runs.is_empty()
            && asks.is_empty()
            && limits.is_empty()
            && plans.is_empty()
            && today.is_empty()
            && effects.is_empty()
            && settled.is_empty()
    }
}

impl State {
    /// The state after a change was made durable.
    pub fn apply(&mut self, change: Change) {
        let Change { meta, projects, tasks, runs, asks, limits, plans, today, effects, settled } =
            change;
        self.meta = meta;
        self.plans.extend(plans);
        self.today.extend(today);
        self.projects.extend(projects);
        for (id, task) in tasks {
            if task.kept.is_some() {
                self.keeping.insert(id)
            } else {
                self.keeping.remove(&id)
            };
            if task.is_over() {
                self.open.remove(&id)
            } else {
                self.open.insert(id)
            };
            self.tasks.insert(id, task);
        }
        for (id, run) in runs {
            if run.is_over() {
                self.live.remove(&id)
            } else {
                self.live.insert(id)
            };
            self.worked.insert((run.task, id));
            self.runs.insert(id, run);
        }
        for (id, ask) in asks {
            if ask.is_open() {
                self.waiting.insert(id)
            } else {
                self.waiting.remove(&id)
            };
            if let Some(run) = ask.from.agent() {
                self.asked.insert((run, id));
            }
            self.asks.insert(id, ask);
        }
        for (key, window) in limits {
            match window {
                Some(window) => self.limits.insert(key, window),
                None => self.limits.remove(&key),
            };
        }
        self.outbox.extend(effects);
        for effect in settled {
            self.outbox.remove(&effect);
        }
    }

    /// Tasks that are not over.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.open.iter().filter_map(|id| self.tasks.get(id))
    }

    /// Tasks whose worktrees could not be given back.
    pub fn keeping_tasks(&self) -> impl Iterator<Item = &Task> {
        self.keeping.iter().filter_map(|id| self.tasks.get(id))
    }

    /// Runs that are not over.
    pub fn live_runs(&self) -> impl Iterator<Item = &Run> {
        self.live.iter().filter_map(|id| self.runs.get(id))
    }

    /// All runs that a task ever had, oldest first.
    pub fn runs_of(&self, task: TaskId) -> impl Iterator<Item = &Run> {
        self.worked_on(task).filter_map(|id| self.runs.get(&id))
    }

    /// The window in which a provider of a project serves nothing, if there is one.
    pub fn limit(&self, project: ProjectId, provider: &ProviderName) -> Option<&LimitWindow> {
        let team = &self.projects.get(&project)?.team;
        self.limits.get(&team.account(project, provider))
    }

    /// What a task consumed.
    pub fn spent_on(&self, task: TaskId) -> Usage {
        self.runs_of(task).map(|run| run.spent).sum()
    }

    /// What a project spent in the day that `now` belongs to.
    pub fn spent_today(&self, project: ProjectId, now: Time) -> Amount {
        self.today.get(&project).map_or(Amount::default(), |it| it.of(&Purse::Day, now).amount)
    }

    fn worked_on(&self, task: TaskId) -> impl Iterator<Item = RunId> {
        self.worked.range((task, RunId(0))..=(task, RunId(u64::MAX))).map(|(_, run)| *run)
    }

    /// Asks that still wait.
    pub fn open_asks(&self) -> impl Iterator<Item = &Ask> {
        self.waiting.iter().filter_map(|id| self.asks.get(id))
    }
}

/// A state in the making: the present, and over it what the step has changed so far.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    state: &'a State,
    pub(crate) now: Time,
    pub(crate) change: Change,
}

macro_rules! rows {
    ($get:ident, $get_mut:ident, $field:ident, $id:ty, $row:ty, $missing:expr) => {
        pub(crate) fn $get(&self, id: $id) -> Result<&$row, Refusal> {
            let changed = self.change.$field.get(&id);
            changed.or_else(|| self.state.$field.get(&id)).ok_or($missing(id))
        }

        pub(crate) fn $get_mut(&mut self, id: $id) -> Result<&mut $row, Refusal> {
            if !self.change.$field.contains_key(&id) {
                let row = self.state.$field.get(&id).ok_or($missing(id))?.clone();
                self.change.$field.insert(id, row);
            }
            self.change.$field.get_mut(&id).ok_or($missing(id))
        }
    };
}

impl<'a> Draft<'a> {
    pub(crate) fn new(state: &'a State, now: Time) -> Self {
        Self { state, now, change: Change { meta: state.meta, ..Change::default() } }
    }

    rows!(project, project_mut, projects, ProjectId, Project, Refusal::NoProject);
    rows!(task, task_mut, tasks, TaskId, Task, Refusal::NoTask);
    rows!(run, run_mut, runs, RunId, Run, Refusal::NoRun);
    rows!(ask, ask_mut, asks, AskId, Ask, Refusal::NoAsk);

    /// Every project's id.
    pub(crate) fn project_ids(&self) -> BTreeSet<ProjectId> {
        self.state.projects.keys().chain(self.change.projects.keys()).copied().collect()
    }

    /// Tasks that are not over, as they are now.
    pub(crate) fn open_tasks(&self) -> Vec<&Task> {
        let ids: BTreeSet<TaskId> =
            self.state.open.iter().chain(self.change.tasks.keys()).copied().collect();
        ids.into_iter().filter_map(|id| self.task(id).ok()).filter(|task| !task.is_over()).collect()
    }

    /// Every run, the newest first.
    pub(crate) fn runs_backwards(&self) -> impl Iterator<Item = &Run> {
        let (newest, state) = (self.change.meta.run.0, self.state);
        let row = move |id| self.change.runs.get(&id).or_else(|| state.runs.get(&id));
        (1..=newest).rev().filter_map(move |id| row(RunId(id)))
    }

    /// Every task, the newest first.
    pub(crate) fn tasks_backwards(&self) -> impl Iterator<Item = &Task> {
        let ids: BTreeSet<TaskId> =
            self.state.tasks.keys().chain(self.change.tasks.keys()).copied().collect();
        ids.into_iter().rev().filter_map(|id| self.task(id).ok())
    }

    /// Tasks whose worktrees could not be given back, as they are now.
    pub(crate) fn keeping_tasks(&self) -> Vec<&Task> {
        let ids: BTreeSet<TaskId> =
            self.state.keeping.iter().chain(self.change.tasks.keys()).copied().collect();
        let tasks = ids.into_iter().filter_map(|id| self.task(id).ok());
        tasks.filter(|task| task.kept.is_some()).collect()
    }

    /// Runs that are not over, as they are now.
    pub(crate) fn live_runs(&self) -> Vec<&Run> {
        let ids: BTreeSet<RunId> =
            self.state.live.iter().chain(self.change.runs.keys()).copied().collect();
        ids.into_iter().filter_map(|id| self.run(id).ok()).filter(|run| !run.is_over()).collect()
    }

    /// What a task consumed so far.
    pub(crate) fn spent_on(&self, task: TaskId) -> Usage {
        self.all_runs_of(task).map(|run| run.spent).sum()
    }

    /// For how long agents worked on a task.
    pub(crate) fn worked_on(&self, task: TaskId) -> Millis {
        let times = self.all_runs_of(task).map(|run| run.worked_until(self.now).0);
        Millis(times.fold(0, u64::saturating_add))
    }

    /// All runs that a task ever had, as they are now.
    pub(crate) fn all_runs_of(&self, task: TaskId) -> impl Iterator<Item = &Run> {
        let changed = self.change.runs.values().filter(|run| run.task == task).map(|run| run.id);
        let ids: BTreeSet<RunId> = self.state.worked_on(task).chain(changed).collect();
        ids.into_iter().filter_map(|id| self.run(id).ok())
    }

    /// What a project spent.
    pub(crate) fn spending(&self, project: ProjectId) -> Spending {
        let changed = self.change.today.get(&project);
        changed.or_else(|| self.state.today.get(&project)).cloned().unwrap_or_default()
    }

    /// Takes down what a run has spent.
    pub(crate) fn spend(&mut self, run: &Run, spent: Spent) {
        let mut spending = self.spending(run.project);
        spending.add(&run.role, spent, self.now);
        self.change.today.insert(run.project, spending);
    }

    /// Runs of a task that are not over. Who only answers a question about it is none of them.
    pub(crate) fn runs_of(&self, task: TaskId) -> Vec<RunId> {
        let is_of = |run: &&Run| run.task == task && !run.is_aside();
        self.live_runs().into_iter().filter(is_of).map(|run| run.id).collect()
    }

    /// Asks of a task that still wait.
    pub(crate) fn open_asks(&self) -> impl Iterator<Item = &Ask> {
        let ids: BTreeSet<AskId> =
            self.state.waiting.iter().chain(self.change.asks.keys()).copied().collect();
        ids.into_iter().filter_map(|id| self.ask(id).ok()).filter(|ask| ask.is_open())
    }

    /// The ask that an agent made before, if it did.
    pub(crate) fn ask_from(&self, asker: &Asker) -> Option<&Ask> {
        let run = asker.agent()?;
        let known = self.state.asked.range((run, AskId(0))..=(run, AskId(u64::MAX)));
        let ids = known.map(|(_, ask)| ask).chain(self.change.asks.keys());
        ids.filter_map(|id| self.ask(*id).ok()).find(|ask| ask.from == *asker)
    }

    /// Tasks that are not over and were proposed while this one was worked on.
    pub(crate) fn proposed_by(&self, task: TaskId) -> usize {
        self.open_tasks().iter().filter(|other| other.proposed_by == Some(task)).count()
    }

    /// The account behind a provider of a project.
    pub(crate) fn account(
        &self,
        id: ProjectId,
        provider: &ProviderName,
    ) -> Result<Account, Refusal> {
        Ok(self.project(id)?.team.account(id, provider))
    }

    pub(crate) fn limit(&self, account: &Account) -> Option<&LimitWindow> {
        match self.change.limits.get(account) {
            Some(changed) => changed.as_ref(),
            None => self.state.limits.get(account),
        }
    }

    pub(crate) fn set_limit(&mut self, account: Account, window: Option<LimitWindow>) {
        if self.limit(&account) != window.as_ref() {
            self.change.limits.insert(account, window);
        }
    }

    pub(crate) fn set_plan(&mut self, account: Account, plan: Plan) {
        self.change.plans.insert(account, plan);
    }

    /// Effects that have not been settled.
    pub(crate) fn outbox(&self) -> impl Iterator<Item = &Effect> {
        let settled = |id: &EffectId| self.change.settled.contains(id);
        let known = self.state.outbox.iter().filter(move |(id, _)| !settled(id));
        known.chain(&self.change.effects).map(|(_, effect)| effect)
    }

    /// Puts an effect into the outbox.
    pub(crate) fn effect(&mut self, effect: Effect) -> EffectId {
        self.change.meta.effect.0 += 1;
        self.change.effects.insert(self.change.meta.effect, effect);
        self.change.meta.effect
    }

    /// Takes an effect out of the outbox; `None` if it was settled before.
    pub(crate) fn settle(&mut self, id: EffectId) -> Option<Effect> {
        let effect = self.state.outbox.get(&id)?.clone();
        self.change.settled.insert(id);
        Some(effect)
    }

    /// Takes these effects out of the outbox: what comes of them does not matter any more.
    pub(crate) fn settle_all(&mut self, which: impl Fn(&Effect) -> bool) {
        let effects = self.state.outbox.iter().filter(|(_, effect)| which(effect));
        self.change.settled.extend(effects.map(|(id, _)| *id));
    }

    /// Moves a run by its state machine.
    pub(crate) fn move_run(&mut self, id: RunId, event: RunEvent) -> Result<(), Refusal> {
        let now = self.now;
        let run = self.run_mut(id)?;
        let next = run.state.next(event, now)?;
        let has_worked = next.working_since() != run.state.working_since();
        let worked = run.worked_until(now);
        let time = Millis(worked.0.saturating_sub(run.worked.0));
        run.state = next;
        if has_worked && time > Millis(0) {
            run.worked = worked;
            let run = run.clone();
            self.spend(&run, Spent { time, ..Spent::default() });
        }
        Ok(())
    }
}
