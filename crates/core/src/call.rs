//! A call: what an agent wants of Crewhouse while it works, through the tools that it is given.
//!
//! A call names no task and no run. Those are the ones whose desk it was put on, so that nobody can
//! call for somebody else. Each is decided by [`crate::step()`] like everything else that happens, and
//! what the agent is told is an effect.

use serde::{Deserialize, Serialize};

use crate::protocol::{Claim, Verdict};
use crate::task::ANCHOR_CHARS_MAX;
use crate::{RoleName, StageName};

/// Longest text of a call, in characters.
pub const CALL_CHARS_MAX: usize = 8_000;
/// Longest piece of evidence, or reason of an answer, in characters.
pub const EVIDENCE_CHARS_MAX: usize = 2_000;
/// Most pieces of evidence.
pub const EVIDENCE_MAX: usize = 20;
/// Answers that a question may offer.
pub const OPTIONS_MAX: usize = 20;
/// Longest name of a call, in bytes.
pub const CALL_ID_BYTES_MAX: usize = 80;
/// Calls that one run may make; so many are no work any more.
pub const CALLS_MAX: u32 = 300;
/// Comments, and messages, that one run may write.
pub const COMMENTS_MAX: u32 = 30;
/// Tasks that may be proposed while one is worked on.
pub const SUBTASKS_MAX: usize = 8;
/// Messages that may wait for a role.
pub const MESSAGES_MAX: usize = 20;

/// What an agent wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tool", content = "arguments", rename_all = "snake_case")]
pub enum Call {
    /// To end, with all that a response may say.
    Finish(Finish),
    /// To hear what the human says.
    Ask(Question),
    /// To say something about its task.
    Comment(Comment),
    /// That something is not forgotten.
    Pin(Pin),
    /// To have something else done, too.
    Subtask(Proposal),
    /// To say something to a role.
    Message(Letter),
}

/// The end of a run, typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// How it ends.
    pub claim: Claim,
    /// What was done, what is needed, or why it cannot be done.
    pub summary: String,
    /// The judgement, from who was asked for one.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The best candidate, from who was asked to choose.
    #[serde(default)]
    pub pick: Option<u32>,
    /// The stage that the task should go to, if not the usual one.
    #[serde(default)]
    pub to: Option<StageName>,
    /// A pull request.
    #[serde(default)]
    pub pr: Option<String>,
    /// What was run and seen, so that it can be believed.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// An answer for each acceptance criterion.
    #[serde(default)]
    pub criteria: Vec<Answer>,
}

/// What an agent says about one acceptance criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which, counted from 1.
    pub number: u32,
    /// Whether it is met.
    pub met: Met,
    /// How that can be seen, or what is missing.
    pub why: String,
}

/// Whether a criterion is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// It is true of the work as it is now.
    Met,
    /// It is not, or not yet.
    NotMet,
}

impl Met {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
        }
    }
}

/// A question to the human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// Answers to choose from; empty when any text will do.
    #[serde(default)]
    pub options: Vec<String>,
}

/// Something said about the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Markdown.
    pub text: String,
}

/// Something that must not be forgotten in the middle of the work. The PM pins it; others propose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// One or two sentences; left out for what was proposed.
    #[serde(default)]
    pub text: String,
    /// The number of a proposal that the PM pins.
    #[serde(default)]
    pub anchor: Option<u64>,
}

/// A task that an agent thinks should be done. It begins when the human says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: String,
    /// What must be true for it to be done.
    #[serde(default)]
    pub criteria: Vec<String>,
}

/// Something said to a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// To whom; without it, to the PM.
    #[serde(default)]
    pub to: Option<RoleName>,
    /// Markdown.
    pub text: String,
}

/// What an agent is told about its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// The answer; or what is wrong, with a hint.
    pub text: String,
}

impl Reply {
    /// It was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { ok: true, text: text.into() }
    }

    /// It was not done.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { ok: false, text: text.into() }
    }
}

impl Call {
    /// Whether its texts and lists are of a size that somebody means; what is wrong, with a hint.
    ///
    /// # Errors
    /// When one is not.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Finish(finish) => finish.check(),
            Self::Ask(question) => {
                check_text("text", &question.text, CALL_CHARS_MAX)?;
                check_list("options", &question.options, OPTIONS_MAX, EVIDENCE_CHARS_MAX)
            }
            Self::Pin(Pin { anchor: Some(_), text }) if !text.trim().is_empty() => {
                Err("`text` and `anchor` exclude each other\nhint: give one of them".to_owned())
            }
            Self::Pin(Pin { anchor: Some(_), .. }) => Ok(()),
            Self::Pin(Pin { anchor: None, text }) => check_text("text", text, ANCHOR_CHARS_MAX),
            Self::Comment(Comment { text }) | Self::Message(Letter { text, to: _ }) => {
                check_text("text", text, CALL_CHARS_MAX)
            }
            Self::Subtask(Proposal { title, body, criteria }) => {
                check_text("title", title, crate::protocol::TITLE_CHARS_MAX)?;
                check_length("body", body, CALL_CHARS_MAX)?;
                check_list("criteria", criteria, EVIDENCE_MAX, EVIDENCE_CHARS_MAX)
            }
        }
    }
}

impl Finish {
    fn check(&self) -> Result<(), String> {
        check_text("summary", &self.summary, CALL_CHARS_MAX)?;
        check_length("pr", self.pr.as_deref().unwrap_or_default(), EVIDENCE_CHARS_MAX)?;
        check_list("evidence", &self.evidence, EVIDENCE_MAX, EVIDENCE_CHARS_MAX)?;
        self.criteria.iter().try_for_each(|answer| {
            check_text("why", &answer.why, EVIDENCE_CHARS_MAX)
                .map_err(|problem| format!("criterion {}: {problem}", answer.number))
        })
    }
}

fn check_text(what: &str, text: &str, max: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("`{what}` says nothing\nhint: give it words"));
    }
    check_length(what, text, max)
}

fn check_length(what: &str, text: &str, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!(
            "`{what}` has {length} characters; at most {max} are taken\n\
             hint: say what matters, and name the file that has the rest"
        ));
    }
    Ok(())
}

fn check_list(what: &str, list: &[String], most: usize, max: usize) -> Result<(), String> {
    if list.len() > most {
        return Err(format!(
            "`{what}` has {} entries; at most {most} are taken\nhint: choose",
            list.len()
        ));
    }
    list.iter().try_for_each(|text| check_text(what, text, max))
}
