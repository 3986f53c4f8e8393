//! Bad places, bad files and bad agents: each is said with what to do about it, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use support::{Lab, NO_SANDBOX, simple_play};

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn mkfifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_bad_place_is_said_with_what_to_do() {
    let lab = Lab::empty();
    let make = |name: &str, git: &[&[&str]]| {
        let path = lab.dir.path().join(name);
        fs::create_dir(&path).unwrap();
        for arguments in git {
            lab.git(&[&["-C", path.to_str().unwrap()], *arguments].concat());
        }
        path
    };
    let commit: &[&str] = &["commit", "--quiet", "--allow-empty", "--message", "start"];
    let cases = [
        (make("nothing", &[]), "not inside a git repository"),
        (make("bare", &[&["init", "--quiet", "--bare"]]), "bare repository"),
        (make("empty", &[&["init", "--quiet"]]), "no commit yet"),
        (
            make("detached", &[&["init", "--quiet"], commit, &["checkout", "--quiet", "--detach"]]),
            "HEAD is detached",
        ),
    ];
    for (place, words) in &cases {
        lab.fails_in(place, &["init"], 1, words);
        assert!(!place.join(".crew").exists(), "{words}: nothing was written");
    }
    assert!(!lab.home().exists(), "and no daemon was started");
    let _daemon = lab.up();
    for (place, words) in &cases[..3] {
        lab.fails_in(place, &["task", "add", "x"], 1, words);
    }
    lab.fails(&["task", "add", "x"], 3, "is not under Crewhouse");
    let nowhere = lab.dir.path().join("nowhere");
    lab.fails(&["--project", nowhere.to_str().unwrap(), "task", "add", "x"], 3, "no project");
}

#[test]
fn a_team_file_with_a_mistake_is_said_with_its_line() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let file = lab.repo().join(".crew/team.toml");
    let good = fs::read_to_string(&file).unwrap();
    let line_of = |text: &str, needle: &str| {
        let line = text.lines().position(|line| line.contains(needle)).unwrap() + 1;
        format!("line {line}")
    };
    let syntax = [
        ("retries = 2", "retrys = 2", "unknown field `retrys`"),
        ("[budget]", "[budget", "line"),
        ("[budget]", "[budgets]", "unknown field `budgets`"),
        ("wip = 3", "wip = \"three\"", "invalid type"),
        ("wip = 3", "wip = -3", "invalid value"),
        ("wip = 3", "wip = 3\nwip = 4", "duplicate key"),
        ("wip = 3", "wip = = 3", "line"),
    ];
    for (from, to, words) in syntax {
        let bad = good.replacen(from, to, 1);
        fs::write(&file, &bad).unwrap();
        let said = lab.fails(&["team", "check"], 1, words);
        let line = line_of(&bad, to.lines().last().unwrap());
        assert!(said.contains(&line), "{to} is in {line}: {said}");
    }
    let meaning = [
        ("owner = \"pm\"", "owner = \"boss\"", "there is no role `boss`"),
        ("next = [\"done\"]", "next = [\"dne\"]", "there is no stage `dne`"),
        ("run_usd = 3.00", "run_usd = -1.0", "budget.run_usd"),
    ];
    for (from, to, words) in meaning {
        fs::write(&file, good.replacen(from, to, 1)).unwrap();
        lab.fails(&["team", "check"], 1, words);
    }
    let put: [(&dyn Fn(), &str); 5] = [
        (&|| fs::write(&file, b"\xff\xfe\0").unwrap(), "not UTF-8"),
        (&|| fs::write(&file, "#".repeat(1_100_000)).unwrap(), "larger than 1 MiB"),
        (&|| fs::create_dir(&file).unwrap(), "no plain file"),
        (&|| mkfifo(&file), "no plain file"),
        (&|| symlink("/dev/zero", &file).unwrap(), "no plain file"),
    ];
    let _daemon = lab.up();
    for (put, words) in put {
        fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).unwrap();
        put();
        lab.fails(&["team", "check"], 1, words);
        lab.fails(&["init"], 1, words);
        lab.wait_for(words); // the daemon says it too, and does not hang
        let status = lab.ok(&["status"]);
        assert!(status.contains("team.toml"), "{status}");
    }
    fs::remove_file(&file).unwrap();
    lab.fails(&["team", "check"], 1, "cannot be read");
    fs::write(&file, &good).unwrap();
    lab.ok(&["team", "check"]);
    lab.wait_for("team_loaded");
    assert_eq!(lab.count(|body| body["event"] == "team_refused"), 4, "each is told once");
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

#[test]
fn hooks_filters_submodules_and_a_nameless_user_are_no_obstacle() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    // Nobody has told git who the user is, and git must not guess.
    fs::write(lab.dir.path().join(".gitconfig"), "[user]\n\tuseConfigOnly = true\n").unwrap();
    lab.git(&["config", "protocol.file.allow", "always"]);
    let sub = lab.dir.path().join("sub");
    let sub = sub.to_str().unwrap();
    lab.git(&["init", "--quiet", sub]);
    lab.git(&["-C", sub, "commit", "--quiet", "--allow-empty", "--message", "start"]);
    lab.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub, "module"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    fs::write(lab.repo().join("big.bin"), pointer).unwrap();
    fs::write(lab.repo().join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n")
        .unwrap();
    lab.git(&["add", "--all"]);
    lab.git(&["commit", "--quiet", "--message", "a submodule and a pointer"]);
    let ran = lab.dir.path().join("ran");
    for hook in [
        "pre-commit",
        "commit-msg",
        "prepare-commit-msg",
        "post-commit",
        "pre-merge-commit",
        "post-merge",
        "post-checkout",
        "pre-rebase",
        "reference-transaction",
        "post-index-change",
        "pre-auto-gc",
    ] {
        let text = format!("#!/bin/sh\necho {hook} >> '{}'\nsleep 600\nexit 1\n", ran.display());
        executable(&lab.repo().join(".git/hooks").join(hook), &text);
    }
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(lab.landed("big.bin"), pointer);
    assert!(!ran.exists(), "{}", fs::read_to_string(&ran).unwrap_or_default());
    assert!(lab.git(&["ls-tree", "main", "module"]).starts_with("160000 commit"));
    assert_eq!(lab.git(&["log", "-1", "--format=%an", "main"]).trim(), "crew (Crewhouse)");
}

/// What stands in the way of a task is told to the human, and the work goes on when it is gone.
#[test]
fn what_is_in_the_way_is_said_and_then_gone() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let asks = |words: &str| {
        lab.wait(words, || lab.ok(&["inbox"]).contains(words).then_some(()));
        let inbox = lab.json(&["inbox"]);
        let items = inbox["items"].as_array().unwrap();
        let item = items.iter().find(|item| item.to_string().contains(words)).unwrap().clone();
        assert!(item.to_string().contains("hint: "), "{item}");
        format!("a{}", item["ask"])
    };
    // A branch of that name is somebody else's work.
    lab.git(&["switch", "--quiet", "--create", "crew/1"]);
    fs::write(lab.repo().join("theirs.txt"), "theirs\n").unwrap();
    lab.git(&["add", "--all"]);
    lab.git(&["commit", "--quiet", "--message", "theirs"]);
    lab.git(&["switch", "--quiet", "main"]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let ask = asks("`crew/1` cannot be created: the name is taken");
    lab.git(&["branch", "--move", "crew/1", "theirs"]);
    lab.ok(&["answer", &ask, "try again"]);
    lab.wait_for("\"phase\":\"approving\"");
    // The user's HEAD is on no branch; the base branch moves all the same, and HEAD does not.
    lab.git(&["switch", "--quiet", "--detach"]);
    let head = lab.git(&["rev-parse", "HEAD"]);
    lab.ok(&["approve", "1"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(lab.git(&["rev-parse", "HEAD"]), head);
    assert!(!lab.git(&["ls-tree", "-r", "--name-only", "main"]).contains("theirs"));
    assert_eq!(lab.git(&["show", "theirs:theirs.txt"]), "theirs\n");

    // The playbook is gone: the provider has nothing to start its agent with.
    let play = lab.repo().join(".crew/play.toml");
    let text = fs::read_to_string(&play).unwrap();
    fs::remove_file(&play).unwrap();
    lab.ok(&["task", "add", "Make it"]);
    let ask = asks("play.toml");
    fs::write(&play, text).unwrap();
    lab.ok(&["answer", &ask, "try again"]);
    lab.run();
    assert_eq!(lab.json(&["task", "show", "2"])["status"]["word"], "done");

    // A filter of the repository runs a program that is not there.
    lab.git(&["switch", "--quiet", "main"]);
    lab.git(&["config", "filter.lfs.required", "true"]);
    fs::write(lab.repo().join(".gitattributes"), "*.bin filter=lfs\n").unwrap();
    fs::write(lab.repo().join("big.bin"), "pointer\n").unwrap();
    lab.git(&["-c", "filter.lfs.required=false", "add", "--all"]);
    lab.git(&["-c", "filter.lfs.required=false", "commit", "--quiet", "--message", "a pointer"]);
    lab.git(&["config", "filter.lfs.smudge", "no-such-program smudge"]);
    lab.git(&["config", "filter.lfs.clean", "no-such-program clean"]);
    lab.ok(&["task", "add", "Make it"]);
    let ask = asks("filter");
    lab.git(&["config", "--remove-section", "filter.lfs"]);
    lab.ok(&["answer", &ask, "try again"]);
    lab.run();
    assert_eq!(lab.landed("big.bin"), "pointer\n");
}

#[test]
fn a_mailbox_of_rubbish_is_set_aside_with_the_reasons() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    let shared = lab.repo().join(".crew/shared");
    lab.wait("the mailbox", || shared.join("triggers").is_dir().then_some(()));
    let secret = lab.dir.path().join("secret");
    fs::write(&secret, "what nobody may read\n").unwrap();
    let drop = |name: &str| shared.join("triggers").join(name);
    let aside = |name: &str| shared.join("triggers").join(format!("{name}.tmp"));
    fs::write(aside("huge"), "x".repeat(1_000_000)).unwrap();
    fs::write(aside("binary"), b"a\0b").unwrap();
    fs::write(aside("latin"), b"caf\xe9\n").unwrap();
    fs::write(aside("fields"), "ISSUE: soon\nhurry\n").unwrap();
    for name in ["huge", "binary", "latin", "fields"] {
        fs::rename(aside(name), drop(&format!("pm.{name}.trigger"))).unwrap();
    }
    symlink(&secret, drop("pm.link.trigger")).unwrap();
    symlink("nowhere", drop("pm.dangling.trigger")).unwrap();
    mkfifo(&drop("pm.pipe.trigger"));
    fs::create_dir(drop("pm.dir.trigger")).unwrap();
    fs::write(aside("half"), "Half a mess").unwrap(); // never renamed
    let gone = drop("pm.gone.trigger");
    fs::write(&gone, "gone").unwrap();
    fs::remove_file(&gone).ok(); // it may have been taken already
    fs::write(shared.join("responses/pm.response"), "DONE: x\nLABEL-UPDATED: soon\n").unwrap();
    let reasons = || {
        let list = fs::read_dir(shared.join("rejected")).ok()?;
        let paths = list.filter_map(|entry| Some(entry.ok()?.path()));
        let reasons = paths.filter(|path| path.extension().is_some_and(|it| it == "reason"));
        let reasons: Vec<String> = reasons.filter_map(|it| fs::read_to_string(it).ok()).collect();
        (reasons.len() == 9).then_some(reasons)
    };
    let reasons = lab.wait("all of it is set aside", reasons).join("\n");
    for words in
        ["larger than", "NUL", "UTF-8", "ISSUE", "symbolic link", "named pipe", "directory"]
    {
        assert!(reasons.contains(words), "{words}: {reasons}");
    }
    assert!(!reasons.contains("nobody may read"));
    assert!(aside("half").exists(), "who writes aside is left alone");
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

/// The engineer's tool writes what it likes into the output of its agent.
const GARBAGE: &str = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "Look: sk-ant-REAL \u001b]0;owned\u0007"
tools = [{ name = "shell", command = """
printf '\\033[2Jno json \\377\\376 hunter2-hunter2\\n{"type":\\n[]\\n{"type":"nonsense","deep":{"x":"\\033[31m"}}\\n\\n' >> /proc/$PPID/fd/1
head -c 300000 /dev/zero | tr '\\\\0' 'x' >> /proc/$PPID/fd/1
printf '\\nhalf a line hunter2-hunter2' >> /proc/$PPID/fd/1
echo; printf '\\033[31mtool says hunter2-hunter2\\n'
""" }]
[[scene.turn]]
say = "I write it."
tools = [{ name = "write", path = "made.txt", content = "made\n" }]
[[scene.turn]]
finish = "DONE: the key is hunter2-hunter2 \u001b[5m"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;

#[test]
fn an_agent_that_prints_garbage_and_keys_neither_breaks_nor_betrays_anything() {
    let key = format!("sk-ant-{}", "Abc123".repeat(8));
    let lab = Lab::new(&GARBAGE.replace("sk-ant-REAL", &key), &[NO_SANDBOX]);
    let daemon = lab.serve_with(&[("ANTHROPIC_API_KEY", "hunter2-hunter2")]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let engineer = lab.wait("the engineer", || {
        let task = lab.json(&["task", "show", "1"]);
        let runs = task["runs"].as_array()?;
        runs.iter().find(|run| run["role"] == "engineer")?["id"].as_u64()
    });
    let run = format!("r{engineer}");
    let live = lab.ok(&["log", "-f", &run]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n", "the work is done all the same");
    let raw = lab.home().join(format!("runs/{engineer}.1/out.ndjson"));
    let bytes = fs::read(&raw).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"\x1b[2J") && holds(b"\xff\xfe") && holds(key.as_bytes()), "it is as printed");
    assert_eq!(raw.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(live.contains("no json") && live.contains("tool says [hidden]"), "{live:.2000}");
    let shown = [
        live,
        lab.ok(&["log", &run]),
        lab.ok(&["--json", "log", &run]),
        lab.ok(&["task", "show", "1"]),
        lab.ok(&["--json", "task", "show", "1"]),
        lab.ok(&["journal"]),
        lab.journal_text(),
        lab.git(&["log", "--format=%B", "main"]),
    ];
    for text in &shown {
        assert!(!text.contains("hunter2") && !text.contains(&key), "{text:.2000}");
    }
    for text in &shown[..6] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:.2000}");
    }
    assert_eq!(lab.crew(&["log", "--raw", &run]).stdout, bytes, "raw is raw");
    drop(daemon);
}

/// A program that works in a worktree (a terminal, git's own maintenance) keeps it from being given
/// back only for as long as it is there.
#[test]
fn a_worktree_that_somebody_stands_in_is_given_back_when_they_leave() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.wait_for("\"phase\":\"approving\"");
    let worktree = lab.home().join("worktrees/1/1");
    let mut stranger = std::process::Command::new("sleep");
    let mut stranger = stranger.arg("600").current_dir(&worktree).spawn().unwrap();
    lab.ok(&["approve", "1"]);
    lab.wait_for("\"result\":\"merged\"");
    let log = || fs::read_to_string(lab.dir.path().join("log")).unwrap();
    lab.wait("it is in the way", || log().contains("is working in").then_some(()));
    assert!(worktree.join("made.txt").exists(), "nothing is taken from under them");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    lab.wait_for("\"result\":\"released\"");
    assert!(!worktree.exists());
}
