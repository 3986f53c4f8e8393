//! `crew completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// Prints the script.
pub(crate) fn run(context: &Context, shell: Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "crew", &mut script);
    context.out.bytes(&script)?;
    Ok(Exit::Ok)
}
