//! Starting and ending the engine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use anyhow::Context;
use crew_core::State;
use crew_store::{Home, HomeLock, Journal, Writer};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::arbiter::Arbiter;
use crate::clock::Watch;
use crate::handle::{Handle, LAG_MAX, QUEUE_MAX};
use crate::perform::{self, Outside};
use crate::{Clock, github, mailbox, prune, space};

/// What the engine needs to know to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory.
    pub home: PathBuf,
    /// The `crew` program: it is its own shim (`crew shim <dir>`) and native agent (`crew agent`).
    pub program: PathBuf,
    /// The text of the playbook that the model `builtin` plays.
    pub builtin_playbook: &'static str,
}

/// The running engine. [`Engine::shutdown`] ends it; agents stay at work.
#[derive(Debug)]
pub struct Engine {
    handle: Handle,
    arbiter: JoinHandle<()>,
    stop: CancellationToken,
    /// The arbiter is the last to end: performers still report to it.
    closing: CancellationToken,
    tasks: JoinSet<()>,
    lock: HomeLock,
}

impl Engine {
    /// Takes the home, reads what was there, and goes on with it.
    ///
    /// # Errors
    /// When another daemon has the home, or it cannot be read.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let Options { home, program, builtin_playbook } = options;
        let Rest { home, lock, writer, journal, state } =
            perform::blocking(move || Rest::read(&home)).await?;
        let shared = Arc::new(RwLock::new(state.clone()));
        let closing = CancellationToken::new();
        let (inbox, receiver) = mpsc::channel(QUEUE_MAX);
        let (entries, _) = broadcast::channel(LAG_MAX);
        let outbox = Arc::new(Notify::new());
        let clock = Clock;
        let arbiter = Arbiter {
            writer,
            journal,
            present: state,
            shared: Arc::clone(&shared),
            closing: closing.clone(),
            inbox: receiver,
            entries: entries.clone(),
            outbox: Arc::clone(&outbox),
            clock,
            watch: Watch::start(clock),
        };
        let runtime = tokio::runtime::Handle::current();
        let arbiter = std::thread::Builder::new()
            .name("arbiter".into())
            .spawn(move || arbiter.run(&runtime))
            .context("starting the arbiter")?;
        let github = Arc::default();
        let handle = Handle { inbox, state: shared, entries, home, clock, github };
        let stop = CancellationToken::new();
        let playbook = write_playbook(handle.home(), builtin_playbook)?;
        let outside = Arc::new(Outside::new(handle.clone(), program, playbook, stop.clone()));
        perform::recover(&outside).await?;
        mailbox::reload_teams(&handle).await;
        let mut tasks = JoinSet::new();
        tasks.spawn(perform::conduct(Arc::clone(&outside), outbox));
        tasks.spawn(github::attend(Arc::clone(&outside)));
        tasks.spawn(space::attend(Arc::clone(&outside)));
        tasks.spawn(prune::attend(Arc::clone(&outside)));
        tasks.spawn(mailbox::attend(outside));
        Ok(Self { handle, arbiter, stop, closing, tasks, lock })
    }

    /// How to talk to it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stops taking things in, waits for what is being recorded, and closes the database.
    pub async fn shutdown(self) {
        let Self { handle, arbiter, stop, closing, mut tasks, lock } = self;
        stop.cancel();
        while tasks.join_next().await.is_some() {}
        closing.cancel();
        drop(handle);
        tokio::task::spawn_blocking(move || arbiter.join()).await.ok();
        drop(lock);
    }
}

/// What is at rest, opened.
struct Rest {
    home: Home,
    lock: HomeLock,
    writer: Writer,
    journal: Journal,
    state: State,
}

impl Rest {
    fn read(home: &Path) -> anyhow::Result<Self> {
        let home = Home::open(home)?;
        let lock = home.lock()?;
        let writer = Writer::open(&home.database())?;
        let journal = Journal::open(&home.journal(), &writer)?;
        let state = writer.load()?;
        Ok(Self { home, lock, writer, journal, state })
    }
}

/// The embedded playbook as a file, because the native agent reads its playbook from one.
fn write_playbook(home: &Home, text: &str) -> anyhow::Result<PathBuf> {
    let path = home.root().join("builtin-playbook.toml");
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
