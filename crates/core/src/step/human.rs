//! What people want: tasks, answers, approvals, the emergency stop.

use std::collections::{BTreeMap, BTreeSet};

use super::{budget, consult, flow, gates, limit, space, tell, wall};
use crate::ask::{Ask, Asker, BEGIN, CANCEL, TRY_AGAIN};
use crate::event::TaskDraft;
use crate::github::{is_label, is_login};
use crate::judged::GateResult;
use crate::project::Project;
use crate::protocol::TITLE_CHARS_MAX;
use crate::run::{AfterStop, Run, RunEvent, RunState, Wait};
use crate::state::Draft;
use crate::task::{BY_HUMAN, CommitId, GateAt, Hold, Phase, Standing, Task};
use crate::team::Team;
use crate::{AskId, ProjectId, Refusal, RunId, StageName, TaskId};

/// Longest body, remark or answer, in characters.
const TEXT_CHARS_MAX: usize = 100_000;
/// Most acceptance criteria, labels, assignees and dependencies of a task.
const LIST_MAX: usize = 200;

pub(super) fn add_project(
    d: &mut Draft<'_>,
    name: &str,
    root: &str,
    team: &Team,
) -> Result<(), Refusal> {
    for id in d.project_ids() {
        if d.project(id)?.root == root {
            return Err(Refusal::ProjectKnown(root.to_owned()));
        }
    }
    d.change.meta.project.0 += 1;
    let project = Project {
        id: d.change.meta.project,
        name: name.to_owned(),
        root: root.to_owned(),
        team: team.clone(),
        team_refused: None,
        scanned_at: d.now,
        routines: BTreeMap::new(),
        messages: Vec::new(),
        remembered: Vec::new(),
        short: None,
        connected: None,
    };
    d.change.projects.insert(project.id, project);
    Ok(())
}

pub(super) fn check_text(what: &'static str, text: &str) -> Result<(), Refusal> {
    let len = text.chars().count();
    let max = TEXT_CHARS_MAX;
    if len > max { Err(Refusal::TooLong { what, len, max }) } else { Ok(()) }
}

fn check_draft(task: &TaskDraft) -> Result<(), Refusal> {
    let title = task.title.trim();
    if title.is_empty() || title.chars().count() > TITLE_CHARS_MAX || title.contains('\n') {
        return Err(Refusal::BadTitle);
    }
    check_text("the body", &task.body)?;
    for criterion in &task.criteria {
        check_text("a criterion", criterion)?;
    }
    if task.labels.iter().any(|label| !is_label(label)) {
        return Err(Refusal::BadLabel);
    }
    if task.assignees.iter().any(|login| !is_login(login)) {
        return Err(Refusal::BadAssignee);
    }
    let len = task.criteria.len().max(task.depends_on.len());
    let len = len.max(task.labels.len()).max(task.assignees.len());
    if len > LIST_MAX {
        return Err(Refusal::TooLong { what: "the list", len, max: LIST_MAX });
    }
    Ok(())
}

/// Adds a task to the first stage.
pub(super) fn add_task(
    d: &mut Draft<'_>,
    project: ProjectId,
    text: &TaskDraft,
) -> Result<TaskId, Refusal> {
    check_draft(text)?;
    let entry = d.project(project)?.team.entry().map(|stage| stage.name.clone());
    let entry = entry.ok_or(Refusal::NoProject(project))?;
    d.change.meta.task.0 += 1;
    let id = d.change.meta.task;
    check_dependencies(d, id, project, &text.depends_on)?;
    let task = Task {
        id,
        project,
        title: text.title.trim().to_owned(),
        body: text.body.clone(),
        criteria: text.criteria.clone(),
        priority: text.priority,
        labels: text.labels.clone(),
        assignees: text.assignees.clone(),
        depends_on: text.depends_on.clone(),
        ask_after_limit: text.ask_after_limit,
        added_at: d.now,
        stage: entry.clone(),
        entered_at: d.now,
        visits: BTreeMap::new(),
        setbacks: BTreeMap::new(),
        phase: Phase::Waiting,
        hold: Hold::Free,
        head: None,
        catch_up: false,
        refused: None,
        judged: Vec::new(),
        remarks: Vec::new(),
        remarked: 0,
        anchors: Vec::new(),
        anchored: 0,
        starts: 0,
        consults: 0,
        raised: 0,
        budget_ask: None,
        pr: None,
        kept: None,
        proposed_by: None,
        touched: BTreeMap::new(),
        link: None,
        pull: None,
    };
    d.change.tasks.insert(id, task);
    flow::enter(d, id, &entry).map(|()| id)
}

pub(super) fn edit_task(d: &mut Draft<'_>, id: TaskId, text: &TaskDraft) -> Result<(), Refusal> {
    check_draft(text)?;
    let project = open_task(d, id)?.project;
    check_dependencies(d, id, project, &text.depends_on)?;
    let TaskDraft {
        title,
        body,
        criteria,
        priority,
        labels,
        assignees,
        depends_on,
        ask_after_limit,
    } = text.clone();
    let task = d.task_mut(id)?;
    title.trim().clone_into(&mut task.title);
    task.body = body;
    task.criteria = criteria;
    task.priority = priority;
    task.labels = labels;
    task.assignees = assignees;
    task.depends_on = depends_on;
    task.ask_after_limit = ask_after_limit;
    Ok(())
}

/// The dependencies exist, are of the same project and form no circle.
fn check_dependencies(
    d: &Draft<'_>,
    id: TaskId,
    project: ProjectId,
    depends_on: &BTreeSet<TaskId>,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut queue: Vec<TaskId> = depends_on.iter().copied().collect();
    while let Some(next) = queue.pop() {
        if next == id {
            return Err(Refusal::Cycle(id));
        }
        let task = d.task(next)?;
        if task.project != project {
            return Err(Refusal::ForeignDependency(next));
        }
        if seen.insert(next) {
            queue.extend(&task.depends_on);
        }
    }
    Ok(())
}

pub(super) fn open_task<'a>(d: &'a mut Draft<'_>, id: TaskId) -> Result<&'a mut Task, Refusal> {
    match d.task(id)?.phase {
        Phase::Done { .. } => Err(Refusal::TaskOver { task: id, how: "done" }),
        Phase::Cancelled | Phase::Closing => Err(Refusal::TaskOver { task: id, how: "cancelled" }),
        _ => d.task_mut(id),
    }
}

/// Like [`open_task`], and no merge of it is under way.
fn movable_task<'a>(d: &'a mut Draft<'_>, id: TaskId) -> Result<&'a mut Task, Refusal> {
    match d.task(id)?.phase {
        Phase::Landing { .. } => Err(Refusal::Landing(id)),
        _ => open_task(d, id),
    }
}

/// Pins what must not be forgotten.
pub(super) fn pin(d: &mut Draft<'_>, id: TaskId, text: &str) -> Result<(), Refusal> {
    let now = d.now;
    open_task(d, id)?.pin(now, BY_HUMAN, text, Standing::Pinned).map(drop)
}

/// Says something to whoever works on a task. Agents that were interrupted for it go on with it.
pub(super) fn remark(d: &mut Draft<'_>, id: TaskId, from: &str, text: &str) -> Result<(), Refusal> {
    check_text("the remark", text)?;
    let now = d.now;
    let task = open_task(d, id)?;
    task.say(now, from, text);
    match task.hold {
        Hold::Interrupted => resume(d, id),
        Hold::Free | Hold::Paused | Hold::Limited => tell::all(d, id),
    }
}

pub(super) fn move_task(d: &mut Draft<'_>, id: TaskId, to: &StageName) -> Result<(), Refusal> {
    let project = movable_task(d, id)?.project;
    let team = &d.project(project)?.team;
    match team.stage(to) {
        None => return Err(Refusal::NoStage(to.clone())),
        Some(stage) if stage.is_end() => return Err(Refusal::EndByMergeOnly(id, to.clone())),
        Some(_) => {}
    }
    flow::withdraw(d, id)?;
    let task = d.task_mut(id)?;
    task.forget_passed();
    task.phase = Phase::Moving { to: to.clone() };
    Ok(())
}

pub(super) fn cancel(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    movable_task(d, id)?;
    flow::withdraw(d, id)?;
    d.task_mut(id)?.phase = Phase::Closing;
    Ok(())
}

/// Holds a task back. Its agents end their turns; their sessions, and what is in their worktrees, are
/// kept for when it goes on.
pub(super) fn pause(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let task = open_task(d, id)?;
    if task.hold == Hold::Paused {
        return Err(Refusal::Already("it is paused already"));
    }
    task.hold = Hold::Paused;
    hold_runs(d, id)
}

/// The same for a task with an agent at work, until the human says what it is to do instead.
pub(super) fn interrupt(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    if open_task(d, id)?.is_held() {
        return Err(Refusal::Already("it is held back already"));
    }
    let works = |run: &RunId| d.run(*run).is_ok_and(Run::is_at_work);
    if !d.runs_of(id).iter().any(works) {
        return Err(Refusal::NobodyAtWork(id));
    }
    d.task_mut(id)?.hold = Hold::Interrupted;
    hold_runs(d, id)
}

fn hold_runs(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    for run in d.runs_of(id) {
        match d.run(run)?.state {
            RunState::Preparing { .. }
            | RunState::Running { .. }
            | RunState::Waiting(Wait::Asks { .. }) => flow::interrupt(d, run, AfterStop::Pause)?,
            RunState::Queued { .. } | RunState::Waiting(Wait::Limit { .. }) => {
                d.move_run(run, RunEvent::Wait(Wait::Pause))?;
            }
            RunState::Waiting(Wait::Pause)
            | RunState::Stopping { .. }
            | RunState::Saving { .. }
            | RunState::Finished { .. } => {}
        }
    }
    Ok(())
}

pub(super) fn resume(d: &mut Draft<'_>, id: TaskId) -> Result<(), Refusal> {
    let task = open_task(d, id)?;
    if !task.is_held() {
        return Err(Refusal::Already("it is not paused"));
    }
    if std::mem::take(&mut task.hold) == Hold::Limited {
        limit::lift_of(d, id)?;
    }
    let not_before = d.now;
    for run in d.runs_of(id) {
        match &d.run(run)?.state {
            RunState::Waiting(Wait::Pause) => d.move_run(run, RunEvent::Requeue { not_before })?,
            RunState::Stopping { then: AfterStop::Pause, .. } => {
                d.move_run(run, RunEvent::Stop(AfterStop::Queue { not_before }))?;
            }
            RunState::Queued { .. }
            | RunState::Preparing { .. }
            | RunState::Running { .. }
            | RunState::Waiting(Wait::Asks { .. } | Wait::Limit { .. })
            | RunState::Stopping { .. }
            | RunState::Saving { .. }
            | RunState::Finished { .. } => {}
        }
    }
    Ok(())
}

/// The human answered something that no agent waits for.
pub(super) fn answered(d: &mut Draft<'_>, ask: &Ask, text: &str) -> Result<(), Refusal> {
    let at = d.now;
    match &ask.from {
        Asker::Agent { .. } | Asker::Call { .. } => Ok(()),
        Asker::Request { .. } => {
            d.task_mut(ask.task)?.remark(at, "human", text);
            consult::answered(d, ask.task)
        }
        Asker::Arbiter => answer_arbiter(d, ask.id, ask.task, text),
        Asker::Provider { provider } => limit::seen_to(d, ask, provider),
        Asker::Purse { purse } => {
            budget::fill(d, ask, purse);
            Ok(())
        }
        Asker::Disk { place } => space::seen_to(d, place),
        Asker::Sandbox { role } => wall::answered(d, ask, role, text),
    }
}

fn answer_arbiter(d: &mut Draft<'_>, ask: AskId, id: TaskId, text: &str) -> Result<(), Refusal> {
    if text == CANCEL {
        return cancel(d, id);
    }
    let now = d.now;
    let task = d.task_mut(id)?;
    if task.budget_ask == Some(ask) {
        task.budget_ask = None;
        task.raised += 1;
        return Ok(());
    }
    if text != TRY_AGAIN && text != BEGIN {
        task.remark(now, "human", text);
    }
    flow::retry(d, id)
}

fn approving(d: &Draft<'_>, id: TaskId) -> Result<GateAt, Refusal> {
    match &d.task(id)?.phase {
        Phase::Approving { gate } => Ok(gate.clone()),
        _ => Err(Refusal::NotApproving(id)),
    }
}

pub(super) fn approve(
    d: &mut Draft<'_>,
    id: TaskId,
    commit: Option<&CommitId>,
) -> Result<(), Refusal> {
    let gate = approving(d, id)?;
    if commit.is_some() && commit != gate.commit.as_ref() {
        return Err(Refusal::CommitChanged(id));
    }
    gates::next(d, id, &gate)
}

pub(super) fn reject(d: &mut Draft<'_>, id: TaskId, why: &str) -> Result<(), Refusal> {
    check_text("the reason", why)?;
    let gate = approving(d, id)?;
    gates::note(d, id, &gate, GateResult::Failed)?;
    flow::send_back(d, id, "human", why)
}

pub(super) fn stop_everything(d: &mut Draft<'_>) -> Result<(), Refusal> {
    if d.change.meta.stopped.is_some() {
        return Err(Refusal::Already("everything is stopped already"));
    }
    d.change.meta.stopped = Some(d.now);
    let not_before = d.now;
    let live: Vec<_> = d.live_runs().into_iter().map(|run| (run.id, run.state.clone())).collect();
    for (run, state) in live {
        let stopping = matches!(state, RunState::Stopping { .. });
        if state.holds_agent() && !stopping {
            flow::stop(d, run, AfterStop::Queue { not_before })?;
        }
    }
    Ok(())
}

pub(super) fn release(d: &mut Draft<'_>) -> Result<(), Refusal> {
    if d.change.meta.stopped.take().is_none() {
        return Err(Refusal::Already("nothing is stopped"));
    }
    Ok(())
}
