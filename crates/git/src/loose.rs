//! The commit that a name is at, read from the file of that name.
//!
//! Starting git takes a hundred times as long as reading forty digits, and a third of what we would start
//! it for is to ask where a branch is. A file under `refs/` comes before all that git knows of the same
//! name elsewhere, so what it says is the answer; of everything else (packed, a table, a link, a symbolic
//! name, anything odd) we know nothing here, and git is asked.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::CommitId;

/// More than any such file has: a name and what is before it.
const BYTES_MAX: u64 = 4_096;
/// Before the name of what a name stands for.
const SYMBOLIC: &str = "ref: ";
/// What is ours or a branch. Others can be of tags, or differ between worktrees.
const NAMESPACES: [&str; 2] = ["refs/heads/", "refs/crew/"];

/// The commit at `HEAD` of a worktree, or at the branch that it is on.
pub(crate) fn head(git_directory: &Path, common_directory: &Path) -> Option<CommitId> {
    let head = read(&git_directory.join("HEAD"))?;
    match head.strip_prefix(SYMBOLIC) {
        Some(name) => named(common_directory, name),
        None => head.parse().ok(),
    }
}

/// The branch that a worktree is on, as a full name.
pub(crate) fn branch(git_directory: &Path) -> Option<String> {
    let head = read(&git_directory.join("HEAD"))?;
    head.strip_prefix(SYMBOLIC).filter(|name| is_plain(name)).map(str::to_owned)
}

/// The commit at a full name, such as `refs/heads/main`.
pub(crate) fn named(common_directory: &Path, name: &str) -> Option<CommitId> {
    if !is_plain(name) {
        return None;
    }
    read(&common_directory.join(name))?.parse().ok()
}

/// Whether git, too, would take it for a name, and not for an expression of names, such as `main~2`.
fn is_plain(name: &str) -> bool {
    let odd = |c: char| c.is_control() || " ~^:?*[\\@{".contains(c);
    NAMESPACES.iter().any(|namespace| name.starts_with(namespace))
        && !name.contains(odd)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// The line of a file, without its end. Agents can write here: a link leads elsewhere, a FIFO would be
/// waited for, and a large file is none of these.
fn read(path: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let length = file.take(BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    if length as u64 > BYTES_MAX {
        return None;
    }
    // A name may end in white space of other scripts, and git would find the one that does.
    let text = std::str::from_utf8(&bytes).ok()?;
    Some(text.trim_ascii_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_a_name_is_a_name() {
        for plain in
            ["refs/heads/main", "refs/heads/crew/a-1.b+c", "refs/crew/turns/1/2", "refs/heads/ä"]
        {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in [
            "HEAD",
            "main",
            "refs/tags/v1",
            "refs/heads/",
            "refs/heads/main^1",
            "refs/heads/main~2",
            "refs/heads/main@{1}",
            "refs/heads/../../config",
            "refs/heads//main",
            "refs/heads/a b",
            "refs/heads/a\n",
        ] {
            assert!(!is_plain(odd), "{odd}");
        }
    }
}
