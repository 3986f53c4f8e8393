//! Listening, and ending.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use crew_engine::Handle;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::guard::Guard;
use crate::route;
use crate::setup::Setup;

/// How long requests may take to end after the shutdown began.
const GRACE: Duration = Duration::from_secs(5);

/// A listener on loopback; port 0 is any that is free.
pub async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

/// Serves the API until `shutdown` is cancelled, which `POST /api/shutdown` does, too.
///
/// Streams end at once then, other requests within a few seconds; whoever is slower is cut off.
///
/// # Errors
/// When the listener is not on loopback.
pub async fn serve(
    handle: Handle,
    listener: TcpListener,
    token: String,
    setup: Setup,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let problem = format!("refusing to listen on {address}, which is not loopback");
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, problem));
    }
    let guard = Guard::new(address.port(), &token);
    let app = Arc::new(App::new(handle, setup, shutdown.clone()));
    let router = route::router(app, guard);
    let listener = listener.tap_io(at_once);
    let graceful =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let cut_off = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = graceful.into_future() => result,
        () = cut_off => {
            tracing::warn!("requests were cut off: they did not end in {GRACE:?}");
            Ok(())
        }
    }
}

/// What an agent says is sent as it is said. Otherwise a small message waits for the word that the one
/// before has arrived, and whoever receives it holds that word back for 40 ms, to save packets
/// (RFC 896 and RFC 1122, 4.2.3.2).
fn at_once(stream: &mut TcpStream) {
    // Without it, it comes later; where that is refused the connection is gone.
    stream.set_nodelay(true).ok();
}
