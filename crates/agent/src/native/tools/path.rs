//! From what a model writes as a path to a place inside the worktree, or to a reason why not.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::ToolError;

/// Resolves a path component by component, as the system would, symlinks included. What does not
/// exist yet is kept as it is written. The result is inside `root`, which must be canonical.
pub(super) fn resolve(root: &Path, written: &str) -> Result<PathBuf, ToolError> {
    let refuse = |reason: &str| ToolError::Path { path: written.into(), reason: reason.into() };
    if written.is_empty() || written.contains('\0') {
        return Err(refuse("this is not a path"));
    }
    let mut resolved = root.to_owned();
    for component in Path::new(written).components() {
        match component {
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => resolved = PathBuf::from("/"),
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => {
                resolved.push(name);
                if fs::symlink_metadata(&resolved).is_ok() {
                    resolved = resolved
                        .canonicalize()
                        .map_err(|_| refuse("this goes through a symlink that leads nowhere"))?;
                }
            }
        }
    }
    if !resolved.starts_with(root) {
        return Err(refuse("this is outside of the worktree\nhint: use a path relative to it"));
    }
    Ok(resolved)
}

/// Resolves a path that is going to be written.
pub(super) fn resolve_for_writing(root: &Path, written: &str) -> Result<PathBuf, ToolError> {
    let resolved = resolve(root, written)?;
    let refuse = |reason: &str| ToolError::Path { path: written.into(), reason: reason.into() };
    let inside = resolved.strip_prefix(root).unwrap_or(&resolved);
    let is_git = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
    if inside.components().any(is_git) {
        return Err(refuse("`.git` belongs to git\nhint: use `shell` with a git command"));
    }
    if resolved.is_dir() {
        return Err(refuse("this is a directory"));
    }
    if resolved.exists() && !resolved.is_file() {
        return Err(refuse("this is not a regular file"));
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_path_leads_out_or_into_git() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().canonicalize().unwrap().join("wt");
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join(".git"), "gitdir: elsewhere").unwrap();
        fs::write(outer.path().join("secret"), "s").unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("../secret", root.join("link")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink(".git", root.join("innocent")).unwrap();
        symlink("src", root.join("inside")).unwrap();

        let check = |written: &str, expect: Result<&str, &str>| {
            let got = resolve_for_writing(&root, written);
            match (got, expect) {
                (Ok(path), Ok(inside)) => assert_eq!(path, root.join(inside), "{written}"),
                (Err(reason), Err(words)) => {
                    assert!(reason.to_string().contains(words), "{written}: {reason}");
                }
                (got, expect) => panic!("{written}: {got:?}, expected {expect:?}"),
            }
        };
        check("src/new.rs", Ok("src/new.rs"));
        check("./src/../a", Ok("a"));
        check("inside/a", Ok("src/a"));
        check("new/dir/../a", Ok("new/a"));
        check("../wt/a", Ok("a"));
        check(root.join("a").to_str().unwrap(), Ok("a"));
        check("../secret", Err("outside"));
        check("src/../../secret", Err("outside"));
        check("new/../../secret", Err("outside"));
        check("/etc/passwd", Err("outside"));
        check("up/secret", Err("outside"));
        check("link", Err("outside"));
        check("dangling", Err("leads nowhere"));
        check("dangling/a", Err("leads nowhere"));
        check(".git", Err("belongs to git"));
        check(".GIT/hooks/pre-commit", Err("belongs to git"));
        check("src/.git/config", Err("belongs to git"));
        check("innocent", Err("belongs to git"));
        check("src", Err("directory"));
        check("", Err("not a path"));
        check("a\0b", Err("not a path"));
    }
}
