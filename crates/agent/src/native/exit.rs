//! How the agent ends, as a number for whoever started it.

/// Why the agent ended. The numbers follow `sysexits.h` where it has a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentExit {
    /// A final message was given.
    Done,
    /// The budget does not allow another call.
    Budget,
    /// The same call gave the same result again and again.
    Stuck,
    /// The provider does not answer; the same later may work.
    Unavailable,
    /// The session file or the standard output cannot be written.
    Io,
    /// The provider serves nothing before the time in the `limit` event.
    Limit,
    /// The provider does not accept the key.
    Auth,
    /// What was asked for cannot work: configuration, request or playbook.
    Invalid,
    /// It was told to end its turn.
    Interrupted,
    /// A playbook made the agent crash.
    Crashed,
}

impl AgentExit {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Budget => 3,
            Self::Stuck => 4,
            Self::Unavailable => 69,
            Self::Io => 74,
            Self::Limit => 75,
            Self::Auth => 77,
            Self::Invalid => 78,
            Self::Crashed => 101,
            Self::Interrupted => 130,
        }
    }
}
