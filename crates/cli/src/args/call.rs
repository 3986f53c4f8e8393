//! The arguments of `crew agent`, by which agents without MCP call us.

use clap::{Args, Subcommand, ValueEnum};
use crew_core::RoleName;

/// What an agent at work can want. It needs no daemon: what cannot be answered now waits.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentCall {
    /// End the run.
    Finish(Finish),
    /// Ask the human, and wait for the answer. The same question again waits on.
    Ask {
        /// The question; `-` reads it from standard input.
        text: String,
        /// An answer to choose from; may be given several times.
        #[arg(long = "option", value_name = "TEXT")]
        options: Vec<String>,
        /// How long to wait; code 10 says that there is no answer yet.
        #[arg(long, value_name = "SECONDS", default_value_t = 100)]
        wait: u64,
    },
    /// Say something about the task that is worked on.
    Comment {
        /// What; `-` reads it from standard input.
        text: String,
    },
    /// Propose what must not be forgotten by whoever works on the task; the PM pins it.
    Pin {
        /// What, in at most 500 characters; `-` reads it from standard input.
        #[arg(required_unless_present = "anchor", conflicts_with = "anchor")]
        text: Option<String>,
        /// For the PM: the number of what was proposed and is to be pinned.
        #[arg(long, value_name = "NUMBER")]
        anchor: Option<u64>,
    },
    /// Propose another task. It begins when the human says so.
    Subtask {
        /// What is to be done, in one line.
        title: String,
        /// Markdown; `-` reads it from standard input.
        #[arg(long)]
        body: Option<String>,
        /// What must be true for it to be done; may be given several times.
        #[arg(long = "criterion", value_name = "TEXT")]
        criteria: Vec<String>,
    },
    /// Write to the PM, or to another role where the team allows it.
    Message {
        /// What; `-` reads it from standard input.
        text: String,
        /// The role; without it, the PM.
        #[arg(long, value_name = "ROLE")]
        to: Option<RoleName>,
    },
    /// Show the task that is worked on with its numbered criteria, and all open tasks.
    Board,
    /// Show what earlier and other tasks of the project say about something.
    Knowledge {
        /// Words that all have to occur in a task.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Offer the same as an MCP server, on standard input and output.
    Mcp,
}

/// How a run ends.
#[derive(Debug, Args)]
pub(crate) struct Finish {
    /// Whether it is complete, needs a decision, or cannot be done.
    #[arg(value_enum)]
    pub(crate) claim: Claim,
    /// What was done, needed, or failed at; `-` reads it from standard input.
    pub(crate) summary: String,
    /// What was run or read, and what came of it; may be given several times.
    #[arg(long, value_name = "TEXT")]
    pub(crate) evidence: Vec<String>,
    /// A criterion that is met, and how that can be seen, as in `1: the test passes`.
    #[arg(long, value_name = "N: WHY")]
    pub(crate) met: Vec<String>,
    /// A criterion that is not met, and what is missing.
    #[arg(long, value_name = "N: WHY")]
    pub(crate) not_met: Vec<String>,
    /// The judgement, from who was asked for one.
    #[arg(long, value_enum)]
    pub(crate) verdict: Option<Verdict>,
    /// The best candidate, from who was asked to choose.
    #[arg(long, value_name = "N")]
    pub(crate) pick: Option<u32>,
    /// The stage that the task should go to, if not the usual one.
    #[arg(long, value_name = "STAGE")]
    pub(crate) to: Option<String>,
    /// A pull request.
    #[arg(long, value_name = "NAME")]
    pub(crate) pr: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Claim {
    Done,
    Request,
    Error,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Verdict {
    Pass,
    Fail,
}
