//! What was spent, and on what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use crew_core::run::Run;
use crew_core::{ProjectId, Refusal, Usage};

use crate::app::Shared;
use crate::error::ApiError;
use crate::extract::Params;
use crate::wire::{Amount, CostQuery, Costs, Share};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Most tasks and days of an answer.
const ROWS_MAX: usize = 60;

/// What was spent, and on what.
#[utoipa::path(
    get,
    path = "/costs",
    operation_id = "cost_list",
    tag = "cost",
    params(CostQuery),
    responses((status = 200, body = Costs))
)]
pub(super) async fn list(
    State(app): Shared,
    Params(CostQuery { project }): Params<CostQuery>,
) -> Result<Json<Costs>, ApiError> {
    let project = project.map(ProjectId);
    let hour = app.hour(project).await?;
    let now = app.handle.now();
    app.handle.read(|state| {
        let of = |run: &&Run| project.is_none_or(|project| run.project == project);
        let runs: Vec<&Run> = state.runs.values().filter(of).collect();
        let budget_day = match project {
            Some(id) => {
                let project = state.projects.get(&id).ok_or(Refusal::NoProject(id))?;
                Some(project.team.budget.day.into())
            }
            None => None,
        };
        let projects = state.projects.values().filter(|it| project.is_none_or(|id| it.id == id));
        let today = projects.fold(Amount::default(), |sum, project| {
            let today = Amount::from(state.spent_today(project.id, now));
            Amount {
                tokens: sum.tokens.saturating_add(today.tokens),
                cost_micros: sum.cost_micros.saturating_add(today.cost_micros),
            }
        });
        let mut days = shares(&runs, |run| run.queued_at.0 / DAY_MS * DAY_MS);
        days.sort_by(|a, b| b.name.cmp(&a.name));
        days.truncate(ROWS_MAX);
        let mut tasks = shares(&runs, |run| run.task.0);
        tasks.truncate(ROWS_MAX);
        Ok(Json(Costs {
            seq: state.meta.seq.0,
            now: now.0,
            hour,
            today,
            budget_day,
            days,
            roles: shares(&runs, |run| run.role.to_string()),
            providers: shares(&runs, |run| run.provider.to_string()),
            stages: shares(&runs, |run| run.stage.to_string()),
            tasks,
        }))
    })
}

/// Runs by what they have in common, the most expensive first.
fn shares<K: Ord + ToString>(runs: &[&Run], key: impl Fn(&Run) -> K) -> Vec<Share> {
    let mut sums: BTreeMap<K, (u64, Usage)> = BTreeMap::new();
    for run in runs {
        let (count, spent) = sums.entry(key(run)).or_default();
        *count += 1;
        *spent += run.spent;
    }
    let share = |(key, (runs, spent)): (K, (u64, Usage))| Share {
        name: key.to_string(),
        runs,
        spent: spent.into(),
    };
    let mut shares: Vec<Share> = sums.into_iter().map(share).collect();
    shares.sort_by_key(|share| Reverse((share.spent.cost_micros, share.spent.tokens)));
    shares
}
