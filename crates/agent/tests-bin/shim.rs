//! The shim, and the entry of the sandbox, as a program of its own, for the tests of this crate:
//! `crew-shim-test <dir>`, `crew-shim-test confine <sandbox> <program>…`.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [entry, sandbox, argv @ ..] if entry == "confine" => {
            let error = crew_agent::sandbox::enter(&sandbox.to_string_lossy(), argv);
            writeln!(std::io::stderr(), "{error}").ok(); // nobody is left to be told
            ExitCode::FAILURE
        }
        [dir] => crew_agent::shim::run_shim(Path::new(dir)),
        _ => ExitCode::FAILURE,
    }
}
