//! What is proven about a pipeline before it is used, and what one task may cost in it at worst.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Amount, Gate, Owner, Problem, ProviderKind, Role, SessionScope, Stage, Team, Work};
use crate::{Micros, ProviderName, RoleName, StageName};

/// The most that one task can cause, whatever its agents do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WorstCase {
    /// Times that the task enters a stage.
    pub visits: u32,
    /// Starts of agents.
    pub runs: u32,
    /// Tokens and money.
    pub spend: Amount,
    /// Approvals that the human is asked for.
    pub approvals: u32,
    /// Questions that the human is asked: by agents, by the PM, and when a bound is reached.
    pub asks: u32,
}

/// Finds what would make a task wander off, wait for ever, or loop.
pub(super) fn prove(team: &Team, problems: &mut Vec<Problem>) {
    known_names(team, problems);
    if !problems.is_empty() {
        return;
    }
    shape(team, problems);
    // What cannot be reached is often what a dead end led to.
    no_dead_end(team, problems);
    reachable(team, problems);
    independent_judgement(team, problems);
}

fn known_names(team: &Team, problems: &mut Vec<Problem>) {
    for (name, role) in &team.roles {
        for other in role.messages.iter().filter(|other| !team.roles.contains_key(other)) {
            problems.push(Problem::at(
                format!("roles.{name}.messages"),
                format!("there is no role `{other}`"),
                format!("add [roles.{other}] or name one that exists"),
            ));
        }
        players(team, (name, role), problems);
    }
    for name in team.roles.iter().filter(|(_, role)| role.session == SessionScope::Role) {
        one_conversation(team, name, problems);
    }
    let mut seen = BTreeSet::new();
    for stage in &team.stages {
        if !seen.insert(&stage.name) {
            problems.push(Problem::at(
                format!("stages.{}.name", stage.name),
                format!("two stages are called `{}`", stage.name),
                "rename one",
            ));
        }
        for (role, key) in roles_of(stage) {
            if !team.roles.contains_key(role) {
                problems.push(Problem::at(
                    format!("stages.{}.{key}", stage.name),
                    format!("there is no role `{role}`"),
                    format!("add [roles.{role}] or name one that exists"),
                ));
            }
        }
        for (key, next) in exits(stage).filter(|(_, next)| team.stage(next).is_none()) {
            problems.push(Problem::at(
                format!("stages.{}.{key}", stage.name),
                format!("there is no stage `{next}`"),
                "`next` and `back` name stages of this file",
            ));
        }
    }
}

/// Who plays a role exists, and a mailbox plays it alone.
fn players(team: &Team, (name, role): (&RoleName, &Role), problems: &mut Vec<Problem>) {
    let players = team.players(role);
    for provider in players.iter().filter(|provider| !team.providers.contains_key(**provider)) {
        let problem = Problem::at(
            key_of_player(team, (name, role), provider),
            format!("there is no provider `{provider}`"),
            format!("add [providers.{provider}] or name one that exists"),
        );
        // Who is of a tier may play several roles.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let is_mailbox = |provider: &&ProviderName| {
        team.providers.get(*provider).is_some_and(|p| p.kind == ProviderKind::Mailbox)
    };
    let by_mail = players.iter().any(is_mailbox);
    if by_mail && role.agents > 1 {
        problems.push(Problem::at(
            format!("roles.{name}.agents"),
            "a mailbox role works on one task at a time",
            "set agents = 1: there is one trigger file for each role",
        ));
    }
    if by_mail && players.len() > 1 {
        let key = if role.tier.is_some() { "tier" } else { "fallback" };
        problems.push(Problem::at(
            format!("roles.{name}.{key}"),
            "a mailbox neither steps in for others nor others for it",
            "who reads the trigger file plays the role alone: give it one provider",
        ));
    }
}

/// Where it is written that a provider plays a role.
fn key_of_player(team: &Team, (name, role): (&RoleName, &Role), player: &ProviderName) -> String {
    if role.tier.is_none() && role.provider == *player {
        return format!("roles.{name}.provider");
    }
    match team.tiers.lists.iter().find(|(_, list)| list.contains(player)) {
        Some((tier, _)) => format!("tiers.{}", tier.word()),
        None => format!("roles.{name}.fallback"),
    }
}

/// Two agents cannot write one conversation, and candidates must not know of each other.
fn one_conversation(team: &Team, (name, role): (&RoleName, &Role), problems: &mut Vec<Problem>) {
    let competes = |stage: &Stage| {
        let is_candidate = |worker: &&&RoleName| **worker == name;
        matches!(stage.work, Work::BestOfN { .. })
            && stage.workers().iter().filter(is_candidate).count() > 1
    };
    if role.agents > 1 || team.stages.iter().any(competes) {
        problems.push(Problem::at(
            format!("roles.{name}.session"),
            "\"role\" is one conversation for all its tasks",
            "set agents = 1 and do not let the role compete with itself, or use session = \"task\"",
        ));
    }
}

/// The roles that a stage names, each with one key at which it does so.
fn roles_of(stage: &Stage) -> BTreeMap<&RoleName, String> {
    let owner = match &stage.owner {
        Owner::Role(role) => Some(role),
        Owner::Human | Owner::Nobody => None,
    };
    let mut roles: BTreeMap<_, _> = judges(stage).collect();
    roles.extend(stage.workers().into_iter().map(|role| (role, "roles".to_owned())));
    roles.extend(owner.map(|role| (role, "owner".to_owned())));
    roles
}

/// The roles that judge what was done in a stage, with the keys at which they are named.
fn judges(stage: &Stage) -> impl Iterator<Item = (&RoleName, String)> {
    let chooses = match &stage.work {
        Work::BestOfN { judge, .. } => Some((judge, "judge".to_owned())),
        Work::Queue | Work::Sequence(_) | Work::Parallel(_) | Work::End => None,
    };
    let verdicts = stage.gates.iter().zip(1_usize..).filter_map(|(gate, n)| match gate {
        Gate::Verdict(role) => Some((role, format!("gates.{n}.verdict"))),
        Gate::Check { .. } | Gate::Human => None,
    });
    chooses.into_iter().chain(verdicts)
}

/// The stages that a stage leads to, with the keys at which they are named.
fn exits(stage: &Stage) -> impl Iterator<Item = (&'static str, &StageName)> {
    let next = stage.next.iter().map(|name| ("next", name));
    next.chain(stage.back.iter().map(|name| ("back", name)))
}

/// One entry owned by a role or the human, one end, and it is the last.
fn shape(team: &Team, problems: &mut Vec<Problem>) {
    let ends = team.stages.iter().filter(|stage| stage.is_end()).count();
    if ends != 1 || !team.stages.last().is_some_and(Stage::is_end) {
        problems.push(Problem::new(
            format!("the pipeline has {ends} stages with mode = \"end\""),
            "exactly one, and it is the last: what arrives there has been merged",
        ));
    }
    for stage in &team.stages {
        let mut wrong = |key: &str, what: &str, hint: &str| {
            problems.push(Problem::at(format!("stages.{}.{key}", stage.name), what, hint));
        };
        let gates = !stage.gates.is_empty();
        let (next, back) = (!stage.next.is_empty(), stage.back.is_some());
        let none_at_the_end = [("gates", gates), ("next", next), ("back", back)];
        for (key, _) in none_at_the_end.into_iter().filter(|(_, is)| stage.is_end() && *is) {
            wrong(key, "the end has none", "take it out; gates are for the stage before it");
        }
        if stage.work == Work::Queue {
            let hint = "tasks only wait in it for room in the next stage";
            if gates {
                wrong("gates", "a queue has none", hint);
            }
            if stage.next.len() != 1 {
                wrong("next", "a queue leads to one stage", hint);
            }
        }
        if gates && !back && !stage.is_end() {
            let hint = "say where a task goes when a gate does not pass";
            wrong("back", "it is missing, and there are gates", hint);
        }
        let human_does_nothing = stage.owner == Owner::Human
            && stage.workers().is_empty()
            && stage.work != Work::Queue
            && !stage.gates.contains(&Gate::Human);
        if human_does_nothing {
            let hint = "add gates = [{ human = true }]";
            wrong("gates", "the stage belongs to the human, but asks for nothing", hint);
        }
    }
}

fn reachable(team: &Team, problems: &mut Vec<Problem>) {
    let Some(entry) = team.entry() else {
        problems.push(Problem::at("stages", "there are none", "add [[stages]]"));
        return;
    };
    let mut seen = BTreeSet::from([&entry.name]);
    let mut queue = vec![entry];
    while let Some(stage) = queue.pop() {
        for next in exits(stage).filter_map(|(_, name)| team.stage(name)) {
            if seen.insert(&next.name) {
                queue.push(next);
            }
        }
    }
    for stage in team.stages.iter().filter(|stage| !seen.contains(&stage.name)) {
        problems.push(Problem::at(
            format!("stages.{}", stage.name),
            "no task can reach it",
            "name it in the `next` or `back` of another stage, or remove it",
        ));
    }
}

/// From every stage the end can be reached going forwards.
fn no_dead_end(team: &Team, problems: &mut Vec<Problem>) {
    let mut good: BTreeSet<&StageName> =
        team.stages.iter().filter(|stage| stage.is_end()).map(|stage| &stage.name).collect();
    loop {
        let more: Vec<&StageName> = team
            .stages
            .iter()
            .filter(|stage| !good.contains(&stage.name))
            .filter(|stage| stage.next.iter().any(|next| good.contains(next)))
            .map(|stage| &stage.name)
            .collect();
        if more.is_empty() {
            break;
        }
        good.extend(more);
    }
    let mut dead: Vec<&Stage> =
        team.stages.iter().filter(|stage| !good.contains(&stage.name)).collect();
    // First where the way ends: what leads there is a dead end only for that.
    dead.sort_by_key(|stage| !stage.next.is_empty());
    for stage in dead {
        problems.push(Problem::at(
            format!("stages.{}.next", stage.name),
            "it is a dead end: no way forward leads to the end",
            "give it a `next` from which the end can be reached",
        ));
    }
}

/// Who did the work does not judge it.
fn independent_judgement(team: &Team, problems: &mut Vec<Problem>) {
    for stage in &team.stages {
        let workers = stage.workers();
        let own = judges(stage).find(|(judge, _)| workers.contains(judge));
        if let Some((role, key)) = own {
            problems.push(Problem::at(
                format!("stages.{}.{key}", stage.name),
                format!("`{role}` would judge its own work"),
                "let another role give the verdict",
            ));
        }
    }
}

impl Team {
    /// Whether nothing lands without a human's approval.
    pub fn human_approves(&self) -> bool {
        self.stages
            .iter()
            .filter(|stage| {
                stage.next.iter().any(|next| self.stage(next).is_some_and(Stage::is_end))
            })
            .all(|stage| stage.gates.contains(&Gate::Human))
    }

    /// The most that one task can cause until it ends or waits for a human who raises a bound.
    pub fn worst_case(&self) -> WorstCase {
        let starts = self.limits.retries.saturating_add(1);
        let mut worst = WorstCase {
            visits: 0,
            runs: self.limits.consults.saturating_mul(starts),
            spend: Amount::default(),
            approvals: 0,
            asks: self.limits.consults.saturating_add(1),
        };
        for stage in &self.stages {
            let verdicts = stage.gates.iter().filter(|gate| matches!(gate, Gate::Verdict(_)));
            let judges = u32::from(matches!(stage.work, Work::BestOfN { .. }));
            let agents = stage.workers().len() as u32 + verdicts.count() as u32 + judges;
            let humans = stage.gates.iter().filter(|gate| **gate == Gate::Human).count() as u32;
            let runs = stage.visits_max.saturating_mul(agents);
            worst.visits = worst.visits.saturating_add(stage.visits_max);
            worst.runs = worst.runs.saturating_add(runs.saturating_mul(starts));
            worst.approvals =
                worst.approvals.saturating_add(stage.visits_max.saturating_mul(humans));
            worst.asks = worst.asks.saturating_add(runs.saturating_mul(self.limits.asks));
        }
        worst.runs = worst.runs.min(self.budget.task_runs);
        worst.asks = worst.asks.min(worst.runs.saturating_mul(self.limits.asks).saturating_add(1));
        worst.spend = self.worst_spend(worst.runs);
        worst
    }

    fn worst_spend(&self, runs: u32) -> Amount {
        let Amount { tokens, cost } = self.budget.run;
        let runs = u64::from(runs);
        Amount {
            tokens: tokens.saturating_mul(runs).min(self.budget.task.tokens),
            cost: Micros(cost.0.saturating_mul(runs)).min(self.budget.task.cost),
        }
    }
}
