//! The shim's side of its socket: bounded in clients, bytes and time, whoever connects.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::spawn::STACK_BYTES;
use super::supervise::Event;
use super::wire::{REQUEST_BYTES_MAX, Refused, Reply, Request};

/// Clients served at the same time; more are turned away, and try again.
const CLIENTS_MAX: usize = 8;
/// How long a client may take to say what it wants, or to take the answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long the shim may take; it writes to disk in this time.
const SHIM_PATIENCE: Duration = Duration::from_secs(10);

/// Answers clients in threads of its own, by asking the supervisor.
pub(super) fn serve(listener: UnixListener, tell: Sender<Event>) -> io::Result<()> {
    let accept_all = move || {
        let places = Arc::new(());
        for client in listener.incoming() {
            let Ok(client) = client else {
                thread::sleep(Duration::from_millis(50)); // no descriptors left, for now
                continue;
            };
            if Arc::strong_count(&places) > CLIENTS_MAX {
                continue;
            }
            let (place, tell) = (Arc::clone(&places), tell.clone());
            let talk = move || {
                // A client that fails has nobody to be told but itself.
                drop(answer(client, &tell));
                drop(place);
            };
            drop(thread::Builder::new().stack_size(STACK_BYTES).spawn(talk));
        }
    };
    thread::Builder::new().stack_size(STACK_BYTES).spawn(accept_all).map(drop)
}

fn answer(mut client: UnixStream, tell: &Sender<Event>) -> io::Result<()> {
    client.set_write_timeout(Some(CLIENT_PATIENCE))?;
    let line = read_line(&mut client)?;
    let reply = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => ask(request, tell)?,
        Err(error) => Reply::refused(Refused::Invalid, error.to_string()),
    };
    let mut bytes = serde_json::to_vec(&reply)?;
    bytes.push(b'\n');
    client.write_all(&bytes)
}

fn ask(request: Request, tell: &Sender<Event>) -> io::Result<Reply> {
    let (reply, answer) = channel();
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    tell.send(Event::Asked { request, reply }).map_err(|_| gone())?;
    answer.recv_timeout(SHIM_PATIENCE).map_err(|_| gone())
}

/// Reads up to a newline. The time is for the whole line: who sends a byte now and then is as
/// slow as who sends none.
fn read_line(client: &mut UnixStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + CLIENT_PATIENCE;
    let mut line = Vec::new();
    let mut chunk = [0; 8 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || line.len() > REQUEST_BYTES_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
        client.set_read_timeout(Some(left))?;
        let count = client.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = chunk.get(..count).unwrap_or_default();
        if let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(read.get(..end).unwrap_or_default());
            return Ok(line);
        }
        line.extend_from_slice(read);
    }
}
