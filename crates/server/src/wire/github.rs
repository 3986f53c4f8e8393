//! How a project's connection with GitHub is doing.

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
    /// Whose issues, labels and comments count.
    pub trusted: Vec<String>,
    /// Whose token it is, once GitHub said so.
    pub viewer: Option<String>,
    /// When GitHub last answered whether something is new.
    pub asked_at: Option<u64>,
    /// Why it did not answer when it was asked last.
    pub trouble: Option<String>,
    /// How much was asked since the daemon started.
    pub calls: GithubCalls,
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

impl Github {
    pub(crate) fn of(state: &State, project: &project::Project, report: GithubReport) -> Self {
        let policy = project.team.github.as_ref();
        let GithubReport { viewer, asked_at, trouble, calls } = report;
        Self {
            seq: state.meta.seq.0,
            repository: policy.map(|policy| policy.repository.clone()),
            trusted: policy.into_iter().flat_map(|p| p.trusted.iter().cloned()).collect(),
            viewer,
            asked_at: asked_at.map(|at| at.0),
            trouble,
            calls: GithubCalls {
                sent: calls.sent,
                unchanged: calls.unchanged,
                limited: calls.limited,
                remaining: calls.remaining,
                not_before: calls.not_before.map(|at| at.0),
            },
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
