//! The machine, and the processes on it, as `/proc` tells. No names, no paths.

use std::fs;
use std::path::Path;

/// Of the kernel's counters in `/proc`, on every machine (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What the numbers depend on.
pub(crate) fn describe(disk: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0) >> 20;
    let processor = line_after(&read("/proc/cpuinfo"), "model name").unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    format!(
        "Machine: {cores} cores ({processor}), {memory} GiB of memory, {} on {}, Linux {kernel}. Load \
         before the run: {load}.\n",
        file_system(disk),
        if is_rotating() { "a rotating disk" } else { "a solid or virtual disk" }
    )
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn line_after(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The number after `key`, for instance in kB.
fn field(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

fn file_system(disk: &Path) -> String {
    let disk = disk.canonicalize().unwrap_or_else(|_| disk.to_owned());
    let mounts = read("/proc/mounts");
    let mut best = (0, "unknown");
    for mount in mounts.lines() {
        let mut words = mount.split(' ').skip(1);
        let (Some(at), Some(kind)) = (words.next(), words.next()) else { continue };
        if disk.starts_with(at) && at.len() >= best.0 {
            best = (at.len(), kind);
        }
    }
    best.1.to_owned()
}

fn is_rotating() -> bool {
    let disks = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut rotating = disks
        .filter(|disk| !disk.file_name().to_string_lossy().starts_with(['l', 'z', 'r']))
        .map(|disk| read(disk.path().join("queue/rotational")).trim() == "1");
    rotating.any(|is| is)
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Of one core.
    pub(crate) cpu_seconds: f64,
    /// Given to `write` and its kin.
    pub(crate) written: u64,
}

pub(crate) fn used(pid: u32) -> Used {
    let ticks: u64 =
        state(pid).split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    let io = read(format!("/proc/{pid}/io"));
    Used {
        cpu_seconds: ticks as f64 / TICKS_PER_SECOND,
        written: field(&io, "wchar:").unwrap_or(0),
    }
}

/// Whose child a process is.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    state(pid).split_whitespace().nth(1)?.parse().ok()
}

/// What `stat` tells after the name, which may have anything in it.
fn state(pid: u32) -> String {
    let stat = read(format!("/proc/{pid}/stat"));
    stat.rsplit_once(')').map_or_else(String::new, |(_, rest)| rest.to_owned())
}

/// Resident memory in MiB.
pub(crate) fn resident(pid: u32) -> f64 {
    kib(&format!("/proc/{pid}/status"), "VmRSS:") / 1024.0
}

/// Resident memory in MiB that is no part of a file, such as the program.
pub(crate) fn data(pid: u32) -> f64 {
    kib(&format!("/proc/{pid}/status"), "RssAnon:") / 1024.0
}

/// Memory in MiB that would be free if this process were not: what it shares with others is not
/// counted.
pub(crate) fn own(pid: u32) -> f64 {
    let path = format!("/proc/{pid}/smaps_rollup");
    (kib(&path, "Private_Clean:") + kib(&path, "Private_Dirty:")) / 1024.0
}

/// Memory in MiB; what it has together with others is divided between them.
pub(crate) fn shared(pid: u32) -> f64 {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:") / 1024.0
}

fn kib(path: &str, key: &str) -> f64 {
    field(&read(path), key).unwrap_or(0) as f64
}
