//! `crew github`: the connection of a project with its issues and pull requests.

use std::fs;
use std::path::{Path, PathBuf};

use crew_core::team;
use crew_core::{TaskId, Time};
use crew_engine::Clock;
use crew_git::Repository;
use crew_github::{Address, Client as GithubClient, Token};
use crew_server::wire::{self, Nothing, Push, Receipt};
use serde_json::json;

use super::team::complain;
use crate::args::Github;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// The heading of the table.
const TABLE: &str = "[github]";

/// Connects, shows, asks, disconnects.
pub(super) async fn run(context: &Context, command: Github) -> Result<Exit, CliError> {
    match command {
        Github::Connect { repository, api, token_env, publish_all } => {
            connect(context, &Wanted { repository, api, token_env, publish_all }).await
        }
        Github::Status => show(context, Ask::NotNow).await,
        Github::Sync => show(context, Ask::Now).await,
        Github::Push { task, commit } => push(context, task, commit).await,
        Github::Disconnect => disconnect(context),
    }
}

struct Wanted {
    repository: String,
    api: Option<String>,
    token_env: Option<String>,
    publish_all: bool,
}

async fn connect(context: &Context, wanted: &Wanted) -> Result<Exit, CliError> {
    let file = team_file()?;
    let text = fs::read_to_string(&file).attempt("reading the team file")?;
    if text.lines().any(|line| line.trim() == TABLE) {
        let hint = "change the table in the file, or `crew github disconnect` first";
        let message = format!("{} has a table {TABLE} already", file.display());
        return Err(CliError::new(Exit::Refused, message).hint(hint));
    }
    let (repository, login) = look(wanted).await?;
    let text = format!("{}\n\n{}", text.trim_end(), table(wanted, &repository.full_name, &login));
    if let Err(problems) = team::parse(&text) {
        return complain(context, &file, &problems);
    }
    fs::write(&file, text).attempt("writing the team file")?;
    if context.out.json {
        context.out.document(&json!({"repository": repository.full_name, "trusted": [login]}))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("connected with {}", repository.full_name))?;
    context.out.line(format!("an issue becomes a task when {login} sets the label `crew`"))?;
    context.out.line(format!("the table {TABLE} in {} says so", file.display()))?;
    if !repository.private && wanted.publish_all {
        let warning = "the repository is public: everybody can read the tasks that you add";
        context.out.line(style(Style::Warn, warning))?;
    }
    Ok(Exit::Ok)
}

/// Whether the token works for the repository; the repository, and whose token it is.
async fn look(wanted: &Wanted) -> Result<(crew_github::Repository, String), CliError> {
    let address =
        Address::new(&wanted.repository, wanted.api.as_deref()).map_err(|error| told(&error))?;
    let token = match &wanted.token_env {
        Some(name) => {
            let hint = format!("set {name} here and where the daemon is started");
            let missing = || CliError::failed(format!("{name} is not set")).hint(&hint);
            Token::new(&std::env::var(name).map_err(|_| missing())?)
        }
        None => Token::from_gh(Path::new("gh"), address.host()).await,
    };
    let now: fn() -> Time = || Clock.now();
    let client = GithubClient::new(address, token.map_err(|error| told(&error))?, now)
        .map_err(|error| told(&error))?;
    let repository = client.repository().await.map_err(|error| told(&error))?;
    let problem = match (repository.archived, repository.has_issues) {
        (true, _) => Some("it is archived: nothing in it can be changed"),
        (false, false) => Some("it has no issues; its settings can switch them on"),
        (false, true) => None,
    };
    if let Some(problem) = problem {
        let message = format!("{}: {problem}", repository.full_name);
        return Err(CliError::new(Exit::Refused, message));
    }
    Ok((repository, client.viewer().await.map_err(|error| told(&error))?.login))
}

fn told(error: &crew_github::Error) -> CliError {
    let cli = CliError::failed(error);
    match error.hint() {
        Some(hint) => cli.hint(hint),
        None => cli,
    }
}

fn table(wanted: &Wanted, repository: &str, login: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut table = format!(
        "{TABLE}\nrepository = {}\ntrusted = [{}]  # whose issues, labels and comments count\n",
        quoted(repository),
        quoted(login)
    );
    let optional = [("api", &wanted.api), ("token_env", &wanted.token_env)];
    for (key, value) in optional {
        if let Some(value) = value {
            table = format!("{table}{key} = {}\n", quoted(value));
        }
    }
    let publish = if wanted.publish_all { "all" } else { "linked" };
    format!("{table}publish = \"{publish}\"  # \"all\": tasks that are added here become issues\n")
}

fn disconnect(context: &Context) -> Result<Exit, CliError> {
    let file = team_file()?;
    let text = fs::read_to_string(&file).attempt("reading the team file")?;
    let Some(rest) = without_table(&text) else {
        let message = format!("{} has no table {TABLE}", file.display());
        return Err(CliError::new(Exit::Refused, message).hint("it is not connected"));
    };
    fs::write(&file, rest).attempt("writing the team file")?;
    if context.out.json {
        context.out.document(&json!({"repository": null}))?;
    } else {
        context.out.line("disconnected; nothing changed on GitHub")?;
    }
    Ok(Exit::Ok)
}

/// The file without the table, up to the next heading.
fn without_table(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.trim() == TABLE)?;
    let length = lines[start + 1..].iter().position(|line| line.trim_start().starts_with('['));
    let end = length.map_or(lines.len(), |length| start + 1 + length);
    let rest = [&lines[..start], &lines[end..]].concat().join("\n");
    Some(format!("{}\n", rest.trim_end()))
}

fn team_file() -> Result<PathBuf, CliError> {
    let cwd = std::env::current_dir().attempt("finding the working directory")?;
    Ok(Repository::open(&cwd)?.root().join(".crew/team.toml"))
}

async fn push(context: &Context, task: TaskId, commit: Option<String>) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let path = format!("/api/tasks/{}/push", task.0);
    let receipt: Receipt = client.post(&path, &Push { commit }).await?;
    context.out.either(&receipt, format!("{task} is shown on GitHub as soon as it can be"))?;
    Ok(Exit::Ok)
}

#[derive(Clone, Copy)]
enum Ask {
    Now,
    NotNow,
}

async fn show(context: &Context, ask: Ask) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project(&client).await?.id;
    let base = format!("/api/projects/{project}/github");
    let github: wire::Github = match ask {
        Ask::Now => client.post(&format!("{base}/sync"), &Nothing {}).await?,
        Ask::NotNow => client.get(&base).await?,
    };
    if context.out.json {
        context.out.document(&github)?;
        return Ok(Exit::Ok);
    }
    let Some(repository) = &github.repository else {
        context.out.line("not connected; `crew github connect OWNER/NAME` does")?;
        return Ok(Exit::Ok);
    };
    let viewer = github.viewer.as_deref().unwrap_or("nobody yet");
    context.out.line(format!("{repository} as {viewer}"))?;
    context.out.line(format!("trusted: {}", github.trusted.join(", ")))?;
    if let Some(at) = github.asked_at {
        context.out.line(format!("asked at {}", text::date(at)))?;
    }
    context.out.line(calls(&github.calls))?;
    if let Some(trouble) = &github.trouble {
        context.out.line(style(Style::Bad, trouble))?;
    }
    if github.pending.is_empty() {
        context.out.line("GitHub says what the board says")?;
    }
    for pending in &github.pending {
        let why = pending.why.as_deref().unwrap_or("waits its turn");
        context.out.line(format!("#{} is not told yet: {why}", pending.task))?;
    }
    Ok(Exit::Ok)
}

fn calls(calls: &wire::GithubCalls) -> String {
    let wire::GithubCalls { sent, unchanged, limited, remaining, not_before } = calls;
    let left = remaining.map_or_else(String::new, |left| format!(", {left} left in this hour"));
    let wait =
        not_before.map_or_else(String::new, |at| format!(", none before {}", text::date(at)));
    format!(
        "{sent} calls, {unchanged} of them found nothing new, {limited} ran into limits{left}{wait}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_and_taken_out_again() {
        let wanted = Wanted {
            repository: "acme/shop".into(),
            api: None,
            token_env: Some("TOKEN".into()),
            publish_all: true,
        };
        let before = team::DEFAULT_TEAM;
        let with = format!("{}\n\n{}", before.trim_end(), table(&wanted, "acme/shop", "alice"));
        let policy = team::parse(&with).unwrap().github.unwrap();
        assert_eq!(policy.repository, "acme/shop");
        assert!(policy.trusts("Alice"));
        assert_eq!(without_table(&with).as_deref(), Some(before));
        assert_eq!(without_table(before), None);
    }
}
