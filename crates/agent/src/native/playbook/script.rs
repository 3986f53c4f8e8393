//! The file of a playbook: what it may say, and where it is wrong.
//!
//! Everything is checked when the file is read, the arguments of tools included, so that a demo
//! never fails in its last scene for a mistake that was there from the start.
//!
//! ```toml
//! [[scene]]                   # the first scene that fits is played; what is absent fits all
//! role = "engineer"
//! stage = "in-progress"
//! task = "greeting"           # part of the title
//! visit = 1
//! [[scene.turn]]
//! delay_ms = 200              # also: hang_s, limit_s, crash, garbage,
//!                             # flood (lines of text) with flood_pause_ms between them
//! think = "I should look first."
//! say = "I read the file."
//! tools = [{ name = "read", path = "src/lib.rs" }]
//! usage = { input = 1200, output = 80, cost_micros = 40 }
//! [[scene.turn]]
//! ask = { text = "Which colour?", options = ["red", "blue"] }
//! [[scene.turn]]              # the last turn has a `finish`, or nothing but words
//! finish = "DONE: {title} in {answer}"
//! ```

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crew_core::{Micros, Usage};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::super::start::{Start, ToolName};
use super::super::tools::ToolCall;

/// Why a playbook cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error(
        "cannot read the playbook {path}: {source}\nhint: `model` of the provider names it, relative to .crew"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not what a playbook must be.
    #[error("{path}:{line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong there, with a hint.
        reason: String,
    },
    /// No scene fits.
    #[error(
        "no scene of {path} fits role `{role}`, stage `{stage}`, visit {visit}, task `{title}`\n\
         hint: the scenes are for {scenes}"
    )]
    NoScene {
        /// The file.
        path: PathBuf,
        /// The role that was looked for.
        role: String,
        /// The stage that was looked for.
        stage: String,
        /// The visit that was looked for.
        visit: u32,
        /// The task that was looked for.
        title: String,
        /// What there is.
        scenes: String,
    },
}

/// A playbook that has been checked.
#[derive(Clone, Debug)]
pub struct Script {
    path: PathBuf,
    scenes: Vec<Scene>,
}

#[derive(Clone, Debug)]
pub(super) struct Scene {
    role: Option<String>,
    stage: Option<String>,
    task: Option<String>,
    visit: Option<u32>,
    /// Never empty.
    pub(super) turn: Vec<Turn>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) think: Option<String>,
    pub(super) say: Option<String>,
    pub(super) tools: Vec<ToolLine>,
    pub(super) ask: Option<AskLine>,
    pub(super) finish: Option<String>,
    pub(super) usage: UsageLine,
    pub(super) limit_s: Option<u64>,
    pub(super) crash: bool,
    pub(super) hang_s: u64,
    pub(super) delay_ms: u64,
    pub(super) garbage: Option<String>,
    pub(super) flood: u32,
    pub(super) flood_pause_ms: u64,
}

#[derive(Clone, Debug)]
pub(super) struct ToolLine {
    pub(super) name: String,
    pub(super) input: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskLine {
    pub(super) text: String,
    #[serde(default)]
    pub(super) options: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageLine {
    #[serde(default)]
    input: u64,
    #[serde(default)]
    cached: u64,
    #[serde(default)]
    output: u64,
    #[serde(default)]
    cost_micros: Option<u64>,
}

impl UsageLine {
    pub(super) fn tokens(self) -> u64 {
        Usage::from(self).tokens()
    }
}

impl From<UsageLine> for Usage {
    fn from(line: UsageLine) -> Self {
        Self {
            input_tokens: line.input,
            cached_tokens: line.cached,
            output_tokens: line.output,
            cost: line.cost_micros.map(Micros),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    scene: Vec<Spanned<WrittenScene>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenScene {
    role: Option<String>,
    stage: Option<String>,
    task: Option<String>,
    visit: Option<u32>,
    #[serde(default)]
    turn: Vec<Spanned<WrittenTurn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTurn {
    think: Option<String>,
    say: Option<String>,
    #[serde(default)]
    tools: Vec<Spanned<toml::Table>>,
    ask: Option<AskLine>,
    finish: Option<String>,
    #[serde(default)]
    usage: UsageLine,
    limit_s: Option<u64>,
    #[serde(default)]
    crash: bool,
    #[serde(default)]
    hang_s: u64,
    #[serde(default)]
    delay_ms: u64,
    garbage: Option<String>,
    #[serde(default)]
    flood: u32,
    #[serde(default)]
    flood_pause_ms: u64,
}

/// Something wrong at a place in the text.
struct Fault {
    at: Range<usize>,
    reason: String,
}

impl Script {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ScriptError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Checks a text; `path` is only for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ScriptError> {
        match scenes(text) {
            Ok(scenes) => Ok(Self { path: path.to_owned(), scenes }),
            Err(Fault { at, reason }) => Err(ScriptError::Line {
                path: path.to_owned(),
                line: text[..at.start.min(text.len())].matches('\n').count() + 1,
                reason,
            }),
        }
    }

    /// The first scene that fits, and its place.
    pub(super) fn choose(self, start: &Start) -> Result<(usize, Scene), ScriptError> {
        if let Some(index) = self.scenes.iter().position(|scene| scene.fits(start)) {
            return Ok((index, self.scenes[index].clone()));
        }
        let scenes: Vec<_> = self.scenes.iter().map(Scene::for_whom).collect();
        Err(ScriptError::NoScene {
            path: self.path,
            role: start.role.clone(),
            stage: start.stage.clone(),
            visit: start.visit,
            title: start.task_title.clone(),
            scenes: scenes.join("; "),
        })
    }
}

impl Scene {
    fn fits(&self, start: &Start) -> bool {
        let fits_text = |wanted: &Option<String>, actual: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == actual)
        };
        fits_text(&self.role, &start.role)
            && fits_text(&self.stage, &start.stage)
            && self.task.as_deref().is_none_or(|part| start.task_title.contains(part))
            && self.visit.is_none_or(|visit| visit == start.visit)
    }

    fn for_whom(&self) -> String {
        let any = |wanted: &Option<String>| wanted.clone().unwrap_or_else(|| "any".to_owned());
        let visit = self.visit.map_or_else(|| "any".to_owned(), |visit| visit.to_string());
        format!(
            "role {}, stage {}, visit {visit}, task {}",
            any(&self.role),
            any(&self.stage),
            any(&self.task)
        )
    }
}

fn scenes(text: &str) -> Result<Vec<Scene>, Fault> {
    let written: Written = toml::from_str(text).map_err(|reason| Fault {
        at: reason.span().unwrap_or_default(),
        reason: reason.message().to_owned(),
    })?;
    if written.scene.is_empty() {
        return Err(Fault {
            at: 0..0,
            reason: "there is no scene\nhint: begin one with [[scene]]".to_owned(),
        });
    }
    written.scene.into_iter().map(scene).collect()
}

fn scene(written: Spanned<WrittenScene>) -> Result<Scene, Fault> {
    let at = written.span();
    let written = written.into_inner();
    let ends_at = written.turn.last().map_or(at, Spanned::span);
    let turns = written.turn.into_iter().map(turn).collect::<Result<Vec<_>, _>>()?;
    let Some(last) = turns.last() else {
        return Err(Fault {
            at: ends_at,
            reason: "the scene has no turn\nhint: add a [[scene.turn]]".to_owned(),
        });
    };
    if last.finish.is_none() && !(last.tools.is_empty() && last.ask.is_none()) {
        return Err(Fault {
            at: ends_at,
            reason: "the last turn does not end the run\nhint: give it a `finish`".to_owned(),
        });
    }
    Ok(Scene {
        role: written.role,
        stage: written.stage,
        task: written.task,
        visit: written.visit,
        turn: turns,
    })
}

fn turn(written: Spanned<WrittenTurn>) -> Result<Turn, Fault> {
    let at = written.span();
    let written = written.into_inner();
    let is_silent = written.say.is_none()
        && written.tools.is_empty()
        && written.ask.is_none()
        && written.finish.is_none();
    if is_silent {
        return Err(Fault {
            at,
            reason: "the turn does nothing\nhint: give it `say`, `tools`, `ask` or `finish`"
                .to_owned(),
        });
    }
    Ok(Turn {
        think: written.think,
        say: written.say,
        tools: written.tools.into_iter().map(tool).collect::<Result<_, _>>()?,
        ask: written.ask,
        finish: written.finish,
        usage: written.usage,
        limit_s: written.limit_s,
        crash: written.crash,
        hang_s: written.hang_s,
        delay_ms: written.delay_ms,
        garbage: written.garbage,
        flood: written.flood,
        flood_pause_ms: written.flood_pause_ms,
    })
}

/// A tool line is the name of the tool and its arguments, in one table.
fn tool(written: Spanned<toml::Table>) -> Result<ToolLine, Fault> {
    let at = written.span();
    let fault = |reason: String| Fault { at: at.clone(), reason };
    let mut table = written.into_inner();
    let Some(toml::Value::String(name)) = table.remove("name") else {
        return Err(fault("a tool needs a `name`".to_owned()));
    };
    let tool = ToolName::parse(&name).ok_or_else(|| {
        let known: Vec<_> = ToolName::all().into_iter().map(ToolName::as_str).collect();
        fault(format!("there is no tool `{name}`\nhint: one of {}", known.join(", ")))
    })?;
    if tool == ToolName::Finish && !table.contains_key("claim") {
        let hint = "hint: write finish = \"…\", or give it a `claim`";
        return Err(fault(format!("`finish` is no tool line without a claim\n{hint}")));
    }
    let input = serde_json::to_value(table).map_err(|reason| fault(reason.to_string()))?;
    ToolCall::parse(tool, &input).map_err(|reason| fault(reason.to_string()))?;
    Ok(ToolLine { name, input })
}
