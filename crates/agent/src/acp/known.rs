//! Agents that we know: all that is not the same for each, as data.
//!
//! A new one is an entry here, recordings of what it says, and a row in the table of the tests.

use crew_core::team::{AcpAgent, Permissions};
use serde_json::json;

use crate::program::Version;

/// What is particular to an agent.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What it is called.
    pub name: &'static str,
    /// Its usual command.
    pub program: &'static str,
    /// With what it speaks ACP.
    pub args: &'static [&'static str],
    /// The oldest version whose output we have seen.
    pub version_min: Version,
    /// The newest version that the tests of Crewhouse run, or have recordings of.
    pub version_tested: Version,
    /// How it comes to a machine, for a human.
    pub install: &'static str,
    /// How somebody signs in, for a human.
    pub sign_in: &'static str,
    /// Variables that every start gets: nothing is sent to anybody but the model's provider, and the
    /// program does not change under us.
    pub environment: &'static [(&'static str, &'static str)],
    /// Variables that it is handed on, where they are set.
    pub inherited: &'static [&'static str],
    /// The variable for where the model is served.
    pub base_url: Option<&'static str>,
    /// Its modes, in the order of [`Permissions`]: ask, edit, all, deny.
    modes: [Option<&'static str>; 4],
    /// The variable for what it may do, where it has no modes for that.
    permission_variable: Option<&'static str>,
    /// Where it keeps things.
    pub homes: &'static [Home],
    /// A home that a role gets of its own, where it writes anywhere in the user's.
    pub own: Option<Own>,
    /// Whether it ends when its input does. Who has a server of tools beside it may not, and is sent a signal.
    pub ends_with_input: bool,
}

/// A home that we make. What it writes there names no program that the user runs outside.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// The variable that names it.
    pub variable: &'static str,
    /// Where its files are in it.
    pub below: &'static str,
    /// What is linked there from the user's: who is signed in, and settings.
    pub linked: &'static [&'static str],
}

/// A directory in which an agent keeps things.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// The variable that names it, and what of it is below that.
    pub variable: Option<(&'static str, &'static str)>,
    /// Where it is otherwise, below the home of the user.
    pub usual: &'static str,
    /// What is written in it. Not what names programs, or is one: the user runs those outside.
    pub written: Written,
}

/// What is written in a directory.
#[derive(Clone, Copy, Debug)]
pub enum Written {
    /// Nothing.
    Nothing,
    /// Anything.
    All,
    /// These directories, and these files if they are there.
    Only(&'static [&'static str], &'static [&'static str]),
}

/// What is particular to this agent.
pub fn known(agent: AcpAgent) -> &'static Known {
    match agent {
        AcpAgent::Gemini => &GEMINI,
        AcpAgent::Opencode => &OPENCODE,
        AcpAgent::Claude => &CLAUDE,
        AcpAgent::Codex => &CODEX,
    }
}

impl Known {
    /// The mode in which it asks as often as it should.
    pub fn mode(&self, permissions: Permissions) -> Option<&'static str> {
        let [ask, edit, all, deny] = self.modes;
        match permissions {
            Permissions::Ask => ask,
            Permissions::Edit => edit,
            Permissions::All => all,
            Permissions::Deny => deny,
        }
    }

    /// The variable that makes it ask as often as it should, and its value.
    pub fn permission_variable(&self, permissions: Permissions) -> Option<(&'static str, String)> {
        // What a subagent of it wants to ask comes to nobody, so there is none where it would ask.
        let rules = match permissions {
            Permissions::Ask => {
                json!({"edit": "ask", "bash": "ask", "webfetch": "ask", "task": "deny"})
            }
            Permissions::Edit => {
                json!({"edit": "allow", "bash": "ask", "webfetch": "ask", "task": "deny"})
            }
            Permissions::All => json!({"*": "allow"}),
            Permissions::Deny => {
                json!({"edit": "deny", "bash": "deny", "webfetch": "deny", "task": "deny"})
            }
        };
        self.permission_variable.map(|name| (name, rules.to_string()))
    }
}

const GEMINI: Known = Known {
    name: "Gemini CLI",
    program: "gemini",
    args: &["--acp"],
    version_min: Version(0, 61, 0),
    version_tested: Version(0, 61, 0),
    install: "npm install -g @google/gemini-cli",
    sign_in: "run `gemini` once and choose how you sign in, or name the variable with your key: env = \
              [\"GEMINI_API_KEY\"]",
    environment: &[
        ("GEMINI_TELEMETRY_ENABLED", "false"),
        // A worktree is as trusted as the repository that it is of.
        ("GEMINI_CLI_TRUST_WORKSPACE", "true"),
        // Its second process does not pass signals on.
        ("GEMINI_CLI_NO_RELAUNCH", "true"),
    ],
    inherited: &["GEMINI_CLI_HOME", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"],
    base_url: Some("GOOGLE_GEMINI_BASE_URL"),
    modes: [Some("default"), Some("autoEdit"), Some("yolo"), Some("default")],
    permission_variable: None,
    homes: &[Home {
        variable: Some(("GEMINI_CLI_HOME", ".gemini")),
        usual: ".gemini",
        written: Written::Only(
            &[],
            &["gemini-credentials.json", "mcp-oauth-tokens.json", "oauth_creds.json"],
        ),
    }],
    own: Some(Own {
        variable: "GEMINI_CLI_HOME",
        below: ".gemini",
        linked: &[
            ".env",
            "GEMINI.md",
            "gemini-credentials.json",
            "google_account_id",
            "google_accounts.json",
            "installation_id",
            "mcp-oauth-tokens.json",
            "oauth_creds.json",
            "settings.json",
        ],
    }),
    ends_with_input: false,
};

/// What opencode is called.
pub(crate) const OPENCODE_NAME: &str = "opencode";

const OPENCODE: Known = Known {
    name: OPENCODE_NAME,
    program: "opencode",
    args: &["acp", "--print-logs", "--log-level", "ERROR"],
    version_min: Version(1, 18, 33),
    version_tested: Version(1, 18, 33),
    install: "npm install -g opencode-ai",
    sign_in: "run `opencode auth login`, or name the variable with your key in `env` of the provider",
    environment: &[
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_SHARE", "1"),
        // It asks the registry for what its plugins need, although it has none.
        ("npm_config_registry", "http://127.0.0.1:9/"),
    ],
    inherited: &["OPENCODE_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"],
    base_url: None,
    modes: [None; 4],
    permission_variable: Some("OPENCODE_PERMISSION"),
    homes: &[
        Home {
            variable: Some(("XDG_CONFIG_HOME", "opencode")),
            usual: ".config/opencode",
            written: Written::Nothing,
        },
        Home {
            variable: Some(("XDG_DATA_HOME", "opencode")),
            usual: ".local/share/opencode",
            written: Written::All,
        },
        Home {
            variable: Some(("XDG_STATE_HOME", "opencode")),
            usual: ".local/state/opencode",
            written: Written::All,
        },
    ],
    // Its cache has programs that the user's own runs outside.
    own: Some(Own { variable: "XDG_CACHE_HOME", below: "", linked: &[] }),
    ends_with_input: true,
};

/// That of Claude Code; and it waits for our tools before it asks its model for the first time.
const CLAUDE_ENVIRONMENT: [(&str, &str); 5] = {
    let [telemetry, errors, updates, traffic] = crate::claude::ENVIRONMENT;
    [telemetry, errors, updates, traffic, ("MCP_CONNECTION_NONBLOCKING", "0")]
};

const CLAUDE: Known = Known {
    name: "Claude Code by ACP",
    program: "claude-agent-acp",
    args: &[],
    version_min: Version(0, 100, 0),
    version_tested: Version(0, 100, 0),
    install: "npm install -g @agentclientprotocol/claude-agent-acp",
    sign_in: "run `claude` and `/login`, or name the variable with its token in `env` of the provider",
    environment: &CLAUDE_ENVIRONMENT,
    inherited: &crate::claude::INHERITED,
    base_url: Some("ANTHROPIC_BASE_URL"),
    modes: [Some("default"), Some("acceptEdits"), Some("bypassPermissions"), Some("default")],
    permission_variable: None,
    homes: &[Home {
        variable: Some((crate::claude::CONFIG_DIR, "")),
        usual: ".claude",
        written: Written::Only(&crate::claude::WRITTEN, &crate::claude::FILES),
    }],
    own: None,
    ends_with_input: true,
};

const CODEX: Known = Known {
    name: "Codex by ACP",
    program: "codex-acp",
    args: &[],
    version_min: Version(2, 6, 0),
    version_tested: Version(2, 6, 0),
    install: "npm install -g @agentclientprotocol/codex-acp",
    sign_in: "run `codex login`, or name the variable with your key in `env` of the provider",
    environment: &[("CODEX_CONFIG", CODEX_CONFIG)],
    inherited: &["CODEX_HOME", "CODEX_PATH"],
    base_url: None,
    modes: [
        Some("read-only"),
        Some("workspace-write"),
        Some("agent-full-access"),
        Some("read-only"),
    ],
    permission_variable: None,
    homes: &[Home {
        variable: Some(("CODEX_HOME", "")),
        usual: ".codex",
        written: Written::Only(&[], &["auth.json"]),
    }],
    own: Some(Own { variable: "CODEX_HOME", below: "", linked: &["auth.json", "config.toml"] }),
    ends_with_input: false,
};

/// Codex cannot make a sandbox of its own inside of another. What it may do without one it asks for,
/// which is how a human comes to be asked; what it does then is held by the sandbox around it.
const CODEX_CONFIG: &str = r#"{
    "analytics": {"enabled": false},
    "feedback": {"enabled": false},
    "history": {"persistence": "none"},
    "developer_instructions": "You work inside a sandbox already, in which your own cannot run: a command that ends with a complaint about a sandbox or bubblewrap did not run at all. Ask for such a command with sandbox_permissions = \"require_escalated\" and a short justification; allowed or not, the sandbox around you still holds it."
}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_of_an_agent_is_said_in_its_own_way() {
        let check = |agent: AcpAgent, permissions: Permissions, mode: Option<&str>, rule: &str| {
            let known = known(agent);
            assert_eq!(known.mode(permissions), mode);
            let variable = known.permission_variable(permissions);
            let value = variable.map(|(_, value)| value).unwrap_or_default();
            assert!(value.contains(rule), "{value}");
        };
        check(AcpAgent::Gemini, Permissions::All, Some("yolo"), "");
        check(AcpAgent::Codex, Permissions::Ask, Some("read-only"), "");
        check(AcpAgent::Claude, Permissions::Edit, Some("acceptEdits"), "");
        check(AcpAgent::Opencode, Permissions::Edit, None, r#""bash":"ask""#);
        check(AcpAgent::Opencode, Permissions::All, None, r#""*":"allow""#);
    }
}
