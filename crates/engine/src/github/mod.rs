//! Connections with GitHub: one for each project that has a table `[github]`.
//!
//! ```text
//!  poll.rs     what changed there ─► Event::IssueSeen ─► arbiter ─► Effect::Publish ─► publish.rs
//!  watch.rs    what is said there ─► Event::PullSeen  ─►         ─► Effect::Pull    ─► pull.rs
//! ```
//!
//! A connection is made when it is first needed and again when the table or the token changed. What
//! it knows beside that is a hint: without it, questions are asked that have been asked before.

mod poll;
mod position;
mod publish;
mod pull;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{anyhow, bail};
use crew_core::github::Policy;
use crew_core::project::Project;
use crew_core::{ProjectId, Settled, TaskId, Time};
use crew_github::{Address, Calls, Client, Error, Label, Token};
use tokio::sync::{Notify, OnceCell};

use crate::Clock;
use crate::perform::Outside;

pub(crate) use poll::attend;
pub(crate) use publish::publish;
pub(crate) use pull::{origin, pull};

/// The color of the labels that we make.
const LABEL_COLOR: &str = "5319e7";

/// How a connection is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GithubReport {
    /// Whose token it is.
    pub viewer: Option<String>,
    /// When GitHub last answered whether something is new.
    pub asked_at: Option<Time>,
    /// Why it did not answer when it was asked last, with what to do about it.
    pub trouble: Option<String>,
    /// How much was asked since the daemon started.
    pub calls: Calls,
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: tokio::sync::Mutex<BTreeMap<ProjectId, Arc<Connection>>>,
    reports: Mutex<BTreeMap<ProjectId, GithubReport>>,
    /// Somebody wants GitHub to be asked now.
    pub(crate) woken: Notify,
}

/// A connection of one project.
#[derive(Debug)]
pub(crate) struct Connection {
    policy: Policy,
    client: Client,
    viewer: String,
    /// Changes are made one after the other, in the order in which they were wanted.
    turn: tokio::sync::Mutex<()>,
    /// Whether the labels are there.
    labels: OnceCell<()>,
}

impl Connections {
    /// The connection of a project.
    async fn of(&self, project: &Project, policy: &Policy) -> Result<Arc<Connection>, Error> {
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&project.id).filter(|known| known.policy == *policy) {
            return Ok(Arc::clone(known));
        }
        let connection = Arc::new(Connection::open(policy).await?);
        open.insert(project.id, Arc::clone(&connection));
        Ok(connection)
    }

    /// The token is not accepted any more: there may be a new one.
    async fn forget(&self, project: ProjectId) {
        self.open.lock().await.remove(&project);
    }

    fn reports(&self) -> MutexGuard<'_, BTreeMap<ProjectId, GithubReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a project's connection is doing.
    pub(crate) fn report(&self, project: ProjectId) -> GithubReport {
        self.reports().get(&project).cloned().unwrap_or_default()
    }

    fn note(&self, project: ProjectId, change: impl FnOnce(&mut GithubReport)) {
        change(self.reports().entry(project).or_default());
    }
}

/// What is needed to do something for a task on GitHub.
struct Reach {
    project: Project,
    connection: Arc<Connection>,
    /// Names our home among all that work on the repository.
    home: String,
}

impl Reach {
    /// For a task of a project that is connected; `None` if it is not any more.
    async fn of(outside: &Outside, task: TaskId) -> anyhow::Result<Option<Result<Self, Error>>> {
        let project = outside.handle.read(|state| {
            state.tasks.get(&task).and_then(|task| state.projects.get(&task.project)).cloned()
        });
        let project = project.ok_or_else(|| anyhow!("BUG: {task} is not recorded"))?;
        let Some(policy) = &project.team.github else { return Ok(None) };
        let github = &outside.handle.github;
        if github.report(project.id).trouble.is_some() {
            bail!("GitHub cannot be used now; it is told when it can be asked again");
        }
        let home = outside.handle.home().id()?;
        let connection = github.of(&project, policy).await;
        Ok(Some(connection.map(|connection| Self { project, connection, home })))
    }
}

/// What came of an attempt: what GitHub will never do is settled, all else is tried again.
async fn concluded(
    outside: &Outside,
    task: TaskId,
    attempt: Result<Settled, Error>,
    refused: impl FnOnce(String) -> Settled,
) -> anyhow::Result<Settled> {
    match attempt {
        Ok(settled) => Ok(settled),
        Err(error) if error.is_lasting() => Ok(refused(explain(&error))),
        Err(error) => {
            if error == Error::NotSignedIn {
                let project = |state: &crew_core::State| Some(state.tasks.get(&task)?.project);
                if let Some(project) = outside.handle.read(project) {
                    outside.handle.github.forget(project).await;
                }
            }
            Err(error.into())
        }
    }
}

impl Connection {
    async fn open(policy: &Policy) -> Result<Self, Error> {
        let address = Address::new(&policy.repository, policy.api.as_deref())?;
        let token = token(policy, &address).await?;
        let client = Client::new(address, token, || Clock.now())?;
        let viewer = client.viewer().await?.login;
        let policy = policy.clone();
        Ok(Self {
            policy,
            client,
            viewer,
            turn: tokio::sync::Mutex::default(),
            labels: OnceCell::new(),
        })
    }

    /// Makes the labels that are missing, once.
    async fn make_labels(&self, team: &crew_core::team::Team) -> Result<(), Error> {
        let make = async {
            let known = self.client.labels().await?;
            let has = |name: &str| known.iter().any(|label| label.name.eq_ignore_ascii_case(name));
            let stages =
                team.stages.iter().map(|stage| (self.policy.label(&stage.name), "a stage"));
            let intake = (self.policy.intake.clone(), "makes an issue a task");
            for (name, meaning) in std::iter::once(intake).chain(stages) {
                if !has(&name) {
                    let description = Some(format!("Crewhouse: {meaning}"));
                    let label = Label { name, color: LABEL_COLOR.to_owned(), description };
                    match self.client.make_label(&label).await {
                        // Somebody made it meanwhile, or our answer was lost.
                        Ok(_) | Err(Error::Refused { status: 422, .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(())
        };
        self.labels.get_or_try_init(|| make).await.copied()
    }
}

/// The token: from the variable that the table names, or from `gh`.
async fn token(policy: &Policy, address: &Address) -> Result<Token, Error> {
    match &policy.token_env {
        Some(name) => {
            let text = std::env::var(name)
                .map_err(|_| Error::NoToken(format!("the daemon was started without {name}")))?;
            Token::new(&text)
        }
        None => Token::from_gh(Path::new("gh"), address.host()).await,
    }
}

/// An error for people, with what to do about it.
fn explain(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}
