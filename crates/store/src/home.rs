//! The data directory: where everything that Crewhouse knows is kept.
//!
//! ```text
//! crewhouse.db     the database           journal/   what happened, as lines of JSON
//! runs/<run>.<n>/  one start of an agent  sessions/  conversations of native agents
//! worktrees/       where agents work      token      the key to the API, mode 0600
//! id               names this home and what is restored from its backups
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crew_core::{ProjectId, RunId, Token};

use crate::StoreError;

/// Whoever still has the lock after this works here.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Between two attempts to get it.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The data directory.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

/// Proof that no other daemon works on a home; given back when dropped.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl Home {
    /// The file of [`Self::id`].
    pub(crate) const ID: &str = "id";

    /// The home at `root`, which is made if it does not exist, readable by its owner only.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        for directory in ["", "journal", "runs", "sessions", "worktrees"] {
            let path = root.join(directory);
            let make = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
            make.map_err(StoreError::file("making", &path))?;
        }
        let root = root.canonicalize().map_err(StoreError::file("finding", root))?;
        Ok(Self { root })
    }

    /// Takes the home for this process. Who has it gets a moment to give it back: a daemon that was
    /// killed while it started a program has left a child behind, which has the lock until it has
    /// become that program.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it and keeps it.
    pub fn lock(&self) -> Result<HomeLock, StoreError> {
        let path = self.root.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(StoreError::file("opening", &path))?;
        let end = Instant::now() + LOCK_PATIENCE;
        while fs4::FileExt::try_lock(&file).is_err() {
            if Instant::now() >= end {
                return Err(StoreError::Locked {
                    path: self.root.clone(),
                    owner: owner(&mut file),
                });
            }
            std::thread::sleep(LOCK_PAUSE);
        }
        let write = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        write.map_err(StoreError::file("writing", &path))?;
        Ok(HomeLock { _file: file })
    }

    /// The key to the API; made at first use.
    pub fn token(&self) -> Result<String, StoreError> {
        let path = self.root.join("token");
        match fs::read_to_string(&path) {
            Ok(token) if token.len() >= 32 => return Ok(token.trim().to_owned()),
            _ => {}
        }
        let token = random_name::<32>().map_err(StoreError::file("making", &path))?;
        write_private(&path, &token).map_err(StoreError::file("writing", &path))?;
        Ok(token)
    }

    /// Names this home, and what is restored from its backups, among all that work on the same
    /// repository: letters and digits, made at first use.
    pub fn id(&self) -> Result<String, StoreError> {
        let path = self.root.join(Self::ID);
        match fs::read_to_string(&path) {
            Ok(id) if id.len() >= 16 => return Ok(id.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::file("reading", &path)(error)),
        }
        let id = random_name::<8>().map_err(StoreError::file("making", &path))?;
        write_private(&path, &id).map_err(StoreError::file("writing", &path))?;
        Ok(id)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("crewhouse.db")
    }

    /// The search index.
    pub fn search(&self) -> PathBuf {
        self.root.join("search.db")
    }

    /// The journal files.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// One start of an agent.
    pub fn run(&self, run: RunId, token: Token) -> PathBuf {
        self.runs().join(format!("{}.{token}", run.0))
    }

    /// All starts of agents.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// The conversations of native agents.
    pub fn sessions(&self) -> PathBuf {
        self.root.join("sessions")
    }

    /// The worktrees of a project.
    pub fn worktrees(&self, project: ProjectId) -> PathBuf {
        self.root.join("worktrees").join(project.0.to_string())
    }

    /// Where the running daemon says how to reach it.
    pub fn daemon_file(&self) -> PathBuf {
        self.root.join("daemon.json")
    }

    /// What the daemon prints when nobody watches it.
    pub fn daemon_log(&self) -> PathBuf {
        self.root.join("daemon.log")
    }
}

fn random_name<const BYTES: usize>() -> std::io::Result<String> {
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    }))
}

/// Writes a file for its owner only; it is there whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn owner(file: &mut File) -> String {
    let mut pid = String::new();
    match file.read_to_string(&mut pid) {
        Ok(1..) => format!(" (pid {})", pid.trim()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let lock = home.lock().unwrap();
        let error = home.lock().unwrap_err();
        assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
        assert!(error.hint().is_some());
        drop(lock);
        home.lock().unwrap();
    }

    #[test]
    fn who_has_the_home_gets_a_moment_to_give_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let lock = home.lock().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(LOCK_PAUSE * 5);
                drop(lock);
            });
            home.lock().unwrap();
        });
    }

    #[test]
    fn the_token_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let token = home.token().unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(home.token().unwrap(), token);
        let mode = fs::metadata(home.root().join("token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
