//! A question to the human, in the middle of watching.

use std::collections::BTreeSet;

use crew_server::wire::{Answer, Approve, InboxItem, Receipt, Reject};

use super::super::{diff, inbox};
use super::Watch;
use crate::error::{Attempt, CliError, Exit};

/// What the human was asked before and put off; it is not asked again.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeSet<(u64, Option<u64>, Option<String>)>);

impl Asked {
    pub(super) fn contains(&self, item: &InboxItem) -> bool {
        self.0.contains(&Self::key(item))
    }

    fn insert(&mut self, item: &InboxItem) {
        self.0.insert(Self::key(item));
    }

    fn key(item: &InboxItem) -> (u64, Option<u64>, Option<String>) {
        (item.task, item.ask, item.commit.clone())
    }
}

/// Asks the human about one item and does what they say.
pub(super) async fn ask(
    watch: &Watch<'_>,
    asked: &mut Asked,
    item: &InboxItem,
) -> Result<(), CliError> {
    let out = &watch.context.out;
    for line in inbox::about(item) {
        out.note(line);
    }
    if item.commit.is_some() {
        let change = diff::of_task(&watch.client, item.task).await?;
        for line in diff::files(&change) {
            out.note(format!("    {line}"));
        }
    }
    let done = match item.ask {
        Some(ask) => answer(watch, item, ask).await,
        None => approve(watch, item).await,
    };
    match done {
        Ok(Decided::Yes) => {}
        Ok(Decided::Later) => asked.insert(item),
        // It was decided elsewhere meanwhile; the next look says what waits now.
        Err(CliError::Said { exit: Exit::Refused, message, hint }) => {
            out.error(&message, hint.as_deref());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

enum Decided {
    Yes,
    Later,
}

async fn answer(watch: &Watch<'_>, item: &InboxItem, ask: u64) -> Result<Decided, CliError> {
    let question = if item.options.is_empty() { "answer" } else { "number of the answer" };
    let Some(text) = read(watch, &format!("{question}, empty for later> ")).await? else {
        return Ok(Decided::Later);
    };
    let chosen = text.parse::<usize>().ok().and_then(|n| item.options.get(n.checked_sub(1)?));
    let text = chosen.cloned().unwrap_or(text);
    let path = format!("/api/asks/{ask}/answer");
    let _: Receipt = watch.client.post(&path, &Answer { text, always: None }).await?;
    Ok(Decided::Yes)
}

async fn approve(watch: &Watch<'_>, item: &InboxItem) -> Result<Decided, CliError> {
    let path = |what: &str| format!("/api/tasks/{}/{what}", item.task);
    let question = "y approves, n sends it back, d shows the change, empty for later> ";
    let mut said = read(watch, question).await?;
    while matches!(said.as_deref(), Some("d" | "diff")) {
        let change = diff::of_task(&watch.client, item.task).await?;
        for line in diff::changes(&change) {
            watch.context.out.note(line);
        }
        said = read(watch, question).await?;
    }
    match said.as_deref() {
        Some("y" | "yes") => {
            let body = Approve { commit: item.commit.clone() };
            let _: Receipt = watch.client.post(&path("approve"), &body).await?;
            Ok(Decided::Yes)
        }
        Some("n" | "no") => match read(watch, "what is to be changed> ").await? {
            Some(why) => {
                let _: Receipt = watch.client.post(&path("reject"), &Reject { why }).await?;
                Ok(Decided::Yes)
            }
            None => Ok(Decided::Later),
        },
        Some(_) | None => Ok(Decided::Later),
    }
}

/// One line from the human; none if it is empty.
async fn read(watch: &Watch<'_>, question: &str) -> Result<Option<String>, CliError> {
    watch.context.out.prompt(question);
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = line.await.map_err(CliError::failed)?.attempt("reading standard input")?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}
