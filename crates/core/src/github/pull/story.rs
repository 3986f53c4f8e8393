//! The text of a pull request: what it is about and how it came to be. No words of agents are in it.

use std::fmt::Write as _;

use super::super::said_there;
use super::Shown;
use crate::TaskId;
use crate::protocol::Verdict;
use crate::run::{Purpose, Run};
use crate::task::{Phase, Task};
use crate::team::{Gate, Team};

/// Longest text of a task that is repeated, in characters.
const WHAT_CHARS_MAX: usize = 20_000;
/// Most runs that are listed; the newest stay.
const RUNS_MAX: usize = 60;

/// What, why, who, what it cost, what judged it.
pub(crate) fn story(
    task: &Task,
    team: &Team,
    runs: &[&Run],
    (shown, beneath): (&Shown, Option<(TaskId, u64)>),
) -> String {
    let mut text = match shown.closes.zip(team.github.as_ref()) {
        Some((issue, policy)) => format!("Closes {}\n", policy.reference(issue)),
        None => what(task),
    };
    if let Some((below, number)) = beneath {
        writeln!(text, "\nOn top of #{number}, the work of task {}.", below.0).ok();
    }
    if !task.criteria.is_empty() {
        text.push_str("\n**To be true in the end**\n\n");
        for criterion in &task.criteria {
            let criterion = said_there(task, criterion, WHAT_CHARS_MAX);
            writeln!(text, "- {}", criterion.replace('\n', " ")).ok();
        }
    }
    text.push_str(&table(runs));
    text.push_str(&gates(task, team));
    let commit = task.pull.as_ref().map_or("", |pull| pull.commit.0.as_str());
    let end = match task.phase {
        Phase::Done { ref commit } => {
            format!("It was merged by Crewhouse as {commit}, after approval.")
        }
        Phase::Cancelled | Phase::Closing => "It was given up.".to_owned(),
        _ => format!(
            "Made by the crew of task {} at {commit}. A review that requests changes, or a check that \
             fails, sends it back to whoever made it.",
            task.id.0
        ),
    };
    let text: String = text.chars().take(super::super::BODY_CHARS_MAX).collect();
    format!("{}\n\n{end}", text.trim_end())
}

fn what(task: &Task) -> String {
    format!("{}\n", said_there(task, &task.body, WHAT_CHARS_MAX).trim_end())
}

fn table(runs: &[&Run]) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let mut text =
        "\n| stage | role | for | outcome | tokens | cost |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for run in &runs[runs.len().saturating_sub(RUNS_MAX)..] {
        let purpose = match run.purpose {
            Purpose::Work => "work",
            Purpose::Consult { .. } => "consult",
            Purpose::Verdict => "verdict",
            Purpose::Choose => "choice",
            Purpose::Answer { .. } => "answer",
        };
        let verdict = run.response.as_ref().and_then(|response| response.verdict);
        let outcome = match verdict {
            Some(Verdict::Pass) => "pass",
            Some(Verdict::Fail) => "fail",
            None => run.outcome().map_or("at work", |outcome| outcome.word()),
        };
        let cost = run.spent.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
        let (stage, role, tokens) = (&run.stage, &run.role, run.spent.tokens());
        writeln!(text, "| {stage} | {role} | {purpose} | {outcome} | {tokens} | {cost} |").ok();
    }
    let all: crate::Usage = runs.iter().map(|run| run.spent).sum();
    let cost = all.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    writeln!(text, "| | | | **all** | {} | {cost} |", all.tokens()).ok();
    text
}

/// The gates that this very commit has passed.
fn gates(task: &Task, team: &Team) -> String {
    let Phase::Approving { gate } = &task.phase else { return String::new() };
    let passed = team
        .stage(&task.stage)
        .map_or(&[][..], |stage| stage.gates.get(..gate.index as usize).unwrap_or_default());
    let names: Vec<String> = passed
        .iter()
        .map(|gate| match gate {
            Gate::Check { name, .. } => format!("check `{name}`"),
            Gate::Verdict(role) => format!("verdict of {role}"),
            Gate::Human => "approval".to_owned(),
        })
        .collect();
    if names.is_empty() { String::new() } else { format!("\nPassed here: {}.\n", names.join(", ")) }
}
