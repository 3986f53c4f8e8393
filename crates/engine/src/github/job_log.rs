//! The end of the log of a failed check, as an agent reads it.
//!
//! GitHub's log of a job has a moment before each line and goes on after what failed: what is said
//! there last is about cleaning up. So an excerpt ends with the last line that GitHub marks as an error.

/// How much of a log is read, in bytes.
pub(super) const READ_BYTES_MAX: usize = 256 << 10;
/// How GitHub marks a line that says what failed.
const ERROR: &str = "##[error]";
/// Stands where a line was left out.
const CUT: &str = "[… cut …]\n";

/// The end of a log, up to what failed, of so many characters at most.
pub(super) fn excerpt(log: &str, chars_max: usize) -> String {
    let lines: Vec<String> = log.lines().map(plain).collect();
    let failed = lines.iter().rposition(|line| line.starts_with(ERROR));
    let lines = failed.map_or(lines.as_slice(), |at| &lines[..=at]);
    tail(lines.join("\n").trim(), chars_max)
}

/// The end of a text, in whole lines where that leaves anything.
pub(super) fn tail(text: &str, chars_max: usize) -> String {
    let too_many = text.chars().count().saturating_sub(chars_max);
    if too_many == 0 {
        return text.to_owned();
    }
    let rest: String = text.chars().skip(too_many + CUT.chars().count()).collect();
    let whole = rest.split_once('\n').map(|(_, whole)| whole).filter(|whole| !whole.is_empty());
    format!("{CUT}{}", whole.unwrap_or(&rest))
}

/// A line without its moment, and without what is meant for a terminal.
fn plain(line: &str) -> String {
    let line =
        line.split_once(' ').filter(|(moment, _)| is_moment(moment)).map_or(line, |(_, l)| l);
    // What a progress bar has written over was not to be read.
    let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            chars.find(|c| ('@'..='~').contains(c)); // the end of an order to a terminal
        } else {
            plain.push(c);
        }
    }
    plain
}

/// `2026-11-21T16:00:00.1234567Z`, perhaps after a mark of the order of bytes.
fn is_moment(word: &str) -> bool {
    let word = word.trim_start_matches('\u{feff}');
    let is_of_moment = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z');
    word.len() >= 20 && word.ends_with('Z') && word.chars().all(is_of_moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_with_what_failed_and_is_plain() {
        let log = "\u{feff}2026-11-21T16:00:00.1234567Z ##[group]Run make test\r\n\
                   2026-11-21T16:00:01.1234567Z \u{1b}[31mFAILED\u{1b}[0m it_adds: 3 is not 4\r\n\
                   2026-11-21T16:00:01.1234567Z 10%\r50%\r100%\n\
                   2026-11-21T16:00:02.1234567Z ##[error]Process completed with exit code 1.\n\
                   2026-11-21T16:00:03.1234567Z Post job cleanup.\n";
        let expect = "##[group]Run make test\nFAILED it_adds: 3 is not 4\n100%\n\
                      ##[error]Process completed with exit code 1.";
        assert_eq!(excerpt(log, 8_000), expect);
        assert_eq!(excerpt("no moment here\nat all", 100), "no moment here\nat all");
        assert_eq!(excerpt("", 100), "");
    }

    #[test]
    fn an_excerpt_is_bounded_and_keeps_the_end() {
        let log = (0..10_000).map(|at| format!("line {at} ü\n")).collect::<Vec<_>>().concat();
        let cut = excerpt(&log, 500);
        assert!(cut.starts_with("[… cut …]\nline ") && cut.ends_with("line 9999 ü"), "{cut}");
        assert!(cut.chars().count() <= 500);
        let one_line = excerpt(&"x".repeat(9_000), 500);
        assert_eq!(one_line.chars().count(), 500);
    }
}
