//! Starting, stopping and answering agents.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crew_agent::shim::{self, Presence, Refused, ShimError};
use crew_agent::{Teller, Telling, Way, answer};
use crew_core::run::{Run, RunState, Trouble, TroubleKind};
use crew_core::team::{Provider, ProviderKind};
use crew_core::{AskId, Millis, RunId, Settled, State, Token};

use crew_store::Home;

use super::aside;
use super::prepare::{Made, mailbox_of, prepare};
use super::program::kept_key;
use super::script::end_leftovers;
use super::{Outside, blocking, explain, is_lasting};
use crate::Clock;
use crate::place::Place;
use crate::space;

/// An agent that is told to stop gets so long before it is killed. An emergency stop has 5 s.
pub(super) const GRACE: Millis = Millis::seconds(2);
/// An agent that is interrupted gets so long to end its turn and go.
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at whether an agent that begins can be told something.
const NOT_YET_PAUSE: Duration = Duration::from_millis(250);
/// A stranger gets so long to end before the daemon goes on without.
const STRANGER_PATIENCE: Duration = Duration::from_secs(10);

/// Makes the worktree ready and starts the agent; if that was done before, follows it.
pub(super) async fn start(
    outside: &Arc<Outside>,
    run: RunId,
    token: Token,
) -> anyhow::Result<Settled> {
    let place = Place::of(&outside.handle, run)?;
    if place.run.token != token {
        return Ok(Settled::Stopped); // a later start has taken its place; the arbiter drops this
    }
    let dir = outside.handle.home().run(run, token);
    let is_new = matches!(place.run.state, RunState::Preparing { .. })
        && matches!(shim::look(&dir)?, Presence::NotStarted);
    if is_new && space::short(&outside.handle, &place.project).await.is_some() {
        return not_started(outside, run, token, Settled::NoSpace).await;
    }
    let called_off = outside.called_off();
    outside.note_start(run, token, called_off.clone());
    let worker = Arc::clone(outside);
    let row = place.run.clone();
    let made = blocking(move || prepare(&worker, &place, token, &called_off)).await;
    outside.forget_start(run, token);
    match made {
        Ok(Made::Agent { head }) => {
            outside.follow(run, token);
            let is_anew = aside::is_anew(outside.handle.home(), &row, token);
            Ok(if is_anew { Settled::StartedAnew } else { Settled::Started { head } })
        }
        Ok(Made::Trigger { head }) => Ok(Settled::Started { head }),
        // It says nothing about the run; the next daemon makes it ready.
        Ok(Made::Not(_)) | Err(_) if outside.stop.is_cancelled() => bail!("the daemon ends"),
        Ok(Made::Not(trouble)) => {
            not_started(outside, run, token, Settled::NotStarted { trouble }).await
        }
        Err(error) => {
            let trouble = trouble_of(&error);
            not_started(outside, run, token, Settled::NotStarted { trouble }).await
        }
    }
}

/// What failed before the agent was there. With the tombstone, none will ever be for this token.
async fn not_started(
    outside: &Arc<Outside>,
    run: RunId,
    token: Token,
    settled: Settled,
) -> anyhow::Result<Settled> {
    let dir = outside.handle.home().run(run, token);
    match blocking(move || Ok(shim::tombstone(&dir)?)).await? {
        Presence::NotStarted => Ok(settled),
        Presence::Alive { .. } | Presence::Ended(_) | Presence::Lost => {
            bail!("{run}.{token} was started all the same") // the next try follows it
        }
    }
}

/// What a human has to put right is not tried again.
fn trouble_of(error: &anyhow::Error) -> Trouble {
    let kind = if is_lasting(error) { TroubleKind::Human } else { TroubleKind::Transient };
    Trouble { kind, message: explain(error) }
}

/// Ends an agent and all that it started. Settled after its exit, and all that it said before, are
/// recorded.
pub(super) async fn stop(
    outside: &Arc<Outside>,
    run: RunId,
    token: Token,
) -> anyhow::Result<Settled> {
    outside.call_off_start(run, token);
    let dir = outside.handle.home().run(run, token);
    let stopped = dir.clone();
    let presence = blocking(move || Ok(shim::tombstone(&stopped)?)).await?;
    if presence == Presence::NotStarted {
        return withdraw_trigger(outside, run).await.map(|()| Settled::Stopped);
    }
    let mut over = outside.follow(run, token);
    if matches!(presence, Presence::Alive { .. }) {
        blocking(move || Ok(shim::stop(&dir, GRACE)?)).await?;
    }
    let is_over = over.wait_for(|over| *over).await.is_ok();
    if is_over { Ok(Settled::Stopped) } else { bail!("the daemon ends before the agent") }
}

/// Lets an agent end its turn and go, and ends it if it does not. An emergency waits for nobody.
pub(super) async fn interrupt(
    outside: &Arc<Outside>,
    run: RunId,
    token: Token,
) -> anyhow::Result<Settled> {
    let dir = outside.handle.home().run(run, token);
    let called_off = outside.called_off();
    if matches!(shim::look(&dir)?, Presence::Alive { .. }) {
        let mut over = outside.follow(run, token);
        let goes = async {
            match tell(outside, (run, token), Telling::Interrupt).await {
                Ok(()) => drop(over.wait_for(|over| *over).await),
                Err(error) => tracing::warn!("{run}.{token} cannot be interrupted: {error:#}"),
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(INTERRUPT_PATIENCE, goes) => {}
            () = called_off.cancelled() => {}
        }
    }
    stop(outside, run, token).await
}

async fn withdraw_trigger(outside: &Arc<Outside>, run: RunId) -> anyhow::Result<()> {
    let place = Place::of(&outside.handle, run)?;
    let provider = place.project.team.providers.get(&place.run.provider);
    if provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox) {
        blocking(move || {
            mailbox_of(&place.project.root)?.withdraw_trigger(place.run.role.as_str())?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Brings an answer to an agent, once by the number of its ask.
pub(super) async fn send(
    outside: &Arc<Outside>,
    (run, token): (RunId, Token),
    ask: AskId,
    key: &str,
    text: &str,
) -> anyhow::Result<Settled> {
    let dir = outside.handle.home().run(run, token);
    let (key, text) = (key.to_owned(), text.to_owned());
    let sent = blocking(move || {
        let Some(dialect) = shim::dialect(&dir)? else { return Ok(()) };
        let Some(line) = answer(&dir, &dialect, &key, &text)? else { return Ok(()) };
        give(&dir, &ask.to_string(), &line) // who is gone asks again when it is back
    });
    sent.await.map(|()| Settled::Sent)
}

/// Tells an agent something in the middle of its turn, once by the name of it, as soon as it can take
/// it in. Who is gone, or has no words for it, is not told.
pub(super) async fn tell(
    outside: &Arc<Outside>,
    (run, token): (RunId, Token),
    telling: Telling,
) -> anyhow::Result<()> {
    let dir = outside.handle.home().run(run, token);
    let Some(dialect) = shim::dialect(&dir)? else { return Ok(()) };
    let mut teller = None;
    loop {
        let (dir, dialect, telling) = (dir.clone(), dialect.clone(), telling.clone());
        let (way, opened) = blocking(move || {
            let mut teller = match teller {
                Some(teller) => teller,
                None => Teller::open(&dir, &dialect)?,
            };
            let way = teller.way(&telling)?;
            if let Way::Line(line) = &way {
                give(&dir, &telling.id(), line)?;
            }
            let is_over = !matches!(shim::look(&dir)?, Presence::Alive { .. });
            Ok((if is_over { Way::None } else { way }, teller))
        })
        .await?;
        match way {
            Way::Line(_) | Way::None => return Ok(()),
            Way::NotYet => tokio::time::sleep(NOT_YET_PAUSE).await,
        }
        teller = Some(opened);
    }
}

/// Gives an agent a line. One that is gone, or hears nothing any more, needs none.
fn give(dir: &Path, id: &str, line: &str) -> anyhow::Result<()> {
    match shim::send_input(dir, id, line) {
        Ok(_)
        | Err(ShimError::NotRunning(_) | ShimError::Refused { why: Refused::InputClosed, .. }) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Finds the agents of an earlier daemon: ends those that the arbiter does not know, and follows
/// the others.
pub(crate) async fn recover(outside: &Arc<Outside>) -> anyhow::Result<()> {
    let live = outside.handle.read(|state| {
        let holding = state.live_runs().filter(|run| run.state.holds_agent());
        holding.map(|run| (run.clone(), is_external(state, run))).collect::<Vec<_>>()
    });
    let home = outside.handle.home().clone();
    remember_keys(outside, &live).await?;
    let known: Vec<PathBuf> = live.iter().map(|(run, _)| home.run(run.id, run.token)).collect();
    blocking(move || end_strangers(&home, &known)).await?;
    for (run, external) in live {
        // What is being prepared is in the outbox: it is started, or followed, from there. Who
        // plays a role from outside has no process.
        if !matches!(run.state, RunState::Preparing { .. }) && !external {
            outside.follow(run.id, run.token);
        }
    }
    Ok(())
}

/// What agents of an earlier daemon were handed is taken out of what they say.
async fn remember_keys(outside: &Arc<Outside>, live: &[(Run, bool)]) -> anyhow::Result<()> {
    let providers: Vec<Provider> = outside.handle.read(|state| {
        let of = |run: &Run| state.projects.get(&run.project)?.team.providers.get(&run.provider);
        live.iter().filter_map(|(run, _)| of(run)).filter(|it| it.key.is_some()).cloned().collect()
    });
    let home = outside.handle.home().clone();
    blocking(move || {
        for provider in providers {
            if let Err(trouble) = kept_key(&home, &provider) {
                tracing::warn!("a key of an agent at work is not known: {}", trouble.message);
            }
        }
        Ok(())
    })
    .await
}

fn is_external(state: &State, run: &Run) -> bool {
    let project = state.projects.get(&run.project);
    let provider = project.and_then(|project| project.team.providers.get(&run.provider));
    provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox)
}

/// Ends what runs in run directories that belong to no run, and waits until it is gone.
fn end_strangers(home: &Home, known: &[PathBuf]) -> anyhow::Result<()> {
    end_leftovers(home)?;
    let list = std::fs::read_dir(home.runs()).context("listing the run directories")?;
    let dirs = list.filter_map(|entry| Some(entry.ok()?.path()));
    for dir in dirs.filter(|dir| dir.is_dir() && !known.contains(dir)) {
        if let Err(error) = end_stranger(home, &dir) {
            tracing::error!("{} cannot be ended: {error:#}", dir.display());
        }
    }
    Ok(())
}

fn end_stranger(home: &Home, dir: &Path) -> anyhow::Result<()> {
    let end = Instant::now() + STRANGER_PATIENCE;
    while let Presence::Alive { .. } = shim::look(dir)? {
        tracing::warn!("{} belongs to no run and is ended", dir.display());
        shim::stop(dir, GRACE)?;
        if Instant::now() > end {
            bail!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if shim::look(dir)? == Presence::Lost {
        let name = dir.file_name().map(|name| name.display().to_string()).unwrap_or_default();
        shim::reap_lost(dir, &format!("{}#r{name}", home.root().display()), GRACE, Clock.now())?;
    }
    Ok(())
}
