//! A model behind HTTP: one request per answer, with bounded patience.
//!
//! The answer is streamed, so that silence is noticed, but it is handed on only when it is whole:
//! an answer that broke off and is asked for again is never seen twice. Short limits are waited
//! for here; long ones end the agent, which costs nothing while nobody serves it.

mod conversation;
mod secret;
mod trouble;
mod window;

use std::thread;
use std::time::{Duration, Instant};

use crew_core::{Micros, Millis, Price, Usage};
use futures_util::StreamExt as _;
use genai::adapter::AdapterKind;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, MessageContent, ReasoningEffort,
    StopReason, StreamEnd, Tool,
};
use genai::resolver::Endpoint;
use genai::{Client, ModelIden, ServiceTarget};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::clock;
use super::compaction::{self, tokens_in};
use super::model::{Failure, NewCall, Reply};
use super::session::Session;
use super::start::{ModelConfig, RemoteConfig, Start, ToolName};
use crate::price;
use secret::Secret;
use trouble::Trouble;
use window::Window;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one answer may take, however busy the line is.
const ANSWER_TIME_MAX: Duration = Duration::from_hours(1);
/// A request surely has so many of the tokens that it is said to have, in percent.
const SURE_PERCENT: u64 = 75;
/// Longer limits are not waited for.
const WAIT_MAX: Millis = Millis::seconds(20);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A provider's model, ready to be called.
pub(super) struct Remote {
    kind: AdapterKind,
    config: RemoteConfig,
    price: Option<Price>,
    secret: Secret,
    client: Client,
    options: ChatOptions,
    system: String,
    tools: Vec<ToolName>,
    runtime: Runtime,
    web: reqwest::Client,
    /// How many tokens the model takes at once.
    window: Window,
}

impl Remote {
    /// Reads the key and makes ready; nothing is sent yet.
    pub(super) fn new(
        start: &Start,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let (kind, config) = match &start.model {
            ModelConfig::Anthropic(config) => (AdapterKind::Anthropic, config),
            ModelConfig::Openai(config) => (AdapterKind::OpenAI, config),
            ModelConfig::Gemini(config) => (AdapterKind::Gemini, config),
            ModelConfig::Ollama(config) => (AdapterKind::Ollama, config),
            ModelConfig::Playbook { .. } => {
                return Err(Failure::invalid("BUG: a playbook is no provider"));
            }
        };
        let broken = |reason: String| Failure::invalid(format!("cannot make requests: {reason}"));
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|reason| broken(reason.to_string()))?;
        let web = web_client(config).map_err(|reason| broken(reason.to_string()))?;
        let client = Client::builder()
            .with_reqwest(web.clone())
            .build()
            .map_err(|reason| broken(reason.to_string()))?;
        Ok(Self {
            kind,
            price: price_of(kind, config),
            secret: key(start.model.key_env(), env)?,
            client,
            options: options(kind, config)?,
            system: start.system.clone(),
            tools: start.tools.clone(),
            runtime,
            web,
            window: Window::of(kind, config),
            config: config.clone(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.config.model
    }

    /// All that would be sent, and the longest answer.
    pub(super) fn tokens_of_next_call(&self, session: &Session) -> u64 {
        tokens_of(&self.request(session)) + u64::from(self.answer_max())
    }

    /// How many tokens the model takes at once, as far as that is known.
    pub(super) fn window(&self) -> Option<u64> {
        self.window.known()
    }

    /// How many bytes of a conversation that is compacted there is room for.
    pub(super) fn room(&self) -> Option<usize> {
        let frame = tokens_of(&self.frame(Vec::new()));
        Some(compaction::room(frame, self.config.max_output_tokens, self.window()?))
    }

    /// The longest answer that is asked for.
    fn answer_max(&self) -> u32 {
        let most = self.config.max_output_tokens;
        self.window().map_or(most, |window| compaction::answer_max(most, window))
    }

    /// Whether the next request is nearly all that the model takes.
    pub(super) fn is_full(&self, session: &Session) -> bool {
        let Some(window) = self.window() else { return false };
        let about = || tokens_of(&self.request(session));
        let request = match session.counted(self.name()) {
            // Ollama counts what is left when it has dropped the beginning.
            Some((counted, bytes)) if self.kind == AdapterKind::Ollama => {
                about().max(counted + tokens_in(bytes))
            }
            Some((counted, bytes)) => counted + tokens_in(bytes),
            None => about(),
        };
        compaction::is_full(request, self.config.max_output_tokens, window)
    }

    /// Whether somebody is to be asked how much the model takes, who says nothing of what is longer.
    pub(super) fn is_to_learn_window(&self) -> bool {
        self.window == Window::ToAsk
    }

    /// Asks who serves it.
    pub(super) fn learn_window(&mut self) {
        let target = self.target();
        let patience = Duration::from_secs(self.config.idle_timeout_s.max(1));
        let asked = self.window.ask(&self.web, &target, &self.config.model, patience);
        self.runtime.block_on(asked);
    }

    /// Asks for an answer until there is one, or no hope of one.
    pub(super) fn call(&mut self, session: &Session) -> Result<Reply, Failure> {
        let request = self.request(session);
        self.check_fits(&request)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.runtime.block_on(self.answer(request.clone())) {
                Ok(end) => return Ok(self.reply(end, &request)),
                Err(trouble) => {
                    if let Trouble::TooLong { window, .. } = &trouble {
                        let asked_for = self.answer_max();
                        // Who does not say how many it takes takes fewer than these.
                        self.window.learn(window.unwrap_or_else(|| tokens_of(&request) * 3 / 4));
                        // It may have been the answer that had no place.
                        if self.answer_max() < asked_for && !self.is_full(session) {
                            continue;
                        }
                    }
                    thread::sleep(self.pause(trouble, tries)?);
                }
            }
        }
    }

    /// Ollama would drop the beginning of what is too long for sure, which is what there is to do.
    fn check_fits(&self, request: &ChatRequest) -> Result<(), Failure> {
        let tokens = tokens_of(request) * SURE_PERCENT / 100;
        match self.window() {
            Some(window) if self.kind == AdapterKind::Ollama && tokens > window => Err(too_long(
                &format!("the request has about {tokens} tokens, the model takes {window}"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn request(&self, session: &Session) -> ChatRequest {
        let messages = conversation::messages(self.kind, &self.config.model, &session.shown());
        self.frame(messages)
    }

    /// A request with these messages.
    fn frame(&self, messages: Vec<ChatMessage>) -> ChatRequest {
        conversation::request(self.kind, &self.system, &self.tools, messages)
    }

    fn target(&self) -> ServiceTarget {
        let default = match self.kind {
            AdapterKind::Anthropic => "https://api.anthropic.com/v1/",
            AdapterKind::Gemini => "https://generativelanguage.googleapis.com/v1beta/",
            AdapterKind::Ollama => "http://localhost:11434/",
            _ => "https://api.openai.com/v1/",
        };
        let base = self.config.base_url.as_deref().unwrap_or(default);
        ServiceTarget {
            endpoint: Endpoint::from_owned(format!("{}/", base.trim_end_matches('/'))),
            auth: self.secret.auth(),
            model: ModelIden::new(self.kind, self.config.model.as_str()),
        }
    }

    /// One request and its whole answer.
    async fn answer(&self, request: ChatRequest) -> Result<StreamEnd, Trouble> {
        let deadline = Instant::now() + ANSWER_TIME_MAX;
        let read = |error| trouble::trouble(&error, clock::now());
        let options = self.options.clone().with_max_tokens(self.answer_max());
        let mut stream = self
            .client
            .exec_chat_stream(self.target(), request, Some(&options))
            .await
            .map_err(read)?
            .stream;
        while let Some(event) = stream.next().await {
            if let ChatStreamEvent::End(end) = event.map_err(read)? {
                // Some providers' streams are given an end when the line is cut; only a reason to
                // stop makes it a real one.
                return if end.captured_stop_reason.is_some() {
                    Ok(end)
                } else {
                    Err(trouble::cut())
                };
            }
            if Instant::now() > deadline {
                return Err(trouble::too_slow(ANSWER_TIME_MAX));
            }
        }
        Err(trouble::cut())
    }

    /// How long to wait before the next try, or why there is none.
    fn pause(&self, trouble: Trouble, tries: u32) -> Result<Duration, Failure> {
        let may_try = tries <= self.config.retries;
        let scrub = |words: &str| self.secret.scrub(words);
        match trouble {
            Trouble::Limit { wait: Some(wait), .. } if wait <= WAIT_MAX && may_try => {
                Ok(Duration::from_millis(wait.0))
            }
            Trouble::Limit { wait, words } => Err(Failure::Limit {
                until: wait.map(|wait| clock::now() + wait),
                message: scrub(&words),
            }),
            Trouble::Unavailable { .. } if may_try => {
                let factor = 1 << (tries - 1).min(16);
                let pause = Duration::from_millis(self.config.backoff_ms) * factor;
                // Agents that failed together should not come back together.
                let jitter = pause.mul_f64(f64::from(clock::now().0 as u32 % 256) / 1_024.0);
                Ok((pause + jitter).min(PAUSE_MAX))
            }
            Trouble::Unavailable { words } => Err(Failure::Unavailable {
                message: format!("no answer after {tries} tries: {}", scrub(&words)),
            }),
            Trouble::Auth { words } => Err(Failure::Auth {
                message: format!("the key is not accepted: {}", scrub(&words)),
            }),
            Trouble::TooLong { words, .. } => Err(too_long(&scrub(&words))),
            Trouble::Invalid { words } => Err(Failure::invalid(scrub(&words))),
        }
    }

    fn reply(&self, end: StreamEnd, request: &ChatRequest) -> Reply {
        let usage = self.usage(&end, request);
        let cut = matches!(end.captured_stop_reason, Some(StopReason::MaxTokens(_)));
        let thinking = end.captured_reasoning_content.unwrap_or_default();
        let content = end.captured_content.unwrap_or_default();
        Reply {
            thinking,
            text: content.joined_texts().unwrap_or_default(),
            opaque: conversation::opaque(&content),
            calls: content
                .into_tool_calls()
                .into_iter()
                .map(|call| NewCall {
                    name: call.fn_name,
                    input: call.fn_arguments,
                    signatures: call.thought_signatures.unwrap_or_default(),
                })
                .collect(),
            usage,
            cut,
        }
    }

    /// What the provider says was consumed. One that says nothing still consumes, and budgets must
    /// see it, so it is estimated, at an unknown cost.
    fn usage(&self, end: &StreamEnd, request: &ChatRequest) -> Usage {
        let told = end.captured_usage.as_ref();
        let told = told.filter(|u| u.prompt_tokens.is_some() || u.completion_tokens.is_some());
        let Some(told) = told else {
            let content = end.captured_content.as_ref().map_or(0, MessageContent::size);
            return Usage {
                input_tokens: tokens_of(request),
                output_tokens: tokens_in(content),
                cached_tokens: 0,
                cost: self.price.filter(|price| *price == price::FREE).map(|_| Micros(0)),
            };
        };
        let count = |tokens: Option<i32>| u64::try_from(tokens.unwrap_or(0)).unwrap_or(0);
        let details = told.prompt_tokens_details.as_ref();
        let cached = count(details.and_then(|details| details.cached_tokens));
        let written_to_cache = count(details.and_then(|details| details.cache_creation_tokens));
        let mut usage = Usage {
            input_tokens: count(told.prompt_tokens).saturating_sub(cached),
            cached_tokens: cached,
            output_tokens: count(told.completion_tokens),
            cost: None,
        };
        usage.cost = self.price.map(|price| price.of(&usage, written_to_cache));
        usage
    }
}

fn too_long(words: &str) -> Failure {
    let hint = "the task, or a step of it, is too long for this model; take one that takes more at once, \
                or start its server with a longer context";
    Failure::TooLong { message: format!("{words}\nhint: {hint}") }
}

/// How many tokens a request is, about.
fn tokens_of(request: &ChatRequest) -> u64 {
    let system = request.system.as_ref().map_or(0, String::len);
    let tools: usize = request.tools.iter().flatten().map(Tool::size).sum();
    tokens_in(system + tools + request.messages.iter().map(ChatMessage::size).sum::<usize>())
}

/// The built-in prices are those of the providers themselves, not of whoever else serves a model
/// of that name.
fn price_of(kind: AdapterKind, config: &RemoteConfig) -> Option<Price> {
    let built_in = match (kind, &config.base_url) {
        (AdapterKind::Ollama, _) => Some(price::FREE),
        (_, None) => price::known(&config.model),
        (_, Some(_)) => None,
    };
    config.price.or(built_in)
}

/// The key. Without the name of a variable there is none, as for servers on this machine.
fn key(name: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, Failure> {
    let Some(name) = name else {
        return Ok(Secret::none());
    };
    match env(name).filter(|key| !key.is_empty()) {
        Some(key) => Ok(Secret::new(key)),
        None => Err(Failure::Auth {
            message: format!("there is no key in the environment\nhint: set {name}"),
        }),
    }
}

fn web_client(config: &RemoteConfig) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    let host = config.base_url.as_deref().and_then(|url| reqwest::Url::parse(url).ok());
    let host = host.as_ref().and_then(reqwest::Url::host_str);
    if matches!(host, Some("localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder.build()
}

fn options(kind: AdapterKind, config: &RemoteConfig) -> Result<ChatOptions, Failure> {
    let idle = Duration::from_secs(config.idle_timeout_s.max(1));
    let options = ChatOptions::default()
        .with_max_tokens(config.max_output_tokens)
        .with_stream_header_timeout(idle)
        .with_stream_read_timeout(idle)
        .with_capture_usage(true)
        .with_capture_content(true)
        .with_capture_reasoning_content(can_show_reasoning(kind, &config.model))
        .with_capture_tool_calls(true);
    if let Some(effort) = &config.effort {
        let effort: ReasoningEffort = effort.parse().map_err(|_| {
            Failure::invalid(format!(
                "`{effort}` is no effort\nhint: low, medium, high or a number"
            ))
        })?;
        return Ok(options.with_reasoning_effort(effort));
    }
    let (suffix, _) = ReasoningEffort::from_model_name(&config.model);
    if kind == AdapterKind::OpenAI && suffix.is_some() {
        // The client takes the end of names such as `qwen-max` for an effort. It is not.
        let name = json!({ "model": config.model, "reasoning_effort": null });
        return Ok(options.with_extra_body(name));
    }
    Ok(options)
}

/// Gemini refuses to be asked for the reasoning of models that have none.
fn can_show_reasoning(kind: AdapterKind, model: &str) -> bool {
    let without = ["gemini-1", "gemini-2.0", "gemma"];
    kind != AdapterKind::Gemini || !without.iter().any(|name| model.starts_with(name))
}
