//! `crew run`: watch the crew work, and decide what waits for a decision.
//!
//! The crew works in the daemon; this only watches. Ctrl-C ends the watching, not the work.

mod live;
mod plain;
mod prompt;

use std::io::IsTerminal;

use crew_server::wire::{Answer, Approve, Idle, Inbox, InboxItem, InboxKind, Receipt};

use crate::args::Run;
use crate::client::Client;
use crate::context::Context;
use crate::error::{CliError, Exit};

/// What a view needs.
struct Watch<'a> {
    context: &'a Context,
    client: Client,
    until_idle: bool,
    approval: ApprovalBy,
}

/// Who says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalBy {
    /// The human, as it should be.
    Human,
    /// We do, because we were told to.
    Us,
    /// We do, and answer questions with the first option: there is nobody to watch the demo.
    Demo,
}

/// Watches until the human has seen enough, or nothing can move without them.
pub(super) async fn run(context: &Context, arguments: Run) -> Result<Exit, CliError> {
    let Run { until_idle, yes } = arguments;
    let approval = if yes { ApprovalBy::Us } else { ApprovalBy::Human };
    if yes {
        context.out.note("--yes: whatever waits for approval is approved without you");
    }
    watch(context, until_idle, approval).await
}

/// Watches, with whoever decides.
pub(crate) async fn watch(
    context: &Context,
    until_idle: bool,
    approval: ApprovalBy,
) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let watch = Watch { context, client, until_idle, approval };
    let watching = async {
        if context.out.terminal && !context.out.json {
            live::run(&watch).await
        } else {
            plain::run(&watch).await
        }
    };
    tokio::select! {
        result = watching => result,
        _ = tokio::signal::ctrl_c() => {
            context.out.note("\nthe daemon and its agents go on; `crew run` watches again, \
                `crew estop` stops everything");
            Ok(Exit::Ok)
        }
    }
}

impl Watch<'_> {
    async fn inbox(&self) -> Result<Vec<InboxItem>, CliError> {
        Ok(self.client.get::<Inbox>("/api/inbox").await?.items)
    }

    /// Decides what waits for a decision, if that is our part; how many there were.
    async fn decide_all(&self) -> Result<usize, CliError> {
        if self.approval == ApprovalBy::Human {
            return Ok(0);
        }
        let mut decided = 0;
        for item in self.inbox().await? {
            let result = match (item.kind, item.options.first()) {
                (InboxKind::Approval, _) => self.approve(&item).await,
                (InboxKind::Ask, Some(option)) if self.approval == ApprovalBy::Demo => {
                    self.answer(&item, option).await
                }
                (InboxKind::Ask | InboxKind::Stuck | InboxKind::Held, _) => continue,
            };
            match result {
                Ok(said) => {
                    decided += 1;
                    self.context.out.note(said);
                }
                // Somebody else was faster, or it has changed: it is looked at again.
                Err(CliError::Said { exit: Exit::Refused, message, .. }) => {
                    self.context.out.note(message);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(decided)
    }

    async fn approve(&self, item: &InboxItem) -> Result<String, CliError> {
        let path = format!("/api/tasks/{}/approve", item.task);
        self.client.post::<Receipt>(&path, &Approve { commit: item.commit.clone() }).await?;
        Ok(format!("approved #{} without asking", item.task))
    }

    async fn answer(&self, item: &InboxItem, option: &str) -> Result<String, CliError> {
        let path = format!("/api/asks/{}/answer", item.ask.unwrap_or_default());
        self.client
            .post::<Receipt>(&path, &Answer { text: option.to_owned(), always: None })
            .await?;
        Ok(format!("answered \"{}\" with \"{option}\"", item.text))
    }
}

/// How watching ends when nothing moves.
fn exit_of(idle: &Idle) -> Exit {
    if idle.waiting > 0 { Exit::Waits } else { Exit::Ok }
}

/// Whether there is somebody to ask.
fn is_interactive() -> bool {
    std::io::stdin().is_terminal()
}
