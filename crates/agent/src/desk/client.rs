//! The desk from the agent's side: put a call on it, wait for the answer.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crew_core::call::{Call, Reply};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    ANSWERS, CALL_BYTES_MAX, CALLS, CLOSED, Letter, TOKEN, Tool, Wish, answer_of, file_of,
};

/// How long an answer is waited for that does not need the human.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// We were told.
    Replied(Reply),
    /// Nobody has answered yet. The call stays where it is and is taken in later.
    Waits,
}

/// Why a call could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no desk.
    #[error("there is no run to call for: {0}")]
    NoDesk(String),
    /// The desk takes nothing any more.
    #[error("{0}")]
    Closed(String),
    /// The call is none.
    #[error("{0}")]
    Wrong(String),
    /// The disk does not let us.
    #[error("the call could not be written to {path}: {error}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
}

impl CallError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoDesk(_) => Some("agents are told by CREWHOUSE_DESK; people use `crew task`"),
            Self::Closed(_) => Some("end your turn"),
            Self::Wrong(_) => None, // it says it itself
            Self::Io { .. } => Some("is the disk full?"),
        }
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Client {
    root: PathBuf,
    token: String,
}

impl Client {
    /// Sits down at a desk.
    ///
    /// # Errors
    /// When there is none at this place.
    pub fn open(root: &Path) -> Result<Self, CallError> {
        let token = fs::read_to_string(root.join(TOKEN))
            .map_err(|error| CallError::NoDesk(format!("{}: {error}", root.display())))?;
        Ok(Self { root: root.to_owned(), token })
    }

    /// Makes a call, and waits so long for what comes of it.
    pub fn call(
        &self,
        tool: Tool,
        arguments: &Value,
        patience: Duration,
    ) -> Result<Outcome, CallError> {
        let id = match tool.wish(arguments).map_err(CallError::Wrong)? {
            Wish::Board | Wish::Knowledge(_) => unique(tool),
            Wish::Call(call) => {
                call.check().map_err(CallError::Wrong)?;
                id_of(tool, &call)
            }
        };
        if let Some(reply) = self.reply(&id)? {
            return Ok(Outcome::Replied(reply));
        }
        self.check_open()?;
        let letter = Letter {
            token: self.token.clone(),
            tool: tool.name().to_owned(),
            arguments: arguments.clone(),
        };
        self.put(&id, &letter)?;
        self.wait(&id, patience)
    }

    /// Whole or not at all, and on the disk.
    fn put(&self, id: &str, letter: &Letter) -> Result<(), CallError> {
        let bytes = serde_json::to_vec(letter).map_err(|error| self.io(error.into()))?;
        if bytes.len() as u64 > CALL_BYTES_MAX {
            return Err(CallError::Wrong(super::too_large()));
        }
        let calls = self.root.join(CALLS);
        let aside = calls.join(format!(".{}.tmp", unique(Tool::Board)));
        let write = || {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&aside, calls.join(file_of(id)))?;
            File::open(&calls)?.sync_all()
        };
        write().map_err(|error| {
            fs::remove_file(&aside).ok(); // it may not be there
            self.io(error)
        })
    }

    fn wait(&self, id: &str, patience: Duration) -> Result<Outcome, CallError> {
        let end = Instant::now().checked_add(patience);
        let mut pause = PAUSE.0;
        loop {
            let open = self.check_open(); // first: the answer may be the last thing before the end
            if let Some(reply) = self.reply(id)? {
                return Ok(Outcome::Replied(reply));
            }
            open?;
            if end.is_some_and(|end| Instant::now() >= end) {
                return Ok(Outcome::Waits);
            }
            thread::sleep(pause);
            pause = pause.saturating_mul(2).min(PAUSE.1);
        }
    }

    fn reply(&self, id: &str) -> Result<Option<Reply>, CallError> {
        match fs::read(self.root.join(ANSWERS).join(answer_of(id))) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| self.io(error.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io(error)),
        }
    }

    fn check_open(&self) -> Result<(), CallError> {
        match fs::read_to_string(self.root.join(CLOSED)) {
            Ok(why) => Err(CallError::Closed(why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.io(error)),
        }
    }

    fn io(&self, error: io::Error) -> CallError {
        CallError::Io { path: self.root.clone(), error }
    }
}

/// The name of a call. The same question has the same name, so that whoever asks it again hears what
/// was answered; everything else is a call of its own each time.
fn id_of(tool: Tool, call: &Call) -> String {
    match call {
        Call::Ask(question) => {
            let words = question.options.iter().chain([&question.text]);
            let hash =
                words.fold(Sha256::new(), |hash, word| hash.chain_update(word).chain_update([0]));
            let hash = hash.finalize();
            format!("{}-{}", tool.name(), super::hex(hash.get(..16).unwrap_or_default()))
        }
        Call::Finish(_) | Call::Comment(_) | Call::Pin(_) | Call::Subtask(_) | Call::Message(_) => {
            unique(tool)
        }
    }
}

fn unique(tool: Tool) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{}-{}-{now}-{number}", tool.name(), std::process::id())
}
