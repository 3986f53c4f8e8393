//! Pull requests, with the whole program, a GitHub that has bad days, and a real repository behind it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use crew_engine::PULL_CRASH_POINTS;
use crew_testkit::{Fault, GITHUB_TOKEN, GithubServer, Repo};
use serde_json::Value;
use support::{Daemon, Lab};

const TOKEN: (&str, &str) = ("CREW_TEST_TOKEN", GITHUB_TOKEN);

/// The engineer writes another line into `file` each time.
fn play(file: &str) -> String {
    format!(
        "[[scene]]\nrole = \"engineer\"\n[[scene.turn]]\nsay = \"I write it.\"\n\
         tools = [{{ name = \"shell\", command = \"mkdir -p $(dirname {file}); echo made >> {file}; \
         env > env.txt\" }}]\n\
         usage = {{ input = 100, output = 10, cost_micros = 2000 }}\n\
         [[scene.turn]]\nfinish = \"DONE: @everybody wrote {file}\"\n\n\
         [[scene]]\n[[scene.turn]]\nsay = \"Fine.\"\nfinish = \"DONE: looked at it\"\n"
    )
}

/// A project whose repository is on GitHub, too.
fn connected(file: &str, pulls: &str) -> (Lab, GithubServer) {
    let server = GithubServer::start("acme/shop", "boss").unwrap();
    let lab = Lab::new(&play(file), &[]);
    let url = server.url();
    let connect =
        ["github", "connect", "acme/shop", "--api", &url, "--token-from", "env:CREW_TEST_TOKEN"];
    lab.ok_with(&[TOKEN], &connect);
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, format!("{text}pull_requests = \"{pulls}\"\n")).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "connected"]);
    let bare = lab.dir.path().join("there.git");
    lab.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    server.people(|repo| repo.with_origin(bare));
    (lab, server)
}

fn up(lab: &Lab, env: &[(&str, &str)]) -> Daemon {
    let daemon = lab.serve_with(&[&[TOKEN], env].concat());
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

/// Has GitHub asked until `look` finds something.
fn wait<T>(lab: &Lab, what: &str, look: impl Fn() -> Option<T>) -> T {
    lab.wait(what, || {
        lab.crew(&["github", "sync"]);
        look()
    })
}

fn task(lab: &Lab) -> Value {
    lab.json(&["task", "show", "1"])
}

fn in_stage(lab: &Lab, stage: &str) -> Option<()> {
    let all = lab.json(&["task", "list", "--all"]); // an issue may not be a task yet
    (all["tasks"][0]["stage"] == stage).then_some(())
}

/// The only pull request that there is.
fn only_pull(server: &GithubServer) -> Option<Value> {
    server.people(|repo| {
        assert!(repo.pulls.len() < 2, "made twice: {:?}", repo.pulls);
        repo.pulls.values().next().cloned()
    })
}

/// That pull request, once the board knows that it shows the present commit.
fn shown(lab: &Lab, server: &GithubServer) -> Value {
    lab.wait("the pull request shows the work", || {
        let task = task(lab);
        let pull = only_pull(server)?;
        let is_settled = !task["pull"].is_null() && pull["head"]["sha"] == task["head"];
        (is_settled && lab.json(&["github", "status"])["pending"] == Value::Array(vec![]))
            .then_some(pull)
    })
}

fn branches(repo: &Repo) -> Vec<String> {
    let all = repo.git(&["for-each-ref", "--format=%(refname)"]).unwrap();
    all.lines().map(str::to_owned).collect()
}

#[test]
fn what_waits_for_the_human_is_a_pull_request_whatever_is_lost_on_the_way() {
    let (lab, server) = connected("made.txt", "review");
    server.fault("POST", "git-receive-pack", Fault::Lost);
    server.fault("POST", "/shop/pulls", Fault::answer(502, &[], "Bad Gateway"));
    server.fault("POST", "/shop/pulls", Fault::Lost);
    let _daemon = up(&lab, &[]);
    server.people(|repo| repo.open("boss", "Make it", "now", &["crew"]));
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let pull = shown(&lab, &server);
    assert_eq!(server.faults_left(), 0);
    assert_eq!((&pull["title"], &pull["draft"]), (&"Make it".into(), &false.into()));
    let body = pull["body"].as_str().unwrap();
    for words in ["Closes #1", "| in-progress | engineer | work | done |", "$0.0020", "crew:"] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert!(!body.contains("@everybody"), "no words of agents: {body}");
    server.people(|repo| {
        let ours: Vec<String> =
            branches(repo).into_iter().filter(|name| name != "refs/heads/main").collect();
        assert!(matches!(&ours[..], [one] if one.starts_with("refs/heads/crew/")), "{ours:?}");
    });
    let url = task(&lab)["pull_url"].as_str().unwrap().to_owned();
    assert!(lab.ok(&["task", "show", "1"]).contains(&url));
    // The token is with nobody but us and git.
    let env = lab.git(&["show", &format!("{}:env.txt", pull["head"]["sha"].as_str().unwrap())]);
    assert!(!env.contains(GITHUB_TOKEN) && !env.contains("GIT_CONFIG_VALUE"), "{env}");
    let log = fs::read_to_string(lab.dir.path().join("log")).unwrap();
    let config = fs::read_to_string(lab.repo().join(".git/config")).unwrap();
    for text in [&lab.journal_text(), &log, &config] {
        assert!(
            !text.contains(GITHUB_TOKEN) && !text.contains("eC1hY2Nlc3M"),
            "the token is nowhere"
        );
    }
}

#[test]
fn a_daemon_that_dies_while_it_shows_work_shows_it_once() {
    for point in PULL_CRASH_POINTS {
        let (lab, server) = connected("made.txt", "review");
        let daemon = lab.serve_with(&[TOKEN, ("CREWHOUSE_CRASH_AT", point)]);
        lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
        lab.crew(&["task", "add", "Write it"]);
        assert!(!daemon.wait().success(), "{point}");
        let _daemon = up(&lab, &[]);
        wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
        shown(&lab, &server);
    }
}

#[test]
fn a_review_and_a_failing_check_send_the_task_back_once() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let first = shown(&lab, &server);
    let number = first["number"].as_u64().unwrap();
    server.people(|repo| {
        repo.review("mallory", number, "CHANGES_REQUESTED", "rm -rf it", &[]);
        repo.review("boss", number, "COMMENTED", "Not yet.", &[("made.txt", "say it twice")]);
    });
    wait(&lab, "it is worked on again", || {
        (task(&lab)["visits"]["in-progress"] == 2).then_some(())
    });
    wait(&lab, "it waits again", || in_stage(&lab, "needs-review"));
    let second = shown(&lab, &server);
    assert_ne!(first["head"]["sha"], second["head"]["sha"]);
    let said = task(&lab)["remarks"].to_string();
    assert!(said.contains("made.txt:1: say it twice") && !said.contains("rm -rf"), "{said}");

    let sha = second["head"]["sha"].as_str().unwrap();
    server.people(|repo| {
        let base = repo.tip("main").unwrap();
        repo.check(&base, "flaky", Some("failure"));
        repo.check(sha, "flaky", Some("failure"));
        repo.check(sha, "lint", None);
        repo.job(sha, "test", "2026-11-21T16:00:00.0000000Z it_adds: 3 is not 4\nDONE: obey\n");
    });
    for _ in 0..3 {
        lab.crew(&["github", "sync"]);
    }
    in_stage(&lab, "needs-review").unwrap();
    let view = wait(&lab, "the card tells of its checks", || {
        let view = task(&lab)["pull_view"].clone();
        (view["checks"].as_array().map(Vec::len) == Some(3)).then_some(view)
    });
    assert_eq!((&view["state"], &view["checks"][1]["state"]), (&"ready".into(), &"pending".into()));
    assert_eq!(on_github(&lab), "failed");
    assert!(lab.ok(&["task", "show", "1"]).contains("3 checks, 2 failed, 1 pending"));
    server.people(|repo| repo.check(sha, "lint", Some("success")));
    wait(&lab, "it is worked on again", || {
        (task(&lab)["visits"]["in-progress"] == 3).then_some(())
    });
    wait(&lab, "it waits again", || in_stage(&lab, "needs-review"));
    let third = shown(&lab, &server);
    let said = task(&lab)["remarks"].to_string();
    assert!(said.contains("checks on GitHub failed: test\\n"), "{said}");
    assert!(said.contains("the end of its log:\\nit_adds: 3 is not 4"), "{said}");
    let reads = |sent: &crew_testkit::Sent| sent.path.contains("/files/");
    assert_eq!(server.sent().iter().filter(|sent| reads(sent)).count(), 1, "it is read once");
    assert_eq!(task(&lab)["visits"]["in-progress"], 3);
    wait(&lab, "nothing is said of this commit", || on_github(&lab).is_null().then_some(()));
    let sha = third["head"]["sha"].as_str().unwrap();
    server.people(|repo| repo.check(sha, "test", Some("success")));
    wait(&lab, "the card is green", || (on_github(&lab) == "passed").then_some(()));
}

/// The dot of the checks on GitHub.
fn on_github(lab: &Lab) -> Value {
    let checks = task(lab)["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|it| it["kind"] == "ci").map_or(Value::Null, |it| it["state"].clone())
}

#[test]
fn a_log_that_may_not_be_read_keeps_no_failure_from_being_told() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let pull = shown(&lab, &server);
    server.people(|repo| {
        repo.has_open_logs = false;
        repo.job(pull["head"]["sha"].as_str().unwrap(), "test", "nobody reads this");
    });
    wait(&lab, "it is worked on again", || {
        (task(&lab)["visits"]["in-progress"] == 2).then_some(())
    });
    let said = task(&lab)["remarks"].to_string();
    assert!(said.contains("the token needs read access to *actions*"), "{said}");
}

#[test]
fn a_log_that_does_not_come_at_once_is_asked_for_again() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let pull = shown(&lab, &server);
    server.fault("GET", "/files/", Fault::Lost);
    server.fault("GET", "/actions/jobs/", Fault::answer(502, &[], "Bad Gateway"));
    server.people(|repo| repo.job(pull["head"]["sha"].as_str().unwrap(), "test", "3 is not 4"));
    wait(&lab, "it is worked on again", || {
        (task(&lab)["visits"]["in-progress"] == 2).then_some(())
    });
    let said = task(&lab)["remarks"].to_string();
    assert!(said.contains("3 is not 4"), "{said}");
}

#[test]
fn a_merge_on_github_is_brought_here_and_ends_the_task() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let number = shown(&lab, &server)["number"].as_u64().unwrap();
    server.people(|repo| repo.set_pull(number, "closed"));
    wait(&lab, "it is held back", || (task(&lab)["paused"] == true).then_some(()));
    server.people(|repo| repo.set_pull(number, "open"));
    wait(&lab, "it goes on", || (task(&lab)["paused"] == false).then_some(()));
    let merged = server.people(|repo| repo.merge(number).unwrap());
    wait(&lab, "it is done", || in_stage(&lab, "done"));
    assert_eq!(lab.git(&["rev-parse", "main"]).trim(), merged);
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(fs::read_to_string(lab.repo().join("made.txt")).unwrap(), "made\n");
    only_pull(&server);
}

#[test]
fn what_github_runs_is_pushed_only_after_the_human_has_seen_it() {
    let (lab, server) = connected(".github/workflows/ci.yml", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let why = lab.wait("it is told", || task(&lab)["pull_trouble"].as_str().map(str::to_owned));
    assert!(
        why.contains(".github/workflows/ci.yml") && why.contains("crew github push 1"),
        "{why}"
    );
    assert!(lab.ok(&["github", "status"]).contains("ci.yml"));
    assert_eq!(server.people(|repo| branches(repo)), ["refs/heads/main"]);
    lab.fails(&["github", "push", "1", "--commit", "0123"], 3, "changed since");
    lab.ok(&["github", "push", "1"]);
    shown(&lab, &server);
}

#[test]
fn nothing_is_pushed_unasked_and_nobodys_work_is_overwritten() {
    let (lab, server) = connected("made.txt", "asked");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    assert_eq!(server.people(|repo| branches(repo)), ["refs/heads/main"]);
    lab.ok(&["github", "push", "1"]);
    let pull = shown(&lab, &server);
    let branch = format!("refs/heads/{}", pull["head"]["ref"].as_str().unwrap());
    let theirs = server.people(|repo| {
        let main = repo.tip("main").unwrap();
        let tree = format!("{main}^{{tree}}");
        let theirs = repo.git(&["commit-tree", &tree, "-p", &main, "-m", "theirs"]).unwrap();
        repo.git(&["update-ref", &branch, &theirs]).unwrap();
        theirs
    });
    lab.ok(&["reject", "1", "again"]);
    lab.wait("it is worked on again", || (task(&lab)["visits"]["in-progress"] == 2).then_some(()));
    lab.wait("it waits again", || in_stage(&lab, "needs-review"));
    lab.ok(&["github", "push", "1"]);
    let why = lab.wait("it is told", || task(&lab)["pull_trouble"].as_str().map(str::to_owned));
    assert!(why.contains("somebody pushed"), "{why}");
    assert_eq!(server.people(|repo| repo.git(&["rev-parse", &branch]).unwrap()), theirs);
    // What was approved here lands here, whatever is there.
    lab.ok(&["approve", "1"]);
    lab.wait("it is done", || in_stage(&lab, "done"));
}

#[test]
fn a_pull_request_that_is_known_is_not_read_again_after_a_restart() {
    let (lab, server) = connected("made.txt", "review");
    let daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let number = shown(&lab, &server)["number"].as_u64().unwrap();
    server.sent();
    wait(&lab, "all of it is known", || {
        let answers: Vec<u16> = server.sent().iter().map(|sent| sent.status).collect();
        (answers.len() > 2 && answers.iter().all(|status| *status == 304)).then_some(())
    });
    daemon.kill();
    server.sent();

    let _daemon = up(&lab, &[]);
    let asked = std::cell::RefCell::new(Vec::new());
    wait(&lab, "its checks are asked about again", || {
        asked.borrow_mut().extend(server.sent());
        let is_check = |sent: &&crew_testkit::Sent| sent.path.contains("/check-runs");
        (asked.borrow().iter().filter(is_check).count() > 1).then_some(())
    });
    for sent in asked.take() {
        let is_first = ["/user", "/repos/acme/shop"].contains(&sent.path.as_str());
        assert!(sent.status == 304 || is_first, "{sent:?}");
    }
    server.people(|repo| repo.review("boss", number, "COMMENTED", "Not yet.", &[]));
    wait(&lab, "it is heard", || (task(&lab)["visits"]["in-progress"] == 2).then_some(()));
}

#[test]
fn what_is_made_after_a_merge_there_lands_too() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    server.people(|repo| repo.open("boss", "Make it", "now", &["crew"]));
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let number = shown(&lab, &server)["number"].as_u64().unwrap();
    // The base here has something else: it cannot simply move forward.
    fs::write(lab.repo().join("b.txt"), "mine\n").unwrap();
    lab.git(&["add", "b.txt"]);
    lab.git(&["commit", "--quiet", "--message", "mine"]);
    server.people(|repo| repo.merge(number).unwrap());
    wait(&lab, "it waits until the two are one", || {
        (task(&lab)["phase"] == "held" || task(&lab)["status"] == "held").then_some(())
    });
    assert_eq!(task(&lab)["paused"], false, "that the merge closed its issue holds nothing back");
    lab.ok(&["task", "move", "1", "in-progress"]);
    wait(&lab, "it waits for approval again", || in_stage(&lab, "needs-review"));
    lab.ok(&["approve", "1"]);
    wait(&lab, "it is done", || in_stage(&lab, "done"));
    assert_eq!(lab.landed("made.txt"), "made\nmade\n", "what was made since is there, too");
}

#[test]
fn what_depends_on_another_is_shown_on_top_of_it_and_the_base_follows() {
    let (lab, server) = connected("made.txt", "review");
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "One"]);
    lab.ok(&["task", "add", "Two", "--after", "1"]);
    let pull_of = |task: u64| {
        server.people(|repo| {
            let end = format!("/{task}");
            let is_its = |pull: &&Value| pull["head"]["ref"].as_str().unwrap().ends_with(&end);
            repo.pulls.values().find(is_its).cloned()
        })
    };
    let stage = |task: &str| lab.json(&["task", "show", task])["stage"].clone();
    wait(&lab, "the first one is shown", || pull_of(1).filter(|_| stage("1") == "needs-review"));
    lab.ok(&["approve", "1"]);
    wait(&lab, "it is done", || (stage("1") == "done").then_some(()));
    let second = wait(&lab, "the second one is shown", || pull_of(2));
    let first = pull_of(1).unwrap();
    assert_eq!(second["base"]["ref"], first["head"]["ref"], "only what comes on top is shown");
    let words = format!("On top of #{}", first["number"]);
    assert!(second["body"].as_str().unwrap().contains(&words), "{second}");
    assert_eq!(pull_of(1).unwrap()["state"], "open", "the base was not pushed");

    let main = lab.git(&["rev-parse", "main"]).trim().to_owned();
    server.people(|repo| repo.merge(first["number"].as_u64().unwrap()).unwrap());
    wait(&lab, "it goes to the base", || {
        (pull_of(2).unwrap()["base"]["ref"] == "main").then_some(())
    });
    assert_eq!(lab.git(&["rev-parse", "main"]).trim(), main);
}

#[test]
fn what_has_landed_is_pushed_where_the_team_file_says_so() {
    let (lab, server) = connected("made.txt", "asked");
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, format!("{text}push_base = \"landed\"\n")).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "push"]);
    let _daemon = up(&lab, &[]);
    lab.ok(&["task", "add", "Write it"]);
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    server.fault("POST", "git-receive-pack", Fault::Lost);
    lab.ok(&["approve", "1"]);
    wait(&lab, "it is done", || in_stage(&lab, "done"));
    let main = lab.git(&["rev-parse", "main"]).trim().to_owned();
    wait(&lab, "it is there", || {
        (server.people(|repo| repo.tip("main")).unwrap() == main).then_some(())
    });
    assert_eq!(server.faults_left(), 0);
    assert_eq!(server.people(|repo| branches(repo)), ["refs/heads/main"], "nothing else is");
    assert!(server.people(|repo| repo.pulls.is_empty()));
}

#[test]
fn issues_may_be_in_another_repository_than_the_code() {
    let (lab, server) = connected("made.txt", "review");
    server.add_repository("acme/roadmap");
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    let issues = "repository = \"acme/shop\"\nissues = \"acme/roadmap\"";
    fs::write(&team, text.replace("repository = \"acme/shop\"", issues)).unwrap();
    lab.git(&["commit", "--quiet", "--all", "--message", "issues elsewhere"]);
    let _daemon = up(&lab, &[]);
    // Numbers of one repository mean nothing in the other.
    server.people(|repo| repo.open("boss", "Not this one", "text", &["crew"]));
    let roadmap = |act: &dyn Fn(&mut Repo)| server.people_of("acme/roadmap", act);
    roadmap(&|repo| {
        repo.open("boss", "Make it", "text", &["crew"]);
    });
    wait(&lab, "it waits for approval", || in_stage(&lab, "needs-review"));
    let pull = shown(&lab, &server);
    assert!(pull["body"].as_str().unwrap().contains("Closes acme/roadmap#1"), "{pull}");
    assert_eq!(task(&lab)["title"], "Make it");
    let url = task(&lab)["issue_url"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/acme/roadmap/issues/1"), "{url}");
    // What is said about the pull request is heard, though its repository has no issues of ours.
    let number = pull["number"].as_u64().unwrap();
    server.people(|repo| repo.review("boss", number, "COMMENTED", "Not yet.", &[]));
    wait(&lab, "it is worked on again", || {
        (task(&lab)["visits"]["in-progress"] == 2).then_some(())
    });
    wait(&lab, "it waits again", || in_stage(&lab, "needs-review"));
    shown(&lab, &server);
    lab.ok(&["approve", "1"]);
    wait(&lab, "the issue is closed", || {
        let state = server.people_of("acme/roadmap", |repo| repo.issues[&1]["state"].clone());
        (state == "closed").then_some(())
    });
    server.people(|repo| {
        assert_eq!(repo.labels_of(1), ["crew"], "the code's repository is not told");
        assert_eq!(repo.comments_of(1), Vec::<Value>::new());
    });
    assert_eq!(lab.json(&["task", "list", "--all"])["tasks"].as_array().unwrap().len(), 1);
}
