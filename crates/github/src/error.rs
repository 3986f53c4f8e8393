//! Why GitHub did not do what was asked for, by what can be done about it.

use crew_core::Time;
use thiserror::Error;

/// Which limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// The calls of the hour are used up.
    Hour,
    /// Too much in too short a time.
    Pace,
}

/// Why GitHub did not do what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// A limit; asking earlier makes it longer.
    #[error("GitHub serves nothing for a while: {}", match why {
        Limited::Hour => "the calls of the hour are used up",
        Limited::Pace => "too many requests in a short time",
    })]
    NotBefore {
        /// When to ask again, by our clock.
        until: Time,
        /// Which limit.
        why: Limited,
    },
    /// No whole answer came. What was asked for may have been done.
    #[error("no answer from GitHub: {0}")]
    Unreachable(String),
    /// The token is not accepted.
    #[error("GitHub does not accept the token")]
    NotSignedIn,
    /// The token may not do that.
    #[error("GitHub does not allow it: {0}")]
    Forbidden(String),
    /// It is not there, or the token may not see it.
    #[error("GitHub knows no {0}")]
    NotFound(String),
    /// It cannot be done as it was asked for.
    #[error("GitHub refused ({status}): {message}")]
    Refused {
        /// The status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// An answer that cannot be understood.
    #[error("GitHub's answer cannot be understood: {0}")]
    Malformed(String),
    /// There is no token.
    #[error("there is no token for GitHub: {why}")]
    NoToken {
        /// Why the place where it should be has none.
        why: String,
        /// What can be done there.
        hint: &'static str,
    },
    /// The address cannot be used.
    #[error("{0}")]
    Address(String),
}

impl Error {
    /// There is no token, for this reason.
    pub fn no_token(why: impl Into<String>, hint: &'static str) -> Self {
        Self::NoToken { why: why.into(), hint }
    }

    /// Whether asking again later, unchanged, can help.
    pub fn is_lasting(&self) -> bool {
        match self {
            // Without a token somebody has to do something; then it works without a restart.
            Self::NotBefore { .. }
            | Self::Unreachable(_)
            | Self::Malformed(_)
            | Self::NotSignedIn
            | Self::NoToken { .. } => false,
            Self::Forbidden(_) | Self::NotFound(_) | Self::Refused { .. } | Self::Address(_) => {
                true
            }
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotBefore { .. } | Self::Malformed(_) => None,
            Self::Unreachable(_) => Some("it is tried again; nothing is lost meanwhile"),
            Self::NoToken { hint, .. } => Some(hint),
            Self::NotSignedIn => Some(
                "it was taken back or has run out: put a new one where github.token says, or sign in \
                 with `gh auth login`",
            ),
            Self::Forbidden(_) => Some(
                "the token needs read and write access to issues and pull requests of this repository",
            ),
            Self::NotFound(_) => Some("check github.repository, and that the token covers it"),
            Self::Refused { .. } => Some("`crew github status` shows which change it was"),
            Self::Address(_) => {
                Some("github.repository is `owner/name`, github.api an https address")
            }
        }
    }
}
