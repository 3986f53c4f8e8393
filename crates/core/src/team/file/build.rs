//! From the file's shape to a [`Team`], with every mistake that is found on the way.

use super::rule::{build_all, duration};
use super::shape::{BudgetFile, GateFile, LimitsFile, ModeFile, RoleFile, StageFile, TeamFile};
use super::{Problem, routine};
use crate::team::{
    Allowance, Amount, BadHours, Budget, Gate, Limits, Merge, Owner, Role, Stage, Team, Tiers,
    Work, WorktreePolicy,
};
use crate::{BadName, Micros, Millis, ProviderName, RoleName, StageName};

/// Largest number of candidates of a best-of-n stage.
const CANDIDATES_MAX: u32 = 8;
/// Most stages of a pipeline, and most roles of a team.
const NAMES_MAX: usize = 40;
/// Who speaks in remarks besides the roles.
const RESERVED_ROLES: [&str; 2] = ["human", "crewhouse"];

impl TeamFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Team {
        if self.stages.len() > NAMES_MAX || self.roles.len() > NAMES_MAX {
            problems.push(Problem::new(
                format!("more than {NAMES_MAX} stages or roles"),
                "a pipeline that long cannot be watched; merge stages",
            ));
        }
        let providers = self.providers.into_iter().flat_map(|(name, file)| file.accounts(&name));
        let providers = providers.filter_map(|(name, file)| {
            let place = format!("providers.{name}");
            Some((named::<ProviderName>(&name, &place, problems)?, file.build(&place, problems)))
        });
        let providers = providers.collect();
        let tiers = self.tiers.build(problems);
        let budget = self.budget.build(problems);
        let roles = self.roles.into_iter().filter_map(|(name, file)| {
            let place = format!("roles.{name}");
            if RESERVED_ROLES.contains(&name.as_str()) {
                problems.push(Problem::at(
                    &place,
                    format!("`{name}` is no role of the team"),
                    "what a role says must not be taken for somebody else's words; rename it",
                ));
            }
            let role = file.build(&place, &tiers, budget.run, problems)?;
            Some((named::<RoleName>(&name, &place, problems)?, role))
        });
        let roles = roles.collect();
        let stages = self.stages.into_iter().filter_map(|file| file.build(problems)).collect();
        let limits = self.limits.build(problems);
        let github = self.github.map(|file| file.build(problems));
        let routines = routine::build_all(self.routines, problems);
        Team {
            github,
            routines,
            roles,
            providers,
            tiers,
            stages,
            limits,
            budget,
            merge: Merge {
                base: self.merge.base,
                strategy: self.merge.strategy,
                check: self.merge.check,
            },
            sandbox: self.sandbox.build(problems),
            worktree: WorktreePolicy {
                setup: self.worktree.setup,
                teardown: self.worktree.teardown,
                timeout: Millis::minutes(self.worktree.timeout_minutes),
                pool: self.worktree.pool,
            },
        }
    }
}

pub(super) fn named<T: TryFrom<String, Error = BadName>>(
    name: &str,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    // What to do about it is said already.
    let wrong = |error| Problem { hint: None, ..Problem::at(key, error, "") };
    T::try_from(name.to_owned()).map_err(|error| problems.push(wrong(error))).ok()
}

impl LimitsFile {
    fn build(&self, problems: &mut Vec<Problem>) -> Limits {
        if self.agents == 0 {
            let hint = "at least one agent has to work";
            problems.push(Problem::at("limits.agents", "0 is too few", hint));
        }
        let mut minutes = |name: &str, value: f64| {
            // A year is longer than anybody waits, and an f64 counts its milliseconds exactly.
            if !(value > 0.0 && value <= 525_600.0) {
                problems.push(Problem::at(
                    format!("limits.{name}_minutes"),
                    format!("{value} is no time"),
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
            problems.push(Problem::at(
                "limits.silent_minutes",
                "it must be larger than `quiet_minutes`",
                "an agent is flagged when quiet and ended when silent",
            ));
        }
        let parts = [("plan", self.plan_percent), ("context", self.context_percent)];
        for (name, percent) in parts.into_iter().filter(|(_, percent)| *percent > 100) {
            problems.push(Problem::at(
                format!("limits.{name}_percent"),
                format!("{percent} is too much"),
                "give a part of 100; 0 is never",
            ));
        }
        let quiet_hours = self.quiet_hours.as_ref().and_then(|hours| {
            let wrong = |error: BadHours| {
                problems.push(Problem::at(
                    "limits.quiet_hours",
                    error,
                    "write it like \"22:00-07:00 +01:00\": from, to, and how far the clock is \
                     ahead of UTC",
                ));
            };
            hours.parse().map_err(wrong).ok()
        });
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
            repeats: self.repeats,
            after_limit: self.after_limit,
            plan_percent: self.plan_percent,
            quiet_hours,
            free_mb: self.free_mb,
            context_percent: self.context_percent,
            keep_days: self.keep_days,
        }
    }
}

impl BudgetFile {
    fn build(&self, problems: &mut Vec<Problem>) -> Budget {
        let mut amount = |name: &str, tokens: u64, usd: f64| Amount {
            tokens,
            cost: money(&format!("budget.{name}_usd"), usd, problems),
        };
        let (run, task, day) = (
            amount("run", self.run_tokens, self.run_usd),
            amount("task", self.task_tokens, self.task_usd),
            amount("day", self.day_tokens, self.day_usd),
        );
        let project = Allowance {
            tokens: self.project_tokens,
            cost: self.project_usd.map(|usd| money("budget.project_usd", usd, problems)),
            runs: self.project_runs,
            time: self.project_minutes.map(Millis::minutes),
        };
        check_allowance("budget.project", project, run, problems);
        let more = Allowance {
            runs: self.day_runs,
            time: self.day_minutes.map(Millis::minutes),
            ..Allowance::default()
        };
        check_allowance("budget.day", more, run, problems);
        let budget = Budget {
            run,
            task,
            day,
            day_runs: more.runs,
            day_time: more.time,
            project,
            task_runs: self.task_runs,
            task_time: Millis::minutes(self.task_minutes),
        };
        if self.task_runs == 0 || self.run_tokens == 0 || self.task_minutes == 0 {
            problems.push(Problem::new(
                "budget.task_runs, budget.task_minutes and budget.run_tokens must be at least 1",
                "otherwise no agent could ever start",
            ));
        }
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

fn money(key: &str, usd: f64, problems: &mut Vec<Problem>) -> Micros {
    dollars(usd).unwrap_or_else(|| {
        let what = format!("{usd} is no amount of money");
        problems.push(Problem::at(key, what, "give dollars, 0 or more, like 2.50"));
        Micros(0)
    })
}

/// One run has to fit in, at least.
fn check_allowance(key: &str, allowed: Allowance, run: Amount, problems: &mut Vec<Problem>) {
    let Allowance { tokens, cost, runs, time } = allowed;
    let too_little = [
        ("tokens", tokens.is_some_and(|tokens| tokens < run.tokens)),
        ("usd", cost.is_some_and(|cost| cost < run.cost)),
        ("runs", runs == Some(0)),
        ("minutes", time == Some(Millis(0))),
    ];
    for (name, _) in too_little.into_iter().filter(|(_, is)| *is) {
        problems.push(Problem::at(
            format!("{key}_{name}"),
            "it is too little for one run",
            "otherwise no agent could ever start: raise it, or leave it out",
        ));
    }
}

pub(super) fn dollars(usd: f64) -> Option<Micros> {
    let micros = usd * 1_000_000.0;
    (micros.is_finite() && (0.0..=1e15).contains(&micros)).then(|| Micros(micros.round() as u64))
}

impl RoleFile {
    fn build(
        self,
        place: &str,
        tiers: &Tiers,
        run: Amount,
        problems: &mut Vec<Problem>,
    ) -> Option<Role> {
        let usd = format!("{place}.budget.day_usd");
        let day = Allowance {
            tokens: self.budget.day_tokens,
            cost: self.budget.day_usd.map(|it| money(&usd, it, problems)),
            runs: self.budget.day_runs,
            time: self.budget.day_minutes.map(Millis::minutes),
        };
        check_allowance(&format!("{place}.budget.day"), day, run, problems);
        if self.agents == 0 {
            problems.push(Problem::at(
                format!("{place}.agents"),
                "0 is too few",
                "a role without agents stops every stage that it works in",
            ));
        }
        let (provider, fallback, tier) = self.players(place, tiers, problems)?;
        let (unconfined, opened) =
            self.sandbox.map(|it| it.build(place, problems)).unwrap_or_default();
        let messages = format!("{place}.messages");
        let messages =
            self.messages.iter().filter_map(|role| named(role, &messages, problems)).collect();
        let expire = self.asks_expire.as_deref();
        Some(Role {
            provider,
            fallback,
            tier,
            agents: self.agents,
            tools: self.tools,
            session: self.session,
            unconfined,
            opened,
            messages,
            rules: build_all(self.rules, place, problems),
            asks_expire: expire
                .and_then(|text| duration(text, &format!("{place}.asks_expire"), problems)),
            day,
        })
    }
}

impl StageFile {
    fn build(self, problems: &mut Vec<Problem>) -> Option<Stage> {
        let place = format!("stages.{}", self.name);
        let key = |key: &str| format!("{place}.{key}");
        let name: StageName = named(&self.name, &key("name"), problems)?;
        let owner = self.owner(&place, problems)?;
        let work = self.work(&owner, &place, problems)?;
        let gates = self.gates.into_iter().zip(1_usize..);
        let gates = gates.filter_map(|(gate, n)| gate.build(&key(&format!("gates.{n}")), problems));
        let gates = gates.collect();
        let next = self.next.iter().filter_map(|next| named(next, &key("next"), problems));
        let next = next.collect();
        let is_none = [("visits", self.visits == 0), ("wip", self.wip == Some(0))];
        for (name, _) in is_none.into_iter().filter(|(_, is)| *is) {
            let hint = "leave the key out for the default";
            problems.push(Problem::at(key(name), "0 is too few", hint));
        }
        Some(Stage {
            name,
            owner,
            work,
            gates,
            next,
            back: self.back.as_deref().and_then(|back| named(back, &key("back"), problems)),
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
                problems.push(Problem::at(
                    format!("{place}.owner"),
                    "it is missing",
                    "name a role, or \"human\"",
                ));
                None
            }
        }
    }

    fn work(&self, owner: &Owner, place: &str, problems: &mut Vec<Problem>) -> Option<Work> {
        let workers: Vec<RoleName> = match (&self.roles, owner) {
            (Some(names), _) => {
                let key = format!("{place}.roles");
                names.iter().filter_map(|name| named(name, &key, problems)).collect()
            }
            (None, Owner::Role(role)) => vec![role.clone()],
            (None, Owner::Human | Owner::Nobody) => Vec::new(),
        };
        match self.mode {
            ModeFile::Queue => Some(Work::Queue),
            ModeFile::End => Some(Work::End),
            ModeFile::Sequence => Some(Work::Sequence(workers)),
            ModeFile::Parallel if workers.len() < 2 => {
                problems.push(Problem::at(
                    format!("{place}.roles"),
                    "two names or more are needed",
                    "who works alone does so with mode = \"sequence\"",
                ));
                None
            }
            ModeFile::Parallel => Some(Work::Parallel(workers)),
            ModeFile::BestOfN => {
                let n = self.candidates(workers.len(), place, problems);
                let judge = self.judge(place, problems);
                Some(Work::BestOfN { roles: workers, n: n?, judge: judge? })
            }
        }
    }

    /// How many try.
    fn candidates(&self, workers: usize, place: &str, problems: &mut Vec<Problem>) -> Option<u32> {
        let n = self.n.unwrap_or_else(|| u32::try_from(workers).unwrap_or(u32::MAX));
        let (key, what) = if workers == 0 {
            ("roles", "nobody works in it".to_owned())
        } else if !(2..=CANDIDATES_MAX).contains(&n) {
            ("n", format!("{n} is not from 2 to {CANDIDATES_MAX}"))
        } else if workers > n as usize {
            ("roles", format!("there are {workers} of them, and {n} tries"))
        } else {
            return Some(n);
        };
        let hint = "say in `n` how many try, and in `roles` who; docs/team.md has an example";
        problems.push(Problem::at(format!("{place}.{key}"), what, hint));
        None
    }

    /// Who chooses.
    fn judge(&self, place: &str, problems: &mut Vec<Problem>) -> Option<RoleName> {
        let key = format!("{place}.judge");
        if self.judge.is_none() {
            problems.push(Problem::at(&key, "it is missing", "name the role that chooses"));
        }
        named(self.judge.as_deref()?, &key, problems)
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
            (None, Some(role), None) => {
                named(&role, &format!("{place}.verdict"), problems).map(Gate::Verdict)
            }
            (None, None, Some(true)) => Some(Gate::Human),
            _ => {
                problems.push(Problem::at(
                    place,
                    "a gate is one of check, verdict and human",
                    "write { check = \"make test\" }, { verdict = \"tester\" } or { human = true }",
                ));
                None
            }
        }
    }
}
