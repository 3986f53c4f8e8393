//! Time as a number that is handed in. Nothing in this crate asks a clock.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// `n` seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// `n` minutes.
    pub const fn minutes(n: u64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// `n` hours.
    pub const fn hours(n: u64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }
}

impl Time {
    /// How long after `earlier` this is; zero if the clock went back.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// How long the day (UTC) has lasted.
    pub fn since_midnight(self) -> Millis {
        Millis(self.0 % Millis::hours(24).0)
    }

    /// The day (UTC, counted from 1970-01-01) that budgets per day refer to.
    pub fn day(self) -> u64 {
        self.0 / Millis::hours(24).0
    }
}

impl Add<Millis> for Time {
    type Output = Self;

    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Add for Millis {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub<Millis> for Time {
    type Output = Self;

    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

impl fmt::Display for Millis {
    /// Two units at most: `850 ms`, `12 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        let pair = |f: &mut fmt::Formatter<'_>, big: (u64, &str), small: (u64, &str)| {
            write!(f, "{} {}", big.0, big.1)?;
            if small.0 > 0 { write!(f, " {} {}", small.0, small.1) } else { Ok(()) }
        };
        match seconds {
            0 => write!(f, "{} ms", self.0),
            1..60 => write!(f, "{seconds} s"),
            60..3_600 => pair(f, (seconds / 60, "min"), (seconds % 60, "s")),
            3_600..86_400 => pair(f, (seconds / 3_600, "h"), (seconds % 3_600 / 60, "min")),
            _ => pair(f, (seconds / 86_400, "d"), (seconds % 86_400 / 3_600, "h")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_prints_in_at_most_two_units() {
        let check = |length: Millis, expect: &str| assert_eq!(length.to_string(), expect);
        check(Millis(850), "850 ms");
        check(Millis::seconds(12), "12 s");
        check(Millis::seconds(250), "4 min 10 s");
        check(Millis::minutes(120), "2 h");
        check(Millis::minutes(185), "3 h 5 min");
        check(Millis::hours(52), "2 d 4 h");
    }

    #[test]
    fn a_clock_that_went_back_gives_no_negative_length() {
        assert_eq!(Time(5).since(Time(9)), Millis(0));
    }
}
