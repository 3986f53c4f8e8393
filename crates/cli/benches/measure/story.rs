//! A team at work, as events: agents start, talk, finish; tasks move on until they have landed.

use anyhow::anyhow;
use crew_core::note::notes;
use crew_core::protocol::{Claim, Response};
use crew_core::run::{Run, RunState};
use crew_core::task::{CommitId, Phase};
use crew_core::{
    Effect, Event, ProjectId, Settled, State, TaskDraft, Time, Usage, Words, step, team,
};
use crew_store::{Commit, Entry};

/// How chatty a team is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Events before there is no new task any more.
    pub(crate) events: usize,
    /// Reports of usage in one run.
    pub(crate) reports: u64,
}

/// The present of a team at work, and what happens next.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) state: State,
    pace: Pace,
    told: usize,
}

impl Story {
    /// A team that nothing is known of yet.
    pub(crate) fn new(pace: Pace) -> Self {
        Self { state: State::default(), pace, told: 0 }
    }

    /// Goes on with a team that has one project.
    pub(crate) fn of(state: State, pace: Pace) -> Self {
        Self { state, pace, told: 0 }
    }

    /// What happens next, decided and applied; `None` when all tasks are done.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<(Event, Time, Commit)>> {
        let Some(event) = self.happens()? else { return Ok(None) };
        let now = Time(1_000_000 + 50 * self.told as u64);
        self.told += 1;
        let commit = commit_of(&mut self.state, &event, now)?;
        if let Some(reason) = &commit.entry.dropped {
            return Err(anyhow!("BUG: the story has an event that does nothing: {reason}"));
        }
        Ok(Some((event, now, commit)))
    }

    fn happens(&self) -> anyhow::Result<Option<Event>> {
        let state = &self.state;
        if state.projects.is_empty() {
            let team = team::parse(team::DEFAULT_TEAM).map_err(|wrong| anyhow!("{wrong:?}"))?;
            let (name, root) = ("project".to_owned(), "project".to_owned());
            return Ok(Some(Event::ProjectAdded { name, root, team: Box::new(team) }));
        }
        if let Some((id, effect)) = state.outbox.iter().next() {
            return Ok(Some(Event::Settled { effect: *id, result: performed(effect, id.0) }));
        }
        let at_work = |run: &&Run| matches!(run.state, RunState::Running { .. });
        if let Some(run) = state.live_runs().find(at_work) {
            return Ok(Some(self.says(run)));
        }
        for task in state.open_tasks() {
            if let Phase::Approving { gate } = &task.phase {
                let commit = gate.commit.clone();
                return Ok(Some(Event::Approved { task: task.id, commit }));
            }
        }
        Ok((self.told < self.pace.events).then(|| new_task(state)))
    }

    /// An agent says who it is, uses a few tokens, responds, and exits.
    fn says(&self, run: &Run) -> Event {
        let usage = Usage { input_tokens: 300, output_tokens: 20, ..Usage::default() };
        let reports = self.pace.reports;
        let words = match run.read_to {
            0 => Words::Session { id: format!("session-{}", run.id) },
            said if said <= reports => Words::Used(usage),
            said if said == reports + 1 => {
                Words::Responds { response: Some(done()), text: "DONE: as asked".into() }
            }
            _ => return Event::Exited { run: run.id, token: run.token, how: "exit code 0".into() },
        };
        Event::Said { run: run.id, token: run.token, offset: run.read_to + 1, words }
    }
}

/// The arbiter's own way: decide, and what is to be recorded.
pub(crate) fn commit_of(state: &mut State, event: &Event, now: Time) -> anyhow::Result<Commit> {
    let step = step(state, event, now)?;
    let seq = step.change.meta.seq;
    let notes = notes(state, &step.change);
    let entry = Entry { seq, at: now, body: event.clone(), notes, dropped: step.dropped };
    state.apply(step.change.clone());
    Ok(Commit { entry, change: step.change, key: None })
}

fn new_task(state: &State) -> Event {
    let title = format!("Task {}", state.meta.task.0 + 1);
    let body = "What it is about, in a few sentences that somebody wrote. ".repeat(4);
    let draft =
        TaskDraft { title, body, criteria: vec!["it works".into()], ..TaskDraft::default() };
    Event::TaskAdded { project: ProjectId(1), draft }
}

fn performed(effect: &Effect, number: u64) -> Settled {
    let commit = || CommitId(format!("{number:040x}"));
    match effect {
        Effect::Start { .. } => Settled::Started { head: commit() },
        Effect::Stop { .. } | Effect::Interrupt { .. } => Settled::Stopped,
        Effect::Send { .. }
        | Effect::Tell { .. }
        | Effect::Remind { .. }
        | Effect::Reply { .. } => Settled::Sent,
        Effect::Save { .. } => Settled::Saved { head: commit() },
        Effect::Combine { .. } => Settled::Combined { head: commit() },
        Effect::Check { .. } => Settled::Checked { passed: true, output: String::new() },
        Effect::Merge { .. } => Settled::Merged { commit: commit() },
        Effect::Release { .. } => Settled::Released,
        Effect::Publish { .. } => Settled::NotPublished { why: String::new() },
        Effect::Pull { .. } => Settled::NotPulled { why: String::new() },
    }
}

fn done() -> Response {
    Response::new(Claim::Done, "As asked; all tests pass.")
}
