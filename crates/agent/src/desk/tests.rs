//! A desk from both sides.

use std::thread;
use std::time::Duration;

use crew_core::call::Comment;
use serde_json::json;

use super::*;

fn comment(text: &str) -> Wish {
    Wish::Call(Call::Comment(Comment { text: text.to_owned() }))
}

#[test]
fn a_call_is_found_answered_and_never_found_again() {
    let run = tempfile::tempdir().unwrap();
    let desk = Desk::set_up(run.path()).unwrap();
    let client = Client::open(desk.root()).unwrap();
    let caller = thread::spawn(move || {
        client.call(Tool::Comment, &json!({ "text": "hi" }), Duration::from_mins(1))
    });
    let found = loop {
        if let Some(found) = desk.look().unwrap().into_iter().next() {
            break found;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(found.wish, Ok(comment("hi")));
    desk.answer(&found.id, &Reply::done("first")).unwrap();
    desk.answer(&found.id, &Reply::refused("second")).unwrap();
    let told = caller.join().unwrap().unwrap();
    assert_eq!(told, Outcome::Replied(Reply::done("first")), "the first answer stays");
    assert!(desk.look().unwrap().is_empty(), "what has an answer is not found again");
    assert!(!desk.calls().join(file_of(&found.id)).exists());
    assert_eq!(desk.answered().unwrap(), 1);
}

#[test]
fn a_desk_is_the_same_when_it_is_set_up_again() {
    let run = tempfile::tempdir().unwrap();
    assert!(Desk::of(run.path()).unwrap().is_none());
    let desk = Desk::set_up(run.path()).unwrap();
    let again = Desk::set_up(run.path()).unwrap();
    assert_eq!(desk.token, again.token);
    assert_eq!(desk.token.len(), 64);
    let other = tempfile::tempdir().unwrap();
    assert_ne!(Desk::set_up(other.path()).unwrap().token, desk.token);
}

#[test]
fn a_closed_desk_says_why() {
    let run = tempfile::tempdir().unwrap();
    let desk = Desk::set_up(run.path()).unwrap();
    let client = Client::open(desk.root()).unwrap();
    desk.close("this run is over").unwrap();
    let error = client.call(Tool::Board, &json!({}), Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "this run is over");
    assert!(desk.look().unwrap().is_empty(), "nothing was put on it");
}

#[test]
fn what_is_no_call_says_why_and_what_to_do() {
    let check = |bytes: &str, words: &str| {
        let problem = wish(bytes.as_bytes(), "t").unwrap_err();
        assert!(problem.contains(words), "{bytes}: {problem}");
        assert!(problem.contains("\nhint: "), "{bytes}: {problem}");
    };
    check("", "no call");
    check("[]", "no call");
    check(r#"{"token":"t","tool":"comment","arguments":{"text":"x"},"run":"r2"}"#, "`run`");
    check(r#"{"token":"other","tool":"board"}"#, "its token");
    check(r#"{"token":"t","tool":"rm"}"#, "there is no tool `rm`");
    check(r#"{"token":"t","tool":"comment"}"#, "wrong arguments for `comment`");
    check(r#"{"token":"t","tool":"comment","arguments":{"text":""}}"#, "says nothing");
    check(r#"{"token":"t","tool":"board","arguments":{"all":true}}"#, "unknown field");
    let ok = wish(br#"{"token":"t","tool":"comment","arguments":{"text":"x"}}"#, "t");
    assert_eq!(ok, Ok(comment("x")));
    assert_eq!(wish(br#"{"token":"t","tool":"board"}"#, "t"), Ok(Wish::Board));
}

/// What models are shown is what is taken.
#[test]
fn every_tool_takes_what_its_schema_says() {
    for tool in Tool::ALL {
        let schema = tool.schema();
        let sample = |property: &Value| match property["type"].as_str() {
            Some("string") => property["enum"].get(0).cloned().unwrap_or_else(|| json!("a-b")),
            Some("integer") => json!(1),
            Some("array") => json!([]),
            other => panic!("{other:?} in {schema}"),
        };
        let all = schema["properties"].as_object().unwrap();
        let every: Value = all.iter().map(|(name, it)| (name.clone(), sample(it))).collect();
        tool.wish(&every).unwrap();
        let required = schema["required"].as_array().unwrap();
        let least: Value = required
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .map(|name| (name.clone(), sample(&all[&name])))
            .collect();
        tool.wish(&least).unwrap();
        for name in required {
            let mut less = least.clone();
            less.as_object_mut().unwrap().remove(name.as_str().unwrap());
            tool.wish(&less).unwrap_err();
        }
    }
}
