//! Names that people give: roles, stages, providers. Lower case, safe as a file name, a label and
//! a part of a branch.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest name in bytes.
const NAME_BYTES_MAX: usize = 40;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a name: use 1 to 40 lower-case letters, digits and hyphens, and start with a letter"
)]
pub struct BadName(pub String);

/// A name, or one and that of a profile: `claude/work`.
fn is_provider(text: &str) -> bool {
    match text.split_once('/') {
        Some((name, profile)) => is_name(name) && is_name(profile),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    text.len() <= NAME_BYTES_MAX
        && text.bytes().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $is_name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                if $is_name(&text) { Ok(Self(text)) } else { Err(BadName(text)) }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name_type!(
    /// A role of the team: `pm`, `engineer`.
    RoleName, is_name);
name_type!(
    /// A stage of the pipeline: `needs-testing`.
    StageName, is_name);
name_type!(
    /// Where agents come from: `native`, `claude`, `claude/work`.
    ProviderName, is_provider);
name_type!(
    /// A task that comes by itself: `look-around`.
    RoutineName, is_name);
name_type!(
    /// A key that is kept for the user: `anthropic-work`.
    SecretName, is_name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_and_short() {
        let check = |text: &str, ok: bool| {
            assert_eq!(text.parse::<StageName>().is_ok(), ok, "{text:?}");
        };
        check("in-progress", true);
        check("qa2", true);
        check("", false);
        check("-x", false);
        check("In Progress", false);
        check("../etc", false);
        check(&"x".repeat(41), false);
        check("claude/work", false);
        assert!("claude/work".parse::<ProviderName>().is_ok());
        assert!("claude/work/x".parse::<ProviderName>().is_err());
    }
}
