//! `crew sandbox`: what agents were refused.

use std::fs;

use crew_agent::{sandbox, shim};
use crew_core::{RoleName, RunId, Token};
use crew_server::wire::SandboxLesson;
use serde_json::Value;

use crate::args::Sandbox;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Learns from what was refused.
pub(super) async fn run(context: &Context, command: Sandbox) -> Result<Exit, CliError> {
    match command {
        Sandbox::Learn { role } => learn(context, role).await,
        Sandbox::Profile { run } => profile(context, run),
    }
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

/// The newest start of a run says what it was started in.
fn profile(context: &Context, run: RunId) -> Result<Exit, CliError> {
    let home = context.home()?;
    let starts = (1..).map(|token| home.run(run, Token(token)));
    let newest = starts.take_while(|dir| dir.exists()).last();
    let none =
        || CliError::failed(format!("{run} was never started")).hint("`crew task show` lists runs");
    let spec = fs::read(newest.ok_or_else(none)?.join(shim::SPEC)).attempt("reading the start")?;
    let unread = |error: serde_json::Error| CliError::failed(format!("reading the start: {error}"));
    let spec: Value = serde_json::from_slice(&spec).map_err(unread)?;
    let argv = spec["argv"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let inside = argv.skip_while(|word| *word != "confine").nth(1);
    let free = || CliError::failed(format!("{run} works without a sandbox"));
    let held: sandbox::Sandbox = serde_json::from_str(inside.ok_or_else(free)?).map_err(unread)?;
    context.out.line(held.seatbelt().trim_end())?;
    Ok(Exit::Ok)
}
