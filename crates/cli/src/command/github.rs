//! `crew github`: the connection of a project with its issues and pull requests.

use std::fs;
use std::path::PathBuf;

use crew_core::github::{App, Keep, TokenSource};
use crew_core::team;
use crew_core::{TaskId, Time};
use crew_engine::{Clock, github_credential, make_github_labels};
use crew_git::Repository;
use crew_github::{Address, Client as GithubClient};
use crew_server::wire::{self, Nothing, Push, Receipt};
use serde_json::json;

use super::team::complain;
use crate::args::{Connect, Github};
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// The heading of the table.
const TABLE: &str = "[github]";

/// Connects, shows, asks, disconnects.
pub(super) async fn run(context: &Context, command: Github) -> Result<Exit, CliError> {
    match command {
        Github::Connect(wanted) => connect(context, &Wanted::of(*wanted)).await,
        Github::Status => show(context, Ask::NotNow).await,
        Github::Sync => show(context, Ask::Now).await,
        Github::Push { task, commit } => push(context, task, commit).await,
        Github::Disconnect => disconnect(context),
    }
}

struct Wanted {
    repository: String,
    issues: Option<String>,
    api: Option<String>,
    token: TokenSource,
    webhook_secret: Option<Keep>,
    trust: Vec<String>,
    publish_all: bool,
}

impl Wanted {
    fn of(connect: Connect) -> Self {
        let Connect {
            repository,
            issues,
            api,
            token_from,
            app,
            installation,
            app_key,
            webhook_secret,
            trust,
            publish_all,
        } = connect;
        let token = source(token_from, app.zip(app_key), installation);
        Self { repository, issues, api, token, webhook_secret, trust, publish_all }
    }
}

fn source(
    keep: Option<Keep>,
    app: Option<(String, Keep)>,
    installation: Option<u64>,
) -> TokenSource {
    match (keep, app) {
        (_, Some((id, key))) => TokenSource::App(App { id, installation, key }),
        (Some(keep), None) => TokenSource::Kept(keep),
        (None, None) => TokenSource::Gh,
    }
}

async fn connect(context: &Context, wanted: &Wanted) -> Result<Exit, CliError> {
    let file = team_file()?;
    let text = fs::read_to_string(&file).attempt("reading the team file")?;
    if text.lines().any(|line| line.trim() == TABLE) {
        let hint = "change the table in the file, or `crew github disconnect` first";
        let message = format!("{} has a table {TABLE} already", file.display());
        return Err(CliError::new(Exit::Refused, message).hint(hint));
    }
    let Looked { repository, issues, login } = look(context, wanted).await?;
    let trusted = if wanted.trust.is_empty() { vec![login] } else { wanted.trust.clone() };
    let text = format!("{}\n\n{}", text.trim_end(), table(wanted, &repository.full_name, &trusted));
    let team = match team::parse(&text) {
        Ok(team) => team,
        Err(problems) => return complain(context, &file, &problems),
    };
    let labels = match &team.github {
        Some(policy) => make_github_labels(&issues, policy, &team).await,
        None => Ok(Vec::new()),
    };
    let labels = labels.map_err(|error| told(&error))?;
    fs::write(&file, text).attempt("writing the team file")?;
    if context.out.json {
        let name = repository.full_name;
        context.out.document(&json!({"repository": name, "trusted": trusted, "labels": labels}))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("connected with {}", repository.full_name))?;
    if !labels.is_empty() {
        context.out.line(format!("made the labels {}", labels.join(", ")))?;
    }
    let trusted = trusted.join(" or ");
    context.out.line(format!("an issue becomes a task when {trusted} sets the label `crew`"))?;
    context.out.line(format!("the table {TABLE} in {} says so", file.display()))?;
    if !repository.private && wanted.publish_all {
        let warning = "the repository is public: everybody can read the tasks that you add";
        context.out.line(style(Style::Warn, warning))?;
    }
    Ok(Exit::Ok)
}

/// A repository for which the token works.
struct Looked {
    repository: crew_github::Repository,
    /// Where its issues are.
    issues: GithubClient,
    /// Whose token it is.
    login: String,
}

async fn look(context: &Context, wanted: &Wanted) -> Result<Looked, CliError> {
    let (client, repository) = look_at(context, wanted, &wanted.repository).await?;
    let (issues, of_issues) = match &wanted.issues {
        Some(issues) => look_at(context, wanted, issues).await?,
        None => (client.clone(), repository.clone()),
    };
    if !of_issues.has_issues {
        let message = format!("{} has no issues", of_issues.full_name);
        return Err(CliError::new(Exit::Refused, message).hint("its settings can switch them on"));
    }
    let login = client.viewer().await.map_err(|error| told(&error))?.login;
    Ok(Looked { repository, issues, login })
}

/// A repository that can be changed, and who asks.
async fn look_at(
    context: &Context,
    wanted: &Wanted,
    name: &str,
) -> Result<(GithubClient, crew_github::Repository), CliError> {
    let address = Address::new(name, wanted.api.as_deref()).map_err(|error| told(&error))?;
    let who = github_credential(&context.home_path()?, &wanted.token, &address).await;
    let now: fn() -> Time = || Clock.now();
    let client = GithubClient::new(address, who.map_err(|error| told(&error))?, now)
        .map_err(|error| told(&error))?;
    let repository = client.repository().await.map_err(|error| told(&error))?;
    if repository.archived {
        let message = format!("{} is archived", repository.full_name);
        let hint = "nothing in it can be changed; its settings can take it out of the archive";
        return Err(CliError::new(Exit::Refused, message).hint(hint));
    }
    Ok((client, repository))
}

fn told(error: &crew_github::Error) -> CliError {
    let cli = CliError::failed(error);
    match error.hint() {
        Some(hint) => cli.hint(hint),
        None => cli,
    }
}

fn table(wanted: &Wanted, repository: &str, trusted: &[String]) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let trusted: Vec<String> = trusted.iter().map(|login| quoted(login)).collect();
    let mut table = format!(
        "{TABLE}\nrepository = {}\ntrusted = [{}]  # whose issues, labels and comments count\n",
        quoted(repository),
        trusted.join(", ")
    );
    for (key, value) in [("issues", &wanted.issues), ("api", &wanted.api)] {
        if let Some(value) = value {
            table = format!("{table}{key} = {}\n", quoted(value));
        }
    }
    match &wanted.token {
        TokenSource::Gh => {}
        TokenSource::Kept(keep) => {
            table = format!("{table}token = {}\n", quoted(&keep.to_string()));
        }
        TokenSource::App(App { id, installation, key }) => {
            let installation = installation
                .map_or_else(String::new, |number| format!("installation = {number}, "));
            let (id, key) = (quoted(id), quoted(&key.to_string()));
            table = format!("{table}app = {{ id = {id}, {installation}key = {key} }}\n");
        }
    }
    if let Some(keep) = &wanted.webhook_secret {
        table = format!("{table}webhook_secret = {}\n", quoted(&keep.to_string()));
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
    if let Some(issues) = &github.issues {
        context.out.line(format!("issues: {issues}"))?;
    }
    context.out.line(format!("trusted: {}", github.trusted.join(", ")))?;
    if let Some(at) = github.asked_at {
        context.out.line(format!("asked at {}", text::date(at)))?;
    }
    context.out.line(calls(&github.calls))?;
    if !github.shared_with.is_empty() {
        let others = github.shared_with.join(", ");
        context.out.line(format!("the same token, and its limits, are used for {others}"))?;
    }
    if let Some(at) = github.delivered_at {
        context.out.line(format!("the webhook delivered at {}", text::date(at)))?;
    }
    if let Some(trouble) = &github.webhook_trouble {
        context.out.line(style(Style::Warn, &format!("the webhook is off: {trouble}")))?;
    }
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
    let wire::GithubCalls { sent, unchanged, limited, remaining, limit, resets_at, not_before } =
        calls;
    let of = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
    let until = resets_at.map_or_else(String::new, |at| format!(" until {}", text::date(at)));
    let left = remaining.map_or_else(String::new, |left| format!(", {left}{of} left{until}"));
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
        let before = team::DEFAULT_TEAM;
        let key: Keep = "file:~/crew.pem".parse().unwrap();
        for token in [
            source(None, None, None),
            source(Some("secret:github".parse().unwrap()), None, None),
            source(None, Some(("Iv1.abc".into(), key.clone())), None),
            source(None, Some(("12345".into(), key)), Some(100)),
        ] {
            let (repository, api, publish_all) = ("acme/shop".to_owned(), None, true);
            let webhook_secret = Some("env:HOOK".parse().unwrap());
            let trust = Vec::new();
            let issues = Some("acme/roadmap".to_owned());
            let wanted =
                Wanted { repository, issues, api, token, webhook_secret, trust, publish_all };
            let table = table(&wanted, "acme/shop", &["alice".into(), "bob".into()]);
            let with = format!("{}\n\n{table}", before.trim_end());
            let policy = team::parse(&with).unwrap().github.unwrap();
            assert_eq!(policy.repository, "acme/shop");
            assert_eq!(policy.issues_repository(), "acme/roadmap");
            assert_eq!(policy.token, wanted.token);
            assert_eq!(policy.webhook_secret, wanted.webhook_secret);
            assert!(policy.trusts("Alice") && policy.trusts("bob"));
            assert_eq!(without_table(&with).as_deref(), Some(before));
        }
        assert_eq!(without_table(before), None);
    }
}
