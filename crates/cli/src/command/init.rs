//! `crew init`: a repository comes under Crewhouse.
//!
//! What is written is for the user to read, change and commit; nothing that exists is touched, and
//! git's own state is left alone.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crew_agent::claude::CLAUDE;
use crew_agent::codex::CODEX;
use crew_agent::program::Known;
use crew_core::team::{DEFAULT_TEAM, TEMPLATES, Template, parse};
use crew_engine::read_team;
use crew_git::{Head, Repository};
use crew_server::team_with;
use crew_server::wire::{BeginModel, NewProject, Project, ProjectAdded, Projects};
use serde_json::json;

use crate::client::Client;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};

/// The roles out of the box, with their instructions.
pub(crate) const ROLES: [(&str, &str); 6] = [
    ("pm", include_str!("../../assets/agents/pm.md")),
    ("architect", include_str!("../../assets/agents/architect.md")),
    ("engineer", include_str!("../../assets/agents/engineer.md")),
    ("tester", include_str!("../../assets/agents/tester.md")),
    ("marketing", include_str!("../../assets/agents/marketing.md")),
    ("community", include_str!("../../assets/agents/community.md")),
];

/// Likewise those of a role that is nowhere out of the box.
const ANY_ROLE: &str = include_str!("../../assets/agents/any.md");
/// What it does, until somebody says it.
const NOTHING_SAID: &str = "Write here what this role is there for: what it does, what it leaves to others, and when it is done.";

/// The policy, from the top of the repository.
const TEAM: &str = ".crew/team.toml";
const PROJECT: &str = include_str!("../../assets/knowledge/project.toml");
const GOALS: &str = include_str!("../../assets/knowledge/goals.toml");

pub(crate) const GITIGNORE: &str =
    "# The mailbox of agents and scripts: messages, not source.\nshared/\n";

/// Writes what is missing, and registers the project.
pub(super) async fn run(
    context: &Context,
    name: Option<String>,
    (agent, template): (Option<BeginModel>, Option<String>),
) -> Result<Exit, CliError> {
    let cwd = std::env::current_dir().attempt("finding the working directory")?;
    let repository = Repository::open(&cwd)?;
    let root = repository.root();
    let made = begin(root, agent.as_ref(), template.as_deref())?;
    let file = root.join(TEAM);
    if (agent.is_some() || template.is_some()) && !made.iter().any(|name| name == TEAM) {
        return Err(CliError::new(Exit::Refused, format!("{} is there already", file.display()))
            .hint("it says who works: `[[stages]]`, `[providers]`, and `provider` of each role"));
    }
    if let Err(problems) = read_team(root) {
        return super::team::complain(context, &file, &problems);
    }
    let client = context.daemon().await?;
    let (project, is_new) = register(&client, root, name).await?;
    report(context, &project, is_new, &made)?;
    if agent.is_none() && !context.out.json && made.iter().any(|name| name == TEAM) {
        let whoever = whoever_is_here().map_or("NAME", |known| known.command);
        context.out.note(format!("nobody plays the roles yet: `crew init --agent {whoever}`"));
    }
    Ok(Exit::Ok)
}

/// A program on this machine that could play the roles.
fn whoever_is_here() -> Option<&'static Known> {
    let env: BTreeMap<String, String> = std::env::vars().collect();
    [&CLAUDE, &CODEX].into_iter().find(|known| known.find(known.command, &env).is_ok())
}

/// Writes what a repository lacks to be a project.
pub(super) fn begin(
    path: &Path,
    agent: Option<&BeginModel>,
    template: Option<&str>,
) -> Result<Vec<String>, CliError> {
    let repository = Repository::open(path)?;
    let base = current_branch(&repository)?;
    let is_chosen = agent.is_some() || template.is_some();
    let template = template.map_or(Ok(DEFAULT_TEAM), |name| named(name).map(|it| it.text))?;
    let nobody = team_on(template, &base)?;
    let team = match agent {
        Some(agent) => team_with(&nobody, agent)?,
        None => nobody.clone(),
    };
    // Nobody has written anything into a team that is as it was made: it may still be chosen.
    let file = repository.root().join(TEAM);
    let is_as_made = |text: &str| {
        let made = TEMPLATES.iter().filter_map(|it| team_on(it.text, &base).ok());
        text != team && made.into_iter().any(|made| made == text)
    };
    if is_chosen && fs::read_to_string(&file).is_ok_and(|text| is_as_made(&text)) {
        fs::remove_file(&file).attempt(format!("writing {} anew", file.display()))?;
    }
    write_files(repository.root(), &team)
}

/// What a new role is told.
pub(super) fn told(role: &str, about: Option<&str>) -> String {
    let about = about.map(str::trim).filter(|about| !about.is_empty());
    let known = ROLES.into_iter().find(|(name, _)| *name == role);
    if let (Some((_, text)), None) = (known, about) {
        return text.to_owned();
    }
    let title = title(role);
    // What somebody wrote is filled in last: it may have braces of its own.
    ANY_ROLE.replacen("{title}", &title, 1).replacen("{about}", about.unwrap_or(NOTHING_SAID), 1)
}

/// `tech-writer` is a heading `Tech writer`.
fn title(role: &str) -> String {
    let words = role.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn current_branch(repository: &Repository) -> Result<String, CliError> {
    match repository.head()? {
        Head::Branch(branch) => Ok(branch),
        Head::Detached(commit) => {
            let short: String = commit.as_str().chars().take(12).collect();
            Err(CliError::failed(format!("HEAD is detached at {short}, on no branch"))
                .hint("`git switch` to the branch that work shall land on"))
        }
    }
}

/// The files that were made, relative to the root.
fn write_files(root: &Path, team: &str) -> Result<Vec<String>, CliError> {
    let mut made = Vec::new();
    let mut write = |name: &str, text: &str| -> Result<(), CliError> {
        if write_new(&root.join(name), text)? {
            made.push(name.to_owned());
        }
        Ok(())
    };
    write(TEAM, team)?;
    write(".crew/.gitignore", GITIGNORE)?;
    // A team that is there may have others, and one that is made has these.
    let roles = parse(team).map(|team| team.roles).unwrap_or_default();
    for (role, text) in
        ROLES.into_iter().filter(|(role, _)| roles.keys().any(|it| it.as_str() == *role))
    {
        write(&format!(".crew/agents/{role}/CLAUDE.md"), text)?;
    }
    write(".crew/knowledge/project.toml", &about_project(root)?)?;
    write(".crew/knowledge/goals.toml", GOALS)?;
    Ok(made)
}

/// Makes a file unless there is one.
fn write_new(path: &Path, text: &str) -> Result<bool, CliError> {
    let write = || -> std::io::Result<bool> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    write().attempt(format!("writing {}", path.display()))
}

fn named(name: &str) -> Result<Template, CliError> {
    Template::named(name).ok_or_else(|| {
        let names: Vec<&str> = TEMPLATES.iter().map(|it| it.name).collect();
        CliError::new(Exit::Usage, format!("there is no team `{name}` to begin with"))
            .hint(format!("one of {}", names.join(", ")))
    })
}

/// A team of a template, landing on `base`.
fn team_on(template: &str, base: &str) -> Result<String, CliError> {
    let line = format!("base = {}", quoted(base)?);
    Ok(template.replacen("base = \"main\"", &line, 1))
}

/// What every agent should know, with the name filled in.
fn about_project(root: &Path) -> Result<String, CliError> {
    let name = root.file_name().map(|name| name.display().to_string()).unwrap_or_default();
    Ok(PROJECT.replacen("name = \"\"", &format!("name = {}", quoted(&name)?), 1))
}

/// A JSON string is a basic string of TOML as well.
fn quoted(text: &str) -> Result<String, CliError> {
    serde_json::to_string(text).map_err(CliError::failed)
}

/// The project, and whether it is new to the daemon.
pub(crate) async fn register(
    client: &Client,
    root: &Path,
    name: Option<String>,
) -> Result<(Project, bool), CliError> {
    let path = root.to_str().map(str::to_owned).ok_or_else(|| {
        CliError::failed(format!("{} is not UTF-8", root.display()))
            .hint("move the repository to a path that is")
    })?;
    let Projects { projects, .. } = client.get("/api/projects").await?;
    if let Some(project) = projects.into_iter().find(|project| project.root == path) {
        return Ok((project, false));
    }
    let added: ProjectAdded = client.post("/api/projects", &NewProject { path, name }).await?;
    Ok((added.project, true))
}

fn report(
    context: &Context,
    project: &Project,
    is_new: bool,
    made: &[String],
) -> Result<(), CliError> {
    let out = &context.out;
    if out.json {
        return out.document(&json!({"project": project, "new": is_new, "created": made}));
    }
    for file in made {
        out.line(format!("created  {file}"))?;
    }
    let word = if is_new { "is under Crewhouse now" } else { "is under Crewhouse already" };
    out.line(style(Style::Bold, &format!("{} {word} (p{})", project.name, project.id)))?;
    if !made.is_empty() {
        out.note("next: git add .crew && git commit, then `crew task add` and `crew run`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_new_role_is_told_what_it_does_and_how_to_answer() {
        assert!(told("tester", None).starts_with("# Tester\n\nYou find out"));
        let writer = told("tech-writer", Some(" You write {about}.\n"));
        assert!(writer.starts_with("# Tech writer\n\nYou write {about}.\n\n## "), "{writer}");
        assert!(writer.contains("DONE:"), "{writer}");
        assert!(told("tester", Some("You look.")).contains("You look."), "what is said wins");
        assert!(!told("tech-writer", None).contains('{'), "nothing is left to be filled in");
    }
}
