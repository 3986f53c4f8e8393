//! The team of a project, with what is proven about it.

use crew_core::purse::Purse;
use crew_core::team;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Amount;

/// `GET /api/projects/{id}/team`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamAnswer {
    /// Position in the journal.
    pub seq: u64,
    /// Why the newest `team.toml` is not in use.
    pub team_refused: Option<String>,
    /// The team that is in use.
    #[serde(flatten)]
    pub team: Team,
}

/// Everything about how a project's work is done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// The columns of the board, left to right.
    pub stages: Vec<Stage>,
    /// Who works.
    pub roles: Vec<Role>,
    /// Where agents come from.
    pub providers: Vec<Provider>,
    /// Which of them are cheap, and which are for what is hard.
    pub tiers: Tiers,
    /// How much at once, how long, how often.
    pub limits: Limits,
    /// What one run may spend.
    pub budget_run: Amount,
    /// What one task may spend.
    pub budget_task: Amount,
    /// What the project may spend in a day (UTC).
    pub budget_day: Amount,
    /// The same, with starts and time.
    pub allowed_day: Allowance,
    /// What the project may spend as long as it lives.
    pub allowed_project: Allowance,
    /// How work lands.
    pub merge: MergePolicy,
    /// What a new worktree needs.
    pub worktree: WorktreePolicy,
    /// Whether nothing lands without a human's approval.
    pub human_approves: bool,
    /// Judges that can only be of a family of models that does the work they judge, each as a
    /// sentence.
    pub kindred_judges: Vec<String>,
    /// The most that one task can cause.
    pub worst_case: WorstCase,
    /// Tasks that come by themselves.
    pub routines: Vec<Routine>,
}

/// A task that comes by itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Routine {
    /// Its name.
    pub name: String,
    /// What its tasks are called.
    pub title: String,
    /// What it takes: `time`, `idle` (nothing else is open) or `trouble` (something is asked).
    pub when: String,
    /// And at most once in so many milliseconds.
    pub every: u64,
}

/// A column of the board.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// A role or `human`; null at the end.
    pub owner: Option<String>,
    /// `queue`, `sequence`, `parallel`, `best-of-n` or `end`.
    pub mode: String,
    /// Who works in it, in order.
    pub workers: Vec<String>,
    /// Who chooses among candidates.
    pub judge: Option<String>,
    /// What must hold before a task leaves it forwards.
    pub gates: Vec<Gate>,
    /// Where a task may go from here.
    pub next: Vec<String>,
    /// Where it goes when it is sent back.
    pub back: Option<String>,
    /// How many tasks may be in it at once.
    pub wip: Option<u32>,
    /// How often one task may enter it before a human is asked.
    pub visits_max: u32,
}

/// A condition for leaving a stage forwards.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Gate {
    /// A command of ours.
    Check {
        /// What it is called.
        name: String,
        /// The shell command.
        command: String,
        /// How long it may take.
        timeout_ms: u64,
    },
    /// The judgement of another agent.
    Verdict {
        /// Whose.
        role: String,
    },
    /// A human's approval.
    Human,
}

/// One role of the team.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Who plays it; with a tier, the first of that tier.
    pub provider: String,
    /// Who steps in, in this order, while those before serve nothing.
    pub fallback: Vec<String>,
    /// `cheap`, `standard` or `expert`: the tier whose providers play it.
    pub tier: Option<String>,
    /// How many at once.
    pub agents: u32,
    /// The tools that it may use; empty means all.
    pub tools: Vec<String>,
    /// `task`: a conversation for each task. `role`: one for all tasks of the role.
    pub session: SessionScope,
    /// Roles that it may write messages to, besides the PM.
    pub messages: Vec<String>,
    /// What is answered to its agents without the human, in the order of the file.
    pub rules: Vec<AskRule>,
    /// An ask that nobody answers for so long gets the safe answer.
    pub asks_expire_ms: Option<u64>,
    /// What its agents may spend in one day (UTC).
    pub allowed_day: Allowance,
}

/// What may be spent by many runs; null is not bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Allowance {
    /// Tokens of every kind.
    pub tokens: Option<u64>,
    /// Money by list price, in micro-dollars.
    pub cost_micros: Option<u64>,
    /// Starts of agents.
    pub runs: Option<u32>,
    /// For how long agents may work, all together.
    pub time_ms: Option<u64>,
}

impl From<team::Allowance> for Allowance {
    fn from(allowance: team::Allowance) -> Self {
        let team::Allowance { tokens, cost, runs, time } = allowance;
        let (cost_micros, time_ms) = (cost.map(|cost| cost.0), time.map(|time| time.0));
        Self { tokens, cost_micros, runs, time_ms }
    }
}

/// A rule about what agents of a role ask for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AskRule {
    /// Its number, from 1.
    pub number: u64,
    /// What it says: `deny command git push`.
    pub text: String,
    /// The rule that always decides before it, so that it never does.
    pub shadowed_by: Option<u64>,
}

/// The tiers of a team.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tiers {
    /// From cheap to expert.
    pub lists: Vec<Tier>,
    /// Which tasks are for one tier, whatever the tier of the role; the first that fits decides.
    pub rules: Vec<Rule>,
    /// After so many setbacks in a stage the next tier takes over; 0 is never.
    pub escalate_after: u32,
}

/// Which tasks are for a tier: those for which all holds that is given.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// The tier.
    pub tier: String,
    /// One of these priorities; empty is any.
    pub priority: Vec<String>,
    /// One of these labels; empty is any.
    pub labels: Vec<String>,
    /// One of these is in the title or text; empty is any.
    pub words: Vec<String>,
    /// At least so many acceptance criteria.
    pub criteria: u32,
    /// A file that was changed is one of these patterns; empty is any.
    pub files: Vec<String>,
    /// It was sent back at least so often.
    pub sent_back: u32,
}

/// One tier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tier {
    /// `cheap`, `standard` or `expert`.
    pub name: String,
    /// Its providers, the preferred first.
    pub providers: Vec<String>,
}

/// How far a conversation of a role reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionScope {
    /// Each task has its own.
    Task,
    /// One for all tasks of the role.
    Role,
}

/// A source of agents.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// `native`, `claude`, `codex`, `acp` or `mailbox`.
    pub kind: String,
    /// The wire format of its model.
    pub api: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// The environment variable that holds its key.
    pub key_env: Option<String>,
    /// How many at once.
    pub agents: u32,
}

/// How much at once, how long, how often.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Agents at work at the same time.
    pub agents: u32,
    /// Without output for so long, an agent is flagged.
    pub quiet_ms: u64,
    /// Without output for so long, it is ended.
    pub silent_ms: u64,
    /// No run lasts longer.
    pub run_ms: u64,
    /// Starts again after an unexpected end.
    pub retries: u32,
    /// Questions to the PM about one task before a human is asked.
    pub consults: u32,
    /// Questions that one run may ask the human.
    pub asks: u32,
    /// Starts of agents for one task.
    pub task_runs: u32,
}

/// How work lands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MergePolicy {
    /// The branch that work starts from and lands on.
    pub base: String,
    /// `no-ff` or `squash`.
    pub strategy: String,
    /// A command that must pass on the merged tree.
    pub check: Option<String>,
}

/// What a new worktree needs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorktreePolicy {
    /// Shell command after it is made.
    pub setup: Option<String>,
    /// Shell command before it goes back.
    pub teardown: Option<String>,
    /// How many are kept for reuse.
    pub pool: u32,
}

/// The most that one task can cause, whatever its agents do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorstCase {
    /// Times that it enters a stage.
    pub visits: u32,
    /// Starts of agents.
    pub runs: u32,
    /// Tokens and money.
    pub spend: Amount,
    /// Approvals that the human is asked for.
    pub approvals: u32,
    /// Questions that the human is asked.
    pub asks: u32,
}

impl From<&team::Team> for Team {
    fn from(team: &team::Team) -> Self {
        let strategy = match team.merge.strategy {
            team::MergeStrategy::NoFf => "no-ff",
            team::MergeStrategy::Squash => "squash",
        };
        Self {
            stages: team.stages.iter().map(Stage::from).collect(),
            roles: team.roles.iter().map(Role::from).collect(),
            providers: team.providers.iter().map(Provider::from).collect(),
            tiers: Tiers::from(&team.tiers),
            limits: Limits::of(team),
            budget_run: team.budget.run.into(),
            budget_task: team.budget.task.into(),
            budget_day: team.budget.day.into(),
            allowed_day: team.allowance(&Purse::Day).into(),
            allowed_project: team.allowance(&Purse::Project).into(),
            merge: MergePolicy {
                base: team.merge.base.clone(),
                strategy: strategy.to_owned(),
                check: team.merge.check.clone(),
            },
            worktree: WorktreePolicy {
                setup: team.worktree.setup.clone(),
                teardown: team.worktree.teardown.clone(),
                pool: team.worktree.pool,
            },
            human_approves: team.human_approves(),
            kindred_judges: team.kindred_judges(),
            worst_case: team.worst_case().into(),
            routines: team.routines.iter().map(routine).collect(),
        }
    }
}

fn routine((name, routine): (&crew_core::RoutineName, &team::Routine)) -> Routine {
    Routine {
        name: name.to_string(),
        title: routine.title.clone(),
        when: routine.when.word().to_owned(),
        every: routine.every.0,
    }
}

impl From<&team::Stage> for Stage {
    fn from(stage: &team::Stage) -> Self {
        let owner = match &stage.owner {
            team::Owner::Role(role) => Some(role.to_string()),
            team::Owner::Human => Some("human".to_owned()),
            team::Owner::Nobody => None,
        };
        let (mode, judge) = match &stage.work {
            team::Work::Queue => ("queue", None),
            team::Work::Sequence(_) => ("sequence", None),
            team::Work::Parallel(_) => ("parallel", None),
            team::Work::BestOfN { judge, .. } => ("best-of-n", Some(judge.to_string())),
            team::Work::End => ("end", None),
        };
        Self {
            name: stage.name.to_string(),
            owner,
            mode: mode.to_owned(),
            workers: stage.workers().into_iter().map(ToString::to_string).collect(),
            judge,
            gates: stage.gates.iter().map(Gate::from).collect(),
            next: stage.next.iter().map(ToString::to_string).collect(),
            back: stage.back.as_ref().map(ToString::to_string),
            wip: stage.wip,
            visits_max: stage.visits_max,
        }
    }
}

impl From<&team::Gate> for Gate {
    fn from(gate: &team::Gate) -> Self {
        match gate {
            team::Gate::Check { name, command, timeout } => {
                Self::Check { name: name.clone(), command: command.clone(), timeout_ms: timeout.0 }
            }
            team::Gate::Verdict(role) => Self::Verdict { role: role.to_string() },
            team::Gate::Human => Self::Human,
        }
    }
}

impl From<(&crew_core::RoleName, &team::Role)> for Role {
    fn from((name, role): (&crew_core::RoleName, &team::Role)) -> Self {
        Self {
            name: name.to_string(),
            provider: role.provider.to_string(),
            fallback: role.fallback.iter().map(ToString::to_string).collect(),
            tier: role.tier.map(|tier| tier.word().to_owned()),
            agents: role.agents,
            tools: role.tools.clone(),
            messages: role.messages.iter().map(ToString::to_string).collect(),
            rules: rules(role),
            asks_expire_ms: role.asks_expire.map(|wait| wait.0),
            allowed_day: role.day.into(),
            session: match role.session {
                team::SessionScope::Task => SessionScope::Task,
                team::SessionScope::Role => SessionScope::Role,
            },
        }
    }
}

fn rules(role: &team::Role) -> Vec<AskRule> {
    let shadowed = team::shadowed(&role.rules);
    let by = |n: usize| shadowed.iter().find(|(it, _)| *it == n).map(|(_, by)| *by as u64);
    let numbered = role.rules.iter().zip(1..);
    let rule = |(rule, n): (&team::AskRule, usize)| AskRule {
        number: n as u64,
        text: rule.to_string(),
        shadowed_by: by(n),
    };
    numbered.map(rule).collect()
}

impl From<&team::Tiers> for Tiers {
    fn from(tiers: &team::Tiers) -> Self {
        let lists = tiers.lists.iter().map(|(tier, providers)| Tier {
            name: tier.word().to_owned(),
            providers: providers.iter().map(ToString::to_string).collect(),
        });
        let rules = tiers.rules.iter().map(|rule| Rule {
            tier: rule.tier.word().to_owned(),
            priority: rule.priority.iter().map(|priority| priority.word().to_owned()).collect(),
            labels: rule.labels.iter().cloned().collect(),
            words: rule.words.iter().cloned().collect(),
            criteria: rule.criteria,
            files: rule.files.clone(),
            sent_back: rule.sent_back,
        });
        Self {
            lists: lists.collect(),
            rules: rules.collect(),
            escalate_after: tiers.escalate_after,
        }
    }
}

impl From<(&crew_core::ProviderName, &team::Provider)> for Provider {
    fn from((name, provider): (&crew_core::ProviderName, &team::Provider)) -> Self {
        let plain = |kind: &str| Self {
            name: name.to_string(),
            kind: kind.to_owned(),
            api: None,
            model: None,
            key_env: None,
            agents: provider.agents,
        };
        match &provider.kind {
            team::ProviderKind::Native(model) => Self {
                api: Some(api(model.api).to_owned()),
                model: Some(model.name.clone()),
                key_env: model.key_env.clone(),
                ..plain("native")
            },
            team::ProviderKind::Claude(claude) => {
                Self { model: claude.model.clone(), ..plain("claude") }
            }
            team::ProviderKind::Codex(codex) => Self {
                model: codex.model.clone(),
                key_env: codex.key_env.clone(),
                ..plain("codex")
            },
            team::ProviderKind::Acp(acp) => Self { model: acp.model.clone(), ..plain("acp") },
            team::ProviderKind::Mailbox => plain("mailbox"),
        }
    }
}

fn api(api: team::Api) -> &'static str {
    match api {
        team::Api::Playbook => "playbook",
        team::Api::Anthropic => "anthropic",
        team::Api::Openai => "openai",
        team::Api::Gemini => "gemini",
        team::Api::Ollama => "ollama",
    }
}

impl Limits {
    fn of(team: &team::Team) -> Self {
        let limits = team.limits;
        Self {
            agents: limits.agents,
            quiet_ms: limits.quiet.0,
            silent_ms: limits.silent.0,
            run_ms: limits.run.0,
            retries: limits.retries,
            consults: limits.consults,
            asks: limits.asks,
            task_runs: team.budget.task_runs,
        }
    }
}

impl From<team::WorstCase> for WorstCase {
    fn from(worst: team::WorstCase) -> Self {
        let team::WorstCase { visits, runs, spend, approvals, asks } = worst;
        Self { visits, runs, spend: spend.into(), approvals, asks }
    }
}
