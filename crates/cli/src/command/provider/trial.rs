//! `crew provider test` and `crew provider list`: what the agents that are installed can do.

use std::collections::BTreeMap;
use std::path::Path;

use crew_agent::manifest::{Ability, Finding, Manifest};
use crew_agent::program::Version;
use crew_core::team::{Api, Key, Model, Provider, ProviderKind, Team};
use crew_engine::read_team;
use crew_git::Repository;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};
use crate::output::{Style, style};
use crate::text;
use crate::trial::{self, Origin, Program, SUBJECTS, Subject};

/// An agent that is installed, or should be.
#[derive(Serialize)]
struct Listed {
    /// What it is called in `crew provider test`.
    name: &'static str,
    /// The program, where it is installed.
    program: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Why it cannot be used.
    trouble: Option<String>,
    /// Whether the tests of Crewhouse run this very version.
    tested: bool,
    /// What was found when this version was tried here.
    manifest: Option<Manifest>,
}

/// Tries an agent, and keeps what was found; or a model, which is another one tomorrow.
pub(super) async fn test(
    context: &Context,
    name: &str,
    may_send_key: bool,
) -> Result<Exit, CliError> {
    if let Some((model, key)) = model_of_team(name) {
        return test_model(context, name, &model, key.as_ref(), may_send_key).await;
    }
    let (subject, command) = subject(name)?;
    let program = subject.find(&command);
    let program = program
        .map_err(|unusable| CliError::new(Exit::Refused, unusable.what).hint(unusable.hint))?;
    let home = context.home()?;
    let out = &context.out;
    out.note(format!("{} {} at {}", subject.name, program.version, program.path.display()));
    if !subject.rest.is_zero() {
        out.note(format!("this takes more than {} s", subject.rest.as_secs()));
    }
    let manifest = trial::run(&subject, &program).await?;
    manifest.write(home.root()).attempt("writing what was found")?;
    if out.json {
        out.document(&manifest)?;
    } else {
        lines(&manifest.abilities).into_iter().try_for_each(|line| out.line(line))?;
    }
    Ok(if manifest.missing().is_empty() { Exit::Ok } else { Exit::Failed })
}

async fn test_model(
    context: &Context,
    name: &str,
    model: &Model,
    key: Option<&Key>,
    may_send_key: bool,
) -> Result<Exit, CliError> {
    let out = &context.out;
    out.note(format!("{} itself is asked, and whoever serves it may have it paid:", model.name));
    out.note(format!("{} tokens at most, and it may take some minutes", trial::TOKENS_MAX));
    let tried = trial::run_model(&context.home_path()?, name, model, key, may_send_key).await?;
    if out.json {
        out.document(&tried)?;
    } else {
        lines(&tried.abilities).into_iter().try_for_each(|line| out.line(line))?;
    }
    Ok(if tried.is_good() { Exit::Ok } else { Exit::Failed })
}

/// Shows all that can be tried.
pub(super) fn list(context: &Context) -> Result<Exit, CliError> {
    let home = context.home_path()?;
    let out = &context.out;
    let all: Vec<Listed> = SUBJECTS.iter().map(|subject| listed(&home, subject)).collect();
    if out.json {
        out.document(&all)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    text::table(&rows).into_iter().try_for_each(|line| out.line(line))?;
    Ok(Exit::Ok)
}

/// What is known of a version: that of a trial on this machine, or that our tests run it.
pub(in crate::command) fn tried(
    home: &Path,
    program: &Path,
    (version, tested): (Version, Version),
    name: &str,
) -> Result<String, String> {
    let again = |what: &str| format!("{version} {what}: crew provider test {name}");
    match Manifest::of(home, program, version) {
        Some(manifest) if manifest.missing().is_empty() => {
            Ok(format!("tried here {}", text::date(manifest.at.0)))
        }
        Some(manifest) => {
            let missing: Vec<&str> = manifest.missing().into_iter().map(Ability::words).collect();
            Err(again(&format!("did not do all of it here ({})", missing.join("; "))))
        }
        None if version == tested => Ok("the version that Crewhouse is tested with".to_owned()),
        None => Err(again("has not been tried here")),
    }
}

/// Who is meant, and its program: a provider of the team here, or one that is known by its name.
fn subject(name: &str) -> Result<(Subject, String), CliError> {
    let known = |is_it: &dyn Fn(&Subject) -> bool| SUBJECTS.into_iter().find(|it| is_it(it));
    if let Some((origin, program)) = of_team(name) {
        let subject = origin.and_then(|origin| known(&|it| it.origin == origin));
        let subject = subject.ok_or_else(|| {
            CliError::new(Exit::Refused, format!("`{name}` cannot be pointed at another model"))
                .hint("only Claude Code, Codex, Gemini CLI, opencode and the adapters of the first two for ACP can be tried")
        })?;
        let program = program.unwrap_or_else(|| subject.command().to_owned());
        return Ok((subject, program));
    }
    let subject = known(&|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
        CliError::new(Exit::Refused, format!("there is no provider `{name}` to be tried"))
            .hint(format!("name one of the team here, or one of {}", names.join(", ")))
    })?;
    Ok((subject, subject.command().to_owned()))
}

/// The model of a provider of the team here, where it is asked by our own agent.
fn model_of_team(name: &str) -> Option<(Model, Option<Key>)> {
    let provider = provider_of_team(name)?;
    match provider.kind {
        ProviderKind::Native(model) if model.api != Api::Playbook => Some((model, provider.key)),
        _ => None,
    }
}

/// Which agent a provider of the team here is, and its program where the team names one.
fn of_team(name: &str) -> Option<(Option<Origin>, Option<String>)> {
    Some(match &provider_of_team(name)?.kind {
        ProviderKind::Claude(claude) => (Some(Origin::Claude), Some(claude.program.clone())),
        ProviderKind::Codex(codex) => (Some(Origin::Codex), Some(codex.program.clone())),
        ProviderKind::Acp(acp) => (acp.agent.map(Origin::Acp), acp.program.clone()),
        ProviderKind::Native(_) | ProviderKind::Mailbox => (None, None),
    })
}

fn provider_of_team(name: &str) -> Option<Provider> {
    let repository = Repository::open(&std::env::current_dir().ok()?).ok()?;
    let mut team: Team = read_team(repository.root()).ok()?;
    team.providers.remove(&name.parse().ok()?)
}

fn listed(home: &Path, subject: &Subject) -> Listed {
    let name = subject.name;
    match subject.find(subject.command()) {
        Ok(Program { path, version, version_tested }) => Listed {
            name,
            manifest: Manifest::of(home, &path, version),
            program: Some(path.display().to_string()),
            version: Some(version.to_string()),
            trouble: None,
            tested: version == version_tested,
        },
        Err(unusable) => Listed {
            name,
            program: None,
            version: None,
            trouble: Some(unusable.to_string()),
            tested: false,
            manifest: None,
        },
    }
}

fn row(listed: &Listed) -> Vec<String> {
    let Listed { name, program, version, trouble, tested, manifest } = listed;
    let known = match (trouble, manifest, tested) {
        (Some(trouble), _, _) => style(Style::Dim, trouble),
        (None, Some(manifest), _) => {
            let (missing, all) = (manifest.missing().len(), Ability::ALL.len());
            let word = if missing == 0 { Style::Good } else { Style::Bad };
            let count = format!("{} of {all}", all - missing);
            style(word, &format!("{count}, tried {}", text::date(manifest.at.0)))
        }
        (None, None, true) => "the version that Crewhouse is tested with".to_owned(),
        (None, None, false) => {
            style(Style::Warn, &format!("not tried here: crew provider test {name}"))
        }
    };
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    vec![style(Style::Bold, name), shown(version), known, shown(program)]
}

fn lines(abilities: &BTreeMap<Ability, Finding>) -> Vec<String> {
    let line = |(ability, finding): (&Ability, &Finding)| {
        let (word, why) = match finding {
            Finding::Holds => (style(Style::Good, "ok  "), String::new()),
            Finding::Fails { why } => (style(Style::Bad, "fail"), format!(": {why}")),
            Finding::Unknown => {
                (style(Style::Warn, "?   "), ": it did not come to that".to_owned())
            }
        };
        format!("{word}  {}{why}", ability.words())
    };
    abilities.iter().map(line).collect()
}
