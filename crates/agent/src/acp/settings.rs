//! What a conversation is set to before it is told anything: its mode and its model.
//!
//! Agents offer both in one of two ways, and some in both. What is wanted and not offered ends the
//! run before it costs anything: an agent in another mode would do what it was not allowed.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::wire::{ConfigOption, Outcome};

/// Choices that an error names.
const SHOWN_MAX: usize = 20;

/// What is to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Mode,
    Model,
}

/// A request that sets something.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// The choices for one setting, as an agent offers them.
struct Offer {
    current: String,
    choices: Vec<String>,
    /// The method, and what names the setting and the choice in it.
    method: &'static str,
    setting: Option<String>,
    choice: &'static str,
}

impl Setting {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Model => "model",
        }
    }

    /// What is chosen now, if the agent says so.
    pub(super) fn current(self, session: &Outcome) -> Option<String> {
        self.offer(session).map(|offer| offer.current)
    }

    /// The request that sets it.
    pub(super) fn request(
        self,
        session: &Outcome,
        id: &str,
        wanted: &str,
    ) -> Result<Request, String> {
        let word = self.word();
        let Some(offer) = self.offer(session) else {
            return Err(format!("it offers no choice of a {word}, and `{wanted}` is wanted"));
        };
        if offer.current != wanted && !offer.choices.iter().any(|choice| choice == wanted) {
            let shown: Vec<&str> =
                offer.choices.iter().take(SHOWN_MAX).map(String::as_str).collect();
            return Err(format!("it has no {word} `{wanted}`; it offers {}", shown.join(", ")));
        }
        let mut params = json!({"sessionId": id, offer.choice: wanted});
        if let (Value::Object(fields), Some(setting)) = (&mut params, offer.setting) {
            fields.insert("configId".to_owned(), json!(setting));
        }
        Ok(Request { method: offer.method, params })
    }

    fn offer(self, session: &Outcome) -> Option<Offer> {
        let options = session.config_options.iter();
        let mut options = options.filter_map(|it| ConfigOption::deserialize(it).ok());
        let by_option = options.find(|option| option.category == self.word()).map(|option| Offer {
            current: option.current_value,
            choices: option.options.into_iter().flat_map(leaves).collect(),
            method: "session/set_config_option",
            setting: Some(option.id),
            choice: "value",
        });
        by_option.or_else(|| self.older_offer(session))
    }

    fn older_offer(self, session: &Outcome) -> Option<Offer> {
        Some(match self {
            Self::Mode => {
                let modes = session.modes.as_ref()?;
                Offer {
                    current: modes.current_mode_id.clone(),
                    choices: modes.available_modes.iter().map(|mode| mode.id.clone()).collect(),
                    method: "session/set_mode",
                    setting: None,
                    choice: "modeId",
                }
            }
            Self::Model => {
                let models = session.models.as_ref()?;
                let all = models.available_models.iter();
                Offer {
                    current: models.current_model_id.clone(),
                    choices: all.map(|model| model.model_id.clone()).collect(),
                    method: "session/set_model",
                    setting: None,
                    choice: "modelId",
                }
            }
        })
    }
}

/// A choice, or those of a group.
fn leaves(choice: super::wire::Choice) -> Vec<String> {
    if choice.options.is_empty() {
        return vec![choice.value];
    }
    choice.options.into_iter().map(|choice| choice.value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Outcome {
        let session = json!({
            "modes": {"currentModeId": "default", "availableModes": [{"id": "default"}, {"id": "yolo"}]},
            "configOptions": [
                7,
                {"id": "m", "category": "model", "type": "select", "currentValue": "small",
                 "options": [{"value": "small"}, {"name": "All", "options": [{"value": "large"}]}]},
            ],
        });
        serde_json::from_value(session).unwrap()
    }

    #[test]
    fn what_is_offered_is_set_in_the_way_that_it_is_offered() {
        let check = |setting: Setting, wanted: &str, expect: (&str, Value)| {
            let request = setting.request(&session(), "s", wanted).unwrap();
            assert_eq!((request.method, request.params), expect, "{wanted}");
        };
        let mode = json!({"sessionId": "s", "modeId": "yolo"});
        check(Setting::Mode, "yolo", ("session/set_mode", mode));
        let model = json!({"sessionId": "s", "configId": "m", "value": "large"});
        check(Setting::Model, "large", ("session/set_config_option", model));
        assert_eq!(Setting::Model.current(&session()), Some("small".into()));
    }

    #[test]
    fn what_is_not_offered_is_an_error_that_names_what_is() {
        let why = |wanted| Setting::Mode.request(&session(), "s", wanted).unwrap_err();
        assert_eq!(why("plan"), "it has no mode `plan`; it offers default, yolo");
        let nothing = Setting::Model.request(&Outcome::default(), "s", "x").unwrap_err();
        assert_eq!(nothing, "it offers no choice of a model, and `x` is wanted");
    }
}
