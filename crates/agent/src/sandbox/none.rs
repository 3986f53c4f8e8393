//! Where there is no sandbox yet.

use super::{Sandbox, SandboxError, Support};

pub(super) const SOCKETS_OPEN: &str = "";
const WHY: &str = "Crewhouse has a sandbox on Linux only";

pub(super) fn support() -> Support {
    Support::Nothing { why: WHY.to_owned() }
}

pub(super) fn confine(_: &Sandbox) -> Result<(), SandboxError> {
    Err(SandboxError::Unsupported(WHY.to_owned()))
}
