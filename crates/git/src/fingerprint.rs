//! What a checkout looks like, in a few bytes: two of them tell whether anyone touched it between.
//!
//! Covers HEAD, every entry of the index, and every changed or untracked file by its state, size
//! and time of change; so an edit of a file that was dirty before is seen as well. Ignored files
//! are not covered.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::status::parse_status;
use crate::{CommitId, GitError, Head, Repository};

/// State of the user's checkout; equal when nothing of it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Where HEAD is.
    pub head: Head,
    /// The commit that HEAD is on.
    pub commit: CommitId,
    /// SHA-256 of the index, in hexadecimal.
    pub index: String,
    /// SHA-256 of the state of all changed and untracked files, in hexadecimal.
    pub changes: String,
}

impl Fingerprint {
    /// What differs, in words: `HEAD`, `commit`, `index`, `files`.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("HEAD", self.head != other.head),
            ("commit", self.commit != other.commit),
            ("index", self.index != other.index),
            ("files", self.changes != other.changes),
        ];
        let different = parts.into_iter().filter(|(_, differs)| *differs);
        different.map(|(part, _)| part).collect()
    }
}

impl Repository {
    /// Looks at the user's checkout, without taking any lock of git.
    pub fn fingerprint(&self) -> Result<Fingerprint, GitError> {
        let index = self.read(self.root()).args(["ls-files", "--stage", "-z"]).run()?;
        let status = self
            .read(self.root())
            .args(["status", "--porcelain=v2", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignore-submodules=none"])
            .run()?;
        let mut changes = Sha256::new();
        changes.update(&status);
        for file in parse_status(&status) {
            let metadata = std::fs::symlink_metadata(self.root().join(&file.path)).ok();
            let times = metadata.map(|m| (m.size(), m.mode(), m.mtime(), m.mtime_nsec()));
            changes.update(format!("{times:?}"));
        }
        Ok(Fingerprint {
            head: self.head()?,
            commit: self.resolve("HEAD")?,
            index: hexadecimal(&Sha256::digest(&index)),
            changes: hexadecimal(&changes.finalize()),
        })
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
