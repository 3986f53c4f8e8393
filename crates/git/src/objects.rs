//! Commits and references, made by git's plumbing: no hook, editor, signature or index takes part.

use crate::name::text_of;
use crate::{CommitId, GitError, Identity, Repository, TreeId};

/// What a commit is made of.
pub(crate) struct NewCommit<'a> {
    pub(crate) tree: &'a TreeId,
    pub(crate) parents: &'a [CommitId],
    pub(crate) message: &'a str,
    pub(crate) author: &'a Identity,
}

/// What a reference must be for it to be changed.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    Absent,
    At(&'a CommitId),
}

impl Repository {
    /// The first line of a commit's message; bytes that are not UTF-8 are replaced.
    pub fn subject_of(&self, commit: &CommitId) -> Result<String, GitError> {
        self.read(self.root()).args(["log", "-1", "--format=%s", commit.as_str(), "--"]).text()
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: &CommitId) -> Result<TreeId, GitError> {
        self.read(self.root())
            .args(["rev-parse", "--verify", "--end-of-options"])
            .arg(format!("{commit}^{{tree}}"))
            .text()?
            .parse()
    }

    /// Whether `descendant` contains `ancestor`; a commit contains itself.
    pub fn is_ancestor(
        &self,
        ancestor: &CommitId,
        descendant: &CommitId,
    ) -> Result<bool, GitError> {
        if ancestor == descendant {
            return Ok(true);
        }
        self.read(self.root())
            .args(["merge-base", "--is-ancestor", ancestor.as_str(), descendant.as_str()])
            .test()
    }

    /// Where two commits parted; none if they share no history.
    pub fn merge_base(
        &self,
        one: &CommitId,
        other: &CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        if one == other {
            return Ok(Some(one.clone()));
        }
        let output =
            self.read(self.root()).args(["merge-base", one.as_str(), other.as_str()]).output()?;
        match output.code {
            Some(0) => text_of(&output.stdout).trim_end().parse().map(Some),
            Some(1) => Ok(None),
            Some(_) | None => Err(output.failed()),
        }
    }

    /// The messages of all commits that `commit` has and `base` has not, as one text.
    pub fn messages(&self, base: &CommitId, commit: &CommitId) -> Result<String, GitError> {
        let call = self.read(self.root()).args(["log", "--format=%B", "--no-show-signature"]);
        call.args(["--end-of-options", &format!("{base}..{commit}")]).text()
    }

    pub(crate) fn parents_of(&self, commit: &CommitId) -> Result<Vec<CommitId>, GitError> {
        let line = self
            .read(self.root())
            .args(["rev-list", "--parents", "--max-count=1", commit.as_str()])
            .text()?;
        line.split(' ').skip(1).map(str::parse).collect()
    }

    pub(crate) fn commit_tree(&self, new: &NewCommit<'_>) -> Result<CommitId, GitError> {
        let (name, email) = (new.author.header_name(), new.author.header_email());
        let message = match new.message.trim_end() {
            "" => "(no message)\n".to_owned(),
            text => format!("{}\n", text.replace('\0', "")),
        };
        let parents = new.parents.iter().flat_map(|p| ["-p", p.as_str()]);
        self.objects(self.root())
            .args(["commit-tree", "--no-gpg-sign", new.tree.as_str()])
            .args(parents)
            .args(["-F", "-"])
            .env("GIT_AUTHOR_NAME", &name)
            .env("GIT_AUTHOR_EMAIL", &email)
            .env("GIT_COMMITTER_NAME", &name)
            .env("GIT_COMMITTER_EMAIL", &email)
            .input(message)
            .text()?
            .parse()
    }

    /// Moves a reference if it still is what is expected; false if it is not.
    pub(crate) fn move_reference(
        &self,
        reference: &str,
        to: &CommitId,
        expected: Expected<'_>,
        reason: &str,
    ) -> Result<bool, GitError> {
        let zeros = "0".repeat(to.as_str().len());
        let old = match expected {
            Expected::Absent => zeros.as_str(),
            Expected::At(commit) => commit.as_str(),
        };
        let output = self
            .write(self.root())
            .args(["update-ref", "--no-deref", "-m", reason, reference, to.as_str(), old])
            .output()?;
        if output.success() {
            return Ok(true);
        }
        let moved = ["but expected", "reference already exists", "unable to resolve reference"];
        if moved.iter().any(|text| output.stderr.contains(text)) {
            return Ok(false);
        }
        Err(output.failed())
    }
}

/// A message with trailers in its last paragraph, where git looks for them.
pub(crate) fn with_trailers(message: &str, trailers: &[(&str, &str)]) -> String {
    let mut text = message.trim_end().to_owned();
    if trailers.is_empty() {
        return text;
    }
    text.push_str(if ends_in_trailers(&text) { "\n" } else { "\n\n" });
    for (name, value) in trailers {
        let value: Vec<&str> = value.split_whitespace().collect();
        text.extend([name, ": ", &value.join(" "), "\n"]);
    }
    text
}

fn ends_in_trailers(text: &str) -> bool {
    let Some((_, last)) = text.rsplit_once("\n\n") else {
        return false;
    };
    last.lines().all(|line| {
        line.split_once(": ").is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::with_trailers;

    #[test]
    fn trailers_make_one_last_paragraph() {
        let check = |message, expect| {
            assert_eq!(with_trailers(message, &[("A-B", "x\ny")]), expect);
        };
        check("subject", "subject\n\nA-B: x y\n");
        check("fix: subject", "fix: subject\n\nA-B: x y\n");
        check("subject\n\nbody\n", "subject\n\nbody\n\nA-B: x y\n");
        check("subject\n\nCo-By: me", "subject\n\nCo-By: me\nA-B: x y\n");
        assert_eq!(with_trailers("subject\n", &[]), "subject");
    }
}
