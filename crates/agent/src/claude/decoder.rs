//! From the lines of Claude Code to events: a state machine that performs nothing.
//!
//! The end of a turn (`result`) says how it went, and neither its `subtype` nor the exit code can
//! be believed: an API failure is a `success`, an interrupted run exits with 0. One process may
//! come to several results, so what it claims in the end is said by [`Decoder::finish`] only.

use crew_core::plan::PlanWindow;
use crew_core::{Millis, Time};
use serde_json::{Value, json};

use super::Opening;
use super::ask::{self, Requests};
use super::billing;
use super::notices::Notices;
use super::plan;
use super::trouble;
use super::usage::Meter;
use super::wire::{
    ApiRetry, BackgroundTask, Block, Content, Init, Line, Message, RateLimit, Request, Response,
    StreamEvent, TurnResult,
};
use crate::dialect::{Act, Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::keep::{OUTPUT_CHARS_MAX, noise, part, shorten, unknown, used};
use crate::payer::Objection;
use crate::tell::{INTERRUPT, Telling, Way, marked};
use crate::trouble::{Trouble, without_result};

/// A provider that did not accept who we are so often does not accept it the next time.
const AUTH_TRIES_MAX: u32 = 3;
/// The names of what we say; the shim writes each once.
const INITIALIZE: &str = "initialize";
const PROMPT: &str = "prompt";

/// Turns the lines of one process of Claude Code into events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What we say to it; `None` for whoever only listens.
    opening: Option<Opening>,
    /// Id and model, as they were last said.
    session: Option<(String, String)>,
    asks: Requests,
    meter: Meter,
    /// When the limit that was last met ends.
    limit_until: Option<Time>,
    /// What was said last of the plan.
    plan: Vec<PlanWindow>,
    /// What went wrong in this turn so far.
    brewing: Option<Trouble>,
    /// How the last turn ended, unless another has begun.
    ended: Option<Ended>,
    auth_tries: u32,
    has_agents_in_background: bool,
    notices: Notices,
    /// Whether the prompt was said.
    is_prompted: bool,
    has_spoken: bool,
    acts: Vec<Act>,
}

#[derive(Debug)]
enum Ended {
    /// With these words.
    Well(String),
    /// With this, which was said.
    Badly(Trouble),
}

impl Decoder {
    /// A decoder of a process from its first line on. With an opening, it says what is to be said.
    pub fn new(opening: Option<Opening>) -> Self {
        Self { opening, ..Self::default() }
    }

    /// The first line for its standard input. `system` is added to its instructions.
    pub fn first_input(system: &str) -> String {
        let request = json!({"subtype": "initialize", "appendSystemPrompt": system});
        json!({"type": "control_request", "request_id": INITIALIZE, "request": request}).to_string()
    }

    /// What a line says. Never fails: what is not understood is kept.
    pub fn line(&mut self, bytes: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        self.has_spoken = true;
        let Ok(line) = serde_json::from_str::<Line<'_>>(text) else {
            return vec![noise(text)];
        };
        let parent = part::<String>(line.parent_tool_use_id);
        let events = match &*line.kind {
            "system" => self.system(&line, text),
            "assistant" => self.assistant(&line, parent.as_ref()),
            "user" => self.user(&line),
            "stream_event" => self.stream_event(&line, parent.as_ref()),
            "rate_limit_event" => self.rate_limit(&line),
            "control_request" => self.request(&line),
            "control_response" => self.response(&line),
            "control_cancel_request" => self.withdrawn(&line),
            "result" => self.result(text),
            "tool_progress" => Some(vec![AgentEvent::Heartbeat]),
            _ => None,
        };
        let events = events.unwrap_or_else(|| vec![unknown(text)]);
        match parent {
            None => events,
            Some(call) => events.into_iter().map(|event| of_subagent(&call, event)).collect(),
        }
    }

    /// What the end of the process says: what was consumed and not reported, and the claim.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        let rest = self.meter.rest();
        let is_said = self.brewing.is_none() && matches!(self.ended, Some(Ended::Badly(_)));
        let last = match self.verdict(ending) {
            Verdict::Done => Some(AgentEvent::Done { text: self.last_words() }),
            Verdict::Failed { .. } | Verdict::Limited { .. } if is_said => None,
            Verdict::Failed { class, message } => Some(AgentEvent::Error { class, message }),
            Verdict::Limited { until, message } => Some(AgentEvent::Limit { until, message }),
            Verdict::Asked | Verdict::Cut => None,
        };
        used(rest).into_iter().chain(last).collect()
    }

    /// How the process ended, by what it said. Only where it said nothing does the exit code count.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        match (&self.brewing, &self.ended) {
            (Some(trouble), _) | (None, Some(Ended::Badly(trouble))) => trouble.verdict(),
            (None, Some(Ended::Well(_))) => Verdict::Done,
            (None, None) if !self.asks.is_empty() => Verdict::Asked,
            (None, None) => without_result(ending, self.has_spoken),
        }
    }

    /// What is to be done because of what was said so far.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// The line that brings it a human's answer; `None` when it does not wait for one.
    pub fn answer(&self, key: &str, text: &str) -> Option<String> {
        self.asks.answer(key, text)
    }

    /// How it is told something in the middle of its turn. What it cannot take in at once it keeps
    /// until it can; after the end of its input it takes in what came before.
    pub(crate) fn tell(&self, telling: &Telling) -> Way {
        match telling {
            _ if !self.is_prompted => Way::NotYet,
            Telling::Remark { text, .. } | Telling::Reminder { text, .. } => {
                Way::Line(prompt_line(text))
            }
            Telling::Interrupt => Way::Line(interrupt_line()),
        }
    }

    fn last_words(&self) -> String {
        match &self.ended {
            Some(Ended::Well(text)) => text.clone(),
            Some(Ended::Badly(_)) | None => String::new(),
        }
    }

    fn system(&mut self, line: &Line<'_>, text: &str) -> Option<Vec<AgentEvent>> {
        let subtype: String = part(line.subtype)?;
        match subtype.as_str() {
            "init" => self.init(serde_json::from_str(text).ok()?),
            "api_retry" => Some(vec![self.api_retry(&serde_json::from_str(text).ok()?)]),
            "background_tasks_changed" => {
                let tasks: Vec<BackgroundTask> = part(line.tasks)?;
                self.has_agents_in_background =
                    tasks.iter().any(|task| task.task_type != "local_bash");
                Some(Vec::new())
            }
            "compact_boundary" => Some(vec![AgentEvent::Compacted]),
            // A new version may have news of its own: that it lives is what all of them say.
            other => Some(self.notices.of(other, text).into_iter().collect()),
        }
    }

    /// A turn begins.
    fn init(&mut self, init: Init) -> Option<Vec<AgentEvent>> {
        self.ended = None;
        self.brewing = None;
        let agreed = self.opening.as_ref().map(|opening| opening.payer);
        let objection = agreed.zip(init.api_key_source.as_deref());
        let objection = objection.and_then(|(agreed, key)| billing::objection_to_key(agreed, key));
        let session = Some((init.session_id, init.model));
        let mut events = Vec::new();
        if session != self.session {
            self.session = session;
            let (id, model) = self.session.clone()?;
            events.push(AgentEvent::Session { id, model });
        }
        events.extend(objection.map(|objection| self.object(&objection)));
        Some(events)
    }

    fn api_retry(&mut self, retry: &ApiRetry) -> AgentEvent {
        let name = retry.error.as_deref().unwrap_or("unknown");
        let status = retry.error_status.map(|status| format!("{status} ")).unwrap_or_default();
        let message = format!("{status}{name}, attempt {} of {}", retry.attempt, retry.max_retries);
        if name == "authentication_failed" {
            self.auth_tries += 1;
            if self.auth_tries == AUTH_TRIES_MAX {
                let message = format!("{message}; hint: sign in to Claude Code again");
                return self.give_up(ErrorClass::Auth, message);
            }
        }
        let wait = Millis(retry.retry_delay_ms.max(0.0) as u64);
        AgentEvent::Retry { wait, message }
    }

    fn assistant(&mut self, line: &Line<'_>, parent: Option<&String>) -> Option<Vec<AgentEvent>> {
        let message: Message = part(line.message)?;
        if let Some(name) = part::<String>(line.error) {
            self.brewing = Some(trouble::named(&name, self.limit_until, &text_of(&message)));
            return Some(Vec::new());
        }
        if parent.is_none() {
            self.brewing = None;
            self.auth_tries = 0;
        }
        self.meter.message(parent, &message);
        Some(self.blocks(message.content))
    }

    fn user(&mut self, line: &Line<'_>) -> Option<Vec<AgentEvent>> {
        let message: Message = part(line.message)?;
        if part(line.is_replay) == Some(true) {
            let remark = marked(&text_of(&message)); // it repeats what it takes in
            return Some(remark.map(|remark| AgentEvent::TookIn { remark }).into_iter().collect());
        }
        let events = self.blocks(message.content).into_iter();
        // What was said *to* the agent is no answer of it.
        Some(events.filter(|event| matches!(event, AgentEvent::ToolResult { .. })).collect())
    }

    fn blocks(&mut self, content: Content) -> Vec<AgentEvent> {
        match content {
            Content::Blocks(blocks) => blocks.into_iter().map(|block| self.block(block)).collect(),
            Content::Other(Value::String(text)) => vec![AgentEvent::Text { text }],
            Content::Other(other) => vec![AgentEvent::Other(other)],
        }
    }

    fn block(&mut self, block: Value) -> AgentEvent {
        match serde_json::from_value(block.clone()) {
            Ok(Block::Text { text }) => AgentEvent::Text { text },
            Ok(Block::Thinking { thinking }) => AgentEvent::Thinking { text: thinking },
            Ok(Block::ToolUse { id, name, input }) => AgentEvent::ToolCall { id, name, input },
            Ok(Block::ToolResult { tool_use_id, content, is_error }) => {
                self.asks.settled(&tool_use_id);
                let output = shorten(&text_in(&content), OUTPUT_CHARS_MAX);
                AgentEvent::ToolResult { id: tool_use_id, ok: is_error != Some(true), output }
            }
            Err(_) => AgentEvent::Other(block),
        }
    }

    fn stream_event(
        &mut self,
        line: &Line<'_>,
        parent: Option<&String>,
    ) -> Option<Vec<AgentEvent>> {
        match part(line.event)? {
            StreamEvent::MessageStart { message } => self.meter.message(parent, &message),
            StreamEvent::MessageDelta { usage } => self.meter.grown(parent, usage),
            StreamEvent::ContentBlockDelta { delta } => {
                let text = delta.get("text").and_then(Value::as_str).map(str::to_owned);
                return Some(text.map(|text| AgentEvent::Partial { text }).into_iter().collect());
            }
            StreamEvent::Other => {}
        }
        Some(Vec::new())
    }

    fn rate_limit(&mut self, line: &Line<'_>) -> Option<Vec<AgentEvent>> {
        let limit: RateLimit = part(line.rate_limit_info)?;
        let plan = plan::of(&limit);
        let fresh = Some(plan).filter(|plan| !plan.is_empty() && *plan != self.plan);
        if let Some(plan) = &fresh {
            self.plan.clone_from(plan);
        }
        let said = fresh.map(|windows| AgentEvent::Plan { windows });
        match limit.status.as_str() {
            "allowed" | "allowed_warning" => {}
            // The result says whether that was the end.
            "rejected" => self.limit_until = limit.resets_at.map(plan::moment),
            _ if said.is_none() => return None, // not known: kept as it is
            _ => {}
        }
        Some(said.into_iter().collect())
    }

    fn request(&mut self, line: &Line<'_>) -> Option<Vec<AgentEvent>> {
        let id: String = part(line.request_id)?;
        let request: Request = part(line.request)?;
        if request.subtype != "can_use_tool" {
            self.say(&id, ask::refuse(&id));
            return None;
        }
        let asked = self.asks.add(id.clone(), request);
        if asked.is_none() {
            self.say(&id, ask::deny(&id));
        }
        asked.map(|event| vec![event])
    }

    fn withdrawn(&mut self, line: &Line<'_>) -> Option<Vec<AgentEvent>> {
        self.asks.withdraw(&part::<String>(line.request_id)?);
        Some(Vec::new())
    }

    /// An answer to us. The first says who pays, and only then is anything asked.
    fn response(&mut self, line: &Line<'_>) -> Option<Vec<AgentEvent>> {
        let response: Response = part(line.response)?;
        let Some(opening) = self.opening.clone().filter(|_| response.request_id == INITIALIZE)
        else {
            return Some(Vec::new());
        };
        if response.subtype != "success" {
            let words = response.error.unwrap_or_else(|| "it does not say why".to_owned());
            let message = format!("Claude Code did not start: {words}");
            return Some(vec![self.give_up(ErrorClass::Invalid, message)]);
        }
        let account = response.response.and_then(|initialized| initialized.account);
        if let Some(objection) = billing::objection(opening.payer, account.as_ref()) {
            return Some(vec![self.object(&objection)]);
        }
        self.is_prompted = true;
        self.say(PROMPT, prompt_line(&opening.prompt));
        Some(Vec::new())
    }

    fn object(&mut self, objection: &Objection) -> AgentEvent {
        self.give_up(objection.class(), billing::message(objection))
    }

    /// It is ended for a reason that it cannot remove.
    fn give_up(&mut self, class: ErrorClass, message: String) -> AgentEvent {
        self.brewing = None;
        self.ended = Some(Ended::Badly(Trouble::Failure { class, message: message.clone() }));
        self.act(Act::Stop);
        AgentEvent::Error { class, message }
    }

    /// The end of a turn.
    fn result(&mut self, text: &str) -> Option<Vec<AgentEvent>> {
        let result: TurnResult = serde_json::from_str(text).ok()?;
        let mut events: Vec<_> = used(self.meter.result(&result)).into_iter().collect();
        let context = self.meter.context(&result);
        events.extend(context.map(|(used, window)| AgentEvent::Context { used, window }));
        let brewing = self.brewing.take();
        if result.is_error {
            let trouble = trouble::of_result(&result, brewing, self.limit_until);
            events.push(trouble.event());
            self.ended = Some(Ended::Badly(trouble));
        } else {
            self.ended = Some(Ended::Well(result.result.unwrap_or_default()));
        }
        // With the end of its input it ends, once what it started is over. An agent of its own may
        // still have something to ask.
        if !self.has_agents_in_background {
            self.act(Act::CloseInput);
        }
        Some(events)
    }

    fn say(&mut self, id: &str, line: String) {
        self.act(Act::Input { id: id.to_owned(), line });
    }

    fn act(&mut self, act: Act) {
        if self.opening.is_some() {
            self.acts.push(act);
        }
    }
}

fn prompt_line(prompt: &str) -> String {
    let message = json!({"role": "user", "content": prompt});
    json!({"type": "user", "message": message, "parent_tool_use_id": null}).to_string()
}

fn interrupt_line() -> String {
    let request = json!({"subtype": "interrupt"});
    json!({"type": "control_request", "request_id": INTERRUPT, "request": request}).to_string()
}

/// What an agent was used for counts for whoever started it.
fn of_subagent(call: &str, event: AgentEvent) -> AgentEvent {
    match event {
        AgentEvent::Usage(_) | AgentEvent::Ask { .. } => event,
        event => AgentEvent::Subagent { call: call.to_owned(), event: Box::new(event) },
    }
}

fn text_of(message: &Message) -> String {
    match &message.content {
        Content::Blocks(blocks) => text_in(&Value::from(blocks.clone())),
        Content::Other(other) => text_in(other),
    }
}

/// The text of content that is a text, or blocks with texts.
fn text_in(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => content.to_string(),
    }
}
