//! Identifiers: small numbers, each of its own type, so that none can stand for another.
//!
//! They are handed out by counters in [`crate::State`], never at random: `step` stays pure and a
//! replay of the journal gives every task and run the number that it had.
//!
//! ```compile_fail
//! use crew_core::{RunId, TaskId};
//! let task: TaskId = RunId(1); // an id of one kind is not an id of another
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            /// Takes the number with or without its prefix.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix).unwrap_or(text).parse().map(Self)
            }
        }
    };
}

id_type!(
    /// A git repository under Crewhouse.
    ProjectId, "p");
id_type!(
    /// A unit of work, `#12` to people.
    TaskId, "#");
id_type!(
    /// One attempt of one agent at one stage of one task, `r34`.
    RunId, "r");
id_type!(
    /// A question or permission request to the human, `a5`.
    AskId, "a");
id_type!(
    /// Something that the arbiter wants done outside; the number orders them.
    EffectId, "e");
id_type!(
    /// Position of an entry in the journal, from 1, without gaps.
    Seq, "");

/// How often a run's agent has been started: the fencing token. What an older start reports is
/// recorded and dropped.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Token(pub u32);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints_and_the_bare_number() {
        assert_eq!("#12".parse(), Ok(TaskId(12)));
        assert_eq!("12".parse(), Ok(TaskId(12)));
        assert_eq!(RunId(3).to_string().parse(), Ok(RunId(3)));
        assert!("r12".parse::<TaskId>().is_err(), "a run is not a task");
    }
}
