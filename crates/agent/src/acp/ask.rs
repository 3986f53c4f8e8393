//! Requests for permission: answered by the policy where that is clear, asked of the human where it
//! is not.
//!
//! An agent offers answers of its own. The human chooses among them by their names; the policy by
//! their kinds, and it never chooses one that reaches further than this one use.

use std::path::Path;

use crew_core::team::Permissions;
use serde_json::{Value, json};

use super::calls::Call;
use super::wire::PermissionOption;
use crate::asks::{Answer, Asks, fields, shown};
use crate::event::AgentEvent;
use crate::rpc::{self, Id};

/// Kinds of answers that let it happen, the nearest first.
const ALLOWS: [&str; 2] = ["allow_once", "allow_always"];
/// Kinds of answers that do not.
const REJECTS: [&str; 2] = ["reject_once", "reject_always"];

/// A request that waits for the human.
#[derive(Debug)]
pub(super) struct Open {
    id: Id,
    call: String,
    options: Vec<PermissionOption>,
}

impl Open {
    /// Whether it is about this call.
    pub(super) fn is_about(&self, call: &str) -> bool {
        self.call == call
    }

    /// What tells the agent the human's answer: the name of an option, or a yes or no. Anything else
    /// is a no; the protocol has no place for reasons.
    pub(super) fn answer(&self, text: &str) -> String {
        let text = text.trim();
        let named = self.options.iter().find(|option| option.name.eq_ignore_ascii_case(text));
        let option = named.or_else(|| match Answer::of(text) {
            Answer::Allow => of_kind(&self.options, ALLOWS),
            Answer::Deny | Answer::DenyBecause(_) | Answer::Refused(_) => {
                of_kind(&self.options, REJECTS)
            }
        });
        select(&self.id, option)
    }
}

/// What the policy says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ruling {
    Allow,
    Deny,
    Ask,
}

fn ruling(permissions: Permissions, call: &Call, directory: &Path) -> Ruling {
    match permissions {
        _ if call.is_ours() => Ruling::Allow,
        Permissions::All => Ruling::Allow,
        Permissions::Deny => Ruling::Deny,
        Permissions::Edit if call.only_changes_below(directory) => Ruling::Allow,
        Permissions::Edit | Permissions::Ask => Ruling::Ask,
    }
}

/// What becomes of a request.
pub(super) enum Became {
    /// It is allowed with this line.
    Allowed(String),
    /// It is not, with this line.
    Denied(String),
    /// The human is asked.
    Asked(AgentEvent),
}

/// Takes a request in. Whoever only listens has no policy, and sees an ask.
pub(super) fn take(
    asks: &mut Asks<Open>,
    policy: Option<(Permissions, &Path)>,
    request: Request,
) -> Became {
    let Request { id, call_id, call, options } = request;
    let ruling = policy.map_or(Ruling::Ask, |(permissions, cwd)| ruling(permissions, &call, cwd));
    // An agent that offers no yes is not told yes; the human may know better.
    let allows = of_kind(&options, ALLOWS);
    match (ruling, allows) {
        (Ruling::Allow, Some(option)) => return Became::Allowed(select(&id, Some(option))),
        (Ruling::Deny, _) => return Became::Denied(deny(&id, &options)),
        (Ruling::Allow, None) | (Ruling::Ask, _) => {}
    }
    let (question, details) = call.question();
    let about = call.about().map(Box::new);
    let names = options.iter().map(|option| option.name.clone()).collect();
    let too_many = deny(&id, &options);
    let open = Open { id, call: call_id, options };
    match asks.add(&format!("{question}\n{details}"), open) {
        Some(key) => {
            let text = format!("{question}\n{}", shown(&fields(&details)));
            Became::Asked(AgentEvent::Ask { key, text, options: names, about })
        }
        None => Became::Denied(too_many),
    }
}

/// A request for permission.
pub(super) struct Request {
    pub(super) id: Id,
    pub(super) call_id: String,
    pub(super) call: Call,
    pub(super) options: Vec<PermissionOption>,
}

fn of_kind<'a>(options: &'a [PermissionOption], kinds: [&str; 2]) -> Option<&'a PermissionOption> {
    kinds.iter().find_map(|kind| options.iter().find(|option| option.kind == *kind))
}

fn deny(id: &Id, options: &[PermissionOption]) -> String {
    select(id, of_kind(options, REJECTS))
}

/// Without an option nothing is chosen, which is a no.
fn select(id: &Id, option: Option<&PermissionOption>) -> String {
    let outcome: Value = match option {
        Some(option) => json!({"outcome": "selected", "optionId": option.option_id}),
        None => json!({"outcome": "cancelled"}),
    };
    rpc::response(id, &json!({"outcome": outcome}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acp::calls::Calls;
    use crate::acp::wire::ToolCall;

    fn options(kinds: &[&str]) -> Vec<PermissionOption> {
        let option = |kind: &&str| PermissionOption {
            option_id: format!("id-{kind}"),
            name: format!("Name of {kind}"),
            kind: (*kind).to_owned(),
        };
        kinds.iter().map(option).collect()
    }

    fn request(kind: &str, path: &str, offered: &[&str]) -> Request {
        let call =
            json!({"toolCallId": "c", "kind": kind, "title": "It", "locations": [{"path": path}]});
        let call: ToolCall = serde_json::from_value(call).unwrap();
        let (call, _) = Calls::default().asked(call);
        Request { id: Id::Number(0), call_id: "c".into(), call, options: options(offered) }
    }

    const ALL: [&str; 4] = ["allow_always", "allow_once", "reject_always", "reject_once"];

    #[test]
    fn the_policy_answers_what_is_clear_and_asks_the_rest() {
        use Permissions::{All, Ask, Deny, Edit};
        let check = |permissions: Permissions, kind: &str, path: &str, offered: &[&str], expect| {
            let policy = Some((permissions, Path::new("/w")));
            let became = take(&mut Asks::default(), policy, request(kind, path, offered));
            let became = match became {
                Became::Asked(_) => "asked".to_owned(),
                Became::Allowed(line) | Became::Denied(line) => line,
            };
            assert!(became.contains(expect), "{permissions:?} {kind} {path}: {became}");
        };
        check(Ask, "edit", "/w/a", &ALL, "asked");
        check(Edit, "edit", "/w/a", &ALL, "id-allow_once");
        check(Edit, "edit", "/etc/a", &ALL, "asked");
        check(Edit, "execute", "/w/a", &ALL, "asked");
        check(All, "execute", "/w/a", &ALL, "id-allow_once");
        check(All, "execute", "/w/a", &["allow_always"], "id-allow_always");
        check(All, "execute", "/w/a", &["something_new"], "asked");
        check(Deny, "edit", "/w/a", &ALL, "id-reject_once");
        check(Deny, "edit", "/w/a", &["allow_once"], "cancelled");
    }

    #[test]
    fn our_own_tools_are_used_unasked() {
        let said = |kind: &str, title: &str, input: Value, expect: &str| {
            let call = json!({"toolCallId": "c", "kind": kind, "title": title, "rawInput": input});
            let (call, _) = Calls::default().asked(serde_json::from_value(call).unwrap());
            let request =
                Request { id: Id::Number(0), call_id: "c".into(), call, options: options(&ALL) };
            let policy = Some((Permissions::Deny, Path::new("/w")));
            let became = match take(&mut Asks::default(), policy, request) {
                Became::Asked(_) => "asked".to_owned(),
                Became::Allowed(line) | Became::Denied(line) => line,
            };
            assert!(became.contains(expect), "{kind} {title}: {became}");
        };
        let check = |kind: &str, title: &str, expect: &str| said(kind, title, json!({}), expect);
        check("other", "mcp__crew__finish", "id-allow_once");
        check("other", "crew_comment", "id-allow_once");
        check("other", "comment (crew MCP Server)", "id-allow_once");
        check("execute", "crew_comment", "id-reject_once");
        check("other", "crew_everything", "id-reject_once");
        check("other", "comment (other MCP Server)", "id-reject_once");

        let by_codex = json!({"server": "crew", "tool": "comment", "arguments": {}});
        let other = json!({"server": "files", "tool": "comment", "arguments": {}});
        let command = json!({"command": "mcp.crew.comment", "cwd": "/w"});
        said("execute", "mcp.crew.comment", by_codex.clone(), "id-allow_once");
        said("execute", "make test", by_codex, "id-reject_once");
        said("execute", "mcp.crew.comment", other, "id-reject_once");
        said("execute", "mcp.crew.comment", command, "id-reject_once");
    }

    #[test]
    fn the_human_chooses_among_the_agents_own_answers() {
        let mut asks = Asks::default();
        let Became::Asked(AgentEvent::Ask { key, text, options, .. }) =
            take(&mut asks, None, request("execute", "/w/a", &ALL))
        else {
            panic!()
        };
        assert!(text.starts_with("May it run a command? It\n"), "{text}");
        assert_eq!(options.len(), 4);
        let check = |said: &str, expect: &str| {
            let line = asks.get(&key).unwrap().answer(said);
            assert!(line.contains(expect), "{said}: {line}");
        };
        check("name of allow_always", "id-allow_always");
        check(" yes\n", "id-allow_once");
        check("no", "id-reject_once");
        check("use make instead", "id-reject_once");
    }
}
