//! What Claude Code does beside the conversation: the user's hooks, and what runs in the background.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::event::AgentEvent;
use crate::keep::shorten;

/// Longest output of a hook that is shown, in characters.
const OUTPUT_CHARS_MAX: usize = 2_000;
/// How many tasks in the background are remembered.
const TASKS_MAX: usize = 1_000;

/// The tasks that were put into the background.
#[derive(Debug, Default)]
pub(super) struct Notices {
    in_background: BTreeSet<String>,
}

/// `system` `hook_response`.
#[derive(Deserialize)]
#[serde(default)]
struct HookResponse {
    hook_name: String,
    output: String,
    exit_code: Option<i32>,
    outcome: String,
}

impl Default for HookResponse {
    fn default() -> Self {
        let outcome = "success".to_owned();
        Self { hook_name: String::new(), output: String::new(), exit_code: None, outcome }
    }
}

/// `system` `task_started` and `task_notification`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BackgroundTask {
    task_id: String,
    description: String,
    is_backgrounded: bool,
    status: String,
    summary: String,
}

impl Notices {
    /// What a line of the `system` says of it; `None` where it says nothing.
    pub(super) fn of(&mut self, subtype: &str, text: &str) -> Option<AgentEvent> {
        let text = match subtype {
            "hook_response" => hook(&serde_json::from_str(text).ok()?)?,
            "task_started" => self.started(serde_json::from_str(text).ok()?)?,
            "task_notification" => self.ended(&serde_json::from_str(text).ok()?)?,
            _ => return None,
        };
        Some(AgentEvent::Notice { text })
    }

    fn started(&mut self, task: BackgroundTask) -> Option<String> {
        if !task.is_backgrounded || self.in_background.len() >= TASKS_MAX {
            return None;
        }
        self.in_background.insert(task.task_id);
        Some(format!("in the background: {}", task.description))
    }

    fn ended(&mut self, task: &BackgroundTask) -> Option<String> {
        let is_known = self.in_background.remove(&task.task_id);
        is_known.then(|| format!("in the background, {}: {}", task.status, task.summary))
    }
}

/// A hook runs with each use of a tool: one that goes well and has nothing to say is not worth a line.
fn hook(hook: &HookResponse) -> Option<String> {
    let output = shorten(hook.output.trim(), OUTPUT_CHARS_MAX);
    let code = hook.exit_code.map(|code| format!(" with {code}")).unwrap_or_default();
    let name = &hook.hook_name;
    match (hook.outcome == "success", output.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("hook {name}: {output}")),
        (false, true) => Some(format!("hook {name} failed{code}")),
        (false, false) => Some(format!("hook {name} failed{code}: {output}")),
    }
}
