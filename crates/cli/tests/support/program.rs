//! Agents that are programs of others, in a laboratory: the pinned ones of `tests/clients`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crew_testkit::Reply;
use serde_json::Value;

use super::{Lab, one_engineer};

/// Where the links to all agents are: the pinned ones, or others that are to live the same stories.
pub fn clients() -> PathBuf {
    let pinned = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
    let clients = std::env::var_os("CREW_CLIENTS").map_or_else(pinned, PathBuf::from);
    clients.join("node_modules/.bin")
}

/// The pinned program.
pub fn client(name: &str) -> String {
    let program = clients().join(name);
    assert!(program.exists(), "there is no {}; hint: `make clients`", program.display());
    program.canonicalize().unwrap().display().to_string()
}

/// One engineer, played by this program, and one human.
pub fn played_by(kind: &str, program: &str, keys: &str, limits: &str) -> Lab {
    one_engineer(&format!(
        r#"
[limits]
backoff_seconds = 0
{limits}

[providers.{kind}]
kind = "{kind}"
program = "{program}"
{keys}

[roles.engineer]
provider = "{kind}"
"#
    ))
}

/// Gives the engineer more keys, before the daemon is there.
pub fn engineer_with(lab: &Lab, keys: &str) {
    let team = lab.repo().join(".crew/team.toml");
    let text = fs::read_to_string(&team).unwrap();
    let role = "[roles.engineer]\n";
    assert!(text.contains(role));
    fs::write(&team, text.replacen(role, &format!("{role}{keys}\n"), 1)).unwrap();
}

/// What is denied, allowed and left open by the role that [`engineer_with`] is given it.
pub const RULES: &str = r#"rules = [
    { answer = "allow", command = "touch" },
    { answer = "deny", tool = "edit", path = "secret/**", why = "Nobody writes there." },
    { answer = "deny", command = "git push" },
]"#;

/// A program that says that it has this version, and nothing else.
pub fn old_program(dir: &Path, version: &str) -> String {
    let path = dir.join("old");
    fs::write(&path, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// The first thing that waits for the human and says this.
pub fn waits(lab: &Lab, words: &str) -> Value {
    lab.wait(words, || {
        let items = lab.json(&["inbox"])["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["text"].as_str().is_some_and(|it| it.contains(words)))
    })
}

pub fn answer(lab: &Lab, item: &Value, text: &str) {
    lab.ok(&["answer", &format!("a{}", item["ask"]), text]);
}

pub fn nobody_is_left(lab: &Lab) {
    lab.wait("no process of an agent is left", || lab.agents().is_empty().then_some(()));
}

/// Processes of agents whose command line has these words.
pub fn running(lab: &Lab, words: &str) -> Vec<u32> {
    let line = |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let has = |pid: &u32| String::from_utf8_lossy(&line(pid)).replace('\0', " ").contains(words);
    lab.agents().into_iter().filter(has).collect()
}

pub fn is_called(pid: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim().starts_with(name))
}

pub fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

/// Ends the shim of the first start of run 1, as a crash would.
pub fn kill_shim(lab: &Lab) {
    let shim = fs::read_to_string(lab.home().join("runs/1.1/pid")).unwrap();
    let shim: String = shim.chars().take_while(char::is_ascii_digit).collect();
    kill(shim.parse().unwrap());
}

/// In so many seconds, in seconds since 1970.
pub fn soon(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

/// The limit of a subscription of Claude, which ends in so many seconds.
pub fn plan_limit(seconds: u64) -> Reply {
    let reset = soon(seconds).to_string();
    Reply::status(429)
        .header("retry-after", &seconds.to_string())
        .header("x-should-retry", "true")
        .header("anthropic-ratelimit-unified-status", "rejected")
        .header("anthropic-ratelimit-unified-reset", &reset)
        .header("anthropic-ratelimit-unified-representative-claim", "five_hour")
        .header("anthropic-ratelimit-unified-5h-status", "rejected")
        .header("anthropic-ratelimit-unified-5h-reset", &reset)
        .header("anthropic-ratelimit-unified-5h-utilization", "1.0")
        .header("anthropic-ratelimit-unified-overage-status", "rejected")
        .header("anthropic-ratelimit-unified-overage-disabled-reason", "org_level_disabled")
        .body(
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account's rate limit."}}"#,
        )
}

/// What each start of run 1 was made of.
pub fn starts(lab: &Lab) -> Vec<Value> {
    let spec = |token: u32| fs::read(lab.home().join(format!("runs/1.{token}/spec.json"))).ok();
    (1..9).map_while(spec).map(|bytes| serde_json::from_slice(&bytes).unwrap()).collect()
}

/// The name by which an agent offers its model a tool of ours, in a request; empty where it does not.
pub fn ours(request: &Value, tool: &str) -> String {
    let is_ours = |name: &&str| name.ends_with(tool) && name.contains("crew") || *name == tool;
    names(&request["tools"])
        .chain(names(&request["input"]))
        .find(is_ours)
        .unwrap_or_default()
        .to_owned()
}

/// All that is called `name`, at any depth.
fn names(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Object(fields) => Box::new(fields.iter().flat_map(|(key, value)| {
            let own = (key == "name").then(|| value.as_str()).flatten();
            own.into_iter().chain(names(value))
        })),
        Value::Array(items) => Box::new(items.iter().flat_map(names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Box::new(std::iter::empty())
        }
    }
}
