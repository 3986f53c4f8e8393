//! Keeps the window with a daemon: one loop, which owns all that is known here.
//!
//! ```text
//!         ┌──────────────────────────────────────────────────────────────┐
//!         ▼                                                              │
//!  find or start ──► window shows it ──► counts and news, until it is lost ──► wait ─┐
//!         └── not started: say why ──────────────────────────────────────────► ▲     │
//!                                                                    crashed: soon   │
//!                              another one: at once · told to end: until it is wanted│
//!         ▲──────────────────────────────────────────────────────────────────────────┘
//! ```
//! A daemon that crashed is started again. One that was told to end is not: somebody meant it.
//! Cancel: dropped with the program, at any await; all it does is told to the daemon or shown.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

use crate::client::{Client, Events, Lost};
use crate::daemon::{Address, Crew, Sign, Trace, Trouble};
use crate::link::Place;
use crate::news::{Counts, Known, News};
use crate::wire::{Item, Message};

/// Between two looks at what became of a daemon.
const LOOK: Duration = Duration::from_millis(200);
/// A daemon that ends may take this long before it says so.
const ENDING_PATIENCE: Duration = Duration::from_secs(20);
/// Longest wait before a daemon that crashes is started again.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// What the human wants of the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The daemon, though it was told to end.
    Start,
    /// That everything stops.
    Stop,
    /// That work goes on.
    Release,
}

/// Where the keeper shows what it knows.
pub(crate) trait Screen: Send + 'static {
    /// The daemon is here.
    fn enter(&self, address: &Address);
    /// There is none, and why.
    fn explain(&self, trouble: &Trouble);
    /// How the crew is; none if nobody knows.
    fn count(&self, counts: Option<Counts>);
    /// Something new waits.
    fn notify(&self, news: News);
}

/// The loop, and what it knows.
pub(crate) struct Keeper<S> {
    pub(crate) crew: Crew,
    pub(crate) screen: S,
    pub(crate) wishes: Receiver<Wish>,
    known: Known,
    /// A wish that needs a daemon which was not there.
    pending: Option<Wish>,
    /// Daemons that were lost or not found, since one was well.
    failures: u32,
}

impl<S: Screen> Keeper<S> {
    pub(crate) fn new(crew: Crew, screen: S, wishes: Receiver<Wish>) -> Self {
        Self { crew, screen, wishes, known: Known::default(), pending: None, failures: 0 }
    }

    /// Runs for as long as the program does.
    pub(crate) async fn keep(mut self) {
        loop {
            let opened = self.crew.open().await;
            let trace = self.crew.trace();
            match opened {
                Ok(address) => {
                    self.screen.enter(&address);
                    // However it was lost: what counts is what became of the daemon.
                    self.follow(&address).await.err();
                    self.screen.count(None);
                }
                Err(trouble) => self.screen.explain(&trouble),
            }
            self.wait(&trace).await;
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Tells counts and news until the daemon is lost.
    async fn follow(&mut self, address: &Address) -> Result<(), Lost> {
        let client = Client::new(address)?;
        loop {
            let mut events = self.read(&client).await?;
            self.failures = 0;
            while self.step(&client, &mut events).await? == Read::GoOn {}
        }
    }

    /// Reads all of it; the oldest position of the parts is where the stream goes on.
    async fn read(&mut self, client: &Client) -> Result<Events, Lost> {
        let (status, inbox) = (client.status().await?, client.inbox().await?);
        self.screen.count(Some(Counts::of(&status)));
        self.tell_news(&inbox.items);
        client.events(status.seq.min(inbox.seq)).await
    }

    async fn step(&mut self, client: &Client, events: &mut Events) -> Result<Read, Lost> {
        if let Some(wish) = self.pending.take() {
            self.fulfil(client, wish).await?;
        }
        let message = tokio::select! {
            message = events.next() => message?,
            Some(wish) = self.wishes.recv() => {
                self.pending = Some(wish);
                return Ok(Read::GoOn);
            }
        };
        match message {
            Message::Gap {} => return Ok(Read::Anew),
            Message::Live {} => {}
            Message::Changes { status, inbox } => {
                self.screen.count(Some(Counts::of(&status)));
                if let Some(items) = inbox {
                    self.tell_news(&items);
                }
            }
        }
        Ok(Read::GoOn)
    }

    /// Who wants everything to stop has to know when it does not.
    async fn fulfil(&self, client: &Client, wish: Wish) -> Result<(), Lost> {
        let (path, title) = match wish {
            Wish::Start => return Ok(()),
            Wish::Stop => ("/api/stop", "Agents are not stopped"),
            Wish::Release => ("/api/release", "Everything is still stopped"),
        };
        let told = client.tell(path).await;
        if let Err(lost) = &told {
            let (title, text) = (title.to_owned(), lost.to_string());
            self.screen.notify(News { title, text, place: Place::Here });
        }
        told
    }

    fn tell_news(&mut self, items: &[Item]) {
        for news in self.known.news(items) {
            self.screen.notify(news);
        }
    }

    /// Waits until it is time to look for a daemon again.
    async fn wait(&mut self, before: &Trace) {
        let since = Instant::now();
        loop {
            tokio::select! {
                Some(wish) = self.wishes.recv() => {
                    self.pending = Some(wish);
                    return;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if is_time(self.crew.sign(before), since.elapsed(), self.failures) {
                return;
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Read {
    GoOn,
    Anew,
}

/// Whether a daemon that was lost so long ago is to be looked for, or started.
fn is_time(sign: Sign, waited: Duration, failures: u32) -> bool {
    match sign {
        Sign::Another => true,
        Sign::Ended => false,
        Sign::Crashed => waited >= backoff(failures),
        Sign::Alive => waited >= ENDING_PATIENCE,
    }
}

fn backoff(failures: u32) -> Duration {
    LOOK.saturating_mul(2_u32.saturating_pow(failures)).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_started_again_if_nobody_ended_it() {
        let soon = Duration::from_millis(300);
        assert!(is_time(Sign::Crashed, soon, 0));
        assert!(!is_time(Sign::Crashed, soon, 3));
        assert!(is_time(Sign::Crashed, BACKOFF_MAX, u32::MAX));
        assert!(is_time(Sign::Another, Duration::ZERO, 9));
        assert!(!is_time(Sign::Ended, Duration::MAX, 0));
        assert!(!is_time(Sign::Alive, soon, 0));
        assert!(is_time(Sign::Alive, ENDING_PATIENCE, 0));
    }
}
