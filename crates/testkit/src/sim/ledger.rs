//! What the checks know by themselves, from what happened, without asking the arbiter's rows.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::ask::Asker;
use crew_core::protocol::{Claim, Verdict};
use crew_core::purse::Purse;
use crew_core::run::{Outcome, Purpose, RunState};
use crew_core::task::{CommitId, Phase};
use crew_core::team::{Gate, Limits};
use crew_core::{Effect, Event, RoleName, RoutineName, RunId, Settled, TaskId, Token, Words};

use super::check::Fact;

/// A gate that a commit of a task has passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Passed {
    pub(super) task: TaskId,
    pub(super) gate: GateKey,
    pub(super) commit: Option<CommitId>,
}

/// Which gate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GateKey {
    Check(String),
    Verdict(RoleName),
    Human,
}

impl GateKey {
    pub(super) fn of(gate: &Gate) -> Self {
        match gate {
            Gate::Check { command, .. } => Self::Check(command.clone()),
            Gate::Verdict(role) => Self::Verdict(role.clone()),
            Gate::Human => Self::Human,
        }
    }
}

/// What the checks know by themselves.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    passed: BTreeSet<Passed>,
    /// Tokens by the day on which they were reported.
    pub(super) days: BTreeMap<u64, u64>,
    /// From then on a day is not a day any more.
    pub(super) clock_was_set: bool,
    /// Tokens by run.
    pub(super) spent: BTreeMap<RunId, u64>,
    /// How often the agent of a run ended though nobody had told it to, and is to start again.
    pub(super) failures: BTreeMap<RunId, u32>,
    /// The newest commit of each task that did not pass a check, and how often in a row.
    failed: BTreeMap<TaskId, (CommitId, u32)>,
    /// Commits of candidates that did not pass a check.
    out: BTreeSet<CommitId>,
    /// Tasks that came by themselves, and of which routine.
    pub(super) came: BTreeMap<TaskId, RoutineName>,
    /// Deliveries that became an entry.
    delivered: BTreeSet<String>,
    /// Remarks that were to be brought to a start of an agent.
    told: BTreeSet<(RunId, Token, u64)>,
    /// What the human allowed again, and on which day.
    filled: Vec<(Purse, u64)>,
    /// Starts by the day, and by the role in it.
    pub(super) starts: BTreeMap<(u64, Option<RoleName>), u32>,
    /// Tokens by the day and the role.
    pub(super) days_of_roles: BTreeMap<(u64, RoleName), u64>,
    /// Reminders after so many compactions.
    reminded: BTreeSet<(RunId, u32)>,
    /// The largest bounds that any team has set so far.
    pub(super) retries_max: u32,
    pub(super) consults_max: u32,
    pub(super) asks_max: u32,
    pub(super) visits_max: u32,
}

impl Ledger {
    pub(super) fn has_passed(&self, task: TaskId, gate: &Gate, commit: Option<&CommitId>) -> bool {
        let commit = commit.cloned();
        self.passed.contains(&Passed { task, gate: GateKey::of(gate), commit })
    }

    /// Whether this commit of the task did not pass a check more than once.
    pub(super) fn failed_again(&self, task: TaskId, commit: &CommitId) -> bool {
        self.failed.get(&task).is_some_and(|(known, times)| known == commit && *times > 1)
    }

    /// Whether a candidate did not pass a check.
    pub(super) fn is_out(&self, commit: &CommitId) -> bool {
        self.out.contains(commit)
    }

    /// How many times as much as it has was in a purse today.
    pub(super) fn times(&self, purse: &Purse, day: u64) -> u32 {
        let counts =
            |filled: &&(Purse, u64)| filled.0 == *purse && (!purse.is_daily() || filled.1 == day);
        1 + self.filled.iter().filter(counts).count() as u32
    }

    /// Takes down that a delivery is recorded, which it is once.
    pub(super) fn note_delivery(&mut self, key: &str) -> Result<(), String> {
        let first = self.delivered.insert(key.to_owned());
        if first { Ok(()) } else { Err(format!("{key} counts twice")) }
    }

    /// Takes down what agents are to be told: each start is told a remark once, and only what its
    /// prompt does not have; it is reminded once after each compaction.
    pub(super) fn note_tells(&mut self, fact: &Fact<'_>) -> Result<(), String> {
        let mut reminders = 0;
        for effect in fact.change.effects.values() {
            if let Effect::Tell { run, token, remark, .. } = effect
                && !self.told.insert((*run, *token, remark.number))
            {
                return Err(format!("{run}.{token} is to be told remark {} again", remark.number));
            }
            if let Effect::Remind { run, compaction, .. } = effect {
                reminders += 1;
                if !self.reminded.insert((*run, *compaction)) {
                    return Err(format!("{run} is reminded again after compaction {compaction}"));
                }
            }
        }
        let Event::Said { run, words: Words::Compacted, .. } = fact.event else { return Ok(()) };
        let is_news = fact.change.runs.get(run).is_some_and(|row| {
            let before = fact.before.runs.get(run).map_or(0, |row| row.compactions);
            row.compactions > before && row.listens() && !row.is_aside()
        });
        if is_news && reminders == 0 {
            return Err(format!("{run} has forgotten what it was told, and nobody reminds it"));
        }
        Ok(())
    }

    /// Takes down what a recorded event says.
    pub(super) fn note(&mut self, fact: &Fact<'_>, dropped: Option<&str>) {
        self.note_bounds(fact);
        self.note_failures(fact);
        self.note_starts(fact);
        if dropped.is_some() {
            return;
        }
        match fact.event {
            Event::Ticked => {
                let known = &fact.before.tasks;
                let new = fact.change.tasks.values().filter(|task| !known.contains_key(&task.id));
                self.came.extend(new.filter_map(|task| {
                    let project = fact.change.projects.get(&task.project)?;
                    Some((task.id, project.routine_of(task.id)?.clone()))
                }));
            }
            Event::Said { run, words: Words::Used(usage), .. } => {
                *self.days.entry(fact.now.day()).or_default() += usage.tokens();
                *self.spent.entry(*run).or_default() += usage.tokens();
                if let Some(run) = fact.before.runs.get(run) {
                    let key = (fact.now.day(), run.role.clone());
                    *self.days_of_roles.entry(key).or_default() += usage.tokens();
                }
            }
            Event::Answered { ask, .. } => {
                if let Some(Asker::Purse { purse }) = fact.before.asks.get(ask).map(|it| &it.from) {
                    self.filled.push((purse.clone(), fact.now.day()));
                }
            }
            Event::Approved { task, commit } => {
                if let Some(Phase::Approving { gate }) =
                    fact.before.tasks.get(task).map(|t| &t.phase)
                {
                    // Whoever named a commit has seen that one and no other.
                    let commit = commit.clone().or(gate.commit.clone());
                    self.pass(*task, GateKey::Human, commit);
                }
            }
            Event::Settled { effect, result } => {
                if let Some(effect) = fact.before.outbox.get(effect) {
                    self.note_settled(fact, effect, result);
                }
            }
            _ => {}
        }
    }

    fn note_settled(&mut self, fact: &Fact<'_>, effect: &Effect, result: &Settled) {
        match (effect, result) {
            (
                Effect::Check { task, commit, command, .. },
                Settled::Checked { passed: true, .. },
            ) => {
                self.pass(*task, GateKey::Check(command.clone()), commit.clone());
            }
            (
                Effect::Check { task, slot: 0, commit: Some(commit), .. },
                Settled::Checked { passed: false, .. },
            ) => {
                let known = self.failed.get(task).filter(|(known, _)| known == commit);
                let times = known.map_or(1, |(_, times)| times + 1);
                self.failed.insert(*task, (commit.clone(), times));
            }
            (
                Effect::Check { commit: Some(commit), .. },
                Settled::Checked { passed: false, .. },
            ) => {
                self.out.insert(commit.clone());
            }
            (Effect::Save { run, .. }, Settled::Saved { .. }) => {
                let Some(run) = fact.before.runs.get(run) else { return };
                let said = run.response.as_ref();
                let good = said.is_some_and(|said| {
                    said.verdict == Some(Verdict::Pass)
                        && said.claim == Claim::Done
                        && !said.evidence.is_empty()
                });
                let saved_as_done =
                    matches!(run.state, RunState::Saving { outcome: Outcome::Done, .. });
                let judged = fact.before.tasks.get(&run.task).map(|task| &task.phase);
                if let Some(Phase::Judging { run: judge, gate }) = judged
                    && *judge == run.id
                    && run.purpose == Purpose::Verdict
                    && good
                    && saved_as_done
                {
                    self.pass(run.task, GateKey::Verdict(run.role.clone()), gate.commit.clone());
                }
            }
            _ => {}
        }
    }

    fn pass(&mut self, task: TaskId, gate: GateKey, commit: Option<CommitId>) {
        self.passed.insert(Passed { task, gate, commit });
    }

    fn note_failures(&mut self, fact: &Fact<'_>) {
        if let Event::Settled { result: Settled::NoSpace, .. } = fact.event {
            return; // nobody has failed
        }
        for run in fact.change.runs.values() {
            let Some(before) = fact.before.runs.get(&run.id).map(|before| &before.state) else {
                continue;
            };
            let told = matches!(before, RunState::Stopping { .. });
            if before.holds_agent() && !told && matches!(run.state, RunState::Queued { .. }) {
                *self.failures.entry(run.id).or_default() += 1;
            }
        }
    }

    fn note_starts(&mut self, fact: &Fact<'_>) {
        for effect in fact.change.effects.values() {
            let Effect::Start { run, .. } = effect else { continue };
            let Some(run) = fact.change.runs.get(run) else { continue };
            for role in [None, Some(run.role.clone())] {
                *self.starts.entry((fact.now.day(), role)).or_default() += 1;
            }
        }
    }

    fn note_bounds(&mut self, fact: &Fact<'_>) {
        for project in fact.change.projects.values() {
            let Limits { retries, consults, asks, .. } = project.team.limits;
            self.retries_max = self.retries_max.max(retries);
            self.consults_max = self.consults_max.max(consults);
            self.asks_max = self.asks_max.max(asks);
            let visits = project.team.stages.iter().map(|stage| stage.visits_max).max();
            self.visits_max = self.visits_max.max(visits.unwrap_or(0));
        }
    }
}
