//! Where a repository is: the API's address, owner and name.

use reqwest::Url;

use crate::Error;

/// The API of github.com.
const PUBLIC: &str = "https://api.github.com";
/// Longest owner or name, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A repository on GitHub, or on a GitHub Enterprise Server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    api: Url,
    owner: String,
    name: String,
}

impl Address {
    /// `repository` is `owner/name`; `api` is the address of the API of an Enterprise Server, such
    /// as `https://github.example.com/api/v3`.
    ///
    /// # Errors
    /// When either is malformed, or a token would go over the network unencrypted.
    pub fn new(repository: &str, api: Option<&str>) -> Result<Self, Error> {
        let (owner, name) = repository
            .split_once('/')
            .filter(|(owner, name)| is_name(owner) && is_name(name))
            .ok_or_else(|| Error::Address(format!("`{repository}` is not `owner/name`")))?;
        let text = api.unwrap_or(PUBLIC).trim_end_matches('/');
        let bad = |why: &str| Error::Address(format!("`{text}` {why}"));
        let api = Url::parse(text).map_err(|_| bad("is no address"))?;
        let is_local = matches!(api.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if api.scheme() != "https" && !(api.scheme() == "http" && is_local) {
            return Err(bad("is not encrypted"));
        }
        if api.query().is_some() || api.fragment().is_some() || !api.username().is_empty() {
            return Err(bad("has more than a path"));
        }
        Ok(Self { api, owner: owner.to_owned(), name: name.to_owned() })
    }

    /// `owner/name`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The owner: pull requests name a branch with it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The host that people and `gh` know.
    pub fn host(&self) -> &str {
        match self.api.host_str() {
            Some("api.github.com") | None => "github.com",
            Some(host) => host,
        }
    }

    /// The server, whatever is asked of it.
    pub(crate) fn server(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    /// Where the git program finds a repository of this server. `repository` is `owner/name`, as the
    /// server says it is now.
    ///
    /// # Errors
    /// When that is no such name.
    pub fn git(&self, repository: &str) -> Result<String, Error> {
        let there = Self::new(repository, Some(self.api.as_str()))?;
        let mut url = self.api.clone();
        if url.host_str() == Some("api.github.com") {
            url.set_host(Some("github.com"))
                .map_err(|_| Error::Address("BUG: github.com is no host".into()))?;
        }
        url.set_path(&format!("/{}.git", there.repository()));
        Ok(url.to_string())
    }

    pub(crate) fn is_local(&self) -> bool {
        self.api.scheme() == "http"
    }

    /// `path` begins with `/` and may have a query.
    pub(crate) fn url(&self, path: &str) -> Result<Url, Error> {
        let text = format!("{}{path}", self.api.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|_| Error::Address(format!("BUG: {text} is no address")))
    }

    pub(crate) fn in_repository(&self, path: &str) -> String {
        format!("/repos/{}/{}{path}", self.owner, self.name)
    }

    /// GraphQL is beside REST: `/graphql`, and `/api/graphql` on an Enterprise Server.
    pub(crate) fn graphql(&self) -> Result<Url, Error> {
        let text = self.api.as_str().trim_end_matches('/');
        let text = format!("{}/graphql", text.strip_suffix("/v3").unwrap_or(text));
        Url::parse(&text).map_err(|_| Error::Address(format!("BUG: {text} is no address")))
    }

    /// Whether a redirect leads to the same server: a token goes to no other.
    pub(crate) fn is_same_server(&self, url: &Url) -> bool {
        self.api.origin() == url.origin()
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty()
        && text.chars().count() <= NAME_CHARS_MAX
        && text.chars().all(is_allowed)
        && !text.chars().all(|c| c == '.')
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(byte as char);
        } else {
            escaped.push('%');
            escaped.extend(
                [byte >> 4, byte & 15]
                    .map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])),
            );
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_well_formed_and_encrypted() {
        let good = |repository: &str, api: Option<&str>| Address::new(repository, api).unwrap();
        assert_eq!(
            good("a/b.c", None).url("/user").unwrap().as_str(),
            "https://api.github.com/user"
        );
        let enterprise = good("a/b", Some("https://ghe.example/api/v3/"));
        assert_eq!(enterprise.url("/user").unwrap().as_str(), "https://ghe.example/api/v3/user");
        assert_eq!(enterprise.graphql().unwrap().as_str(), "https://ghe.example/api/graphql");
        assert_eq!(good("a/b", None).host(), "github.com");
        for repository in ["", "a", "a/", "/b", "a/b/c", "a/..", "a b/c", "a/b?c", "a/b#c"] {
            assert!(Address::new(repository, None).is_err(), "{repository}");
        }
        for api in ["http://ghe.example", "ftp://x", "x", "https://x/?a=b", "https://me@x/"] {
            assert!(Address::new("a/b", Some(api)).is_err(), "{api}");
        }
        assert!(Address::new("a/b", Some("http://127.0.0.1:1")).is_ok(), "tests are on loopback");
    }

    #[test]
    fn what_goes_into_a_path_cannot_leave_it() {
        assert_eq!(escape("crew: a/b?ü"), "crew%3A%20a%2Fb%3F%C3%BC");
    }
}
