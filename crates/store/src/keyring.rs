//! The keyring of the system.
//!
//! It is a service of the user's session, which may begin after us, be started anew, or ask its human
//! for a password before it answers. So each question has a connection of its own, and a bound.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crew_core::SecretName;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};

use crate::SecretError;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(not(target_os = "macos"))]
use zbus_secret_service_keyring_store::Store;

/// By what it knows us.
const SERVICE: &str = "crewhouse";
/// A human types a password in this time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Keeps a secret, in place of an older one.
pub(crate) fn set(name: &SecretName, secret: &str) -> Result<(), SecretError> {
    let secret = secret.to_owned();
    ask(name, move |entry| entry.set_password(&secret))
}

/// What is kept by this name.
pub(crate) fn get(name: &SecretName) -> Result<String, SecretError> {
    ask(name, Entry::get_password)
}

/// Forgets a secret.
pub(crate) fn remove(name: &SecretName) -> Result<(), SecretError> {
    match ask(name, Entry::delete_credential) {
        Err(SecretError::Unknown(_)) => Ok(()),
        removed => removed,
    }
}

fn ask<T: Send + 'static>(
    name: &SecretName,
    question: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, SecretError> {
    let user = name.to_string();
    let answer = within(PATIENCE, move || {
        let entry = Store::new()?.build(SERVICE, &user, None)?;
        question(&entry)
    })?;
    answer.map_err(|error| match error {
        Error::NoEntry => SecretError::Unknown(name.clone()),
        // It may hold what was to be stored.
        Error::BadEncoding(_) => SecretError::NoKeyring("what it has is no text".to_owned()),
        error => SecretError::NoKeyring(error.to_string()),
    })
}

/// What `work` gives, or an error where that takes too long. It goes on then, and nobody hears of it.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SecretError> {
    let (done, heard) = mpsc::sync_channel(1);
    thread::Builder::new().name("keyring".to_owned()).spawn(move || done.send(work()).ok())?;
    heard.recv_timeout(patience).map_err(|why| {
        SecretError::NoKeyring(match why {
            RecvTimeoutError::Timeout => {
                format!("it has not answered in {} s", patience.as_secs())
            }
            RecvTimeoutError::Disconnected => "asking it failed".to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_that_says_nothing_is_given_up() {
        assert_eq!(within(PATIENCE, || 7).unwrap(), 7);
        let (_kept, never) = mpsc::channel::<()>();
        let silent = within(Duration::ZERO, move || never.recv());
        assert!(silent.unwrap_err().to_string().contains("it has not answered"));
    }
}
