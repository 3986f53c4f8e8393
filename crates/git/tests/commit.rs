//! Committing and saving what agents leave, in every state that they leave it in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use crew_git::{Combined, FileState, GitError, Head, Updated, Worktree};
use fixture::{Fixture, ann, command, commit, read, write};

fn commit_all(worktree: &Worktree) -> Result<Option<crew_git::CommitId>, GitError> {
    worktree.commit_all("work", ann(), &[("Crew-Task", "#1")])
}

#[test]
fn everything_is_committed_under_the_identity() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    assert_eq!(commit_all(&worktree).unwrap(), None);
    write(&worktree, "a.txt", "one\n2\nthree\n");
    write(&worktree, "dir/new.txt", "new");
    write(&worktree, "ignored/x", "x");
    let status = worktree.status().unwrap();
    let states: Vec<_> =
        status.files.iter().map(|f| (f.path.as_str(), f.state, f.added, f.removed)).collect();
    assert_eq!(
        states,
        [
            ("a.txt", FileState::Modified, Some(1), Some(1)),
            ("dir/new.txt", FileState::Untracked, Some(1), Some(0)),
        ]
    );
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(worktree.tip().unwrap(), tip);
    let shown = fixture.git(&["log", "-1", "--format=%an|%ae|%cn|%B", tip.as_str()]);
    assert_eq!(shown.trim_end(), "Ann Other|ann@example.com|Ann Other|work\n\nCrew-Task: #1");
    assert!(worktree.status().unwrap().is_clean());
    assert_eq!(commit_all(&worktree).unwrap(), None);
    let diff = worktree.diff(&fixture.start(), 1 << 20).unwrap();
    assert!(diff.text.contains("+2") && !diff.truncated);
    assert!(worktree.diff(&fixture.start(), 10).unwrap().truncated);
}

#[test]
fn hooks_neither_run_nor_matter() {
    let fixture = Fixture::new();
    let hooks = fixture.root().join(".git/hooks");
    for hook in [
        "pre-commit",
        "commit-msg",
        "prepare-commit-msg",
        "post-commit",
        "post-checkout",
        "post-merge",
        "pre-merge-commit",
        "reference-transaction",
        "post-index-change",
    ] {
        use std::os::unix::fs::PermissionsExt;
        let path = hooks.join(hook);
        std::fs::create_dir_all(&hooks).unwrap();
        std::fs::write(&path, "#!/bin/sh\ntouch \"$HOME/hook-ran\"\nsleep 60\nexit 1\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    worktree.snapshot("refs/crew/snapshot/t", "s").unwrap();
    assert!(matches!(fixture.merge(&worktree, &tip), crew_git::MergeOutcome::Merged { .. }));
    fixture.worktrees.release("t").unwrap();
    assert!(!fixture.path().join("home/hook-ran").exists());
}

#[test]
fn a_broken_index_or_a_stale_lock_does_not_matter() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "b.txt", "b");
    std::fs::write(worktree.git_directory().join("index"), "garbage").unwrap();
    std::fs::write(worktree.git_directory().join("index.lock"), "").unwrap();
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(fixture.repository.changes(&fixture.start(), &tip).unwrap().len(), 1);
    assert!(worktree.status().unwrap().is_clean());
}

#[test]
fn what_git_was_told_to_overlook_is_seen() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    fixture.git_at(worktree.path(), &["update-index", "--assume-unchanged", "a.txt"]);
    write(&worktree, "a.txt", "hidden");
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(fixture.branch_holds(tip.as_str(), "a.txt").as_deref(), Some("hidden"));
}

#[test]
fn changes_within_one_tick_of_the_clock_are_seen() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    for round in 0..20 {
        write(&worktree, "a.txt", &format!("{round:04}"));
        let tip = commit_all(&worktree).unwrap().unwrap();
        let text = fixture.branch_holds(tip.as_str(), "a.txt").unwrap();
        assert_eq!(text, format!("{round:04}"));
    }
}

#[test]
fn an_agent_that_left_the_branch_and_built_on_it_is_followed() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    fixture.git_at(worktree.path(), &["checkout", "-q", "-b", "agents-own"]);
    write(&worktree, "c.txt", "c");
    fixture.git_at(worktree.path(), &["add", "-A"]);
    fixture.git_at(worktree.path(), &["commit", "-qm", "agent"]);
    fixture.git_at(worktree.path(), &["checkout", "-q", "--detach"]);
    write(&worktree, "d.txt", "d");
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(worktree.tip().unwrap(), tip);
    assert_eq!(worktree.head().unwrap(), Head::Branch("crew/t".to_owned()));
    assert!(fixture.branch_holds("crew/t", "c.txt").is_some());
    assert!(fixture.branch_holds("crew/t", "d.txt").is_some());
    // Left behind on an older commit, with nothing to lose: back to the branch.
    fixture.git_at(worktree.path(), &["checkout", "-q", "--detach", "HEAD~1"]);
    assert_eq!(commit_all(&worktree).unwrap(), None);
    assert_eq!(worktree.head().unwrap(), Head::Branch("crew/t".to_owned()));
}

#[test]
fn an_agent_that_strayed_is_reported_and_everything_saved() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.git_at(worktree.path(), &["checkout", "-q", "-b", "elsewhere", "main"]);
    write(&worktree, "lost.txt", "not lost");
    let Err(GitError::Strayed { saved, .. }) = commit_all(&worktree) else {
        panic!("not reported");
    };
    assert_eq!(fixture.branch_holds(&saved, "lost.txt").as_deref(), Some("not lost"));
    assert_eq!(read(worktree.path().join("lost.txt")), "not lost");
    assert_eq!(worktree.tip().unwrap(), tip);
    worktree.reset_to(&tip, "refs/crew/snapshot/t").unwrap();
    assert_eq!(worktree.head().unwrap(), Head::Branch("crew/t".to_owned()));
    assert!(!worktree.path().join("lost.txt").exists());
    assert!(fixture.branch_holds("refs/crew/snapshot/t", "lost.txt").is_some());
}

#[test]
fn a_rebase_in_progress_is_saved_and_taken_back() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "a.txt", "ours");
    fixture.user_commits("a.txt", "theirs");
    let rebase = command(fixture.path(), worktree.path(), &["rebase", "main"]).output().unwrap();
    assert!(!rebase.status.success());
    write(&worktree, "a.txt", "half way");
    assert_eq!(commit_all(&worktree).unwrap(), None);
    assert_eq!(worktree.tip().unwrap(), tip);
    assert_eq!(read(worktree.path().join("a.txt")), "ours");
    let items = fixture.repository.trash_list().unwrap();
    assert_eq!(
        fixture.branch_holds(items[0].commit.as_str(), "a.txt").as_deref(),
        Some("half way")
    );
    assert!(fixture.git_at(worktree.path(), &["status"]).contains("nothing to commit"));
}

#[test]
fn a_conflict_with_the_base_is_left_for_the_agent_and_concluded() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let update = || worktree.update_from_base("main", ann()).unwrap();
    assert_eq!(update(), Updated::UpToDate);
    fixture.user_commits("c.txt", "c");
    assert!(matches!(update(), Updated::Updated { .. }));
    commit(&worktree, "ä \"b\".txt", "ours\n");
    let base = fixture.user_commits("ä \"b\".txt", "theirs\n");
    let conflict = Updated::Conflict { files: vec!["ä \"b\".txt".to_owned()] };
    assert_eq!(update(), conflict);
    assert_eq!(update(), conflict, "asked again, the same answer");
    let Err(GitError::Unresolved { files }) = commit_all(&worktree) else {
        panic!("committed with markers");
    };
    assert_eq!(files, ["ä \"b\".txt"]);
    fixture.git_at(worktree.path(), &["add", "-A"]);
    assert!(
        matches!(commit_all(&worktree), Err(GitError::Unresolved { .. })),
        "staged with markers"
    );
    write(&worktree, "ä \"b\".txt", "both\n");
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert!(fixture.repository.is_ancestor(&base, &tip).unwrap());
    assert_eq!(fixture.git(&["log", "-1", "--format=%p", tip.as_str()]).split(' ').count(), 2);
    assert_eq!(update(), Updated::UpToDate);
    write(&worktree, "dirty", "x");
    fixture.user_commits("d.txt", "d");
    assert!(matches!(worktree.update_from_base("main", ann()), Err(GitError::Dirty { .. })));
    assert!(worktree.update_from_base("no-such", ann()).is_err());
}

#[test]
fn an_interrupted_conclusion_makes_no_second_merge() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "a.txt", "ours");
    let base = fixture.user_commits("a.txt", "theirs");
    worktree.update_from_base("main", ann()).unwrap();
    write(&worktree, "a.txt", "both");
    let tip = commit_all(&worktree).unwrap().unwrap();
    // As if we had been killed after the branch moved, before the index followed.
    std::fs::write(worktree.git_directory().join("MERGE_HEAD"), format!("{base}\n")).unwrap();
    fixture.git_at(worktree.path(), &["read-tree", "main"]);
    assert_eq!(commit_all(&worktree).unwrap(), None);
    assert_eq!(worktree.tip().unwrap(), tip);
    assert!(fixture.git_at(worktree.path(), &["status"]).contains("nothing to commit"));
}

#[test]
fn several_candidates_are_combined_in_order() {
    let fixture = Fixture::new();
    let one = commit(&fixture.acquire("one"), "1.txt", "1");
    let two = commit(&fixture.acquire("two"), "2.txt", "2");
    let clash = commit(&fixture.acquire("three"), "1.txt", "other");
    let worktree = fixture.acquire("all");
    let done = worktree.combine(&[one.clone(), two.clone()], ann()).unwrap();
    assert!(matches!(done, Combined::Done { .. }));
    let all = [one, two, clash.clone()];
    let Combined::Conflict { commit, files } = worktree.combine(&all, ann()).unwrap() else {
        panic!("no conflict");
    };
    assert_eq!((commit, files), (clash, vec!["1.txt".to_owned()]));
    write(&worktree, "1.txt", "both");
    commit_all(&worktree).unwrap().unwrap();
    assert!(matches!(worktree.combine(&all, ann()).unwrap(), Combined::Done { .. }));
}

#[test]
fn a_snapshot_touches_nothing_and_is_idempotent() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "staged", "1");
    fixture.git_at(worktree.path(), &["add", "staged"]);
    write(&worktree, "staged", "2");
    write(&worktree, "untracked", "u");
    let status = || fixture.git_at(worktree.path(), &["status", "--porcelain"]);
    let before = status();
    let snapshot = || worktree.snapshot("refs/crew/snapshot/t", "turn 1").unwrap();
    let first = snapshot();
    assert_eq!(snapshot(), first);
    assert_eq!(status(), before);
    assert_eq!(fixture.branch_holds(first.as_str(), "staged").as_deref(), Some("2"));
    std::fs::remove_file(worktree.path().join("untracked")).unwrap();
    let second = snapshot();
    assert_ne!(second, first);
    assert!(
        fixture.repository.is_ancestor(&first, &second).unwrap(),
        "an older one stays reachable"
    );
    assert!(worktree.snapshot("refs/heads/main", "x").is_err());
    assert!(worktree.snapshot("refs/crew/../heads/main", "x").is_err());
}

#[test]
fn a_repository_inside_is_left_out_of_commits() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    write(&worktree, "b.txt", "b");
    write(&worktree, "inner/x.txt", "x");
    fixture.git_at(&worktree.path().join("inner"), &["init", "-q"]);
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(fixture.git(&["ls-tree", "--name-only", tip.as_str()]), ".gitignore\na.txt\nb.txt");
    let Err(GitError::NestedRepository { repositories, .. }) = fixture.worktrees.release("t")
    else {
        panic!("released with a repository inside");
    };
    assert_eq!(repositories, ["inner"]);
    assert_eq!(read(worktree.path().join("inner/x.txt")), "x");
}

#[test]
fn another_repository_in_place_of_the_git_file_is_never_looked_at() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    std::fs::remove_file(worktree.path().join(".git")).unwrap();
    fixture.git_at(worktree.path(), &["init", "-q"]);
    let trap = format!("touch '{}'", fixture.path().join("trapped").display());
    fixture.git_at(worktree.path(), &["config", "core.fsmonitor", &trap]);
    write(&worktree, "b.txt", "b");
    worktree.status().unwrap();
    let tip = commit_all(&worktree).unwrap().unwrap();
    assert_eq!(fixture.branch_holds(tip.as_str(), "b.txt").as_deref(), Some("b"));
    assert!(matches!(fixture.worktrees.release("t"), Err(GitError::Refused { .. })));
    assert!(!fixture.path().join("trapped").exists());
}

/// A repository that looks like ours and has programs of its own in its configuration.
#[test]
fn another_repository_behind_the_git_directory_gets_nothing_run() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let other = fixture.path().join("other");
    fixture.git(&["clone", "-q", "--mirror", ".", other.to_str().unwrap()]);
    let trap = format!("touch '{}' && cat", fixture.path().join("trapped").display());
    fixture.git_at(&other, &["config", "filter.trap.clean", &trap]);
    let common = other.display().to_string();
    std::fs::write(worktree.git_directory().join("commondir"), common).unwrap();
    write(&worktree, ".gitattributes", "* filter=trap\n");
    write(&worktree, "b.txt", "b");
    drop(worktree.status()); // git may refuse; it must not obey
    drop(commit_all(&worktree));
    drop(worktree.snapshot("refs/crew/turns/t/1", "a turn"));
    assert!(!fixture.path().join("trapped").exists());
}

#[test]
fn a_merge_of_the_base_that_was_under_way_is_found_again() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "a.txt", "ours");
    fixture.user_commits("a.txt", "theirs");
    let update = || worktree.update_from_base("main", ann()).unwrap();
    let conflict = Updated::Conflict { files: vec!["a.txt".to_owned()] };
    assert_eq!(update(), conflict);
    // Whoever asked was killed before the answer was stored, and asks again.
    assert_eq!(update(), conflict);
    // The base has moved meanwhile.
    fixture.user_commits("later.txt", "later");
    assert_eq!(update(), conflict);
    // Without markers, and not staged: nobody has said yet that it is resolved.
    write(&worktree, "a.txt", "both");
    assert_eq!(update(), conflict);
    fixture.git_at(worktree.path(), &["add", "a.txt"]);
    assert!(matches!(update(), Updated::Updated { .. }));
    assert_eq!(read(worktree.path().join("a.txt")), "both");
    assert_eq!(read(worktree.path().join("later.txt")), "later");
    assert_eq!(update(), Updated::UpToDate);
    assert!(worktree.status().unwrap().is_clean());
}

#[test]
fn staged_markers_are_still_a_conflict() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "a.txt", "ours");
    fixture.user_commits("a.txt", "theirs");
    worktree.update_from_base("main", ann()).unwrap();
    fixture.git_at(worktree.path(), &["add", "a.txt"]);
    let updated = worktree.update_from_base("main", ann()).unwrap();
    assert_eq!(updated, Updated::Conflict { files: vec!["a.txt".to_owned()] });
}

#[test]
fn a_merge_that_a_kill_left_without_conflict_is_concluded() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "b.txt", "b");
    let base = fixture.user_commits("c.txt", "c");
    // As git leaves it when it is killed before it commits.
    fixture.git_at(worktree.path(), &["merge", "-q", "--no-ff", "--no-commit", "main"]);
    let updated = worktree.update_from_base("main", ann()).unwrap();
    let Updated::Updated { commit } = updated else { panic!("{updated:?}") };
    assert_eq!(worktree.tip().unwrap(), commit);
    assert!(fixture.repository.is_ancestor(&base, &commit).unwrap());
    assert_eq!(fixture.git(&["log", "-1", "--format=%an", commit.as_str()]), "Ann Other");
    assert!(worktree.status().unwrap().is_clean());
}

#[test]
fn a_merge_that_was_killed_before_it_said_so_begins_anew() {
    for theirs in ["theirs\ntwo\nthree\n", "one\ntwo\nthree\nfour\n"] {
        let fixture = Fixture::new();
        let armed = fixture.path().join("armed");
        let smudge = format!("if test -e '{}'; then kill -9 $PPID; fi; cat", armed.display());
        fixture.git(&["config", "filter.deadly.smudge", &smudge]);
        fixture.user_commits(".gitattributes", "z* filter=deadly\n");
        let worktree = fixture.acquire("t");
        commit(&worktree, "a.txt", "ours\ntwo\nthree\n");
        fixture.user_commits("a.txt", theirs);
        fixture.user_commits("new.txt", "new\n");
        fixture.user_commits("z.txt", "z\n");
        std::fs::write(&armed, "").unwrap();
        assert!(worktree.update_from_base("main", ann()).unwrap_err().is_transient());
        assert!(!worktree.git_directory().join("MERGE_HEAD").exists());
        assert!(!worktree.status().unwrap().is_clean(), "it was in the middle of it");
        std::fs::remove_file(&armed).unwrap();
        match worktree.update_from_base("main", ann()).unwrap() {
            Updated::Updated { .. } => assert!(theirs.contains("four")),
            Updated::Conflict { files } => {
                assert_eq!(files, ["a.txt"]);
                write(&worktree, "a.txt", "both\ntwo\nthree\n");
                worktree.commit_all("resolved", ann(), &[]).unwrap().unwrap();
            }
            Updated::UpToDate => panic!("the work of others is not in"),
        }
        let main = fixture.start();
        assert!(fixture.repository.is_ancestor(&main, &worktree.tip().unwrap()).unwrap());
        assert!(worktree.status().unwrap().is_clean());
    }
}

#[test]
fn a_merge_of_something_else_is_not_taken_for_ours() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "a.txt", "ours");
    let other = fixture.acquire("other");
    commit(&other, "a.txt", "theirs");
    fixture.user_commits("c.txt", "c");
    let merged = command(fixture.path(), worktree.path(), &["merge", "crew/other"]).output();
    assert!(!merged.unwrap().status.success());
    assert!(matches!(worktree.update_from_base("main", ann()), Err(GitError::Dirty { .. })));
}

#[test]
fn the_names_of_what_changed_are_those_of_the_diff() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("7");
    let path = worktree.path().to_owned();
    let base = fixture.start();
    assert!(worktree.changed_files(&base).unwrap().is_empty());
    std::fs::create_dir_all(path.join("a dir/ignored")).unwrap();
    std::fs::write(path.join("a.txt"), "one\n").unwrap();
    std::fs::write(path.join("a dir/ünïcode"), "new\n").unwrap();
    std::fs::write(path.join("a dir/ignored/x"), "not looked at\n").unwrap();
    std::fs::write(path.join("committed"), "by the agent\n").unwrap();
    fixture.git_at(&path, &["add", "committed"]);
    fixture.git_at(&path, &["commit", "-qm", "mine"]);
    std::fs::write(path.join("staged"), "only\n").unwrap();
    fixture.git_at(&path, &["add", "staged"]);
    std::fs::write(fixture.root().join("theirs"), "on the base\n").unwrap();
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-qm", "theirs"]);
    let base = fixture.start();
    let names = worktree.changed_files(&base).unwrap();
    let expect = ["a dir/ünïcode", "a.txt", "committed", "staged"];
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expect);
    let diff = worktree.diff_stat(&base).unwrap();
    assert_eq!(names, diff.into_iter().map(|change| change.path).collect());
    std::fs::remove_file(path.join("a.txt")).unwrap();
    assert!(worktree.changed_files(&base).unwrap().contains("a.txt"), "what is gone is changed");
}
