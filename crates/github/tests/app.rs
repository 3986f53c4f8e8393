//! Asking as a GitHub App, and what all who ask with the same token share.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crew_core::Time;
use crew_github::{Address, App, Budgets, Client, Error, Token};
use crew_testkit::{EMULATED_REPOSITORY, Emulated, Fault, GITHUB_TOKEN, GithubServer, app_key};

const NOW: Time = Time(1_800_000_000_000);
/// Moves on in one test only.
static LATER: AtomicU64 = AtomicU64::new(NOW.0);

fn server() -> GithubServer {
    let server = GithubServer::start("acme/shop", "crew[bot]").unwrap();
    server.people(|repo| repo.open("boss", "One", "text", &[]));
    server
}

fn client(server: &GithubServer, app: App, clock: fn() -> Time) -> Client {
    let address = Address::new("acme/shop", Some(&server.url())).unwrap();
    Client::new(address, app, clock).unwrap().paced(Duration::ZERO, Duration::from_mins(1))
}

fn paths(server: &GithubServer) -> Vec<String> {
    server.sent().into_iter().map(|sent| format!("{} {}", sent.path, sent.status)).collect()
}

#[tokio::test]
async fn an_app_asks_for_a_token_once_and_writes_in_its_own_name() {
    let server = server();
    let client = client(&server, App::new("Iv1.abc", None, &app_key()).unwrap(), || NOW);
    assert_eq!(client.viewer().await.unwrap().login, "crew[bot]");
    client.issue(1).await.unwrap();
    client.comment(1, "hello").await.unwrap();
    let expect = [
        "/app 200",
        "/repos/acme/shop/installation 200",
        "/app/installations/100/access_tokens 201",
        "/repos/acme/shop/issues/1 200",
        "/repos/acme/shop/issues/1/comments 201",
    ];
    assert_eq!(paths(&server), expect);
    // git is let in by the same token.
    let origin = client.origin().await.unwrap();
    let given = server.people(|repo| repo.given[0].clone());
    assert_eq!(origin.header, Token::new(&given).unwrap().git_header());
    assert!(!format!("{client:?} {origin:?}").contains("ghs_"));
}

#[tokio::test]
async fn a_token_of_an_app_is_renewed_before_its_hour_is_over() {
    let server = server();
    let app = App::new("12345", Some(100), &app_key()).unwrap();
    let client = client(&server, app, || Time(LATER.load(Ordering::SeqCst)));
    let after = |minutes: u64| LATER.store(NOW.0 + minutes * 60_000, Ordering::SeqCst);
    for (minutes, tokens) in [(0, 1), (50, 1), (56, 2), (100, 2), (115, 3), (1, 4)] {
        after(minutes);
        client.issue(1).await.unwrap();
        assert_eq!(server.people(|repo| repo.given.len()), tokens, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_renewed_once() {
    let server = server();
    let client = client(&server, App::new("12345", Some(100), &app_key()).unwrap(), || NOW);
    client.issue(1).await.unwrap();
    server.people(|repo| repo.given.clear());
    server.sent();
    client.comment(1, "hello").await.unwrap();
    let expect = [
        "/repos/acme/shop/issues/1/comments 401",
        "/app/installations/100/access_tokens 201",
        "/repos/acme/shop/issues/1/comments 201",
    ];
    assert_eq!(paths(&server), expect);
    // One that is never accepted is not asked for in circles.
    for _ in 0..2 {
        server.fault("GET", "/issues/1", Fault::answer(401, &[], "Bad credentials"));
    }
    assert_eq!(client.issue(1).await, Err(Error::NotSignedIn));
    assert_eq!(server.sent().len(), 3);
    assert_eq!(server.people(|repo| repo.comments_of(1).len()), 1);
}

#[tokio::test]
async fn what_is_wrong_with_an_app_is_said_with_a_hint() {
    let bad = App::new("12345", None, "no key").unwrap_err();
    assert!(bad.hint().unwrap().contains(".pem"), "{bad}");
    let server = server();
    let client = client(&server, App::new("12345", None, &app_key()).unwrap(), || NOW);
    for (status, path, words) in [
        (401, "/installation", "does not accept the key of the app 12345"),
        (404, "/installation", "is not installed"),
        (404, "/access_tokens", "is not installed"),
    ] {
        let method = if path == "/access_tokens" { "POST" } else { "GET" };
        server.fault(method, path, Fault::answer(status, &[], "no"));
        let error = client.issue(1).await.unwrap_err();
        assert!(error.to_string().contains(words) && error.hint().is_some(), "{error}");
        assert!(!error.is_lasting(), "somebody can put it right");
    }
    assert!(client.issue(1).await.is_ok());
}

/// `emulate` checks what the app signs, and Prism each request.
#[tokio::test]
async fn what_an_app_signs_is_accepted_by_a_github_of_others() {
    let missing = "the stand-ins of others are not installed: `make stand-ins`";
    let emulated = Emulated::start().unwrap().expect(missing);
    let address = Address::new(EMULATED_REPOSITORY, Some(&emulated.url())).unwrap();
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Time(u64::try_from(since.as_millis()).unwrap())
    };
    let app = App::new("12345", Some(100), &emulated.key).unwrap();
    let client = Client::new(address.clone(), app, now).unwrap();
    assert_eq!(client.open_issue("One", "text", &[]).await.unwrap().number, 1);
    let other = App::new("12345", Some(100), &app_key()).unwrap();
    let other = Client::new(address.clone(), other, now).unwrap();
    assert!(matches!(other.issue(1).await, Err(Error::NoToken { .. })), "another key");
    // These are not there, but are asked for as GitHub describes it.
    let client = Client::new(address, Token::new(GITHUB_TOKEN).unwrap(), now).unwrap();
    assert!(client.job_log(7, 100).await.is_err());
    let asked = emulated.asked();
    assert!(asked.iter().any(|asked| asked.path.ends_with("/actions/jobs/7/logs")));
    for asked in asked {
        assert_eq!(asked.breach, None, "{asked:?}");
    }
}

#[tokio::test]
async fn who_asks_with_the_same_token_shares_its_limits() {
    let server = server();
    let budgets = Budgets::default();
    let client = |repository: &str, token: &str| {
        let address = Address::new(repository, Some(&server.url())).unwrap();
        let client = Client::new(address, Token::new(token).unwrap(), || NOW).unwrap();
        client.paced(Duration::ZERO, Duration::from_mins(1)).sharing(&budgets)
    };
    let (shop, other) = (client("acme/shop", GITHUB_TOKEN), client("acme/other", GITHUB_TOKEN));
    let stranger = client("acme/shop", "github_pat_of_somebody_else");
    assert!(shop.shares_with(&other) && !shop.shares_with(&stranger));
    let pace = Fault::answer(429, &[("retry-after", "60")], "slow down");
    server.fault("GET", "/acme/shop/issues/1", pace);
    let limited = shop.issue(1).await.unwrap_err();
    assert!(matches!(limited, Error::NotBefore { .. }), "{limited}");
    server.sent();
    assert_eq!(other.issue(1).await, Err(limited), "the other one is quiet too");
    assert_eq!(server.sent(), []);
    assert_eq!(stranger.issue(1).await, Err(Error::NotSignedIn), "who has another token is not");
    assert_eq!((other.calls().sent, other.calls().limited), (1, 1));
    assert!(!format!("{budgets:?}").contains(GITHUB_TOKEN));
}

#[tokio::test]
async fn the_end_of_a_log_is_read_where_it_lies_without_the_token() {
    let server = server();
    let address = Address::new("acme/shop", Some(&server.url())).unwrap();
    let client = Client::new(address, Token::new(GITHUB_TOKEN).unwrap(), || NOW).unwrap();
    let log = (0..100_000).map(|at| format!("line {at}\n")).collect::<Vec<_>>().concat();
    server.people(|repo| {
        repo.logs.insert(7, log.clone());
        repo.logs.insert(8, "short".into());
    });
    let end = client.job_log(7, 1_000).await.unwrap();
    assert_eq!(end, log[log.len() - 1_000..]);
    assert_eq!(client.job_log(8, 1_000).await.unwrap(), "short");
    assert!(matches!(client.job_log(9, 10).await, Err(Error::NotFound(_))));
    server.people(|repo| repo.has_open_logs = false);
    assert!(matches!(client.job_log(7, 10).await, Err(Error::Forbidden(_))));
    server.people(|repo| repo.has_open_logs = true);
    server.fault("GET", "/files/", Fault::Cut);
    assert!(matches!(client.job_log(7, 10).await, Err(Error::Unreachable(_))));
    server.fault("GET", "/files/", Fault::answer(403, &[], "the address has run out"));
    assert!(matches!(client.job_log(7, 10).await, Err(Error::NotFound(_))));
}

#[test]
fn a_token_in_a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let read = || crew_github::secret_file(&file);
    assert!(read().unwrap_err().to_string().contains("No such file"));
    std::fs::write(&file, "github_pat_invented\n").unwrap();
    for (mode, is_read) in [(0o644, false), (0o640, false), (0o604, false), (0o600, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read().is_ok(), is_read, "{mode:o}");
        let hint = read().err().and_then(|error| error.hint());
        assert!(hint.is_none_or(|hint| hint.contains("chmod 600")), "{hint:?}");
    }
    assert_eq!(read().unwrap(), "github_pat_invented\n");
    let no_file = crew_github::secret_file(directory.path());
    assert!(no_file.is_err());
}
