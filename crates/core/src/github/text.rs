//! Texts: what we write on GitHub, and how words from there are made plain.

use serde::{Deserialize, Serialize};

use crate::task::{Phase, Task};

/// A text by its content, so that it need not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Digest(u64);

impl From<Digest> for String {
    /// Digits: not every reader of JSON counts that far.
    fn from(digest: Digest) -> Self {
        format!("{:016x}", digest.0)
    }
}

impl From<String> for Digest {
    fn from(text: String) -> Self {
        Self(u64::from_str_radix(&text, 16).unwrap_or_default())
    }
}

impl Digest {
    /// FNV-1a over what is to be seen: editors on the site end lines their own way.
    pub fn of(text: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in text.trim_end().bytes().filter(|byte| *byte != b'\r') {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }
}

/// A text with nothing hidden in it: what a browser would not show becomes visible, so that the
/// human sees all that an agent is told. Line ends become ours.
///
/// Comments of HTML stand in the open, and characters without a width, which can carry words that
/// nobody sees, are written out.
pub fn revealed(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("<!--", "⟨hidden: ").replace("-->", "⟩");
    let plain = text.chars().map(|c| match c {
        '\n' | '\t' => c.to_string(),
        _ if is_invisible(c) => format!("⟨U+{:04X}⟩", u32::from(c)),
        _ => c.to_string(),
    });
    plain.collect()
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180E
            | 0x200B..=0x200C | 0x200E..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164
            | 0xFEFF | 0xFFA0 | 0xE0000..=0xE0FFF)
}

/// The comment that we keep up to date: for people a list, for programs the same as JSON. No words
/// of agents are in it, so it can mention nobody and give nothing away.
pub(super) fn story(task: &Task) -> String {
    let phase = match task.phase {
        Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Judging { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Checking { .. } => "at work",
        Phase::Asking { .. } | Phase::Stuck { .. } => "waits for an answer",
        Phase::Approving { .. } => "waits for approval",
        Phase::Landing { .. } | Phase::Held { .. } => "approved",
        Phase::Waiting | Phase::Leaving { .. } | Phase::Moving { .. } => "waits",
        Phase::Closing | Phase::Cancelled => "given up",
        Phase::Done { .. } => "done",
    };
    let phase = if task.is_held() && !task.is_over() { "held back" } else { phase };
    let commit = match &task.phase {
        Phase::Done { commit } => Some(commit),
        _ => task.head.as_ref(),
    };
    let commit = commit.map_or("", |commit| commit.0.as_str());
    let told = task.link.as_ref().and_then(|link| link.told.as_deref());
    let told = told.map_or_else(String::new, |told| format!("\n> {told}\n"));
    let (task, stage) = (task.id.0, &task.stage);
    format!(
        "**Task {task}** is in `{stage}`: {phase}.\n\n\
         To move it, set the label of another stage.\n{told}\n\
         <details><summary>for programs</summary>\n\n```json\n\
         {{\"task\":{task},\"stage\":\"{stage}\",\"state\":\"{phase}\",\"commit\":\"{commit}\"}}\n\
         ```\n</details>"
    )
}
