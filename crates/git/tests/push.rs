//! Pushing a branch of ours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here fails the test")]

mod fixture;

use crew_git::{CommitId, MergeOutcome, Pushed, Remote};
use fixture::{Fixture, commit};

/// A bare repository beside the user's.
fn there(fixture: &Fixture) -> (std::path::PathBuf, Remote) {
    let path = fixture.path().join("there.git");
    fixture.git(&["init", "-q", "--bare", path.to_str().unwrap()]);
    let remote = Remote::new(&format!("file://{}", path.display())).unwrap();
    (path, remote)
}

fn tip(fixture: &Fixture, path: &std::path::Path, branch: &str) -> String {
    fixture.git_at(path, &["rev-parse", branch]).trim().to_owned()
}

fn push(fixture: &Fixture, commit: &CommitId, remote: &Remote) -> Pushed {
    fixture.repository.push("crew/t", commit, remote).unwrap()
}

#[test]
fn a_branch_is_pushed_once_and_nothing_else_is() {
    let fixture = Fixture::new();
    let (path, remote) = there(&fixture);
    let worktree = fixture.acquire("t");
    let first = commit(&worktree, "b.txt", "b");
    fixture.git(&["tag", "-a", "-m", "tag", "v1", first.as_str()]);
    assert_eq!(push(&fixture, &first, &remote), Pushed::Done);
    assert_eq!(push(&fixture, &first, &remote), Pushed::Already);
    assert_eq!(tip(&fixture, &path, "crew/t"), first.as_str());
    let references = fixture.git_at(&path, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(references.trim(), "refs/heads/crew/t");
    let remotes = fixture.git(&["for-each-ref", "refs/remotes"]);
    assert_eq!(remotes.trim(), "", "the user's own view of it is not touched");
}

#[test]
fn what_we_pushed_may_be_replaced_and_what_others_pushed_may_not() {
    let fixture = Fixture::new();
    let (path, remote) = there(&fixture);
    let worktree = fixture.acquire("t");
    let first = commit(&worktree, "b.txt", "b");
    let other = fixture.user_commits("other.txt", "of somebody else");
    assert_eq!(push(&fixture, &first, &remote), Pushed::Done);
    assert_eq!(push(&fixture, &other, &remote), Pushed::Done, "it was ours to replace");

    let url = path.to_str().unwrap();
    fixture.git(&["push", "-q", "-f", url, &format!("{first}:refs/heads/crew/t")]);
    let newest = commit(&worktree, "c.txt", "c");
    assert_eq!(push(&fixture, &newest, &remote), Pushed::Done, "it contains what is there");

    fixture.git(&["push", "-q", "-f", url, &format!("{other}:refs/heads/crew/t")]);
    assert_eq!(push(&fixture, &newest, &remote), Pushed::Moved { there: other.clone() });
    assert_eq!(tip(&fixture, &path, "crew/t"), other.as_str());
}

#[test]
fn only_addresses_that_run_nothing_and_hold_no_secret_are_taken() {
    for url in ["https://github.com/a/b.git", "file:///there.git", "http://127.0.0.1:1/a"] {
        assert!(Remote::new(url).is_ok(), "{url}");
    }
    for url in ["ext::sh -c id", "git@github.com:a/b", "https://me:key@host/a", "-u", "", "/there"]
    {
        assert!(Remote::new(url).is_err(), "{url}");
    }
    let remote = Remote::new("https://host/a").unwrap().with_header("Authorization: x".into());
    assert!(!format!("{remote:?}").contains("Authorization"));
}

#[test]
fn a_repository_that_is_not_there_is_an_error() {
    let fixture = Fixture::new();
    let remote = Remote::new("file:///is/not/there.git").unwrap();
    assert!(fixture.repository.push("crew/t", &fixture.start(), &remote).is_err());
}

#[test]
fn what_the_user_has_set_up_for_pushing_leads_nowhere_else() {
    let fixture = Fixture::new();
    let (path, remote) = there(&fixture);
    let worktree = fixture.acquire("t");
    let first = commit(&worktree, "b.txt", "b");
    for (key, value) in [
        ("url.ssh://nowhere.invalid/.insteadOf", "file:///"),
        ("url.ssh://nowhere.invalid/.pushInsteadOf", "file:///"),
        ("push.gpgSign", "true"),
        ("push.recurseSubmodules", "on-demand"),
        ("push.pushOption", "ci.skip"),
    ] {
        fixture.git(&["config", key, value]);
    }
    assert_eq!(push(&fixture, &first, &remote), Pushed::Done);
    assert_eq!(tip(&fixture, &path, "crew/t"), first.as_str());
}

#[test]
fn a_branch_of_theirs_is_fetched_to_a_reference_of_ours_and_the_base_moves_forward_only() {
    let fixture = Fixture::new();
    let (path, remote) = there(&fixture);
    let worktree = fixture.acquire("t");
    let newer = commit(&worktree, "b.txt", "b");
    let url = path.to_str().unwrap();
    fixture.git(&["push", "-q", url, &format!("{newer}:refs/heads/main")]);
    assert_eq!(fixture.repository.fetch_branch("main", &remote).unwrap(), newer);
    let remotes = fixture.git(&["for-each-ref", "refs/remotes", "refs/tags"]);
    assert_eq!(remotes.trim(), "", "the user's own view of it is not touched");
    let moved = fixture.worktrees.forward("main", &newer).unwrap();
    assert_eq!(moved, MergeOutcome::Merged { commit: newer.clone(), already: false });
    let again = fixture.worktrees.forward("main", &newer).unwrap();
    assert_eq!(again, MergeOutcome::Merged { commit: newer.clone(), already: true });

    let theirs = commit(&worktree, "c.txt", "c");
    let ours = fixture.user_commits("ours.txt", "of the user");
    let held = fixture.worktrees.forward("main", &theirs).unwrap();
    assert!(matches!(held, MergeOutcome::Held { .. }), "{held:?}");
    assert_eq!(fixture.git(&["rev-parse", "main"]).trim(), ours.as_str());
}

#[test]
fn a_base_only_moves_forwards_there() {
    let fixture = Fixture::new();
    let (path, remote) = there(&fixture);
    let forward = |commit: &CommitId| fixture.repository.push_forward("main", commit, &remote);
    let first = fixture.user_commits("one.txt", "one");
    assert_eq!(forward(&first).unwrap(), Pushed::Done, "it was not there");
    let second = fixture.user_commits("two.txt", "two");
    assert_eq!(forward(&second).unwrap(), Pushed::Done);
    assert_eq!(forward(&first).unwrap(), Pushed::Already, "what is there contains it");
    assert_eq!(tip(&fixture, &path, "main"), second.as_str());

    let tree = format!("{second}^{{tree}}");
    let theirs = fixture.git_at(&path, &["commit-tree", &tree, "-p", first.as_str(), "-m", "x"]);
    let theirs: CommitId = theirs.trim().parse().unwrap();
    fixture.git_at(&path, &["update-ref", "refs/heads/main", theirs.as_str()]);
    assert_eq!(forward(&second).unwrap(), Pushed::Moved { there: theirs.clone() });
    assert_eq!(tip(&fixture, &path, "main"), theirs.as_str());
}
