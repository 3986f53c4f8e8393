//! Starting and ending the engine.

use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use anyhow::Context;
use crew_store::{Home, HomeLock, Journal, Writer};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::arbiter::Arbiter;
use crate::handle::{Handle, LAG_MAX, QUEUE_MAX};

/// What the engine needs to know to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory.
    pub home: PathBuf,
    /// The `crew` program: it is its own shim (`crew shim <dir>`) and native agent (`crew agent`).
    pub program: PathBuf,
}

/// The running engine. [`Engine::shutdown`] ends it; agents stay at work.
#[derive(Debug)]
pub struct Engine {
    handle: Handle,
    arbiter: JoinHandle<()>,
    stop: CancellationToken,
    lock: HomeLock,
}

impl Engine {
    /// Takes the home, reads what was there, and goes on with it.
    ///
    /// # Errors
    /// When another daemon has the home, or it cannot be read.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let home = Home::open(&options.home)?;
        let lock = home.lock()?;
        let writer = Writer::open(&home.database())?;
        let journal = Journal::open(&home.journal(), &writer)?;
        let state = Arc::new(RwLock::new(writer.load()?));
        let (inbox, receiver) = mpsc::channel(QUEUE_MAX);
        let (entries, _) = broadcast::channel(LAG_MAX);
        let outbox = Arc::new(Notify::new());
        let clock = Clock;
        let arbiter = Arbiter {
            writer,
            journal,
            state: Arc::clone(&state),
            inbox: receiver,
            entries: entries.clone(),
            outbox: Arc::clone(&outbox),
            clock,
        };
        let runtime = tokio::runtime::Handle::current();
        let arbiter = std::thread::Builder::new()
            .name("arbiter".into())
            .spawn(move || arbiter.run(&runtime))
            .context("starting the arbiter")?;
        let handle = Handle { inbox, state, entries, home, clock };
        Ok(Self { handle, arbiter, stop: CancellationToken::new(), lock })
    }

    /// How to talk to it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stops taking things in, waits for what is being recorded, and closes the database.
    pub async fn shutdown(self) {
        let Self { handle, arbiter, stop, lock } = self;
        stop.cancel();
        drop(handle);
        tokio::task::spawn_blocking(move || arbiter.join()).await.ok();
        drop(lock);
    }
}
