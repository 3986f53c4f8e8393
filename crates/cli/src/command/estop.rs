//! `crew estop`: everything stops, and stays stopped.

use crew_server::wire::{Nothing, Receipt};

use crate::context::Context;
use crate::error::{CliError, Exit};

/// Stops everything, or lets it go on.
pub(super) async fn run(context: &Context, release: bool) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let (path, text) = if release {
        ("/api/release", "work goes on")
    } else {
        ("/api/stop", "everything is stopped; `crew estop --release` lets it go on")
    };
    let receipt: Receipt = client.post(path, &Nothing {}).await?;
    context.out.either(&receipt, text)?;
    Ok(Exit::Ok)
}
