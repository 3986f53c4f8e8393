//! How numbers, moments and tables read.

use crew_core::{Micros, Millis};
use crew_server::wire::{Amount, JournalEntry, Note, Usage};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::output::{Style, style, width};

/// `1,234,567`
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3.4 MiB`
pub(crate) fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| bytes >> shift > 0);
    let Some((shift, unit)) = unit else { return format!("{bytes} B") };
    let tenths = ((bytes >> (shift - 10)) * 10) >> 10;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `$1.2345`
pub(crate) fn money(micros: u64) -> String {
    Micros(micros).to_string()
}

/// `12,345 tokens, $0.0123`; `–` for nothing.
pub(crate) fn usage(usage: &Usage) -> String {
    match (usage.tokens, usage.cost_micros) {
        (0, _) => "–".to_owned(),
        (tokens, Some(cost)) => format!("{} tokens, {}", count(tokens), money(cost)),
        (tokens, None) => format!("{} tokens, cost unknown", count(tokens)),
    }
}

/// `12,345 tokens, $0.0123`
pub(crate) fn amount(amount: Amount) -> String {
    format!("{} tokens, {}", count(amount.tokens), money(amount.cost_micros))
}

/// `4 min 10 s`, from one moment to a later one.
pub(crate) fn between(from: u64, to: u64) -> String {
    Millis(to.saturating_sub(from)).to_string()
}

/// `14:03:21`, here.
pub(crate) fn clock(at: u64) -> String {
    moment(at, "%H:%M:%S")
}

/// `2026-11-21 14:03`, here.
pub(crate) fn date(at: u64) -> String {
    moment(at, "%Y-%m-%d %H:%M")
}

fn moment(at: u64, format: &str) -> String {
    let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let here = |at: Timestamp| at.to_zoned(TimeZone::system()).strftime(format).to_string();
    at.map_or_else(|| "–".to_owned(), here)
}

/// The first line, cut to a number of characters.
pub(crate) fn cut(text: &str, chars: usize) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    if line.chars().count() <= chars {
        return line.to_owned();
    }
    let kept: String = line.chars().take(chars.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Rows as aligned lines; the last column is as long as it is.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    rows.iter().map(|row| aligned(row, &widths)).collect()
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (at, (cell, wide)) in row.iter().zip(widths).enumerate() {
        line.push_str(cell);
        if at + 1 < row.len() {
            line.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell)) + 2));
        }
    }
    line.trim_end().to_owned()
}

/// What came of an event, one line each.
pub(crate) fn notes(entry: &JournalEntry) -> Vec<String> {
    entry.notes.iter().map(note).collect()
}

fn note(note: &Note) -> String {
    match note {
        Note::Stage { task, from: Some(from), to } => format!("#{task} {from} → {to}"),
        Note::Stage { task, from: None, to } => format!("#{task} new in {to}"),
        Note::Phase { task, phase } => format!("#{task} {phase}"),
        Note::Run { run, task, role, state, why } => {
            let why = why.as_ref().map_or_else(String::new, |why| format!(" with {why}"));
            format!("#{task} r{run} {role} {state}{why}")
        }
        Note::Ask { ask, task, state, why } => {
            format!("#{task} a{ask} {}", why.as_ref().unwrap_or(state))
        }
        Note::Project { project } => format!("p{project} team in use"),
    }
}

/// A status with the colour that its word has everywhere.
pub(crate) fn status(word: &str, text: &str) -> String {
    match word {
        "needs_answer" | "needs_approval" | "stuck" => style(Style::Warn, text),
        "no_signal" | "held" | "stopped" => style(Style::Bad, text),
        "working" | "checking" | "merging" => style(Style::Bold, text),
        "done" => style(Style::Good, text),
        _ => style(Style::Dim, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let check = |number: u64, expect: &str| assert_eq!(count(number), expect);
        check(7, "7");
        check(1_234, "1,234");
        check(123_456, "123,456");
        check(1_234_567, "1,234,567");
    }

    #[test]
    fn a_table_is_aligned_whatever_its_styles() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let rows = [row("a", "one"), row(&style(Style::Bold, "bcd"), "two")];
        let lines = table(&rows);
        assert_eq!(lines[0], "a    one");
        assert_eq!(width(&lines[1]), "bcd  two".len());
    }

    #[test]
    fn a_cut_text_is_one_line() {
        assert_eq!(cut("\n  abc\ndef", 10), "abc");
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
