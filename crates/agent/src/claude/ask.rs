//! Permission requests and questions of Claude Code, and the lines that answer them.

use std::fmt::Write as _;

use crew_core::about::About;
use serde_json::{Map, Value, json};

use super::wire::Request;
use crate::asks::{ALLOW, Answer, Asks, DENY, Question, answers, fields, options, put, shown};
use crate::event::AgentEvent;

/// The tool whose use is a question.
const QUESTION: &str = "AskUserQuestion";
/// The tool whose use shows a plan, and ends the planning when it is allowed.
const PLAN: &str = "ExitPlanMode";

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
        let about = about(&request.tool_name, &request.input).map(Box::new);
        let what = format!("{}\n{}", request.tool_name, request.input);
        let call = request.tool_use_id;
        let open = Open { request: id, call, tool: request.tool_name, input: request.input };
        let key = self.0.add(&what, open)?;
        Some(AgentEvent::Ask { key, text, options, about })
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
            Answer::Refused(why) => json!({"behavior": DENY, "message": why}),
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
        && let Some(question) = put(&questions(&request.input))
    {
        return question;
    }
    if request.tool_name == PLAN {
        let plan = request.input.get("plan").and_then(Value::as_str).unwrap_or_default();
        return (format!("It made a plan. May it begin?\n{}", shown(plan)), options());
    }
    let mut text = format!("May it use {}?", request.tool_name);
    for words in [&request.description, &request.decision_reason].into_iter().flatten() {
        write!(text, " {words}").ok();
    }
    write!(text, "\n{}", shown(&fields(&request.input))).ok();
    (text, options())
}

/// What it wants to do. Questions and plans are for a human.
fn about(tool: &str, input: &Value) -> Option<About<String>> {
    let text = |name: &str| input.get(name)?.as_str().map(str::to_owned);
    let file = |name: &str| text(name).into_iter().collect::<Vec<_>>();
    Some(match tool {
        QUESTION | PLAN => return None,
        "Bash" => About::run(tool, &text("command")?, None),
        "Edit" | "MultiEdit" | "Write" => About::change(tool, file("file_path")),
        "NotebookEdit" => About::change(tool, file("notebook_path")),
        "Read" => About::look(tool, file("file_path")),
        "Grep" => About::look(tool, searched(text("path"), text("glob"))),
        "Glob" => About::look(tool, searched(text("path"), text("pattern"))),
        "LS" => About::look(tool, file("path")),
        _ => About::other(tool, input.to_string()),
    })
}

/// The files that it searches, as far as it says which.
fn searched(below: Option<String>, glob: Option<String>) -> Vec<String> {
    match (below, glob) {
        (Some(below), Some(glob)) if !glob.starts_with('/') => vec![format!("{below}/{glob}")],
        (_, Some(glob)) => vec![glob],
        (below, None) => below.into_iter().collect(),
    }
}

fn questions(input: &Value) -> Vec<Question> {
    let text_of = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let question = |value: &Value| {
        let text = text_of(value, "question");
        let choices = value.get("options").and_then(Value::as_array).into_iter().flatten();
        let choices = choices.map(|it| (text_of(it, "label"), text_of(it, "description")));
        Question {
            name: text.clone(),
            text,
            choices: choices.filter(|(label, _)| !label.is_empty()).collect(),
            takes_several: value.get("multiSelect") == Some(&Value::Bool(true)),
        }
    };
    let all = input.get("questions").and_then(Value::as_array).into_iter().flatten();
    all.map(question).filter(|question| !question.text.is_empty()).collect()
}

fn answered(input: &Value, text: &str) -> Value {
    let questions = questions(input);
    let said = answers(questions.len(), text);
    let named = questions.iter().zip(said);
    let answers: Map<String, Value> =
        named.map(|(question, said)| (question.name.clone(), Value::from(said))).collect();
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
        let AgentEvent::Ask { key, text, options, about } = &event else { panic!("{event:?}") };
        assert_eq!(*about, None, "no rule answers a question");
        assert_eq!((text.as_str(), options.as_slice()), ("Which?", &["A".into(), "B".into()][..]));
        let line: Value = serde_json::from_str(&asks.answer(key, "B").unwrap()).unwrap();
        assert_eq!(line["response"]["response"]["updatedInput"]["answers"]["Which?"], "B");
    }

    #[test]
    fn several_questions_have_an_answer_each() {
        let input = json!({"questions": [
            {"question": "Which?", "options": [{"label": "A"}, {"label": "B"}]},
            {"question": "Why?", "multiSelect": true, "options": [{"label": "C"}, {"label": "D"}]},
        ]});
        let mut asks = Requests::default();
        let event = asks.add("1".into(), request(QUESTION, &input)).unwrap();
        let line = asks.answer(key_of(&event), "B\nC, D").unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let expect = json!({"Which?": "B", "Why?": "C, D"});
        assert_eq!(line["response"]["response"]["updatedInput"]["answers"], expect);
    }

    #[test]
    fn a_plan_is_shown_and_allowed_with_all_that_it_is() {
        let input = json!({"plan": "1. Do it."});
        let mut asks = Requests::default();
        let event = asks.add("1".into(), request(PLAN, &input)).unwrap();
        let AgentEvent::Ask { key, text, options, about: None } = &event else {
            panic!("{event:?}")
        };
        assert_eq!(text, "It made a plan. May it begin?\n1. Do it.");
        assert_eq!(options.len(), 2);
        let line: Value = serde_json::from_str(&asks.answer(key, "allow").unwrap()).unwrap();
        let expect = json!({"behavior": "allow", "updatedInput": input});
        assert_eq!(line["response"]["response"], expect);
    }

    #[test]
    fn what_it_wants_to_do_is_read_from_its_data() {
        let check = |tool: &str, input: Value, expect: Option<About<String>>| {
            assert_eq!(about(tool, &input), expect, "{tool}");
        };
        check("Bash", json!({"command": "ls"}), Some(About::run("Bash", "ls", None)));
        check("Bash", json!({"command": 7}), None);
        let edit = About::change("Edit", vec!["/w/a".into()]);
        check("Edit", json!({"file_path": "/w/a"}), Some(edit));
        let other = About::other("WebFetch", r#"{"url":"https://x.example"}"#.into());
        check("WebFetch", json!({"url": "https://x.example"}), Some(other));
    }
}
