//! `crew task`: what people want done.

use crew_core::TaskId;
use crew_server::wire::{
    Anchor, AnchorStanding, Card, Conflict, Criterion, EditTask, HandOver, MoveTask, NewAnchor,
    NewTask, Nothing, OldAnchor, Priority, PullCheckState, PullState, PullVerdict, PullView,
    Reached, Receipt, Run, Task as Wire, TaskAdded, Tasks,
};
use serde::Serialize;

use super::text_argument;
use super::{message, question};
use crate::args::{self, AfterLimit, Details, Task};
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Adds, shows or steers tasks.
pub(super) async fn run(context: &Context, command: Task) -> Result<Exit, CliError> {
    match command {
        Task::Add { title, details } => add(context, title, details).await,
        Task::List { stage, all } => list(context, stage, all).await,
        Task::Show { task } => show(context, task).await,
        Task::Edit { task, title, details } => edit(context, task, title, details).await,
        Task::Move { task, stage } => {
            let text = format!("{task} goes to {stage}");
            tell(context, task, "move", &MoveTask { to: stage }, &text).await
        }
        Task::Pause { task } => {
            tell(context, task, "pause", &Nothing {}, &format!("{task} is held back")).await
        }
        Task::Interrupt { task } => {
            let next = format!("say what to do instead: crew message {} \"…\"", task.0);
            let text = format!("{task} is interrupted; {next}");
            tell(context, task, "interrupt", &Nothing {}, &text).await
        }
        Task::Handover { task, to } => {
            let (provider, model) = match to.split_once('/') {
                Some((provider, model)) => (provider.to_owned(), Some(model.to_owned())),
                None => (to.clone(), None),
            };
            let body = HandOver { provider, model };
            tell(context, task, "handover", &body, &format!("{task} goes on with {to}")).await
        }
        Task::Model { task, model } => set_model(context, task, model).await,
        Task::Resume { task } => {
            tell(context, task, "resume", &Nothing {}, &format!("{task} goes on")).await
        }
        Task::Cancel { task } => {
            let text = format!("{task} is given up; what was made is kept: crew trash list");
            tell(context, task, "cancel", &Nothing {}, &text).await
        }
        Task::Pin { task, text } => {
            let body = NewAnchor { text: text_argument(text)? };
            tell(context, task, "pin", &body, &format!("it is pinned to {task}")).await
        }
        Task::Promote { task, anchor } => {
            let text = format!("anchor {anchor} is pinned to {task}");
            tell(context, task, "promote", &OldAnchor { anchor }, &text).await
        }
        Task::Unpin { task, anchor } => {
            let text = format!("{task} has no anchor {anchor} any more");
            tell(context, task, "unpin", &OldAnchor { anchor }, &text).await
        }
        Task::Ask(asked) => question::run(context, asked).await,
        Task::Unask { run } => question::unask(context, run).await,
        Task::Remark { task, text } => message::run(context, task, text).await,
    }
}

/// The agent ends its turn, and goes on in its conversation with another model of its provider.
async fn set_model(context: &Context, task: TaskId, model: String) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let known: crew_server::wire::Task = client.get(&format!("/api/tasks/{}", task.0)).await?;
    let run = known.runs.into_iter().rev().find(|run| !run.over).ok_or_else(|| {
        CliError::new(Exit::Refused, format!("nobody is at work on {task}"))
            .hint("the model of a provider is in team.toml")
    })?;
    let text = format!("{task} goes on with {model}");
    let body = HandOver { provider: run.provider, model: Some(model) };
    tell(context, task, "handover", &body, &text).await
}

async fn tell(
    context: &Context,
    task: TaskId,
    what: &str,
    body: &impl Serialize,
    text: &str,
) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let receipt: Receipt = client.post(&format!("/api/tasks/{}/{what}", task.0), body).await?;
    context.out.either(&receipt, text)?;
    Ok(Exit::Ok)
}

async fn add(context: &Context, title: String, details: Details) -> Result<Exit, CliError> {
    let Details { body, criteria, priority, labels, assignees, after, after_limit } = details;
    let body = body.map(text_argument).transpose()?.unwrap_or_default();
    let client = context.daemon().await?;
    let new = NewTask {
        project: context.project(&client).await?.id,
        title,
        body,
        criteria,
        priority: priority.map(Priority::from).unwrap_or_default(),
        labels: labels.into_iter().collect(),
        assignees: assignees.into_iter().collect(),
        depends_on: after.iter().map(|id| id.0).collect(),
        ask_after_limit: after_limit == Some(AfterLimit::Ask),
    };
    let added: TaskAdded = client.post("/api/tasks", &new).await?;
    let Card { id, title, stage, status, .. } = &added.task.card;
    let text = format!("#{id} {title} · {stage} · {}", text::status(&status.word, &status.text));
    context.out.either(&added, text)?;
    Ok(Exit::Ok)
}

async fn list(context: &Context, stage: Option<String>, all: bool) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project_if_any(&client).await?;
    let mut query = Vec::new();
    query.extend(project.map(|project| ("project", project.id.to_string())));
    query.extend(stage.map(|stage| ("stage", stage)));
    if !all {
        query.push(("open", "true".to_owned()));
    }
    let tasks: Tasks = client.get_with("/api/tasks", &query).await?;
    if context.out.json {
        context.out.document(&tasks)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = tasks.tasks.iter().map(row).collect();
    for line in text::table(&rows) {
        context.out.line(line)?;
    }
    if rows.is_empty() {
        context.out.line("no tasks")?;
    }
    Ok(Exit::Ok)
}

/// What a task does, and until when it cannot go on.
fn status(card: &Card) -> String {
    let until = card.status.until.map(|until| format!(" until {}", text::clock(until)));
    format!("{}{}", card.status.text, until.unwrap_or_default())
}

/// A task as one row.
pub(super) fn row(card: &Card) -> Vec<String> {
    vec![
        style(Style::Bold, &format!("#{}", card.id)),
        card.stage.clone(),
        text::status(&card.status.word, &text::cut(&status(card), 60)),
        text::cut(&card.title, 80),
    ]
}

async fn show(context: &Context, id: TaskId) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let task: Wire = client.get(&format!("/api/tasks/{}", id.0)).await?;
    if context.out.json {
        context.out.document(&task)?;
        return Ok(Exit::Ok);
    }
    for line in facts(&task).into_iter().chain(story(&task)) {
        context.out.line(line)?;
    }
    Ok(Exit::Ok)
}

fn facts(task: &Wire) -> Vec<String> {
    let card = &task.card;
    let mut lines = vec![
        style(Style::Bold, &format!("#{} {}", card.id, card.title)),
        format!("stage     {} ({})", card.stage, card.phase),
        format!("status    {}", text::status(&card.status.word, &status(card))),
        format!("priority  {}", word(card.priority)),
        format!("spent     {} in {} starts", text::usage(&card.spent), card.starts),
        format!("added     {}", text::date(card.added_at)),
    ];
    if !card.labels.is_empty() {
        lines.push(format!("labels    {}", card.labels.join(", ")));
    }
    if !card.assignees.is_empty() {
        lines.push(format!("whose     {}", card.assignees.join(", ")));
    }
    if !card.depends_on.is_empty() {
        let before: Vec<String> = card.depends_on.iter().map(|id| format!("#{id}")).collect();
        lines.push(format!("after     {}", before.join(", ")));
    }
    if card.ask_after_limit {
        lines.push("limits    it goes on after one only when you say so".to_owned());
    }
    if let Some(head) = &card.head {
        lines.push(format!("branch    {} at {head}", card.branch));
    }
    let disk = task.disk_bytes.filter(|bytes| *bytes > 0);
    lines.extend(disk.map(|bytes| format!("disk      {}", text::size(bytes))));
    lines.extend(card.pr.iter().map(|pr| format!("PR        {pr}")));
    lines.extend(card.issue_url.iter().map(|url| format!("issue     {url}")));
    lines.extend(card.pull.map(|number| {
        let url = card.pull_url.clone().unwrap_or_else(|| format!("#{number}"));
        format!("pull      {url}")
    }));
    lines.extend(card.pull_view.iter().map(pull_view));
    lines.extend(card.pull_trouble.iter().map(|why| format!("pull      {why}")));
    lines.extend(card.conflicts.iter().map(conflict));
    lines.extend(card.kept.iter().map(|why| format!("worktree  is still there: {why}")));
    lines.extend(card.live.iter().map(|live| format!("now       {live}")));
    lines
}

/// Another task that changes the same.
pub(super) fn conflict(conflict: &Conflict) -> String {
    let more = conflict.files_total.saturating_sub(conflict.files.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text =
        format!("conflict  #{} changes {}{more} too", conflict.task, conflict.files.join(", "));
    style(Style::Warn, &text)
}

/// Where an agent reached to, and what would open it.
fn reached(run: &Run) -> Vec<String> {
    let line = |reached: &Reached| {
        let what = if reached.writes { "to write" } else { "to read" };
        let hint = "was refused; `crew sandbox learn` says what would open it";
        let how = if reached.denied { hint } else { "is outside of its worktree" };
        format!("r{}  {} {what}: {how}", run.id, reached.path)
    };
    run.reached.iter().map(line).collect()
}

/// How a pull request, its checks and its reviews are: only counted, since their words are others'.
fn pull_view(view: &PullView) -> String {
    let PullView { state, on, checks, reviews } = view;
    let state = match state {
        PullState::Draft => "draft",
        PullState::Ready => "asks for reviews",
        PullState::Closed => "closed",
        PullState::Merged => "merged there",
    };
    let count = |which: fn(&PullCheckState) -> bool| {
        checks.iter().filter(|check| which(&check.state)).count()
    };
    let failed = count(|state| matches!(state, PullCheckState::Failed));
    let pending = count(|state| matches!(state, PullCheckState::Pending));
    let said = |which: fn(&PullVerdict) -> bool| {
        reviews.iter().filter(|review| which(&review.verdict)).count()
    };
    let approved = said(|verdict| matches!(verdict, PullVerdict::Approved));
    let wanted = said(|verdict| matches!(verdict, PullVerdict::ChangesRequested));
    let on = on.map_or_else(String::new, |task| format!(", on top of #{task}"));
    format!(
        "review    {state}{on}; {} checks, {failed} failed, {pending} pending; {approved} approve, \
         {wanted} request changes",
        checks.len()
    )
}

fn anchor(anchor: &Anchor) -> String {
    let Anchor { number, at: _, from, text, standing } = anchor;
    match standing {
        AnchorStanding::Pinned => format!("{number}. {text} ({from})"),
        AnchorStanding::Proposed => format!("{number}. {text} ({from} proposes it)"),
    }
}

fn story(task: &Wire) -> Vec<String> {
    let mut lines = Vec::new();
    if !task.body.trim().is_empty() {
        lines.extend([String::new(), task.body.trim_end().to_owned()]);
    }
    section(&mut lines, "done when", task.answers.iter().map(criterion));
    section(&mut lines, "not to be forgotten", task.anchors.iter().map(anchor));
    section(&mut lines, "runs", text::table(&runs(&task.runs)).into_iter());
    section(&mut lines, "verdicts", task.runs.iter().filter_map(verdict));
    let chosen = task.runs.iter().filter_map(|run| {
        let why = run.why.as_ref()?;
        let after =
            run.takes_over.map_or_else(String::new, |run| format!("; takes over from r{run}"));
        Some(format!("r{}  {}: {why}{after}", run.id, run.provider))
    });
    section(&mut lines, "why these providers", chosen);
    section(&mut lines, "conversations", task.runs.iter().flat_map(conversation));
    section(&mut lines, "reached for", task.runs.iter().flat_map(reached));
    let remarks = task.remarks.iter().map(|remark| {
        let to =
            remark.delivery.map(|it| format!(" ({})", message::in_words(it))).unwrap_or_default();
        let head = style(Style::Dim, &format!("{} {}{to}", text::date(remark.at), remark.from));
        let asked = remark.question.as_ref().map(|it| format!("  [{}]\n", it.text.trim_end()));
        format!("{head}{}  {}", asked.unwrap_or_default(), remark.text.trim_end())
    });
    section(&mut lines, "said", remarks);
    lines
}

/// How full the conversation of a run is, or was that it left behind.
fn conversation(run: &Run) -> Vec<String> {
    let id = run.id;
    let left = run.left_percent.map(|percent| {
        format!("r{id}  began a new one with a brief: the one before was {percent} % full")
    });
    let full = run.context_percent.map(|percent| format!("r{id}  {percent} % full"));
    left.into_iter().chain(full).collect()
}

/// A criterion, and what was said about it.
fn criterion(criterion: &Criterion) -> String {
    let (mark, how) = match criterion.met.as_deref() {
        Some("met") => ("✓", style(Style::Good, "met")),
        Some(_) => ("✗", style(Style::Bad, "not met")),
        None => ("·", style(Style::Dim, "not answered")),
    };
    let who = criterion.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
    let why = criterion.why.as_ref().map(|why| format!(": {}", why.trim_end())).unwrap_or_default();
    format!("{mark} {}  ({how}{who}{why})", criterion.text)
}

/// What was judged, and what the judgement stands on.
fn verdict(run: &Run) -> Option<String> {
    let response = run.response.as_ref()?;
    let verdict = response.verdict.as_ref()?;
    let at = run.judges.as_ref().map(|commit| format!(" on {commit}")).unwrap_or_default();
    let head = format!("r{} {}: {verdict}{at}", run.id, run.role);
    let evidence = response.evidence.iter().map(|it| format!("  - {}", it.trim_end()));
    Some([head].into_iter().chain(evidence).collect::<Vec<_>>().join("\n"))
}

fn section(lines: &mut Vec<String>, name: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.collect();
    if !entries.is_empty() {
        lines.extend([String::new(), style(Style::Bold, name)]);
        lines.extend(entries);
    }
}

fn runs(runs: &[Run]) -> Vec<Vec<String>> {
    let row = |run: &Run| {
        vec![
            format!("r{}", run.id),
            run.stage.clone(),
            run.role.clone(),
            run.purpose.clone(),
            run.provider.clone(),
            run.state.clone(),
            text::usage(&run.spent),
            text::cut(summary(run), 80),
        ]
    };
    runs.iter().map(row).collect()
}

fn summary(run: &Run) -> &str {
    let said = run.response.as_ref().map(|response| response.summary.as_str());
    said.or_else(|| run.trouble.as_ref().map(|it| it.message.as_str())).unwrap_or_default()
}

async fn edit(
    context: &Context,
    task: TaskId,
    title: Option<String>,
    details: Details,
) -> Result<Exit, CliError> {
    let Details { body, criteria, priority, labels, assignees, after, after_limit } = details;
    let change = EditTask {
        title,
        body: body.map(text_argument).transpose()?,
        criteria: (!criteria.is_empty()).then_some(criteria),
        priority: priority.map(Priority::from),
        labels: (!labels.is_empty()).then(|| labels.into_iter().collect()),
        assignees: (!assignees.is_empty()).then(|| assignees.into_iter().collect()),
        depends_on: (!after.is_empty()).then(|| after.iter().map(|id| id.0).collect()),
        ask_after_limit: after_limit.map(|after| after == AfterLimit::Ask),
    };
    let client = context.daemon().await?;
    let receipt: Receipt = client.patch(&format!("/api/tasks/{}", task.0), &change).await?;
    context.out.either(&receipt, format!("{task} is changed"))?;
    Ok(Exit::Ok)
}

impl From<args::Priority> for Priority {
    fn from(priority: args::Priority) -> Self {
        match priority {
            args::Priority::Urgent => Self::Urgent,
            args::Priority::High => Self::High,
            args::Priority::Normal => Self::Normal,
            args::Priority::Low => Self::Low,
        }
    }
}

fn word(priority: Priority) -> &'static str {
    match priority {
        Priority::Urgent => "urgent",
        Priority::High => "high",
        Priority::Normal => "normal",
        Priority::Low => "low",
    }
}
