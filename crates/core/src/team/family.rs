//! Whose models a provider runs. Models of one family have the same blind spots, so who judges work
//! is of another family wherever the team has one.

use std::collections::BTreeSet;

use super::{AcpAgent, Provider, ProviderKind, Team};
use crate::{ProviderName, RoleName};

/// What is in the names of a family's models, and how the family is called.
const FAMILIES: [(&str, &str); 15] = [
    ("claude", "claude"),
    ("gpt", "gpt"),
    ("codex", "gpt"),
    ("gemini", "gemini"),
    ("gemma", "gemini"),
    ("llama", "llama"),
    ("qwen", "qwen"),
    ("qwq", "qwen"),
    ("deepseek", "deepseek"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("stral", "mistral"), // codestral, devstral, magistral
    ("grok", "grok"),
    ("kimi", "kimi"),
    ("glm", "glm"),
];

impl Provider {
    /// The family of its models; a provider that is not known to be of one is one of its own.
    pub fn family<'a>(&'a self, name: &'a ProviderName) -> &'a str {
        let (model, usual) = match &self.kind {
            ProviderKind::Native(model) => (Some(&model.name), name.as_str()),
            ProviderKind::Claude(program) => (program.model.as_ref(), "claude"),
            ProviderKind::Codex(program) => (program.model.as_ref(), "gpt"),
            ProviderKind::Acp(acp) => {
                let usual = match acp.agent {
                    Some(AcpAgent::Gemini) => "gemini",
                    Some(AcpAgent::Claude) => "claude",
                    Some(AcpAgent::Codex) => "gpt",
                    Some(AcpAgent::Opencode) | None => name.as_str(),
                };
                (acp.model.as_ref(), usual)
            }
            ProviderKind::Mailbox => (None, name.as_str()),
        };
        model.and_then(|model| of_model(model)).unwrap_or(usual)
    }
}

impl Team {
    /// The family of a provider's models; one that is not in the file any more is its own.
    pub fn family<'a>(&'a self, name: &'a ProviderName) -> &'a str {
        self.providers.get(name).map_or(name.as_str(), |provider| provider.family(name))
    }

    /// Judges that can only be of a family that does the work they judge, each as a sentence.
    pub fn kindred_judges(&self) -> Vec<String> {
        let families = |role: &RoleName| -> BTreeSet<&str> {
            let players = self.roles.get(role).map_or_else(Vec::new, |role| self.players(role));
            players.into_iter().map(|provider| self.family(provider)).collect()
        };
        let mut found = Vec::new();
        for stage in &self.stages {
            let authors: BTreeSet<&str> = stage.workers().into_iter().flat_map(families).collect();
            for judge in stage.judges() {
                let own = families(judge);
                if !own.is_empty() && own.is_subset(&authors) {
                    let own: Vec<&str> = own.into_iter().collect();
                    found.push(format!(
                        "stages.{}: `{judge}` judges work of its own family of models ({})",
                        stage.name,
                        own.join(", ")
                    ));
                }
            }
        }
        found
    }
}

fn of_model(model: &str) -> Option<&'static str> {
    let model = model.to_ascii_lowercase();
    // The last part: a router's models are called like `anthropic/claude-…`, a file `qwen/play.toml`.
    let last = model.rsplit('/').next().unwrap_or(&model);
    let is_reasoner = |name: &str| {
        let mut letters = name.chars();
        letters.next() == Some('o') && letters.next().is_some_and(|letter| letter.is_ascii_digit())
    };
    let known = FAMILIES.iter().find(|(part, _)| last.contains(part)).map(|(_, family)| *family);
    known.or_else(|| is_reasoner(last).then_some("gpt")) // o3, o4-mini
}

#[cfg(test)]
mod tests {
    use super::of_model;

    #[test]
    fn models_are_known_by_their_names() {
        for (model, family) in [
            ("claude-sonnet-4-5", Some("claude")),
            ("anthropic/claude-opus-4", Some("claude")),
            ("gpt-5-codex", Some("gpt")),
            ("o4-mini", Some("gpt")),
            ("gemini-2.5-pro", Some("gemini")),
            ("qwen3-coder:30b", Some("qwen")),
            ("devstral:24b", Some("mistral")),
            ("opus", None),
            ("builtin", None),
            ("play.toml", None),
        ] {
            assert_eq!(of_model(model), family, "{model}");
        }
    }
}
