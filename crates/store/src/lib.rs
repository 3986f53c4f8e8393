//! Everything at rest: the home directory, the database, and the journal files.
//!
//! One transaction holds an event, the rows that it changed, and the effects that it wants
//! ([`Writer::commit`]). The journal files are written from the events and made equal to them on
//! start ([`Journal::open`]): never a gap, never a duplicate, whatever was killed in between. The
//! search index is derived too ([`SearchIndex`]).
//! Readers are of another type than the writer and cannot write.

mod backup;
mod home;
mod journal;
mod keyring;
mod schema;
mod search;
mod secrets;
mod table;
mod writer;

pub use backup::{backup, restore};
pub use home::{Home, HomeLock};
pub use journal::Journal;
pub use search::{Document, DocumentKind, Progress, ReadTo, SearchIndex};
pub use secrets::{Kept, Secret, SecretError, Secrets, make_key};
pub use table::event::Entry;
pub use writer::{Commit, Reader, Writer};

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What can go wrong at rest.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database at {path} failed: {source}", path = path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// A file could not be read or written.
    #[error("{what} {path} failed: {source}", path = path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another daemon works on this home.
    #[error("another Crewhouse works on {path}{owner}", path = path.display())]
    Locked {
        /// The home.
        path: PathBuf,
        /// ` (pid n)` where it is known.
        owner: String,
    },
    /// The database was written by a newer version.
    #[error("the database has version {found}; this program knows versions up to {known}")]
    Newer {
        /// The database's version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A row is not what we wrote.
    #[error("the {table} row {key} cannot be read: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// An agent is at work for the home, or for the one that a backup is of.
    #[error("an agent is at work ({who}) in {path}", path = path.display())]
    AtWork {
        /// Its process.
        who: String,
        /// The directory of its run.
        path: PathBuf,
    },
    /// A backup cannot be made or used.
    #[error("{0}")]
    Backup(String),
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Locked { .. } => {
                Some("`crew down` ends it, or set CREWHOUSE_HOME to another directory")
            }
            Self::Newer { .. } => {
                Some("install the newer version again, or restore an older backup")
            }
            Self::Corrupt { .. } => {
                Some("`crew restore` brings a backup back; the journal files are intact")
            }
            Self::File { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("the disk is full: free some space; nothing that was recorded is lost")
            }
            Self::AtWork { .. } => {
                Some("`crew up`, `crew estop` and `crew down` in its home end it; then restore")
            }
            Self::Backup(_) => {
                Some("name a directory that is not there yet, or one that is a backup")
            }
            Self::Database { .. } | Self::File { .. } => None,
        }
    }

    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }
}
