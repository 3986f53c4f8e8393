//! Anchors: what must not be forgotten. An agent whose conversation was compacted is told them again.
//!
//! Some follow from what is on record: the acceptance criteria, what people said and decided, the check
//! that did not pass, the role. Others are pinned, by the human or the PM. All of it is bounded.
//!
//! A reminder has a mark, as remarks have: an agent that ended before it took it in finds it in its next
//! prompt.

use std::fmt::Write as _;

use crew_agent::{Remark as Said, reminder_mark};
use crew_core::ask::AskState;
use crew_core::task::{BY_CREWHOUSE, BY_HUMAN, Remark, Task};

use crate::Handle;
use crate::place::Place;
use crate::prompt;
use crate::quote::{Quote, cut};

/// Words of people, and answers to this run, that are repeated; the newest.
const WORDS_MAX: usize = 10;
/// Longest of them, in characters.
const WORDS_CHARS_MAX: usize = 600;
/// The whole of a kind, in characters.
const QUOTE_CHARS_MAX: usize = 6_000;
/// All that is pinned, in characters.
const PINS_CHARS_MAX: usize = 12_000;
/// Stands at the beginning of what we say about a check that did not pass.
const CHECK: &str = "a check did not pass";

/// What the agent of a run is told after its conversation was compacted for the last time; `None` if it
/// never was.
pub(crate) fn reminder(handle: &Handle, place: &Place) -> anyhow::Result<Option<Said>> {
    let Place { task, run, .. } = place;
    if run.compactions == 0 {
        return Ok(None);
    }
    let mut text = format!(
        "# A reminder about task {}\nYour conversation was compacted. What you were told there still \
         holds, and this most of all. You are {} in the stage `{}`. Go on with your work.\n",
        task.id, run.role, run.stage
    );
    let title = [task.title.replace('\n', " ")];
    let criteria = (1..).zip(&task.criteria).map(|(n, it)| format!("{n}. {}", one_line(it)));
    part(&mut text, "Title", &title, QUOTE_CHARS_MAX);
    part(&mut text, "Acceptance criteria", &criteria.collect::<Vec<_>>(), QUOTE_CHARS_MAX);
    text.push_str(&pinned(task));
    part(&mut text, "What people said", &said(task), QUOTE_CHARS_MAX);
    part(&mut text, "What you asked and were answered", &answers(handle, place), QUOTE_CHARS_MAX);
    part(&mut text, "The last check that did not pass", &failed_check(task), QUOTE_CHARS_MAX);
    let role = prompt::role(place).map(|role| vec![role]).unwrap_or_default();
    part(&mut text, "Your role", &role, QUOTE_CHARS_MAX);
    let mark = reminder_mark(run.compactions, &run.id.to_string(), &handle.home().id()?);
    write!(text, "\n{mark}")?;
    Ok(Some(Said { mark, text }))
}

/// The part of a prompt about what is pinned; empty if nothing is.
pub(crate) fn pinned(task: &Task) -> String {
    let mut text = String::new();
    let pins: Vec<String> = task
        .pinned()
        .map(|it| format!("- {} (pinned by {})", one_line(&it.text), it.from))
        .collect();
    part(&mut text, "Pinned: do not forget", &pins, PINS_CHARS_MAX);
    text
}

fn said(task: &Task) -> Vec<String> {
    let is_human = |remark: &&Remark| {
        remark.from == BY_HUMAN || (remark.number > 0 && remark.from != BY_CREWHOUSE)
    };
    let words = task.remarks.iter().filter(is_human);
    newest(words.map(|remark| line(&format!("{}: {}", remark.from, remark.text))).collect())
}

fn answers(handle: &Handle, place: &Place) -> Vec<String> {
    let answered = handle.read(|state| {
        let of_run = state.asks.values().filter(|ask| ask.from.agent() == Some(place.run.id));
        let answered = of_run.filter_map(|ask| match &ask.state {
            // A permission was given for what was done then.
            AskState::Answered { text, .. } if ask.about.is_none() => {
                Some(line(&format!("{} (answer: {text})", ask.text)))
            }
            AskState::Answered { .. } | AskState::Open | AskState::Expired { .. } => None,
        });
        answered.collect()
    });
    newest(answered)
}

fn failed_check(task: &Task) -> Vec<String> {
    let last = task.remarks.iter().rev().find(|remark| remark.text.starts_with(CHECK));
    last.map(|remark| remark.text.clone()).into_iter().collect()
}

fn line(text: &str) -> String {
    format!("- {}", cut(&one_line(text), WORDS_CHARS_MAX))
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

fn newest(mut lines: Vec<String>) -> Vec<String> {
    lines.split_off(lines.len().saturating_sub(WORDS_MAX))
}

fn part(text: &mut String, title: &str, lines: &[String], chars_max: usize) {
    if !lines.is_empty() {
        let rest = "If you need the rest, ask for it.";
        let quote = Quote { kind: "text", text: &lines.join("\n"), chars_max, rest }.fenced();
        write!(text, "## {title}\n{quote}").ok();
    }
}
