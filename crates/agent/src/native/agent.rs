//! The loop: ask the model, do what it calls for, write everything down, until it finishes.
//!
//! What to do next is a function of the session alone ([`Session::next`]). So there is no state to
//! restore after a kill: opening the file *is* resuming. The one thing that a restart must do is
//! to settle the calls that were under way.

use std::io;
use std::path::Path;
use std::time::Duration;

use crew_core::call::Reply;
use serde_json::Value;

use super::compaction::{ROOM_MIN, middle_out};
use super::guard;
use super::heartbeat::during;
use super::input::{Input, Message};
use super::model::{self, Failure, Model};
use super::output::Output;
use super::playbook::Playbook;
use super::remote::Remote;
use super::session::{Assistant, Call, CallResult, Next, Record, Session};
use super::start::{AskPolicy, ModelConfig, Remark, Start, ToolName};
use super::tools::{Ask, End, ToolCall, ToolError, Workshop};
use super::{AgentExit, Surroundings};
use crate::asks::{self, Answer, Asks};
use crate::desk::mcp::reply;
use crate::desk::{Client, Tool};
use crate::{AgentEvent, ErrorClass};

const INTERRUPTED: &str = "interrupted: the agent was stopped during this call, and it is unknown \
                           whether it took effect. Look before you repeat it.";
const UNANSWERED: &str = "there was no answer, and the run that asked is over. Ask again if it \
                          still matters.";
const CUT: &str = "Your answer was cut off at the output limit. Go on, in smaller steps.";

/// An agent at work.
struct Agent<'a, 'o> {
    start: Start,
    session: Session,
    model: Model,
    workshop: Workshop,
    /// By what it calls Crewhouse.
    desk: Option<Client>,
    input: Input,
    output: &'a mut Output<'o>,
    /// Permissions that it has asked for.
    asked: Asks<()>,
    /// How full the conversation was when that was last said, in tenths of what the model takes.
    said_full: u64,
}

/// Works until the end, and says why it came.
pub(super) fn run(
    mut input: Input,
    output: &mut Output<'_>,
    surroundings: &Surroundings<'_>,
) -> AgentExit {
    let ended = begin(&mut input, surroundings).and_then(|(start, session, model, workshop)| {
        let desk = start.desk.as_ref().and_then(|desk| Client::open(desk).ok());
        let asked = Asks::default();
        Agent { start, session, model, workshop, desk, input, output, asked, said_full: 0 }.work()
    });
    let Err(failure) = ended else {
        return AgentExit::Done;
    };
    if let Some(event) = failure.event() {
        // When the output is what failed, nobody is there to be told.
        drop(output.emit(&event));
    }
    failure.exit()
}

fn begin(
    input: &mut Input,
    surroundings: &Surroundings<'_>,
) -> Result<(Start, Session, Model, Workshop), Failure> {
    let line = input.first_line().ok_or_else(|| {
        Failure::invalid("nothing on standard input\nhint: the first line is the start as JSON")
    })?;
    let start: Start = serde_json::from_str(&line)
        .map_err(|reason| Failure::invalid(format!("the first line is no start: {reason}")))?;
    let session =
        Session::open(&start.session).map_err(|reason| Failure::invalid(reason.to_string()))?;
    let model = model(&start, surroundings)?;
    let hidden_env = start.model.key_env().map(str::to_owned);
    let workshop = Workshop::new(surroundings.worktree, hidden_env, &start)
        .map_err(|reason| Failure::invalid(format!("cannot use the worktree: {reason}")))?;
    Ok((start, session, model, workshop))
}

fn model(start: &Start, surroundings: &Surroundings<'_>) -> Result<Model, Failure> {
    if let ModelConfig::Playbook { path } = &start.model {
        let path: &Path = &surroundings.worktree.join(path);
        return Playbook::open(path, start)
            .map(Model::Playbook)
            .map_err(|reason| Failure::invalid(reason.to_string()));
    }
    Ok(Model::Remote(Box::new(Remote::new(start, surroundings.env)?)))
}

impl Agent<'_, '_> {
    fn work(mut self) -> Result<(), Failure> {
        let (id, model) = (self.session.id(), self.model.name().to_owned());
        self.output.emit(&AgentEvent::Session { id, model })?;
        self.settle_interrupted()?;
        self.take_prompt()?;
        self.take_remarks();
        loop {
            self.report_bad_input()?;
            if self.input.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            match self.session.next() {
                Next::Tool(call) => self.use_tool(&call)?,
                Next::Resume => self.session.append(Record::Message { text: CUT.into() })?,
                Next::Model => self.ask_model()?,
                Next::End { text, finish: None } => {
                    if self.may_end(None)? {
                        self.output.emit(&AgentEvent::Done { text })?;
                        return Ok(());
                    }
                }
                Next::End { finish: Some(call), .. } => {
                    if let Some(text) = self.finish(&call)? {
                        self.output.emit(&AgentEvent::Done { text })?;
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Gives every call that was under way a result, except asks of this run, which are asked
    /// again, and `finish`, which has no effect but its words.
    fn settle_interrupted(&mut self) -> Result<(), Failure> {
        let begins_run =
            !self.start.prompt.is_empty() && self.session.newest_run() != Some(&self.start.run);
        for call in self.session.open_calls() {
            match ToolName::parse(&call.name) {
                Some(ToolName::Finish) => {}
                Some(ToolName::Ask) if begins_run => {
                    self.give_result(&call, Err(UNANSWERED.to_owned()), Interrupted::No)?;
                }
                Some(ToolName::Ask) => self.use_tool(&call)?,
                Some(_) | None => {
                    self.workshop.sweep(&call.input);
                    self.give_result(&call, Err(INTERRUPTED.to_owned()), Interrupted::Yes)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the prompt of this start, unless the conversation is the one that it began.
    fn take_prompt(&mut self) -> Result<(), Failure> {
        let newest = self.session.records().iter().rev().find_map(|record| match record {
            Record::Prompt { run, text, stage, visit } => Some((run, text, stage, *visit)),
            Record::Message { .. }
            | Record::Assistant(_)
            | Record::Result(_)
            | Record::Compacted { .. }
            | Record::Mark { .. } => None,
        });
        let Start { run, prompt, stage, visit, .. } = &self.start;
        if prompt.is_empty() {
            let hint = "hint: give a prompt, or the session of a conversation to go on with";
            return match newest {
                Some(_) => Ok(()),
                None => Err(Failure::invalid(format!("there is nothing to do\n{hint}"))),
            };
        }
        if newest == Some((run, prompt, stage, *visit)) {
            return Ok(());
        }
        let (run, text, stage) = (run.clone(), prompt.clone(), stage.clone());
        let prompt = Record::Prompt { run, text, stage, visit: *visit };
        for finish in self.session.open_calls() {
            self.close_silently(&finish, "accepted: the run ended here")?;
        }
        Ok(self.session.append(prompt)?)
    }

    fn report_bad_input(&mut self) -> Result<(), Failure> {
        for message in self.input.take_not_understood() {
            self.output.emit(&AgentEvent::Error { class: ErrorClass::Other, message })?;
        }
        Ok(())
    }

    /// Whether a final message stands: not over a failed call, and not over a human's new words.
    fn may_end(&mut self, finish: Option<&Call>) -> Result<bool, Failure> {
        if let Some(finish) = finish
            && self.session.has_failed_call()
        {
            let reason = "not finished: another call of this answer failed. Read its result first.";
            self.give_result(finish, Err(reason.to_owned()), Interrupted::No)?;
            return Ok(false);
        }
        let messages = self.input.take_messages();
        if messages.is_empty() {
            return Ok(true);
        }
        if let Some(finish) = finish {
            let reason = "not finished: the human wrote something meanwhile.";
            self.give_result(finish, Err(reason.to_owned()), Interrupted::No)?;
        }
        self.append_messages(messages)?;
        Ok(false)
    }

    /// The last words of a call of `finish`, if it stands.
    fn finish(&mut self, call: &Call) -> Result<Option<String>, Failure> {
        if !self.may_end(Some(call))? {
            return Ok(None);
        }
        let end = match End::parse(&call.input) {
            Ok(end) => end,
            Err(problem) => {
                self.give_result(call, Err(problem.to_string()), Interrupted::No)?;
                return Ok(None);
            }
        };
        if let (End::Typed(_), Some(client)) = (&end, self.desk.clone()) {
            let reply = self.on_desk(&client, Tool::Finish, &call.input)?;
            if !reply.ok {
                self.give_result(call, Err(reply.text), Interrupted::No)?;
                return Ok(None);
            }
        }
        Ok(Some(end.text(&self.start.stage)))
    }

    /// Calls Crewhouse, and waits for what it says.
    fn on_desk(&mut self, client: &Client, tool: Tool, input: &Value) -> Result<Reply, Failure> {
        let heartbeat = self.heartbeat();
        Ok(during(self.output, heartbeat, || reply(client, tool, input))?)
    }

    /// Adds what people said to the conversation, and says so.
    fn append_messages(&mut self, messages: Vec<Message>) -> io::Result<()> {
        for Message { remark, text } in messages {
            // Neither its beginning nor the mark at its end is lost.
            let text = match self.model.room() {
                Some(room) => middle_out(&text, room.max(ROOM_MIN) / 2),
                None => text,
            };
            self.session.append(Record::Message { text })?;
            if let Some(remark) = remark {
                self.output.emit(&AgentEvent::TookIn { remark })?;
            }
        }
        Ok(())
    }

    /// What was said since the prompt, and is not in the conversation, has come before all else.
    fn take_remarks(&mut self) {
        let has = |record: &Record, mark: &str| matches!(record, Record::Message { text } if text.contains(mark));
        let records = self.session.records();
        let is_new = |mark: &str| !records.iter().any(|record| has(record, mark));
        for Remark { mark, text } in &self.start.remarks {
            if is_new(mark) {
                self.input.add(Message { remark: None, text: text.clone() });
            }
        }
    }

    fn ask_model(&mut self) -> Result<(), Failure> {
        let messages = self.input.take_messages();
        let heartbeat = self.heartbeat();
        self.model.learn_window(self.output, heartbeat)?;
        self.append_messages(messages)?;
        if self.model.is_full(&self.session) {
            self.compact(false)?;
        }
        let next_tokens = self.model.tokens_of_next_call(&self.session);
        guard::check(&self.start.budget, &self.session, next_tokens)?;
        match self.model.call(&mut self.session, self.output, heartbeat) {
            Ok(reply) => self.take_reply(reply),
            // What comes next is the same question, in fewer words.
            Err(Failure::TooLong { .. }) if self.compact(true)? => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Has the beginning of the conversation told in short; tells whether that was possible. It is said
    /// first: a kill in between says it twice, and nobody is reminded of too much.
    fn compact(&mut self, refused: bool) -> Result<bool, Failure> {
        let room = self.model.room();
        let Some(room) = room.and_then(|room| self.session.room_to_compact(room, refused)) else {
            return Ok(false);
        };
        self.output.emit(&AgentEvent::Compacted)?;
        self.session.compact(room)?;
        self.said_full = 0;
        Ok(true)
    }

    /// Says how full the conversation is, when that has changed by a tenth.
    fn say_how_full(&mut self, used: u64) -> io::Result<()> {
        let Some(window) = self.model.window() else { return Ok(()) };
        let full = used.saturating_mul(10) / window.max(1);
        if std::mem::replace(&mut self.said_full, full) == full {
            return Ok(());
        }
        self.output.emit(&AgentEvent::Context { used, window })
    }

    /// Reports an answer and adds it to the session. The usage is said first: what was consumed
    /// stays consumed, whether or not the answer survives.
    fn take_reply(&mut self, reply: model::Reply) -> Result<(), Failure> {
        self.output.emit(&AgentEvent::Usage(reply.usage))?;
        self.say_how_full(reply.usage.tokens())?;
        if !reply.thinking.is_empty() {
            self.output.emit(&AgentEvent::Thinking { text: reply.thinking.clone() })?;
        }
        if !reply.text.is_empty() {
            self.output.emit(&AgentEvent::Text { text: reply.text.clone() })?;
        }
        let place = self.session.records().len();
        let named = reply.calls.into_iter().enumerate().map(|(index, call)| Call {
            id: format!("c{place}-{index}"),
            name: call.name,
            input: call.input,
            signatures: call.signatures,
        });
        let answer = Assistant {
            model: self.model.name().to_owned(),
            thinking: reply.thinking,
            text: reply.text,
            calls: named.collect(),
            usage: reply.usage,
            cut: reply.cut,
            opaque: reply.opaque,
        };
        Ok(self.session.append(Record::Assistant(answer))?)
    }

    fn use_tool(&mut self, call: &Call) -> Result<(), Failure> {
        let Call { id, name, input, .. } = call.clone();
        self.output.emit(&AgentEvent::ToolCall { id, name, input })?;
        let outcome = match self.tool_of(call) {
            Ok(tool) => match self.objection(call, &tool)? {
                Some(why) => Err(ToolError::Failed(why)),
                None => self.run_tool(call, tool)?,
            },
            Err(reason) => Err(reason),
        };
        self.give_result(call, outcome.map_err(|reason| reason.to_string()), Interrupted::No)
    }

    fn run_tool(
        &mut self,
        call: &Call,
        tool: ToolCall,
    ) -> Result<Result<String, ToolError>, Failure> {
        match tool {
            ToolCall::Ask(ask) => self.ask_human(&call.id, ask),
            ToolCall::Desk(tool, input) => match self.desk.clone() {
                None => Ok(Err(ToolError::Failed("nobody can be called in this run".to_owned()))),
                Some(client) => Ok(match self.on_desk(&client, tool, &input)? {
                    Reply { ok: true, text } => Ok(text),
                    Reply { ok: false, text } => Err(ToolError::Failed(text)),
                }),
            },
            tool => {
                let heartbeat = self.heartbeat();
                Ok(during(self.output, heartbeat, || self.workshop.run(&tool))?)
            }
        }
    }

    /// What the rules of its role, or the human whom they ask, have against the use of a tool.
    fn objection(&mut self, call: &Call, tool: &ToolCall) -> Result<Option<String>, Failure> {
        let Some(about) = tool.about().filter(|_| self.start.asks_permission) else {
            return Ok(None);
        };
        let text =
            format!("May it use {}?\n{}", call.name, asks::shown(&asks::fields(&call.input)));
        // By what it is: who asks for the same again after a kill is given the answer that there is.
        let Some(key) = self.asked.add(&format!("{}\n{}", call.name, call.input), ()) else {
            return Ok(Some("too many questions wait already".to_owned()));
        };
        let (options, about) = (asks::options(), Some(Box::new(about)));
        let event = AgentEvent::Ask { key: key.clone(), text, options, about };
        let answer = self.wait_for_answer(&key, &event)?;
        self.asked.forget(|()| true);
        Ok(match answer.as_deref().map(Answer::of) {
            Some(Answer::Allow) => None,
            Some(Answer::Deny) => Some("the human said no".to_owned()),
            Some(Answer::DenyBecause(words)) => Some(format!("the human said no: {words}")),
            Some(Answer::Refused(why)) => Some(why.to_owned()),
            None => Some("it has to be allowed, and nobody is there any more".to_owned()),
        })
    }

    fn heartbeat(&self) -> Duration {
        // Without a pause between them, heartbeats would be all that the agent does.
        Duration::from_millis(self.start.heartbeat_ms.max(1))
    }

    fn tool_of(&self, call: &Call) -> Result<ToolCall, ToolError> {
        let is_allowed =
            |tool: &ToolName| *tool == ToolName::Finish || self.start.tools.contains(tool);
        let tool = ToolName::parse(&call.name).filter(is_allowed).ok_or_else(|| {
            let names: Vec<_> = self.start.tools.iter().map(|tool| tool.as_str()).collect();
            ToolError::Arguments(format!(
                "there is no tool `{}`\nhint: your tools are {}",
                call.name,
                names.join(", ")
            ))
        })?;
        ToolCall::parse(tool, &call.input)
    }

    /// Asks the human and waits. How long is up to whoever supervises the agent.
    fn ask_human(&mut self, key: &str, ask: Ask) -> Result<Result<String, ToolError>, Failure> {
        let nobody = |why: &str| {
            ToolError::Failed(format!(
                "{why}; nobody will answer\n\
                 hint: decide yourself, or finish with REQUEST: and the question"
            ))
        };
        if self.start.ask_policy == AskPolicy::Refuse {
            return Ok(Err(nobody("asks are not allowed in this run")));
        }
        let Ask { text, options } = ask;
        let event = AgentEvent::Ask { key: key.to_owned(), text, options, about: None };
        let answer = self.wait_for_answer(key, &event)?;
        Ok(answer.ok_or_else(|| nobody("the input has ended")))
    }

    /// Asks, and waits for as long as there may be an answer.
    fn wait_for_answer(
        &mut self,
        key: &str,
        event: &AgentEvent,
    ) -> Result<Option<String>, Failure> {
        self.output.emit(event)?;
        let answer = self.input.answer(key);
        if answer.is_none() && self.input.is_interrupted() {
            return Err(Failure::Interrupted); // it asks again when it goes on
        }
        self.report_bad_input()?;
        Ok(answer)
    }

    fn give_result(
        &mut self,
        call: &Call,
        outcome: Result<String, String>,
        interrupted: Interrupted,
    ) -> Result<(), Failure> {
        let ok = outcome.is_ok();
        let output = outcome.unwrap_or_else(|reason| reason);
        self.session.append_result(CallResult {
            call: call.id.clone(),
            ok,
            output: output.clone(),
            interrupted: interrupted == Interrupted::Yes,
        })?;
        Ok(self.output.emit(&AgentEvent::ToolResult { id: call.id.clone(), ok, output })?)
    }

    /// Gives a call a result that only the model needs to see.
    fn close_silently(&mut self, call: &Call, output: &str) -> io::Result<()> {
        self.session.append_result(CallResult {
            call: call.id.clone(),
            ok: true,
            output: output.to_owned(),
            interrupted: false,
        })
    }
}

/// Whether the agent was killed during a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interrupted {
    Yes,
    No,
}
