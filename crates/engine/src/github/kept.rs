//! Gets what is secret about a connection from where the table `[github]` says that it is kept.
//!
//! It goes from there to the client, and to what the screen takes out of all words; nowhere else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crew_core::github::{Keep, TokenSource};
use crew_github::{Address, App, Credential, Error, Token, secret_file};
use crew_store::Secrets;

use crate::screen;

/// A keyring that is locked asks its human for a password.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks GitHub, with what shows it. `home` is the data directory.
///
/// # Errors
/// When it is not where it should be; what can be done there is the error's hint.
pub async fn github_credential(
    home: &Path,
    source: &TokenSource,
    address: &Address,
) -> Result<Credential, Error> {
    Ok(match source {
        TokenSource::Gh => Token::from_gh(Path::new("gh"), address.host()).await?.into(),
        TokenSource::Kept(keep) => {
            let token = Token::new(&kept(home, keep).await?);
            let hint = "a token of GitHub is one word, such as `github_pat_…`";
            token.map_err(|_| Error::no_token(format!("what {keep} has is none"), hint))?.into()
        }
        TokenSource::App(app) => {
            App::new(&app.id, app.installation, &kept(home, &app.key).await?)?.into()
        }
    })
}

/// What is kept there.
pub(super) async fn kept(home: &Path, keep: &Keep) -> Result<String, Error> {
    let hint = "unlock the keyring; it is tried again";
    let (home, place) = (home.to_owned(), keep.clone());
    let read = tokio::task::spawn_blocking(move || read(&home, &place));
    let text = match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(text)) => text?,
        Ok(Err(error)) => return Err(Error::no_token(format!("BUG: {error}"), hint)),
        Err(_) => return Err(Error::no_token(format!("{keep} cannot be read now"), hint)),
    };
    screen::remember(text.trim());
    Ok(text)
}

fn read(home: &Path, keep: &Keep) -> Result<String, Error> {
    match keep {
        Keep::Variable(name) => std::env::var(name).map_err(|_| {
            let hint = "start the daemon with it; or keep the token with `crew secret set github` and write \
                        `token = \"secret:github\"` into the table [github]";
            Error::no_token(format!("{name} is not set"), hint)
        }),
        Keep::Secret(name) => match Secrets::at(home).get(name) {
            Ok(secret) => Ok(secret.expose().to_owned()),
            Err(error) => Err(Error::no_token(error.to_string(), error.hint())),
        },
        Keep::File(path) => secret_file(&whole(path)),
    }
}

/// A path with the user's own directory in place of `~`.
fn whole(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(below), Some(home)) => PathBuf::from(home).join(below),
        (Some(_), None) | (None, _) => PathBuf::from(path),
    }
}
