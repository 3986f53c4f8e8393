//! What the words of a failure mean, where an agent says nothing but words.
//!
//! Providers and agents all say the same few things. What is not recognised is something else, and
//! is tried again.

use crate::event::ErrorClass;

/// What words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The provider serves nothing for now.
    Limit,
    /// Anything else.
    Failure(ErrorClass),
}

/// Words, and what they mean; the first that occur count.
const MEANINGS: &[(&[&str], Meaning)] = &[
    (
        &[
            "credit balance",
            "out of credits",
            "spend cap",
            "check your plan",
            "payment required",
            "insufficient balance",
        ],
        Meaning::Failure(ErrorClass::Billing),
    ),
    (
        &[
            "usage limit",
            "rate limit",
            "rate_limit",
            "hit your",
            "exhausted your",
            "resource has been exhausted",
            "too many requests",
            "quota",
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
            "model not found",
            "no such model",
            "prompt is too long",
            "context length",
            "context window",
        ],
        Meaning::Failure(ErrorClass::Invalid),
    ),
    (
        &[
            "overloaded",
            "at capacity",
            "no capacity",
            "high demand",
            "unavailable",
            "internal server error",
            "bad gateway",
            "timed out",
            "timeout",
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

/// What a message means.
pub(crate) fn meaning(message: &str) -> Meaning {
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
        check("You’ve hit your usage limit. Try again at 11:49 PM.", Meaning::Limit);
        check("You've hit your weekly limit · resets Nov 24, 9:08am (UTC)", Meaning::Limit);
        check("exceeded retry limit, last status: 429 Too Many Requests", Meaning::Limit);
        check("You have exhausted your capacity on this model.", Meaning::Limit);
        check("Rate limit reached for gpt-5 on tokens per min", Meaning::Limit);
        check("Quota exceeded. Check your plan and billing details.", Meaning::Failure(Billing));
        check("Credit balance is too low.", Meaning::Failure(Billing));
        check("Incorrect API key provided", Meaning::Failure(Auth));
        check("Login expired · Please run /login", Meaning::Failure(Auth));
        check("unexpected status 401", Meaning::Failure(Auth));
        check("Selected model is at capacity.", Meaning::Failure(Unavailable));
        check("[API Error: terminated]", Meaning::Failure(Unavailable));
        check("prompt is too long: 210000 tokens", Meaning::Failure(Invalid));
        check("wrote 429000 bytes", Meaning::Failure(Other));
    }
}
