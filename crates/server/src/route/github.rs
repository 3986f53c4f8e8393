//! The connection of a project with GitHub.

use axum::Json;
use axum::extract::State;
use crew_core::{ProjectId, Refusal};

use crate::app::{App, Shared};
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::wire::{Github, Nothing};

/// How the connection is doing, and what is still to be told.
#[utoipa::path(
    get,
    path = "/projects/{id}/github",
    operation_id = "github_show",
    tag = "github",
    params(("id" = u64, Path)),
    responses((status = 200, body = Github))
)]
pub(super) async fn show(
    State(app): Shared,
    Id(id): Id<ProjectId>,
) -> Result<Json<Github>, ApiError> {
    state_of(&app, id)
}

/// Asks GitHub now whether something is new.
#[utoipa::path(
    post,
    path = "/projects/{id}/github/sync",
    operation_id = "github_sync",
    tag = "github",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Github))
)]
pub(super) async fn sync(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Github>, ApiError> {
    app.handle.ask_github();
    state_of(&app, id)
}

fn state_of(app: &App, id: ProjectId) -> Result<Json<Github>, ApiError> {
    let report = app.handle.github(id);
    app.handle.read(|state| {
        let project = state.projects.get(&id).ok_or(Refusal::NoProject(id))?;
        Ok(Json(Github::of(state, project, report)))
    })
}
