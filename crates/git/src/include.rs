//! Ignored files that a worktree needs: the user names them in `.worktreeinclude`, in the syntax of
//! `.gitignore`, and they are copied from the user's checkout.
//!
//! Invariants: only files that git ignores are copied; nothing is overwritten; no symlink is
//! followed, neither at the source nor in the worktree, where the repository may have put one that
//! leads elsewhere. What was copied is noted with its digest, so that a copy that an agent changed
//! can be told from one that it did not.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::io_error;
use crate::fingerprint::hexadecimal;
use crate::name::{path_of, split_nul};
use crate::{GitError, Repository, Worktree};

const LIST: &str = ".worktreeinclude";
const NOTES: &str = "crew-included";

/// Which ignored files a new worktree gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Include {
    /// None.
    Nothing,
    /// Those that `.worktreeinclude` of the user's checkout names.
    Listed {
        /// Larger files are left out.
        file_bytes_max: u64,
    },
}

impl Default for Include {
    /// What is listed, up to 16 MiB each.
    fn default() -> Self {
        Self::Listed { file_bytes_max: 16 << 20 }
    }
}

impl Worktree {
    /// Copies what is not there yet; gives what was copied, relative to the worktree.
    pub(crate) fn copy_included(
        &self,
        include: &Include,
        scratch: &Path,
    ) -> Result<Vec<PathBuf>, GitError> {
        let Include::Listed { file_bytes_max } = include else {
            return Ok(Vec::new());
        };
        let mut copied = Vec::new();
        for path in self.repository().included()? {
            let from = self.repository().root().join(&path);
            let metadata = from.symlink_metadata();
            if !metadata.is_ok_and(|m| m.is_file() && m.len() <= *file_bytes_max) {
                continue;
            }
            let done = self.copy_one(&from, &path, scratch);
            if done.map_err(io_error(format!("copy {}", from.display())))? {
                copied.push(path);
            }
        }
        Ok(copied)
    }

    /// Copies aside and renames, so that a copy is whole or absent. False if something is there.
    fn copy_one(&self, from: &Path, path: &Path, scratch: &Path) -> std::io::Result<bool> {
        let to = self.path().join(path);
        if to.symlink_metadata().is_ok() || !self.make_parents(path)? {
            return Ok(false);
        }
        let mut partial = tempfile::NamedTempFile::new_in(scratch)?;
        std::io::copy(&mut File::open(from)?, partial.as_file_mut())?;
        let permissions = from.metadata()?.permissions();
        partial.as_file().set_permissions(permissions)?;
        let digest = digest_of(partial.path())?;
        self.note(path, &digest)?;
        match partial.persist_noclobber(&to) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }

    /// Makes the directories that `path` is in; false if something else is in the way.
    fn make_parents(&self, path: &Path) -> std::io::Result<bool> {
        let mut directory = self.path().to_owned();
        for component in path.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(name) = component else {
                return Ok(false);
            };
            directory.push(name);
            match directory.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Ok(false),
                Err(_) => std::fs::create_dir(&directory)?,
            }
        }
        Ok(true)
    }

    fn note(&self, path: &Path, digest: &str) -> std::io::Result<()> {
        let notes = self.git_directory().join(NOTES);
        let mut notes = File::options().create(true).append(true).open(notes)?;
        let mut line = format!("{digest} ").into_bytes();
        line.extend_from_slice(path.as_os_str().as_bytes());
        line.push(0);
        notes.write_all(&line)
    }

    /// Copies that are not what was copied any more, and still are ignored files.
    pub(crate) fn changed_copies(&self) -> Result<Vec<PathBuf>, GitError> {
        let notes = match std::fs::read(self.git_directory().join(NOTES)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(io_error("read the notes of copied files"))?,
        };
        let mut latest = std::collections::BTreeMap::new();
        for line in split_nul(&notes) {
            let mut fields = line.splitn(2, |b| *b == b' ');
            if let (Some(digest), Some(path)) = (fields.next(), fields.next()) {
                latest.insert(path_of(path), digest.to_vec());
            }
        }
        let mut changed = Vec::new();
        for (path, digest) in latest {
            let file = self.path().join(&path);
            if !self.is_plain_file(&path) {
                continue;
            }
            let now = digest_of(&file).map_err(io_error(format!("read {}", file.display())))?;
            if now.as_bytes() != digest {
                changed.push(path);
            }
        }
        Ok(changed)
    }

    /// A file that is reached without a symlink.
    fn is_plain_file(&self, path: &Path) -> bool {
        let mut directory = self.path().to_owned();
        let parents = path.parent().into_iter().flat_map(Path::components);
        let real = parents.into_iter().all(|component| {
            directory.push(component);
            directory.symlink_metadata().is_ok_and(|m| m.is_dir())
        });
        let file = self.path().join(path);
        real && file.symlink_metadata().is_ok_and(|m| m.is_file())
    }

    /// Forgets what was copied; for a worktree that is handed out anew.
    pub(crate) fn forget_included(&self) -> Result<(), GitError> {
        match std::fs::remove_file(self.git_directory().join(NOTES)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("remove the notes of copied files")(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Repository {
    /// Files of the user's checkout that are listed, and that git ignores.
    fn included(&self) -> Result<Vec<PathBuf>, GitError> {
        let list = self.root().join(LIST);
        if !list.symlink_metadata().is_ok_and(|m| m.is_file()) {
            return Ok(Vec::new());
        }
        let mut patterns = std::ffi::OsString::from("--exclude-from=");
        patterns.push(&list);
        let listed = self
            .read(self.root())
            .args(["ls-files", "--others", "--ignored", "-z"])
            .arg(patterns)
            .run()?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let ignored = self
            .read(self.root())
            .args(["check-ignore", "-z", "--stdin"])
            .input(listed)
            .output()?;
        if !matches!(ignored.code, Some(0 | 1)) {
            return Err(ignored.failed());
        }
        Ok(split_nul(&ignored.stdout).map(path_of).collect())
    }
}

fn digest_of(path: &Path) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = std::io::Read::read(&mut file, &mut buffer)?;
        if count == 0 {
            return Ok(hexadecimal(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
    }
}
