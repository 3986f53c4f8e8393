//! How everybody else talks to the arbiter.

use std::sync::{Arc, PoisonError, RwLock};

use crew_core::{Event, ProjectId, Refusal, Seq, State, Time};
use crew_store::{Entry, Home};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::github::{Connections, Delivered, GithubReport};
use crate::{Clock, Screen};

/// Events that wait for the arbiter; who sends more waits.
pub(crate) const QUEUE_MAX: usize = 1_024;
/// Entries that a slow subscriber may lag behind before it has to read them again.
pub(crate) const LAG_MAX: usize = 4_096;

/// Something on its way to the arbiter.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// To be decided about and recorded.
    Event(Box<Delivery>),
    /// To be kept, because it saves questions after a restart.
    Hint {
        /// Its name.
        key: String,
        /// What it says.
        body: String,
    },
}

/// An event on its way to the arbiter.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) event: Event,
    /// Names the delivery, for what must be taken in exactly once.
    pub(crate) key: Option<String>,
    pub(crate) reply: oneshot::Sender<Result<Receipt, Failure>>,
}

/// Proof that an event is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its position in the journal. For a tick that changed nothing, and a delivery that was taken
    /// in before, the newest or the earlier position.
    pub seq: Seq,
    /// When.
    pub at: Time,
    /// Why it changed nothing by itself, where that is so.
    pub dropped: Option<String>,
}

/// Why an event is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// It is not possible.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be written down. What is not written down has not happened.
    #[error("it could not be recorded: {0}")]
    NotRecorded(String),
    /// The daemon is going down.
    #[error("Crewhouse is shutting down")]
    Closing,
}

/// How everybody else talks to the arbiter. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) inbox: mpsc::Sender<Inbound>,
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) entries: broadcast::Sender<Arc<Entry>>,
    pub(crate) home: Home,
    pub(crate) clock: Clock,
    pub(crate) github: Arc<Connections>,
}

impl Handle {
    /// Hands an event to the arbiter and waits until it is durable.
    pub async fn submit(&self, event: Event) -> Result<Receipt, Failure> {
        self.deliver(event, None).await
    }

    /// Like [`Self::submit`]; however often it is done with this key, it happens once.
    pub async fn submit_once(&self, event: Event, key: String) -> Result<Receipt, Failure> {
        self.deliver(event, Some(key)).await
    }

    async fn deliver(&self, event: Event, key: Option<String>) -> Result<Receipt, Failure> {
        let event = self.screen().event(event);
        let (reply, answer) = oneshot::channel();
        let inbound = Inbound::Event(Box::new(Delivery { event, key, reply }));
        self.inbox.send(inbound).await.map_err(|_| Failure::Closing)?;
        answer.await.map_err(|_| Failure::Closing)?
    }

    /// Keeps what saves questions after a restart: behind all that was recorded before.
    pub(crate) async fn keep_hint(&self, key: String, body: String) {
        // The daemon goes down: then it is asked again.
        self.inbox.send(Inbound::Hint { key, body }).await.ok();
    }

    /// What words of agents and programs have to pass before anybody sees them.
    pub fn screen(&self) -> Screen {
        self.read(Screen::of)
    }

    /// Looks at the present. Keep it short: the arbiter waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// New entries of the journal, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.entries.subscribe()
    }

    /// How a project's connection with GitHub is doing.
    pub fn github(&self, project: ProjectId) -> GithubReport {
        self.github.report(project)
    }

    /// Has GitHub asked now.
    pub fn ask_github(&self) {
        self.github.want_all();
    }

    /// Whether GitHub may say by itself that something is new.
    pub fn takes_webhooks(&self) -> bool {
        self.github.webhooks.is_on()
    }

    /// Somebody says that something is new on GitHub, with a signature and an id; if it was GitHub, it
    /// is asked.
    pub fn webhook(&self, shown: (&str, &str), body: &[u8]) -> Delivered {
        self.github.deliver(shown, body, self.now())
    }

    /// The data directory.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }
}
