//! Whether work is already in a base branch, however it got there.
//!
//! By ancestry (a merge), by our trailer (a merge of ours, repeated after a crash), by content
//! (merging would change nothing), or by patch (squashed or rebased by someone else, and built on
//! since). Ancestry alone would merge squashed work twice.

use crate::name::{split_nul, text_of};
use crate::{CommitId, GitError, Repository, TreeId};

/// The trailer that names the merge that made a commit.
pub(crate) const EFFECT: &str = "Crew-Effect";
/// How far back on the base branch patches are compared.
const COMMITS_COMPARED_MAX: &str = "--max-count=500";
const PATCH_BYTES_MAX: usize = 64 << 20;

/// What `git merge-tree` says of two commits.
pub(crate) struct MergedTree {
    /// The tree; it holds conflict markers if there are conflicts.
    pub(crate) tree: TreeId,
    /// Files in conflict.
    pub(crate) conflicts: Vec<String>,
}

impl Repository {
    /// Merges two commits without a working tree, and without changing anything but objects.
    pub(crate) fn merge_tree(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
    ) -> Result<MergedTree, GitError> {
        let output = self
            .objects(self.root())
            .args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"])
            .args([ours.as_str(), theirs.as_str()])
            .output()?;
        if !matches!(output.code, Some(0 | 1)) {
            return Err(output.failed());
        }
        let mut parts = split_nul(&output.stdout).map(text_of);
        let tree = parts.next().ok_or_else(|| output.unreadable())?.parse()?;
        let mut conflicts: Vec<String> = parts.collect();
        conflicts.dedup();
        Ok(MergedTree { tree, conflicts })
    }

    /// Whether `base` has all of the work of `commit` in it already.
    pub fn is_merged(&self, commit: &CommitId, base: &CommitId) -> Result<bool, GitError> {
        if self.is_ancestor(commit, base)? {
            return Ok(true);
        }
        let merged = self.merge_tree(base, commit)?;
        self.has_content(commit, base, &merged)
    }

    /// By content or by patch, given what merging the two would give.
    pub(crate) fn has_content(
        &self,
        commit: &CommitId,
        base: &CommitId,
        merged: &MergedTree,
    ) -> Result<bool, GitError> {
        if merged.conflicts.is_empty() && merged.tree == self.tree_of(base)? {
            return Ok(true);
        }
        let Some(fork) = self.merge_base(base, commit)? else {
            return Ok(false);
        };
        if self.patches_are_in(commit, base)? {
            return Ok(true);
        }
        let whole = self.patch_of(&["diff-tree", "-p", fork.as_str(), commit.as_str()])?;
        let range = format!("{fork}..{base}");
        let theirs = self.patch_of(&[
            "log",
            "--pretty=medium",
            "-p",
            "--no-merges",
            COMMITS_COMPARED_MAX,
            &range,
        ])?;
        let (Some(whole), Some(theirs)) = (whole, theirs) else {
            return Ok(false);
        };
        let ids = self.patch_ids(theirs)?;
        Ok(self.patch_ids(whole)?.iter().any(|id| ids.contains(id)))
    }

    /// The merge commit that carries our trailer for `key`, if `base` contains it. Only the base
    /// branch's own line is looked at: the commits that agents made hang beside it, and may say what
    /// they like.
    pub(crate) fn find_effect(
        &self,
        key: &str,
        commit: &CommitId,
        base: &CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        let fork = self.merge_base(base, commit)?;
        let range = fork.map_or(base.to_string(), |fork| format!("{fork}..{base}"));
        let format = format!("--format=%H%x00%(trailers:key={EFFECT},valueonly,separator=%x00)");
        let found = self
            .read(self.root())
            .args(["log", "--first-parent", "--fixed-strings", "--max-count=100"])
            .arg(format!("--grep={EFFECT}: {key}"))
            .args([&format, &range, "--"])
            .text()?;
        let mut lines = found.lines().map(|line| line.split('\0'));
        let commit = lines.find_map(|mut fields| {
            let id = fields.next()?;
            fields.any(|value| value == key).then_some(id)
        });
        commit.map(str::parse).transpose()
    }

    /// Whether every commit has a twin with the same patch in the base, as after a rebase.
    fn patches_are_in(&self, commit: &CommitId, base: &CommitId) -> Result<bool, GitError> {
        let text =
            self.read(self.root()).args(["cherry", base.as_str(), commit.as_str()]).text()?;
        Ok(!text.is_empty() && text.lines().all(|line| line.starts_with('-')))
    }

    /// The output of a command that prints patches; none if it is too large to compare.
    fn patch_of(&self, command: &[&str]) -> Result<Option<Vec<u8>>, GitError> {
        let (name, rest) = command.split_at(1);
        let output = self
            .read(self.root())
            .args(name)
            .args([
                "--no-ext-diff",
                "--no-textconv",
                "--no-color",
                "--full-index",
                "--no-renames",
                "--diff-algorithm=myers",
                "-U3",
                "--src-prefix=a/",
                "--dst-prefix=b/",
            ])
            .args(rest)
            .arg("--")
            .bytes_max(PATCH_BYTES_MAX)
            .output()?;
        if !output.success() {
            return Err(output.failed());
        }
        Ok((!output.truncated).then_some(output.stdout))
    }

    fn patch_ids(&self, patches: Vec<u8>) -> Result<Vec<String>, GitError> {
        let ids = self.read(self.root()).args(["patch-id", "--stable"]).input(patches).run()?;
        let ids = text_of(&ids);
        let first = ids.lines().filter_map(|line| line.split(' ').next());
        Ok(first.map(str::to_owned).collect())
    }
}
