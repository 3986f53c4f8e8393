//! Rules and times of a role's asks.

use serde::Deserialize;

use super::Problem;
use crate::Millis;
use crate::team::{AskRule, RuleAnswer, What};

/// Most rules of a role.
const RULES_MAX: usize = 200;
/// Longest time that an ask may wait.
const EXPIRE_DAYS_MAX: u64 = 7;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskRuleFile {
    answer: RuleAnswer,
    tool: Option<String>,
    path: Option<String>,
    command: Option<String>,
    why: Option<String>,
}

pub(super) fn build_all(
    files: Vec<AskRuleFile>,
    place: &str,
    problems: &mut Vec<Problem>,
) -> Vec<AskRule> {
    if files.len() > RULES_MAX {
        problems.push(Problem::at(
            format!("{place}.rules"),
            format!("there are more than {RULES_MAX}"),
            "nobody can read so many: use patterns",
        ));
    }
    let mut build = |(file, n): (AskRuleFile, usize)| {
        let built = file.build(&format!("{place}.rules.{n}"));
        built.map_err(|problem| problems.push(problem)).ok()
    };
    files.into_iter().zip(1..).filter_map(&mut build).collect()
}

/// What is wrong with a value, and what to do about it.
pub(super) type Wrong = (String, &'static str);

impl AskRuleFile {
    /// At this place, which is that of its list with its number from 1.
    fn build(self, place: &str) -> Result<AskRule, Problem> {
        let Self { answer, tool, path, command, why } = self;
        let at = |key: &str| {
            let key = format!("{place}.{key}");
            move |(what, hint): Wrong| Problem::at(key, what, hint)
        };
        let what = match (path, command) {
            (Some(_), Some(_)) => {
                let hint = "a command names no files, and files no command: write two rules";
                return Err(Problem::at(place, "it has a path and a command", hint));
            }
            (Some(path), None) => What::Path(pattern(path).map_err(at("path"))?),
            (None, Some(command)) => What::Command(words(&command).map_err(at("command"))?),
            (None, None) => What::Anything,
        };
        if tool.as_ref().is_some_and(|tool| tool.trim().is_empty()) {
            let hint = "name one, like \"shell\" or \"mcp__*\"";
            return Err(Problem::at(format!("{place}.tool"), "its tool has no name", hint));
        }
        match (&what, tool.as_deref()) {
            (What::Anything, None) => {
                let hint =
                    "name a tool, a path or a command; `permissions` of the provider is for all";
                return Err(Problem::at(place, "it is about nothing", hint));
            }
            (What::Command(_), Some("edit" | "read")) | (What::Path(_), Some("shell")) => {
                let hint = "commands belong to \"shell\", paths to \"edit\" and \"read\"";
                let what = "such a tool is never used like that";
                return Err(Problem::at(format!("{place}.tool"), what, hint));
            }
            (What::Anything | What::Command(_) | What::Path(_), _) => {}
        }
        if why.is_some() && answer != RuleAnswer::Deny {
            let hint = "only who is denied something is told why";
            let what = "there is a reason, and the rule does not deny";
            return Err(Problem::at(format!("{place}.why"), what, hint));
        }
        Ok(AskRule { answer, tool, what, why })
    }
}

/// A pattern of paths is below the worktree, the home or `/`, and goes nowhere else.
pub(super) fn pattern(path: String) -> Result<String, Wrong> {
    let below = path.strip_prefix("~/").or_else(|| path.strip_prefix('/')).unwrap_or(&path);
    let is_part = |part: &str| !["", ".", "..", "~"].contains(&part) && !part.contains('\0');
    let is_bad_star = |part: &str| part.contains("**") && part != "**";
    if below.ends_with('/') {
        let hint = "`docs/**` is all that is in docs";
        return Err((format!("`{path}` names a directory"), hint));
    }
    if !below.split('/').all(is_part) || below.split('/').any(is_bad_star) {
        let hint = "write \"src/**\" or \"**/*.md\" for the worktree, \"~/.ssh/**\" or \"/etc/**\" outside";
        return Err((format!("`{path}` is no pattern of paths"), hint));
    }
    if path.contains(['?', '[', '{']) {
        let hint = "only `*` and `**` have a meaning; write a rule for each";
        return Err((format!("`{path}` has more than `*` in it"), hint));
    }
    Ok(path)
}

/// The words that a command begins with.
fn words(command: &str) -> Result<Vec<String>, Wrong> {
    if command.contains(|c: char| "'\"\\$`;|&<>(){}*?[~".contains(c) || c.is_control()) {
        let hint = "write the plain words that it begins with, like \"cargo test\"";
        return Err((format!("`{command}` is more than the beginning of a command"), hint));
    }
    let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err(("its command is empty".to_owned(), "write the words that it begins with"));
    }
    Ok(words)
}

/// `90s`, `30m`, `2h` or `1d`.
pub(super) fn duration(text: &str, key: &str, problems: &mut Vec<Problem>) -> Option<Millis> {
    let seconds = |text: &str| -> Option<u64> {
        let unit = text.chars().last()?;
        let number: u64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        number.checked_mul(factor)
    };
    let is_good = |seconds: &u64| (1..=EXPIRE_DAYS_MAX * 86_400).contains(seconds);
    let found = seconds(text.trim()).filter(is_good).map(Millis::seconds);
    if found.is_none() {
        problems.push(Problem::at(
            key,
            format!("`{text}` is no time that an ask can wait"),
            format!("write \"30m\", \"2h\" or \"1d\", at most {EXPIRE_DAYS_MAX}d"),
        ));
    }
    found
}
