//! What we ask and what we understand, held against what GitHub itself publishes: the description of its
//! API, through Prism, and recordings of real answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crew_core::Time;
use crew_github::{Address, Client, Error, Issue, Label, NewPull, Repository, Token};
use crew_testkit::{Emulated, GITHUB_TOKEN};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const MISSING: &str = "the stand-ins of others are not installed: `make stand-ins`";

/// Speaks to Prism itself, which refuses what GitHub's description does not allow, and answers with
/// GitHub's own examples.
fn client(emulated: &Emulated) -> Client {
    let address = Address::new("acme/shop", Some(emulated.prism())).unwrap();
    let now = || Time(1_800_000_000_000);
    let client = Client::new(address, Token::new(GITHUB_TOKEN).unwrap(), now).unwrap();
    client.paced(Duration::ZERO, Duration::from_mins(1))
}

#[tokio::test]
async fn each_request_is_one_that_github_describes_and_its_examples_are_understood() {
    let emulated = Emulated::start().unwrap().expect(MISSING);
    let client = client(&emulated);
    client.viewer().await.unwrap();
    assert!(!client.repository().await.unwrap().full_name.is_empty());
    client.issues_changed(None, None).await.unwrap();
    client.comments_changed(None, None).await.unwrap();
    client.issues_opened_lately().await.unwrap();
    // GitHub's own example of this answer has no number, which a real one never lacks.
    let one = client.issue(1).await;
    assert!(matches!(&one, Err(Error::Malformed(why)) if why.contains("`number`")), "{one:?}");
    client.open_issue("One", "text", &["crew: backlog".into()]).await.unwrap();
    let edits = [
        json!({ "title": "Two", "body": "text" }),
        json!({ "state": "open" }),
        json!({ "state": "closed", "state_reason": "completed" }),
        json!({ "state": "closed", "state_reason": "not_planned" }),
    ];
    for edit in edits {
        client.edit_issue(1, &edit).await.unwrap();
    }
    client.add_labels(1, &["crew: a/b".into()]).await.unwrap();
    client.remove_label(1, "crew: a/b").await.unwrap();
    client.assign(1, "alice").await.ok(); // GitHub's own example has no number
    client.unassign(1, "alice").await.ok();
    client.labels().await.unwrap();
    let (name, color) = ("crew: backlog".into(), "5319e7".into());
    client.make_label(&Label { name, color, description: Some("a stage".into()) }).await.unwrap();
    client.events(1).await.unwrap();
    client.comments(1).await.unwrap();
    client.comment_by_id(1).await.unwrap();
    client.comment(1, "text").await.unwrap();
    client.edit_comment(1, "text").await.unwrap();
    client.pulls_of("crew/h1/1").await.unwrap();
    client.pull(1).await.unwrap();
    let new = NewPull {
        title: "One".into(),
        body: "story".into(),
        head: "crew/h1/1".into(),
        base: "main".into(),
        draft: true,
    };
    client.open_pull(&new).await.unwrap();
    for edit in [json!({ "title": "Two" }), json!({ "base": "main" }), json!({ "state": "closed" })]
    {
        client.edit_pull(1, &edit).await.unwrap();
    }
    client.reviews(1).await.unwrap();
    client.review_comments(1).await.unwrap();
    client.checks("c0ffee", None).await.unwrap();
    client.statuses("c0ffee", None).await.unwrap();
}

/// Prism is known to let some bodies pass: what it says yes to means something only if it can say no.
#[tokio::test]
async fn a_request_that_github_would_refuse_is_refused() {
    let emulated = Emulated::start().unwrap().expect(MISSING);
    let client = client(&emulated);
    let wrong = [
        client.edit_issue(1, &json!({ "state": "done" })).await.is_err(),
        client.edit_issue(1, &json!({ "title": { "no": "text" }, "labels": 7 })).await.is_err(),
        client.edit_pull(1, &json!({ "state": 7 })).await.is_err(),
    ];
    assert_eq!(wrong, [true; 3]);
}

fn decode<T: DeserializeOwned>(path: &str, body: &Value) {
    if let Err(error) = serde_json::from_value::<T>(body.clone()) {
        panic!("{path}: {error}\n{body}");
    }
}

#[test]
fn recorded_answers_of_github_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/github/node_modules/@octokit/fixtures/scenarios/api.github.com");
    let scenarios = fs::read_dir(root).expect(MISSING);
    let mut decoded: BTreeMap<&str, u32> = BTreeMap::new();
    for scenario in scenarios {
        let file = scenario.unwrap().path().join("normalized-fixture.json");
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let records: Vec<Value> = serde_json::from_str(&text).unwrap();
        for record in records.iter().filter(|record| record["status"].as_u64() < Some(300)) {
            let path = record["path"].as_str().unwrap();
            let parts: Vec<&str> = path.split('?').next().unwrap().split('/').skip(1).collect();
            let (body, is_list) = (&record["response"], record["response"].is_array());
            let kind = match parts.as_slice() {
                ["repos", _, _] | ["repositories", _] if body.is_object() => {
                    decode::<Repository>(path, body);
                    "repository"
                }
                ["repos", _, _, "issues"] | ["repositories", _, "issues"] if is_list => {
                    decode::<Vec<Issue>>(path, body);
                    "issues"
                }
                ["repos", _, _, "issues", number] if number.parse::<u64>().is_ok() => {
                    decode::<Issue>(path, body);
                    "issue"
                }
                ["repos", _, _, "labels"] | ["repos", _, _, "issues", _, "labels"] if is_list => {
                    decode::<Vec<Label>>(path, body);
                    "labels"
                }
                ["repos", _, _, "labels"] | ["repos", _, _, "labels", _] if body.is_object() => {
                    decode::<Label>(path, body);
                    "label"
                }
                ["repos", _, _, "commits", _, "status"] => {
                    decode::<Vec<crew_github::Status>>(path, &body["statuses"]);
                    "status"
                }
                _ => continue,
            };
            *decoded.entry(kind).or_default() += 1;
        }
    }
    for kind in ["repository", "issues", "labels", "label", "status"] {
        assert!(decoded.contains_key(kind), "no {kind} among {decoded:?}");
    }
}
