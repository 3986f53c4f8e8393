//! The outside world as the arbiter meets it: processes, worktrees, a base branch.
//!
//! Everything here survives a crash of the daemon. Performing an effect twice must be the same as
//! performing it once; the world counts what would show in reality if it were not.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::protocol::{Claim, LabelUpdate, Response, Verdict};
use crew_core::run::{Purpose, Run, Trouble, TroubleKind};
use crew_core::task::CommitId;
use crew_core::{
    AskId, Effect, EffectId, Millis, RunId, SaveAs, Settled, State, TaskId, Time, Token, Usage,
    Words,
};

use super::random::Random;

/// Tokens that one report of an agent claims at most.
pub(crate) const REPORT_TOKENS: u64 = 40;

/// One start of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) task: TaskId,
    pub(crate) slot: u32,
    pub(crate) alive: bool,
    /// What it said so far; the offset of each is its index plus one.
    pub(crate) log: Vec<Words>,
    waits_for: Option<String>,
    patience: usize,
    asked: u32,
    used: u64,
}

impl Process {
    /// Whether it will do something by itself.
    pub(crate) fn is_busy(&self) -> bool {
        self.alive && self.waits_for.is_none() && self.patience != usize::MAX
    }
}

/// The outside world.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) processes: BTreeMap<(RunId, Token), Process>,
    tombstones: BTreeSet<(RunId, Token)>,
    /// Answers that reached an agent: more than one for a start would be an answer doubled.
    pub(crate) delivered: BTreeMap<(RunId, Token, AskId), u32>,
    /// What landed, and how often the base branch got a commit for it.
    pub(crate) landed: BTreeMap<TaskId, (CommitId, u32)>,
    /// Commits that the human approved.
    pub(crate) approved: BTreeSet<(TaskId, Option<CommitId>)>,
    /// Effects that left a trace in the world.
    performed: BTreeMap<EffectId, Settled>,
    pub(crate) released: BTreeSet<TaskId>,
    commits: u64,
    /// Tokens by which agents overran their budget.
    pub(crate) overrun: u64,
    /// Whether agents and checks still misbehave.
    pub(crate) calm: bool,
    pub(crate) breaches: Vec<String>,
}

impl World {
    /// Performs an effect, again if need be, and says what came of it.
    pub(crate) fn perform(
        &mut self,
        id: EffectId,
        effect: &Effect,
        state: &State,
        now: Time,
        random: &mut Random,
    ) -> Settled {
        match effect {
            Effect::Start { run, token } => self.start(*run, *token, state, random),
            Effect::Stop { run, token } => {
                self.tombstones.insert((*run, *token));
                self.kill(*run, *token);
                Settled::Stopped
            }
            Effect::Send { run, token, ask, key, .. } => self.send(*run, *token, *ask, key),
            Effect::Save { run, how } => self.save(id, *run, *how, state, random),
            Effect::Combine { .. } => self.once(id, random, |world, random| {
                if !world.calm && random.chance(15) {
                    return Settled::NotCombined { why: "conflict".into() };
                }
                Settled::Combined { head: world.commit() }
            }),
            Effect::Check { .. } => match random.below(if self.calm { 1 } else { 6 }) {
                1 => Settled::Checked { passed: false, output: "1 failed".into() },
                2 => Settled::NotChecked { why: "timeout".into() },
                _ => Settled::Checked { passed: true, output: String::new() },
            },
            Effect::Merge { task, commit } => self.merge(*task, commit.as_ref(), now, random),
            Effect::Release { task } => self.release(*task),
        }
    }

    fn once(
        &mut self,
        id: EffectId,
        random: &mut Random,
        act: impl FnOnce(&mut Self, &mut Random) -> Settled,
    ) -> Settled {
        if let Some(result) = self.performed.get(&id) {
            return result.clone();
        }
        let result = act(self, random);
        self.performed.insert(id, result.clone());
        result
    }

    fn commit(&mut self) -> CommitId {
        self.commits += 1;
        CommitId(format!("{:040}", self.commits))
    }

    fn start(&mut self, id: RunId, token: Token, state: &State, random: &mut Random) -> Settled {
        let head = CommitId("base".into());
        if self.processes.contains_key(&(id, token)) {
            return Settled::Started { head };
        }
        let Some(run) = state.runs.get(&id) else {
            self.breaches.push(format!("{id} is started but not recorded"));
            return Settled::Stopped;
        };
        if self.tombstones.contains(&(id, token)) {
            let message = "it was stopped before it started".into();
            return Settled::NotStarted {
                trouble: Trouble { kind: TroubleKind::Transient, message },
            };
        }
        if !self.calm && random.chance(8) {
            self.tombstones.insert((id, token));
            let kind = if random.chance(30) { TroubleKind::Human } else { TroubleKind::Transient };
            return Settled::NotStarted { trouble: Trouble { kind, message: "no program".into() } };
        }
        for ((other, other_token), process) in self.processes.iter().filter(|(_, p)| p.alive) {
            if *other == id || (process.task == run.task && process.slot == run.slot) {
                let breach =
                    format!("{id}.{token} starts beside {other}.{other_token}, which lives");
                self.breaches.push(breach);
            }
        }
        let process = Process {
            task: run.task,
            slot: run.slot,
            alive: true,
            log: Vec::new(),
            waits_for: None,
            patience: 2 + random.below(6),
            asked: 0,
            used: run.spent.tokens(),
        };
        self.processes.insert((id, token), process);
        Settled::Started { head }
    }

    pub(crate) fn kill(&mut self, run: RunId, token: Token) {
        if let Some(process) = self.processes.get_mut(&(run, token)) {
            process.alive = false;
        }
    }

    fn send(&mut self, run: RunId, token: Token, ask: AskId, key: &str) -> Settled {
        if let Some(process) = self.processes.get_mut(&(run, token)).filter(|p| p.alive) {
            let count = self.delivered.entry((run, token, ask)).or_default();
            if process.waits_for.as_deref() == Some(key) {
                process.waits_for = None;
                *count += 1; // the shim knows an answer by its id and writes it once
            }
        }
        Settled::Sent
    }

    fn save(
        &mut self,
        id: EffectId,
        run: RunId,
        how: SaveAs,
        state: &State,
        random: &mut Random,
    ) -> Settled {
        if self.processes.iter().any(|((r, _), p)| *r == run && p.alive) {
            self.breaches.push(format!("the work of {run} is saved while its agent lives"));
        }
        let head = state
            .runs
            .get(&run)
            .and_then(|run| state.tasks.get(&run.task)?.head.clone())
            .unwrap_or(CommitId("base".into()));
        self.once(id, random, |world, random| {
            if !world.calm && random.chance(3) {
                return Settled::NotSaved { why: "disk full".into() };
            }
            let head = if how == SaveAs::Commit { world.commit() } else { head };
            Settled::Saved { head }
        })
    }

    fn merge(
        &mut self,
        task: TaskId,
        commit: Option<&CommitId>,
        _now: Time,
        random: &mut Random,
    ) -> Settled {
        if let Some((landed, _)) = self.landed.get(&task) {
            return Settled::Merged { commit: landed.clone() };
        }
        if !self.approved.contains(&(task, commit.cloned())) {
            self.breaches.push(format!("{task} lands at {commit:?}, which nobody approved"));
        }
        match random.below(if self.calm { 1 } else { 6 }) {
            1 => Settled::Conflicted { files: vec!["src/lib.rs".into()] },
            2 => Settled::MergeHeld { why: "your checkout has changes".into() },
            3 => Settled::MergeCheckFailed { output: "1 failed".into() },
            _ => {
                let landed = self.commit();
                let count = self.landed.entry(task).or_insert((landed.clone(), 0));
                count.1 += 1;
                Settled::Merged { commit: landed }
            }
        }
    }

    fn release(&mut self, task: TaskId) -> Settled {
        if self.processes.values().any(|process| process.task == task && process.alive) {
            self.breaches.push(format!("the worktree of {task} is given back while in use"));
        }
        self.released.insert(task);
        Settled::Released
    }

    /// Lets one agent do one thing.
    pub(crate) fn act(&mut self, run: &Run, state: &State, now: Time, random: &mut Random) {
        let calm = self.calm;
        let Some(process) = self.processes.get_mut(&(run.id, run.token)).filter(|p| p.alive) else {
            return;
        };
        if process.waits_for.is_some() {
            return; // it listens on its input
        }
        if process.patience > 0 {
            process.patience -= 1;
            let over = !calm && random.chance(2);
            let cap = state.projects.get(&run.project).map_or(0, |p| p.team.budget.run.tokens);
            let tokens = REPORT_TOKENS.min(cap.saturating_sub(process.used));
            let tokens = if over { cap } else { tokens };
            self.overrun += (process.used + tokens).saturating_sub(cap);
            process.used += tokens;
            let usage = Usage { input_tokens: tokens, cost: None, ..Usage::default() };
            process.log.push(Words::Used(usage));
            return;
        }
        let what = if calm { random.below(4) + 6 } else { random.below(16) };
        match what {
            0 => process.alive = false,
            1 => process.patience = 3,
            2 => {
                let until = random.chance(70).then(|| now + Millis::seconds(30));
                process.log.push(Words::Limited { until, message: "limit".into() });
                process.alive = false;
            }
            3 => {
                let kind =
                    if random.chance(20) { TroubleKind::Human } else { TroubleKind::Transient };
                let message = "it failed".into();
                process.log.push(Words::Failed(Trouble { kind, message }));
                process.alive = false;
            }
            4 | 5 => {
                // A resumed conversation asks the same again, by the same key.
                process.asked += 1;
                let key = format!("ask-{}", process.asked);
                process.waits_for = Some(key.clone());
                process.log.push(Words::Asks { key, text: "?".into(), options: vec![] });
                process.patience = 1;
            }
            6 if !calm => process.log.push(Words::Responds { response: None, text: "hm".into() }),
            _ => {
                let response = respond(run, state, calm, random);
                process.log.push(Words::Responds { response: Some(response), text: String::new() });
                process.alive = !calm && random.chance(10); // some do not exit by themselves
                process.patience = usize::MAX;
            }
        }
    }
}

fn respond(run: &Run, state: &State, calm: bool, random: &mut Random) -> Response {
    let mut response = Response {
        claim: Claim::Done,
        summary: "did it".into(),
        issue: Some(run.task),
        label: None,
        pr: None,
        verdict: None,
        pick: None,
    };
    match run.purpose {
        Purpose::Verdict => {
            let pass = calm || random.chance(70);
            response.verdict = Some(if pass { Verdict::Pass } else { Verdict::Fail });
            if !calm && random.chance(10) {
                response.verdict = None;
            }
        }
        Purpose::Choose => response.pick = Some(if calm { 1 } else { random.below(4) as u32 }),
        Purpose::Work | Purpose::Consult { .. } => {}
    }
    if calm {
        return response;
    }
    match random.below(10) {
        0 => response.claim = Claim::Request,
        1 => response.claim = Claim::Error,
        2 => response.issue = Some(TaskId(99)),
        3 | 4 => {
            let stages = &state.projects[&run.project].team.stages;
            if let Some(stage) = random.pick(stages) {
                response.label =
                    Some(LabelUpdate { from: run.stage.clone(), to: stage.name.clone() });
            }
        }
        _ => {}
    }
    response
}
