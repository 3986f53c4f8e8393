//! `crew respond`: what a role says about its work, from a shell; the writing and renaming of
//! mailbox files is done here.

use std::path::{Path, PathBuf};

use crew_agent::mailbox::{Mailbox, Rules};
use crew_core::RoleName;
use crew_core::protocol::parse_response;
use crew_engine::TEAM_DIRECTORY;
use crew_git::Repository;

use super::text_argument;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Checks a response and drops it; the daemon need not run.
pub(super) fn run(context: &Context, role: &RoleName, text: String) -> Result<Exit, CliError> {
    let text = text_argument(text)?;
    parse_response(&text).map_err(|error| CliError::failed(error.to_string()))?;
    let cwd = std::env::current_dir().attempt("finding the working directory")?;
    let team = checkout(&Repository::open(&cwd)?).join(TEAM_DIRECTORY);
    if !team.is_dir() {
        return Err(CliError::failed(format!("there is no {}", team.display()))
            .hint("`crew init` makes it, in the repository itself"));
    }
    let mailbox =
        Mailbox::open(&team.join("shared"), Rules::default()).map_err(CliError::failed)?;
    let name = mailbox.write_response(role.as_str(), &text).map_err(CliError::failed)?;
    context.out.either(&serde_json::json!({ "file": name }), format!("{role} has responded"))?;
    Ok(Exit::Ok)
}

/// The mailbox is in the user's own checkout, also for who works in another worktree of it.
fn checkout(repository: &Repository) -> PathBuf {
    let common = repository.common_directory();
    let beside =
        || common.parent().filter(|_| common.file_name().is_some_and(|name| name == ".git"));
    beside().map_or_else(|| repository.root().to_owned(), Path::to_owned)
}
