//! When a limit ends, where a provider says so in words only.
//!
//! What providers are known to say is a table of sentences; what is not found in it has an end that
//! nobody knows, and whoever waits guesses. A time of day is the next one after the words were said,
//! in the zone that they name, or in that of this machine: agents print local time.

use std::sync::LazyLock;

use crew_core::{Millis, Time};
use jiff::civil::{Date, DateTime, Time as Clock};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use regex::{Captures, Regex};

/// A time of day that passed so recently is the one that was meant.
const JUST_PASSED: Millis = Millis::minutes(15);

/// How a sentence names the end.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Seconds since 1970.
    Epoch,
    /// Date, time and offset.
    Instant,
    /// `2 days 17 hours`, `4h28m20s`.
    Wait,
    /// `Feb 3rd, 2026 3:05 PM`, `Nov 24, 8:58am (UTC)`.
    Day,
    /// `5pm (Europe/Warsaw)`, `3:05 PM`.
    Clock,
}

/// Who says it, how it is found, and how it is read. The first that can be read counts.
const SENTENCES: &[(&str, &str, Shape)] = &[
    ("Claude Code, before 2.1.45", r"limit reached\|(?<n>\d{10})\b", Shape::Epoch),
    ("Codex, as its server says it", r#""resets_at"\s*:\s*(?<n>\d{10})\b"#, Shape::Epoch),
    (
        "many",
        r"(?<at>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?([Zz]|[+-]\d\d:?\d\d))",
        Shape::Instant,
    ),
    ("Codex, Gemini CLI, model servers", r"\b(in|after)\s+(?<wait>\d[\w.,\s]*)", Shape::Wait),
    (
        "Codex, Claude Code",
        concat!(
            r"\b(at|on|resets?)\s+(?<month>[a-z]{3,9})\.?\s+(?<day>\d{1,2})(st|nd|rd|th)?,?",
            r"(\s+(?<year>\d{4}),?)?(\s+at)?\s+(?<hour>\d{1,2})(:(?<minute>\d\d))?\s*",
            r"(?<half>[ap]\.?m\b)?(\.?\s*\((?<zone>[\w/+-]+)\))?"
        ),
        Shape::Day,
    ),
    (
        "Claude Code, Codex",
        concat!(
            r"\b(at|resets?)\s+(?<hour>\d{1,2})(:(?<minute>\d\d))?\s*(?<half>[ap]\.?m\b)",
            r"(\.?\s*\((?<zone>[\w/+-]+)\))?"
        ),
        Shape::Clock,
    ),
    (
        "who counts to 24",
        r"\b(at|resets?)\s+(?<hour>\d{1,2}):(?<minute>\d\d)\b(\s*\((?<zone>[\w/+-]+)\))?",
        Shape::Clock,
    ),
];

static PATTERNS: LazyLock<Vec<(Regex, Shape)>> = LazyLock::new(|| {
    let insensitive = |pattern: &str| Regex::new(&format!("(?i){pattern}")).ok();
    let patterns = SENTENCES.iter().filter_map(|(_, p, shape)| Some((insensitive(p)?, *shape)));
    patterns.collect()
});

/// When a limit ends by the words that were said at that moment, on this machine.
pub(crate) fn until(message: &str, said: Time) -> Option<Time> {
    let said = Timestamp::from_millisecond(i64::try_from(said.0).ok()?).ok()?;
    read(message, &said.to_zoned(TimeZone::system()))
}

/// Whether words name an end at all.
pub(crate) fn is_named(message: &str) -> bool {
    read(message, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).is_some()
}

fn read(message: &str, said: &Zoned) -> Option<Time> {
    PATTERNS.iter().find_map(|(pattern, shape)| {
        let found = pattern.captures(message)?;
        let timestamp = match shape {
            Shape::Epoch => Timestamp::from_second(found["n"].parse().ok()?).ok()?,
            Shape::Instant => found["at"].parse().ok()?,
            Shape::Wait => {
                let wait = i64::try_from(wait(&found["wait"])?.0).ok()?;
                Timestamp::from_millisecond(said.timestamp().as_millisecond().checked_add(wait)?)
                    .ok()?
            }
            Shape::Day => day(&found, said)?,
            Shape::Clock => time_of_day(&found, said)?,
        };
        u64::try_from(timestamp.as_millisecond()).ok().map(Time)
    })
}

/// Numbers with units, one after the other.
pub(crate) fn wait(text: &str) -> Option<Millis> {
    static PART: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)^[\s,]*(?:and\s+)?(\d+(?:\.\d+)?)\s*([a-z]+)").ok());
    let mut rest = text;
    let mut ms = None;
    while let Some(found) = PART.as_ref()?.captures(rest) {
        let Some(unit) = unit_ms(&found[2].to_lowercase()) else { break };
        ms = Some(ms.unwrap_or(0.0) + found[1].parse::<f64>().ok()? * unit);
        rest = &rest[found[0].len()..];
    }
    ms.map(|ms| Millis(ms.ceil() as u64))
}

fn unit_ms(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "millisecond" | "milliseconds" => 1.0,
        "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
        "m" | "min" | "mins" | "minute" | "minutes" => 60e3,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600e3,
        "d" | "day" | "days" => 86_400e3,
        _ => return None,
    })
}

fn zone(found: &Captures<'_>, said: &Zoned) -> Option<TimeZone> {
    match found.name("zone") {
        Some(name) => TimeZone::get(name.as_str()).ok(),
        None => Some(said.time_zone().clone()),
    }
}

fn clock(found: &Captures<'_>) -> Option<Clock> {
    let hour: i8 = found["hour"].parse().ok()?;
    let minute = found.name("minute").map_or(Ok(0), |minute| minute.as_str().parse()).ok()?;
    let half = found.name("half").map(|half| half.as_str().to_lowercase());
    let hour = match half.as_deref().and_then(|half| half.chars().next()) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some('a') => hour % 12,
        Some(_) => hour % 12 + 12,
        None => hour,
    };
    Clock::new(hour, minute, 0, 0).ok()
}

fn day(found: &Captures<'_>, said: &Zoned) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let zone = zone(found, said)?;
    let name = found["month"].to_lowercase();
    let month = MONTHS.iter().position(|month| name.starts_with(month))? as i8 + 1;
    let day = found["day"].parse().ok()?;
    let at = |year: i16| -> Option<Timestamp> {
        let moment = DateTime::from_parts(Date::new(year, month, day).ok()?, clock(found)?);
        Some(moment.to_zoned(zone.clone()).ok()?.timestamp())
    };
    if let Some(year) = found.name("year") {
        return at(year.as_str().parse().ok()?);
    }
    let year = said.with_time_zone(zone.clone()).year();
    let this = at(year)?;
    let day_before = said.timestamp().as_millisecond() - Millis::hours(24).0 as i64;
    if this.as_millisecond() < day_before { at(year + 1) } else { Some(this) }
}

fn time_of_day(found: &Captures<'_>, said: &Zoned) -> Option<Timestamp> {
    let clock = clock(found)?;
    let there = said.with_time_zone(zone(found, said)?);
    let on = |date: Date| -> Option<Timestamp> {
        let moment = DateTime::from_parts(date, clock);
        Some(moment.to_zoned(there.time_zone().clone()).ok()?.timestamp())
    };
    let earliest = said.timestamp().as_millisecond() - JUST_PASSED.0 as i64;
    let today = on(there.date())?;
    // A little after midnight, the end that has just passed was yesterday's.
    let yesterday = on(there.date().yesterday().ok()?)?;
    [yesterday, today]
        .into_iter()
        .find(|it| it.as_millisecond() >= earliest)
        .or_else(|| on(there.date().tomorrow().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Meaning, meaning};

    /// What was said, when, and what it means: see the head of the file.
    const TEXTS: &str = include_str!("../tests/limit-texts.txt");

    fn at(text: &str) -> Zoned {
        text.parse::<Timestamp>().unwrap().to_zoned(TimeZone::get("Europe/Warsaw").unwrap())
    }

    #[test]
    fn what_providers_are_known_to_say_is_understood() {
        let mut said = at("2026-11-21T12:00:00Z");
        let mut texts = 0;
        for line in TEXTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(moment) = line.strip_prefix("said ") {
                said = at(moment);
                continue;
            }
            let (expect, text) = line.split_once(" | ").expect(line);
            let got = match meaning(text) {
                Meaning::Limit => {
                    let end = read(text, &said).map_or("?".to_owned(), |end| {
                        Timestamp::from_millisecond(end.0 as i64).unwrap().to_string()
                    });
                    format!("limit {end}")
                }
                Meaning::Failure(class) => class.word().to_owned(),
            };
            assert_eq!(got, expect, "{text}");
            texts += 1;
        }
        assert!(texts > 50, "{texts}");
    }

    #[test]
    fn the_next_time_of_day_is_meant() {
        let check = |said: &str, text: &str, expect: Option<&str>| {
            let got = read(text, &at(said)).map(|end| Timestamp::from_millisecond(end.0 as i64));
            assert_eq!(got.map(|end| end.unwrap().to_string()).as_deref(), expect, "{said} {text}");
        };
        let noon = "2026-11-21T12:00:00Z";
        check(noon, "resets 1pm (UTC)", Some("2026-11-21T13:00:00Z"));
        check(noon, "resets 11am (UTC)", Some("2026-11-22T11:00:00Z"));
        check(noon, "resets 11:50am (UTC)", Some("2026-11-21T11:50:00Z"));
        check("2026-11-21T00:05:00Z", "resets 11:55pm (UTC)", Some("2026-11-20T23:55:00Z"));
        check(noon, "resets 12am (UTC)", Some("2026-11-22T00:00:00Z"));
        check(noon, "resets 13pm (UTC)", None);
        check(noon, "resets 1pm (Mars/Olympus)", None);
        check("2026-12-31T12:00:00Z", "resets Jan 2, 9am (UTC)", Some("2027-01-02T09:00:00Z"));
        check(noon, "resets Feb 30, 9am (UTC)", None);
        check(noon, "try again in 5", None);
    }

    #[test]
    fn no_words_break_the_reading() {
        for text in
            ["", "resets 99999999999999999:00pm", "in 99999999999999999999999999 days", "(|"]
        {
            read(text, &at("2026-11-21T12:00:00Z"));
        }
        assert_eq!(PATTERNS.len(), SENTENCES.len());
    }
}
