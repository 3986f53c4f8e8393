//! `crew doctor`: what could stand in the way, each with what to do about it. Changes nothing but
//! for a file that it makes in the home and removes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crew_agent::acp;
use crew_agent::claude::{CLAUDE, is_allowed};
use crew_agent::codex::CODEX;
use crew_agent::program::{Known, Unusable};
use crew_agent::sandbox::{Support, support};
use crew_core::team::{self, ProviderKind};
use crew_engine::read_team;
use crew_git::Repository;
use crew_server::wire::{Finding, Grade};
use crew_store::Secrets;
use serde::Serialize;

use super::provider::tried;
use crate::context::Context;
use crate::daemon;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::trial::{self, Origin};

/// Less free disk than this is worth a word, in bytes.
const DISK_LOW: u64 = 2 << 30;
/// Less than this is trouble.
const DISK_OUT: u64 = 200 << 20;
/// The kernel's default in many distributions, which one editor can use up.
const WATCHES_LOW: u64 = 8_192;
/// Likewise.
const INSTANCES_LOW: u64 = 128;

#[derive(Serialize)]
struct Report {
    ok: bool,
    findings: Vec<Finding>,
}

/// Looks at everything.
pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let home = context.home_path()?;
    let mut findings = vec![git(), identity(), writable(context), disk(&home)];
    findings.push(daemon(&home).await?);
    let here = std::env::current_dir().ok().and_then(|cwd| Repository::open(&cwd).ok());
    findings.extend(here.iter().flat_map(|repository| providers(&home, repository.root())));
    findings.extend(inotify());
    findings.push(sandbox());
    let failed = findings.iter().any(|finding| finding.grade == Grade::Fail);
    let report = Report { ok: !failed, findings };
    if context.out.json {
        context.out.document(&report)?;
    } else {
        report.findings.iter().try_for_each(|finding| show(context, finding))?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Ok })
}

/// The same as the daemon sees it, which holds its home already.
pub(super) fn look(home: &Path, repository: Option<&Path>) -> Vec<Finding> {
    let mut findings = vec![git(), identity(), disk(home)];
    findings.extend(repository.into_iter().flat_map(|it| providers(home, it)));
    findings.extend(inotify());
    findings.push(sandbox());
    findings
}

fn show(context: &Context, finding: &Finding) -> Result<(), CliError> {
    let word = match finding.grade {
        Grade::Ok => style(Style::Good, "ok  "),
        Grade::Warn => style(Style::Warn, "warn"),
        Grade::Fail => style(Style::Bad, "fail"),
    };
    context.out.line(format!("{word}  {:<10}  {}", finding.about, finding.text))?;
    match &finding.hint {
        Some(hint) => context.out.line(format!("      {:<10}  hint: {hint}", "")),
        None => Ok(()),
    }
}

fn git() -> Finding {
    let output = match Command::new("git").arg("version").output() {
        Ok(output) => output,
        Err(error) => {
            return Finding::new(Grade::Fail, "git", format!("git cannot be run: {error}"))
                .hint("install git 2.38 or newer");
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if version(&text) < (2, 38) {
        return Finding::new(Grade::Fail, "git", text).hint("install git 2.38 or newer");
    }
    Finding::new(Grade::Ok, "git", text)
}

fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn identity() -> Finding {
    let configured = |name: &str| {
        let output = Command::new("git").args(["config", "--get", name]).output().ok()?;
        let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    match (configured("user.name"), configured("user.email")) {
        (Some(name), Some(email)) => {
            Finding::new(Grade::Ok, "identity", format!("{name} <{email}>"))
        }
        (_, _) => Finding::new(Grade::Warn, "identity", "git does not know who you are")
            .hint("git config --global user.name … and user.email …"),
    }
}

fn writable(context: &Context) -> Finding {
    let probe = || -> Result<String, CliError> {
        let home = context.home()?;
        let file = home.root().join(".doctor");
        fs::write(&file, "x").and_then(|()| fs::remove_file(&file))?;
        Ok(home.root().display().to_string())
    };
    match probe() {
        Ok(home) => Finding::new(Grade::Ok, "home", home),
        Err(CliError::Said { message, .. }) => Finding::new(Grade::Fail, "home", message)
            .hint("make it writable, or set CREWHOUSE_HOME to another directory"),
        Err(CliError::PipeClosed) => Finding::new(Grade::Fail, "home", "it cannot be written"),
    }
}

fn disk(home: &Path) -> Finding {
    let existing = home.ancestors().find(|path| path.exists()).unwrap_or(home);
    let free = match rustix::fs::statvfs(existing) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => return Finding::new(Grade::Warn, "disk", format!("unknown: {error}")),
    };
    let text = format!("{} MiB free", free >> 20);
    let hint = "worktrees and logs need room; free some";
    match free {
        0..DISK_OUT => Finding::new(Grade::Fail, "disk", text).hint(hint),
        DISK_OUT..DISK_LOW => Finding::new(Grade::Warn, "disk", text).hint(hint),
        _ => Finding::new(Grade::Ok, "disk", text),
    }
}

fn sandbox() -> Finding {
    let newer = "a newer Linux closes it: 6.12 for most, 7.1 for all";
    match support() {
        Support::Full => Finding::new(Grade::Ok, "sandbox", "agents are held by Landlock"),
        Support::Partly { missing } => {
            let text = format!("agents are held by Landlock, but: {}", missing.join("; "));
            let grade = if support().is_weak() { Grade::Warn } else { Grade::Ok };
            Finding::new(grade, "sandbox", text).hint(newer)
        }
        Support::Nothing { why } => {
            let hint = "until then agents may touch what you may touch; use a machine of their own";
            Finding::new(Grade::Warn, "sandbox", why).hint(hint)
        }
    }
}

async fn daemon(home: &Path) -> Result<Finding, CliError> {
    Ok(match (daemon::find(home).await?, daemon::recorded(home)) {
        (Some(daemon), _) if daemon.file.version != env!("CARGO_PKG_VERSION") => {
            let text = format!("it has version {}", daemon.file.version);
            Finding::new(Grade::Warn, "daemon", text).hint("`crew down`, then `crew up`")
        }
        (Some(daemon), _) => {
            let text = format!("{} (pid {})", daemon.file.url, daemon.file.pid);
            Finding::new(Grade::Ok, "daemon", text)
        }
        (None, Some(file)) => {
            let text = format!("process {} does not answer", file.pid);
            Finding::new(Grade::Warn, "daemon", text)
                .hint(format!("see {}", home.join("daemon.log").display()))
        }
        (None, None) => Finding::new(Grade::Ok, "daemon", "it does not run; `crew up` starts it"),
    })
}

/// What the providers of the repository's team need.
fn providers(home: &Path, repository: &Path) -> Vec<Finding> {
    let Ok(team) = read_team(repository) else { return Vec::new() };
    let kept = team.providers.iter().filter_map(|(name, provider)| {
        Some(of_kept(&Secrets::at(home), name.as_str(), provider.key.as_ref()?))
    });
    let findings = team.providers.iter().map(|(name, provider)| match &provider.kind {
        ProviderKind::Native(_) if provider.key.is_some() => Vec::new(),
        ProviderKind::Native(model) => trial::variable_of_key(model)
            .map(|key| of_key(name.as_str(), &key))
            .into_iter()
            .collect(),
        ProviderKind::Claude(claude) => {
            let allowed = is_allowed(claude.permissions);
            of_program(home, (&CLAUDE, name.as_str()), claude, allowed, provider.key.as_ref())
        }
        ProviderKind::Codex(codex) => {
            of_program(home, (&CODEX, name.as_str()), codex, Ok(()), provider.key.as_ref())
        }
        ProviderKind::Acp(agent) => of_acp(home, name.as_str(), agent),
        ProviderKind::Mailbox => Vec::new(),
    });
    findings.flatten().chain(kept).collect()
}

/// A key that is kept for a provider. It is not looked at: a keyring might ask for its password.
fn of_kept(secrets: &Secrets, provider: &str, key: &team::Key) -> Finding {
    let secret = &key.secret;
    let list = secrets.list().unwrap_or_default();
    if let Some((_, kept)) = list.iter().find(|(name, _)| name == secret) {
        let text = format!("`{secret}` for `{provider}` is in the {}", kept.word());
        return Finding::new(Grade::Ok, "key", text);
    }
    let text = format!("`{secret}` is not kept, which `{provider}` needs");
    Finding::new(Grade::Warn, "key", text).hint(format!("crew secret set {secret}"))
}

/// A program that is an agent, and the variables that it is handed.
fn of_program(
    home: &Path,
    (known, provider): (&Known, &str),
    program: &team::Program,
    allowed: Result<(), Unusable>,
    kept: Option<&team::Key>,
) -> Vec<Finding> {
    let env = std::env::vars().collect();
    let found = known.find(&program.program, &env);
    let finding = match found.and_then(|found| allowed.map(|()| found)) {
        Ok(found) => {
            let text = format!("{} at {}", found.version, found.program.display());
            let text = format!("{text} for `{provider}`");
            let versions = (found.version, known.version_tested);
            of_version(known.command, &text, tried(home, &found.program, versions, provider))
        }
        Err(unusable) => {
            let text = format!("{}, which `{provider}` needs", unusable.what);
            Finding::new(Grade::Warn, known.command, text).hint(unusable.hint)
        }
    };
    let is_kept = |name: &&String| kept.is_some_and(|key| key.variable == **name);
    let keys = program.env.iter().chain(&program.key_env).filter(|name| !is_kept(name));
    [finding].into_iter().chain(keys.map(|key| of_key(provider, key))).collect()
}

/// A version that is known to work, or one to be looked at.
fn of_version(about: &str, text: &str, tried: Result<String, String>) -> Finding {
    match tried {
        Ok(known) => Finding::new(Grade::Ok, about, format!("{text}; {known}")),
        Err(untried) => Finding::new(Grade::Warn, about, text).hint(untried),
    }
}

/// An agent that speaks ACP: which version it is it says when it has started.
fn of_acp(home: &Path, provider: &str, agent: &team::Acp) -> Vec<Finding> {
    let env = std::env::vars().collect();
    let known = agent.agent.map(acp::known);
    let usual = known.map(|known| known.program.to_owned());
    let program = agent.program.clone().or(usual).unwrap_or_default();
    let finding = match acp::find(&program, known, &env) {
        Ok(found) => {
            let name = known.map_or(program.as_str(), |known| known.name);
            let at = format!("at {} for `{provider}`", found.display());
            let tried_as = agent.agent.filter(|agent| trial::can_be_tried(Origin::Acp(*agent)));
            let version = tried_as.and_then(|_| acp::version(&found, &env));
            match known.zip(version) {
                Some((known, version)) => {
                    let text = format!("{name} {version} {at}");
                    let versions = (version, known.version_tested);
                    of_version("acp", &text, tried(home, &found, versions, provider))
                }
                None => Finding::new(Grade::Ok, "acp", format!("{name} {at}")),
            }
        }
        Err(unusable) => {
            let text = format!("{}, which `{provider}` needs", unusable.what);
            Finding::new(Grade::Warn, "acp", text).hint(unusable.hint)
        }
    };
    [finding].into_iter().chain(agent.env.iter().map(|key| of_key(provider, key))).collect()
}

fn of_key(provider: &str, key: &str) -> Finding {
    if std::env::var_os(key).is_some_and(|value| !value.is_empty()) {
        return Finding::new(Grade::Ok, "key", format!("{key} is set for `{provider}`"));
    }
    let text = format!("{key} is not set, which `{provider}` needs");
    Finding::new(Grade::Warn, "key", text)
        .hint("export it, then `crew down` and `crew up`: the daemon hands it on")
}

fn inotify() -> Vec<Finding> {
    let limit = |name: &str, low: u64| {
        let text = fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?;
        let value: u64 = text.trim().parse().ok()?;
        let grade = if value < low { Grade::Warn } else { Grade::Ok };
        let finding = Finding::new(grade, "inotify", format!("{name} is {value}"));
        let hint = format!("sysctl fs.inotify.{name}={}", low * 8);
        Some(if grade == Grade::Ok { finding } else { finding.hint(hint) })
    };
    let limits =
        [limit("max_user_watches", WATCHES_LOW), limit("max_user_instances", INSTANCES_LOW)];
    limits.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_whatever_is_around_it() {
        let check = |text: &str, expect: (u32, u32)| assert_eq!(version(text), expect, "{text}");
        check("git version 2.47.3", (2, 47));
        check("git version 2.39.5 (Apple Git-154)", (2, 39));
        check("", (0, 0));
    }
}
