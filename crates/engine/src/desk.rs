//! The desks of agents: calls come in, answers go out.
//!
//! A call is put away only after the event that it became is durable, and that event carries the
//! call's key: seen twice is done once. What an agent only looks at is answered here.

use std::sync::Arc;

use crew_agent::desk::{Desk, Found, Glance, TAKEN_MAX, Wish, Words};
use crew_core::call::{Call, Reply};
use crew_core::status::status;
use crew_core::{Event, ProjectId, RunId, State, TaskId, Time, Token};
use serde_json::{Value, json};

use crate::crash::crash_point;
use crate::follow::submit_once;
use crate::knowledge;
use crate::perform::{Outside, blocking};

/// Open tasks that an agent is shown.
const TASKS_MAX: usize = 200;
/// Longest title that it is shown, in characters.
const TITLE_CHARS_MAX: usize = 200;

/// The desk of one start that is followed.
pub(crate) struct Clerk {
    outside: Arc<Outside>,
    run: RunId,
    token: Token,
    /// None: this start has no desk, or not any more.
    desk: Option<Desk>,
    glance: Glance,
    taken: usize,
}

impl Clerk {
    pub(crate) fn new(outside: &Arc<Outside>, run: RunId, token: Token) -> Self {
        let dir = outside.handle.home().run(run, token);
        let desk = Desk::of(&dir).unwrap_or_else(|error| {
            tracing::warn!("the desk of {run}.{token} is not served: {error}");
            None
        });
        let taken = desk.as_ref().and_then(|desk| desk.answered().ok()).unwrap_or(0);
        let glance = Glance::default();
        Self { outside: Arc::clone(outside), run, token, desk, glance, taken }
    }

    /// Where calls appear.
    pub(crate) fn watched(&self) -> Option<std::path::PathBuf> {
        self.desk.as_ref().map(Desk::calls)
    }

    /// What was seen and could not be done is looked at again.
    pub(crate) fn look_again(&mut self) {
        self.glance.forget();
    }

    /// Takes in the calls that wait. One that cannot be taken in now is found again.
    pub(crate) async fn attend(&mut self) -> anyhow::Result<()> {
        let Some(desk) = self.desk.as_ref() else { return Ok(()) };
        if !self.glance.is_new(&desk.calls()) {
            return Ok(());
        }
        let desk = desk.clone();
        let looking = desk.clone();
        let found = match blocking(move || Ok(looking.look()?)).await {
            Ok(found) => found,
            Err(error) => {
                // Who is given a desk can break it, and hurts nobody else.
                tracing::warn!("the desk of {}.{}: {error:#}", self.run, self.token);
                return Ok(());
            }
        };
        for call in found {
            if self.taken >= TAKEN_MAX {
                return self
                    .close("this run has called too often; nothing is taken any more")
                    .await;
            }
            self.take_in(&desk, call).await?;
        }
        Ok(())
    }

    /// Whoever breaks its desk is not answered, and nothing else of its run suffers: only what cannot
    /// be recorded is an error.
    async fn take_in(&mut self, desk: &Desk, Found { id, wish }: Found) -> anyhow::Result<()> {
        let Self { run, token, .. } = *self;
        let reply = match wish {
            Ok(Wish::Call(call)) => {
                self.record(&id, call).await?;
                None
            }
            Ok(Wish::Board) => Some(Reply::done(self.board())),
            Ok(Wish::Knowledge(Words { words })) => Some(self.knowledge(words).await?),
            Err(why) => {
                tracing::warn!("{run}.{token} made no call of {id}: {why}");
                Some(Reply::refused(self.outside.handle.screen().text(&why)))
            }
        };
        let desk = desk.clone();
        let put_away = blocking(move || {
            if let Some(reply) = reply {
                desk.answer(&id, &reply)?;
            }
            Ok(desk.put_away(&id)?)
        });
        match put_away.await {
            Ok(()) => self.taken += 1,
            Err(error) => tracing::warn!("the desk of {run}.{token}: {error:#}"),
        }
        Ok(())
    }

    /// What comes of it is an effect, so that it is told however often a daemon ends meanwhile.
    async fn record(&self, id: &str, call: Call) -> anyhow::Result<()> {
        let Self { run, token, .. } = *self;
        crash_point("after", "taking-a-call");
        let event = Event::Called { run, token, id: id.to_owned(), call: Box::new(call) };
        submit_once(&self.outside.handle, event, format!("call {run}.{token} {id}")).await
    }

    fn board(&self) -> String {
        let handle = &self.outside.handle;
        let now = handle.now();
        let board = handle.read(|state| {
            let run = state.runs.get(&self.run)?;
            Some(board(state, run.project, run.task, now))
        });
        handle.screen().value(board.unwrap_or_default()).to_string()
    }

    async fn knowledge(&self, words: String) -> anyhow::Result<Reply> {
        let (outside, run) = (Arc::clone(&self.outside), self.run);
        let found = blocking(move || Ok(knowledge::of(&outside.handle, run, &words))).await?;
        Ok(match found {
            Ok(found) => Reply::done(self.outside.handle.screen().value(found).to_string()),
            Err(why) => Reply::refused(why),
        })
    }

    /// Nothing is taken any more.
    pub(crate) async fn close(&mut self, why: &'static str) -> anyhow::Result<()> {
        let Some(desk) = self.desk.take() else { return Ok(()) };
        let closed = blocking(move || Ok(desk.close(why)?)).await;
        if let Err(error) = closed {
            tracing::warn!("the desk of {}.{} stays open: {error:#}", self.run, self.token);
        }
        Ok(())
    }
}

/// What an agent sees of the board: data, so that no title can be taken for anything else.
fn board(state: &State, project: ProjectId, own: TaskId, now: Time) -> Value {
    let title = |title: &str| title.chars().take(TITLE_CHARS_MAX).collect::<String>();
    let open = state.open_tasks().filter(|task| task.project == project);
    let tasks: Vec<Value> = open
        .take(TASKS_MAX)
        .map(|task| {
            json!({
                "task": task.id.to_string(),
                "title": title(&task.title),
                "stage": task.stage.to_string(),
                "status": status(state, task, now).to_string(),
            })
        })
        .collect();
    let own = state.tasks.get(&own).map(|task| {
        let criteria = (1..).zip(&task.criteria);
        let criteria = criteria.map(|(number, text)| json!({ "number": number, "text": text }));
        json!({
            "task": task.id.to_string(),
            "title": title(&task.title),
            "stage": task.stage.to_string(),
            "criteria": criteria.collect::<Vec<_>>(),
        })
    });
    json!({ "yours": own, "open": tasks })
}

/// Tells an agent what came of a call. One that is gone needs no answer.
pub(crate) async fn reply(
    outside: &Arc<Outside>,
    (run, token): (RunId, Token),
    call: &str,
    reply: &Reply,
) -> anyhow::Result<()> {
    let is_there = outside.handle.read(|state| {
        state.runs.get(&run).is_some_and(|row| row.token == token && row.state.holds_agent())
    });
    if !is_there {
        return Ok(());
    }
    let dir = outside.handle.home().run(run, token);
    let (call, reply) = (call.to_owned(), reply.clone());
    blocking(move || match Desk::of(&dir)? {
        Some(desk) => Ok(desk.answer(&call, &reply)?),
        None => Ok(()),
    })
    .await
}
