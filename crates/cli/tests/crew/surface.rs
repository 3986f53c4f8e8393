//! What holds for all commands: help, exit codes, JSON, pipes; and those that need no daemon.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn help_says_how_it_ends() {
    let sandbox = Sandbox::new();
    let help = sandbox.crew(&["--help"]).exits(0);
    for line in [
        "0   it did",
        "1   it failed",
        "2   it was called",
        "3   it was refused",
        "4   the daemon",
        "10  something waits",
    ] {
        assert!(help.out.contains(line), "{line}: {help:?}");
    }
    for ours in ["  shim", "  native", "  confine"] {
        assert!(!help.out.contains(ours), "{help:?}");
    }
    for arguments in [&["nonsense"][..], &[], &["task", "add"], &["approve", "x"]] {
        let said = sandbox.crew(arguments).exits(2);
        assert!(said.out.is_empty(), "{said:?}");
    }
    assert!(!sandbox.home.exists());
}

#[test]
fn every_command_speaks_json() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["task", "add", "one"]).exits(0);
    let documents: &[&[&str]] = &[
        &["up"],
        &["open"],
        &["status"],
        &["task", "list"],
        &["task", "show", "1"],
        &["task", "pause", "1"],
        &["task", "resume", "1"],
        &["task", "add", "two"],
        &["inbox"],
        &["journal"],
        &["search", "one"],
        &["team", "check"],
        &["trash", "list"],
        &["doctor"],
        &["init"],
        &["estop"],
        &["estop", "--release"],
        &["approve", "1"],
        &["reject", "1", "no"],
        &["task", "edit", "1", "--title", "x"],
    ];
    for arguments in documents {
        assert!(sandbox.json(arguments).is_object(), "{arguments:?}");
    }
    let stream = sandbox.crew(&["run", "--until-idle", "--json"]).exits(10);
    assert!(stream.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(sandbox.json(&["task", "cancel", "2"]).is_object());
    let missing = sandbox.crew(&["task", "show", "9", "--json"]).fails(3, "no task");
    assert!(missing.out.is_empty(), "{missing:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_accident() {
    let sandbox = Sandbox::with_project();
    for n in 0..40 {
        let body = "x".repeat(4_000);
        sandbox.crew(&["task", "add", &format!("t{n}"), "--body", &body]).exits(0);
    }
    for arguments in [&["journal", "--json"][..], &["journal", "-f", "--after", "0"], &["--help"]] {
        let mut child = sandbox.command(arguments).stdin(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        assert!(said.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
fn a_team_is_checked_without_a_daemon() {
    let sandbox = Sandbox::new();
    sandbox.crew(&["team", "check"]).fails(1, "team.toml");
    let file = sandbox.dir.path().join("team.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        sandbox.crew(&["team", "check", file.to_str().unwrap()])
    };
    let good = check(crew_core::team::DEFAULT_TEAM).exits(0);
    for part in ["stage ", "needs-review", "human", "one task at worst: 40 runs", "`main` (no-ff)"]
    {
        assert!(good.out.contains(part), "{part}: {good:?}");
    }
    assert!(good.err.is_empty(), "{good:?}");
    let free = crew_core::team::DEFAULT_TEAM
        .replace("owner = \"human\"", "owner = \"architect\"")
        .replace("gates = [{ human = true }]", "gates = []");
    let warned = check(&free).exits(0);
    assert!(warned.err.contains("without a human's approval"), "{warned:?}");

    let typo = check(&crew_core::team::DEFAULT_TEAM.replace("quiet_minutes", "quiet_minute"));
    let typo = typo.fails(1, "quiet_minute");
    assert!(typo.err.contains("did you mean `quiet_minutes`?"), "{typo:?}");
    assert!(typo.err.contains(&format!("{}:6: ", file.display())), "{typo:?}");
    let two = crew_core::team::DEFAULT_TEAM
        .replace("provider = \"native\"\nagents = 3", "provider = \"nobody\"")
        .replace("back = \"backlog\"", "back = \"nowhere\"");
    let two = check(&two).fails(1, "no provider `nobody`");
    assert!(two.err.contains("no stage `nowhere`"), "all mistakes at once: {two:?}");
    let path = file.to_str().unwrap();
    let said = sandbox.crew(&["team", "check", path, "--json"]).exits(1).json();
    assert_eq!(said["ok"], false);
    let problems = said["problems"].as_array().unwrap();
    let mut keys: Vec<_> = problems.iter().map(|it| it["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["roles.engineer.provider", "stages.needs-architecture.back"], "{said}");
    assert!(!sandbox.home.exists(), "no daemon was started");
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let sandbox = Sandbox::with_project();
    let well = sandbox.json(&["doctor"]);
    assert_eq!(well["ok"], true);
    let abouts: Vec<&str> = well["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["about"].as_str().unwrap())
        .collect();
    for about in ["git", "identity", "home", "disk", "daemon"] {
        assert!(abouts.contains(&about), "{about}: {well}");
    }
    let team = sandbox.repo.join(".crew/team.toml");
    let keyed = std::fs::read_to_string(&team).unwrap().replace("\"playbook\"", "\"anthropic\"");
    std::fs::write(&team, keyed).unwrap();
    let key = sandbox.crew(&["doctor"]).exits(0);
    assert!(key.out.contains("warn  key") && key.out.contains("ANTHROPIC_API_KEY is not set"));
    let output = sandbox.command(&["doctor"]).env("ANTHROPIC_API_KEY", "k").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("ANTHROPIC_API_KEY is set"), "{said}");

    let file = sandbox.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let bad = sandbox.crew(&["doctor", "--home", file.join("home").to_str().unwrap()]).exits(1);
    assert!(bad.out.contains("fail  home") && bad.out.contains("hint: "), "{bad:?}");
    let output = sandbox.command(&["doctor"]).env("PATH", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("fail  git"));
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let said = sandbox.crew(&["completions", shell]).exits(0);
        assert!(said.out.contains("crew") && said.out.contains("estop"), "{shell}");
    }
    sandbox.crew(&["completions", "csh-of-old"]).exits(2);
}

#[test]
fn what_claude_code_printed_is_replayed() {
    let sandbox = Sandbox::new();
    let recorded =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/tests/transcripts/claude/2.1.329");
    let check = |name: &str, code: &str, verdict: &str| {
        let file = format!("{recorded}/{name}.ndjson");
        let replay = ["--json", "provider", "replay", "claude", &file, "--exit-code", code];
        let said = sandbox.crew(&replay).exits(0);
        let lines: Vec<Value> =
            said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (last, events) = lines.split_last().unwrap();
        assert_eq!(last["verdict"], verdict, "{name}: {last}");
        assert!(events.iter().all(|event| event["type"].is_string()), "{events:?}");
        let people = sandbox.crew(&replay[1..]).exits(0);
        assert!(people.out.lines().last().unwrap().starts_with("verdict: "), "{people:?}");
        last.clone()
    };
    check("tools-bypass", "0", "done");
    // Its exit code says that all was well.
    check("kill-sigint-during-bash", "0", "failed");
    assert_eq!(check("credit-400", "1", "failed")["class"], "billing");
    assert_eq!(check("ratelimit-midtool-oauth", "1", "limited")["until"], 1_795_217_893_000_u64);
    check("kill-sigkill-during-bash", "-9", "cut");
    let usage = &check("tools-bypass", "0", "done")["usage"];
    assert!(usage["output_tokens"].as_u64().is_some_and(|tokens| tokens > 0), "{usage}");
    let said = sandbox.crew(&["provider", "replay", "claude", "no-such-file"]).exits(1);
    assert!(said.err.contains("hint: "), "{said:?}");
}

#[test]
fn what_others_printed_is_replayed_with_what_they_said_beside_it() {
    let sandbox = Sandbox::new();
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/tests/transcripts");
    let last = |provider: &str, name: &str, more: &[&str]| -> Value {
        let file = format!("{recorded}/{name}.ndjson");
        let replay = [&["--json", "provider", "replay", provider, &file][..], more].concat();
        let said = sandbox.crew(&replay).exits(0);
        serde_json::from_str(said.out.lines().last().unwrap()).unwrap()
    };
    // "… or try again at 11:41 PM": of the day on which the file was written.
    let limited = last("codex-exec", "codex/exec-0.169.0/usage-limit-429", &["--exit-code", "1"]);
    assert_eq!(limited["verdict"], "limited", "{limited}");
    assert!(limited["until"].is_u64(), "{limited}");
    let name = "claude/2.1.329/bypass-root-refused";
    let stderr = format!("{recorded}/{name}.stderr");
    let failed = last("claude", name, &["--exit-code", "1", "--stderr", &stderr]);
    assert_eq!(failed["verdict"], "failed", "{failed}");
    assert!(failed["message"].as_str().unwrap().contains("root"), "{failed}");
    let silent = ["provider", "replay", "claude", &stderr, "--stderr", "no-such-file"];
    assert!(sandbox.crew(&silent).exits(1).err.contains("hint: "));
}
