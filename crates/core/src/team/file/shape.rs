//! The shape of `team.toml`: its keys, and what they are when they are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::routine::RoutineFile;
use super::rule::AskRuleFile;
use super::sandbox::{RoleSandbox, SandboxFile};
use crate::github::{Publish, Pulls, PushBase};
use crate::task::Priority;
use crate::team::{
    AcpAgent, AfterLimit, Api, MergeStrategy, Payer, Permissions, SessionScope, Tier,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamFile {
    #[serde(default)]
    pub(super) limits: LimitsFile,
    #[serde(default)]
    pub(super) budget: BudgetFile,
    #[serde(default)]
    pub(super) merge: MergeFile,
    #[serde(default)]
    pub(super) worktree: WorktreeFile,
    #[serde(default)]
    pub(super) sandbox: SandboxFile,
    pub(super) github: Option<GithubFile>,
    #[serde(default)]
    pub(super) tiers: TiersFile,
    pub(super) providers: BTreeMap<String, ProviderFile>,
    pub(super) roles: BTreeMap<String, RoleFile>,
    pub(super) stages: Vec<StageFile>,
    #[serde(default)]
    pub(super) routines: Vec<RoutineFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsFile {
    pub(super) agents: u32,
    pub(super) quiet_minutes: f64,
    pub(super) silent_minutes: f64,
    pub(super) run_minutes: f64,
    pub(super) retries: u32,
    pub(super) backoff_seconds: u64,
    pub(super) consults: u32,
    pub(super) asks: u32,
    pub(super) scan_minutes: f64,
    pub(super) repeats: u32,
    pub(super) after_limit: AfterLimit,
    pub(super) plan_percent: u8,
    pub(super) quiet_hours: Option<String>,
    pub(super) free_mb: u64,
    pub(super) context_percent: u8,
    pub(super) keep_days: u32,
}

impl Default for LimitsFile {
    fn default() -> Self {
        Self {
            agents: 4,
            quiet_minutes: 5.0,
            silent_minutes: 20.0,
            run_minutes: 60.0,
            retries: 2,
            backoff_seconds: 10,
            consults: 5,
            asks: 10,
            scan_minutes: 30.0,
            repeats: 20,
            after_limit: AfterLimit::GoOn,
            plan_percent: 0,
            quiet_hours: None,
            free_mb: 500,
            context_percent: 80,
            keep_days: 30,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BudgetFile {
    pub(super) run_tokens: u64,
    pub(super) run_usd: f64,
    pub(super) task_tokens: u64,
    pub(super) task_usd: f64,
    pub(super) day_tokens: u64,
    pub(super) day_usd: f64,
    pub(super) task_runs: u32,
    pub(super) task_minutes: u64,
    pub(super) day_runs: Option<u32>,
    pub(super) day_minutes: Option<u64>,
    pub(super) project_tokens: Option<u64>,
    pub(super) project_usd: Option<f64>,
    pub(super) project_runs: Option<u32>,
    pub(super) project_minutes: Option<u64>,
}

/// What the agents of a role may spend.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "they are the keys of the file")]
pub(super) struct RoleBudgetFile {
    pub(super) day_tokens: Option<u64>,
    pub(super) day_usd: Option<f64>,
    pub(super) day_runs: Option<u32>,
    pub(super) day_minutes: Option<u64>,
}

impl Default for BudgetFile {
    fn default() -> Self {
        Self {
            run_tokens: 2_000_000,
            run_usd: 3.0,
            task_tokens: 20_000_000,
            task_usd: 20.0,
            day_tokens: 200_000_000,
            day_usd: 100.0,
            task_runs: 40,
            task_minutes: 24 * 60,
            day_runs: None,
            day_minutes: None,
            project_tokens: None,
            project_usd: None,
            project_runs: None,
            project_minutes: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MergeFile {
    pub(super) base: String,
    pub(super) strategy: MergeStrategy,
    pub(super) check: Option<String>,
}

impl Default for MergeFile {
    fn default() -> Self {
        Self { base: "main".into(), strategy: MergeStrategy::NoFf, check: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WorktreeFile {
    pub(super) setup: Option<String>,
    pub(super) teardown: Option<String>,
    pub(super) timeout_minutes: u64,
    pub(super) pool: u32,
}

impl Default for WorktreeFile {
    fn default() -> Self {
        Self { setup: None, teardown: None, timeout_minutes: 10, pool: 4 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GithubFile {
    pub(super) repository: String,
    pub(super) issues: Option<String>,
    pub(super) api: Option<String>,
    pub(super) token: Option<String>,
    pub(super) app: Option<AppFile>,
    pub(super) webhook_secret: Option<String>,
    pub(super) trusted: Vec<String>,
    #[serde(default = "intake")]
    pub(super) intake: String,
    #[serde(default = "prefix")]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) publish: Publish,
    #[serde(default)]
    pub(super) pull_requests: Pulls,
    #[serde(default)]
    pub(super) push_base: PushBase,
}

/// A GitHub App: whose key, not who.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppFile {
    pub(super) id: AppId,
    pub(super) installation: Option<u64>,
    pub(super) key: String,
}

/// GitHub shows both: a number, and a name for clients.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AppId {
    Number(u64),
    Name(String),
}

fn intake() -> String {
    "crew".into()
}

fn prefix() -> String {
    "crew: ".into()
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderFile {
    pub(super) kind: KindFile,
    pub(super) api: Option<Api>,
    pub(super) model: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) key_env: Option<String>,
    pub(super) input_usd_per_mtok: Option<f64>,
    pub(super) cached_usd_per_mtok: Option<f64>,
    pub(super) output_usd_per_mtok: Option<f64>,
    pub(super) context_tokens: Option<u64>,
    pub(super) agent: Option<AcpAgent>,
    pub(super) program: Option<String>,
    pub(super) args: Option<Vec<String>>,
    pub(super) mode: Option<String>,
    pub(super) env: Option<Vec<String>>,
    pub(super) permissions: Option<Permissions>,
    pub(super) allow: Option<Vec<String>>,
    pub(super) billing: Option<Payer>,
    /// Where its program keeps who is signed in.
    pub(super) config_dir: Option<String>,
    /// `keyring:NAME`.
    pub(super) key: Option<String>,
    #[serde(default = "provider_agents")]
    pub(super) agents: u32,
    /// Other accounts for the same.
    #[serde(default)]
    pub(super) profiles: BTreeMap<String, ProfileFile>,
}

/// What is different for another account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileFile {
    pub(super) config_dir: Option<String>,
    pub(super) key: Option<String>,
    pub(super) key_env: Option<String>,
    pub(super) billing: Option<Payer>,
    pub(super) model: Option<String>,
    pub(super) agents: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KindFile {
    Native,
    Claude,
    Codex,
    Acp,
    Mailbox,
}

fn provider_agents() -> u32 {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TiersFile {
    pub(super) cheap: Vec<String>,
    pub(super) standard: Vec<String>,
    pub(super) expert: Vec<String>,
    pub(super) rules: Vec<RuleFile>,
    pub(super) escalate_after: u32,
}

impl Default for TiersFile {
    fn default() -> Self {
        Self {
            cheap: Vec::new(),
            standard: Vec::new(),
            expert: Vec::new(),
            rules: Vec::new(),
            escalate_after: 1,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) tier: Tier,
    #[serde(default)]
    pub(super) priority: BTreeSet<Priority>,
    #[serde(default)]
    pub(super) labels: BTreeSet<String>,
    #[serde(default)]
    pub(super) words: BTreeSet<String>,
    #[serde(default)]
    pub(super) criteria: u32,
    #[serde(default)]
    pub(super) files: Vec<String>,
    #[serde(default)]
    pub(super) sent_back: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleFile {
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) fallback: Vec<String>,
    pub(super) tier: Option<Tier>,
    #[serde(default = "one")]
    pub(super) agents: u32,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    #[serde(default)]
    pub(super) session: SessionScope,
    pub(super) sandbox: Option<RoleSandbox>,
    #[serde(default)]
    pub(super) messages: Vec<String>,
    #[serde(default)]
    pub(super) rules: Vec<AskRuleFile>,
    pub(super) asks_expire: Option<String>,
    #[serde(default)]
    pub(super) budget: RoleBudgetFile,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageFile {
    pub(super) name: String,
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) mode: ModeFile,
    /// Roles that work here, where it is not just the owner.
    pub(super) roles: Option<Vec<String>>,
    pub(super) n: Option<u32>,
    pub(super) judge: Option<String>,
    #[serde(default)]
    pub(super) gates: Vec<GateFile>,
    #[serde(default)]
    pub(super) next: Vec<String>,
    pub(super) back: Option<String>,
    pub(super) wip: Option<u32>,
    #[serde(default = "visits")]
    pub(super) visits: u32,
}

fn visits() -> u32 {
    4
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ModeFile {
    #[default]
    Sequence,
    Parallel,
    BestOfN,
    Queue,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GateFile {
    pub(super) check: Option<String>,
    pub(super) name: Option<String>,
    pub(super) timeout_minutes: Option<u64>,
    pub(super) verdict: Option<String>,
    pub(super) human: Option<bool>,
}
