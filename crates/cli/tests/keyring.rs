//! Keys in a real keyring: GNOME's, on a session bus of its own, which is started, ended and locked
//! as a login does it.

#![cfg(target_os = "linux")]
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
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crew_testkit::{ModelServer, Reply, Wire};
use serde_json::json;
use support::program::{answer, waits};
use support::{Lab, one_engineer};

const KEPT: &str = "sk-test-invented-and-kept-44d";
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// A process of the session; it is killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A session of a user: a bus on which nothing is started by being asked for.
struct Session<'a> {
    lab: &'a Lab,
    _bus: Process,
}

impl<'a> Session<'a> {
    fn new(lab: &'a Lab) -> Self {
        let at = |name: &str| lab.dir.path().join(name);
        fs::create_dir_all(at("runtime")).unwrap();
        fs::set_permissions(at("runtime"), fs::Permissions::from_mode(0o700)).unwrap();
        let config = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>",
            at("bus").display()
        );
        fs::write(at("bus.conf"), config).unwrap();
        let config = format!("--config-file={}", at("bus.conf").display());
        let bus = start(lab.program("dbus-daemon").args([&config, "--nofork"]), "dbus-daemon");
        lab.wait("there is a bus", || at("bus").exists().then_some(()));
        Self { lab, _bus: bus }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.lab.dir.path().join("bus").display())
    }

    /// A program of this session.
    fn program(&self, program: &str) -> Command {
        let mut command = self.lab.program(program);
        let runtime = self.lab.dir.path().join("runtime");
        command.env(BUS, self.address()).env("XDG_RUNTIME_DIR", runtime);
        command
    }

    /// The keyring of the user, who has logged in.
    fn keyring(&self) -> Process {
        let mut daemon = self.program("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
        let mut process = start(&mut daemon, "gnome-keyring");
        process.0.stdin.take().unwrap().write_all(b"the password of a login").unwrap();
        self.lab.wait("there is a keyring", || {
            self.asks("Get", &["string:org.freedesktop.Secret.Service", "string:Collections"])
        });
        process
    }

    fn lock(&self) {
        self.asks("Lock", &["array:objpath:/org/freedesktop/secrets/collection/login"]).unwrap();
    }

    fn asks(&self, question: &str, arguments: &[&str]) -> Option<()> {
        let interface = match question {
            "Get" => "org.freedesktop.DBus.Properties",
            _ => "org.freedesktop.Secret.Service",
        };
        let mut send = self.program("dbus-send");
        send.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        send.args(["/org/freedesktop/secrets", &format!("{interface}.{question}")]).args(arguments);
        send.stderr(Stdio::null()).stdout(Stdio::null()).status().unwrap().success().then_some(())
    }

    fn crew(&self, arguments: &[&str], input: &str) -> Output {
        let mut crew = self.program(env!("CARGO_BIN_EXE_crew"));
        crew.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut crew = crew.spawn().unwrap();
        crew.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        crew.wait_with_output().unwrap()
    }

    fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.crew(arguments, input);
        assert!(output.status.success(), "crew {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, arguments: &[&str], input: &str, words: &str) {
        let output = self.crew(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
        assert!(said.contains("hint: ") && !said.contains(KEPT), "{said}");
    }
}

fn start(command: &mut Command, package: &str) -> Process {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Process(child.unwrap_or_else(|error| panic!("{package}: {error}; hint: `make setup-test`")))
}

/// One engineer, whose model is paid by a key that is kept.
fn lab(server: &ModelServer) -> Lab {
    one_engineer(&format!(
        r#"
[providers.model]
kind = "native"
api = "anthropic"
model = "tiny"
base_url = "{}/"
key = "keyring:work"

[roles.engineer]
provider = "model"
"#,
        server.base_url(Wire::Anthropic)
    ))
}

#[test]
fn a_key_in_the_keyring_pays_whenever_the_keyring_is_there() {
    let write = Reply::tool("write", json!({"path": "made.txt", "content": "made\n"}));
    let server = ModelServer::start([write, Reply::text("DONE: made it")]).unwrap();
    let lab = lab(&server);
    let session = Session::new(&lab);
    session.fails(&["secret", "set", "work"], KEPT, "the keyring of this system cannot be used");
    assert_eq!(session.ok(&["secret", "list"], ""), "", "nothing falls back in silence");

    let keyring = session.keyring();
    assert_eq!(session.ok(&["secret", "set", "work"], KEPT), "work: keyring\n");
    assert_eq!(session.ok(&["secret", "list"], ""), "work  keyring\n");
    drop(keyring);

    // The machine has started, and nobody has logged in.
    let daemon = lab.serve_with(&[(BUS, &session.address())]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "the keyring of this system cannot be used");
    assert_eq!(server.requests().len(), 0);
    let keyring = session.keyring();
    answer(&lab, &item, "try again");
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");

    // It is started anew, which ends each connection to it.
    drop(keyring);
    let _keyring = session.keyring();
    let write = Reply::tool("write", json!({"path": "again.txt", "content": "made\n"}));
    server.then([write, Reply::text("DONE: made it again")]);
    lab.ok(&["task", "add", "Make it again"]);
    lab.run();
    assert_eq!(lab.landed("again.txt"), "made\n");
    for request in server.requests() {
        assert_eq!(request.header("x-api-key"), Some(KEPT));
    }
    drop(daemon);
    let found: PathBuf = lab.dir.path().to_owned();
    let found = lab.program("grep").args(["-rl", KEPT]).arg(found).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "it is written down in clear");

    session.lock();
    session.fails(&["secret", "set", "other"], "x", "the keyring of this system cannot be used");
}

#[test]
fn a_secret_that_is_forgotten_is_forgotten_by_the_keyring_too() {
    let server = ModelServer::start([]).unwrap();
    let lab = lab(&server);
    let session = Session::new(&lab);
    let _keyring = session.keyring();
    session.ok(&["secret", "set", "work"], KEPT);
    let marker = lab.home().join("secrets/work.keyring");
    let kept = fs::read(&marker).unwrap();
    assert_eq!(session.ok(&["secret", "rm", "work"], ""), "work: forgotten\n");
    assert_eq!(session.ok(&["secret", "list"], ""), "");

    // Only our note of it is there again.
    fs::write(&marker, kept).unwrap();
    let daemon = lab.serve_with(&[(BUS, &session.address())]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "there is no secret `work`; hint: `crew secret set NAME`");
    drop(daemon);
    session.ok(&["secret", "rm", "work"], "");
}
