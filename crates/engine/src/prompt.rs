//! What an agent is told: its role, what the team knows, and the task at hand.
//!
//! Everything that people or other agents wrote is quoted as data under a heading of its own.

use std::fmt::Write as _;
use std::path::Path;

use crew_core::run::{Purpose, TroubleKind};
use crew_core::task::Remark;

use crate::place::Place;

/// Files of the team directory that are longer are cut, in bytes.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// Remarks that an agent is shown; the newest.
const REMARKS_SHOWN: usize = 20;

const PROTOCOL: &str = "\
## How you work here
You are one agent of a team. Your working directory is a git worktree of your own for this task. Work \
only inside it. Do not push, merge, or touch other branches: what you leave in the worktree is \
committed for you.

When you are finished, end with a message in this form, the keyword at the start of a line:

DONE: what you did, for whoever works on it next
or
REQUEST: what you need to know or to have decided
or
ERROR: why it cannot be done

Optional lines after it:
ISSUE: #<task>
LABEL-UPDATED: <stage you are in> --> <stage it should go to>
";

/// The instructions of a role: its `CLAUDE.md`, the project's knowledge, and how to respond.
pub(crate) fn system(place: &Place) -> String {
    let team = Path::new(&place.project.root).join(".crew");
    let role = team.join("agents").join(place.run.role.as_str()).join("CLAUDE.md");
    let mut text = read(&role).unwrap_or_else(|| format!("You are the {}.", place.run.role));
    for name in ["project", "goals"] {
        if let Some(knowledge) = read(&team.join("knowledge").join(format!("{name}.toml"))) {
            write!(text, "\n\n## Knowledge: {name}\n{knowledge}").ok();
        }
    }
    text.push_str("\n\n");
    text.push_str(PROTOCOL);
    text
}

fn read(path: &Path) -> Option<String> {
    let mut text = std::fs::read_to_string(path).ok()?;
    if text.len() > FILE_BYTES_MAX {
        let cut = (0..=FILE_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("\n(cut here)");
    }
    Some(text)
}

/// What is asked now. `material` is what a judge needs to see: diffs.
pub(crate) fn prompt(place: &Place, material: &str) -> String {
    let Place { project, task, run } = place;
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    line(&format!("# Task {}: {}", task.id, task.title));
    line(&format!("Stage: {}. Your role: {}.", run.stage, run.role));
    if let Some(stage) = project.team.stage(&run.stage) {
        let next: Vec<&str> = stage.next.iter().map(crew_core::StageName::as_str).collect();
        line(&format!("Next stages: {}.", next.join(", ")));
        if let Some(back) = &stage.back {
            line(&format!("If it has to go back: {back}."));
        }
    }
    if !task.body.trim().is_empty() {
        line(&format!("\n## Description\n{}", task.body.trim()));
    }
    if !task.criteria.is_empty() {
        line("\n## Acceptance criteria");
        task.criteria.iter().for_each(|criterion| line(&format!("- {criterion}")));
    }
    let hidden = task.remarks.len().saturating_sub(REMARKS_SHOWN);
    if !task.remarks.is_empty() {
        line("\n## What was said so far");
        for Remark { from, text: words, .. } in &task.remarks[hidden..] {
            line(&format!("### {from}\n{words}"));
        }
    }
    line(&format!("\n## Now\n{}", assignment(place)));
    if !material.is_empty() {
        line(&format!("\n{material}"));
    }
    if let Some(trouble) = run.trouble.as_ref().filter(|t| t.kind == TroubleKind::Protocol) {
        line(&format!("\nYour last turn was not accepted: {}", trouble.message));
    }
    text
}

fn assignment(place: &Place) -> String {
    let Place { task, run, .. } = place;
    match &run.purpose {
        Purpose::Work if task.catch_up => format!(
            "Do the work of the stage `{}`. The base branch has moved: it was merged into your \
             worktree, and files may contain conflict markers. Resolve them first.",
            run.stage
        ),
        Purpose::Work => format!("Do the work of the stage `{}`.", run.stage),
        Purpose::Consult { about } => format!(
            "The pipeline does not decide how this goes on; you do. What happened: {about}\n\
             Answer DONE: with your guidance to let the same stage go on, add LABEL-UPDATED: {} --> \
             <stage> to send the task elsewhere, or answer REQUEST: with a question to the human.",
            run.stage
        ),
        Purpose::Verdict => "Judge the work on this task. You did not do it. Change nothing. End \
             with DONE: and your reasons, and a line VERDICT: pass or VERDICT: fail."
            .to_owned(),
        Purpose::Choose => "Several agents did this task, each by itself. Choose the best result. \
             End with DONE: and your reasons, and a line PICK: <number of the candidate>."
            .to_owned(),
    }
}
