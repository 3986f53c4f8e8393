//! A daemon of a test's own, and requests written by hand, so that every header is under control.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crew_core::{Event, RunId, Settled, State, TaskDraft, Time, Token, Words, step, team};
use crew_engine::{Engine, Handle, Options};
use crew_server::wire::{Finding, Grade, NewTask};
use crew_server::{Setup, team_with};
use crew_store::{Commit, Entry, Home, Writer};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A pipeline in which nothing moves without a human, so that no agent is ever started.
pub(crate) const HUMAN_TEAM: &str = r#"
[merge]
base = "main"

[providers.native]
kind = "native"
api = "playbook"
model = "builtin"

[roles.pm]
provider = "native"

[[stages]]
name = "backlog"
owner = "human"
gates = [{ human = true }]
next = ["review"]
back = "backlog"
visits = 2

[[stages]]
name = "review"
owner = "human"
gates = [{ human = true }]
next = ["done"]
back = "backlog"

[[stages]]
name = "done"
mode = "end"
"#;

/// What the command line brings along, small enough to be seen through.
pub(crate) const SETUP: Setup = Setup {
    begin: |path, model, _| {
        let team = model.map_or(Ok(HUMAN_TEAM.to_owned()), |it| team_with(HUMAN_TEAM, it))?;
        let file = path.join(".crew/team.toml");
        if file.exists() {
            return Ok(Vec::new());
        }
        std::fs::create_dir_all(path.join(".crew")).unwrap();
        std::fs::write(file, team).unwrap();
        Ok(vec![".crew/team.toml".to_owned()])
    },
    told: |role, about| format!("# {role}\n\n{}\n", about.unwrap_or("Nothing yet.")),
    doctor: |home, repository| {
        let text = format!("{} {}", home.display(), repository.is_some());
        vec![Finding { grade: Grade::Ok, about: "home".to_owned(), text, hint: None }]
    },
    demo: |root| {
        let name = root.file_name().unwrap().to_str().unwrap();
        repository(root.parent().unwrap(), name, HUMAN_TEAM);
        let tasks = [("first", vec![]), ("second", vec![1])];
        Ok(tasks.map(|(title, after)| task(title, after)).to_vec())
    },
};

fn task(title: &str, depends_on: Vec<u64>) -> NewTask {
    NewTask { title: title.to_owned(), depends_on, ..NewTask::default() }
}

/// A daemon.
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) handle: Handle,
    pub(crate) stop: CancellationToken,
    pub(crate) dir: TempDir,
    engine: Engine,
    server: JoinHandle<std::io::Result<()>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Daemon {
    pub(crate) async fn start() -> Self {
        Self::start_after(|_| ()).await
    }

    /// Starts on a home that was prepared.
    pub(crate) async fn start_after(prepare: impl FnOnce(&Home)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(&dir.path().join("home")).unwrap();
        prepare(&home);
        let options = Options {
            home: home.root().to_owned(),
            program: "/bin/false".into(),
            builtin_playbook: "",
        };
        let engine = Engine::start(options).await.unwrap();
        let listener = crew_server::bind(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let token = home.token().unwrap();
        let stop = CancellationToken::new();
        let handle = engine.handle().clone();
        let serve =
            crew_server::serve(handle.clone(), listener, token.clone(), SETUP, stop.clone());
        let server = tokio::spawn(serve);
        Self { address, token, handle, stop, dir, engine, server }
    }

    /// Waits for the end of the server, then ends the engine.
    pub(crate) async fn end(self) {
        let Self { stop, server, engine, handle, .. } = self;
        stop.cancel();
        server.await.unwrap().unwrap();
        drop(handle);
        engine.shutdown().await;
    }

    /// What every good request has.
    pub(crate) fn headers(&self) -> Vec<String> {
        vec![
            format!("host: {}", self.address),
            format!("authorization: Bearer {}", self.token),
            "content-type: application/json".to_owned(),
        ]
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &self.headers(), "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &self.headers(), &body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &self.headers(), &body.to_string()).await
    }

    /// A request that is expected to succeed.
    pub(crate) async fn ok(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[String],
        body: &str,
    ) -> Answer {
        let mut stream = self.open(method, path, headers, body).await;
        let mut bytes = Vec::new();
        // A request that is too large is answered before it was read, and the connection reset.
        stream.read_to_end(&mut bytes).await.ok();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
        let body = if head.contains("chunked") { dechunked(body) } else { body.to_owned() };
        Answer { status, head: head.to_owned(), body }
    }

    /// The head of the answer to an upgrade.
    pub(crate) async fn head(&self, method: &str, path: &str, headers: &[String]) -> String {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// A request of which the answer is read by the caller.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[String],
        body: &str,
    ) -> TcpStream {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        if !body.is_empty() && !headers.iter().any(|header| header.contains("chunked")) {
            request.push_str("content-length: ");
            request.push_str(&body.len().to_string());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.ok(); // it may answer before it has read all
        stream
    }

    /// A repository with this team, under Crewhouse.
    pub(crate) async fn project(&self, name: &str, team: &str) -> PathBuf {
        let root = repository(self.dir.path(), name, team);
        self.ok("/api/projects", &serde_json::json!({"path": root})).await;
        root
    }
}

/// The bodies of chunks, put together.
fn dechunked(mut text: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        body.push_str(rest.get(..size).unwrap_or(rest));
        text = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

/// A repository with a commit and a team.
pub(crate) fn repository(dir: &Path, name: &str, team: &str) -> PathBuf {
    let root = dir.join(name);
    std::fs::create_dir_all(root.join(".crew")).unwrap();
    std::fs::write(root.join(".crew/team.toml"), team).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "start"]);
    root.canonicalize().unwrap()
}

pub(crate) fn git(root: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    let status = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(root)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

/// A home with a past: a task whose one run was started twice and then stopped with everything.
pub(crate) fn stopped_after_two_starts(home: &Home) {
    let mut past =
        Past { state: State::default(), writer: Writer::open(&home.database()).unwrap() };
    let team = Box::new(team::parse(team::DEFAULT_TEAM).unwrap());
    past.record(Event::ProjectAdded { name: "p".into(), root: "/nowhere".into(), team });
    let draft = TaskDraft { title: "old".into(), ..TaskDraft::default() };
    past.record(Event::TaskAdded { project: crew_core::ProjectId(1), draft });
    for token in 1..=2 {
        past.settle(&Settled::Started { head: crew_core::task::CommitId("0".repeat(40)) });
        let words = Words::Session { id: "s".into() };
        past.record(Event::Said { run: RunId(1), token: Token(token), offset: 40, words });
        past.record(Event::EmergencyStopped);
        past.settle(&Settled::Stopped);
        past.record(Event::EmergencyReleased);
    }
    past.settle(&Settled::Started { head: crew_core::task::CommitId("0".repeat(40)) });
    past.record(Event::EmergencyStopped);
    past.settle(&Settled::Stopped);
    assert!(past.state.outbox.is_empty(), "nothing is left to be performed");
}

struct Past {
    state: State,
    writer: Writer,
}

impl Past {
    fn record(&mut self, event: Event) {
        let at = Time(1_000_000 + self.state.meta.seq.0);
        let step = step(&self.state, &event, at).unwrap();
        assert_eq!(step.dropped, None, "{event:?}");
        let notes = crew_core::note::notes(&self.state, &step.change);
        let entry = Entry { seq: step.change.meta.seq, at, body: event, notes, dropped: None };
        let commit = Commit { entry, change: step.change.clone(), key: None };
        self.writer.commit(&[commit]).unwrap();
        self.state.apply(step.change);
    }

    /// Settles everything that is outstanding, which is one thing.
    fn settle(&mut self, result: &Settled) {
        let effects: Vec<_> = self.state.outbox.keys().copied().collect();
        for effect in effects {
            self.record(Event::Settled { effect, result: result.clone() });
        }
    }
}

/// Waits for something that must come about.
pub(crate) async fn poll<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}")
}
