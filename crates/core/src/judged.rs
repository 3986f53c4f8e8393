//! What the gates of a task's pipeline said last, and which of them are still to come: the dots of
//! its card.

use serde::{Deserialize, Serialize};

use crate::task::{CommitId, Phase, Task};
use crate::team::{Gate, Team};
use crate::{RunId, StageName, Time};

/// The name under which the last step is noted: bringing the commit to the base branch.
pub const MERGE: &str = "merge";
/// Results of gates that a task keeps; those of stages that are gone go first.
const JUDGED_MAX: usize = 64;

/// What a gate said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The gate's stage.
    pub stage: StageName,
    /// The gate, as [`Gate::label`] calls it, or [`MERGE`].
    pub gate: String,
    /// What it came to.
    pub result: GateResult,
    /// The exact commit.
    pub commit: Option<CommitId>,
    /// When.
    pub at: Time,
    /// The run that judged, for a verdict.
    pub run: Option<RunId>,
}

/// What a gate came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateResult {
    /// The commit may go on.
    Passed,
    /// The commit was sent back.
    Failed,
    /// It did not run to its end, which is not green.
    NotRun,
}

/// Candidates on their way through the checks of their stage, one check after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sieve {
    /// Those that passed all checks.
    pub passed: Vec<RunId>,
    /// Those that did not yet, the one that is checked first.
    pub left: Vec<RunId>,
    /// Those of which a check did not run to its end. They are looked at again when nobody passed.
    #[serde(default)]
    pub unchecked: Vec<RunId>,
    /// Index of the check among the stage's gates.
    pub gate: u32,
}

/// How a gate stands with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not asked yet, or what it said was about work that is being done anew.
    Ahead,
    /// It is being found out.
    Running,
    /// It waits for the human.
    Waits,
    /// It was.
    Judged(GateResult),
}

/// A gate of the pipeline, as it stands with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Its stage.
    pub stage: &'a StageName,
    /// Which gate; none is the merge.
    pub gate: Option<&'a Gate>,
    /// How it stands.
    pub standing: Standing,
    /// What it said last.
    pub last: Option<&'a Judged>,
}

impl Gate {
    /// What it is called: a check by its name, a verdict by its role.
    pub fn label(&self) -> &str {
        match self {
            Self::Check { name, .. } => name,
            Self::Verdict(role) => role.as_str(),
            Self::Human => "human",
        }
    }
}

impl Task {
    /// Notes what a gate said; what it said before is forgotten.
    pub(crate) fn note(&mut self, judged: Judged) {
        self.judged.retain(|old| (&old.stage, &old.gate) != (&judged.stage, &judged.gate));
        self.judged.push(judged);
        let surplus = self.judged.len().saturating_sub(JUDGED_MAX);
        self.judged.drain(..surplus);
    }

    /// The work begins anew: what passed will be judged again.
    pub(crate) fn forget_passed(&mut self) {
        self.judged.retain(|judged| judged.result != GateResult::Passed);
    }
}

/// All gates that a task has to pass, in the order of the pipeline. The merge is among them once it
/// did not succeed.
pub fn marks<'a>(team: &'a Team, task: &'a Task) -> Vec<Mark<'a>> {
    let last = |stage: &StageName, gate: &str| {
        task.judged.iter().find(|judged| judged.stage == *stage && judged.gate == gate)
    };
    let gates = team.stages.iter().flat_map(|stage| {
        (0..).zip(&stage.gates).map(move |(index, gate)| {
            let last = last(&stage.name, gate.label());
            let asked = if stage.name == task.stage { asked(task, index) } else { None };
            let judged = || last.map_or(Standing::Ahead, |it| Standing::Judged(it.result));
            Mark {
                stage: &stage.name,
                gate: Some(gate),
                standing: asked.unwrap_or_else(judged),
                last,
            }
        })
    });
    let merge = task.judged.iter().filter(|judged| judged.gate == MERGE).map(|judged| Mark {
        stage: &judged.stage,
        gate: None,
        standing: Standing::Judged(judged.result),
        last: Some(judged),
    });
    gates.chain(merge).collect()
}

/// How the gate stands that is being asked, if it is this one.
fn asked(task: &Task, index: u32) -> Option<Standing> {
    let (gate, standing) = match &task.phase {
        Phase::Checking { gate, .. } | Phase::Judging { gate, .. } => {
            (gate.index, Standing::Running)
        }
        Phase::Sifting { sieve, .. } => (sieve.gate, Standing::Running),
        Phase::Approving { gate } => (gate.index, Standing::Waits),
        Phase::Waiting
        | Phase::Working(_)
        | Phase::Consulting { .. }
        | Phase::Asking { .. }
        | Phase::Choosing { .. }
        | Phase::Combining { .. }
        | Phase::Leaving { .. }
        | Phase::Landing { .. }
        | Phase::Held { .. }
        | Phase::Stuck { .. }
        | Phase::Moving { .. }
        | Phase::Closing
        | Phase::Done { .. }
        | Phase::Cancelled => return None,
    };
    (gate == index).then_some(standing)
}
