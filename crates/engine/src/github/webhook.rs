//! Webhooks: GitHub says that something happened, and is asked what.
//!
//! Nothing that a delivery says is believed, or even read. That it was signed with the project's secret
//! lets GitHub be asked sooner, and that is all. One that is sent again, by whomever, changes nothing.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crew_core::{ProjectId, Time};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Most deliveries that are remembered: what is sent again is sent soon, and costs one question.
const REMEMBERED_MAX: usize = 1_000;
/// A secret that is shorter can be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// No project has a secret for it.
    Off,
    /// None of the secrets signed it.
    NotSigned,
    /// It came before.
    Again,
    /// GitHub is asked now.
    Taken,
}

/// The secrets of all projects, and what was delivered.
#[derive(Default)]
pub(crate) struct Webhooks(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    secrets: BTreeMap<ProjectId, String>,
    delivered: BTreeMap<ProjectId, Time>,
    /// Digests of the ids and signatures that were seen. An id is signed by nobody: who sends an
    /// old delivery again may give it a new one.
    seen: VecDeque<[u8; 32]>,
}

impl Webhooks {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on deliveries for a project are signed with this; or there are none.
    ///
    /// # Errors
    /// When it is no secret.
    pub(super) fn await_from(
        &self,
        project: ProjectId,
        secret: Option<&str>,
    ) -> Result<(), String> {
        let secret = secret.map(str::trim);
        let is_short = secret.is_some_and(|secret| secret.len() < SECRET_BYTES_MIN);
        let secret = secret.filter(|_| !is_short).map(str::to_owned);
        match secret {
            Some(secret) => self.inside().secrets.insert(project, secret),
            None => self.inside().secrets.remove(&project),
        };
        if is_short {
            return Err(format!(
                "the secret of the webhook has fewer than {SECRET_BYTES_MIN} characters\n\
                 hint: make a long one, and give it to GitHub and to `crew secret set`"
            ));
        }
        Ok(())
    }

    /// Forgets all but these.
    pub(super) fn retain(&self, is_there: impl Fn(&ProjectId) -> bool) {
        self.inside().secrets.retain(|project, _| is_there(project));
    }

    /// Whether any is waited for.
    pub(crate) fn is_on(&self) -> bool {
        !self.inside().secrets.is_empty()
    }

    /// When the last one came.
    pub(super) fn delivered_at(&self, project: ProjectId) -> Option<Time> {
        self.inside().delivered.get(&project).copied()
    }

    /// Judges one, by its headers `X-Hub-Signature-256` and `X-GitHub-Delivery`; for which projects GitHub
    /// is to be asked.
    pub(crate) fn take(
        &self,
        (signature, id): (&str, &str),
        body: &[u8],
        now: Time,
    ) -> (Delivered, Vec<ProjectId>) {
        let mut inside = self.inside();
        if inside.secrets.is_empty() {
            return (Delivered::Off, Vec::new());
        }
        let Some(signature) = signature.strip_prefix("sha256=").and_then(unhexed) else {
            return (Delivered::NotSigned, Vec::new());
        };
        let signed =
            inside.secrets.iter().filter(|(_, secret)| is_signed(secret, &signature, body));
        let projects: Vec<ProjectId> = signed.map(|(project, _)| *project).collect();
        if projects.is_empty() {
            return (Delivered::NotSigned, projects);
        }
        let marks: [[u8; 32]; 2] = [Sha256::digest(id).into(), Sha256::digest(signature).into()];
        if marks.iter().any(|mark| inside.seen.contains(mark)) {
            return (Delivered::Again, Vec::new());
        }
        inside.seen.extend(marks);
        let too_many = inside.seen.len().saturating_sub(2 * REMEMBERED_MAX);
        inside.seen.drain(..too_many);
        inside.delivered.extend(projects.iter().map(|project| (*project, now)));
        (Delivered::Taken, projects)
    }
}

/// Compared in constant time.
fn is_signed(secret: &str, signature: &[u8; 32], body: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .is_ok_and(|hmac| hmac.chain_update(body).verify_slice(signature).is_ok())
}

fn unhexed(text: &str) -> Option<[u8; 32]> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digits).collect();
    bytes.filter(|_| is_hex)?.try_into().ok()
}

impl fmt::Debug for Webhooks {
    /// A secret cannot print itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhooks(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    /// The example in GitHub's documents: this secret, and `Hello, World!`.
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn webhooks() -> Webhooks {
        let webhooks = Webhooks::default();
        webhooks.await_from(ProjectId(1), Some(SECRET)).unwrap();
        webhooks.await_from(ProjectId(2), Some("another secret, long enough")).unwrap();
        webhooks
    }

    #[test]
    fn what_github_signed_is_taken_once_for_the_project_whose_secret_it_is() {
        let webhooks = webhooks();
        let take = |signature, id| webhooks.take((signature, id), b"Hello, World!", Time(7));
        assert_eq!(take(SIGNATURE, "a"), (Delivered::Taken, vec![ProjectId(1)]));
        assert_eq!(take(SIGNATURE, "a"), (Delivered::Again, vec![]));
        assert_eq!(take(SIGNATURE, "b"), (Delivered::Again, vec![]), "the id is signed by nobody");
        assert_eq!(webhooks.delivered_at(ProjectId(1)), Some(Time(7)));
        assert_eq!(webhooks.delivered_at(ProjectId(2)), None);
    }

    #[test]
    fn what_is_not_signed_is_not_taken() {
        let webhooks = webhooks();
        let upper = SIGNATURE.to_ascii_uppercase();
        let longer = format!("{SIGNATURE}00");
        let signs = format!("sha256={}", "+1".repeat(32));
        let none = format!("sha256={}", "0".repeat(64));
        for signature in ["", "sha256=", "sha1=00", &SIGNATURE[7..], &upper, &longer, &signs, &none]
        {
            let judged = webhooks.take((signature, "a"), b"Hello, World!", Time(7));
            assert_eq!(judged, (Delivered::NotSigned, vec![]), "{signature}");
        }
        let changed = webhooks.take((SIGNATURE, "a"), b"Hello, World?", Time(7));
        assert_eq!(changed.0, Delivered::NotSigned);
    }

    #[test]
    fn without_a_secret_nothing_is_taken() {
        let webhooks = Webhooks::default();
        assert!(webhooks.await_from(ProjectId(1), Some("too short")).is_err());
        assert!(webhooks.await_from(ProjectId(1), None).is_ok());
        assert!(!webhooks.is_on());
        assert_eq!(webhooks.take((SIGNATURE, "a"), b"Hello, World!", Time(7)).0, Delivered::Off);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let webhooks = webhooks();
        for at in 0..REMEMBERED_MAX + 7 {
            let body = at.to_string();
            let hmac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            let signature = hmac.chain_update(&body).finalize().into_bytes();
            let signature =
                signature.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
            let signature = format!("sha256={signature}");
            let taken = webhooks.take((&signature, &body), body.as_bytes(), Time(7));
            assert_eq!(taken.0, Delivered::Taken);
        }
        assert_eq!(webhooks.inside().seen.len(), 2 * REMEMBERED_MAX);
    }
}
