//! What Codex asks before it does it, and the lines that answer.
//!
//! Codex is told to ask before each change of a file and before each command that is not plainly
//! harmless. What the team allows is answered here; the rest is for the human.

use std::fmt::Write as _;
use std::path::Path;

use crew_core::about::About;
use crew_core::team::Permissions;
use serde_json::{Map, Value, json};

use super::harmless::is_harmless;
use super::items::change_kind;
use super::wire::{Change, InputQuestion, Params};
use crate::asks::{Answer, Asks, Question, answers, options, put, shown};
use crate::event::AgentEvent;
use crate::keep::part;
use crate::rpc::{Id, response};

/// It does it.
const ACCEPT: &str = "accept";
/// It does not, and goes on.
const DECLINE: &str = "decline";

/// What is asked for.
#[derive(Debug)]
pub(super) enum Wish<'a> {
    /// To run a command.
    Command(&'a Params<'a>),
    /// To change files.
    Files { params: &'a Params<'a>, changes: &'a [Change] },
}

/// What is done about a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    Accept,
    Ask,
    Decline,
}

/// The requests that wait for the human.
#[derive(Debug, Default)]
pub(super) struct Requests(Asks<Open>);

#[derive(Debug)]
struct Open {
    request: Id,
    thread: String,
    /// What is asked, if it is no permission.
    questions: Vec<Question>,
}

impl Wish<'_> {
    /// By what the team allows. Who only looks is not asked; changes of files are those in the
    /// worktree.
    pub(super) fn ruling(
        &self,
        permissions: Permissions,
        allow: &[String],
        worktree: &Path,
    ) -> Ruling {
        match (permissions, self) {
            (Permissions::All, _) => Ruling::Accept,
            (_, Wish::Command(params)) if is_harmless(&command(params), allow) => Ruling::Accept,
            (Permissions::Deny, _) => Ruling::Decline,
            (Permissions::Edit, Wish::Files { params, changes })
                if params.grant_root.is_none() && are_in(worktree, changes) =>
            {
                Ruling::Accept
            }
            (Permissions::Ask | Permissions::Edit, _) => Ruling::Ask,
        }
    }

    /// What it is, for a rule. Whoever wants more than the files that are named asks a human.
    fn about(&self) -> Option<About<String>> {
        match self {
            Wish::Command(params) => {
                params.command.as_ref()?;
                Some(About::run("shell", &command(params), params.cwd.as_deref()))
            }
            Wish::Files { params, changes } => {
                let moved = |change: &Change| {
                    let to = change.kind.get("move_path").or(change.kind.get("movePath"))?;
                    to.as_str().map(str::to_owned)
                };
                let named = changes.iter().map(|change| change.path.clone());
                let files = named.chain(changes.iter().filter_map(moved)).collect();
                params.grant_root.is_none().then(|| About::change("apply_patch", files))
            }
        }
    }

    /// For a human, and as what names it.
    fn text(&self) -> String {
        let (what, params, list) = match self {
            Wish::Command(params) => {
                let place = params.cwd.as_ref().map(|cwd| format!("\nin {cwd}"));
                let place = place.unwrap_or_default();
                ("run this command", params, command(params) + &place)
            }
            Wish::Files { params, changes } => {
                let mut list = String::new();
                for change in *changes {
                    writeln!(list, "{} {}\n{}", change_kind(change), change.path, change.diff).ok();
                }
                ("change these files", params, list)
            }
        };
        let reason = params.reason.as_deref().filter(|reason| !reason.trim().is_empty());
        let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        let root = params.grant_root.as_deref();
        let root = root.map(|root| format!(" And everything below {root}?")).unwrap_or_default();
        format!("May it {what}?{root}{reason}\n{list}")
    }
}

fn command(params: &Params<'_>) -> String {
    match &params.command {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).map(quoted).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
        None => "(it does not say which)".to_owned(),
    }
}

/// A word as a shell would have to read it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether all of these are below a directory. A path that climbs is not.
fn are_in(worktree: &Path, changes: &[Change]) -> bool {
    let is_in = |path: &Path| {
        let is_plain = path.components().all(|part| part.as_os_str() != "..");
        is_plain && (path.is_relative() || path.starts_with(worktree))
    };
    !changes.is_empty() && changes.iter().all(|change| is_in(Path::new(&change.path)))
}

impl Requests {
    /// Asks the human. `None` when too many wait.
    pub(super) fn add(&mut self, id: Id, wish: &Wish<'_>) -> Option<AgentEvent> {
        let (Wish::Command(params) | Wish::Files { params, .. }) = wish;
        let text = wish.text();
        let thread = params.thread_id.clone().unwrap_or_default();
        let about = wish.about().map(Box::new);
        let key = self.0.add(&text, Open { request: id, thread, questions: Vec::new() })?;
        Some(AgentEvent::Ask { key, text: shown(&text), options: options(), about })
    }

    /// Asks the human what Codex wants to know. `None` when too many wait, or nothing is asked.
    pub(super) fn add_questions(&mut self, id: Id, params: &Params<'_>) -> Option<AgentEvent> {
        let asked: Vec<InputQuestion> = part(params.questions)?;
        let questions: Vec<Question> = asked.into_iter().map(Question::from).collect();
        let (text, options) = put(&questions)?;
        let thread = params.thread_id.clone().unwrap_or_default();
        let key = self.0.add(&text, Open { request: id, thread, questions })?;
        Some(AgentEvent::Ask { key, text: shown(&text), options, about: None })
    }

    /// Nobody waits for this one any more.
    pub(super) fn settled(&mut self, id: &Id) {
        self.0.forget(|open| open.request == *id);
    }

    /// Nor for any of this conversation, as its turn is over.
    pub(super) fn over(&mut self, thread: &str) {
        self.0.forget(|open| open.thread == thread);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line that tells Codex the human's answer; `None` when nobody waits for it.
    pub(super) fn answer(&self, key: &str, text: &str) -> Option<String> {
        let open = self.0.get(key)?;
        if !open.questions.is_empty() {
            let said = answers(open.questions.len(), text);
            let named = open.questions.iter().zip(said);
            let named: Map<String, Value> = named
                .map(|(asked, said)| (asked.name.clone(), json!({"answers": [said]})))
                .collect();
            return Some(response(&open.request, &json!({"answers": named})));
        }
        Some(match Answer::of(text) {
            Answer::Allow => decide(&open.request, ACCEPT),
            // It has no place for a reason.
            Answer::Deny | Answer::DenyBecause(_) | Answer::Refused(_) => {
                decide(&open.request, DECLINE)
            }
        })
    }
}

impl From<InputQuestion> for Question {
    fn from(asked: InputQuestion) -> Self {
        let choices = asked.options.unwrap_or_default().into_iter();
        Self {
            name: asked.id,
            text: asked.question,
            choices: choices.map(|it| (it.label, it.description)).collect(),
            takes_several: false,
        }
    }
}

/// The line for a wish that nobody is asked about.
pub(super) fn ruled(id: &Id, ruling: Ruling) -> String {
    match ruling {
        Ruling::Accept => decide(id, ACCEPT),
        Ruling::Ask | Ruling::Decline => decide(id, DECLINE),
    }
}

fn decide(id: &Id, decision: &str) -> String {
    response(id, &json!({"decision": decision}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str) -> Change {
        serde_json::from_value(json!({"path": path, "kind": {"type": "add"}, "diff": "x"})).unwrap()
    }

    #[test]
    fn what_the_team_allows_nobody_is_asked() {
        let params: Params<'_> = serde_json::from_str("{}").unwrap();
        let check = |permissions: Permissions, paths: Option<&[&str]>, expect: Ruling| {
            let changes: Vec<Change> = paths.into_iter().flatten().map(|it| change(it)).collect();
            let wish = match paths {
                None => Wish::Command(&params),
                Some(_) => Wish::Files { params: &params, changes: &changes },
            };
            assert_eq!(
                wish.ruling(permissions, &[], Path::new("/w")),
                expect,
                "{permissions:?} {paths:?}"
            );
        };
        check(Permissions::Edit, None, Ruling::Ask);
        check(Permissions::Edit, Some(&["/w/a", "b/c"]), Ruling::Accept);
        check(Permissions::Edit, Some(&["/w/a", "/etc/passwd"]), Ruling::Ask);
        check(Permissions::Edit, Some(&["/w/../etc/passwd"]), Ruling::Ask);
        check(Permissions::Edit, Some(&["../etc/passwd"]), Ruling::Ask);
        check(Permissions::Edit, Some(&["/web"]), Ruling::Ask);
        check(Permissions::Edit, Some(&[]), Ruling::Ask);
        check(Permissions::Ask, Some(&["/w/a"]), Ruling::Ask);
        check(Permissions::Deny, None, Ruling::Decline);
        check(Permissions::All, None, Ruling::Accept);
    }

    #[test]
    fn a_question_is_answered_by_its_name() {
        let params = r#"{"threadId":"t","questions":[
            {"id":"q1","header":"H","question":"Which?","options":[{"label":"A","description":""}]},
            {"id":"q2","header":"H","question":"Why?","options":null}]}"#;
        let params: Params<'_> = serde_json::from_str(params).unwrap();
        let mut requests = Requests::default();
        let asked = requests.add_questions(Id::Number(7), &params);
        let Some(AgentEvent::Ask { key, about: None, .. }) = asked else { panic!("{asked:?}") };
        let line: Value = serde_json::from_str(&requests.answer(&key, "A\nso").unwrap()).unwrap();
        let expect = json!({"q1": {"answers": ["A"]}, "q2": {"answers": ["so"]}});
        assert_eq!(line["result"]["answers"], expect);
    }

    #[test]
    fn words_of_a_command_stay_words() {
        let params: Params<'_> =
            serde_json::from_str(r#"{"command":["git","status","a && rm b","it's"]}"#).unwrap();
        assert_eq!(command(&params), r"git status 'a && rm b' 'it'\''s'");
    }

    #[test]
    fn an_answer_is_a_decision() {
        let params: Params<'_> =
            serde_json::from_str(r#"{"threadId":"t","command":"ls","cwd":"/w","reason":"Look."}"#)
                .unwrap();
        let mut requests = Requests::default();
        let asked = requests.add(Id::Number(7), &Wish::Command(&params));
        let Some(AgentEvent::Ask { key, text, .. }) = asked else { panic!("{asked:?}") };
        assert_eq!(text, "May it run this command? Look.\nls\nin /w");
        let decision = |text: &str| -> Value {
            let line: Value = serde_json::from_str(&requests.answer(&key, text).unwrap()).unwrap();
            assert_eq!(line["id"], 7);
            line["result"]["decision"].clone()
        };
        assert_eq!(decision("yes"), "accept");
        assert_eq!(decision("no"), "decline");
        assert_eq!(decision("use make"), "decline");
        assert_eq!(requests.answer("stranger", "yes"), None);
    }
}
