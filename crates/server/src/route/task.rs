//! Tasks: what people want done, and what they decide about it.

use axum::Json;
use axum::extract::State;
use crew_core::note::Note;
use crew_core::run::Wish;
use crew_core::task::{CommitId, Priority};
use crew_core::{Event, ProjectId, ProviderName, Refusal, StageName, TaskDraft, TaskId};

use crate::app::{App, Shared, blocking};
use crate::error::ApiError;
use crate::extract::{Id, Params, Payload};
use crate::live;
use crate::wire::{
    Approve, Card, EditTask, HandOver, MoveTask, NewAnchor, NewRemark, NewTask, Nothing, OldAnchor,
    Push, Receipt, Reject, Remark, RemarkMade, Task, TaskAdded, TaskQuery, Tasks,
};

/// Tasks, as the board shows them.
#[utoipa::path(
    get,
    path = "/tasks",
    operation_id = "task_list",
    tag = "task",
    params(TaskQuery),
    responses((status = 200, body = Tasks))
)]
pub(super) async fn list(
    State(app): Shared,
    Params(query): Params<TaskQuery>,
) -> Result<Json<Tasks>, ApiError> {
    let now = app.handle.now();
    let home = app.handle.home().clone();
    let wanted = |task: &crew_core::task::Task| {
        query.project.is_none_or(|project| task.project.0 == project)
            && query.stage.as_ref().is_none_or(|stage| task.stage.as_str() == stage)
            && query.open.is_none_or(|open| task.is_over() != open)
    };
    let (mut tasks, spools) = app.handle.read(|state| {
        let tasks = state.tasks.values().filter(|task| wanted(task));
        let tasks = tasks.map(|task| Card::of(state, task, now)).collect();
        (Tasks { seq: state.meta.seq.0, now: now.0, tasks }, live::spools(state, &home))
    });
    blocking(move || {
        for spool in &spools {
            if let Some(card) = tasks.tasks.iter_mut().find(|card| card.id == spool.task) {
                card.live = spool.live().or_else(|| card.live.take());
            }
        }
        Ok(Json(tasks))
    })
    .await
}

fn task_of(app: &App, id: TaskId) -> Result<Task, ApiError> {
    let now = app.handle.now();
    app.handle.read(|state| {
        let task = state.tasks.get(&id).ok_or(Refusal::NoTask(id))?;
        Ok(Task::of(state, task, now))
    })
}

/// A task with its runs.
#[utoipa::path(
    get,
    path = "/tasks/{id}",
    operation_id = "task_show",
    tag = "task",
    params(("id" = u64, Path)),
    responses((status = 200, body = Task))
)]
pub(super) async fn show(State(app): Shared, Id(id): Id<TaskId>) -> Result<Json<Task>, ApiError> {
    let mut task = task_of(&app, id)?;
    let home = app.handle.home().clone();
    let mut spools = app.handle.read(|state| live::spools(state, &home));
    spools.retain(|spool| spool.task == id.0);
    let project = ProjectId(task.card.project);
    task.disk_bytes = app.disk_use().await.map(|disk| disk.of_task(project, id));
    blocking(move || {
        task.card.live = spools.iter().find_map(live::Spool::live);
        Ok(Json(task))
    })
    .await
}

/// Adds a task.
#[utoipa::path(
    post,
    path = "/tasks",
    operation_id = "task_add",
    tag = "task",
    request_body = NewTask,
    responses((status = 200, body = TaskAdded))
)]
pub(super) async fn add(
    State(app): Shared,
    Payload(new): Payload<NewTask>,
) -> Result<Json<TaskAdded>, ApiError> {
    let project = ProjectId(new.project);
    let (receipt, id) = submit(&app, project, new.draft(|id| Some(TaskId(id)))).await?;
    let task = task_of(&app, id)?;
    Ok(Json(TaskAdded { seq: receipt.seq, at: receipt.at, task }))
}

/// Hands a new task to the arbiter, and says its number.
pub(super) async fn submit(
    app: &App,
    project: ProjectId,
    draft: TaskDraft,
) -> Result<(Receipt, TaskId), ApiError> {
    let receipt = app.submit(Event::TaskAdded { project, draft }).await?;
    let notes = app.entry(&receipt).await?.notes;
    let added = notes.iter().find_map(|note| match note {
        Note::Stage { task, from: None, .. } => Some(*task),
        Note::Stage { .. }
        | Note::Phase { .. }
        | Note::Run { .. }
        | Note::Ask { .. }
        | Note::Project { .. } => None,
    });
    let id = added.ok_or_else(|| ApiError::broken("BUG: a task was added without a note"))?;
    Ok((receipt, id))
}

/// Changes what a task says.
#[utoipa::path(
    patch,
    path = "/tasks/{id}",
    operation_id = "task_edit",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = EditTask,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn edit(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(edit): Payload<EditTask>,
) -> Result<Json<Receipt>, ApiError> {
    let _turn = app.edits.lock().await;
    let draft = app.handle.read(|state| {
        let task = state.tasks.get(&task).ok_or(Refusal::NoTask(task))?;
        Ok::<_, ApiError>(edited(task, edit))
    })?;
    app.submit(Event::TaskEdited { task, draft }).await.map(Json)
}

fn edited(task: &crew_core::task::Task, edit: EditTask) -> TaskDraft {
    let depends_on = edit.depends_on.map(|ids| ids.into_iter().map(TaskId).collect());
    let now = TaskDraft::of(task);
    TaskDraft {
        title: edit.title.unwrap_or(now.title),
        body: edit.body.unwrap_or(now.body),
        criteria: edit.criteria.unwrap_or(now.criteria),
        priority: edit.priority.map_or(now.priority, Priority::from),
        labels: edit.labels.unwrap_or(now.labels),
        assignees: edit.assignees.unwrap_or(now.assignees),
        depends_on: depends_on.unwrap_or(now.depends_on),
        ask_after_limit: edit.ask_after_limit.unwrap_or(now.ask_after_limit),
    }
}

/// Puts a task into another stage.
#[utoipa::path(
    post,
    path = "/tasks/{id}/move",
    operation_id = "task_move_to",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = MoveTask,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn move_to(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(MoveTask { to }): Payload<MoveTask>,
) -> Result<Json<Receipt>, ApiError> {
    let to: StageName = to.parse().map_err(ApiError::invalid)?;
    app.submit(Event::TaskMoved { task, to }).await.map(Json)
}

/// Holds a task back.
#[utoipa::path(
    post,
    path = "/tasks/{id}/pause",
    operation_id = "task_pause",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn pause(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::TaskPaused { task }).await.map(Json)
}

/// Interrupts the agents of a task, to say something else to them: they end their turns, and go on with
/// what is said next.
#[utoipa::path(
    post,
    path = "/tasks/{id}/interrupt",
    operation_id = "task_interrupt",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn interrupt(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::TaskInterrupted { task }).await.map(Json)
}

/// Pins what must not be forgotten in the middle of the work.
#[utoipa::path(
    post,
    path = "/tasks/{id}/pin",
    operation_id = "task_pin",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = NewAnchor,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn pin(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(NewAnchor { text }): Payload<NewAnchor>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Pinned { task, text }).await.map(Json)
}

/// Pins what an agent proposed.
#[utoipa::path(
    post,
    path = "/tasks/{id}/promote",
    operation_id = "task_promote",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = OldAnchor,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn promote(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(OldAnchor { anchor }): Payload<OldAnchor>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Promoted { task, anchor }).await.map(Json)
}

/// Lets what is pinned be forgotten after all.
#[utoipa::path(
    post,
    path = "/tasks/{id}/unpin",
    operation_id = "task_unpin",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = OldAnchor,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn unpin(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(OldAnchor { anchor }): Payload<OldAnchor>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Unpinned { task, anchor }).await.map(Json)
}

/// Lets the work that is being done on a task go on with another provider, or another model of it.
#[utoipa::path(
    post,
    path = "/tasks/{id}/handover",
    operation_id = "task_hand_over",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = HandOver,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn hand_over(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(HandOver { provider, model }): Payload<HandOver>,
) -> Result<Json<Receipt>, ApiError> {
    let provider: ProviderName = provider.parse().map_err(ApiError::invalid)?;
    app.submit(Event::TaskHandedOver { task, to: Wish { provider, model } }).await.map(Json)
}

/// Lets a task go on.
#[utoipa::path(
    post,
    path = "/tasks/{id}/resume",
    operation_id = "task_resume",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn resume(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::TaskResumed { task }).await.map(Json)
}

/// Gives a task up.
#[utoipa::path(
    post,
    path = "/tasks/{id}/cancel",
    operation_id = "task_cancel",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Nothing,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn cancel(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Nothing {}): Payload<Nothing>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::TaskCancelled { task }).await.map(Json)
}

/// Says something about a task: to the agent that is at work on it, where it can hear that, and to
/// whoever works on it next.
#[utoipa::path(
    post,
    path = "/tasks/{id}/remark",
    operation_id = "task_remark",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = NewRemark,
    responses((status = 200, body = RemarkMade))
)]
pub(super) async fn remark(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(NewRemark { text }): Payload<NewRemark>,
) -> Result<Json<RemarkMade>, ApiError> {
    let Receipt { seq, at } =
        app.submit(Event::Remarked { task, from: "human".to_owned(), text }).await?;
    app.handle.read(|state| {
        let row = state.tasks.get(&task).ok_or(Refusal::NoTask(task))?;
        let made = row.remarks.iter().rev().find(|remark| remark.number > 0 && remark.at.0 <= at);
        let made =
            made.ok_or_else(|| ApiError::broken("BUG: a remark was made and is not there"))?;
        Ok(Json(RemarkMade { seq, at, remark: Remark::of(state, task, made) }))
    })
}

/// Says yes to what waits at a gate.
#[utoipa::path(
    post,
    path = "/tasks/{id}/approve",
    operation_id = "task_approve",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Approve,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn approve(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Approve { commit }): Payload<Approve>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Approved { task, commit: commit.map(CommitId) }).await.map(Json)
}

/// Sends back what waits at a gate.
#[utoipa::path(
    post,
    path = "/tasks/{id}/reject",
    operation_id = "task_reject",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Reject,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn reject(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Reject { why }): Payload<Reject>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::Rejected { task, why }).await.map(Json)
}

/// Lets GitHub show a task's work, whatever it changes: its branch is pushed, a pull request opened.
#[utoipa::path(
    post,
    path = "/tasks/{id}/push",
    operation_id = "task_push",
    tag = "task",
    params(("id" = u64, Path)),
    request_body = Push,
    responses((status = 200, body = Receipt))
)]
pub(super) async fn push(
    State(app): Shared,
    Id(task): Id<TaskId>,
    Payload(Push { commit }): Payload<Push>,
) -> Result<Json<Receipt>, ApiError> {
    app.submit(Event::PullAsked { task, commit: commit.map(CommitId) }).await.map(Json)
}
