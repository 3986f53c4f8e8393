//! Where the paths of an agent lead: into its worktree, into the home, or elsewhere.
//!
//! Links are followed, as the agent's program would follow them. What a path leads to may change
//! before it is used: rules save questions, and the sandbox is the wall.

use std::path::{Component, Path, PathBuf};

use crew_core::about::Place;

/// What paths are seen from.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    worktree: PathBuf,
    home: Option<PathBuf>,
}

impl Site {
    pub(crate) fn new(worktree: PathBuf, home: Option<PathBuf>) -> Self {
        let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
        Self { worktree: real(worktree), home: home.map(real) }
    }

    /// Where a path leads to. One that is not from `/` is from the worktree.
    pub(crate) fn place(&self, path: &str) -> Place {
        let named = match (path.strip_prefix("~/"), &self.home) {
            (Some(below), Some(home)) => home.join(below),
            (Some(_) | None, _) => self.worktree.join(path),
        };
        let real = resolve(&named);
        let text = |path: &Path| path.to_string_lossy().into_owned();
        if let Ok(below) = real.strip_prefix(&self.worktree) {
            return Place::Worktree { path: text(below) };
        }
        match self.home.as_ref().and_then(|home| real.strip_prefix(home).ok()) {
            Some(below) => Place::Home { path: text(below), whole: text(&real) },
            None => Place::Elsewhere { whole: text(&real) },
        }
    }
}

/// The path without links, `.` and `..`, as far as it exists; what does not exist is taken as it is
/// written.
fn resolve(path: &Path) -> PathBuf {
    let mut real = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::Normal(name) => {
                real.push(name);
                real = real.canonicalize().unwrap_or_else(|_| behind(&real));
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    real
}

/// Where a link leads to whose end is not there yet.
fn behind(path: &Path) -> PathBuf {
    match (path.read_link(), path.parent()) {
        (Ok(target), Some(parent)) => plain(&parent.join(target)),
        (Ok(_) | Err(_), _) => path.to_owned(),
    }
}

fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => plain.push(part),
            Component::CurDir => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_where_it_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (worktree, home) = (root.join("w"), root.join("home"));
        for made in [worktree.join("src"), home.join("x")] {
            std::fs::create_dir_all(made).unwrap();
        }
        symlink(&home, worktree.join("out")).unwrap();
        symlink(root.join("nowhere"), worktree.join("dangling")).unwrap();
        symlink("src", worktree.join("in")).unwrap();
        let site = Site::new(worktree.clone(), Some(home.clone()));
        let check = |path: &str, expect: &str| {
            assert_eq!(site.place(path).to_string(), expect, "{path}");
        };
        let whole = |path: &Path| path.display().to_string();
        check("src/new.rs", "src/new.rs");
        check("./src/../a", "a");
        check(&whole(&worktree.join("a/b")), "a/b");
        check(&whole(&worktree), ".");
        check("in/a", "src/a");
        check("out/.ssh/id", "~/.ssh/id");
        check("~/.ssh/id", "~/.ssh/id");
        check("../home/x", "~/x");
        check("/etc/passwd", "/etc/passwd");
        check("in/../../w2/a", &whole(&root.join("w2/a")));
        check("dangling", &whole(&root.join("nowhere")));
        assert!(!site.place(&format!("{}x", worktree.display())).is_inside());
    }
}
