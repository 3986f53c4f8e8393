//! What a task changes, compared with the base branch.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use crew_core::task::Phase;
use crew_core::{Refusal, TaskId};
use crew_git::{CommitId, Found, Repository, Worktrees};

use crate::app::{App, Shared, blocking};
use crate::error::ApiError;
use crate::extract::Id;
use crate::wire::{ChangedFile, TaskDiff};

/// Longest diff that is shown.
const DIFF_BYTES_MAX: usize = 2 << 20;

/// Where to look for it.
struct Place {
    root: String,
    worktrees: PathBuf,
    base: String,
    name: String,
    branch: String,
    landed: Option<String>,
}

/// What a task changes: what landed, or what is in its worktree, or on its branch.
#[utoipa::path(
    get,
    path = "/tasks/{id}/diff",
    operation_id = "diff_of_task",
    tag = "task",
    params(("id" = u64, Path)),
    responses((status = 200, body = TaskDiff))
)]
pub(super) async fn of_task(
    State(app): Shared,
    Id(id): Id<TaskId>,
) -> Result<Json<TaskDiff>, ApiError> {
    let first = place(&app, id)?;
    if let Ok(diff) = blocking(move || compare(&first)).await {
        return Ok(Json(diff));
    }
    // Its worktree may have been taken back while it was looked at: then its work is elsewhere by now.
    let now = place(&app, id)?;
    blocking(move || compare(&now)).await.map(Json)
}

fn place(app: &App, id: TaskId) -> Result<Place, ApiError> {
    let home = app.handle.home().clone();
    app.handle.read(|state| {
        let task = state.tasks.get(&id).ok_or(Refusal::NoTask(id))?;
        let project = state.projects.get(&task.project).ok_or(Refusal::NoProject(task.project))?;
        let landed = match &task.phase {
            Phase::Done { commit } => Some(commit.to_string()),
            _ => None,
        };
        Ok(Place {
            root: project.root.clone(),
            worktrees: home.worktrees(project.id),
            base: project.team.merge.base.clone(),
            name: task.id.0.to_string(),
            branch: task.branch(),
            landed,
        })
    })
}

fn compare(place: &Place) -> Result<TaskDiff, ApiError> {
    let repository = Repository::open(place.root.as_ref())?;
    if let Some(landed) = &place.landed {
        let landed = repository.resolve(landed)?;
        let before = repository.resolve(&format!("{landed}^1"))?;
        return between(&repository, &before, &landed);
    }
    let Some(base) = repository.branch_tip(&place.base)? else { return Ok(nothing()) };
    // Asked only where there is something to find: to look makes directories.
    if place.worktrees.join(&place.name).exists() {
        let worktrees = Worktrees::new(&repository, &place.worktrees)?;
        if let Found::Worktree(worktree) = worktrees.find(&place.name)? {
            let diff = worktree.diff(&base, DIFF_BYTES_MAX)?;
            let files = worktree.diff_stat(&base)?;
            return Ok(TaskDiff {
                from: Some(base.to_string()),
                to: None,
                files: files.into_iter().map(ChangedFile::from).collect(),
                text: diff.text,
                truncated: diff.truncated,
            });
        }
    }
    let Some(head) = repository.branch_tip(&place.branch)? else { return Ok(nothing()) };
    let fork = repository.merge_base(&base, &head)?.unwrap_or(base);
    between(&repository, &fork, &head)
}

fn between(repository: &Repository, from: &CommitId, to: &CommitId) -> Result<TaskDiff, ApiError> {
    let diff = repository.diff(from, to, DIFF_BYTES_MAX)?;
    let files = repository.changes(from, to)?;
    Ok(TaskDiff {
        from: Some(from.to_string()),
        to: Some(to.to_string()),
        files: files.into_iter().map(ChangedFile::from).collect(),
        text: diff.text,
        truncated: diff.truncated,
    })
}

fn nothing() -> TaskDiff {
    TaskDiff { from: None, to: None, files: Vec::new(), text: String::new(), truncated: false }
}
