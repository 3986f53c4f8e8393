//! Policy as data: the team of a project, read from `.crew/team.toml`.
//!
//! [`parse`] reads and proves a file: a [`Team`] that exists has only reachable stages, a way to
//! the end from each of them, and bounded loops. What it may cost at worst is [`Team::worst_case`].

mod account;
mod budget;
mod family;
mod file;
mod hours;
mod proof;
mod route;
mod routine;
mod rule;
mod sandbox;
mod template;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::github;
use crate::purse::Purse;
use crate::{Millis, Price, ProviderName, RoleName, RoutineName, SecretName, StageName};

pub use account::Account;
pub use budget::{Allowance, Amount, Budget};
pub use file::{Problem, parse};
pub use hours::{BadHours, Hours};
pub use proof::WorstCase;
pub use route::{Route, Rule, Tier, Tiers};
pub use routine::{Routine, When};
pub use rule::{
    AskRule, Closed, RuleAnswer, What, closed, closed_to_search, is_path_like, judge, shadowed,
};
pub use sandbox::{Opened, SandboxMode, SandboxPolicy};
pub use template::{DEFAULT_TEAM, TEMPLATES, Template};

/// Everything about how a project's work is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Who works, by name.
    pub roles: BTreeMap<RoleName, Role>,
    /// Where agents come from, by name.
    pub providers: BTreeMap<ProviderName, Provider>,
    /// Which of them are cheap, and which are for what is hard.
    #[serde(default)]
    pub tiers: Tiers,
    /// The columns of the board, left to right. The first takes new tasks, the last is the end.
    pub stages: Vec<Stage>,
    /// How much at once, how long, how often.
    pub limits: Limits,
    /// What may be spent.
    pub budget: Budget,
    /// How work lands.
    pub merge: Merge,
    /// What a new worktree needs.
    pub worktree: WorktreePolicy,
    /// What agents may touch.
    #[serde(default)]
    pub sandbox: SandboxPolicy,
    /// The repository on GitHub that it is connected with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github: Option<github::Policy>,
    /// Tasks that come by themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routines: BTreeMap<RoutineName, Routine>,
}

/// One role of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Who plays it; with a tier, the first of that tier.
    pub provider: ProviderName,
    /// Who steps in, in this order, while those before serve nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<ProviderName>,
    /// The tier whose providers play it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// How many agents of this role may work at once.
    pub agents: u32,
    /// Names of the tools that it may use; empty means all.
    pub tools: Vec<String>,
    /// What its conversation is about.
    pub session: SessionScope,
    /// Whether it works without the team's sandbox, at the word of whoever wrote the file.
    #[serde(default)]
    pub unconfined: bool,
    /// What is open to it in the sandbox, besides what is open to all.
    #[serde(default)]
    pub opened: Opened,
    /// Roles that it may write messages to, besides the PM.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<RoleName>,
    /// What is answered to its agents without the human.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<AskRule>,
    /// An ask that nobody answers for so long is answered with the safe answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks_expire: Option<Millis>,
    /// What its agents may spend in one day (UTC).
    #[serde(default)]
    pub day: Allowance,
}

/// How far a conversation of a role reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionScope {
    /// Each task has its own.
    #[default]
    Task,
    /// One for all tasks of the role, which goes on from task to task.
    Role,
}

/// A source of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// What kind of agent it is.
    pub kind: ProviderKind,
    /// How many of its agents may run at once.
    pub agents: u32,
    /// Where its program keeps who is signed in, if not where it does by itself; `~/` is the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_dir: Option<String>,
    /// The key that it is handed, if one is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// What its own model costs, where that is not known by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// A key that is kept for the user, and how an agent is handed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// By what name it is kept.
    pub secret: SecretName,
    /// The environment variable that it is put into.
    pub variable: String,
}

/// Kinds of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProviderKind {
    /// Our own agent with a model behind it.
    Native(Model),
    /// Claude Code, as it is installed on this machine.
    Claude(Program),
    /// OpenAI's Codex, as it is installed on this machine.
    Codex(Program),
    /// An agent that speaks ACP, as it is installed on this machine.
    Acp(Acp),
    /// Whoever reads the trigger file and writes the response file.
    Mailbox,
}

impl ProviderKind {
    /// Whether its agents take in what is said to them while they work.
    pub fn hears(&self) -> bool {
        match self {
            Self::Native(_) | Self::Claude(_) | Self::Codex(_) => true,
            // One turn, and its end is the end of the run: the next one is told.
            Self::Acp(_) | Self::Mailbox => false,
        }
    }
}

/// What answers the native agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Whose wire format.
    pub api: Api,
    /// The model's name; for a playbook the file, relative to `.crew`, or `builtin`.
    pub name: String,
    /// Where it is served, if not at the provider's own address.
    pub base_url: Option<String>,
    /// The environment variable that holds the key. The key itself is never configuration.
    pub key_env: Option<String>,
    /// How many tokens it takes at once, if it is known better than its provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
}

/// How an agent is started that is a program of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The program: a path, or a name that is looked up on the `PATH`.
    pub program: String,
    /// The model, if not the program's own default.
    pub model: Option<String>,
    /// Where the model is served, if not where the program finds it by itself.
    pub base_url: Option<String>,
    /// The environment variable that holds the API key that is to pay; without one the program works
    /// as somebody signed in to it.
    #[serde(default)]
    pub key_env: Option<String>,
    /// Environment variables that it is handed besides the usual ones; their values are secret.
    pub env: Vec<String>,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// What is allowed besides, in the program's own notation.
    pub allow: Vec<String>,
    /// Who is to pay.
    pub billing: Payer,
}

/// How an agent is started that speaks ACP, the Agent Client Protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acp {
    /// Which one, if it is one that we know.
    pub agent: Option<AcpAgent>,
    /// The program: a path, or a name that is looked up on the `PATH`; `None` is the usual one.
    pub program: Option<String>,
    /// Its arguments; `None` are the usual ones.
    pub args: Option<Vec<String>>,
    /// The model, if not the agent's own default.
    pub model: Option<String>,
    /// The mode that it works in, if not the one that follows from `permissions`.
    pub mode: Option<String>,
    /// Where the model is served, if not where the agent finds it by itself.
    pub base_url: Option<String>,
    /// Environment variables that it is handed besides the usual ones; their values are secret.
    pub env: Vec<String>,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// Who is to pay; `None` is a subscription, or the key that it is handed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<Payer>,
}

impl Acp {
    /// Whether one of the variables that it is handed holds an API key, by its name.
    pub fn key_variable(&self) -> Option<&str> {
        self.env.iter().map(String::as_str).find(|name| name.ends_with("API_KEY"))
    }
}

/// Agents that speak ACP and that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcpAgent {
    /// Google's Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// Claude Code, through its adapter.
    Claude,
    /// Codex, through its adapter.
    Codex,
}

/// What an agent may do without asking the human.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permissions {
    /// Read.
    Ask,
    /// Read, and change files in its worktree.
    #[default]
    Edit,
    /// Everything.
    All,
    /// Read; everything else is denied, and nobody is asked.
    Deny,
}

/// Who is to pay for what an agent does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The plan that somebody signed in with.
    #[default]
    Subscription,
    /// An API key, by the token.
    ApiKey,
    /// Whoever it is.
    Any,
}

/// Wire formats of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// A file of scripted turns: no key, no network.
    Playbook,
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions, as many servers speak them.
    Openai,
    /// Google's Gemini API.
    Gemini,
    /// A local Ollama.
    Ollama,
}

/// A column of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name, which is also its label.
    pub name: StageName,
    /// Who owns it.
    pub owner: Owner,
    /// What happens in it.
    pub work: Work,
    /// What must hold before a task leaves it forwards, in this order.
    pub gates: Vec<Gate>,
    /// Where a task may go from here; the first is where it goes by default.
    pub next: Vec<StageName>,
    /// Where it goes when a gate, a verdict or the human sends it back.
    pub back: Option<StageName>,
    /// How many tasks may be in it at once; `None` is no limit.
    pub wip: Option<u32>,
    /// How often one task may enter it before a human is asked.
    pub visits_max: u32,
}

/// Owner of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// A role of the team.
    Role(RoleName),
    /// The human.
    Human,
    /// Nobody: the end of the pipeline.
    Nobody,
}

/// What happens in a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Nothing: tasks wait for room in the next stage.
    Queue,
    /// Agents work, one after the other, each on what the one before left.
    Sequence(Vec<RoleName>),
    /// Agents work at the same time, each in a worktree of its own; what they did is merged.
    Parallel(Vec<RoleName>),
    /// Several agents do the same; one result is kept.
    BestOfN {
        /// The roles that work, in turns.
        roles: Vec<RoleName>,
        /// How many try.
        n: u32,
        /// Who chooses.
        judge: RoleName,
    },
    /// The end: what arrives here has been merged.
    End,
}

/// A condition for leaving a stage forwards. It is judged on one exact commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// A command of ours, run in the task's worktree; exit code 0 is green.
    Check {
        /// What it is called on the card.
        name: String,
        /// The shell command.
        command: String,
        /// How long it may take.
        timeout: Millis,
    },
    /// The judgement of an agent that did not do the work.
    Verdict(RoleName),
    /// A human's approval.
    Human,
}

/// How much at once, how long, how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Agents at work at the same time in this project.
    pub agents: u32,
    /// Without output for so long, an agent is flagged.
    pub quiet: Millis,
    /// Without output for so long, it is ended.
    pub silent: Millis,
    /// No run lasts longer.
    pub run: Millis,
    /// How often a run is started again after it ended unexpectedly.
    pub retries: u32,
    /// Pause before the first such start; it doubles each time, up to [`BACKOFF_MAX`].
    pub backoff: Millis,
    /// How often the PM may be asked about one task before a human is.
    pub consults: u32,
    /// Questions that one run may ask the human.
    pub asks: u32,
    /// How often the PM looks for what fell through the cracks.
    pub scan: Millis,
    /// After so many uses of tools in a row that bring nothing new, an agent is ended; 0 is never.
    #[serde(default)]
    pub repeats: u32,
    /// What happens when a limit is over.
    #[serde(default)]
    pub after_limit: AfterLimit,
    /// Where so many percent of a plan are used up, no run begins with it; 0: all of it is used.
    #[serde(default)]
    pub plan_percent: u8,
    /// When nobody tries whether a limit is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<Hours>,
    /// With less free space on a disk, in megabytes, no agent starts.
    #[serde(default = "free_mb")]
    pub free_mb: u64,
    /// A conversation that fills its model's context to so many percent is not gone on with; 0 is never.
    #[serde(default = "context_percent")]
    pub context_percent: u8,
    /// Conversations of a task are removed so many days after its end; 0 is never.
    #[serde(default = "keep_days")]
    pub keep_days: u32,
}

/// Likewise for how many days conversations are kept.
fn keep_days() -> u32 {
    30
}

/// Likewise how full a conversation may be that is gone on with.
fn context_percent() -> u8 {
    80
}

/// What has to be free for teams that were written down before there was such a bound.
fn free_mb() -> u64 {
    500
}

/// What happens when a provider's limit is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterLimit {
    /// One run tries, and then the others go on.
    #[default]
    GoOn,
    /// Nothing before the human says so.
    Ask,
}

/// Longest pause between two starts of a run.
pub const BACKOFF_MAX: Millis = Millis::minutes(10);

/// How work lands on the base branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The branch that work starts from and lands on.
    pub base: String,
    /// The shape of the history.
    pub strategy: MergeStrategy,
    /// A command that must pass on the merged tree when it differs from the one that was tested.
    pub check: Option<String>,
}

/// The shape of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeStrategy {
    /// A merge commit with two parents.
    NoFf,
    /// One commit with all changes.
    Squash,
}

/// What a worktree needs before an agent can work in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreePolicy {
    /// Shell command after a worktree is made or taken from the pool.
    pub setup: Option<String>,
    /// Shell command before it goes back.
    pub teardown: Option<String>,
    /// How long either may take.
    pub timeout: Millis,
    /// How many worktrees are kept for reuse.
    pub pool: u32,
}

impl Team {
    /// The stage of that name.
    pub fn stage(&self, name: &StageName) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == *name)
    }

    /// Where new tasks go.
    ///
    /// A team that was parsed has stages; an empty one is a BUG of whoever built it by hand.
    pub fn entry(&self) -> Option<&Stage> {
        self.stages.first()
    }

    /// Who is asked about what the pipeline does not decide: the owner of the first stage.
    pub fn coordinator(&self) -> Option<&RoleName> {
        match &self.entry()?.owner {
            Owner::Role(role) => Some(role),
            Owner::Human | Owner::Nobody => None,
        }
    }

    /// What a purse of the project has.
    pub fn allowance(&self, purse: &Purse) -> Allowance {
        let Budget { day, day_runs, day_time, project, .. } = self.budget;
        match purse {
            Purse::Project => project,
            Purse::Day => Allowance {
                tokens: Some(day.tokens),
                cost: Some(day.cost),
                runs: day_runs,
                time: day_time,
            },
            Purse::Role { role } => self.roles.get(role).map(|role| role.day).unwrap_or_default(),
        }
    }

    /// What an agent of a role may do without asking, by the file of its provider; our own may use all of
    /// its tools. `None` where there is nothing of the kind.
    pub fn permissions(&self, provider: &ProviderName) -> Option<Permissions> {
        match &self.providers.get(provider)?.kind {
            ProviderKind::Claude(program) | ProviderKind::Codex(program) => {
                Some(program.permissions)
            }
            ProviderKind::Acp(acp) => Some(acp.permissions),
            ProviderKind::Native(_) => Some(Permissions::All),
            ProviderKind::Mailbox => None,
        }
    }

    /// How an agent of a role is started. For a role with rules the program is told to ask whatever it
    /// can ask, so that the rules hear of it; what none of them is about is then answered by the
    /// permissions of the provider.
    pub fn told(&self, role: &RoleName, kind: &ProviderKind) -> ProviderKind {
        let mut told = kind.clone();
        if self.roles.get(role).is_some_and(|role| !role.rules.is_empty()) {
            match &mut told {
                ProviderKind::Claude(program) | ProviderKind::Codex(program) => {
                    program.permissions = Permissions::Ask;
                }
                ProviderKind::Acp(acp) => acp.permissions = Permissions::Ask,
                // Our own asks where its start says so.
                ProviderKind::Native(_) | ProviderKind::Mailbox => {}
            }
        }
        told
    }

    /// Whether a task in `from` may be sent to `to` by the owner of `from`.
    pub fn allows(&self, from: &StageName, to: &StageName) -> bool {
        self.stage(from)
            .is_some_and(|stage| stage.next.contains(to) || stage.back.as_ref() == Some(to))
    }
}

impl Stage {
    /// Whether tasks end here.
    pub fn is_end(&self) -> bool {
        self.work == Work::End
    }

    /// The roles whose agents work here, in order; the judge not among them.
    pub fn workers(&self) -> Vec<&RoleName> {
        match &self.work {
            Work::Queue | Work::End => Vec::new(),
            Work::Sequence(roles) | Work::Parallel(roles) => roles.iter().collect(),
            Work::BestOfN { roles, n, .. } => roles.iter().cycle().take(*n as usize).collect(),
        }
    }

    /// The roles that judge what was done here.
    pub fn judges(&self) -> impl Iterator<Item = &RoleName> {
        let chooses = match &self.work {
            Work::BestOfN { judge, .. } => Some(judge),
            Work::Queue | Work::Sequence(_) | Work::Parallel(_) | Work::End => None,
        };
        let verdicts = self.gates.iter().filter_map(|gate| match gate {
            Gate::Verdict(role) => Some(role),
            Gate::Check { .. } | Gate::Human => None,
        });
        chooses.into_iter().chain(verdicts)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(role) => role.fmt(f),
            Self::Human => f.pad("human"),
            Self::Nobody => f.pad("–"),
        }
    }
}
