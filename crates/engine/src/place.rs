//! Where a run works: its worktree, its branch, its directories.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use crew_core::project::Project;
use crew_core::run::{Purpose, Run};
use crew_core::task::Task;
use crew_core::team::SessionScope;
use crew_core::{ProjectId, RunId, TaskId, Token};
use crew_git::{CommitId, Git, Identity, Include, Repository, Worktree, Worktrees};
use crew_store::Home;

use crate::Handle;
use crate::site::Site;

/// Everything about a run that its performers need, as it was when they looked.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) project: Project,
    pub(crate) task: Task,
    pub(crate) run: Run,
    /// The numbers of those that a judge chooses among.
    pub(crate) candidates: Vec<u32>,
}

impl Place {
    pub(crate) fn of(handle: &Handle, id: RunId) -> anyhow::Result<Self> {
        handle
            .read(|state| {
                let run = state.runs.get(&id)?.clone();
                let task = state.tasks.get(&run.task)?.clone();
                let project = state.projects.get(&run.project)?.clone();
                let candidates = task.phase.candidates().iter();
                let candidates = candidates.filter_map(|id| Some(state.runs.get(id)?.slot));
                Some(Self { candidates: candidates.collect(), project, task, run })
            })
            .ok_or_else(|| anyhow!("BUG: {id} is not recorded"))
    }
}

/// The task of a run's worktree: `12` is the task's own, `12-1` a candidate's.
pub(crate) fn worktree_name(task: TaskId, slot: u32) -> String {
    if slot == 0 { task.0.to_string() } else { format!("{}-{slot}", task.0) }
}

/// The worktree of a run. Who answers a question aside has one of its own.
pub(crate) fn worktree_of(run: &Run) -> String {
    if run.is_aside() { format!("ask-{}", run.id.0) } else { worktree_name(run.task, run.slot) }
}

/// The branch of the worktree of a run.
pub(crate) fn branch_of(run: &Run) -> String {
    format!("crew/{}", worktree_of(run))
}

/// What the paths of a run's agent are seen from.
pub(crate) fn site(home: &Home, place: &Place) -> Site {
    let Place { project, run, .. } = place;
    let worktree = home.worktrees(project.id).join(worktree_of(run));
    Site::new(worktree, std::env::var_os("HOME").map(PathBuf::from))
}

/// The branch of a run's worktree. Candidates have branches of their own.
pub(crate) fn branch_name(task: TaskId, slot: u32) -> String {
    format!("crew/{}", worktree_name(task, slot))
}

/// Where what a run left is kept beside the branch.
pub(crate) fn snapshot_reference(run: &Run) -> String {
    format!("refs/crew/turns/{}/{}", run.task.0, run.id)
}

/// The conversation of a run. A role goes on with its own, on the same task or on all of its tasks;
/// who judges starts anew each time, so that nobody judges what it said before; who answers a question
/// has a copy.
pub(crate) fn session_file(home: &Home, project: &Project, run: &Run) -> PathBuf {
    let scope = project.team.roles.get(&run.role).map_or(SessionScope::Task, |role| role.session);
    let name = match (&run.purpose, scope) {
        (Purpose::Work | Purpose::Consult { .. }, SessionScope::Task) => {
            format!("{}-{}-{}.jsonl", run.task.0, run.role, run.slot)
        }
        (Purpose::Work | Purpose::Consult { .. }, SessionScope::Role) => {
            format!("{}-{}.jsonl", project.id, run.role)
        }
        (Purpose::Verdict | Purpose::Choose | Purpose::Answer { .. }, _) => {
            format!("{}.jsonl", run.id)
        }
    };
    home.sessions().join(name)
}

/// Marks every process of one start of an agent.
pub(crate) fn marker(home: &Home, run: RunId, token: Token) -> String {
    format!("{}#{run}.{token}", home.root().display())
}

/// Who commits for a role.
pub(crate) fn identity(role: &str) -> Identity {
    Identity::new(&format!("{role} (Crewhouse)"), &format!("{role}@crewhouse.invalid"))
}

/// The worktrees of each project, opened once. Opening is slow: only for threads that may block.
#[derive(Debug, Default)]
pub(crate) struct Repositories {
    open: Mutex<BTreeMap<ProjectId, Slot>>,
}

type Slot = Arc<Mutex<Option<Worktrees>>>;

impl Repositories {
    pub(crate) fn of(&self, home: &Home, project: &Project) -> anyhow::Result<Worktrees> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(open.entry(project.id).or_default());
        drop(open); // a project whose disk hangs holds up no other
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let pool_max = project.team.worktree.pool as usize;
        if let Some(worktrees) = &*slot {
            return Ok(worktrees.clone().with_pool_max(pool_max));
        }
        let repository = Repository::open_with(Path::new(&project.root), Git::default())?;
        let worktrees = Worktrees::new(&repository, &home.worktrees(project.id))?;
        let worktrees = worktrees.with_owner(&home.id()?);
        worktrees.sweep().context("sweeping what a crash left")?;
        *slot = Some(worktrees.clone());
        Ok(worktrees.with_pool_max(pool_max))
    }
}

/// The commit that a task's work starts from.
pub(crate) fn start_commit(
    worktrees: &Worktrees,
    project: &Project,
    task: &Task,
) -> anyhow::Result<CommitId> {
    let revision = match &task.head {
        Some(head) => head.0.clone(),
        None => format!("refs/heads/{}", project.team.merge.base),
    };
    let resolved = worktrees.repository().resolve(&revision);
    resolved.with_context(|| format!("finding {revision}, where the work starts"))
}

/// Hands out the worktree of a run that is aside: it begins where the work of the slot stands.
pub(crate) fn acquire_aside(
    worktrees: &Worktrees,
    Place { project, task, run, .. }: &Place,
) -> anyhow::Result<Worktree> {
    let repository = worktrees.repository();
    let tip = repository.branch_tip(&branch_name(task.id, run.slot))?;
    let head = task.head.as_ref().map(|head| repository.try_resolve(&head.0)).transpose()?;
    let start = match tip.or(head.flatten()) {
        Some(start) => start,
        None => repository.resolve(&format!("refs/heads/{}", project.team.merge.base))?,
    };
    let (name, branch) = (worktree_of(run), branch_of(run));
    Ok(worktrees.acquire(&name, &branch, &start, &Include::default())?.worktree)
}

/// Hands out the worktree of a run, or of a task with `slot` 0.
pub(crate) fn acquire(
    worktrees: &Worktrees,
    project: &Project,
    task: &Task,
    slot: u32,
) -> anyhow::Result<Worktree> {
    let start = start_commit(worktrees, project, task)?;
    let (name, branch) = (worktree_name(task.id, slot), branch_name(task.id, slot));
    Ok(worktrees.acquire(&name, &branch, &start, &Include::default())?.worktree)
}
