//! The documents say what the code does: every key is described, and every example is a good one.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use crew_core::team::{self, DEFAULT_TEAM};
use toml::{Table, Value};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines between `opening` and the next `}` at the margin.
fn body<'a>(source: &'a str, opening: &str) -> Vec<&'a str> {
    let (_, rest) = source.split_once(opening).unwrap_or_else(|| panic!("there is {opening}"));
    rest.lines().take_while(|line| *line != "}").collect()
}

/// The fields of the structs that are the file, with the name of the struct.
fn keys_of_the_file() -> Vec<(String, String)> {
    let source = read("crates/core/src/team/file/shape.rs").replace("pub(super) ", "");
    let mut keys = Vec::new();
    for (at, _) in source.match_indices("\nstruct ") {
        let rest = &source[at + 1..];
        let name = rest["struct ".len()..].split([' ', '{']).next().unwrap();
        if !name.ends_with("File") {
            continue;
        }
        for line in body(rest, "{\n") {
            let field = line.trim().split_once(": ").map(|(field, _)| field);
            let is_name = |field: &&str| field.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            keys.extend(field.filter(is_name).map(|field| (name.to_owned(), field.to_owned())));
        }
    }
    assert!(keys.len() > 40, "the structs were found: {keys:?}");
    keys
}

/// The variants of an enum as the file writes them.
fn words_of(source: &str, name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in body(source, &format!("enum {name} {{\n")) {
        let variant = line.trim().trim_end_matches(',');
        if variant.starts_with(|c: char| c.is_ascii_uppercase())
            && variant.chars().all(char::is_alphanumeric)
        {
            let mut word = String::new();
            for c in variant.chars() {
                if c.is_ascii_uppercase() && !word.is_empty() {
                    word.push('-');
                }
                word.push(c.to_ascii_lowercase());
            }
            words.push(word);
        }
    }
    assert!(words.len() > 1, "{name} has variants");
    words
}

fn toml_blocks(document: &str) -> Vec<String> {
    let text = read(document);
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("```toml\n") {
        let (block, after) = after.split_once("```").expect("a block ends");
        blocks.push(block.to_owned());
        rest = after;
    }
    assert!(!blocks.is_empty(), "{document} has examples");
    blocks
}

/// A piece of a file, laid over the default team; stages by their name.
fn over_the_default(piece: &Table) -> Table {
    let mut whole: Table = toml::from_str(DEFAULT_TEAM).unwrap();
    for (key, value) in piece {
        match (whole.get_mut(key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => old.extend(new.clone()),
            (Some(Value::Array(old)), Value::Array(new)) => {
                for stage in new {
                    let place = old.iter_mut().find(|known| known["name"] == stage["name"]);
                    *place.expect("a stage of an example has the name of a default one") =
                        stage.clone();
                }
            }
            (_, value) => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    whole
}

fn check_examples(document: &str) {
    for block in toml_blocks(document) {
        let piece: Table =
            toml::from_str(&block).unwrap_or_else(|e| panic!("{document}: {e}\n{block}"));
        let mut stages = piece.get("stages").and_then(Value::as_array).into_iter().flatten();
        let is_whole =
            stages.any(|stage| stage.get("mode").is_some_and(|mode| mode.as_str() == Some("end")));
        let text = if is_whole { block.clone() } else { over_the_default(&piece).to_string() };
        if let Err(problems) = team::parse(&text) {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            panic!("{document}:\n{block}\n{}", problems.join("\n"));
        }
    }
}

#[test]
fn every_key_of_team_toml_is_described() {
    let page = read("docs/team.md");
    let is_section = |key: &str| {
        [format!("`[{key}]`"), format!("`[{key}.<name>]`"), format!("`[[{key}]]`")]
            .iter()
            .any(|heading| page.contains(heading))
    };
    let missing: Vec<_> = keys_of_the_file()
        .into_iter()
        .filter(|(_, key)| !page.contains(&format!("`{key}`")) && !is_section(key))
        .collect();
    assert!(missing.is_empty(), "docs/team.md does not describe {missing:?}");
}

#[test]
fn every_word_of_team_toml_is_described() {
    let page = read("docs/team.md");
    let file = read("crates/core/src/team/file/shape.rs");
    let team = read("crates/core/src/team/mod.rs");
    let words = [
        words_of(&file, "ModeFile"),
        words_of(&file, "KindFile"),
        words_of(&team, "Api"),
        words_of(&team, "MergeStrategy"),
        words_of(&read("crates/core/src/github/mod.rs"), "Publish"),
        words_of(&read("crates/core/src/github/pull.rs"), "Pulls"),
        words_of(&read("crates/core/src/github/mod.rs"), "PushBase"),
    ];
    let missing: Vec<_> = words
        .concat()
        .into_iter()
        .filter(|word| !page.contains(&format!("`\"{word}\"`")))
        .collect();
    assert!(missing.is_empty(), "docs/team.md does not describe {missing:?}");
}

#[test]
fn the_defaults_of_team_md_are_those_of_the_default_team() {
    let page = read("docs/team.md");
    let default: Table = toml::from_str(DEFAULT_TEAM).unwrap();
    for (key, value) in default["limits"].as_table().unwrap() {
        let row = format!("| `{key}` | {value} |");
        assert!(page.contains(&row), "docs/team.md has no row {row}");
    }
}

#[test]
fn every_example_of_a_team_is_proven() {
    check_examples("docs/team.md");
    check_examples("README.md");
}

#[test]
fn the_glossary_has_every_word_for_a_state() {
    let glossary = read("docs/glossary.md");
    for (source, marker) in [
        ("crates/core/src/run.rs", "impl RunState {"),
        ("crates/core/src/task.rs", "impl Phase {"),
        ("crates/core/src/effect.rs", "impl Effect {"),
    ] {
        let text = read(source);
        let (_, rest) = text.split_once(marker).expect(marker);
        let (_, words) = rest.split_once("fn word(").unwrap();
        let words = words.split("\n    }\n").next().unwrap();
        let quoted: Vec<_> = words.split('"').skip(1).step_by(2).collect();
        assert!(quoted.len() > 5, "{source}: {quoted:?}");
        for word in quoted {
            assert!(
                glossary.contains(&format!("**{word}**")),
                "docs/glossary.md lacks {word} of {source}"
            );
        }
    }
}
