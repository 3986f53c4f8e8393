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
/// The newest steps stay as they were, as far as they take no more of the room, in percent.
const KEPT_PERCENT: usize = 50;
/// What is told in short takes no more of it, in percent.
const SHORT_PERCENT: usize = 25;
/// With less room, in bytes, nothing would be left of a conversation.
pub(super) const ROOM_MIN: usize = 1_500;
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

/// The longest answer that a model is asked for which takes so many tokens at once: some say much of
/// that for an answer that they never give, and others count all of it.
pub(super) fn answer_max(answer: u32, window: u64) -> u32 {
    answer.min(u32::try_from(window / 4).unwrap_or(u32::MAX))
}

/// Whether a request of so many tokens, with an answer of so many, is nearly all that a model takes.
pub(super) fn is_full(request: u64, answer: u32, window: u64) -> bool {
    request > most(answer, window)
}

/// How many bytes a conversation has room for when it is told in short: half of what it may have, so that
/// the other half is there for what comes next. The rest of a request, its frame, is the same each time.
pub(super) fn room(frame: u64, answer: u32, window: u64) -> usize {
    let tokens = most(answer, window).saturating_sub(frame) / 2;
    usize::try_from(tokens.saturating_mul(BYTES_OF_A_TOKEN)).unwrap_or(usize::MAX)
}

/// The longest request, in tokens, that leaves an answer its place.
fn most(answer: u32, window: u64) -> u64 {
    (window.saturating_mul(FULL_PERCENT) / 100).saturating_sub(answer_max(answer, window).into())
}

/// How many of the newest records stay as they were: the newest step, or what was asked for after it, and
/// as many before it as fit.
pub(super) fn kept(records: &[Record], room: usize) -> usize {
    let mut kept = None;
    let mut bytes = 0;
    for (count, record) in (1..).zip(records.iter().rev()) {
        bytes += record.bytes();
        if kept.is_some() && bytes > share(KEPT_PERCENT, room) {
            break;
        }
        // No result is without its call.
        if matches!(record, Record::Assistant(_) | Record::Prompt { .. }) {
            kept = Some(count);
        }
    }
    kept.unwrap_or(records.len())
}

/// What a model is shown that has so much room, of records whose last ones, so many, stay as they were.
pub(super) fn shown(records: &[Record], kept: usize, room: usize) -> Vec<Cow<'_, Record>> {
    let (first, last) = records.split_at(records.len().saturating_sub(kept));
    let is_prompt = |record: &&Record| matches!(record, Record::Prompt { .. });
    // What is asked for now is told whole. What was asked for before is over.
    let prompt =
        first.iter().rev().find(is_prompt).filter(|_| !last.iter().any(|it| is_prompt(&it)));
    let short = Record::Message { text: in_short(first, prompt, share(SHORT_PERCENT, room)) };
    let bytes: usize = last.iter().map(varying).sum();
    let allowed = share(KEPT_PERCENT, room);
    let last = last.iter().map(|record| match record {
        // Each is cut by the same part, so that what is short stays short.
        Record::Result(_) | Record::Message { .. } if bytes > allowed => {
            cut(record, (varying(record) as u64 * allowed as u64 / bytes as u64) as usize)
        }
        record => cut(record, room),
    });
    prompt
        .map(|prompt| cut(prompt, room))
        .into_iter()
        .chain([Cow::Owned(short)])
        .chain(last)
        .collect()
}

/// A part of the room, in bytes.
fn share(percent: usize, room: usize) -> usize {
    room / 100 * percent
}

/// The bytes of what has any length: what tools give back, and what people say.
fn varying(record: &Record) -> usize {
    match record {
        Record::Result(_) | Record::Message { .. } => record.bytes(),
        Record::Prompt { .. }
        | Record::Assistant(_)
        | Record::Compacted { .. }
        | Record::Mark { .. } => 0,
    }
}

/// A record with a text of so many bytes at most. An answer is as short as it was asked for.
fn cut(record: &Record, bytes_max: usize) -> Cow<'_, Record> {
    if record.bytes() <= bytes_max {
        return Cow::Borrowed(record);
    }
    Cow::Owned(match record.clone() {
        Record::Result(result) => {
            let output = middle_out(&result.output, bytes_max);
            Record::Result(CallResult { output, ..result })
        }
        Record::Message { text } => Record::Message { text: middle_out(&text, bytes_max) },
        Record::Prompt { run, text, stage, visit } => {
            Record::Prompt { run, text: middle_out(&text, bytes_max), stage, visit }
        }
        record @ (Record::Assistant(_) | Record::Compacted { .. } | Record::Mark { .. }) => record,
    })
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
pub(super) fn middle_out(text: &str, bytes_max: usize) -> String {
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
        for (turns, output) in [(1, 100_000), (3, 9_000), (40, 2_000), (400, 10)] {
            let mut records = vec![prompt("do it")];
            records.extend((0..turns).flat_map(|number| turn(number, output)));
            let room = 10_000;
            let kept = kept(&records, room);
            let shown = shown(&records, kept, room);
            let most = share(KEPT_PERCENT + SHORT_PERCENT, room) + 2_000;
            assert!(bytes(&shown) < most, "{turns} × {output}: {} of {most}", bytes(&shown));
            assert_eq!(*shown[0], records[0]);
            assert!(matches!(&*shown[2], Record::Assistant(_)), "{turns} × {output}");
            let last = shown.last().unwrap();
            assert_eq!(last.bytes() == output, output < 5_000, "{turns} × {output}");
        }
    }

    #[test]
    fn what_was_asked_for_before_is_told_in_short_and_what_is_asked_for_now_is_not() {
        let (before, now) = ("before ".repeat(2_000), "now ".repeat(2_000));
        let mut records = vec![prompt(&before)];
        records.extend(turn(1, 100));
        records.push(prompt(&now));
        let kept = kept(&records, 10_000);
        assert_eq!(kept, 1);
        let shown = shown(&records, kept, 10_000);
        assert!(bytes(&shown) < 10_000, "{}", bytes(&shown));
        assert_eq!(**shown.last().unwrap(), records[3]);
        assert!(bytes(&self::shown(&records, kept, 4_000)) < 6_000, "one that has no room itself");
    }

    #[test]
    fn what_is_told_in_short_is_half_of_what_a_model_takes_whatever_that_is() {
        for window in [16_384, 32_768, 65_536, 200_000, 1_000_000] {
            let (frame, answer) = (3_000, 8_192);
            let room = room(frame, answer, window);
            let mut records = vec![prompt(&"p".repeat(room))];
            records.extend((0..50).flat_map(|number| turn(number, 20_000)));
            let shown = shown(&records, kept(&records, room), room);
            let request = frame + tokens_in(bytes(&shown));
            assert!(!is_full(request, answer, window), "{window}: {request}");
        }
        assert_eq!(room(3_000, 8_192, 4_096), 0, "not even instructions and tools");
    }

    #[test]
    fn what_does_not_stay_is_told_in_short() {
        let mut records = vec![prompt("first"), prompt("do it\nnow")];
        records.extend(turn(1, 50_000));
        records.push(Record::Message { text: "Use\ntabs.".into() });
        records.extend(turn(2, 10));
        let shown = shown(&records, 2, 10_000);
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
        assert_eq!(answer_max(8_192, 8_192), 2_048);
        assert_eq!(answer_max(8_192, 200_000), 8_192);
        assert!(!is_full(160_000, 8_192, 200_000));
        assert!(is_full(162_000, 8_192, 200_000));
    }
}
