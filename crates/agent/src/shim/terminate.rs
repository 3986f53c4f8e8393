//! Being told by the system to end.
//!
//! Without `unsafe` only a library can handle a signal. This is the one use of tokio in the
//! shim: a runtime without threads of its own, blocked in one of ours.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::spawn::STACK_BYTES;

/// Calls `tell` at every TERM, INT or HUP. From the return of this function on, none of them
/// ends this process by itself.
pub(super) fn on_terminate(tell: impl Fn() + Send + 'static) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let [mut term, mut interrupt, mut hangup] = {
        let _entered = runtime.enter();
        listen()?
    };
    let wait = async move {
        loop {
            tokio::select! {
                Some(()) = term.recv() => tell(),
                Some(()) = interrupt.recv() => tell(),
                Some(()) = hangup.recv() => tell(),
                else => return,
            }
        }
    };
    let block = move || runtime.block_on(wait);
    thread::Builder::new().stack_size(STACK_BYTES).spawn(block).map(drop)
}

fn listen() -> io::Result<[Signal; 3]> {
    Ok([
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    ])
}
