//! Which conversation a role has on a task: a file, written before the conversation begins.
//!
//! Claude Code finds a conversation by its id, in the directory of its configuration, for the
//! working directory that it was begun in. All three are kept, and one that fits no more is not
//! resumed: the agent then begins anew with all that it has to know.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::program::Version;
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

    /// Whether it can be gone on with, here and now. A conversation that was killed before Claude
    /// Code wrote a word of it down is none; an older version may not read what a newer one wrote.
    pub fn can_be_resumed(&self, cwd: &Path, config_dir: &Path, version: Version) -> bool {
        self.cwd == cwd
            && self.config_dir == config_dir
            && self.version <= version
            && self.has_line(r#""type":"user""#)
    }

    /// Whether these words were said in it.
    pub fn has_line(&self, words: &str) -> bool {
        self.any_line(|line| line.contains(words))
    }

    fn any_line(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let has = |file: File| {
            let mut lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
            lines.any(|line| is_it(&String::from_utf8_lossy(&line)))
        };
        self.file().and_then(|path| File::open(path).ok()).is_some_and(has)
    }

    /// Whether it has taken in what has these words. That it waited to be taken in is written down, too,
    /// and does not count.
    pub fn took_in(&self, words: &str) -> bool {
        self.any_line(|line| line.contains(words) && !line.contains(r#""type":"queue-operation""#))
    }

    fn file(&self) -> Option<PathBuf> {
        file_of(&self.config_dir, &self.session)
    }
}

/// Whether Claude Code has a conversation, wherever it was begun: it finds one that it is to fork by its
/// id alone.
pub fn is_kept(config_dir: &Path, session: &str) -> bool {
    file_of(config_dir, session).is_some()
}

/// Where Claude Code writes a conversation down: it has a directory for each working directory.
fn file_of(config_dir: &Path, session: &str) -> Option<PathBuf> {
    let name = format!("{session}.jsonl");
    let projects = fs::read_dir(config_dir.join("projects")).ok()?;
    let mut files = projects.flatten().map(|project| project.path().join(&name));
    files.find(|file| file.is_file())
}
