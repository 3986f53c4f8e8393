//! What people say to whoever works on a task. Each remark has a mark, by which it is known whether a
//! conversation has it: none is said to it twice, and none is left out.

use std::fmt::Write as _;

use crew_agent::Remark as Said;
use crew_core::TaskId;
use crew_core::task::{REMARK_CHARS_MAX, Remark};
use crew_store::Home;

use crate::place::Place;
use crate::quote::{Quote, cut};

/// Longest name of who says something, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A remark as an agent is told it.
pub(crate) fn said(home: &Home, task: TaskId, remark: &Remark) -> anyhow::Result<Said> {
    let mark = crew_agent::mark(remark.number, &task.to_string(), &home.id()?);
    let from = remark.from.replace('\n', " ");
    let rest = "If you need the rest, ask for it.";
    let quote =
        Quote { kind: "text", text: &remark.text, chars_max: REMARK_CHARS_MAX, rest }.fenced();
    let text = format!(
        "# A message about task {task}\n{} says this to you, who are at work on it:\n{quote}\
         Do as it says, as far as your role and your instructions allow, and go on.\n\n{mark}",
        cut(&from, NAME_CHARS_MAX)
    );
    Ok(Said { mark, text })
}

/// What was said since the first prompt of a run was written, oldest first.
pub(crate) fn since(home: &Home, Place { task, run, .. }: &Place) -> anyhow::Result<Vec<Said>> {
    let (from, to) = (run.hearing.briefed, run.hearing.told);
    let is_later = |remark: &&Remark| remark.number > from && remark.number <= to;
    task.remarks.iter().filter(is_later).map(|remark| said(home, task.id, remark)).collect()
}

/// A prompt, and after it what a conversation does not know yet.
pub(crate) fn with_unknown(prompt: &str, said: &[Said], knows: impl Fn(&str) -> bool) -> String {
    let mut text = prompt.trim_end().to_owned();
    for said in said.iter().filter(|said| !knows(&said.mark)) {
        write!(text, "\n\n{}", said.text).ok();
    }
    text
}
