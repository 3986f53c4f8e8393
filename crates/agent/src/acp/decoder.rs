//! From the lines of an agent to events: a state machine that performs nothing.
//!
//! What an agent says before it is prompted was said before: loading a conversation repeats it. The
//! end of a turn says how it went, unless the agent said meanwhile that it failed.

use crew_core::Micros;
use serde::Deserialize as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::ask::{self, Became, Open};
use super::calls::Calls;
use super::meter::Meter;
use super::settings::Setting;
use super::trouble::{Warnings, of_failure, of_stop};
use super::turn::{Kind, Turn};
use super::wire::{Notice, Outcome, PermissionRequest, PlanEntry, ToolCall, Update};
use super::{Opening, Resume};
use crate::asks::Asks;
use crate::dialect::{Act, Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::keep::{part, unknown, used};
use crate::program::Version;
use crate::rpc::{self, Failure, Id, METHOD_NOT_FOUND, Message};
use crate::tell::{Telling, Way};
use crate::trouble::{Trouble, without_result};

/// The version of the protocol.
const PROTOCOL: u64 = 1;
/// Turns that an agent may end because it was told no, and is asked to go on after.
const NOES_MAX: u32 = 8;
/// How much of what the human's side said is looked at in a conversation that is loaded, in bytes.
const REPEATED_BYTES_MAX: usize = 4 << 20;
/// The names of what we say; the shim writes each once.
const INITIALIZE: &str = "initialize";
const LOAD: &str = "load";
const SESSION: &str = "session";
const PROMPT: &str = "prompt";
/// What an agent is told that gave up because it was told no.
const GO_ON: &str = "What you asked for was not allowed. Go on without it. If you cannot, end as you \
     were told to end.";

/// Turns the lines of one process into events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What we say to it; `None` for whoever only listens.
    opening: Option<Opening>,
    /// The id of the conversation, once there is one.
    session: Option<String>,
    /// What was last named as one.
    named: Option<String>,
    /// What is to be set before the prompt, the first last.
    settings: Vec<(Setting, String)>,
    /// What the human's side said in a conversation that is loaded.
    repeated: String,
    turn: Turn,
    calls: Calls,
    asks: Asks<Open>,
    meter: Meter,
    warnings: Warnings,
    /// How the last turn ended, unless another has begun.
    ended: Option<Ended>,
    prompts: u32,
    noes: u32,
    has_spoken: bool,
    acts: Vec<Act>,
}

#[derive(Debug)]
enum Ended {
    /// With these words.
    Well(String),
    /// With this, which was said.
    Badly(Trouble),
    /// In the middle of its work.
    Cut,
}

impl Decoder {
    /// A decoder of a process from its first line on. With an opening, it says what is to be said.
    pub fn new(opening: Option<Opening>) -> Self {
        Self { opening, ..Self::default() }
    }

    /// A decoder of a line out of the middle of a conversation.
    pub(crate) fn in_the_middle() -> Self {
        Self { session: Some(String::new()), ..Self::default() }
    }

    /// The first line for its standard input.
    pub fn first_input() -> String {
        let capabilities = json!({
            "fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false,
        });
        let version = env!("CARGO_PKG_VERSION");
        let client = json!({"name": "crewhouse", "title": "Crewhouse", "version": version});
        let params = json!({
            "protocolVersion": PROTOCOL, "clientCapabilities": capabilities, "clientInfo": client,
        });
        rpc::request(INITIALIZE, INITIALIZE, &params)
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
            Some(Message::Response { id, outcome }) => self.response(&id, outcome),
            Some(Message::Notification { method, params }) if method == "session/update" => {
                self.update(params)
            }
            Some(Message::Request { id, method, params }) => self.request(id, &method, params),
            Some(Message::Notification { .. }) | None => None,
        };
        events.unwrap_or_else(|| vec![unknown(text)])
    }

    /// What the end of the process says: what was not told yet, and the claim.
    pub fn finish(&mut self, ending: &Ending) -> Vec<AgentEvent> {
        let mut events = self.settle();
        events.extend(used(self.meter.rest()));
        let is_said = matches!(self.ended, Some(Ended::Badly(_)));
        events.extend(match self.verdict(ending) {
            Verdict::Done => Some(AgentEvent::Done { text: self.last_words() }),
            Verdict::Failed { .. } | Verdict::Limited { .. } if is_said => None,
            Verdict::Failed { class, message } => Some(AgentEvent::Error { class, message }),
            Verdict::Limited { until, message } => Some(AgentEvent::Limit { until, message }),
            Verdict::Asked | Verdict::Cut => None,
        });
        events
    }

    /// How the process ended, by what it said. Only where it said nothing does the exit code count.
    pub fn verdict(&self, ending: &Ending) -> Verdict {
        match &self.ended {
            Some(Ended::Badly(trouble)) => trouble.verdict(),
            Some(Ended::Well(_)) => Verdict::Done,
            Some(Ended::Cut) => Verdict::Cut,
            None if !self.asks.is_empty() => Verdict::Asked,
            None => without_result(ending, self.has_spoken),
        }
    }

    /// What is to be done because of what was said so far.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// The line that brings it a human's answer; `None` when it does not wait for one.
    pub fn answer(&self, key: &str, text: &str) -> Option<String> {
        self.asks.get(key).map(|open| open.answer(text))
    }

    /// How it is told something in the middle of its turn: that is one question and its answer, and can
    /// only be ended. One that waits for leave may take its end for a no, and is not asked to.
    pub(crate) fn tell(&self, telling: &Telling) -> Way {
        match (telling, &self.session) {
            (Telling::Remark { .. } | Telling::Reminder { .. }, _) => Way::None,
            (Telling::Interrupt, Some(session)) if self.prompts > 0 => {
                if self.turn.waits_for_leave {
                    return Way::None;
                }
                let params = json!({"sessionId": session});
                Way::Line(rpc::notification("session/cancel", &params))
            }
            (Telling::Interrupt, Some(_) | None) => Way::NotYet,
        }
    }

    /// The conversation, and what it has cost as the agent counts: for who goes on with it.
    pub fn conversation(&self) -> Option<(&str, Option<Micros>)> {
        self.session.as_deref().map(|session| (session, self.meter.total()))
    }

    fn last_words(&self) -> String {
        match &self.ended {
            Some(Ended::Well(text)) => text.clone(),
            Some(Ended::Badly(_) | Ended::Cut) | None => String::new(),
        }
    }

    // --- Answers to us ---

    /// An answer. Who only listens does not know what was asked, so its shape counts.
    fn response(
        &mut self,
        id: &Id,
        outcome: Result<Option<&RawValue>, Failure>,
    ) -> Option<Vec<AgentEvent>> {
        let raw = match outcome {
            Ok(raw) => raw,
            Err(failure) => return self.failed(id, &failure),
        };
        let outcome: Outcome = part(raw).unwrap_or_default();
        let is_setting = [Setting::Mode, Setting::Model].iter().any(|it| id.is(it.word()));
        let is_session = outcome.session_id.is_some()
            || outcome.modes.is_some()
            || !outcome.config_options.is_empty()
            || id.is(LOAD);
        Some(if outcome.stop_reason.is_some() {
            self.turn_ended(&outcome)
        } else if is_setting {
            self.go_on();
            Vec::new()
        } else if outcome.protocol_version.is_some() {
            self.initialized(&outcome)
        } else if is_session && self.session.is_none() || id.is(SESSION) {
            self.begun(&outcome)
        } else {
            Vec::new()
        })
    }

    fn initialized(&mut self, outcome: &Outcome) -> Vec<AgentEvent> {
        let Some(opening) = &self.opening else { return Vec::new() };
        let (name, spoken) = (opening.name.clone(), outcome.protocol_version.unwrap_or_default());
        if spoken != PROTOCOL {
            let message = format!(
                "{name} speaks version {spoken} of ACP, and Crewhouse version {PROTOCOL}; hint: \
                 install the newest {name}, and the newest Crewhouse"
            );
            return vec![self.give_up(failure(ErrorClass::Invalid, message))];
        }
        let version = outcome.agent_info.as_ref().and_then(|it| it.version.parse::<Version>().ok());
        if let (Some(is), Some(needed)) = (version, opening.version_min)
            && is < needed
        {
            let message =
                format!("this is {name} {is}; {needed} or newer is needed; hint: update it");
            return vec![self.give_up(failure(ErrorClass::Invalid, message))];
        }
        match &opening.resume {
            Some(resume) if outcome.agent_capabilities.load_session => {
                let (session, servers) = (&resume.session, opening.servers());
                let params =
                    json!({"sessionId": session, "cwd": opening.cwd, "mcpServers": servers});
                self.say(LOAD, rpc::request(LOAD, "session/load", &params));
            }
            Some(_) | None => self.begin_anew(),
        }
        Vec::new()
    }

    fn begin_anew(&mut self) {
        if let Some(opening) = &mut self.opening {
            opening.resume = None;
            let params = json!({"cwd": opening.cwd, "mcpServers": opening.servers()});
            self.say(SESSION, rpc::request(SESSION, "session/new", &params));
        }
    }

    /// There is a conversation.
    fn begun(&mut self, outcome: &Outcome) -> Vec<AgentEvent> {
        let resume = self.opening.as_ref().and_then(|opening| opening.resume.clone());
        match (&outcome.session_id, &resume) {
            (_, Some(resume)) => self.meter = Meter::after(resume.cost),
            (Some(_), None) if self.repeated.is_empty() => self.meter.begins(),
            (Some(_) | None, None) => {}
        }
        let is_resumed = resume.is_some();
        let resumed = resume.map(|resume| resume.session);
        let id = resumed.or_else(|| outcome.session_id.clone()).or_else(|| self.named.clone());
        let id = id.unwrap_or_default();
        self.session = Some(id.clone());
        let wanted = |setting: Setting| {
            let opening = self.opening.as_ref()?;
            match setting {
                Setting::Mode => opening.mode.clone(),
                Setting::Model => opening.model.clone(),
            }
        };
        let mut settings = Vec::new();
        for setting in [Setting::Model, Setting::Mode] {
            let Some(wanted) = wanted(setting) else { continue };
            // Some answer a request to load before they have repeated everything. One more question
            // is answered after that.
            if !is_resumed && setting.current(outcome).as_ref() == Some(&wanted) {
                continue;
            }
            match setting.request(outcome, &id, &wanted) {
                Ok(it) => {
                    settings.push((setting, rpc::request(setting.word(), it.method, &it.params)));
                }
                Err(why) => return vec![self.cannot_be_set(setting, &why)],
            }
        }
        let current = || Setting::Model.current(outcome);
        let model = wanted(Setting::Model).or_else(current).unwrap_or_default();
        self.settings = settings;
        self.go_on();
        vec![AgentEvent::Session { id, model }]
    }

    /// Sets what is to be set, one after the other, and then prompts.
    fn go_on(&mut self) {
        let Some(opening) = &self.opening else { return };
        if let Some((setting, line)) = self.settings.pop() {
            return self.say(setting.word(), line);
        }
        let prompt = match &opening.resume {
            Some(Resume { mark, go_on, remarks, .. }) if self.repeated.contains(mark) => {
                let new = remarks.iter().filter(|remark| !self.repeated.contains(&remark.mark));
                let new = new.map(|remark| format!("{}\n\n", remark.text));
                new.chain([go_on.clone()]).collect()
            }
            Some(_) | None => opening.prompt.clone(),
        };
        self.repeated = String::new();
        self.prompt(PROMPT, &prompt);
    }

    fn prompt(&mut self, name: &str, text: &str) {
        let blocks = json!([{"type": "text", "text": text}]);
        let params = json!({"sessionId": self.session, "prompt": blocks});
        self.turn = Turn::default();
        self.prompts += 1;
        self.say(name, rpc::request(name, "session/prompt", &params));
    }

    fn turn_ended(&mut self, outcome: &Outcome) -> Vec<AgentEvent> {
        let mut events = self.settle();
        events.extend(used(self.meter.turn(outcome)));
        self.asks.forget(|_| true);
        let turn = std::mem::take(&mut self.turn);
        let warned = self.warnings.trouble(turn.last_words());
        let was_told_no = turn.waits_for_leave && warned.is_none();
        let reason = outcome.stop_reason.as_deref().unwrap_or_default();
        if was_told_no && matches!(reason, "end_turn" | "cancelled") && self.go_on_after_no() {
            return events;
        }
        match warned.or_else(|| of_stop(reason)) {
            // Nobody says that but who is ended: some say it with their last breath.
            None if reason == "cancelled" => self.ended = Some(Ended::Cut),
            None => self.ended = Some(Ended::Well(turn.last_words().to_owned())),
            Some(trouble) => {
                events.push(trouble.event());
                self.ended = Some(Ended::Badly(trouble));
            }
        }
        self.act(self.last_act());
        events
    }

    /// Some agents end their turn when they are told no, and wait for what the human says instead.
    fn go_on_after_no(&mut self) -> bool {
        if self.opening.is_none() || self.noes >= NOES_MAX {
            return false;
        }
        self.noes += 1;
        let name = format!("{PROMPT}-after-no-{}", self.noes);
        self.prompt(&name, GO_ON);
        true
    }

    /// A request of ours came to nothing.
    fn failed(&mut self, id: &Id, failed: &Failure) -> Option<Vec<AgentEvent>> {
        if id.is(LOAD) {
            self.repeated = String::new();
            self.begin_anew();
            return None;
        }
        if let Some(setting) =
            [Setting::Mode, Setting::Model].into_iter().find(|it| id.is(it.word()))
        {
            return Some(vec![self.cannot_be_set(setting, &failed.message)]);
        }
        let mut events = self.settle();
        events.extend(used(self.meter.rest()));
        self.asks.forget(|_| true);
        self.turn = Turn::default();
        let trouble = of_failure(failed, self.warnings.limit_until());
        self.warnings.settle();
        events.push(self.give_up(trouble));
        Some(events)
    }

    fn cannot_be_set(&mut self, setting: Setting, why: &str) -> AgentEvent {
        let word = setting.word();
        let name = self.name().to_owned();
        let message = format!(
            "{name} cannot be started in the {word} that is wanted: {why}; hint: change \
             `permissions`, `mode` or `model` of the provider in team.toml"
        );
        self.give_up(failure(ErrorClass::Invalid, message))
    }

    /// It is ended for a reason that it cannot remove.
    fn give_up(&mut self, trouble: Trouble) -> AgentEvent {
        let trouble = self.with_hint(trouble);
        let event = trouble.event();
        self.ended = Some(Ended::Badly(trouble));
        self.act(self.last_act());
        event
    }

    fn with_hint(&self, trouble: Trouble) -> Trouble {
        match (&self.opening, trouble) {
            (Some(opening), Trouble::Failure { class: ErrorClass::Auth, message }) => {
                let Opening { name, sign_in, .. } = opening;
                let message = format!("{name} is not signed in ({message}); hint: {sign_in}");
                failure(ErrorClass::Auth, message)
            }
            (_, trouble) => trouble,
        }
    }

    /// How it is ended when there is nothing more for it to do.
    fn last_act(&self) -> Act {
        let ends_with_input = self.opening.as_ref().is_none_or(|opening| opening.ends_with_input);
        if ends_with_input { Act::End } else { Act::Stop }
    }

    fn name(&self) -> &str {
        self.opening.as_ref().map_or("the agent", |opening| &opening.name)
    }

    // --- What it says by itself ---

    fn update(&mut self, params: Option<&RawValue>) -> Option<Vec<AgentEvent>> {
        let Notice { session_id, update: raw } = part(params)?;
        self.named = session_id.or_else(|| self.named.take());
        let update = Update::deserialize(&raw).ok()?;
        if !self.is_prompted() {
            self.repeat(&update);
            return Some(Vec::new());
        }
        match update.kind.as_str() {
            "agent_message_chunk" => Some(self.words(Kind::Answer, update, raw)),
            "agent_thought_chunk" => Some(self.words(Kind::Thought, update, raw)),
            "tool_call" | "tool_call_update" => Some(self.call(ToolCall::deserialize(&raw).ok()?)),
            "plan" => Some(self.plan(&update.entries)),
            "usage_update" => {
                self.warnings.heard(&update.meta);
                if let Some(cost) = &update.cost {
                    self.meter.costs(cost);
                }
                Some(self.calls.settle(None))
            }
            "session_info_update" => Some(self.warnings.heard(&update.meta).into_iter().collect()),
            // What we said, and what could be chosen.
            "user_message_chunk"
            | "available_commands_update"
            | "current_mode_update"
            | "config_option_update" => Some(Vec::new()),
            _ => Some(vec![AgentEvent::Other(raw)]),
        }
    }

    /// Whether it was told what to do. Who only listens does not see that.
    fn is_prompted(&self) -> bool {
        match self.opening {
            Some(_) => self.prompts > 0,
            None => self.session.is_some(),
        }
    }

    /// What is said before a prompt was said before.
    fn repeat(&mut self, update: &Update) {
        let text = update.content.get("text").and_then(Value::as_str).unwrap_or_default();
        if update.kind == "user_message_chunk"
            && self.repeated.len() + text.len() <= REPEATED_BYTES_MAX
        {
            self.repeated.push_str(text);
        }
    }

    fn words(&mut self, kind: Kind, update: Update, raw: Value) -> Vec<AgentEvent> {
        let Some(text) = update.content.get("text").and_then(Value::as_str) else {
            return vec![AgentEvent::Other(raw)];
        };
        self.another_turn();
        let mut events = self.calls.settle(None);
        events.extend(self.turn.words(kind, update.message_id, text));
        events
    }

    fn call(&mut self, news: ToolCall) -> Vec<AgentEvent> {
        self.another_turn();
        let is_over = matches!(news.status.as_deref(), Some("completed" | "failed"));
        if is_over {
            self.asks.forget(|open| open.is_about(&news.id));
        }
        let mut events: Vec<AgentEvent> = self.turn.complete().into_iter().collect();
        events.extend(self.calls.settle(Some(&news.id)));
        events.extend(self.calls.news(news));
        events
    }

    fn plan(&mut self, entries: &[PlanEntry]) -> Vec<AgentEvent> {
        let mut events = self.settle();
        let line = |entry: &PlanEntry| match entry.status.as_str() {
            "completed" => format!("- [x] {}", entry.content),
            "in_progress" => format!("- [ ] **{}**", entry.content),
            _ => format!("- [ ] {}", entry.content),
        };
        let text = entries.iter().map(line).collect::<Vec<_>>().join("\n");
        events.push(AgentEvent::Thinking { text });
        events
    }

    fn request(
        &mut self,
        id: Id,
        method: &str,
        params: Option<&RawValue>,
    ) -> Option<Vec<AgentEvent>> {
        let request = (method == "session/request_permission").then(|| part(params)).flatten();
        if let Some(request) = request {
            return Some(self.permission(id, request));
        }
        let refusal = rpc::refusal(&id, METHOD_NOT_FOUND, "this is not offered here");
        self.say(&format!("answer-{id}"), refusal);
        None
    }

    fn permission(&mut self, id: Id, request: PermissionRequest) -> Vec<AgentEvent> {
        let PermissionRequest { tool_call, options } = request;
        let mut events = self.settle();
        let call_id = tool_call.id.clone();
        let (call, told) = self.calls.asked(tool_call);
        events.extend(told);
        let name = format!("answer-{id}");
        let policy = self.opening.as_ref().map(|it| (it.permissions, it.cwd.as_path()));
        let request = ask::Request { id, call_id, call, options };
        match ask::take(&mut self.asks, policy, request) {
            Became::Allowed(line) => self.say(&name, line),
            Became::Denied(line) => {
                self.turn.waits_for_leave = true;
                self.say(&name, line);
            }
            Became::Asked(ask) => {
                self.turn.waits_for_leave = true;
                events.push(ask);
            }
        }
        events
    }

    /// All that was said so far is complete.
    fn settle(&mut self) -> Vec<AgentEvent> {
        let words = self.turn.complete();
        words.into_iter().chain(self.calls.settle(None)).collect()
    }

    /// Who only listens sees no prompts: what is said after the end of a turn belongs to another.
    fn another_turn(&mut self) {
        if self.opening.is_none() {
            self.ended = None;
        }
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

fn failure(class: ErrorClass, message: String) -> Trouble {
    Trouble::Failure { class, message }
}
