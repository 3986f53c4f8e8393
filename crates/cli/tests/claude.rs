//! The real Claude Code, pinned in `tests/clients`, in the whole program: it talks to a model
//! server of ours on loopback, with an invented key and a home of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a failure here fails the test"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crew_testkit::{ModelServer, Reply, Request, Wire};
use serde_json::{Value, json};
use support::program::{
    RULES, answer, client, engineer_with, is_called, kill, kill_shim, nobody_is_left, old_program,
    plan_limit, played_by, running, starts, waits,
};
use support::{Daemon, Lab};

const KEY: &str = "sk-test-invented-7f3a";
const TOKEN: &str = "invented-token-of-a-subscription";
/// An API key pays.
const BY_KEY: &str = "env = [\"ANTHROPIC_API_KEY\"]\nbilling = \"api-key\"\n";
/// A subscription pays.
const BY_PLAN: &str = "env = [\"CLAUDE_CODE_OAUTH_TOKEN\"]\n";
/// A command that is not allowed by itself.
const MAKES: &str = "sh -c 'echo made > made.txt'";
const NEVER: &str = "sh -c 'echo no > never.txt'";

/// One engineer, played by Claude Code, and one human.
fn lab(server: &ModelServer, keys: &str) -> Lab {
    lab_with(server, &client("claude"), keys, "")
}

fn lab_with(server: &ModelServer, program: &str, keys: &str, limits: &str) -> Lab {
    let url = server.base_url(Wire::Anthropic);
    let url = url.trim_end_matches("/v1");
    let keys = format!("model = \"claude-sonnet-5-5\"\nbase_url = \"{url}\"\n{keys}");
    played_by("claude", program, &keys, limits)
}

fn up(lab: &Lab) -> Daemon {
    // IS_SANDBOX: the tests may be run by root, in a container.
    let env = [("ANTHROPIC_API_KEY", KEY), ("CLAUDE_CODE_OAUTH_TOKEN", TOKEN), ("IS_SANDBOX", "1")];
    let daemon = lab.serve_with(&env);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    daemon
}

fn writes(path: &str) -> Reply {
    let input = json!({"file_path": path, "content": "made\n"});
    Reply::tool("Write", input).usage(1000, 0, 100)
}

/// Asks for a permission first: only changes of files are allowed.
fn runs(command: &str) -> Reply {
    Reply::tool("Bash", json!({"command": command, "description": "Run it"})).usage(1000, 0, 100)
}

fn finishes() -> Reply {
    Reply::text("DONE: made it").usage(2000, 0, 10)
}

/// What the two answers above cost at list price.
const COST: u64 = 2 * 3_000 + 10 * 110;

/// What task 1 has cost, in micro-dollars.
fn cost(lab: &Lab) -> u64 {
    lab.json(&["task", "show", "1"])["spent"]["cost_micros"].as_u64().unwrap()
}

/// Works until it is done, and checks what is true after every story.
fn lands(lab: &Lab) {
    lab.run();
    assert_eq!(lab.landed("made.txt"), "made\n");
    nobody_is_left(lab);
    let journal = lab.journal_text();
    let log = lab.ok(&["log", "1", "--raw"]);
    for secret in [KEY, TOKEN] {
        assert!(!journal.contains(secret) && !log.contains(secret), "a key is never written down");
    }
}

/// What the model was asked, as text.
fn asked(request: &Request) -> String {
    request.body["messages"].to_string()
}

/// The arguments that each start of run 1 had.
fn argvs(lab: &Lab) -> Vec<Vec<String>> {
    let words = |word: &Value| word.as_str().unwrap().to_owned();
    let argv = |spec: Value| spec["argv"].as_array().unwrap().iter().map(words).collect();
    starts(lab).into_iter().map(argv).collect()
}

fn after<'a>(argv: &'a [String], option: &str) -> Option<&'a str> {
    let at = argv.iter().position(|word| word == option)?;
    argv.get(at + 1).map(String::as_str)
}

#[test]
fn a_kept_key_pays_for_its_profile_and_is_nowhere_else() {
    const KEPT: &str = "sk-test-invented-and-kept-91c";
    let server = ModelServer::start([writes("made.txt"), finishes()]).unwrap();
    let profile =
        "[providers.claude.profiles.work]\nkey = \"keyring:work\"\nbilling = \"api-key\"\n";
    let lab = lab(&server, profile);
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    let role = "[roles.engineer]\nprovider = \"claude\"";
    assert!(text.contains(role), "{text}");
    fs::write(&team, text.replace(role, "[roles.engineer]\nprovider = \"claude/work\"")).unwrap();
    let daemon = lab.serve_with(&[("IS_SANDBOX", "1")]);
    lab.wait("the daemon answers", || lab.crew(&["status"]).status.success().then_some(()));
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "there is no secret `work`; hint: `crew secret set NAME`");
    let key = lab.dir.path().join("key").display().to_string();
    lab.ok(&["secret", "key", &key]);
    let mut set = lab.program(env!("CARGO_BIN_EXE_crew"));
    set.args(["secret", "set", "work", "--key-file", &key]);
    let mut set = set.stdin(Stdio::piped()).spawn().unwrap();
    writeln!(set.stdin.take().unwrap(), "{KEPT}").unwrap();
    assert!(set.wait().unwrap().success());
    assert_eq!(lab.ok(&["secret", "list"]), "work  encrypted file\n");
    assert!(lab.ok(&["doctor"]).contains("`work` for `claude/work` is in the encrypted file"));
    answer(&lab, &item, "try again");
    lands(&lab);
    for request in server.requests() {
        assert_eq!(request.header("x-api-key"), Some(KEPT));
    }
    drop(daemon);
    let found = lab.program("grep").args(["-rl", KEPT]).arg(lab.dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "it is written down");
}

#[test]
fn claude_code_makes_a_change() {
    let server = ModelServer::start([writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it", "--body", "Of iron."]);
    lands(&lab);
    assert_eq!(cost(&lab), COST);
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "nothing else is paid for");
    assert_eq!(requests[0].header("x-api-key"), Some(KEY));
    assert!(requests[0].body["system"].to_string().contains("How you end"), "it knows its role");
    assert!(asked(&requests[0]).contains("Of iron."));
    for argv in argvs(&lab) {
        assert!(!argv.concat().contains("iron"), "nothing of a task is in the arguments: {argv:?}");
    }
    let log = lab.ok(&["log", "1"]);
    assert!(log.contains("made.txt") && log.contains("DONE: made it"), "{log}");
}

/// What its own tools would look at or change without asking anybody.
#[test]
fn what_a_role_may_not_look_at_is_in_no_search_and_what_it_may_not_change_is_not_changed() {
    let asks = |tool: &str, input: Value| Reply::tool(tool, input);
    let server = ModelServer::start([
        asks("Grep", json!({"pattern": "WORD", "output_mode": "content"})),
        asks("Glob", json!({"pattern": "{secrets,docs}/*"})),
        asks("Read", json!({"file_path": "secrets/key.txt"})),
        asks("Write", json!({"file_path": "fixed/new.txt", "content": "no"})),
        // Of that name, and another.
        asks("Read", json!({"file_path": "docs/other.txt"})),
        writes("made.txt"),
        finishes(),
    ])
    .unwrap();
    let lab = lab(&server, BY_KEY);
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    let rules = "tools = [\"read\", \"search\", \"write\"]\nrules = [\n{ answer = \"deny\", path = \"secrets/**\" },\n\
                 { answer = \"deny\", path = \"fixed/**\", tool = \"edit\", why = \"That is fixed.\" },\n\
                 { answer = \"deny\", path = \"/**\" },\n\
                 { answer = \"deny\", path = \"other.txt\", tool = \"read\" },\n]";
    let role = "[roles.engineer]\n";
    fs::write(&team, text.replace(role, &format!("{role}{rules}\n"))).unwrap();
    for (file, word) in [
        ("secrets/key.txt", "WORD one"),
        ("docs/open.txt", "WORD two"),
        ("docs/other.txt", "NUMBER three"),
    ] {
        let file = lab.repo().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, word).unwrap();
    }
    lab.git(&["add", "."]);
    lab.git(&["commit", "-qm", "files"]);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
    let requests = server.requests();
    let told = requests.last().unwrap().body["messages"].to_string();
    assert!(
        told.contains("WORD two")
            && told.contains("NUMBER three")
            && told.contains("That is fixed."),
        "{told}"
    );
    // The agent's own words name the file, its results do not.
    assert!(!told.contains("WORD one") && told.matches("key.txt").count() <= 2, "{told}");
    assert!(!lab.repo().join("fixed").exists());
}

/// A hook that says something, and a command that goes on in the background while the agent does something else.
#[test]
fn what_hooks_say_and_what_is_in_the_background_is_shown() {
    let beside = json!({"command": "echo beside", "run_in_background": true});
    let server = ModelServer::start([
        Reply::tool("Bash", beside),
        runs("sleep 1; echo then"),
        writes("made.txt"),
        finishes(),
        Reply::text("DONE: made it, and what was beside it is over"),
    ])
    .unwrap();
    let lab = lab(&server, &format!("{BY_KEY}permissions = \"all\"\n"));
    let hook = |words: &str| json!([{"hooks": [{"type": "command", "command": words}]}]);
    let settings =
        json!({"hooks": {"PostToolUse": hook("cat > /dev/null"), "Stop": hook("echo $((6 * 7))")}});
    fs::create_dir_all(lab.repo().join(".claude")).unwrap();
    fs::write(lab.repo().join(".claude/settings.json"), settings.to_string()).unwrap();
    lab.git(&["add", "."]);
    lab.git(&["commit", "-qm", "hooks"]);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
    let log = lab.ok(&["log", "1"]);
    assert!(log.contains("hook Stop: 42"), "{log}");
    assert!(!log.contains("hook PostToolUse"), "what goes well without a word is no news: {log}");
    assert!(
        log.contains("in the background: ") && log.contains("in the background, completed: "),
        "{log}"
    );
}

/// Our tools are there, need no permission, and what is wrong with a call reaches the model.
#[test]
fn claude_code_finishes_by_our_tool() {
    let finish = |criteria: Value| {
        let input = json!({
            "claim": "done", "summary": "made it of iron",
            "evidence": ["read made.txt"], "criteria": criteria
        });
        Reply::tool("mcp__crew__finish", input).usage(1000, 0, 10)
    };
    let answers = json!([{"number": 1, "met": "met", "why": "made.txt is there"}]);
    let server = ModelServer::start([
        writes("made.txt"),
        finish(json!([])),
        finish(answers),
        Reply::text("All done.").usage(2000, 0, 10),
    ])
    .unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it", "--criterion", "it is there"]);
    lands(&lab);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "nobody was asked for a permission");
    let tools = requests[0].body["tools"].to_string();
    for name in ["finish", "ask", "comment", "subtask", "message", "board", "knowledge"] {
        assert!(tools.contains(&format!("mcp__crew__{name}")), "{name} in {tools}");
    }
    assert!(asked(&requests[2]).contains("1. it is there"), "{}", asked(&requests[2]));
    assert!(asked(&requests[3]).contains("Taken as done."), "{}", asked(&requests[3]));
    let task = lab.json(&["task", "show", "1"]);
    assert_eq!(task["answers"][0]["why"], "made.txt is there");
    let response = &task["runs"][0]["response"];
    assert_eq!(response["summary"], "made it of iron");
    assert_eq!(response["evidence"], json!(["read made.txt"]));
}

#[test]
fn a_permission_is_asked_for_and_given() {
    let server = ModelServer::start([runs(MAKES), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "May it use Bash?");
    assert!(item["text"].as_str().unwrap().contains("> made.txt"), "{item}");
    assert_eq!(item["options"], json!(["allow", "deny"]));
    answer(&lab, &item, "allow");
    lands(&lab);
    assert_eq!(cost(&lab), COST);
}

#[test]
fn a_permission_is_denied_and_a_question_is_answered() {
    let options = json!([{"label": "Iron", "description": "Heavy"}, {"label": "Wood", "description": "Light"}]);
    let question = json!({"question": "Of what?", "header": "Stuff", "options": options, "multiSelect": false});
    let question = Reply::tool("AskUserQuestion", json!({"questions": [question]}));
    let server =
        ModelServer::start([runs("rm -r /"), question, writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    answer(&lab, &waits(&lab, "rm -r /"), "deny");
    let item = waits(&lab, "Of what?");
    assert_eq!(item["options"], json!(["Iron", "Wood"]));
    answer(&lab, &item, "Wood");
    lands(&lab);
    let requests = server.requests();
    assert!(asked(&requests[1]).contains("The human said no."), "{}", asked(&requests[1]));
    assert!(asked(&requests[2]).contains("Wood"), "{}", asked(&requests[2]));
}

/// The file that it is told to write its plan to.
fn plan_file(text: &str) -> &str {
    let at = text.find("/plans/").unwrap();
    let is_edge = |c: char| c.is_whitespace() || "\"'`\\".contains(c);
    let begin = text[..at].rfind(is_edge).map_or(0, |edge| edge + 1);
    let end = at + text[at..].find(".md").unwrap() + ".md".len();
    &text[begin..end]
}

/// A plan is shown to the human before it is begun, as its file has it; their yes or no reaches the model.
#[test]
fn a_plan_is_shown_before_it_is_begun() {
    let server = ModelServer::answering(|request| {
        let text = asked(request);
        let plans = |words: &str| {
            let input = json!({"file_path": plan_file(&text), "content": words});
            Reply::tool("Write", input)
        };
        match text.matches("\"tool_result\"").count() {
            0 => Reply::tool("EnterPlanMode", json!({})),
            1 => plans("1. Make it of gold."),
            3 => plans("1. Make it of iron."),
            2 | 4 => Reply::tool("ExitPlanMode", json!({})),
            5 => writes("made.txt"),
            _ => finishes(),
        }
    });
    let server = server.unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "Make it of gold.");
    assert!(item["text"].as_str().unwrap().starts_with("It made a plan. May it begin?"), "{item}");
    assert_eq!(item["options"], json!(["allow", "deny"]));
    answer(&lab, &item, "deny");
    answer(&lab, &waits(&lab, "Make it of iron."), "allow");
    lands(&lab);
    let last = asked(server.requests().last().unwrap());
    assert!(last.contains("The human said no."), "{last}");
    assert!(last.contains("approved your plan"), "{last}");
}

#[test]
fn rules_answer_for_the_human_and_the_human_for_always() {
    let server = ModelServer::start([
        runs("touch other.txt"),
        writes("secret/a"),
        runs("true && git push"),
        runs(MAKES),
        runs(MAKES),
        writes("fine.txt"),
        finishes(),
    ])
    .unwrap();
    let lab = lab(&server, BY_KEY);
    engineer_with(&lab, RULES);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "May it use Bash?");
    assert_eq!(item["ask"], 4, "three were answered by rules: {item}");
    assert_eq!(item["about"], format!("Bash: `{MAKES}`"));
    lab.ok(&["answer", "a4", "allow", "--always", "role"]);
    lands(&lab);
    let requests = server.requests();
    assert!(asked(&requests[2]).contains("Nobody writes there."), "{}", asked(&requests[2]));
    assert!(asked(&requests[3]).contains("deny command git push"), "{}", asked(&requests[3]));
    let main = lab.git(&["ls-tree", "-r", "--name-only", "main"]);
    assert!(main.contains("other.txt") && main.contains("fine.txt") && !main.contains("secret"));
    let journal = lab.ok(&["journal"]);
    for line in [
        "a1 allowed by rule 1 of engineer (allow command touch)",
        "a2 denied by rule 2 of engineer",
        "a3 denied by rule 3 of engineer",
        "a5 allowed as a4 was",
        "a6 allowed by the permissions of its provider",
    ] {
        assert!(journal.contains(line), "{line} in {journal}");
    }
    let known = lab.ok(&["asks", "list"]);
    assert!(known.contains("a4") && known.contains("all tasks"), "{known}");
    lab.ok(&["asks", "forget", "a4"]);
    assert!(lab.ok(&["asks", "list"]).contains("nothing is remembered"));
}

#[test]
fn nobody_answers_in_time_and_the_agent_goes_on() {
    let questions = json!([
        {"question": "Of what?", "header": "Stuff", "multiSelect": false, "options": [
            {"label": "Iron", "description": "Heavy"}, {"label": "Wood", "description": "Light"}]},
        {"question": "How large?", "header": "Size", "multiSelect": false, "options": [
            {"label": "Big", "description": ""}, {"label": "Small", "description": ""}]},
    ]);
    let question = Reply::tool("AskUserQuestion", json!({"questions": questions}));
    let server =
        ModelServer::start([question, runs(NEVER), writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    engineer_with(&lab, "asks_expire = \"15s\"");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "2. How large?");
    assert!(item["expires"].as_u64() > item["since"].as_u64(), "{item}");
    answer(&lab, &item, "Wood\nSmall");
    waits(&lab, "never.txt");
    lab.wait("it is denied", || {
        let items = lab.json(&["inbox"])["items"].as_array().unwrap().clone();
        items.iter().all(|item| item["kind"] != "ask").then_some(())
    });
    lands(&lab);
    let requests = server.requests();
    let said = asked(&requests[1]);
    assert!(
        said.contains("Wood") && said.contains("Small") && !said.contains("Wood\\nSmall"),
        "{said}"
    );
    assert!(asked(&requests[2]).contains("nobody answered within 15 s"), "{}", asked(&requests[2]));
    let late = "a2 was answered with a no, as nobody answered in time";
    lab.fails(&["answer", "a2", "allow"], 3, late);
}

#[test]
fn the_daemon_dies_while_the_agent_waits_for_the_human() {
    let server = ModelServer::start([runs(MAKES), finishes()]).unwrap();
    let lab = lab(&server, BY_KEY);
    let daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "May it use Bash?");
    daemon.kill();
    let _daemon = up(&lab);
    answer(&lab, &waits(&lab, "May it use Bash?"), "allow");
    lands(&lab);
    assert_eq!(starts(&lab).len(), 1, "the agent lived on");
    assert_eq!((server.requests().len(), cost(&lab)), (2, COST));
}

#[test]
fn the_shim_dies_and_the_conversation_goes_on() {
    let server = ModelServer::answering(|request| {
        let text = asked(request);
        match (text.contains("You were interrupted"), text.contains("tool_result")) {
            (false, false) => runs(MAKES),
            // Without its shim it takes the end of its input for a no, until it is ended itself.
            (false, true) => Reply::text("Then I do").hanging(),
            (true, _) if text.contains("\"Write\"") => finishes(),
            (true, _) => writes("made.txt"),
        }
    });
    let server = server.unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    waits(&lab, "May it use Bash?");
    kill_shim(&lab);
    lab.wait("it is started again", || (starts(&lab).len() == 2).then_some(()));
    lands(&lab);
    goes_on(&lab, &server);
}

/// The second start resumed the conversation of the first.
fn goes_on(lab: &Lab, server: &ModelServer) {
    let starts = argvs(lab);
    let session = after(&starts[0], "--session-id").unwrap();
    assert_eq!(after(&starts[1], "--resume"), Some(session), "{starts:?}");
    let last = asked(server.requests().last().unwrap());
    assert!(last.contains("You were interrupted"), "{last}");
    assert_eq!(last.matches("## Now").count(), 2, "it is told once more what to do: {last}");
    assert_eq!(last.matches("## Title").count(), 1, "and not all of it: {last}");
}

#[test]
fn the_agent_is_killed_and_its_children_end_with_it() {
    let keys = format!("{BY_KEY}permissions = \"all\"\n");
    let long = runs("echo started; sleep 3600; echo finished");
    let server = ModelServer::start([long, writes("made.txt"), finishes()]).unwrap();
    let lab = lab(&server, &keys);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let child = lab.wait("the command runs", || {
        running(&lab, "sleep 3600").into_iter().find(|pid| is_called(*pid, "sleep"))
    });
    kill(lab.agents().into_iter().find(|pid| is_called(*pid, "claude")).unwrap());
    lab.wait("it is started again", || (starts(&lab).len() == 2).then_some(()));
    lands(&lab);
    assert!(!PathBuf::from(format!("/proc/{child}")).exists(), "the command was ended");
    goes_on(&lab, &server);
}

#[test]
fn a_task_is_cancelled_and_nothing_of_it_runs_on_in_the_background_either() {
    let keys = format!("{BY_KEY}permissions = \"all\"\n");
    let beside = json!({"command": "echo a; sleep 3600", "run_in_background": true});
    let server =
        ModelServer::start([Reply::tool("Bash", beside), runs("echo b; sleep 3601")]).unwrap();
    let lab = lab(&server, &keys);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    for command in ["sleep 3600", "sleep 3601"] {
        lab.wait(command, || running(&lab, command).first().copied());
    }
    lab.ok(&["task", "cancel", "1"]);
    nobody_is_left(&lab);
}

#[test]
fn a_limit_is_waited_out_and_nothing_is_paid_twice() {
    let answers = AtomicUsize::new(0);
    let server = ModelServer::answering(move |_| match answers.fetch_add(1, Ordering::SeqCst) {
        0 => writes("made.txt"),
        1 => plan_limit(8),
        _ => finishes(),
    });
    let server = server.unwrap();
    let lab = lab(&server, BY_PLAN);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait_for("\"words\":\"limited\"");
    lab.wait("the agent has ended", || lab.agents().is_empty().then_some(()));
    lands(&lab);
    assert_eq!(server.requests().len(), 3, "nobody asks before the limit ends");
    assert_eq!(cost(&lab), COST, "each answer is paid once");
    goes_on(&lab, &server);
}

/// What the provider does in passing, and nobody needs to know.
fn passes(troubles: Vec<Reply>) {
    let replies = [vec![writes("made.txt")], troubles, vec![finishes()]].concat();
    let server = ModelServer::start(replies).unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lands(&lab);
}

#[test]
fn a_short_limit_passes() {
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"#;
    passes(vec![Reply::status(429).header("retry-after", "1").body(body)]);
}

#[test]
fn an_overloaded_provider_passes() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    // Claude Code gives up after the third; then it is started again.
    passes(vec![Reply::status(529).body(body); 3]);
}

#[test]
fn a_broken_provider_passes() {
    passes(vec![Reply::status(500), Reply::text("half of an answer, then nothing").torn()]);
}

/// A provider in trouble until it is told otherwise; then it has the file made.
fn troubled(trouble: Reply) -> (ModelServer, Arc<AtomicBool>) {
    let is_in_trouble = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_in_trouble);
    let server = ModelServer::answering(move |request| {
        if is_in_trouble.load(Ordering::SeqCst) {
            return trouble.clone();
        }
        if asked(request).contains("tool_result") { finishes() } else { writes("made.txt") }
    });
    (server.unwrap(), switch)
}

#[test]
fn a_key_that_is_refused_waits_for_the_human() {
    let body =
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
    let (server, trouble) = troubled(Reply::status(401).body(body));
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "sign in to Claude Code again");
    nobody_is_left(&lab);
    trouble.store(false, Ordering::SeqCst);
    answer(&lab, &item, "try again");
    lands(&lab);
}

#[test]
fn a_provider_that_falls_silent_is_given_up() {
    let (server, trouble) = troubled(Reply::text("I will now think about it").hanging());
    let limits = "quiet_minutes = 0.1\nsilent_minutes = 0.25\n";
    let lab = lab_with(&server, &client("claude"), BY_KEY, limits);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "nothing was heard");
    nobody_is_left(&lab);
    trouble.store(false, Ordering::SeqCst);
    answer(&lab, &item, "try again");
    lands(&lab);
}

#[test]
fn nothing_is_asked_when_another_would_pay() {
    let server = ModelServer::start([]).unwrap();
    let keys = "env = [\"CLAUDE_CODE_OAUTH_TOKEN\"]\nbilling = \"api-key\"\n";
    let lab = lab(&server, keys);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    let item = waits(&lab, "a subscription would pay");
    assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
    assert!(server.requests().is_empty(), "nothing was spent");
    nobody_is_left(&lab);
}

#[test]
fn two_work_at_once() {
    let server = ModelServer::answering(|request| {
        let text = asked(request);
        let name = if text.contains("Make the first") { "first.txt" } else { "second.txt" };
        if text.contains("tool_result") { finishes() } else { writes(name) }
    });
    let server = server.unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make the first"]);
    lab.ok(&["task", "add", "Make the second"]);
    lab.run();
    assert_eq!(
        (lab.landed("first.txt"), lab.landed("second.txt")),
        ("made\n".into(), "made\n".into())
    );
    assert_eq!(server.requests().len(), 4);
    nobody_is_left(&lab);
}

#[test]
fn a_missing_or_old_claude_code_is_said_with_what_to_do() {
    let server = ModelServer::start([]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let old = old_program(dir.path(), "2.0.14 (Claude Code)");
    for (program, words) in [
        ("/nowhere/claude", "there is no Claude Code"),
        (old.as_str(), "is Claude Code 2.0.14; 2.1.197 or newer is needed"),
    ] {
        let lab = lab_with(&server, program, BY_KEY, "");
        let _daemon = up(&lab);
        lab.ok(&["task", "add", "Make it"]);
        let item = waits(&lab, words);
        assert!(item["text"].as_str().unwrap().contains("hint: "), "{item}");
        let doctor = lab.crew(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains(words) && said.contains("hint: "), "{said}");
    }
    assert!(server.requests().is_empty());
}

/// So often a model looks at a file before it gives up to wait for a reminder.
const LOOKS_MAX: usize = 18;

/// A real compaction: the model is said to be nearly full, so Claude Code has it write a summary.
#[test]
fn claude_code_is_reminded_when_it_has_compacted_its_conversation() {
    let answers = AtomicUsize::new(0);
    let server = ModelServer::answering(move |request| {
        let text = asked(request);
        let input = json!({"file_path": "made.txt", "content": "made\n"});
        match answers.fetch_add(1, Ordering::Relaxed) {
            // What is read again is cheap, and fills the conversation all the same.
            0 => Reply::tool("Write", input).usage(1_000, 989_000, 100),
            _ if text.contains("A reminder about task") => finishes(),
            _ if text.contains("create a detailed summary") => {
                Reply::text("Something was made.").usage(3000, 0, 100)
            }
            // It goes on until the reminder comes, which waits for the end of a call.
            1..LOOKS_MAX => {
                std::thread::sleep(Duration::from_millis(500));
                Reply::tool("Read", json!({"file_path": "made.txt"})).usage(1000, 0, 100)
            }
            _ => finishes(),
        }
    })
    .unwrap();
    let lab = lab(&server, BY_KEY);
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it", "--criterion", "it is of iron"]);
    lab.ok(&["task", "pin", "1", "The public API stays as it is."]);
    lands(&lab);
    let reminded = |request: &&Request| asked(request).contains("A reminder about task");
    let requests = server.requests();
    let reminded = requests.iter().find(reminded).expect("it was reminded");
    let text = asked(reminded);
    assert_eq!(text.matches("A reminder about task").count(), 1, "{text}");
    for part in ["The public API stays", "it is of iron", "Your role"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_conversation_of_claude_code_that_is_too_full_is_not_gone_on_with() {
    let server = ModelServer::start([
        writes("made.txt"),
        Reply::text("DONE: made it").usage(30_000, 0, 10),
        finishes(),
    ])
    .unwrap();
    let lab = lab_with(&server, &client("claude"), BY_KEY, "context_percent = 2\n");
    let _daemon = up(&lab);
    lab.ok(&["task", "add", "Make it"]);
    lab.wait("it is to be approved", || {
        (lab.json(&["task", "show", "1"])["status"]["word"] == "needs_approval").then_some(())
    });
    let full = lab.json(&["task", "show", "1"])["runs"][0]["context_percent"].as_u64();
    assert!(full.is_some_and(|percent| percent >= 2), "{full:?}: {}", lab.journal_text());
    lab.ok(&["reject", "1", "Once more, please."]);
    lands(&lab);
    let requests = server.requests();
    let again = asked(&requests[2]);
    assert!(again.contains("Hand-off brief") && again.contains("Once more, please."), "{again}");
    assert!(!again.contains("tool_result"), "nothing of the other conversation is there: {again}");
    assert_eq!(argvs(&lab).len(), 1);
    let shown = lab.ok(&["task", "show", "1"]);
    assert!(shown.contains("began a new one with a brief"), "{shown}");
}
