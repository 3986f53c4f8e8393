//! In which line a mistake is.
//!
//! A message begins with the place that it is about, as keys from the outside in: `limits.agents`,
//! `stages.review`. The place is looked up in the text; where that leaves a doubt no line is said,
//! for a wrong one is worse than none.

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::Problem;

/// Says of each mistake in which line it is, as far as that is known.
pub(super) fn say_lines(text: &str, problems: &mut [Problem]) {
    let Ok(file) = DeTable::parse(text) else { return };
    for problem in problems.iter_mut().filter(|problem| problem.line.is_none()) {
        problem.line = offset(file.get_ref(), &problem.what).map(|at| line_at(text, at));
    }
}

/// The line, from 1, of a place in a text, in bytes.
pub(super) fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.char_indices().take_while(|(at, _)| *at < offset);
    before.filter(|(_, character)| *character == '\n').count() as u32 + 1
}

/// A key with its value, or a value in a list.
#[derive(Clone, Copy)]
struct Found<'a> {
    at: usize,
    value: &'a DeValue<'a>,
}

fn offset(file: &DeTable<'_>, message: &str) -> Option<usize> {
    let found = place(file, message)?;
    let quoted = message.split('`').nth(1);
    Some(quoted.and_then(|word| only(found.value, word)).unwrap_or(found.at))
}

/// What the first word of a message names that has dots in it. One of several, with commas between
/// them, is no place.
fn place<'a>(file: &'a DeTable<'a>, message: &str) -> Option<Found<'a>> {
    let mut words = message.split_whitespace();
    let first = words.find(|word| word.trim_end_matches([':', ',']).contains('.'))?;
    let (path, list) = match first.strip_suffix(',') {
        Some(path) => (path, true),
        None => (first.trim_end_matches(':'), false),
    };
    let found = follow(file, path)?;
    if !list {
        return Some(found);
    }
    let number = words.next().filter(|word| *word == "rule").and_then(|_| words.next())?;
    let number: usize = number.trim_end_matches(':').parse().ok()?;
    let DeValue::Array(rules) = found.value else { return None };
    let rule = rules.get(number.checked_sub(1)?)?;
    Some(Found { at: rule.span().start, value: rule.get_ref() })
}

fn follow<'a>(file: &'a DeTable<'a>, path: &str) -> Option<Found<'a>> {
    // The accounts of a provider are written in its table.
    let path = path.replace('/', ".profiles.");
    let mut names = path.split('.');
    let mut found = key(file, names.next()?)?;
    for name in names {
        found = match found.value {
            DeValue::Table(table) => key(table, name)?,
            DeValue::Array(tables) => named(tables, name)?,
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => return None,
        };
    }
    Some(found)
}

fn key<'a>(table: &'a DeTable<'a>, name: &str) -> Option<Found<'a>> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    Some(Found { at: key.span().start, value: value.get_ref() })
}

/// The table of that name in a list, at its name; of two with the same name none is meant.
fn named<'a>(tables: &'a DeArray<'a>, name: &str) -> Option<Found<'a>> {
    let mut all = tables.iter().filter_map(|table| {
        let DeValue::Table(keys) = table.get_ref() else { return None };
        let Found { at, value: DeValue::String(its) } = key(keys, "name")? else { return None };
        (its == name).then_some(Found { at, value: table.get_ref() })
    });
    let found = all.next()?;
    all.next().is_none().then_some(found)
}

/// Where a word that a message quotes is written, as a key or as a text, if that is one place.
fn only(value: &DeValue<'_>, word: &str) -> Option<usize> {
    let mut places = Vec::new();
    collect(value, word, &mut places);
    match places[..] {
        [at] => Some(at),
        [] | [_, ..] => None,
    }
}

fn collect(value: &DeValue<'_>, word: &str, places: &mut Vec<usize>) {
    let mut look = |inner: &Spanned<DeValue<'_>>| {
        if matches!(inner.get_ref(), DeValue::String(text) if text == word) {
            places.push(inner.span().start);
        }
        collect(inner.get_ref(), word, places);
    };
    match value {
        DeValue::Array(list) => list.iter().for_each(look),
        DeValue::Table(table) => {
            table.iter().for_each(|(_, inner)| look(inner));
            let is_it = |key: &&Spanned<DeString<'_>>| key.get_ref() == word;
            places.extend(table.keys().filter(is_it).map(|key| key.span().start));
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}
