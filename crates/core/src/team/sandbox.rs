//! What agents may touch, and the commands that are run on what they wrote: besides their worktree,
//! the system's programs and the toolchains of the home.

use serde::{Deserialize, Serialize};

use crate::run::Access;

/// The sandbox of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxPolicy {
    /// Whether there is one.
    pub mode: SandboxMode,
    /// Whether the human is asked to open what was refused.
    #[serde(default = "yes")]
    pub ask: bool,
    /// What is open to all.
    #[serde(flatten)]
    pub open: Opened,
}

fn yes() -> bool {
    true
}

impl Default for SandboxPolicy {
    fn default() -> Self {
        Self { mode: SandboxMode::default(), ask: true, open: Opened::default() }
    }
}

/// Whether agents work in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Where the machine has one; elsewhere it is said that there is none.
    #[default]
    WherePossible,
    /// Elsewhere no agent starts.
    Required,
    /// They may touch what the user may touch.
    Off,
}

/// What is open in the sandbox, besides what always is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// What may be read; `~/` is the home.
    #[serde(default)]
    pub read: Vec<String>,
    /// What may be read and written.
    #[serde(default)]
    pub write: Vec<String>,
    /// TCP ports that may be connected to; `None` is all.
    #[serde(default)]
    pub ports: Option<Vec<u16>>,
}

impl Opened {
    /// With what is open to somebody besides. Ports that are named there are the only ones.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        self.read.extend_from_slice(&more.read);
        self.write.extend_from_slice(&more.write);
        self.ports = more.ports.clone().or(self.ports);
        self
    }

    /// Opens another path.
    pub fn open(&mut self, path: String, access: Access) {
        match access {
            Access::Read => self.read.push(path),
            Access::Write => self.write.push(path),
        }
    }

    /// Whether that may be done with a path. What may be written may be read.
    pub fn covers(&self, path: &str, access: Access) -> bool {
        let is_below = |open: &String| {
            let open = open.trim_end_matches('/');
            path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let reads = access == Access::Read && self.read.iter().any(is_below);
        reads || self.write.iter().any(is_below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written_may_be_read() {
        let open = Opened { write: vec!["~/.cache/foo".into()], ..Opened::default() };
        assert!(open.covers("~/.cache/foo/a", Access::Read));
        assert!(open.covers("~/.cache/foo", Access::Write));
        assert!(!open.covers("~/.cache/foobar", Access::Read));
        let open = Opened { read: vec!["/data/a/".into()], ..Opened::default() };
        assert!(open.covers("/data/a/b", Access::Read) && !open.covers("/data/a/b", Access::Write));
    }

    #[test]
    fn what_is_open_to_all_is_open_to_one_and_its_ports_are_its_own() {
        let all = Opened { read: vec!["~/a".into()], write: vec![], ports: Some(vec![443]) };
        let role = Opened { read: vec!["~/b".into()], write: vec!["~/c".into()], ports: None };
        let both = all.clone().and(&role);
        assert_eq!((both.read.len(), both.write.len(), both.ports), (2, 1, Some(vec![443])));
        let alone = all.and(&Opened { ports: Some(vec![]), ..role });
        assert_eq!(alone.ports, Some(vec![]));
    }
}
