//! Limits: when nothing may be asked, and how much was asked.
//!
//! One refusal closes the gate for everybody who uses the token. Asking into a closed gate costs
//! nothing and reaches nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crew_core::{Millis, Time};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::error::{Error, Limited};

/// Where GitHub names no time, the first wait; it doubles with each refusal in a row.
const PAUSE: Millis = Millis::minutes(1);
/// No wait is longer, whatever a header says: the hour's calls come back within it.
const PAUSE_MAX: Millis = Millis::minutes(61);

/// How much was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Requests that were sent.
    pub sent: u64,
    /// Those of them that found nothing new, which GitHub does not count.
    pub unchanged: u64,
    /// Those of them that ran into a limit.
    pub limited: u64,
    /// Calls that are left in this hour, as GitHub said last.
    pub remaining: Option<u64>,
    /// Calls that an hour has.
    pub limit: Option<u64>,
    /// When the next hour begins.
    pub resets_at: Option<Time>,
    /// When nothing may be asked before.
    pub not_before: Option<Time>,
}

/// Whether something may be asked.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    calls: Calls,
    why: Option<Limited>,
    refusals: u32,
}

/// What the headers of an answer say about limits.
pub(crate) struct Said {
    retry_after: Option<Millis>,
    remaining: Option<u64>,
    limit: Option<u64>,
    /// GraphQL has an hour of its own, which says nothing about this one.
    is_rest: bool,
    reset: Option<Millis>,
}

impl Said {
    /// Times are taken relative to GitHub's own clock, since ours may be wrong.
    pub(crate) fn of(headers: &HeaderMap, now: Time) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let date = |name: &str| moment(headers.get(name)?.to_str().ok()?);
        let theirs = date("date").unwrap_or(now);
        let retry_after = number("retry-after")
            .map(Millis::seconds)
            .or_else(|| date("retry-after").map(|at| at.since(theirs)));
        let reset =
            number("x-ratelimit-reset").map(|at| Time(at.saturating_mul(1_000)).since(theirs));
        let (remaining, limit) = (number("x-ratelimit-remaining"), number("x-ratelimit-limit"));
        let resource = headers.get("x-ratelimit-resource");
        let is_rest = resource.is_none_or(|resource| resource == "core");
        Self { retry_after, remaining, limit, is_rest, reset }
    }

    /// Which limit a refusal is, if it is one. GitHub uses 403 for limits and for missing rights.
    pub(crate) fn limit(&self, status: StatusCode, message: &str) -> Option<Limited> {
        if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
            return None;
        }
        let message = message.to_ascii_lowercase();
        let is_pace = self.retry_after.is_some()
            || message.contains("secondary rate limit")
            || message.contains("abuse detection");
        match self.remaining {
            _ if is_pace => Some(Limited::Pace),
            Some(0) => Some(Limited::Hour),
            _ => (status == StatusCode::TOO_MANY_REQUESTS).then_some(Limited::Pace),
        }
    }
}

fn moment(text: &str) -> Option<Time> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    u64::try_from(at.timestamp().as_millisecond()).ok().map(Time)
}

impl Gate {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> Calls {
        self.inside().calls
    }

    /// Lets a request through, or says when it may come again.
    pub(crate) fn pass(&self, now: Time) -> Result<(), Error> {
        let mut inside = self.inside();
        match (inside.calls.not_before, inside.why) {
            // A gate that is closed for longer than any is: the clock went back.
            (Some(until), Some(why)) if now < until && until.since(now) <= PAUSE_MAX => {
                Err(Error::NotBefore { until, why })
            }
            _ => {
                (inside.calls.not_before, inside.why) = (None, None);
                inside.calls.sent += 1;
                Ok(())
            }
        }
    }

    /// An answer that is no refusal.
    pub(crate) fn served(&self, said: &Said, is_unchanged: bool, now: Time) {
        let mut inside = self.inside();
        inside.refusals = 0;
        inside.calls.unchanged += u64::from(is_unchanged);
        inside.hear(said, now);
        if said.remaining == Some(0)
            && let Some(reset) = said.reset
        {
            inside.close(now + reset.min(PAUSE_MAX), Limited::Hour);
        }
    }

    /// An answer that is a limit.
    pub(crate) fn refused(&self, said: &Said, why: Limited, now: Time) -> Error {
        let mut inside = self.inside();
        inside.calls.limited += 1;
        inside.hear(said, now);
        let guess = Millis(PAUSE.0 << inside.refusals.min(6));
        inside.refusals += 1;
        let told = match why {
            Limited::Pace => said.retry_after,
            Limited::Hour => said.reset,
        };
        let until = now + told.unwrap_or(guess).min(PAUSE_MAX).max(Millis::seconds(1));
        inside.close(until, why);
        Error::NotBefore { until, why }
    }
}

impl Inside {
    /// How much is left of the hour.
    fn hear(&mut self, said: &Said, now: Time) {
        if said.is_rest {
            let calls = &mut self.calls;
            calls.remaining = said.remaining.or(calls.remaining);
            calls.limit = said.limit.or(calls.limit);
            calls.resets_at = said.reset.map(|reset| now + reset).or(calls.resets_at);
        }
    }

    fn close(&mut self, until: Time, why: Limited) {
        (self.calls.not_before, self.why) = (Some(until), Some(why));
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn said(headers: &[(&'static str, &str)]) -> Said {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        Said::of(&headers.collect(), NOW)
    }

    fn wait(headers: &[(&'static str, &str)], status: u16, message: &str) -> Option<u64> {
        let (said, gate) = (said(headers), Gate::default());
        let why = said.limit(StatusCode::from_u16(status).unwrap(), message)?;
        match gate.refused(&said, why, NOW) {
            Error::NotBefore { until, .. } => Some(until.since(NOW).0 / 1_000),
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_limit_says_when_to_come_again() {
        let check = |expect, headers: &[_], status, message| {
            assert_eq!(wait(headers, status, message), expect, "{headers:?} {status} {message}");
        };
        check(Some(7), &[("retry-after", "7")], 429, "");
        check(Some(7), &[("retry-after", "7")], 403, "");
        check(Some(60), &[], 403, "You have exceeded a secondary rate limit.");
        check(Some(60), &[], 429, "slow down");
        check(None, &[("x-ratelimit-remaining", "12")], 403, "Resource not accessible");
        check(Some(3_660), &[("retry-after", "999999999")], 429, "");
        check(Some(1), &[("retry-after", "0")], 429, "");
        check(Some(60), &[("x-ratelimit-remaining", "0")], 403, "API rate limit exceeded");
    }

    #[test]
    fn a_reset_is_read_by_their_clock_and_not_by_ours() {
        let headers = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1700000100"),
            ("date", "Tue, 14 Nov 2023 22:13:20 GMT"), // 1700000000: our clock is years ahead
        ];
        assert_eq!(wait(&headers, 403, "API rate limit exceeded"), Some(100));
    }

    #[test]
    fn guesses_double_until_something_is_served() {
        let (gate, nothing) = (Gate::default(), said(&[]));
        let pause = || match gate.refused(&nothing, Limited::Pace, NOW) {
            Error::NotBefore { until, .. } => until.since(NOW).0 / 60_000,
            error => panic!("{error}"),
        };
        assert_eq!([pause(), pause(), pause()], [1, 2, 4]);
        gate.served(&nothing, false, NOW);
        assert_eq!(pause(), 1);
    }

    #[test]
    fn a_closed_gate_opens_in_time_and_when_the_clock_went_back() {
        let gate = Gate::default();
        gate.refused(&said(&[("retry-after", "10")]), Limited::Pace, NOW);
        assert!(gate.pass(NOW + Millis::seconds(9)).is_err());
        assert_eq!(gate.calls().sent, 0, "nothing was sent");
        assert!(gate.pass(NOW + Millis::seconds(10)).is_ok());
        gate.refused(&said(&[("retry-after", "10")]), Limited::Pace, NOW);
        assert!(gate.pass(Time(1_000)).is_ok(), "it would wait for years");
    }

    #[test]
    fn the_last_call_of_the_hour_closes_the_gate() {
        let gate = Gate::default();
        let last = said(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000030")]);
        gate.served(&last, false, NOW);
        assert!(gate.pass(NOW + Millis::seconds(29)).is_err());
    }
}
