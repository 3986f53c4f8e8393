//! Where what is secret about a connection comes from. What it is stands nowhere in the state.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SecretName;

/// Where a token comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// GitHub's own command line is asked: `gh auth token`.
    #[default]
    Gh,
    /// It is kept somewhere.
    Kept(Keep),
    /// GitHub gives one for an hour to an app that shows its key.
    App(App),
}

/// Where something secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Keep {
    /// In a variable of the daemon's environment.
    Variable(String),
    /// By `crew secret`.
    Secret(SecretName),
    /// In a file that only its owner reads: a whole path, or one that begins with `~/`.
    File(String),
}

/// A GitHub App that was installed where the repository is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its client id or its number.
    pub id: String,
    /// The number of its installation; none: GitHub is asked for that of the repository.
    pub installation: Option<u64>,
    /// Its private key, as GitHub's file `.pem` has it.
    pub key: Keep,
}

/// Why a text names no place for something secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `secret:NAME`, `env:NAME` or `file:/PATH`")]
pub struct BadKeep(pub String);

impl FromStr for Keep {
    type Err = BadKeep;

    fn from_str(text: &str) -> Result<Self, BadKeep> {
        let bad = || BadKeep(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(bad)?;
        let is_variable = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match kind {
            "secret" => rest.parse().map(Self::Secret).map_err(|_| bad()),
            "env" if !rest.is_empty() && rest.chars().all(is_variable) => {
                Ok(Self::Variable(rest.to_owned()))
            }
            "file" if rest.starts_with('/') || rest.starts_with("~/") => {
                Ok(Self::File(rest.to_owned()))
            }
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for Keep {
    type Error = BadKeep;

    fn try_from(text: String) -> Result<Self, BadKeep> {
        text.parse()
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> Self {
        keep.to_string()
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::Secret(name) => write!(f, "secret:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl TokenSource {
    /// The variable that holds something secret, if one does.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Kept(keep) | Self::App(App { key: keep, .. }) => keep.variable(),
            Self::Gh => None,
        }
    }
}

impl Keep {
    /// The variable, if it is one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::Secret(_) | Self::File(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_for_something_secret_is_named_whole() {
        for text in ["secret:github", "env:ACME_TOKEN", "file:/etc/token", "file:~/token"] {
            assert_eq!(text.parse::<Keep>().map(|keep| keep.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "github", "secret:", "secret:A b", "env:", "env:A=B", "file:token", "x:y"]
        {
            assert!(text.parse::<Keep>().is_err(), "{text}");
        }
    }
}
