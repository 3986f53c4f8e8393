//! One request, one answer: whole, bounded, parsed once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use crew_core::Time;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, ETAG, HeaderMap, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT,
};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::limit::{Calls, Gate, Said};
use crate::{Address, App, Error, Token};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request and its whole answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer, in bytes. A page of a hundred long issues has less.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// A renamed repository redirects once; more is a circle.
const REDIRECTS_MAX: u32 = 3;
/// Items of one page: the most that GitHub gives.
pub(crate) const PAGE: usize = 100;
/// Longest file of which the end is read, in bytes: it comes whole, whatever is kept of it.
const FILE_BYTES_MAX: usize = 64 << 20;
/// Longest piece of GitHub's words that is handed on, in characters.
const WORDS_CHARS_MAX: usize = 500;
/// Who we say that we are.
const AGENT: &str = concat!("crewhouse/", env!("CARGO_PKG_VERSION"));
/// GitHub asks for at least a second between two changes.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// Who asks.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Whoever has this token.
    Token(Token),
    /// An app, which is given tokens.
    App(App),
}

impl From<Token> for Credential {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}

impl From<App> for Credential {
    fn from(app: App) -> Self {
        Self::App(app)
    }
}

impl Credential {
    fn identity(&self, address: &Address) -> String {
        match self {
            Self::Token(token) => token.identity(),
            Self::App(app) => app.identity(&address.repository()),
        }
    }
}

/// The limits of all who ask: GitHub counts by the token, and not by the repository.
#[derive(Clone, Default)]
pub struct Budgets(Arc<SyncMutex<BTreeMap<Asking, Arc<Shared>>>>);

/// A server, and who asks it.
type Asking = (String, String);

impl Budgets {
    fn of(&self, address: &Address, who: &Credential) -> Arc<Shared> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.server(), who.identity(address));
        Arc::clone(budgets.entry(key).or_default())
    }
}

impl std::fmt::Debug for Budgets {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Budgets(…)")
    }
}

/// Speaks to one repository as somebody. Cheap to clone; clones share limits and counts, and so do all
/// who were made to share [`Budgets`] and ask with the same token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    pub(crate) address: Address,
    pub(crate) who: Credential,
    clock: fn() -> Time,
    shared: Arc<Shared>,
    write_pause: Duration,
    answer_timeout: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    gate: Gate,
    /// One change at a time, with a pause before the next: since when the next may begin.
    next_write: Mutex<Option<Instant>>,
}

/// Where the git program finds a repository.
#[derive(Clone)]
pub struct Origin {
    /// Without anything secret in it.
    pub url: String,
    /// Lets git in. It may go into git's environment, and nowhere else.
    pub header: String,
}

impl std::fmt::Debug for Origin {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origin").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Stands for an answer that is known. It is only handed out with the whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    path: String,
    etag: String,
}

/// The answer to a conditional question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing<T> {
    /// It is still what the tag stands for.
    Unchanged,
    /// It is something else now.
    Fetched {
        /// What it is.
        value: T,
        /// Stands for it, if GitHub gave one.
        tag: Option<Tag>,
    },
}

impl<T> Listing<T> {
    /// The same answer as something else.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Listing<U> {
        match self {
            Self::Unchanged => Listing::Unchanged,
            Self::Fetched { value, tag } => Listing::Fetched { value: make(value), tag },
        }
    }
}

/// A whole answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Stands for this answer, if GitHub gave a tag.
    fn tag(&self, path: String) -> Option<Tag> {
        let etag = self.headers.get(ETAG)?.to_str().ok()?;
        Some(Tag { path, etag: etag.to_owned() })
    }
}

/// One page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) has_more: bool,
    tag: Option<Tag>,
}

impl Client {
    /// Makes ready; nothing is sent yet. `clock` is where the time comes from.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(
        address: Address,
        who: impl Into<Credential>,
        clock: fn() -> Time,
    ) -> Result<Self, Error> {
        let who = who.into();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if address.is_local() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Unreachable(error.to_string()))?;
        let shared = Arc::default();
        // On loopback there is a stand-in, which is in no hurry to be spared.
        let write_pause = if address.is_local() { Duration::ZERO } else { WRITE_PAUSE };
        let answer_timeout = ANSWER_TIMEOUT;
        Ok(Self { http, address, who, clock, shared, write_pause, answer_timeout })
    }

    /// With another pause between two changes, and other patience. Servers on loopback need less.
    #[must_use]
    pub fn paced(mut self, write_pause: Duration, answer_timeout: Duration) -> Self {
        (self.write_pause, self.answer_timeout) = (write_pause, answer_timeout);
        self
    }

    /// With the limits of all who ask with the same token.
    #[must_use]
    pub fn sharing(mut self, budgets: &Budgets) -> Self {
        self.shared = budgets.of(&self.address, &self.who);
        self
    }

    /// Whether the limits of one are those of the other.
    pub fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    pub(crate) fn now(&self) -> Time {
        (self.clock)()
    }

    /// What is shown for who asks.
    async fn token(&self) -> Result<Token, Error> {
        match &self.who {
            Credential::Token(token) => Ok(token.clone()),
            Credential::App(app) => app.token(self).await,
        }
    }

    /// Where it speaks to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where the git program finds the repository as it is called now, and the header that lets it
    /// in.
    pub async fn origin(&self) -> Result<Origin, Error> {
        let url = self.address.git(&self.repository().await?.full_name)?;
        Ok(Origin { url, header: self.token().await?.git_header() })
    }

    /// How much was asked so far.
    pub fn calls(&self) -> Calls {
        self.shared.gate.calls()
    }

    /// Asks for something that there is one of.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answer = self.send(Method::GET, self.address.url(path)?, None, None).await?;
        parse(path, &answer.body)
    }

    /// Asks for something that there is one of, unless it is still what the tag stands for.
    pub(crate) async fn get_if_new<T: DeserializeOwned>(
        &self,
        path: &str,
        tag: Option<&Tag>,
    ) -> Result<Listing<T>, Error> {
        let tag = tag.filter(|tag| tag.path == path);
        let answer = self.send(Method::GET, self.address.url(path)?, None, tag).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Listing::Unchanged);
        }
        let value = parse(path, &answer.body)?;
        Ok(Listing::Fetched { value, tag: answer.tag(path.to_owned()) })
    }

    /// Changes something.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, Error> {
        let answer = self.write_to(method, self.address.url(path)?, Some(body)).await?;
        parse(path, &answer.body)
    }

    /// Takes something away.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Error> {
        self.write_to(Method::DELETE, self.address.url(path)?, None).await.map(drop)
    }

    pub(crate) async fn graphql(&self, query: &str, variables: &Value) -> Result<Value, Error> {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let answer = self.write_to(Method::POST, self.address.graphql()?, Some(&body)).await?;
        let answer: Value = parse("/graphql", &answer.body)?;
        match answer["errors"][0]["message"].as_str() {
            Some(message) => {
                let message = words(&self.token().await?, message);
                Err(Error::Refused { status: 200, message })
            }
            None => Ok(answer["data"].clone()),
        }
    }

    /// One page of a list, counted from 1. `None` when it is still what the tag stands for.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        number: u32,
        tag: Option<&Tag>,
    ) -> Result<Option<Page<T>>, Error> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{joint}per_page={PAGE}&page={number}");
        let tag = tag.filter(|tag| tag.path == path);
        let answer = self.send(Method::GET, self.address.url(&path)?, None, tag).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let items: Vec<T> = parse(&path, &answer.body)?;
        let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        // Only whether there is another page is believed, not where: addresses are ours.
        let has_more = text(LINK).is_some_and(|link| link.contains("rel=\"next\""));
        let tag = answer.tag(path);
        Ok(Some(Page { items, has_more, tag }))
    }

    /// A list from its first page until `is_enough` or `pages_max`.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        tag: Option<&Tag>,
        pages_max: u32,
        is_enough: impl Fn(&T) -> bool,
    ) -> Result<Listing<Vec<T>>, Error> {
        let Some(first) = self.page(path, 1, tag).await? else { return Ok(Listing::Unchanged) };
        let Page { items: mut value, mut has_more, tag } = first;
        let mut number = 1;
        while has_more && number < pages_max && !value.last().is_some_and(&is_enough) {
            number += 1;
            let Some(page) = self.page(path, number, None).await? else { break };
            value.extend(page.items);
            has_more = page.has_more;
        }
        Ok(Listing::Fetched { value, tag })
    }

    /// The end of a file that GitHub keeps elsewhere. Nobody there is told who asks.
    pub(crate) async fn tail(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let (token, mut url) = (self.token().await?, self.address.url(path)?);
        for _ in 0..=REDIRECTS_MAX {
            self.shared.gate.pass(self.now())?;
            let answer = self.exchange(&token, Method::GET, url.clone(), None, None).await?;
            let Some(next) = redirect(&answer, &url) else {
                let mut body = self.judge(&token, answer, &url)?.body;
                return Ok(body.split_off(body.len().saturating_sub(bytes_max)));
            };
            if !self.address.is_same_server(&next) {
                let is_encrypted = next.scheme() == "https" || self.address.is_local();
                let unsafe_place =
                    || Error::Malformed("it sends us to where all can listen".into());
                is_encrypted.then_some(()).ok_or_else(unsafe_place)?;
                return self.tail_of(next, bytes_max).await;
            }
            url = next;
        }
        Err(Error::Malformed("it sends us round in circles".into()))
    }

    async fn tail_of(&self, url: Url, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let request = self.http.get(url).timeout(self.answer_timeout).header(USER_AGENT, AGENT);
        let mut response = request.send().await.map_err(lost)?;
        if !response.status().is_success() {
            return Err(Error::NotFound(format!("file: status {}", response.status().as_u16())));
        }
        let (mut tail, mut length) = (Vec::new(), 0);
        while let Some(piece) = response.chunk().await.map_err(lost)? {
            length += piece.len();
            if length > FILE_BYTES_MAX {
                return Err(Error::Malformed("the file is too long".into()));
            }
            tail.extend_from_slice(&piece);
            // Not for each piece: what is cut off is moved.
            if tail.len() > 2 * bytes_max {
                tail.drain(..tail.len() - bytes_max);
            }
        }
        Ok(tail.split_off(tail.len().saturating_sub(bytes_max)))
    }

    async fn write_to(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let mut next = self.shared.next_write.lock().await;
        if let Some(at) = *next {
            tokio::time::sleep_until(at).await;
        }
        let answer = self.send(method, url, body, None).await;
        *next = Some(Instant::now() + self.write_pause);
        answer
    }

    /// Asks with another token than usual.
    pub(crate) async fn ask_as<T: DeserializeOwned>(
        &self,
        token: &Token,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        let answer = self.send_as(token, method, self.address.url(path)?, body, None).await?;
        parse(path, &answer.body)
    }

    /// Sends a request, once. What was refused because an app's token was not accepted had no effect: it is
    /// sent again with a new one, once.
    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        tag: Option<&Tag>,
    ) -> Result<Answer, Error> {
        let token = self.token().await?;
        let answer = self.send_as(&token, method.clone(), url.clone(), body, tag).await;
        let Credential::App(app) = &self.who else { return answer };
        if !matches!(answer, Err(Error::NotSignedIn)) {
            return answer;
        }
        app.drop_token(&token).await;
        let token = app.token(self).await?;
        self.send_as(&token, method, url, body, tag).await
    }

    /// Sends a request, once, to wherever it is to go.
    async fn send_as(
        &self,
        token: &Token,
        method: Method,
        mut url: Url,
        body: Option<&Value>,
        tag: Option<&Tag>,
    ) -> Result<Answer, Error> {
        for _ in 0..=REDIRECTS_MAX {
            self.shared.gate.pass(self.now())?;
            let answer = self.exchange(token, method.clone(), url.clone(), body, tag).await?;
            match self.next_place(&answer, &url)? {
                Some(next) => url = next,
                None => return self.judge(token, answer, &url),
            }
        }
        Err(Error::Malformed("it sends us round in circles".into()))
    }

    async fn exchange(
        &self,
        token: &Token,
        method: Method,
        url: Url,
        body: Option<&Value>,
        tag: Option<&Tag>,
    ) -> Result<Answer, Error> {
        let mut request = self
            .http
            .request(method, url)
            .timeout(self.answer_timeout)
            .header(AUTHORIZATION, token.header()?)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header(USER_AGENT, AGENT);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, &tag.etag);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(lost)?;
        let body = whole_body(&mut response).await?;
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body })
    }

    /// Where a redirect leads. What was redirected was not done, so a change may follow it too.
    fn next_place(&self, answer: &Answer, from: &Url) -> Result<Option<Url>, Error> {
        match redirect(answer, from) {
            Some(to) if !self.address.is_same_server(&to) => {
                Err(Error::Malformed("it sends us to another server".into()))
            }
            to => Ok(to),
        }
    }

    fn judge(&self, token: &Token, answer: Answer, url: &Url) -> Result<Answer, Error> {
        let now = self.now();
        let said = Said::of(&answer.headers, now);
        let is_unchanged = answer.status == StatusCode::NOT_MODIFIED;
        if answer.status.is_success() || is_unchanged {
            self.shared.gate.served(&said, is_unchanged, now);
            return Ok(answer);
        }
        let message = words(token, &message(&answer.body));
        if let Some(why) = said.limit(answer.status, &message) {
            return Err(self.shared.gate.refused(&said, why, now));
        }
        let status = answer.status.as_u16();
        Err(match status {
            401 => Error::NotSignedIn,
            403 => Error::Forbidden(message),
            404 | 410 => Error::NotFound(url.path().trim_start_matches('/').to_owned()),
            500.. => Error::Unreachable(format!("status {status}")),
            _ => Error::Refused { status, message },
        })
    }
}

/// Where an answer leads, if it leads anywhere.
fn redirect(answer: &Answer, from: &Url) -> Option<Url> {
    let is_redirect = matches!(answer.status.as_u16(), 301 | 302 | 307 | 308);
    let to = answer.headers.get(LOCATION).filter(|_| is_redirect)?.to_str().ok()?;
    from.join(to).ok()
}

/// GitHub's words, bounded and without our token.
fn words(token: &Token, words: &str) -> String {
    token.scrub(words).chars().take(WORDS_CHARS_MAX).collect()
}

/// No whole answer came. Addresses may have keys in them.
fn lost(error: reqwest::Error) -> Error {
    Error::Unreachable(chain(&error.without_url()))
}

async fn whole_body(response: &mut Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(lost)? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Error::Malformed("it is too long".into()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, Error> {
    let path = path.split('?').next().unwrap_or_default();
    serde_json::from_slice(body).map_err(|error| Error::Malformed(format!("{path}: {error}")))
}

/// What GitHub says is wrong: its message, and the fields that it is about.
fn message(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return "no reason given".into() };
    let mut message = body["message"].as_str().unwrap_or("no reason given").to_owned();
    for error in body["errors"].as_array().into_iter().flatten() {
        let told = error["message"].as_str().or(error.as_str()).or(error["code"].as_str());
        message.extend(told.map(|told| format!("; {told}")));
    }
    message
}

/// An error with what lies behind it: the outermost says only that sending failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
