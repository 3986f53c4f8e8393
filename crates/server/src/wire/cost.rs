//! What was spent, and on what.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Amount, Usage};

/// `GET /api/costs`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Costs {
    /// Position in the journal.
    pub seq: u64,
    /// The daemon's clock.
    pub now: u64,
    /// Spent within the last hour.
    pub hour: Amount,
    /// Spent today (UTC).
    pub today: Amount,
    /// What may be spent in a day, where it is of one project.
    pub budget_day: Option<Amount>,
    /// By the day (UTC) on which a run was created, the newest first.
    pub days: Vec<Share>,
    /// By role, the most expensive first.
    pub roles: Vec<Share>,
    /// By provider, the most expensive first.
    pub providers: Vec<Share>,
    /// By stage, the most expensive first.
    pub stages: Vec<Share>,
    /// The most expensive tasks.
    pub tasks: Vec<Share>,
}

/// A part of what was spent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// What it is for: a name, a number of a task, or a day as milliseconds.
    pub name: String,
    /// How many runs.
    pub runs: u64,
    /// What they consumed.
    pub spent: Usage,
}

/// `GET /api/costs?…`
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CostQuery {
    /// Of this project.
    #[serde(default)]
    pub project: Option<u64>,
}
