//! From the lines of Codex to events: a state machine that performs nothing.
//!
//! The same decoder reads `app-server` and what `codex exec --json` was recorded to print, and talks
//! to the first only. A process may have several conversations, as an agent that Codex starts has one
//! of its own: the first is ours. What is said in the others is said by a subagent.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::Millis;
use serde_json::json;
use serde_json::value::RawValue;

use super::approvals::{Requests, Ruling, Wish, ruled};
use super::items::{Items, words};
use super::trouble::{self, Windows};
use super::usage::Meter;
use super::wire::{
    AccountRead, Change, ExecLine, Item, Opened, Params, RateLimits, TokenUsage, Tokens, Turn,
    TurnError,
};
use super::{Opening, billing};
use crate::dialect::{Act, Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::keep::{noise, part, unknown, used};
use crate::rpc::{self, Failure, Id, METHOD_NOT_FOUND, Message};
use crate::tell::{Telling, Way, remark_of};
use crate::trouble::{Trouble, without_result};

/// A provider that did not accept who we are so often does not accept it the next time.
const AUTH_TRIES_MAX: u32 = 3;
/// Codex itself gives up before, but for a network that is not there.
const TRIES_MAX: u32 = 8;
/// Calls that are remembered: what they change, and whom they started.
const CALLS_MAX: usize = 256;
/// The names of what we say; the shim writes each once.
const INITIALIZE: &str = "initialize";
const INITIALIZED: &str = "initialized";
const ACCOUNT: &str = "account";
const ACCOUNT_ASKED_AGAIN: &str = "account-again";
const START: &str = "start";
const RESUME: &str = "resume";
const PROMPT: &str = "prompt";

/// Turns the lines of one process of Codex into events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What we say to it; `None` for whoever only listens.
    opening: Option<Opening>,
    /// Our conversation and its model, as they were last said.
    session: Option<(String, String)>,
    /// The calls that other conversations were started by.
    started_by: BTreeMap<String, String>,
    /// Our turn that is not over.
    turn: Option<String>,
    /// Conversations with a turn that is not over.
    at_work: BTreeSet<String>,
    items: Items,
    /// What open calls want to change.
    changes: BTreeMap<String, Vec<Change>>,
    requests: Requests,
    meter: Meter,
    /// How full the context of our conversation is, and how large.
    context: Option<(u64, u64)>,
    windows: Windows,
    /// The last words of the answer.
    words: String,
    /// What went wrong and may be the reason for the end of the turn.
    brewing: Option<Trouble>,
    /// How our last turn ended, unless another has begun.
    ended: Option<Ended>,
    tries: u32,
    has_spoken: bool,
    acts: Vec<Act>,
}

#[derive(Debug)]
enum Ended {
    Well,
    /// With this, which was said.
    Badly(Trouble),
}

impl Decoder {
    /// A decoder of a process from its first line on. With an opening, it says what is to be said.
    pub fn new(opening: Option<Opening>) -> Self {
        Self { opening, ..Self::default() }
    }

    /// The first line for its standard input.
    pub fn first_input() -> String {
        let client = json!({
            "name": "crewhouse", "title": "Crewhouse", "version": env!("CARGO_PKG_VERSION"),
        });
        rpc::request(INITIALIZE, INITIALIZE, &json!({"clientInfo": client}))
    }

    /// What a line says. Never fails: what is not understood is kept.
    pub fn line(&mut self, bytes: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        self.has_spoken = true;
        let events = match rpc::read(text) {
            Some(Message::Notification { method, params }) => self.notified(&method, params),
            Some(Message::Request { id, method, params }) => self.asked(&id, &method, params),
            Some(Message::Response { id, outcome }) => self.answered(&id, outcome),
            None => match serde_json::from_str::<ExecLine<'_>>(text) {
                Ok(line) => self.printed(&line),
                Err(_) => return vec![noise(text)],
            },
        };
        events.unwrap_or_else(|| vec![unknown(text)])
    }

    /// What the end of the process says: the claim.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        let is_said = self.brewing.is_none() && matches!(self.ended, Some(Ended::Badly(_)));
        let last = match self.verdict(ending) {
            Verdict::Done => Some(AgentEvent::Done { text: self.words.clone() }),
            Verdict::Failed { .. } | Verdict::Limited { .. } if is_said => None,
            Verdict::Failed { class, message } => Some(AgentEvent::Error { class, message }),
            Verdict::Limited { until, message } => Some(AgentEvent::Limit { until, message }),
            Verdict::Asked | Verdict::Cut => None,
        };
        last.into_iter().collect()
    }

    /// How the process ended, by what it said. Only where it said nothing does the exit code count.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        match (&self.brewing, &self.ended) {
            (Some(trouble), _) | (None, Some(Ended::Badly(trouble))) => trouble.verdict(),
            (None, Some(Ended::Well)) => Verdict::Done,
            (None, None) if !self.requests.is_empty() => Verdict::Asked,
            (None, None) => without_result(ending, self.has_spoken),
        }
    }

    /// What is to be done because of what was said so far.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// How it is told something in the middle of its turn.
    pub(crate) fn tell(&self, telling: &Telling) -> Way {
        let (Some((thread, _)), Some(turn)) = (&self.session, &self.turn) else {
            return if self.ended.is_some() { Way::None } else { Way::NotYet };
        };
        Way::Line(match telling {
            Telling::Remark { text, .. } | Telling::Reminder { text, .. } => {
                let input = json!([{"type": "text", "text": text}]);
                let params = json!({"threadId": thread, "expectedTurnId": turn, "input": input});
                rpc::request(&telling.id(), "turn/steer", &params)
            }
            Telling::Interrupt => {
                let params = json!({"threadId": thread, "turnId": turn});
                rpc::request(&telling.id(), "turn/interrupt", &params)
            }
        })
    }

    /// The line that brings it a human's answer; `None` when it does not wait for one.
    pub fn answer(&self, key: &str, text: &str) -> Option<String> {
        self.requests.answer(key, text)
    }
}

/// What it says by itself.
impl Decoder {
    fn notified(&mut self, method: &str, raw: Option<&RawValue>) -> Option<Vec<AgentEvent>> {
        let params: Params<'_> = part(raw)?;
        let thread = params.thread_id.clone().unwrap_or_default();
        let events = match method {
            "item/started" => self.started(&thread, part(params.item)?),
            "item/completed" => self.completed(&thread, &part(params.item)?),
            "item/agentMessage/delta" => {
                let text = params.delta?;
                if text.is_empty() { Vec::new() } else { vec![AgentEvent::Partial { text }] }
            }
            "turn/started" => {
                let turn: Turn = part(params.turn).unwrap_or_default();
                if self.is_ours(&thread) {
                    self.turn = turn.id;
                }
                self.turn_started(&thread)
            }
            "turn/completed" => return Some(self.turn_completed(&thread, &part(params.turn)?)),
            "error" => self.error(&params, &thread)?,
            "thread/tokenUsage/updated" => {
                return Some(self.consumed(&thread, &part(params.token_usage)?));
            }
            "account/rateLimits/updated" => {
                let fresh = self.windows.update(&part::<RateLimits>(params.rate_limits)?);
                fresh.map(|windows| AgentEvent::Plan { windows }).into_iter().collect()
            }
            "serverRequest/resolved" => {
                self.requests.settled(&part::<Id>(params.request_id)?);
                Vec::new()
            }
            _ if method.ends_with("Delta") || method.ends_with("/delta") => {
                vec![AgentEvent::Heartbeat]
            }
            _ if is_quiet(method) => Vec::new(),
            _ => return None,
        };
        Some(self.of_thread(&thread, events))
    }

    fn started(&mut self, thread: &str, item: Item) -> Vec<AgentEvent> {
        self.goes_on();
        self.note_call(thread, &item);
        let events = self.items.started(&item);
        if !item.changes.is_empty() {
            self.changes.insert(item.id, item.changes);
        }
        events
    }

    fn completed(&mut self, thread: &str, item: &Item) -> Vec<AgentEvent> {
        self.goes_on();
        self.note_call(thread, item);
        self.changes.remove(&item.id);
        if self.is_ours(thread) && matches!(item.kind.as_str(), "agentMessage" | "agent_message") {
            self.words = words(item);
        }
        self.items.completed(item)
    }

    /// Whom a call started is known by the call.
    fn note_call(&mut self, thread: &str, item: &Item) {
        if self.started_by.len() + self.changes.len() > CALLS_MAX {
            self.started_by.clear();
            self.changes.clear();
        }
        for other in item.receiver_thread_ids.iter().filter(|other| *other != thread) {
            self.started_by.entry(other.clone()).or_insert_with(|| item.id.clone());
        }
    }

    fn turn_started(&mut self, thread: &str) -> Vec<AgentEvent> {
        if self.is_ours(thread) {
            self.ended = None;
            self.brewing = None;
        }
        self.at_work.insert(thread.to_owned());
        Vec::new()
    }

    fn turn_completed(&mut self, thread: &str, turn: &Turn) -> Vec<AgentEvent> {
        self.at_work.remove(thread);
        self.requests.over(thread);
        let brewing = if self.is_ours(thread) { self.brewing.take() } else { None };
        let ended = match (turn.status.as_str(), &turn.error) {
            ("completed", _) => Ended::Well,
            (_, Some(error)) => Ended::Badly(trouble::of_turn(error, self.windows)),
            ("interrupted", None) => {
                let message = "it was interrupted".to_owned();
                Ended::Badly(Trouble::Failure { class: ErrorClass::Other, message })
            }
            (other, None) => Ended::Badly(brewing.unwrap_or_else(|| {
                let message = format!("its turn ended as {other}");
                Trouble::Failure { class: ErrorClass::Other, message }
            })),
        };
        let events = match &ended {
            Ended::Well => Vec::new(),
            Ended::Badly(trouble) => vec![trouble.event()],
        };
        let mut events = self.of_thread(thread, events);
        if self.is_ours(thread) {
            let context = self.context.take();
            events.extend(context.map(|(used, window)| AgentEvent::Context { used, window }));
            self.ended = Some(ended);
            self.turn = None;
        }
        // With the end of its input it ends, and with it all that it started. An agent of its own
        // may still be at work.
        if self.at_work.is_empty() && self.ended.is_some() {
            self.act(Act::CloseInput);
        }
        events
    }

    /// An error that is tried again, or the reason for the end that follows.
    fn error(&mut self, params: &Params<'_>, thread: &str) -> Option<Vec<AgentEvent>> {
        let error: TurnError = part(params.error)?;
        if params.will_retry == Some(true) {
            return Some(vec![self.retried(&error)]);
        }
        if self.is_ours(thread) {
            self.brewing = Some(trouble::of_turn(&error, self.windows));
        }
        Some(Vec::new())
    }

    fn retried(&mut self, error: &TurnError) -> AgentEvent {
        self.tries += 1;
        let trouble = trouble::of_turn(error, self.windows);
        let (Trouble::Limit { message, .. } | Trouble::Failure { message, .. }) = trouble;
        let is_auth = trouble::is_auth(error);
        if is_auth && self.tries == AUTH_TRIES_MAX {
            let message = format!("{message}; hint: sign in to Codex again, or look at its key");
            return self.give_up(ErrorClass::Auth, message);
        }
        if self.tries == TRIES_MAX {
            return self.give_up(ErrorClass::Unavailable, message);
        }
        AgentEvent::Retry { wait: Millis(0), message }
    }

    /// What an earlier process consumed is said again before our turn begins.
    fn consumed(&mut self, thread: &str, usage: &TokenUsage) -> Vec<AgentEvent> {
        if self.at_work.is_empty() && self.ended.is_none() {
            self.meter.before(thread, usage);
            return Vec::new();
        }
        if self.is_ours(thread) {
            let used = usage.last.input_tokens.saturating_add(usage.last.output_tokens);
            self.context = usage.window.filter(|window| *window > 0).map(|window| (used, window));
        }
        used(self.meter.grown(thread, usage)).into_iter().collect()
    }

    /// It came further: what is tried again from here on is another trouble.
    fn goes_on(&mut self) {
        self.tries = 0;
    }

    /// Until it is known which conversation is ours, each may be.
    fn is_ours(&self, thread: &str) -> bool {
        self.session.as_ref().is_none_or(|(ours, _)| ours == thread || thread.is_empty())
    }

    /// What others say, they say as subagents.
    fn of_thread(&self, thread: &str, events: Vec<AgentEvent>) -> Vec<AgentEvent> {
        if self.is_ours(thread) {
            return events;
        }
        let call = self.started_by.get(thread).map_or(thread, String::as_str);
        let of_subagent = |event: AgentEvent| match event {
            AgentEvent::Usage(_) | AgentEvent::Ask { .. } => event,
            event => AgentEvent::Subagent { call: call.to_owned(), event: Box::new(event) },
        };
        events.into_iter().map(of_subagent).collect()
    }
}

/// What it asks us, and what it answers.
impl Decoder {
    fn asked(&mut self, id: &Id, method: &str, raw: Option<&RawValue>) -> Option<Vec<AgentEvent>> {
        let params: Option<Params<'_>> = part(raw);
        let item = params.as_ref().and_then(|params| params.item_id.clone()).unwrap_or_default();
        let changes = self.changes.get(&item).cloned().unwrap_or_default();
        let wish = match (method, &params) {
            ("item/tool/requestUserInput", Some(params)) => {
                if let Some(event) = self.requests.add_questions(id.clone(), params) {
                    return Some(vec![event]);
                }
                let no = rpc::refusal(id, METHOD_NOT_FOUND, "nobody can be asked that");
                self.say(&format!("no-{id}"), no);
                return None;
            }
            ("item/commandExecution/requestApproval", Some(params)) => Wish::Command(params),
            ("item/fileChange/requestApproval", Some(params)) => {
                Wish::Files { params, changes: &changes }
            }
            _ => {
                let no = rpc::refusal(id, METHOD_NOT_FOUND, "this is not supported here");
                self.say(&format!("no-{id}"), no);
                return None;
            }
        };
        let ruling = self.opening.as_ref().map_or(Ruling::Ask, |it| it.ruling(&wish));
        if ruling == Ruling::Ask
            && let Some(event) = self.requests.add(id.clone(), &wish)
        {
            return Some(vec![event]);
        }
        self.say(&format!("ruled-{id}"), ruled(id, ruling));
        Some(Vec::new())
    }

    fn answered(
        &mut self,
        id: &Id,
        outcome: Result<Option<&RawValue>, Failure>,
    ) -> Option<Vec<AgentEvent>> {
        match outcome {
            Err(failure) => Some(self.refused(id, &failure)),
            Ok(result) if id.is(INITIALIZE) => {
                self.say(INITIALIZED, rpc::notification(INITIALIZED, &json!({})));
                // It is said from what is on this machine; `account/read` asks the provider.
                let params = json!({"includeToken": false, "refreshToken": false});
                self.say(ACCOUNT, rpc::request(ACCOUNT, "getAuthStatus", &params));
                result.map(|_| Vec::new())
            }
            Ok(result) if id.is(ACCOUNT) || id.is(ACCOUNT_ASKED_AGAIN) => {
                Some(self.account(&part(result)?))
            }
            // The answers to what we ask are named; of others, those that open a conversation count.
            Ok(result) => Some(match (id.text().and_then(remark_of), part::<Opened>(result)) {
                (Some(remark), _) => vec![AgentEvent::TookIn { remark }],
                (None, Some(opened)) => self.opened(opened),
                (None, None) => Vec::new(),
            }),
        }
    }

    fn refused(&mut self, id: &Id, failure: &Failure) -> Vec<AgentEvent> {
        let Some(opening) = &self.opening else { return Vec::new() };
        if id.is(RESUME) {
            // The conversation is gone: another begins with all that there is to know.
            let line = rpc::request(START, "thread/start", &opening.thread);
            self.say(START, line);
            return Vec::new();
        }
        if id.is(ACCOUNT) {
            let line = rpc::request(ACCOUNT_ASKED_AGAIN, "account/read", &json!({}));
            self.say(ACCOUNT_ASKED_AGAIN, line);
            return Vec::new();
        }
        let class = match id {
            _ if id.is(ACCOUNT_ASKED_AGAIN) => ErrorClass::Unavailable,
            _ if [INITIALIZE, START, PROMPT].iter().any(|name| id.is(name)) => ErrorClass::Invalid,
            Id::Number(_) | Id::Text(_) => return Vec::new(),
        };
        let message = format!("Codex did not accept `{id}`: {}", failure.message);
        vec![self.give_up(class, message)]
    }

    /// Who pays. Only when that is as agreed is anything asked.
    fn account(&mut self, account: &AccountRead) -> Vec<AgentEvent> {
        let Some(opening) = &self.opening else { return Vec::new() };
        if let Some(objection) = billing::objection(opening.payer, &opening.means, account) {
            return vec![self.give_up(objection.class(), billing::message(&objection))];
        }
        let (name, method, params) = match &opening.resumed {
            Some(resumed) => (RESUME, "thread/resume", opening.resumed_thread(&resumed.thread)),
            None => (START, "thread/start", opening.thread.clone()),
        };
        self.say(name, rpc::request(name, method, &params));
        Vec::new()
    }

    /// A conversation is there: ours is the first.
    fn opened(&mut self, opened: Opened) -> Vec<AgentEvent> {
        let session = (opened.thread.id, opened.model);
        if self.session.is_some() {
            return Vec::new();
        }
        if let Some(opening) = &self.opening {
            let prompt = opening.prompt_for(&session.0).to_owned();
            let input = json!([{"type": "text", "text": prompt}]);
            let params = json!({"threadId": session.0, "input": input});
            self.say(PROMPT, rpc::request(PROMPT, "turn/start", &params));
        }
        self.begin(session)
    }

    fn begin(&mut self, session: (String, String)) -> Vec<AgentEvent> {
        let (id, model) = session.clone();
        self.meter.of_model(&model);
        self.session = Some(session);
        vec![AgentEvent::Session { id, model }]
    }

    /// It is ended for a reason that it cannot remove.
    fn give_up(&mut self, class: ErrorClass, message: String) -> AgentEvent {
        self.brewing = None;
        self.ended = Some(Ended::Badly(Trouble::Failure { class, message: message.clone() }));
        self.act(Act::Stop);
        AgentEvent::Error { class, message }
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

/// What `codex exec --json` prints.
impl Decoder {
    fn printed(&mut self, line: &ExecLine<'_>) -> Option<Vec<AgentEvent>> {
        let item = || part::<Item>(line.item);
        match line.kind.as_str() {
            "thread.started" => Some(self.begin((line.thread_id.clone()?, String::new()))),
            "turn.started" => Some(self.turn_started("")),
            "item.started" => Some(self.started("", item()?)),
            "item.updated" => Some(vec![AgentEvent::Heartbeat]),
            "item.completed" => Some(self.completed("", &item()?)),
            "turn.completed" => {
                let total: Tokens = part(line.usage).unwrap_or_default();
                let used = used(self.meter.total(total));
                let turn = Turn { status: "completed".to_owned(), ..Turn::default() };
                Some(used.into_iter().chain(self.turn_completed("", &turn)).collect())
            }
            "turn.failed" => {
                let turn = Turn { error: part(line.error), ..Turn::default() };
                Some(self.turn_completed("", &turn))
            }
            "error" => {
                let error = TurnError { message: line.message.clone()?, ..TurnError::default() };
                if error.message.starts_with("Reconnecting") {
                    return Some(vec![self.retried(&error)]);
                }
                self.brewing = Some(trouble::of_words(&error.message, self.windows));
                Some(Vec::new())
            }
            _ => None,
        }
    }
}

/// News that nobody has to know: that it lives is what all of them say.
fn is_quiet(method: &str) -> bool {
    let quiet =
        ["thread/", "turn/", "item/", "account/", "remoteControl/", "mcpServer/", "skills/"];
    quiet.iter().any(|begin| method.starts_with(begin)) || method == "deprecationNotice"
}
