//! `crew run`: watch the crew work, and decide what waits for a decision.
//!
//! The crew works in the daemon; this only watches. Ctrl-C ends the watching, not the work.

mod live;
mod plain;
mod prompt;

use std::io::IsTerminal;

use crew_server::wire::{Approve, Idle, Inbox, InboxItem, InboxKind, Receipt};

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
enum ApprovalBy {
    /// The human, as it should be.
    Human,
    /// We do, because we were told to.
    Us,
}

/// Watches until the human has seen enough, or nothing can move without them.
pub(super) async fn run(context: &Context, arguments: Run) -> Result<Exit, CliError> {
    let Run { until_idle, yes } = arguments;
    let approval = if yes { ApprovalBy::Us } else { ApprovalBy::Human };
    let client = context.daemon().await?;
    let watch = Watch { context, client, until_idle, approval };
    if yes {
        context.out.note("--yes: whatever waits for approval is approved without you");
    }
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

    /// Approves what waits for it, if that is our part; how many there were.
    async fn approve_all(&self) -> Result<usize, CliError> {
        if self.approval == ApprovalBy::Human {
            return Ok(0);
        }
        let mut approved = 0;
        for item in self.inbox().await?.iter().filter(|it| it.kind == InboxKind::Approval) {
            let path = format!("/api/tasks/{}/approve", item.task);
            let body = Approve { commit: item.commit.clone() };
            match self.client.post::<Receipt>(&path, &body).await {
                Ok(_) => {
                    approved += 1;
                    self.context.out.note(format!("approved #{} by --yes", item.task));
                }
                // Somebody else was faster, or it has changed: it is looked at again.
                Err(CliError::Said { exit: Exit::Refused, message, .. }) => {
                    self.context.out.note(message);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(approved)
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
