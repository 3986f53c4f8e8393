//! Processes that we may signal: identity, life, descent and mark.
//!
//! A pid alone names nobody: it is given away again as soon as its process is reaped. A
//! [`ProcessId`] is the pid with the moment of its start and the boot that this moment counts
//! from, and every signal goes through [`ProcessId::signal`], which checks all three on a pidfd,
//! so between the check and the signal the pid cannot change hands.
//!
//! Invariants: nothing is ever signalled by name, nor pid 0 or 1 (a process group, init), nor
//! ourselves. A zombie counts as dead: it runs nothing and holds nothing open.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// How often nobody must be found until nobody is left: a process that is born while the table is
/// read, of a parent that then ends, is not in it.
const LOOKS_IN_VAIN_MIN: u32 = 3;

/// The environment variable that marks an agent and, by inheritance, all that it starts.
pub const MARKER: &str = "CREWHOUSE_RUN";

/// How often a set of processes that should go away is looked at.
const POLL: Duration = Duration::from_millis(20);

/// One process for all time: no other has or will have this identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProcessId {
    /// The number; at least 2.
    pub pid: u32,
    /// Clock ticks from boot to the start of the process (`/proc/<pid>/stat`, field 22).
    pub start_ticks: u64,
    /// The kernel's random name of this boot.
    pub boot_id: String,
}

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was delivered to exactly the process meant.
    Delivered,
    /// The process is gone, whoever has its pid now.
    Gone,
}

/// One row of the process table.
#[derive(Clone, Copy, Debug)]
struct Row {
    pid: u32,
    parent: u32,
    start_ticks: u64,
    zombie: bool,
}

impl ProcessId {
    /// The identity of this very process.
    pub fn own() -> io::Result<Self> {
        Self::of(std::process::id())?.ok_or_else(|| io::Error::other("BUG: we are not running"))
    }

    /// Who has this pid now; `None` when nobody, or only a zombie.
    pub fn of(pid: u32) -> io::Result<Option<Self>> {
        let row = table::row(pid)?.filter(|row| !row.zombie);
        row.map(Self::from_row).transpose()
    }

    /// The identity of a child of ours that was not reaped yet, though it may have ended.
    pub(crate) fn of_unreaped(pid: u32) -> io::Result<Self> {
        let row = table::row(pid)?;
        row.map_or_else(|| Err(io::Error::other("BUG: the child is gone")), Self::from_row)
    }

    fn from_row(row: Row) -> io::Result<Self> {
        Ok(Self { pid: row.pid, start_ticks: row.start_ticks, boot_id: table::boot_id()? })
    }

    /// Whether this process, and not another with its pid, still runs.
    pub fn is_alive(&self) -> io::Result<bool> {
        Ok(Self::of(self.pid)?.is_some_and(|now| now == *self))
    }

    /// Sends `signal` to this process and to no other.
    pub fn signal(&self, signal: Signal) -> io::Result<Sent> {
        if self.pid <= 1 || self.pid == std::process::id() {
            return Err(io::Error::other(format!("BUG: asked to signal process {}", self.pid)));
        }
        let pid = Pid::from_raw(self.pid.cast_signed())
            .ok_or_else(|| io::Error::other("BUG: zero is no process"))?;
        send::checked(self, pid, signal)
    }
}

impl fmt::Display for ProcessId {
    /// `pid start_ticks boot_id`, as the file `pid` of a run has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.pid, self.start_ticks, self.boot_id)
    }
}

impl FromStr for ProcessId {
    type Err = io::Error;

    fn from_str(text: &str) -> Result<Self, io::Error> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "not `pid start boot`");
        let mut words = text.split_whitespace();
        let mut word = || words.next().ok_or_else(invalid);
        let pid = word()?.parse().map_err(|_| invalid())?;
        let start_ticks = word()?.parse().map_err(|_| invalid())?;
        Ok(Self { pid, start_ticks, boot_id: word()?.to_owned() })
    }
}

/// All live processes below `ancestors`, which are not themselves included.
pub fn descendants(ancestors: &[u32]) -> io::Result<Vec<ProcessId>> {
    let rows = table::rows()?;
    let mut children: HashMap<u32, Vec<Row>> = HashMap::new();
    for row in rows {
        children.entry(row.parent).or_default().push(row);
    }
    let mut found = Vec::new();
    let mut open = ancestors.to_vec();
    while let Some(parent) = open.pop() {
        // A zombie has no children of its own: they went to the reaper when it died.
        for row in children.remove(&parent).unwrap_or_default() {
            open.push(row.pid);
            if !row.zombie && !ancestors.contains(&row.pid) {
                found.push(ProcessId::from_row(row)?);
            }
        }
    }
    Ok(found)
}

/// All live processes of this user whose environment says `CREWHOUSE_RUN=<marker>`, or that can
/// still write to one of `outputs`, and what is below them; never this process.
///
/// Two marks, because a child may clean its environment (`env -i`) or redirect its output, and
/// few do both.
pub fn marked(marker: &str, outputs: &[&Path]) -> io::Result<Vec<ProcessId>> {
    let outputs: Vec<(u64, u64)> = outputs.iter().filter_map(|path| table::file_id(path)).collect();
    let mut found = Vec::new();
    for row in table::rows()?.into_iter().filter(|row| !row.zombie) {
        if row.pid != std::process::id()
            && table::is_ours(row.pid)
            && (table::has_marker(row.pid, marker) || table::writes_to(row.pid, &outputs))
        {
            found.push(ProcessId::from_row(row)?);
        }
    }
    let roots: Vec<u32> = found.iter().map(|id| id.pid).collect();
    let below = descendants(&roots)?;
    found.extend(below.into_iter().filter(|id| id.pid != std::process::id()));
    Ok(found)
}

/// Ends all that `find` names: TERM, up to `grace` of patience, then KILL until `find` names
/// nobody or `limit` has passed. Returns how many were signalled, and those that would not go.
///
/// `find` is asked again and again, because what is being ended may still start others.
pub fn end_all(
    mut find: impl FnMut() -> io::Result<Vec<ProcessId>>,
    grace: Duration,
    limit: Duration,
) -> io::Result<(usize, Vec<ProcessId>)> {
    let start = Instant::now();
    let mut asked = HashSet::new();
    let mut looks_in_vain = 0;
    loop {
        let alive = find()?;
        looks_in_vain = if alive.is_empty() { looks_in_vain + 1 } else { 0 };
        if looks_in_vain == LOOKS_IN_VAIN_MIN || start.elapsed() > grace + limit {
            return Ok((asked.len(), alive));
        }
        let patience_is_over = start.elapsed() >= grace;
        for id in alive {
            if patience_is_over {
                id.signal(Signal::KILL)?;
            } else if !asked.contains(&id) {
                id.signal(Signal::TERM)?;
            }
            asked.insert(id);
        }
        std::thread::sleep(POLL);
    }
}

#[cfg(target_os = "linux")]
mod send {
    use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

    use super::{ProcessId, Sent};

    pub(super) fn checked(id: &ProcessId, pid: Pid, signal: Signal) -> std::io::Result<Sent> {
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => Some(handle),
            Err(rustix::io::Errno::SRCH) => return Ok(Sent::Gone),
            Err(rustix::io::Errno::NOSYS) => None, // a kernel before 5.3
            Err(errno) => return Err(errno.into()),
        };
        // Only now: whoever the handle holds, it is no other than the one looked at here.
        if !id.is_alive()? {
            return Ok(Sent::Gone);
        }
        let sent = match handle {
            Some(handle) => pidfd_send_signal(handle, signal),
            None => kill_process(pid, signal),
        };
        match sent {
            Ok(()) => Ok(Sent::Delivered),
            Err(rustix::io::Errno::SRCH) => Ok(Sent::Gone),
            Err(errno) => Err(errno.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod send {
    use rustix::process::{Pid, Signal, kill_process};

    use super::{ProcessId, Sent};

    pub(super) fn checked(id: &ProcessId, pid: Pid, signal: Signal) -> std::io::Result<Sent> {
        if !id.is_alive()? {
            return Ok(Sent::Gone);
        }
        match kill_process(pid, signal) {
            Ok(()) => Ok(Sent::Delivered),
            Err(rustix::io::Errno::SRCH) => Ok(Sent::Gone),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// The process table as Linux shows it in `/proc`.
#[cfg(target_os = "linux")]
mod table {
    use std::fs;
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;
    use std::sync::OnceLock;

    use super::{MARKER, Row};

    pub(super) fn boot_id() -> io::Result<String> {
        static BOOT_ID: OnceLock<String> = OnceLock::new();
        if let Some(known) = BOOT_ID.get() {
            return Ok(known.clone());
        }
        let read = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        Ok(BOOT_ID.get_or_init(|| read.trim().to_owned()).clone())
    }

    pub(super) fn row(pid: u32) -> io::Result<Option<Row>> {
        match fs::read(format!("/proc/{pid}/stat")) {
            Ok(stat) => Ok(parse(pid, &stat)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn rows() -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            rows.extend(row(pid)?);
        }
        Ok(rows)
    }

    /// Whether the process is of this user: others are never looked into, nor signalled.
    pub(super) fn is_ours(pid: u32) -> bool {
        let user = rustix::process::geteuid().as_raw();
        fs::metadata(format!("/proc/{pid}")).is_ok_and(|meta| meta.uid() == user)
    }

    /// Whether the environment that the process was started with has the marker.
    pub(super) fn has_marker(pid: u32, marker: &str) -> bool {
        let wanted = format!("{MARKER}={marker}");
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|v| v == wanted.as_bytes()))
    }

    /// What names a file whatever its path.
    pub(super) fn file_id(path: &Path) -> Option<(u64, u64)> {
        fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
    }

    /// Whether the process has one of these files open for writing. Who only reads, like a
    /// `tail -f` or the daemon, is none of the agent's.
    pub(super) fn writes_to(pid: u32, files: &[(u64, u64)]) -> bool {
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        open.flatten().any(|entry| {
            file_id(&entry.path()).is_some_and(|id| files.contains(&id))
                && is_writable(pid, &entry.file_name().to_string_lossy())
        })
    }

    fn is_writable(pid: u32, descriptor: &str) -> bool {
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}"));
        let info = info.unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
        flags.is_some_and(|flags| flags & 0o3 != 0) // O_WRONLY or O_RDWR
    }

    /// Reads `pid (name) state ppid … starttime …`; the name may hold spaces and parentheses.
    pub(super) fn parse(pid: u32, stat: &[u8]) -> Option<Row> {
        let end_of_name = stat.iter().rposition(|byte| *byte == b')')?;
        let text = std::str::from_utf8(stat.get(end_of_name + 1..)?).ok()?;
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        Some(Row {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            start_ticks: fields.get(19)?.parse().ok()?,
            zombie: matches!(*fields.first()?, "Z" | "X"),
        })
    }

    /// A process that ends while it is looked at answers with either error.
    fn is_gone(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    }
}

/// No process table yet on other systems: an error, never a guess.
#[cfg(not(target_os = "linux"))]
mod table {
    use std::io;

    use super::Row;

    fn unsupported<T>() -> io::Result<T> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "processes are told apart on Linux only"))
    }

    pub(super) fn boot_id() -> io::Result<String> {
        unsupported()
    }

    pub(super) fn row(_pid: u32) -> io::Result<Option<Row>> {
        unsupported()
    }

    pub(super) fn rows() -> io::Result<Vec<Row>> {
        unsupported()
    }

    pub(super) fn is_ours(_pid: u32) -> bool {
        false
    }

    pub(super) fn has_marker(_pid: u32, _marker: &str) -> bool {
        false
    }

    pub(super) fn file_id(_path: &std::path::Path) -> Option<(u64, u64)> {
        None
    }

    pub(super) fn writes_to(_pid: u32, _files: &[(u64, u64)]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = b"7 (a) Z (b c) S 5 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 9 9";
        let row = table::parse(7, stat).unwrap();
        assert_eq!((row.parent, row.start_ticks, row.zombie), (5, 4242, false));
    }

    #[test]
    fn an_identity_reads_back_what_it_prints() {
        let own = ProcessId::own().unwrap();
        assert_eq!(own.to_string().parse::<ProcessId>().unwrap(), own);
        assert!("12 x y".parse::<ProcessId>().is_err());
    }

    #[test]
    fn a_zombie_is_dead_and_a_signal_finds_only_the_process_meant() {
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let id = ProcessId::of(child.id()).unwrap().unwrap();
        let earlier = ProcessId { start_ticks: id.start_ticks - 1, ..id.clone() };
        let other_boot = ProcessId { boot_id: "other".into(), ..id.clone() };
        assert_eq!(earlier.signal(Signal::KILL).unwrap(), Sent::Gone);
        assert_eq!(other_boot.signal(Signal::KILL).unwrap(), Sent::Gone);
        assert!(id.is_alive().unwrap());
        assert_eq!(id.signal(Signal::KILL).unwrap(), Sent::Delivered);
        let deadline = Instant::now() + Duration::from_secs(5);
        while id.is_alive().unwrap() {
            assert!(Instant::now() < deadline, "an unreaped child counts as alive");
            std::thread::sleep(POLL);
        }
        child.wait().unwrap();
        assert_eq!(id.signal(Signal::TERM).unwrap(), Sent::Gone);
    }

    #[test]
    fn neither_init_nor_groups_nor_ourselves_are_signalled() {
        let own = ProcessId::own().unwrap();
        assert!(own.signal(Signal::TERM).is_err());
        for pid in [0, 1] {
            assert!(ProcessId { pid, ..own.clone() }.signal(Signal::TERM).is_err());
        }
    }
}
