//! `crew open`: the board in the browser.
//!
//! The token goes in the fragment of the address, which a browser never sends: it is in no request
//! and no log, and the page takes it out of the address at once.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::context::Context;
use crate::daemon::{self, Daemon};
use crate::error::{Attempt, CliError, Exit};

/// What opens an address in the user's browser; the first that there is.
const OPENERS: [&str; 3] = ["xdg-open", "open", "wslview"];

/// Opens the board, or prints where it is.
pub(super) async fn run(context: &Context, print: bool) -> Result<Exit, CliError> {
    let daemon = daemon::ensure(context, None).await?;
    let address = address(context, &daemon)?;
    if print || context.out.json {
        context.out.either(&json!({"url": address}), &address)?;
        return Ok(Exit::Ok);
    }
    if let Some(opener) = open(&address)? {
        context.out.note(format!("{opener} opens {}", daemon.file.url));
    } else {
        context.out.note("there is nothing here that opens a browser; open this yourself:");
        context.out.line(&address)?;
    }
    Ok(Exit::Ok)
}

/// Where the board is, with what lets a browser in.
fn address(context: &Context, daemon: &Daemon) -> Result<String, CliError> {
    let token = context.home()?.token()?;
    Ok(format!("{}/#token={token}", daemon.file.url))
}

/// Hands the address to the first program that opens one; `None` if there is none.
fn open(address: &str) -> Result<Option<String>, CliError> {
    // What the user prefers comes first, as everywhere.
    let preferred = std::env::var("BROWSER").ok().filter(|browser| !browser.is_empty());
    for opener in preferred.into_iter().chain(OPENERS.map(str::to_owned)) {
        let mut command = Command::new(&opener);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(_) => return Ok(Some(opener)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).attempt(format!("starting {opener}")),
        }
    }
    Ok(None)
}
