//! How much of a plan is used up, as Claude Code says it while it works.

use crew_core::plan::PlanWindow;
use crew_core::{Millis, Time};

use super::wire::{Period, RateLimit};

/// The periods of a plan of which it is known.
pub(super) fn of(limit: &RateLimit) -> Vec<PlanWindow> {
    let RateLimit { resets_at, period, utilization, periods, .. } = limit;
    if periods.is_empty() {
        let alone = Period { utilization: *utilization, resets_at: *resets_at };
        return period.iter().filter_map(|name| window(name, alone)).collect();
    }
    periods.iter().filter_map(|(name, period)| window(name, *period)).collect()
}

fn window(name: &str, Period { utilization, resets_at }: Period) -> Option<PlanWindow> {
    let percent = (utilization? * 100.0).round().clamp(0.0, 100.0) as u32;
    let resets = resets_at.map(moment);
    let (length, rest) = match name.split_once("_hour").or_else(|| name.split_once("_day")) {
        Some(("five", rest)) => (Millis::hours(5), rest),
        Some(("seven", rest)) => (Millis::hours(7 * 24), rest),
        Some(_) | None => {
            return Some(PlanWindow { name: name.replace('_', " "), percent, resets });
        }
    };
    // `seven_day_opus` is that of one model.
    let name = format!("{length}{}", rest.replace('_', " "));
    Some(PlanWindow { name, percent, resets })
}

/// Seconds since 1970.
pub(super) fn moment(seconds: f64) -> Time {
    Time((seconds.max(0.0) * 1e3) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(info: &str) -> Vec<String> {
        let limit: RateLimit = serde_json::from_str(info).unwrap();
        of(&limit)
            .into_iter()
            .map(|it| format!("{} {} {:?}", it.name, it.percent, it.resets.map(|at| at.0)))
            .collect()
    }

    #[test]
    fn both_versions_say_how_much_is_used() {
        let old = r#"{"status":"allowed_warning","resetsAt":1795215669,"rateLimitType":"five_hour","utilization":0.93}"#;
        assert_eq!(plan(old), ["5 h 93 Some(1795215669000)"]);
        let new = r#"{"status":"allowed","rateLimitType":"five_hour","utilization":0.5,"unifiedWindows":
            {"five_hour":{"utilization":0.5,"resetsAt":1},"seven_day_opus":{"utilization":2.0},"overage":{"utilization":0.1}}}"#;
        assert_eq!(plan(new), ["5 h 50 Some(1000)", "overage 10 None", "7 d opus 100 None"]);
        assert_eq!(plan(r#"{"status":"allowed"}"#), [""; 0]);
        assert_eq!(plan(r#"{"status":"allowed","rateLimitType":"five_hour"}"#), [""; 0]);
    }
}
