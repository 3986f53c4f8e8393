//! Many at once: our writes, our reads, and a long command of someone else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crew_git::{Include, MergeOutcome, MergeRequest};
use fixture::{Fixture, ann, command, commit, request};

#[test]
fn sixteen_acquire_while_status_is_polled_and_fifty_commits_are_rebased() {
    let fixture = Fixture::new();
    let users = fixture.path().join("users");
    fixture.git(&["worktree", "add", "-q", "-b", "users", users.to_str().unwrap()]);
    for number in 0..50 {
        std::fs::write(users.join(format!("{number}.txt")), "x").unwrap();
        fixture.git_at(&users, &["add", "-A"]);
        fixture.git_at(&users, &["commit", "-qm", &format!("{number}")]);
    }
    fixture.user_commits("c.txt", "c");
    let start = fixture.start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (fixture, start, done, users) = (&fixture, &start, &done, &users);
        let acquirers: Vec<_> = (0..16)
            .map(|number| {
                scope.spawn(move || {
                    let name = format!("t{number}");
                    let branch = format!("crew/{number}");
                    let acquired =
                        fixture.worktrees.acquire(&name, &branch, start, &Include::default())?;
                    std::fs::write(acquired.worktree.path().join("w.txt"), &name).ok();
                    let message = "work";
                    let tip = acquired.worktree.commit_all(message, ann(), &[])?;
                    assert!(tip.is_some());
                    fixture.worktrees.release(&name)
                })
            })
            .collect();
        let poller = scope.spawn(move || {
            let mut polls = 0;
            while !done.load(Ordering::Relaxed) || polls == 0 {
                fixture.repository.fingerprint().unwrap();
                let other = crew_git::Repository::open_with(users, fixture::git(fixture.path()));
                other.unwrap().fingerprint().unwrap();
                polls += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let rebase = scope.spawn(move || {
            let rebase = ["rebase", "-q", "--no-ff", "main"];
            command(fixture.path(), users, &rebase).output().unwrap()
        });
        for acquirer in acquirers {
            acquirer.join().unwrap().unwrap();
        }
        let rebase = rebase.join().unwrap();
        done.store(true, Ordering::Relaxed);
        poller.join().unwrap();
        let stderr = String::from_utf8_lossy(&rebase.stderr).into_owned();
        assert!(rebase.status.success(), "{stderr}");
    });
    assert_eq!(fixture.git(&["rev-list", "--count", "main..users"]), "50");
    for number in 0..16 {
        assert!(fixture.branch_holds(&format!("crew/{number}"), "w.txt").is_some());
    }
}

#[test]
fn merges_at_once_all_land_and_one_key_lands_once() {
    let fixture = Fixture::new();
    let work: Vec<_> = (0..4)
        .map(|number| {
            let worktree = fixture.acquire(&format!("t{number}"));
            let tip = commit(&worktree, &format!("{number}.txt"), "x");
            (worktree, tip)
        })
        .collect();
    std::thread::scope(|scope| {
        for (number, (worktree, tip)) in work.iter().chain(&work).enumerate() {
            let fixture = &fixture;
            scope.spawn(move || {
                let key = format!("e{}", number % 4);
                let request = MergeRequest { key: &key, ..request(worktree, tip) };
                let outcome = fixture.worktrees.merge(&request).unwrap();
                assert!(matches!(outcome, MergeOutcome::Merged { .. }), "{outcome:?}");
            });
        }
    });
    assert_eq!(fixture.git(&["rev-list", "--count", "--merges", "main"]), "4");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_lock_of_another_git_is_waited_for() {
    let fixture = Fixture::new();
    let lock = fixture.root().join(".git/config.lock");
    std::fs::write(&lock, "").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            std::fs::remove_file(&lock).unwrap();
        });
        let worktree = fixture.acquire("t");
        let reference = fixture.root().join(".git/refs/heads/crew/t.lock");
        std::fs::write(&reference, "").unwrap();
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            std::fs::remove_file(&reference).unwrap();
        });
        commit(&worktree, "b.txt", "b");
    });
}
