//! `crew status`: projects, agents, limits and spending.

use crew_server::wire::{AgentAtWork, LimitEnds, Overlap, Status, StatusOfProject};
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::daemon;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

#[derive(Serialize)]
struct Shown<'a> {
    running: bool,
    url: &'a str,
    #[serde(flatten)]
    status: &'a Status,
}

/// Shows how things are; starts nothing.
pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let Some(daemon) = daemon::find(&context.home_path()?).await? else {
        if context.out.json {
            context.out.document(&json!({"running": false}))?;
        }
        return Err(
            CliError::new(Exit::NoDaemon, "the daemon does not run").hint("`crew up` starts it")
        );
    };
    let status: Status = daemon.client.get("/api/status").await?;
    if context.out.json {
        let url = &daemon.file.url;
        context.out.document(&Shown { running: true, url, status: &status })?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("daemon    {} (pid {})", daemon.file.url, daemon.file.pid))?;
    if let Some(since) = status.stopped {
        let text = format!("everything is stopped since {}", text::date(since));
        context.out.line(style(Style::Bad, &text))?;
    }
    for project in &status.projects {
        context.out.line(of_project(project))?;
        if let Some(why) = &project.team_refused {
            let text = format!("  its new team.toml is not in use: {}", text::cut(why, 200));
            context.out.line(style(Style::Bad, &text))?;
        }
    }
    for why in status.projects.iter().filter_map(|project| project.unconfined.as_ref()) {
        context.out.line(style(Style::Warn, why))?;
    }
    for project in status.projects.iter().filter(|project| project.mail_set_aside > 0) {
        let (n, root) = (project.mail_set_aside, &project.root);
        let text = format!(
            "{n} set aside from the mailbox, with the reason: {root}/.crew/shared/rejected"
        );
        context.out.line(style(Style::Warn, &text))?;
    }
    for overlap in status.projects.iter().flat_map(|project| &project.overlaps) {
        let Overlap { first, second, files, .. } = overlap;
        let text = format!("#{first} and #{second} both change {}", files.join(", "));
        context.out.line(style(Style::Warn, &text))?;
    }
    let agents: Vec<Vec<String>> =
        status.agents.iter().map(|agent| of_agent(agent, status.now)).collect();
    for line in text::table(&agents) {
        context.out.line(format!("  {line}"))?;
    }
    for line in of_providers(&status) {
        context.out.line(line)?;
    }
    context.out.line(format!("today     {}", text::amount(status.today)))?;
    match status.inbox {
        0 => context.out.line("nothing waits for you")?,
        n => context.out.line(style(Style::Warn, &format!("{n} wait for you: crew inbox")))?,
    }
    Ok(Exit::Ok)
}

/// What providers do not serve, and how much of their plans is used up.
fn of_providers(status: &Status) -> Vec<String> {
    let limits = status.limits.iter().map(|limit| {
        let provider = &limit.provider;
        match limit.ends {
            LimitEnds::Time => {
                let until = text::clock(limit.until);
                let left = text::between(status.now, limit.until);
                format!("{provider} is limited until {until}, for {left}")
            }
            LimitEnds::Probe => format!("{provider} was limited; the next agent tries it"),
            LimitEnds::Human => format!("{provider} serves nobody until you have seen to it"),
        }
    });
    let plans = status.plans.iter().map(|plan| {
        let used = plan.windows.iter().map(|it| format!("{} % of {}", it.percent, it.name));
        let used: Vec<String> = used.collect();
        format!("{} has used {} of its plan", plan.provider, used.join(", "))
    });
    limits.chain(plans).collect()
}

fn of_project(project: &StatusOfProject) -> String {
    let tasks: Vec<String> = project
        .tasks
        .iter()
        .map(|(word, n)| format!("{n} {}", text::status(word, &word.replace('_', " "))))
        .collect();
    let tasks = if tasks.is_empty() { "no tasks".to_owned() } else { tasks.join(", ") };
    let disk = project.disk_bytes.filter(|bytes| *bytes > 0);
    let disk = disk.map_or_else(String::new, |bytes| format!(" · worktrees {}", text::size(bytes)));
    format!("p{:<8} {} · {tasks}{disk} · {}", project.id, project.name, project.root)
}

fn of_agent(agent: &AgentAtWork, now: u64) -> Vec<String> {
    vec![
        format!("r{}", agent.run),
        format!("#{}", agent.task),
        agent.role.clone(),
        agent.state.clone(),
        agent.since.map_or_else(String::new, |since| text::between(since, now)),
        text::usage(&agent.spent),
        text::cut(agent.live.as_deref().unwrap_or_default(), 100),
    ]
}
