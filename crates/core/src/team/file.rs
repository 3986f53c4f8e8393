//! `team.toml` as text: read, completed with defaults, and turned into a [`Team`].
//!
//! Neither its shape nor how it is built leaves this module. Every mistake becomes a
//! [`Problem`] with a place and a hint; all that can be found in one go are reported together.

mod build;
mod github;
mod line;
mod provider;
mod route;
mod routine;
mod rule;
mod sandbox;
mod shape;

use std::fmt;

use shape::TeamFile;

use super::{Team, proof};

/// One mistake in a `team.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, and where: what has a key begins with it.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The keys from the outside in that lead to what has to be changed, whether it is there or
    /// not: `stages.review.back`, `providers.claude/work.billing`, `roles.pm.rules.2`. `None` where
    /// it is about several, or none.
    pub key: Option<String>,
    /// In which line of the file, from 1, where that is known.
    pub line: Option<u32>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl Problem {
    /// About several keys, or none.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: Some(hint.into()), key: None, line: None }
    }

    /// About what is at a key, or is missing there.
    pub(super) fn at(
        key: impl Into<String>,
        what: impl fmt::Display,
        hint: impl Into<String>,
    ) -> Self {
        let key = key.into();
        Self { what: format!("{key}: {what}"), hint: Some(hint.into()), key: Some(key), line: None }
    }

    /// A text that is no TOML, or not of the shape that is wanted.
    pub fn of_text(text: &str, error: &toml::de::Error) -> Self {
        // What is missing in the file as a whole is in none of its lines.
        let place = error.span().filter(|span| *span != (0..text.len()));
        let key = place.as_ref().and_then(|span| line::key_at(text, span.start));
        let line = place.map(|span| line::line_at(text, span.start));
        Self { what: error.to_string().trim_end().to_owned(), hint: None, key, line }
    }
}

/// Reads a `team.toml` and proves its pipeline.
///
/// # Errors
/// All the mistakes that were found, at least one.
pub fn parse(text: &str) -> Result<Team, Vec<Problem>> {
    let file: TeamFile =
        toml::from_str(text).map_err(|error| vec![syntax_problem(text, &error)])?;
    let mut problems = Vec::new();
    let team = file.build(&mut problems);
    if problems.is_empty() {
        proof::prove(&team, &mut problems);
    }
    if problems.is_empty() {
        return Ok(team);
    }
    line::say_lines(text, &mut problems);
    Err(problems)
}

/// The parser's message names line, column and, for an unknown key, the keys there are; the hint
/// adds the nearest of them.
fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let hint = unknown_key_hint(error.message());
    let hint = hint.unwrap_or_else(|| "docs/team.md has all keys with their values".into());
    Problem { hint: Some(hint), ..Problem::of_text(text, error) }
}

fn unknown_key_hint(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown") {
        return None;
    }
    let unknown = quoted.next()?;
    let nearest = nearest(unknown, quoted)?;
    Some(format!("did you mean `{nearest}`?"))
}

/// The candidate with the smallest edit distance, if that is small enough to be a slip.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
