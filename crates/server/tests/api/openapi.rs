//! The description of the API: complete, and the same in the repository.

use std::path::Path;

use serde_json::Value;

use crate::harness::Daemon;

#[test]
fn the_description_in_the_repository_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/api/openapi.json");
    let document = crew_server::openapi_document();
    if std::env::var_os("CREW_UPDATE").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "the API has changed. `make schema` writes {} and what is made of it",
        path.display()
    );
}

#[tokio::test]
async fn the_description_is_served_and_says_what_can_be_relied_on() {
    let daemon = Daemon::start().await;
    let document = daemon.get("/api/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 25, "all routes are there: {:?}", paths.keys());
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            let has_summary = operation["summary"].as_str().is_some_and(|text| !text.is_empty());
            assert!(has_summary, "{what} says what it is for");
            assert!(operation["responses"]["default"].is_object(), "{what} may fail");
            if path.contains("{id}") {
                let names = operation["parameters"].as_array().unwrap();
                assert!(names.iter().any(|it| it["name"] == "id"), "{what} has an id");
            }
        }
    }
    let schemas = &document["components"]["schemas"];
    let required = |name: &str| schemas[name]["required"].as_array().cloned().unwrap_or_default();
    assert!(required("Card").contains(&Value::from("live")), "an answer has all of its keys");
    assert_eq!(required("NewTask"), ["project", "title"], "a request may leave keys out");
    daemon.end().await;
}
