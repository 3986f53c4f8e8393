//! How a command ends that does not end well, as people and scripts see it.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use crew_git::GitError;
use crew_server::SetupError;
use crew_store::StoreError;

/// How a command ends, as a number for scripts. The numbers are in `crew --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// It could not.
    Failed = 1,
    /// It was called wrongly.
    Usage = 2,
    /// The arbiter refused, or there is no such thing.
    Refused = 3,
    /// The daemon cannot be reached.
    NoDaemon = 4,
    /// Something waits for the human.
    Waits = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum CliError {
    /// Something to be said.
    Said {
        /// How the program ends.
        exit: Exit,
        /// What happened.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Nobody reads our output any more.
    PipeClosed,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self::Said { exit, message: message.to_string(), hint: None }
    }

    pub(crate) fn failed(message: impl Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    #[must_use]
    pub(crate) fn hint(self, text: impl Into<String>) -> Self {
        match self {
            Self::Said { exit, message, hint: _ } => {
                Self::Said { exit, message, hint: Some(text.into()) }
            }
            Self::PipeClosed => self,
        }
    }

    fn with_hint(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::failed(error),
        }
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<StoreError>() {
            Ok(error) => error.into(),
            Err(error) => Self::failed(format!("{error:#}")),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Locked { .. } | StoreError::AtWork { .. } | StoreError::Backup(_) => {
                Exit::Refused
            }
            StoreError::Database { .. }
            | StoreError::File { .. }
            | StoreError::Newer { .. }
            | StoreError::Corrupt { .. } => Exit::Failed,
        };
        Self::new(exit, &error).with_hint(error.hint())
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        Self::failed(&error).with_hint(error.hint())
    }
}

impl From<SetupError> for CliError {
    fn from(SetupError { message, hint }: SetupError) -> Self {
        Self::new(Exit::Refused, message).with_hint(hint.as_deref())
    }
}

impl From<CliError> for SetupError {
    fn from(error: CliError) -> Self {
        match error {
            CliError::Said { exit: _, message, hint } => Self { message, hint },
            CliError::PipeClosed => {
                Self { message: "the output was closed".to_owned(), hint: None }
            }
        }
    }
}

/// Says what was attempted when it fails.
pub(crate) trait Attempt<T> {
    fn attempt(self, what: impl Display) -> Result<T, CliError>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, what: impl Display) -> Result<T, CliError> {
        self.map_err(|error| CliError::failed(format!("{what}: {error}")))
    }
}
