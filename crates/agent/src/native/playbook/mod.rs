//! A model that reads its answers from a file, so that the whole product runs with real files,
//! commits and tests, with no key and no network.
//!
//! The scene is the first one that fits role, stage, title and visit. The turn is the number of
//! answers since the newest prompt. Nothing else is remembered, so any restart finds its place;
//! what a turn does only once leaves a mark in the session. A call that was interrupted is made
//! again before the script goes on, as a careful model would do after a look.

mod script;

use std::path::Path;
use std::thread;
use std::time::Duration;

use crew_core::{Micros, Usage};
use serde_json::json;

use super::clock;
use super::model::{Failure, NewCall, Reply};
use super::output::Output;
use super::session::{Record, Session};
use super::start::Start;
use crate::AgentEvent;
use script::{Scene, Turn};

pub use script::{Script, ScriptError};

/// The scene that is played in this session.
pub(super) struct Playbook {
    scene: Scene,
    scene_index: usize,
    cast: Cast,
}

/// What the placeholders in spoken words stand for.
struct Cast {
    title: String,
    role: String,
    stage: String,
    visit: u32,
}

impl Playbook {
    /// Reads the file and chooses the scene.
    pub(super) fn open(path: &Path, start: &Start) -> Result<Self, ScriptError> {
        let script = Script::read(path)?;
        let (scene_index, scene) = script.choose(start)?;
        let cast = Cast {
            title: start.task_title.clone(),
            role: start.role.clone(),
            stage: start.stage.clone(),
            visit: start.visit,
        };
        Ok(Self { scene, scene_index, cast })
    }

    pub(super) fn tokens_of_next_call(&self, session: &Session) -> u64 {
        self.turn(session).1.usage.tokens()
    }

    /// Plays the next turn.
    pub(super) fn play(
        &self,
        session: &mut Session,
        output: &mut Output<'_>,
    ) -> Result<Reply, Failure> {
        let again = interrupted_calls(session);
        if !again.is_empty() {
            return Ok(Reply { calls: again, usage: free(Usage::default()), ..Reply::default() });
        }
        let (index, turn) = self.turn(session);
        let turn = turn.clone();
        self.disturb(index, &turn, session, output)?;
        Ok(self.reply(&turn, session))
    }

    /// The turn to play: the last one for ever, once the script is at its end.
    fn turn(&self, session: &Session) -> (usize, &Turn) {
        let is_whole = |results: &Vec<&super::session::CallResult>| {
            !results.iter().any(|result| result.interrupted)
        };
        let played = session.turns().iter().filter(|(_, results)| is_whole(results)).count();
        let index = played.min(self.scene.turn.len() - 1);
        (index, &self.scene.turn[index])
    }

    /// Does what the turn has against a smooth run.
    fn disturb(
        &self,
        index: usize,
        turn: &Turn,
        session: &mut Session,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        thread::sleep(Duration::from_millis(turn.delay_ms));
        if let Some(garbage) = &turn.garbage {
            output.raw(garbage.as_bytes())?;
        }
        for line in 0..turn.flood {
            thread::sleep(Duration::from_millis(turn.flood_pause_ms));
            let text = format!("line {line} of a flood, at {}", clock::now().0);
            output.emit(&AgentEvent::Text { text })?;
        }
        let mark = |what| format!("{what} {}.{}.{index}", session.prompts(), self.scene_index);
        let (crash, limit) = (mark("crash"), mark("limit"));
        if turn.crash && !session.is_marked(&crash) {
            session.append(Record::Mark { name: crash })?;
            return Err(Failure::Crash);
        }
        if let Some(limit_s) = turn.limit_s.filter(|_| !session.is_marked(&limit)) {
            session.append(Record::Mark { name: limit })?;
            return Err(Failure::Limit {
                until: Some(clock::now() + crew_core::Millis::seconds(limit_s)),
                message: "the playbook limits the provider here".to_owned(),
            });
        }
        thread::sleep(Duration::from_secs(turn.hang_s));
        Ok(())
    }

    fn reply(&self, turn: &Turn, session: &Session) -> Reply {
        let speak = |words: &String| self.cast.speak(words, session);
        let call = |name: &str, input| NewCall { name: name.into(), input, signatures: vec![] };
        let mut calls: Vec<_> =
            turn.tools.iter().map(|tool| call(&tool.name, tool.input.clone())).collect();
        if let Some(ask) = &turn.ask {
            let input = json!({ "text": speak(&ask.text), "options": ask.options });
            calls.push(call("ask", input));
        }
        if let Some(finish) = &turn.finish {
            calls.push(call("finish", json!({ "message": speak(finish) })));
        }
        Reply {
            thinking: turn.think.as_ref().map(speak).unwrap_or_default(),
            text: turn.say.as_ref().map(speak).unwrap_or_default(),
            calls,
            usage: free(turn.usage.into()),
            ..Reply::default()
        }
    }
}

impl Cast {
    /// Fills the placeholders of spoken words. Commands and files have none: a title is data.
    fn speak(&self, words: &str, session: &Session) -> String {
        // The values come last and are not looked at again, whatever they contain.
        let visit = self.visit.to_string();
        let answer = newest_answer(session);
        let values = [
            ("{task}", self.title.as_str()),
            ("{title}", &self.title),
            ("{role}", &self.role),
            ("{stage}", &self.stage),
            ("{visit}", &visit),
            ("{answer}", &answer),
        ];
        let mut spoken = String::new();
        let mut rest = words;
        while let Some(at) = rest.find('{') {
            spoken.push_str(&rest[..at]);
            rest = &rest[at..];
            let hit = values.iter().find(|(name, _)| rest.starts_with(name));
            let (name, value) = hit.map_or(("{", "{"), |(name, value)| (*name, *value));
            spoken.push_str(value);
            rest = &rest[name.len()..];
        }
        spoken + rest
    }
}

/// What the human answered last.
fn newest_answer(session: &Session) -> String {
    let is_ask = |id: &str| {
        session
            .turns()
            .iter()
            .any(|(answer, _)| answer.calls.iter().any(|call| call.id == id && call.name == "ask"))
    };
    let answers = session.records().iter().rev().filter_map(|record| match record {
        Record::Result(result) if result.ok && is_ask(&result.call) => Some(&result.output),
        Record::Result(_)
        | Record::Prompt { .. }
        | Record::Message { .. }
        | Record::Assistant(_)
        | Record::Compacted { .. }
        | Record::Mark { .. } => None,
    });
    answers.take(1).cloned().collect()
}

/// The calls of the last answer that were interrupted.
fn interrupted_calls(session: &Session) -> Vec<NewCall> {
    let turns = session.turns();
    let Some((answer, results)) = turns.last() else {
        return Vec::new();
    };
    let is_interrupted =
        |id: &str| results.iter().any(|result| result.interrupted && result.call == id);
    let mut again = Vec::new();
    for call in answer.calls.iter().filter(|call| is_interrupted(&call.id)) {
        let (name, input) = (call.name.clone(), call.input.clone());
        again.push(NewCall { name, input, signatures: Vec::new() });
    }
    again
}

/// Scripted turns cost nothing, unless the script gives a price.
fn free(usage: Usage) -> Usage {
    Usage { cost: usage.cost.or(Some(Micros(0))), ..usage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_not_filled_again() {
        let directory = tempfile::tempdir().unwrap();
        let session = Session::open(&directory.path().join("s.jsonl")).unwrap();
        let cast = Cast {
            title: "{role} {".to_owned(),
            role: "pm".to_owned(),
            stage: "triage".to_owned(),
            visit: 2,
        };
        let spoken = cast.speak("{title}|{role}|{visit}|{other}|{", &session);
        assert_eq!(spoken, "{role} {|pm|2|{other}|{");
    }
}
