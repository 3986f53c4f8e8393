//! Becoming a program inside a sandbox. There is one thread, and nothing else has been done.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crew_agent::sandbox;

/// What a shell says when it cannot run a program.
const EXIT_CODE_NOT_RUN: u8 = 126;

/// Returns only when that failed.
pub(crate) fn run(sandbox: &str, argv: &[OsString]) -> ExitCode {
    let error = sandbox::enter(sandbox, argv);
    writeln!(std::io::stderr(), "crew confine: {error}").ok(); // nobody is left to be told
    ExitCode::from(EXIT_CODE_NOT_RUN)
}
