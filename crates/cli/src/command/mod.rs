//! The commands, one file each.

pub(crate) mod agent;
mod asks;
mod backup;
pub(crate) mod completions;
pub(crate) mod confine;
mod decide;
mod diff;
mod doctor;
pub(crate) mod down;
mod estop;
mod github;
mod inbox;
pub(crate) mod init;
mod journal;
mod log;
mod message;
pub(crate) mod native;
mod open;
mod provider;
mod prune;
mod question;
mod respond;
mod restore;
pub(crate) mod run;
mod sandbox;
mod search;
mod secret;
pub(crate) mod serve;
mod status;
mod task;
mod team;
mod trash;
mod up;

use std::io::Read;

use crew_server::wire::PruneMode;

use crate::args::Command;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Runs a command that talks to the daemon, or may.
pub(crate) async fn run(context: &Context, command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Init { name, agent, team } => init::run(context, name, (agent, team)).await,
        Command::Up { port } => up::run(context, port).await,
        Command::Open { print } => open::run(context, print).await,
        Command::Down => down::run(context).await,
        Command::Run(arguments) => run::run(context, arguments).await,
        Command::Task(task) => task::run(context, task).await,
        Command::Team(team) => team::run(context, team),
        Command::Github(github) => github::run(context, github).await,
        Command::Inbox => inbox::run(context).await,
        Command::Answer { ask, text, always } => decide::answer(context, ask, text, always).await,
        Command::Asks(command) => asks::run(context, command).await,
        Command::Sandbox(command) => sandbox::run(context, command).await,
        Command::Message { task, text } => message::run(context, task, text).await,
        Command::Approve { task, commit } => decide::approve(context, task, commit).await,
        Command::Reject { task, why } => decide::reject(context, task, why).await,
        Command::Respond { role, text } => respond::run(context, &role, text),
        Command::Diff { task, stat } => diff::run(context, task, stat).await,
        Command::Log { what, follow, raw } => log::run(context, &what, follow, raw).await,
        Command::Journal { follow, after } => journal::run(context, follow, after).await,
        Command::Search { words } => search::run(context, &words.join(" ")).await,
        Command::Status => status::run(context).await,
        Command::Trash(trash) => trash::run(context, trash).await,
        Command::Prune { days, dry_run } => {
            let mode = if dry_run { PruneMode::Look } else { PruneMode::Remove };
            prune::run(context, days, mode).await
        }
        Command::Backup { dir } => backup::run(context, &dir).await,
        Command::Restore { dir } => restore::run(context, &dir),
        Command::Provider(provider) => provider::run(context, provider).await,
        Command::Secret(secret) => secret::run(context, secret),
        Command::Doctor => doctor::run(context).await,
        Command::Estop { release } => estop::run(context, release).await,
        Command::Demo { agent } => crate::demo::run(context, agent).await,
        Command::Serve(_)
        | Command::Completions { .. }
        | Command::Shim { .. }
        | Command::Agent(_)
        | Command::Native
        | Command::Confine { .. } => {
            Err(CliError::failed("BUG: a command was dispatched to the wrong place"))
        }
    }
}

/// A text argument; `-` is standard input.
fn text_argument(text: String) -> Result<String, CliError> {
    if text != "-" {
        return Ok(text);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).attempt("reading standard input")?;
    Ok(text)
}
