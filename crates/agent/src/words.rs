//! What the words of a failure mean, where an agent says nothing but words.
//!
//! Providers and agents all say the same few things. What looks like a limit is one, whatever else it
//! may be: waiting costs less than trying. What is not recognised is something else, and is tried
//! again. When a limit ends is read in [`crate::until`].

use crate::event::ErrorClass;
use crate::until;

/// What words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The provider serves nothing for now.
    Limit,
    /// Anything else.
    Failure(ErrorClass),
}

/// Words, and what they mean; the first that occur count. What nobody else's words are comes last: a
/// limit under a name that we have not heard yet.
const MEANINGS: &[(&[&str], Meaning)] = &[
    (
        &[
            "model not found",
            "no such model",
            "prompt is too long",
            "context length",
            "context limit",
            "context window",
            "maximum context",
        ],
        Meaning::Failure(ErrorClass::Invalid),
    ),
    (
        &[
            "credit balance",
            "credits_balance",
            "out of credits",
            "spend cap",
            "check your plan",
            "payment required",
            "insufficient balance",
            "limit is set to $0",
        ],
        Meaning::Failure(ErrorClass::Billing),
    ),
    (&["no capacity", "at capacity"], Meaning::Failure(ErrorClass::Unavailable)),
    (
        &[
            "usage limit",
            "usage_limit",
            "rate limit",
            "rate_limit",
            "rate-limit",
            "ratelimit",
            "hit your",
            "out of extra usage",
            "exhausted your",
            "resource has been exhausted",
            "resource_exhausted",
            "too many requests",
            "throttl",
            "quota",
            "limit reached",
            "limit exceeded",
            "limit is reached",
            "limit has been reached",
            "reached your limit",
            "reached the limit",
            "cap reached",
            "weekly cap",
            "daily cap",
            "maximum usage",
            "max usage",
            "fair use",
            "slow down",
            "allowance",
        ],
        Meaning::Limit,
    ),
    (
        &[
            "unauthorized",
            "unauthenticated",
            "authentication",
            "api key",
            "api_key",
            "not logged in",
            "log in",
            "login",
            "sign in",
            "permission denied for",
        ],
        Meaning::Failure(ErrorClass::Auth),
    ),
    (
        &[
            "overloaded",
            "high demand",
            "unavailable",
            "internal server error",
            "bad gateway",
            "timed out",
            "timeout",
            "disconnected",
            "connection",
            "connect ",
            "econn",
            "fetch failed",
            "terminated",
            "network",
            "socket",
        ],
        Meaning::Failure(ErrorClass::Unavailable),
    ),
    (&["exhausted"], Meaning::Limit),
];

/// Statuses of HTTP, where they stand for themselves.
const STATUSES: &[(&str, Meaning)] = &[
    ("429", Meaning::Limit),
    ("401", Meaning::Failure(ErrorClass::Auth)),
    ("403", Meaning::Failure(ErrorClass::Auth)),
    ("402", Meaning::Failure(ErrorClass::Billing)),
    ("500", Meaning::Failure(ErrorClass::Unavailable)),
    ("502", Meaning::Failure(ErrorClass::Unavailable)),
    ("503", Meaning::Failure(ErrorClass::Unavailable)),
    ("529", Meaning::Failure(ErrorClass::Unavailable)),
];

/// What a message means. Neither money that is missing nor a lost login comes back by itself: where an end
/// is named, something does, whatever it is called.
pub(crate) fn meaning(message: &str) -> Meaning {
    use ErrorClass::{Auth, Billing, Other};
    match by_words(message) {
        Meaning::Failure(Auth | Billing | Other) if until::is_named(message) => Meaning::Limit,
        meaning => meaning,
    }
}

fn by_words(message: &str) -> Meaning {
    let message = message.to_lowercase();
    let said = MEANINGS.iter().find(|(words, _)| words.iter().any(|it| message.contains(it)));
    let has_word = |word: &str| message.split(|c: char| !c.is_alphanumeric()).any(|it| it == word);
    let by_status = || STATUSES.iter().find(|(status, _)| has_word(status)).map(|(_, it)| *it);
    let meaning = said.map(|(_, meaning)| *meaning).or_else(by_status);
    meaning.unwrap_or(Meaning::Failure(ErrorClass::Other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_many_providers_mean_the_same() {
        use ErrorClass::{Auth, Billing, Invalid, Other, Unavailable};
        let check =
            |message: &str, expect: Meaning| assert_eq!(meaning(message), expect, "{message}");
        check("You have hit your limit", Meaning::Limit);
        check("payment required", Meaning::Failure(Billing));
        check("payment required; resets in 2 hours", Meaning::Limit);
        check("please log in", Meaning::Failure(Auth));
        check("[API Error: terminated]", Meaning::Failure(Unavailable));
        check("retries exhausted: connection refused", Meaning::Failure(Unavailable));
        check("no such model", Meaning::Failure(Invalid));
        check("something odd", Meaning::Failure(Other));
        check("your subscription's window is full, try again at 3:05 PM", Meaning::Limit);
        check("sign in to another account, or wait: resets in 3 hours", Meaning::Limit);
        check("Slow down, you have reached the limit of your plan", Meaning::Limit);
    }
}
