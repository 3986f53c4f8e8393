//! Bringing a branch of ours to another repository, and one of theirs here.
//!
//! One commit goes to one branch, both by their full names. What somebody else pushed there is never
//! overwritten: the other side moves only from where we saw it, and only if that is what we pushed last
//! or is contained in what we push. What we pushed is noted under `refs/crew/pushed/`, what we fetched
//! under `refs/crew/fetched/`; branches and what the user knows of other repositories stay as they are.

use std::fmt;

use crate::name::branch_reference;
use crate::{CommitId, GitError, Repository};

/// Where we note what we pushed: `<this><branch>`.
const PUSHED: &str = "refs/crew/pushed/";

/// Where the branches are that we fetched.
const FETCHED: &str = "refs/crew/fetched/";

/// Another repository, and what lets us in.
#[derive(Clone)]
pub struct Remote {
    url: String,
    header: Option<String>,
}

impl fmt::Debug for Remote {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Remote {
    /// A repository at an `https`, `http` or `file` address, without anything secret in it.
    ///
    /// # Errors
    /// When it is another kind of address: some of them run programs.
    pub fn new(url: &str) -> Result<Self, GitError> {
        let is_known = ["https://", "http://", "file://"].iter().any(|kind| url.starts_with(kind));
        let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
        let is_safe = is_known && !url.contains(['\n', '\0']) && !host.unwrap_or("@").contains('@');
        if is_safe {
            return Ok(Self { url: url.to_owned(), header: None });
        }
        let why = "it is no https, http or file address, or has a secret in it";
        Err(GitError::InvalidName { what: "address", name: url.to_owned(), why })
    }

    /// Sends this header along. Git is told of it in its environment, where no list of processes
    /// shows it.
    #[must_use]
    pub fn with_header(mut self, header: String) -> Self {
        self.header = Some(header);
        self
    }
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch there is at the commit now.
    Done,
    /// It was there already.
    Already,
    /// Somebody else pushed to the branch; it was left as it is.
    Moved {
        /// Where it is.
        there: CommitId,
    },
}

impl Repository {
    /// Brings `commit` to the branch of that name over there.
    pub fn push(
        &self,
        branch: &str,
        commit: &CommitId,
        remote: &Remote,
    ) -> Result<Pushed, GitError> {
        let reference = branch_reference(branch)?;
        let note = format!("{PUSHED}{branch}");
        let there = self.branch_there(&reference, remote)?;
        if there.as_ref() == Some(commit) {
            self.note_push(&note, commit)?;
            return Ok(Pushed::Already);
        }
        if let Some(there) = &there
            && self.try_resolve(&note)?.as_ref() != Some(there)
            && !self.contains(there, commit)?
        {
            return Ok(Pushed::Moved { there: there.clone() });
        }
        self.send((&reference, &note), commit, there.as_ref(), remote)
    }

    /// Moves the branch of that name over there forwards to `commit`. A branch that has what `commit`
    /// has not is left as it is.
    pub fn push_forward(
        &self,
        branch: &str,
        commit: &CommitId,
        remote: &Remote,
    ) -> Result<Pushed, GitError> {
        let reference = branch_reference(branch)?;
        let there = match self.branch_there(&reference, remote)? {
            Some(_) => Some(self.fetch_branch(branch, remote)?),
            None => None,
        };
        match there {
            Some(there) if self.is_ancestor(commit, &there)? => Ok(Pushed::Already),
            Some(there) if !self.is_ancestor(&there, commit)? => Ok(Pushed::Moved { there }),
            there => {
                let note = format!("{PUSHED}{branch}");
                self.send((&reference, &note), commit, there.as_ref(), remote)
            }
        }
    }

    /// Pushes, if the branch over there still is where it was seen.
    fn send(
        &self,
        (reference, note): (&str, &str),
        commit: &CommitId,
        there: Option<&CommitId>,
        remote: &Remote,
    ) -> Result<Pushed, GitError> {
        let expected = there.map_or("", CommitId::as_str);
        let call = remote.reach(self.objects(self.root()));
        let call = call.args(["push", "--porcelain", "--no-verify", "--no-follow-tags"]);
        let call = call.args(["--no-signed", "--recurse-submodules=no"]);
        let call = call.arg(format!("--force-with-lease={reference}:{expected}"));
        let call = call.args(["--", &remote.url, &format!("{commit}:{reference}")]);
        let output = call.output()?;
        if !output.success() {
            return match self.branch_there(reference, remote)? {
                // It was done, and only the answer was lost.
                Some(now) if now == *commit => {
                    self.note_push(note, commit)?;
                    Ok(Pushed::Done)
                }
                // Somebody was faster between our look and our push.
                Some(now) if Some(&now) != there => Ok(Pushed::Moved { there: now }),
                Some(_) | None => Err(output.failed()),
            };
        }
        self.note_push(note, commit)?;
        Ok(Pushed::Done)
    }

    /// Brings the branch of that name here; tells where it is.
    pub fn fetch_branch(&self, branch: &str, remote: &Remote) -> Result<CommitId, GitError> {
        let reference = branch_reference(branch)?;
        let kept = format!("{FETCHED}{branch}");
        let call = remote.reach(self.objects(self.root()));
        let call = call.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
        let call = call.args(["--no-recurse-submodules", "--no-auto-maintenance"]);
        call.args(["--", &remote.url, &format!("+{reference}:{kept}")]).run()?;
        self.resolve(&kept)
    }

    fn branch_there(&self, reference: &str, remote: &Remote) -> Result<Option<CommitId>, GitError> {
        let call = remote.reach(self.read(self.root()));
        let text = call.args(["ls-remote", "--", &remote.url, reference]).text()?;
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let found = lines.into_iter().find(|(_, name)| *name == reference);
        found.map(|(id, _)| id.parse()).transpose()
    }

    /// Whether `commit` contains `older`. One that we do not have is in nothing of ours.
    fn contains(&self, older: &CommitId, commit: &CommitId) -> Result<bool, GitError> {
        if self.try_resolve(older.as_str())?.is_none() {
            return Ok(false);
        }
        let call = self.read(self.root());
        call.args(["merge-base", "--is-ancestor", older.as_str(), commit.as_str()]).test()
    }

    fn note_push(&self, note: &str, commit: &CommitId) -> Result<(), GitError> {
        self.write(self.root()).args(["update-ref", note, commit.as_str()]).run().map(drop)
    }
}

impl Remote {
    /// Lets git reach this repository, with our key and no other, and nothing that runs programs.
    fn reach<'a>(&self, call: crate::run::Call<'a>) -> crate::run::Call<'a> {
        let call = call
            .args(["-c", "credential.helper=", "-c", "http.followRedirects=false"])
            .args(["-c", "protocol.allow=never", "-c", "protocol.https.allow=always"])
            .args(["-c", "protocol.http.allow=always", "-c", "protocol.file.allow=always"])
            // The user's own rules may lead elsewhere; the longest one counts, and this is it.
            .args(["-c", &format!("url.{0}.insteadOf={0}", self.url)])
            .args(["-c", &format!("url.{0}.pushInsteadOf={0}", self.url)])
            .args(["-c", "push.pushOption="]);
        match &self.header {
            None => call,
            Some(header) => call
                .env("GIT_CONFIG_COUNT", "2")
                // Without a value it takes away what was there: one key, not two.
                .env("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", self.url))
                .env("GIT_CONFIG_VALUE_0", "")
                .env("GIT_CONFIG_KEY_1", format!("http.{}.extraHeader", self.url))
                .env("GIT_CONFIG_VALUE_1", header),
        }
    }
}
