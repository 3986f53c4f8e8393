//! What is done to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Random;
use crate::scene::{Scene, pid_in, run};

/// One misfortune.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    KillDaemon,
    KillShim,
    KillAgent,
    /// Daemon and shim at once: nobody is left who knows the agent.
    KillBoth,
    FreezeDaemon,
    FreezeShim,
    FreezeAgent,
    /// The home cannot be written to for a while.
    ReadOnly,
    /// No file of the daemon may grow for a while.
    DiskFull,
    /// More happens in the mailbox than the watcher can be told.
    Overflow,
    /// The shim is gone, and its pid and the agent's belong to a stranger now.
    PidReuse,
    /// The owner of the repository amends the base branch, packs references, collects garbage.
    Rewrite,
}

/// What came of a blow.
#[derive(Clone, Copy)]
pub(crate) enum Came {
    Struck,
    /// There was nobody to strike.
    Missed,
}

/// How often each blow fell.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) struck: BTreeMap<Blow, u64>,
}

impl Tally {
    pub(crate) fn note(&mut self, blow: Blow, came: Came) {
        if matches!(came, Came::Struck) {
            *self.struck.entry(blow).or_default() += 1;
        }
    }

    pub(crate) fn blows(&self) -> u64 {
        self.struck.values().sum()
    }
}

impl Blow {
    pub(crate) const KILLS: &[Self] =
        &[Self::KillDaemon, Self::KillShim, Self::KillAgent, Self::KillAgent, Self::KillBoth];
    pub(crate) const ALL: &[Self] = &[
        Self::KillDaemon,
        Self::KillDaemon,
        Self::KillShim,
        Self::KillShim,
        Self::KillAgent,
        Self::KillAgent,
        Self::KillBoth,
        Self::FreezeDaemon,
        Self::FreezeShim,
        Self::FreezeAgent,
        Self::ReadOnly,
        Self::DiskFull,
        Self::Overflow,
        Self::PidReuse,
        Self::Rewrite,
    ];
}

impl Scene {
    pub(crate) fn strike(&mut self, blow: Blow, random: &mut Random) -> Came {
        let moment = Duration::from_millis(200 + random.below(1_500));
        match blow {
            Blow::KillDaemon => {
                self.restart();
                Came::Struck
            }
            Blow::KillShim => match self.some_shim(random) {
                Some((_, pid)) => signal("KILL", pid),
                None => Came::Missed,
            },
            Blow::KillAgent => match self.some_agent(random) {
                Some(pid) => signal("KILL", pid),
                None => Came::Missed,
            },
            Blow::KillBoth => {
                let Some((_, pid)) = self.some_shim(random) else { return Came::Missed };
                signal("KILL", pid);
                self.restart();
                Came::Struck
            }
            Blow::FreezeDaemon => {
                let pid = self.daemon.as_ref().map(crate::support::Daemon::pid);
                freeze(pid, moment)
            }
            Blow::FreezeShim => {
                let pid = self.some_shim(random).map(|(_, pid)| pid);
                freeze(pid, moment)
            }
            Blow::FreezeAgent => {
                let pid = self.some_agent(random);
                freeze(pid, moment)
            }
            Blow::ReadOnly => self.read_only(moment),
            Blow::DiskFull => self.disk_full(moment),
            Blow::Overflow => self.overflow(),
            Blow::PidReuse => self.pid_reuse(random),
            Blow::Rewrite => self.rewrite(),
        }
    }

    fn some_shim(&self, random: &mut Random) -> Option<(std::path::PathBuf, u32)> {
        let shims = self.shims();
        if shims.is_empty() {
            None
        } else {
            Some(shims[random.below(shims.len() as u64) as usize].clone())
        }
    }

    fn some_agent(&self, random: &mut Random) -> Option<u32> {
        let agents = self.lab.agents();
        if agents.is_empty() { None } else { Some(random.pick(&agents)) }
    }

    /// For root, modes say nothing: the home is mounted over itself, read-only, where that is
    /// allowed; its modes are changed otherwise.
    fn read_only(&self, moment: Duration) -> Came {
        let home = self.lab.home();
        let mounted = is_root() && run("mount", &["--bind", &text(&home), &text(&home)]);
        if mounted {
            run("mount", &["-o", "remount,ro,bind", &text(&home)]);
            std::thread::sleep(moment);
            run("umount", &["--lazy", &text(&home)]);
        } else {
            run("chmod", &["500", &text(&home), &text(&home.join("journal"))]);
            std::thread::sleep(moment);
            run("chmod", &["700", &text(&home), &text(&home.join("journal"))]);
        }
        Came::Struck
    }

    /// The disk is full; where there is no small one, no file that the daemon or one of its children
    /// writes may grow. The signal that comes with that ends who does not mind it.
    fn disk_full(&mut self, moment: Duration) -> Came {
        if let Some(ballast) = self.fill_disk() {
            std::thread::sleep(moment);
            fs::remove_file(ballast).unwrap();
            self.restart_if_gone();
            return Came::Struck;
        }
        let Some(pid) = self.daemon.as_ref().map(crate::support::Daemon::pid) else {
            return Came::Missed;
        };
        let pid = pid.to_string();
        let limited = run("prlimit", &["--pid", &pid, "--fsize=20000:unlimited"]);
        std::thread::sleep(moment);
        run("prlimit", &["--pid", &pid, "--fsize=unlimited:unlimited"]);
        self.restart_if_gone();
        if limited { Came::Struck } else { Came::Missed }
    }

    /// Who could not even read what is recorded has ended, for the next to begin.
    fn restart_if_gone(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.pid()));
        if stat.map_or(true, |stat| stat.contains(") Z ")) {
            self.restart();
        }
    }

    /// While the daemon is frozen, more files come and go than its queue has room for; then a
    /// remark is dropped that has to arrive all the same.
    fn overflow(&self) -> Came {
        let Some(daemon) = &self.daemon else { return Came::Missed };
        let triggers = self.lab.repo().join(".crew/shared/triggers");
        let room: u64 = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events")
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(16_384);
        signal("STOP", daemon.pid());
        for _ in 0..room / 3 + 100 {
            fs::write(triggers.join("noise.tmp"), "x").ok();
            fs::remove_file(triggers.join("noise.tmp")).ok();
        }
        fs::write(triggers.join("pm.tmp"), "ISSUE: #1\nA remark in all the noise.\n").ok();
        fs::rename(triggers.join("pm.tmp"), triggers.join("pm.noise.trigger")).ok();
        signal("CONT", daemon.pid());
        self.lab.wait("the remark is taken", || {
            (!triggers.join("pm.noise.trigger").exists()).then_some(())
        });
        Came::Struck
    }

    /// The shim and its agents are killed while there is no daemon, and their files name a process
    /// that has nothing to do with us, as if it had got their pid.
    fn pid_reuse(&mut self, random: &mut Random) -> Came {
        let Some((dir, shim)) = self.some_shim(random) else { return Came::Missed };
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
        let agent = pid_in(&dir.join("agent.pid"));
        signal("KILL", shim);
        if let Some(agent) = agent.filter(|agent| self.lab.agents().contains(agent)) {
            signal("KILL", agent);
        }
        let stranger = self.strangers[1].id();
        for name in ["pid", "agent.pid"] {
            if let Ok(text) = fs::read_to_string(dir.join(name))
                && let Some((_, rest)) = text.split_once(' ')
            {
                fs::write(dir.join(name), format!("{stranger} {rest}")).unwrap();
            }
        }
        self.daemon = Some(self.lab.up());
        Came::Struck
    }

    /// The same tree under another commit: everything that is at work stands on a commit that the
    /// base branch does not have any more.
    fn rewrite(&self) -> Came {
        let old = self.lab.git(&["rev-parse", "main"]).trim().to_owned();
        let raw = self.lab.git(&["cat-file", "commit", &old]) + "\nAmended by its owner.\n";
        let file = self.lab.dir.path().join("amended");
        fs::write(&file, raw).unwrap();
        let new = self.lab.git(&["hash-object", "-t", "commit", "-w", &text(&file)]);
        // Who was faster wins, as between two people.
        let moved = self.lab.try_git(&["update-ref", "refs/heads/main", new.trim(), &old]);
        self.lab.try_git(&["pack-refs", "--all"]);
        self.lab.try_git(&["gc", "--quiet", "--auto"]);
        if moved { Came::Struck } else { Came::Missed }
    }
}

fn freeze(pid: Option<u32>, moment: Duration) -> Came {
    let Some(pid) = pid else { return Came::Missed };
    signal("STOP", pid);
    std::thread::sleep(moment);
    signal("CONT", pid)
}

fn signal(name: &str, pid: u32) -> Came {
    let sent = run("kill", &[&format!("-{name}"), &pid.to_string()]);
    if sent { Came::Struck } else { Came::Missed }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
