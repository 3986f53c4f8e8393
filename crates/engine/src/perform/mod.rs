//! Performing what is in the outbox.
//!
//! ```text
//!  outbox ─► conductor ─► one task for each effect ─► Event::Settled ─► arbiter
//! ```
//!
//! A worktree serves one effect at a time, in the order of the outbox; a stop or an answer for an
//! agent overtakes. While everything is stopped, only what ends agents and saves their work is
//! performed. An effect whose task fails or panics stays in the outbox and is performed again after
//! a pause: each performer makes sure that twice is the same as once.

mod acp;
mod agent;
mod aside;
mod cell;
mod claude;
mod codex;
mod merge;
mod prepare;
mod program;
mod script;
mod work;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crew_agent::Telling;
use crew_core::{Effect, EffectId, Event, RunId, Settled, Token};
use crew_git::GitError;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use agent::recover;

use crate::Handle;
use crate::anchors;
use crate::crash::crash_point;
use crate::desk;
use crate::follow::{follow, submit};
use crate::github;
use crate::place::{Place, Repositories};
use crate::remark::said;
use crate::touched::Looks;
use crate::wake::Wakes;

/// Before an effect whose performer failed is performed again; it doubles, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(500);
/// Longest such pause.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// Even without news the outbox is looked at after this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Scripts that may always run at once.
const SCRIPTS_MIN: usize = 2;
/// After so many failures in a row, an effect that can say so has failed.
const FAILURES_MAX: u32 = 5;
/// When the daemon ends, performers get so long to come to an end.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Tells a script, or a start that is being made, that it is not wanted any more.
#[derive(Clone, Debug)]
pub(crate) struct CalledOff {
    emergency: CancellationToken,
    stop: CancellationToken,
}

impl CalledOff {
    fn is_cancelled(&self) -> bool {
        self.emergency.is_cancelled() || self.stop.is_cancelled()
    }

    fn cancel(&self) {
        self.emergency.cancel();
    }

    async fn cancelled(&self) {
        tokio::select! {
            () = self.emergency.cancelled() => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// The outside worlds, and what is at work in them.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) handle: Handle,
    /// The `crew` program.
    pub(crate) program: PathBuf,
    /// The playbook of the model `builtin`.
    pub(crate) builtin_playbook: PathBuf,
    pub(crate) repositories: Repositories,
    pub(crate) wakes: Wakes,
    /// The daemon ends.
    pub(crate) stop: CancellationToken,
    /// Everything that can be called off is called off when everything is stopped.
    emergency: Mutex<CancellationToken>,
    /// Starts that are being made; a stop calls its start off.
    starts: Mutex<BTreeMap<(RunId, Token), CalledOff>>,
    /// Who is followed, and whether that is over.
    followers: Mutex<BTreeMap<(RunId, Token), watch::Receiver<bool>>>,
    tracker: TaskTracker,
    /// Checks and merges of ours that may run at once: each may be a whole test suite.
    scripts: Semaphore,
    /// Who looks at what agents have changed.
    pub(crate) looks: Looks,
    /// Shims that we started, to be reaped.
    children: Mutex<Vec<Child>>,
}

impl Outside {
    pub(crate) fn new(
        handle: Handle,
        program: PathBuf,
        builtin_playbook: PathBuf,
        stop: CancellationToken,
    ) -> Self {
        Self {
            handle,
            program,
            builtin_playbook,
            repositories: Repositories::default(),
            wakes: Wakes::new(),
            stop,
            emergency: Mutex::default(),
            starts: Mutex::default(),
            followers: Mutex::default(),
            tracker: TaskTracker::new(),
            looks: Looks::default(),
            scripts: Semaphore::new(
                std::thread::available_parallelism()
                    .map_or(SCRIPTS_MIN, usize::from)
                    .max(SCRIPTS_MIN),
            ),
            children: Mutex::default(),
        }
    }

    /// Follows a start, unless somebody does. What it returns becomes true when the agent's exit,
    /// and all that it said before, is recorded.
    pub(crate) fn follow(self: &Arc<Self>, run: RunId, token: Token) -> watch::Receiver<bool> {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(over) = followers.get(&(run, token)) {
            return over.clone();
        }
        let (over, told) = watch::channel(false);
        followers.insert((run, token), told.clone());
        drop(followers);
        let outside = Arc::clone(self);
        self.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = outside.keep_following(run, token) => { over.send(true).ok(); }
                () = outside.stop.cancelled() => {}
            }
            let mut followers = outside.followers.lock().unwrap_or_else(PoisonError::into_inner);
            followers.remove(&(run, token));
            drop(followers);
            outside.reap();
        });
        told
    }

    /// Follows until it succeeds: what fails now (no file descriptor, a full disk) may work later.
    async fn keep_following(self: &Arc<Self>, run: RunId, token: Token) {
        let mut pause = PAUSE;
        while let Err(error) = follow(Arc::clone(self), run, token).await {
            tracing::warn!("following {run}.{token} is tried again: {error:#}");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    fn starts(&self) -> std::sync::MutexGuard<'_, BTreeMap<(RunId, Token), CalledOff>> {
        self.starts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_start(&self, run: RunId, token: Token, called_off: CalledOff) {
        self.starts().insert((run, token), called_off);
    }

    fn forget_start(&self, run: RunId, token: Token) {
        self.starts().remove(&(run, token));
    }

    fn call_off_start(&self, run: RunId, token: Token) {
        if let Some(start) = self.starts().get(&(run, token)) {
            start.cancel();
        }
    }

    fn adopt(&self, shim: Child) {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(shim);
    }

    /// Shims that ended leave the process table.
    fn reap(&self) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }

    /// What scripts heed: an emergency stop, and the end of the daemon.
    fn called_off(&self) -> CalledOff {
        let emergency = self.emergency.lock().unwrap_or_else(PoisonError::into_inner);
        CalledOff { emergency: emergency.child_token(), stop: self.stop.clone() }
    }

    /// Waits until another script of ours may run; gives up when everything is called off.
    async fn script_turn(&self) -> anyhow::Result<SemaphorePermit<'_>> {
        let called_off = self.called_off();
        tokio::select! {
            permit = self.scripts.acquire() => permit.context("BUG: nobody closes it"),
            () = called_off.cancelled() => bail!("it was called off"),
        }
    }

    /// Whether the daemon, or all work, is being ended: what fails now says nothing.
    fn is_ending(&self) -> bool {
        self.called_off().is_cancelled()
    }

    /// Calls off what is under way when everything is stopped, once for each time.
    fn heed_emergency(&self, stopped: bool) {
        let mut emergency = self.emergency.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped {
            emergency.cancel();
        } else if emergency.is_cancelled() {
            *emergency = CancellationToken::new();
        }
    }

    async fn perform(self: &Arc<Self>, id: EffectId, effect: &Effect) -> anyhow::Result<Settled> {
        match effect {
            Effect::Start { run, token } => agent::start(self, *run, *token).await,
            Effect::Stop { run, token } => agent::stop(self, *run, *token).await,
            Effect::Interrupt { run, token } => agent::interrupt(self, *run, *token).await,
            Effect::Send { run, token, ask, key, text } => {
                agent::send(self, (*run, *token), *ask, key, text).await
            }
            Effect::Tell { run, token, task, remark } => {
                let text = said(self.handle.home(), *task, remark)?.text;
                let telling = Telling::Remark { number: remark.number, text };
                agent::tell(self, (*run, *token), telling).await.map(|()| Settled::Sent)
            }
            Effect::Remind { run, token, compaction } => {
                let place = Place::of(&self.handle, *run)?;
                if let Some(said) = anchors::reminder(&self.handle, &place)? {
                    let telling = Telling::Reminder { compaction: *compaction, text: said.text };
                    agent::tell(self, (*run, *token), telling).await?;
                }
                Ok(Settled::Sent)
            }
            Effect::Reply { run, token, call, reply } => {
                desk::reply(self, (*run, *token), call, reply).await.map(|()| Settled::Sent)
            }
            Effect::Save { run, how } => work::save(self, *run, *how).await,
            Effect::Combine { task, runs } => work::combine(self, *task, runs).await,
            Effect::Check { task, slot, commit, command, timeout } => {
                work::check(self, (*task, *slot), commit.as_ref(), command, *timeout).await
            }
            Effect::Merge { task, commit } => merge::merge(self, id, *task, commit.as_ref()).await,
            Effect::Release { task } => work::release(self, *task).await,
            Effect::Publish { task, want } => github::publish(self, *task, want).await,
            Effect::Pull { task, want } => github::pull(self, *task, want).await,
        }
    }
}

/// Runs what blocks (git, files, waiting for a process) where it disturbs nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("a performer panicked")?
}

/// Performs the outbox until the daemon ends.
pub(crate) async fn conduct(outside: Arc<Outside>, outbox: Arc<Notify>) {
    let mut conductor = Conductor::default();
    loop {
        conductor.begin_due(&outside);
        tokio::select! {
            () = outside.stop.cancelled() => break,
            () = outbox.notified() => {}
            Some(ended) = conductor.performers.join_next_with_id() => conductor.note_end(ended),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    let ending = async { while conductor.performers.join_next().await.is_some() {} };
    if tokio::time::timeout(END_PATIENCE, ending).await.is_err() {
        tracing::warn!("performers are left behind; the next daemon performs their effects again");
    }
    outside.tracker.close();
    tokio::time::timeout(END_PATIENCE, outside.tracker.wait()).await.ok();
}

/// Who performs what, and what failed lately.
#[derive(Default)]
struct Conductor {
    performers: JoinSet<bool>,
    under_way: HashMap<tokio::task::Id, EffectId>,
    failed: BTreeMap<EffectId, (Instant, u32)>,
}

impl Conductor {
    fn begin_due(&mut self, outside: &Arc<Outside>) {
        let busy: Vec<EffectId> = self.under_way.values().copied().collect();
        let now = Instant::now();
        let failed = &self.failed;
        let due: Vec<(EffectId, Effect)> = outside.handle.read(|state| {
            outside.heed_emergency(state.meta.stopped.is_some());
            crew_core::due(state)
                .into_iter()
                .filter(|id| !busy.contains(id))
                .filter(|id| failed.get(id).is_none_or(|(until, _)| *until <= now))
                .filter_map(|id| Some((id, state.outbox.get(&id)?.clone())))
                .collect()
        });
        for (id, effect) in due {
            let outside = Arc::clone(outside);
            let failures = self.failed.get(&id).map_or(0, |(_, failures)| *failures);
            let task =
                self.performers.spawn(async move { settle(&outside, id, &effect, failures).await });
            self.under_way.insert(task.id(), id);
        }
    }

    fn note_end(&mut self, ended: Result<(tokio::task::Id, bool), tokio::task::JoinError>) {
        let (task, performed) = match ended {
            Ok((task, performed)) => (task, performed),
            Err(panic) => (panic.id(), false),
        };
        let Some(effect) = self.under_way.remove(&task) else { return };
        if performed {
            self.failed.remove(&effect);
        } else {
            let times = self.failed.get(&effect).map_or(0, |(_, times)| *times);
            let pause = PAUSE.saturating_mul(1 << times.min(10)).min(PAUSE_MAX);
            self.failed.insert(effect, (Instant::now() + pause, times + 1));
        }
    }
}

/// Performs one effect and has it recorded; tells whether that succeeded.
async fn settle(outside: &Arc<Outside>, id: EffectId, effect: &Effect, failures: u32) -> bool {
    crash_point("before", effect.word());
    let result = match outside.perform(id, effect).await {
        Ok(result) => result,
        Err(error) => {
            tracing::warn!("{id} ({}) failed: {error:#}", effect.word());
            let lasting = failures >= FAILURES_MAX || is_lasting(&error);
            match failed(effect, &explain(&error)).filter(|_| lasting && !outside.is_ending()) {
                Some(result) => result,
                None => return false, // it is tried again
            }
        }
    };
    crash_point("after", effect.word());
    submit(&outside.handle, Event::Settled { effect: id, result }).await.is_ok()
}

/// Whether trying again cannot help.
fn is_lasting(error: &anyhow::Error) -> bool {
    error.downcast_ref::<GitError>().is_some_and(|error| !error.is_transient())
}

/// An error for people, with what to do about it.
fn explain(error: &anyhow::Error) -> String {
    match error.downcast_ref::<GitError>().and_then(GitError::hint) {
        Some(hint) => format!("{error:#}\nhint: {hint}"),
        None => format!("{error:#}"),
    }
}

/// How an effect that cannot be performed is settled. Starts say it themselves; stops and answers
/// are tried until they succeed, because an agent may be alive.
fn failed(effect: &Effect, why: &str) -> Option<Settled> {
    let why = why.to_owned();
    match effect {
        Effect::Save { .. } => Some(Settled::NotSaved { why }),
        Effect::Combine { .. } => Some(Settled::NotCombined { why }),
        Effect::Check { .. } => Some(Settled::NotChecked { why }),
        Effect::Merge { .. } => Some(Settled::MergeHeld { why }),
        Effect::Release { .. } => Some(Settled::NotReleased { why }),
        // What GitHub will not have, its performer says itself; all else is tried until it is done.
        Effect::Start { .. }
        | Effect::Stop { .. }
        | Effect::Interrupt { .. }
        | Effect::Send { .. }
        | Effect::Tell { .. }
        | Effect::Remind { .. }
        | Effect::Reply { .. }
        | Effect::Publish { .. }
        | Effect::Pull { .. } => None,
    }
}
