//! The response and trigger protocol (rows O3 and O9): what agents and scripts write, as text.
//!
//! ```text
//! DONE: Implemented user authentication feature
//! ISSUE: #142
//! LABEL-UPDATED: in-progress --> needs-testing
//! PR: #143
//! EVIDENCE: cargo test: 31 passed
//! CRITERION: 1 met: a wrong password is refused
//! ```
//!
//! The keyword line may stand anywhere: models put a sentence before it. The *last* keyword line
//! decides, since a model that changes its mind says so at the end. Everything that follows the
//! keyword line and is no field of ours belongs to the summary. A text without a keyword line is
//! no response; the caller decides what that means.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::call::{Answer, EVIDENCE_CHARS_MAX, EVIDENCE_MAX, Met};
use crate::{BadName, StageName, TaskId};

/// Longest response in bytes; what is longer was not written by a well-meaning agent.
pub const RESPONSE_BYTES_MAX: usize = 256 * 1024;

/// Most answers to acceptance criteria.
const ANSWERS_MAX: usize = 200;

/// What an agent claims at the end of its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Which of the three it is.
    pub claim: Claim,
    /// The words after the keyword.
    pub summary: String,
    /// The task that it is about, where it says so.
    pub issue: Option<TaskId>,
    /// The transition that the agent asks for.
    pub label: Option<LabelUpdate>,
    /// A pull request, as the agent names it.
    pub pr: Option<String>,
    /// The judgement of a validator or verifier.
    pub verdict: Option<Verdict>,
    /// The candidate that a judge prefers, counted from 1.
    pub pick: Option<u32>,
    /// What was run and seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What is said about the acceptance criteria. A criterion that is not among them was not answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<CriterionAnswer>,
    /// The same by their numbers, as it is written; what fits no criterion of the task stays here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

/// What an agent says about an acceptance criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionAnswer {
    /// The criterion as it was then: one that was changed since is not answered.
    pub criterion: String,
    /// Whether it is met.
    pub met: Met,
    /// How that can be seen, or what is missing.
    pub why: String,
}

impl Response {
    /// A claim with its words, and nothing else.
    pub fn new(claim: Claim, summary: impl Into<String>) -> Self {
        Self {
            claim,
            summary: summary.into(),
            issue: None,
            label: None,
            pr: None,
            verdict: None,
            pick: None,
            evidence: Vec::new(),
            criteria: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// With each answer at the criterion that its number means.
    #[must_use]
    pub fn about(mut self, criteria: &[String]) -> Self {
        let mut open: Vec<Option<&String>> = criteria.iter().map(Some).collect();
        let mut given = BTreeSet::new();
        for answer in std::mem::take(&mut self.answers) {
            let at = (answer.number as usize).checked_sub(1);
            // A recapitulation says the same again.
            if !given.insert((answer.number, answer.met)) {
                continue;
            }
            match at.and_then(|at| open.get_mut(at)?.take()) {
                Some(criterion) => self.criteria.push(CriterionAnswer {
                    criterion: criterion.clone(),
                    met: answer.met,
                    why: answer.why,
                }),
                None => self.answers.push(answer),
            }
        }
        self
    }
}

/// The keyword of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// The work of the stage is complete.
    Done,
    /// Input or a decision is needed.
    Request,
    /// It cannot be done.
    Error,
}

/// `LABEL-UPDATED: from --> to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelUpdate {
    /// The stage that the agent believes the task to be in.
    pub from: StageName,
    /// The stage that it should go to.
    pub to: StageName,
}

/// A validator's or verifier's judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The work is good.
    Pass,
    /// The work has to go back.
    Fail,
}

/// Why a text is no response.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResponseError {
    /// None of the three keywords.
    #[error("no line starts with DONE:, REQUEST: or ERROR:")]
    NoClaim,
    /// More text than anybody means.
    #[error("the response has {0} bytes; at most {RESPONSE_BYTES_MAX} are read")]
    TooLong(usize),
    /// A field is there but cannot be read.
    #[error("line {line}: `{field}` {problem}")]
    BadField {
        /// Counted from 1.
        line: usize,
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a response.
///
/// # Errors
/// When there is no claim, or a field of ours is malformed: a transition that cannot be read must
/// not be taken for none.
pub fn parse_response(text: &str) -> Result<Response, ResponseError> {
    if text.len() > RESPONSE_BYTES_MAX {
        return Err(ResponseError::TooLong(text.len()));
    }
    let lines: Vec<&str> = text.lines().collect();
    let Some((start, claim)) =
        lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, claim_of(clean(line))?.0)))
    else {
        return Err(ResponseError::NoClaim);
    };
    let mut response = Response::new(claim, "");
    for (at, line) in lines.iter().enumerate() {
        let bare = clean(line);
        let field = read_field(&mut response, bare)
            .map_err(|(field, problem)| ResponseError::BadField { line: at + 1, field, problem })?;
        if field == Field::Text && at >= start {
            // What is not of the protocol is the model's Markdown, and stays as it is.
            let words = claim_of(bare).map_or(line.trim_end(), |(_, words)| words);
            response.summary.push_str(words);
            response.summary.push('\n');
        }
    }
    response.summary = unfenced(response.summary.trim()).to_owned();
    Ok(response)
}

/// Without the end of a code fence that was begun before the claim.
fn unfenced(summary: &str) -> &str {
    let fences = summary.lines().filter(|line| line.trim_start().starts_with("```")).count();
    match summary.strip_suffix("```") {
        Some(rest) if fences % 2 == 1 => rest.trim_end(),
        Some(_) | None => summary,
    }
}

#[derive(PartialEq, Eq)]
enum Field {
    Ours,
    Text,
}

/// Whether a line, quoted as it is, could be taken for one of the protocol's: by us, or by a script
/// that plays a role and looks for fields of its trigger.
pub fn is_protocol_line(line: &str) -> bool {
    let line = clean(line);
    let claims = ["DONE", "REQUEST", "ERROR"];
    let fields = ["ISSUE", "LABEL-UPDATED", "PR", "VERDICT", "PICK", "EVIDENCE", "CRITERION"];
    let of_triggers = ["TASK", "RUN", "WORKTREE"];
    claims
        .iter()
        .chain(&fields)
        .chain(&of_triggers)
        .any(|keyword| after_keyword(line, keyword).is_some())
}

/// Markdown around a protocol line (`**DONE:** …`, `- ISSUE: #3`, a code fence) is the model's
/// habit, not part of the line.
fn clean(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_whitespace() || "*->`#".contains(c)).trim_end()
}

fn claim_of(line: &str) -> Option<(Claim, &str)> {
    [("DONE", Claim::Done), ("REQUEST", Claim::Request), ("ERROR", Claim::Error)]
        .into_iter()
        .find_map(|(keyword, claim)| Some((claim, after_keyword(line, keyword)?)))
}

fn after_keyword<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(keyword)?.trim_start_matches('*').strip_prefix(':')?;
    Some(rest.trim_start_matches('*').trim())
}

fn read_field(response: &mut Response, line: &str) -> Result<Field, (&'static str, String)> {
    if let Some(value) = after_keyword(line, "ISSUE") {
        let number = value.trim_matches(['#', '`', '*', ' ']);
        response.issue =
            Some(number.parse().map_err(|_| ("ISSUE", format!("is no task number: `{value}`")))?);
    } else if let Some(value) = after_keyword(line, "LABEL-UPDATED") {
        response.label = Some(parse_label(value).map_err(|problem| ("LABEL-UPDATED", problem))?);
    } else if let Some(value) = after_keyword(line, "PR") {
        response.pr = Some(value.to_owned()).filter(|pr| !pr.is_empty());
    } else if let Some(value) = after_keyword(line, "VERDICT") {
        response.verdict = Some(parse_verdict(value).map_err(|problem| ("VERDICT", problem))?);
    } else if let Some(value) = after_keyword(line, "PICK") {
        let number = value.trim_matches(['`', '*', ' ']);
        response.pick =
            Some(number.parse().map_err(|_| ("PICK", format!("is no number: `{value}`")))?);
    } else if let Some(value) = after_keyword(line, "EVIDENCE") {
        if response.evidence.len() < EVIDENCE_MAX && !value.is_empty() {
            response.evidence.push(value.chars().take(EVIDENCE_CHARS_MAX).collect());
        }
    } else if let Some(value) = after_keyword(line, "CRITERION") {
        let answer = parse_answer(value).map_err(|problem| ("CRITERION", problem))?;
        if response.answers.len() >= ANSWERS_MAX {
            return Err(("CRITERION", format!("is there more than {ANSWERS_MAX} times")));
        }
        response.answers.push(answer);
    } else {
        return Ok(Field::Text);
    }
    Ok(Field::Ours)
}

fn parse_label(value: &str) -> Result<LabelUpdate, String> {
    let (from, to) = value
        .split_once("-->")
        .or_else(|| value.split_once("->"))
        .or_else(|| value.split_once('→'))
        .ok_or_else(|| format!("needs `from --> to`, not `{value}`"))?;
    let stage = |text: &str| text.trim().trim_matches(['`', '*']).parse::<StageName>();
    let bad = |error: BadName| error.to_string();
    Ok(LabelUpdate { from: stage(from).map_err(bad)?, to: stage(to).map_err(bad)? })
}

fn parse_answer(value: &str) -> Result<Answer, String> {
    let bad = || format!("is like `2 met: why` or `2 not met: why`, not `{value}`");
    let value = value.trim_start_matches(['#', '`', '*', ' ']);
    let (number, rest) = value.split_once([' ', ':', '.', ')']).ok_or_else(bad)?;
    let number = number.parse().map_err(|_| bad())?;
    let rest = rest.trim_start_matches([':', '`', '*', ' ', '-', ')']);
    let after = |word: &str| {
        let begin = rest.get(..word.len())?;
        begin.eq_ignore_ascii_case(word).then(|| &rest[word.len()..])
    };
    let words = [("not met", Met::NotMet), ("not_met", Met::NotMet), ("met", Met::Met)];
    let (met, why) = words
        .into_iter()
        .find_map(|(word, met)| Some((met, after(word)?)))
        .filter(|(_, why)| !why.starts_with(char::is_alphanumeric))
        .ok_or_else(bad)?;
    let why = why.trim_matches(|c: char| c.is_whitespace() || "`*:,;-–—".contains(c));
    Ok(Answer { number, met, why: why.chars().take(EVIDENCE_CHARS_MAX).collect() })
}

fn parse_verdict(value: &str) -> Result<Verdict, String> {
    match value.trim_matches(['`', '*', ' ', '.']).to_ascii_lowercase().as_str() {
        "pass" => Ok(Verdict::Pass),
        "fail" => Ok(Verdict::Fail),
        _ => Err(format!("is `pass` or `fail`, not `{value}`")),
    }
}

/// What somebody dropped into the mailbox for a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The task that it is about; none asks for a new task.
    pub issue: Option<TaskId>,
    /// First line that says something, shortened to [`TITLE_CHARS_MAX`].
    pub title: String,
    /// The text without the fields.
    pub body: String,
}

/// Longest title of a task.
pub const TITLE_CHARS_MAX: usize = 300;

/// Why a text is no trigger.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TriggerError {
    /// Nothing but white space and fields.
    #[error("the trigger says nothing")]
    Empty,
    /// `ISSUE:` without a number.
    #[error("line {0}: ISSUE: needs a task number")]
    BadIssue(usize),
}

/// Reads a trigger: free text, with an `ISSUE: #n` line where it is about a task that exists.
pub fn parse_trigger(text: &str) -> Result<Trigger, TriggerError> {
    let mut issue = None;
    let mut body = String::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(value) = after_keyword(line.trim(), "ISSUE") {
            let number = value.trim_start_matches('#').parse();
            issue = Some(number.map_err(|_| TriggerError::BadIssue(at + 1))?);
        } else {
            body.push_str(line);
            body.push('\n');
        }
    }
    let body = body.trim().to_owned();
    let words = ["TASK:", "REQUEST:"].iter().find_map(|keyword| body.strip_prefix(keyword));
    let first = words.unwrap_or(&body).trim().lines().next().ok_or(TriggerError::Empty)?;
    Ok(Trigger { issue, title: first.trim().chars().take(TITLE_CHARS_MAX).collect(), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(claim: Claim, summary: &str) -> Response {
        Response::new(claim, summary)
    }

    fn label(from: &str, to: &str) -> LabelUpdate {
        LabelUpdate { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn the_seed_example_reads_whole() {
        let text = "DONE: Implemented user authentication feature\nISSUE: #142\n\
                    LABEL-UPDATED: in-progress --> needs-testing\nPR: #143\n";
        let expect = Response {
            issue: Some(TaskId(142)),
            label: Some(label("in-progress", "needs-testing")),
            pr: Some("#143".into()),
            ..response(Claim::Done, "Implemented user authentication feature")
        };
        assert_eq!(parse_response(text), Ok(expect));
    }

    #[test]
    fn models_decorate_and_change_their_minds() {
        let check = |text: &str, expect: Response| assert_eq!(parse_response(text), Ok(expect));
        check("I looked.\n\n**DONE:** all good", response(Claim::Done, "all good"));
        check("- DONE: x", response(Claim::Done, "x"));
        check("DONE: first\nno, wait\nERROR: it broke", response(Claim::Error, "it broke"));
        check("REQUEST: which?\nA or B\n", response(Claim::Request, "which?\nA or B"));
        let markdown = "I did\n- one\n`two`, too\n```sh\n    make\n```";
        check(&format!("DONE: {markdown}"), response(Claim::Done, markdown));
        check("```\nDONE: x\n```\n", response(Claim::Done, "x"));
        check(
            "ISSUE: #7\r\nDONE: windows lines\r\nVERDICT: PASS\r\nPICK: 2",
            Response {
                issue: Some(TaskId(7)),
                verdict: Some(Verdict::Pass),
                pick: Some(2),
                ..response(Claim::Done, "windows lines")
            },
        );
    }

    #[test]
    fn a_bookkeeping_first_line_does_not_drop_the_response() {
        let text = "LABEL-UPDATED: in-progress --> needs-testing\nDONE: built";
        let expect = Response {
            label: Some(label("in-progress", "needs-testing")),
            ..response(Claim::Done, "built")
        };
        assert_eq!(parse_response(text), Ok(expect));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let check = |text: &str, expect: &str| {
            assert_eq!(parse_response(text).unwrap_err().to_string(), expect, "{text}");
        };
        check("all fine, I think", "no line starts with DONE:, REQUEST: or ERROR:");
        check("DONE: x\nISSUE: soon", "line 2: `ISSUE` is no task number: `soon`");
        check("DONE: x\nVERDICT: perhaps", "line 2: `VERDICT` is `pass` or `fail`, not `perhaps`");
        check(
            "DONE: x\nLABEL-UPDATED: needs-testing",
            "line 2: `LABEL-UPDATED` needs `from --> to`, not `needs-testing`",
        );
        check(
            &"x".repeat(RESPONSE_BYTES_MAX + 1),
            "the response has 262145 bytes; at most 262144 are read",
        );
    }

    #[test]
    fn evidence_and_criteria_are_lines_too() {
        let text = "DONE: good\nVERDICT: pass\nEVIDENCE: make test: 31 passed\n- EVIDENCE: read it\n\
                    CRITERION: 2 met: the page is there\n* CRITERION: #1: not met — it is slow\nthat is all";
        let said = parse_response(text).unwrap();
        assert_eq!(said.evidence, ["make test: 31 passed", "read it"]);
        assert_eq!(said.summary, "good\nthat is all");
        let criteria = ["fast".to_owned(), "there".to_owned()];
        let about = said.clone().about(&criteria);
        let answered = |answer: &CriterionAnswer| {
            format!("{} {}: {}", answer.criterion, answer.met.word(), answer.why)
        };
        let answered: Vec<String> = about.criteria.iter().map(answered).collect();
        assert_eq!(answered, ["there met: the page is there", "fast not_met: it is slow"]);
        assert!(about.answers.is_empty());
        assert_eq!(said.about(&criteria[..1]).answers[0].number, 2, "there is no second one");
        let many = format!("DONE: x\n{}", "EVIDENCE: y\n".repeat(EVIDENCE_MAX + 9));
        assert_eq!(parse_response(&many).unwrap().evidence.len(), EVIDENCE_MAX);
        for bad in ["met", "1", "1 perhaps: x", "1 metal: x", "-1 met"] {
            let error = parse_response(&format!("DONE: x\nCRITERION: {bad}")).unwrap_err();
            assert!(
                error.to_string().contains("line 2: `CRITERION` is like `2 met: why`"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_trigger_is_a_new_task_or_about_one() {
        let parsed = parse_trigger("Fix the login\n\nIt fails on Mondays.\n").unwrap();
        assert_eq!((parsed.issue, parsed.title.as_str()), (None, "Fix the login"));
        assert_eq!(parsed.body, "Fix the login\n\nIt fails on Mondays.");
        let about = parse_trigger("ISSUE: #12\nplease hurry").unwrap();
        assert_eq!((about.issue, about.body.as_str()), (Some(TaskId(12)), "please hurry"));
        assert_eq!(parse_trigger("REQUEST:\n\nmore light").unwrap().title, "more light");
        assert_eq!(parse_trigger(" \n"), Err(TriggerError::Empty));
        assert_eq!(parse_trigger("TASK:\n"), Err(TriggerError::Empty));
        assert_eq!(parse_trigger("x\nISSUE: none"), Err(TriggerError::BadIssue(2)));
    }
}
