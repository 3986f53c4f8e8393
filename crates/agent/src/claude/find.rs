//! Claude Code on this machine, and whether it can be used.

use crew_core::team::Permissions;

use super::launch::{ENVIRONMENT, SANDBOX};
use crate::program::{Known, Unusable, Version};

/// Claude Code.
pub const CLAUDE: Known = Known {
    name: "Claude Code",
    command: "claude",
    version_min: Version(2, 1, 197),
    version_tested: Version(2, 1, 329),
    install: "install it (https://claude.com/claude-code) and run `claude` once to sign in",
    update: "`claude update` installs the newest",
    env: &ENVIRONMENT,
};

/// The oldest version that we know to tell what hooks do, if it is asked to.
pub const HOOKS_TOLD_SINCE: Version = Version(2, 1, 329);

/// It does not do everything unasked as root, and then ends without a word on its output.
pub fn is_allowed(permissions: Permissions) -> Result<(), Unusable> {
    let is_root = rustix::process::geteuid().is_root();
    if permissions != Permissions::All || !is_root || std::env::var_os(SANDBOX).is_some() {
        return Ok(());
    }
    Err(Unusable {
        what: "Claude Code does not do everything unasked (permissions = \"all\") as root".into(),
        hint: format!(
            "run Crewhouse as another user, or write permissions = \"edit\"; in a container that \
             nothing gets out of, start the daemon with {SANDBOX}=1"
        ),
    })
}
