//! In which line a mistake is.
//!
//! The keys that it is about are followed into the text, as far as they are there. Where that leaves
//! a doubt no line is said, for a wrong one is worse than none.

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::Problem;

/// What tables in a list are found by.
const NAME: &str = "name";
const PROVIDERS: &str = "providers.";
const PROFILES: &str = ".profiles.";

/// Says of each mistake in which line it is, as far as that is known.
pub(super) fn say_lines(text: &str, problems: &mut [Problem]) {
    let Ok(file) = DeTable::parse(text) else { return };
    for problem in problems.iter_mut().filter(|problem| problem.line.is_none()) {
        let Some(key) = &problem.key else { continue };
        problem.line = offset(file.get_ref(), key, &problem.what).map(|at| line_at(text, at));
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

fn offset(file: &DeTable<'_>, key: &str, message: &str) -> Option<usize> {
    let found = follow(file, key)?;
    let quoted = message.split('`').nth(1);
    Some(quoted.and_then(|word| only(found.value, word)).unwrap_or(found.at))
}

/// The last of the keys that is there; `None` where it could be one of several.
fn follow<'a>(file: &'a DeTable<'a>, keys: &str) -> Option<Found<'a>> {
    let keys = in_text(keys);
    let (mut found, mut rest) = entry(file, &keys)?;
    if let DeValue::Array(list) = found.value
        && !rest.is_empty()
    {
        (found, rest) = named(list, rest)?;
    }
    while !rest.is_empty() {
        let inner = match found.value {
            DeValue::Table(table) => entry(table, rest),
            DeValue::Array(list) => Some(numbered(list, rest)?),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        let Some(inner) = inner else { break };
        (found, rest) = inner;
    }
    Some(found)
}

/// The other accounts of a provider are written in its table.
fn in_text(keys: &str) -> String {
    match keys.strip_prefix(PROVIDERS) {
        Some(name) => format!("{PROVIDERS}{}", name.replacen('/', PROFILES, 1)),
        None => keys.to_owned(),
    }
}

/// What is left of the keys behind the first, if that is its name. A bad name may have dots in it.
fn behind<'k>(keys: &'k str, name: &str) -> Option<&'k str> {
    let rest = keys.strip_prefix(name)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

/// The first of the keys in a table, and what is left of them.
fn entry<'a, 'k>(table: &'a DeTable<'a>, keys: &'k str) -> Option<(Found<'a>, &'k str)> {
    let fits = table.iter().filter_map(|(key, value)| {
        let found = Found { at: key.span().start, value: value.get_ref() };
        Some((found, behind(keys, key.get_ref())?))
    });
    fits.min_by_key(|(_, rest)| rest.len())
}

/// The table of that name in a list, at its name, and what is left of the keys. Of two with the same
/// name neither is meant, unless it is about the name: then the later one has to have another.
fn named<'a, 'k>(list: &'a DeArray<'a>, keys: &'k str) -> Option<(Found<'a>, &'k str)> {
    let fits = list.iter().filter_map(|item| {
        let DeValue::Table(table) = item.get_ref() else { return None };
        let (at, name) = name_of(table)?;
        Some((Found { at, value: item.get_ref() }, behind(keys, name)?))
    });
    let fits: Vec<_> = fits.collect();
    match fits[..] {
        [.., last] if last.1 == NAME => Some(last),
        [one] => Some(one),
        [] | [_, ..] => None,
    }
}

fn name_of<'a>(table: &'a DeTable<'a>) -> Option<(usize, &'a str)> {
    let (key, name) = table.get_key_value(NAME)?;
    Some((key.span().start, name.get_ref().as_str()?))
}

/// What has that number in a list, from 1, and what is left of the keys.
fn numbered<'a, 'k>(list: &'a DeArray<'a>, keys: &'k str) -> Option<(Found<'a>, &'k str)> {
    let (number, rest) = keys.split_once('.').unwrap_or((keys, ""));
    let item = list.get(number.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some((Found { at: item.span().start, value: item.get_ref() }, rest))
}

/// The keys that lead to a place of a text: the other way round.
pub(super) fn key_at(text: &str, offset: usize) -> Option<String> {
    let file = DeTable::parse(text).ok()?;
    let name = |table: &DeTable<'_>| name_of(table).map(|(_, name)| name.to_owned());
    let keys = keys_to(file.get_ref(), offset, name)?;
    Some(match keys.strip_prefix(PROVIDERS) {
        Some(name) => format!("{PROVIDERS}{}", name.replacen(PROFILES, "/", 1)),
        None => keys,
    })
}

/// The items of its lists are named, or have a number.
fn keys_to(
    table: &DeTable<'_>,
    offset: usize,
    name: fn(&DeTable<'_>) -> Option<String>,
) -> Option<String> {
    let inner = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let keys = match value.get_ref() {
            DeValue::Table(table) => keys_to(table, offset, |_| None),
            DeValue::Array(list) => keys_into(list, offset, name),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        keys.map(|keys| format!("{}.{keys}", key.get_ref()))
    };
    let is_here = |(key, value): &(&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        key.span().contains(&offset) || value.span().contains(&offset)
    };
    let here = || table.iter().find(is_here).map(|(key, _)| key.get_ref().to_string());
    table.iter().find_map(inner).or_else(here)
}

fn keys_into(
    list: &DeArray<'_>,
    offset: usize,
    name: fn(&DeTable<'_>) -> Option<String>,
) -> Option<String> {
    list.iter().zip(1_usize..).find_map(|(item, number)| {
        let DeValue::Table(table) = item.get_ref() else { return None };
        let first = name(table).unwrap_or_else(|| number.to_string());
        match keys_to(table, offset, |_| None) {
            Some(keys) => Some(format!("{first}.{keys}")),
            None => item.span().contains(&offset).then_some(first),
        }
    })
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
