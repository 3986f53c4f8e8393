//! The conversation, in a file of JSON lines that only grows.
//!
//! Each line is on the disk before anything that follows from it is done, so a kill at any moment
//! loses at most the call in flight. A torn last line is what such a kill leaves; it is cut off.
//! Where a conversation stands is never stored: [`Session::next`] computes it from the lines, so
//! a restart goes on exactly where the lines end.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crew_core::Usage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compaction;

/// How much of earlier runs the model is shown: about 60,000 tokens, less than half of what the
/// smallest of the usual models read.
const HISTORY_BYTES_MAX: usize = 240_000;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Record {
    /// What a start asked for. Run, stage and visit make two starts with the same words different.
    Prompt {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        run: String,
        text: String,
        stage: String,
        visit: u32,
    },
    /// Words that reached the model on the way: of a human, or of the agent loop.
    Message { text: String },
    /// An answer of the model.
    Assistant(Assistant),
    /// What a tool gave back.
    Result(CallResult),
    /// What came before was too long for the model, but for so many records right before this one.
    Compacted {
        kept: usize,
        /// How many bytes there was room for.
        room: usize,
    },
    /// Something that a playbook does only once has been done.
    Mark { name: String },
}

/// An answer of the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Assistant {
    /// Who answered; what only that model understands is replayed to no other.
    pub model: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    pub usage: Usage,
    /// The answer hit the output limit and is not whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Parts that the provider wants back unchanged, such as signed thinking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opaque: Vec<Value>,
}

/// A tool call, with an id that is unique in the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub id: String,
    pub name: String,
    pub input: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
}

impl Record {
    /// About how much of a request it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Prompt { text, .. } | Self::Message { text } => text.len(),
            Self::Assistant(answer) => {
                let calls = answer.calls.iter().map(|call| {
                    let signatures = call.signatures.iter().map(String::len);
                    call.input.to_string().len() + signatures.sum::<usize>()
                });
                let opaque = answer.opaque.iter().map(|part| part.to_string().len());
                answer.text.len()
                    + answer.thinking.len()
                    + calls.sum::<usize>()
                    + opaque.sum::<usize>()
            }
            Self::Result(result) => result.output.len(),
            Self::Compacted { .. } | Self::Mark { .. } => 0,
        }
    }
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CallResult {
    pub call: String,
    pub ok: bool,
    pub output: String,
    /// The agent was killed meanwhile; nobody knows whether the call took effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// What the conversation waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// The model's answer.
    Model,
    /// The result of this call.
    Tool(Call),
    /// The end, or more words of a human. The call is `finish`; without one, the model just said this.
    End { text: String, finish: Option<Call> },
    /// A word to the model that its answer was cut off.
    Resume,
}

/// An answer, with the results that it has so far.
pub(super) type Turn<'a> = (&'a Assistant, Vec<&'a CallResult>);

/// Why the file of a session cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("cannot use the session file {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "line {line} of the session file {path} is not understood: {reason}\n\
         hint: move the file away to begin a new conversation"
    )]
    Corrupt { path: PathBuf, line: usize, reason: String },
}

/// The conversation and its file.
pub(super) struct Session {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
}

impl Session {
    /// Opens the file, creates it when it is not there, and cuts off a torn last line.
    pub(super) fn open(path: &Path) -> Result<Self, SessionError> {
        let io = |source| SessionError::Io { path: path.to_owned(), source };
        // In a sandbox the file is there, and what is around it may not be touched.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.filter(|_| !path.exists());
        if let Some(parent) = parent {
            fs::create_dir_all(parent).map_err(io)?;
        }
        let file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
        let bytes = fs::read(path).map_err(io)?;
        let (records, whole_bytes) = decode(&bytes).map_err(|(line, reason)| {
            SessionError::Corrupt { path: path.to_owned(), line, reason }
        })?;
        if whole_bytes < bytes.len() {
            file.set_len(whole_bytes as u64).map_err(io)?;
        }
        file.sync_all().map_err(io)?;
        if let Some(parent) = parent {
            File::open(parent).and_then(|dir| dir.sync_all()).map_err(io)?;
        }
        Ok(Self { path: path.to_owned(), file, records })
    }

    /// The id of the conversation: the name of its file.
    pub(super) fn id(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Adds a line; it is on the disk when this returns.
    pub(super) fn append(&mut self, record: Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.records.push(record);
        Ok(())
    }

    /// Adds the result of a call.
    pub(super) fn append_result(&mut self, result: CallResult) -> io::Result<()> {
        self.append(Record::Result(result))
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records from the newest prompt on, itself included.
    fn since_prompt(&self) -> &[Record] {
        let newest = self.records.iter().rposition(|r| matches!(r, Record::Prompt { .. }));
        &self.records[newest.unwrap_or(0)..]
    }

    /// The records of the newest run, from its first prompt on; of the newest prompt, if its run
    /// has no name.
    fn since_run(&self) -> &[Record] {
        let Some(newest) = self.newest_run().filter(|run| !run.is_empty()) else {
            return self.since_prompt();
        };
        let is_other = |r: &Record| matches!(r, Record::Prompt { run, .. } if run != newest);
        let after_others = self.records.iter().rposition(is_other).map_or(0, |at| at + 1);
        let rest = &self.records[after_others..];
        let first = rest.iter().position(|r| matches!(r, Record::Prompt { .. }));
        &rest[first.unwrap_or(0)..]
    }

    /// What the model is shown. It changes while a run goes on only when the conversation is compacted,
    /// so that a provider reads most of it from its cache.
    pub(super) fn shown(&self) -> Vec<Cow<'_, Record>> {
        let records = self.remembered();
        let Some((at, kept, room)) = newest_compaction(records) else {
            return records.iter().map(Cow::Borrowed).collect();
        };
        let after = records[at + 1..].iter().map(Cow::Borrowed);
        compaction::shown(&records[..at], kept, room).into_iter().chain(after).collect()
    }

    /// Has what was said so far told in short, in so many bytes.
    pub(super) fn compact(&mut self, room: usize) -> io::Result<()> {
        let kept = compaction::kept(self.remembered(), room);
        self.append(Record::Compacted { kept, room })
    }

    /// The room that a compaction is to be made for, where there is so much; `None` if it would make
    /// nothing shorter. What was `refused` although it was just compacted is compacted to half of that.
    pub(super) fn room_to_compact(&self, room: usize, refused: bool) -> Option<usize> {
        let records = self.remembered();
        let newest = newest_compaction(records);
        let since = &records[newest.map_or(0, |(at, ..)| at + 1)..];
        let is_said = since.iter().any(|record| matches!(record, Record::Assistant(_)));
        let room = match newest {
            _ if is_said => room,
            None => return None,
            Some((_, _, before)) if refused => room.min(before / 2),
            Some((_, _, before)) => Some(room).filter(|room| *room < before)?,
        };
        (room >= compaction::ROOM_MIN).then_some(room)
    }

    /// What a provider counted last, for an answer of this model and all before it, and the bytes of
    /// what came after it.
    pub(super) fn counted(&self, model: &str) -> Option<(u64, usize)> {
        let mut bytes = 0;
        for (at, record) in self.records.iter().enumerate().rev() {
            match record {
                Record::Assistant(answer) => {
                    let tokens = answer.usage.tokens();
                    return (answer.model == model && tokens > 0).then_some((tokens, bytes));
                }
                Record::Compacted { .. } => return None,
                // Other runs are remembered than were then.
                Record::Prompt { .. } if self.begins_run(at) => return None,
                record => bytes += record.bytes(),
            }
        }
        None
    }

    /// The newest run, and as many runs before it as fit, each of them whole. So a conversation may go
    /// on for as long as there are tasks.
    fn remembered(&self) -> &[Record] {
        let newest = self.records.len() - self.since_run().len();
        let mut start = newest;
        let mut bytes = 0;
        for at in (0..newest).rev() {
            bytes += self.records[at].bytes();
            if bytes > HISTORY_BYTES_MAX {
                break;
            }
            if self.begins_run(at) {
                start = at;
            }
        }
        &self.records[start..]
    }

    /// Whether the prompt of a run that others came before is at this place.
    fn begins_run(&self, at: usize) -> bool {
        let run_at = |at: usize| match self.records.get(at) {
            Some(Record::Prompt { run, .. }) => Some(run),
            Some(
                Record::Message { .. }
                | Record::Assistant(_)
                | Record::Result(_)
                | Record::Compacted { .. }
                | Record::Mark { .. },
            )
            | None => None,
        };
        let before = (0..at).rev().find_map(run_at);
        run_at(at).is_some_and(|run| before != Some(run))
    }

    /// The name of the run that the newest prompt is of.
    pub(super) fn newest_run(&self) -> Option<&str> {
        self.records.iter().rev().find_map(|record| match record {
            Record::Prompt { run, .. } => Some(run.as_str()),
            Record::Message { .. }
            | Record::Assistant(_)
            | Record::Result(_)
            | Record::Compacted { .. }
            | Record::Mark { .. } => None,
        })
    }

    /// How many prompts there were.
    pub(super) fn prompts(&self) -> usize {
        self.records.iter().filter(|r| matches!(r, Record::Prompt { .. })).count()
    }

    /// Whether a playbook's mark was made.
    pub(super) fn is_marked(&self, mark: &str) -> bool {
        self.records.iter().any(|r| matches!(r, Record::Mark { name } if name == mark))
    }

    /// The answers since the newest prompt, each with the results that it has so far.
    pub(super) fn turns(&self) -> Vec<Turn<'_>> {
        turns_in(self.since_prompt())
    }

    /// The answers since the run began, whatever its restarts added to the prompt.
    pub(super) fn turns_of_run(&self) -> Vec<Turn<'_>> {
        turns_in(self.since_run())
    }

    /// The calls of the newest answer that have no result.
    pub(super) fn open_calls(&self) -> Vec<Call> {
        let Some((answer, results)) = self.newest_answer() else {
            return Vec::new();
        };
        let is_open = |call: &&Call| !results.iter().any(|result| result.call == call.id);
        answer.calls.iter().filter(is_open).cloned().collect()
    }

    /// What the conversation waits for.
    pub(super) fn next(&self) -> Next {
        let Some((answer, _)) = self.newest_answer() else {
            return Next::Model;
        };
        let open = self.open_calls();
        if let Some(call) = open.iter().find(|call| call.name != "finish") {
            return Next::Tool(call.clone());
        }
        if let Some(finish) = open.into_iter().next() {
            return Next::End { text: String::new(), finish: Some(finish) };
        }
        match answer {
            Assistant { calls, .. } if !calls.is_empty() => Next::Model,
            Assistant { cut: true, .. } => Next::Resume,
            Assistant { text, .. } => Next::End { text: text.clone(), finish: None },
        }
    }

    /// Whether a call of the newest answer failed or was interrupted.
    pub(super) fn has_failed_call(&self) -> bool {
        self.newest_answer().is_some_and(|(_, results)| results.iter().any(|result| !result.ok))
    }

    /// The newest answer with its results, unless words came after it.
    fn newest_answer(&self) -> Option<(&Assistant, Vec<&CallResult>)> {
        let mut results = Vec::new();
        for record in self.records.iter().rev() {
            match record {
                Record::Assistant(answer) => return Some((answer, results)),
                Record::Result(result) => results.push(result),
                Record::Compacted { .. } | Record::Mark { .. } => {}
                Record::Prompt { .. } | Record::Message { .. } => return None,
            }
        }
        None
    }
}

fn turns_in(records: &[Record]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for record in records {
        match record {
            Record::Assistant(answer) => turns.push((answer, Vec::new())),
            Record::Result(result) => {
                if let Some((_, results)) = turns.last_mut() {
                    results.push(result);
                }
            }
            Record::Prompt { .. }
            | Record::Message { .. }
            | Record::Compacted { .. }
            | Record::Mark { .. } => {}
        }
    }
    turns
}

/// Where the conversation was compacted last: the place, how many records were kept, and the
/// room.
fn newest_compaction(records: &[Record]) -> Option<(usize, usize, usize)> {
    records.iter().enumerate().rev().find_map(|(at, record)| match record {
        Record::Compacted { kept, room } => Some((at, *kept, *room)),
        Record::Prompt { .. }
        | Record::Message { .. }
        | Record::Assistant(_)
        | Record::Result(_)
        | Record::Mark { .. } => None,
    })
}

/// The records, and how many bytes they take. The last line may be torn; no other may.
fn decode(bytes: &[u8]) -> Result<(Vec<Record>, usize), (usize, String)> {
    let mut records = Vec::new();
    let mut whole_bytes = 0;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let is_last = whole_bytes + line.len() == bytes.len();
        match serde_json::from_slice(line) {
            Ok(record) if line.ends_with(b"\n") => records.push(record),
            Ok(_) | Err(_) if is_last => break,
            Ok(_) => return Err((index + 1, "BUG: a whole line without its end".to_owned())),
            Err(reason) => return Err((index + 1, reason.to_string())),
        }
        whole_bytes += line.len();
    }
    Ok((records, whole_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_runs_are_shown_whole_as_long_as_they_fit() {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::open(&dir.path().join("pm.jsonl")).unwrap();
        let mut run = |name: &str, bytes: usize| {
            let (run, text) = (name.to_owned(), "x".repeat(bytes));
            session.append(Record::Prompt { run, text, stage: String::new(), visit: 1 }).unwrap();
            session.append(Record::Assistant(Assistant::default())).unwrap();
            let of = |record: &Record| match record {
                Record::Prompt { run, .. } => Some(run.clone()),
                _ => None,
            };
            session.remembered().iter().filter_map(of).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(run("r1", 10), "r1");
        assert_eq!(run("r2", HISTORY_BYTES_MAX / 2), "r1 r2");
        assert_eq!(run("r3", 10), "r1 r2 r3");
        assert_eq!(run("r4", HISTORY_BYTES_MAX), "r1 r2 r3 r4", "the newest is always shown");
        assert_eq!(run("r4", 10), "r1 r2 r3 r4 r4", "and what is shown with it stays the same");
        assert_eq!(run("r5", 10), "r5", "r4 does not fit any more, nor what came before it");
        assert_eq!(run("r6", 10), "r5 r6");
    }
}
