//! The little that the window itself reads of the wire: how many work, what waits.
//!
//! The user interface reads all of it, in the page. A test holds these shapes against the
//! description of the API.

use serde::Deserialize;

/// `GET /api/status`
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    /// Position in the journal.
    pub(crate) seq: u64,
    /// Since when everything is stopped.
    pub(crate) stopped: Option<u64>,
    pub(crate) agents: Vec<AgentAtWork>,
    /// How many things wait for the human.
    pub(crate) inbox: u64,
}

/// Who works; only how many is of interest here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AgentAtWork {}

/// `GET /api/inbox`
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Inbox {
    pub(crate) seq: u64,
    pub(crate) items: Vec<Item>,
}

/// Something that waits for the human.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) task: u64,
    pub(crate) title: String,
    pub(crate) stage: String,
    /// The ask to answer; none for an approval.
    pub(crate) ask: Option<u64>,
    pub(crate) text: String,
    /// The commit that waits for approval.
    pub(crate) commit: Option<String>,
    pub(crate) since: u64,
}

/// Kinds of things that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Ask,
    Approval,
    Stuck,
    Held,
    /// The daemon may be newer than the window.
    #[serde(other)]
    Other,
}

/// `GET /api/events`
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Message {
    /// What changed; the inbox if that did.
    Changes { status: Status, inbox: Option<Vec<Item>> },
    /// Too much changed: read again.
    Gap {},
    /// What agents say; the page shows it.
    Live {},
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn messages_are_read() {
        let item = r#"{"kind":"approval","project":1,"task":3,"title":"T","stage":"review","ask":null,"text":"May #3 go on?","commit":"c0","since":7}"#;
        let status = r#"{"seq":9,"now":1,"stopped":null,"agents":[{"run":1},{"run":2}],"inbox":1}"#;
        let changes = format!(
            r#"{{"type":"changes","seq":9,"entries":[],"tasks":[],"status":{status},"inbox":[{item}]}}"#
        );
        let Message::Changes { status, inbox } = serde_json::from_str(&changes).unwrap() else {
            panic!()
        };
        assert_eq!((status.agents.len(), status.inbox), (2, 1));
        assert_eq!(inbox.unwrap()[0].kind, Kind::Approval);
        for text in [r#"{"type":"gap","seq":4}"#, r#"{"type":"live","agents":[]}"#] {
            serde_json::from_str::<Message>(text).unwrap();
        }
    }

    #[test]
    fn what_is_read_is_in_the_description_of_the_api() {
        let api: Value =
            serde_json::from_str(include_str!("../../../ui/src/lib/api/openapi.json")).unwrap();
        let check = |shape: &str, fields: &[&str]| {
            let properties = &api["components"]["schemas"][shape]["properties"];
            for field in fields {
                assert!(properties[field].is_object(), "{shape} has {field}");
            }
        };
        check("Status", &["seq", "stopped", "agents", "inbox"]);
        check("Inbox", &["seq", "items"]);
        check("InboxItem", &["kind", "task", "title", "stage", "ask", "text", "commit", "since"]);
        check("Changes", &["status", "inbox"]);
        let kinds = &api["components"]["schemas"]["InboxKind"]["enum"];
        for kind in kinds.as_array().unwrap() {
            let kind: Kind = serde_json::from_value(kind.clone()).unwrap();
            assert_ne!(kind, Kind::Other, "a kind has words of its own");
        }
        for path in ["/status", "/inbox", "/events", "/stop", "/release"] {
            assert!(api["paths"][path].is_object(), "{path}");
        }
    }
}
