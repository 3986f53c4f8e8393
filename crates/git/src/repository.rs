//! The user's repository: what it is, where it is, and reads of it.
//!
//! Nothing here changes it. A `Repository` is cheap to clone; all clones, and all that were opened
//! on the same repository in this process, share one turn for writing.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::error::io_error;
use crate::name::{branch_reference, split_nul, text_of};
use crate::run::{Access, Call, lock};
use crate::{CommitId, Git, GitError, Identity, loose};

/// Commits that are remembered; then it begins anew.
const KNOWN_MAX: usize = 10_000;

/// Where HEAD is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Head {
    /// On a branch, without `refs/heads/`.
    Branch(String),
    /// On a commit.
    Detached(CommitId),
}

impl Head {
    /// On the branch of that full name.
    pub(crate) fn on(name: &str) -> Self {
        Self::Branch(name.strip_prefix("refs/heads/").unwrap_or(name).to_owned())
    }
}

/// Hooks of the main checkout that a worktree would not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HooksWarning {
    /// `core.hooksPath`, as configured.
    pub path: String,
    /// Names of the hooks in it.
    pub hooks: Vec<String>,
}

/// A repository with a working tree and at least one commit.
#[derive(Clone, Debug)]
pub struct Repository {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    git: Git,
    root: PathBuf,
    common_directory: PathBuf,
    turns: Arc<Turns>,
    /// Commits of which git has said that they are there.
    known: Mutex<BTreeSet<CommitId>>,
}

/// Who may write to a repository now.
#[derive(Debug, Default)]
struct Turns {
    /// Held for one writing call of git.
    call: Mutex<()>,
    /// Held while worktrees are handed out or taken back; always taken before `call`.
    layout: Mutex<()>,
    /// Held for one merge with its gate; always taken before `layout`.
    merge: Mutex<()>,
}

/// The turns of every repository of this process, by its canonical common directory.
static TURNS: Mutex<Option<HashMap<PathBuf, Arc<Turns>>>> = Mutex::new(None);

impl Repository {
    /// Opens the repository that `path` is in, with the `git` on the search path.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        Self::open_with(path, Git::default())
    }

    /// Opens the repository that `path` is in, with this git.
    pub fn open_with(path: &Path, git: Git) -> Result<Self, GitError> {
        check_version(&git)?;
        let path =
            path.canonicalize().map_err(|_| GitError::NotARepository { path: path.to_owned() })?;
        let inquire = |question: &str| {
            let call = git.call(&path, Access::Read);
            call.args(["rev-parse", "--path-format=absolute", question])
        };
        let bare = inquire("--is-bare-repository").output()?;
        if bare.stderr.contains("dubious ownership") {
            return Err(GitError::Untrusted { path });
        }
        if !bare.success() {
            return Err(GitError::NotARepository { path });
        }
        if bare.stdout.starts_with(b"true") {
            return Err(GitError::Bare { path });
        }
        if inquire("--is-inside-work-tree").text()? != "true" {
            return Err(GitError::NotARepository { path });
        }
        let canonical = |path: PathBuf| {
            path.canonicalize().map_err(io_error(format!("resolve {}", path.display())))
        };
        let root = canonical(inquire("--show-toplevel").path()?)?;
        let common_directory = canonical(inquire("--git-common-dir").path()?)?;
        let turns = turns_of(&common_directory);
        let known = Mutex::default();
        let inner = Inner { git, root, common_directory, turns, known };
        let repository = Self { inner: Arc::new(inner) };
        match repository.resolve("HEAD") {
            Err(GitError::UnknownRevision { .. }) => {
                Err(GitError::Empty { root: repository.root().to_owned() })
            }
            other => other.map(|_| repository),
        }
    }

    /// Top level of the user's checkout, canonical.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// The directory that all worktrees share (`.git` of the main one), canonical.
    pub fn common_directory(&self) -> &Path {
        &self.inner.common_directory
    }

    /// Where HEAD of the user's checkout is.
    pub fn head(&self) -> Result<Head, GitError> {
        head_of(|| self.read(self.root()))
    }

    /// The commit that a branch, tag, id or expression names.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        self.try_resolve(revision)?
            .ok_or_else(|| GitError::UnknownRevision { revision: revision.to_owned() })
    }

    /// The commit at the tip of a branch, none if there is no such branch.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<CommitId>, GitError> {
        self.try_resolve(&branch_reference(branch)?)
    }

    /// Whether a branch of that name exists.
    pub fn branch_exists(&self, branch: &str) -> Result<bool, GitError> {
        Ok(self.branch_tip(branch)?.is_some())
    }

    /// The names of all branches.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let call = self.read(self.root());
        let text =
            call.args(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]).text()?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The user's name and address, if both are configured.
    pub fn identity(&self) -> Result<Option<Identity>, GitError> {
        let name = self.configured("user.name")?;
        let email = self.configured("user.email")?;
        Ok(name.zip(email).map(|(name, email)| Identity { name, email }))
    }

    /// Whether hooks of the main checkout would be missing in worktrees: `core.hooksPath` is
    /// relative, has hooks in it, and git does not track them.
    pub fn hooks_warning(&self) -> Result<Option<HooksWarning>, GitError> {
        let Some(path) = self.configured("core.hooksPath")? else {
            return Ok(None);
        };
        if Path::new(&path).is_absolute() || path.starts_with('~') {
            return Ok(None);
        }
        let Ok(entries) = std::fs::read_dir(self.root().join(&path)) else {
            return Ok(None);
        };
        let tracked = self.read(self.root());
        let tracked = tracked.args(["--literal-pathspecs", "ls-files", "-z", "--", &path]).run()?;
        let tracked: Vec<String> = split_nul(&tracked).map(text_of).collect();
        let mut hooks: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.') && Path::new(name).extension().is_none())
            .filter(|name| !tracked.iter().any(|path| path.ends_with(&format!("/{name}"))))
            .collect();
        hooks.sort();
        Ok((!hooks.is_empty()).then_some(HooksWarning { path, hooks }))
    }

    fn configured(&self, name: &str) -> Result<Option<String>, GitError> {
        let output = self.read(self.root()).args(["config", "--get", name]).output()?;
        let value = text_of(&output.stdout);
        let value = value.trim_end_matches('\n');
        Ok((output.success() && !value.is_empty()).then(|| value.to_owned()))
    }

    /// [`Self::resolve`], none if it names no commit.
    pub fn try_resolve(&self, revision: &str) -> Result<Option<CommitId>, GitError> {
        let at = loose::named(self.common_directory(), revision);
        self.known_or(at, || try_resolve(self.read(self.root()), revision))
    }

    /// The commit that a file names, if git has said before that there is such a commit; else what git
    /// says. An agent can write anything into the file.
    pub(crate) fn known_or(
        &self,
        commit: Option<CommitId>,
        ask: impl FnOnce() -> Result<Option<CommitId>, GitError>,
    ) -> Result<Option<CommitId>, GitError> {
        if commit.as_ref().is_some_and(|commit| lock(&self.inner.known).contains(commit)) {
            return Ok(commit);
        }
        let commit = ask()?;
        let mut known = lock(&self.inner.known);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.extend(commit.clone());
        Ok(commit)
    }

    pub(crate) fn git(&self) -> &Git {
        &self.inner.git
    }

    /// A call that changes nothing.
    pub(crate) fn read<'a>(&'a self, directory: &'a Path) -> Call<'a> {
        self.git().call(directory, Access::Read)
    }

    /// A call that adds objects, or works on an index of its own.
    pub(crate) fn objects<'a>(&'a self, directory: &'a Path) -> Call<'a> {
        self.git().call(directory, Access::Objects)
    }

    /// A call that changes references, worktrees or an index.
    pub(crate) fn write<'a>(&'a self, directory: &'a Path) -> Call<'a> {
        let access = Access::Write(&self.inner.turns.call);
        self.git().call(directory, access)
    }

    /// The turn to hand out worktrees and to take them back.
    pub(crate) fn layout(&self) -> &Mutex<()> {
        &self.inner.turns.layout
    }

    /// The turn to merge: two at once would only invalidate each other's gate.
    pub(crate) fn merge_turn(&self) -> &Mutex<()> {
        &self.inner.turns.merge
    }
}

/// HEAD, by a call into the working tree in question.
pub(crate) fn head_of<'a>(call: impl Fn() -> Call<'a>) -> Result<Head, GitError> {
    let symbolic = call().args(["symbolic-ref", "--quiet", "HEAD"]).output()?;
    if symbolic.code == Some(1) {
        let id = try_resolve(call(), "HEAD")?.ok_or_else(|| symbolic.unreadable())?;
        return Ok(Head::Detached(id));
    }
    if !symbolic.success() {
        return Err(symbolic.failed());
    }
    let name = text_of(&symbolic.stdout);
    Ok(Head::on(name.trim_end_matches('\n')))
}

/// The commit that a revision names, by a call into the working tree in question.
pub(crate) fn try_resolve(call: Call<'_>, revision: &str) -> Result<Option<CommitId>, GitError> {
    if revision.contains('\0') || revision.is_empty() {
        return Ok(None);
    }
    let output = call
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(format!("{revision}^{{commit}}"))
        .output()?;
    match output.code {
        Some(0) => text_of(&output.stdout).trim_end().parse().map(Some),
        // 128 is how `--quiet` still fails for what cannot even be an expression.
        Some(1 | 128) => Ok(None),
        Some(_) | None => Err(output.failed()),
    }
}

fn turns_of(common_directory: &Path) -> Arc<Turns> {
    let mut turns = lock(&TURNS);
    let turns = turns.get_or_insert_with(HashMap::new);
    Arc::clone(turns.entry(common_directory.to_owned()).or_default())
}

fn check_version(git: &Git) -> Result<(), GitError> {
    let text = git.call(Path::new("/"), Access::Read).arg("version").text()?;
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    let version = (numbers.next(), numbers.next());
    if version < (Some(2), Some(38)) {
        return Err(GitError::GitTooOld { version: text });
    }
    Ok(())
}
