//! How many tokens a model takes at once. A server on this machine takes what it was started with,
//! which is often far less than the model could; of more, Ollama drops the beginning and says nothing.

use std::time::Duration;

use genai::ServiceTarget;
use genai::adapter::AdapterKind;
use serde::Deserialize;

use super::super::start::RemoteConfig;

/// Of all of Anthropic's models; more has to be asked for.
const ANTHROPIC: u64 = 200_000;
/// How long who serves a model may take to say how much it takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    Known(u64),
    /// Nobody was asked yet, and somebody can be.
    ToAsk,
    Unknown,
}

/// What Ollama has loaded.
#[derive(Deserialize)]
struct Loaded {
    models: Vec<LoadedModel>,
}

#[derive(Deserialize)]
struct LoadedModel {
    name: String,
    context_length: Option<u64>,
}

impl Window {
    pub(super) fn of(kind: AdapterKind, config: &RemoteConfig) -> Self {
        match (config.context_tokens, kind, &config.base_url) {
            (Some(tokens), _, _) => Self::Known(tokens),
            (None, AdapterKind::Anthropic, None) => Self::Known(ANTHROPIC),
            (None, AdapterKind::Ollama, _) => Self::ToAsk,
            (None, _, _) => Self::Unknown,
        }
    }

    pub(super) fn known(self) -> Option<u64> {
        match self {
            Self::Known(tokens) => Some(tokens),
            Self::ToAsk | Self::Unknown => None,
        }
    }

    /// What a provider said itself is true, whatever was thought before.
    pub(super) fn learn(&mut self, tokens: u64) {
        *self = Self::Known(tokens);
    }

    /// Asks Ollama, once, and has it load the model before. Whoever does not say it is not asked again.
    pub(super) async fn ask(
        &mut self,
        web: &reqwest::Client,
        target: &ServiceTarget,
        model: &str,
        patience: Duration,
    ) {
        if *self != Self::ToAsk {
            return;
        }
        let mut tokens = loaded(web, target, model).await;
        if tokens.is_none() {
            load(web, target, model, patience).await;
            tokens = loaded(web, target, model).await;
        }
        *self = tokens.map_or(Self::Unknown, Self::Known);
    }
}

/// A request without a prompt loads the model and answers nothing. What goes wrong with it goes wrong with
/// the next request, and is said there.
async fn load(web: &reqwest::Client, target: &ServiceTarget, model: &str, patience: Duration) {
    let url = format!("{}api/generate", target.endpoint.base_url());
    let body = serde_json::json!({ "model": model, "stream": false });
    web.post(url).timeout(patience).json(&body).send().await.ok();
}

async fn loaded(web: &reqwest::Client, target: &ServiceTarget, model: &str) -> Option<u64> {
    let url = format!("{}api/ps", target.endpoint.base_url());
    let response = web.get(url).timeout(PATIENCE).send().await.ok()?.error_for_status().ok()?;
    let loaded: Loaded = response.json().await.ok()?;
    let is_it = |it: &&LoadedModel| {
        it.name.strip_suffix(":latest").unwrap_or(&it.name) == model || it.name == model
    };
    loaded.models.iter().find(is_it)?.context_length.filter(|tokens| *tokens > 0)
}
