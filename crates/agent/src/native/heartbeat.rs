//! Signs of life while something takes long: who watches the agent from outside sees nothing but
//! its output.

use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::output::Output;
use crate::AgentEvent;

/// What a main thread has; the requests of a model are deep.
const STACK_BYTES: usize = 8 << 20;

/// Does `work` on a thread of its own, and prints a heartbeat each time that `every` has passed.
pub(super) fn during<T: Send>(
    output: &mut Output<'_>,
    every: Duration,
    work: impl FnOnce() -> T + Send,
) -> io::Result<T> {
    thread::scope(|scope| {
        let (working, ended) = channel::<()>();
        let work = move || {
            let result = work();
            drop(working);
            result
        };
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)?;
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            output.emit(&AgentEvent::Heartbeat)?;
        }
        Ok(worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
