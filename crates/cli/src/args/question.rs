//! The arguments of `crew task ask`.

use clap::Args;
use crew_core::{RoleName, RunId, TaskId};

/// The answer is given in a copy of the conversation of who did the work, and changes nothing. It is printed,
/// and stands on the card. The task may be done or cancelled.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The task.
    pub(crate) task: TaskId,
    /// What you want to know; `-` reads it from standard input.
    #[arg(value_name = "QUESTION")]
    pub(crate) text: String,
    /// The run whose agent is asked, as in r7; without it, the last that changed something.
    #[arg(long, conflicts_with = "role")]
    pub(crate) run: Option<RunId>,
    /// The role whose agent is asked.
    #[arg(long)]
    pub(crate) role: Option<RoleName>,
    /// Do not wait for the answer.
    #[arg(long)]
    pub(crate) no_wait: bool,
}
