//! Named points at which a test build can be made to crash, as `kill -9` would end it there.
//!
//! `CREWHOUSE_CRASH_AT=<point>` ends the daemon the first time that it comes to the point. The tests
//! go through [`CRASH_POINTS`] and prove that the next daemon brings the work to the same end. A
//! release build has no such points.

/// Every point, in the order in which a task meets them.
pub const CRASH_POINTS: [&str; 20] = [
    "before-commit",
    "after-commit",
    "after-journal",
    "before-start",
    "after-start",
    "before-stop",
    "after-stop",
    "before-send",
    "after-send",
    "before-save",
    "after-save",
    "before-combine",
    "after-combine",
    "before-check",
    "after-check",
    "before-merge",
    "after-merge",
    "before-release",
    "after-release",
    "after-taking-a-file",
];

/// The points that an agent meets which calls us.
pub const CALL_CRASH_POINTS: [&str; 3] = ["after-taking-a-call", "before-reply", "after-reply"];

/// The points that a task meets whose agents are told something, or interrupted.
pub const CONTROL_CRASH_POINTS: [&str; 4] =
    ["before-tell", "after-tell", "before-interrupt", "after-interrupt"];

/// The points that a task meets in a project that is connected with GitHub.
pub const GITHUB_CRASH_POINTS: [&str; 2] = ["before-publish", "after-publish"];

/// The points that a task meets whose work GitHub shows.
pub const PULL_CRASH_POINTS: [&str; 3] = ["before-pull", "after-push", "after-pull"];

/// Crashes here if a test wants it.
#[cfg(debug_assertions)]
pub(crate) fn crash_point(moment: &str, what: &str) {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("CREWHOUSE_CRASH_AT").ok());
    if let Some(wanted) = wanted
        && wanted.strip_prefix(moment).and_then(|rest| rest.strip_prefix('-')) == Some(what)
    {
        tracing::error!("crashing at {wanted}, as a test wants it");
        std::process::abort();
    }
}

/// A release build crashes nowhere on purpose.
#[cfg(not(debug_assertions))]
pub(crate) fn crash_point(_moment: &str, _what: &str) {}
