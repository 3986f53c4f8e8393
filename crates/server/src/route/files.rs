//! The files of a team, edited from outside.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use crew_core::{ProjectId, Refusal, team};

use crate::app::{App, Shared, blocking};
use crate::error::ApiError;
use crate::extract::{Id, Payload};
use crate::files::{Name, could_use, mistakes, read, write};
use crate::policy_edit::{self, ABOUT_MAX, edited};
use crate::wire::{
    CheckTeamFile, EditTeam, Mistake, Team, TeamEdit, TeamFile, TeamFileChecked, TeamFiles,
    TeamForm, WriteTeamFile,
};

/// The files of the team that people edit.
#[utoipa::path(
    get,
    path = "/projects/{id}/files",
    operation_id = "team_files",
    tag = "project",
    params(("id" = u64, Path)),
    responses((status = 200, body = TeamFiles))
)]
pub(super) async fn list(
    State(app): Shared,
    Id(id): Id<ProjectId>,
) -> Result<Json<TeamFiles>, ApiError> {
    let root = root(&app, id)?;
    let names = app.handle.read(|state| state.projects.get(&id).map(|it| Name::all(&it.team)));
    let names = names.ok_or(Refusal::NoProject(id))?;
    blocking(move || {
        let files = names.iter().map(|name| read(&root, name)).collect::<Result<_, _>>()?;
        Ok(Json(TeamFiles { files }))
    })
    .await
}

/// Writes a file of the team, if it is good and nobody changed it meanwhile.
#[utoipa::path(
    put,
    path = "/projects/{id}/files",
    operation_id = "team_file_write",
    tag = "project",
    params(("id" = u64, Path)),
    request_body = WriteTeamFile,
    responses((status = 200, body = TeamFile))
)]
pub(super) async fn save(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Payload(WriteTeamFile { name, text, version }): Payload<WriteTeamFile>,
) -> Result<Json<TeamFile>, ApiError> {
    let root = root(&app, id)?;
    let name = Name::parse(&name)?;
    let _one_at_a_time = app.edits.lock().await;
    check_use(&app, id, &name, &text)?;
    blocking(move || write(&root, &name, &text, version.as_deref()).map(Json)).await
}

/// What is wrong with a text, without writing it.
#[utoipa::path(
    post,
    path = "/projects/{id}/files/check",
    operation_id = "team_file_check",
    tag = "project",
    params(("id" = u64, Path)),
    request_body = CheckTeamFile,
    responses((status = 200, body = TeamFileChecked))
)]
pub(super) async fn check(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Payload(CheckTeamFile { name, text }): Payload<CheckTeamFile>,
) -> Result<Json<TeamFileChecked>, ApiError> {
    root(&app, id)?;
    let name = Name::parse(&name)?;
    let team = match name {
        Name::Policy => team::parse(&text).ok().as_ref().map(Team::from),
        Name::Role(_) | Name::Knowledge(_) => None,
    };
    let mistakes = mistakes(&name, &text)
        .into_iter()
        .map(|team::Problem { what, hint, key, line }| Mistake { what, hint, key, line })
        .collect();
    Ok(Json(TeamFileChecked { mistakes, team }))
}

/// What of `team.toml` is edited by forms, as it is written there.
#[utoipa::path(
    get,
    path = "/projects/{id}/team/form",
    operation_id = "team_form",
    tag = "project",
    params(("id" = u64, Path)),
    responses((status = 200, body = TeamForm))
)]
pub(super) async fn form(
    State(app): Shared,
    Id(id): Id<ProjectId>,
) -> Result<Json<TeamForm>, ApiError> {
    let root = root(&app, id)?;
    blocking(move || policy_edit::form(&read(&root, &Name::Policy)?.text).map(Json)).await
}

/// Changes single values and stages of `team.toml`; comments in it stay.
#[utoipa::path(
    patch,
    path = "/projects/{id}/team",
    operation_id = "team_edit",
    tag = "project",
    params(("id" = u64, Path)),
    request_body = EditTeam,
    responses((status = 200, body = TeamFile))
)]
pub(super) async fn edit(
    State(app): Shared,
    Id(id): Id<ProjectId>,
    Payload(EditTeam { edits }): Payload<EditTeam>,
) -> Result<Json<TeamFile>, ApiError> {
    let root = root(&app, id)?;
    let _one_at_a_time = app.edits.lock().await;
    let known = {
        let root = root.clone();
        blocking(move || read(&root, &Name::Policy)).await?
    };
    let text = edited(&known.text, &edits)?;
    check_use(&app, id, &Name::Policy, &text)?;
    let told = new_roles(&edits, app.setup.told)?;
    blocking(move || {
        let policy = write(&root, &Name::Policy, &text, known.version.as_deref())?;
        for (name, text) in told {
            // What a role of that name was told before is the user's.
            if read(&root, &name)?.version.is_none() {
                write(&root, &name, &text, None)?;
            }
        }
        Ok(Json(policy))
    })
    .await
}

/// What roles are told that are added.
fn new_roles(
    edits: &[TeamEdit],
    told: fn(&str, Option<&str>) -> String,
) -> Result<Vec<(Name, String)>, ApiError> {
    let role = |edit: &TeamEdit| match edit {
        TeamEdit::AddRole { role, about } => Some((role.clone(), about.clone())),
        TeamEdit::Set { .. }
        | TeamEdit::SetGates { .. }
        | TeamEdit::AddStage { .. }
        | TeamEdit::RenameStage { .. }
        | TeamEdit::MoveStage { .. }
        | TeamEdit::RemoveStage { .. }
        | TeamEdit::RemoveRole { .. } => None,
    };
    let file = |(role, about): (String, Option<String>)| {
        if about.as_ref().is_some_and(|about| about.len() > ABOUT_MAX) {
            return Err(ApiError::invalid(format!(
                "what `{role}` does is longer than {ABOUT_MAX} bytes"
            ))
            .hint("say the rest in its CLAUDE.md")
            .key(format!("roles.{role}.about")));
        }
        let text = told(&role, about.as_deref());
        Ok((Name::Role(role.parse().map_err(ApiError::invalid)?), text))
    };
    edits.iter().filter_map(role).map(file).collect()
}

/// Refuses a policy that the project could not go on with, before anything is written.
fn check_use(app: &App, id: ProjectId, name: &Name, text: &str) -> Result<(), ApiError> {
    match (name, team::parse(text)) {
        (Name::Policy, Ok(policy)) => {
            let now = app.handle.now();
            app.handle.read(|state| could_use(state, id, &policy, now))
        }
        // What is wrong with it is said by whoever writes it.
        (Name::Policy, Err(_)) | (Name::Role(_) | Name::Knowledge(_), _) => Ok(()),
    }
}

fn root(app: &App, id: ProjectId) -> Result<PathBuf, ApiError> {
    let root = app.handle.read(|state| state.projects.get(&id).map(|it| it.root.clone()));
    Ok(root.map(PathBuf::from).ok_or(Refusal::NoProject(id))?)
}
