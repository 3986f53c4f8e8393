//! Following one start of an agent: from its spool to the arbiter.
//!
//! What matters is handed to the arbiter together with the offset up to which it was read, and
//! recorded with it in one transaction; whoever follows next begins there. The exit is reported
//! after the last word.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crew_agent::shim::{self, ExitRecord, Presence, Refused, ShimError, Status, Why};
use crew_agent::spool::SpoolError;
use crew_agent::{Act, AgentEvent, Ending, Heard, Listener, Overheard, complaint, overheard};
use crew_core::run::{Purpose, RunState};
use crew_core::{Event, Millis, RunId, Time, Token, Words};

use crate::desk::Clerk;
use crate::perform::{Outside, blocking};
use crate::place::{Place, marker, site};
use crate::rounds::Rounds;
use crate::site::Site;
use crate::touched;
use crate::words::{shorten, words};
use crate::{Failure, Handle};

/// A directory that nothing is heard from is looked at again after this.
const POLL: Duration = Duration::from_millis(500);
/// Before something that the arbiter could not record is handed to it again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// An agent whose input was ended gets so long to end by itself.
const END_PATIENCE: Duration = Duration::from_secs(3);
/// Between two looks at whether it has.
const END_PAUSE: Duration = Duration::from_millis(20);
/// What an agent has changed is looked at so long after it used a tool, or later.
const CHANGES_PAUSE: Duration = Duration::from_secs(2);
/// What is left of an agent whose shim was killed gets so long to end.
const GRACE: Millis = Millis::seconds(2);
/// Who is so long silent may wait for its provider, and say so in its log only. A model that thinks before
/// its first word is silent for less, after a short limit too.
const OVERHEAR_AFTER: Millis = Millis::seconds(60);

/// Follows a start until its agent has ended and all that it said is recorded. Whoever is
/// interrupted begins again at the stored offset.
pub(crate) async fn follow(outside: Arc<Outside>, run: RunId, token: Token) -> anyhow::Result<()> {
    let dir = outside.handle.home().run(run, token);
    let clerk = Clerk::new(&outside, run, token);
    let watched: Vec<PathBuf> = [dir.clone()].into_iter().chain(clerk.watched()).collect();
    let told = outside.wakes.watch(&watched);
    let life = Life { written: newest(&dir), at: Instant::now(), anew: false };
    let rounds = Rounds::default();
    let looked_at = Instant::now();
    let site = site(outside.handle.home(), &Place::of(&outside.handle, run)?);
    let stirred = None;
    let mut follower = Follower {
        outside,
        run,
        token,
        dir,
        life,
        clerk,
        watched,
        looked_at,
        rounds,
        site,
        stirred,
    };
    let mut listener = None;
    let mut damage = None;
    let mut speaks = false;
    let how = loop {
        if damage.is_none() {
            match follower.read(&mut listener).await {
                Ok(true) => {
                    speaks = true;
                    continue;
                }
                Ok(false) => {}
                Err(Interruption::Damaged(error)) => damage = Some(follower.give_up(error).await?),
                Err(Interruption::Other(error)) => return Err(error),
            }
        }
        follower.clerk.attend().await?;
        // Who speaks is alive, and its end is written to a file: that wakes us as its words do.
        if !std::mem::take(&mut speaks) || follower.looked_at.elapsed() >= POLL {
            follower.looked_at = Instant::now();
            if let Some(ended) = follower.ended().await? {
                follower.clerk.attend().await?; // it may have called last
                break match damage {
                    Some(damage) => damage,
                    None => follower.read_rest(&mut listener, ended).await?,
                };
            }
            follower.check_health().await?;
            follower.see_changes().await?;
        }
        if tokio::time::timeout(POLL, told.notified()).await.is_err() {
            follower.clerk.look_again();
        }
    };
    follower.look_at_changes().await?;
    submit(&follower.outside.handle, Event::Exited { run, token, how }).await?;
    follower.clerk.close("this run is over").await
}

/// Hands an event to the arbiter until it is recorded; the only other end is that of the daemon.
pub(crate) async fn submit(handle: &Handle, event: Event) -> anyhow::Result<()> {
    loop {
        match handle.submit(event.clone()).await {
            Ok(_) => return Ok(()),
            Err(Failure::NotRecorded(_)) => tokio::time::sleep(RETRY_PAUSE).await,
            Err(failure @ (Failure::Closing | Failure::Refused(_))) => return Err(failure.into()),
        }
    }
}

/// Like [`submit`]; however often it is done with this key, it happens once.
pub(crate) async fn submit_once(handle: &Handle, event: Event, key: String) -> anyhow::Result<()> {
    loop {
        match handle.submit_once(event.clone(), key.clone()).await {
            Ok(_) => return Ok(()),
            Err(Failure::NotRecorded(_)) => tokio::time::sleep(RETRY_PAUSE).await,
            Err(failure @ (Failure::Closing | Failure::Refused(_))) => return Err(failure.into()),
        }
    }
}

/// Why reading stopped.
enum Interruption {
    /// The file is not what it was.
    Damaged(SpoolError),
    /// It could not be done now.
    Other(anyhow::Error),
}

impl From<SpoolError> for Interruption {
    fn from(error: SpoolError) -> Self {
        Self::Damaged(error)
    }
}

struct Follower {
    outside: Arc<Outside>,
    run: RunId,
    token: Token,
    dir: PathBuf,
    life: Life,
    /// Who takes its calls.
    clerk: Clerk,
    /// What wakes us.
    watched: Vec<PathBuf>,
    /// When it was last looked whether it has ended.
    looked_at: Instant,
    /// What it did, since it is followed.
    rounds: Rounds,
    /// What its paths are seen from.
    site: Site,
    /// Since when it may have changed something that was not looked at.
    stirred: Option<Instant>,
}

/// How an agent ended.
struct Ended {
    /// In words.
    how: String,
    /// As far as the agent's own words have to be understood by it.
    ending: Ending,
}

/// When the agent last wrote anything. Its files say that it did; how long ago is measured by a
/// clock that stands still while the machine sleeps, and begins anew with each daemon: an agent
/// that nobody could hear was not silent.
struct Life {
    written: Option<SystemTime>,
    at: Instant,
    /// Whether it wrote anything since it is followed.
    anew: bool,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.outside.wakes.forget(&self.watched);
    }
}

impl Follower {
    /// Takes in what is there; tells whether there was anything.
    async fn read(&mut self, listener: &mut Option<Listener>) -> Result<bool, Interruption> {
        if listener.is_none() && self.dir.join(shim::OUT).exists() {
            *listener = self.listen()?;
        }
        let Some(listener) = listener else { return Ok(false) };
        let Some(heard) = listener.next_batch()? else { return Ok(false) };
        // Who calls and then speaks is heard in this order.
        self.clerk.attend().await.map_err(Interruption::Other)?;
        for one in heard {
            self.take(one).await.map_err(Interruption::Other)?;
        }
        for act in listener.take_acts() {
            self.act(act).await.map_err(Interruption::Other)?;
        }
        Ok(true)
    }

    fn listen(&self) -> Result<Option<Listener>, Interruption> {
        let dialect =
            shim::dialect(&self.dir).map_err(|error| Interruption::Other(error.into()))?;
        let Some(dialect) = dialect else { return Ok(None) };
        Ok(Some(Listener::open(&self.dir, &dialect, self.stored_place())?))
    }

    /// Takes in what an agent that has ended left, a last line without its end included. Gives how
    /// it ended.
    async fn read_rest(
        &mut self,
        listener: &mut Option<Listener>,
        ended: Ended,
    ) -> anyhow::Result<String> {
        loop {
            match self.read(listener).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(Interruption::Damaged(error)) => return Ok(damaged(&error)),
                Err(Interruption::Other(error)) => return Err(error),
            }
        }
        if let Some(listener) = listener {
            for heard in listener.finish(&ended.ending) {
                self.take(heard).await?;
            }
        }
        Ok(ended.how)
    }

    /// Does what follows from what an agent said. One that is gone needs nothing any more.
    async fn act(&self, act: Act) -> anyhow::Result<()> {
        let dir = self.dir.clone();
        blocking(move || {
            let done = match act {
                Act::Input { id, line } => shim::send_input(&dir, &id, &line).map(drop),
                Act::CloseInput => shim::close_input(&dir),
                Act::End => end(&dir),
                Act::Stop => shim::stop(&dir, GRACE),
            };
            match done {
                Ok(())
                | Err(
                    ShimError::NotRunning(_) | ShimError::Refused { why: Refused::InputClosed, .. },
                ) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Ends an agent whose output somebody else has damaged: what it says cannot be trusted to be
    /// complete any more.
    async fn give_up(&self, error: SpoolError) -> anyhow::Result<String> {
        tracing::error!("{}.{}: {error}", self.run, self.token);
        let dir = self.dir.clone();
        blocking(move || Ok(shim::stop(&dir, GRACE)?)).await?;
        Ok(damaged(&error))
    }

    fn stored_place(&self) -> u64 {
        let Self { run, token, .. } = self;
        self.outside.handle.read(|state| {
            state.runs.get(run).filter(|row| row.token == *token).map_or(0, |row| row.read_to)
        })
    }

    async fn take(&mut self, heard: Heard) -> anyhow::Result<()> {
        let event = match &heard.event {
            AgentEvent::Subagent { event, .. } => event,
            event => event,
        };
        if matches!(event, AgentEvent::ToolResult { .. }) {
            self.stirred.get_or_insert_with(Instant::now);
        }
        let circle = self.rounds.hear(&heard.event).filter(|(times, _)| *times == self.patience());
        let circle = circle.map(|(times, what)| Words::Repeats { times, what });
        let Some(words) = circle.or_else(|| words(heard.event, &self.site)) else { return Ok(()) };
        let Self { run, token, .. } = *self;
        submit(&self.outside.handle, Event::Said { run, token, offset: heard.place, words }).await
    }

    /// Looks at what the agent has changed, if it used a tool a while ago and it may be looked now.
    async fn see_changes(&mut self) -> anyhow::Result<()> {
        if self.stirred.is_none_or(|since| since.elapsed() < CHANGES_PAUSE) {
            return Ok(());
        }
        let outside = Arc::clone(&self.outside);
        let Some(_look) = outside.looks.begin() else { return Ok(()) };
        self.look_at_changes().await
    }

    /// What cannot be seen now is seen the next time; nothing waits for it.
    async fn look_at_changes(&mut self) -> anyhow::Result<()> {
        if self.stirred.take().is_none() {
            return Ok(());
        }
        let Self { run, token, .. } = *self;
        let place = Place::of(&self.outside.handle, run)?;
        if place.run.purpose != Purpose::Work {
            return Ok(());
        }
        let known = place.task.touched.get(&place.run.slot).cloned().unwrap_or_default();
        let outside = Arc::clone(&self.outside);
        match blocking(move || touched::changed(&outside, &place)).await {
            Ok(Some(files)) if files != known => {
                submit(&self.outside.handle, Event::Touched { run, token, files }).await
            }
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!("what {run} has changed was not seen: {error:#}");
                Ok(())
            }
        }
    }

    /// After how many uses of tools that bring nothing new an agent is ended; no count is 0.
    fn patience(&self) -> u32 {
        self.outside.handle.read(|state| {
            let project = state.runs.get(&self.run).map(|run| run.project);
            let project = project.and_then(|project| state.projects.get(&project));
            project.map_or(0, |project| project.team.limits.repeats)
        })
    }

    /// How the agent ended, if it has. What a killed shim left behind is ended first.
    async fn ended(&self) -> anyhow::Result<Option<Ended>> {
        let dir = self.dir.clone();
        let marker = marker(self.outside.handle.home(), self.run, self.token);
        let now = self.outside.handle.now();
        let presence = shim::look(&dir)?;
        if presence == Presence::Lost {
            blocking(move || Ok(shim::reap_lost(&dir, &marker, GRACE, now)?)).await?;
            return Box::pin(self.ended()).await;
        }
        Ok(match presence {
            Presence::Ended(record) => Some(self.end_of(&record)),
            Presence::Alive { .. } | Presence::Lost => None,
            // Who says so makes sure that it stays true.
            Presence::NotStarted => match shim::tombstone(&self.dir)? {
                Presence::NotStarted => {
                    let how = "it was never started".to_owned();
                    let ending = Ending { status: Status::Unknown, complaint: String::new() };
                    Some(Ended { how, ending })
                }
                Presence::Alive { .. } | Presence::Ended(_) | Presence::Lost => None,
            },
        })
    }

    fn end_of(&self, record: &ExitRecord) -> Ended {
        let complaint = complaint(&self.dir);
        // What was ended is cut off, whatever code it still returned.
        let status = match record.why {
            Why::Exited => record.status,
            Why::Stopped
            | Why::Deadline
            | Why::OutputLimit
            | Why::NeverStarted
            | Why::SpawnFailed { .. }
            | Why::ShimLost => Status::Unknown,
        };
        let how = describe(&record.why, record.status);
        Ended { how, ending: Ending { status, complaint } }
    }

    /// Flags an agent that is quiet for long, and gives up one that is silent for too long.
    async fn check_health(&mut self) -> anyhow::Result<()> {
        let Self { run, token, .. } = *self;
        let window = self.outside.handle.read(|state| {
            let row = state.runs.get(&run).filter(|row| row.token == token)?;
            let limits = state.projects.get(&row.project)?.team.limits;
            match row.state {
                RunState::Running { responded: None, quiet, .. } => {
                    Some((limits.quiet, limits.silent, quiet.is_some()))
                }
                _ => None,
            }
        });
        let Some((quiet, silent, flagged)) = window else { return Ok(()) };
        let pause = self.silence();
        let is_long = pause >= OVERHEAR_AFTER.min(quiet);
        let event = if let Some(Overheard { until, words }) =
            is_long.then(|| overheard(&self.dir)).flatten()
        {
            let message = self.outside.handle.screen().text(&shorten(&words));
            Event::Overheard { run, token, until, message }
        } else if pause >= silent {
            Event::Silent { run, token }
        } else if pause >= quiet && !flagged {
            let now = self.outside.handle.now();
            Event::Quiet { run, token, since: Time(now.0.saturating_sub(pause.0)) }
        } else if pause < quiet && flagged && self.life.anew {
            Event::Heard { run, token }
        } else {
            return Ok(());
        };
        submit(&self.outside.handle, event).await
    }

    /// For how long the agent has written nothing.
    fn silence(&mut self) -> Millis {
        let written = newest(&self.dir);
        if written != self.life.written {
            self.life = Life { written, at: Instant::now(), anew: true };
        }
        Millis(u64::try_from(self.life.at.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Ends an agent's input, and the agent if it does not go by itself: some do not notice.
fn end(dir: &Path) -> Result<(), ShimError> {
    shim::close_input(dir)?;
    let deadline = Instant::now() + END_PATIENCE;
    while Instant::now() < deadline {
        match shim::look(dir)? {
            Presence::Alive { .. } => std::thread::sleep(END_PAUSE),
            Presence::NotStarted | Presence::Ended(_) | Presence::Lost => return Ok(()),
        }
    }
    shim::stop(dir, GRACE)
}

/// When anything was last written in a run directory.
fn newest(dir: &Path) -> Option<SystemTime> {
    [shim::OUT, shim::ERR, shim::AGENT_PID].into_iter().filter_map(|name| written(dir, name)).max()
}

fn written(dir: &Path, name: &str) -> Option<SystemTime> {
    std::fs::metadata(dir.join(name)).ok()?.modified().ok()
}

fn damaged(error: &SpoolError) -> String {
    format!("its output was damaged: {error}")
}

fn describe(why: &Why, status: Status) -> String {
    match (why, status) {
        (Why::Exited, Status::Code(code)) => format!("it exited with code {code}"),
        (Why::Exited, Status::Signal(signal)) => format!("signal {signal} ended it"),
        (Why::Exited, Status::Unknown) => "it ended".to_owned(),
        (Why::Stopped, _) => "it was stopped".to_owned(),
        (Why::Deadline, _) => "it ran longer than a run may".to_owned(),
        (Why::OutputLimit, _) => "it printed more than an agent may".to_owned(),
        (Why::NeverStarted, _) => "it was never started".to_owned(),
        (Why::SpawnFailed { message, hint }, _) => {
            format!("it could not be started: {message}; hint: {hint}")
        }
        (Why::ShimLost, _) => "its shim was killed".to_owned(),
    }
}
