//! Where the token for GitHub comes from, and where it must not go.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crew_testkit::{GITHUB_TOKEN, GithubServer, app_key};
use serde_json::Value;
use support::Lab;
use tempfile::TempDir;

/// The engineer looks for what is not its business.
const NOSY: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "I look around."
tools = [{ name = "shell", command = "env > env.txt; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline > seen.txt 2>&1; echo made > made.txt" }]
usage = { input = 100, output = 10, cost_micros = 2000 }
[[scene.turn]]
finish = "DONE: wrote made.txt"

[[scene]]
[[scene.turn]]
say = "Fine."
finish = "DONE: looked at it"
"#;

/// A file that only its owner reads, outside of the laboratory.
fn own_file(dir: &TempDir, text: &str) -> String {
    let file = dir.path().join("own");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.display().to_string()
}

/// Keeps a secret by its name, encrypted.
fn keep(lab: &Lab, name: &str, text: &str) {
    let key = lab.dir.path().join("key").display().to_string();
    if !Path::new(&key).exists() {
        lab.ok(&["secret", "key", &key]);
    }
    let mut set = lab.program(env!("CARGO_BIN_EXE_crew"));
    set.args(["secret", "set", name, "--key-file", &key]).stdout(Stdio::null());
    let mut set = set.stdin(Stdio::piped()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
}

/// Connects a nosy team from this source, until what it made waits for approval and is pushed.
fn work(lab: &Lab, server: &GithubServer, source: &[&str], viewer: &str) {
    let url = server.url();
    let connect = ["github", "connect", "acme/shop", "--api", &url, "--publish-all"];
    lab.ok(&[&connect, source].concat());
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, format!("{text}pull_requests = \"review\"\n")).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "connected"]);
    let bare = lab.dir.path().join("there.git");
    lab.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    server.people(|repo| repo.with_origin(bare));
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("it is shown for review", || {
        lab.crew(&["github", "sync"]);
        let is_shown = |repo: &mut crew_testkit::Repo| {
            repo.labels_of(1).iter().any(|label| label == "crew: needs-review")
                && repo.pulls.values().any(|pull| pull["draft"] == false)
        };
        server.people(is_shown).then_some(())
    });
    let status = lab.json(&["github", "status"]);
    assert_eq!((&status["trouble"], &status["viewer"]), (&Value::Null, &viewer.into()), "{status}");
}

/// Nothing that was written anywhere has it: worktrees, logs, journal, database, spools.
fn is_nowhere(lab: &Lab, token: &str) {
    let found = lab.program("grep").args(["-rla", token]).arg(lab.dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "it is written down");
    let seen = fs::read_dir(lab.home().join("worktrees")).is_ok();
    assert!(seen, "there was something to look into");
}

#[test]
fn a_token_that_is_kept_by_crew_is_used_and_is_nowhere_else() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let lab = Lab::new(NOSY, &[]);
    keep(&lab, "github", &format!("{GITHUB_TOKEN}\n"));
    work(&lab, &server, &["--token-from", "secret:github"], "boss");
    is_nowhere(&lab, GITHUB_TOKEN);
}

#[test]
fn a_token_in_a_file_is_used_and_is_nowhere_else() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let (lab, outside) = (Lab::new(NOSY, &[]), tempfile::tempdir().unwrap());
    let file = own_file(&outside, &format!("{GITHUB_TOKEN}\n"));
    work(&lab, &server, &["--token-from", &format!("file:{file}")], "boss");
    is_nowhere(&lab, GITHUB_TOKEN);
}

#[test]
fn an_app_asks_with_its_key_and_neither_key_nor_token_are_anywhere_else() {
    let server = GithubServer::start("acme/shop", "crew[bot]").unwrap();
    let lab = Lab::new(NOSY, &[]);
    let pem = app_key();
    keep(&lab, "app", &pem);
    let app = ["--app", "12345", "--app-key", "secret:app", "--trust", "boss"];
    work(&lab, &server, &app, "crew[bot]");
    let given = server.people(|repo| repo.given.clone());
    assert_eq!(given.len(), 2, "one to look whether it works, and one of the daemon");
    is_nowhere(&lab, "ghs_invented");
    is_nowhere(&lab, pem.lines().nth(3).unwrap());
}

#[test]
fn each_source_that_fails_says_what_to_do() {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let (lab, outside) = (Lab::new(NOSY, &[]), tempfile::tempdir().unwrap());
    let url = server.url();
    let fails = |source: &[&str], words: &str| {
        let connect = ["github", "connect", "acme/shop", "--api", &url];
        lab.fails(&[&connect, source].concat(), 1, words);
    };
    let file = own_file(&outside, "no token at all\n");
    let from_file = format!("file:{file}");
    fails(&["--token-from", "env:NONE"], "NONE is not set");
    fails(&["--token-from", "secret:none"], "there is no secret `none`");
    fails(&["--token-from", &from_file], "is none");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    fails(&["--token-from", &from_file], "others may read");
    fails(&["--token-from", "file:/nowhere/at/all"], "/nowhere/at/all");
    let app = ["--app", "12345", "--trust", "boss", "--app-key"];
    fails(&[&app[..], &["secret:none"]].concat(), "there is no secret `none`");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fails(&[&app[..], &[&from_file]].concat(), "no private key");
    keep(&lab, "old", "github_pat_taken_back");
    fails(&["--token-from", "secret:old"], "does not accept the token");
    let team = fs::read_to_string(lab.repo().join(".crew/team.toml")).unwrap();
    assert!(!team.contains("[github]"), "nothing was written");

    // The daemon says the same, and goes on when it is put right.
    keep(&lab, "github", GITHUB_TOKEN);
    lab.ok(&["github", "connect", "acme/shop", "--api", &url, "--token-from", "secret:github"]);
    lab.git(&["commit", "--quiet", "--all", "--message", "connected"]);
    lab.ok(&["secret", "rm", "github"]);
    let _daemon = lab.up();
    let trouble = lab.wait("the daemon says why", || {
        lab.crew(&["github", "sync"]);
        lab.json(&["github", "status"])["trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("there is no secret `github`\nhint: `crew secret set"), "{trouble}");
    keep(&lab, "github", GITHUB_TOKEN);
    lab.wait("GitHub answers", || {
        lab.crew(&["github", "sync"]);
        lab.json(&["github", "status"])["asked_at"].as_u64()
    });
}
