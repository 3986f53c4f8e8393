//! `crew sandbox`: what agents were refused.

use crew_core::RoleName;
use crew_server::wire::SandboxLesson;

use crate::args::Sandbox;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// Learns from what was refused.
pub(super) async fn run(context: &Context, command: Sandbox) -> Result<Exit, CliError> {
    let Sandbox::Learn { role } = command;
    learn(context, role).await
}

/// The snippet is the data; what is to be known about it is said beside.
async fn learn(context: &Context, role: Option<RoleName>) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project(&client).await?;
    let query = role.map(|role| format!("?role={role}")).unwrap_or_default();
    let path = format!("/api/projects/{}/sandbox{query}", project.id);
    let lesson: SandboxLesson = client.get(&path).await?;
    let out = &context.out;
    if out.json {
        out.document(&lesson)?;
        return Ok(Exit::Ok);
    }
    for left in &lesson.left_out {
        out.note(format!("not proposed: {} ({})", left.path, left.why));
    }
    match &lesson.snippet {
        Some(snippet) => {
            out.note(format!("{} runs were refused something; this would open it:", lesson.runs));
            out.line(snippet.trim_end())?;
        }
        None => out.note("no run was refused anything that could be opened to it"),
    }
    Ok(Exit::Ok)
}
