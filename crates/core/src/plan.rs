//! How much of what was paid for is used up, as a provider says it.

use serde::{Deserialize, Serialize};

use crate::{Millis, Time};

/// A period of a plan, such as five hours or a week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWindow {
    /// Its length, `5 h`, or what the provider calls it.
    pub name: String,
    /// How much of it is used up.
    pub percent: u32,
    /// When all of it is there again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets: Option<Time>,
}

impl PlanWindow {
    /// A period of that length.
    pub fn of(length: Millis, percent: u32, resets: Option<Time>) -> Self {
        Self { name: length.to_string(), percent, resets }
    }

    /// Whether what was said of it still holds.
    pub fn holds(&self, now: Time) -> bool {
        self.resets.is_none_or(|resets| resets > now)
    }
}

/// The plan of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// When it was said.
    pub at: Time,
    /// Its periods.
    pub windows: Vec<PlanWindow>,
}
