//! What is spent, and the purses that it comes from, besides the one of each task.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run::Run;
use crate::team::{Allowance, Amount};
use crate::{Millis, RoleName, Time};

/// Where something comes from that is spent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "purse", rename_all = "snake_case")]
pub enum Purse {
    /// What the project may spend in a day (UTC).
    Day,
    /// What a role may spend in a day.
    Role {
        /// Which.
        role: RoleName,
    },
    /// What the project may spend at all.
    Project,
}

impl Purse {
    /// The purses that pay for a run.
    pub fn of(run: &Run) -> [Self; 3] {
        [Self::Day, Self::Role { role: run.role.clone() }, Self::Project]
    }

    /// Whether it pays for a run of its project.
    pub fn pays_for(&self, run: &Run) -> bool {
        match self {
            Self::Day | Self::Project => true,
            Self::Role { role } => *role == run.role,
        }
    }

    /// Whether it is full again at midnight.
    pub fn is_daily(&self) -> bool {
        match self {
            Self::Day | Self::Role { .. } => true,
            Self::Project => false,
        }
    }
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens and money.
    #[serde(flatten)]
    pub amount: Amount,
    /// Starts of agents.
    #[serde(default)]
    pub runs: u32,
    /// For how long agents worked.
    #[serde(default)]
    pub time: Millis,
}

impl Spent {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            amount: self.amount.plus(other.amount),
            runs: self.runs.saturating_add(other.runs),
            time: self.time + other.time,
        }
    }

    /// Whether so much may be spent, if as much as is allowed was allowed so many times.
    pub fn fits(self, allowed: Allowance, times: u32) -> bool {
        let n = u64::from(times);
        let Allowance { tokens, cost, runs, time } = allowed;
        tokens.is_none_or(|most| self.amount.tokens <= most.saturating_mul(n))
            && cost.is_none_or(|most| self.amount.cost.0 <= most.0.saturating_mul(n))
            && runs.is_none_or(|most| self.runs <= most.saturating_mul(times))
            && time.is_none_or(|most| self.time.0 < most.0.saturating_mul(n))
    }
}

/// What a project spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// The day, see [`Time::day`].
    pub day: u64,
    /// In that day.
    #[serde(rename = "spent")]
    pub today: Spent,
    /// In that day, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleName, Spent>,
    /// Ever.
    #[serde(default)]
    pub ever: Spent,
    /// The purses that the human has filled again: those of a day for that day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filled: Vec<Purse>,
}

impl Spending {
    /// What was taken out of a purse. A clock that was put back over midnight does not fill it.
    pub fn of(&self, purse: &Purse, now: Time) -> Spent {
        match purse {
            Purse::Project => self.ever,
            Purse::Day if self.holds(now) => self.today,
            Purse::Role { role } if self.holds(now) => {
                self.roles.get(role).copied().unwrap_or_default()
            }
            Purse::Day | Purse::Role { .. } => Spent::default(),
        }
    }

    /// How many times as much as is allowed may be taken out of a purse.
    pub fn times(&self, purse: &Purse, now: Time) -> u32 {
        let counts = |filled: &&Purse| *filled == purse && (!purse.is_daily() || self.holds(now));
        1 + u32::try_from(self.filled.iter().filter(counts).count()).unwrap_or(u32::MAX - 1)
    }

    fn holds(&self, now: Time) -> bool {
        self.day == now.day() || self.day == now.day() + 1
    }

    fn turn_over(&mut self, now: Time) {
        if !self.holds(now) {
            self.day = now.day();
            self.today = Spent::default();
            self.roles.clear();
            self.filled.retain(|purse| !purse.is_daily());
        }
    }

    /// Takes down what an agent of a role has spent until now.
    pub fn add(&mut self, role: &RoleName, spent: Spent, now: Time) {
        self.turn_over(now);
        self.ever = self.ever.plus(spent);
        let of_today = Spent { time: spent.time.min(now.since_midnight()), ..spent };
        self.today = self.today.plus(of_today);
        let of_role = self.roles.entry(role.clone()).or_default();
        *of_role = of_role.plus(of_today);
    }

    /// The human fills a purse once more.
    pub fn fill(&mut self, purse: Purse, now: Time) {
        self.turn_over(now);
        self.filled.push(purse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = Millis::hours(24).0;

    #[test]
    fn what_was_spent_yesterday_does_not_count_and_midnight_divides_time() {
        let role: RoleName = "dev".parse().unwrap();
        let mut spending = Spending::default();
        let runs = |n| Spent { runs: n, time: Millis::hours(3), ..Spent::default() };
        spending.add(&role, runs(1), Time(DAY + Millis::hours(20).0));
        spending.fill(Purse::Day, Time(DAY + Millis::hours(20).0));
        spending.fill(Purse::Project, Time(DAY + Millis::hours(20).0));
        let evening = Time(DAY + Millis::hours(23).0);
        assert_eq!(spending.of(&Purse::Day, evening), runs(1));
        assert_eq!(spending.times(&Purse::Day, evening), 2);
        let night = Time(2 * DAY + Millis::hours(1).0);
        assert_eq!(spending.of(&Purse::Day, night), Spent::default());
        assert_eq!(spending.times(&Purse::Day, night), 1);
        spending.add(&role, runs(1), night);
        let of_role = spending.of(&Purse::Role { role }, night);
        assert_eq!(of_role, Spent { time: Millis::hours(1), ..runs(1) });
        assert_eq!(spending.of(&Purse::Project, night), runs(1).plus(runs(1)));
        assert_eq!(spending.times(&Purse::Project, night), 2);
        assert_eq!(spending.of(&Purse::Day, evening), of_role, "the clock was put back");
    }

    #[test]
    fn what_was_written_down_before_there_were_more_purses_is_read() {
        let text = r#"{"day":3,"spent":{"tokens":5,"cost":7}}"#;
        let spending: Spending = serde_json::from_str(text).unwrap();
        assert_eq!((spending.today.amount.tokens, spending.today.runs), (5, 0));
        let again: Spending =
            serde_json::from_str(&serde_json::to_string(&spending).unwrap()).unwrap();
        assert_eq!(again, spending);
    }
}
