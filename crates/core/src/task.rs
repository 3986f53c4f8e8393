//! A task: a unit of work on its way through the pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::anchor::{ANCHOR_CHARS_MAX, ANCHORS_MAX, Anchor, Standing};
use crate::github::{Link, Pull};
use crate::judged::{Judged, Sieve};
use crate::{AskId, EffectId, ProjectId, RunId, StageName, TaskId, Time};

mod anchor;

/// How many remarks a task keeps; the oldest go first. The journal has them all.
pub const REMARKS_MAX: usize = 60;
/// Longest remark, in characters; the journal has the whole.
pub const REMARK_CHARS_MAX: usize = 8_000;
/// The end of a text that is too long is kept up to this: in an output that is where the failure is.
const TAIL_CHARS: usize = REMARK_CHARS_MAX * 3 / 4;

/// A unit of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Where it belongs.
    pub project: ProjectId,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// What must be true for the task to be done.
    pub criteria: Vec<String>,
    /// Who goes first.
    pub priority: Priority,
    /// Words by which it is found, and by which rules choose who works on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whose it is, by their accounts on GitHub. Who works on it does not depend on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assignees: BTreeSet<String>,
    /// Tasks that must be done before this one starts.
    pub depends_on: BTreeSet<TaskId>,
    /// When it was added.
    pub added_at: Time,
    /// Where it is in the pipeline.
    pub stage: StageName,
    /// Since when.
    pub entered_at: Time,
    /// How often it entered each stage since the human last let it begin anew.
    pub visits: BTreeMap<StageName, u32>,
    /// How often it ever came back to each stage by itself: what was hard stays hard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub setbacks: BTreeMap<StageName, u32>,
    /// What goes on in the stage.
    pub phase: Phase,
    /// Whether the human holds it back.
    #[serde(default, alias = "paused")]
    pub hold: Hold,
    /// Whether the human is asked before it goes on after a limit, whatever its team says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask_after_limit: bool,
    /// The newest commit of its branch.
    pub head: Option<CommitId>,
    /// Whether the base branch must be merged into the worktree before the next work: the last
    /// attempt to land met a conflict.
    pub catch_up: bool,
    /// The newest commit that a gate sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<CommitId>,
    /// What the gates said last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<Judged>,
    /// What the roles, the human and Crewhouse said about it, oldest first.
    pub remarks: Vec<Remark>,
    /// How many of them people made.
    #[serde(default)]
    pub remarked: u64,
    /// What must not be forgotten in the middle of the work, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
    /// How many there ever were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub anchored: u64,
    /// Starts of agents for it.
    pub starts: u32,
    /// Questions to the PM about it.
    pub consults: u32,
    /// How often the human allowed it another full budget.
    pub raised: u32,
    /// The open ask for more budget.
    pub budget_ask: Option<AskId>,
    /// The pull request, as an agent named it.
    pub pr: Option<String>,
    /// Why its worktrees could not be given back when it was over.
    pub kept: Option<String>,
    /// The task that was worked on when an agent proposed this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<TaskId>,
    /// What its agents have changed so far, by the slot of the worktree. Empty when it is over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub touched: BTreeMap<u32, BTreeSet<String>>,
    /// Its issue on GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Box<Link>>,
    /// Its pull request on GitHub, opened by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Box<Pull>>,
}

/// Whether the human holds a task back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "WrittenHold")]
pub enum Hold {
    /// It goes on.
    #[default]
    Free,
    /// Until the human lets it go on.
    Paused,
    /// Its agents were interrupted: until the human says what they are to do instead.
    Interrupted,
    /// A provider serves nothing for now, and the human wants to say when this task goes on.
    Limited,
}

/// How it was written at some time.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenHold {
    Paused(bool),
    Word(HoldWord),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum HoldWord {
    Free,
    Paused,
    Interrupted,
    Limited,
}

impl From<WrittenHold> for Hold {
    fn from(written: WrittenHold) -> Self {
        match written {
            WrittenHold::Paused(false) | WrittenHold::Word(HoldWord::Free) => Self::Free,
            WrittenHold::Paused(true) | WrittenHold::Word(HoldWord::Paused) => Self::Paused,
            WrittenHold::Word(HoldWord::Interrupted) => Self::Interrupted,
            WrittenHold::Word(HoldWord::Limited) => Self::Limited,
        }
    }
}

/// Who goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Before all others.
    Urgent,
    /// Before the normal ones.
    High,
    /// The default.
    #[default]
    Normal,
    /// When nothing else waits.
    Low,
}

impl Priority {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// A commit by its full hash, as the git crate found it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(pub String);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something said about a task, handed to whoever works on it next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// When.
    pub at: Time,
    /// A role, `human` or `crewhouse`.
    pub from: String,
    /// Markdown.
    pub text: String,
    /// Counts what people say to whoever works on the task; 0 for all else.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u64,
    /// The question that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
}

/// What somebody wanted to know about the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The run that answers.
    pub run: RunId,
    /// What.
    pub text: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The human, as one who says something.
pub const BY_HUMAN: &str = "human";
/// Crewhouse itself.
pub const BY_CREWHOUSE: &str = "crewhouse";

/// How far the work of the present stage is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which agent of a sequence, from 0; 0 in the other modes.
    pub step: u32,
    /// The newest run of each worktree that is worked in, by slot.
    pub runs: Vec<RunId>,
}

/// What goes on in a stage. Each variant names what it waits for, so a task either moves or says
/// why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// To be taken up.
    Waiting,
    /// Agents work.
    Working(Progress),
    /// The PM decides how it goes on.
    Consulting {
        /// The PM's run.
        run: RunId,
        /// The work that it is about.
        progress: Progress,
    },
    /// The human is asked for an input that no agent has.
    Asking {
        /// The open ask.
        ask: AskId,
        /// The work that goes on with the answer.
        progress: Progress,
    },
    /// The checks of the stage decide which candidates there is to choose among.
    Sifting {
        /// The effect that checks one of them.
        effect: EffectId,
        /// How far they are.
        sieve: Sieve,
    },
    /// A judge chooses among candidates.
    Choosing {
        /// The judge's run.
        run: RunId,
        /// The candidates' runs.
        candidates: Vec<RunId>,
    },
    /// Work from several worktrees becomes one commit.
    Combining {
        /// The effect that does it.
        effect: EffectId,
        /// The runs whose work it is.
        runs: Vec<RunId>,
    },
    /// A command of ours decides.
    Checking {
        /// The effect that runs it.
        effect: EffectId,
        /// The gate.
        gate: GateAt,
    },
    /// Another agent decides.
    Judging {
        /// Its run.
        run: RunId,
        /// The gate.
        gate: GateAt,
    },
    /// The human decides.
    Approving {
        /// The gate.
        gate: GateAt,
    },
    /// Done here; waiting for room in the next stage.
    Leaving {
        /// The next stage.
        to: StageName,
        /// The commit that passed the gates; it lands, and nothing that came later.
        commit: Option<CommitId>,
    },
    /// The change is being merged.
    Landing {
        /// The effect that merges it.
        effect: EffectId,
        /// The approved commit.
        commit: Option<CommitId>,
        /// The stage that it reaches by landing.
        to: StageName,
    },
    /// The change could not be merged now; it is tried again.
    Held {
        /// What is in the way.
        why: String,
        /// When it is tried again.
        until: Time,
        /// The approved commit.
        commit: Option<CommitId>,
        /// The stage that it reaches by landing.
        to: StageName,
    },
    /// A bound is reached; the human decides.
    Stuck {
        /// Which.
        why: String,
        /// The open ask.
        ask: AskId,
        /// What is done if the human says to try again.
        retry: Retry,
    },
    /// The human put it elsewhere; waiting for its agents to end.
    Moving {
        /// The stage.
        to: StageName,
    },
    /// Cancelled; waiting for its agents to end.
    Closing,
    /// It landed.
    Done {
        /// The commit on the base branch that contains it.
        commit: CommitId,
    },
    /// It was given up. What was made is in the trash.
    Cancelled,
}

/// Where a stuck task goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "retry", rename_all = "snake_case")]
pub enum Retry {
    /// At the beginning of the stage.
    Stage,
    /// With the work that did not succeed.
    Work(Progress),
    /// At a gate.
    Gate(GateAt),
    /// With the choice among candidates.
    Choice(Sieve),
}

/// A gate of the present stage, and what it is judging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateAt {
    /// Index among the stage's gates.
    pub index: u32,
    /// The exact commit; none if the task has no commit of its own.
    pub commit: Option<CommitId>,
    /// Where the task goes when all gates have passed.
    pub to: StageName,
}

/// Index of a gate whose result leads to the first gate: the gates have changed since it was opened.
const RESTART: u32 = u32::MAX;

impl GateAt {
    /// The same commit, to be judged by all gates once the present result is there.
    pub(crate) fn restarted(self) -> Self {
        Self { index: RESTART, ..self }
    }

    /// The gate that is really opened.
    pub(crate) fn opened(self) -> Self {
        let index = if self.index == RESTART { 0 } else { self.index };
        Self { index, ..self }
    }

    /// The gate after this one has passed.
    pub(crate) fn following(&self) -> Self {
        Self { index: self.index.wrapping_add(1), ..self.clone() } // after RESTART comes 0
    }
}

/// A text of at most [`REMARK_CHARS_MAX`] characters: of a longer one the beginning and the end.
pub(crate) fn bounded(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= REMARK_CHARS_MAX {
        return text.to_owned();
    }
    let gap = "\n[… cut; the journal has the whole …]\n";
    let head = REMARK_CHARS_MAX - TAIL_CHARS - gap.chars().count();
    let head = text.chars().take(head);
    head.chain(gap.chars()).chain(text.chars().skip(chars - TAIL_CHARS)).collect()
}

impl Task {
    /// Whether the human holds it back.
    pub fn is_held(&self) -> bool {
        match self.hold {
            Hold::Free => false,
            Hold::Paused | Hold::Interrupted | Hold::Limited => true,
        }
    }

    /// Whether it can never move again.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done { .. } | Phase::Cancelled)
    }

    /// Whether an agent wants it, and the human has not said yet that it shall begin.
    pub fn is_proposal(&self) -> bool {
        let waits = matches!(self.phase, Phase::Stuck { retry: Retry::Stage, .. });
        waits && self.starts == 0 && self.proposed_by.is_some()
    }

    /// Appends a remark and drops the oldest beyond [`REMARKS_MAX`].
    pub fn remark(&mut self, at: Time, from: impl Into<String>, text: impl AsRef<str>) {
        let text = bounded(text.as_ref());
        self.put(Remark { at, from: from.into(), text, number: 0, question: None });
    }

    /// Likewise, as an answer to a question.
    pub fn answer(&mut self, at: Time, from: &str, question: Question, text: &str) {
        let (from, text) = (from.to_owned(), bounded(text));
        self.put(Remark { at, from, text, number: 0, question: Some(question) });
    }

    /// Likewise, of a person to whoever works on the task.
    pub fn say(&mut self, at: Time, from: impl Into<String>, text: impl AsRef<str>) {
        self.remarked += 1;
        let number = self.remarked;
        let text = bounded(text.as_ref());
        self.put(Remark { at, from: from.into(), text, number, question: None });
    }

    fn put(&mut self, remark: Remark) {
        self.remarks.push(remark);
        let surplus = self.remarks.len().saturating_sub(REMARKS_MAX);
        self.remarks.drain(..surplus);
    }

    /// The branch that carries its work.
    pub fn branch(&self) -> String {
        format!("crew/{}", self.id.0)
    }
}

impl Phase {
    /// The runs that it waits for.
    pub(crate) fn runs_mut(&mut self) -> Vec<&mut RunId> {
        match self {
            Self::Working(progress) => progress.runs.iter_mut().collect(),
            Self::Consulting { run, .. }
            | Self::Judging { run, .. }
            | Self::Choosing { run, .. } => vec![run],
            Self::Waiting
            | Self::Asking { .. }
            | Self::Sifting { .. }
            | Self::Combining { .. }
            | Self::Checking { .. }
            | Self::Approving { .. }
            | Self::Leaving { .. }
            | Self::Landing { .. }
            | Self::Held { .. }
            | Self::Stuck { .. }
            | Self::Moving { .. }
            | Self::Closing
            | Self::Done { .. }
            | Self::Cancelled => Vec::new(),
        }
    }

    /// Those that a judge chooses among.
    pub fn candidates(&self) -> &[RunId] {
        if let Self::Choosing { candidates, .. } = self { candidates } else { &[] }
    }

    /// One word for the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Working(_) => "working",
            Self::Consulting { .. } => "consulting",
            Self::Asking { .. } => "asking",
            Self::Sifting { .. } => "sifting",
            Self::Choosing { .. } => "choosing",
            Self::Combining { .. } => "combining",
            Self::Checking { .. } => "checking",
            Self::Judging { .. } => "judging",
            Self::Approving { .. } => "approving",
            Self::Leaving { .. } => "leaving",
            Self::Landing { .. } => "landing",
            Self::Held { .. } => "held",
            Self::Stuck { .. } => "stuck",
            Self::Moving { .. } => "moving",
            Self::Closing => "closing",
            Self::Done { .. } => "done",
            Self::Cancelled => "cancelled",
        }
    }
}
