//! Rules of a role about what its agents ask for: allowed, denied, or asked of the human.
//!
//! Deny wins over ask, ask wins over allow, wherever they stand; what no rule is about goes as it goes
//! without rules. An allow is read strictly: it never allows more than it plainly says. A deny or an
//! ask is read loosely: what may be meant is meant, and what cannot be read is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::about::{About, Deed, Place};
use crate::command::{Says, plain, says};

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskRule {
    /// What it answers.
    pub answer: RuleAnswer,
    /// Only uses of tools that are called like that, by their program or by us; `*` is any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Only this.
    pub what: What,
    /// The reason that a denied agent is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a rule answers; the stronger are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleAnswer {
    /// It may.
    Allow,
    /// The human is asked.
    Ask,
    /// It may not.
    Deny,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// All uses of the tool.
    Anything,
    /// Uses on files: a pattern of paths, from the worktree, from `~/` or from `/`.
    Path(String),
    /// Commands that begin with these words.
    Command(Vec<String>),
}

impl RuleAnswer {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What the rules answer, and by which of them, counted from 1. `None` when none is about it.
pub fn judge(rules: &[AskRule], about: &About) -> Option<(RuleAnswer, usize)> {
    let said = rules.iter().zip(1..).filter_map(|(rule, n)| Some((rule.answers(about)?, n)));
    said.max_by_key(|(answer, n)| (*answer, std::cmp::Reverse(*n)))
}

impl AskRule {
    /// What it answers to this, if it is about it. A command that may become what a rule is against
    /// is asked about.
    fn answers(&self, about: &About) -> Option<RuleAnswer> {
        if !self.is_of_tool(about) {
            return None;
        }
        let is_meant = match (&self.what, &about.deed, self.answer) {
            (What::Anything, _, _) => true,
            (What::Path(pattern), Deed::Change { .. } | Deed::Look { .. }, RuleAnswer::Allow) => {
                let files = files(about);
                !files.is_empty() && files.iter().all(|file| matches(pattern, file))
            }
            (What::Path(pattern), _, RuleAnswer::Ask | RuleAnswer::Deny) => {
                files(about).iter().any(|file| matches(pattern, file))
            }
            (What::Command(prefix), Deed::Run { command, .. }, RuleAnswer::Allow) => {
                about.stays_inside() && plain(command).is_some_and(|it| it.starts_with(prefix))
            }
            (What::Command(prefix), Deed::Run { command, .. }, _) => match says(command, prefix) {
                Says::Yes => true,
                Says::No => false,
                Says::Unclear => return Some(RuleAnswer::Ask),
            },
            (What::Path(_) | What::Command(_), _, _) => false,
        };
        is_meant.then_some(self.answer)
    }

    fn is_of_tool(&self, about: &About) -> bool {
        let fits = |tool: &String| {
            is_like(tool, &about.tool) || (tool == about.kind() && about.kind() != "other")
        };
        self.tool.as_ref().is_none_or(fits)
    }

    /// Whether whatever this other one is about, this one is about too.
    fn covers(&self, other: &Self) -> bool {
        let tool = match (&self.tool, &other.tool) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(other)) => {
                mine == other || (!other.contains('*') && is_like(mine, other))
            }
        };
        let what = match (&self.what, &other.what) {
            (What::Anything, _) => true,
            (What::Path(mine), What::Path(other)) => pattern_covers(mine, other),
            (What::Command(mine), What::Command(other)) => other.starts_with(mine),
            (What::Path(_), What::Anything | What::Command(_))
            | (What::Command(_), What::Anything | What::Path(_)) => false,
        };
        tool && what
    }
}

/// The rules that never decide anything, each with the one that always decides before it; both counted
/// from 1.
pub fn shadowed(rules: &[AskRule]) -> Vec<(usize, usize)> {
    let numbered = || rules.iter().zip(1..);
    let by = |(rule, n): (&AskRule, usize)| {
        let wins = |(other, m): &(&AskRule, usize)| {
            let is_stronger = other.answer > rule.answer || (other.answer == rule.answer && *m < n);
            *m != n && is_stronger && other.covers(rule)
        };
        numbered().find(wins).map(|(_, m)| (n, m))
    };
    numbered().filter_map(by).collect()
}

/// A rule about files of the worktree that does not allow, as an agent can be told before it starts.
/// What is elsewhere it has to ask about anyway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Which files: a pattern from the worktree.
    pub pattern: String,
    /// Whether the human may be asked; otherwise it is denied.
    pub asks: bool,
    /// Whether it is about looking at them.
    pub looks: bool,
    /// Whether it is about changing them.
    pub changes: bool,
}

/// Which files of the worktree are closed to a role, or not open unasked.
pub fn closed(rules: &[AskRule]) -> Vec<Closed> {
    let about = |tool: &str, deed| About { tool: tool.to_owned(), deed };
    let look = |tool: &str| about(tool, Deed::Look { files: Vec::new() });
    let change = |tool: &str| about(tool, Deed::Change { files: Vec::new() });
    let of = |rule: &AskRule| match (&rule.what, rule.answer) {
        (What::Path(pattern), RuleAnswer::Ask | RuleAnswer::Deny) if is_relative(pattern) => {
            Some(Closed {
                pattern: pattern.clone(),
                asks: rule.answer == RuleAnswer::Ask,
                looks: rule.is_of_tool(&look("search")) || rule.is_of_tool(&look("read")),
                changes: rule.is_of_tool(&change("edit")) || rule.is_of_tool(&change("write")),
            })
        }
        (What::Path(_) | What::Anything | What::Command(_), _) => None,
    };
    rules.iter().filter_map(of).collect()
}

/// Which files of the worktree a search leaves out: patterns of what may not be looked at, or not unasked.
pub fn closed_to_search(rules: &[AskRule]) -> Vec<String> {
    let all = closed(rules).into_iter();
    all.filter(|it| it.looks).map(|it| it.pattern).collect()
}

/// Whether a path from the worktree is one of a pattern.
pub fn is_path_like(pattern: &str, path: &str) -> bool {
    is_relative(pattern) && is_below(pattern, path)
}

fn files(about: &About) -> &[Place] {
    match &about.deed {
        Deed::Change { files } | Deed::Look { files } => files,
        Deed::Run { place: Some(place), .. } if !place.is_inside() => std::slice::from_ref(place),
        Deed::Run { .. } | Deed::Use { .. } | Deed::Open { .. } => &[],
    }
}

/// Whether a path is one of a pattern.
fn matches(pattern: &str, place: &Place) -> bool {
    match place {
        Place::Worktree { path } => is_relative(pattern) && is_below(pattern, path),
        Place::Home { path, whole } => match pattern.strip_prefix("~/") {
            Some(pattern) => is_below(pattern, path),
            None => pattern.starts_with('/') && is_below(pattern, whole),
        },
        Place::Elsewhere { whole } => pattern.starts_with('/') && is_below(pattern, whole),
    }
}

fn is_relative(pattern: &str) -> bool {
    !pattern.starts_with('/') && !pattern.starts_with("~/")
}

/// Part by part: `**` is any number of parts, `*` any text in one.
pub(super) fn is_below(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    are_like(&pattern, &path)
}

fn are_like(pattern: &[&str], path: &[&str]) -> bool {
    // The last `**` that was met may take one part more: no other has to be tried again.
    let (mut p, mut at) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while at < path.len() {
        match pattern.get(p) {
            Some(&"**") => {
                again = Some((p, at));
                p += 1;
            }
            Some(part) if is_like(part, path[at]) => (p, at) = (p + 1, at + 1),
            _ => match again {
                Some((star, from)) => {
                    again = Some((star, from + 1));
                    (p, at) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| *part == "**")
}

/// `*` is any text, everything else is itself.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for piece in between {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether every path of the second pattern is one of the first, as far as that is plain.
fn pattern_covers(mine: &str, other: &str) -> bool {
    if mine == other {
        return true;
    }
    match mine.strip_suffix("**") {
        Some("") => is_relative(other),
        Some(below) => !below.contains('*') && other.starts_with(below),
        None => false,
    }
}

/// As `crew team check` and a denied agent read it.
impl fmt::Display for AskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.answer.word())?;
        if let Some(tool) = &self.tool {
            write!(f, " tool {tool}")?;
        }
        match &self.what {
            What::Anything => Ok(()),
            What::Path(pattern) => write!(f, " path {pattern}"),
            What::Command(words) => write!(f, " command {}", words.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests;
