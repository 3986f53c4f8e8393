//! Connections with GitHub: one for each project that has a table `[github]`.
//!
//! ```text
//!  poll.rs     what changed there ─► Event::IssueSeen ─► arbiter ─► Effect::Publish ─► publish.rs
//!  watch.rs    what is said there ─► Event::PullSeen  ─►         ─► Effect::Pull    ─► pull.rs
//! ```
//!
//! A connection is made when it is first needed and again when the table or the token changed. What
//! it knows beside that is a hint: without it, questions are asked that have been asked before.

mod job_log;
mod kept;
mod labels;
mod poll;
mod position;
mod publish;
mod pull;
mod watch;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{anyhow, bail};
use crew_core::github::{Policy, Repositories};
use crew_core::project::Project;
use crew_core::{Event, ProjectId, Settled, TaskId, Time};
use crew_github::{Address, Budgets, Calls, Client, Error};
use tokio::sync::{Notify, OnceCell};

use crate::Clock;
use crate::perform::Outside;

pub use kept::github_credential;
pub use labels::make_github_labels;
pub(crate) use poll::attend;
pub(crate) use publish::publish;
pub(crate) use pull::{origin, pull};
pub use webhook::Delivered;
use webhook::Webhooks;

/// How a connection is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GithubReport {
    /// Whose token it is.
    pub viewer: Option<String>,
    /// When GitHub last answered whether something is new.
    pub asked_at: Option<Time>,
    /// Why it did not answer when it was asked last, with what to do about it.
    pub trouble: Option<String>,
    /// How much was asked with that token since the daemon started.
    pub calls: Calls,
    /// The other projects that ask with the same token.
    pub shared_with: Vec<ProjectId>,
    /// When GitHub said last, by itself, that something is new.
    pub delivered_at: Option<Time>,
    /// Why GitHub cannot say so, where it should.
    pub webhook_trouble: Option<String>,
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: tokio::sync::Mutex<BTreeMap<ProjectId, Arc<Connection>>>,
    reports: Mutex<BTreeMap<ProjectId, GithubReport>>,
    /// Who asks for each project that was connected.
    clients: Mutex<BTreeMap<ProjectId, Client>>,
    budgets: Budgets,
    pub(crate) webhooks: Webhooks,
    wanted: Mutex<Wanted>,
    /// Somebody wants GitHub to be asked.
    woken: Notify,
}

/// For whom GitHub is to be asked before it is time.
#[derive(Debug, Default)]
struct Wanted {
    /// Somebody waits for the answer.
    all: bool,
    /// GitHub said that something is new.
    told: BTreeSet<ProjectId>,
}

/// A connection of one project.
#[derive(Debug)]
pub(crate) struct Connection {
    policy: Policy,
    /// Speaks to the repository of the code.
    client: Client,
    /// Speaks to that of the issues; the same one, where they are not elsewhere.
    issues: Client,
    viewer: String,
    /// Changes are made one after the other, in the order in which they were wanted.
    turn: tokio::sync::Mutex<()>,
    /// Whether the labels are there.
    labels: OnceCell<()>,
}

impl Connections {
    /// The connection of a project.
    async fn of(
        &self,
        outside: &Outside,
        project: &Project,
        policy: &Policy,
    ) -> Result<Arc<Connection>, Error> {
        let home = outside.handle.home().root();
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&project.id).filter(|known| known.policy == *policy) {
            return Ok(Arc::clone(known));
        }
        self.listen(home, project.id, policy).await;
        let client = client(home, policy, &policy.repository).await?.sharing(&self.budgets);
        self.clients().insert(project.id, client.clone());
        let issues = match &policy.issues {
            Some(issues) => self::client(home, policy, issues).await?.sharing(&self.budgets),
            None => client.clone(),
        };
        let connection = Arc::new(Connection::open(policy, client, issues).await?);
        let with = connection.repositories().await?;
        poll::record(outside, Event::Connected { project: project.id, with }).await?;
        open.insert(project.id, Arc::clone(&connection));
        Ok(connection)
    }

    /// Gets the secret of the webhook ready. Without it, all else works as well.
    async fn listen(&self, home: &Path, project: ProjectId, policy: &Policy) {
        let secret = match &policy.webhook_secret {
            Some(keep) => kept::kept(home, keep).await.map(Some),
            None => Ok(None),
        };
        let trouble = match secret {
            Ok(secret) => self.webhooks.await_from(project, secret.as_deref()).err(),
            Err(error) => Some(explain(&error)),
        };
        self.note(project, |report| report.webhook_trouble = trouble);
    }

    /// Somebody wants GitHub to be asked now.
    pub(crate) fn want_all(&self) {
        self.wanted().all = true;
        self.woken.notify_one();
    }

    /// Judges a delivery; GitHub is asked soon if it is one.
    pub(crate) fn deliver(&self, shown: (&str, &str), body: &[u8], now: Time) -> Delivered {
        let (delivery, projects) = self.webhooks.take(shown, body, now);
        if !projects.is_empty() {
            self.wanted().told.extend(projects);
            self.woken.notify_one();
        }
        delivery
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token is not accepted any more: there may be a new one.
    async fn forget(&self, project: ProjectId) {
        self.open.lock().await.remove(&project);
    }

    /// Forgets all but these.
    async fn retain(&self, projects: &[Project]) {
        let is_there = |id: &ProjectId| projects.iter().any(|project| project.id == *id);
        self.open.lock().await.retain(|id, _| is_there(id));
        self.clients().retain(|id, _| is_there(id));
        self.webhooks.retain(is_there);
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<ProjectId, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reports(&self) -> MutexGuard<'_, BTreeMap<ProjectId, GithubReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a project's connection is doing.
    pub(crate) fn report(&self, project: ProjectId) -> GithubReport {
        let mut report = self.reports().get(&project).cloned().unwrap_or_default();
        report.delivered_at = self.webhooks.delivered_at(project);
        let clients = self.clients();
        if let Some(client) = clients.get(&project) {
            let others = clients.iter().filter(|(id, _)| **id != project);
            let sharing = others.filter(|(_, other)| other.shares_with(client));
            report.calls = client.calls();
            report.shared_with = sharing.map(|(id, _)| *id).collect();
        }
        report
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
        let connection = github.of(outside, &project, policy).await;
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
    async fn open(policy: &Policy, client: Client, issues: Client) -> Result<Self, Error> {
        let viewer = client.viewer().await?.login;
        let policy = policy.clone();
        Ok(Self {
            policy,
            client,
            issues,
            viewer,
            turn: tokio::sync::Mutex::default(),
            labels: OnceCell::new(),
        })
    }

    async fn repositories(&self) -> Result<Repositories, Error> {
        let code = self.client.identity().await?;
        let issues = match self.policy.issues {
            Some(_) => self.issues.identity().await?,
            None => code.clone(),
        };
        Ok(Repositories { code, issues })
    }

    /// Makes the labels that are missing, once.
    async fn make_labels(&self, team: &crew_core::team::Team) -> Result<(), Error> {
        let make = async { make_github_labels(&self.issues, &self.policy, team).await.map(drop) };
        self.labels.get_or_try_init(|| make).await.copied()
    }
}

async fn client(home: &Path, policy: &Policy, repository: &str) -> Result<Client, Error> {
    let address = Address::new(repository, policy.api.as_deref())?;
    let who = github_credential(home, &policy.token, &address).await?;
    Client::new(address, who, || Clock.now())
}

/// An error for people, with what to do about it.
fn explain(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}
