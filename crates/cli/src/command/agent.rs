//! `crew agent`: what an agent at work wants of Crewhouse, from a shell. Each command is one call on
//! the desk of its run; no daemon is talked to.

use std::path::PathBuf;
use std::time::Duration;

use crew_agent::desk::{CallError, Client, DESK, Outcome, PATIENCE, Tool, mcp};
use crew_core::call::Reply;
use serde_json::{Map, Value, json};

use super::text_argument;
use crate::args::{AgentCall, Claim, Finish, Verdict};
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Makes a call, and says what came of it.
pub(crate) fn run(context: &Context, call: AgentCall) -> Result<Exit, CliError> {
    let mut patience = PATIENCE;
    let (tool, arguments) = match call {
        AgentCall::Mcp => return serve(),
        AgentCall::Finish(with) => (Tool::Finish, finish(with)?),
        AgentCall::Ask { text, options, wait } => {
            patience = Duration::from_secs(wait);
            (Tool::Ask, json!({ "text": text_argument(text)?, "options": options }))
        }
        AgentCall::Comment { text } => (Tool::Comment, json!({ "text": text_argument(text)? })),
        AgentCall::Pin { text, anchor } => {
            let text = text.map(text_argument).transpose()?.unwrap_or_default();
            (Tool::Pin, json!({ "text": text, "anchor": anchor }))
        }
        AgentCall::Subtask { title, body, criteria } => {
            let body = body.map(text_argument).transpose()?.unwrap_or_default();
            (Tool::Subtask, json!({ "title": title, "body": body, "criteria": criteria }))
        }
        AgentCall::Message { text, to } => {
            (Tool::Message, json!({ "text": text_argument(text)?, "to": to }))
        }
        AgentCall::Board => (Tool::Board, json!({})),
        AgentCall::Knowledge { words } => (Tool::Knowledge, json!({ "words": words.join(" ") })),
    };
    match client()?.call(tool, &arguments, patience)? {
        Outcome::Replied(Reply { ok: true, text }) => {
            context.out.either(&json!({ "text": text }), &text)?;
            Ok(Exit::Ok)
        }
        Outcome::Replied(Reply { ok: false, text }) => Err(said(Exit::Refused, &text)),
        Outcome::Waits if tool == Tool::Ask => {
            let hint = "the same command again waits on; the answer is kept meanwhile";
            Err(CliError::new(Exit::Waits, "nobody has answered yet").hint(hint))
        }
        Outcome::Waits if matches!(tool, Tool::Board | Tool::Knowledge) => {
            let hint = "is the daemon down? it is taken in later; go on without";
            Err(CliError::new(Exit::NoDaemon, "nobody answers now").hint(hint))
        }
        Outcome::Waits => {
            context.out.either(&json!({ "text": mcp::WAITS }), mcp::WAITS)?;
            Ok(Exit::Ok)
        }
    }
}

fn serve() -> Result<Exit, CliError> {
    mcp::serve(std::io::stdin().lock(), std::io::stdout(), desk().and_then(|at| Client::open(&at)))
        .attempt("serving")?;
    Ok(Exit::Ok)
}

fn client() -> Result<Client, CliError> {
    Ok(Client::open(&desk()?)?)
}

fn desk() -> Result<PathBuf, CallError> {
    let given = std::env::var_os(DESK).map(PathBuf::from);
    given.ok_or_else(|| CallError::NoDesk(format!("{DESK} is not set")))
}

impl From<CallError> for CliError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Wrong(text) => said(Exit::Usage, text),
            CallError::NoDesk(_) | CallError::Closed(_) | CallError::Io { .. } => {
                let exit = match &error {
                    CallError::Io { .. } => Exit::Failed,
                    CallError::NoDesk(_) | CallError::Closed(_) | CallError::Wrong(_) => {
                        Exit::Refused
                    }
                };
                Self::new(exit, &error).hint(error.hint().unwrap_or("end your turn"))
            }
        }
    }
}

/// A text that may end with its hint.
fn said(exit: Exit, text: &str) -> CliError {
    match text.split_once("\nhint: ") {
        Some((what, hint)) => CliError::new(exit, what).hint(hint),
        None => CliError::new(exit, text),
    }
}

fn finish(with: Finish) -> Result<Value, CliError> {
    let Finish { claim, summary, evidence, met, not_met, verdict, pick, to, pr } = with;
    let met = met.iter().map(|text| answer("met", text));
    let not_met = not_met.iter().map(|text| answer("not_met", text));
    let criteria = met.chain(not_met).collect::<Result<Vec<Value>, CliError>>()?;
    let claim = match claim {
        Claim::Done => "done",
        Claim::Request => "request",
        Claim::Error => "error",
    };
    let verdict = verdict.map(|verdict| match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
    });
    let mut arguments = Map::new();
    arguments.insert("claim".to_owned(), json!(claim));
    arguments.insert("summary".to_owned(), json!(text_argument(summary)?));
    arguments.insert("evidence".to_owned(), json!(evidence));
    arguments.insert("criteria".to_owned(), json!(criteria));
    let more =
        [("verdict", json!(verdict)), ("pick", json!(pick)), ("to", json!(to)), ("pr", json!(pr))];
    arguments.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Ok(Value::Object(arguments))
}

/// `1: the test passes`.
fn answer(met: &str, text: &str) -> Result<Value, CliError> {
    let parts = text.split_once(':');
    let parts = parts.and_then(|(number, why)| Some((number.trim().parse::<u32>().ok()?, why)));
    let (number, why) = parts.ok_or_else(|| {
        CliError::new(Exit::Usage, format!("`{text}` answers no criterion"))
            .hint("give its number and how that can be seen, as in \"1: the test passes\"")
    })?;
    Ok(json!({ "number": number, "met": met, "why": why.trim() }))
}
