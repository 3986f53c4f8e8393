//! What went wrong in a turn, by what Claude Code calls it.

use crew_core::Time;
use serde_json::Value;

use super::wire::TurnResult;
use crate::event::ErrorClass;
use crate::trouble::Trouble;

/// By the name that Claude Code gives it.
pub(crate) fn named(name: &str, until: Option<Time>, message: &str) -> Trouble {
    let message = message.to_owned();
    let class = match name {
        "rate_limit" => return Trouble::limit(until, message),
        "authentication_failed"
        | "oauth_org_not_allowed"
        | "account_on_hold"
        | "verification_required"
        | "cloud_credential_error" => ErrorClass::Auth,
        "billing_error" => ErrorClass::Billing,
        "invalid_request" | "model_not_found" => ErrorClass::Invalid,
        "overloaded" | "server_error" => ErrorClass::Unavailable,
        "unknown" => return Trouble::of_class(ErrorClass::Unavailable, until, message),
        _ => return Trouble::of_words(until, message),
    };
    Trouble::Failure { class, message }
}

/// By the end of a turn, and what was said before it.
pub(super) fn of_result(
    result: &TurnResult,
    brewing: Option<Trouble>,
    until: Option<Time>,
) -> Trouble {
    let message = message(result);
    if let Some(trouble) = brewing {
        return trouble.with(message);
    }
    if let Some(status) = result.api_error_status {
        return Trouble::of_status(status, until, message);
    }
    let class = match (result.subtype.as_str(), result.terminal_reason.as_deref()) {
        ("error_max_turns" | "error_max_budget_usd", _) => ErrorClass::Budget,
        (_, Some("prompt_too_long" | "image_error")) => ErrorClass::Invalid,
        (_, Some("api_error" | "model_error")) => ErrorClass::Unavailable,
        (_, Some("blocking_limit")) => return Trouble::limit(until, message),
        (_, Some(_) | None) => ErrorClass::Other,
    };
    Trouble::of_class(class, until, message)
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
