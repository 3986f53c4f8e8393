//! The time of day, for limits that a provider gives as a moment.

use std::time::{SystemTime, UNIX_EPOCH};

use crew_core::Time;

/// Now.
pub(super) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(since.as_millis() as u64)
}
