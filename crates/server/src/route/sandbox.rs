//! What the sandbox refused to agents.

use axum::Json;
use axum::extract::State;
use crew_core::learn::learn;
use crew_core::{ProjectId, Refusal, RoleName};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::wire::{SandboxLesson, SandboxLessonQuery};

/// What runs were refused, and the least that would open it to them.
#[utoipa::path(
    get,
    path = "/projects/{id}/sandbox",
    operation_id = "sandbox_learn",
    tag = "project",
    params(("id" = u64, Path), SandboxLessonQuery),
    responses((status = 200, body = SandboxLesson))
)]
pub(super) async fn lesson(
    State(app): Shared,
    Id(project): Id<ProjectId>,
    Params(SandboxLessonQuery { role }): Params<SandboxLessonQuery>,
) -> Result<Json<SandboxLesson>, ApiError> {
    let role = role.map(RoleName::try_from).transpose().map_err(ApiError::invalid)?;
    app.handle
        .read(|state| {
            let open = &state.projects.get(&project)?.team.sandbox.open;
            let lesson = learn(state, project, role.as_ref());
            Some(Json(SandboxLesson::of(state.meta.seq.0, &lesson, open)))
        })
        .ok_or_else(|| Refusal::NoProject(project).into())
}
