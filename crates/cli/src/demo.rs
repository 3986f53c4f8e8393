//! `crew demo`: the whole product on a repository of its own, with no key and no network.

use crate::context::Context;
use crate::error::{CliError, Exit};

/// Shows a team at work.
pub(crate) async fn run(context: &Context) -> Result<Exit, CliError> {
    let _daemon = context.daemon().await?;
    Err(CliError::failed("the demo is not there yet").hint("`crew init` in a repository of yours"))
}
