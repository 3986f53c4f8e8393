//! Who may make agents work.
//!
//! The words of an issue go to agents that can run programs. So an issue becomes a task only if
//! somebody trusted opened it, or set the label themselves. That a label is there says nothing: forms
//! for new issues set labels in the name of whoever fills them in.

use super::{Ending, Policy, Seen};

/// Why an issue does or does not become a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Somebody trusted opened it: later edits of theirs count too.
    Author,
    /// Somebody trusted set the label: the text counts as it is now.
    Label,
    /// It stays outside.
    Shut(Shut),
}

/// Why an issue stays outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// It is closed, or has no such label.
    NotAsked,
    /// Who set the label is not known yet: that costs a question of its own.
    Unknown,
    /// Nobody trusted wants it.
    NotTrusted,
}

/// Whether an issue becomes a task.
pub fn door(policy: &Policy, seen: &Seen) -> Door {
    if seen.state != Ending::Open || !seen.labels.contains(&policy.intake) {
        return Door::Shut(Shut::NotAsked);
    }
    if policy.trusts(&seen.author) {
        return Door::Author;
    }
    match &seen.labelled_by {
        None => Door::Shut(Shut::Unknown),
        Some(login) if policy.trusts(login) => Door::Label,
        Some(_) => Door::Shut(Shut::NotTrusted),
    }
}
