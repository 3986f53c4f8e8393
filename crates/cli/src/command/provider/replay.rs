//! `crew provider replay`: how what an agent printed is understood.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crew_agent::shim::Status;
use crew_agent::spool::SpoolReader;
use crew_agent::{AgentEvent, Ending, Speaker, Verdict, dated, end_of_limit};
use crew_core::Usage;
use crew_engine::Screen;
use serde::Serialize;

use crate::args::Replayed;
use crate::command::log;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};

/// So much of the end of a standard error is read, in bytes.
const COMPLAINT_BYTES_MAX: u64 = 64 << 10;

/// What the last line says.
#[derive(Serialize)]
struct Last<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// All that was consumed.
    usage: Usage,
}

/// Decodes a file as if a process had printed it just now. For reports of bugs: nothing is changed,
/// and keys are not shown.
pub(super) fn run(
    context: &Context,
    provider: Replayed,
    file: &Path,
    (exit_code, stderr): (Option<i32>, Option<&Path>),
) -> Result<Exit, CliError> {
    let speaker = match provider {
        Replayed::Claude => Speaker::Claude,
        Replayed::Codex => Speaker::Codex,
        Replayed::Acp => Speaker::Acp,
        Replayed::Gemini => Speaker::Gemini,
        Replayed::Opencode => Speaker::Opencode,
    };
    let broken = |error: &dyn std::fmt::Display| {
        CliError::failed(error).hint("name a file that an agent's output was written to")
    };
    let complaint = stderr.map(end_of).transpose().map_err(|error| broken(&error))?;
    let mut spool = SpoolReader::open(file, 0).map_err(|error| broken(&error))?;
    let mut decoder = speaker.decoder();
    let mut usage = Usage::default();
    let mut show = |events: Vec<AgentEvent>| -> Result<(), CliError> {
        for event in events.into_iter().map(|event| dated(event, file)) {
            if let AgentEvent::Usage(more) = &event {
                usage += *more;
            }
            show(context, &event)?;
        }
        Ok(())
    };
    loop {
        let mut lines = spool.next_batch().map_err(|error| broken(&error))?;
        let is_end = lines.is_empty();
        if is_end {
            lines.extend(spool.finish());
        }
        for line in lines {
            show(decoder.line(&line.bytes))?;
        }
        if is_end {
            break;
        }
    }
    let ending = Ending { status: status(exit_code), complaint: complaint.unwrap_or_default() };
    let verdict = match decoder.verdict(&ending) {
        Verdict::Limited { until: None, message } => {
            Verdict::Limited { until: end_of_limit(&message, file), message }
        }
        verdict => verdict,
    };
    show(decoder.finish(&ending))?;
    if context.out.json {
        context.out.json_line(&Last { verdict: &verdict, usage })?;
    } else {
        context.out.line(consumed(&usage))?;
        context.out.line(format!("verdict: {}", words(&verdict)))?;
    }
    Ok(Exit::Ok)
}

fn status(exit_code: Option<i32>) -> Status {
    match exit_code {
        None => Status::Unknown,
        Some(code) if code < 0 => Status::Signal(code.saturating_neg()),
        Some(code) => Status::Code(code),
    }
}

/// The end of a file.
fn end_of(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let before = file.metadata()?.len().saturating_sub(COMPLAINT_BYTES_MAX);
    file.seek(SeekFrom::Start(before))?;
    let mut bytes = Vec::new();
    file.take(COMPLAINT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn show(context: &Context, event: &AgentEvent) -> Result<(), CliError> {
    let event = Screen::default().value(event.to_json());
    if context.out.json {
        return context.out.json_line(&event);
    }
    log::lines(&event).into_iter().try_for_each(|line| context.out.line(line))
}

fn consumed(usage: &Usage) -> String {
    let Usage { input_tokens, cached_tokens, output_tokens, cost } = usage;
    let cost = cost.map_or("unknown".to_owned(), |cost| cost.to_string());
    format!(
        "usage: {input_tokens} tokens read, {cached_tokens} from a cache, {output_tokens} written; cost {cost}"
    )
}

fn words(verdict: &Verdict) -> String {
    let screen = Screen::default();
    match verdict {
        Verdict::Done => style(Style::Good, "done"),
        Verdict::Failed { class, message } => {
            let message = screen.text(message);
            format!("{} ({}): {message}", style(Style::Bad, "failed"), class.word())
        }
        Verdict::Limited { until, message } => {
            let until = until.map_or("unknown".to_owned(), |until| until.0.to_string());
            let message = screen.text(message);
            format!("{} until {until} (ms since 1970): {message}", style(Style::Warn, "limited"))
        }
        Verdict::Asked => style(Style::Warn, "asked"),
        Verdict::Cut => style(Style::Bad, "cut"),
    }
}
