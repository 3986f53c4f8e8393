//! What a failed call means: a limit with its end, a provider that is down, a key that is not
//! accepted, or a request that cannot work.
//!
//! The crate that makes the calls hides status, headers and body in three different errors; they
//! are taken out here, and nothing else looks at them.

use std::time::Duration;

use crew_core::{Millis, Time};
use genai::Error;
use regex::Regex;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::until;
use crate::words::{self, Meaning};

/// The longest text of a provider that is repeated, in characters.
const WORDS_CHARS_MAX: usize = 600;

/// Why a call failed.
#[derive(Debug, PartialEq)]
pub(super) enum Trouble {
    /// Not before the wait is over; `None` when the provider did not say how long.
    Limit { wait: Option<Millis>, words: String },
    /// The same again later may work.
    Unavailable { words: String },
    /// The key is not accepted.
    Auth { words: String },
    /// The request has more tokens than the model takes; so many, if the provider says it.
    TooLong { window: Option<u64>, words: String },
    /// The same again cannot work.
    Invalid { words: String },
}

/// What a response that is no answer consists of.
struct Refusal<'a> {
    status: u16,
    headers: Option<&'a HeaderMap>,
    body: String,
}

/// Reads an error.
pub(super) fn trouble(error: &Error, now: Time) -> Trouble {
    match refusal(error) {
        Some(refusal) => refused(&refusal, now),
        None => unanswered(error),
    }
}

/// The answer stopped before its end.
pub(super) fn cut() -> Trouble {
    Trouble::Unavailable { words: "the answer broke off before its end".to_owned() }
}

/// The answer took too long.
pub(super) fn too_slow(limit: Duration) -> Trouble {
    Trouble::Unavailable { words: format!("no whole answer within {} s", limit.as_secs()) }
}

fn refusal(error: &Error) -> Option<Refusal<'_>> {
    match error {
        Error::HttpError { status, headers, body, .. } => {
            Some(Refusal { status: status.as_u16(), headers: Some(headers), body: body.clone() })
        }
        Error::WebModelCall { webc_error, .. } | Error::WebAdapterCall { webc_error, .. } => {
            Some(Refusal {
                status: webc_error.status()?.as_u16(),
                headers: webc_error.headers(),
                body: webc_error.to_string(),
            })
        }
        Error::WebStream { error, .. } => error.downcast_ref::<Error>().and_then(refusal),
        Error::ChatResponse { body, .. } => {
            Some(Refusal { status: status_in_stream(body), headers: None, body: body.to_string() })
        }
        _ => None,
    }
}

/// An error inside of an answer that began well, as the status that it stands for.
fn status_in_stream(body: &Value) -> u16 {
    let text = body.to_string();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if has(&["rate_limit", "RESOURCE_EXHAUSTED", "insufficient_quota"]) => 429,
        () if has(&["authentication_error", "permission_error", "invalid_api_key"]) => 401,
        () if has(&["invalid_request", "not_found", "INVALID_ARGUMENT"]) => 400,
        () => 500,
    }
}

fn refused(refusal: &Refusal<'_>, now: Time) -> Trouble {
    let body = &refusal.body;
    let words = short(&format!("status {}: {}", refusal.status, message_in(body)));
    let is_about_money = ["credit balance", "insufficient_quota", "exceeded your current quota"]
        .iter()
        .any(|phrase| body.contains(phrase));
    let is_limit = refusal.status != 401 && words::meaning(&message_in(body)) == Meaning::Limit;
    match refusal.status {
        400..=422 | 500 if is_too_long(body) => Trouble::TooLong { window: window_in(body), words },
        429 | 402 => {
            let wait = refusal
                .headers
                .and_then(|headers| wait_in_headers(headers, now))
                .or_else(|| wait_in_body(body, now));
            Trouble::Limit { wait, words }
        }
        400 | 403 if is_about_money => Trouble::Limit { wait: None, words },
        400.. if is_limit => Trouble::Limit { wait: wait_in_body(body, now), words },
        401 | 403 => Trouble::Auth { words },
        408 | 409 | 425 | 500.. => Trouble::Unavailable { words },
        _ => Trouble::Invalid { words },
    }
}

/// How providers and servers of models say that a request has too many tokens.
fn is_too_long(body: &str) -> bool {
    let body = body.to_lowercase();
    let words = [
        "prompt is too long",
        "context_length_exceeded",
        "maximum context length",
        "exceed_context_size",
        "exceeds the available context size",
        "exceeds the maximum number of tokens allowed",
        "exceeds the context window",
        "input length and `max_tokens` exceed context limit",
    ];
    words.iter().any(|it| body.contains(it))
}

/// How many tokens it takes at once: the number that is said beside that.
fn window_in(body: &str) -> Option<u64> {
    let patterns = [
        r#""n_ctx"\s*:\s*(\d+)"#,
        r"context length is (\d+)",
        r"context size \((\d+)",
        r"tokens > (\d+) maximum",
        r"context limit: \d+ \+ \d+ > (\d+)",
        r"tokens allowed \((\d+)",
    ];
    let number = |pattern: &&str| Regex::new(pattern).ok()?.captures(body)?[1].parse().ok();
    patterns.iter().find_map(number).filter(|window| *window > 0)
}

/// No response at all, or one that broke off.
fn unanswered(error: &Error) -> Trouble {
    let words = short(&error.to_string());
    match error {
        Error::WebStream { .. }
        | Error::WebModelCall { .. }
        | Error::WebAdapterCall { .. }
        | Error::StreamParse { .. }
        | Error::NoChatResponse { .. }
        | Error::InvalidJsonResponseElement { .. }
        | Error::ChatResponseGeneration { .. }
        | Error::JsonValueExt(_)
        | Error::SerdeJson(_) => Trouble::Unavailable { words },
        _ => Trouble::Invalid { words },
    }
}

/// The provider's own words in a body, or the body.
fn message_in(body: &str) -> String {
    let parsed: Value = serde_json::from_str(body).unwrap_or_default();
    let places = ["/error/message", "/0/error/message", "/message", "/error"];
    let found = places.iter().find_map(|place| parsed.pointer(place).and_then(Value::as_str));
    found.unwrap_or(body).to_owned()
}

fn short(words: &str) -> String {
    let mut kept: String = words.chars().take(WORDS_CHARS_MAX).collect();
    if kept.len() < words.len() {
        kept.push('…');
    }
    kept
}

fn wait_in_headers(headers: &HeaderMap, now: Time) -> Option<Millis> {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(ms) = get("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return Some(Millis(ms.max(0.0).ceil() as u64));
    }
    if let Some(wait) = get("retry-after").and_then(|value| duration_or_moment(value, now)) {
        return Some(wait);
    }
    if let Some(reset) = get("anthropic-ratelimit-unified-reset").and_then(|s| s.parse().ok()) {
        return Some(Time(Millis::seconds(reset).0).since(now));
    }
    let windows = [
        ("anthropic-ratelimit-requests", "-remaining", "-reset"),
        ("anthropic-ratelimit-tokens", "-remaining", "-reset"),
        ("anthropic-ratelimit-input-tokens", "-remaining", "-reset"),
        ("anthropic-ratelimit-output-tokens", "-remaining", "-reset"),
        ("x-ratelimit", "-remaining-requests", "-reset-requests"),
        ("x-ratelimit", "-remaining-tokens", "-reset-tokens"),
    ];
    let used_up = windows.iter().filter_map(|(window, remaining, reset)| {
        let is_used_up = get(&format!("{window}{remaining}")) == Some("0");
        let reset = get(&format!("{window}{reset}"))?;
        if is_used_up { duration_or_moment(reset, now) } else { None }
    });
    used_up.max()
}

/// `12`, `1.5`, `2s`, `6m0s`, `20ms`, RFC 3339, or the date of an HTTP header.
fn duration_or_moment(text: &str, now: Time) -> Option<Millis> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(from_seconds(seconds));
    }
    if let Some(wait) = until::wait(text) {
        return Some(wait);
    }
    let moment = text
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()))?;
    let ms = u64::try_from(moment.as_millisecond()).ok()?;
    Some(Time(ms).since(now))
}

fn from_seconds(seconds: f64) -> Millis {
    Millis((seconds.max(0.0) * 1_000.0).ceil() as u64)
}

fn wait_in_body(body: &str, now: Time) -> Option<Millis> {
    let search = |pattern: &str| {
        let found = Regex::new(pattern).ok()?.captures(body)?;
        Some(found[1].to_owned())
    };
    if let Some(delay) = search(r#""retryDelay"\s*:\s*"([^"]+)""#) {
        return until::wait(&delay);
    }
    if let Some(seconds) = search(r#""resets_in_seconds"\s*:\s*([0-9.]+)"#) {
        return seconds.parse().ok().map(from_seconds);
    }
    if let Some(moment) = search(r#""resets_at"\s*:\s*([0-9]+)"#) {
        return moment.parse().ok().map(|s| Time(Millis::seconds(s).0).since(now));
    }
    until::until(body, now).map(|end| end.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_763_000_000_000);

    #[test]
    fn the_end_of_a_limit_is_found_wherever_it_is_written() {
        let check = |pairs: &[(&'static str, &str)], body: &str, expect: Option<u64>| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            let refusal = Refusal { status: 429, headers: Some(&headers), body: body.to_owned() };
            let Trouble::Limit { wait, .. } = refused(&refusal, NOW) else { panic!("no limit") };
            assert_eq!(wait.map(|wait| wait.0), expect, "{pairs:?} {body}");
        };
        check(&[], "", None);
        check(&[("retry-after", "2")], "", Some(2_000));
        check(&[("retry-after", "1.5")], "", Some(1_500));
        check(&[("retry-after", "20"), ("retry-after-ms", "250")], "", Some(250));
        check(&[("retry-after", "Thu, 13 Nov 2025 02:13:25 GMT")], "", Some(5_000));
        check(&[("anthropic-ratelimit-unified-reset", "1763007200")], "", Some(7_200_000));
        let reset = ("anthropic-ratelimit-tokens-reset", "2025-11-13T02:14:20Z");
        check(&[("anthropic-ratelimit-tokens-remaining", "0"), reset], "", Some(60_000));
        check(&[("anthropic-ratelimit-tokens-remaining", "5"), reset], "", None);
        let reset = ("x-ratelimit-reset-tokens", "6m0.5s");
        check(&[("x-ratelimit-remaining-tokens", "0"), reset], "", Some(360_500));
        check(&[], r#"{"error":{"details":[{"retryDelay":"2s"}]}}"#, Some(2_000));
        check(&[], r#"{"resets_in_seconds":7200}"#, Some(7_200_000));
        check(&[], r#"{"resets_at": 1763000010}"#, Some(10_000));
        check(&[], "Please try again in 1m2s.", Some(62_000));
        check(&[], "Please retry in 2.5s.", Some(2_500));
        check(&[], "You exceeded your current quota", None);
    }

    #[test]
    fn an_error_in_the_middle_of_an_answer_stands_for_a_status() {
        let check = |body: &str, expect: u16| {
            assert_eq!(status_in_stream(&serde_json::from_str(body).unwrap()), expect, "{body}");
        };
        check(r#"{"type":"error","error":{"type":"overloaded_error"}}"#, 500);
        check(r#"{"type":"error","error":{"type":"rate_limit_error"}}"#, 429);
        check(r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, 429);
        check(r#"{"code":"invalid_api_key"}"#, 401);
        check(r#"{"type":"invalid_request_error"}"#, 400);
    }

    #[test]
    fn how_much_a_model_takes_is_what_its_provider_says() {
        let check = |body: &str, expect: Option<u64>| {
            let refusal = Refusal { status: 400, headers: None, body: body.to_owned() };
            let Trouble::TooLong { window, .. } = refused(&refusal, NOW) else { panic!("{body}") };
            assert_eq!(window, expect, "{body}");
        };
        check("prompt is too long: 210345 tokens > 200000 maximum", Some(200_000));
        check(
            "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000, decrease",
            Some(200_000),
        );
        check(
            "This model's maximum context length is 16384 tokens. However, you requested 122946",
            Some(16_384),
        );
        check(
            r#"{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}}"#,
            None,
        );
        check(
            "the request exceeds the available context size (4096 tokens), try increasing it",
            Some(4_096),
        );
        check(
            r#"{"error":{"type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}"#,
            Some(8_192),
        );
        check(
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            Some(1_048_576),
        );
    }

    #[test]
    fn a_status_says_what_can_be_done() {
        let check = |status: u16, body: &str, expect: &str| {
            let refusal = Refusal { status, headers: None, body: body.to_owned() };
            let got = format!("{:?}", refused(&refusal, NOW));
            assert!(got.starts_with(expect), "{status} {body}: {got}");
        };
        check(400, "prompt is too long", "TooLong");
        check(404, "model: nope", "Invalid");
        check(413, "", "Invalid");
        check(400, "Your credit balance is too low", "Limit { wait: None");
        check(402, "", "Limit { wait: None");
        check(403, "monthly quota reached, try again in 2 hours", "Limit { wait: Some");
        check(503, "you are being throttled", "Limit { wait: None");
        check(401, "", "Auth");
        check(403, "", "Auth");
        for status in [408, 500, 502, 503, 529] {
            check(status, "", "Unavailable");
        }
    }
}
