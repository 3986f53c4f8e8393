//! What Codex is started with.
//!
//! It gets a home of its own (`CODEX_HOME`) beside each conversation: with settings that are ours,
//! written anew at each start, and all that it keeps. Of the user's own home there is nothing but who
//! is signed in. So no program that the user's settings name runs among agents, and nothing that an
//! agent writes there is ever read by the user's Codex.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use crew_core::team::Permissions;
use serde_json::{Value, json};

use super::Means;
use crate::desk::mcp::SERVER;
use crate::desk::{DESK, ToolsOfOurs};
use crate::program::{Installed, Known, Places, Version};
use crate::shim::write_durably;

/// Codex.
pub const CODEX: Known = Known {
    name: "Codex",
    command: "codex",
    version_min: Version(0, 169, 0),
    version_tested: Version(0, 169, 0),
    install: "install it (`npm install --global @openai/codex`) and run `codex login` once",
    update: "`npm install --global @openai/codex@latest` installs the newest",
    env: &[],
};
/// The variable that says where its home is.
pub const HOME: &str = "CODEX_HOME";
/// Where it keeps who is signed in, in a home.
const AUTH: &str = "auth.json";
const CONFIG: &str = "config.toml";
/// What our provider of models is called in its settings.
const PROVIDER: &str = "crewhouse";
/// Where the key of OpenAI's API is good.
const OPENAI: &str = "https://api.openai.com/v1";

/// One start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The model, if not its own default.
    pub model: Option<String>,
    /// Where the model is served, if not at OpenAI.
    pub base_url: Option<String>,
    /// Who is to pay.
    pub means: Means,
    /// What it may do without asking.
    pub permissions: Permissions,
    /// Our tools, which it uses without asking.
    pub tools_of_ours: Option<ToolsOfOurs>,
}

impl Launch {
    /// The program's arguments. Nothing of the task is among them.
    pub fn argv(installed: &Installed) -> Vec<String> {
        vec![installed.program.display().to_string(), "app-server".to_owned()]
    }

    /// Makes its home ready. `user` is where the user's own Codex keeps who is signed in.
    pub fn make_home(&self, home: &Path, user: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(home)?;
        write_durably(home, CONFIG, self.config().as_bytes())?;
        let auth = home.join(AUTH);
        match fs::remove_file(&auth) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let signed_in = user.join(AUTH);
        if self.means == Means::SignedIn && signed_in.is_file() {
            // A link: what it is given when it renews itself is for the user's own Codex as well.
            symlink(signed_in, auth)?;
        }
        Ok(())
    }

    /// Its settings. Nothing is sent to anybody but the model's provider.
    fn config(&self) -> String {
        let mut text = "\
# Written by Crewhouse at each start.
check_for_update_on_startup = false
cli_auth_credentials_store = \"file\"
analytics.enabled = false
feedback.enabled = false
history.persistence = \"none\"
features.plugins = false
features.default_mode_request_user_input = true
suppress_unstable_features_warning = true
"
        .to_owned();
        text.extend(self.tools_of_ours.as_ref().map(servers));
        let key = match &self.means {
            Means::SignedIn => return text,
            Means::Key { env } => Some(env),
            Means::Nothing => None,
        };
        let url = self.base_url.as_deref().unwrap_or(OPENAI);
        let mut line = |name: &str, value: &str| {
            // A string of JSON is one of TOML.
            writeln!(text, "{name} = {}", Value::from(value)).ok();
        };
        line("model_provider", PROVIDER);
        line("model_providers.crewhouse.name", "Crewhouse");
        line("model_providers.crewhouse.base_url", url);
        line("model_providers.crewhouse.wire_api", "responses");
        if let Some(key) = key {
            line("model_providers.crewhouse.env_key", key);
        }
        text
    }

    /// How its conversation is opened. It asks before it does anything, unless it may do everything;
    /// what it does is held by the sandbox around it, as its own does not work inside of another.
    pub fn thread(&self, worktree: &Path, instructions: &str) -> Value {
        let approval = match self.permissions {
            Permissions::All => "never",
            Permissions::Ask | Permissions::Edit | Permissions::Deny => "untrusted",
        };
        let mut params = json!({
            "cwd": worktree,
            "approvalPolicy": approval,
            "approvalsReviewer": "user",
            "sandbox": "danger-full-access",
            "developerInstructions": instructions,
        });
        if let Some(model) = &self.model {
            params["model"] = Value::from(model.as_str());
        }
        params
    }
}

/// Our tools, as a server. A question may wait as long as a human may take.
fn servers(ours: &ToolsOfOurs) -> String {
    let timeout_s = ToolsOfOurs::ANSWER_TIMEOUT.0 / 1_000;
    let desk = ours.desk.display().to_string();
    let lines = [
        ("command", Value::from(ours.program.display().to_string())),
        ("args", Value::from(&ToolsOfOurs::ARGS[..])),
        ("startup_timeout_sec", Value::from(60)),
        ("tool_timeout_sec", Value::from(timeout_s)),
        ("default_tools_approval_mode", Value::from("approve")),
    ];
    let lines = lines.iter().map(|(key, value)| format!("mcp_servers.{SERVER}.{key} = {value}\n"));
    let environment = format!("mcp_servers.{SERVER}.env.{DESK} = {}\n", Value::from(desk));
    lines.chain([environment]).collect()
}

/// What it has to touch besides its worktree, when it works in a sandbox.
pub fn places(installed: &Installed, home: &Path) -> Places {
    let signed_in = fs::read_link(home.join(AUTH)).ok();
    let write: Vec<PathBuf> = [home.to_owned()].into_iter().chain(signed_in).collect();
    Places { read: installed.places().to_vec(), write }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(means: Means) -> Launch {
        Launch {
            model: Some("gpt-5.5".to_owned()),
            base_url: Some("http://127.0.0.1:1/v1?a=\"b\"".to_owned()),
            means,
            permissions: Permissions::Edit,
            tools_of_ours: Some(ToolsOfOurs {
                program: "/opt/crew".into(),
                desk: "/d \"1\"".into(),
            }),
        }
    }

    #[test]
    fn only_who_is_signed_in_comes_from_the_user() {
        let dir = tempfile::tempdir().unwrap();
        let (user, home) = (dir.path().join("user"), dir.path().join("a/home"));
        fs::create_dir(&user).unwrap();
        fs::write(user.join(AUTH), "{}").unwrap();
        fs::write(user.join(CONFIG), "notify = [\"evil\"]").unwrap();
        let installed = Installed { program: "/opt/codex".into(), version: Version(1, 0, 0) };

        launch(Means::SignedIn).make_home(&home, &user).unwrap();
        assert_eq!(fs::read_link(home.join(AUTH)).unwrap(), user.join(AUTH));
        assert!(!fs::read_to_string(home.join(CONFIG)).unwrap().contains("evil"));
        assert_eq!(places(&installed, &home).write, [home.clone(), user.join(AUTH)]);

        launch(Means::Key { env: "K".to_owned() }).make_home(&home, &user).unwrap();
        assert!(!home.join(AUTH).exists(), "with a key nobody has to be signed in");
        assert_eq!(places(&installed, &home).write, [home]);
        assert!(user.join(AUTH).exists());
    }

    #[test]
    fn the_settings_are_toml() {
        let config: toml::Table = launch(Means::Key { env: "K".into() }).config().parse().unwrap();
        let provider = &config["model_providers"]["crewhouse"];
        assert_eq!(provider["base_url"].as_str(), Some("http://127.0.0.1:1/v1?a=\"b\""));
        assert_eq!(provider["env_key"].as_str(), Some("K"));
        assert_eq!(config["features"]["plugins"].as_bool(), Some(false));
        let server = &config["mcp_servers"]["crew"];
        assert_eq!(server["env"]["CREWHOUSE_DESK"].as_str(), Some("/d \"1\""));
        assert_eq!(server["args"][1].as_str(), Some("mcp"));
        let config: toml::Table = launch(Means::SignedIn).config().parse().unwrap();
        assert!(!config.contains_key("model_provider"), "it takes its own");
        let config: toml::Table = launch(Means::Nothing).config().parse().unwrap();
        assert!(config["model_providers"]["crewhouse"].get("env_key").is_none());
    }
}
