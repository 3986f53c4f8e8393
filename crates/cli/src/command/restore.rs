//! `crew restore`: a backup becomes the home. The daemon must be down.

use std::path::Path;

use serde_json::json;

use crate::context::Context;
use crate::error::{CliError, Exit};

/// Brings a backup back.
pub(super) fn run(context: &Context, dir: &Path) -> Result<Exit, CliError> {
    let home = context.home_path()?;
    let aside = crew_store::restore(dir, &home)?;
    let answer = json!({"home": home, "set_aside": aside});
    let text = match aside {
        Some(aside) => {
            format!("{} is restored; what was there is in {}", home.display(), aside.display())
        }
        None => format!("{} is restored", home.display()),
    };
    context.out.either(&answer, text)?;
    Ok(Exit::Ok)
}
