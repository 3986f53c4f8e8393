//! The client against a GitHub that has bad days.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crew_core::Time;
use crew_github::{Address, Client, Error, Limited, Listing, NewPull, Token};
use crew_testkit::{Fault, GITHUB_TOKEN, GithubServer};
use serde_json::json;

const NOW: Time = Time(1_800_000_000_000);

fn server() -> GithubServer {
    GithubServer::start("acme/shop", "crew").unwrap()
}

fn client(server: &GithubServer) -> Client {
    client_with(server, GITHUB_TOKEN, Duration::from_mins(1))
}

fn client_with(server: &GithubServer, token: &str, patience: Duration) -> Client {
    let address = Address::new("acme/shop", Some(&server.url())).unwrap();
    let client = Client::new(address, Token::new(token).unwrap(), || NOW).unwrap();
    client.paced(Duration::ZERO, patience)
}

/// The numbers and tag of what changed.
async fn changed(
    client: &Client,
    tag: Option<&crew_github::Tag>,
) -> Option<(Vec<u64>, crew_github::Tag)> {
    match client.issues_changed(None, tag).await.unwrap() {
        Listing::Unchanged => None,
        Listing::Fetched { value, tag } => {
            Some((value.iter().map(|issue| issue.number).collect(), tag.unwrap()))
        }
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = server();
    let client = client(&server);
    server.people(|repo| repo.open("alice", "One", "text", &[]));
    let (numbers, tag) = changed(&client, None).await.unwrap();
    assert_eq!(numbers, [1]);
    assert!(changed(&client, Some(&tag)).await.is_none());
    server.people(|repo| repo.label("alice", 1, "bug"));
    let (numbers, newer) = changed(&client, Some(&tag)).await.unwrap();
    assert_eq!(numbers, [1]);
    assert_ne!(tag, newer);
    let calls = client.calls();
    assert_eq!((calls.sent, calls.unchanged), (3, 1));
}

#[tokio::test]
async fn an_answer_that_was_cut_leaves_no_tag_and_the_next_one_is_whole() {
    let server = server();
    let client = client(&server);
    server.people(|repo| repo.open("alice", "One", &"long ".repeat(1_000), &[]));
    server.fault("GET", "/issues", Fault::Cut);
    let cut = client.issues_changed(None, None).await;
    assert!(matches!(cut, Err(Error::Unreachable(_))), "{cut:?}");
    assert!(changed(&client, None).await.is_some());
}

#[tokio::test]
async fn a_tag_stands_for_all_pages() {
    let server = server();
    let client = client(&server);
    server.people(|repo| {
        for at in 0..250 {
            repo.open("alice", &format!("Issue {at}"), "", &[]);
        }
    });
    server.fault("GET", "page=3", Fault::Cut);
    assert!(client.issues_changed(None, None).await.is_err(), "no tag for two pages of three");
    let (numbers, tag) = changed(&client, None).await.unwrap();
    assert_eq!(numbers.len(), 250);
    assert_eq!(numbers[0], 250, "newest first");
    server.sent();
    assert!(changed(&client, Some(&tag)).await.is_none());
    assert_eq!(server.sent().len(), 1, "one call says that nothing changed");
}

#[tokio::test]
async fn only_what_is_newer_is_read() {
    let server = server();
    let client = client(&server);
    server.people(|repo| {
        for _ in 0..250 {
            repo.open("alice", "x", "", &[]);
        }
    });
    let Listing::Fetched { value, .. } = client.issues_changed(None, None).await.unwrap() else {
        panic!("it was fetched");
    };
    let newest = value[0].updated_at.clone();
    server.people(|repo| repo.label("alice", 7, "bug"));
    server.sent();
    let Listing::Fetched { value, .. } = client.issues_changed(Some(&newest), None).await.unwrap()
    else {
        panic!("it was fetched");
    };
    assert_eq!(value[0].number, 7);
    assert_eq!(server.sent().len(), 1, "older pages are not asked for");
}

#[tokio::test]
async fn a_thousand_comments_are_a_thousand() {
    let server = server();
    let client = client(&server);
    server.people(|repo| {
        repo.open("alice", "One", "", &[]);
        for at in 0..1_000 {
            repo.comment("bob", 1, &format!("number {at}"));
        }
    });
    let comments = client.comments(1).await.unwrap();
    assert_eq!(comments.len(), 1_000);
    assert_eq!(comments[999].body.as_deref(), Some("number 999"));
    assert_eq!(comments[999].issue(), Some(1));
    let sent = server.sent();
    assert_eq!(sent.len(), 10);
    assert!(sent.iter().all(|sent| sent.path.starts_with("/repos/acme/shop/")), "no foreign link");
}

#[tokio::test]
async fn limits_close_the_gate_and_nothing_is_sent_until_it_opens() {
    let pace = "You have exceeded a secondary rate limit.";
    let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000090")];
    for (fault, why, seconds) in [
        (Fault::answer(403, &[("retry-after", "7")], pace), Limited::Pace, 7),
        (Fault::answer(429, &[("retry-after", "9")], ""), Limited::Pace, 9),
        (Fault::answer(403, &[], pace), Limited::Pace, 60),
        (Fault::answer(403, &reset, "API rate limit exceeded"), Limited::Hour, 90),
    ] {
        let server = server();
        let client = client(&server);
        server.fault("POST", "/issues", fault);
        let expect = Error::NotBefore { until: Time(NOW.0 + seconds * 1_000), why };
        assert_eq!(client.open_issue("One", "", &[]).await, Err(expect.clone()));
        assert_eq!(client.viewer().await, Err(expect), "whatever is asked for");
        assert_eq!(server.sent().len(), 1, "and nothing is sent");
        assert!(server.people(|repo| repo.issues.is_empty()));
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_no_limit() {
    let server = server();
    let client = client(&server);
    server.fault("POST", "/issues", Fault::answer(403, &[], "Resource not accessible by token"));
    let refused = client.open_issue("One", "", &[]).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Forbidden(why) if why.contains("not accessible")),
        "{refused}"
    );
    assert!(client.viewer().await.is_ok());
}

#[tokio::test]
async fn nothing_is_ever_sent_twice_by_the_client() {
    for fault in [
        Fault::answer(502, &[], "Bad Gateway"),
        Fault::answer(500, &[], ""),
        Fault::answer(503, &[("retry-after", "1")], ""),
        Fault::Lost,
        Fault::Cut,
        Fault::Refused,
    ] {
        let server = server();
        let client = client(&server);
        server.fault("POST", "/issues", fault.clone());
        let lost = client.open_issue("One", "", &[]).await;
        assert!(matches!(lost, Err(Error::Unreachable(_))), "{fault:?}: {lost:?}");
        let posts = server.sent().iter().filter(|sent| sent.method == "POST").count();
        assert_eq!(posts, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let server = server();
    server.people(|repo| repo.open("alice", "One", &"long ".repeat(1_000), &[]));
    let client = client_with(&server, GITHUB_TOKEN, Duration::from_millis(300));
    server.fault("GET", "/issues", Fault::Slow(Duration::from_millis(50)));
    let slow = client.issue(1).await;
    assert!(matches!(slow, Err(Error::Unreachable(_))), "{slow:?}");
}

#[tokio::test]
async fn a_renamed_repository_is_found_for_questions_and_for_changes() {
    let server = server();
    let client = client(&server);
    server.people(|repo| repo.rename("acme/store"));
    assert_eq!(client.repository().await.unwrap().full_name, "acme/store");
    assert_eq!(client.open_issue("One", "", &[]).await.unwrap().number, 1);
    assert_eq!(client.edit_issue(1, &json!({ "title": "Two" })).await.unwrap().title, "Two");
    let statuses: Vec<u16> = server.sent().iter().map(|sent| sent.status).collect();
    assert_eq!(statuses, [301, 200, 307, 201, 307, 200]);
}

#[tokio::test]
async fn a_redirect_to_another_server_is_not_followed() {
    let server = server();
    let other = GithubServer::start("acme/shop", "crew").unwrap();
    let client = client(&server);
    let location = format!("{}/user", other.url());
    server.fault("GET", "/user", Fault::answer(301, &[("location", &location)], ""));
    assert!(matches!(client.viewer().await, Err(Error::Malformed(_))));
    assert_eq!(other.sent(), [], "the token went nowhere else");
}

#[tokio::test]
async fn a_wrong_token_is_said_to_be_wrong_and_is_not_repeated() {
    let server = server();
    let client = client_with(&server, "github_pat_wrong", Duration::from_mins(1));
    let error = client.viewer().await.unwrap_err();
    assert_eq!(error, Error::NotSignedIn);
    assert!(error.hint().unwrap().contains("gh auth login"));
    server.fault("GET", "/user", Fault::answer(400, &[], "bad header Bearer github_pat_wrong"));
    assert!(!format!("{:?}", client.viewer().await).contains("github_pat_wrong"));
    assert!(!format!("{client:?}").contains("github_pat_wrong"));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error_without_a_panic() {
    let server = server();
    let client = client(&server);
    server.fault("GET", "/user", Fault::answer(200, &[], "no account"));
    assert!(matches!(client.viewer().await, Err(Error::Malformed(_))));
}

#[tokio::test]
async fn labels_comments_and_pull_requests_are_made_and_changed() {
    let server = server();
    let client = client(&server);
    let label =
        crew_github::Label { name: "crew: a/b".into(), color: "ededed".into(), description: None };
    client.make_label(&label).await.unwrap();
    assert_eq!(client.labels().await.unwrap().len(), 1);
    let twice = client.make_label(&label).await.unwrap_err();
    assert!(twice.to_string().contains("already_exists"), "{twice}");
    client.open_issue("One", "text", &[]).await.unwrap();
    client.add_labels(1, &["crew: a/b".into()]).await.unwrap();
    assert_eq!(server.people(|repo| repo.labels_of(1)), ["crew: a/b"]);
    assert_eq!(client.events(1).await.unwrap()[0].actor.as_ref().unwrap().login, "crew");
    client.remove_label(1, "crew: a/b").await.unwrap();
    client.remove_label(1, "crew: a/b").await.unwrap(); // it is gone, which is what was wanted
    let comment = client.comment(1, "first").await.unwrap();
    client.edit_comment(comment.id, "second").await.unwrap();
    assert_eq!(client.comments(1).await.unwrap()[0].body.as_deref(), Some("second"));

    server.people(|repo| repo.branches.insert("crew/1".into(), "a1".into()));
    let new = NewPull {
        title: "One".into(),
        body: "story".into(),
        head: "crew/1".into(),
        base: "main".into(),
        draft: true,
    };
    let pull = client.open_pull(&new).await.unwrap();
    assert!(pull.draft && pull.head.sha == "a1");
    let twice = client.open_pull(&new).await.unwrap_err();
    assert!(twice.to_string().contains("already exists"), "{twice}");
    client.mark_ready(&pull).await.unwrap();
    assert!(!client.pulls_of("crew/1").await.unwrap()[0].draft);
    assert!(client.issue(2).await.unwrap().pull_request.is_some());
}

#[tokio::test]
async fn changes_keep_a_pause_between_them() {
    let server = server();
    let client = client(&server).paced(Duration::from_millis(80), Duration::from_mins(1));
    let start = std::time::Instant::now();
    let one = client.open_issue("One", "", &[]);
    let two = client.open_issue("Two", "", &[]);
    let three = client.open_issue("Three", "", &[]);
    let (one, two, three) = tokio::join!(one, two, three);
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert!(start.elapsed() >= Duration::from_millis(160), "two pauses between three changes");
}

#[tokio::test]
async fn the_token_of_gh_is_asked_for_by_host() {
    let directory = tempfile::tempdir().unwrap();
    let gh = directory.path().join("gh");
    let script =
        "#!/bin/sh\n[ \"$*\" = 'auth token --hostname github.com' ] && echo github_pat_invented\n";
    std::fs::write(&gh, script).unwrap();
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = server();
    let token = Token::from_gh(&gh, "github.com").await.unwrap();
    let address = Address::new("acme/shop", Some(&server.url())).unwrap();
    assert!(Client::new(address, token, || NOW).unwrap().viewer().await.is_ok());
    assert!(matches!(Token::from_gh(&gh, "other").await, Err(Error::NoToken { .. })));
    let missing = directory.path().join("missing");
    assert!(matches!(Token::from_gh(&missing, "github.com").await, Err(Error::NoToken { .. })));
}

#[tokio::test]
async fn an_enterprise_server_is_spoken_to_where_its_api_is() {
    let server = server();
    server.people(|repo| repo.branches.insert("crew/1".into(), "a1".into()));
    let api = format!("{}/api/v3/", server.url());
    let address = Address::new("acme/shop", Some(&api)).unwrap();
    let client = Client::new(address, Token::new(GITHUB_TOKEN).unwrap(), || NOW).unwrap();
    client.open_issue("One", "text", &[]).await.unwrap();
    client.issues_changed(None, None).await.unwrap();
    let (title, body) = ("One".into(), "story".into());
    let (head, base) = ("crew/1".into(), "main".into());
    let pull = client.open_pull(&NewPull { title, body, head, base, draft: true }).await.unwrap();
    client.mark_ready(&pull).await.unwrap();
    assert_eq!(client.origin().await.unwrap().url, format!("{}/acme/shop.git", server.url()));
    let paths: Vec<String> = server.sent().into_iter().map(|sent| sent.path).collect();
    let (graphql, rest): (Vec<&String>, Vec<&String>) =
        paths.iter().partition(|path| path.ends_with("/graphql"));
    assert_eq!(graphql, ["/api/graphql"], "beside the rest");
    assert!(rest.iter().all(|path| path.starts_with("/api/v3/repos/acme/shop")), "{rest:?}");
}
