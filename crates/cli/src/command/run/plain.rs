//! For pipes and scripts: a line for each thing that happens.

use std::time::Duration;

use crew_server::wire::{Health, Idle, JournalEntry};

use super::{ApprovalBy, Watch, exit_of};
use crate::client::Bytes;
use crate::error::{CliError, Exit};
use crate::text;

/// How long one request waits for idle, in seconds.
const WAIT_S: u64 = 30;

/// Prints the journal until nothing moves.
pub(super) async fn run(watch: &Watch<'_>) -> Result<Exit, CliError> {
    let seen = watch.client.get::<Health>("/api/health").await?.seq;
    let query = [("after", seen.to_string())];
    let stream = watch.client.stream("/api/journal/follow", &query).await?;
    let mut printer = Printer { watch, stream, seen };
    watch.decide_all().await?;
    loop {
        let idle = tokio::select! {
            // Never done by itself: it prints until the daemon goes.
            ended = printer.print(None) => return ended.and(Err(daemon_ended())),
            idle = idle(watch) => idle?,
        };
        printer.print(Some(idle.seq)).await?;
        let decided = watch.decide_all().await?;
        if idle.idle && decided == 0 && watch.until_idle {
            return finish(watch, &idle).await;
        }
        if idle.idle && decided == 0 {
            // Nothing moves: no reason to ask again at once.
            let pause = tokio::time::sleep(Duration::from_secs(1));
            tokio::select! {
                ended = printer.print(None) => return ended.and(Err(daemon_ended())),
                () = pause => {}
            }
        }
    }
}

async fn idle(watch: &Watch<'_>) -> Result<Idle, CliError> {
    // Who decides looks often: others may be at work while one waits for a decision.
    let wait_s = if watch.approval == ApprovalBy::Human { WAIT_S } else { 1 };
    let patience = Duration::from_secs(WAIT_S * 2);
    watch.client.get_within(&format!("/api/idle?wait_s={wait_s}"), patience).await
}

async fn finish(watch: &Watch<'_>, idle: &Idle) -> Result<Exit, CliError> {
    let out = &watch.context.out;
    for item in watch.inbox().await? {
        for line in super::super::inbox::lines(&item) {
            out.note(line);
        }
    }
    match idle.waiting {
        0 => out.note("nothing is left to do"),
        1 => out.note("1 task waits for you"),
        n => out.note(format!("{n} tasks wait for you")),
    }
    Ok(exit_of(idle))
}

fn daemon_ended() -> CliError {
    CliError::new(Exit::NoDaemon, "the daemon has ended")
        .hint("`crew run` starts it again; agents that were at work are still at work")
}

/// Prints what happens, once and in order.
struct Printer<'a> {
    watch: &'a Watch<'a>,
    stream: Bytes,
    seen: u64,
}

impl Printer<'_> {
    /// Prints up to a position, or until the stream ends.
    async fn print(&mut self, up_to: Option<u64>) -> Result<(), CliError> {
        while up_to.is_none_or(|up_to| self.seen < up_to) {
            let Some(entry) = self.stream.next_line::<JournalEntry>().await? else {
                return Ok(());
            };
            self.seen = entry.seq;
            self.show(&entry)?;
        }
        Ok(())
    }

    fn show(&self, entry: &JournalEntry) -> Result<(), CliError> {
        let out = &self.watch.context.out;
        if out.json {
            return out.json_line(entry);
        }
        let at = text::clock(entry.at);
        text::notes(entry).iter().try_for_each(|note| out.line(format!("{at} {note}")))
    }
}
