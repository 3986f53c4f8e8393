//! What an ask is about, as data: which tool, and the command or the files that it is to be used on.
//!
//! It is filled from what an agent's program says in structure, never from words, so that a rule or a
//! remembered answer can be held against it. An ask without it is for the human.

use serde::{Deserialize, Serialize};

use crate::run::Access;

/// Longest command or other input that is judged, in bytes; longer ones are for the human.
const TEXT_BYTES_MAX: usize = 20_000;
/// Who asks to have something opened, in the place of a tool.
const SANDBOX: &str = "sandbox";
/// Stands for a key, so that two different ones look the same.
const HIDDEN: &str = "[hidden]";
/// Most files that are judged together.
const FILES_MAX: usize = 500;

/// What somebody wants to do. Agents name paths as they like (`P` is a text); what is recorded says
/// where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About<P = Place> {
    /// What the agent's program calls the tool.
    pub tool: String,
    /// What with.
    #[serde(flatten)]
    pub deed: Deed<P>,
}

/// Kinds of things to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed<P = Place> {
    /// To run a command.
    Run {
        /// The command, as a shell would read it.
        command: String,
        /// The directory that it is run in, where that is said; otherwise the worktree.
        #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
        place: Option<P>,
    },
    /// To make, change or remove files.
    Change {
        /// Which.
        files: Vec<P>,
    },
    /// To look at files or directories.
    Look {
        /// Which.
        files: Vec<P>,
    },
    /// Anything else.
    Use {
        /// All that the tool is used with, in one line.
        input: String,
    },
    /// To have something opened in the sandbox. No agent asks for that: it was refused.
    Open {
        /// What, as `team.toml` would say it.
        path: String,
        /// What for.
        access: Access,
    },
}

/// Where a path is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Place {
    /// In the worktree of the run.
    Worktree {
        /// From there, without `.` and `..`; empty is the worktree itself.
        path: String,
    },
    /// In the home of the user, and not in the worktree.
    Home {
        /// From there.
        path: String,
        /// All of it.
        whole: String,
    },
    /// Elsewhere.
    Elsewhere {
        /// All of it.
        whole: String,
    },
}

impl Place {
    /// Whether it is in the worktree.
    pub fn is_inside(&self) -> bool {
        match self {
            Self::Worktree { .. } => true,
            Self::Home { .. } | Self::Elsewhere { .. } => false,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Worktree { path } if path.is_empty() => f.pad("."),
            Self::Worktree { path } => f.pad(path),
            Self::Home { path, .. } => write!(f, "~/{path}"),
            Self::Elsewhere { whole } => f.pad(whole),
        }
    }
}

impl About<String> {
    /// To run a command, in a directory if one is named.
    pub fn run(tool: &str, command: &str, place: Option<&str>) -> Self {
        let (command, place) = (command.to_owned(), place.map(str::to_owned));
        Self { tool: tool.to_owned(), deed: Deed::Run { command, place } }
    }

    /// To change files.
    pub fn change(tool: &str, files: Vec<String>) -> Self {
        Self { tool: tool.to_owned(), deed: Deed::Change { files } }
    }

    /// To look at files.
    pub fn look(tool: &str, files: Vec<String>) -> Self {
        Self { tool: tool.to_owned(), deed: Deed::Look { files } }
    }

    /// To use a tool in a way that is not known more closely.
    pub fn other(tool: &str, input: String) -> Self {
        Self { tool: tool.to_owned(), deed: Deed::Use { input } }
    }

    /// The same with paths that say where they are. `None` for what is too large to be judged.
    pub fn placed(self, mut place: impl FnMut(&str) -> Place) -> Option<About> {
        let mut all = |files: Vec<String>| -> Option<Vec<Place>> {
            let is_bounded = files.len() <= FILES_MAX && files.iter().all(|it| is_judged(it));
            let mut places: Vec<Place> =
                is_bounded.then(|| files.iter().map(|path| place(path)).collect())?;
            places.sort();
            places.dedup();
            Some(places)
        };
        let deed = match self.deed {
            Deed::Run { command, place: None } if is_judged(&command) => {
                Deed::Run { command, place: None }
            }
            Deed::Run { command, place: Some(at) } if is_judged(&command) => {
                Deed::Run { command, place: all(vec![at])?.pop() }
            }
            Deed::Change { files } => Deed::Change { files: all(files)? },
            Deed::Look { files } => Deed::Look { files: all(files)? },
            Deed::Use { input } if is_judged(&input) => Deed::Use { input },
            Deed::Run { .. } | Deed::Use { .. } | Deed::Open { .. } => return None,
        };
        Some(About { tool: self.tool, deed })
    }
}

/// Neither too long nor with characters that are recorded as others.
fn is_judged(text: &str) -> bool {
    let is_plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.len() <= TEXT_BYTES_MAX && text.chars().all(is_plain)
}

impl About {
    /// To have a path opened in the sandbox.
    pub(crate) fn open(path: String, access: Access) -> Self {
        Self { tool: SANDBOX.to_owned(), deed: Deed::Open { path, access } }
    }

    /// What kinds of tools are called in rules, whatever a program calls its own.
    pub fn kind(&self) -> &'static str {
        match self.deed {
            Deed::Run { .. } => "shell",
            Deed::Change { .. } => "edit",
            Deed::Look { .. } => "read",
            Deed::Use { .. } | Deed::Open { .. } => "other",
        }
    }

    /// Whether the same can be recognised again. Changes of files that are not named cannot.
    pub fn is_exact(&self) -> bool {
        match &self.deed {
            Deed::Run { command, .. } => !command.trim().is_empty() && !command.contains(HIDDEN),
            Deed::Change { files } | Deed::Look { files } => !files.is_empty(),
            Deed::Use { input } => !input.contains(HIDDEN),
            Deed::Open { .. } => true,
        }
    }

    /// Whether it stays where the run works.
    pub fn stays_inside(&self) -> bool {
        match &self.deed {
            Deed::Run { place, .. } => place.as_ref().is_none_or(Place::is_inside),
            Deed::Change { files } | Deed::Look { files } => {
                !files.is_empty() && files.iter().all(Place::is_inside)
            }
            Deed::Use { .. } | Deed::Open { .. } => false,
        }
    }
}

/// For a human: all that an answer to it would be remembered for.
impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |files: &[Place]| -> String {
            files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match &self.deed {
            Deed::Run { command, place: Some(place) } if place.to_string() != "." => {
                write!(f, "{}: `{command}` in {place}", self.tool)
            }
            Deed::Run { command, .. } => write!(f, "{}: `{command}`", self.tool),
            Deed::Change { files } => write!(f, "{}: changes of {}", self.tool, list(files)),
            Deed::Look { files } => write!(f, "{}: a look at {}", self.tool, list(files)),
            Deed::Use { input } => write!(f, "{}: {input}", self.tool),
            Deed::Open { path, access: Access::Read } => write!(f, "{}: {path} to read", self.tool),
            Deed::Open { path, access: Access::Write } => {
                write!(f, "{}: {path} to write", self.tool)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        Place::Worktree { path: path.to_owned() }
    }

    #[test]
    fn what_is_too_large_is_judged_by_nobody() {
        let run = |command: &str| About::run("Bash", command, None).placed(place);
        assert!(run("ls").is_some());
        assert!(run(&"x".repeat(30_000)).is_none());
        assert!(run("ls\rrm x").is_none() && run("ls\nrm x").is_some());
        assert!(!run("curl -H [hidden]").unwrap().is_exact() && run("curl").unwrap().is_exact());
        assert!(About::change("Edit", vec![String::new(); 501]).placed(place).is_none());
    }

    #[test]
    fn it_is_written_as_data() {
        let about = About::change("Edit", vec!["b".into(), "a".into(), "a".into()]).placed(place);
        let text = serde_json::to_string(&about.unwrap()).unwrap();
        let expect = r#"{"tool":"Edit","deed":"change","files":[{"in":"worktree","path":"a"},{"in":"worktree","path":"b"}]}"#;
        assert_eq!(text, expect);
        assert!(serde_json::from_str::<About>(&text).unwrap().stays_inside());
        let run: About =
            serde_json::from_str(r#"{"tool":"Bash","deed":"run","command":"ls"}"#).unwrap();
        assert_eq!(run.to_string(), "Bash: `ls`");
    }
}
