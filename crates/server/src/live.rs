//! The newest thing that an agent did, in one line, read off the end of its output.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crew_agent::{AgentEvent, shim};
use crew_core::run::Run;
use crew_core::{RunId, State};
use crew_engine::Screen;
use crew_store::Home;
use serde_json::Value;

/// How much of the end of the output is looked at.
const TAIL_BYTES: u64 = 32 << 10;
/// Longest line in characters.
const LINE_CHARS_MAX: usize = 160;

/// Where an agent that is at work prints to.
#[derive(Debug)]
pub(crate) struct Spool {
    pub(crate) run: RunId,
    pub(crate) task: u64,
    dir: PathBuf,
    screen: Screen,
}

/// The outputs of all agents at work.
pub(crate) fn spools(state: &State, home: &Home) -> Vec<Spool> {
    let at_work = state.live_runs().filter(|run| run.state.holds_agent());
    let screen = Screen::of(state);
    let spool = |run: &Run| {
        let (dir, screen) = (home.run(run.id, run.token), screen.clone());
        Spool { run: run.id, task: run.task.0, dir, screen }
    };
    at_work.map(spool).collect()
}

impl Spool {
    /// What the agent did last; none if it said nothing yet.
    pub(crate) fn live(&self) -> Option<String> {
        let bytes = tail(&self.dir.join(shim::OUT))?;
        let dialect = shim::dialect(&self.dir).ok()??;
        let mut decoder = dialect.listener(TAIL_BYTES);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events: Vec<AgentEvent> = lines.flat_map(|line| decoder.line(line)).collect();
        events.iter().rev().find_map(|event| line_of(&self.screen, event))
    }
}

fn tail(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn line_of(screen: &Screen, event: &AgentEvent) -> Option<String> {
    let line = match event {
        AgentEvent::Text { text } | AgentEvent::Done { text } | AgentEvent::Notice { text } => {
            first_line(text)?.to_owned()
        }
        AgentEvent::Thinking { text } => format!("thinking: {}", first_line(text)?),
        AgentEvent::ToolCall { name, input, .. } => format!("{name} {}", on_what(input)),
        AgentEvent::Ask { text, .. } => format!("asks: {}", first_line(text)?),
        AgentEvent::Limit { message, .. } => format!("limited: {message}"),
        AgentEvent::Error { message, .. } => format!("error: {message}"),
        AgentEvent::Retry { message, .. } => format!("tries again: {message}"),
        AgentEvent::Subagent { event, .. } => return line_of(screen, event),
        // The end of a sentence that began somewhere else says nothing.
        AgentEvent::Partial { .. }
        | AgentEvent::Session { .. }
        | AgentEvent::ToolResult { .. }
        | AgentEvent::TookIn { .. }
        | AgentEvent::Compacted
        | AgentEvent::Context { .. }
        | AgentEvent::Plan { .. }
        | AgentEvent::Heartbeat
        | AgentEvent::Usage(_)
        | AgentEvent::Noise(_)
        | AgentEvent::Other(_) => return None,
    };
    let line = screen.text(&line).trim().replace(['\n', '\t'], " ");
    Some(line.chars().take(LINE_CHARS_MAX).collect())
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// The argument of a tool that says most: a path or a command.
fn on_what(input: &Value) -> String {
    let known = ["path", "file_path", "command", "pattern", "query"];
    let argument = known.iter().find_map(|key| input.get(key)?.as_str());
    argument.map_or_else(String::new, |text| first_line(text).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_the_agent_does() {
        let check = |json: &str, expect: Option<&str>| {
            assert_eq!(
                line_of(&Screen::default(), &AgentEvent::decode(json.as_bytes())).as_deref(),
                expect,
                "{json}"
            );
        };
        check(r#"{"type":"text","text":"\n  Reading\nmore"}"#, Some("Reading"));
        check(
            r#"{"type":"tool_call","id":"1","name":"shell","input":{"command":"ls\u001b[2J"}}"#,
            Some("shell ls␛[2J"),
        );
        check(r#"{"type":"tool_result","id":"1","ok":true,"output":"x"}"#, None);
        check("no json", None);
    }
}
