//! Whose limit it is: an account with somebody who serves models.
//!
//! A provider is a name in one `team.toml`; what serves it is an account, and the same account may
//! serve other projects. What it says to one run holds for the runs of all of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Acp, Api, Model, Program, ProviderKind, Team};
use crate::{ProjectId, ProviderName};

/// An account, and what is asked of it: a limit may be one of the model only. Two providers that
/// cannot be told apart by it have one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(String);

impl Account {
    /// The account as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Of a kind, with what distinguishes it.
    fn new(kind: &str, parts: &[(&str, Option<&str>)]) -> Self {
        let given = parts.iter().filter_map(|(key, value)| Some(format!(" {key}={}", (*value)?)));
        Self(given.fold(kind.to_owned(), |all, part| all + &part))
    }

    fn of_model(model: &Model) -> Self {
        let api = format!("{:?}", model.api).to_lowercase();
        let parts = [
            ("api", Some(api.as_str())),
            ("model", Some(model.name.as_str())),
            ("at", model.base_url.as_deref()),
            ("key", model.key_env.as_deref()),
        ];
        Self::new("native", &parts)
    }

    fn of_program(kind: &str, program: &Program) -> Self {
        let env = names(&program.env);
        let parts = [
            ("model", program.model.as_deref()),
            ("at", program.base_url.as_deref()),
            ("key", program.key_env.as_deref()),
            ("env", env.as_deref()),
        ];
        Self::new(kind, &parts)
    }

    fn of_acp(acp: &Acp) -> Self {
        let env = names(&acp.env);
        let agent = acp.agent.map(|agent| format!("{agent:?}").to_lowercase());
        let agent = agent.as_deref().or(acp.program.as_deref());
        let parts = [
            ("agent", agent),
            ("model", acp.model.as_deref()),
            ("at", acp.base_url.as_deref()),
            ("env", env.as_deref()),
        ];
        Self::new("acp", &parts)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Team {
    /// The account behind a provider of a project's team. A name that the team does not have is an
    /// account of its own: nobody else's limit is its.
    pub fn account(&self, project: ProjectId, name: &ProviderName) -> Account {
        let own = || Account(format!("{name} of {project}"));
        let Some(provider) = self.providers.get(name) else { return own() };
        let account = match &provider.kind {
            // Nobody serves them.
            ProviderKind::Native(Model { api: Api::Playbook, .. }) | ProviderKind::Mailbox => own(),
            ProviderKind::Native(model) => Account::of_model(model),
            ProviderKind::Claude(program) => Account::of_program("claude", program),
            ProviderKind::Codex(program) => Account::of_program("codex", program),
            ProviderKind::Acp(acp) => Account::of_acp(acp),
        };
        let secret = provider.key.as_ref().map(|key| key.secret.as_str());
        let config = provider.config_dir.as_deref();
        Account::new(account.as_str(), &[("signed-in", config), ("secret", secret)])
    }
}

/// The names of variables that are handed on: one of them may hold the key.
fn names(env: &[String]) -> Option<String> {
    let mut names = env.to_vec();
    names.sort_unstable();
    (!names.is_empty()).then(|| names.join(","))
}
