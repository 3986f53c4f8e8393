//! Who pays, by what Claude Code says about its account.

use crew_core::team::Payer;

use super::wire::Account;
use crate::payer::{self, Found, Objection};

/// What is wrong with who pays; `None` when it is as agreed. No account is no agreement.
pub(super) fn objection(agreed: Payer, account: Option<&Account>) -> Option<Objection> {
    payer::objection(agreed, account.map_or_else(|| unknown("nothing"), look))
}

/// The same from the first line of a turn, which knows API keys only.
pub(super) fn objection_to_key(agreed: Payer, api_key_source: &str) -> Option<Objection> {
    match agreed {
        Payer::Subscription if api_key_source != "none" => {
            payer::objection(agreed, Found::ApiKey(api_key_source.to_owned()))
        }
        Payer::Subscription | Payer::ApiKey | Payer::Any => None,
    }
}

/// What happened and what to do, for a human.
pub(super) fn message(objection: &Objection) -> String {
    let sign_in =
        "run `claude` and `/login`, or name the variable with its token in `env` of the provider";
    objection.message("Claude Code", sign_in)
}

fn look(account: &Account) -> Found {
    let given = |source: &Option<String>| source.clone().filter(|source| source != "none");
    let token = given(&account.token_source);
    match (given(&account.api_provider), given(&account.api_key_source), token) {
        (Some(provider), ..) if provider != "firstParty" => {
            Found::Other(format!("a cloud account ({provider})"))
        }
        (_, Some(key), _) => Found::ApiKey(key),
        _ if account.subscription_type.is_some() => Found::Subscription,
        (_, None, None) => Found::Nobody,
        (_, None, Some(token)) if is_subscription(&token) => Found::Subscription,
        (_, None, Some(token)) => unknown(&token),
    }
}

fn unknown(source: &str) -> Found {
    Found::Other(format!("somebody unknown ({source})"))
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
            let message = objection(agreed, Some(&account)).map(|objection| message(&objection));
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
