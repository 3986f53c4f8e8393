//! What went wrong in a turn, by what Codex calls it.

use crew_core::plan::PlanWindow;
use crew_core::{Millis, Time};
use serde_json::Value;

use super::wire::{RateLimits, TurnError, Window};
use crate::event::ErrorClass;
use crate::trouble::Trouble;

/// No plan has a longer period: a year.
const WINDOW_MINUTES_MAX: u64 = 366 * 24 * 60;

/// What of a plan was used up, as it was last said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Windows {
    primary: Option<Window>,
    secondary: Option<Window>,
}

impl Windows {
    /// What is not said again stays as it was. All of it, if it is something new.
    pub(super) fn update(&mut self, limits: &RateLimits) -> Option<Vec<PlanWindow>> {
        let before = self.plan();
        self.primary = limits.primary.or(self.primary);
        self.secondary = limits.secondary.or(self.secondary);
        Some(self.plan()).filter(|plan| *plan != before)
    }

    fn plan(self) -> Vec<PlanWindow> {
        let windows = [self.primary, self.secondary].into_iter().flatten();
        let plan = windows.filter_map(|window| {
            let length = Millis::minutes(window.minutes?.min(WINDOW_MINUTES_MAX));
            let percent = window.used_percent.clamp(0.0, 100.0) as u32;
            Some(PlanWindow::of(length, percent, window.resets_at.map(moment)))
        });
        plan.collect()
    }

    /// When all that is used up is there again.
    fn until(self) -> Option<Time> {
        let windows = [self.primary, self.secondary].into_iter().flatten();
        let full = windows.filter(|window| window.used_percent >= 100.0);
        let resets = full.filter_map(|window| window.resets_at);
        resets.map(moment).max()
    }
}

/// Seconds since 1970.
fn moment(seconds: f64) -> Time {
    Time((seconds.max(0.0) * 1e3) as u64)
}

/// By what a turn ended with.
pub(super) fn of_turn(error: &TurnError, windows: Windows) -> Trouble {
    let message = message(error);
    let (name, status) = named(error);
    if let Some(status) = status {
        return Trouble::of_status(status, None, message);
    }
    let class = match name.as_str() {
        "usageLimitExceeded" => return used_up(windows.until(), message),
        "rateLimitExceeded" => return Trouble::limit(None, message),
        "unauthorized" => ErrorClass::Auth,
        "badRequest"
        | "contextWindowExceeded"
        | "cyberPolicy"
        | "misalignmentPolicyViolation"
        | "modelNotFound" => ErrorClass::Invalid,
        "sessionBudgetExceeded" => ErrorClass::Budget,
        "serverOverloaded"
        | "flexUnavailable"
        | "policyCapacityUnavailable"
        | "internalServerError"
        | "httpConnectionFailed"
        | "responseStreamConnectionFailed"
        | "responseStreamDisconnected"
        | "responseTooManyFailedAttempts" => ErrorClass::Unavailable,
        _ => return of_words(&message, windows),
    };
    Trouble::Failure { class, message }
}

/// By the words alone: `codex exec` says nothing else.
pub(super) fn of_words(message: &str, windows: Windows) -> Trouble {
    let (message, until) = (message.to_owned(), windows.until());
    match status_in(&message) {
        Some(status) => Trouble::of_status(status, None, message),
        None => Trouble::of_words(until, message),
    }
}

/// Whether the provider did not accept who we are.
pub(super) fn is_auth(error: &TurnError) -> bool {
    let (name, status) = named(error);
    name == "unauthorized" || matches!(status, Some(401 | 403))
}

/// A plan comes back; money that was used up does not, and is called the same.
fn used_up(until: Option<Time>, message: String) -> Trouble {
    if message.starts_with("Quota exceeded") {
        return Trouble::Failure { class: ErrorClass::Billing, message };
    }
    Trouble::limit(until, message)
}

/// Codex's name for it, and the status of the response if there was one.
fn named(error: &TurnError) -> (String, Option<u16>) {
    let nothing = (String::new(), None);
    match &error.codex_error_info {
        Some(Value::String(name)) => (name.clone(), None),
        Some(Value::Object(fields)) => fields.iter().next().map_or(nothing, |(name, value)| {
            let status = value.get("httpStatusCode").and_then(Value::as_u64);
            (name.clone(), status.and_then(|status| u16::try_from(status).ok()))
        }),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => nothing,
    }
}

fn message(error: &TurnError) -> String {
    match &error.additional_details {
        Some(details) if !error.message.contains(details) => {
            format!("{}: {details}", error.message)
        }
        Some(_) | None => error.message.clone(),
    }
}

/// `unexpected status 401 Unauthorized`, `last status: 429`.
fn status_in(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("status ").or_else(|| message.split_once("status: "))?;
    let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    rest.get(..3)?.parse().ok().filter(|status| (400..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Verdict;
    use serde_json::json;

    fn word(trouble: &Trouble) -> String {
        match trouble.verdict() {
            Verdict::Failed { class, .. } => class.word().to_owned(),
            Verdict::Limited { until, .. } => {
                format!("limited {}", until.map_or("?".into(), |until| until.0.to_string()))
            }
            Verdict::Done | Verdict::Asked | Verdict::Cut => "?".to_owned(),
        }
    }

    #[test]
    fn a_trouble_is_known_by_its_name_or_its_status() {
        let window =
            |used_percent, resets_at| Some(Window { used_percent, resets_at, minutes: Some(300) });
        let full =
            Windows { primary: window(100.0, Some(7.0)), secondary: window(41.0, Some(9.0)) };
        let check = |info: Value, message: &str, windows: Windows, expect: &str| {
            let error = TurnError {
                message: message.to_owned(),
                codex_error_info: Some(info),
                additional_details: None,
            };
            assert_eq!(word(&of_turn(&error, windows)), expect, "{error:?}");
        };
        let status = |name: &str, status: Value| json!({name: {"httpStatusCode": status}});
        let none = Windows::default();
        check(json!("usageLimitExceeded"), "You’ve hit your usage limit.", full, "limited 7000");
        check(json!("usageLimitExceeded"), "You’ve hit your usage limit.", none, "limited ?");
        check(json!("usageLimitExceeded"), "Quota exceeded.", full, "billing");
        check(status("responseTooManyFailedAttempts", json!(429)), "m", full, "limited ?");
        check(status("httpConnectionFailed", json!(401)), "m", none, "auth");
        check(status("httpConnectionFailed", Value::Null), "m", none, "unavailable");
        check(json!("serverOverloaded"), "m", none, "unavailable");
        check(json!("badRequest"), "m", none, "invalid");
        check(json!("fromTheFuture"), "m", none, "other");
        check(json!("other"), "unexpected status 404 Not Found: no", none, "invalid");
        check(json!([1]), "stream disconnected before completion", none, "unavailable");
    }
}
