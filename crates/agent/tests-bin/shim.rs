//! The shim as a program of its own, for the tests of this crate: `crew-shim-test <dir>`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(dir) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return ExitCode::FAILURE;
    };
    crew_agent::shim::run_shim(&dir)
}
