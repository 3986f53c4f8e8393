//! Who pays for an agent that speaks ACP. The protocol does not say, so it is read from what the agent
//! keeps about who signed in to it. Where that says nothing, nobody objects.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crew_core::team::{AcpAgent, Payer};
use serde_json::Value;

use super::find::directory;
use super::known::known;
use crate::payer::{self, Found};

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is wrong with who would pay, for a human; `None` when it is as agreed, or nobody knows. `env` is
/// what the agent is started with; a key that `team.toml` hands over `is_keyed`.
pub fn billing_objection(
    (agent, agreed): (AcpAgent, Payer),
    is_keyed: bool,
    model: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Option<String> {
    let handed = || Found::ApiKey("`env` or `key` of the provider".to_owned());
    let found = if is_keyed { handed() } else { signed_in(agent, model, env)? };
    let known = known(agent);
    payer::objection(agreed, found).map(|it| it.message(known.name, known.sign_in))
}

fn signed_in(
    agent: AcpAgent,
    model: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Option<Found> {
    let homes = known(agent).homes.iter();
    let homes: Vec<PathBuf> = homes.filter_map(|home| directory(home, env)).collect();
    match agent {
        AcpAgent::Gemini => gemini(&read(&homes.first()?.join("settings.json"))?),
        AcpAgent::Opencode => {
            homes.iter().find_map(|home| opencode(&read(&home.join("auth.json"))?, model))
        }
        AcpAgent::Claude => claude(homes.first()?, env),
        AcpAgent::Codex => codex(&read(&homes.first()?.join("auth.json"))?),
    }
}

fn gemini(settings: &Value) -> Option<Found> {
    let chosen = settings["security"]["auth"]["selectedType"].as_str();
    match chosen.or_else(|| settings["selectedAuthType"].as_str())? {
        "oauth-personal" => Some(Found::Subscription),
        "gemini-api-key" => Some(Found::ApiKey("the one that Gemini CLI keeps".to_owned())),
        other => Some(Found::Other(format!("a cloud account ({other})"))),
    }
}

/// Each provider of models has its own; which one pays follows from the model.
fn opencode(auth: &Value, model: Option<&str>) -> Option<Found> {
    let kinds = auth.as_object()?;
    let used = match model.and_then(|model| model.split_once('/')) {
        Some((provider, _)) => vec![(provider, kinds.get(provider)?)],
        None => kinds.iter().map(|(name, kind)| (name.as_str(), kind)).collect(),
    };
    let (name, _) = *used.first()?;
    let all = |kind: &str| used.iter().all(|(_, it)| it["type"] == kind);
    match (all("oauth"), all("api")) {
        (true, _) => Some(Found::Subscription),
        (_, true) => Some(Found::ApiKey(format!("that of `{name}` in opencode"))),
        (false, false) => None,
    }
}

fn claude(home: &Path, env: &BTreeMap<String, String>) -> Option<Found> {
    // Its state lies beside its directory, or in it where a variable says where that is.
    let named = env.contains_key(crate::claude::CONFIG_DIR);
    let state = if named { home.to_owned() } else { home.parent()?.to_owned() };
    let has = |file: PathBuf, key: &str| read(&file).is_some_and(|it| !it[key].is_null());
    if has(home.join("settings.json"), "apiKeyHelper") {
        Some(Found::ApiKey("`apiKeyHelper` of its settings".to_owned()))
    } else if has(home.join(".credentials.json"), "claudeAiOauth") {
        Some(Found::Subscription)
    } else {
        has(state.join(".claude.json"), "primaryApiKey")
            .then(|| Found::ApiKey("the one that Claude Code keeps".to_owned()))
    }
}

fn codex(auth: &Value) -> Option<Found> {
    let key = auth["OPENAI_API_KEY"].as_str().is_some_and(|key| !key.is_empty());
    let plan = auth["tokens"].is_object() && auth["auth_mode"] != "apikey";
    let found = || Found::ApiKey("`codex login`".to_owned());
    if plan { Some(Found::Subscription) } else { key.then(found) }
}

fn read(file: &Path) -> Option<Value> {
    let mut text = String::new();
    File::open(file).ok()?.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nobody_pays_who_was_not_asked() {
        let check = |agent: AcpAgent, file: &str, text: &str, expect: Option<&str>| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            let env = [("HOME".to_owned(), dir.path().display().to_string())].into();
            let object = |payer| billing_objection((agent, payer), false, Some("one/m"), &env);
            let message = object(Payer::Subscription);
            match expect {
                None => assert_eq!(message, None, "{text}"),
                Some(words) => assert!(message.as_ref().unwrap().contains(words), "{message:?}"),
            }
            assert_eq!(object(Payer::Any), None, "{text}");
        };
        let gemini =
            |kind: &str| format!(r#"{{"security":{{"auth":{{"selectedType":"{kind}"}}}}}}"#);
        let settings = ".gemini/settings.json";
        check(AcpAgent::Gemini, settings, &gemini("oauth-personal"), None);
        check(AcpAgent::Gemini, settings, &gemini("gemini-api-key"), Some("an API key"));
        check(
            AcpAgent::Gemini,
            settings,
            &gemini("vertex-ai"),
            Some("a cloud account (vertex-ai)"),
        );
        check(AcpAgent::Gemini, settings, "not JSON", None);
        let auth = ".local/share/opencode/auth.json";
        check(AcpAgent::Opencode, auth, r#"{"one":{"type":"oauth"},"two":{"type":"api"}}"#, None);
        let key = r#"{"one":{"type":"api"},"two":{"type":"oauth"}}"#;
        check(AcpAgent::Opencode, auth, key, Some("that of `one` in opencode"));
        check(AcpAgent::Opencode, auth, r#"{"two":{"type":"api"}}"#, None);
        let auth = ".codex/auth.json";
        let plan = r#"{"OPENAI_API_KEY":null,"tokens":{"access_token":"t"}}"#;
        check(AcpAgent::Codex, auth, plan, None);
        check(
            AcpAgent::Codex,
            auth,
            r#"{"OPENAI_API_KEY":"k","tokens":null}"#,
            Some("`codex login`"),
        );
        check(
            AcpAgent::Claude,
            ".claude.json",
            r#"{"primaryApiKey":"k"}"#,
            Some("Claude Code keeps"),
        );
        let helper = r#"{"apiKeyHelper":"/x"}"#;
        check(AcpAgent::Claude, ".claude/settings.json", helper, Some("`apiKeyHelper`"));
        check(AcpAgent::Claude, ".claude/.credentials.json", r#"{"claudeAiOauth":{}}"#, None);
    }

    #[test]
    fn a_key_that_is_handed_over_pays_if_that_was_agreed() {
        let object =
            |payer| billing_objection((AcpAgent::Gemini, payer), true, None, &BTreeMap::new());
        assert_eq!((object(Payer::ApiKey), object(Payer::Any)), (None, None));
        assert!(object(Payer::Subscription).unwrap().contains("of the provider"));
    }
}
