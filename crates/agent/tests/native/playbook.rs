//! Playbooks: which scene, which turn, what goes wrong on purpose, and what is refused.

use crew_agent::{AgentEvent, AgentExit, ErrorClass, Script};
use serde_json::json;
use std::path::Path;

use crate::bench::Bench;

const GREETING: &str = r##"
[[scene]]
role = "tester"
[[scene.turn]]
finish = "DONE: wrong scene"

[[scene]]
role = "engineer"
stage = "in-progress"
task = "greeting"
visit = 1
[[scene.turn]]
think = "First I look."
say = "I read the file as {role}."
tools = [{ name = "read", path = "src/lib.rs" }]
usage = { input = 1200, output = 80 }
[[scene.turn]]
tools = [
  { name = "edit", path = "src/lib.rs", old = "todo!()", new = '"hello"' },
  { name = "write", path = "docs/greeting.md", content = "# {title}\n" },
]
[[scene.turn]]
tools = [{ name = "shell", command = "grep -c hello src/lib.rs > count; cat count" }]
usage = { input = 10, output = 2, cost_micros = 7 }
[[scene.turn]]
finish = "DONE: {task}, {stage}, visit {visit}"
"##;

#[test]
fn a_scene_is_played_with_real_files() {
    let bench = Bench::new();
    bench.put("src/lib.rs", "fn greet() -> &'static str { todo!() }\n");
    let ran = bench.play(GREETING);
    assert_eq!(ran.exit, AgentExit::Done);
    assert_eq!(ran.done(), "DONE: add a greeting, in-progress, visit 1");
    assert_eq!(bench.get("src/lib.rs"), "fn greet() -> &'static str { \"hello\" }\n");
    assert_eq!(bench.get("docs/greeting.md"), "# {title}\n", "files have no placeholders");
    assert_eq!(bench.get("count"), "1\n");
    let kinds: Vec<_> = ran.events.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "session",
            "usage",
            "thinking",
            "text",
            "tool_call",
            "tool_result",
            "usage",
            "tool_call",
            "tool_result",
            "tool_call",
            "tool_result",
            "usage",
            "tool_call",
            "tool_result",
            "usage",
            "done"
        ]
    );
    assert!(ran.events.contains(&AgentEvent::Text { text: "I read the file as engineer.".into() }));
}

fn kind(event: &AgentEvent) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_scene_that_fits_is_played() {
    let script = r#"
        [[scene]]
        role = "pm"
        [[scene.turn]]
        finish = "DONE: pm"
        [[scene]]
        role = "engineer"
        visit = 2
        [[scene.turn]]
        finish = "DONE: second"
        [[scene]]
        role = "engineer"
        task = "greet"
        [[scene.turn]]
        say = "DONE: greet"
        [[scene]]
        role = "engineer"
        [[scene.turn]]
        finish = "DONE: any"
    "#;
    let check = |changes, expect: &str| {
        let bench = Bench::new();
        assert_eq!(bench.run(&bench.start(script, &changes), &[]).done(), expect);
    };
    check(json!({ "role": "pm" }), "DONE: pm");
    check(json!({ "visit": 2 }), "DONE: second");
    check(json!({}), "DONE: greet");
    check(json!({ "task_title": "else" }), "DONE: any");

    let bench = Bench::new();
    let ran = bench.run(&bench.start(script, &json!({ "role": "tester", "stage": "review" })), &[]);
    assert_eq!(ran.exit, AgentExit::Invalid);
    let (class, message) = ran.error();
    assert_eq!(class, ErrorClass::Invalid);
    for part in ["role `tester`", "stage `review`", "`add a greeting`", "hint:", "role pm"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn what_goes_wrong_once_goes_wrong_once() {
    let script = r#"
        [[scene]]
        [[scene.turn]]
        limit_s = 3600
        crash = true
        garbage = "\u0000 not json\n"
        flood = 3
        tools = [{ name = "write", path = "a", content = "1" }]
        [[scene.turn]]
        finish = "DONE: at last"
    "#;
    let bench = Bench::new();
    let crashed = bench.play(script);
    assert_eq!(crashed.exit, AgentExit::Crashed);
    assert_eq!(crashed.exit.code(), 101);
    assert!(crashed.bytes.windows(10).any(|bytes| bytes == b"\0 not json"));
    assert!(crashed.events.iter().any(|event| matches!(event, AgentEvent::Noise(_))));
    assert_eq!(crashed.events.iter().filter(|event| kind_is_flood(event)).count(), 3);

    let limited = bench.play(script);
    assert_eq!(limited.exit, AgentExit::Limit);
    assert_eq!(limited.exit.code(), 75);
    assert!(matches!(limited.events.last(), Some(AgentEvent::Limit { until: Some(_), .. })));

    let done = bench.play(script);
    assert_eq!(done.done(), "DONE: at last");
    assert_eq!(bench.get("a"), "1");
}

fn kind_is_flood(event: &AgentEvent) -> bool {
    matches!(event, AgentEvent::Text { text } if text.contains("flood"))
}

#[test]
fn an_ask_waits_for_its_answer() {
    let script = r#"
        [[scene]]
        [[scene.turn]]
        ask = { text = "Which colour, {role}?", options = ["red", "blue"] }
        [[scene.turn]]
        finish = "DONE: {answer}"
    "#;
    let answer = |ask: &str| json!({ "type": "answer", "ask": ask, "text": "blue" });
    let bench = Bench::new();
    let ran = bench.run(&bench.start(script, &json!({})), &[answer("other"), answer("c1-0")]);
    assert_eq!(ran.done(), "DONE: blue");
    assert!(ran.events.contains(&AgentEvent::Ask {
        key: "c1-0".into(),
        text: "Which colour, engineer?".into(),
        options: vec!["red".into(), "blue".into()],
        about: None,
    }));

    let bench = Bench::new();
    let ran =
        bench.run(&bench.start(script, &json!({ "ask_policy": "refuse" })), &[answer("c1-0")]);
    assert_eq!(ran.asks(), [""; 0]);
    assert!(!ran.results()[0].0 && ran.results()[0].1.contains("not allowed"));

    let bench = Bench::new();
    let ran = bench.play(script);
    assert_eq!(ran.exit, AgentExit::Done);
    assert!(ran.results()[0].1.contains("the input has ended"), "{:?}", ran.results());
}

#[test]
fn a_message_becomes_the_next_words_to_the_model() {
    let script = r#"
        [[scene]]
        [[scene.turn]]
        ask = { text = "?" }
        finish = "DONE: too early"
        [[scene.turn]]
        finish = "DONE: heard"
    "#;
    let bench = Bench::new();
    let lines = [
        json!({ "type": "message", "text": "and in green" }),
        json!({ "type": "nonsense" }),
        json!({ "type": "answer", "ask": "c1-0", "text": "yes" }),
    ];
    let ran = bench.run(&bench.start(script, &json!({})), &lines);
    assert_eq!(ran.done(), "DONE: heard");
    assert!(ran.events.iter().any(|event| {
        matches!(event, AgentEvent::Error { class: ErrorClass::Other, message } if message.contains("nonsense"))
    }));
    let session = std::fs::read_to_string(bench.session()).unwrap();
    assert!(session.contains(r#"{"kind":"message","text":"and in green"}"#), "{session}");
}

#[test]
fn budgets_and_circles_end_the_run_before_the_next_call() {
    let script = r#"
        [[scene]]
        [[scene.turn]]
        say = "one"
        tools = [{ name = "read", path = "a" }]
        usage = { input = 90, output = 10 }
        [[scene.turn]]
        say = "two"
        tools = [{ name = "read", path = "a" }]
        usage = { input = 50, output = 1 }
        [[scene.turn]]
        finish = "DONE: three"
    "#;
    let check = |budget, expect: AgentExit, used: usize| {
        let bench = Bench::new();
        bench.put("a", "a");
        let start = bench.start(script, &json!({ "budget": budget }));
        let ran = bench.run(&start, &[]);
        assert_eq!(ran.exit, expect, "{budget}");
        let usages = ran.events.iter().filter(|e| matches!(e, AgentEvent::Usage(_))).count();
        assert_eq!(usages, used, "{budget}");
        if expect == AgentExit::Budget {
            assert_eq!(ran.error().0, ErrorClass::Budget);
            assert_eq!(bench.run(&start, &[]).exit, expect, "a restart has no new budget");
        }
    };
    check(json!({ "turns": 3 }), AgentExit::Done, 3);
    check(json!({ "turns": 2 }), AgentExit::Budget, 2);
    check(json!({ "tokens": 151 }), AgentExit::Done, 3);
    check(json!({ "tokens": 150 }), AgentExit::Budget, 1);
    check(json!({ "tokens": 99 }), AgentExit::Budget, 0);

    let turn = "[[scene.turn]]\ntools = [{ name = 'read', path = 'a' }]\n";
    let circle = format!("[[scene]]\n{}[[scene.turn]]\nfinish = 'DONE'\n", turn.repeat(9));
    let bench = Bench::new();
    bench.put("a", "a");
    let ran = bench.play(&circle);
    assert_eq!(ran.exit, AgentExit::Stuck);
    assert_eq!(ran.results().len(), 5);
    assert!(ran.error().1.contains("`read` was called 5 times"));
}

#[test]
fn a_tool_that_is_not_allowed_is_not_there() {
    let bench = Bench::new();
    let script = "[[scene]]\n[[scene.turn]]\ntools = [{ name = 'shell', command = 'touch x' }]\n\
                  finish = 'DONE: not yet'\n[[scene.turn]]\nfinish = 'DONE: x'\n";
    let ran = bench.run(&bench.start(script, &json!({ "tools": ["read", "ask"] })), &[]);
    assert_eq!(ran.done(), "DONE: x");
    let results = ran.results();
    assert!(results[0].1.contains("there is no tool `shell`"), "{results:?}");
    assert!(results[1].1.contains("another call of this answer failed"), "{results:?}");
    assert!(!bench.worktree().join("x").exists());
}

#[test]
fn a_script_with_a_mistake_says_where_and_what_to_do() {
    let check = |script: &str, line: usize, parts: &[&str]| {
        let reason = Script::parse(Path::new("p.toml"), script).unwrap_err().to_string();
        assert!(reason.starts_with(&format!("p.toml:{line}: ")), "{script}\n{reason}");
        for part in parts {
            assert!(reason.contains(part), "{script}\n{reason}\nlacks {part}");
        }
    };
    let scene = |turn: &str| format!("[[scene]]\nrole = 'pm'\n[[scene.turn]]\n{turn}\n");
    check("", 1, &["no scene", "hint:"]);
    check("[[scene]]\nrole = 'pm'\n", 1, &["no turn", "hint:"]);
    check("[[scene]]\nroll = 'pm'\n", 2, &["unknown field `roll`", "expected", "role"]);
    check("[[scene]]\nrole = \n", 2, &[]);
    check("[[scene]]\nvisit = 'one'\n", 2, &["invalid type"]);
    check("scenes = 3\n", 1, &["unknown field `scenes`"]);
    check(&scene("says = 'x'"), 4, &["unknown field `says`"]);
    check(&scene("think = 'x'"), 3, &["does nothing", "hint:"]);
    check(&scene("usage = { inputs = 1 }\nsay = 'x'"), 4, &["unknown field `inputs`"]);
    check(&scene("tools = [{ path = 'x' }]"), 4, &["needs a `name`"]);
    check(
        &scene("say = 'x'\ntools = [\n  { name = 'read', path = 'x' },\n  { name = 'reed' },\n]"),
        7,
        &["no tool `reed`", "hint: one of read, write"],
    );
    check(
        &scene("tools = [{ name = 'read', file = 'x' }]"),
        4,
        &["wrong arguments for `read`", "unknown field `file`", "hint:"],
    );
    check(&scene("tools = [{ name = 'write', path = 'x' }]"), 4, &["missing field `content`"]);
    check(&scene("tools = [{ name = 'finish', message = 'x' }]"), 4, &["write finish ="]);
    check(&scene("tools = [{ name = 'read', path = 'x' }]"), 3, &["does not end", "`finish`"]);
    check(&scene("ask = { text = 'x', option = [] }"), 4, &["unknown field `option`"]);
}

#[test]
fn a_bad_start_is_refused_with_the_reason() {
    let bench = Bench::new();
    let check = |input: &str, part: &str| {
        let ran = bench.run_raw(input.to_owned());
        assert_eq!(ran.exit, AgentExit::Invalid);
        let (class, message) = ran.error();
        assert_eq!(class, ErrorClass::Invalid);
        assert!(message.contains(part), "{message}");
    };
    check("", "nothing on standard input");
    check("{}\n", "missing field `session`");
    check("not json\n", "no start");
    let missing = json!({ "kind": "playbook", "path": "/nowhere.toml" });
    check(&bench.start_with(&missing, &json!({})).to_string(), "cannot read the playbook");
    let odd = json!({ "kind": "oracle" });
    check(&bench.start_with(&odd, &json!({})).to_string(), "unknown variant `oracle`");
    let empty = bench.start("[[scene]]\n[[scene.turn]]\nsay = 'x'\n", &json!({ "prompt": "" }));
    check(&empty.to_string(), "nothing to do");
}
