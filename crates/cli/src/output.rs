//! The only place that prints: data to standard output, all else to standard error.
//!
//! Text of others (titles, questions, what agents said) may hold control characters; they are
//! made harmless here, so that nothing but our own styles and cursor moves reaches a terminal.
//! Our styles travel through that as characters of the private use area.

use std::io::{self, IsTerminal, Write};

use crew_engine::{neutral, neutral_json};
use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use crate::error::CliError;

/// How a piece of text is shown where there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

/// Style marks: begin (one for each [`Style`]) and end.
const MARKS: [(char, &str); 6] = [
    ('\u{f8f0}', "\x1b[1m"),
    ('\u{f8f1}', "\x1b[2m"),
    ('\u{f8f2}', "\x1b[32m"),
    ('\u{f8f3}', "\x1b[33m"),
    ('\u{f8f4}', "\x1b[31m"),
    (MARK_END, "\x1b[0m"),
];
const MARK_END: char = '\u{f8f5}';

/// Marks a piece of text.
pub(crate) fn style(style: Style, text: &str) -> String {
    let begin = match style {
        Style::Bold => MARKS[0].0,
        Style::Dim => MARKS[1].0,
        Style::Good => MARKS[2].0,
        Style::Warn => MARKS[3].0,
        Style::Bad => MARKS[4].0,
    };
    format!("{begin}{text}{MARK_END}")
}

/// How many columns a text takes, its marks not counted.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    if is_mark(c) { 0 } else { c.width().unwrap_or(0) }
}

/// As much of a line as fits into so many columns, with all of its marks.
fn fit(line: &str, wide: usize) -> String {
    if width(line) <= wide {
        return line.to_owned();
    }
    let mut left = wide.saturating_sub(1);
    let mut is_full = false;
    let mut fitting = String::new();
    for c in line.chars() {
        if is_mark(c) {
            fitting.push(c);
        } else if !is_full && columns(c) <= left {
            left -= columns(c);
            fitting.push(c);
        } else if !is_full {
            is_full = true;
            fitting.push('…');
        }
    }
    fitting
}

/// How wide the terminal is.
fn terminal_columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}

/// Where this program prints to.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether one JSON document (or lines of JSON) is wanted instead of text.
    pub(crate) json: bool,
    /// Whether standard output is a terminal.
    pub(crate) terminal: bool,
    colour: Colour,
}

#[derive(Debug)]
struct Colour {
    stdout: bool,
    stderr: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = Colour {
            stdout: wanted && io::stdout().is_terminal(),
            stderr: wanted && io::stderr().is_terminal(),
        };
        Self { json, terminal: io::stdout().is_terminal(), colour }
    }

    /// A line of data.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(shown(text.as_ref(), self.colour.stdout).as_bytes())?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// A document of data.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(CliError::failed)?;
        self.bytes(format!("{}\n", neutral_json(&text)).as_bytes())
    }

    /// A line of a stream of data.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(CliError::failed)?;
        self.bytes(format!("{}\n", neutral_json(&text)).as_bytes())
    }

    /// The document if JSON is wanted, otherwise the line.
    pub(crate) fn either(
        &self,
        value: &impl Serialize,
        text: impl AsRef<str>,
    ) -> Result<(), CliError> {
        if self.json { self.document(value) } else { self.line(text) }
    }

    /// Bytes as they are.
    #[allow(clippy::unused_self, reason = "all printing goes through an output")]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Draws lines over those that were drawn before; none of them wraps.
    pub(crate) fn redraw(&self, lines: &[String], drawn_before: usize) -> Result<(), CliError> {
        let up = if drawn_before > 0 { format!("\x1b[{drawn_before}A") } else { String::new() };
        let mut frame = format!("\x1b[?7l{up}\r\x1b[J");
        let columns = terminal_columns();
        for line in lines {
            let line = fit(&line.replace('\n', " "), columns);
            frame.push_str(&shown(&line, self.colour.stdout));
            frame.push_str("\r\n");
        }
        frame.push_str("\x1b[?7h");
        self.bytes(frame.as_bytes())
    }

    /// Something for people that is no data.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        // Where standard error is closed nobody is left to be told.
        writeln!(io::stderr(), "{}", shown(text.as_ref(), self.colour.stderr)).ok();
    }

    /// A question, without a newline.
    pub(crate) fn prompt(&self, text: &str) {
        let mut err = io::stderr();
        write!(err, "{}", shown(text, self.colour.stderr)).and_then(|()| err.flush()).ok();
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn error(&self, message: &str, hint: Option<&str>) {
        self.note(format!("{}: {message}", style(Style::Bad, "error")));
        if let Some(hint) = hint {
            self.note(format!("{}: {hint}", style(Style::Bold, "hint")));
        }
    }
}

fn is_mark(c: char) -> bool {
    MARKS.iter().any(|(mark, _)| *mark == c)
}

/// The text without what a terminal would obey, and our marks as styles or as nothing.
fn shown(text: &str, colour: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in neutral(text).chars() {
        match MARKS.iter().find(|(mark, _)| *mark == c) {
            Some((_, sequence)) if colour => shown.push_str(sequence),
            Some(_) => {}
            None => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_styles_reach_the_terminal() {
        let text = style(Style::Bad, "a\x1b[2Jb");
        assert_eq!(shown(&text, true), "\x1b[31ma␛[2Jb\x1b[0m");
        assert_eq!(shown(&text, false), "a␛[2Jb");
        assert_eq!(width(&style(Style::Dim, "abc")), 3);
    }

    #[test]
    fn a_line_fits_the_terminal_in_columns_not_characters() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        let styled = fit(&style(Style::Dim, "abcdef"), 4);
        assert_eq!(styled, style(Style::Dim, "abc…"), "the style ends");
    }
}
