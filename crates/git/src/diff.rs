//! Differences between two commits, or between a commit and all that is in a worktree now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::name::{path_of, split_nul, text_of};
use crate::run::Call;
use crate::{CommitId, GitError, Repository, TreeId, Worktree};

/// How a file changed between two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// Only in the newer tree.
    Added,
    /// In both, and different.
    Modified,
    /// Only in the older tree.
    Deleted,
}

/// One file that differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Relative to the repository; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// How it changed.
    pub kind: ChangeKind,
    /// Lines added; none for a binary file.
    pub added: Option<u64>,
    /// Lines removed; none for a binary file.
    pub removed: Option<u64>,
}

/// A unified diff, bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Whether it was cut at the bound.
    pub truncated: bool,
}

impl Repository {
    /// What changed from one commit to another, as text.
    pub fn diff(&self, from: &CommitId, to: &CommitId, bytes_max: usize) -> Result<Diff, GitError> {
        diff_text(self.read(self.root()), from.as_str(), to.as_str(), bytes_max)
    }

    /// What changed from one commit to another, file by file.
    pub fn changes(&self, from: &CommitId, to: &CommitId) -> Result<Vec<Change>, GitError> {
        changes(|| self.read(self.root()), from.as_str(), to.as_str())
    }
}

impl Worktree {
    /// What the worktree holds that `base` does not, as text: everything since the two parted,
    /// committed or not, untracked files too.
    pub fn diff(&self, base: &CommitId, bytes_max: usize) -> Result<Diff, GitError> {
        let (from, to) = self.ends(base)?;
        diff_text(self.read(), from.as_str(), to.as_str(), bytes_max)
    }

    /// What [`Self::diff`] shows, file by file.
    pub fn diff_stat(&self, base: &CommitId) -> Result<Vec<Change>, GitError> {
        let (from, to) = self.ends(base)?;
        changes(|| self.read(), from.as_str(), to.as_str())
    }

    /// The names of the files that [`Self::diff`] shows. Cheap enough to be asked again and again:
    /// nothing is written, and what nobody touched is not read.
    pub fn changed_files(&self, base: &CommitId) -> Result<BTreeSet<String>, GitError> {
        let from = self.parted_from(base)?;
        let known = self
            .read()
            .args(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"])
            .args([from.as_str(), "--"])
            .run()?;
        let new = self.read().args(["ls-files", "--others", "--exclude-standard", "-z"]).run()?;
        let names = split_nul(&known).chain(split_nul(&new));
        Ok(names.map(|name| lossy(&path_of(name))).collect())
    }

    fn ends(&self, base: &CommitId) -> Result<(CommitId, TreeId), GitError> {
        Ok((self.parted_from(base)?, self.tree(&[])?))
    }

    /// The commit that it has in common with `base`.
    fn parted_from(&self, base: &CommitId) -> Result<CommitId, GitError> {
        let common = self.repository().merge_base(base, &self.head_commit()?)?;
        Ok(common.unwrap_or_else(|| base.clone()))
    }
}

pub(crate) fn diff_text(
    call: Call<'_>,
    from: &str,
    to: &str,
    bytes_max: usize,
) -> Result<Diff, GitError> {
    let output = call
        .args(["diff-tree", "-r", "-p", "--stat", "--find-renames", "--no-color", "--no-ext-diff"])
        .args(["--no-textconv", from, to, "--"])
        .bytes_max(bytes_max)
        .output()?;
    if !output.success() {
        return Err(output.failed());
    }
    Ok(Diff { text: text_of(&output.stdout), truncated: output.truncated })
}

fn changes<'a>(call: impl Fn() -> Call<'a>, from: &str, to: &str) -> Result<Vec<Change>, GitError> {
    let compare = |format: &str| {
        call().args(["diff-tree", "-r", "-z", "--no-renames", format, from, to, "--"]).run()
    };
    let lines = compare("--numstat")?;
    let kinds = compare("--name-status")?;
    let mut kinds = split_nul(&kinds);
    let mut changes = Vec::new();
    for (path, added, removed) in parse_numstat(&lines) {
        let kind = match kinds.next() {
            Some(b"A") => ChangeKind::Added,
            Some(b"D") => ChangeKind::Deleted,
            Some(_) | None => ChangeKind::Modified,
        };
        kinds.next();
        changes.push(Change { path: lossy(&path), kind, added, removed });
    }
    Ok(changes)
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Reads `--numstat -z --no-renames`: path, lines added, lines removed.
pub(crate) fn parse_numstat(output: &[u8]) -> Vec<(PathBuf, Option<u64>, Option<u64>)> {
    let count = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
    let parse = |line: &[u8]| {
        let mut fields = line.splitn(3, |b| *b == b'\t');
        let (added, removed) = (count(fields.next()?), count(fields.next()?));
        Some((path_of(fields.next()?), added, removed))
    };
    split_nul(output).filter_map(parse).collect()
}
