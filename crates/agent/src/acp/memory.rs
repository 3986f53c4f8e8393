//! Which conversation a role has on a task: a file, written before each start.
//!
//! An agent gives a conversation its id when it begins, so the id is found in what the last start
//! printed. The file says where that is, and what was known before it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crew_core::Micros;
use serde::{Deserialize, Serialize};

use super::Decoder;
use crate::shim::{OUT, write_durably};
use crate::spool::SpoolReader;

/// The conversations of a role on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The newest that is known.
    #[serde(default)]
    pub talk: Option<Talk>,
    /// The run directory of the last start, which may have begun another or gone on.
    pub dir: PathBuf,
    /// The program that was started there.
    pub program: PathBuf,
    /// Where it worked.
    pub cwd: PathBuf,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Its id.
    pub session: String,
    /// What it has cost, as the agent counts; `None` is not known.
    #[serde(default)]
    pub cost: Option<Micros>,
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

    /// The conversation that can be gone on with, by this program in this place.
    pub fn resumable(&self, program: &Path, cwd: &Path) -> Option<Talk> {
        if self.program != program || self.cwd != cwd {
            return None;
        }
        self.last_talk().or_else(|| self.talk.clone())
    }

    /// What the last start printed about it.
    fn last_talk(&self) -> Option<Talk> {
        let mut spool = SpoolReader::open(&self.dir.join(OUT), 0).ok()?;
        let mut decoder = Decoder::new(None);
        loop {
            let lines = spool.next_batch().ok()?;
            if lines.is_empty() {
                break;
            }
            for line in lines {
                decoder.line(&line.bytes);
            }
        }
        let (session, cost) = decoder.conversation()?;
        let known = self.talk.as_ref().filter(|talk| talk.session == session);
        let cost = cost.or_else(|| known.and_then(|talk| talk.cost));
        Some(Talk { session: session.to_owned(), cost })
    }
}
