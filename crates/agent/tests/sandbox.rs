//! The sandbox, from inside: what an agent tries, and what comes of it.
//!
//! On a machine without Landlock only the error is tested; it is said on the test's output.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

use std::fs;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crew_agent::sandbox::{Sandbox, Support, support};
use tempfile::TempDir;

/// A home with a secret, and a worktree in which the sandbox works.
struct Cell {
    dir: TempDir,
    ports: Option<Vec<u16>>,
}

impl Cell {
    /// None where the kernel has no sandbox.
    fn new() -> Option<Self> {
        if let Support::Nothing { why } = support() {
            println!("not tested: {why}");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        for name in ["worktree", "home/.ssh", "home/.cargo/bin", "tmp"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        fs::write(dir.path().join("home/.ssh/id_ed25519"), "the key").unwrap();
        fs::write(dir.path().join("home/.cargo/credentials.toml"), "the token").unwrap();
        fs::write(dir.path().join("home/.gitconfig"), "[user]\n\tname = Ann\n").unwrap();
        Some(Self { dir, ports: None })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, script: &str) -> Command {
        let mut sandbox = Sandbox::of_system(Some(&self.path("home")));
        sandbox.write.extend([self.path("worktree"), self.path("tmp")]);
        sandbox.ports.clone_from(&self.ports);
        let argv = ["sh", "-c", script].map(str::to_owned);
        let program = Path::new(env!("CARGO_BIN_EXE_crew-shim-test"));
        sandbox.read.push(program.to_owned());
        let argv = sandbox.around(program, &argv).unwrap();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir(self.path("worktree"));
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command
    }

    fn run(&self, script: &str) -> Output {
        self.command(script).output().unwrap()
    }

    #[track_caller]
    fn refuses(&self, script: &str) {
        let output = self.run(script);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "`{script}` went well");
        let words = ["ermission denied", "not permitted"];
        assert!(words.iter().any(|word| said.contains(word)), "`{script}` was refused: {said}");
    }

    #[track_caller]
    fn allows(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "`{script}`: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn work_in_the_worktree_goes_on_as_ever() {
    let Some(cell) = Cell::new() else { return };
    assert_eq!(cell.allows("mkdir a && echo one > a/b && mv a/b c && cat c && rm -r a"), "one\n");
    cell.allows("git init --quiet . && git add --all && git -c user.email=a@b commit -qm x");
    assert_eq!(cell.allows("git log --format=%an"), "Ann\n");
    cell.allows("f=$(mktemp) && echo x > $f && echo y > /dev/null && cat /proc/self/status");
}

#[test]
fn what_is_not_named_is_neither_read_nor_written() {
    let Some(cell) = Cell::new() else { return };
    cell.refuses("cat ~/.ssh/id_ed25519");
    cell.refuses("cat ~/.cargo/credentials.toml");
    cell.refuses("ls ~");
    cell.refuses("touch ../outside");
    cell.refuses("mkdir ../outside");
    cell.refuses("rm ~/.ssh/id_ed25519");
    cell.refuses("echo x >> ~/.gitconfig");
    cell.refuses("ln -s ../home link && cat link/.ssh/id_ed25519");
    cell.refuses("ln ~/.ssh/id_ed25519 link");
    cell.refuses("mv ../home/.ssh .");
    cell.refuses("echo x > /tmp/crew-sandbox-test");
    assert_eq!(fs::read_to_string(cell.path("home/.ssh/id_ed25519")).unwrap(), "the key");
}

#[test]
fn nobody_gets_out_by_a_child_a_session_or_more_rights() {
    let Some(cell) = Cell::new() else { return };
    cell.refuses("sh -c 'sh -c \"cat ~/.ssh/id_ed25519\"'");
    cell.refuses("setsid sh -c 'cat ~/.ssh/id_ed25519'");
    let inner = cell.command("cat ~/.ssh/id_ed25519; cat /proc/$OUTER/environ; echo ran");
    let words = [inner.get_program()].into_iter().chain(inner.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''")));
    let inner = quoted.collect::<Vec<_>>().join(" ");
    assert_eq!(cell.allows(&format!("SECRET=s OUTER=$$ {inner}")), "ran\n", "one in another");
    cell.refuses("(cat ~/.ssh/id_ed25519 > stolen) || { cat stolen; ls ~; }");
    let no_new_rights = cell.allows("grep NoNewPrivs /proc/self/status");
    assert_eq!(no_new_rights.split_whitespace().last(), Some("1"));
}

/// A process outside with a secret in its environment; it lives as long as this.
struct Outsider(Child);

impl Outsider {
    fn new() -> Self {
        let mut command = Command::new("cat");
        command.env("SECRET", "the key").stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Outsider {
    fn drop(&mut self) {
        self.0.kill().ok(); // it is gone at last
        self.0.wait().ok();
    }
}

#[test]
fn a_process_outside_is_not_looked_into() {
    let Some(cell) = Cell::new() else { return };
    let outsider = Outsider::new();
    cell.refuses(&format!("cat /proc/{}/environ", outsider.0.id()));
    cell.refuses(&format!("ls /proc/{}/cwd/", outsider.0.id()));
}

#[test]
fn a_process_outside_is_not_signalled_where_the_kernel_can_tell() {
    let Some(cell) = Cell::new() else { return };
    if let Support::Partly { missing } = support()
        && missing.iter().any(|what| what.contains("signalled"))
    {
        println!("not tested: {missing:?}");
        return;
    }
    let mut outsider = Outsider::new();
    cell.refuses(&format!("kill -9 {}", outsider.0.id()));
    assert!(outsider.0.try_wait().unwrap().is_none(), "it lives");
    cell.allows("sleep 60 & kill $!");
}

#[test]
fn ports_that_are_not_named_are_not_reached() {
    let Some(mut cell) = Cell::new() else { return };
    if let Support::Partly { missing } = support()
        && missing.iter().any(|what| what.contains("network"))
    {
        println!("not tested: {missing:?}");
        return;
    }
    let [one, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    cell.ports = Some(vec![port(&one)]);
    let connect = |port: u16| format!("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'");
    cell.allows(&connect(port(&one)));
    cell.refuses(&connect(port(&other)));
    cell.ports = Some(Vec::new());
    cell.refuses(&connect(port(&one)));
}

#[test]
fn nothing_leaves_by_datagrams_where_there_is_no_network() {
    let Some(mut cell) = Cell::new() else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let send = |to: &str| format!("exec bash -c 'echo out >/dev/udp/{to}/{port}'");
    cell.allows(&send("127.0.0.1"));
    cell.ports = Some(Vec::new());
    cell.refuses(&send("127.0.0.1"));
    cell.refuses(&send("::1"));
    // Files are what they were, and so is what speaks by them.
    cell.allows("bash -c 'cat <(echo pipe)'");
    // Names are looked up by datagrams.
    cell.ports = Some(vec![443]);
    cell.allows(&send("127.0.0.1"));
    socket.set_nonblocking(true).unwrap();
    let mut heard = [0; 8];
    let count = std::iter::from_fn(|| socket.recv(&mut heard).ok()).count();
    assert_eq!(count, 2, "twice it was allowed");
}

#[test]
fn what_cannot_be_set_up_does_not_run_at_all() {
    let Some(cell) = Cell::new() else { return };
    fs::remove_dir_all(cell.path("tmp")).unwrap();
    let mut command = cell.command("echo ran");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("tmp may be written to, but cannot be opened"), "{said}");
}
