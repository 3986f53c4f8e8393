//! What is changed in a working tree, file by file, without writing anything.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diff::parse_numstat;
use crate::name::{path_of, split_nul};
use crate::{GitError, Worktree};

/// Untracked files above this are listed without a line count.
const LINE_COUNT_BYTES_MAX: u64 = 1 << 20;

/// How a file differs from the last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileState {
    /// New, and known to git.
    Added,
    /// New, and not known to git.
    Untracked,
    /// Changed content, mode or type.
    Modified,
    /// Gone.
    Deleted,
    /// Two sides of a merge were not brought together yet.
    Conflicted,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// Relative to the working tree; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// How it differs.
    pub state: FileState,
    /// Lines added; none for a binary or very large file.
    pub added: Option<u64>,
    /// Lines removed; none for a binary file.
    pub removed: Option<u64>,
}

/// All changed files of a working tree; ignored ones are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// In the order of git, untracked files last.
    pub files: Vec<FileStatus>,
}

impl Status {
    /// Whether nothing is changed.
    pub fn is_clean(&self) -> bool {
        self.files.is_empty()
    }
}

/// A changed file as `git status` lists it.
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) state: FileState,
}

impl Worktree {
    /// What is changed since HEAD. Cheap enough to poll: it reads, and takes no lock.
    pub fn status(&self) -> Result<Status, GitError> {
        let lines = self
            .read()
            .args(["diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-color"])
            .args(["--no-textconv", "HEAD", "--"])
            .run()?;
        let lines = parse_numstat(&lines);
        let files = self.status_entries()?.into_iter().map(|entry| {
            let counted = lines.iter().find(|(path, _, _)| *path == entry.path);
            let (added, removed) = match (entry.state, counted) {
                (FileState::Untracked, _) => (count_lines(&self.path().join(&entry.path)), Some(0)),
                (_, Some((_, added, removed))) => (*added, *removed),
                (_, None) => (None, None),
            };
            FileStatus {
                path: entry.path.to_string_lossy().into_owned(),
                state: entry.state,
                added,
                removed,
            }
        });
        Ok(Status { files: files.collect() })
    }

    pub(crate) fn status_entries(&self) -> Result<Vec<Entry>, GitError> {
        let status = self
            .read()
            .args(["status", "--porcelain=v2", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignore-submodules=none"])
            .run()?;
        Ok(parse_status(&status))
    }
}

/// Reads `git status --porcelain=v2 -z --no-renames`.
pub(crate) fn parse_status(output: &[u8]) -> Vec<Entry> {
    split_nul(output).filter_map(parse_entry).collect()
}

fn parse_entry(line: &[u8]) -> Option<Entry> {
    let (fields, kind) = match line.first()? {
        b'1' => (8, None),
        b'u' => (10, Some(FileState::Conflicted)),
        b'?' => (1, Some(FileState::Untracked)),
        _ => return None,
    };
    let path = line.splitn(fields + 1, |b| *b == b' ').nth(fields)?;
    let state = kind.unwrap_or_else(|| match (line.get(2), line.get(3)) {
        (Some(b'D'), _) | (_, Some(b'D')) => FileState::Deleted,
        (Some(b'A'), _) | (_, Some(b'A')) => FileState::Added,
        _ => FileState::Modified,
    });
    Some(Entry { path: path_of(path), state })
}

fn count_lines(path: &Path) -> Option<u64> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LINE_COUNT_BYTES_MAX {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    if bytes.contains(&0) {
        return None;
    }
    let lines = bytes.split_inclusive(|b| *b == b'\n').count();
    Some(lines as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry_is_read() {
        let zeros = "0".repeat(40);
        let output = format!(
            "1 .M N... 100644 100644 100644 {zeros} {zeros} a b.txt\0\
             1 A. N... 000000 100644 100644 {zeros} {zeros} new\0\
             1 .D N... 100644 100644 000000 {zeros} {zeros} gone\0\
             u UU N... 100644 100644 100644 100644 {zeros} {zeros} {zeros} both\0\
             ? it's \"quoted\"\n🎉\0"
        );
        let entries = parse_status(output.as_bytes());
        let seen: Vec<_> = entries.iter().map(|e| (e.path.to_str(), e.state)).collect();
        assert_eq!(
            seen,
            [
                (Some("a b.txt"), FileState::Modified),
                (Some("new"), FileState::Added),
                (Some("gone"), FileState::Deleted),
                (Some("both"), FileState::Conflicted),
                (Some("it's \"quoted\"\n🎉"), FileState::Untracked),
            ]
        );
    }
}
