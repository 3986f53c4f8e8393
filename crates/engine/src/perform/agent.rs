//! Starting, stopping and answering agents.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use crew_agent::shim::{self, Presence, ShimError};
use crew_core::run::{Run, RunState, Trouble, TroubleKind};
use crew_core::team::ProviderKind;
use crew_core::{AskId, Millis, RunId, Settled, State, Token};
use crew_git::GitError;

use super::prepare::{Made, mailbox_of, prepare};
use super::{Outside, blocking};
use crate::place::Place;

/// An agent that is told to stop gets so long before it is killed. An emergency stop has 5 s.
pub(super) const GRACE: Millis = Millis::seconds(2);
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
    let called_off = outside.emergency().child_token();
    outside.note_start(run, token, called_off.clone());
    let worker = Arc::clone(outside);
    let made = blocking(move || prepare(&worker, &place, token, &called_off)).await;
    outside.forget_start(run, token);
    match made {
        Ok(Made::Agent { head }) => {
            outside.follow(run, token);
            Ok(Settled::Started { head })
        }
        Ok(Made::Trigger { head }) => Ok(Settled::Started { head }),
        Ok(Made::Not(trouble)) => not_started(outside, run, token, trouble).await,
        Err(error) => {
            let trouble = trouble_of(&error);
            not_started(outside, run, token, trouble).await
        }
    }
}

/// What failed before the agent was there. With the tombstone, none will ever be for this token.
async fn not_started(
    outside: &Arc<Outside>,
    run: RunId,
    token: Token,
    trouble: Trouble,
) -> anyhow::Result<Settled> {
    let dir = outside.handle.home().run(run, token);
    match blocking(move || Ok(shim::tombstone(&dir)?)).await? {
        Presence::NotStarted => Ok(Settled::NotStarted { trouble }),
        Presence::Alive { .. } | Presence::Ended(_) | Presence::Lost => {
            bail!("{run}.{token} was started all the same") // the next try follows it
        }
    }
}

/// What a human has to put right is not tried again.
fn trouble_of(error: &anyhow::Error) -> Trouble {
    let lasting = error.downcast_ref::<GitError>().is_some_and(|error| error.hint().is_some());
    let kind = if lasting { TroubleKind::Human } else { TroubleKind::Transient };
    let hint = error.downcast_ref::<GitError>().and_then(GitError::hint);
    let hint = hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
    Trouble { kind, message: format!("{error:#}{hint}") }
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
    let over = outside.follow(run, token);
    if matches!(presence, Presence::Alive { .. }) {
        blocking(move || Ok(shim::stop(&dir, GRACE)?)).await?;
    }
    tokio::select! {
        () = over.cancelled() => Ok(Settled::Stopped),
        () = outside.stop.cancelled() => bail!("the daemon ends"),
    }
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
    let line = serde_json::json!({"type": "answer", "ask": key, "text": text}).to_string();
    let sent = blocking(move || match shim::send_input(&dir, &ask.to_string(), &line) {
        Ok(_) | Err(ShimError::NotRunning(_)) => Ok(()), // who is gone asks again when it is back
        Err(error) => Err(error.into()),
    });
    sent.await.map(|()| Settled::Sent)
}

/// Finds the agents of an earlier daemon: follows those that the arbiter knows, ends all others.
pub(crate) fn recover(outside: &Arc<Outside>) {
    let live = outside.handle.read(|state| {
        let holding = state.live_runs().filter(|run| run.state.holds_agent());
        holding.map(|run| (run.clone(), is_external(state, run))).collect::<Vec<_>>()
    });
    let mut known = Vec::new();
    for (run, external) in live {
        known.push(outside.handle.home().run(run.id, run.token));
        // What is being prepared is in the outbox: it is started, or followed, from there. Who
        // plays a role from outside has no process.
        if !matches!(run.state, RunState::Preparing { .. }) && !external {
            outside.follow(run.id, run.token);
        }
    }
    for dir in strangers(outside.handle.home(), &known) {
        tracing::warn!("{} is not known any more and is ended", dir.display());
        if let Err(error) = shim::stop(&dir, GRACE) {
            tracing::warn!("{error}");
        }
    }
}

fn is_external(state: &State, run: &Run) -> bool {
    let provider =
        state.projects.get(&run.project).and_then(|p| p.team.providers.get(&run.provider));
    provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox)
}

/// Run directories with a live shim that no run of the arbiter belongs to.
fn strangers(home: &crew_store::Home, known: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(list) = std::fs::read_dir(home.runs()) else { return Vec::new() };
    let dirs = list.filter_map(|entry| Some(entry.ok()?.path()));
    dirs.filter(|dir| !known.contains(dir))
        .filter(|dir| matches!(shim::look(dir), Ok(Presence::Alive { .. })))
        .collect()
}
