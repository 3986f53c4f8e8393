//! What a real agent of a real daemon, and the checks on what it wrote, can touch.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;

use crew_agent::sandbox::{Support, support};
use support::program::waits;
use support::{Lab, NO_SANDBOX};

/// The engineer tries everything, and writes down what went well; it leaves a process behind.
const BURGLAR: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
tools = [{ name = "shell", command = """
export agent=$PPID common=$(git rev-parse --git-common-dir)
try() { if sh -c "$2" >/dev/null 2>&1; then echo "$1" >> got; fi; }
try 'the key' 'cat ~/.ssh/id_ed25519'
try 'the token of the daemon' "cat $CREW_LAB_HOME/token"
try 'the database' "cat $CREW_LAB_HOME/crewhouse.db"
try 'the conversation of another' 'cat ../../../sessions/1-pm-0.jsonl'
try 'the checkout' 'echo x > "$common/../a.txt"'
try 'a hook' 'echo x > "$common/hooks/post-checkout"'
try 'the configuration' 'git config core.pager evil'
try 'another branch' 'git update-ref refs/heads/stolen HEAD'
try 'the environment of the agent' 'cat /proc/$agent/environ'
try 'tmp' 'echo x > /tmp/crew-burglar'
try 'the daemon' 'kill -0 $CREW_LAB_PID'
git status >/dev/null && git add --all && git -c user.name=e -c user.email=e@example.invalid commit -qm 'its own commit' --allow-empty || echo 'no commit' >> got
f=$(mktemp) && echo kept > $f || echo 'no temporary file' >> got
setsid sleep 600 >/dev/null 2>&1 &
echo all of it > tried
""" }]
[[scene.turn]]
tools = [{ name = "write", path = "made.txt", content = "made\n" }]
[[scene.turn]]
finish = "DONE: tried"

[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

fn has_sandbox() -> bool {
    match support() {
        Support::Full | Support::Partly { .. } => true,
        Support::Nothing { why } => {
            println!("not tested: {why}");
            false
        }
    }
}

fn burgled(edits: &[(&str, &str)]) -> Lab {
    let lab = Lab::new(BURGLAR, &[]);
    let team = lab.repo().join(".crew/team.toml");
    let mut text = fs::read_to_string(&team).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    fs::write(&team, text).unwrap();
    let play = lab.repo().join(".crew/play.toml");
    fs::create_dir(lab.dir.path().join(".ssh")).unwrap();
    fs::write(lab.dir.path().join(".ssh/id_ed25519"), "the key").unwrap();
    let daemon = lab.up();
    let known = BURGLAR
        .replace("$CREW_LAB_HOME", lab.home().to_str().unwrap())
        .replace("$CREW_LAB_PID", &daemon.pid().to_string());
    fs::write(play, known).unwrap();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(lab.landed("tried"), "all of it\n");
    lab.wait("all agents are gone", || lab.agents().is_empty().then_some(()));
    lab
}

#[test]
fn an_agent_that_tries_everything_gets_nothing_and_does_its_work() {
    if !has_sandbox() {
        return;
    }
    let lab = burgled(&[]);
    assert!(!lab.try_git(&["cat-file", "-e", "main:got"]), "got: {}", lab.landed("got"));
    let runs = fs::read_dir(lab.home().join("runs")).unwrap();
    let left = runs.filter(|run| run.as_ref().unwrap().path().join("tmp").exists()).count();
    assert_eq!(left, 0, "what was temporary is gone");
}

/// The same burglar, let in, to see that it is one.
#[test]
fn without_a_sandbox_it_gets_what_the_user_has() {
    let lab = burgled(&[NO_SANDBOX]);
    let got = lab.landed("got");
    assert!(
        got.contains("the key") && got.contains("a hook") && got.contains("environment"),
        "{got}"
    );
}

#[test]
fn a_role_can_be_let_out_by_name_and_a_place_can_be_opened() {
    if !has_sandbox() {
        return;
    }
    let lab = burgled(&[("[worktree]", "[sandbox]\nread = [\"~/.ssh\"]\n\n[worktree]")]);
    assert_eq!(lab.landed("got"), "the key\n");
    let one = "[roles.engineer]\nsandbox = { read = [\"~/.ssh\"] }\n";
    let lab = burgled(&[("[roles.engineer]\n", one)]);
    assert_eq!(lab.landed("got"), "the key\n");
    let lab = burgled(&[("[roles.engineer]\n", "[roles.engineer]\nsandbox = false\n")]);
    assert!(lab.landed("got").contains("a hook"), "{}", lab.landed("got"));
}

/// It tries what it is refused, and says nothing about it.
const PUPIL: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
tools = [
    { name = "shell", command = "cat ~/data/x" },
    { name = "shell", command = "touch ~/data/new/y" },
    { name = "shell", command = "cat ~/.ssh/id_ed25519" },
    { name = "write", path = "made.txt", content = "made\n" },
]
[[scene.turn]]
finish = "DONE: tried"

[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

#[test]
fn what_was_refused_is_on_the_card_and_the_least_that_opens_it_is_proposed() {
    if !has_sandbox() {
        return;
    }
    let lab = Lab::new(PUPIL, &[]);
    for (directory, file) in [("data/new", "data/x"), (".ssh", ".ssh/id_ed25519")] {
        fs::create_dir_all(lab.dir.path().join(directory)).unwrap();
        fs::write(lab.dir.path().join(file), "x").unwrap();
    }
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let card = lab.ok(&["task", "show", "1"]);
    assert!(card.contains("~/data/x to read: was refused"), "{card}");
    assert!(card.contains("~/.ssh/id_ed25519 to read: was refused"), "{card}");
    let lesson = lab.ok(&["sandbox", "learn", "--role", "engineer"]);
    let expect = "[sandbox]\nread = [\n    \"~/data/x\", # engineer\n]\n\
                  write = [\n    \"~/data/new\", # engineer\n]\n";
    assert_eq!(lesson, expect, "and no secrets");
    assert_eq!(lab.ok(&["sandbox", "learn", "--role", "tester"]), "");
    let profile = lab.ok(&["sandbox", "profile", "r1"]);
    assert!(profile.contains("(deny default)") && profile.contains("worktrees/1/1"), "{profile}");
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, format!("{text}\n{lesson}")).unwrap();
    lab.ok(&["team", "check"]);
}

/// It is refused something, says so, and waits.
const ASKER: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
tools = [{ name = "shell", command = "cat ~/data/x" }]
[[scene.turn]]
tools = [{ name = "shell", command = "until cat ~/data/x 2>/dev/null >made.txt; do sleep 0.1; done" }]
[[scene.turn]]
tools = [{ name = "shell", command = "cat ~/data/z >> made.txt" }]
[[scene.turn]]
finish = "DONE: tried"

[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

#[test]
fn what_was_refused_is_asked_and_open_after_a_yes() {
    if !has_sandbox() {
        return;
    }
    let lab = Lab::new(ASKER, &[]);
    let data = lab.dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("x"), "the data\n").unwrap();
    fs::write(data.join("z"), "other data\n").unwrap();
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "The sandbox kept engineer from reading `~/data/x`");
    assert_eq!(item["options"], serde_json::json!(["allow", "deny"]));
    let ask = format!("a{}", item["ask"]);
    lab.fails(&["answer", &ask, "perhaps"], 3, "allow, deny");
    lab.ok(&["answer", &ask, "allow"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "the data\n", "that, and nothing else");
    let known = lab.ok(&["asks", "list"]);
    assert!(known.contains("~/data/x to read"), "{known}");
    let card = lab.ok(&["task", "show", "1"]);
    assert!(card.contains("You may read `~/data/x` now."), "{card}");
    lab.ok(&["asks", "forget", &ask]);
    assert!(!lab.ok(&["asks", "list"]).contains("~/data/x"));
}

/// A check runs what an agent wrote.
#[test]
fn a_check_is_no_way_out() {
    if !has_sandbox() {
        return;
    }
    let check =
        "gates = [{ check = \"! cat ~/.ssh/id_ed25519 && ! touch ../outside && touch inside\" }]";
    burgled(&[("gates = []", check)]);
}
