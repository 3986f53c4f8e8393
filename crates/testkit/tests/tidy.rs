//! Structure rules as tests: who may depend on whom, what files look like, which words are out.
//!
//! A rule here is cheaper than a review comment. Where one makes the code worse, change the rule in
//! the commit that needs it, and say why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A file longer than this holds a second concept. Tests are not counted.
const FILE_LINES_MAX: usize = 600;

/// A crate may depend on crates of a lower layer, and on no other crate of ours.
const LAYERS: &[(&str, u32)] = &[
    ("crew-core", 0),
    ("crew-standin", 0),
    ("crew-store", 1),
    ("crew-git", 1),
    ("crew-github", 1),
    ("crew-agent", 1),
    ("crew-engine", 2),
    ("crew-server", 3),
    ("crew-cli", 4),
];

/// For tests only, so in no layer: what it may build on.
const TESTKIT: (&str, u32) = ("crew-testkit", 3);

/// Words that say nothing about what a thing is.
const BANNED_WORDS: &[&str] =
    &["manager", "service", "helper", "helpers", "util", "utils", "processor", "common", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files below `directory` with one of these endings, in order.
fn files(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut queue = vec![directory.to_owned()];
    while let Some(directory) = queue.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", ".git"].contains(&name.as_str()) {
                    queue.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust files of the product itself: `crates/*/src`, with their path from the root.
fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        for path in files(&entry.unwrap().path().join("src"), &[".rs"]) {
            sources.push((shown(&path), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(sources.len() > 50, "the sources are there");
    sources
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The text before the tests of a file.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

/// The code of a line, without what is said about it.
fn code(line: &str) -> &str {
    let line = line.trim_start();
    if line.starts_with("//") { "" } else { line }
}

fn none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

fn metadata() -> Value {
    metadata_with(&["--offline", "--no-deps"])
}

fn metadata_with(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn crates_depend_downwards_only() {
    let layers: BTreeMap<&str, u32> = LAYERS.iter().copied().chain([TESTKIT]).collect();
    let mut breaches = Vec::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some(layer) = layers.get(name) else {
            breaches.push(format!("{name} has no layer; give it one in LAYERS"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let is_for_tests = dependency["kind"] == "dev";
            let is_below = layers.get(on).is_some_and(|below| below < layer);
            if !on.starts_with("crew-") || is_for_tests || (is_below && on != TESTKIT.0) {
                continue;
            }
            breaches.push(format!("{name} -> {on}"));
        }
    }
    none(
        "core <- store, git, github, agent <- engine <- server <- cli; testkit is for tests",
        &breaches,
    );
}

/// The window is a workspace of its own, which `cargo metadata` does not show.
#[test]
fn the_window_follows_the_rules_of_all_crates() {
    let read = |path: &str| -> toml::Table {
        toml::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
    };
    let (all, window) = (read("Cargo.toml"), read("crates/desktop/Cargo.toml"));
    assert_eq!(all["workspace"]["lints"], window["lints"], "the lints are the same");
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        assert_eq!(all["workspace"]["package"][key], window["package"][key], "{key}");
    }
    let dependencies = window["dependencies"].as_table().unwrap();
    let ours = dependencies.keys().filter(|name| name.starts_with("crew-"));
    none("the window starts `crew`, and contains none of it", &ours.cloned().collect::<Vec<_>>());
}

/// Licences that a program under Apache-2.0 may be built from.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "BSL-1.0",
    "Unlicense",
    "Unicode-3.0",
];

/// The licence of parts of WebKit's toolkit: it is about the files that are under it, and those are as
/// their authors published them. For the window only.
const LICENCES_OF_THE_WINDOW: &[&str] = &["MPL-2.0"];

/// Packages of npm: the fonts are under the first one; what is under the others builds and tests the user
/// interface, and is no part of it.
const LICENCES_OF_NPM: &[&str] = &["OFL-1.1", "MPL-2.0", "BlueOak-1.0.0", "Python-2.0"];

/// Whether a licence expression can be fulfilled: one side of each OR, all of each AND.
fn is_compatible(expression: &str) -> bool {
    is_among(LICENCES, expression)
}

fn is_among(licences: &[&str], expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // Parentheses change nothing here: every OR in use has an allowed licence in each bracket.
    expression.split(" AND ").all(|part| {
        part.split(" OR ").any(|licence| {
            let licence = licence.trim().trim_end_matches(" WITH LLVM-exception");
            licences.contains(&licence)
        })
    })
}

#[test]
fn every_dependency_may_be_used_under_our_licence() {
    // What is for other systems only need not be here.
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let all = metadata_with(&["--offline", "--filter-platform", &host]);
    none("dependencies have licences that Apache-2.0 can include", &foreign(&all, LICENCES));
    // What the window is built of may not have been fetched yet.
    let window = root().join("crates/desktop/Cargo.toml");
    let window = ["--manifest-path", window.to_str().unwrap(), "--filter-platform", &host];
    let allowed = [LICENCES, LICENCES_OF_THE_WINDOW].concat();
    none("so do those of the window", &foreign(&metadata_with(&window), &allowed));
}

/// Packages under licences that are not among these.
fn foreign(metadata: &Value, licences: &[&str]) -> Vec<String> {
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| !is_among(licences, package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} is under {}", package["name"], package["license"]))
        .collect()
}

#[test]
fn every_package_of_npm_may_be_used_under_our_licence() {
    let allowed = [LICENCES, LICENCES_OF_NPM].concat();
    let mut breaches = Vec::new();
    for lock in ["ui/package-lock.json", "crates/desktop/package-lock.json"] {
        let lock: Value =
            serde_json::from_str(&fs::read_to_string(root().join(lock)).unwrap()).unwrap();
        let packages = lock["packages"].as_object().unwrap().iter();
        let foreign = packages
            .filter(|(_, it)| !is_among(&allowed, it["license"].as_str().unwrap_or_default()));
        breaches.extend(foreign.map(|(name, it)| format!("{name} is under {}", it["license"])));
    }
    none("packages of npm have licences that Apache-2.0 can include", &breaches);
}

#[test]
fn no_file_grows_into_the_one_that_holds_everything() {
    let long = sources().into_iter().filter(|(path, _)| !is_test_file(path));
    let long = long.map(|(path, text)| (path, without_tests(&text).lines().count()));
    let long = long.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let breaches: Vec<_> = long.map(|(path, lines)| format!("{path}: {lines} lines")).collect();
    none(
        &format!(
            "a file has at most {FILE_LINES_MAX} lines without its tests; split it by concept"
        ),
        &breaches,
    );
}

#[test]
fn names_say_what_a_thing_is() {
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let stem = Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        let named = text.lines().filter_map(|line| defined_name(code(line)));
        for name in named.chain([stem.as_str()]).filter(|name| has_banned_word(name)) {
            breaches.push(format!("{path}: {name}"));
        }
    }
    none(&format!("none of {BANNED_WORDS:?} in the name of a type or module"), &breaches);
}

fn defined_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ")?.1,
        None => line,
    };
    let (keyword, rest) = line.split_once(' ')?;
    let is_definition = ["struct", "enum", "trait", "type", "mod", "union"].contains(&keyword);
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    is_definition.then(|| &rest[..end])
}

fn has_banned_word(name: &str) -> bool {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            spaced.push('_');
        }
        spaced.extend(c.to_lowercase());
    }
    spaced.split(['_', '-']).any(|word| BANNED_WORDS.contains(&word))
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let bare = sources().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    let breaches: Vec<_> = bare.map(|(path, _)| path).collect();
    none("a source file begins with `//!`: what it is, why, what holds", &breaches);
}

#[test]
fn no_test_is_switched_off() {
    let switched_off = concat!("#[", "ignore");
    let all = files(&root().join("crates"), &[".rs"]);
    let off = all.iter().filter(|path| fs::read_to_string(path).unwrap().contains(switched_off));
    none("a test runs, or is removed", &off.map(|path| shown(path)).collect::<Vec<_>>());
}

#[test]
fn nothing_panics_on_purpose() {
    let panics = [".unwrap()", ".expect(", "unreachable!(", "unimplemented!(", "todo!("];
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        if is_test_file(&path) || path.starts_with("crates/testkit/") {
            continue;
        }
        for (at, line) in without_tests(&text).lines().enumerate() {
            if panics.iter().any(|panic| code(line).contains(panic)) {
                breaches.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    none("outside of tests nothing unwraps; a breach is an error that says BUG", &breaches);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let paths = ["/home/", "/Users/", "/root/", "/tmp/", "/tmp\"", "C:\\"];
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let text = if is_test_file(&path) { "" } else { without_tests(&text) };
        for (at, line) in text.lines().enumerate() {
            if paths.iter().any(|part| code(line).contains(part)) {
                breaches.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    for path in files(&root(), &[".md", ".toml", ".sh", "Makefile", "setup", "run"]) {
        let text = fs::read_to_string(&path).unwrap();
        for part in ["/home/", "/Users/", "/root/"].iter().filter(|part| text.contains(**part)) {
            breaches.push(format!("{}: {part}", shown(&path)));
        }
    }
    none("paths come from arguments, the environment or the system", &breaches);
}

#[test]
fn the_changelog_is_ready_for_the_next_change() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(text.contains("\n## [Unreleased]\n"), "CHANGELOG.md has a section [Unreleased]");
}

#[test]
fn decisions_are_numbered_without_gaps_and_short() {
    let adrs = files(&root().join("docs/adr"), &[".md"]);
    assert!(!adrs.is_empty());
    for (at, path) in adrs.iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with(&format!("{:04}-", at + 1)), "{name} is number {}", at + 1);
        let text = fs::read_to_string(path).unwrap();
        assert!(text.lines().count() <= 50, "{name}: at most 50 lines");
        for part in ["## Context", "## Decision", "## Consequences", "## Alternatives"] {
            assert!(text.contains(part), "{name} has no {part}");
        }
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut breaches = Vec::new();
    for path in files(&root(), &[".md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_ours = !file.is_empty() && !file.contains("://") && !file.contains(' ');
            if is_ours && !path.parent().unwrap().join(file).exists() {
                breaches.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    none("a link to a file leads to one", &breaches);
}

/// `make mutate` plants them. It takes long, so this is what tells when the sources have moved on.
#[test]
fn every_planted_bug_fits_the_sources() {
    let patches = files(&root().join("crates/testkit/mutations"), &[".patch"]);
    assert!(!patches.is_empty());
    let misfits = patches.iter().filter_map(|patch| {
        let mut git = Command::new("git");
        let output =
            git.current_dir(root()).args(["apply", "--check"]).arg(patch).output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{}: {why}", shown(patch)))
    });
    none("a planted bug does not fit the sources any more", &misfits.collect::<Vec<_>>());
}

#[test]
fn the_rules_themselves_can_fail() {
    assert_eq!(defined_name("pub(crate) struct TaskManager {"), Some("TaskManager"));
    assert_eq!(defined_name("mod common;"), Some("common"));
    assert_eq!(defined_name("let mod_name = 3;"), None);
    assert!(has_banned_word("TaskManager") && has_banned_word("str_utils"));
    assert!(!has_banned_word("Serviceable") && !has_banned_word("Commons"));
    assert!(is_compatible("(MIT OR GPL-3.0) AND Unicode-3.0") && is_compatible("Unlicense/MIT"));
    assert!(!is_compatible("GPL-3.0") && !is_compatible("MIT AND MPL-2.0") && !is_compatible(""));
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {}"), "a\n");
}
