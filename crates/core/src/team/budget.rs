//! What may be spent.

use serde::{Deserialize, Serialize};

use crate::{Micros, Millis};

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens of every kind.
    pub tokens: u64,
    /// Money by list price.
    pub cost: Micros,
}

/// What may be spent by many runs; what is not given is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Tokens of every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money by list price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Micros>,
    /// Starts of agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// For how long agents may work, all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Millis>,
}

/// What may be spent. Each start of an agent reserves the cap of its run first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// By one run.
    pub run: Amount,
    /// By one task.
    pub task: Amount,
    /// By the project in one day (UTC).
    pub day: Amount,
    /// Starts of agents in one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_runs: Option<u32>,
    /// For how long agents may work in one day, all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_time: Option<Millis>,
    /// By the project, as long as it lives.
    #[serde(default)]
    pub project: Allowance,
    /// Starts of agents for one task.
    pub task_runs: u32,
    /// For how long agents may work on one task, all together.
    #[serde(default = "task_time")]
    pub task_time: Millis,
}

/// What a budget allows that was written down before there was such a bound.
fn task_time() -> Millis {
    Millis::hours(24)
}
