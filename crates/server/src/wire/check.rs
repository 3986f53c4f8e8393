//! What a task has to pass, as the dots of its card.

use crew_core::github::{CheckState as Seen, SeenCheck};
use crew_core::judged::{GateResult, Judged, Mark, Standing, marks};
use crew_core::team::Gate;
use crew_core::{State, task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that a task has to pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What kind.
    pub kind: CheckKind,
    /// What it is called: a check by its name, a verdict by its role.
    pub name: String,
    /// The stage whose gate it is; null for checks on GitHub.
    pub stage: Option<String>,
    /// How it stands.
    pub state: CheckState,
    /// The exact commit that it was last said about.
    pub commit: Option<String>,
    /// When it was last said. What Crewhouse remarked then has the output.
    pub at: Option<u64>,
    /// The run of whoever judged.
    pub run: Option<u64>,
}

/// What has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A command of ours.
    Check,
    /// The judgement of another agent.
    Verdict,
    /// The approval of the human.
    Approval,
    /// Bringing it to the base branch, once that did not succeed.
    Merge,
    /// Checks that GitHub runs on the pull request.
    Ci,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// It was not asked yet, or will be asked again.
    Ahead,
    /// It is being found out.
    Running,
    /// It waits for the human.
    Waits,
    /// It may go on.
    Passed,
    /// It was sent back.
    Failed,
    /// It did not run to its end, which is not green.
    NotRun,
}

impl Check {
    /// All of a task's, in the order of the pipeline, and at the end those of GitHub.
    pub(crate) fn all(state: &State, task: &task::Task) -> Vec<Self> {
        let Some(project) = state.projects.get(&task.project) else { return Vec::new() };
        marks(&project.team, task).iter().map(Self::from).chain(ci(task)).collect()
    }
}

impl From<&Mark<'_>> for Check {
    fn from(mark: &Mark<'_>) -> Self {
        let (kind, name) = match mark.gate {
            Some(gate @ Gate::Check { .. }) => (CheckKind::Check, gate.label()),
            Some(gate @ Gate::Verdict(_)) => (CheckKind::Verdict, gate.label()),
            Some(gate @ Gate::Human) => (CheckKind::Approval, gate.label()),
            None => (CheckKind::Merge, judged_name(mark.last)),
        };
        let state = match mark.standing {
            Standing::Ahead => CheckState::Ahead,
            Standing::Running => CheckState::Running,
            Standing::Waits => CheckState::Waits,
            Standing::Judged(GateResult::Passed) => CheckState::Passed,
            Standing::Judged(GateResult::Failed) => CheckState::Failed,
            Standing::Judged(GateResult::NotRun) => CheckState::NotRun,
        };
        let last = mark.last;
        Self {
            kind,
            name: name.to_owned(),
            stage: Some(mark.stage.to_string()),
            state,
            commit: last.and_then(|it| it.commit.as_ref()).map(ToString::to_string),
            at: last.map(|it| it.at.0),
            run: last.and_then(|it| it.run).map(|run| run.0),
        }
    }
}

fn judged_name(last: Option<&Judged>) -> &str {
    last.map_or("", |judged| judged.gate.as_str())
}

/// All checks on GitHub of the commit that the pull request shows, as one.
fn ci(task: &task::Task) -> Option<Check> {
    let pull = task.pull.as_ref()?;
    let shown = pull.agreed.as_ref()?;
    Some(Check {
        kind: CheckKind::Ci,
        name: "GitHub".to_owned(),
        stage: None,
        state: together(&pull.checks)?,
        commit: Some(shown.commit.to_string()),
        at: None,
        run: None,
    })
}

/// Red as soon as one is, green when none is left. None that says nothing says nothing.
fn together(checks: &[SeenCheck]) -> Option<CheckState> {
    let some = |state| checks.iter().any(|check| check.state == state);
    let states = [
        (Seen::Failed, CheckState::Failed),
        (Seen::Pending, CheckState::Running),
        (Seen::Passed, CheckState::Passed),
    ];
    states.into_iter().find(|(seen, _)| some(*seen)).map(|(_, state)| state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_checks_are_one_dot() {
        let check = |seen: &[Seen], expect: Option<CheckState>| {
            let seen = seen.iter().map(|state| SeenCheck {
                name: "test".into(),
                state: *state,
                url: None,
            });
            assert_eq!(together(&seen.collect::<Vec<_>>()), expect);
        };
        check(&[], None);
        check(&[Seen::Neutral], None);
        check(&[Seen::Neutral, Seen::Passed], Some(CheckState::Passed));
        check(&[Seen::Passed, Seen::Pending], Some(CheckState::Running));
        check(&[Seen::Pending, Seen::Failed, Seen::Passed], Some(CheckState::Failed));
    }
}
