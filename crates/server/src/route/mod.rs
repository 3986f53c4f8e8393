//! The routes, one file for each noun.

mod ask;
mod journal;
mod machine;
mod project;
mod run;
mod task;
mod trash;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::guard::{Guard, guard};
use crate::panic::contain;

/// Everything that can be asked for, behind the guard.
pub(crate) fn router(app: Arc<App>, checks: Arc<Guard>) -> Router {
    let api = Router::new()
        .route("/health", get(machine::health))
        .route("/status", get(machine::status))
        .route("/idle", get(machine::idle))
        .route("/stop", post(machine::stop))
        .route("/release", post(machine::release))
        .route("/backup", post(machine::backup))
        .route("/shutdown", post(machine::shutdown))
        .route("/projects", get(project::list).post(project::add))
        .route("/projects/{id}/team", get(project::team))
        .route("/projects/{id}/trash", get(trash::list))
        .route("/projects/{id}/trash/diff", get(trash::show))
        .route("/projects/{id}/trash/restore", post(trash::restore))
        .route("/tasks", get(task::list).post(task::add))
        .route("/tasks/{id}", get(task::show).patch(task::edit))
        .route("/tasks/{id}/move", post(task::move_to))
        .route("/tasks/{id}/pause", post(task::pause))
        .route("/tasks/{id}/resume", post(task::resume))
        .route("/tasks/{id}/cancel", post(task::cancel))
        .route("/tasks/{id}/remark", post(task::remark))
        .route("/tasks/{id}/approve", post(task::approve))
        .route("/tasks/{id}/reject", post(task::reject))
        .route("/inbox", get(ask::inbox))
        .route("/asks/{id}/answer", post(ask::answer))
        .route("/runs/{id}", get(run::show))
        .route("/runs/{id}/log", get(run::log))
        .route("/journal", get(journal::list))
        .route("/journal/follow", get(journal::follow));
    // The layers come last, so that they are around unknown routes as well.
    Router::new()
        .nest("/api", api)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_route)
        .with_state(app)
        .layer(from_fn_with_state(checks, guard))
        .layer(from_fn(contain))
}

async fn no_such_route(method: Method, uri: Uri) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no `{method} {}`", uri.path()))
}
