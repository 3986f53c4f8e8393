//! Hours of the day, every day the same: `22:00-07:00 +01:00`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Millis, Time};

const DAY: u32 = 24 * 60;

/// From one time of day to another, which may be on the next day, by a clock that is so much ahead
/// of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The first minute of the day.
    from: u32,
    /// The first minute after.
    to: u32,
    /// Minutes that the clock is ahead of UTC.
    ahead: i32,
}

/// Why a text names no hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no hours")]
pub struct BadHours(String);

impl Hours {
    /// When they end, if the moment is in them.
    pub fn end(self, now: Time) -> Option<Time> {
        let day = Millis::hours(24).0;
        let ahead = u64::from(self.ahead.unsigned_abs()) * 60_000;
        let there = if self.ahead < 0 { now.0 + day - ahead } else { now.0 + ahead };
        let of_day = there % day;
        let (from, to) = (u64::from(self.from) * 60_000, u64::from(self.to) * 60_000);
        let left = (to + day - of_day) % day;
        let length = (to + day - from) % day;
        (left > 0 && left <= length).then_some(Time(now.0 + left))
    }
}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let read = || {
            let (hours, ahead) = text.split_once(' ').unwrap_or((text, "+00:00"));
            let (from, to) = hours.split_once('-')?;
            let sign = if ahead.starts_with('-') { -1 } else { 1 };
            let ahead = minutes(ahead.strip_prefix(['+', '-'])?)?;
            let (from, to) = (minutes(from)?, minutes(to)?);
            let ahead = sign * i32::try_from(ahead).ok()?;
            (from != to && ahead.abs() <= 14 * 60).then_some(Self { from, to, ahead })
        };
        read().ok_or_else(|| BadHours(text.to_owned()))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let sign = if self.ahead < 0 { '-' } else { '+' };
        let ahead = clock(self.ahead.unsigned_abs());
        write!(f, "{}-{} {sign}{ahead}", clock(self.from), clock(self.to))
    }
}

/// Minutes since midnight.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| (text.len() <= 2).then(|| text.parse::<u32>().ok())?;
    let all = two(hours)? * 60 + two(minutes).filter(|minutes| *minutes < 60)?;
    (all < DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_over_midnight_and_round_the_world() {
        let minute = |text: &str| {
            Time(Millis::hours(20_000 * 24).0 + u64::from(minutes(text).unwrap()) * 60_000)
        };
        let check = |hours: &str, now: &str, left: Option<u64>| {
            let now = minute(now);
            let end = hours.parse::<Hours>().unwrap().end(now);
            assert_eq!(end.map(|end| end.since(now).0 / 60_000), left, "{hours} at {now:?}");
        };
        check("22:00-07:00", "21:59", None);
        check("22:00-07:00", "22:00", Some(540));
        check("22:00-07:00", "06:59", Some(1));
        check("22:00-07:00", "07:00", None);
        check("09:00-17:00", "12:00", Some(300));
        check("22:00-07:00 +02:00", "20:00", Some(540));
        check("22:00-07:00 -05:00", "03:00", Some(540));
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        for text in
            ["", "22-7", "22:00", "25:00-07:00", "22:00-22:00", "22:00-07:00 CET", "1:60-2:00"]
        {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
        let text = "22:00-07:00 -05:30";
        assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
    }
}
