//! `crew journal`: what happened.

use crew_server::wire::{Health, Journal, JournalEntry};

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// How many of the newest entries are shown.
const NEWEST: u64 = 50;
/// Entries asked for at a time.
const PAGE: u32 = 500;

/// Shows entries, and goes on as more come.
pub(super) async fn run(
    context: &Context,
    follow: bool,
    after: Option<u64>,
) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let newest = client.get::<Health>("/api/health").await?.seq;
    let mut after = after.unwrap_or(newest.saturating_sub(NEWEST));
    if follow {
        let query = [("after", after.to_string())];
        let mut stream = client.stream("/api/journal/follow", &query).await?;
        while let Some(entry) = stream.next_line::<JournalEntry>().await? {
            show(context, &entry)?;
        }
        return Ok(Exit::Ok);
    }
    let mut all = Vec::new();
    while after < newest {
        let query = [("after", after.to_string()), ("limit", PAGE.to_string())];
        let page: Journal = client.get_with("/api/journal", &query).await?;
        let Some(last) = page.entries.last() else { break };
        after = last.seq;
        if context.out.json {
            all.extend(page.entries);
        } else {
            page.entries.iter().try_for_each(|entry| show(context, entry))?;
        }
    }
    if context.out.json {
        context.out.document(&Journal { seq: newest, entries: all })?;
    }
    Ok(Exit::Ok)
}

/// One entry: a line, and one for each thing that came of it.
pub(super) fn show(context: &Context, entry: &JournalEntry) -> Result<(), CliError> {
    if context.out.json {
        return context.out.json_line(entry);
    }
    let place = style(Style::Dim, &format!("{:>6} {}", entry.seq, text::clock(entry.at)));
    let event = entry.event.replace('_', " ");
    let notes = text::notes(entry).join(" · ");
    context.out.line(format!("{place}  {event:<18}  {notes}").trim_end())?;
    if let Some(why) = &entry.dropped {
        context.out.line(style(Style::Dim, &format!("{:>16}changed nothing: {why}", "")))?;
    }
    Ok(())
}
