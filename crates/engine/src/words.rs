//! From what an agent says to what of it matters to the arbiter.

use crew_agent::sandbox::{Support, support};
use crew_agent::{AgentEvent, ErrorClass};
use crew_core::Words;
use crew_core::plan::PlanWindow;
use crew_core::protocol::parse_response;
use crew_core::run::{Trouble, TroubleKind};
use crew_core::task::REMARK_CHARS_MAX;

use crate::reached;
use crate::site::Site;

/// Answers that an ask may offer.
const OPTIONS_MAX: usize = 20;
/// Periods that a plan may have, and how long their names may be, in characters.
const WINDOWS_MAX: usize = 8;
const NAME_CHARS_MAX: usize = 40;
/// An agent's last words are kept up to this length, in characters.
const TEXT_CHARS_MAX: usize = 2_000;
/// Likewise where they follow no protocol.
const ANSWER_CHARS_MAX: usize = REMARK_CHARS_MAX;

/// What of an agent's words matters to the arbiter.
pub(crate) fn words(event: AgentEvent, site: &Site) -> Option<Words> {
    Some(match event {
        AgentEvent::Session { id, .. } => Words::Session { id },
        AgentEvent::Ask { key, text, options, about } => Words::Asks {
            key: shorten(&key),
            text: shorten(&text),
            options: options.iter().take(OPTIONS_MAX).map(|option| shorten(option)).collect(),
            about: about.and_then(|about| about.placed(|path| site.place(path))).map(Box::new),
        },
        AgentEvent::Compacted => Words::Compacted,
        AgentEvent::Context { used, window } => Words::Context { used, window },
        AgentEvent::Plan { windows } => {
            let some = windows.into_iter().take(WINDOWS_MAX);
            let name = |it: &PlanWindow| it.name.chars().take(NAME_CHARS_MAX).collect();
            let windows = some.map(|it| PlanWindow { name: name(&it), ..it }).collect();
            Words::Plan { windows }
        }
        AgentEvent::TookIn { remark } => Words::TookIn { remark },
        AgentEvent::Usage(usage) => Words::Used(usage),
        AgentEvent::Limit { until, message } => {
            Words::Limited { until, message: shorten(&message) }
        }
        AgentEvent::Error { class, message } => {
            Words::Failed(Trouble { kind: trouble_kind(class), message: shorten(&message) })
        }
        AgentEvent::Done { text } => {
            let parsed = parse_response(&text);
            // Who was asked a question may have answered it in no form.
            let text = match &parsed {
                Ok(_) => shorten(&text),
                Err(_) => text.chars().take(ANSWER_CHARS_MAX).collect(),
            };
            Words::Responds { response: parsed.ok(), text }
        }
        // What one says that an agent has started is for that agent, and what it asks or used does not
        // come in a wrapping; but what it reaches for is reached for.
        AgentEvent::Subagent { event, .. } => match *event {
            event @ (AgentEvent::ToolCall { .. } | AgentEvent::ToolResult { .. }) => {
                return words(event, site);
            }
            _ => return None,
        },
        AgentEvent::ToolCall { name, input, .. } => {
            Words::Reached(reached::change(site, &name, &input)?)
        }
        AgentEvent::ToolResult { output, .. } => {
            let refused = reached::refusal(site, &output)?;
            // Where nothing is held, the system itself has refused it, and there is nothing to open.
            let is_held = !matches!(support(), Support::Nothing { .. });
            Words::Reached(is_held.then_some(refused)?)
        }
        AgentEvent::Text { .. }
        | AgentEvent::Partial { .. }
        | AgentEvent::Retry { .. }
        | AgentEvent::Thinking { .. }
        | AgentEvent::Notice { .. }
        | AgentEvent::Heartbeat
        | AgentEvent::Other(_)
        | AgentEvent::Noise(_) => return None,
    })
}

fn trouble_kind(class: ErrorClass) -> TroubleKind {
    match class {
        ErrorClass::Auth | ErrorClass::Billing => TroubleKind::Provider,
        ErrorClass::Invalid | ErrorClass::Budget => TroubleKind::Human,
        ErrorClass::Unavailable | ErrorClass::Other => TroubleKind::Transient,
    }
}

pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
