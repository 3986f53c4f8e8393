//! `crew journal`: what happened.

use crew_core::ask::Reach;
use crew_core::call::{Call, Pin};
use crew_core::run::Wish;
use crew_core::{Event, Settled, Words};
use crew_server::wire::{Health, Journal, JournalEntry, Usage};

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
    let about = serde_json::from_value(entry.body.clone()).ok().and_then(|event| about(&event));
    let parts: Vec<String> = about.into_iter().chain(text::notes(entry)).collect();
    context.out.line(format!("{place}  {event:<18}  {}", parts.join(" · ")).trim_end())?;
    if let Some(why) = &entry.dropped {
        context.out.line(style(Style::Dim, &format!("{:>16}changed nothing: {why}", "")))?;
    }
    Ok(())
}

/// What an event says that its notes do not.
fn about(event: &Event) -> Option<String> {
    let said =
        |who: &dyn std::fmt::Display, what: &str| Some(format!("{who} {}", text::cut(what, 70)));
    match event {
        Event::ProjectAdded { .. }
        | Event::TeamLoaded { .. }
        | Event::EmergencyStopped
        | Event::EmergencyReleased
        | Event::Ticked => None,
        Event::TeamRefused { project, why } => said(project, why),
        Event::TaskAdded { draft, .. } => said(&"new", &draft.title),
        Event::TaskEdited { task, draft } => said(task, &draft.title),
        Event::TaskMoved { task, to } => said(task, &format!("to {to}")),
        Event::TaskPaused { task }
        | Event::TaskInterrupted { task }
        | Event::TaskResumed { task }
        | Event::TaskCancelled { task } => Some(task.to_string()),
        Event::Pinned { task, text } => said(task, text),
        Event::Promoted { task, anchor } | Event::Unpinned { task, anchor } => {
            said(task, &format!("anchor {anchor}"))
        }
        Event::TaskHandedOver { task, to } => said(task, &format!("to {}", wish(to))),
        Event::Questioned { task, question, .. } => said(task, question),
        Event::LimitLifted { provider, .. } => Some(provider.to_string()),
        Event::Unasked { run } => Some(run.to_string()),
        Event::Remarked { task, from, text } => said(task, &format!("{from}: {text}")),
        Event::Answered { ask, text } => said(ask, text),
        Event::AnsweredAlways { ask, permission, reach } => {
            let reach = match reach {
                Reach::Task => "for the task",
                Reach::Role => "for the role",
            };
            said(ask, &format!("{} always, {reach}", permission.word()))
        }
        Event::Forgotten { ask } => said(ask, "is answered anew each time"),
        Event::Approved { task, commit } => {
            said(task, commit.as_ref().map_or("without a commit", |commit| &commit.0))
        }
        Event::Rejected { task, why } => said(task, why),
        Event::PullAsked { task, .. } => said(task, "is to be seen on GitHub"),
        Event::Said { run, words, .. } => said(run, &spoken(words)),
        Event::Called { run, call, .. } => said(run, &wished(call)),
        Event::Touched { run, files, .. } => {
            said(run, &format!("has changed {} files", files.len()))
        }
        Event::ResponseFound { role, response, .. } => said(role, &response.summary),
        Event::ClockJumped { by } => said(&"by", &by.to_string()),
        Event::MailSetAside { name, why, .. } => said(name, why),
        Event::SpaceSeen { short, .. } => Some(match short {
            Some(short) => format!("{} MB are free at {}", short.free_mb, short.place),
            None => "there is enough space".to_owned(),
        }),
        Event::Connected { .. } => Some("with another repository than before".to_owned()),
        Event::PullSeen { seen, .. } => Some(format!("pull request {}", seen.number)),
        Event::IssueSeen { seen, .. } => said(&format_args!("issue {}", seen.number), &seen.title),
        Event::Quiet { run, .. } => said(run, "is quiet"),
        Event::Heard { run, .. } => said(run, "speaks again"),
        Event::Silent { run, .. } => said(run, "is silent for too long"),
        Event::Overheard { run, message, .. } => said(run, message),
        Event::Exited { run, how, .. } => said(run, how.trim_start_matches("it ")),
        Event::Settled { effect, result } => said(effect, &outcome(result)),
    }
}

/// A provider, and a model.
fn wish(Wish { provider, model }: &Wish) -> String {
    model.as_ref().map_or_else(|| provider.to_string(), |model| format!("{provider}/{model}"))
}

fn wished(call: &Call) -> String {
    match call {
        Call::Finish(finish) => format!("finishes: {}", finish.summary),
        Call::Ask(question) => format!("asks: {}", question.text),
        Call::Comment(comment) => format!("comments: {}", comment.text),
        Call::Pin(Pin { anchor: Some(anchor), .. }) => format!("pins anchor {anchor}"),
        Call::Pin(Pin { text, .. }) => format!("wants to be pinned: {text}"),
        Call::Subtask(proposal) => format!("proposes: {}", proposal.title),
        Call::Message(letter) => format!("writes: {}", letter.text),
    }
}

fn spoken(words: &Words) -> String {
    match words {
        Words::Session { id } => format!("has session {id}"),
        Words::Asks { text, .. } => format!("asks: {text}"),
        Words::Used(usage) => format!("used {}", text::usage(&Usage::from(*usage))),
        Words::Limited { message, .. } => format!("is limited: {message}"),
        Words::Failed(trouble) => format!("fails: {}", trouble.message),
        Words::Reached(reached) => format!("reached for {}", reached.place),
        Words::Repeats { times, what } => format!("did nothing new {times} times: {what}"),
        Words::Context { used, window } => format!("has {used} of {window} tokens in its context"),
        Words::Plan { windows } => {
            let all = windows.iter().map(|it| format!("{} % of {}", it.percent, it.name));
            format!("has used {}", all.collect::<Vec<_>>().join(" and "))
        }
        Words::Compacted => "has forgotten most of its conversation".to_owned(),
        Words::TookIn { remark } => format!("knows remark {remark}"),
        Words::Responds { text, .. } => format!("responds: {text}"),
    }
}

fn outcome(settled: &Settled) -> String {
    match settled {
        Settled::Started { .. } => "started".to_owned(),
        Settled::StartedAnew => "started, with another conversation".to_owned(),
        Settled::NotStarted { trouble } => format!("not started: {}", trouble.message),
        Settled::NoSpace => "not started: there is too little space on the disk".to_owned(),
        Settled::Stopped => "stopped".to_owned(),
        Settled::Sent => "sent".to_owned(),
        Settled::Saved { .. } => "saved".to_owned(),
        Settled::NotSaved { why } => format!("not saved: {why}"),
        Settled::Combined { .. } => "combined".to_owned(),
        Settled::NotCombined { why } => format!("not combined: {why}"),
        Settled::Checked { passed: true, .. } => "the check passed".to_owned(),
        Settled::Checked { passed: false, .. } => "the check failed".to_owned(),
        Settled::NotChecked { why } => format!("not checked: {why}"),
        Settled::Merged { commit } => format!("merged as {}", commit.0),
        Settled::Conflicted { files } => format!("conflicts in {}", files.join(", ")),
        Settled::MergeCheckFailed { .. } => "the check of the merge failed".to_owned(),
        Settled::MergeHeld { why } => format!("the merge is held: {why}"),
        Settled::Published { issue, .. } => format!("issue {issue} is as it should be"),
        Settled::NotPublished { why } => format!("not published: {why}"),
        Settled::Pulled { number: Some(number), .. } => {
            format!("pull request {number} is as it should be")
        }
        Settled::Pulled { number: None, .. } => "there is no pull request".to_owned(),
        Settled::NotPulled { why } => format!("not shown: {why}"),
        Settled::Released => "released".to_owned(),
        Settled::NotReleased { why } => format!("not released: {why}"),
    }
}
