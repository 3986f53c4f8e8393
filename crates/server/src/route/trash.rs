//! What was saved before it was removed.

use axum::Json;
use axum::extract::State;
use crew_core::{ProjectId, Refusal};
use crew_git::Repository;

use crate::app::{App, Shared, blocking};
use crate::error::{ApiError, ErrorCode};
use crate::extract::{Id, Params, Payload};
use crate::wire::{DiffText, NewTrashBranch, RestoreTrash, Trash, TrashItem, TrashQuery};

/// Longest diff that is shown.
const DIFF_BYTES_MAX: usize = 2 << 20;

/// Opens the repository of a project, beside the requests.
async fn in_repository<T: Send + 'static>(
    app: &App,
    id: ProjectId,
    work: impl FnOnce(Repository) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let root = app.handle.read(|state| state.projects.get(&id).map(|it| it.root.clone()));
    let root = root.ok_or(Refusal::NoProject(id))?;
    blocking(move || work(Repository::open(root.as_ref())?)).await
}

fn find(repository: &Repository, reference: &str) -> Result<crew_git::TrashItem, ApiError> {
    let items = repository.trash_list()?;
    items.into_iter().find(|item| item.reference == reference).ok_or_else(|| {
        ApiError::new(ErrorCode::NotFound, format!("nothing was saved as `{reference}`"))
            .hint("`crew trash list` shows what there is")
    })
}

/// What was saved before it was removed.
#[utoipa::path(
    get,
    path = "/projects/{id}/trash",
    operation_id = "trash_list",
    tag = "trash",
    params(("id" = u64, Path)),
    responses((status = 200, body = Trash))
)]
pub(super) async fn list(
    State(app): Shared,
    Id(id): Id<ProjectId>,
) -> Result<Json<Trash>, ApiError> {
    let items = in_repository(&app, id, |repository| Ok(repository.trash_list()?)).await?;
    Ok(Json(Trash { items: items.into_iter().map(TrashItem::from).collect() }))
}

/// What is in a saved item.
#[utoipa::path(
    get,
    path = "/projects/{id}/trash/diff",
    operation_id = "trash_show",
    tag = "trash",
    params(("id" = u64, Path), TrashQuery),
    responses((status = 200, body = DiffText))
)]
pub(super) async fn show(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Params(TrashQuery { reference }): Params<TrashQuery>,
) -> Result<Json<DiffText>, ApiError> {
    let show = move |repository: Repository| {
        let item = find(&repository, &reference)?;
        let diff = repository.trash_show(&item, DIFF_BYTES_MAX)?;
        Ok(Json(DiffText { text: diff.text, truncated: diff.truncated }))
    };
    in_repository(&app, id, show).await
}

/// Makes a branch of a saved item.
#[utoipa::path(
    post,
    path = "/projects/{id}/trash/restore",
    operation_id = "trash_restore",
    tag = "trash",
    params(("id" = u64, Path)),
    request_body = RestoreTrash,
    responses((status = 200, body = NewTrashBranch))
)]
pub(super) async fn restore(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Payload(RestoreTrash { reference, branch }): Payload<RestoreTrash>,
) -> Result<Json<NewTrashBranch>, ApiError> {
    let restore = move |repository: Repository| {
        let item = find(&repository, &reference)?;
        let branch = branch.unwrap_or_else(|| branch_for(&reference));
        repository.trash_restore(&item, &branch)?;
        Ok(Json(NewTrashBranch { branch, commit: item.commit.to_string() }))
    };
    in_repository(&app, id, restore).await
}

fn branch_for(reference: &str) -> String {
    let name = reference.strip_prefix("refs/crew/trash/").unwrap_or(reference);
    format!("restored/{}", name.replace('%', "-"))
}
