//! `crew provider test`: the real agents, pinned in `tests/clients`, are tried as a user would try them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::{Value, json};
use support::program::{client, clients};
use support::{Lab, show};

/// A lab that tries agents.
struct Bench {
    lab: Lab,
    path: String,
}

impl Bench {
    /// The programs of this directory come first.
    fn new(lab: Lab, programs: &Path) -> Self {
        let path = std::env::var("PATH").unwrap();
        Self { path: format!("{}:{path}", programs.display()), lab }
    }

    fn pinned() -> Self {
        client("claude"); // says what to do where there is none
        Self::new(Lab::empty(), &clients().canonicalize().unwrap())
    }

    fn crew(&self, arguments: &[&str]) -> Output {
        // Trials take place here, so that it is seen what they leave.
        let here = self.lab.dir.path().join("trials");
        fs::create_dir_all(&here).unwrap();
        let here = here.display().to_string();
        self.lab.crew_with(&[("PATH", &self.path), ("TMPDIR", &here)], arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.crew(&[&["--json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", show(&output)))
    }

    /// Nothing of a trial is left: no file, and no process with one of its places in its environment.
    fn nothing_is_left(&self) {
        let trials = self.lab.dir.path().join("trials");
        let left: Vec<_> = fs::read_dir(&trials).unwrap().flatten().map(|it| it.path()).collect();
        assert!(left.iter().all(|path| !path.join("home").exists()), "{left:?}");
        let mark = trials.join("crewhouse-trial").display().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let environ = |process: fs::DirEntry| fs::read(process.path().join("environ")).ok();
        let is_marked = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(&mark);
        assert_eq!(processes.filter_map(environ).filter(is_marked).count(), 0, "it runs on");
    }
}

/// All that Crewhouse needs, the pinned version can.
fn can_do_all_of_it(name: &str) {
    let bench = Bench::pinned();
    let manifest = bench.json(&["provider", "test", name]);
    let abilities = manifest["abilities"].as_object().unwrap();
    assert_eq!(abilities.len(), 9, "{manifest}");
    for (ability, finding) in abilities {
        assert_eq!(finding["found"], "holds", "{ability} of {manifest}");
    }
    let list = bench.json(&["provider", "list"]);
    let listed = list.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(listed["manifest"], manifest);
    assert_eq!(listed["version"], manifest["version"]);
    let is_pinned = std::env::var_os("CREW_CLIENTS").is_none();
    assert!(!is_pinned || listed["tested"] == true, "the pinned version is the one that is tested");
    bench.nothing_is_left();
}

#[test]
fn claude_code_can_do_all_of_it() {
    can_do_all_of_it("claude");
}

#[test]
fn codex_can_do_all_of_it() {
    can_do_all_of_it("codex");
}

#[test]
fn gemini_can_do_all_of_it() {
    can_do_all_of_it("gemini");
}

#[test]
fn opencode_can_do_all_of_it() {
    can_do_all_of_it("opencode");
}

#[test]
fn claude_code_by_acp_can_do_all_of_it() {
    can_do_all_of_it("claude-acp");
}

#[test]
fn codex_by_acp_can_do_all_of_it() {
    can_do_all_of_it("codex-acp");
}

/// A team whose engineer asks a model of ours.
fn with_a_model(url: &str) -> Lab {
    support::one_engineer(&format!(
        "[providers.local]\nkind = \"native\"\napi = \"ollama\"\nmodel = \"tiny\"\nbase_url = \
         \"{url}\"\n[roles.engineer]\nprovider = \"local\"\n"
    ))
}

/// It does what it is asked to, as a good model would.
fn a_good_model(said: &'static str) -> ModelServer {
    let server = ModelServer::answering(move |request| {
        let results = request.body["messages"].to_string().matches("\"role\":\"tool\"").count();
        let reply = match results {
            0 => Reply::tool("write", json!({"path": "made.txt", "content": "made\n"})),
            1 => Reply::tool("comment", json!({"text": said})),
            _ => Reply::text("DONE: made it"),
        };
        reply.usage(1000, 0, 100)
    });
    server.unwrap()
}

#[test]
fn a_model_is_tried_by_a_small_task() {
    let server = a_good_model("said by a tool of Crewhouse");
    let url = format!("{}/", server.base_url(Wire::Ollama));
    let bench = Bench::new(with_a_model(&url), Path::new("/nowhere"));
    let tried = bench.json(&["provider", "test", "local"]);
    let abilities = tried["abilities"].as_object().unwrap();
    assert!(abilities.values().all(|finding| finding["found"] == "holds"), "{tried}");
    assert_eq!((abilities.len(), &tried["model"]), (5, &Value::from("tiny")), "{tried}");
    bench.nothing_is_left();
}

#[test]
fn a_model_that_cannot_do_it_is_said_to() {
    let silent = a_good_model("something else");
    let url = format!("{}/", silent.base_url(Wire::Ollama));
    let bench = Bench::new(with_a_model(&url), Path::new("/nowhere"));
    let output = bench.crew(&["provider", "test", "local"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", show(&output));
    let why = "calls the tools of Crewhouse: it did not call the one that it was asked to";
    assert!(text.contains("ok    changes a file") && text.contains(why), "{text}");

    // A file of somebody else names where a key goes.
    let elsewhere = Bench::new(with_a_model("https://models.invalid/v1"), Path::new("/nowhere"));
    let team = elsewhere.lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    fs::write(&team, text.replace("model = \"tiny\"", "model = \"tiny\"\nkey_env = \"HOME\""))
        .unwrap();
    let words = "the key `HOME` would be sent to https://models.invalid/v1";
    elsewhere.lab.fails(&["provider", "test", "local"], 3, words);

    // Nobody serves it.
    let bench = Bench::new(with_a_model("http://127.0.0.1:9/"), Path::new("/nowhere"));
    let output = bench.crew(&["provider", "test", "local"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", show(&output));
    assert!(
        text.contains("fail  starts: nobody answers at http://127.0.0.1:9/")
            && text.contains("?     changes a file"),
        "{text}"
    );
    bench.nothing_is_left();
}

/// A program that says that it is a newer Claude Code, and no more.
fn a_newer_one_that_does_nothing(dir: &Path) {
    let path = dir.join("claude");
    fs::write(&path, "#!/bin/sh\n[ \"$1\" = --version ] && echo '9.1.0 (Claude Code)'\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_version_that_is_not_known_is_said_until_it_was_tried() {
    let dir = tempfile::tempdir().unwrap();
    a_newer_one_that_does_nothing(dir.path());
    let team = "[providers.mine]\nkind = \"claude\"\n[roles.engineer]\nprovider = \"mine\"\n";
    let bench = Bench::new(support::one_engineer(team), dir.path());
    let doctor = || String::from_utf8_lossy(&bench.crew(&["doctor"]).stdout).into_owned();
    let said = doctor();
    assert!(said.contains("9.1.0 has not been tried here: crew provider test mine"), "{said}");

    let output = bench.crew(&["provider", "test", "mine"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", show(&output));
    assert!(found.contains("fail  starts: ") && found.contains("?     can be"), "{found}");
    let said = doctor();
    assert!(said.contains("9.1.0 did not do all of it here (starts; "), "{said}");
    let list = bench.crew(&["provider", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("9.1.0") && list.contains("0 of 9, tried "), "{list}");
    bench.nothing_is_left();

    // Another version is another matter.
    let newer = fs::read_to_string(dir.path().join("claude")).unwrap().replace("9.1.0", "9.1.1");
    fs::write(dir.path().join("claude"), newer).unwrap();
    let said = doctor();
    assert!(said.contains("9.1.1 has not been tried here"), "{said}");
}

#[test]
fn what_cannot_be_tried_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let lab = support::one_engineer(
        "[providers.gone]\nkind = \"claude\"\nprogram = \"/nowhere/claude\"\n\
         [providers.box]\nkind = \"mailbox\"\n[roles.engineer]\nprovider = \"gone\"\n",
    );
    lab.fails(&["provider", "test", "nobody"], 3, "there is no provider `nobody` to be tried");
    lab.fails(&["provider", "test", "box"], 3, "`box` cannot be pointed at another model");
    lab.fails(&["provider", "test", "gone"], 3, "there is no Claude Code");
    let bench = Bench::new(lab, dir.path());
    let list = bench.crew(&["provider", "list"]);
    assert!(list.status.success(), "{}", show(&list));
}
