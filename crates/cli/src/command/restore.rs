//! `crew restore`: a backup becomes the home. The daemon must be down.

use std::path::Path;

use crew_agent::shim::{self, Presence};
use serde_json::json;

use crate::context::Context;
use crate::error::{CliError, Exit};

/// The shim that is at work in a run directory. The backup of a run that is still under way leads
/// to it, too.
fn shim_of(run: &Path) -> Option<String> {
    match shim::look(run) {
        Ok(Presence::Alive { pid }) => Some(format!("process {pid}")),
        Ok(Presence::NotStarted | Presence::Ended(_) | Presence::Lost) => None,
        // What cannot be read may be alive.
        Err(error) => Some(error.to_string()),
    }
}

/// Brings a backup back.
pub(super) fn run(context: &Context, dir: &Path) -> Result<Exit, CliError> {
    let home = context.home_path()?;
    let aside = crew_store::restore(dir, &home, &shim_of)?;
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
