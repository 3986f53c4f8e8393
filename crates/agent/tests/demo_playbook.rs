//! The demo is real: its agents are run in process, in linked worktrees of a copy of its
//! repository, along its own pipeline, and the tests of its program decide.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crew_agent::{AgentEvent, AgentExit, Script, Surroundings, run_agent};
use crew_core::StageName;
use crew_core::protocol::{Claim, Response, parse_response};
use crew_core::team::{self, Gate, Owner, Team, Work};
use serde_json::json;
use tempfile::TempDir;

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/assets")
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Tasks {
    task: Vec<Task>,
}

#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    title: String,
    body: String,
    criteria: Vec<String>,
    #[serde(default)]
    depends_on: Vec<usize>,
    #[serde(default)]
    #[expect(dead_code, reason = "the engine reads it")]
    priority: crew_core::task::Priority,
}

fn tasks() -> Vec<Task> {
    let text = fs::read_to_string(assets().join("demo/tasks.toml")).unwrap();
    toml::from_str::<Tasks>(&text).unwrap().task
}

/// A copy of the demo's repository, and its team.
struct Demo {
    directory: TempDir,
    team: Team,
    runs: u32,
    /// What the agents did: task, role, stage, visit, and where the task went.
    story: Vec<String>,
}

/// A task on its way.
struct Card {
    task: Task,
    number: usize,
    stage: StageName,
    visits: BTreeMap<StageName, u32>,
}

impl Demo {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(assets().join("demo/team.toml")).unwrap();
        let demo = Self { directory, team: team::parse(&text).unwrap(), runs: 0, story: vec![] };
        copy(&assets().join("demo/repo"), &demo.main());
        fs::write(demo.playbook(), hurried(&assets().join("demo/playbook.toml"))).unwrap();
        git(&demo.main(), &["init", "--quiet", "--initial-branch=main"]);
        commit(&demo.main(), "start");
        demo
    }

    fn main(&self) -> PathBuf {
        self.directory.path().join("main")
    }

    fn playbook(&self) -> PathBuf {
        self.directory.path().join("playbook.toml")
    }

    fn worktree(&self, number: usize) -> PathBuf {
        self.directory.path().join(format!("worktree-{number}"))
    }

    /// A new task, with a worktree of its own from what main is now.
    fn take_up(&self, number: usize) -> Card {
        let path = self.worktree(number);
        let branch = format!("crew/{number}");
        git(&self.main(), &["worktree", "add", "--quiet", "-b", &branch, path.to_str().unwrap()]);
        let task = tasks()[number - 1].clone();
        let stage = self.team.entry().unwrap().name.clone();
        Card { task, number, stage, visits: BTreeMap::new() }
    }

    /// Goes on with a task until it is the human's turn.
    fn work(&mut self, card: &mut Card) {
        loop {
            let stage = self.team.stage(&card.stage).unwrap().clone();
            let role = match (&stage.owner, &stage.work) {
                (Owner::Human, _) => return,
                (_, Work::Queue) => {
                    card.stage = stage.next[0].clone();
                    continue;
                }
                (Owner::Role(role), Work::Sequence(_)) => role,
                other => panic!("the demo has no {other:?}"),
            };
            let visit = card.visits.entry(stage.name.clone()).or_default();
            *visit += 1;
            assert!(
                *visit <= stage.visits_max,
                "{} came too often to {}",
                card.task.title,
                stage.name
            );
            let response = self.run(card, role.as_str());
            assert_eq!(response.claim, Claim::Done, "{response:?}");
            let label = response.label.expect("every scene says where the task goes");
            assert_eq!(label.from, card.stage);
            assert!(self.team.allows(&card.stage, &label.to), "{label:?}");
            commit(&self.worktree(card.number), role.as_str());
            if stage.next.contains(&label.to) {
                pass_gates(&stage.gates, &self.worktree(card.number));
            }
            card.stage = label.to;
        }
    }

    fn run(&mut self, card: &Card, role: &str) -> Response {
        self.runs += 1;
        let visit = card.visits[&card.stage];
        let start = json!({
            "session": self.directory.path().join(format!("sessions/{}.jsonl", self.runs)),
            "prompt": card.task.body, "role": role, "stage": card.stage, "visit": visit,
            "task_title": card.task.title,
            "model": { "kind": "playbook", "path": self.playbook() },
            "budget": { "tokens": self.team.budget.run.tokens },
        });
        let mut input = format!("{start}\n");
        for record in 0..40 {
            let answer =
                json!({ "type": "answer", "ask": format!("c{record}-0"), "text": "my customers" });
            input.push_str(&answer.to_string());
            input.push('\n');
        }
        let mut output = Vec::new();
        let worktree = self.worktree(card.number);
        let surroundings = Surroundings { worktree: &worktree, env: &|_| None };
        let exit = run_agent(Cursor::new(input.into_bytes()), &mut output, surroundings);
        let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events: Vec<AgentEvent> = lines.map(AgentEvent::decode).collect();
        assert_eq!(exit, AgentExit::Done, "{role} at {}: {events:#?}", card.stage);
        assert_tools_worked(&events);
        let Some(AgentEvent::Done { text }) = events.last() else { panic!("{events:#?}") };
        let response = parse_response(text).unwrap();
        let to = response.label.as_ref().map_or("?", |label| label.to.as_str());
        self.story.push(format!("#{} {role} {} {visit} -> {to}", card.number, card.stage));
        assert!(!text.contains("{answer}") && !text.contains("answer that I got: ."), "{text}");
        response
    }

    /// Lands an approved task; `false` if it conflicts, and then it is back with the engineer.
    fn land(&mut self, card: &mut Card) -> bool {
        let branch = format!("crew/{}", card.number);
        let merge = ["merge", "--quiet", "--no-ff", "-m", "land", &branch];
        if try_git(&self.main(), &merge).status.success() {
            let (passed, output) = sh(&self.main(), self.team.merge.check.as_ref().unwrap());
            assert!(passed, "{output}");
            return true;
        }
        git(&self.main(), &["merge", "--abort"]);
        card.stage = self.team.stage(&card.stage).unwrap().back.clone().unwrap();
        let into = try_git(&self.worktree(card.number), &["merge", "--quiet", "main"]);
        assert!(!into.status.success(), "the conflict is there in the worktree, too");
        self.story.push(format!("#{} conflicts", card.number));
        false
    }
}

fn try_git(at: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .args(["-c", "user.name=demo", "-c", "user.email=demo@localhost"])
        .args(arguments)
        .current_dir(at)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap()
}

fn git(at: &Path, arguments: &[&str]) {
    let output = try_git(at, arguments);
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

fn commit(at: &Path, message: &str) {
    git(at, &["add", "--all"]);
    git(at, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

fn pass_gates(gates: &[Gate], at: &Path) {
    for gate in gates {
        if let Gate::Check { command, .. } = gate {
            let (passed, output) = sh(at, command);
            assert!(passed, "{command}\n{output}");
        }
    }
}

/// Reads, writes, edits and searches never fail in the demo; commands may: a failing test is news.
fn assert_tools_worked(events: &[AgentEvent]) {
    for event in events {
        let AgentEvent::ToolCall { id, name, input } = event else { continue };
        let result = events.iter().find_map(|event| match event {
            AgentEvent::ToolResult { id: of, ok, output } if of == id => Some((*ok, output)),
            _ => None,
        });
        let (ok, output) = match result {
            Some(result) => result,
            None if name == "finish" => continue,
            None => panic!("no result of {name} {input}"),
        };
        assert!(ok || name == "shell", "{name} {input}: {output}");
        assert!(!output.contains("nothing was changed"), "{name} {input}: {output}");
    }
}

/// The playbook without its pauses, which are for people who watch.
fn hurried(playbook: &Path) -> String {
    let text = fs::read_to_string(playbook).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("delay_ms"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sh(at: &Path, command: &str) -> (bool, String) {
    let output = Command::new("sh").args(["-c", command]).current_dir(at).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Files that begin with `#!` become programs, as `crew demo` does it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
            continue;
        }
        let content = fs::read(&path).unwrap();
        fs::write(&target, &content).unwrap();
        if content.starts_with(b"#!") {
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[test]
fn the_first_task_is_rejected_once_and_then_makes_the_tests_pass() {
    let mut demo = Demo::new();
    let (passed, output) = sh(&demo.main(), "./test.sh");
    assert!(!passed && output.contains("3 passed, 1 failed"), "{output}");
    let mut first = demo.take_up(1);
    demo.work(&mut first);
    assert!(demo.land(&mut first));
    let (passed, output) = sh(&demo.main(), "./test.sh");
    assert!(passed && output.contains("5 passed, 0 failed"), "{output}");
    let expect = [
        "#1 pm backlog 1 -> ready-for-dev",
        "#1 engineer in-progress 1 -> needs-testing",
        "#1 tester needs-testing 1 -> in-progress",
        "#1 engineer in-progress 2 -> needs-testing",
        "#1 tester needs-testing 2 -> needs-review",
    ];
    assert_eq!(demo.story, expect);
}

#[test]
fn the_others_go_on_beside_each_other_and_land_in_either_order() {
    for (winner, loser) in [(2, 3), (3, 2)] {
        let mut demo = Demo::new();
        let mut first = demo.take_up(1);
        demo.work(&mut first);
        assert!(demo.land(&mut first));
        let mut cards = [demo.take_up(2), demo.take_up(3)];
        for card in &mut cards {
            assert!(card.task.depends_on == [1], "they start from the same main");
            demo.work(card);
        }
        assert!(demo.land(&mut cards[winner - 2]));
        let late = &mut cards[loser - 2];
        assert!(!demo.land(late), "both add cases at the same place");
        demo.work(late);
        assert!(demo.land(late));
        let (passed, output) = sh(&demo.main(), "./test.sh");
        assert!(passed && output.contains("9 passed, 0 failed"), "{output}");
        let (_, output) = sh(&demo.main(), "./bill by-project march.csv");
        assert_eq!(output, "atlas 446.25\nborealis 439.38\nnorth star 469.98\ntotal 1355.61\n");
        assert!(demo.main().join("docs/by-project.md").exists());
        let status = try_git(&demo.main(), &["status", "--porcelain"]);
        assert!(status.stdout.is_empty(), "nothing is left lying about: {status:?}");
    }
}

#[test]
fn one_after_the_other_they_need_no_second_visit() {
    let mut demo = Demo::new();
    for number in 1..=tasks().len() {
        let mut card = demo.take_up(number);
        assert!(!card.task.criteria.is_empty());
        demo.work(&mut card);
        assert!(demo.land(&mut card), "{:?}", demo.story);
    }
    let (passed, output) = sh(&demo.main(), "./test.sh");
    assert!(passed && output.contains("9 passed, 0 failed"), "{output}");
}

#[test]
fn a_task_that_the_script_does_not_know_is_said_to_be_unknown() {
    let mut demo = Demo::new();
    let mut card = demo.take_up(1);
    "Write a novel".clone_into(&mut card.task.title);
    for (role, stage) in [
        ("pm", "backlog"),
        ("architect", "needs-architecture"),
        ("engineer", "in-progress"),
        ("tester", "needs-testing"),
    ] {
        card.stage = stage.parse().unwrap();
        card.visits.insert(card.stage.clone(), 1);
        let response = demo.run(&card, role);
        assert_eq!(response.claim, Claim::Request);
        assert!(response.summary.contains("Write a novel"), "{}", response.summary);
    }
}

#[test]
fn without_a_model_every_role_says_so() {
    let path = assets().join("builtin.toml");
    Script::read(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let say = |role: &str, stage: &str| {
        let start = json!({
            "session": directory.path().join(format!("{role}-{stage}.jsonl")),
            "prompt": "do it", "role": role, "stage": stage, "task_title": "Fix the login",
            "model": { "kind": "playbook", "path": path },
        });
        let mut output = Vec::new();
        let surroundings = Surroundings { worktree: directory.path(), env: &|_| None };
        let exit = run_agent(Cursor::new(format!("{start}\n")), &mut output, surroundings);
        assert_eq!(exit, AgentExit::Done);
        let last = output.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap();
        let AgentEvent::Done { text } = AgentEvent::decode(last) else { panic!("{output:?}") };
        parse_response(&text).unwrap()
    };
    let default = team::parse(team::DEFAULT_TEAM).unwrap();
    assert_eq!(say("pm", "backlog").claim, Claim::Done);
    assert_eq!(say("pm", "in-progress").claim, Claim::Request);
    for role in default.roles.keys().filter(|role| role.as_str() != "pm") {
        let response = say(role.as_str(), "in-progress");
        assert_eq!(response.claim, Claim::Request);
        assert!(response.summary.contains("no model is configured"), "{}", response.summary);
        assert!(response.summary.contains(".crew/team.toml"), "{}", response.summary);
    }
}
