//! The clock of the daemon: the only place where the engine asks what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crew_core::{Millis, Time};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Now.
    pub fn now(self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Less than this is a clock that is put right.
const JUMP_MIN: Duration = Duration::from_secs(30);

/// Notices when the clock goes ahead of the time in which this process could run: the machine slept
/// ([`Instant`] stands still then), or the clock was set.
#[derive(Debug)]
pub(crate) struct Watch {
    clock: Time,
    ran: Instant,
}

impl Watch {
    /// Watches from now on.
    pub(crate) fn start(clock: Clock) -> Self {
        Self { clock: clock.now(), ran: Instant::now() }
    }

    /// How far the clock went ahead since the last look, if it did.
    pub(crate) fn jump(&mut self, now: Time) -> Option<Millis> {
        let ran = self.ran.elapsed();
        self.jump_after(now, ran)
    }

    fn jump_after(&mut self, now: Time, ran: Duration) -> Option<Millis> {
        let passed = Duration::from_millis(now.since(self.clock).0);
        (self.clock, self.ran) = (now, Instant::now());
        let ahead = passed.saturating_sub(ran);
        (ahead >= JUMP_MIN).then(|| Millis(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_in_which_nothing_ran_is_a_jump() {
        let mut watch = Watch { clock: Time(1_000), ran: Instant::now() };
        assert_eq!(watch.jump_after(Time(61_000), Duration::from_mins(1)), None);
        assert_eq!(watch.jump_after(Time(3_661_000), Duration::ZERO), Some(Millis(3_600_000)));
        assert_eq!(watch.jump_after(Time(5_000), Duration::from_mins(1)), None, "it went back");
        assert_eq!(
            watch.jump_after(Time(25_000), Duration::from_secs(1)),
            None,
            "it was put right"
        );
    }
}
