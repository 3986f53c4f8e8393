//! How far a project's repository was read: a hint that outlives the daemon.
//!
//! It is kept after what it stands for is recorded, and what it stands for is in the same database. So a
//! backup that is restored, or a daemon that died in between, asks again rather than never.

use crew_core::ProjectId;
use crew_core::github::Policy;
use crew_github::Tag;
use crew_store::Reader;
use serde::{Deserialize, Serialize};

use super::watch::Watch;
use crate::Screen;
use crate::handle::Handle;

/// Longest hint, in bytes; what is known of pull requests beyond it is asked again.
const BYTES_MAX: usize = 1 << 20;

/// How far a project's repository was read.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// Whose words counted when it was read; with other rules it is read again.
    pub(super) policy: Option<Policy>,
    /// Stands for the issues as they were read.
    pub(super) tag: Option<Tag>,
    /// The newest change that was taken in, as GitHub writes moments.
    pub(super) since: Option<String>,
    /// The same of the repository of the code, where the issues are elsewhere.
    #[serde(default)]
    pub(super) pulls_tag: Option<Tag>,
    /// Likewise.
    #[serde(default)]
    pub(super) pulls_since: Option<String>,
    /// What is said about pull requests.
    pub(super) watch: Watch,
}

impl Position {
    /// What was kept for a project, if it was read under the same policy; else the beginning.
    pub(super) async fn of(handle: &Handle, project: ProjectId, policy: &Policy) -> Self {
        let (database, key) = (handle.home().database(), key(project));
        let read = crate::perform::blocking(move || Ok(Reader::open(&database)?.hint(&key)?));
        let kept = read.await.inspect_err(|error| tracing::warn!("GitHub is read again: {error}"));
        let kept = kept.ok().flatten().and_then(|text| serde_json::from_str::<Self>(&text).ok());
        kept.filter(|kept| kept.policy.as_ref() == Some(policy))
            .unwrap_or_else(|| Self { policy: Some(policy.clone()), ..Self::default() })
    }

    /// The same as text, without keys that somebody wrote in a comment.
    pub(super) fn text(&self, screen: &Screen) -> Option<String> {
        let text = screen.value(serde_json::to_value(self).ok()?).to_string();
        if text.len() <= BYTES_MAX {
            return Some(text);
        }
        let Self { policy, tag, since, pulls_tag: _, pulls_since: _, watch: _ } = self;
        let (policy, tag, since) = (policy.clone(), tag.clone(), since.clone());
        serde_json::to_string(&Self { policy, tag, since, ..Self::default() }).ok()
    }
}

/// What a project's position is kept under.
pub(super) fn key(project: ProjectId) -> String {
    format!("github/{}", project.0)
}
