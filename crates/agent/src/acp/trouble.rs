//! What a failure of an agent means.
//!
//! The protocol has two codes of its own; agents say the rest in `data`, each in its own way, or in
//! words only. Words are looked at last.

use crew_core::{Millis, Time};
use serde_json::Value;

use crate::claude;
use crate::event::{AgentEvent, ErrorClass};
use crate::rpc::Failure;
use crate::trouble::Trouble;

/// Nobody is signed in.
const AUTH_REQUIRED: i64 = -32000;
/// What stands before the words of some agents, and says nothing.
const PREFIX: &str = "Internal error: ";

/// What an agent said about itself besides its answer: some end a turn well that did not go well.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    /// When the limit ends that was last spoken of.
    limit_until: Option<Time>,
    /// What went wrong, and may have been tried again.
    warned: Option<Trouble>,
    /// Whether it gave up.
    has_failed: bool,
}

impl Warnings {
    /// Takes in what stands beside an update.
    pub(super) fn heard(&mut self, meta: &Value) -> Option<AgentEvent> {
        let resets_at = meta.pointer("/_claude~1rateLimit/resetsAt").and_then(Value::as_f64);
        if let Some(seconds) = resets_at {
            self.limit_until = Some(Time((seconds.max(0.0) * 1e3) as u64));
        }
        let codex = meta.get("codex")?;
        match codex.pointer("/threadStatus/type").and_then(Value::as_str) {
            Some("systemError") => self.has_failed = true,
            Some("active") => self.settle(),
            Some(_) | None => {}
        }
        let error = codex.get("error")?;
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let message = text("additionalDetails").or(text("message")).unwrap_or_default().to_owned();
        let info = error.get("codexErrorInfo").unwrap_or(&Value::Null);
        self.warned = Some(of_codex(info, self.limit_until, message.clone()));
        let goes_on = error.get("willRetry").is_some_and(|it| *it == true);
        goes_on.then_some(AgentEvent::Retry { wait: Millis(0), message })
    }

    /// What went wrong in a turn that ended with these words, if it gave up.
    pub(super) fn trouble(&mut self, last_words: &str) -> Option<Trouble> {
        let (has_failed, warned) = (self.has_failed, self.warned.take());
        self.settle();
        let message = last_words.trim().to_owned();
        has_failed.then(|| match warned {
            Some(trouble) if message.is_empty() => trouble,
            Some(trouble) => trouble.with(message),
            None => Trouble::of_words(self.limit_until, message),
        })
    }

    /// What was is over.
    pub(super) fn settle(&mut self) {
        (self.has_failed, self.warned) = (false, None);
    }

    pub(super) fn limit_until(&self) -> Option<Time> {
        self.limit_until
    }
}

/// Why a request came to nothing. `until` is what was said before about when a limit ends.
pub(super) fn of_failure(failure: &Failure, until: Option<Time>) -> Trouble {
    let data = failure.data.as_ref();
    let detail = |key: &str| data?.get(key)?.as_str().map(str::to_owned);
    let message = detail("message").or_else(|| detail("details"));
    let message = message.unwrap_or_else(|| failure.message.replace(PREFIX, ""));
    if failure.code == AUTH_REQUIRED {
        return Trouble::Failure { class: ErrorClass::Auth, message };
    }
    if let Ok(status @ 400..600) = u16::try_from(failure.code) {
        return Trouble::of_status(status, until, message);
    }
    if let Some(kind) = detail("errorKind") {
        return claude::named(&kind, until, &message);
    }
    let codex = data.and_then(|data| data.get("codexErrorInfo").or(data.get("codex_error_info")));
    if let Some(info) = codex {
        return of_codex(info, until, message);
    }
    Trouble::of_words(until, message)
}

/// Codex's name for it, or an object with that name and what HTTP said.
fn of_codex(info: &Value, until: Option<Time>, message: String) -> Trouble {
    let (name, detail) = match info {
        Value::Object(fields) => fields.iter().next().map_or(("", &Value::Null), |(k, v)| (k, v)),
        other => (other.as_str().unwrap_or_default(), &Value::Null),
    };
    let status = detail.get("httpStatusCode").or(detail.get("http_status_code"));
    if let Some(status) = status.and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok()) {
        return Trouble::of_status(status, until, message);
    }
    let class = match name.replace('_', "").to_lowercase().as_str() {
        // It calls what has to be paid for the same; only the words differ.
        "usagelimitexceeded" | "ratelimitexceeded" => return Trouble::limit(until, message),
        "unauthorized" => ErrorClass::Auth,
        "badrequest" | "contextwindowexceeded" => ErrorClass::Invalid,
        "serveroverloaded"
        | "internalservererror"
        | "httpconnectionfailed"
        | "responsestreamconnectionfailed"
        | "responsestreamdisconnected"
        | "responsetoomanyfailedattempts" => ErrorClass::Unavailable,
        _ => return Trouble::of_words(until, message),
    };
    Trouble::Failure { class, message }
}

/// A turn that failed, by its reason; `None` for one that came to its end or was cancelled.
pub(super) fn of_stop(reason: &str) -> Option<Trouble> {
    let (class, message) = match reason {
        "end_turn" | "cancelled" => return None,
        "max_tokens" => (ErrorClass::Other, "an answer was longer than the model may write"),
        "max_turn_requests" => (ErrorClass::Budget, "it called the model as often as it may"),
        "refusal" => (ErrorClass::Invalid, "the model refused to go on"),
        other => {
            let message = format!("its turn ended for the reason `{other}`");
            return Some(Trouble::Failure { class: ErrorClass::Other, message });
        }
    };
    Some(Trouble::Failure { class, message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_agents_failures_are_understood() {
        let check = |code: i64, message: &str, data: Value, expect: &str| {
            let data = (!data.is_null()).then_some(data);
            let failure = Failure { code, message: message.into(), data };
            let got = match of_failure(&failure, Some(Time(7))) {
                Trouble::Limit { until, .. } => format!("limit {}", until.unwrap().0),
                Trouble::Failure { class, .. } => class.word().to_owned(),
            };
            assert_eq!(got, expect, "{failure:?}");
        };
        let none = Value::Null;
        check(-32000, "Authentication required", none.clone(), "auth");
        check(429, "You have exhausted your daily quota on this model.", none.clone(), "limit 7");
        check(500, "oops", none.clone(), "unavailable");
        check(-32603, "Internal error: x", json!({"errorKind": "rate_limit"}), "limit 7");
        check(-32603, "Internal error: x", json!({"errorKind": "billing_error"}), "billing");
        let codex =
            |info: Value, message: &str| json!({"codexErrorInfo": info, "message": message});
        let limit = codex(json!("usageLimitExceeded"), "You’ve hit your usage limit.");
        check(-32603, "Internal error", limit, "limit 7");
        let quota = codex(
            json!("usageLimitExceeded"),
            "Quota exceeded. Check your plan and billing details.",
        );
        check(-32603, "Internal error", quota, "billing");
        let zed = json!({"codex_error_info": {"response_too_many_failed_attempts": {"http_status_code": 429}}});
        check(-32603, "x", zed, "limit 7");
        check(-32603, "x", json!({"codex_error_info": "server_overloaded"}), "unavailable");
        check(-32603, "Unauthorized: wrong key", json!({"errorName": "APIError"}), "auth");
        check(-32603, "something odd", none, "other");
    }
}
