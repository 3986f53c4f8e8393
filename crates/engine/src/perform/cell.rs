//! The cell that an agent or a script works in: the sandbox, and places of its own for what programs
//! leave anywhere.
//!
//! Of the repository's own directory only objects and the branches of tasks may be written: its
//! configuration and its hooks name programs that the user's git runs outside.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use crew_agent::desk::Desk;
use crew_agent::sandbox::{Sandbox, Support, support};
use crew_agent::shim::Spec;
use crew_core::Token;
use crew_core::project::Project;
use crew_core::run::Run;
use crew_core::team::{Opened, SandboxMode, SandboxPolicy};
use crew_git::{Repository, Worktree};
use crew_store::Home;

use super::Outside;
use crate::place::{Place, session_file};
use crate::teamfile::TEAM_DIRECTORY;

/// Variables that name a toolchain's directory.
const TOOLCHAINS: [&str; 4] = ["RUSTUP_HOME", "GOPATH", "JAVA_HOME", "NVM_DIR"];
/// Caches that builds write to. Those of the user are not shared: what is put into one would be
/// built into the user's own programs.
const CACHES: [(&str, &str); 7] = [
    ("CCACHE_DIR", "ccache"),
    ("GOCACHE", "go-build"),
    ("PIP_CACHE_DIR", "pip"),
    ("UV_CACHE_DIR", "uv"),
    ("YARN_CACHE_FOLDER", "yarn"),
    ("npm_config_cache", "npm"),
    ("npm_config_store_dir", "pnpm"),
];

/// A sandbox with its places, which exist.
#[derive(Debug)]
pub(super) struct Cell {
    sandbox: Sandbox,
    /// The program that enters it.
    program: PathBuf,
    temporary: PathBuf,
    cache: PathBuf,
}

impl Cell {
    /// For an agent in its worktree. `None`: it works without.
    pub(super) fn of_agent(
        outside: &Outside,
        place: &Place,
        token: Token,
        (worktree, desk): (&Worktree, &Desk),
    ) -> anyhow::Result<Option<Self>> {
        let Place { project, run, .. } = place;
        let role = project.team.roles.get(&run.role);
        if role.is_some_and(|role| role.unconfined) {
            return Ok(None);
        }
        let home = outside.handle.home();
        let temporary = temporary_of(home, run, token);
        let open = project.opened_to(&run.role);
        let Some(mut cell) = Self::new(outside, project, &open, temporary)? else {
            return Ok(None);
        };
        let repository = worktree.repository();
        let common = repository.common_directory();
        let session = session_file(home, project, run);
        make_file(&session)?;
        let own = [worktree.path().to_owned(), worktree.git_directory().to_owned()];
        if run.is_aside() {
            cell.look_only(&open);
            cell.sandbox.read.extend(own);
        } else {
            let parts = ["objects", "refs/heads/crew", "logs/refs/heads/crew"];
            for part in parts.map(|part| common.join(part)) {
                fs::create_dir_all(&part).with_context(|| format!("making {}", part.display()))?;
                cell.sandbox.write.push(part);
            }
            cell.sandbox.write.extend(own);
        }
        cell.sandbox.write.extend([session, desk.calls()]);
        cell.sandbox.read.push(desk.root().to_owned());
        cell.sandbox.read.extend([
            common.to_owned(),
            repository.root().join(TEAM_DIRECTORY),
            outside.builtin_playbook.clone(),
        ]);
        Ok(Some(cell))
    }

    /// For a script in `directory`. What it makes temporarily lies beside its log and goes with the cell.
    pub(super) fn of_script(
        outside: &Outside,
        project: &Project,
        repository: &Repository,
        directory: &Path,
        log: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let temporary = log.with_extension("tmp");
        let Some(mut cell) = Self::new(outside, project, &project.team.sandbox.open, temporary)?
        else {
            return Ok(None);
        };
        cell.sandbox.write.push(directory.to_owned());
        cell.sandbox.read.push(repository.common_directory().to_owned());
        Ok(Some(cell))
    }

    fn new(
        outside: &Outside,
        project: &Project,
        open: &Opened,
        temporary: PathBuf,
    ) -> anyhow::Result<Option<Self>> {
        if !is_wanted(&project.team.sandbox)? {
            return Ok(None);
        }
        let cache = outside.handle.home().root().join("cache").join(project.id.to_string());
        for dir in [&temporary, &cache] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
            made.with_context(|| format!("making {}", dir.display()))?;
        }
        let user = user_home();
        let user = user.as_deref();
        let mut sandbox = Sandbox::of_system(user);
        sandbox.write.extend([temporary.clone(), cache.clone()]);
        sandbox.write.extend(places(&open.write, user).filter(|path| path.exists()));
        sandbox.read.extend(places(&open.read, user));
        sandbox.read.extend(searched(user));
        sandbox.read.push(outside.program.clone());
        sandbox.ports.clone_from(&open.ports);
        Ok(Some(Self { sandbox, program: outside.program.clone(), temporary, cache }))
    }

    /// What others may change may be looked at.
    fn look_only(&mut self, open: &Opened) {
        let changed_by_others: Vec<PathBuf> = places(&open.write, user_home().as_deref()).collect();
        self.sandbox.write.retain(|path| !changed_by_others.contains(path));
        self.sandbox.read.extend(changed_by_others);
    }

    /// The same cell with more places.
    pub(super) fn opened(mut self, read: Vec<PathBuf>, write: Vec<PathBuf>) -> Self {
        self.sandbox.read.extend(read);
        self.sandbox.write.extend(write);
        self
    }

    fn around(&self, mut spec: Spec) -> anyhow::Result<Spec> {
        spec.argv = self.sandbox.around(&self.program, &spec.argv)?;
        spec.env.extend(self.environment());
        Ok(spec)
    }

    /// The command that another one is appended to, to be run inside.
    pub(super) fn entry(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.sandbox.around(&self.program, &[])?)
    }

    /// Where programs find their places.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let caches = CACHES.map(|(name, dir)| (name, self.cache.join(dir)));
        let all = [("TMPDIR", self.temporary.clone())].into_iter().chain(caches);
        all.map(|(name, path)| (name.to_owned(), path.display().to_string())).collect()
    }

    /// Removes what was temporary.
    pub(super) fn clear(self) {
        clear(&self.temporary);
    }
}

/// A launch in a cell, if there is one.
pub(super) fn inside(cell: Option<&Cell>, spec: Spec) -> anyhow::Result<Spec> {
    match cell {
        Some(cell) => cell.around(spec),
        None => Ok(spec),
    }
}

/// Removes what the agents of a run left among their temporary files.
pub(super) fn clear_after(home: &Home, run: &Run) {
    for token in 1..=run.token.0 {
        clear(&temporary_of(home, run, Token(token)));
    }
}

fn clear(temporary: &Path) {
    match fs::remove_dir_all(temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("{} stays: {error}", temporary.display());
        }
        Ok(()) | Err(_) => {}
    }
}

fn temporary_of(home: &Home, run: &Run, token: Token) -> PathBuf {
    home.run(run.id, token).join("tmp")
}

fn is_wanted(policy: &SandboxPolicy) -> anyhow::Result<bool> {
    match (policy.mode, &support()) {
        (SandboxMode::Off, _) | (SandboxMode::WherePossible, Support::Nothing { .. }) => Ok(false),
        (SandboxMode::Required, Support::Nothing { why }) => bail!(
            "team.toml requires a sandbox, and there is none: {why}; hint: mode = \"where-possible\" \
             below [sandbox] goes on without"
        ),
        (SandboxMode::Required, weak @ Support::Partly { missing }) if weak.is_weak() => bail!(
            "team.toml requires a sandbox, and this kernel holds only a part of it, not {}; hint: mode = \
             \"where-possible\" below [sandbox] goes on with that part",
            missing.join(", ")
        ),
        (SandboxMode::WherePossible | SandboxMode::Required, _) => Ok(true),
    }
}

fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The paths of what is open.
fn places<'a>(paths: &'a [String], home: Option<&'a Path>) -> impl Iterator<Item = PathBuf> + 'a {
    paths.iter().filter_map(move |path| match path.strip_prefix("~/") {
        Some(below) => Some(home?.join(below)),
        None => Some(PathBuf::from(path)),
    })
}

/// Where programs are searched, with what lies beside a `bin`, and named toolchains. Never a directory
/// that holds a home.
fn searched(home: Option<&Path>) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let bins = std::env::split_paths(&path).flat_map(|dir| {
        let parent = dir.parent().filter(|_| dir.file_name() == Some(OsStr::new("bin")));
        [parent.map(Path::to_owned), Some(dir)]
    });
    let toolchains = TOOLCHAINS.iter().filter_map(std::env::var_os).map(PathBuf::from);
    let all = bins.flatten().chain(toolchains);
    all.filter(|dir| dir.is_absolute() && dir.parent().is_some())
        .filter(|dir| home.is_none_or(|home| !home.starts_with(dir)))
        .collect()
}

fn make_file(path: &Path) -> anyhow::Result<()> {
    let make = || {
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)?.sync_all()?;
        let parent = path.parent().map_or_else(|| fs::File::open("."), fs::File::open)?;
        parent.sync_all()
    };
    make().with_context(|| format!("making {}", path.display()))
}
