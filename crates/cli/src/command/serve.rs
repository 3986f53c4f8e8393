//! `crew serve`: the daemon, in the foreground.
//!
//! ```text
//! take the home ─► listen ─► daemon.json ─► serve … TERM, INT or POST /api/shutdown
//!                                             └─► remove daemon.json ─► end the engine
//! ```
//! Agents are not ended: they belong to their shims, and the next daemon finds them.

use std::path::PathBuf;
use std::time::Duration;

use crew_engine::{Engine, Options};
use crew_server::Setup;
use crew_store::Home;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::args::Serve;
use crate::context::Context;
use crate::daemon::DaemonFile;
use crate::error::{Attempt, CliError, Exit};

/// What the model `builtin` plays: it says that no model is configured.
const BUILTIN_PLAYBOOK: &str = include_str!("../../assets/builtin.toml");
/// What can be begun from the browser as well.
const SETUP: Setup = Setup {
    begin: |path, model, team| super::init::begin(path, model, team).map_err(CliError::into),
    told: super::init::told,
    doctor: super::doctor::look,
    demo: |root| crate::demo::prepare(root).map_err(CliError::into),
};
/// How long the engine may take to write down what it was doing.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(30);

/// Is the daemon until it is told to end.
pub(crate) fn run(context: &Context, arguments: Serve) -> Result<Exit, CliError> {
    if arguments.detached && rustix::process::setsid().is_err() {
        context.out.note("the daemon stays in its session");
    }
    let filter = EnvFilter::try_from_env("CREWHOUSE_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(context, arguments.port));
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

async fn serve(context: &Context, port: u16) -> Result<Exit, CliError> {
    let home = context.home()?;
    let program = std::env::current_exe().attempt("finding this program")?;
    let stop = CancellationToken::new();
    listen_for_signals(&stop)?;
    // Before the engine: with a port that is taken, no agent is touched.
    let listener = listen(&home, port).await?;
    let address = listener.local_addr().attempt("listening")?;
    let options =
        Options { home: home.root().to_owned(), program, builtin_playbook: BUILTIN_PLAYBOOK };
    let engine = Engine::start(options).await?;
    let file = DaemonFile {
        url: format!("http://{address}"),
        pid: std::process::id(),
        home: home.root().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: engine.handle().now().0,
    };
    let token = home.token()?;
    file.write(&home)?;
    let port = address.port().to_string();
    std::fs::write(port_file(&home), port).attempt("noting the port")?;
    tracing::info!("serving {} at {}", file.home, file.url);
    let served = crew_server::serve(engine.handle().clone(), listener, token, SETUP, stop).await;
    // We hold the home, so the file is ours.
    let removed = std::fs::remove_file(home.daemon_file()).attempt("removing daemon.json");
    if tokio::time::timeout(SHUTDOWN_PATIENCE, engine.shutdown()).await.is_err() {
        tracing::warn!("the engine was cut off; what it was doing is in the outbox");
    }
    tracing::info!("ended; agents stay at work");
    served.attempt("serving")?;
    removed?;
    Ok(Exit::Ok)
}

/// Listens where it was asked to, or where the last daemon of this home did: a browser that lost
/// its daemon finds the next one.
async fn listen(home: &Home, port: u16) -> Result<TcpListener, CliError> {
    let last = std::fs::read_to_string(port_file(home)).ok();
    let last = last.and_then(|text| text.trim().parse().ok()).filter(|_| port == 0);
    if let Some(last) = last
        && let Ok(listener) = crew_server::bind(last).await
    {
        return Ok(listener);
    }
    crew_server::bind(port).await.attempt(format!("listening on port {port}"))
}

/// Where the port of the last daemon is noted.
fn port_file(home: &Home) -> PathBuf {
    home.root().join("port")
}

fn listen_for_signals(stop: &CancellationToken) -> Result<(), CliError> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).attempt("listening for signals")?;
        let stop = stop.clone();
        // Ends with the runtime; it owns nothing.
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                stop.cancel();
            }
        });
    }
    Ok(())
}
