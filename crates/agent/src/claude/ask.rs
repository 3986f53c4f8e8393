//! Permission requests and questions of Claude Code, and the lines that answer them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::wire::Request;
use crate::asks::{ALLOW, Answer, Asks, DENY, fields, options, shown};
use crate::event::AgentEvent;

/// The tool whose use is a question.
const QUESTION: &str = "AskUserQuestion";

/// The requests that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Requests(Asks<Open>);

#[derive(Debug)]
struct Open {
    request: String,
    call: Option<String>,
    tool: String,
    input: Value,
}

impl Requests {
    /// Takes a request in. `None` when too many wait.
    pub(super) fn add(&mut self, id: String, request: Request) -> Option<AgentEvent> {
        let (text, options) = words(&request);
        let what = format!("{}\n{}", request.tool_name, request.input);
        let call = request.tool_use_id;
        let open = Open { request: id, call, tool: request.tool_name, input: request.input };
        let key = self.0.add(&what, open)?;
        Some(AgentEvent::Ask { key, text, options })
    }

    /// The request was withdrawn.
    pub(super) fn withdraw(&mut self, id: &str) {
        self.0.forget(|open| open.request == id);
    }

    /// The tool was used, or not: nobody waits any more.
    pub(super) fn settled(&mut self, call: &str) {
        self.0.forget(|open| open.call.as_deref() == Some(call));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What tells Claude Code the human's answer; `None` when nobody waits for it.
    pub(super) fn answer(&self, key: &str, text: &str) -> Option<String> {
        let open = self.0.get(key)?;
        if open.tool == QUESTION {
            let answered = json!({"behavior": ALLOW, "updatedInput": answered(&open.input, text)});
            return Some(respond(&open.request, &answered));
        }
        let behaviour = match Answer::of(text) {
            Answer::Allow => json!({"behavior": ALLOW, "updatedInput": open.input}),
            Answer::Deny => json!({"behavior": DENY, "message": "The human said no."}),
            Answer::DenyBecause(words) => {
                json!({"behavior": DENY, "message": format!("The human said no: {words}")})
            }
        };
        Some(respond(&open.request, &behaviour))
    }
}

/// What says no to a request that nobody is asked about.
pub(super) fn refuse(request: &str) -> String {
    let error = "this is not supported here";
    let response = json!({"subtype": "error", "request_id": request, "error": error});
    json!({"type": "control_response", "response": response}).to_string()
}

/// What denies a permission that nobody is asked for.
pub(super) fn deny(request: &str) -> String {
    respond(request, &json!({"behavior": DENY, "message": "Too many requests wait already."}))
}

fn respond(request: &str, behaviour: &Value) -> String {
    let response = json!({"subtype": "success", "request_id": request, "response": behaviour});
    json!({"type": "control_response", "response": response}).to_string()
}

fn words(request: &Request) -> (String, Vec<String>) {
    if request.tool_name == QUESTION
        && let Some(question) = question(&request.input)
    {
        return question;
    }
    let mut text = format!("May it use {}?", request.tool_name);
    for words in [&request.description, &request.decision_reason].into_iter().flatten() {
        write!(text, " {words}").ok();
    }
    write!(text, "\n{}", shown(&fields(&request.input))).ok();
    (text, options())
}

/// One question has its options; several are answered in one text.
fn question(input: &Value) -> Option<(String, Vec<String>)> {
    let questions = input.get("questions")?.as_array()?;
    let text_of = |question: &Value| Some(question.get("question")?.as_str()?.to_owned());
    let options_of = |question: &Value| -> Vec<String> {
        let options = question.get("options").and_then(Value::as_array);
        let labels = options.into_iter().flatten().filter_map(|o| o.get("label")?.as_str());
        labels.map(str::to_owned).collect()
    };
    match questions.as_slice() {
        [] => None,
        [one] => Some((text_of(one)?, options_of(one))),
        several => {
            let mut text = String::new();
            for question in several {
                let options = options_of(question).join(" | ");
                writeln!(text, "{} ({options})", text_of(question)?).ok();
            }
            Some((text, Vec::new()))
        }
    }
}

fn answered(input: &Value, text: &str) -> Value {
    let questions = input.get("questions").and_then(Value::as_array);
    let names = questions.into_iter().flatten().filter_map(|q| q.get("question")?.as_str());
    let answers: Map<String, Value> =
        names.map(|name| (name.to_owned(), Value::from(text.trim()))).collect();
    let mut input = input.clone();
    if let Some(fields) = input.as_object_mut() {
        fields.insert("answers".to_owned(), Value::Object(answers));
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(tool: &str, input: &Value) -> Request {
        let value = json!({"subtype": "can_use_tool", "tool_name": tool, "input": input});
        serde_json::from_value(value).unwrap()
    }

    fn key_of(event: &AgentEvent) -> &str {
        let AgentEvent::Ask { key, .. } = event else { panic!("{event:?}") };
        key
    }

    #[test]
    fn an_answer_is_yes_or_a_reason_against() {
        let mut asks = Requests::default();
        let event = asks.add("7".into(), request("Bash", &json!({"command": "ls"}))).unwrap();
        let answer = |text: &str| -> Value {
            let line = asks.answer(key_of(&event), text).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["response"]["request_id"], "7");
            line["response"]["response"].clone()
        };
        let allowed = json!({"behavior": "allow", "updatedInput": {"command": "ls"}});
        assert_eq!(answer("allow"), allowed);
        assert_eq!(answer(" Yes\n"), allowed);
        assert_eq!(answer("deny")["message"], "The human said no.");
        assert_eq!(answer("use make")["behavior"], "deny");
        assert_eq!(answer("use make")["message"], "The human said no: use make");
        assert_eq!(asks.answer("stranger", "allow"), None);
    }

    #[test]
    fn a_question_is_asked_with_its_options_and_answered_with_one() {
        let question = json!({"question": "Which?", "options": [{"label": "A"}, {"label": "B"}]});
        let mut asks = Requests::default();
        let input = json!({"questions": [question]});
        let event = asks.add("1".into(), request(QUESTION, &input)).unwrap();
        let AgentEvent::Ask { key, text, options } = &event else { panic!("{event:?}") };
        assert_eq!((text.as_str(), options.as_slice()), ("Which?", &["A".into(), "B".into()][..]));
        let line: Value = serde_json::from_str(&asks.answer(key, "B").unwrap()).unwrap();
        assert_eq!(line["response"]["response"]["updatedInput"]["answers"]["Which?"], "B");
    }
}
