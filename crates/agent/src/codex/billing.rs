//! Who pays, by what Codex says about its account.

use crew_core::team::Payer;
use serde::{Deserialize, Serialize};

use super::wire::AccountRead;
use crate::payer::{self, Found, Objection};

/// How a start finds who pays for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Means {
    /// Whoever signed in to Codex.
    SignedIn,
    /// The key in the variable of this name.
    Key {
        /// The variable.
        env: String,
    },
    /// Nobody that we know: the server wants no key.
    Nothing,
}

/// What is wrong with who pays; `None` when it is as agreed.
pub(super) fn objection(agreed: Payer, means: &Means, account: &AccountRead) -> Option<Objection> {
    payer::objection(agreed, look(means, account))
}

fn look(means: &Means, read: &AccountRead) -> Found {
    let AccountRead { auth_method, account, requires_openai_auth } = read;
    let account = account.as_ref().map(|account| account.kind.as_str());
    match (means, account.or(auth_method.as_deref())) {
        // With a provider of ours it must not be that somebody's account is used all the same.
        (Means::Key { .. } | Means::Nothing, _) if *requires_openai_auth => {
            Found::Other("an account at OpenAI".to_owned())
        }
        (Means::Key { env }, _) => Found::ApiKey(env.clone()),
        (Means::Nothing, _) => Found::Other("whoever runs the server at `base_url`".to_owned()),
        (Means::SignedIn, None) => Found::Nobody,
        (Means::SignedIn, Some("chatgpt" | "chatgptAuthTokens")) => Found::Subscription,
        (Means::SignedIn, Some("apiKey" | "apikey")) => Found::ApiKey("`codex login`".to_owned()),
        (Means::SignedIn, Some(other)) => Found::Other(format!("a cloud account ({other})")),
    }
}

/// What happened and what to do, for a human.
pub(super) fn message(objection: &Objection) -> String {
    let sign_in = "run `codex login`, which keeps what it is told in a file (not in a keyring); or \
                   name the variable with an API key: key_env = \"OPENAI_API_KEY\" and \
                   billing = \"api-key\"";
    objection.message("Codex", sign_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_pays_who_was_not_asked() {
        let check = |agreed: Payer, means: &Means, account: &str, expect: Option<&str>| {
            let account: AccountRead = serde_json::from_str(account).unwrap();
            let message = objection(agreed, means, &account).map(|it| message(&it));
            match expect {
                None => assert_eq!(message, None),
                Some(words) => assert!(message.as_ref().unwrap().contains(words), "{message:?}"),
            }
        };
        let plan = r#"{"account":{"type":"chatgpt","planType":"plus"},"requiresOpenaiAuth":true}"#;
        let stored = r#"{"account":{"type":"apiKey"},"requiresOpenaiAuth":true}"#;
        let status = r#"{"authMethod":"chatgpt","authToken":null,"requiresOpenaiAuth":true}"#;
        let nobody = r#"{"account":null,"requiresOpenaiAuth":true}"#;
        let own = r#"{"account":null,"requiresOpenaiAuth":false}"#;
        let key = Means::Key { env: "K".to_owned() };
        check(Payer::Subscription, &Means::SignedIn, plan, None);
        check(Payer::Subscription, &Means::SignedIn, status, None);
        check(Payer::ApiKey, &Means::SignedIn, plan, Some("a subscription would pay"));
        check(Payer::Subscription, &Means::SignedIn, stored, Some("an API key (`codex login`)"));
        check(Payer::ApiKey, &Means::SignedIn, stored, None);
        check(Payer::Any, &Means::SignedIn, nobody, Some("Codex is not signed in"));
        check(Payer::ApiKey, &key, own, None);
        check(Payer::Subscription, &key, own, Some("an API key (K) would pay"));
        check(Payer::ApiKey, &key, plan, Some("an account at OpenAI would pay"));
        check(Payer::Any, &Means::Nothing, own, None);
        check(Payer::ApiKey, &Means::Nothing, own, Some("whoever runs the server"));
    }
}
