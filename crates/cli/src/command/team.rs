//! `crew team check`: what is proven about a team file, without a daemon.

use std::path::{Path, PathBuf};

use crew_core::{Millis, team};
use crew_engine::read_team_file;
use crew_git::Repository;
use crew_server::wire::{Allowance, Amount, Gate, Role, Routine, Rule, Stage, Team as WireTeam};
use serde_json::json;

use crate::args::Team;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Looks at the team.
pub(super) fn run(context: &Context, command: Team) -> Result<Exit, CliError> {
    let Team::Check { file } = command;
    check(context, file)
}

fn check(context: &Context, file: Option<PathBuf>) -> Result<Exit, CliError> {
    let file = match file {
        Some(file) => file,
        None => file_of_repository()?,
    };
    match read_team_file(&file) {
        Ok(team) => show(context, &file, &WireTeam::from(&team)),
        Err(problems) => complain(context, &file, &problems),
    }
}

fn file_of_repository() -> Result<PathBuf, CliError> {
    let cwd = std::env::current_dir().attempt("finding the working directory")?;
    Ok(Repository::open(&cwd)?.root().join(".crew/team.toml"))
}

/// All the mistakes of a file. They are the data of this command, and what went wrong.
pub(super) fn complain(
    context: &Context,
    file: &Path,
    problems: &[team::Problem],
) -> Result<Exit, CliError> {
    if context.out.json {
        let list: Vec<_> = problems
            .iter()
            .map(|it| json!({"what": it.what, "hint": it.hint, "key": it.key, "line": it.line}))
            .collect();
        context.out.document(&json!({"ok": false, "file": file, "problems": list}))?;
    }
    for problem in problems {
        // `team.toml:12: …`: editors and terminals lead from there to the line.
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        let message = format!("{}{line}: {}", file.display(), problem.what);
        context.out.error(&message, problem.hint.as_deref());
    }
    Ok(Exit::Failed)
}

fn show(context: &Context, file: &Path, team: &WireTeam) -> Result<Exit, CliError> {
    if context.out.json {
        context.out.document(&json!({"ok": true, "file": file, "team": team}))?;
        return Ok(Exit::Ok);
    }
    let out = &context.out;
    let head = ["stage", "owner", "mode", "gates", "next", "back", "visits"];
    let mut rows = vec![head.map(|name| style(Style::Bold, name)).to_vec()];
    rows.extend(team.stages.iter().map(row));
    for line in text::table(&rows) {
        out.line(line)?;
    }
    for line in players(team) {
        out.line(line)?;
    }
    for line in team.roles.iter().flat_map(rules) {
        out.line(line)?;
    }
    for routine in &team.routines {
        let every = text::between(0, routine.every);
        let when = match routine.when.as_str() {
            "idle" => "when nothing else is open, ",
            "trouble" => "when something is asked, ",
            _ => "",
        };
        let Routine { name, title, .. } = routine;
        out.line(format!("{name} comes by itself, {when}at most once in {every}: {title}"))?;
    }
    let worst = &team.worst_case;
    out.line("")?;
    out.line("every stage is reachable, and every task can reach the end")?;
    out.line(format!(
        "one task at worst: {} runs, {}, {} approvals, {} questions",
        worst.runs,
        text::amount(worst.spend),
        worst.approvals,
        worst.asks
    ))?;
    out.line(format!("one day at most: {}", allowed(&team.allowed_day)))?;
    for role in team.roles.iter().filter(|role| role.allowed_day != UNBOUND) {
        out.line(format!("{} in one day at most: {}", role.name, allowed(&role.allowed_day)))?;
    }
    if team.allowed_project != UNBOUND {
        out.line(format!("the project at most: {}", allowed(&team.allowed_project)))?;
    }
    out.line(format!("work lands on `{}` ({})", team.merge.base, team.merge.strategy))?;
    for judge in &team.kindred_judges {
        let text = format!("warning: {judge}");
        out.note(style(Style::Warn, &text));
        out.note(
            "hint: name a provider of another family in its `fallback` or its tier; it judges then",
        );
    }
    if !team.human_approves {
        let text = "warning: work lands without a human's approval";
        out.note(style(Style::Warn, text));
        out.note("hint: put gates = [{ human = true }] on the stage before the end");
    }
    Ok(Exit::Ok)
}

/// No bound at all.
const UNBOUND: Allowance = Allowance { tokens: None, cost_micros: None, runs: None, time_ms: None };

/// What may be spent, as far as it is bounded.
fn allowed(allowance: &Allowance) -> String {
    let Allowance { tokens, cost_micros, runs, time_ms } = *allowance;
    let amount = match (tokens, cost_micros) {
        (Some(tokens), Some(cost_micros)) => Some(text::amount(Amount { tokens, cost_micros })),
        (Some(tokens), None) => Some(format!("{tokens} tokens")),
        (None, Some(cost)) => Some(text::money(cost)),
        (None, None) => None,
    };
    let runs = runs.map(|runs| format!("{runs} starts"));
    let time = time_ms.map(|time| format!("{} of work", Millis(time)));
    amount.into_iter().chain(runs).chain(time).collect::<Vec<_>>().join(", ")
}

/// What is answered for a role, and which of it never decides.
fn rules(role: &Role) -> Vec<String> {
    if role.rules.is_empty() && role.asks_expire_ms.is_none() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), style(Style::Bold, &format!("asks of {}", role.name))];
    for rule in &role.rules {
        lines.push(format!("{:>4}  {}", rule.number, rule.text));
        if let Some(by) = rule.shadowed_by {
            let text = format!("warning: rule {} never decides, rule {by} does", rule.number);
            lines.push(format!("      {}", style(Style::Warn, &text)));
        }
    }
    if !role.rules.is_empty() {
        lines.push(
            "      deny wins over ask, ask over allow; the rest goes by `permissions`".to_owned(),
        );
    }
    let wait = role.asks_expire_ms.map(Millis);
    lines.extend(wait.map(|wait| format!("      denied when nobody answers within {wait}")));
    lines
}

/// Who plays the roles for which there is a choice.
fn players(team: &WireTeam) -> Vec<String> {
    let then = |names: &[String]| names.join(", then ");
    let tiers = team.tiers.lists.iter().map(|tier| vec![tier.name.clone(), then(&tier.providers)]);
    let roles = team.roles.iter().filter_map(|role| {
        let fallback = || [std::slice::from_ref(&role.provider), &role.fallback].concat();
        let who = match &role.tier {
            Some(tier) => format!("tier {tier}"),
            None if role.fallback.is_empty() => return None,
            None => then(&fallback()),
        };
        Some(vec![role.name.clone(), who])
    });
    let mut lines = text::table(&tiers.chain(roles).collect::<Vec<_>>());
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines.extend(team.tiers.rules.iter().map(rule));
    lines
}

fn rule(rule: &Rule) -> String {
    let any = |what: &str, words: &[String]| {
        (!words.is_empty()).then(|| format!("{what} {}", words.join(" or ")))
    };
    let criteria = (rule.criteria > 0).then(|| format!("with {} criteria or more", rule.criteria));
    let back = rule.sent_back;
    let sent_back = (back > 0).then(|| format!("that came back {back}× or more"));
    let when = [
        any("that are", &rule.priority),
        any("labelled", &rule.labels),
        any("that speak of", &rule.words),
        criteria,
        any("that change", &rule.files),
        sent_back,
    ];
    let when: Vec<String> = when.into_iter().flatten().collect();
    format!("tasks {} are for tier {}", when.join(" and "), rule.tier)
}

fn row(stage: &Stage) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let list = |names: &[String]| or_none((!names.is_empty()).then(|| names.join(", ")));
    let gates: Vec<String> = stage.gates.iter().map(gate).collect();
    let wip = stage.wip.map_or_else(String::new, |wip| format!(" (at most {wip})"));
    vec![
        stage.name.clone(),
        or_none(stage.owner.clone()),
        format!("{}{wip}", mode(stage)),
        list(&gates),
        list(&stage.next),
        or_none(stage.back.clone()),
        stage.visits_max.to_string(),
    ]
}

fn mode(stage: &Stage) -> String {
    match stage.workers.len() {
        0 | 1 => stage.mode.clone(),
        _ => format!("{}: {}", stage.mode, stage.workers.join(", ")),
    }
}

fn gate(gate: &Gate) -> String {
    match gate {
        Gate::Check { name, .. } => format!("check `{name}`"),
        Gate::Verdict { role } => format!("verdict of {role}"),
        Gate::Human => "human".to_owned(),
    }
}
