//! The worktrees that git has on record, which is the truth about them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::io_error;
use crate::name::{path_of, text_of};
use crate::note::handed_out;
use crate::{CommitId, GitError, Repository, Worktrees};

/// What our lock of a worktree says before the name of its branch.
const LOCK_PREFIX: &str = "crew: in use, branch ";

/// What a worktree is for, by where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// Handed out under this name, or on its way in or out.
    Named(String),
    /// Free, waiting in the pool.
    Pool,
    /// Made for the length of one call, to try a merge or to take over a directory.
    Temporary,
    /// Not under our root: the user's.
    Elsewhere,
}

/// Whether the directory of a worktree exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Directory {
    /// It does.
    Present,
    /// It was removed or moved, or its drive is not mounted.
    Missing,
}

/// A worktree as git has it on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedWorktree {
    /// Where it is, or was.
    pub path: PathBuf,
    /// What it is for.
    pub place: Place,
    /// Whether it is there.
    pub directory: Directory,
    /// The commit that HEAD is on; none if its branch has no commit.
    pub commit: Option<CommitId>,
    /// The branch that HEAD is on; none if detached.
    pub branch: Option<String>,
    /// The branch that we handed it out for; none if it is not handed out.
    pub handed_out: Option<String>,
    pub(crate) lock: Option<String>,
}

impl Worktrees {
    /// All worktrees of the repository, the main one first, as git has them on record now.
    pub fn list(&self) -> Result<Vec<ListedWorktree>, GitError> {
        let mut entries = self.repository().worktree_entries()?;
        for entry in &mut entries {
            entry.place = self.place(&entry.path);
            if matches!(entry.place, Place::Named(_)) && entry.handed_out.is_none() {
                // It may have been unlocked behind our back.
                let metadata = self.repository().metadata_of(&entry.path)?;
                entry.handed_out = metadata.and_then(|metadata| handed_out(&metadata));
            }
        }
        Ok(entries)
    }

    fn place(&self, path: &Path) -> Place {
        let Ok(below) = path.strip_prefix(self.root()) else {
            return Place::Elsewhere;
        };
        let mut parts = below.components().map(|c| c.as_os_str().to_string_lossy());
        match (parts.next().as_deref(), parts.next(), parts.next()) {
            (Some(".pool"), Some(_), None) => Place::Pool,
            (Some(".integration" | ".partial"), Some(_), None) => Place::Temporary,
            (Some(name), None, None) => Place::Named(name.to_owned()),
            _ => Place::Elsewhere,
        }
    }
}

impl Repository {
    pub(crate) fn worktree_entries(&self) -> Result<Vec<ListedWorktree>, GitError> {
        let output =
            self.read(self.root()).args(["worktree", "list", "--porcelain", "-z"]).run()?;
        Ok(parse(&output))
    }

    /// The directory with the metadata of the worktree at `path`: `<common>/worktrees/<id>`. Found
    /// by what the metadata says, not by what the worktree says, which an agent can rewrite.
    pub(crate) fn metadata_of(&self, path: &Path) -> Result<Option<PathBuf>, GitError> {
        let all = self.common_directory().join("worktrees");
        let entries = match std::fs::read_dir(&all) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(io_error(format!("list {}", all.display())))?,
        };
        for entry in entries.flatten() {
            let metadata = entry.path();
            let Ok(link) = std::fs::read(metadata.join("gitdir")) else {
                continue;
            };
            let link = metadata.join(path_of(link.trim_ascii_end()));
            if link.file_name().is_some_and(|name| name == ".git")
                && link.parent().is_some_and(|parent| same_path(parent, path))
            {
                return Ok(Some(metadata));
            }
        }
        Ok(None)
    }
}

fn same_path(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The reason under which git locks a worktree that we handed out for a branch.
pub(crate) fn lock_reason(branch: &str) -> String {
    format!("{LOCK_PREFIX}{branch}")
}

fn parse(output: &[u8]) -> Vec<ListedWorktree> {
    let mut entries: Vec<ListedWorktree> = Vec::new();
    for line in output.split(|b| *b == 0) {
        let (key, value) = match line.iter().position(|b| *b == b' ') {
            Some(space) => (&line[..space], &line[space + 1..]),
            None => (line, &[][..]),
        };
        if key == b"worktree" {
            let path = path_of(value);
            let present = path.symlink_metadata().is_ok();
            entries.push(ListedWorktree {
                path,
                place: Place::Elsewhere,
                directory: if present { Directory::Present } else { Directory::Missing },
                commit: None,
                branch: None,
                handed_out: None,
                lock: None,
            });
        } else if let Some(entry) = entries.last_mut() {
            let value = text_of(value);
            match key {
                b"HEAD" => entry.commit = value.parse().ok().filter(is_not_zero),
                b"branch" => {
                    let name = value.strip_prefix("refs/heads/");
                    entry.branch = Some(name.unwrap_or(&value).to_owned());
                }
                b"locked" => {
                    entry.handed_out = value.strip_prefix(LOCK_PREFIX).map(str::to_owned);
                    entry.lock = Some(value);
                }
                _ => {}
            }
        }
    }
    entries
}

fn is_not_zero(id: &CommitId) -> bool {
    id.as_str().bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_git_is_read() {
        let a = "a".repeat(40);
        let output = format!(
            "worktree /r\0HEAD {a}\0branch refs/heads/main\0\0\
             worktree /w/a \"b\"\0HEAD {a}\0detached\0locked crew: in use, branch crew/1\0\0\
             worktree /w/c\0HEAD {}\0branch refs/heads/x\0locked\0\0",
            "0".repeat(40)
        );
        let entries = parse(output.as_bytes());
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].branch.as_deref(), Some("main"));
        assert_eq!(entries[1].path, Path::new("/w/a \"b\""));
        assert_eq!(entries[1].handed_out.as_deref(), Some("crew/1"));
        assert_eq!(entries[2].commit, None);
        assert_eq!(entries[2].lock.as_deref(), Some(""));
        assert_eq!(entries[2].handed_out, None);
    }
}
