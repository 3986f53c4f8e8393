//! Names that git prints and names that we hand to it: commits, trees, branches, references.
//!
//! A name is checked here, once, before it can reach an argument list; so no name can be taken for
//! an option, leave its namespace, or break the directory of a worktree.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::GitError;

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The hexadecimal text, 40 or 64 digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = GitError;

            fn from_str(text: &str) -> Result<Self, GitError> {
                let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if digits && matches!(text.len(), 40 | 64) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(invalid("object id", text, "40 or 64 lower-case hexadecimal digits"))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = GitError;

            fn try_from(text: String) -> Result<Self, GitError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

object_id!(
    /// A commit, by its full id.
    CommitId
);
object_id!(
    /// A tree, by its full id.
    TreeId
);

/// A name and an address, for commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name, as in `git config user.name`.
    pub name: String,
    /// The address, as in `git config user.email`.
    pub email: String,
}

impl Identity {
    /// An identity of these two; what git cannot store in a commit header is left out.
    pub fn new(name: &str, email: &str) -> Self {
        Self { name: name.to_owned(), email: email.to_owned() }
    }

    /// Who makes the commits that only save something.
    pub(crate) fn crewhouse() -> Self {
        Self::new("Crewhouse", "crewhouse@localhost")
    }

    /// The name, never empty, without what ends a commit header.
    pub(crate) fn header_name(&self) -> String {
        header_text(&self.name, "unnamed")
    }

    /// The address, never empty, without what ends a commit header.
    pub(crate) fn header_email(&self) -> String {
        header_text(&self.email, "unknown@localhost")
    }
}

fn header_text(text: &str, otherwise: &str) -> String {
    let clean: String =
        text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    let clean = clean.trim();
    if clean.is_empty() { otherwise } else { clean }.to_owned()
}

/// `refs/heads/<name>`, when the name is one that a branch can have.
pub(crate) fn branch_reference(name: &str) -> Result<String, GitError> {
    if name.starts_with('-') || name == "HEAD" {
        return Err(invalid("branch", name, "it would be read as something else"));
    }
    check_reference("branch", name)?;
    Ok(format!("refs/heads/{name}"))
}

/// Accepts only references of our own namespace.
pub(crate) fn crew_reference(name: &str) -> Result<(), GitError> {
    if !name.starts_with("refs/crew/") {
        return Err(invalid("reference", name, "it must start with refs/crew/"));
    }
    check_reference("reference", name)
}

/// The rules of `git check-ref-format`.
fn check_reference(what: &'static str, name: &str) -> Result<(), GitError> {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let why = if name.is_empty() || name == "@" {
        "it is empty"
    } else if name.contains(forbidden) {
        "spaces, control characters and ~^:?*[\\ are not allowed"
    } else if name.contains("..") || name.contains("@{") || name.ends_with('.') {
        "`..`, `@{` and a final dot are not allowed"
    } else if name
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.') || part.as_bytes().ends_with(b".lock"))
    {
        "a part of it is empty, starts with a dot or ends with .lock"
    } else {
        return Ok(());
    };
    Err(invalid(what, name, why))
}

/// Accepts a single path component that is not one of our own (those start with a dot).
pub(crate) fn check_worktree_name(name: &str) -> Result<(), GitError> {
    let why = if name.is_empty() || name.len() > 200 {
        "it must have 1 to 200 bytes"
    } else if name.starts_with('.') || name.starts_with('-') {
        "it must not start with a dot or a dash"
    } else if name.contains('/') || name.chars().any(char::is_control) {
        "slashes and control characters are not allowed"
    } else {
        return Ok(());
    };
    Err(invalid("worktree name", name, why))
}

/// Any text as one component of a reference; [`decode_component`] reads it back.
pub(crate) fn encode_component(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let parts = text.bytes().map(|byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    parts.collect()
}

/// The text that [`encode_component`] was given.
pub(crate) fn decode_component(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            Some(_) | None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn invalid(what: &'static str, name: &str, why: &'static str) -> GitError {
    GitError::InvalidName { what, name: name.to_owned(), why }
}

/// The parts of a `-z` output.
pub(crate) fn split_nul(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == 0).filter(|part| !part.is_empty())
}

/// A path exactly as git printed it.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// Bytes of git as text to show.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_name_is_what_git_accepts() {
        for good in ["main", "crew/12-fix", "ünï/🎉", "a\"b'c", "x@y"] {
            assert!(branch_reference(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-d", "--force", "HEAD", "a b", "a..b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock",
            "a.", "a~1", "a^", "a:b", "@{-1}", "@", "a\nb", "a\\b", "a*",
        ] {
            assert!(branch_reference(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_worktree_name_stays_in_its_directory() {
        for good in ["task-1", "it's \"quoted\" 🎉", "a b"] {
            assert!(check_worktree_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".pool", "a/b", "../x", "-x", "a\nb", "a\0"] {
            assert!(check_worktree_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn any_key_survives_as_a_component() {
        for key in ["task 1", "../x", "a%41b", "🎉.lock", "", "%"] {
            let encoded = encode_component(key);
            assert_eq!(decode_component(&encoded), key);
            assert!(encoded.is_empty() || branch_reference(&format!("k{encoded}")).is_ok());
        }
    }

    #[test]
    fn an_object_id_is_hexadecimal() {
        assert!("a".repeat(40).parse::<CommitId>().is_ok());
        assert!("A".repeat(40).parse::<CommitId>().is_err());
        assert!("--force".parse::<CommitId>().is_err());
    }
}
