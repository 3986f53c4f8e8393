//! Lets GitHub show a task's work: the branch is pushed, and its pull request kept up to date.
//!
//! Both can be done again at any time: a push that was done is found by where the branch is, a pull
//! request by its branch.

use std::sync::Arc;

use anyhow::bail;
use crew_core::github::{
    Digest, FoundPull, Guard, Marker, Pull, PullAction, PullWant, ShownAs, closes_others,
    is_run_there, plan_pull, shown_branch,
};
use crew_core::project::Project;
use crew_core::{Settled, TaskId};
use crew_git::{CommitId, GitError, Pushed, Remote, Repository};
use crew_github::{Error, NewPull, Origin};
use serde_json::json;

use super::{Connection, Reach, concluded};
use crate::crash::crash_point;
use crate::perform::{Outside, blocking};

/// It is opened first and the rest planned on what is there then; a third look finds nothing.
const LOOKS_MAX: u32 = 3;
/// Files that are named to the human.
const FILES_NAMED_MAX: usize = 10;

/// Performs [`crew_core::Effect::Pull`].
pub(crate) async fn pull(
    outside: &Arc<Outside>,
    task: TaskId,
    want: &PullWant,
) -> anyhow::Result<Settled> {
    let refused = |why: String| Settled::NotPulled { why };
    let Some(reach) = Reach::of(outside, task).await? else {
        return Ok(refused("the project is not connected any more".into()));
    };
    let (reach, origin) = match reach_origin(reach).await {
        Ok(reached) => reached,
        Err(error) => return concluded(outside, task, Err(error), refused).await,
    };
    let _turn = reach.connection.turn.lock().await;
    let branch = shown_branch(&reach.home, task);
    if let Some(landed) = &want.shown.landed {
        let landed = (want.base.as_str(), landed);
        if let Some(why) = push_base(outside, &reach.project, landed, origin.clone()).await? {
            return Ok(refused(why));
        }
        crash_point("after", "push");
    }
    if want.shown.how != ShownAs::Closed {
        let pushed = push(outside, &reach.project, task, want, (&branch, origin)).await?;
        if let Some(why) = pushed {
            return Ok(refused(why));
        }
        crash_point("after", "push");
    }
    let known = outside
        .handle
        .read(|state| state.tasks.get(&task).and_then(|task| task.pull.as_deref().cloned()));
    let marker = Marker { home: reach.home.clone(), task };
    let shown = match known {
        Some(pull) => {
            let showing =
                Showing { connection: &reach.connection, pull, want, marker, branch: &branch };
            showing.perform().await
        }
        None => return Ok(refused("BUG: the task has no pull request".into())),
    };
    concluded(outside, task, shown, refused).await
}

async fn reach_origin(reach: Result<Reach, Error>) -> Result<(Reach, Origin), Error> {
    let reach = reach?;
    let origin = reach.connection.client.origin().await?;
    Ok((reach, origin))
}

/// Where the git program finds the repository of a task's project.
pub(crate) async fn origin(outside: &Outside, task: TaskId) -> anyhow::Result<Remote> {
    match Reach::of(outside, task).await? {
        Some(reach) => Ok(remote(reach_origin(reach).await?.1)?),
        None => bail!("the project is not connected with GitHub any more"),
    }
}

fn remote(origin: Origin) -> Result<Remote, GitError> {
    Ok(Remote::new(&origin.url)?.with_header(origin.header))
}

/// Pushes the commit; says why not, if that is for the human to know.
async fn push(
    outside: &Arc<Outside>,
    project: &Project,
    task: TaskId,
    want: &PullWant,
    (branch, origin): (&str, Origin),
) -> anyhow::Result<Option<String>> {
    let (outside, project) = (Arc::clone(outside), project.clone());
    let (branch, base) = (branch.to_owned(), want.base.clone());
    let policy = project.team.github.as_ref();
    let own = want.shown.closes.zip(policy).map(|(issue, policy)| policy.reference(issue));
    let guard = want.guard;
    let commit = want.shown.commit.clone();
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let repository = worktrees.repository();
        let commit = repository.resolve(&commit.0)?;
        if let Some(why) = kept_back(repository, task, &base, &commit, (guard, own.as_deref()))? {
            return Ok(Some(why));
        }
        match repository.push(&branch, &commit, &remote(origin)?) {
            Ok(Pushed::Done | Pushed::Already) => Ok(None),
            Ok(Pushed::Moved { there }) => Ok(Some(format!(
                "somebody pushed to `{branch}`; it is left at {there}\n\
                 hint: delete the branch on GitHub, then `crew github push {}`",
                task.0
            ))),
            Err(error) if is_refused(&error) => Ok(Some(format!(
                "the push was refused: {error}\n\
                 hint: the token needs write access to *contents*, and to *workflows* for a change of \
                 those; then `crew github push {}`",
                task.0
            ))),
            // Not an error of git: the network may be back in a minute.
            Err(error) => bail!("the push did not work: {error}"),
        }
    })
    .await
}

/// Brings the base branch there to what has landed here; says why not, if that is for the human to know.
async fn push_base(
    outside: &Arc<Outside>,
    project: &Project,
    (base, landed): (&str, &crew_core::task::CommitId),
    origin: Origin,
) -> anyhow::Result<Option<String>> {
    let (outside, project) = (Arc::clone(outside), project.clone());
    let (base, landed) = (base.to_owned(), landed.clone());
    blocking(move || {
        let worktrees = outside.repositories.of(outside.handle.home(), &project)?;
        let repository = worktrees.repository();
        match repository.push_forward(&base, &repository.resolve(&landed.0)?, &remote(origin)?) {
            Ok(Pushed::Done | Pushed::Already) => Ok(None),
            Ok(Pushed::Moved { there }) => Ok(Some(format!(
                "`{base}` on GitHub is at {there}, which `{base}` here does not have\n\
                 hint: bring the two together, and push it"
            ))),
            Err(error) if is_refused(&error) => Ok(Some(format!(
                "the push of `{base}` was refused: {error}\n\
                 hint: a rule of the branch may want pull requests; then `push_base = \"never\"`"
            ))),
            Err(error) => bail!("the push of `{base}` did not work: {error}"),
        }
    })
    .await
}

/// Why a commit is not shown, if it is not.
fn kept_back(
    repository: &Repository,
    task: TaskId,
    base: &str,
    commit: &CommitId,
    (guard, own): (Guard, Option<&str>),
) -> anyhow::Result<Option<String>> {
    let base = repository.resolve(&format!("refs/heads/{base}"))?;
    let start = repository.merge_base(&base, commit)?.unwrap_or(base);
    let changes = repository.changes(&start, commit)?;
    if changes.is_empty() {
        return Ok(Some("it changes nothing that could be shown".into()));
    }
    let words = repository.messages(&start, commit)?;
    if guard == Guard::Closed && closes_others(&words, own) {
        return Ok(Some(format!(
            "a message of its commits closes an issue that is not its own\n\
             hint: look at it with `git log {start}..{commit}`; `crew github push {id}` lets it be seen",
            id = task.0
        )));
    }
    let run_there: Vec<&str> =
        changes.iter().map(|change| change.path.as_str()).filter(|p| is_run_there(p)).collect();
    if guard == Guard::Open || run_there.is_empty() {
        return Ok(None);
    }
    let more = match run_there.len().saturating_sub(FILES_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = &run_there[..run_there.len().min(FILES_NAMED_MAX)];
    Ok(Some(format!(
        "it changes what GitHub runs with the keys of the repository: {}{more}\n\
         hint: look at it with `crew diff {id}`; `crew github push {id}` lets it be seen",
        named.join(", "),
        id = task.0
    )))
}

/// Whether the other side said no, which it will say again.
fn is_refused(error: &GitError) -> bool {
    let GitError::Failed { stderr, .. } = error else { return false };
    let no = ["remote rejected", "Authentication failed", "403", "could not read Username"];
    no.iter().any(|no| stderr.contains(no))
}

struct Showing<'a> {
    connection: &'a Connection,
    pull: Pull,
    want: &'a PullWant,
    marker: Marker,
    branch: &'a str,
}

impl Showing<'_> {
    async fn perform(&self) -> Result<Settled, Error> {
        for _ in 0..LOOKS_MAX {
            let there = self.find().await?;
            let found = there.as_ref().map(|pull| self.read(pull));
            let actions = plan_pull(&self.pull, (self.want, &self.marker), found.as_ref());
            // Whether it is a draft cannot be changed everywhere: that is tried once.
            let is_last = actions.iter().all(|action| matches!(action, PullAction::Turn(..)));
            for action in actions {
                self.act(action, there.as_ref()).await?;
            }
            if is_last {
                return Ok(self.shows(there));
            }
        }
        Err(Error::Unreachable("somebody changes the same pull request all the time".into()))
    }

    fn shows(&self, there: Option<crew_github::Pull>) -> Settled {
        let number = there.as_ref().map(|pull| pull.number);
        let url = there.map(|pull| pull.html_url).filter(|url| url.starts_with("https://"));
        Settled::Pulled { number, url, body: Digest::of(&self.want.body) }
    }

    /// The open one of our branch, or else the newest.
    async fn find(&self) -> Result<Option<crew_github::Pull>, Error> {
        let mut all = self.connection.client.pulls_of(self.branch).await?;
        let open = all.iter().position(|pull| pull.state == "open").unwrap_or(0);
        Ok((!all.is_empty()).then(|| all.swap_remove(open)))
    }

    fn read(&self, pull: &crew_github::Pull) -> FoundPull {
        let body = pull.body.clone().unwrap_or_default();
        let body = Marker::read(&self.marker.home, &body).map_or(body, |(_, above)| above);
        FoundPull {
            number: pull.number,
            title: pull.title.clone(),
            body,
            is_open: pull.state == "open",
            is_draft: pull.draft,
            base: pull.base.name.clone(),
        }
    }

    async fn act(
        &self,
        action: PullAction,
        there: Option<&crew_github::Pull>,
    ) -> Result<(), Error> {
        let client = &self.connection.client;
        match action {
            PullAction::Open { title, body, base } => self.open(title, body, base).await,
            PullAction::Retarget(number, base) => {
                client.edit_pull(number, &json!({ "base": base })).await.map(drop)
            }
            PullAction::Title(number, title) => {
                client.edit_pull(number, &json!({ "title": title })).await.map(drop)
            }
            PullAction::Body(number, body) => {
                client.edit_pull(number, &json!({ "body": body })).await.map(drop)
            }
            PullAction::Close(number) => {
                client.edit_pull(number, &json!({ "state": "closed" })).await.map(drop)
            }
            PullAction::Turn(_, how) => {
                let Some(pull) = there else { return Ok(()) };
                let turned = match how {
                    ShownAs::Ready => client.mark_ready(pull).await,
                    ShownAs::Draft => client.mark_draft(pull).await,
                    ShownAs::Closed => Ok(()),
                };
                match turned {
                    // Not every repository may have drafts; the text says how it is.
                    Err(Error::Refused { .. } | Error::Forbidden(_)) => Ok(()),
                    turned => turned,
                }
            }
        }
    }

    async fn open(&self, title: String, body: String, base: String) -> Result<(), Error> {
        let head = self.branch.to_owned();
        let draft = self.want.shown.how == ShownAs::Draft;
        let new = NewPull { title, body, head, base, draft };
        let client = &self.connection.client;
        match client.open_pull(&new).await {
            Err(Error::Refused { status: 422, message }) if message.contains("raft") => {
                client.open_pull(&NewPull { draft: false, ..new }).await.map(drop)
            }
            opened => opened.map(drop),
        }
    }
}
