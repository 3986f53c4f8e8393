//! Which conversation a role has on a task: a file, written before the conversation begins.
//!
//! Claude Code finds a conversation by its id, in the directory of its configuration, for the
//! working directory that it was begun in. All three are kept, and one that fits no more is not
//! resumed: the agent then begins anew with all that it has to know.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Version;
use crate::shim::write_durably;

/// A conversation that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Its id.
    pub session: String,
    /// The working directory that it was begun in.
    pub cwd: PathBuf,
    /// Where Claude Code keeps it.
    pub config_dir: PathBuf,
    /// The version that it was begun with.
    pub version: Version,
}

impl Remembered {
    /// Reads the file; `None` when there is none that can be read.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
        else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        write_durably(dir, name, &serde_json::to_vec(self)?)
    }

    /// Whether it was begun in this directory, and Claude Code still has it. One that was killed
    /// before it wrote anything has none.
    pub fn can_be_resumed(&self, cwd: &Path) -> bool {
        let file = format!("{}.jsonl", self.session);
        let projects = fs::read_dir(self.config_dir.join("projects"));
        let mut projects = projects.into_iter().flatten().flatten();
        self.cwd == cwd && projects.any(|project| project.path().join(&file).is_file())
    }
}
