//! The routes, one file for each noun.

mod ask;
mod cost;
mod diff;
mod events;
mod files;
mod github;
mod journal;
mod machine;
mod openapi;
mod project;
mod question;
mod run;
mod sandbox;
mod search;
mod setup;
mod site;
mod task;
mod trash;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::guard::{Guard, guard};
use crate::panic::contain;

/// Everything that can be asked for, behind the guard.
pub(crate) fn router(app: Arc<App>, checks: Arc<Guard>) -> Router {
    let (api, document) = api().split_for_parts();
    let document = Bytes::from(openapi::text(document));
    let description = get(async move || ([(CONTENT_TYPE, "application/json")], document.clone()));
    let webhooks = post(webhook::deliver);
    let api = api.route("/openapi.json", description).route("/webhooks/github", webhooks);
    // The layers come last, so that they are around unknown routes as well.
    Router::new()
        .nest("/api", api)
        .fallback(site::page)
        .method_not_allowed_fallback(not_that_way)
        .with_state(app)
        .layer(from_fn_with_state(checks, guard))
        .layer(from_fn(contain))
}

/// The description of the API, as it is served and as it lies in the repository.
pub fn openapi_document() -> String {
    openapi::text(api().into_openapi())
}

/// The routes with their descriptions, which cannot part.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Shapes::openapi())
        .routes(routes!(machine::health))
        .routes(routes!(machine::status))
        .routes(routes!(machine::idle))
        .routes(routes!(machine::stop))
        .routes(routes!(machine::release))
        .routes(routes!(machine::backup))
        .routes(routes!(machine::prune))
        .routes(routes!(machine::shutdown))
        .routes(routes!(project::list, project::add))
        .routes(routes!(project::lift))
        .routes(routes!(project::team, files::edit))
        .routes(routes!(files::form))
        .routes(routes!(files::list, files::save))
        .routes(routes!(files::check))
        .routes(routes!(setup::place))
        .routes(routes!(setup::doctor))
        .routes(routes!(setup::teams))
        .routes(routes!(setup::begin))
        .routes(routes!(setup::demo))
        .routes(routes!(github::show))
        .routes(routes!(github::sync))
        .routes(routes!(sandbox::lesson))
        .routes(routes!(trash::list))
        .routes(routes!(trash::show))
        .routes(routes!(trash::restore))
        .routes(routes!(task::list, task::add))
        .routes(routes!(task::show, task::edit))
        .routes(routes!(diff::of_task))
        .routes(routes!(task::move_to))
        .routes(routes!(task::pause))
        .routes(routes!(task::resume))
        .routes(routes!(task::cancel))
        .routes(routes!(task::interrupt))
        .routes(routes!(task::hand_over))
        .routes(routes!(task::pin))
        .routes(routes!(task::promote))
        .routes(routes!(task::unpin))
        .routes(routes!(task::remark))
        .routes(routes!(question::ask))
        .routes(routes!(question::unask))
        .routes(routes!(task::approve))
        .routes(routes!(task::reject))
        .routes(routes!(task::push))
        .routes(routes!(ask::inbox))
        .routes(routes!(ask::answer))
        .routes(routes!(ask::remembered))
        .routes(routes!(ask::forget))
        .routes(routes!(run::show))
        .routes(routes!(run::log))
        .routes(routes!(run::events))
        .routes(routes!(journal::list))
        .routes(routes!(journal::follow))
        .routes(routes!(events::follow))
        .routes(routes!(cost::list))
        .routes(routes!(search::find))
        .fallback(no_such_route)
}

async fn no_such_route(method: Method, uri: Uri) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no `{method} {}`", uri.path()))
}

/// Which methods there are is told by the header `Allow`.
async fn not_that_way(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        format!("`{method}` does nothing at `{}`", uri.path()),
    )
}
