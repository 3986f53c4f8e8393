//! What waits for the human, with what unblocks most first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crew_core::ask::{Ask, Asker};
use crew_core::run::Run;
use crew_core::task::{Hold, Phase, Task};
use crew_core::{RunId, State, TaskId};

use crate::wire::{Approval, InboxItem, InboxKind};

/// Everything that waits, sorted: most unblocked, then by priority, then the oldest.
pub(crate) fn inbox(state: &State) -> Vec<InboxItem> {
    let asks = state.asks.values().filter(|ask| ask.is_open()).filter_map(|ask| asked(state, ask));
    let approvals = state.open_tasks().filter_map(|task| approval(state, task));
    let held = state.open_tasks().filter_map(|task| held(state, task));
    let mut items: Vec<InboxItem> = asks.chain(approvals).chain(held).collect();
    items.sort_by_key(|item| {
        let priority: crew_core::task::Priority = item.priority.into();
        (Reverse(item.unblocks), priority, item.since, item.task)
    });
    items
}

fn asked(state: &State, ask: &Ask) -> Option<InboxItem> {
    let task = state.tasks.get(&ask.task)?;
    let (kind, run) = match &ask.from {
        Asker::Agent { run, .. } | Asker::Call { run, .. } | Asker::Request { run } => {
            (InboxKind::Ask, Some(*run))
        }
        Asker::Sandbox { .. } => (InboxKind::Ask, None),
        Asker::Arbiter | Asker::Provider { .. } | Asker::Purse { .. } | Asker::Disk { .. } => {
            (InboxKind::Stuck, None)
        }
    };
    Some(InboxItem {
        ask: Some(ask.id.0),
        from: run.and_then(|run| role(state, run)).unwrap_or_else(|| "crewhouse".to_owned()),
        run: run.map(|run| run.0),
        text: ask.text.clone(),
        options: ask.options.clone(),
        advice: ask.takes_advice(task),
        about: ask
            .about
            .as_ref()
            .filter(|it| it.is_exact() && ask.from.agent().is_some())
            .map(ToString::to_string),
        expires: expires(state, ask),
        since: ask.asked_at.0,
        ..about(state, task, kind)
    })
}

fn approval(state: &State, task: &Task) -> Option<InboxItem> {
    let Approval { commit, to } = Approval::of(task)?;
    let text = format!("May {} go on to `{to}`?", task.id);
    Some(InboxItem { text, commit, ..about(state, task, InboxKind::Approval) })
}

/// What only the human can clear away, and nobody asks about.
fn held(state: &State, task: &Task) -> Option<InboxItem> {
    let text = match (&task.phase, task.hold) {
        (_, Hold::Limited) => {
            let waits = |run: &&Run| run.task == task.id && !run.is_aside() && run.state.is_idle();
            let names: BTreeSet<String> =
                state.live_runs().filter(waits).map(|run| format!("`{}`", run.provider)).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            format!("A limit was met ({names}), and it goes on when you let it: one agent tries.")
        }
        (Phase::Held { why, .. }, Hold::Free) => why.clone(),
        (_, Hold::Free | Hold::Paused | Hold::Interrupted) => return None,
    };
    Some(InboxItem { text, ..about(state, task, InboxKind::Held) })
}

fn about(state: &State, task: &Task, kind: InboxKind) -> InboxItem {
    InboxItem {
        kind,
        project: task.project.0,
        task: task.id.0,
        title: task.title.clone(),
        priority: task.priority.into(),
        stage: task.stage.to_string(),
        ask: None,
        from: "crewhouse".to_owned(),
        run: None,
        text: String::new(),
        options: Vec::new(),
        advice: false,
        about: None,
        expires: None,
        commit: None,
        since: task.entered_at.0,
        unblocks: unblocks(state, task.id),
    }
}

fn expires(state: &State, ask: &Ask) -> Option<u64> {
    let run = state.runs.get(&ask.from.agent()?)?;
    let role = state.projects.get(&run.project)?.team.roles.get(&run.role)?;
    Some((ask.asked_at + role.asks_expire?).0)
}

fn role(state: &State, run: RunId) -> Option<String> {
    state.runs.get(&run).map(|run| run.role.to_string())
}

/// The task, and every open task that waits for it, directly or not.
fn unblocks(state: &State, task: TaskId) -> u64 {
    let mut freed = BTreeSet::from([task]);
    loop {
        let before = freed.len();
        let next = state.open_tasks().filter(|task| !freed.is_disjoint(&task.depends_on));
        let next: Vec<TaskId> = next.map(|task| task.id).collect();
        freed.extend(next);
        if freed.len() == before {
            return before as u64;
        }
    }
}
