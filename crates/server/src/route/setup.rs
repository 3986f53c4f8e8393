//! Beginning without a terminal: a repository is found, looked at, and put under Crewhouse.

use std::fs;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use crew_core::team::{TEMPLATES, Template, parse};
use crew_core::{ProjectId, TaskId};
use crew_engine::{TEAM_DIRECTORY, TEAM_FILE};
use crew_git::{Head, Repository};

use super::project::register;
use crate::app::{Shared, blocking};
use crate::error::ApiError;
use crate::extract::{Params, Payload};
use crate::wire::{
    Begin, Begun, Directory, Findings, FoundRepository, Nothing, Place, PlaceQuery, ProjectAdded,
    TeamTemplate, Templates,
};

/// More directories in one place are not shown.
const DIRECTORIES_MAX: usize = 500;

/// A directory, with the repository that it belongs to.
#[utoipa::path(
    get,
    path = "/setup/place",
    operation_id = "setup_place",
    tag = "setup",
    params(PlaceQuery),
    responses((status = 200, body = Place))
)]
pub(super) async fn place(
    State(app): Shared,
    Params(PlaceQuery { path }): Params<PlaceQuery>,
) -> Result<Json<Place>, ApiError> {
    let known = app.handle.read(|state| {
        state.projects.values().map(|it| (it.root.clone(), it.id)).collect::<Vec<_>>()
    });
    blocking(move || {
        let path = absolute(&path)?;
        let repository = Repository::open(&path).ok().map(|it| found(&it, &known));
        let directories = directories(&path).map_err(|error| {
            ApiError::invalid(format!("{}: {error}", path.display()))
                .hint("choose a directory that is there and can be read")
        })?;
        let parent = path.parent().map(|it| it.display().to_string());
        Ok(Json(Place { path: path.display().to_string(), parent, directories, repository }))
    })
    .await
}

fn absolute(text: &str) -> Result<PathBuf, ApiError> {
    let home =
        || std::env::home_dir().ok_or_else(|| ApiError::invalid("the home directory is not known"));
    let text = text.trim();
    let path = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            home()?.join(rest.trim_start_matches('/'))
        }
        Some(_) | None if text.is_empty() => home()?,
        Some(_) | None => PathBuf::from(text),
    };
    if path.is_absolute() {
        return Ok(path);
    }
    Err(ApiError::invalid(format!("`{text}` is not an absolute path"))
        .hint("begin it with / or with ~"))
}

fn directories(path: &Path) -> std::io::Result<Vec<Directory>> {
    let entries = fs::read_dir(path)?.filter_map(Result::ok).filter(|it| it.path().is_dir());
    let mut found: Vec<Directory> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|it| !it.starts_with('.'))?;
            let path = entry.path();
            let is_repository = path.join(".git").exists();
            Some(Directory { name, path: path.to_str()?.to_owned(), is_repository })
        })
        .collect();
    found.sort_by(|a, b| (!a.is_repository, &a.name).cmp(&(!b.is_repository, &b.name)));
    found.truncate(DIRECTORIES_MAX);
    Ok(found)
}

fn found(repository: &Repository, known: &[(String, ProjectId)]) -> FoundRepository {
    let root = repository.root();
    let branch = match repository.head() {
        Ok(Head::Branch(branch)) => Some(branch),
        Ok(Head::Detached(_)) | Err(_) => None,
    };
    let text = root.display().to_string();
    let project = known.iter().find(|(known, _)| *known == text).map(|(_, id)| id.0);
    let has_team = root.join(TEAM_DIRECTORY).join(TEAM_FILE).exists();
    FoundRepository { root: text, branch, has_team, project }
}

/// What could stand in the way, each with what to do about it.
#[utoipa::path(
    get,
    path = "/setup/doctor",
    operation_id = "setup_doctor",
    tag = "setup",
    params(PlaceQuery),
    responses((status = 200, body = Findings))
)]
pub(super) async fn doctor(
    State(app): Shared,
    Params(PlaceQuery { path }): Params<PlaceQuery>,
) -> Result<Json<Findings>, ApiError> {
    let (look, home) = (app.setup.doctor, app.handle.home().root().to_owned());
    blocking(move || {
        let place = (!path.is_empty()).then(|| absolute(&path)).transpose()?;
        let repository = place.and_then(|place| Repository::open(&place).ok());
        let repository = repository.map(|repository| repository.root().to_owned());
        Ok(Json(Findings { findings: look(&home, repository.as_deref()) }))
    })
    .await
}

/// Teams to begin with.
#[utoipa::path(
    get,
    path = "/setup/teams",
    operation_id = "setup_teams",
    tag = "setup",
    responses((status = 200, body = Templates))
)]
pub(super) async fn teams() -> Json<Templates> {
    let of = |template: Template| {
        let team = parse(template.text).ok()?;
        Some(TeamTemplate {
            name: template.name.to_owned(),
            what: template.what.to_owned(),
            roles: team.roles.keys().map(ToString::to_string).collect(),
            stages: team.stages.iter().map(|stage| stage.name.to_string()).collect(),
        })
    };
    Json(Templates { teams: TEMPLATES.into_iter().filter_map(of).collect() })
}

/// Puts a repository under Crewhouse, and writes the team that it has not.
#[utoipa::path(
    post,
    path = "/setup/begin",
    operation_id = "setup_begin",
    tag = "setup",
    request_body = Begin,
    responses((status = 200, body = Begun))
)]
pub(super) async fn begin(
    State(app): Shared,
    Payload(Begin { path, name, model, team }): Payload<Begin>,
) -> Result<Json<Begun>, ApiError> {
    let write = app.setup.begin;
    let (path, created) = blocking(move || {
        let path = absolute(&path)?;
        let created = write(&path, model.as_ref(), team.as_deref())?;
        Ok((path, created))
    })
    .await?;
    let ProjectAdded { seq, at: _, project } = register(&app, path, name).await?;
    Ok(Json(Begun { seq, project, created }))
}

/// Makes the demo's repository in the home, and lets its crew begin.
#[utoipa::path(
    post,
    path = "/setup/demo",
    operation_id = "setup_demo",
    tag = "setup",
    request_body = Nothing,
    responses((status = 200, body = Begun))
)]
pub(super) async fn demo(
    State(app): Shared,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Begun>, ApiError> {
    let (make, home) = (app.setup.demo, app.handle.home().root().to_owned());
    let (root, tasks) = blocking(move || {
        let names = (1..).map(|n| home.join(format!("demo/bill-{n}")));
        let root = names.into_iter().find(|path| !path.exists()).unwrap_or(home);
        let tasks = make(&root)?;
        Ok((root, tasks))
    })
    .await?;
    let ProjectAdded { project, .. } = register(&app, root, Some("demo".to_owned())).await?;
    let mut ids: Vec<TaskId> = Vec::new();
    let mut seq = 0;
    for task in tasks {
        // A dependency is a place in the list.
        let draft = task.draft(|n| ids.get(usize::try_from(n).ok()?.checked_sub(1)?).copied());
        let (receipt, id) = super::task::submit(&app, ProjectId(project.id), draft).await?;
        ids.push(id);
        seq = receipt.seq;
    }
    Ok(Json(Begun { seq, project, created: Vec::new() }))
}
