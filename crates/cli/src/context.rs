//! What every command has: where the home is, which project is meant, and where to print.

use std::path::{Path, PathBuf};

use crew_core::ProjectId;
use crew_git::Repository;
use crew_server::wire::{Project, Projects};
use crew_store::Home;

use crate::client::Client;
use crate::daemon;
use crate::error::{Attempt, CliError, Exit};
use crate::output::Output;

/// What every command has.
#[derive(Debug)]
pub(crate) struct Context {
    home: Option<PathBuf>,
    project: Option<String>,
    pub(crate) out: Output,
}

impl Context {
    pub(crate) fn new(home: Option<PathBuf>, project: Option<String>, json: bool) -> Self {
        Self { home, project, out: Output::new(json) }
    }

    /// Where the data directory is, whether it exists or not.
    pub(crate) fn home_path(&self) -> Result<PathBuf, CliError> {
        let path = self.home.clone().or_else(default_home).ok_or_else(|| {
            CliError::failed("there is no home directory").hint("set CREWHOUSE_HOME")
        })?;
        std::path::absolute(&path).attempt(path.display())
    }

    /// The data directory, made if it does not exist.
    pub(crate) fn home(&self) -> Result<Home, CliError> {
        Ok(Home::open(&self.home_path()?)?)
    }

    /// The daemon, started if it does not run.
    pub(crate) async fn daemon(&self) -> Result<Client, CliError> {
        Ok(daemon::ensure(self, None).await?.client)
    }

    /// The project that is meant: the one that was named, or the one we are in.
    pub(crate) async fn project(&self, client: &Client) -> Result<Project, CliError> {
        let Projects { projects, .. } = client.get("/api/projects").await?;
        if let Some(name) = &self.project {
            return named(projects, name);
        }
        let cwd = std::env::current_dir().attempt("finding the working directory")?;
        let repository = Repository::open(&cwd)?;
        let root = repository.root().display().to_string();
        projects.into_iter().find(|project| is_of(project, &repository)).ok_or_else(|| {
            CliError::new(Exit::Refused, format!("{root} is not under Crewhouse"))
                .hint("`crew init` adds it; --project names another one")
        })
    }

    /// The project that was named or that we are in; none if we are in none.
    pub(crate) async fn project_if_any(
        &self,
        client: &Client,
    ) -> Result<Option<Project>, CliError> {
        match (self.project(client).await, &self.project) {
            (Ok(project), _) => Ok(Some(project)),
            (Err(error), Some(_)) => Err(error),
            (Err(_), None) => Ok(None),
        }
    }
}

fn named(projects: Vec<Project>, name: &str) -> Result<Project, CliError> {
    let id = name.parse::<ProjectId>().ok().map(|id| id.0);
    let path = Path::new(name).canonicalize().ok();
    let meant = |project: &Project| {
        Some(project.id) == id
            || project.name == name
            || path.as_deref().is_some_and(|path| Path::new(&project.root) == path)
    };
    projects.into_iter().find(meant).ok_or_else(|| {
        CliError::new(Exit::Refused, format!("there is no project `{name}`"))
            .hint("`crew status` shows the projects: name one by its number, name or path")
    })
}

/// Whether we are in the checkout of the project, or in another worktree of its repository.
fn is_of(project: &Project, repository: &Repository) -> bool {
    let root = Path::new(&project.root);
    root == repository.root() || root.join(".git") == repository.common_directory()
}

fn default_home() -> Option<PathBuf> {
    let not_empty = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let data = not_empty("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(PathBuf::from(not_empty("HOME")?).join(".local/share")));
    data.map(|data| data.join("crewhouse"))
}
