//! Runs, and what their agents said.

use crew_core::protocol;
use crew_core::run::{self, Purpose, RunState, TroubleKind, Wait};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Usage;

/// One attempt of one agent at one stage of one task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The project.
    pub project: u64,
    /// The task.
    pub task: u64,
    /// The stage that the task was in.
    pub stage: String,
    /// Who works.
    pub role: String,
    /// Where the agent comes from.
    pub provider: String,
    /// Why from there, where there was a choice.
    pub why: Option<String>,
    /// The run whose work it takes over.
    pub takes_over: Option<u64>,
    /// `work`, `consult`, `verdict`, `choose` or `answer`.
    pub purpose: String,
    /// What the PM is consulted about; what is asked.
    pub about: Option<String>,
    /// Which of the task's worktrees.
    pub slot: u32,
    /// How often it was started.
    pub starts: u32,
    /// Unexpected ends so far.
    pub failures: u32,
    /// `queued`, `preparing`, `running`, `asking`, `limited`, `paused`, `stopping`, `saving`, or
    /// how it ended: `done`, `request`, `error`, `stalled`, `cancelled`,
    /// `handed-over`.
    pub state: String,
    /// Since when it is in that state, where that is known.
    pub since: Option<u64>,
    /// Not before this moment it goes on.
    pub until: Option<u64>,
    /// Since when nothing was heard.
    pub quiet_since: Option<u64>,
    /// Asks that wait for an answer.
    pub open_asks: Vec<u64>,
    /// Whether it is over.
    pub over: bool,
    /// The provider's id of the conversation.
    pub session: Option<String>,
    /// What the agent claims.
    pub response: Option<Response>,
    /// The last thing that went wrong in the present start.
    pub trouble: Option<Trouble>,
    /// The exact commit that it judges, for a verdict.
    pub judges: Option<String>,
    /// Questions asked so far.
    pub asks: u32,
    /// What it reached for outside of its worktree, as far as its tools say so.
    pub reached: Vec<Reached>,
    /// How full its conversation is, in percent, as far as its agent said so.
    pub context_percent: Option<u64>,
    /// How full the conversation was, in percent, that it did not go on with.
    pub left_percent: Option<u64>,
    /// What it consumed.
    pub spent: Usage,
    /// When it was created.
    pub queued_at: u64,
}

/// What an agent claims.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Response {
    /// `done`, `request` or `error`.
    pub claim: String,
    /// Its words.
    pub summary: String,
    /// The stage that it asks the task to go to.
    pub to: Option<String>,
    /// A pull request.
    pub pr: Option<String>,
    /// `pass` or `fail`.
    pub verdict: Option<String>,
    /// The candidate that it prefers, counted from 1.
    pub pick: Option<u32>,
    /// What was run and seen.
    pub evidence: Vec<String>,
}

/// A place outside of its worktree that an agent reached for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reached {
    /// Where.
    pub path: String,
    /// Whether it was to be written.
    pub writes: bool,
    /// Whether the system refused it.
    pub denied: bool,
}

impl From<&run::Reached> for Reached {
    fn from(reached: &run::Reached) -> Self {
        Self {
            path: reached.place.to_string(),
            writes: reached.access == run::Access::Write,
            denied: reached.denied,
        }
    }
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// `transient`, `protocol`, `human` or `provider`.
    pub kind: String,
    /// What happened.
    pub message: String,
}

/// One line of a run's log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// The place after the line, to go on from: `<start>:<offset>`.
    pub at: String,
    /// Which start of the agent, from 1.
    pub start: u32,
    /// The place before the line.
    pub from: String,
    /// When it was printed, to about 0.2 s, if that is known.
    pub time: Option<u64>,
    /// Whether long texts in it were shortened, as the live stream does. The log has all of it.
    pub cut: bool,
    /// What it said: `{"type": "text" | "thinking" | "tool_call" | …}`; `noise` is no event. With `by`, an
    /// agent said it that the call of this id had started. `partial`, in the live stream only, is what is
    /// written so far of a text.
    #[schema(value_type = Object)]
    pub event: Value,
}

impl From<&run::Run> for Run {
    fn from(run: &run::Run) -> Self {
        let (purpose, about) = match &run.purpose {
            Purpose::Work => ("work", None),
            Purpose::Consult { about } => ("consult", Some(about.clone())),
            Purpose::Verdict => ("verdict", None),
            Purpose::Choose => ("choose", None),
            Purpose::Answer { question, .. } => ("answer", Some(question.clone())),
        };
        let moments = Moments::of(&run.state);
        Self {
            id: run.id.0,
            project: run.project.0,
            task: run.task.0,
            stage: run.stage.to_string(),
            role: run.role.to_string(),
            provider: run.provider.to_string(),
            why: run.why.clone(),
            takes_over: run.takes_over.map(|run| run.0),
            purpose: purpose.to_owned(),
            about,
            slot: run.slot,
            starts: run.token.0,
            failures: run.failures,
            state: run.state.word().to_owned(),
            since: moments.since,
            until: moments.until,
            quiet_since: moments.quiet_since,
            open_asks: open_asks(&run.state),
            over: run.is_over(),
            session: run.session.clone(),
            response: run.response.as_ref().map(Response::from),
            trouble: run.trouble.as_ref().map(Trouble::from),
            judges: run.judges.as_ref().map(ToString::to_string),
            asks: run.asks,
            reached: run.reached.iter().map(Reached::from).collect(),
            context_percent: run.context.as_ref().map(run::Context::percent),
            left_percent: run.leaves.as_ref().map(|left| left.percent),
            spent: run.spent.into(),
            queued_at: run.queued_at.0,
        }
    }
}

#[derive(Default)]
struct Moments {
    since: Option<u64>,
    until: Option<u64>,
    quiet_since: Option<u64>,
}

impl Moments {
    fn of(state: &RunState) -> Self {
        let nothing = Self::default();
        match state {
            RunState::Queued { not_before: until } | RunState::Waiting(Wait::Limit { until }) => {
                Self { until: Some(until.0), ..nothing }
            }
            RunState::Running { since, quiet, responded: _ } => {
                Self { since: Some(since.0), quiet_since: quiet.map(|at| at.0), ..nothing }
            }
            RunState::Preparing { since }
            | RunState::Stopping { since, then: _ }
            | RunState::Finished { at: since, outcome: _ } => {
                Self { since: Some(since.0), ..nothing }
            }
            RunState::Waiting(Wait::Asks { .. } | Wait::Pause) | RunState::Saving { .. } => nothing,
        }
    }
}

fn open_asks(state: &RunState) -> Vec<u64> {
    match state {
        RunState::Waiting(Wait::Asks { open }) => open.iter().map(|ask| ask.0).collect(),
        RunState::Queued { .. }
        | RunState::Preparing { .. }
        | RunState::Running { .. }
        | RunState::Waiting(Wait::Limit { .. } | Wait::Pause)
        | RunState::Stopping { .. }
        | RunState::Saving { .. }
        | RunState::Finished { .. } => Vec::new(),
    }
}

impl From<&protocol::Response> for Response {
    fn from(response: &protocol::Response) -> Self {
        let claim = match response.claim {
            protocol::Claim::Done => "done",
            protocol::Claim::Request => "request",
            protocol::Claim::Error => "error",
        };
        let verdict = response.verdict.map(|verdict| match verdict {
            protocol::Verdict::Pass => "pass".to_owned(),
            protocol::Verdict::Fail => "fail".to_owned(),
        });
        Self {
            claim: claim.to_owned(),
            summary: response.summary.clone(),
            to: response.label.as_ref().map(|label| label.to.to_string()),
            pr: response.pr.clone(),
            verdict,
            pick: response.pick,
            evidence: response.evidence.clone(),
        }
    }
}

impl From<&run::Trouble> for Trouble {
    fn from(trouble: &run::Trouble) -> Self {
        let kind = match trouble.kind {
            TroubleKind::Transient => "transient",
            TroubleKind::Protocol => "protocol",
            TroubleKind::Human => "human",
            TroubleKind::Provider => "provider",
        };
        Self { kind: kind.to_owned(), message: trouble.message.clone() }
    }
}
