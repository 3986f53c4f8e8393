//! The desk of one start of an agent: a directory by which it calls us, and we answer.
//!
//! ```text
//! runs/12.1/desk/token            proves that a call was made by who was given this desk
//!                calls/<id>.call      the agent writes, by renaming; we take
//!                answers/<id>.json    we write, once; the agent reads
//!                closed               nothing is taken any more, and why
//! ```
//!
//! The file is the call: it waits while no daemon runs, and is taken in exactly once afterwards. A
//! command, an MCP server and our own agent are faces of [`Client`]; nothing else is behind them.
//!
//! Invariants:
//! * In the sandbox an agent can write to `calls` of its own desk, and read the rest of it. It
//!   reaches no other desk.
//! * Nothing in `calls` is trusted: no link is followed, no pipe waited for, no size believed.
//! * A name that has an answer is never taken again.

mod client;
mod glance;
pub mod mcp;
mod tool;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crew_core::Millis;
use crew_core::call::{CALL_ID_BYTES_MAX, Call, Reply};
use rustix::fs::FileType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mailbox::MailboxError;
use crate::mailbox::folder::Folder;

pub use client::{CallError, Client, Outcome, PATIENCE};
pub use glance::Glance;
pub use tool::{Tool, Wish, Words};

/// The variable that tells an agent where its desk is.
pub const DESK: &str = "CREWHOUSE_DESK";
/// The variable that names our program.
pub const PROGRAM: &str = "CREW";
/// Largest file that can be a call.
pub const CALL_BYTES_MAX: u64 = 256 << 10;
/// So many calls are taken from one desk; then it is closed.
pub const TAKEN_MAX: usize = 1_000;
/// How many entries one look takes at most.
const ENTRIES_MAX: usize = 2_000;

/// Who serves our tools to an agent that speaks MCP, and for which desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsOfOurs {
    /// Our program.
    pub program: PathBuf,
    /// The desk of the start.
    pub desk: PathBuf,
}

impl ToolsOfOurs {
    /// The arguments of our program.
    pub const ARGS: [&str; 2] = ["agent", "mcp"];
    /// How long a call may take: as long as a human may take to answer.
    pub const ANSWER_TIMEOUT: Millis = Millis::hours(7 * 24);
}

const NAME: &str = "desk";
const TOKEN: &str = "token";
const CALLS: &str = "calls";
const ANSWERS: &str = "answers";
const CLOSED: &str = "closed";
/// The end of the name of a call.
const CALL_ENDING: &str = ".call";

/// A call as its file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    token: String,
    tool: String,
    #[serde(default)]
    arguments: Value,
}

/// A call that was found, and is ours until [`Desk::put_away`].
#[derive(Debug)]
pub struct Found {
    /// Its name, unique on this desk.
    pub id: String,
    /// What is wanted; or why it is no call.
    pub wish: Result<Wish, String>,
}

/// The desk from our side.
#[derive(Clone, Debug)]
pub struct Desk {
    root: PathBuf,
    token: String,
}

impl Desk {
    /// The desk of a start, made if it is not there.
    pub fn set_up(run: &Path) -> io::Result<Self> {
        let root = run.join(NAME);
        for dir in [root.clone(), root.join(CALLS), root.join(ANSWERS)] {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        if !root.join(TOKEN).exists() {
            let aside = root.join(".token.tmp");
            let mut file =
                File::options().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            file.write_all(random()?.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, root.join(TOKEN))?;
            File::open(&root)?.sync_all()?;
        }
        let token = fs::read_to_string(root.join(TOKEN))?;
        Ok(Self { root, token })
    }

    /// The desk of a start, if it has one.
    pub fn of(run: &Path) -> io::Result<Option<Self>> {
        let root = run.join(NAME);
        match fs::read_to_string(root.join(TOKEN)) {
            Ok(token) => Ok(Some(Self { root, token })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where calls are put: the only place of it that an agent has to write to.
    pub fn calls(&self) -> PathBuf {
        self.root.join(CALLS)
    }

    /// How many calls have an answer.
    pub fn answered(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.root.join(ANSWERS))?.count())
    }

    /// The calls that wait, the oldest first.
    pub fn look(&self) -> Result<Vec<Found>, MailboxError> {
        let folder = Folder::open(&self.calls(), 0o700)?;
        let mut waiting = Vec::new();
        for name in folder.names(ENTRIES_MAX)? {
            let Some(id) = id_of(&name) else { continue };
            if self.answer_path(&id).exists() {
                folder.remove(&file_of(&id)).ok(); // what cannot be removed is passed over each time
                continue;
            }
            let Some(entry) = folder.entry(&name)? else { continue };
            waiting.push((entry.changed_ns, id, entry.file_type));
        }
        waiting.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let found = waiting.into_iter().filter_map(|(_, id, file_type)| {
            let wish = match file_type {
                FileType::RegularFile => self.read(&folder, &id)?,
                _ => Err("it is no plain file".to_owned()),
            };
            Some(Found { id, wish })
        });
        Ok(found.collect())
    }

    /// What a file says; `None` if it has vanished.
    fn read(&self, folder: &Folder, id: &str) -> Option<Result<Wish, String>> {
        let mut bytes = Vec::new();
        match folder.open_file(&file_of(id)) {
            Ok(None) => return None,
            Ok(Some(file)) => {
                if let Err(error) = file.take(CALL_BYTES_MAX + 1).read_to_end(&mut bytes) {
                    return Some(Err(format!("it cannot be read: {error}")));
                }
            }
            Err(error) => return Some(Err(format!("it cannot be read: {error}"))),
        }
        if bytes.len() as u64 > CALL_BYTES_MAX {
            return Some(Err(too_large()));
        }
        Some(wish(&bytes, &self.token))
    }

    /// Tells the agent what came of a call, once: the first answer stays.
    pub fn answer(&self, id: &str, reply: &Reply) -> Result<(), MailboxError> {
        let folder = Folder::open(&self.root.join(ANSWERS), 0o700)?;
        let text = serde_json::to_string(reply).unwrap_or_default();
        folder.publish(&answer_of(id), text.as_bytes()).map(drop)
    }

    /// Removes a call that is recorded or answered.
    pub fn put_away(&self, id: &str) -> Result<(), MailboxError> {
        Folder::open(&self.calls(), 0o700)?.remove(&file_of(id)).map(drop)
    }

    /// Takes nothing any more, and says so to whoever waits.
    pub fn close(&self, why: &str) -> Result<(), MailboxError> {
        Folder::open(&self.root, 0o700)?.publish(CLOSED, why.as_bytes()).map(drop)
    }

    fn answer_path(&self, id: &str) -> PathBuf {
        self.root.join(ANSWERS).join(answer_of(id))
    }
}

/// What the bytes of a call want, if they are by who has `token`.
pub fn wish(bytes: &[u8], token: &str) -> Result<Wish, String> {
    let letter: Letter = serde_json::from_slice(bytes).map_err(|problem| {
        format!("it is no call: {problem}\nhint: `crew agent` writes calls as they have to be")
    })?;
    if letter.token != token {
        return Err("its token is not the one of this run\n\
             hint: the token is in the file `token` beside the directory of calls"
            .to_owned());
    }
    let tool = Tool::parse(&letter.tool).ok_or_else(|| tool::unknown(&letter.tool))?;
    let wish = tool.wish(&letter.arguments)?;
    if let Wish::Call(call) = &wish {
        Call::check(call)?;
    }
    Ok(wish)
}

fn too_large() -> String {
    let limit = CALL_BYTES_MAX >> 10;
    format!("it is larger than {limit} KiB\nhint: name the file that has the rest")
}

fn id_of(name: &OsStr) -> Option<String> {
    let id = name.to_str()?.strip_suffix(CALL_ENDING)?;
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=CALL_ID_BYTES_MAX).contains(&id.len()) && id.chars().all(is_good);
    fits.then(|| id.to_owned())
}

fn file_of(id: &str) -> String {
    format!("{id}{CALL_ENDING}")
}

fn answer_of(id: &str) -> String {
    format!("{id}.json")
}

/// 32 bytes that nobody can guess, in hex.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

#[cfg(test)]
mod tests;
