//! Taking worktrees back: nothing is lost, and nothing but a worktree of ours is ever deleted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use std::path::Path;
use std::process::{Command, Stdio};

use crew_git::{GitError, Include, Place, Released, TrashItem, Worktree};
use fixture::{Fixture, ann, command, commit, read, write};

fn saved(fixture: &Fixture, name: &str) -> Option<TrashItem> {
    match fixture.worktrees.release(name).unwrap() {
        Released::Pooled { saved } | Released::Removed { saved } => saved,
        Released::Absent => panic!("there was nothing to release"),
    }
}

/// Releases `t`, restores what was saved, and gives a reader of the restored branch.
fn restored(fixture: &Fixture) -> impl Fn(&str) -> Option<String> + '_ {
    let item = saved(fixture, "t").unwrap();
    assert_eq!(item.key, "t");
    assert_eq!(fixture.repository.trash_list().unwrap()[0], item);
    fixture.repository.trash_restore(&item, "back").unwrap();
    |file| fixture.branch_holds("back", file)
}

#[test]
fn dirty_and_untracked_files_come_back() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "a.txt", "dirty");
    write(&worktree, "ü 🎉/new \"file\"", "new");
    write(&worktree, "staged", "staged");
    fixture.git_at(worktree.path(), &["add", "staged"]);
    write(&worktree, "staged", "changed after");
    let item = saved(&fixture, "t").unwrap();
    assert_eq!((item.files, item.branch.as_str()), (3, "crew/t"));
    let diff = fixture.repository.trash_show(&item, 1 << 20).unwrap();
    assert!(diff.text.contains("dirty"));
    fixture.repository.trash_restore(&item, "back").unwrap();
    let holds = |file| fixture.branch_holds("back", file);
    assert_eq!(holds("a.txt").as_deref(), Some("dirty"));
    assert_eq!(holds("ü 🎉/new \"file\"").as_deref(), Some("new"));
    assert_eq!(holds("staged").as_deref(), Some("changed after"));
    let index = fixture.branch_holds("back^2", "staged");
    assert_eq!(index.as_deref(), Some("staged"), "what was staged is kept as well");
    let again = fixture.repository.trash_restore(&item, "back");
    assert!(matches!(again, Err(GitError::BranchTaken { .. })));
    assert!(fixture.repository.trash_restore(&item, "back/deeper").is_err());
}

#[test]
fn commits_that_no_other_branch_has_come_back() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    let holds = restored(&fixture);
    fixture.git(&["branch", "-D", "crew/t"]);
    assert_eq!(holds("b.txt").as_deref(), Some("b"));
}

#[test]
fn a_detached_head_comes_back() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    fixture.git_at(worktree.path(), &["checkout", "-q", "--detach", "main"]);
    write(&worktree, "c.txt", "c");
    fixture.git_at(worktree.path(), &["add", "-A"]);
    fixture.git_at(worktree.path(), &["commit", "-qm", "detached"]);
    let holds = restored(&fixture);
    assert_eq!(holds("c.txt").as_deref(), Some("c"));
    assert_eq!(fixture.branch_holds("back^2", "b.txt").as_deref(), Some("b"));
}

#[test]
fn a_merge_and_a_rebase_in_progress_come_back() {
    for operation in ["merge", "rebase", "cherry-pick"] {
        let fixture = Fixture::new();
        let worktree = fixture.acquire("t");
        commit(&worktree, "a.txt", "ours");
        fixture.user_commits("a.txt", "theirs");
        let output =
            command(fixture.path(), worktree.path(), &[operation, "main"]).output().unwrap();
        assert!(!output.status.success(), "{operation}");
        write(&worktree, "a.txt", "half way");
        let holds = restored(&fixture);
        assert_eq!(holds("a.txt").as_deref(), Some("half way"), "{operation}");
        fixture.git(&["branch", "-D", "crew/t"]);
        let log = fixture.git(&["log", "--format=%s", "back"]);
        assert!(log.contains("work on a.txt"), "{operation}: {log}");
        // The next task finds no trace of it.
        let next = fixture.acquire("next");
        assert!(!fixture.git_at(next.path(), &["status"]).contains("in progress"), "{operation}");
        commit(&next, "n.txt", "n");
    }
}

#[test]
fn nothing_is_recorded_when_there_is_nothing_to_lose() {
    let fixture = Fixture::new();
    fixture.acquire("t");
    assert_eq!(saved(&fixture, "t"), None);
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.merge(&worktree, &tip);
    assert_eq!(saved(&fixture, "t"), None);
    assert!(fixture.repository.trash_list().unwrap().is_empty());
    assert!(fixture.repository.branch_exists("crew/t").unwrap());
}

#[test]
fn a_worktree_whose_directory_is_gone_is_released_and_what_was_staged_saved() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "staged", "staged");
    fixture.git_at(worktree.path(), &["add", "staged"]);
    std::fs::remove_dir_all(worktree.path()).unwrap();
    let holds = restored(&fixture);
    assert_eq!(holds("staged").as_deref(), Some("staged"));
    assert_eq!(fixture.worktrees.release("t").unwrap(), Released::Absent);
}

#[test]
fn a_worktree_whose_entry_is_gone_is_released_and_saved() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "work", "work");
    std::fs::remove_dir_all(worktree.git_directory()).unwrap();
    let holds = restored(&fixture);
    assert_eq!(holds("work").as_deref(), Some("work"));
    assert!(!worktree.path().exists());
}

#[test]
fn release_completes_from_every_step_that_a_crash_leaves() {
    let fixture = Fixture::new();
    let check = |what: &str, crash: &dyn Fn(&Worktree)| {
        let worktree = fixture.acquire("t");
        write(&worktree, "work", what);
        crash(&worktree);
        fixture.worktrees.release("t").unwrap();
        assert!(!worktree.path().exists(), "{what}");
        let saves = fixture.repository.trash_list().unwrap();
        let found = saves.iter().filter(|item| {
            fixture.branch_holds(item.commit.as_str(), "work").as_deref() == Some(what)
        });
        assert_eq!(found.count(), 1, "{what}");
    };
    let at = |worktree: &Worktree, arguments: &[&str]| {
        fixture.git_at(worktree.path(), arguments);
    };
    check("before anything", &|_| {});
    check("saved", &|worktree| {
        worktree.trash_save("t").unwrap();
    });
    check("cleaned", &|worktree| {
        worktree.trash_save("t").unwrap();
        at(worktree, &["clean", "-fdxq"]);
    });
    check("detached", &|worktree| {
        worktree.trash_save("t").unwrap();
        at(worktree, &["clean", "-fdxq"]);
        at(worktree, &["switch", "-q", "--detach"]);
    });
    check("unlocked", &|worktree| {
        worktree.trash_save("t").unwrap();
        at(worktree, &["clean", "-fdxq"]);
        at(worktree, &["switch", "-q", "--detach"]);
        fixture.git(&["worktree", "unlock", worktree.path().to_str().unwrap()]);
    });
    check("half deleted", &|worktree| {
        worktree.trash_save("t").unwrap();
        at(worktree, &["clean", "-fdxq"]);
        std::fs::remove_file(worktree.path().join("a.txt")).unwrap();
        std::fs::remove_file(worktree.path().join(".git")).unwrap();
    });
}

#[test]
fn a_worktree_that_someone_works_in_stays() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    std::fs::create_dir(worktree.path().join("deep")).unwrap();
    write(&worktree, "work", "work");
    let mut child = Command::new("sleep")
        .arg("60")
        .current_dir(worktree.path().join("deep"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let released = fixture.worktrees.release("t");
    let pid = i32::try_from(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let Err(GitError::InUse { pid: found, .. }) = released else {
        panic!("released: {released:?}");
    };
    assert_eq!(found, pid);
    assert_eq!(read(worktree.path().join("work")), "work");
    fixture.worktrees.release("t").unwrap();
}

#[test]
fn an_error_while_looking_means_that_nothing_is_deleted() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "work", "work");
    // A filter that fails is an error that even the superuser gets.
    write(&worktree, ".gitattributes", "* filter=broken\n");
    fixture.git(&["config", "filter.broken.clean", "false"]);
    fixture.git(&["config", "filter.broken.required", "true"]);
    assert!(fixture.worktrees.release("t").is_err());
    assert_eq!(read(worktree.path().join("work")), "work");
    fixture.git(&["config", "--remove-section", "filter.broken"]);
    assert!(saved(&fixture, "t").is_some());
}

#[test]
fn nothing_but_a_worktree_of_ours_is_deleted() {
    let fixture = Fixture::new();
    let root = fixture.worktrees.root().to_owned();
    let keep = |path: &Path| {
        std::fs::create_dir_all(path).unwrap();
        std::fs::write(path.join("precious"), "x").unwrap();
    };
    let refused = |name: &str, kept: &Path| {
        let released = fixture.worktrees.release(name);
        assert!(released.is_err(), "{name}: {released:?}");
        assert!(kept.exists(), "{name}");
    };
    for name in ["..", ".", "", "../user repo", "/", "/home", "a/../..", ".pool"] {
        refused(name, fixture.root());
    }
    keep(&root.join("unregistered"));
    refused("unregistered", &root.join("unregistered/precious"));
    std::os::unix::fs::symlink(fixture.root(), root.join("link")).unwrap();
    refused("link", &fixture.root().join("a.txt"));
    std::os::unix::fs::symlink(fixture.path().join("home"), root.join("home")).unwrap();
    refused("home", &fixture.path().join("home"));

    // A worktree of the user's, and a way to it under our root.
    let users = fixture.path().join("users");
    fixture.git(&["worktree", "add", "-q", "-b", "users", users.to_str().unwrap()]);
    std::os::unix::fs::symlink(&users, root.join("users")).unwrap();
    refused("users", &users.join("a.txt"));

    // A worktree of ours that was replaced by a symlink, a clone, or another worktree's link.
    let swapped = fixture.acquire("swapped");
    let moved = fixture.path().join("moved");
    std::fs::rename(swapped.path(), &moved).unwrap();
    std::os::unix::fs::symlink(&moved, swapped.path()).unwrap();
    refused("swapped", &moved.join("a.txt"));
    let cloned = fixture.acquire("cloned");
    std::fs::remove_dir_all(cloned.path()).unwrap();
    fixture.git(&["clone", "-q", ".", cloned.path().to_str().unwrap()]);
    refused("cloned", &cloned.path().join("a.txt"));
    let linked = fixture.acquire("linked");
    std::fs::copy(users.join(".git"), linked.path().join(".git")).unwrap();
    write(&linked, "untracked", "stays, for nothing was cleaned either");
    refused("linked", &linked.path().join("untracked"));
    assert!(fixture.root().join(".git/HEAD").exists());
}

#[test]
fn a_root_behind_a_symlink_is_resolved_once() {
    let fixture = Fixture::new();
    let link = fixture.path().join("link to root");
    std::os::unix::fs::symlink(fixture.worktrees.root(), &link).unwrap();
    let worktrees = crew_git::Worktrees::new(&fixture.repository, &link).unwrap();
    assert_eq!(worktrees.root(), fixture.worktrees.root());
    let acquired = worktrees.acquire("t", "crew/t", &fixture.start(), &Include::Nothing);
    assert!(acquired.unwrap().worktree.path().starts_with(fixture.worktrees.root()));
    worktrees.release("t").unwrap();
    let bad = fixture.path().join("bad root");
    std::fs::create_dir(&bad).unwrap();
    std::os::unix::fs::symlink(fixture.root(), bad.join(".pool")).unwrap();
    assert!(crew_git::Worktrees::new(&fixture.repository, &bad).is_err());
}

#[test]
fn the_users_checkout_is_as_it_was() {
    let fixture = Fixture::new();
    std::fs::write(fixture.root().join("a.txt"), "dirty").unwrap();
    std::fs::write(fixture.root().join("staged"), "staged").unwrap();
    fixture.git(&["add", "staged"]);
    std::fs::write(fixture.root().join("untracked"), "untracked").unwrap();
    let before = fixture.repository.fingerprint().unwrap();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    write(&worktree, "c.txt", "c");
    worktree.snapshot("refs/crew/snapshot/t", "s").unwrap();
    worktree.update_from_base("main", ann()).unwrap();
    worktree.reset_to(&fixture.start(), "refs/crew/snapshot/t").unwrap();
    worktree.trash_save("t").unwrap();
    fixture.worktrees.release("t").unwrap();
    fixture.worktrees.sweep().unwrap();
    assert_eq!(fixture.repository.fingerprint().unwrap(), before);
    assert_eq!(fixture.git(&["stash", "list"]), "");
    let list = fixture.worktrees.list().unwrap();
    assert_eq!(list[0].place, Place::Elsewhere);
}

#[test]
fn a_save_has_a_key_of_any_text() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    for key in ["12", "../../heads/main", "a b.lock", "🎉"] {
        write(&worktree, "work", key);
        let item = worktree.trash_save(key).unwrap().unwrap();
        assert_eq!(item.key, key);
        assert!(fixture.repository.trash_list().unwrap().contains(&item));
        assert_eq!(worktree.trash_save(key).unwrap().unwrap(), item, "the same, once");
    }
    assert_eq!(
        fixture.git(&["for-each-ref", "--count=1", "refs/crew/trash/12"]).lines().count(),
        1
    );
    assert!(worktree.trash_save("").is_err());
}

#[test]
fn what_was_only_looked_at_leaves_no_branch_behind() {
    let fixture = Fixture::new();
    let references = || fixture.git(&["for-each-ref", "--format=%(refname)"]);
    let before = references();
    fixture.acquire("looked");
    fixture.worktrees.dismiss("looked", "crew/looked").unwrap();
    assert_eq!(references(), before);
    let again = fixture.worktrees.dismiss("looked", "crew/looked").unwrap();
    assert_eq!(again, Released::Absent, "after a crash it is done once more");

    let worktree = fixture.acquire("worked");
    commit(&worktree, "a.txt", "work");
    fixture.worktrees.dismiss("worked", "crew/worked").unwrap();
    assert_eq!(fixture.branch_holds("crew/worked", "a.txt").as_deref(), Some("work"));
}
