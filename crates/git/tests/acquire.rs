//! Handing out worktrees: idempotent, from every state that a crash or a user can leave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use crew_git::{Directory, Found, GitError, Head, Include, Place, Released};
use fixture::{Fixture, ann, commit, read, write};

fn on_branch(worktree: &crew_git::Worktree) -> bool {
    worktree.head().unwrap() == Head::Branch(worktree.branch().to_owned())
}

#[test]
fn a_worktree_is_made_and_given_again_with_its_work() {
    let fixture = Fixture::new();
    let before = fixture.repository.fingerprint().unwrap();
    let worktree = fixture.acquire("task-1");
    assert!(on_branch(&worktree));
    assert_eq!(read(worktree.path().join("a.txt")), "one\ntwo\nthree\n");
    write(&worktree, "a.txt", "changed");
    write(&worktree, "new.txt", "new");
    let again = fixture.acquire("task-1");
    assert_eq!(again.path(), worktree.path());
    assert_eq!(read(again.path().join("a.txt")), "changed");
    assert_eq!(read(again.path().join("new.txt")), "new");
    assert!(matches!(fixture.worktrees.find("task-1").unwrap(), Found::Worktree(_)));
    assert!(matches!(fixture.worktrees.find("task-2").unwrap(), Found::Absent));
    assert_eq!(fixture.repository.fingerprint().unwrap(), before);
}

#[test]
fn odd_names_work() {
    let fixture = Fixture::new();
    for (number, name) in
        ["it's \"quoted\"", "spa ced", "ünï-🎉", "$(x);`y`", "100%"].iter().enumerate()
    {
        let branch = format!("crew/\"{number}\"-🎉-it's");
        let start = fixture.start();
        let acquire = || fixture.worktrees.acquire(name, &branch, &start, &Include::default());
        let worktree = acquire().unwrap().worktree;
        write(&worktree, "ünï \"q\" 'x' 🎉.txt", "text\n");
        write(&worktree, "-dash", "text\n");
        write(&worktree, "new\nline", "text\n");
        assert_eq!(acquire().unwrap().worktree.path(), worktree.path());
        assert_eq!(worktree.status().unwrap().files.len(), 3);
        let tip = worktree.commit_all("odd", ann(), &[]).unwrap().unwrap();
        assert_eq!(fixture.repository.changes(&start, &tip).unwrap().len(), 3);
        assert!(worktree.status().unwrap().is_clean());
        fixture.worktrees.release(name).unwrap();
    }
    for bad in ["../out", ".pool", "", "a/b", "-rf"] {
        let acquired = fixture.worktrees.acquire(bad, "b", &fixture.start(), &Include::Nothing);
        assert!(matches!(acquired, Err(GitError::InvalidName { .. })), "{bad}");
    }
    let acquired = fixture.worktrees.acquire("n", "--force", &fixture.start(), &Include::Nothing);
    assert!(matches!(acquired, Err(GitError::InvalidName { .. })));
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_is_refused() {
    let fixture = Fixture::new();
    let acquire =
        |branch| fixture.worktrees.acquire("t", branch, &fixture.start(), &Include::Nothing);
    let Err(GitError::BranchInUse { path, .. }) = acquire("main") else {
        panic!("the user's branch was taken");
    };
    assert_eq!(path, fixture.root());
    fixture.git(&["branch", "taken"]);
    assert!(matches!(acquire("taken/deeper"), Err(GitError::BranchTaken { .. })));
    fixture.git(&["branch", "theirs"]);
    assert!(matches!(acquire("theirs"), Err(GitError::BranchTaken { .. })), "it may hold work");
    assert!(on_branch(&acquire("free").unwrap().worktree));
    assert!(matches!(acquire("other"), Err(GitError::Occupied { .. })));
    assert!(!fixture.repository.branch_exists("other").unwrap());
}

#[test]
fn a_branch_that_we_made_is_used_as_it_is() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.worktrees.release("t").unwrap();
    fixture.user_commits("c.txt", "c");
    let worktree = fixture.acquire("t");
    assert_eq!(worktree.tip().unwrap(), tip);
    assert_eq!(read(worktree.path().join("b.txt")), "b");
}

#[test]
fn a_directory_that_is_gone_is_made_anew_at_the_same_path_with_what_was_staged() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    write(&worktree, "staged.txt", "staged");
    fixture.git_at(worktree.path(), &["add", "staged.txt"]);
    std::fs::remove_dir_all(worktree.path()).unwrap();
    let again = fixture.acquire("t");
    assert_eq!(again.path(), worktree.path());
    assert_eq!(read(again.path().join("b.txt")), "b");
    assert_eq!(read(again.path().join("staged.txt")), "staged");
    assert!(on_branch(&again));
}

/// A filter of the repository that kills the git that runs it, once `armed` is there.
fn deadly_filter(fixture: &Fixture) -> std::path::PathBuf {
    let armed = fixture.path().join("armed");
    let smudge = format!("if test -e '{}'; then kill -9 $PPID; fi; cat", armed.display());
    fixture.git(&["config", "filter.deadly.smudge", &smudge]);
    fixture.user_commits(".gitattributes", "z* filter=deadly\n");
    fixture.user_commits("b.txt", "b\n");
    fixture.user_commits("z.txt", "z\n");
    armed
}

#[test]
fn a_directory_that_a_crash_left_half_made_anew_is_made_whole() {
    let fixture = Fixture::new();
    let armed = deadly_filter(&fixture);
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "work.txt", "work");
    std::fs::remove_dir_all(worktree.path()).unwrap();
    std::fs::write(&armed, "").unwrap();
    let start = fixture.start();
    let acquire = || fixture.worktrees.acquire("t", "crew/t", &start, &Include::default());
    assert!(acquire().unwrap_err().is_transient(), "git was killed");
    assert!(worktree.path().join("b.txt").exists() && !worktree.path().join("z.txt").exists());
    let found = fixture.worktrees.find("t").unwrap();
    assert!(matches!(found, Found::Missing), "nobody takes what is missing for deleted: {found:?}");
    std::fs::remove_file(&armed).unwrap();
    let again = acquire().unwrap().worktree;
    assert!(again.status().unwrap().is_clean());
    assert_eq!(read(again.path().join("z.txt")), "z\n");
    assert_eq!(again.commit_all("nothing", ann(), &[]).unwrap(), None);
    assert_eq!(again.tip().unwrap(), tip);
}

#[test]
fn a_home_that_was_restored_elsewhere_has_its_worktrees_again() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    write(&worktree, "staged.txt", "staged");
    fixture.git_at(worktree.path(), &["add", "staged.txt"]);
    let elsewhere = fixture.path().join("other root");
    let other = crew_git::Worktrees::new(&fixture.repository, &elsewhere).unwrap();
    let acquire = || other.acquire("t", "crew/t", &fixture.start(), &Include::default());
    let in_use = acquire().unwrap_err();
    assert!(matches!(in_use, GitError::BranchInUse { .. }), "the first one is there: {in_use}");
    std::fs::remove_dir_all(worktree.path()).unwrap();
    let stranger = other.clone().with_owner("stranger");
    let taken = stranger.acquire("u", "crew/t", &fixture.start(), &Include::default());
    assert!(taken.is_err(), "{taken:?}");
    let again = acquire().unwrap().worktree;
    assert!(again.path().starts_with(elsewhere.canonicalize().unwrap()));
    assert_eq!(again.tip().unwrap(), tip);
    assert_eq!(read(again.path().join("staged.txt")), "staged");
    assert!(on_branch(&again) && acquire().is_ok());
}

#[test]
fn a_lost_git_file_is_repaired_and_the_work_kept() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "work.txt", "work");
    std::fs::remove_file(worktree.path().join(".git")).unwrap();
    let again = fixture.acquire("t");
    assert_eq!(read(again.path().join("work.txt")), "work");
    assert_eq!(again.status().unwrap().files.len(), 1);
    fixture.git_at(again.path(), &["status"]);
}

#[test]
fn a_pruned_entry_is_made_again_and_the_work_kept() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    write(&worktree, "work.txt", "work");
    std::fs::remove_dir_all(worktree.git_directory()).unwrap();
    let again = fixture.acquire("t");
    assert_eq!(again.path(), worktree.path());
    assert_eq!(again.tip().unwrap(), tip);
    assert_eq!(again.status().unwrap().files.len(), 1);
    assert_eq!(read(again.path().join("work.txt")), "work");
}

#[test]
fn a_directory_of_someone_else_is_not_taken() {
    let fixture = Fixture::new();
    let path = fixture.worktrees.root().join("t");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("precious"), "x").unwrap();
    let acquire = || fixture.worktrees.acquire("t", "crew/t", &fixture.start(), &Include::Nothing);
    assert!(matches!(acquire(), Err(GitError::Refused { .. })));
    assert_eq!(read(path.join("precious")), "x");
    std::fs::remove_file(path.join("precious")).unwrap();
    assert!(acquire().is_ok(), "an empty directory is in nobody's way");
}

#[test]
fn acquire_completes_from_every_step_that_a_crash_leaves() {
    let fixture = Fixture::new();
    let start = fixture.start().to_string();
    let path = fixture.worktrees.root().join("t");
    let text = path.to_str().unwrap();
    let check = |what: &str| {
        let worktree = fixture.acquire("t");
        assert!(on_branch(&worktree), "{what}");
        assert!(worktree.status().unwrap().is_clean(), "{what}");
        assert_eq!(fixture.acquire("t").path(), path, "{what}");
        fixture.worktrees.release("t").unwrap();
        let list = fixture.worktrees.list().unwrap();
        assert!(list.iter().all(|e| e.place != Place::Named("t".to_owned())), "{what}");
    };
    fixture.git(&["update-ref", "refs/crew/branches/crew/crew/t", &start]);
    check("the branch was noted as ours");
    fixture.git(&["branch", "-D", "crew/t"]);
    fixture.git(&["branch", "crew/t"]);
    check("the branch was made");
    fixture.git(&["worktree", "add", "-q", text, "crew/t"]);
    check("the worktree was made, and not locked");
    fixture.git(&[
        "worktree",
        "add",
        "-q",
        "--no-checkout",
        "--lock",
        "--reason",
        "initializing",
        text,
        "crew/t",
    ]);
    check("git was killed while it checked out");
    fixture.git(&["worktree", "add", "-q", "--detach", text, &start]);
    std::fs::write(path.join("junk"), "").unwrap();
    check("a member of the pool was moved, not switched");
    let pooled = fixture.worktrees.root().join(".pool/9");
    fixture.git(&["worktree", "add", "-q", pooled.to_str().unwrap(), "crew/t"]);
    check("a member of the pool was switched, not moved");
    assert!(!pooled.exists());
}

#[test]
fn the_pool_hands_out_clean_worktrees() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("one");
    write(&worktree, "ignored/cache", "x");
    write(&worktree, "untracked", "x");
    let metadata = worktree.git_directory().to_owned();
    let released = fixture.worktrees.release("one").unwrap();
    assert!(matches!(released, Released::Pooled { saved: Some(_) }));
    let other = fixture.acquire("two");
    assert_eq!(other.git_directory(), metadata, "the same worktree, moved");
    assert!(!other.path().join("ignored").exists());
    assert!(!other.path().join("untracked").exists());
    assert!(on_branch(&other));
    assert!(other.status().unwrap().is_clean());
}

#[test]
fn the_pool_is_bounded() {
    let fixture = Fixture::new();
    let worktrees = fixture.worktrees.clone().with_pool_max(1);
    fixture.acquire("one");
    fixture.acquire("two");
    assert!(matches!(worktrees.release("one").unwrap(), Released::Pooled { .. }));
    assert!(matches!(worktrees.release("two").unwrap(), Released::Removed { .. }));
    assert_eq!(worktrees.release("two").unwrap(), Released::Absent);
    let list = worktrees.list().unwrap();
    assert_eq!(list.iter().filter(|e| e.place == Place::Pool).count(), 1);
    assert!(list.iter().all(|e| e.directory == Directory::Present));
}

#[test]
fn listed_ignored_files_are_copied_and_nothing_else() {
    let fixture = Fixture::new();
    let root = fixture.root();
    let outside = fixture.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(root.join(".worktreeinclude"), ".env*\nignored/keep\nlink/\nbig.env\n").unwrap();
    std::fs::write(root.join(".gitignore"), "ignored/\n.env*\nlink/.env\n*.env\n").unwrap();
    std::fs::create_dir(root.join("ignored")).unwrap();
    std::fs::write(root.join("ignored/keep"), "keep").unwrap();
    std::fs::write(root.join("ignored/drop"), "drop").unwrap();
    std::fs::write(root.join(".env"), "SECRET=1").unwrap();
    std::fs::write(root.join("big.env"), "x".repeat(5000)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join(".env.link")).unwrap();
    // The repository holds a symlink where the user's checkout has a directory.
    std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-qm", "include"]);
    let start = fixture.start();
    std::fs::remove_file(root.join("link")).unwrap();
    std::fs::create_dir(root.join("link")).unwrap();
    std::fs::write(root.join("link/.env"), "escape").unwrap();
    let include = Include::Listed { file_bytes_max: 4000 };
    let acquire = || fixture.worktrees.acquire("t", "crew/t", &start, &include).unwrap();
    let acquired = acquire();
    let mut copied: Vec<_> = acquired.copied.iter().map(|p| p.to_str().unwrap()).collect();
    copied.sort_unstable();
    assert_eq!(copied, [".env", "ignored/keep"]);
    assert!(!outside.join(".env").exists(), "a symlink led out of the worktree");
    let worktree = acquired.worktree;
    write(&worktree, ".env", "mine");
    assert!(acquire().copied.is_empty());
    assert_eq!(read(worktree.path().join(".env")), "mine");
    // The copy that was changed is saved, the one that was not is not.
    let item = worktree.trash_save("t").unwrap().unwrap();
    let commit = item.commit.to_string();
    assert_eq!(fixture.branch_holds(&commit, ".env").as_deref(), Some("mine"));
    assert_eq!(fixture.branch_holds(&commit, "ignored/keep"), None);
}

#[test]
fn disk_use_counts_blocks() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let before = fixture.worktrees.disk_use("t").unwrap();
    write(&worktree, "big", &"x".repeat(1 << 20));
    std::os::unix::fs::symlink("/usr", worktree.path().join("usr")).unwrap();
    let after = fixture.worktrees.disk_use("t").unwrap();
    assert!((1 << 20..2 << 20).contains(&(after - before)), "{before} {after}");
    assert!(matches!(fixture.worktrees.disk_use("x"), Err(GitError::NoWorktree { .. })));
}

#[test]
fn submodules_are_no_obstacle() {
    let fixture = Fixture::new();
    let library = fixture.path().join("library");
    fixture.git(&["clone", "-q", "--no-local", ".", library.to_str().unwrap()]);
    fixture.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        library.to_str().unwrap(),
        "lib",
    ]);
    fixture.git(&["commit", "-qm", "submodule"]);
    let worktree = fixture.acquire("t");
    fixture.git_at(
        worktree.path(),
        &["-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init"],
    );
    let tip = commit(&worktree, "b.txt", "b");
    assert!(fixture.repository.changes(&fixture.start(), &tip).unwrap().len() == 1);
    std::fs::write(worktree.path().join("lib/dirty"), "x").unwrap();
    assert!(matches!(fixture.worktrees.release("t"), Err(GitError::NestedRepository { .. })));
    std::fs::remove_file(worktree.path().join("lib/dirty")).unwrap();
    let released = fixture.worktrees.release("t").unwrap();
    assert!(matches!(released, Released::Removed { saved: Some(_) }), "{released:?}");
    assert!(fixture.repository.branch_exists("crew/t").unwrap());
}

#[test]
fn a_take_over_completes_after_a_crash() {
    let fixture = Fixture::new();
    let check = |moved: bool| {
        let worktree = fixture.acquire("t");
        write(&worktree, "work.txt", "work");
        std::fs::remove_dir_all(worktree.git_directory()).unwrap();
        let stand_in = fixture.worktrees.root().join(".partial/x");
        fixture.git(&[
            "worktree",
            "add",
            "-q",
            "--no-checkout",
            stand_in.to_str().unwrap(),
            "crew/t",
        ]);
        if moved {
            std::fs::rename(stand_in.join(".git"), worktree.path().join(".git")).unwrap();
        }
        let again = fixture.acquire("t");
        assert_eq!(read(again.path().join("work.txt")), "work");
        assert!(!stand_in.exists());
        fixture.worktrees.release("t").unwrap();
    };
    check(false);
    check(true);
}

#[test]
fn an_agent_that_unlocks_its_worktree_loses_nothing() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let path = worktree.path().to_str().unwrap();
    commit(&worktree, "b.txt", "b");
    write(&worktree, "work", "work");
    write(&worktree, "ignored/cache", "cache");
    for reason in [None, Some("mine")] {
        fixture.git_at(worktree.path(), &["worktree", "unlock", path]);
        if let Some(reason) = reason {
            fixture.git_at(worktree.path(), &["worktree", "lock", "--reason", reason, path]);
        }
        fixture.git_at(worktree.path(), &["checkout", "-q", "-B", "elsewhere"]);
        let Found::Worktree(found) = fixture.worktrees.find("t").unwrap() else {
            panic!("not found");
        };
        assert_eq!(found.branch(), "crew/t");
        let again = fixture.acquire("t");
        assert_eq!(read(again.path().join("work")), "work");
        assert_eq!(read(again.path().join("ignored/cache")), "cache");
        assert!(fixture.repository.trash_list().unwrap().is_empty());
        let other = fixture.worktrees.acquire("t", "other", &fixture.start(), &Include::Nothing);
        assert!(matches!(other, Err(GitError::Occupied { .. })), "{other:?}");
    }
    fixture.git(&["worktree", "unlock", path]);
    let released = fixture.worktrees.release("t").unwrap();
    let Released::Pooled { saved: Some(saved) } = released else { panic!("{released:?}") };
    assert_eq!(saved.branch, "crew/t");
    // What is handed out next is not taken for the old task's.
    assert_eq!(fixture.acquire("next").branch(), "crew/next");
}

#[test]
fn what_is_found_tells_the_damage() {
    let fixture = Fixture::new();
    let find = || fixture.worktrees.find("t").unwrap();
    assert!(matches!(find(), Found::Absent));
    let worktree = fixture.acquire("t");
    assert!(matches!(find(), Found::Worktree(_)));
    std::fs::remove_dir_all(worktree.path()).unwrap();
    assert!(matches!(find(), Found::Missing));
    let worktree = fixture.acquire("t");
    std::fs::remove_dir_all(worktree.git_directory()).unwrap();
    assert!(matches!(find(), Found::Pruned));
    fixture.acquire("t");
    fixture.worktrees.release("t").unwrap();
    assert!(matches!(find(), Found::Absent));
    std::fs::create_dir(worktree.path()).unwrap();
    assert!(matches!(find(), Found::Absent), "an empty directory is nothing");
    write(&worktree, "precious", "x");
    assert!(matches!(fixture.worktrees.find("t"), Err(GitError::Refused { .. })));
}

#[test]
fn a_worktree_is_set_up_until_it_is_made_or_handed_out_anew() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    assert!(!worktree.is_set_up("v1"));
    worktree.mark_set_up("v0").unwrap();
    worktree.mark_set_up("v1").unwrap();
    assert!(worktree.is_set_up("v1") && !worktree.is_set_up("v0") && !worktree.is_set_up(""));
    assert!(worktree.status().unwrap().is_clean());
    commit(&worktree, "b.txt", "b");
    worktree.reset_to(&fixture.start(), "refs/crew/snapshot/t").unwrap();
    assert!(fixture.acquire("t").is_set_up("v1"), "ignored files survive both");
    std::fs::remove_dir_all(worktree.path()).unwrap();
    let worktree = fixture.acquire("t");
    assert!(!worktree.is_set_up("v1"), "made anew");
    worktree.mark_set_up("v1").unwrap();
    assert!(matches!(fixture.worktrees.release("t").unwrap(), Released::Pooled { .. }));
    let next = fixture.acquire("next");
    assert_eq!(next.git_directory(), worktree.git_directory());
    assert!(!next.is_set_up("v1"), "handed out anew");
    // A worktree that a crash left half handed out is cleaned, too.
    next.mark_set_up("v1").unwrap();
    std::fs::remove_file(next.git_directory().join("crew-handed-out")).unwrap();
    fixture.git(&["worktree", "unlock", next.path().to_str().unwrap()]);
    assert!(!fixture.acquire("next").is_set_up("v1"));
}
