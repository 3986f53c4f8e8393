//! Who pays: looked at before anything that costs is asked.

use crew_core::team::Payer;

use super::wire::Account;

/// Who is about to pay, in Claude Code's own words.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nobody,
    Subscription,
    ApiKey(String),
    Cloud(String),
    Unknown(String),
}

/// What is wrong with who pays; `None` when it is as agreed. No account is no agreement.
pub(super) fn objection(agreed: Payer, account: Option<&Account>) -> Option<Objection> {
    let found = account.map_or_else(|| Found::Unknown("nothing".to_owned()), look);
    match (agreed, found) {
        (_, Found::Nobody) => Some(Objection::SignedOut),
        (Payer::Any, _)
        | (Payer::Subscription, Found::Subscription)
        | (Payer::ApiKey, Found::ApiKey(_)) => None,
        (_, found) => Some(Objection::Other { agreed, found: found.words() }),
    }
}

/// The same from the first line of a turn, which knows API keys only.
pub(super) fn objection_to_key(agreed: Payer, api_key_source: &str) -> Option<Objection> {
    let is_key = api_key_source != "none";
    match agreed {
        Payer::Subscription if is_key => {
            let found = Found::ApiKey(api_key_source.to_owned()).words();
            Some(Objection::Other { agreed, found })
        }
        Payer::Subscription | Payer::ApiKey | Payer::Any => None,
    }
}

/// Why nothing is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Objection {
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

impl Objection {
    /// What happened and what to do, for a human.
    pub(super) fn message(&self) -> String {
        match self {
            Self::SignedOut => "Claude Code is not signed in; hint: run `claude` and `/login`, or \
                 name the variable with its token in `env` of the provider"
                .to_owned(),
            Self::Other { agreed, found } => format!(
                "{found} would pay for this, and team.toml says {}; nothing was asked and nothing \
                 was spent; hint: sign in to Claude Code the way you want to pay, or change \
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
    fn words(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Subscription => "a subscription".to_owned(),
            Self::ApiKey(source) => format!("an API key ({source})"),
            Self::Cloud(provider) => format!("a cloud account ({provider})"),
            Self::Unknown(source) => format!("somebody unknown ({source})"),
        }
    }
}

fn look(account: &Account) -> Found {
    let given = |source: &Option<String>| source.clone().filter(|source| source != "none");
    let token = given(&account.token_source);
    match (given(&account.api_provider), given(&account.api_key_source), token) {
        (Some(provider), ..) if provider != "firstParty" => Found::Cloud(provider),
        (_, Some(key), _) => Found::ApiKey(key),
        _ if account.subscription_type.is_some() => Found::Subscription,
        (_, None, None) => Found::Nobody,
        (_, None, Some(token)) if is_subscription(&token) => Found::Subscription,
        (_, None, Some(token)) => Found::Unknown(token),
    }
}

fn is_subscription(token: &str) -> bool {
    token == "claude.ai" || token.starts_with("CLAUDE_CODE_OAUTH_TOKEN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_pays_who_was_not_asked() {
        let check = |agreed: Payer, account: &str, expect: Option<&str>| {
            let account: Account = serde_json::from_str(account).unwrap();
            let message = objection(agreed, Some(&account)).map(|objection| objection.message());
            match expect {
                None => assert_eq!(message, None, "{account:?}"),
                Some(words) => assert!(message.as_ref().unwrap().contains(words), "{message:?}"),
            }
        };
        let key = r#"{"tokenSource":"none","apiKeySource":"ANTHROPIC_API_KEY","apiProvider":"firstParty"}"#;
        let token = r#"{"tokenSource":"CLAUDE_CODE_OAUTH_TOKEN","apiProvider":"firstParty"}"#;
        let plan = r#"{"email":"a@b.invalid","subscriptionType":"max","tokenSource":"x"}"#;
        let nobody = r#"{"tokenSource":"none","apiProvider":"firstParty"}"#;
        let cloud = r#"{"apiProvider":"bedrock"}"#;
        check(Payer::Subscription, key, Some("an API key (ANTHROPIC_API_KEY) would pay"));
        check(Payer::ApiKey, key, None);
        check(Payer::Any, key, None);
        check(Payer::Subscription, token, None);
        check(Payer::Subscription, plan, None);
        check(Payer::ApiKey, plan, Some("a subscription would pay"));
        check(Payer::Any, nobody, Some("not signed in"));
        check(Payer::Subscription, cloud, Some("a cloud account (bedrock)"));
        check(Payer::Any, cloud, None);
        assert!(objection(Payer::Subscription, None).is_some());
    }
}
