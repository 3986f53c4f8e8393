//! The program `crew`: the daemon, the command line, the shim and the native agent in one binary.
//!
//! Most commands are thin: they find or start the daemon, make one request, and print the answer.
//! Data goes to standard output and everything else to standard error; only [`output`] prints.

mod args;
mod client;
mod command;
mod context;
mod daemon;
mod demo;
mod error;
mod output;
mod text;
mod trial;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::error::{CliError, Exit};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            error.print().ok(); // whoever reads may have gone
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match cli.command {
        // These are called by the daemon and its shim, and are their own masters.
        Command::Confine { sandbox, argv } => command::confine::run(&sandbox, &argv),
        Command::Shim { dir } => crew_agent::shim::run_shim(&dir),
        Command::Native => command::native::run(),
        command => {
            let context = Context::new(cli.home, cli.project, cli.json);
            finish(&context, run(&context, command))
        }
    }
}

fn run(context: &Context, command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Serve(serve) => command::serve::run(context, serve),
        Command::Completions { shell } => command::completions::run(context, shell),
        Command::Agent(call) => command::agent::run(context, call),
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let result = runtime.block_on(command::run(context, command));
            // A prompt that nobody answers must not hold us up.
            runtime.shutdown_background();
            result
        }
    }
}

fn finish(context: &Context, result: Result<Exit, CliError>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough.
        Err(CliError::PipeClosed) => Exit::Ok.into(),
        Err(CliError::Said { exit, message, hint }) => {
            context.out.error(&message, hint.as_deref());
            exit.into()
        }
    }
}
