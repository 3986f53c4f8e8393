//! A launch in a directory of its own that never outlives its test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crew_agent::Dialect;
use crew_agent::process;
use crew_agent::shim::{
    self, ExitRecord, InputMode, Launched, Presence, ShimError, ShimProgram, Spec,
};
use crew_core::{Millis, Time};

/// A launch to be made.
pub(crate) struct Run {
    pub(crate) dir: PathBuf,
    pub(crate) spec: Spec,
    pub(crate) shim: ShimProgram,
    pub(crate) secrets: BTreeMap<String, String>,
    _home: tempfile::TempDir,
}

/// A launch that was made.
pub(crate) struct Live<'a> {
    run: &'a Run,
    child: Child,
}

/// A shell script as an agent.
pub(crate) fn sh(script: &str) -> Spec {
    Spec {
        argv: vec!["/bin/sh".into(), "-c".into(), script.into()],
        cwd: PathBuf::new(),
        env: BTreeMap::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]),
        secret_env: Vec::new(),
        marker: String::new(),
        stdin: Vec::new(),
        input: InputMode::KeepOpen,
        grace: Millis(1_000),
        deadline: None,
        output_bytes_max: 100 << 20,
        dialect: Dialect::Native,
    }
}

pub(crate) fn now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

/// Waits for something that must come about.
pub(crate) fn poll(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Run {
    pub(crate) fn new(spec: Spec) -> Self {
        Self::below("runs", spec)
    }

    pub(crate) fn below(sub: &str, mut spec: Spec) -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        spec.cwd.clone_from(&root);
        spec.marker = format!("test-{}", root.file_name().unwrap().display());
        let shim = ShimProgram {
            path: env!("CARGO_BIN_EXE_crew-shim-test").into(),
            arguments: Vec::new(),
        };
        let secrets = BTreeMap::new();
        Self { dir: root.join(sub).join("r1.1"), spec, shim, secrets, _home: home }
    }

    pub(crate) fn launch_again(&self) -> Result<Launched, ShimError> {
        shim::launch(&self.dir, &self.spec, &self.shim, &self.secrets)
    }

    pub(crate) fn launch(&self) -> Live<'_> {
        match self.launch_again().unwrap() {
            Launched::Now(child) => Live { run: self, child },
            Launched::Already(presence) => panic!("already {presence:?}"),
        }
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.join(name)).unwrap_or_default()
    }

    pub(crate) fn out(&self) -> Vec<u8> {
        self.file(shim::OUT)
    }

    /// That no process works in this launch's directory or has its mark.
    pub(crate) fn nothing_left(&self) {
        assert_eq!(process::marked(&self.spec.marker, &[&self.dir.join(shim::OUT)]).unwrap(), []);
        assert_eq!(self.in_our_directory(), []);
    }

    fn in_our_directory(&self) -> Vec<process::ProcessId> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let entry = entry.unwrap();
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == self.spec.cwd) {
                found.extend(process::ProcessId::of(pid).unwrap());
            }
        }
        found
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        for id in self.in_our_directory() {
            drop(id.signal(rustix::process::Signal::KILL));
        }
    }
}

impl Live<'_> {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stop(self) -> Self {
        shim::stop(&self.run.dir, self.run.spec.grace).unwrap();
        self
    }

    /// Waits for the shim, and for what it wrote.
    pub(crate) fn ended(mut self) -> ExitRecord {
        poll("the shim ends", || self.child.try_wait().unwrap().is_some());
        match shim::look(&self.run.dir).unwrap() {
            Presence::Ended(exit) => exit,
            other => panic!("{other:?}: {:?}", self.run.file(shim::SHIM_LOG)),
        }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
