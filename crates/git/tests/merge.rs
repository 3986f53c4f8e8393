//! Landing work on the base branch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use std::cell::Cell;

use crew_git::{Found, MergeOutcome, MergeRequest, Place, Strategy};
use fixture::{Fixture, ann, commit, read, request, write};

fn merged(outcome: &MergeOutcome) -> Option<bool> {
    match outcome {
        MergeOutcome::Merged { already, .. } => Some(*already),
        _ => None,
    }
}

#[test]
fn a_merge_moves_branch_and_checkout_together_and_happens_once() {
    for strategy in [Strategy::NoFastForward, Strategy::Squash] {
        let fixture = Fixture::new();
        let worktree = fixture.acquire("t");
        commit(&worktree, "b.txt", "b");
        let tip = commit(&worktree, "c.txt", "c");
        std::fs::write(fixture.root().join("untracked"), "mine").unwrap();
        std::fs::write(fixture.root().join("a.txt"), "dirty, elsewhere").unwrap();
        let request = MergeRequest { strategy, ..request(&worktree, &tip) };
        let first = fixture.worktrees.merge(&request).unwrap();
        let MergeOutcome::Merged { commit: landed, already: false } = first else {
            panic!("{first:?}");
        };
        assert_eq!(fixture.start(), landed);
        assert_eq!(read(fixture.root().join("c.txt")), "c");
        assert_eq!(read(fixture.root().join("a.txt")), "dirty, elsewhere");
        assert_eq!(fixture.git(&["status", "--porcelain"]), " M a.txt\n?? untracked");
        let parents = fixture.git(&["log", "-1", "--format=%p"]);
        assert_eq!(parents.split(' ').count(), if strategy == Strategy::Squash { 1 } else { 2 });
        assert_eq!(
            fixture
                .git(&["log", "-1", "--format=%an %(trailers:key=Crew-Effect,valueonly)"])
                .trim(),
            "Ann Other e1"
        );
        let again = fixture.worktrees.merge(&request).unwrap();
        assert_eq!(again, MergeOutcome::Merged { commit: landed, already: true });
        // Known by content, whatever key it is asked under, even when the base has moved on.
        fixture.user_commits("d.txt", "d");
        fixture.git(&["commit", "-q", "--allow-empty", "-am", "user"]);
        let other = MergeRequest { key: "e2", ..request };
        assert_eq!(merged(&fixture.worktrees.merge(&other).unwrap()), Some(true));
        assert!(fixture.repository.is_merged(&tip, &fixture.start()).unwrap());
    }
}

#[test]
fn a_squash_by_someone_else_counts_even_after_more_work_on_the_same_lines() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "a.txt", "ONE\ntwo\nthree\n");
    let tip = commit(&worktree, "a.txt", "ONE\nTWO\nthree\n");
    fixture.git(&["merge", "-q", "--squash", "crew/t"]);
    fixture.git(&["commit", "-qm", "squashed on the forge"]);
    fixture.user_commits("a.txt", "1\n2\n3\n");
    let before = fixture.start();
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(true));
    assert_eq!(fixture.start(), before);
}

#[test]
fn a_rebase_by_someone_else_counts() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let one = commit(&worktree, "a.txt", "ONE\ntwo\nthree\n");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.user_commits("c.txt", "c");
    fixture.git(&["cherry-pick", one.as_str(), tip.as_str()]);
    fixture.user_commits("a.txt", "1\n2\n3\n");
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(true));
}

#[test]
fn a_key_that_begins_like_another_is_another() {
    let fixture = Fixture::new();
    let one = fixture.acquire("one");
    let two = fixture.acquire("two");
    let first = commit(&one, "1.txt", "1");
    let second = commit(&two, "2.txt", "2");
    let long = MergeRequest { key: "e12", ..request(&one, &first) };
    assert_eq!(merged(&fixture.worktrees.merge(&long).unwrap()), Some(false));
    let short = MergeRequest { key: "e1", ..request(&two, &second) };
    assert_eq!(merged(&fixture.worktrees.merge(&short).unwrap()), Some(false));
}

#[test]
fn a_commit_of_an_agent_cannot_pass_for_our_merge_of_another() {
    let fixture = Fixture::new();
    let forger = fixture.acquire("forger");
    let other = fixture.acquire("other");
    let honest = commit(&other, "2.txt", "2");
    write(&forger, "1.txt", "1");
    let forged = format!("harmless\n\nCrew-Effect: 2-e7-{honest}");
    let tip = forger.commit_all(&forged, ann(), &[]).unwrap().unwrap();
    let first = MergeRequest { key: "1-e1", ..request(&forger, &tip) };
    assert_eq!(merged(&fixture.worktrees.merge(&first).unwrap()), Some(false));
    let key = format!("2-e7-{honest}");
    let second = MergeRequest { key: &key, ..request(&other, &honest) };
    assert_eq!(merged(&fixture.worktrees.merge(&second).unwrap()), Some(false));
    assert_eq!(read(fixture.root().join("2.txt")), "2");
}

#[test]
fn a_conflict_names_the_files_and_changes_nothing() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    commit(&worktree, "ä \"q\"\n.txt", "ours");
    let tip = commit(&worktree, "a.txt", "ours");
    fixture.user_commits("ä \"q\"\n.txt", "theirs");
    let ours = fixture.user_commits("a.txt", "theirs");
    let before = fixture.repository.fingerprint().unwrap();
    assert_eq!(
        fixture.merge(&worktree, &tip),
        MergeOutcome::Conflict {
            files: vec!["a.txt".to_owned(), "ä \"q\"\n.txt".to_owned()],
            ours,
            theirs: tip,
        }
    );
    assert_eq!(fixture.repository.fingerprint().unwrap(), before);
}

#[test]
fn only_the_approved_commit_is_merged() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let approved = commit(&worktree, "b.txt", "b");
    commit(&worktree, "later.txt", "not approved");
    assert_eq!(merged(&fixture.merge(&worktree, &approved)), Some(false));
    assert!(fixture.branch_holds("main", "b.txt").is_some());
    assert!(fixture.branch_holds("main", "later.txt").is_none());
}

#[test]
fn a_checkout_in_the_way_holds_the_merge() {
    let fixture = Fixture::new();
    std::fs::write(fixture.root().join(".gitignore"), "ignored/\n.env*\nlocal.txt\n").unwrap();
    fixture.git(&["commit", "-qam", "ignore"]);
    let worktree = fixture.acquire("t");
    write(&worktree, "b.txt", "b");
    write(&worktree, "local.txt", "tracked now");
    fixture.git_at(worktree.path(), &["add", "-f", "local.txt"]);
    let tip = commit(&worktree, "a.txt", "changed");
    let root = fixture.root();
    let held = |what: &str| {
        let before = fixture.repository.fingerprint().unwrap();
        let outcome = fixture.merge(&worktree, &tip);
        assert!(matches!(outcome, MergeOutcome::Held { .. }), "{what}: {outcome:?}");
        assert_eq!(fixture.repository.fingerprint().unwrap(), before, "{what}");
    };
    std::fs::write(root.join("a.txt"), "mine").unwrap();
    held("a dirty file");
    fixture.git(&["add", "a.txt"]);
    held("a staged file");
    fixture.git(&["reset", "-q", "--hard"]);
    std::fs::write(root.join("b.txt"), "mine").unwrap();
    held("an untracked file");
    std::fs::remove_file(root.join("b.txt")).unwrap();
    std::fs::create_dir(root.join("b.txt")).unwrap();
    std::fs::write(root.join("b.txt/x"), "mine").unwrap();
    held("an untracked directory");
    std::fs::remove_dir_all(root.join("b.txt")).unwrap();
    std::fs::write(root.join("local.txt"), "mine").unwrap();
    held("an ignored file");
    assert_eq!(read(root.join("local.txt")), "mine");
    std::fs::remove_file(root.join("local.txt")).unwrap();
    fixture.git(&["bisect", "start"]);
    held("a bisect");
    fixture.git(&["bisect", "reset"]);
    std::fs::write(root.join(".git/MERGE_HEAD"), format!("{tip}\n")).unwrap();
    held("a merge");
    std::fs::remove_file(root.join(".git/MERGE_HEAD")).unwrap();
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(false));
}

#[test]
fn a_rebase_of_the_base_holds_the_merge() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.git(&["branch", "upstream"]);
    fixture.user_commits("a.txt", "mine");
    fixture.git(&["checkout", "-q", "upstream"]);
    fixture.user_commits("a.txt", "theirs");
    fixture.git(&["checkout", "-q", "main"]);
    let rebase = fixture::command(fixture.path(), fixture.root(), &["rebase", "upstream"]).output();
    assert!(!rebase.unwrap().status.success());
    assert!(matches!(fixture.merge(&worktree, &tip), MergeOutcome::Held { .. }));
    fixture.git(&["rebase", "--abort"]);
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(false));
}

#[test]
fn a_base_that_nobody_has_checked_out_moves_alone() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.git(&["checkout", "-q", "--detach"]);
    let before = fixture.repository.fingerprint().unwrap();
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(false));
    assert_eq!(fixture.repository.fingerprint().unwrap(), before);
    assert!(fixture.branch_holds("main", "b.txt").is_some());
    fixture.git(&["branch", "-D", "main"]);
    assert_eq!(fixture.merge(&worktree, &tip), MergeOutcome::BaseGone);
}

#[test]
fn a_base_checked_out_in_another_worktree_moves_there() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.git(&["checkout", "-q", "-b", "other"]);
    let users = fixture.path().join("users");
    fixture.git(&["worktree", "add", "-q", users.to_str().unwrap(), "main"]);
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(false));
    assert_eq!(read(users.join("b.txt")), "b");
    assert_eq!(fixture.git_at(&users, &["status", "--porcelain"]), "");
    let more = commit(&worktree, "c.txt", "c");
    std::fs::rename(&users, fixture.path().join("unplugged")).unwrap();
    let more = MergeRequest { key: "e2", ..request(&worktree, &more) };
    let outcome = fixture.worktrees.merge(&more).unwrap();
    assert!(matches!(outcome, MergeOutcome::Held { .. }), "{outcome:?}");
}

#[test]
fn the_gate_runs_on_the_result_when_the_base_has_moved() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    let runs = Cell::new(0);
    let gate = |directory: &std::path::Path, commit: &crew_git::CommitId| {
        runs.set(runs.get() + 1);
        assert_eq!(read(directory.join("b.txt")), "b");
        assert_eq!(read(directory.join("c.txt")), "c");
        assert_eq!(fixture.git_at(directory, &["rev-parse", "HEAD"]), commit.as_str());
        std::fs::write(directory.join("left by the gate"), "x").unwrap();
        if runs.get() == 1 { Err("tests fail".to_owned()) } else { Ok(()) }
    };
    let base = fixture.user_commits("c.txt", "c");
    let request = MergeRequest { before_update: &gate, ..request(&worktree, &tip) };
    let merge = || fixture.worktrees.merge(&request).unwrap();
    assert_eq!(merge(), MergeOutcome::GateFailed("tests fail".to_owned()));
    assert_eq!(fixture.start(), base);
    // A crash in the middle of a gate leaves its worktree behind.
    let left = fixture.worktrees.root().join(".integration/e1");
    fixture.git(&["worktree", "add", "-q", "--detach", left.to_str().unwrap()]);
    assert_eq!(merged(&merge()), Some(false));
    assert_eq!(runs.get(), 2);
    let list = fixture.worktrees.list().unwrap();
    assert!(list.iter().all(|entry| entry.place != Place::Temporary));
}

#[test]
fn the_gate_does_not_run_on_what_was_tested() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    let gate = |_: &std::path::Path, _: &crew_git::CommitId| Err("must not run".to_owned());
    let request = MergeRequest { before_update: &gate, ..request(&worktree, &tip) };
    assert_eq!(merged(&fixture.worktrees.merge(&request).unwrap()), Some(false));
}

#[test]
fn a_base_that_moves_during_the_gate_is_merged_anew() {
    let fixture = Fixture::new();
    let worktree = fixture.acquire("t");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.user_commits("c.txt", "c");
    let runs = Cell::new(0);
    let gate = |directory: &std::path::Path, _: &crew_git::CommitId| {
        runs.set(runs.get() + 1);
        if runs.get() == 1 {
            fixture.user_commits("d.txt", "d");
        } else {
            assert_eq!(read(directory.join("d.txt")), "d");
        }
        Ok(())
    };
    let request = MergeRequest { before_update: &gate, ..request(&worktree, &tip) };
    assert_eq!(merged(&fixture.worktrees.merge(&request).unwrap()), Some(false));
    assert_eq!(runs.get(), 2);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_sweep_removes_what_a_crash_left() {
    let fixture = Fixture::new();
    let left = fixture.worktrees.root().join(".integration/e9");
    fixture.git(&["worktree", "add", "-q", "--detach", left.to_str().unwrap()]);
    fixture.acquire("t");
    assert_eq!(fixture.worktrees.sweep().unwrap(), 1);
    assert!(!left.exists());
    assert_eq!(fixture.worktrees.sweep().unwrap(), 0);
    assert!(matches!(fixture.worktrees.find("t").unwrap(), Found::Worktree(_)));
}

#[test]
fn the_users_settings_do_not_steer_a_merge() {
    let fixture = Fixture::new();
    for (name, value) in [
        ("merge.ff", "only"),
        ("merge.autoStash", "true"),
        ("commit.gpgSign", "true"),
        ("gpg.program", "false"),
        ("status.showUntrackedFiles", "no"),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("core.quotePath", "true"),
        ("core.autocrlf", "input"),
        ("core.safecrlf", "true"),
        ("worktree.guessRemote", "true"),
    ] {
        fixture.git(&["config", name, value]);
    }
    let worktree = fixture.acquire("t");
    write(&worktree, "crlf", "a\r\nb\n");
    let tip = commit(&worktree, "b.txt", "b");
    fixture.git(&["-c", "commit.gpgSign=false", "commit", "-q", "--allow-empty", "-m", "move"]);
    assert!(matches!(
        worktree.update_from_base("main", ann()),
        Ok(crew_git::Updated::Updated { .. })
    ));
    std::fs::write(fixture.root().join("b.txt"), "mine").unwrap();
    assert!(matches!(fixture.merge(&worktree, &tip), MergeOutcome::Held { .. }));
    std::fs::remove_file(fixture.root().join("b.txt")).unwrap();
    assert_eq!(merged(&fixture.merge(&worktree, &tip)), Some(false));
}
