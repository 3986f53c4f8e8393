//! A worktree, a session and a run of the agent in this process.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use crew_agent::{AgentEvent, AgentExit, ErrorClass, Surroundings, run_agent};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A place to run agents in.
pub(crate) struct Bench {
    directory: TempDir,
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: AgentExit,
    pub(crate) events: Vec<AgentEvent>,
    pub(crate) bytes: Vec<u8>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.worktree()).unwrap();
        bench
    }

    pub(crate) fn outside(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn worktree(&self) -> PathBuf {
        self.directory.path().join("worktree")
    }

    pub(crate) fn session(&self) -> PathBuf {
        self.directory.path().join("sessions/s1.jsonl")
    }

    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.worktree().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> String {
        fs::read_to_string(self.worktree().join(path)).unwrap()
    }

    /// A start that plays this script; `changes` replaces its fields.
    pub(crate) fn start(&self, script: &str, changes: &Value) -> Value {
        let path = self.directory.path().join("play.toml");
        fs::write(&path, script).unwrap();
        self.start_with(&json!({ "kind": "playbook", "path": path }), changes)
    }

    pub(crate) fn start_with(&self, model: &Value, changes: &Value) -> Value {
        let mut start = json!({
            "session": self.session(), "system": "be good", "prompt": "do it", "model": model,
            "role": "engineer", "stage": "in-progress", "task_title": "add a greeting",
        });
        let changes = changes.as_object().unwrap().clone();
        start.as_object_mut().unwrap().extend(changes);
        start
    }

    /// Plays a script to its end.
    pub(crate) fn play(&self, script: &str) -> Ran {
        self.run(&self.start(script, &json!({})), &[])
    }

    /// Runs the agent on this start and these lines, then the end of the input.
    pub(crate) fn run(&self, start: &Value, lines: &[Value]) -> Ran {
        let all: Vec<_> =
            [start].into_iter().chain(lines).map(|line| format!("{line}\n")).collect();
        self.run_raw(all.concat())
    }

    pub(crate) fn run_raw(&self, input: String) -> Ran {
        let mut bytes = Vec::new();
        let env = |name: &str| (name == "TEST_KEY").then(|| "sk-very-secret".to_owned());
        let surroundings = Surroundings { worktree: &self.worktree(), env: &env };
        let exit = run_agent(Cursor::new(input.into_bytes()), &mut bytes, surroundings);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ran { exit, events: lines.map(AgentEvent::decode).collect(), bytes }
    }

    /// Runs one tool and gives its result.
    pub(crate) fn tool(&self, name: &str, arguments: &str) -> (bool, String) {
        drop(fs::remove_file(self.session()));
        let comma = if arguments.is_empty() { "" } else { ", " };
        let ran = self.play(&format!(
            "[[scene]]\n[[scene.turn]]\ntools = [{{ name = '{name}'{comma}{arguments} }}]\n\
             [[scene.turn]]\nfinish = 'DONE: x'\n"
        ));
        assert_eq!(ran.exit, AgentExit::Done, "{:?}", ran.events);
        ran.results().remove(0)
    }
}

impl Ran {
    pub(crate) fn results(&self) -> Vec<(bool, String)> {
        let result = |event: &AgentEvent| match event {
            AgentEvent::ToolResult { ok, output, .. } => Some((*ok, output.clone())),
            _ => None,
        };
        self.events.iter().filter_map(result).collect()
    }

    pub(crate) fn asks(&self) -> Vec<String> {
        let key = |event: &AgentEvent| match event {
            AgentEvent::Ask { key, .. } => Some(key.clone()),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }

    pub(crate) fn done(&self) -> &str {
        match self.events.last() {
            Some(AgentEvent::Done { text }) => text,
            other => panic!("the last event is {other:?} of {:?}", self.events),
        }
    }

    pub(crate) fn error(&self) -> (ErrorClass, &str) {
        match self.events.last() {
            Some(AgentEvent::Error { class, message }) => (*class, message),
            other => panic!("the last event is {other:?} of {:?}", self.events),
        }
    }
}
