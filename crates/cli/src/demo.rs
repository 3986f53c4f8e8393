//! `crew demo`: the whole product on a repository of its own, with no key and no network.
//!
//! The words of the agents are written in advance, or those of the user's own Claude Code or Codex; the
//! processes, worktrees, edits, commits, tests and merges are real. It succeeds only if the program's
//! own tests pass on what was merged.

use std::fs;
use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crew_agent::claude::CLAUDE;
use crew_agent::codex::{self, CODEX};
use crew_agent::program::Known;
use crew_server::wire::{NewTask, Priority, TaskAdded, Tasks};
use serde::Deserialize;
use serde_json::json;

use crate::args::DemoAgent;
use crate::command::down;
use crate::command::init::{GITIGNORE, ROLES, register};
use crate::command::run::{ApprovalBy, watch};
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// The program of the demo, and what Crewhouse needs to work on it.
const FILES: [(&str, &str); 8] = [
    ("README.md", include_str!("../assets/demo/repo/README.md")),
    ("bill", include_str!("../assets/demo/repo/bill")),
    ("march.csv", include_str!("../assets/demo/repo/march.csv")),
    ("test.sh", include_str!("../assets/demo/repo/test.sh")),
    (".gitignore", include_str!("../assets/demo/repo/.gitignore")),
    (".crew/playbook.toml", include_str!("../assets/demo/playbook.toml")),
    (".crew/knowledge/project.toml", include_str!("../assets/knowledge/project.toml")),
    (".crew/knowledge/goals.toml", include_str!("../assets/knowledge/goals.toml")),
];
/// Who does it, by the playbook.
const TEAM: &str = include_str!("../assets/demo/team.toml");
/// What of it is another with an agent of others, which needs more time and money.
const OF_PLAYBOOK: [(&str, &str); 7] = [
    ("quiet_minutes = 1", "quiet_minutes = 3"),
    ("silent_minutes = 3", "silent_minutes = 10"),
    ("run_minutes = 5", "run_minutes = 30"),
    ("run_tokens = 100_000", "run_tokens = 2_000_000"),
    ("run_usd = 0.50", "run_usd = 1.00"),
    ("task_tokens = 1_000_000", "task_tokens = 20_000_000"),
    ("day_tokens = 5_000_000", "day_tokens = 50_000_000"),
];
/// Variables that Claude Code signs in by, where they are set.
const SIGN_IN: [&str; 3] = ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];
/// The variable with the key that Codex uses where nobody is signed in.
const KEY_OF_CODEX: &str = "OPENAI_API_KEY";
/// What is to be done.
const TASKS: &str = include_str!("../assets/demo/tasks.toml");

#[derive(Deserialize)]
struct TaskFile {
    task: Vec<DemoTask>,
}

#[derive(Deserialize)]
struct DemoTask {
    title: String,
    body: String,
    criteria: Vec<String>,
    #[serde(default)]
    priority: Priority,
    /// Positions in the file, from 1.
    #[serde(default)]
    depends_on: Vec<usize>,
}

/// Shows a crew at work.
pub(crate) async fn run(context: &Context, agent: DemoAgent) -> Result<Exit, CliError> {
    let team = team(context, agent)?;
    let dir = directory("demo")?;
    let repository = dir.join("bill");
    make_repository(&repository, &team)?;
    let demo = Context::new(
        Some(dir.join("home")),
        Some(repository.display().to_string()),
        context.out.json,
    );
    let out = &context.out;
    out.note(format!("a small program with a failing test: {}", repository.display()));
    let is_watched = out.terminal && std::io::stdin().is_terminal();
    let approval = match agent {
        _ if is_watched => ApprovalBy::Human,
        DemoAgent::Playbook => {
            out.note(
                "nobody watches: what waits for approval is approved, and questions are answered",
            );
            ApprovalBy::Demo
        }
        // What it asks may be the permission to do anything.
        DemoAgent::Claude | DemoAgent::Codex => {
            out.note("nobody watches: what waits for approval is approved, and nothing else is");
            ApprovalBy::Us
        }
    };
    let shown = show(&demo, &repository, (approval, agent)).await;
    down::end(&demo).await?;
    shown
}

/// The demo's repository in a directory of its own, and what is to be done in it.
pub(crate) fn prepare(root: &Path) -> Result<Vec<NewTask>, CliError> {
    make_repository(root, TEAM)?;
    let file: TaskFile = toml::from_str(TASKS).map_err(CliError::failed)?;
    let tasks = file.task.into_iter().map(|task| NewTask {
        title: task.title,
        body: task.body,
        criteria: task.criteria,
        priority: task.priority,
        depends_on: task.depends_on.into_iter().map(|at| at as u64).collect(),
        ..NewTask::default()
    });
    Ok(tasks.collect())
}

/// The team, with whoever plays its roles.
fn team(context: &Context, agent: DemoAgent) -> Result<String, CliError> {
    match agent {
        DemoAgent::Playbook => Ok(TEAM.to_owned()),
        DemoAgent::Claude => {
            find(context, &CLAUDE)?;
            let sign_in: Vec<&str> = SIGN_IN.into_iter().filter(|name| is_set(name)).collect();
            let base_url = std::env::var("ANTHROPIC_BASE_URL").ok();
            Ok(team_of(&CLAUDE, &keys_of_claude(&sign_in, base_url.as_deref())))
        }
        DemoAgent::Codex => {
            find(context, &CODEX)?;
            let home = std::env::var_os(codex::HOME).map(PathBuf::from);
            let home =
                home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".codex")));
            let is_signed_in = home.is_some_and(|home| home.join("auth.json").is_file());
            let key = Some(KEY_OF_CODEX).filter(|key| !is_signed_in && is_set(key));
            Ok(team_of(
                &CODEX,
                &keys_of_codex(key, std::env::var("OPENAI_BASE_URL").ok().as_deref()),
            ))
        }
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// The user's own program is there, and they know that it is theirs.
fn find(context: &Context, known: &Known) -> Result<(), CliError> {
    let env = std::env::vars().collect();
    let found = known.find(known.command, &env);
    let found = found
        .map_err(|unusable| CliError::new(Exit::Refused, unusable.what).hint(unusable.hint))?;
    context.out.note(format!(
        "your own {} {} plays all roles, and is paid as you pay it",
        known.name, found.version
    ));
    Ok(())
}

fn keys_of_claude(sign_in: &[&str], base_url: Option<&str>) -> String {
    let base_url = base_url.map(|url| format!("base_url = {url:?}\n")).unwrap_or_default();
    format!("env = {sign_in:?}\n{base_url}allow = [\"Bash(sh test.sh:*)\", \"Bash(./bill:*)\"]\n")
}

/// Another address is only for who has a key.
fn keys_of_codex(key: Option<&str>, base_url: Option<&str>) -> String {
    let base_url = base_url.map(|url| format!("base_url = {url:?}\n")).unwrap_or_default();
    let key = key.map(|key| format!("key_env = {key:?}\n{base_url}")).unwrap_or_default();
    format!("{key}allow = [\"sh test.sh\", \"./bill\"]\n")
}

/// The team of the demo, played by a program.
fn team_of(known: &Known, keys: &str) -> String {
    let name = known.command;
    let provider = format!("[providers.{name}]\nkind = \"{name}\"\nbilling = \"any\"\n{keys}\n");
    let begin = TEAM.find("[providers.native]").unwrap_or(TEAM.len());
    let end = TEAM.find("[roles.pm]").unwrap_or(TEAM.len());
    let text = [&TEAM[..begin], &provider, &TEAM[end..]].concat();
    let text = text.replace("provider = \"native\"", &format!("provider = \"{name}\""));
    OF_PLAYBOOK.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1))
}

async fn show(
    demo: &Context,
    repository: &Path,
    (approval, agent): (ApprovalBy, DemoAgent),
) -> Result<Exit, CliError> {
    let client = demo.daemon().await?;
    let (project, _) = register(&client, repository, None).await?;
    let file: TaskFile = toml::from_str(TASKS).map_err(CliError::failed)?;
    let mut ids: Vec<u64> = Vec::new();
    for task in file.task {
        let depends_on =
            task.depends_on.iter().filter_map(|at| ids.get(at.checked_sub(1)?).copied()).collect();
        let new = NewTask {
            project: project.id,
            title: task.title,
            body: task.body,
            criteria: task.criteria,
            priority: task.priority,
            depends_on,
            ..NewTask::default()
        };
        let added: TaskAdded = client.post("/api/tasks", &new).await?;
        ids.push(added.task.card.id);
    }
    let exit = watch(demo, true, approval).await?;
    let Tasks { tasks, .. } = client.get("/api/tasks").await?;
    report(demo, repository, (&tasks, agent))?;
    match exit {
        Exit::Ok => test(demo, repository),
        other => {
            demo.out.note("not everything has landed; `crew inbox` of the demo's home says why");
            Ok(other)
        }
    }
}

/// What happened, what it cost, and where it is written down.
fn report(
    demo: &Context,
    repository: &Path,
    (tasks, agent): (&[crew_server::wire::Card], DemoAgent),
) -> Result<(), CliError> {
    let out = &demo.out;
    let journal = demo.home_path()?.join("journal");
    if out.json {
        let document = json!({"tasks": tasks, "repository": repository, "journal": journal});
        return out.json_line(&document);
    }
    out.line("")?;
    let mut total = 0;
    for task in tasks {
        let cost = task.spent.cost_micros;
        total += cost.unwrap_or_default();
        let starts = format!("{} starts of agents", task.starts);
        let line = format!(
            "#{} {:<10} {} ({starts}, {})",
            task.id,
            task.status.word,
            task.title,
            price(cost)
        );
        out.line(line)?;
    }
    let who = match agent {
        DemoAgent::Playbook => "an estimate: the demo pays nobody",
        DemoAgent::Claude | DemoAgent::Codex => "by list price; what you pay depends on your plan",
    };
    out.line(format!("together {} ({who})", text::money(total)))?;
    out.line("")?;
    let graph = git(repository, &["log", "--graph", "--oneline", "--format=%h %s"])?;
    out.line(graph.trim_end())?;
    out.line("")?;
    out.line(format!("the repository  {}", repository.display()))?;
    out.line(format!("the journal     {}", journal.display()))
}

fn price(cost: Option<u64>) -> String {
    cost.map_or_else(|| "price unknown".to_owned(), text::money)
}

/// The program's own tests, on a fresh clone of what was merged.
fn test(demo: &Context, repository: &Path) -> Result<Exit, CliError> {
    let clone = repository.with_file_name("merged");
    let target = clone.display().to_string();
    git(repository, &["clone", "--quiet", "--branch", "main", ".", &target])?;
    let run = Command::new("sh").arg("test.sh").current_dir(&clone).output();
    let output = run.attempt("running the program's own tests")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    if output.status.success() {
        demo.out.note(style(Style::Good, &format!("its own tests on the merged branch: {last}")));
        Ok(Exit::Ok)
    } else {
        Err(CliError::failed(format!("its own tests fail on the merged branch: {last}\n{said}")))
    }
}

/// A directory that nobody has.
pub(crate) fn directory(what: &str) -> Result<PathBuf, CliError> {
    let base = std::env::temp_dir();
    let names =
        (0..1_000).map(|n| base.join(format!("crewhouse-{what}-{}-{n}", std::process::id())));
    for path in names {
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).attempt(format!("making {}", path.display()));
            }
        }
    }
    Err(CliError::failed(format!("{} is full of such directories", base.display())))
}

fn make_repository(root: &Path, team: &str) -> Result<(), CliError> {
    write(&root.join(".crew/team.toml"), team)?;
    for (name, text) in FILES {
        write(&root.join(name), text)?;
    }
    write(&root.join(".crew/.gitignore"), GITIGNORE)?;
    for (role, text) in ROLES {
        write(&root.join(format!(".crew/agents/{role}/CLAUDE.md")), text)?;
    }
    git(root, &["init", "--quiet", "--initial-branch", "main"])?;
    git(root, &["add", "--all"])?;
    git(root, &["commit", "--quiet", "--message", "bill, with a test that has failed for a week"])?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    write().attempt(format!("writing {}", path.display()))
}

/// git in a repository of ours, as somebody who is nobody.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, CliError> {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    for (name, value) in [("NAME", "You"), ("EMAIL", "you@example.invalid")] {
        command.env(format!("GIT_AUTHOR_{name}"), value);
        command.env(format!("GIT_COMMITTER_{name}"), value);
    }
    let output = command.arg("-C").arg(root).args(arguments).output().attempt("running git")?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(CliError::failed(format!("git {}: {said}", arguments.join(" "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crew_core::team;

    #[test]
    fn the_team_with_a_program_is_proven() {
        for (from, _) in OF_PLAYBOOK {
            assert!(TEAM.contains(from), "{from}");
        }
        let url = Some("http://127.0.0.1:1");
        for (known, keys) in [
            (&CLAUDE, keys_of_claude(&["ANTHROPIC_API_KEY"], url)),
            (&CLAUDE, keys_of_claude(&[], None)),
            (&CODEX, keys_of_codex(Some("OPENAI_API_KEY"), url)),
            (&CODEX, keys_of_codex(None, url)),
        ] {
            let text = team_of(known, &keys);
            let team = team::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
            assert!(team.roles.values().all(|role| role.provider.as_str() == known.command));
        }
    }
}
