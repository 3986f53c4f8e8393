//! What Claude Code is started with.

use std::path::{Path, PathBuf};

use crew_core::Micros;
use crew_core::team::{Closed, Permissions};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::desk::mcp::SERVER;
use crate::desk::{DESK, ToolsOfOurs};

/// Variables that every start gets: nothing is sent to anybody but the model's provider, and the
/// program does not change under us.
pub const ENVIRONMENT: [(&str, &str); 4] = [
    ("DISABLE_TELEMETRY", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
];
/// Variables that it is handed on, where they are set.
pub const INHERITED: [&str; 2] = [CONFIG_DIR, SANDBOX];
/// Where it keeps who is signed in, and its conversations.
pub const CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
/// Says that root may do no harm here. Without it Claude Code does not do everything unasked as
/// root, and we do not claim for others that they are in a sandbox.
pub const SANDBOX: &str = "IS_SANDBOX";

/// What is no plain letter in a rule of its own.
const PATTERN: [char; 10] = ['*', '?', '[', ']', '{', '}', '(', ')', '!', '\\'];

/// Tools with which work would go on that nobody sees, or in another directory.
const TOOLS_NEVER: &str = "EnterWorktree,ExitWorktree,CronCreate,ScheduleWakeup,RemoteTrigger";

/// One start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: String,
    /// The model, if not its own default.
    pub model: Option<String>,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// Uses of tools that are allowed besides, in its own notation.
    pub allow: Vec<String>,
    /// The only tools that there are; empty means all.
    pub tools: Vec<String>,
    /// Which conversation.
    pub conversation: Conversation,
    /// Where it works.
    pub worktree: PathBuf,
    /// Files of the worktree that are closed to its role, or not open unasked.
    pub closed: Vec<Closed>,
    /// Whether it tells what hooks do: an older version knows no such option.
    pub tells_of_hooks: bool,
    /// What it may spend.
    pub cost_max: Micros,
    /// How often it may call the model.
    pub turns_max: u32,
    /// Our program, which serves our tools to it. Servers that others have configured are left out:
    /// what they could do would be nobody's decision.
    pub tools_of_ours: Option<ToolsOfOurs>,
}

/// A conversation, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// One that begins.
    New(String),
    /// One that goes on.
    Resumed(String),
    /// One that begins with all that was said in another, which stays as it is.
    Forked {
        /// The other one.
        of: String,
        /// The one that begins.
        id: String,
    },
}

impl Launch {
    /// The program and its arguments. Nothing of the task is among them.
    pub fn argv(&self) -> Vec<String> {
        let mut argv = vec![self.program.clone()];
        let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["-p", "--verbose"]);
        add(&["--input-format", "stream-json", "--output-format", "stream-json"]);
        add(&["--replay-user-messages"]); // so that it says when it takes something in
        add(&["--include-partial-messages", "--permission-prompt-tool", "stdio"]);
        if self.tells_of_hooks {
            add(&["--include-hook-events"]);
        }
        add(&["--permission-mode", mode(self.permissions)]);
        match &self.conversation {
            Conversation::New(id) => add(&["--session-id", id]),
            Conversation::Resumed(id) => add(&["--resume", id]),
            Conversation::Forked { of, id } => {
                add(&["--resume", of, "--fork-session", "--session-id", id]);
            }
        }
        if let Some(model) = &self.model {
            add(&["--model", model]);
        }
        if !self.tools.is_empty() {
            let names: Vec<&str> = self.tools.iter().filter_map(|name| tool(name)).collect();
            add(&["--tools", &names.join(",")]);
        }
        if let Some(ours) = &self.tools_of_ours {
            add(&["--strict-mcp-config", "--mcp-config", &servers(ours)]);
        }
        let ours = format!("mcp__{SERVER}");
        let ours = self.tools_of_ours.iter().map(|_| ours.as_str());
        let allowed: Vec<&str> = self.allow.iter().map(String::as_str).chain(ours).collect();
        if !allowed.is_empty() {
            add(&["--allowedTools"]);
            add(&allowed);
        }
        add(&["--disallowedTools", TOOLS_NEVER]);
        if let Some(settings) = settings(&self.worktree, &self.closed) {
            add(&["--settings", &settings]);
        }
        add(&["--max-turns", &self.turns_max.to_string()]);
        let usd = self.cost_max.0.max(1) as f64 / 1e6;
        add(&["--max-budget-usd", &format!("{usd:.6}")]);
        argv
    }
}

/// Our tools, as a server. They are shown from the first turn on, not only when they are searched for,
/// and a question may wait as long as a human may take.
fn servers(ours: &ToolsOfOurs) -> String {
    let server = json!({
        "type": "stdio",
        "command": ours.program,
        "args": ToolsOfOurs::ARGS,
        "env": { DESK: ours.desk },
        "alwaysLoad": true,
        "timeout": ToolsOfOurs::ANSWER_TIMEOUT.0
    });
    json!({ "mcpServers": { SERVER: server } }).to_string()
}

/// Rules of its own for what it does not ask about by itself. What may not be looked at it leaves out of
/// its searches as well. What may not be changed it is to ask about: then it is told why not.
fn settings(worktree: &Path, closed: &[Closed]) -> Option<String> {
    // From the root of the disk: a name alone would mean the files of that name in all directories. A
    // directory that reads like a pattern would mean others.
    let root = worktree.to_str().filter(|root| !root.contains(PATTERN));
    let root = root.map_or_else(String::new, |root| format!("/{root}/"));
    let rule = |tool: &str, pattern: &str| format!("{tool}({root}{pattern})");
    let looks = |asks: bool| {
        let those = closed.iter().filter(move |it| it.looks && it.asks == asks);
        those.map(|it| rule("Read", &it.pattern))
    };
    let changes = closed.iter().filter(|it| it.changes).map(|it| rule("Edit", &it.pattern));
    let deny: Vec<String> = looks(false).collect();
    let ask: Vec<String> = looks(true).chain(changes).collect();
    let is_any = !closed.is_empty();
    is_any.then(|| json!({"permissions": {"deny": deny, "ask": ask}}).to_string())
}

fn mode(permissions: Permissions) -> &'static str {
    match permissions {
        Permissions::Ask => "default",
        Permissions::Edit => "acceptEdits",
        Permissions::All => "bypassPermissions",
        Permissions::Deny => "dontAsk",
    }
}

/// Its names for the tools of our own agent; any other name is its own. It needs no tool to end.
fn tool(name: &str) -> Option<&str> {
    Some(match name {
        "read" => "Read",
        "write" => "Write",
        "edit" => "Edit",
        "search" => "Grep,Glob",
        "shell" => "Bash",
        "ask" => "AskUserQuestion",
        "finish" => return None,
        other => other,
    })
}

/// An id for a conversation that begins, the same for the same start.
pub fn conversation_id(start: &str) -> String {
    let hash = Sha256::digest(start);
    let hex: Vec<String> = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().concat();
    // A UUID of version 8: one of our own making.
    let (third, fourth) = (part(6, 8), part(8, 10));
    let (third, fourth) = (third.get(1..).unwrap_or_default(), fourth.get(1..).unwrap_or_default());
    format!("{}-{}-8{third}-8{fourth}-{}", part(0, 4), part(4, 6), part(10, 16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_id_of_a_conversation_is_a_uuid() {
        let id = conversation_id("home#r1.1");
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id, conversation_id("home#r1.1"));
        assert_ne!(id, conversation_id("home#r1.2"));
    }

    #[test]
    fn what_is_closed_is_a_rule_of_its_own() {
        let closed = |pattern: &str, asks, looks, changes| Closed {
            pattern: pattern.to_owned(),
            asks,
            looks,
            changes,
        };
        let rules = [
            closed("secrets/**", false, true, true),
            closed("etc/**", true, true, false),
            closed("notes/**", false, false, true),
        ];
        let said: Value =
            serde_json::from_str(&settings(Path::new("/w/1"), &rules).unwrap()).unwrap();
        let deny = json!(["Read(//w/1/secrets/**)"]);
        let ask = json!(["Read(//w/1/etc/**)", "Edit(//w/1/secrets/**)", "Edit(//w/1/notes/**)"]);
        assert_eq!(said, json!({"permissions": {"deny": deny, "ask": ask}}));
        assert_eq!(settings(Path::new("/w/1"), &[]), None);
        let odd = settings(Path::new("/w (1)"), &rules).unwrap();
        assert!(odd.contains("Read(secrets/**)"), "{odd}");
    }

    #[test]
    fn nothing_but_the_policy_is_in_the_arguments() {
        let launch = Launch {
            program: "claude".into(),
            model: Some("opus".into()),
            permissions: Permissions::Edit,
            allow: vec!["Bash(make:*)".into(), "WebFetch".into()],
            tools: vec!["read".into(), "search".into(), "finish".into()],
            conversation: Conversation::Resumed("id".into()),
            worktree: "/w/1".into(),
            closed: Vec::new(),
            tells_of_hooks: false,
            cost_max: Micros(1_500_000),
            turns_max: 9,
            tools_of_ours: Some(ToolsOfOurs {
                program: "/opt/crew".into(),
                desk: "/data/desk".into(),
            }),
        };
        let mut argv = launch.argv();
        let at = argv.iter().position(|word| word == "--mcp-config").unwrap() + 1;
        let servers: Value = serde_json::from_str(&argv.remove(at)).unwrap();
        let server = &servers["mcpServers"]["crew"];
        assert_eq!((&server["command"], &server["args"][1]), (&json!("/opt/crew"), &json!("mcp")));
        assert_eq!(server["env"], json!({ "CREWHOUSE_DESK": "/data/desk" }));
        assert_eq!(
            argv.join(" "),
            "claude -p --verbose --input-format stream-json --output-format stream-json \
             --replay-user-messages --include-partial-messages --permission-prompt-tool stdio --permission-mode \
             acceptEdits --resume id --model opus --tools Read,Grep,Glob --strict-mcp-config \
             --mcp-config --allowedTools Bash(make:*) WebFetch mcp__crew --disallowedTools \
             EnterWorktree,ExitWorktree,CronCreate,ScheduleWakeup,RemoteTrigger --max-turns 9 \
             --max-budget-usd 1.500000"
        );
    }
}
