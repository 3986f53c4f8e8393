//! The outside world as the arbiter meets it: processes, worktrees, a mailbox, a base branch.
//!
//! Everything here survives a crash of the daemon. Performing an effect twice must be the same as
//! performing it once; the world counts what would show in reality if it were not.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::protocol::Response;
use crew_core::run::{Purpose, Run, Trouble, TroubleKind};
use crew_core::task::CommitId;
use crew_core::team::ProviderKind;
use crew_core::{
    AskId, Effect, EffectId, Event, RoleName, RunId, SaveAs, Settled, State, TaskId, Time, Token,
    Words,
};

use super::agent::{Mood, Process, Temper};
use super::random::Random;

/// The outside world.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) processes: BTreeMap<(RunId, Token), Process>,
    /// Those of them that live.
    pub(super) alive: BTreeSet<(RunId, Token)>,
    /// Starts that will never be: they were stopped before they began.
    tombstones: BTreeSet<(RunId, Token)>,
    /// What lies in the mailbox for roles that a person or a script plays.
    pub(super) triggers: BTreeMap<RoleName, (RunId, Token)>,
    triggered: BTreeSet<(RunId, Token)>,
    /// Response files that were not put away yet, by their key.
    pub(super) files: BTreeMap<String, (RoleName, Response)>,
    written: u64,
    /// Answers that an agent has got: the shim knows each by its id and writes it once.
    sent: BTreeSet<(RunId, Token, AskId)>,
    /// Remarks that were brought to an agent: likewise.
    told: BTreeSet<(RunId, Token, u64)>,
    /// The remarks that stand in the conversation of each run, which outlives its agents.
    conversations: BTreeMap<RunId, BTreeSet<u64>>,
    /// What landed, and how often the base branch got a commit for it.
    pub(super) landed: BTreeMap<TaskId, (CommitId, u32)>,
    /// Tasks whose change met a conflict, until somebody works on it with the new base.
    behind: BTreeSet<TaskId>,
    /// The newest commit of each worktree's branch.
    tips: BTreeMap<(TaskId, u32), CommitId>,
    /// Effects that left a trace in the world.
    performed: BTreeMap<EffectId, Settled>,
    pub(super) released: BTreeSet<TaskId>,
    commits: u64,
    /// Tokens by which agents overran their budget.
    pub(super) overrun: u64,
    /// How agents are, in this run.
    pub(super) temper: Temper,
    /// Whether agents, checks and merges behave.
    pub(super) calm: bool,
    pub(super) breaches: Vec<String>,
}

impl World {
    /// Performs an effect, again if need be, and says what came of it.
    pub(super) fn perform(
        &mut self,
        id: EffectId,
        effect: &Effect,
        state: &State,
        now: Time,
        random: &mut Random,
    ) -> Settled {
        match effect {
            Effect::Start { run, token } => self.start(*run, *token, state, now, random),
            Effect::Stop { run, token } => self.stop(*run, *token, state, random),
            Effect::Interrupt { run, token } => {
                self.end_turn(*run, *token, now, random);
                self.stop(*run, *token, state, random)
            }
            Effect::Send { run, token, ask, key, .. } => self.send(*run, *token, *ask, key),
            Effect::Tell { run, token, remark, .. } => self.tell(*run, *token, remark.number),
            Effect::Remind { .. } | Effect::Reply { .. } => Settled::Sent,
            Effect::Save { run, how } => self.save(id, *run, *how, state, random),
            Effect::Combine { task, .. } => self.once(id, random, |world, random| {
                if !world.calm && random.chance(15) {
                    return Settled::NotCombined { why: "conflict".into() };
                }
                Settled::Combined { head: world.commit_on(*task, 0) }
            }),
            Effect::Check { task, slot, commit, .. } => {
                self.check((*task, *slot), commit.as_ref(), random)
            }
            Effect::Merge { task, commit } => self.merge(*task, commit.as_ref(), random),
            Effect::Release { task } => self.release(id, *task, random),
            Effect::Publish { .. } => Settled::NotPublished { why: "no network".into() },
            Effect::Pull { .. } => Settled::NotPulled { why: "no network".into() },
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

    pub(super) fn commit_on(&mut self, task: TaskId, slot: u32) -> CommitId {
        self.commits += 1;
        let commit = CommitId(format!("c{}", self.commits));
        self.tips.insert((task, slot), commit.clone());
        commit
    }

    fn tip(&self, task: TaskId, slot: u32) -> CommitId {
        self.tips.get(&(task, slot)).cloned().unwrap_or_else(|| CommitId("base".into()))
    }

    fn start(
        &mut self,
        id: RunId,
        token: Token,
        state: &State,
        now: Time,
        random: &mut Random,
    ) -> Settled {
        let Some(run) = state.runs.get(&id) else {
            self.breaches.push(format!("{id} is started but not recorded"));
            return Settled::Stopped;
        };
        let known = self.processes.contains_key(&(id, token));
        if known || self.triggered.contains(&(id, token)) {
            return self.started(run);
        }
        if run.token != token {
            return Settled::Stopped; // a later start has taken its place
        }
        if self.tombstones.contains(&(id, token)) {
            return not_started(TroubleKind::Transient, "it was stopped before it started");
        }
        if !self.calm && random.chance(8) {
            self.tombstones.insert((id, token));
            let kinds = [TroubleKind::Provider, TroubleKind::Human, TroubleKind::Transient];
            let kind = random.pick(&kinds).copied().unwrap_or(TroubleKind::Transient);
            return not_started(kind, "no program");
        }
        if !self.calm && random.chance(3) {
            self.tombstones.insert((id, token));
            return Settled::NoSpace;
        }
        if run.is_aside() && is_mailbox(run, state) {
            self.tombstones.insert((id, token));
            return not_started(TroubleKind::Human, "it is played through the mailbox");
        }
        self.expect_free_worktree(run);
        self.catch_up(run, state);
        if is_mailbox(run, state) {
            self.triggered.insert((id, token));
            self.triggers.insert(run.role.clone(), (id, token));
        } else {
            let cap = state.projects.get(&run.project).map_or(0, |p| p.team.budget.run.tokens);
            let mood = match self.calm {
                true => Mood::Works(1),
                false if random.chance(self.temper.hangs) => Mood::Hangs,
                false => Mood::Works(1 + random.below(5)),
            };
            self.processes.insert((id, token), Process::new(run, cap, now, mood));
            // Its prompt has all that its conversation does not.
            self.conversations.entry(id).or_default().extend(1..=run.hearing.told);
            self.alive.insert((id, token));
        }
        self.started(run)
    }

    /// Some conversations are gone when somebody asks about them.
    fn started(&self, run: &Run) -> Settled {
        if run.is_aside() && run.id.0.is_multiple_of(3) {
            return Settled::StartedAnew;
        }
        Settled::Started { head: self.tip(run.task, run.slot) }
    }

    fn expect_free_worktree(&mut self, run: &Run) {
        for key in &self.alive {
            let Some(process) = self.processes.get(key) else { continue };
            let shares = !process.is_aside && !run.is_aside();
            let is_there = process.task == run.task && process.slot == run.slot;
            if key.0 == run.id || (shares && is_there) {
                let breach = format!(
                    "{}.{} starts beside {}.{}, which lives",
                    run.id, run.token, key.0, key.1
                );
                self.breaches.push(breach);
            }
        }
    }

    /// It was recorded that work does not fit to the base branch. What a performer found that died is
    /// known to nobody, and the next one may find something else.
    pub(super) fn note(&mut self, event: &Event, state: &State) {
        let Event::Settled { effect, result } = event else { return };
        let does_not_fit =
            matches!(result, Settled::Conflicted { .. } | Settled::MergeCheckFailed { .. });
        if does_not_fit && let Some(Effect::Merge { task, .. }) = state.outbox.get(effect) {
            self.behind.insert(*task);
        }
    }

    /// The first work after a conflict begins with the base branch merged in.
    fn catch_up(&mut self, run: &Run, state: &State) {
        if run.purpose != Purpose::Work {
            return;
        }
        let told = state.tasks.get(&run.task).is_some_and(|task| task.catch_up);
        if self.behind.remove(&run.task) && !told {
            self.breaches.push(format!("{} works on without the base branch", run.id));
        }
        if told {
            self.commit_on(run.task, run.slot);
        }
    }

    /// An agent that is interrupted may take in what it was told before, and say that it failed.
    fn end_turn(&mut self, run: RunId, token: Token, now: Time, random: &mut Random) {
        if !self.alive.contains(&(run, token)) {
            return;
        }
        if random.chance(50) {
            self.take_in(run, token, now);
        }
        if let Some(process) = self.processes.get_mut(&(run, token)).filter(|_| random.chance(50)) {
            process.fail(now, random);
        }
    }

    fn stop(&mut self, run: RunId, token: Token, state: &State, random: &mut Random) -> Settled {
        self.tombstones.insert((run, token));
        self.kill(run, token);
        let role = self.triggers.iter().find(|(_, start)| **start == (run, token));
        if let Some(role) = role.map(|(role, _)| role.clone()) {
            self.triggers.remove(&role);
            if let Some(run) = state.runs.get(&run).filter(|_| random.chance(20)) {
                self.write_response(run, state, random); // the person had finished just then
            }
        }
        Settled::Stopped
    }

    pub(super) fn kill(&mut self, run: RunId, token: Token) {
        if let Some(process) = self.processes.get_mut(&(run, token)) {
            process.alive = false;
            self.alive.remove(&(run, token));
        }
    }

    fn send(&mut self, run: RunId, token: Token, ask: AskId, key: &str) -> Settled {
        let process = self.processes.get_mut(&(run, token)).filter(|p| p.alive);
        if let Some(process) = process
            && self.sent.insert((run, token, ask))
        {
            process.hear(key);
        }
        Settled::Sent
    }

    fn tell(&mut self, run: RunId, token: Token, remark: u64) -> Settled {
        let process = self.processes.get_mut(&(run, token)).filter(|p| p.alive);
        if let Some(process) = process
            && self.told.insert((run, token, remark))
        {
            process.unheard.push_back(remark);
        }
        Settled::Sent
    }

    /// An agent takes in what it was told, if it was told something.
    pub(super) fn take_in(&mut self, run: RunId, token: Token, now: Time) -> bool {
        let Some(process) = self.processes.get_mut(&(run, token)) else { return false };
        let Some(remark) = process.unheard.pop_front() else { return false };
        process.say(Words::TookIn { remark }, now);
        if !self.conversations.entry(run).or_default().insert(remark) {
            self.breaches.push(format!("{run} is told remark {remark} twice"));
        }
        true
    }

    fn save(
        &mut self,
        id: EffectId,
        run: RunId,
        how: SaveAs,
        state: &State,
        random: &mut Random,
    ) -> Settled {
        if self.alive.iter().any(|(alive, _)| *alive == run) {
            self.breaches.push(format!("the work of {run} is saved while its agent lives"));
        }
        let Some(row) = state.runs.get(&run) else {
            return Settled::NotSaved { why: "BUG: no such run".into() };
        };
        let (task, slot) = (row.task, row.slot);
        self.once(id, random, |world, random| {
            if how == SaveAs::GiveBack {
                let is_in_use = !world.calm && random.chance(10);
                let why = "a terminal stands in it".to_owned();
                return if is_in_use { Settled::NotSaved { why } } else { Settled::Released };
            }
            if !world.calm && random.chance(3) {
                // The worktree has strayed from its branch; the branch is where it was.
                if let Some(head) = state.tasks.get(&task).and_then(|task| task.head.clone()) {
                    world.tips.insert((task, 0), head);
                }
                return Settled::NotSaved { why: "it has strayed".into() };
            }
            let head = match how {
                SaveAs::Commit => world.commit_on(task, slot),
                SaveAs::Snapshot | SaveAs::Checkpoint | SaveAs::Discard | SaveAs::GiveBack => {
                    world.tip(task, slot)
                }
            };
            Settled::Saved { head }
        })
    }

    fn check(
        &mut self,
        (task, slot): (TaskId, u32),
        commit: Option<&CommitId>,
        random: &mut Random,
    ) -> Settled {
        // Where nobody has changed anything, a worktree that a judge got is at the base branch.
        let tip = self.tips.get(&(task, slot)).filter(|tip| commit.is_some() || tip.0 != "base");
        if tip.is_some() && commit != tip {
            self.breaches
                .push(format!("{task}/{slot} is checked at {commit:?}, its branch is at {tip:?}"));
        }
        // Candidates fail to the end: most of them are made, and sifted, when all is calm already.
        let fails = match (slot, self.calm) {
            (0, true) => 0,
            (0, false) => self.temper.fails,
            _ => 25,
        };
        if random.chance(fails) {
            return Settled::Checked { passed: false, output: "1 failed".into() };
        }
        if !self.calm && random.chance(16) {
            return Settled::NotChecked { why: "timeout".into() };
        }
        Settled::Checked { passed: true, output: String::new() }
    }

    fn merge(&mut self, task: TaskId, commit: Option<&CommitId>, random: &mut Random) -> Settled {
        if let Some((landed, _)) = self.landed.get(&task) {
            return Settled::Merged { commit: landed.clone() };
        }
        match random.below(if self.calm { 1 } else { 6 }) {
            1 => Settled::Conflicted { files: vec!["src/lib.rs".into()] },
            2 => Settled::MergeHeld { why: "your checkout has changes".into() },
            3 => Settled::MergeCheckFailed { output: "1 failed".into() },
            _ => {
                let landed = commit.cloned().unwrap_or_else(|| CommitId("base".into()));
                let landed = CommitId(format!("merge of {landed}"));
                let count = self.landed.entry(task).or_insert((landed.clone(), 0));
                count.1 += 1;
                Settled::Merged { commit: landed }
            }
        }
    }

    fn release(&mut self, id: EffectId, task: TaskId, random: &mut Random) -> Settled {
        let is_its = |process: &Process| process.task == task && !process.is_aside;
        let used = |key: &(RunId, Token)| self.processes.get(key).is_some_and(is_its);
        if self.alive.iter().any(used) {
            self.breaches.push(format!("the worktree of {task} is given back while in use"));
        }
        self.once(id, random, |world, random| {
            if !world.calm && random.chance(20) {
                return Settled::NotReleased { why: "a terminal stands in it".into() };
            }
            world.released.insert(task);
            Settled::Released
        })
    }

    /// Writes a response file for the role of a run.
    pub(super) fn write_response(&mut self, run: &Run, state: &State, random: &mut Random) {
        let response = super::agent::respond(run, state, self.calm, random);
        self.write_file(run.role.clone(), response);
    }

    pub(super) fn write_file(&mut self, role: RoleName, response: Response) {
        self.written += 1;
        self.files.insert(format!("file {}", self.written), (role, response));
    }
}

fn not_started(kind: TroubleKind, why: &str) -> Settled {
    Settled::NotStarted { trouble: Trouble { kind, message: why.into() } }
}

/// Whether nobody on this machine plays the role.
pub(super) fn is_mailbox(run: &Run, state: &State) -> bool {
    let provider =
        state.projects.get(&run.project).and_then(|p| p.team.providers.get(&run.provider));
    provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox)
}
