//! Opening repositories and reading them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use crew_git::{GitError, Head, Repository};
use fixture::{Fixture, git, git_in};
use tempfile::TempDir;

#[test]
fn what_cannot_be_opened_is_told_apart() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    std::fs::create_dir(path.join("home")).unwrap();
    let open = |name: &str| Repository::open_with(&path.join(name), git(path));

    std::fs::create_dir(path.join("plain")).unwrap();
    assert!(matches!(open("plain"), Err(GitError::NotARepository { .. })));
    assert!(matches!(open("absent"), Err(GitError::NotARepository { .. })));
    git_in(path, path, &["init", "-q", "--bare", "bare"]);
    assert!(matches!(open("bare"), Err(GitError::Bare { .. })));
    git_in(path, path, &["init", "-q", "empty"]);
    assert!(matches!(open("empty"), Err(GitError::Empty { .. })));
    assert!(matches!(open("empty/.git"), Err(GitError::NotARepository { .. })));
    let missing = git(path).with_program("no-such-git");
    let error = Repository::open_with(&path.join("empty"), missing).unwrap_err();
    assert!(matches!(error, GitError::GitMissing { .. }));
    assert!(error.hint().is_some());
}

#[test]
fn a_repository_is_opened_from_below_and_read() {
    let fixture = Fixture::new();
    std::fs::create_dir_all(fixture.root().join("deep/er")).unwrap();
    let below = fixture.root().join("deep/er");
    let repository = Repository::open_with(&below, git(fixture.path())).unwrap();
    assert_eq!(repository.root(), fixture.root());
    assert_eq!(repository.head().unwrap(), Head::Branch("main".to_owned()));
    assert!(repository.branch_exists("main").unwrap());
    assert!(!repository.branch_exists("other").unwrap());
    assert!(repository.branch_exists("--all").is_err());
    assert_eq!(repository.identity().unwrap(), None);
    fixture.git(&["config", "user.name", "Ünï"]);
    fixture.git(&["config", "user.email", "u@x"]);
    assert_eq!(repository.identity().unwrap().unwrap().name, "Ünï");
    for nonsense in ["--help", "-x", "no-such", "", "a b", "HEAD:a.txt", ":/", "@{99}"] {
        let error = repository.resolve(nonsense).unwrap_err();
        assert!(matches!(error, GitError::UnknownRevision { .. }), "{nonsense}: {error}");
    }
    let commit = repository.resolve("main").unwrap();
    assert_eq!(repository.resolve(commit.as_str()).unwrap(), commit);
    fixture.git(&["checkout", "-q", "--detach"]);
    assert_eq!(repository.head().unwrap(), Head::Detached(commit));
}

#[test]
fn a_fingerprint_tells_every_kind_of_change_and_nothing_else() {
    let fixture = Fixture::new();
    let look = || fixture.repository.fingerprint().unwrap();
    let file = |name: &str| fixture.root().join(name);
    let clean = look();
    assert_eq!(clean, look());
    std::fs::write(file("a.txt"), "dirty").unwrap();
    let dirty = look();
    assert_eq!(clean.differences(&dirty), ["files"]);
    std::fs::write(file("a.txt"), "dirtier").unwrap();
    assert_eq!(dirty.differences(&look()), ["files"]);
    std::fs::write(file("new"), "").unwrap();
    let untracked = look();
    fixture.git(&["add", "new"]);
    assert!(untracked.differences(&look()).contains(&"index"));
    let staged = look();
    fixture.git(&["commit", "-qm", "new"]);
    assert!(staged.differences(&look()).contains(&"commit"));
    let committed = look();
    fixture.git(&["checkout", "-q", "-b", "other"]);
    assert_eq!(committed.differences(&look()), ["HEAD"]);
}

#[test]
fn hooks_that_worktrees_would_not_have_are_reported() {
    let fixture = Fixture::new();
    assert_eq!(fixture.repository.hooks_warning().unwrap(), None);
    let hooks = fixture.root().join(".hooks");
    std::fs::create_dir(&hooks).unwrap();
    std::fs::write(hooks.join("pre-commit"), "#!/bin/sh\n").unwrap();
    fixture.git(&["config", "core.hooksPath", ".hooks"]);
    let warning = fixture.repository.hooks_warning().unwrap().unwrap();
    assert_eq!(warning.hooks, ["pre-commit"]);
    fixture.git(&["add", ".hooks"]);
    assert_eq!(fixture.repository.hooks_warning().unwrap(), None);
}

#[test]
fn a_branch_is_the_same_commit_however_git_keeps_it() {
    let fixture = Fixture::new();
    let first = fixture.start();
    let second = fixture.user_commits("b.txt", "b");
    let file = fixture.root().join(".git/refs/heads/kept");
    let tip = || fixture.repository.branch_tip("kept").unwrap();
    assert_eq!(tip(), None);
    fixture.git(&["branch", "kept", first.as_str()]);
    assert_eq!(tip().as_ref(), Some(&first), "in a file of its own");
    fixture.git(&["pack-refs", "--all"]);
    assert!(!file.exists());
    assert_eq!(tip().as_ref(), Some(&first), "packed");
    fixture.git(&["update-ref", "refs/heads/kept", second.as_str()]);
    assert_eq!(tip().as_ref(), Some(&second), "in a file again, and older where they are packed");
    fixture.git(&["symbolic-ref", "refs/heads/kept", "refs/heads/main"]);
    assert_eq!(tip().as_ref(), Some(&second), "another name for another branch");
    assert_eq!(fixture.repository.resolve("refs/heads/main~1").unwrap(), first, "an expression");
    fixture.git(&["tag", "-am", "a tag", "tagged", first.as_str()]);
    std::fs::write(&file, fixture.git(&["rev-parse", "tagged"])).unwrap();
    assert_eq!(tip().as_ref(), Some(&first), "a tag of a commit, which git would not write there");
    let absent = "a".repeat(40);
    for (what, text) in
        [("nothing", String::new()), ("words", "words".repeat(9_000)), ("no commit", absent)]
    {
        std::fs::write(&file, text).unwrap();
        assert_eq!(tip(), None, "{what}");
    }
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(fixture.root().join("b.txt"), &file).unwrap();
    assert_eq!(tip(), None, "a link to what is none");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(tip(), Some(first), "a directory in the place of a file that was packed");
}

#[test]
fn a_branch_that_has_no_file_at_all_is_found() {
    let directory = TempDir::new().unwrap();
    let (path, root) = (directory.path(), directory.path().join("tables"));
    let init = ["init", "-q", "-b", "main", "--ref-format=reftable", "tables"];
    // Git before 2.45 has no tables, and keeps its references in files.
    if !fixture::command(path, path, &init).output().unwrap().status.success() {
        git_in(path, path, &["init", "-q", "-b", "main", "tables"]);
    }
    let identity = ["-c", "user.name=u", "-c", "user.email=u@x"];
    git_in(path, &root, &[&identity[..], &["commit", "-qm", "one", "--allow-empty"]].concat());
    let repository = Repository::open_with(&root, git(path)).unwrap();
    let head = git_in(path, &root, &["rev-parse", "HEAD"]);
    assert_eq!(repository.branch_tip("main").unwrap().unwrap().as_str(), head.trim());
    assert_eq!(repository.branch_tip("other").unwrap(), None);
}

#[test]
fn a_worktree_that_is_clean_on_another_branch_is_not_what_it_should_be() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("task-1");
    let tip = fixture::commit(&worktree, "a.txt", "changed");
    let is_exactly = || worktree.is_exactly(&tip).unwrap();
    assert!(is_exactly());
    assert!(!worktree.is_exactly(&fixture.start()).unwrap(), "its branch has gone on");
    fixture::write(&worktree, "new.txt", "new");
    assert!(!is_exactly(), "something is not committed");
    std::fs::remove_file(worktree.path().join("new.txt")).unwrap();
    for elsewhere in [&["checkout", "-q", "-b", "crew/other"][..], &["checkout", "-q", "--detach"]]
    {
        fixture.git_at(worktree.path(), elsewhere);
        assert!(!is_exactly(), "{elsewhere:?}");
        worktree.reset_to(&tip, "refs/crew/turns/1/r1").unwrap();
        assert!(is_exactly(), "{elsewhere:?}");
    }
}

#[test]
fn head_of_a_worktree_is_the_same_commit_however_it_is_there() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("task-1");
    let head = || worktree.head_commit().unwrap();
    assert_eq!(head(), fixture.start());
    assert_eq!(worktree.head().unwrap(), Head::Branch("crew/task-1".to_owned()));
    let changed = fixture::commit(&worktree, "a.txt", "changed");
    assert_eq!(head(), changed);
    fixture.git(&["pack-refs", "--all"]);
    assert_eq!(head(), changed, "its branch is packed");
    fixture.git_at(worktree.path(), &["checkout", "-q", "--detach", "HEAD~1"]);
    assert_eq!(head(), fixture.start(), "on no branch");
    assert_eq!(worktree.head().unwrap(), Head::Detached(fixture.start()));
    let other = "crew/task-1\u{3000}";
    fixture.git_at(worktree.path(), &["symbolic-ref", "HEAD", &format!("refs/heads/{other}")]);
    assert_eq!(worktree.head().unwrap(), Head::Branch(other.to_owned()), "a name like another");
}
