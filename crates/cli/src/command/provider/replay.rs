//! `crew provider replay`: how what an agent printed is understood.

use std::path::Path;

use crew_agent::shim::Status;
use crew_agent::spool::SpoolReader;
use crew_agent::{AgentEvent, Ending, Speaker, Verdict};
use crew_engine::Screen;

use crate::args::Replayed;
use crate::command::log;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};

/// Decodes a file as if a process had printed it just now. For reports of bugs: nothing is changed,
/// and keys are not shown.
pub(super) fn run(
    context: &Context,
    provider: Replayed,
    file: &Path,
    exit_code: Option<i32>,
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
    let mut spool = SpoolReader::open(file, 0).map_err(|error| broken(&error))?;
    let mut decoder = speaker.decoder();
    loop {
        let mut lines = spool.next_batch().map_err(|error| broken(&error))?;
        let is_end = lines.is_empty();
        if is_end {
            lines.extend(spool.finish());
        }
        for line in lines {
            show(context, &decoder.line(&line.bytes))?;
        }
        if is_end {
            break;
        }
    }
    let ending = Ending { status: status(exit_code), complaint: String::new() };
    let verdict = decoder.verdict(&ending);
    show(context, &decoder.finish(&ending))?;
    if context.out.json {
        context.out.json_line(&verdict)?;
    } else {
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

fn show(context: &Context, events: &[AgentEvent]) -> Result<(), CliError> {
    for event in events {
        let event = Screen::default().value(event.to_json());
        if context.out.json {
            context.out.json_line(&event)?;
        } else {
            log::lines(&event).into_iter().try_for_each(|line| context.out.line(line))?;
        }
    }
    Ok(())
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
