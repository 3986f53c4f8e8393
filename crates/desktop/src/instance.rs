//! One window for each home: who comes second tells the first where to go, and ends.
//!
//! ```text
//! desktop.lock   held by the first for as long as it lives; the system gives it back
//! desktop.sock   where the first listens: one link in a line, answered by `ok`
//! ```
//! Both lie in the home, which nobody else may enter. The socket of one that was killed is replaced.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::link::{BYTES_MAX, Place};

const LOCK: &str = "desktop.lock";
/// Relative to the home, which is our directory: the path of a socket may have 100 bytes, and a
/// home's may have more.
const SOCKET: &str = "desktop.sock";
/// What the first answers.
const OK: &str = "ok\n";
/// How long the two may take to talk. The first may just be starting.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Who we are.
#[derive(Debug)]
pub(crate) enum Instance {
    /// The first; it listens.
    First(First),
    /// The first was told; we are done.
    Second,
}

/// The one window of a home.
#[derive(Debug)]
pub(crate) struct First {
    lock: File,
    listener: UnixListener,
}

/// Goes into the home, and finds out who we are there; a second one hands over its place.
pub(crate) fn enter(home: &Path, place: Place) -> io::Result<Instance> {
    DirBuilder::new().recursive(true).mode(0o700).create(home)?;
    std::env::set_current_dir(home)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let lock = File::options().create(true).truncate(false).write(true).open(LOCK)?;
        match lock.try_lock() {
            Ok(()) => return Ok(Instance::First(First { lock, listener: listen()? })),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        match tell(place) {
            Ok(()) => return Ok(Instance::Second),
            // It is starting or ending.
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

fn listen() -> io::Result<UnixListener> {
    match std::fs::remove_file(SOCKET) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    UnixListener::bind(SOCKET)
}

fn tell(place: Place) -> io::Result<()> {
    let mut stream = UnixStream::connect(SOCKET)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{place}")?;
    let mut answer = String::new();
    stream.take(OK.len() as u64).read_to_string(&mut answer)?;
    if answer == OK { Ok(()) } else { Err(io::Error::other("the first window did not answer")) }
}

impl First {
    /// Shows what others ask for, one after the other, for as long as we live.
    pub(crate) fn serve(self, show: impl Fn(Place) + Send + 'static) {
        // The lock lives in the thread, which never ends; a closure takes only what it names.
        let Self { lock, listener } = self;
        std::thread::spawn(move || {
            let _held = lock;
            for stream in listener.incoming() {
                // Whoever went away or said nothing sensible is owed nothing.
                let place = stream.and_then(hear);
                if let Ok(place) = place {
                    show(place);
                }
            }
        });
    }
}

fn hear(mut stream: UnixStream) -> io::Result<Place> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut line = String::new();
    BufReader::new((&stream).take(BYTES_MAX as u64 + 1)).read_line(&mut line)?;
    let place = Place::of_link(line.trim_end_matches('\n')).map_err(io::Error::other)?;
    stream.write_all(OK.as_bytes())?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::scratch::Scratch;

    /// One test, because the directory of the process is one.
    #[test]
    fn the_second_one_tells_the_first() {
        let dir = Scratch::new();
        // Longer than the path of a socket may be.
        let home = dir.join("a".repeat(120)).join("home");
        let Instance::First(first) = enter(&home, Place::Here).unwrap() else { panic!() };
        let (tell, told) = mpsc::channel();
        first.serve(move |place| tell.send(place).unwrap());

        assert!(matches!(enter(&home, Place::Inbox).unwrap(), Instance::Second));
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Place::Inbox);

        // Who talks nonsense, too much, or nothing at all hurts nobody.
        for nonsense in ["GET / HTTP/1.1\r\n\r\n".to_owned(), "x".repeat(1 << 16), String::new()] {
            let mut stream = UnixStream::connect(SOCKET).unwrap();
            stream.write_all(nonsense.as_bytes()).ok();
            drop(stream);
        }
        let place = Place::of_link("crewhouse://task/7").unwrap();
        assert!(matches!(enter(&home, place).unwrap(), Instance::Second));
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), place);

        // The socket that a killed one left behind is in nobody's way.
        let other = dir.join("other");
        DirBuilder::new().create(&other).unwrap();
        std::env::set_current_dir(&other).unwrap();
        drop(UnixListener::bind(SOCKET).unwrap());
        assert!(matches!(enter(&other, Place::Here).unwrap(), Instance::First(_)));
    }
}
