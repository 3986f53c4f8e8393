//! What keeps a turn of another agent from ending well.

use crew_core::Time;

use crate::dialect::{Ending, Verdict};
use crate::event::{AgentEvent, ErrorClass};
use crate::shim::Status;
use crate::words::{self, Meaning};

/// Exit codes from here on stand for signals.
const SIGNALS: i32 = 128;

/// What went wrong.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The provider serves nothing for now.
    Limit { until: Option<Time>, message: String },
    /// Anything else.
    Failure { class: ErrorClass, message: String },
}

impl Trouble {
    /// What is said to be a limit. What ends only when somebody pays is none.
    pub(crate) fn limit(until: Option<Time>, message: String) -> Self {
        match words::meaning(&message) {
            Meaning::Failure(class @ ErrorClass::Billing) => Self::Failure { class, message },
            Meaning::Limit | Meaning::Failure(_) => Self::Limit { until, message },
        }
    }

    /// What says nothing but words. `until` is what was said before about when a limit ends.
    pub(crate) fn of_words(until: Option<Time>, message: String) -> Self {
        match words::meaning(&message) {
            Meaning::Limit => Self::Limit { until, message },
            Meaning::Failure(class) => Self::Failure { class, message },
        }
    }

    /// What has a name that says little, and words that may say more.
    pub(crate) fn of_class(class: ErrorClass, until: Option<Time>, message: String) -> Self {
        match words::meaning(&message) {
            Meaning::Limit => Self::Limit { until, message },
            Meaning::Failure(_) => Self::Failure { class, message },
        }
    }

    /// By the status with which a model's provider refused a request.
    pub(crate) fn of_status(status: u16, until: Option<Time>, message: String) -> Self {
        let class = match status {
            429 => return Self::limit(until, message),
            401 | 403 => ErrorClass::Auth,
            402 => ErrorClass::Billing,
            408 | 409 | 425 | 500.. => ErrorClass::Unavailable,
            _ => ErrorClass::Invalid,
        };
        Self::Failure { class, message }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self.clone() {
            Self::Limit { until, message } => Verdict::Limited { until, message },
            Self::Failure { class, message } => Verdict::Failed { class, message },
        }
    }

    pub(crate) fn event(&self) -> AgentEvent {
        match self.clone() {
            Self::Limit { until, message } => AgentEvent::Limit { until, message },
            Self::Failure { class, message } => AgentEvent::Error { class, message },
        }
    }

    /// The same, in other words.
    pub(crate) fn with(self, message: String) -> Self {
        match self {
            Self::Limit { until, .. } => Self::Limit { until, message },
            Self::Failure { class, .. } => Self::Failure { class, message },
        }
    }
}

/// What the end of a process means that came to no result. A signal says that somebody ended it;
/// a code without a word says that it did not accept how it was started.
pub(crate) fn without_result(ending: &Ending, has_spoken: bool) -> Verdict {
    let code = match ending.status {
        Status::Code(code) => code,
        Status::Signal(_) | Status::Unknown => return Verdict::Cut,
    };
    if !(1..SIGNALS).contains(&code) {
        return Verdict::Cut;
    }
    let complaint = ending.complaint.trim();
    let means = (!complaint.is_empty()).then(|| words::meaning(complaint));
    if means == Some(Meaning::Limit) {
        return Verdict::Limited { until: None, message: complaint.to_owned() };
    }
    let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    let (class, message) = if has_spoken {
        (ErrorClass::Other, format!("it ended with code {code} and without a result{said}"))
    } else {
        (ErrorClass::Invalid, format!("it ended with code {code} at once{said}"))
    };
    Verdict::Failed { class, message }
}
