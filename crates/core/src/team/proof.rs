//! What is proven about a pipeline before it is used, and what one task may cost in it at worst.

use std::collections::BTreeSet;

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
    reachable(team, problems);
    no_dead_end(team, problems);
    independent_judgement(team, problems);
}

fn known_names(team: &Team, problems: &mut Vec<Problem>) {
    for (name, role) in &team.roles {
        for other in role.messages.iter().filter(|other| !team.roles.contains_key(other)) {
            problems.push(Problem::new(
                format!("roles.{name}.messages: there is no role `{other}`"),
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
            problems.push(Problem::new(
                format!("two stages are called `{}`", stage.name),
                "rename one",
            ));
        }
        for role in roles_of(stage).into_iter().filter(|role| !team.roles.contains_key(*role)) {
            problems.push(Problem::new(
                format!("stages.{}: there is no role `{role}`", stage.name),
                format!("add [roles.{role}] or name one that exists"),
            ));
        }
        for next in exits(stage).filter(|next| team.stage(next).is_none()) {
            problems.push(Problem::new(
                format!("stages.{}: there is no stage `{next}`", stage.name),
                "`next` and `back` name stages of this file",
            ));
        }
    }
}

/// Who plays a role exists, and a mailbox plays it alone.
fn players(team: &Team, (name, role): (&RoleName, &Role), problems: &mut Vec<Problem>) {
    let players = team.players(role);
    for provider in players.iter().filter(|provider| !team.providers.contains_key(**provider)) {
        problems.push(Problem::new(
            format!("roles.{name}: there is no provider `{provider}`"),
            format!("add [providers.{provider}] or name one that exists"),
        ));
    }
    let is_mailbox = |provider: &&ProviderName| {
        team.providers.get(*provider).is_some_and(|p| p.kind == ProviderKind::Mailbox)
    };
    let by_mail = players.iter().any(is_mailbox);
    if by_mail && role.agents > 1 {
        problems.push(Problem::new(
            format!("roles.{name}: a mailbox role works on one task at a time"),
            "set agents = 1: there is one trigger file for each role",
        ));
    }
    if by_mail && players.len() > 1 {
        problems.push(Problem::new(
            format!("roles.{name}: a mailbox neither steps in for others nor others for it"),
            "who reads the trigger file plays the role alone: give it one provider",
        ));
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
        problems.push(Problem::new(
            format!("roles.{name}: session = \"role\" is one conversation for all its tasks"),
            "set agents = 1 and do not let the role compete with itself, or use session = \"task\"",
        ));
    }
}

fn roles_of(stage: &Stage) -> BTreeSet<&RoleName> {
    let owner = match &stage.owner {
        Owner::Role(role) => Some(role),
        Owner::Human | Owner::Nobody => None,
    };
    stage.workers().into_iter().chain(owner).chain(stage.judges()).collect()
}

fn exits(stage: &Stage) -> impl Iterator<Item = &StageName> {
    stage.next.iter().chain(&stage.back)
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
        let place = &stage.name;
        if stage.is_end() && (exits(stage).next().is_some() || !stage.gates.is_empty()) {
            problems.push(Problem::new(
                format!("stages.{place} is the end and has gates or exits"),
                "put gates on the stage before it",
            ));
        }
        if stage.work == Work::Queue && (!stage.gates.is_empty() || stage.next.len() != 1) {
            problems.push(Problem::new(
                format!("stages.{place} is a queue: one `next` and no gates"),
                "tasks only wait in it for room in the next stage",
            ));
        }
        if !stage.gates.is_empty() && stage.back.is_none() {
            problems.push(Problem::new(
                format!("stages.{place} has gates but no `back`"),
                "say where a task goes when a gate does not pass",
            ));
        }
        let human_does_nothing = stage.owner == Owner::Human
            && stage.workers().is_empty()
            && stage.work != Work::Queue
            && !stage.gates.contains(&Gate::Human);
        if human_does_nothing {
            problems.push(Problem::new(
                format!("stages.{place} belongs to the human but asks for nothing"),
                "add gates = [{ human = true }]",
            ));
        }
    }
}

fn reachable(team: &Team, problems: &mut Vec<Problem>) {
    let Some(entry) = team.entry() else {
        problems.push(Problem::new("there are no stages", "add [[stages]]"));
        return;
    };
    let mut seen = BTreeSet::from([&entry.name]);
    let mut queue = vec![entry];
    while let Some(stage) = queue.pop() {
        for next in exits(stage).filter_map(|name| team.stage(name)) {
            if seen.insert(&next.name) {
                queue.push(next);
            }
        }
    }
    for stage in team.stages.iter().filter(|stage| !seen.contains(&stage.name)) {
        problems.push(Problem::new(
            format!("no task can reach stages.{}", stage.name),
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
    for stage in team.stages.iter().filter(|stage| !good.contains(&stage.name)) {
        problems.push(Problem::new(
            format!("stages.{} is a dead end: no way forward leads to the end", stage.name),
            "give it a `next`",
        ));
    }
}

/// Who did the work does not judge it.
fn independent_judgement(team: &Team, problems: &mut Vec<Problem>) {
    for stage in &team.stages {
        let workers = stage.workers();
        let own = stage.judges().find(|judge| workers.contains(judge));
        if let Some(role) = own {
            problems.push(Problem::new(
                format!("stages.{}: `{role}` would judge its own work", stage.name),
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
