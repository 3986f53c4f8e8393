//! What went wrong in a turn, and what that means.

use crew_core::Time;
use serde_json::Value;

use super::wire::TurnResult;
use crate::dialect::{Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::shim::Status;

/// Exit codes from here on stand for signals.
const SIGNALS: i32 = 128;

/// What keeps a turn from ending well.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// The provider serves nothing for now.
    Limit { until: Option<Time>, message: String },
    /// Anything else.
    Failure { class: ErrorClass, message: String },
}

impl Trouble {
    /// By the name that Claude Code gives it.
    pub(super) fn named(name: &str, until: Option<Time>, message: &str) -> Self {
        let message = message.to_owned();
        let class = match name {
            "rate_limit" => return Self::Limit { until, message },
            "authentication_failed"
            | "oauth_org_not_allowed"
            | "account_on_hold"
            | "verification_required"
            | "cloud_credential_error" => ErrorClass::Auth,
            "billing_error" => ErrorClass::Billing,
            "invalid_request" | "model_not_found" => ErrorClass::Invalid,
            "overloaded" | "server_error" | "unknown" => ErrorClass::Unavailable,
            _ => ErrorClass::Other,
        };
        Self::Failure { class, message }
    }

    /// By the end of a turn, and what was said before it.
    pub(super) fn of_result(
        result: &TurnResult,
        brewing: Option<Self>,
        until: Option<Time>,
    ) -> Self {
        let message = message(result);
        if let Some(trouble) = brewing {
            return trouble.with(message);
        }
        let class = match (result.api_error_status, result.subtype.as_str()) {
            (Some(429), _) => return Self::Limit { until, message },
            (Some(401 | 403), _) => ErrorClass::Auth,
            (Some(402), _) => ErrorClass::Billing,
            (Some(408 | 409 | 425 | 500..), _) => ErrorClass::Unavailable,
            (Some(_), _) => ErrorClass::Invalid,
            (None, "error_max_turns" | "error_max_budget_usd") => ErrorClass::Budget,
            (None, _) => match result.terminal_reason.as_deref() {
                Some("prompt_too_long" | "image_error") => ErrorClass::Invalid,
                Some("api_error" | "model_error") => ErrorClass::Unavailable,
                Some("blocking_limit") => return Self::Limit { until, message },
                Some(_) | None => ErrorClass::Other,
            },
        };
        Self::Failure { class, message }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.clone() {
            Self::Limit { until, message } => Verdict::Limited { until, message },
            Self::Failure { class, message } => Verdict::Failed { class, message },
        }
    }

    pub(super) fn event(&self) -> AgentEvent {
        match self.clone() {
            Self::Limit { until, message } => AgentEvent::Limit { until, message },
            Self::Failure { class, message } => AgentEvent::Error { class, message },
        }
    }

    fn with(self, message: String) -> Self {
        match self {
            Self::Limit { until, .. } => Self::Limit { until, message },
            Self::Failure { class, .. } => Self::Failure { class, message },
        }
    }
}

/// The words of a turn that ended badly.
fn message(result: &TurnResult) -> String {
    let errors = result.errors.iter().map(|error| match error {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let mut words: Vec<String> = result.result.iter().cloned().chain(errors).collect();
    if let Some(reason) = result.terminal_reason.as_deref().filter(|r| r.starts_with("aborted")) {
        words.insert(0, format!("it was interrupted ({reason})"));
    }
    if words.is_empty() { result.subtype.clone() } else { words.join("; ") }
}

/// What the end of a process means that came to no result. A signal says that somebody ended it;
/// a code without a word says that it did not accept how it was started.
pub(super) fn without_result(ending: &Ending, has_spoken: bool) -> Verdict {
    let code = match ending.status {
        Status::Code(code) => code,
        Status::Signal(_) | Status::Unknown => return Verdict::Cut,
    };
    if !(1..SIGNALS).contains(&code) {
        return Verdict::Cut;
    }
    let complaint = ending.complaint.trim();
    let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    let (class, message) = if has_spoken {
        (ErrorClass::Other, format!("it ended with code {code} and without a result{said}"))
    } else {
        (ErrorClass::Invalid, format!("it ended with code {code} at once{said}"))
    };
    Verdict::Failed { class, message }
}
