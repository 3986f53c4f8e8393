//! A key that cannot print itself.

use genai::resolver::AuthData;

/// A key, or none, as for servers on this machine. It has neither `Debug` nor `Display`; it goes
/// into a request and nowhere else.
pub(super) struct Secret(Option<String>);

impl Secret {
    pub(super) fn new(key: String) -> Self {
        Self(Some(key))
    }

    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The key as requests want it. They want some key even where nobody looks at it.
    pub(super) fn auth(&self) -> AuthData {
        AuthData::from_single(self.0.as_deref().unwrap_or("none"))
    }

    /// Words of a provider, without the key that some of them repeat.
    pub(super) fn scrub(&self, words: &str) -> String {
        self.0.as_ref().map_or_else(|| words.to_owned(), |key| words.replace(key, "[key]"))
    }
}
