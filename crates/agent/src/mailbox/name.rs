//! What the name of a file says, in the inboxes and in `taken/`.

use std::ffi::OsStr;
use std::fmt;

use super::folder::Entry;

/// Longest name of a role.
const ROLE_BYTES_MAX: usize = 64;
/// How much of a name is kept when a file moves.
const NAME_BYTES_MAX: usize = 100;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Work for a role: `triggers/<role>.trigger`, or `<role>.<anything>.trigger`.
    Trigger,
    /// What a role says about its work: `responses/<role>.response`, and so on.
    Response,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trigger => "trigger",
            Self::Response => "response",
        })
    }
}

impl Kind {
    fn other(self) -> Self {
        match self {
            Self::Trigger => Self::Response,
            Self::Response => Self::Trigger,
        }
    }
}

/// What a name in an inbox says.
pub(super) enum Named {
    /// A message.
    Mail { role: String },
    /// No message and none of our business: a temporary name, a README.
    Other,
    /// Meant as a message, and wrong.
    Bad(String),
}

/// Reads the name of a file in the inbox for `kind`.
pub(super) fn classify(kind: Kind, name: &OsStr) -> Named {
    let Some(name) = name.to_str() else {
        return Named::Bad("the name is not UTF-8; hint: name it <role>.<anything>.trigger".into());
    };
    if name.starts_with('.') || [".tmp", ".part", "~"].iter().any(|end| name.ends_with(end)) {
        return Named::Other;
    }
    if name.ends_with(&format!(".{}", kind.other())) {
        let other = kind.other();
        return Named::Bad(format!("a {other} among the {kind}s; hint: put it into {other}s/"));
    }
    if !name.ends_with(&format!(".{kind}")) {
        return Named::Other;
    }
    match name.split_once('.') {
        Some((role, _)) if is_role(role) => Named::Mail { role: role.to_owned() },
        _ => Named::Bad(format!(
            "the name does not begin with a role; hint: <role>.{kind}, the role in a-z, 0-9 and -"
        )),
    }
}

/// Whether files can be named after this role.
pub(super) fn is_role(role: &str) -> bool {
    (1..=ROLE_BYTES_MAX).contains(&role.len())
        && role.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The name in `taken/`, unique for every drop: `<kind>.<role>.<changed ns>.<inode>.<name>`.
///
/// The time is that of the last change of the inode, which no `cp -p` or `touch` can set, so that
/// two drops of an equal file differ even when the system uses an inode again. That clock is
/// coarse, but a file is settled, and so older than a tick, before it is taken.
pub(super) fn taken_name(kind: Kind, entry: &Entry) -> String {
    let name = sanitized(&entry.name.to_string_lossy());
    let role = name.split('.').next().unwrap_or_default();
    format!("{kind}.{role}.{}.{}.{name}", entry.changed_ns, entry.inode)
}

/// Reads back what [`taken_name`] wrote: kind and role.
pub(super) fn parse_taken(file: &str) -> Option<(Kind, &str)> {
    let mut parts = file.splitn(5, '.');
    let kind = match parts.next()? {
        "trigger" => Kind::Trigger,
        "response" => Kind::Response,
        _ => return None,
    };
    let role = parts.next().filter(|role| is_role(role))?;
    parts.nth(2)?;
    Some((kind, role))
}

/// When a file in `taken/` or `archive/` was dropped, from its name.
pub(super) fn dropped_at(file: &str) -> u64 {
    file.split('.').nth(2).and_then(|ns| ns.parse().ok()).unwrap_or_default()
}

/// The name that a file in `taken/` had before; any other name is its own.
pub(super) fn original(file: &str) -> &str {
    let before = parse_taken(file).and_then(|_| file.splitn(5, '.').nth(4));
    before.unwrap_or(file)
}

/// A name of harmless characters and bounded length that ends as `name` does.
pub(super) fn sanitized(name: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let clean: String = name.chars().map(|c| if harmless(c) { c } else { '_' }).collect();
    let clean = clean.trim_start_matches('.');
    match clean.len().checked_sub(NAME_BYTES_MAX) {
        None => clean.to_owned(),
        // The beginning has the role, the end the kind.
        Some(over) => {
            let (head, tail) = clean.split_at(ROLE_BYTES_MAX + 1);
            format!("{head}{}", tail.get(over..).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mail_something_else_or_wrong() {
        let check = |name: &str, expect: &str| {
            let got = match classify(Kind::Trigger, name.as_ref()) {
                Named::Mail { role } => role,
                Named::Other => "other".into(),
                Named::Bad(_) => "bad".into(),
            };
            assert_eq!(got, expect, "{name}");
        };
        check("engineer.trigger", "engineer");
        check("qa-2.nightly.2026.trigger", "qa-2");
        check(".engineer.trigger", "other");
        check("engineer.trigger.tmp", "other");
        check("engineer.trigger~", "other");
        check("README.md", "other");
        check("trigger", "other");
        check("Engineer.trigger", "bad");
        check("a b.trigger", "bad");
        check("engineer.response", "bad");
        check(&format!("{}.trigger", "x".repeat(65)), "bad");
    }

    #[test]
    fn a_moved_name_is_bounded_and_keeps_both_ends() {
        assert_eq!(sanitized("..a b/ü.trigger"), "a_b__.trigger");
        let long = sanitized(&format!("engineer.{}.trigger", "x".repeat(300)));
        assert_eq!(long.len(), NAME_BYTES_MAX);
        assert!(long.starts_with("engineer.x") && long.ends_with("x.trigger"));
    }
}
