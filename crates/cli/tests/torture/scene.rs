//! What is tortured: a lab with a team, a user with work of their own, and strangers.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Daemon, Lab};

/// Each role streams, and works with tools that leave the same when they are used again. The
/// engineer leaves a process behind in a session of its own.
const PLAY: &str = r#"
[[scene]]
role = "architect"
[[scene.turn]]
flood = 10
flood_pause_ms = 5
say = "I ask."
ask = { text = "Shall we?", options = ["yes", "no"] }
[[scene.turn]]
finish = "DONE: {answer}"

[[scene]]
role = "engineer"
[[scene.turn]]
flood = 20
flood_pause_ms = 5
tools = [{ name = "shell", command = "setsid sleep 300 >/dev/null 2>&1 & n=$(git branch --show-current | tr / -); printf 'one\n' > $n-a.txt; sleep 0.1; printf 'two\n' > $n-b.txt" }]
usage = { input = 100, output = 10, cost_micros = 20 }
[[scene.turn]]
flood = 20
flood_pause_ms = 5
tools = [{ name = "read", path = "a.txt" }]
usage = { input = 100, output = 10, cost_micros = 20 }
[[scene.turn]]
finish = "DONE: engineered"

[[scene]]
[[scene.turn]]
flood = 10
flood_pause_ms = 5
say = "Looking."
tools = [{ name = "read", path = "a.txt" }]
usage = { input = 100, output = 10, cost_micros = 20 }
[[scene.turn]]
finish = "DONE: fine"
"#;

/// Killed agents are started again, however often: what is tested is not patience. What an agent
/// claims that could not write its files is not believed.
const EDITS: [(&str, &str); 8] = [
    // The disk is full when nothing more goes onto it, and not before.
    ("[limits]", "[limits]\nfree_mb = 16"),
    ("retries = 2", "retries = 100000"),
    ("agents = 4 ", "agents = 6"),
    ("agents = 3", "agents = 4"),
    ("task_runs = 40", "task_runs = 100000\n"),
    ("wip = 3", "wip = 3\nvisits = 100000"),
    (
        "gates = []",
        "visits = 100000\ngates = [{ check = \"n=$(git branch --show-current | tr / -); test -n \\\"$n\\\" && ls $n-a.txt $n-b.txt\" }]",
    ),
    ("consults = 5", "asks = 100000\nconsults = 5"),
];

/// What the lab is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Usual,
    Small,
}

/// The lab, who works in it and who merely is there.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) daemon: Option<Daemon>,
    /// Processes that are none of ours, some of them close by.
    pub(crate) strangers: Vec<Child>,
    /// The user's checkout, with everything that is in it.
    pub(crate) before: String,
    added: usize,
    /// What all of it is on, if it is a disk of its own; it goes last.
    disk: Option<SmallDisk>,
}

/// A disk in memory that is soon full.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Where the system lets us mount one.
    fn mount() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().to_str().unwrap().to_owned();
        let made = run("mount", &["-t", "tmpfs", "-o", "size=512m", "tmpfs", &path]);
        made.then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["--lazy", self.0.path().to_str().unwrap()]);
    }
}

impl Scene {
    /// On a small disk, if one is wanted and can be had.
    pub(crate) fn begin(disk: Disk) -> Self {
        let disk = if disk == Disk::Small { SmallDisk::mount() } else { None };
        let dir = match &disk {
            Some(disk) => tempfile::tempdir_in(disk.0.path()),
            None => tempfile::tempdir(),
        };
        let lab = Lab::new_in(dir.unwrap(), PLAY, &EDITS);
        lab.git(&["checkout", "--quiet", "-b", "mine"]);
        fs::write(lab.repo().join("a.txt"), "the user's own\n").unwrap();
        fs::write(lab.repo().join("staged.txt"), "staged\n").unwrap();
        lab.git(&["add", "staged.txt"]);
        fs::write(lab.repo().join("untracked.txt"), "mine\n").unwrap();
        let strangers = strangers(&lab);
        let before = checkout(&lab);
        let daemon = Some(lab.up());
        Self { lab, daemon, strangers, before, added: 0, disk }
    }

    pub(crate) fn tasks(&self) -> usize {
        self.added
    }

    /// The human: new tasks, so that `open` are, and an answer to whatever waits.
    pub(crate) fn keep_going(&mut self, open: usize) {
        self.attend();
        let Some(tasks) = self.tasks_now() else { return };
        let at_work = tasks.iter().filter(|task| !is_over(task)).count();
        self.added = tasks.len();
        if at_work < open {
            self.lab.crew(&["task", "add", &format!("Make number {}", self.added + 1)]);
        }
    }

    fn tasks_now(&self) -> Option<Vec<Value>> {
        let output = self.lab.crew(&["--json", "task", "list", "--all"]);
        let document: Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(document["tasks"].as_array()?.clone())
    }

    fn attend(&self) {
        let output = self.lab.crew(&["--json", "inbox"]);
        let Ok(inbox) = serde_json::from_slice::<Value>(&output.stdout) else { return };
        for item in inbox["items"].as_array().into_iter().flatten() {
            match item["ask"].as_u64() {
                Some(ask) => self.lab.crew(&["answer", &format!("a{ask}"), "yes"]),
                None => self.lab.crew(&["approve", &item["task"].to_string()]),
            };
        }
    }

    /// From here on nothing goes wrong any more: all tasks come to their end.
    pub(crate) fn finish(&mut self) {
        self.daemon.get_or_insert_with(|| self.lab.up());
        let mut best = (usize::MAX, std::time::Instant::now());
        loop {
            self.attend();
            if let Some(tasks) = self.tasks_now() {
                let open: Vec<&Value> = tasks.iter().filter(|task| !is_over(task)).collect();
                self.added = tasks.len();
                // A worktree that cannot be removed now is kept, and given back at the PM's next look.
                let journal = self.lab.journal_text();
                let count =
                    |result: &str| journal.matches(&format!("\"result\":\"{result}\"")).count();
                let settled = count("released") + count("not_released");
                if open.is_empty() && settled >= tasks.len() {
                    return;
                }
                if open.len() < best.0 {
                    best = (open.len(), std::time::Instant::now());
                }
                assert!(
                    best.1.elapsed().as_secs() < 90,
                    "of {} tasks {settled} gave their worktree back, and these do not end: {open:#?}\n{}\n{}",
                    tasks.len(),
                    journal,
                    fs::read_to_string(self.lab.dir.path().join("log")).unwrap_or_default()
                );
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    /// The daemon is killed, and the next one begins.
    pub(crate) fn restart(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
        self.daemon = Some(self.lab.up());
    }

    /// Fills the small disk to the last byte, until what is returned is removed.
    pub(crate) fn fill_disk(&self) -> Option<PathBuf> {
        let ballast = self.disk.as_ref()?.0.path().join("ballast");
        let mut file = fs::File::create(&ballast).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        Some(ballast)
    }

    /// Run directories whose launch is not over, with the pid of their shim.
    pub(crate) fn shims(&self) -> Vec<(PathBuf, u32)> {
        let list = fs::read_dir(self.lab.home().join("runs")).into_iter().flatten().flatten();
        let dirs = list.map(|entry| entry.path()).filter(|dir| !dir.join("exit.json").exists());
        dirs.filter_map(|dir| {
            let pid = pid_in(&dir.join("pid"))?;
            is_shim(pid, &dir).then_some((dir, pid))
        })
        .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for stranger in &mut self.strangers {
            stranger.kill().ok();
            stranger.wait().ok();
        }
    }
}

pub(crate) fn is_over(task: &Value) -> bool {
    task["open"] == false
}

pub(crate) fn pid_in(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

/// Whether a pid is still that of the shim: it is about to be killed.
fn is_shim(pid: u32, dir: &Path) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
    words.get(1) == Some(&&b"shim"[..]) && words.get(2) == Some(&dir.as_os_str().as_encoded_bytes())
}

/// One far away, one in the user's checkout, one in the home, one with the mark of another home.
fn strangers(lab: &Lab) -> Vec<Child> {
    let start = |at: &Path, mark: &str| {
        let mut command = Command::new("sleep");
        command.arg("100000").current_dir(at).env_clear().env("CREWHOUSE_RUN", mark);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    };
    vec![
        start(Path::new("/"), ""),
        start(&lab.repo(), ""),
        start(&lab.home(), ""),
        start(Path::new("/"), "another home#r1.1"),
    ]
}

/// The user's checkout: where it is, what is staged, what is changed, what is new.
pub(crate) fn checkout(lab: &Lab) -> String {
    let read = |name: &str| fs::read_to_string(lab.repo().join(name)).unwrap_or_default();
    [
        lab.git(&["symbolic-ref", "HEAD"]),
        lab.git(&["rev-parse", "mine"]),
        lab.git(&["diff", "--cached"]),
        lab.git(&["diff"]),
        lab.git(&["status", "--porcelain"]),
        read("a.txt") + &read("staged.txt") + &read("untracked.txt"),
    ]
    .join("\n--\n")
}

pub(crate) fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
