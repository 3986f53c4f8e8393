//! `team.toml` as text: read, completed with defaults, and turned into a [`Team`].
//!
//! The structs here are the file's shape and stay in this module. Every mistake becomes a
//! [`Problem`] with a place and a hint; all that can be found in one go are reported together.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{
    Amount, Api, Budget, Gate, Limits, Merge, MergeStrategy, Model, Owner, Provider, ProviderKind,
    Role, Stage, Team, Work, WorktreePolicy, proof,
};
use crate::{BadName, Micros, Millis, ProviderName, RoleName, StageName};

/// The team that `crew init` writes: six roles and the default pipeline.
pub const DEFAULT_TEAM: &str = include_str!("default.toml");

/// Largest number of candidates of a best-of-n stage.
const CANDIDATES_MAX: u32 = 8;
/// Most stages of a pipeline, and most roles of a team.
const NAMES_MAX: usize = 40;

/// One mistake in a `team.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: Some(hint.into()) }
    }
}

/// Reads a `team.toml` and proves its pipeline.
///
/// # Errors
/// All the mistakes that were found, at least one.
pub fn parse(text: &str) -> Result<Team, Vec<Problem>> {
    let file: TeamFile = toml::from_str(text).map_err(|error| vec![syntax_problem(&error)])?;
    let mut problems = Vec::new();
    let team = file.build(&mut problems);
    if problems.is_empty() {
        proof::prove(&team, &mut problems);
    }
    if problems.is_empty() { Ok(team) } else { Err(problems) }
}

/// The parser's message names line, column and, for an unknown key, the keys there are; the hint
/// adds the nearest of them.
fn syntax_problem(error: &toml::de::Error) -> Problem {
    let what = error.to_string().trim_end().to_owned();
    let hint = unknown_key_hint(error.message());
    Problem { what, hint }
}

fn unknown_key_hint(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown") {
        return None;
    }
    let unknown = quoted.next()?;
    let nearest = nearest(unknown, quoted)?;
    Some(format!("did you mean `{nearest}`?"))
}

/// The candidate with the smallest edit distance, if that is small enough to be a slip.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamFile {
    #[serde(default)]
    limits: LimitsFile,
    #[serde(default)]
    budget: BudgetFile,
    #[serde(default)]
    merge: MergeFile,
    #[serde(default)]
    worktree: WorktreeFile,
    providers: BTreeMap<String, ProviderFile>,
    roles: BTreeMap<String, RoleFile>,
    stages: Vec<StageFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsFile {
    agents: u32,
    quiet_minutes: f64,
    silent_minutes: f64,
    run_minutes: f64,
    retries: u32,
    backoff_seconds: u64,
    consults: u32,
    asks: u32,
    scan_minutes: f64,
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
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BudgetFile {
    run_tokens: u64,
    run_usd: f64,
    task_tokens: u64,
    task_usd: f64,
    day_tokens: u64,
    day_usd: f64,
    task_runs: u32,
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
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MergeFile {
    base: String,
    strategy: MergeStrategy,
    check: Option<String>,
}

impl Default for MergeFile {
    fn default() -> Self {
        Self { base: "main".into(), strategy: MergeStrategy::NoFf, check: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WorktreeFile {
    setup: Option<String>,
    teardown: Option<String>,
    timeout_minutes: u64,
    pool: u32,
}

impl Default for WorktreeFile {
    fn default() -> Self {
        Self { setup: None, teardown: None, timeout_minutes: 10, pool: 4 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    kind: KindFile,
    api: Option<Api>,
    model: Option<String>,
    base_url: Option<String>,
    key_env: Option<String>,
    input_usd_per_mtok: Option<f64>,
    output_usd_per_mtok: Option<f64>,
    #[serde(default = "provider_agents")]
    agents: u32,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindFile {
    Native,
    Mailbox,
}

fn provider_agents() -> u32 {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    provider: String,
    #[serde(default = "one")]
    agents: u32,
    #[serde(default)]
    tools: Vec<String>,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageFile {
    name: String,
    owner: Option<String>,
    #[serde(default)]
    mode: ModeFile,
    /// Roles that work here, where it is not just the owner.
    roles: Option<Vec<String>>,
    n: Option<u32>,
    judge: Option<String>,
    #[serde(default)]
    gates: Vec<GateFile>,
    #[serde(default)]
    next: Vec<String>,
    back: Option<String>,
    wip: Option<u32>,
    #[serde(default = "visits")]
    visits: u32,
}

fn visits() -> u32 {
    4
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeFile {
    #[default]
    Sequence,
    Parallel,
    BestOfN,
    Queue,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateFile {
    check: Option<String>,
    name: Option<String>,
    timeout_minutes: Option<u64>,
    verdict: Option<String>,
    human: Option<bool>,
}

impl TeamFile {
    fn build(self, problems: &mut Vec<Problem>) -> Team {
        if self.stages.len() > NAMES_MAX || self.roles.len() > NAMES_MAX {
            problems.push(Problem::new(
                format!("more than {NAMES_MAX} stages or roles"),
                "a pipeline that long cannot be watched; merge stages",
            ));
        }
        let providers = self.providers.into_iter().filter_map(|(name, file)| {
            let place = format!("providers.{name}");
            Some((named::<ProviderName>(&name, &place, problems)?, file.build(&place, problems)))
        });
        let providers = providers.collect();
        let roles = self.roles.into_iter().filter_map(|(name, file)| {
            let place = format!("roles.{name}");
            let role = file.build(&place, problems)?;
            Some((named::<RoleName>(&name, &place, problems)?, role))
        });
        let roles = roles.collect();
        let stages = self.stages.into_iter().filter_map(|file| file.build(problems)).collect();
        let limits = self.limits.build(problems);
        let budget = self.budget.build(problems);
        Team {
            roles,
            providers,
            stages,
            limits,
            budget,
            merge: Merge {
                base: self.merge.base,
                strategy: self.merge.strategy,
                check: self.merge.check,
            },
            worktree: WorktreePolicy {
                setup: self.worktree.setup,
                teardown: self.worktree.teardown,
                timeout: Millis::minutes(self.worktree.timeout_minutes),
                pool: self.worktree.pool,
            },
        }
    }
}

fn named<T: TryFrom<String, Error = BadName>>(
    name: &str,
    place: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    T::try_from(name.to_owned())
        .map_err(|error| problems.push(Problem { what: format!("{place}: {error}"), hint: None }))
        .ok()
}

impl LimitsFile {
    fn build(&self, problems: &mut Vec<Problem>) -> Limits {
        if self.agents == 0 {
            problems.push(Problem::new("limits.agents is 0", "at least one agent has to work"));
        }
        let mut minutes = |name: &str, value: f64| {
            // A year is longer than anybody waits, and an f64 counts its milliseconds exactly.
            if !(value > 0.0 && value <= 525_600.0) {
                problems.push(Problem::new(
                    format!("limits.{name}_minutes is {value}"),
                    "give minutes, more than 0; 0.5 is half a minute",
                ));
            }
            Millis((value * 60_000.0).clamp(0.0, 525_600.0 * 60_000.0).round() as u64)
        };
        let quiet = minutes("quiet", self.quiet_minutes);
        let silent = minutes("silent", self.silent_minutes);
        let run = minutes("run", self.run_minutes);
        let scan = minutes("scan", self.scan_minutes);
        if silent <= quiet {
            problems.push(Problem::new(
                "limits.silent_minutes must be larger than limits.quiet_minutes",
                "an agent is flagged when quiet and ended when silent",
            ));
        }
        Limits {
            agents: self.agents,
            quiet,
            silent,
            run,
            retries: self.retries,
            backoff: Millis::seconds(self.backoff_seconds),
            consults: self.consults,
            asks: self.asks,
            scan,
        }
    }
}

impl BudgetFile {
    fn build(&self, problems: &mut Vec<Problem>) -> Budget {
        let mut amount = |name: &str, tokens: u64, usd: f64| {
            let cost = dollars(usd).unwrap_or_else(|| {
                problems.push(Problem::new(
                    format!("budget.{name}_usd is {usd}"),
                    "give dollars, 0 or more, like 2.50",
                ));
                Micros(0)
            });
            Amount { tokens, cost }
        };
        let budget = Budget {
            run: amount("run", self.run_tokens, self.run_usd),
            task: amount("task", self.task_tokens, self.task_usd),
            day: amount("day", self.day_tokens, self.day_usd),
            task_runs: self.task_runs,
        };
        let fits =
            |small: Amount, large: Amount| small.tokens <= large.tokens && small.cost <= large.cost;
        if !fits(budget.run, budget.task) || !fits(budget.task, budget.day) {
            problems.push(Problem::new(
                "the budget of a run must fit into that of a task, and a task's into a day's",
                "otherwise no agent could ever start: raise the larger or lower the smaller",
            ));
        }
        budget
    }
}

fn dollars(usd: f64) -> Option<Micros> {
    let micros = usd * 1_000_000.0;
    (micros.is_finite() && (0.0..=1e15).contains(&micros)).then(|| Micros(micros.round() as u64))
}

impl ProviderFile {
    fn build(self, place: &str, problems: &mut Vec<Problem>) -> Provider {
        let agents = self.agents;
        let kind = match self.kind {
            KindFile::Mailbox => ProviderKind::Mailbox,
            KindFile::Native => ProviderKind::Native(self.model(place, problems)),
        };
        Provider { kind, agents }
    }

    fn model(self, place: &str, problems: &mut Vec<Problem>) -> Model {
        let (Some(api), Some(name)) = (self.api, self.model) else {
            problems.push(Problem::new(
                format!("{place}: a native provider needs `api` and `model`"),
                "api = \"anthropic\", \"openai\", \"gemini\", \"ollama\" or \"playbook\"",
            ));
            return Model {
                api: Api::Playbook,
                name: String::new(),
                base_url: None,
                key_env: None,
                input_price: None,
                output_price: None,
            };
        };
        Model {
            api,
            name,
            base_url: self.base_url,
            key_env: self.key_env,
            input_price: self.input_usd_per_mtok.and_then(dollars),
            output_price: self.output_usd_per_mtok.and_then(dollars),
        }
    }
}

impl RoleFile {
    fn build(self, place: &str, problems: &mut Vec<Problem>) -> Option<Role> {
        if self.agents == 0 {
            problems.push(Problem::new(
                format!("{place}.agents is 0"),
                "a role without agents stops every stage that it works in",
            ));
        }
        let provider = named(&self.provider, &format!("{place}.provider"), problems)?;
        Some(Role { provider, agents: self.agents, tools: self.tools })
    }
}

impl StageFile {
    fn build(self, problems: &mut Vec<Problem>) -> Option<Stage> {
        let place = format!("stages.{}", self.name);
        let name: StageName = named(&self.name, &place, problems)?;
        let owner = self.owner(&place, problems)?;
        let work = self.work(&owner, &place, problems)?;
        let gates =
            self.gates.into_iter().filter_map(|gate| gate.build(&place, problems)).collect();
        let stage_list = |names: Vec<String>, problems: &mut Vec<Problem>| -> Vec<StageName> {
            names.iter().filter_map(|next| named(next, &place, problems)).collect()
        };
        if self.visits == 0 || self.wip == Some(0) {
            problems.push(Problem::new(
                format!("{place}: visits and wip must be at least 1"),
                "leave the key out for the default",
            ));
        }
        Some(Stage {
            name,
            owner,
            work,
            gates,
            next: stage_list(self.next, problems),
            back: self.back.as_deref().and_then(|back| named(back, &place, problems)),
            wip: self.wip,
            visits_max: self.visits,
        })
    }

    fn owner(&self, place: &str, problems: &mut Vec<Problem>) -> Option<Owner> {
        match (self.owner.as_deref(), self.mode) {
            (None, ModeFile::End) => Some(Owner::Nobody),
            (Some("human"), _) => Some(Owner::Human),
            (Some(role), _) => named(role, &format!("{place}.owner"), problems).map(Owner::Role),
            (None, _) => {
                problems.push(Problem::new(
                    format!("{place} has no owner"),
                    "name a role, or \"human\"",
                ));
                None
            }
        }
    }

    fn work(&self, owner: &Owner, place: &str, problems: &mut Vec<Problem>) -> Option<Work> {
        let workers: Vec<RoleName> = match (&self.roles, owner) {
            (Some(names), _) => {
                names.iter().filter_map(|name| named(name, place, problems)).collect()
            }
            (None, Owner::Role(role)) => vec![role.clone()],
            (None, Owner::Human | Owner::Nobody) => Vec::new(),
        };
        let needs = |what: &str, problems: &mut Vec<Problem>| {
            problems.push(Problem::new(format!("{place} needs {what}"), "see docs/team.md"));
        };
        match self.mode {
            ModeFile::Queue => Some(Work::Queue),
            ModeFile::End => Some(Work::End),
            ModeFile::Sequence => Some(Work::Sequence(workers)),
            ModeFile::Parallel if workers.len() < 2 => {
                needs("`roles` with two names or more", problems);
                None
            }
            ModeFile::Parallel => Some(Work::Parallel(workers)),
            ModeFile::BestOfN => {
                let n = self.n.filter(|n| (2..=CANDIDATES_MAX).contains(n));
                let judge = self.judge.as_deref().and_then(|name| named(name, place, problems));
                let parts = (workers.first().cloned(), n, judge);
                let (Some(role), Some(n), Some(judge)) = parts else {
                    needs("`n` from 2 to 8 and a `judge`", problems);
                    return None;
                };
                Some(Work::BestOfN { role, n, judge })
            }
        }
    }
}

impl GateFile {
    fn build(self, place: &str, problems: &mut Vec<Problem>) -> Option<Gate> {
        match (self.check, self.verdict, self.human) {
            (Some(command), None, None) => Some(Gate::Check {
                name: self.name.unwrap_or_else(|| command.chars().take(40).collect()),
                command,
                timeout: Millis::minutes(self.timeout_minutes.unwrap_or(15).max(1)),
            }),
            (None, Some(role), None) => named(&role, place, problems).map(Gate::Verdict),
            (None, None, Some(true)) => Some(Gate::Human),
            _ => {
                problems.push(Problem::new(
                    format!("{place}: a gate is one of check, verdict and human"),
                    "write { check = \"make test\" }, { verdict = \"tester\" } or { human = true }",
                ));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
