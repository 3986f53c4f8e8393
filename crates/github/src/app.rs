//! A GitHub App: it signs who it is with its key, and is given a token for an hour.

use std::fmt;
use std::sync::Arc;

use crew_core::{Millis, Time};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use crate::client::Client;
use crate::{Error, Token};

/// GitHub's tokens for apps hold for an hour; the last minutes are for requests that are slow.
const HELD_FOR: Millis = Millis::minutes(55);
/// What an app signs is believed for ten minutes at most.
const SIGNED_FOR_S: u64 = 9 * 60;
/// GitHub's clock may be behind ours.
const CLOCKS_APART_S: u64 = 60;

/// An app, installed where the repository is. Clones share the token that it was given.
#[derive(Clone)]
pub struct App {
    id: String,
    installation: Option<u64>,
    key: EncodingKey,
    held: Arc<Mutex<Option<Held>>>,
}

/// What it was given.
struct Held {
    token: Token,
    until: Time,
}

/// What it signs.
#[derive(Serialize)]
struct Claims<'a> {
    iat: u64,
    exp: u64,
    iss: &'a str,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct Given {
    token: String,
}

#[derive(Deserialize)]
struct Named {
    slug: String,
}

impl App {
    /// `id` is its client id or its number, `pem` its private key as GitHub made it. Without the number
    /// of an installation, GitHub is asked for that of the repository.
    ///
    /// # Errors
    /// When the key is none.
    pub fn new(id: &str, installation: Option<u64>, pem: &str) -> Result<Self, Error> {
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
            let hint = "github.app.key has to lead to the file `.pem` that GitHub made for the app";
            Error::no_token(format!("the key of the app {id} is no private key of RSA"), hint)
        })?;
        Ok(Self { id: id.to_owned(), installation, key, held: Arc::default() })
    }

    /// Tells it from others.
    pub(crate) fn identity(&self, repository: &str) -> String {
        match self.installation {
            Some(installation) => format!("app {} in {installation}", self.id),
            None => format!("app {} in {repository}", self.id),
        }
    }

    /// A token that holds for some minutes at least.
    pub(crate) async fn token(&self, client: &Client) -> Result<Token, Error> {
        let mut held = self.held.lock().await;
        let now = client.now();
        // One that holds for longer than any does: the clock went back.
        let holds = |held: &&Held| now < held.until && held.until.since(now) <= HELD_FOR;
        if let Some(known) = held.as_ref().filter(holds) {
            return Ok(known.token.clone());
        }
        let token = self.ask(client).await.map_err(|error| self.explained(error))?;
        *held = Some(Held { token: token.clone(), until: now + HELD_FOR });
        Ok(token)
    }

    /// Forgets a token that is not accepted any more; one that was given since is kept.
    pub(crate) async fn drop_token(&self, token: &Token) {
        let mut held = self.held.lock().await;
        *held = held.take().filter(|held| held.token != *token);
    }

    /// The account in whose name it writes.
    pub(crate) async fn login(&self, client: &Client) -> Result<String, Error> {
        let signed = self.signed(client.now())?;
        let app: Result<Named, Error> = client.ask_as(&signed, Method::GET, "/app", None).await;
        app.map(|app| format!("{}[bot]", app.slug)).map_err(|error| self.explained(error))
    }

    async fn ask(&self, client: &Client) -> Result<Token, Error> {
        let signed = self.signed(client.now())?;
        let installation = if let Some(installation) = self.installation {
            installation
        } else {
            let path = client.address().in_repository("/installation");
            let found: Installation = client.ask_as(&signed, Method::GET, &path, None).await?;
            found.id
        };
        let path = format!("/app/installations/{installation}/access_tokens");
        let body = json!({});
        let given: Given = client.ask_as(&signed, Method::POST, &path, Some(&body)).await?;
        Token::new(&given.token)
    }

    fn signed(&self, now: Time) -> Result<Token, Error> {
        let now = now.0 / 1_000;
        let (iat, exp) = (now.saturating_sub(CLOCKS_APART_S), now + SIGNED_FOR_S);
        let claims = Claims { iat, exp, iss: &self.id };
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key);
        let signed = signed.map_err(|error| {
            let hint = "make a new key in the settings of the app";
            Error::no_token(format!("the key of the app {} does not sign: {error}", self.id), hint)
        })?;
        Token::new(&signed)
    }

    /// What GitHub says to an app, by what can be done about it.
    fn explained(&self, error: Error) -> Error {
        let id = &self.id;
        match error {
            Error::NotSignedIn => Error::no_token(
                format!("GitHub does not accept the key of the app {id}"),
                "see whether id and key of github.app belong together, and the clock of this machine",
            ),
            Error::NotFound(_) | Error::Forbidden(_) => Error::no_token(
                format!("the app {id} is not installed where the repository is"),
                "install it there; github.app.installation is the number at the end of the address \
                 of its installation",
            ),
            Error::NotBefore { .. }
            | Error::Unreachable(_)
            | Error::Refused { .. }
            | Error::Malformed(_)
            | Error::NoToken { .. }
            | Error::Address(_) => error,
        }
    }
}

impl fmt::Debug for App {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}
