//! `crew backup`: all that Crewhouse knows, as a directory, while it works.

use std::path::Path;

use crew_server::wire::{BackedUp, Backup};

use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Writes a backup.
pub(super) async fn run(context: &Context, dir: &Path) -> Result<Exit, CliError> {
    let path = std::path::absolute(dir).attempt(dir.display())?;
    let target = path
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| CliError::new(Exit::Usage, format!("{} is not UTF-8", path.display())))?;
    let client = context.daemon().await?;
    let done: BackedUp = client.post_patiently("/api/backup", &Backup { target }).await?;
    let text = format!("all up to {} is in {}", done.seq, done.target);
    context.out.either(&done, text)?;
    Ok(Exit::Ok)
}
