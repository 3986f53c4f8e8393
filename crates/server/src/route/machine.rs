//! The daemon as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use crew_core::{Event, Millis, ProjectId};
use crew_engine::{Pruning, TEAM_DIRECTORY};
use tokio::sync::broadcast::error::RecvError;

use crate::app::{App, Shared, blocking};
use crate::error::{ApiError, ErrorCode};
use crate::extract::{Params, Payload};
use crate::wire::{
    BackedUp, Backup, Health, Idle, IdleQuery, Nothing, Prune, PruneMode, Pruned, Receipt, Status,
};
use crate::{live, status};

/// Longest wait of one request for idle.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// What becomes due may have no entry in the journal: look again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Whether the daemon is well.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "machine_health",
    tag = "machine",
    responses((status = 200, body = Health))
)]
pub(super) async fn health(State(app): Shared) -> Json<Health> {
    Json(of_health(&app))
}

fn of_health(app: &App) -> Health {
    let (seq, stopped) = app.handle.read(|state| (state.meta.seq, state.meta.stopped));
    Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        home: app.handle.home().root().display().to_string(),
        seq: seq.0,
        now: app.handle.now().0,
        started_at: app.started_at.0,
        stopped: stopped.map(|at| at.0),
    }
}

/// Projects, agents at work, limits and spending.
#[utoipa::path(
    get,
    path = "/status",
    operation_id = "machine_status",
    tag = "machine",
    responses((status = 200, body = Status))
)]
pub(super) async fn status(State(app): Shared) -> Result<Json<Status>, ApiError> {
    let hour = app.hour(None).await?;
    let now = app.handle.now();
    let home = app.handle.home().clone();
    let (mut status, spools) =
        app.handle.read(|state| (status::of(state, now, hour), live::spools(state, &home)));
    if let Some(disk) = app.disk_use().await {
        for project in &mut status.projects {
            project.disk_bytes = Some(disk.of_project(ProjectId(project.id)));
        }
    }
    blocking(move || {
        for project in &mut status.projects {
            project.mail_set_aside = mail_set_aside(Path::new(&project.root));
        }
        for spool in &spools {
            let agent = status.agents.iter_mut().find(|agent| agent.run == spool.run.0);
            if let Some(agent) = agent {
                agent.live = spool.live();
            }
        }
        Ok(Json(status))
    })
    .await
}

/// The files that people have not looked at yet: they remove them, with the reason.
fn mail_set_aside(root: &Path) -> u64 {
    let dir = root.join(TEAM_DIRECTORY).join("shared/rejected");
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let is_reason = |entry: &std::fs::DirEntry| {
        Path::new(&entry.file_name()).extension().is_some_and(|extension| extension == "reason")
    };
    entries.filter(is_reason).count() as u64
}

/// Answers when nothing can move without the human, or with `idle: false` after the wait.
#[utoipa::path(
    get,
    path = "/idle",
    operation_id = "machine_idle",
    tag = "machine",
    params(IdleQuery),
    responses((status = 200, body = Idle))
)]
pub(super) async fn idle(
    State(app): Shared,
    Params(IdleQuery { wait_s }): Params<IdleQuery>,
) -> Json<Idle> {
    let wait = Duration::from_secs(wait_s).min(WAIT_MAX);
    let waited = tokio::time::timeout(wait, until_idle(&app)).await;
    Json(waited.unwrap_or_else(|_| present(&app)))
}

fn present(app: &App) -> Idle {
    let now = app.handle.now();
    app.handle.read(|state| crate::idle::idle(state, now))
}

async fn until_idle(app: &App) -> Idle {
    let mut announced = app.handle.subscribe();
    loop {
        let present = present(app);
        if present.idle {
            return present;
        }
        let next = tokio::select! {
            () = app.shutdown.cancelled() => return present,
            next = tokio::time::timeout(LOOK_AGAIN, announced.recv()) => next,
        };
        match next {
            Ok(Err(RecvError::Closed)) => return present,
            Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => {}
        }
    }
}

/// Stops everything at once.
#[utoipa::path(
    post,
    path = "/stop",
    operation_id = "machine_stop",
    tag = "machine",
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn stop(
    State(app): Shared,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::EmergencyStopped).await.map(Json)
}

/// Lets work go on after a stop.
#[utoipa::path(
    post,
    path = "/release",
    operation_id = "machine_release",
    tag = "machine",
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn release(
    State(app): Shared,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::EmergencyReleased).await.map(Json)
}

/// Writes all that is known to a new directory.
#[utoipa::path(
    post,
    path = "/backup",
    operation_id = "machine_backup",
    tag = "machine",
    request_body = Backup,
    responses((status = 200, body = BackedUp))
)]
pub(super) async fn backup(
    State(app): Shared,
    Payload(Backup { target }): Payload<Backup>,
) -> Result<Json<BackedUp>, ApiError> {
    let path = PathBuf::from(&target);
    if !path.is_absolute() {
        return Err(ApiError::invalid(format!("`{target}` is not an absolute path")));
    }
    let home = app.handle.home().clone();
    if path.starts_with(home.root()) {
        return Err(ApiError::new(ErrorCode::Refused, "a backup inside the home is no backup")
            .hint("choose a directory on another disk"));
    }
    let seq = app.handle.read(|state| state.meta.seq.0);
    blocking(move || Ok(crew_store::backup(&home, &path)?)).await?;
    Ok(Json(BackedUp { target, seq }))
}

/// Removes what belongs to tasks that ended long ago, or says what that is.
#[utoipa::path(
    post,
    path = "/prune",
    operation_id = "machine_prune",
    tag = "machine",
    request_body = Prune,
    responses((status = 200, body = Pruned))
)]
pub(super) async fn prune(
    State(app): Shared,
    Payload(Prune { days, mode }): Payload<Prune>,
) -> Result<Json<Pruned>, ApiError> {
    let handle = app.handle.clone();
    let before = handle.now() - Millis::hours(24 * u64::from(days));
    let pruning = match mode {
        PruneMode::Look => Pruning::Look,
        PruneMode::Remove => Pruning::Remove,
    };
    let prune = move || {
        let pruned = crew_engine::prune(&handle, before, pruning);
        pruned
            .map(|pruned| Json(pruned.into()))
            .map_err(|error| ApiError::broken(format!("{error:#}")))
    };
    blocking(prune).await
}

/// Ends the daemon; agents stay at work.
#[utoipa::path(
    post,
    path = "/shutdown",
    operation_id = "machine_shutdown",
    tag = "machine",
    request_body = Nothing,
    responses((status = 200, body = Health))
)]
pub(super) async fn shutdown(
    State(app): State<Arc<App>>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Json<Health> {
    let health = of_health(&app);
    app.shutdown.cancel();
    Json(health)
}
