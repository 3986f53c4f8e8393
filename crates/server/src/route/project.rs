//! Projects and their teams.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use crew_core::note::Note;
use crew_core::{Event, ProjectId, Refusal, team};
use crew_git::Repository;

use crate::app::{App, Shared, blocking};
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::wire::{Lift, NewProject, Project, ProjectAdded, Projects, Receipt, Team, TeamAnswer};

/// All projects.
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "project_list",
    tag = "project",
    responses((status = 200, body = Projects))
)]
pub(super) async fn list(State(app): Shared) -> Json<Projects> {
    let now = app.handle.now();
    Json(app.handle.read(|state| Projects {
        seq: state.meta.seq.0,
        projects: state.projects.values().map(|project| Project::of(state, project, now)).collect(),
    }))
}

/// Puts a repository under Crewhouse.
#[utoipa::path(
    post,
    path = "/projects",
    operation_id = "project_add",
    tag = "project",
    request_body = NewProject,
    responses((status = 200, body = ProjectAdded))
)]
pub(super) async fn add(
    State(app): Shared,
    Payload(NewProject { path, name }): Payload<NewProject>,
) -> Result<Json<ProjectAdded>, ApiError> {
    let path = PathBuf::from(path);
    if !path.is_absolute() {
        let message = format!("`{}` is not an absolute path", path.display());
        return Err(ApiError::invalid(message));
    }
    register(&app, path, name).await.map(Json)
}

/// Lets one agent try whether a limited provider serves again, before the time that it named. If it
/// does, all who wait for it go on.
#[utoipa::path(
    post,
    path = "/projects/{id}/lift",
    operation_id = "project_lift",
    tag = "project",
    params(("id" = u64, Path)),
    request_body = Lift,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn lift(
    State(app): Shared,
    Id(project): Id<ProjectId>,
    Payload(Lift { provider }): Payload<Lift>,
) -> Result<Json<Receipt>, ApiError> {
    let provider = provider.parse().map_err(ApiError::invalid)?;
    app.submit(Event::LimitLifted { project, provider }).await.map(Json)
}

/// Makes a project of the repository around a path, which has a team.
pub(super) async fn register(
    app: &App,
    path: PathBuf,
    name: Option<String>,
) -> Result<ProjectAdded, ApiError> {
    let (root, team) = blocking(move || read_project(&path)).await?;
    let name = name.unwrap_or_else(|| name_of(&root));
    let root = root.to_str().map(str::to_owned).ok_or_else(|| {
        ApiError::invalid(format!("{} is not UTF-8", root.display()))
            .hint("move the repository to a path that is")
    })?;
    let receipt = app.submit(Event::ProjectAdded { name, root, team: Box::new(team) }).await?;
    let notes = app.entry(&receipt).await?.notes;
    let added = notes.iter().find_map(|note| match note {
        Note::Project { project } => Some(*project),
        Note::Stage { .. } | Note::Phase { .. } | Note::Run { .. } | Note::Ask { .. } => None,
    });
    let id = added.ok_or_else(|| ApiError::broken("BUG: a project was added without a note"))?;
    let now = app.handle.now();
    let project = app
        .handle
        .read(|state| state.projects.get(&id).map(|project| Project::of(state, project, now)));
    let project = project.ok_or(Refusal::NoProject(id))?;
    Ok(ProjectAdded { seq: receipt.seq, at: receipt.at, project })
}

fn name_of(root: &Path) -> String {
    root.file_name().map_or_else(|| "project".to_owned(), |name| name.display().to_string())
}

/// The top level of the repository, and its team.
fn read_project(path: &Path) -> Result<(PathBuf, team::Team), ApiError> {
    let root = Repository::open(path)?.root().to_owned();
    let file = root.join(".crew/team.toml");
    let text = std::fs::read_to_string(&file).map_err(|error| {
        ApiError::invalid(format!("{}: {error}", file.display()))
            .hint("`crew init` in the repository makes it")
    })?;
    match team::parse(&text) {
        Ok(team) => Ok((root, team)),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(ApiError::invalid(format!("{}: {}", file.display(), problems.join("\n")))
                .hint("`crew team check` shows what to change"))
        }
    }
}

/// The team in use.
#[utoipa::path(
    get,
    path = "/projects/{id}/team",
    operation_id = "project_team",
    tag = "project",
    params(("id" = u64, Path)),
    responses((status = 200, body = TeamAnswer))
)]
pub(super) async fn team(
    State(app): Shared,
    Id(id): Id<ProjectId>,
) -> Result<Json<TeamAnswer>, ApiError> {
    app.handle.read(|state| {
        let project = state.projects.get(&id).ok_or(Refusal::NoProject(id))?;
        Ok(Json(TeamAnswer {
            seq: state.meta.seq.0,
            team_refused: project.team_refused.clone(),
            team: Team::from(&project.team),
        }))
    })
}
