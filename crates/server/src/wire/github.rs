//! How a project's connection with GitHub is doing.

use crew_core::github::{CheckState, Pull, ReviewVerdict, ShownAs, There};
use crew_core::{Effect, State, project};
use crew_engine::GithubReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/projects/{id}/github`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Github {
    /// Position in the journal.
    pub seq: u64,
    /// `owner/name`; null when the project is not connected.
    pub repository: Option<String>,
    /// `owner/name` of the repository whose issues are tasks; null when it is the same.
    pub issues: Option<String>,
    /// Whose issues, labels and comments count.
    pub trusted: Vec<String>,
    /// Whose token it is, once GitHub said so.
    pub viewer: Option<String>,
    /// When GitHub last answered whether something is new.
    pub asked_at: Option<u64>,
    /// Why it did not answer when it was asked last.
    pub trouble: Option<String>,
    /// How much was asked with this token since the daemon started.
    pub calls: GithubCalls,
    /// Other projects that ask with the same token, and share its limits.
    pub shared_with: Vec<String>,
    /// When its webhook delivered last.
    pub delivered_at: Option<u64>,
    /// Why its webhook is off, if it should be on.
    pub webhook_trouble: Option<String>,
    /// What GitHub does not say yet, in the order in which it is told.
    pub pending: Vec<GithubPending>,
}

/// How much was asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GithubCalls {
    /// Requests.
    pub sent: u64,
    /// Those of them that found nothing new, which GitHub does not count.
    pub unchanged: u64,
    /// Those of them that ran into a limit.
    pub limited: u64,
    /// Calls that are left in this hour.
    pub remaining: Option<u64>,
    /// Calls that an hour has.
    pub limit: Option<u64>,
    /// When the next hour begins.
    pub resets_at: Option<u64>,
    /// When nothing is asked before.
    pub not_before: Option<u64>,
}

/// A task about which GitHub does not say what the board says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GithubPending {
    /// The task.
    pub task: u64,
    /// Its issue, if there is one.
    pub issue: Option<u64>,
    /// Its pull request, if there is one.
    pub pull: Option<u64>,
    /// Why GitHub refused; null when it is only to be told.
    pub why: Option<String>,
}

/// How a task's pull request is on GitHub, as far as it was heard.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PullView {
    /// How it is.
    pub state: PullState,
    /// The task whose pull request it is on top of.
    pub on: Option<u64>,
    /// Checks of the commit that it shows, by name.
    pub checks: Vec<PullCheck>,
    /// What those who count say about that commit.
    pub reviews: Vec<PullReview>,
}

/// How a pull request is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// It asks for nobody's review yet.
    Draft,
    /// It asks for reviews.
    Ready,
    /// It was closed.
    Closed,
    /// It was merged there.
    Merged,
}

/// A check on GitHub.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PullCheck {
    /// What it is called.
    pub name: String,
    /// How it is.
    pub state: PullCheckState,
    /// Where people see it.
    pub url: Option<String>,
}

/// How a check on GitHub is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullCheckState {
    /// It has not ended.
    Pending,
    /// It is content.
    Passed,
    /// It is not.
    Failed,
    /// It says neither.
    Neutral,
}

/// A review of a pull request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PullReview {
    /// Whose.
    pub by: String,
    /// What it comes to.
    pub verdict: PullVerdict,
}

/// What a review comes to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullVerdict {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// Neither.
    Commented,
}

impl PullView {
    /// Of one that was opened.
    pub(crate) fn of(pull: &Pull) -> Option<Self> {
        pull.number?;
        let shown = pull.agreed.as_ref();
        let state = match (&pull.there, shown.map(|shown| shown.how)) {
            (There::Merged { .. }, _) => PullState::Merged,
            (There::Closed, _) | (There::Open, Some(ShownAs::Closed)) => PullState::Closed,
            (There::Open, Some(ShownAs::Ready)) => PullState::Ready,
            (There::Open, Some(ShownAs::Draft) | None) => PullState::Draft,
        };
        let checks = pull.checks.iter().map(|check| PullCheck {
            name: check.name.clone(),
            state: match check.state {
                CheckState::Pending => PullCheckState::Pending,
                CheckState::Passed => PullCheckState::Passed,
                CheckState::Failed => PullCheckState::Failed,
                CheckState::Neutral => PullCheckState::Neutral,
            },
            url: check.url.clone().filter(|url| url.starts_with("https://")),
        });
        let reviews = pull.reviews.iter().map(|(by, verdict)| PullReview {
            by: by.clone(),
            verdict: match verdict {
                ReviewVerdict::Approved => PullVerdict::Approved,
                ReviewVerdict::ChangesRequested => PullVerdict::ChangesRequested,
                ReviewVerdict::Commented => PullVerdict::Commented,
            },
        });
        Some(Self {
            state,
            on: shown.and_then(|shown| shown.on).map(|task| task.0),
            checks: checks.collect(),
            reviews: reviews.collect(),
        })
    }
}

impl Github {
    pub(crate) fn of(state: &State, project: &project::Project, report: GithubReport) -> Self {
        let policy = project.team.github.as_ref();
        let GithubReport {
            viewer,
            asked_at,
            trouble,
            calls,
            shared_with,
            delivered_at,
            webhook_trouble,
        } = report;
        let others = shared_with.iter().filter_map(|id| state.projects.get(id));
        Self {
            seq: state.meta.seq.0,
            repository: policy.map(|policy| policy.repository.clone()),
            issues: policy.and_then(|policy| policy.issues.clone()),
            trusted: policy.into_iter().flat_map(|p| p.trusted.iter().cloned()).collect(),
            viewer,
            asked_at: asked_at.map(|at| at.0),
            trouble,
            calls: GithubCalls {
                sent: calls.sent,
                unchanged: calls.unchanged,
                limited: calls.limited,
                remaining: calls.remaining,
                limit: calls.limit,
                resets_at: calls.resets_at.map(|at| at.0),
                not_before: calls.not_before.map(|at| at.0),
            },
            shared_with: others.map(|project| project.name.clone()).collect(),
            delivered_at: delivered_at.map(|at| at.0),
            webhook_trouble,
            pending: pending(state, project),
        }
    }
}

fn pending(state: &State, project: &project::Project) -> Vec<GithubPending> {
    let told = state.outbox.values().filter_map(|effect| match effect {
        Effect::Publish { task, .. } | Effect::Pull { task, .. } => {
            state.tasks.get(task).map(|task| (task, None))
        }
        Effect::Start { .. }
        | Effect::Stop { .. }
        | Effect::Interrupt { .. }
        | Effect::Send { .. }
        | Effect::Tell { .. }
        | Effect::Remind { .. }
        | Effect::Reply { .. }
        | Effect::Save { .. }
        | Effect::Combine { .. }
        | Effect::Check { .. }
        | Effect::Merge { .. }
        | Effect::Release { .. } => None,
    });
    let refused = state.tasks.values().filter_map(|task| {
        let (_, why) = task.link.as_ref()?.trouble.as_ref()?;
        Some((task, Some(why.clone())))
    });
    let not_shown = state.tasks.values().filter_map(|task| {
        let (_, why) = task.pull.as_ref()?.trouble.as_ref()?;
        Some((task, Some(why.clone())))
    });
    let its = told.chain(refused).chain(not_shown).filter(|(task, _)| task.project == project.id);
    its.map(|(task, why)| GithubPending {
        task: task.id.0,
        issue: task.link.as_ref().and_then(|link| link.issue),
        pull: task.pull.as_ref().and_then(|pull| pull.number),
        why,
    })
    .collect()
}
