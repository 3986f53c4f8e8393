//! A team at work, as a user sees it: the real program, shims, agents and git.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::program::waits;
use support::{Lab, NO_SANDBOX, show, simple_play};

fn is(event: &'static str) -> impl Fn(&Value) -> bool {
    move |body| body["event"] == event
}

fn said(words: &'static str) -> impl Fn(&Value) -> bool {
    move |body| body["words"]["words"] == words
}

#[test]
fn an_idea_becomes_a_merged_change() {
    let lab = Lab::new(
        &simple_play("made.txt"),
        &[("gates = []", "gates = [{ check = \"grep made made.txt\" }]")],
    );
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it", "--criterion", "made.txt says made"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let checkout = fs::read_to_string(lab.repo().join("made.txt")).unwrap();
    assert_eq!(checkout, "made\n", "the clean checkout follows");
    assert_eq!(lab.git(&["status", "--porcelain"]), "");
    let authors = lab.git(&["log", "--format=%an", "main"]);
    assert!(authors.contains("engineer (Crewhouse)"), "{authors}");
    assert_eq!(lab.agents(), Vec::<u32>::new());
    let task = lab.json(&["task", "show", "1"]);
    assert!(task.to_string().contains("2000"), "the cost is on the card: {task}");
}

/// Clean, and on a branch of its own: a check there would say nothing about the task.
#[test]
fn who_looks_on_another_branch_does_not_take_the_check_along() {
    let away = "git checkout -q -b crew/x && echo other > made.txt && \
                git -c user.name=x -c user.email=x@y commit -qam other";
    let judge = format!(
        r#"
[[scene]]
role = "architect"
stage = "verdict"
[[scene.turn]]
tools = [{{ name = "shell", command = "{away}" }}]
[[scene.turn]]
finish = "DONE: looked at it\nVERDICT: pass\nEVIDENCE: read it"
{}"#,
        simple_play("made.txt")
    );
    let gates = "gates = [{ verdict = \"architect\" }, { check = \"grep -qx made made.txt\" }]";
    let lab = Lab::new(&judge, &[("gates = []", gates), NO_SANDBOX]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    let failed = lab.count(|body| body["result"]["passed"] == false);
    assert_eq!(failed, 0, "the check was of another branch");
    assert_eq!(lab.git(&["show", "crew/x:made.txt"]), "other\n", "what was done there is not lost");
}

#[test]
fn a_question_waits_for_its_answer_over_a_restart() {
    let play = r#"
[[scene]]
role = "pm"
[[scene.turn]]
say = "I ask."
tools = [{ name = "ask", text = "Red or blue?", options = ["red", "blue"] }]
[[scene.turn]]
finish = "DONE: it will be {answer}"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let lab = Lab::new(play, &[]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Paint it"]);
    lab.wait_for("Red or blue?");
    let waiting = lab.crew(&["run", "--until-idle"]);
    assert_eq!(waiting.status.code(), Some(10), "{}", show(&waiting));
    let before = lab.agents();
    daemon.kill();
    let _daemon = lab.up();
    assert_eq!(lab.agents(), before, "the agent lives on");
    assert!(lab.ok(&["inbox"]).contains("Red or blue?"));
    let wrong = lab.crew(&["answer", "a1", "green"]);
    assert!(!wrong.status.success());
    lab.ok(&["answer", "a1", "blue"]);
    let twice = lab.crew(&["answer", "a1", "red"]);
    assert_eq!(twice.status.code(), Some(3), "{}", show(&twice));
    lab.run();
    assert!(lab.journal_text().contains("it will be blue"));
}

#[test]
fn a_limit_is_waited_out_and_a_crash_is_gone_on_from() {
    let play = r#"
[[scene]]
role = "pm"
[[scene.turn]]
limit_s = 1
finish = "DONE: after the limit"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "Counting."
tools = [{ name = "shell", command = "echo once >> count.txt" }]
[[scene.turn]]
crash = true
say = "Again."
tools = [{ name = "shell", command = "echo twice >> count.txt" }]
[[scene.turn]]
finish = "DONE: counted"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let lab = Lab::new(play, &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Count"]);
    lab.run();
    assert_eq!(lab.landed("count.txt"), "once\ntwice\n");
    assert_eq!(lab.count(said("limited")), 1);
    let states = lab.journal_text();
    assert!(states.contains("\"state\":\"limited\""), "waiting is a state");
    assert!(states.contains("it exited with code 101"));
}

#[test]
fn who_says_nothing_is_flagged_and_ended() {
    let play = r#"
[[scene]]
role = "pm"
[[scene.turn]]
say = "Hm."
hang_s = 600
finish = "DONE: never"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let windows = [
        ("quiet_minutes = 5 ", "quiet_minutes = 0.01 "),
        ("silent_minutes = 20 ", "silent_minutes = 0.05 "),
        ("consults = 5 ", "consults = 0 "),
    ];
    let lab = Lab::new(play, &windows);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Think"]);
    lab.wait_for("\"event\":\"quiet\"");
    lab.wait_for("\"event\":\"silent\"");
    let inbox = lab.wait("the human is asked", || {
        let inbox = lab.ok(&["inbox"]);
        inbox.contains("nothing was heard").then_some(inbox)
    });
    assert!(inbox.contains("try again"), "{inbox}");
    assert_eq!(lab.agents(), Vec::<u32>::new());
}

#[test]
fn an_emergency_stop_ends_everything_and_holds_over_a_restart() {
    let play = r#"
[[scene]]
role = "pm"
visit = 1
[[scene.turn]]
say = "Busy."
tools = [{ name = "shell", command = "trap '' TERM; sleep 300 & setsid sleep 300 & sleep 2; echo did", timeout_s = 600 }]
[[scene.turn]]
finish = "DONE: fine"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let lab = Lab::new(
        play,
        &[("[roles.pm]\nprovider = \"native\"", "[roles.pm]\nprovider = \"native\"\nagents = 3")],
    );
    let daemon = lab.up();
    for title in ["One", "Two", "Three"] {
        lab.ok(&["task", "add", title]);
    }
    lab.wait("all are at work", || (lab.agents().len() >= 9).then_some(()));
    let begun = Instant::now();
    lab.ok(&["estop"]);
    lab.wait("all are gone", || lab.agents().is_empty().then_some(()));
    println!("stopped {} ms after the order", begun.elapsed().as_millis());
    daemon.kill();
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Four"]);
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(lab.agents(), Vec::<u32>::new(), "it stays stopped");
    lab.ok(&["estop", "--release"]);
    lab.run();
}

#[test]
fn pause_and_resume_keep_the_session() {
    let play = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "First."
tools = [{ name = "shell", command = "echo first >> steps.txt" }]
[[scene.turn]]
delay_ms = 1500
say = "Second."
tools = [{ name = "shell", command = "echo second >> steps.txt" }]
[[scene.turn]]
finish = "DONE: stepped"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let lab = Lab::new(play, &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Step"]);
    let spool = lab.home().join("runs/3.1/out.ndjson");
    lab.wait("the first step", || {
        fs::read_to_string(&spool).ok()?.contains("First.").then_some(())
    });
    lab.ok(&["task", "pause", "1"]);
    lab.wait_for("\"state\":\"paused\"");
    assert_eq!(lab.agents(), Vec::<u32>::new());
    lab.ok(&["task", "resume", "1"]);
    lab.run();
    assert_eq!(lab.landed("steps.txt"), "first\nsecond\n");
}

#[test]
fn what_a_cancelled_task_made_is_in_the_trash() {
    let play = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
say = "Work."
tools = [{ name = "write", path = "precious.txt", content = "do not lose me\n" }]
[[scene.turn]]
hang_s = 600
finish = "DONE: never"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let lab = Lab::new(play, &[]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Work"]);
    lab.wait("the file", || lab.home().join("worktrees/1/1/precious.txt").exists().then_some(()));
    lab.ok(&["task", "cancel", "1"]);
    lab.wait_for("\"result\":\"released\"");
    assert!(!lab.home().join("worktrees/1/1").exists());
    let trash = lab.json(&["trash", "list"]);
    let text = trash.to_string();
    assert!(text.contains("refs/crew/trash/"), "{text}");
    let reference = text.split('"').find(|part| part.starts_with("refs/crew/trash/")).unwrap();
    lab.ok(&["trash", "restore", reference, "--branch", "saved"]);
    assert_eq!(lab.git(&["show", "saved:precious.txt"]), "do not lose me\n");
}

#[test]
fn several_try_and_the_judge_chooses() {
    let play = r#"
[[scene]]
stage = "in-progress"
[[scene.turn]]
say = "I try."
tools = [{ name = "shell", command = "basename \"$PWD\" > tried.txt" }]
[[scene.turn]]
finish = "DONE: tried"
[[scene]]
role = "architect"
stage = "choose"
[[scene.turn]]
finish = "DONE: the second is better\nPICK: 2"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let mode = (
        "wip = 3",
        "wip = 3\nmode = \"best-of-n\"\nroles = [\"engineer\", \"marketing\"]\nn = 3\njudge = \"architect\"\n\
         gates = [{ check = \"! grep 1-1 tried.txt\" }]",
    );
    let lab = Lab::new(play, &[mode]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Try"]);
    lab.run();
    assert_eq!(lab.landed("tried.txt"), "1-2\n");
    let card = lab.ok(&["task", "show", "1"]);
    assert!(card.contains("candidate 1 is out: a check did not pass"), "{card}");
    let sessions = std::fs::read_dir(lab.home().join("sessions")).unwrap();
    let asked = sessions.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let asked = asked.into_iter().find(|text| text.contains("Choose the best result")).unwrap();
    assert!(asked.contains("## Candidate 2") && asked.contains("## Candidate 3"), "{asked}");
    assert!(!asked.contains("## Candidate 1"), "{asked}");
}

/// What was not kept is not what the next round begins with.
#[test]
fn those_who_try_again_begin_with_what_was_kept() {
    let play = r#"
[[scene]]
stage = "in-progress"
[[scene.turn]]
tools = [{ name = "shell", command = "cat tried.txt > before.txt; basename \"$PWD\" > tried.txt" }]
[[scene.turn]]
finish = "DONE: tried"
[[scene]]
role = "architect"
stage = "choose"
[[scene.turn]]
finish = "DONE: the second is better\nPICK: 2"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let mode = ("wip = 3", "wip = 3\nmode = \"best-of-n\"\nn = 2\njudge = \"architect\"");
    let lab = Lab::new(play, &[mode]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Try"]);
    waits(&lab, "May #1 go on");
    assert_eq!(lab.git(&["show", "crew/1-1:tried.txt"]), "1-1\n");
    let card = lab.ok(&["task", "show", "1"]);
    assert!(card.contains("candidate 2 is kept"), "{card}");
    lab.ok(&["reject", "1", "once more"]);
    lab.wait("the second round", || {
        let tried = lab.try_git(&["cat-file", "-e", "crew/1-1:before.txt"]);
        let text = tried.then(|| lab.git(&["show", "crew/1-1:before.txt"]))?;
        (text == "1-2\n").then_some(())
    });
    waits(&lab, "May #1 go on");
    assert_eq!(lab.git(&["show", "crew/1-1:before.txt"]), "1-2\n", "the work of the second");
    assert_eq!(lab.git(&["show", "crew/1:before.txt"]), "1-2\n");
    let left = lab.git(&["for-each-ref", "--format=%(refname)", "refs/crew/turns/1"]);
    let left = left.lines().find(|name| name.ends_with("-left")).unwrap().to_owned();
    assert_eq!(lab.git(&["show", &format!("{left}:tried.txt")]), "1-1\n", "nothing is lost");
    lab.run();
}

#[test]
fn two_work_in_parallel_and_a_verdict_gates() {
    let play = r#"
[[scene]]
stage = "in-progress"
[[scene.turn]]
say = "My part."
tools = [{ name = "shell", command = "basename \"$PWD\" > part-$(basename \"$PWD\").txt" }]
[[scene.turn]]
finish = "DONE: my part"
[[scene]]
stage = "verdict"
[[scene.turn]]
say = "I look at both parts."
tools = [{ name = "shell", command = "test -f part-1-1.txt && test -f part-1-2.txt && echo mess > mess.txt" }]
[[scene.turn]]
finish = "DONE: both are there\nVERDICT: pass\nEVIDENCE: both files"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
"#;
    let mode = (
        "wip = 3",
        "wip = 3\nmode = \"parallel\"\nroles = [\"engineer\", \"marketing\"]\ngates = [{ verdict = \"tester\" }]",
    );
    let lab = Lab::new(play, &[mode]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Both"]);
    lab.run();
    assert_eq!(lab.landed("part-1-1.txt"), "1-1\n");
    assert_eq!(lab.landed("part-1-2.txt"), "1-2\n");
    let files = lab.git(&["ls-tree", "--name-only", "main"]);
    assert!(!files.contains("mess.txt"), "who judges changes nothing: {files}");
}

#[test]
fn one_daemon_serves_two_projects() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let other = lab.dir.path().join("other");
    lab.git(&["clone", "--quiet", ".", other.to_str().unwrap()]);
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Here"]);
    lab.ok_in(&other, &["init"]);
    lab.ok_in(&other, &["task", "add", "There"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    assert_eq!(fs::read_to_string(other.join("made.txt")).unwrap(), "made\n");
}

#[test]
fn nobody_acknowledges_what_is_not_recorded() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    for n in 0..5 {
        lab.ok(&["task", "add", &format!("Task {n}")]);
    }
    assert_eq!(lab.count(is("task_added")), 5);
}

#[test]
fn a_bad_team_file_is_refused_and_the_last_good_one_stays() {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let _daemon = lab.up();
    let team = lab.repo().join(".crew/team.toml");
    let good = fs::read_to_string(&team).unwrap();
    fs::write(&team, good.replace("wip = 3", "wipp = 3")).unwrap();
    lab.wait_for("team_refused");
    assert!(lab.journal_text().contains("did you mean `wip`?"));
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    fs::write(&team, good.replace("wip = 3", "wip = 2")).unwrap();
    lab.wait_for("team_loaded");
}

#[test]
fn a_set_up_that_fails_is_shown_and_one_that_works_is_run_once() {
    let set_up =
        "pool = 4\nsetup = \"test -f ok.txt || { echo no ok here; exit 3; }; echo ready > .ready\"";
    let lab = Lab::new(&simple_play("made.txt"), &[("pool = 4", set_up)]);
    fs::write(lab.repo().join(".git/info/exclude"), ".ready\n").unwrap();
    let _daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let inbox = lab.wait("the human is asked", || {
        let inbox = lab.ok(&["inbox"]);
        inbox.contains("set-up script failed with code 3").then_some(inbox)
    });
    let log = inbox.split_whitespace().find(|word| word.ends_with("setup.log")).unwrap();
    assert_eq!(fs::read_to_string(log).unwrap(), "no ok here\n");
    assert!(lab.ok(&["log", "1"]).contains("set-up: no ok here"), "{}", lab.ok(&["log", "1"]));
    assert_eq!(lab.json(&["log", "1"])["event"]["type"], "set_up");
    assert!(lab.ok(&["log", "-f", "1"]).contains("set-up: no ok here"));
    let disk = lab.wait("the disk use is measured", || {
        let bytes = lab.json(&["task", "show", "1"])["disk_bytes"].as_u64()?;
        (bytes > 0).then_some(bytes)
    });
    assert!(lab.json(&["status"])["projects"][0]["disk_bytes"].as_u64().unwrap() >= disk);
    assert!(lab.ok(&["task", "show", "1"]).contains("disk   "));
    assert!(lab.ok(&["status"]).contains("· worktrees "));
    fs::write(lab.repo().join("ok.txt"), "ok\n").unwrap();
    lab.git(&["add", "ok.txt"]);
    lab.git(&["commit", "--quiet", "--message", "ok"]);
    lab.ok(&["task", "cancel", "1"]);
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
}

#[test]
fn a_daemon_that_ends_while_a_worktree_is_made_ready_leaves_it_to_the_next() {
    let set_up = "pool = 4\nsetup = \"echo >> ../starts; until test -e ../go; do sleep 0.1; done\"";
    let lab = Lab::new(&simple_play("made.txt"), &[("pool = 4", set_up), NO_SANDBOX]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    let worktrees = lab.home().join("worktrees");
    let find = |name: &str| {
        let places = walk(&worktrees);
        places.into_iter().find(|path| path.file_name().is_some_and(|found| found == name))
    };
    let starts = lab.wait("the set-up begins", || find("starts"));
    lab.ok(&["down"]);
    assert!(daemon.wait().success());
    fs::write(starts.with_file_name("go"), "").unwrap();
    let _daemon = lab.up();
    lab.run();
    assert_eq!(fs::read_to_string(&starts).unwrap().lines().count(), 2, "it was begun again");
    assert_eq!(lab.count(|body| body["result"]["result"] == "not_started"), 0, "nothing failed");
    assert_eq!(lab.landed("made.txt"), "made\n");
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    let below = paths.iter().filter(|path| path.is_dir()).flat_map(|path| walk(path));
    let below: Vec<_> = below.collect();
    paths.into_iter().chain(below).collect()
}

/// Two write the same file at the same time, and wait for an answer.
#[test]
fn who_changes_the_same_is_told_while_both_are_at_work() {
    let lab = support::one_engineer(
        "[providers.native]\nkind = \"native\"\napi = \"playbook\"\nmodel = \"play.toml\"\n\n\
         [roles.engineer]\nprovider = \"native\"\nagents = 2\n",
    );
    let play = r#"
[[scene]]
role = "engineer"
[[scene.turn]]
tools = [{ name = "write", path = "same.txt", content = "made\n" }]
[[scene.turn]]
ask = { text = "Go on?" }
[[scene.turn]]
finish = "DONE: wrote it"
"#;
    fs::write(lab.repo().join(".crew/play.toml"), play).unwrap();
    let _daemon = lab.up();
    lab.ok(&["task", "add", "One"]);
    lab.ok(&["task", "add", "Two"]);
    let overlaps = || lab.json(&["status"])["projects"][0]["overlaps"].clone();
    let found = lab.wait("both are seen", || {
        Some(overlaps()).filter(|them| !them.as_array().unwrap().is_empty())
    });
    assert_eq!((&found[0]["first"], &found[0]["second"]), (&1.into(), &2.into()), "{found}");
    assert_eq!(found[0]["files"][0], "same.txt");
    assert!(lab.ok(&["status"]).contains("#1 and #2 both change same.txt"));
    for (task, other) in [("1", "#2"), ("2", "#1")] {
        let card = lab.ok(&["task", "show", task]);
        assert!(card.contains(&format!("{other} changes same.txt too")), "{card}");
        assert!(card.contains(&format!("{other} changes same.txt as well; whoever")), "{card}");
    }
    lab.ok(&["task", "cancel", "2"]);
    lab.wait("it is in nobody's way", || overlaps().as_array().unwrap().is_empty().then_some(()));
}
