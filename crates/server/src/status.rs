//! Projects, agents at work, limits and spending, computed when it is asked for.

use crew_agent::sandbox::{Support, support};
use crew_core::conflict::conflicts;
use crew_core::project::Project;
use crew_core::run::{Run, RunState};
use crew_core::task::Task;
use crew_core::team::{SandboxMode, Team};
use crew_core::{LimitEnd, ProjectId, ProviderName, State, Time, status as task_status};

use crate::wire::{
    AgentAtWork, Amount, Counts, Limit, LimitEnds, Overlap, Plan, PlanWindow, Status,
    StatusOfProject, TaskStatus,
};

/// Files that are named where several are the same.
const FILES_MAX: usize = 5;

/// Everything but what agents are just doing, which only their output says.
pub(crate) fn of(state: &State, now: Time, hour: Amount) -> Status {
    let projects: Vec<StatusOfProject> =
        state.projects.values().map(|project| of_project(state, project, now)).collect();
    let today = projects.iter().fold(Amount::default(), |sum, project| Amount {
        tokens: sum.tokens.saturating_add(project.today.tokens),
        cost_micros: sum.cost_micros.saturating_add(project.today.cost_micros),
    });
    let queued =
        state.live_runs().filter(|run| matches!(run.state, RunState::Queued { .. })).count();
    let at_work = state.live_runs().filter(|run| run.state.holds_agent());
    Status {
        seq: state.meta.seq.0,
        now: now.0,
        stopped: state.meta.stopped.map(|at| at.0),
        agents: at_work.map(of_agent).collect(),
        limits: limits(state, now),
        plans: plans(state, now),
        inbox: crate::inbox::inbox(state).len() as u64,
        projects,
        today,
        hour,
        queued: queued as u64,
    }
}

/// All providers of all projects.
fn providers(state: &State) -> impl Iterator<Item = (ProjectId, &Team, &ProviderName)> {
    state.projects.values().flat_map(|project| {
        let names = project.team.providers.keys();
        names.map(move |provider| (project.id, &project.team, provider))
    })
}

/// What an account says of its plan is shown with each provider that it is behind.
fn plans(state: &State, now: Time) -> Vec<Plan> {
    if state.plans.is_empty() {
        return Vec::new();
    }
    let planned = providers(state).filter_map(|(project, team, provider)| {
        let plan = state.plans.get(&team.account(project, provider))?;
        let windows = plan.windows.iter().filter(|window| window.holds(now));
        let windows: Vec<PlanWindow> = windows
            .map(|window| PlanWindow {
                name: window.name.clone(),
                percent: window.percent,
                resets: window.resets.map(|at| at.0),
            })
            .collect();
        let (project, provider) = (project.0, provider.to_string());
        (!windows.is_empty()).then_some(Plan { project, provider, windows })
    });
    planned.collect()
}

/// What an account does not serve is shown with each provider that it is behind.
fn limits(state: &State, now: Time) -> Vec<Limit> {
    if state.limits.is_empty() {
        return Vec::new();
    }
    let limited = providers(state).filter_map(|(project, _, provider)| {
        let window = state.limit(project, provider)?;
        Some(Limit {
            project: project.0,
            provider: provider.to_string(),
            until: window.until.0,
            ends: match window.ends {
                LimitEnd::Human { .. } => LimitEnds::Human,
                LimitEnd::Time if window.probe.is_some() || window.until <= now => LimitEnds::Probe,
                LimitEnd::Time => LimitEnds::Time,
            },
            message: window.message.clone(),
        })
    });
    limited.collect()
}

fn of_project(state: &State, project: &Project, now: Time) -> StatusOfProject {
    let mut tasks = Counts::new();
    for task in state.tasks.values().filter(|task| task.project == project.id) {
        let status = TaskStatus::from(task_status::status(state, task, now));
        *tasks.entry(status.word).or_default() += 1;
    }
    StatusOfProject {
        id: project.id.0,
        name: project.name.clone(),
        root: project.root.clone(),
        team_refused: project.team_refused.clone(),
        mail_set_aside: 0, // counted where files may be read
        unconfined: unconfined(&project.team),
        tasks,
        overlaps: overlaps(state, project),
        disk_bytes: None, // measured beside
        today: state.spent_today(project.id, now).into(),
    }
}

fn overlaps(state: &State, project: &Project) -> Vec<Overlap> {
    let mine = state.open_tasks().filter(|task| task.project == project.id);
    let of = |task: &Task| {
        let first = task.id;
        let newer =
            conflicts(state.open_tasks(), task).into_iter().filter(move |(id, _)| *id > first);
        newer.map(move |(second, files)| Overlap {
            first: first.0,
            second: second.0,
            files_total: files.len() as u64,
            files: files.into_iter().take(FILES_MAX).collect(),
        })
    };
    mine.flat_map(of).collect()
}

fn unconfined(team: &Team) -> Option<String> {
    if team.sandbox.mode == SandboxMode::Off {
        return Some(
            "agents may touch what you may touch: team.toml turns the sandbox off".to_owned(),
        );
    }
    match support() {
        Support::Nothing { why } => Some(format!("agents may touch what you may touch: {why}")),
        weak @ Support::Partly { .. } if weak.is_weak() => {
            Some("the sandbox of agents has gaps on this machine: crew doctor".to_owned())
        }
        Support::Partly { .. } | Support::Full => {
            let out = team.roles.iter().filter(|(_, role)| role.unconfined);
            let out: Vec<&str> = out.map(|(name, _)| name.as_str()).collect();
            let is_anybody = !out.is_empty();
            is_anybody.then(|| format!("without a sandbox by team.toml: {}", out.join(", ")))
        }
    }
}

fn of_agent(run: &Run) -> AgentAtWork {
    let quiet = match run.state {
        RunState::Running { quiet, .. } => quiet,
        _ => None,
    };
    let wire = crate::wire::Run::from(run);
    AgentAtWork {
        run: wire.id,
        project: wire.project,
        task: wire.task,
        role: wire.role,
        provider: wire.provider,
        stage: wire.stage,
        state: wire.state,
        since: wire.since,
        quiet_since: quiet.map(|at| at.0),
        spent: wire.spent,
        live: None,
    }
}
