//! `crew native`: the native agent on our standard input and output.

use std::io::BufReader;
use std::process::ExitCode;

use crew_agent::{Surroundings, run_agent};

use crate::error::Exit;

/// Works in the working directory until the model finishes.
pub(crate) fn run() -> ExitCode {
    let Ok(worktree) = std::env::current_dir() else {
        return Exit::Failed.into();
    };
    let env = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings { worktree: &worktree, env: &env };
    let input = BufReader::new(std::io::stdin());
    let exit = run_agent(input, &mut std::io::stdout(), surroundings);
    ExitCode::from(exit.code())
}
