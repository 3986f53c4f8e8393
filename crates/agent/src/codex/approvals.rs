//! What Codex asks before it does it, and the lines that answer.
//!
//! Codex is told to ask before each change of a file and before each command that is not plainly
//! harmless. What the team allows is answered here; the rest is for the human.

use std::fmt::Write as _;
use std::path::Path;

use crew_core::team::Permissions;
use serde_json::{Value, json};

use super::harmless::is_harmless;
use super::items::change_kind;
use super::wire::{Change, Params};
use crate::asks::{Answer, Asks, options, shown};
use crate::event::AgentEvent;
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
            words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
        None => "(it does not say which)".to_owned(),
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
        let key = self.0.add(&text, Open { request: id, thread })?;
        Some(AgentEvent::Ask { key, text: shown(&text), options: options() })
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
        Some(match Answer::of(text) {
            Answer::Allow => decide(&open.request, ACCEPT),
            // It has no place for a reason.
            Answer::Deny | Answer::DenyBecause(_) => decide(&open.request, DECLINE),
        })
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
