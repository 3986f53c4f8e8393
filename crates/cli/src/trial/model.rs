//! A model that our own agent talks to is tried: does whoever serves it answer, and can it work?

use std::path::Path;
use std::time::Duration;

use crew_agent::manifest::{Ability, Finding};
use crew_core::SecretName;
use crew_core::team::{Api, Key, Model};
use crew_store::{SecretError, Secrets};
use serde::Serialize;

use super::story::{self, Found};
use super::{Place, toml};
use crate::client::Client;
use crate::error::{CliError, Exit};

/// The most tokens that a trial may cost.
pub(crate) const TOKENS_MAX: u64 = 50_000;
/// How long it may take to be connected, and to be answered at all.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Where Ollama is, if nothing else is said.
const OLLAMA: &str = "http://localhost:11434/";
/// The variable that the daemon of the trial finds the key in.
const KEY: &str = "CREW_TRIAL_KEY";

/// What was found when a model was tried.
#[derive(Debug, Serialize)]
pub(crate) struct Tried {
    /// The provider of the team.
    pub(crate) provider: String,
    /// The name of the model.
    pub(crate) model: String,
    /// What it can do of what is asked of a model.
    pub(crate) abilities: Found,
}

impl Tried {
    /// Whether it can do all of it.
    pub(crate) fn is_good(&self) -> bool {
        self.abilities.values().all(|finding| *finding == Finding::Holds)
    }
}

/// Has a model do a small task. Whoever serves it is asked, and paid. A key is sent to a server that the
/// team names only if that is wanted: the file may be somebody else's.
pub(crate) async fn run(
    home: &Path,
    provider: &str,
    model: &Model,
    kept: Option<&Key>,
    may_send_key: bool,
) -> Result<Tried, CliError> {
    if let Some((key, url)) = sent_elsewhere(model, kept).filter(|_| !may_send_key) {
        let what =
            format!("the key `{key}` would be sent to {url}, as team.toml of this repository says");
        let hint = format!("if that is right: crew provider test {provider} --send-key");
        return Err(CliError::new(Exit::Refused, what).hint(hint));
    }
    let key = key_of(home, model, kept)?;
    let tried = |abilities: Found| Tried {
        provider: provider.to_owned(),
        model: model.name.clone(),
        abilities,
    };
    if let Some(why) = is_nobody_there(model).await {
        let unknown = ABILITIES.map(|ability| (ability, Finding::Unknown));
        let begun = [(Ability::Start, Finding::Fails { why })];
        return Ok(tried(unknown.into_iter().chain(begun).collect()));
    }
    let place = Place::make()?;
    place.furnish(&provider_of(model, key.is_some())?, Vec::new())?;
    let stories = async |client: &Client| story::works_for_real(client).await;
    let found = place.try_out((KEY, key.as_deref().unwrap_or_default()), stories).await;
    place.remove()?;
    Ok(tried(found?))
}

/// The key that a server on another machine would be sent, and its address.
fn sent_elsewhere(model: &Model, kept: Option<&Key>) -> Option<(String, String)> {
    let key = kept.map(|key| key.secret.to_string()).or_else(|| variable(model))?;
    let url = model.base_url.clone()?;
    let host = reqwest::Url::parse(&url).ok();
    let host = host.as_ref().and_then(reqwest::Url::host_str);
    let is_here = matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"));
    (!is_here).then_some((key, url))
}

/// Why nobody answers at its address, whatever they would say. An agent would try for minutes.
async fn is_nobody_there(model: &Model) -> Option<String> {
    let of_ollama = || (model.api == Api::Ollama).then(|| OLLAMA.to_owned());
    let url = &model.base_url.clone().or_else(of_ollama)?;
    let builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT_PATIENCE);
    let client = builder.build().ok()?;
    let error = client.get(url).timeout(ANSWER_PATIENCE).send().await.err()?;
    error.is_connect().then(|| format!("nobody answers at {url}; does its server run?"))
}

/// The key itself: the one that is kept, or that of the variable.
fn key_of(home: &Path, model: &Model, kept: Option<&Key>) -> Result<Option<String>, CliError> {
    if let Some(Key { secret, .. }) = kept {
        return secret_of(home, secret).map(Some);
    }
    let Some(variable) = variable(model) else { return Ok(None) };
    let value = std::env::var(&variable).ok().filter(|value| !value.is_empty());
    let missing = || {
        CliError::new(Exit::Refused, format!("{variable} is not set, which the model needs"))
            .hint("export it, and try again")
    };
    value.map(Some).ok_or_else(missing)
}

fn secret_of(home: &Path, name: &SecretName) -> Result<String, CliError> {
    let failed = |error: SecretError| CliError::failed(&error).hint(error.hint());
    Ok(Secrets::at(home).get(name).map_err(failed)?.expose().to_owned())
}

/// The variable that is named, or the provider's usual one where nobody else serves the model.
pub(crate) fn variable(model: &Model) -> Option<String> {
    let usual = match model.api {
        Api::Anthropic => Some("ANTHROPIC_API_KEY"),
        Api::Openai => Some("OPENAI_API_KEY"),
        Api::Gemini => Some("GEMINI_API_KEY"),
        Api::Playbook | Api::Ollama => None,
    };
    let usual = usual.filter(|_| model.base_url.is_none());
    model.key_env.clone().or_else(|| usual.map(str::to_owned))
}

/// How it stands in team.toml.
fn provider_of(model: &Model, has_key: bool) -> Result<String, CliError> {
    let api = serde_json::to_value(model.api).map_err(CliError::failed)?;
    let mut text = format!("kind = \"native\"\napi = {api}\nmodel = {}\n", toml(&model.name));
    let url = model.base_url.as_ref().map(|url| format!("base_url = {}\n", toml(url)));
    let window = model.context_tokens.map(|tokens| format!("context_tokens = {tokens}\n"));
    let key = has_key.then(|| format!("key_env = \"{KEY}\"\n"));
    text.extend([url, window, key].into_iter().flatten());
    let budget = format!("\n[budget]\nrun_tokens = {TOKENS_MAX}\ntask_tokens = {TOKENS_MAX}\n");
    text.push_str(&budget);
    Ok(text)
}

/// What is asked of a model; the rest is our own agent's.
pub(super) const ABILITIES: [Ability; 5] =
    [Ability::Start, Ability::Tool, Ability::Commit, Ability::OurTools, Ability::Usage];
