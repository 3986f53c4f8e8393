//! `crew up`: the daemon in the background.

use crate::context::Context;
use crate::daemon;
use crate::error::{CliError, Exit};

/// Starts the daemon, or finds the one that runs.
pub(super) async fn run(context: &Context, port: Option<u16>) -> Result<Exit, CliError> {
    let found = daemon::find(&context.home_path()?).await?;
    let (word, daemon) = match found {
        Some(daemon) => ("runs already", daemon),
        None => ("runs", daemon::ensure(context, port).await?),
    };
    let file = daemon.file;
    if file.version != env!("CARGO_PKG_VERSION") {
        let own = env!("CARGO_PKG_VERSION");
        let theirs = &file.version;
        context.out.note(format!("the daemon has version {theirs}, this program {own}"));
        context.out.note("hint: `crew down`, then `crew up`; agents stay at work meanwhile");
    }
    let text = format!("the daemon {word}: {} (pid {})", file.url, file.pid);
    context.out.either(&file, text)?;
    context.out.note("`crew open` shows the board in your browser");
    Ok(Exit::Ok)
}
