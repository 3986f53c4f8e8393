//! A conversation that becomes too long for its model: what was done first is told in short.
//!
//! No model is asked for a summary: it would cost a call of the size that is too large, and may say
//! what never was. What stays is what was said, which tools were called with what, and how that ended;
//! what they gave back can be had again. The file of the session keeps all of it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::session::{Assistant, Call, CallResult, Record};

/// A conversation with more of what its model takes, in percent, is compacted.
const FULL_PERCENT: u64 = 85;
/// The newest steps stay as they were, as far as they take no more, in percent.
const KEPT_PERCENT: u64 = 40;
/// What is told in short takes no more, in percent.
const SHORT_PERCENT: u64 = 20;
/// Three bytes for a token is more tokens than text has, which is the safe side.
const BYTES_OF_A_TOKEN: u64 = 3;
/// Of what was said, in characters.
const WORDS_CHARS_MAX: usize = 400;
/// Of what a tool was called with, in characters.
const INPUT_CHARS_MAX: usize = 200;
/// Of what it gave back, in characters.
const OUTPUT_CHARS_MAX: usize = 120;
const OPENING: &str = "(This conversation became too long for you, so its beginning is told in short: \
                       what was said, which tools you called, and how each call ended. What is on the \
                       disk is as you left it. Read again what you need.)";

/// How many tokens some bytes are, about.
pub(super) fn tokens_in(bytes: usize) -> u64 {
    bytes as u64 / BYTES_OF_A_TOKEN
}

/// Whether a request of so many tokens, with an answer of so many, is nearly all that a model takes.
pub(super) fn is_full(request: u64, answer: u64, window: u64) -> bool {
    // Some models say much of their window's size for an answer that they never give.
    let answer = answer.min(window / 4);
    request.saturating_add(answer).saturating_mul(100) > window.saturating_mul(FULL_PERCENT)
}

/// How many of the newest records stay as they were: the newest step, and as many before it as fit.
pub(super) fn kept(records: &[Record], window: u64) -> usize {
    let mut kept = None;
    let mut bytes = 0;
    for (count, record) in (1..).zip(records.iter().rev()) {
        bytes += record.bytes();
        if kept.is_some() && bytes > share(KEPT_PERCENT, window) {
            break;
        }
        if matches!(record, Record::Assistant(_)) {
            kept = Some(count);
        }
    }
    kept.unwrap_or(records.len())
}

/// What a model with this window is shown of records whose last ones, so many, stay as they were.
pub(super) fn shown(records: &[Record], kept: usize, window: u64) -> Vec<Cow<'_, Record>> {
    let (first, last) = records.split_at(records.len().saturating_sub(kept));
    let is_prompt = |record: &&Record| matches!(record, Record::Prompt { .. });
    let prompt = first.iter().rev().find(is_prompt);
    let short = Record::Message { text: in_short(first, prompt, share(SHORT_PERCENT, window)) };
    let bytes: usize = last.iter().filter_map(output).map(str::len).sum();
    let allowed = share(KEPT_PERCENT, window);
    let last = last.iter().map(|record| match record {
        // Each is cut by the same part, so that what is short stays short.
        Record::Result(result) if bytes > allowed => {
            let most = (result.output.len() as u64 * allowed as u64 / bytes as u64) as usize;
            Cow::Owned(Record::Result(CallResult {
                output: middle_out(&result.output, most),
                ..result.clone()
            }))
        }
        record => Cow::Borrowed(record),
    });
    prompt.map(Cow::Borrowed).into_iter().chain([Cow::Owned(short)]).chain(last).collect()
}

/// A part of what a model takes, in bytes.
fn share(percent: u64, window: u64) -> usize {
    usize::try_from(window.saturating_mul(BYTES_OF_A_TOKEN) / 100 * percent).unwrap_or(usize::MAX)
}

fn output(record: &Record) -> Option<&str> {
    match record {
        Record::Result(result) => Some(&result.output),
        Record::Prompt { .. }
        | Record::Message { .. }
        | Record::Assistant(_)
        | Record::Compacted { .. }
        | Record::Mark { .. } => None,
    }
}

/// A line or more for each record, the newest if not all fit; `whole` is shown elsewhere.
fn in_short(records: &[Record], whole: Option<&Record>, bytes_max: usize) -> String {
    let is_whole = |record: &Record| whole.is_some_and(|whole| std::ptr::eq(whole, record));
    let of = |record: &Record| match record {
        Record::Prompt { text, .. } if !is_whole(record) => vec![told(text)],
        Record::Message { text } => vec![told(text)],
        Record::Assistant(answer) => steps(answer, records),
        Record::Prompt { .. }
        | Record::Result(_)
        | Record::Compacted { .. }
        | Record::Mark { .. } => Vec::new(),
    };
    let lines: Vec<String> = records.iter().flat_map(of).collect();
    let mut room = bytes_max;
    let fits = |line: &&String| {
        room = room.saturating_sub(line.len() + 1);
        room > 0
    };
    let count = lines.iter().rev().take_while(fits).count();
    let (left_out, lines) = lines.split_at(lines.len() - count);
    let mut text = OPENING.to_owned();
    if !left_out.is_empty() {
        write!(text, "\n- ({} earlier steps are left out)", left_out.len()).ok(); // a string takes anything
    }
    for line in lines {
        write!(text, "\n{line}").ok(); // a string takes anything
    }
    text
}

fn told(text: &str) -> String {
    format!("- you were told: {}", beginning(text, WORDS_CHARS_MAX))
}

fn steps(answer: &Assistant, records: &[Record]) -> Vec<String> {
    let said = (!answer.text.trim().is_empty())
        .then(|| format!("- you said: {}", beginning(&answer.text, WORDS_CHARS_MAX)));
    said.into_iter().chain(answer.calls.iter().map(|call| step(call, records))).collect()
}

fn step(call: &Call, records: &[Record]) -> String {
    let result = records.iter().find_map(|record| match record {
        Record::Result(result) if result.call == call.id => Some(result),
        _ => None,
    });
    let ended = match result {
        None => "no result".to_owned(),
        Some(CallResult { ok, output, .. }) => {
            let how = if *ok { "done" } else { "failed" };
            format!("{how}, {} bytes: {}", output.len(), beginning(output, OUTPUT_CHARS_MAX))
        }
    };
    let input = beginning(&call.input.to_string(), INPUT_CHARS_MAX);
    format!("- you called {} {input}: {ended}", call.name)
}

/// The first characters, on one line.
fn beginning(text: &str, chars_max: usize) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(chars_max) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// The beginning and the end of a text.
fn middle_out(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(bytes_max / 3);
    let tail = text.ceil_char_boundary(text.len() - bytes_max / 3);
    let left_out = tail - head;
    format!("{}\n… {left_out} bytes left out …\n{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt(text: &str) -> Record {
        Record::Prompt { run: "r1".into(), text: text.into(), stage: String::new(), visit: 1 }
    }

    fn turn(number: usize, output: usize) -> [Record; 2] {
        let call = format!("c{number}");
        let input = json!({ "path": format!("file {number}") });
        let calls =
            vec![Call { id: call.clone(), name: "read".into(), input, signatures: Vec::new() }];
        let answer = Assistant { text: format!("Step {number}."), calls, ..Assistant::default() };
        let output = "x".repeat(output);
        [
            Record::Assistant(answer),
            Record::Result(CallResult { call, ok: true, output, interrupted: false }),
        ]
    }

    fn bytes(records: &[Cow<'_, Record>]) -> usize {
        records.iter().map(|record| record.bytes()).sum()
    }

    #[test]
    fn whatever_was_said_what_is_shown_fits_and_no_result_is_without_its_call() {
        for (turns, output) in [(1, 100_000), (3, 9_000), (40, 2_000), (400, 10), (2, 0)] {
            let mut records = vec![prompt("do it")];
            records.extend((0..turns).flat_map(|number| turn(number, output)));
            let window = 8_000;
            let kept = kept(&records, window);
            let shown = shown(&records, kept, window);
            let most = share(KEPT_PERCENT + SHORT_PERCENT, window) + 2_000;
            assert!(bytes(&shown) < most, "{turns} × {output}: {} of {most}", bytes(&shown));
            assert_eq!(*shown[0], records[0]);
            assert!(matches!(&*shown[2], Record::Assistant(_)), "{turns} × {output}");
            let last = shown.last().unwrap();
            assert_eq!(output_bytes(last) == output, turns > 1, "{turns} × {output}");
        }
    }

    fn output_bytes(record: &Record) -> usize {
        output(record).unwrap().len()
    }

    #[test]
    fn what_does_not_stay_is_told_in_short() {
        let mut records = vec![prompt("first"), prompt("do it\nnow")];
        records.extend(turn(1, 50_000));
        records.push(Record::Message { text: "Use\ntabs.".into() });
        records.extend(turn(2, 10));
        let shown = shown(&records, 2, 8_000);
        assert_eq!(*shown[0], records[1]);
        let Record::Message { text } = &*shown[1] else { panic!("{shown:?}") };
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let xs = "x".repeat(OUTPUT_CHARS_MAX);
        let call = format!("- you called read {{\"path\":\"file 1\"}}: done, 50000 bytes: {xs}…");
        let expect =
            ["- you were told: first", "- you said: Step 1.", &call, "- you were told: Use tabs."];
        assert_eq!(lines, expect);
        assert_eq!(shown[2..], records[5..].iter().map(Cow::Borrowed).collect::<Vec<_>>());
    }

    #[test]
    fn a_model_may_say_much_of_its_window_for_an_answer() {
        assert!(!is_full(4_000, 8_192, 8_192));
        assert!(is_full(5_000, 8_192, 8_192));
        assert!(!is_full(160_000, 8_192, 200_000));
        assert!(is_full(162_000, 8_192, 200_000));
    }
}
