//! Who pays: looked at before anything that costs is asked.

use crew_core::team::Payer;

use crate::event::ErrorClass;

/// Who is about to pay, in a program's own words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nobody is signed in.
    Nobody,
    /// The plan that somebody signed in with.
    Subscription,
    /// An API key, from there.
    ApiKey(String),
    /// Somebody else.
    Other(String),
}

/// Why nothing is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Objection {
    /// Nobody is signed in.
    SignedOut,
    /// Somebody else would pay.
    Other {
        /// Who was to pay.
        agreed: Payer,
        /// Who would.
        found: String,
    },
}

/// What is wrong with who pays; `None` when it is as agreed.
pub(crate) fn objection(agreed: Payer, found: Found) -> Option<Objection> {
    match (agreed, found) {
        (_, Found::Nobody) => Some(Objection::SignedOut),
        (Payer::Any, _)
        | (Payer::Subscription, Found::Subscription)
        | (Payer::ApiKey, Found::ApiKey(_)) => None,
        (_, found) => Some(Objection::Other { agreed, found: found.words() }),
    }
}

impl Objection {
    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            Self::SignedOut => ErrorClass::Auth,
            Self::Other { .. } => ErrorClass::Billing,
        }
    }

    /// What happened and what to do, for a human: `program` is not signed in, `sign_in` helps.
    pub(crate) fn message(&self, program: &str, sign_in: &str) -> String {
        match self {
            Self::SignedOut => format!("{program} is not signed in; hint: {sign_in}"),
            Self::Other { agreed, found } => format!(
                "{found} would pay for this, and team.toml says {}; nothing was asked and nothing \
                 was spent; hint: sign in to {program} the way you want to pay, or change \
                 `billing` of the provider",
                agreement(*agreed)
            ),
        }
    }
}

fn agreement(payer: Payer) -> &'static str {
    match payer {
        Payer::Subscription => "billing = \"subscription\"",
        Payer::ApiKey => "billing = \"api-key\"",
        Payer::Any => "billing = \"any\"",
    }
}

impl Found {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Subscription => "a subscription".to_owned(),
            Self::ApiKey(source) => format!("an API key ({source})"),
            Self::Other(words) => words.clone(),
        }
    }
}
