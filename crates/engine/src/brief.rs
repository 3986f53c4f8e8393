//! A hand-off brief: what an agent is told about the one that was at work before it, where it cannot
//! see that one's conversation. It is made of what is on record, by us; no model is asked.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;

use crew_agent::{AgentEvent, Listener, shim};
use crew_core::ask::{Ask, AskState};
use crew_core::run::Run;
use crew_core::{RunId, State, Token};
use crew_git::Worktree;
use crew_store::Home;
use serde_json::Value;

use crate::Handle;
use crate::place::Place;
use crate::quote::{Quote, cut};

/// What an agent said and did that is shown; the newest.
const LINES_MAX: usize = 60;
/// Longest of these lines, in characters.
const LINE_CHARS_MAX: usize = 300;
/// Its last words are shown up to this, in characters.
const WORDS_CHARS_MAX: usize = 4_000;
/// Files that are listed.
const FILES_MAX: usize = 100;
/// Questions and answers that are shown; the newest.
const ASKS_MAX: usize = 10;
/// Longest quote of a brief, in characters.
const QUOTE_CHARS_MAX: usize = 16_000;

/// The brief for a run that takes over from another, or whose own conversation may be gone; empty if
/// nobody was at work before. That for a run that takes over is written once and stays as it is.
pub(crate) fn brief(handle: &Handle, place: &Place, worktree: &Worktree) -> anyhow::Result<String> {
    let (home, base) = (handle.home(), place.project.team.merge.base.as_str());
    let Some(before) = place.run.takes_over else {
        let own = handle.read(|state| {
            let left = place.run.leaves.as_ref().filter(|left| left.run != place.run.id);
            let left = left.and_then(|left| state.runs.get(&left.run));
            match left {
                Some(left) => Before::of(state, left, left.token.0),
                None => Before::of(state, &place.run, place.run.token.0.saturating_sub(1)),
            }
        });
        return own.written(home, worktree, base);
    };
    let file = home.run(place.run.id, Token(1)).join("brief.md");
    if let Ok(known) = std::fs::read_to_string(&file) {
        return Ok(known);
    }
    let text = of_run(handle, before, worktree, base)?;
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let draft = file.with_extension("new");
    std::fs::write(&draft, &text)?;
    std::fs::rename(&draft, &file)?;
    Ok(text)
}

/// The brief about a run, whatever became of it.
pub(crate) fn of_run(
    handle: &Handle,
    run: RunId,
    worktree: &Worktree,
    base: &str,
) -> anyhow::Result<String> {
    let before =
        handle.read(|state| state.runs.get(&run).map(|run| Before::of(state, run, run.token.0)));
    before.map_or_else(|| Ok(String::new()), |it| it.written(handle.home(), worktree, base))
}

/// Who was at work before.
struct Before {
    run: Run,
    starts: u32,
    asks: Vec<Ask>,
}

impl Before {
    fn of(state: &State, run: &Run, starts: u32) -> Self {
        let of_run = |ask: &&Ask| ask.from.agent() == Some(run.id);
        let asks: Vec<Ask> = state.asks.values().filter(of_run).cloned().collect();
        let newest = asks.len().saturating_sub(ASKS_MAX);
        Self { run: run.clone(), starts, asks: asks[newest..].to_vec() }
    }

    fn written(&self, home: &Home, worktree: &Worktree, base: &str) -> anyhow::Result<String> {
        let Self { run, starts, asks } = self;
        let mut deeds = Deeds::default();
        for token in 1..=*starts {
            deeds.read(&home.run(run.id, Token(token)));
        }
        if deeds.lines.is_empty() && deeds.words.is_empty() {
            return Ok(String::new()); // nobody has begun
        }
        let mut text = format!(
            "## Hand-off brief\nWritten by Crewhouse from its records, as you may not see the \
             conversation before. {} was at work as {}, by `{}`.\n",
            run.id, run.role, run.provider
        );
        part(&mut text, "What it said and did last", &deeds.lines.make_contiguous().join("\n"));
        part(&mut text, "What the worktree changes", &changed(worktree, base)?);
        part(&mut text, "Its last words", cut(&deeds.words, WORDS_CHARS_MAX));
        part(&mut text, "What it asked the human", &asked(asks));
        Ok(text)
    }
}

fn part(text: &mut String, title: &str, quoted: &str) {
    if !quoted.trim().is_empty() {
        let rest = "The log of the run has all of it.";
        let quote = Quote { kind: "text", text: quoted, chars_max: QUOTE_CHARS_MAX, rest }.fenced();
        write!(text, "### {title}\n{quote}").ok();
    }
}

/// What the worktree has that the base branch does not, committed or not.
fn changed(worktree: &Worktree, base: &str) -> anyhow::Result<String> {
    let base = worktree.repository().resolve(&format!("refs/heads/{base}"))?;
    let changes = worktree.diff_stat(&base)?;
    let lines = changes.iter().take(FILES_MAX).map(|change| {
        let count = |lines: Option<u64>| lines.map_or("?".to_owned(), |lines| lines.to_string());
        format!("{} +{} -{}\n", change.path, count(change.added), count(change.removed))
    });
    let mut text: String = lines.collect();
    if changes.len() > FILES_MAX {
        writeln!(text, "and {} more", changes.len() - FILES_MAX)?;
    }
    Ok(text)
}

fn asked(asks: &[Ask]) -> String {
    let line = |ask: &Ask| {
        let answer = match &ask.state {
            AskState::Open => "not answered yet",
            AskState::Answered { text, .. } => text,
            AskState::Expired { .. } => "never answered",
        };
        format!("{}\n  answer: {answer}", ask.text)
    };
    asks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What an agent did, in short.
#[derive(Default)]
struct Deeds {
    lines: VecDeque<String>,
    /// The last it said.
    words: String,
}

impl Deeds {
    /// Takes in one start. What cannot be read is left out: a brief is better than none.
    fn read(&mut self, dir: &Path) {
        let Ok(Some(dialect)) = shim::dialect(dir) else { return };
        let Ok(mut listener) = Listener::open(dir, &dialect, 0) else { return };
        while let Ok(Some(heard)) = listener.next_batch() {
            for one in heard {
                self.hear(one.event);
            }
        }
    }

    fn hear(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Text { text } => {
                self.note(&format!("it said: {text}"));
                self.words = text;
            }
            AgentEvent::ToolCall { name, input, .. } => {
                self.note(&format!("it used {name}: {}", on_what(&input)));
            }
            AgentEvent::ToolResult { ok: false, output, .. } => {
                self.note(&format!("which failed: {output}"));
            }
            AgentEvent::Session { .. }
            | AgentEvent::Thinking { .. }
            | AgentEvent::Partial { .. }
            | AgentEvent::ToolResult { .. }
            | AgentEvent::Ask { .. }
            | AgentEvent::Usage(_)
            | AgentEvent::Limit { .. }
            | AgentEvent::Error { .. }
            | AgentEvent::Retry { .. }
            | AgentEvent::Subagent { .. }
            | AgentEvent::Compacted
            | AgentEvent::Context { .. }
            | AgentEvent::Plan { .. }
            | AgentEvent::TookIn { .. }
            | AgentEvent::Notice { .. }
            | AgentEvent::Heartbeat
            | AgentEvent::Done { .. }
            | AgentEvent::Noise(_)
            | AgentEvent::Other(_) => {}
        }
    }

    fn note(&mut self, line: &str) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(cut(&line.replace('\n', " "), LINE_CHARS_MAX).to_owned());
    }
}

/// The argument of a tool that says most.
fn on_what(input: &Value) -> String {
    let known = ["command", "path", "file_path", "pattern", "query"];
    let argument = known.iter().find_map(|key| input.get(key)?.as_str());
    argument.map_or_else(|| input.to_string(), str::to_owned)
}
