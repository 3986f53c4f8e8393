//! A child process: what it writes, its end, and the end of its process group.

use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::GitError;
use crate::error::io_error;
use crate::run::lock;

/// Between the polite signal and the last one.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// The first bytes that a child wrote.
#[derive(Default)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    pub(crate) truncated: bool,
}

/// Reads a pipe to its end on a thread of its own, keeps the first bytes, then says so.
pub(crate) fn capture(
    pipe: Option<impl Read + Send + 'static>,
    bytes_max: usize,
    done: Sender<()>,
) -> Result<Arc<Mutex<Captured>>, GitError> {
    let captured = Arc::new(Mutex::new(Captured::default()));
    let shared = Arc::clone(&captured);
    let read = move || {
        let mut buffer = vec![0; 64 << 10];
        let mut pipe = pipe;
        while let Some(Ok(count @ 1..)) = pipe.as_mut().map(|p| p.read(&mut buffer)) {
            let mut captured = lock(&shared);
            let room = bytes_max.saturating_sub(captured.bytes.len()).min(count);
            captured.bytes.extend_from_slice(&buffer[..room]);
            captured.truncated |= room < count;
        }
        // Nobody listens any more once git is done.
        done.send(()).ok();
    };
    std::thread::Builder::new()
        .name("git-output".to_owned())
        .spawn(read)
        .map_err(io_error("start a thread"))?;
    Ok(captured)
}

/// The exit status; none if the deadline passed and the child was ended.
pub(crate) fn wait(
    child: &mut Child,
    finished: &Receiver<()>,
    deadline: Duration,
) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + deadline;
    let mut open = 2;
    loop {
        if let Some(status) = child.try_wait()? {
            // What it wrote is in the pipes; a process it left behind may hold them open.
            let patience = Instant::now() + Duration::from_millis(500);
            while open > 0 && finished.recv_timeout(patience - Instant::now().min(patience)).is_ok()
            {
                open -= 1;
            }
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            end_group(child)?;
            return Ok(None);
        }
        match finished.recv_timeout(Duration::from_millis(20)) {
            Ok(()) => open -= 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Ends the process group of a child that leads one: asks, waits, insists; then reaps it.
pub(crate) fn end_group(child: &mut Child) -> std::io::Result<ExitStatus> {
    signal_group(child, Signal::TERM);
    let end = Instant::now() + GRACE;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    signal_group(child, Signal::KILL);
    child.wait()
}

/// Signals the group of a child that was not reaped yet, so that its number is still its own.
pub(crate) fn signal_group(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An error says that nobody is left to signal.
        kill_process_group(group, signal).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_child_that_outlives_its_deadline_is_ended() {
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let (done, finished) = channel();
        drop(done);
        let begun = Instant::now();
        assert!(wait(&mut child, &finished, Duration::from_millis(30)).unwrap().is_none());
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert!(child.try_wait().unwrap().is_some(), "it was reaped");
    }
}
