//! The tools: their names, what models are told about them, and their arguments. The same for a
//! command, for MCP and for our own agent.

use crew_core::call::{Call, Comment, Finish, Letter, Pin, Proposal, Question};
use serde::Deserialize;
use serde_json::{Value, json};

/// A tool of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// The end of the run.
    Finish,
    /// A question to the human.
    Ask,
    /// Words about the task.
    Comment,
    /// What must not be forgotten.
    Pin,
    /// Another task.
    Subtask,
    /// Words to a role.
    Message,
    /// A look at the board.
    Board,
    /// What earlier tasks say about something.
    Knowledge,
}

/// What is wanted by a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To see the board, which changes nothing.
    Board,
    /// To see where these words were said before, which changes nothing either.
    Knowledge(Words),
    /// Something that is decided and recorded.
    Call(Call),
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Words that all have to occur.
    pub words: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Tool {
    /// Every tool, in the order in which models are shown them.
    pub const ALL: [Self; 8] = [
        Self::Finish,
        Self::Ask,
        Self::Comment,
        Self::Pin,
        Self::Subtask,
        Self::Message,
        Self::Board,
        Self::Knowledge,
    ];

    /// The name that it is called by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Ask => "ask",
            Self::Comment => "comment",
            Self::Pin => "pin",
            Self::Subtask => "subtask",
            Self::Message => "message",
            Self::Board => "board",
            Self::Knowledge => "knowledge",
        }
    }

    /// The tool of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What it does, for a model.
    pub fn description(self) -> &'static str {
        match self {
            Self::Finish => {
                "End your run. Say how it ended, with evidence: what you ran or read, and what came \
                 of it. Answer each acceptance criterion of the task by its number. Who judges gives \
                 a verdict, who chooses gives a pick."
            }
            Self::Ask => {
                "Ask the human what you cannot decide yourself, and wait for the answer. It may take \
                 hours. The same question again gives the answer that there is."
            }
            Self::Comment => "Say something about your task, for whoever works on it next.",
            Self::Pin => {
                "Propose a decision or a fact that nobody who works on your task may forget. The human \
                 or the PM pins it; then it is told again when a conversation is compacted, and to \
                 whoever works on the task next. As PM you pin: `text`, or the number of a proposal."
            }
            Self::Subtask => {
                "Propose another task that you came across. It begins when the human says so; go on \
                 with your own."
            }
            Self::Message => {
                "Write to the PM, or to another role where the team allows it. It is read when that \
                 role works next; there is no answer."
            }
            Self::Board => "See your task with its numbered criteria, and all open tasks.",
            Self::Knowledge => {
                "See what earlier and other tasks of this project say about something: why it is as it \
                 is, what was tried, what was decided. All words have to occur in a task."
            }
        }
    }

    /// Its arguments, as a JSON schema.
    pub fn schema(self) -> Value {
        let text = |what: &str| json!({ "type": "string", "description": what });
        let texts = |what: &str| json!({ "type": "array", "items": { "type": "string" }, "description": what });
        let (properties, required) = match self {
            Self::Finish => (finish_properties(), json!(["claim", "summary"])),
            Self::Ask => (
                json!({
                    "text": text("The question"),
                    "options": texts("Answers to choose from; none if any words will do")
                }),
                json!(["text"]),
            ),
            Self::Comment => (json!({ "text": text("Markdown") }), json!(["text"])),
            Self::Pin => (
                json!({
                    "text": text("One or two sentences, at most 500 characters"),
                    "anchor": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "For the PM, instead of a text: the proposal to pin"
                    }
                }),
                json!([]),
            ),
            Self::Subtask => (
                json!({
                    "title": text("What is to be done, in one line"),
                    "body": text("Markdown"),
                    "criteria": texts("What must be true for it to be done")
                }),
                json!(["title"]),
            ),
            Self::Message => (
                json!({
                    "to": text("A role; without it, the PM"),
                    "text": text("Markdown")
                }),
                json!(["text"]),
            ),
            Self::Board => (json!({}), json!([])),
            Self::Knowledge => (
                json!({ "words": text("A few words, such as the name of a file or a function") }),
                json!(["words"]),
            ),
        };
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false
        })
    }

    /// What a call of it wants.
    ///
    /// # Errors
    /// When the arguments are not its own; with a hint.
    pub fn wish(self, arguments: &Value) -> Result<Wish, String> {
        Ok(match self {
            Self::Board if arguments.is_null() => Wish::Board,
            Self::Board => self.read::<Nothing>(arguments).map(|Nothing {}| Wish::Board)?,
            Self::Knowledge => Wish::Knowledge(self.read::<Words>(arguments)?),
            Self::Finish => Wish::Call(Call::Finish(self.read::<Finish>(arguments)?)),
            Self::Ask => Wish::Call(Call::Ask(self.read::<Question>(arguments)?)),
            Self::Comment => Wish::Call(Call::Comment(self.read::<Comment>(arguments)?)),
            Self::Pin => Wish::Call(Call::Pin(self.read::<Pin>(arguments)?)),
            Self::Subtask => Wish::Call(Call::Subtask(self.read::<Proposal>(arguments)?)),
            Self::Message => Wish::Call(Call::Message(self.read::<Letter>(arguments)?)),
        })
    }

    fn read<T: for<'a> Deserialize<'a>>(self, arguments: &Value) -> Result<T, String> {
        T::deserialize(arguments).map_err(|problem| {
            format!(
                "wrong arguments for `{}`: {problem}\nhint: its arguments are {}",
                self.name(),
                self.schema()["properties"]
            )
        })
    }
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn texts(what: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": what })
}

fn finish_properties() -> Value {
    json!({
        "claim": {
            "type": "string",
            "enum": ["done", "request", "error"],
            "description": "done: it is complete; request: a decision is needed; error: it cannot be done"
        },
        "summary": text("What you did, need, or failed at, for whoever goes on"),
        "evidence": texts("What you ran or read, and what came of it"),
        "criteria": {
            "type": "array",
            "description": "An answer for each acceptance criterion",
            "items": {
                "type": "object",
                "properties": {
                    "number": { "type": "integer", "minimum": 1 },
                    "met": { "type": "string", "enum": ["met", "not_met"] },
                    "why": text("How that can be seen, or what is missing")
                },
                "required": ["number", "met", "why"],
                "additionalProperties": false
            }
        },
        "verdict": {
            "type": "string",
            "enum": ["pass", "fail"],
            "description": "Your judgement, if you are asked for one"
        },
        "pick": {
            "type": "integer",
            "minimum": 1,
            "description": "The best candidate, if you are asked to choose"
        },
        "to": text("The stage that the task should go to, if not the usual one"),
        "pr": text("A pull request")
    })
}

/// What is said about a tool that there is not.
pub(super) fn unknown(name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    format!(
        "there is no tool `{name}`\nhint: the tools are {}",
        Tool::ALL.map(Tool::name).join(", ")
    )
}
