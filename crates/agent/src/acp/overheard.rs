//! What an agent tells its log and nobody else. opencode waits out a limit for hours, without a word
//! over ACP; started with `--print-logs`, it says to its standard error why.

use crew_core::Time;
use jiff::Timestamp;

use crate::words::{Meaning, meaning};

/// How each line of the log begins.
const STAMP: &str = "timestamp=";

/// The words of a limit, and when they were written, if that is what the newest of these lines of its log
/// says that concerns its work.
pub(crate) fn limit(lines: &[String]) -> Option<(Time, String)> {
    // `small` is the model that thinks of a title.
    let is_its = |line: &&String| {
        line.contains("message=\"stream error\"") && !line.contains(" small=true ")
    };
    let line = lines.iter().rev().find(is_its)?;
    let stamp = line.strip_prefix(STAMP)?.split(' ').next()?;
    let at: Timestamp = stamp.parse().ok()?;
    let (_, words) = line.split_once("error.error=\"")?;
    let words = words.trim_end().trim_end_matches('"').replace("\\\"", "\"");
    let words = match words.split_once(": ") {
        Some((class, rest)) if class.starts_with("AI_") => rest.to_owned(),
        _ => words,
    };
    let is_limit = meaning(&words) == Meaning::Limit;
    is_limit.then_some((Time(u64::try_from(at.as_millisecond()).ok()?), words))
}

/// Whether a line of its standard error is of the log, and so no last words.
pub(crate) fn is_logged(line: &str) -> bool {
    line.starts_with(STAMP)
}

#[cfg(test)]
mod tests {
    use super::limit;

    /// Recorded with 1.18.33, with other words in them.
    fn line(small: bool, words: &str) -> String {
        format!(
            "timestamp=2026-11-22T08:01:01.711Z level=ERROR run=62887063 message=\"stream error\" \
             providerID=ours modelID=scripted session.id=ses_dfdba3 small={small} agent=build \
             mode=primary error.error=\"AI_APICallError: {words}\""
        )
    }

    #[test]
    fn a_limit_is_what_the_newest_line_of_its_work_says() {
        let used_up = "You have hit your usage limit.";
        let limit = |lines: &[String]| limit(lines).map(|(at, words)| (at.0, words));
        let expect = Some((1_795_334_461_711, used_up.to_owned()));
        assert_eq!(limit(&[line(false, used_up)]), expect);
        let title = line(true, "Rate limit reached");
        assert_eq!(limit(std::slice::from_ref(&title)), None);
        assert_eq!(limit(&[line(false, used_up), title]), expect);
        let broken = line(false, "Internal server error");
        assert_eq!(
            limit(&[line(false, used_up), broken]),
            None,
            "that is not what it waits for now"
        );
        assert_eq!(limit(&["Rate limit reached".to_owned()]), None);
        assert_eq!(limit(&["message=\"stream error\" error.error=".to_owned()]), None);
        assert_eq!(limit(&[]), None);
    }
}
