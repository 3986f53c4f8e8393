//! A token that cannot print itself, and where it comes from.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::HeaderValue;
use tokio::process::Command;

use crate::Error;

/// Longest token, in bytes; GitHub's have at most 255.
const TOKEN_BYTES_MAX: usize = 1_024;
/// `gh` answers in milliseconds; it may ask a keyring that is locked.
const GH_PATIENCE: Duration = Duration::from_secs(10);
/// Longest file with something secret in it: a key of an app has two thousand bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// What to do where there is no token.
const HINT: &str = "keep one with `crew secret set github` and write `token = \"secret:github\"` into \
                    the table [github], or sign in with `gh auth login`";

/// A fine-grained personal access token, or any other that GitHub takes as a bearer.
///
/// It goes into a header that is marked as secret, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as somebody wrote it.
    ///
    /// # Errors
    /// When it is empty or can be no token.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let is_token = !text.is_empty()
            && text.len() <= TOKEN_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::no_token("what is there is no token", HINT))
        }
    }

    /// Who has it, told from others. It stays in memory, like the token itself.
    pub(crate) fn identity(&self) -> String {
        self.0.clone()
    }

    /// Asks GitHub's own command line for the token that it keeps for `host`.
    ///
    /// # Errors
    /// When `gh` is not there, is not signed in, or does not answer in time.
    pub async fn from_gh(gh: &Path, host: &str) -> Result<Self, Error> {
        let no = |why: String| Error::no_token(format!("`gh auth token` gave none: {why}"), HINT);
        let mut command = Command::new(gh);
        command.args(["auth", "token", "--hostname", host]);
        command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(GH_PATIENCE, command.output());
        let output = output.await.map_err(|_| no("it did not answer".into()))?;
        let output = output.map_err(|error| no(error.to_string()))?;
        if !output.status.success() {
            return Err(no("it is not signed in".into()));
        }
        Self::new(&String::from_utf8_lossy(&output.stdout))
    }

    pub(crate) fn header(&self) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))
            .map_err(|_| Error::no_token("what is there is no token", HINT))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Words of others, without the token that they may repeat.
    pub(crate) fn scrub(&self, words: &str) -> String {
        words.replace(&self.0, "[token]")
    }

    /// The header that lets the git program speak to GitHub over HTTPS. It is handed to git through
    /// its environment, never as an argument.
    pub fn git_header(&self) -> String {
        format!("Authorization: Basic {}", BASE64.encode(format!("x-access-token:{}", self.0)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Something secret from a file that nobody else reads.
///
/// # Errors
/// When it cannot be read, or others can.
pub fn secret_file(path: &Path) -> Result<String, Error> {
    let at = path.display();
    let unreadable = |error: std::io::Error| {
        Error::no_token(format!("{at}: {error}"), "see whether the file is there, and yours")
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::no_token(format!("{at} is no file"), HINT));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let why = format!("others may read {at}");
        return Err(Error::no_token(why, "`chmod 600` makes it yours alone"));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_print_itself() {
        let token = Token::new(" github_pat_invented \n").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(token.scrub("no github_pat_invented here"), "no [token] here");
        assert!(token.header().unwrap().is_sensitive());
    }

    #[test]
    fn what_can_be_no_token_is_none() {
        for text in ["", "  ", "a\nb", "ü", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn git_is_told_the_token_as_github_wants_it() {
        let header = Token::new("github_pat_invented").unwrap().git_header();
        let basic = "eC1hY2Nlc3MtdG9rZW46Z2l0aHViX3BhdF9pbnZlbnRlZA==";
        assert_eq!(header, format!("Authorization: Basic {basic}"));
    }
}
