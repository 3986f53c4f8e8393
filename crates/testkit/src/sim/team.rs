//! Teams: the default one made harder, and what people change in it while it works.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::task::Priority;
use crew_core::team::{
    self, Allowance, AskRule, Gate, Provider, ProviderKind, Routine, Rule, RuleAnswer, Stage, Team,
    Tier, Tiers, What, When, Work,
};
use crew_core::{Millis, ProviderName, RoleName, RoutineName};

use super::random::Random;

/// The default team, made harder: small budgets, other modes, more gates, a role without an agent.
pub(super) fn new(random: &mut Random) -> Box<Team> {
    let mut team = match team::parse(team::DEFAULT_TEAM) {
        Ok(team) => team,
        Err(problems) => unreachable!("BUG: the default team has {problems:?}"),
    };
    team.limits.run = Millis::minutes(20 + random.below(2) as u64 * 40);
    team.limits.plan_percent = if random.chance(50) { 90 } else { 0 };
    team.limits.agents = 1 + random.below(4) as u32;
    team.limits.consults = 1 + random.below(3) as u32;
    change_budget(&mut team, random);
    let visits = 1 + random.below(4) as u32;
    team.stages.iter_mut().for_each(|stage| stage.visits_max = visits);
    if let Ok(mail) = "mail".parse() {
        team.providers.insert(
            mail,
            Provider {
                kind: ProviderKind::Mailbox,
                agents: 8,
                config_dir: None,
                key: None,
                price: None,
            },
        );
    }
    if random.chance(30) {
        play_by_mail(&mut team);
    }
    if random.chance(60) {
        change_players(&mut team, random);
    }
    if random.chance(60) {
        change_rules(&mut team, random);
    }
    change_work(&mut team, random);
    if random.chance(50) {
        toggle(&mut team, "in-progress", check("make test"));
    }
    if random.chance(40) {
        toggle(&mut team, "needs-review", check("make lint"));
    }
    if random.chance(20)
        && let Ok(tester) = "tester".parse()
    {
        toggle(&mut team, "needs-review", Gate::Verdict(tester));
    }
    if random.chance(40) {
        toggle_verdict(&mut team);
    }
    if random.chance(25) {
        change_routines(&mut team, random);
    }
    Box::new(team)
}

/// A team after somebody has edited it.
pub(super) fn edited(team: &Team, random: &mut Random) -> Box<Team> {
    let mut team = team.clone();
    match random.below(12) {
        0 => {
            team.limits.agents = 1 + random.below(4) as u32;
            team.limits.retries = random.below(3) as u32;
            team.limits.consults = 1 + random.below(5) as u32;
        }
        1 => change_budget(&mut team, random),
        2 => {
            let wip = random.below(4) as u32;
            with_stage(&mut team, "in-progress", |stage| stage.wip = (wip > 0).then_some(wip));
        }
        3 => toggle(&mut team, "in-progress", check("make test")),
        4 => toggle(&mut team, "needs-review", check("make lint")),
        5 => toggle_verdict(&mut team),
        6 => change_work(&mut team, random),
        7 => rename(&mut team),
        8 => change_players(&mut team, random),
        9 => change_rules(&mut team, random),
        10 => change_routines(&mut team, random),
        _ => play_by_mail(&mut team),
    }
    Box::new(team)
}

/// What is looked at before the human is another thing.
pub(super) fn with_other_gates(team: &Team) -> Box<Team> {
    let mut team = team.clone();
    toggle(&mut team, "needs-review", check("make lint"));
    Box::new(team)
}

/// So small that what all at work might spend matters.
fn change_budget(team: &mut Team, random: &mut Random) {
    team.budget.run.tokens = 200 + 100 * random.below(3) as u64;
    team.budget.task.tokens = 500 + 300 * random.below(4) as u64;
    team.budget.day.tokens = 1_500 + 700 * random.below(4) as u64;
    team.budget.task_runs = 12 + random.below(30) as u32;
    team.budget.task_time = Millis::minutes(60 * (1 + random.below(24) as u64));
    team.budget.day_runs = random.chance(30).then(|| 5 + random.below(10) as u32);
    team.budget.day_time =
        random.chance(30).then(|| Millis::minutes(30 * (1 + random.below(8) as u64)));
    let cap = team.budget.run.tokens;
    for role in team.roles.values_mut() {
        role.day = if random.chance(20) { small_day(cap, random) } else { Allowance::default() };
    }
}

fn small_day(run_tokens: u64, random: &mut Random) -> Allowance {
    Allowance {
        tokens: random.chance(50).then(|| run_tokens + 300 * random.below(3) as u64),
        runs: random.chance(50).then(|| 2 + random.below(5) as u32),
        time: random.chance(50).then(|| Millis::minutes(20 * (1 + random.below(6) as u64))),
        cost: None,
    }
}

fn check(command: &str) -> Gate {
    let timeout = Millis::minutes(1);
    Gate::Check { name: command.into(), command: command.into(), timeout }
}

fn with_stage(team: &mut Team, name: &str, change: impl FnOnce(&mut Stage)) {
    if let Some(stage) = team.stages.iter_mut().find(|stage| stage.name.as_str() == name) {
        change(stage);
    }
}

/// Adds a gate in front of the others, or takes it away.
fn toggle(team: &mut Team, stage: &str, gate: Gate) {
    with_stage(team, stage, |stage| {
        let before = stage.gates.len();
        stage.gates.retain(|known| *known != gate);
        if stage.gates.len() == before {
            stage.gates.insert(0, gate);
        }
    });
}

fn toggle_verdict(team: &mut Team) {
    if let Ok(pm) = "pm".parse() {
        toggle(team, "in-progress", Gate::Verdict(pm));
    }
}

fn change_work(team: &mut Team, random: &mut Random) {
    let names = ["engineer", "architect", "tester"].map(str::parse);
    let [Ok(engineer), Ok(architect), Ok(tester)] = names else { return };
    let work = match random.below(6) {
        0..3 => Work::BestOfN { roles: vec![engineer, tester], n: 3, judge: architect },
        3 => Work::Parallel(vec![engineer, tester]),
        4 => Work::Sequence(vec![engineer.clone(), tester]),
        _ => Work::Sequence(vec![engineer]),
    };
    with_stage(team, "in-progress", |stage| stage.work = work);
}

/// Tasks come by themselves, or do so no more.
fn change_routines(team: &mut Team, random: &mut Random) {
    let names = ["look-around", "tidy-up"].map(str::parse::<RoutineName>);
    for name in names.into_iter().flatten() {
        if random.chance(40) {
            team.routines.remove(&name);
            continue;
        }
        let when = [When::Time, When::Idle, When::Trouble][random.below(3)];
        let every = Millis::minutes(5 + random.below(4) as u64 * 30);
        let routine = Routine { title: name.to_string(), body: String::new(), when, every };
        team.routines.insert(name, routine);
    }
}

/// Without what would never come to an end.
pub(super) fn at_rest(team: &Team) -> Box<Team> {
    Box::new(Team { routines: BTreeMap::new(), ..team.clone() })
}

/// The architect becomes a person, or an agent again.
fn play_by_mail(team: &mut Team) {
    let names = ("architect".parse(), "mail".parse(), "native".parse());
    let (Ok(architect), Ok(mail), Ok(native)) = names else { return };
    if let Some(role) = team.roles.get_mut(&architect) {
        role.provider = if role.provider == mail { native } else { mail };
    }
}

/// Every role has other rules about what is asked, and another time for it.
fn change_rules(team: &mut Team, random: &mut Random) {
    let command = |text: &str| What::Command(text.split(' ').map(str::to_owned).collect());
    let whats = [
        command("make"),
        command("git push"),
        What::Path("src/**".to_owned()),
        What::Path("docs/*".to_owned()),
    ];
    let answers = [RuleAnswer::Allow, RuleAnswer::Ask, RuleAnswer::Deny];
    for role in team.roles.values_mut() {
        let rule = |random: &mut Random| {
            let (what, answer) = (random.pick(&whats)?.clone(), *random.pick(&answers)?);
            Some(AskRule { answer, tool: None, what, why: None })
        };
        role.rules = (0..random.below(4)).filter_map(|_| rule(random)).collect();
        role.asks_expire = random
            .pick(&[None, Some(Millis::minutes(2)), Some(Millis::hours(2))])
            .copied()
            .flatten();
    }
}

/// Other providers step in for engineers and testers, or a tier plays them.
fn change_players(team: &mut Team, random: &mut Random) {
    let names = ["native", "second", "third"].map(str::parse::<ProviderName>);
    let [Ok(native), Ok(second), Ok(third)] = names else { return };
    let Some(provider) = team.providers.get(&native).cloned() else { return };
    for (name, agents) in [(&second, 1), (&third, 8)] {
        team.providers.insert(name.clone(), Provider { agents, ..provider.clone() });
    }
    team.tiers = Tiers {
        lists: BTreeMap::from([
            (Tier::Cheap, vec![second.clone(), native.clone()]),
            (Tier::Standard, vec![native.clone(), third.clone()]),
            (Tier::Expert, vec![third.clone(), second.clone()]),
        ]),
        rules: vec![Rule {
            tier: Tier::Expert,
            priority: BTreeSet::from([Priority::Urgent]),
            labels: BTreeSet::new(),
            words: BTreeSet::new(),
            criteria: 0,
            files: Vec::new(),
            sent_back: 0,
        }],
        escalate_after: random.below(3) as u32,
    };
    for name in ["engineer", "tester", "pm"].map(str::parse::<RoleName>).into_iter().flatten() {
        let Some(role) = team.roles.get_mut(&name) else { continue };
        (role.provider, role.fallback, role.tier) = match random.below(4) {
            0 => (second.clone(), vec![], Some(Tier::Cheap)),
            1 => (native.clone(), vec![], Some(Tier::Standard)),
            2 => (native.clone(), vec![second.clone(), third.clone()], None),
            _ => (native.clone(), vec![], None),
        };
    }
}

/// One stage gets another name: refused while a task needs it.
fn rename(team: &mut Team) {
    let (Ok(testing), Ok(qa)) = ("needs-testing".parse(), "qa".parse()) else { return };
    let (from, to) = if team.stage(&testing).is_some() { (testing, qa) } else { (qa, testing) };
    for stage in &mut team.stages {
        let names = std::iter::once(&mut stage.name).chain(&mut stage.next).chain(&mut stage.back);
        names.filter(|name| **name == from).for_each(|name| *name = to.clone());
    }
}
